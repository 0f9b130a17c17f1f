package site_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// notes are kept in memory.
type notes struct {
	mu   sync.Mutex
	text map[string]string
	set  int
}

func (n *notes) Note(_ context.Context, key string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text[key], nil
}

func (n *notes) SetNote(_ context.Context, key, text string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text[key] = text
	n.set++
	return nil
}

// began runs a manager with notes, and returns how to end it.
func began(n *notes, specs ...site.Spec) (*site.Manager, *store.Fleet, func()) {
	fleet := store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: fleet, Notes: n})
	m.Apply(specs)
	return m, fleet, func() { m.Stop(context.Background()) }
}

// serveAt starts a web server where one was before, and returns how to end it.
func serveAt(t *testing.T, address string, h http.Handler) func() {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	_ = s.Listener.Close() // its own
	s.Listener = l
	s.Start()
	return s.Close
}

// shown are the sites of a fleet as people see them.
func shown(fleet *store.Fleet) []string {
	var out []string
	for _, s := range fleet.View().Sites {
		out = append(out, s.Info.Key+"|"+s.Info.Name+"|"+s.Info.Section+"|"+s.Health.State.String())
	}
	slices.Sort(out)
	return out
}

// TestRemembered: after a restart while the other end is away the sites behind
// it are there by their names, down, with the reason; when it is back, they are
// read, and one that is not there any more goes.
func TestRemembered(t *testing.T) {
	t.Parallel()
	core, one := kitCore(t, testkit.Options{Name: "One", Hosts: 4, Seed: 3, Churn: -1})
	_, two := kitCore(t, testkit.Options{Name: "Two", Hosts: 3, Seed: 4, Churn: -1})
	k := &testkit.Thruk{}
	k.Set([]testkit.ThrukSite{backend("1", "Eins", "Nord/West", one), backend("2", "Zwei", "", two)}, everything)
	web := httptest.NewServer(k)
	n := &notes{text: map[string]string{}}
	spec := site.Spec{Key: "hq", Name: "HQ", Section: "World", Addresses: []string{web.URL + "/thruk"}}
	spec.TLS.Password = thrukKey
	_, fleet, stop := began(n, spec)
	fresh := []string{"hq.1|Eins|World/Nord/West|fresh", "hq.2|Zwei|World|fresh"}
	until(t, soon, "fresh", func() bool { return slices.Equal(shown(fleet), fresh) })
	stop()
	address := web.Listener.Addr().String()
	web.Close()

	m, fleet, stop := began(n, spec)
	down := []string{"hq.1|Eins|World/Nord/West|down", "hq.2|Zwei|World|down"}
	until(t, soon, "down", func() bool { return slices.Equal(shown(fleet), down) })
	for _, s := range m.Sites() {
		if s.Way != (s.Spec.Key == "hq") || s.Health.State != store.Down || !strings.Contains(s.Health.Cause, "nothing listens") {
			t.Errorf("%s: way %v, %v, %q", s.Spec.Key, s.Way, s.Health.State, s.Health.Cause)
		}
	}
	k.Set([]testkit.ThrukSite{backend("1", "Eins", "Nord/West", one)}, everything)
	again := serveAt(t, address, k)
	m.Refresh("hq")
	until(t, soon, "back", func() bool { return slices.Equal(shown(fleet), fresh[:1]) })
	equalsTruth(t, core, fleet, "hq.1")
	stop()
	again()

	// Elsewhere there are others, and a site that was removed is forgotten.
	other := spec
	other.Addresses = []string{"http://127.0.0.1:1/thruk"}
	m, fleet, stop = began(n, other)
	until(t, soon, "down", func() bool { return slices.Equal(shown(fleet), []string{"hq|HQ|World|down"}) })
	m.Apply(nil)
	stop()
	m, fleet, stop = began(n, spec)
	defer stop()
	until(t, soon, "down", func() bool { return len(m.Sites()) > 0 && m.Sites()[0].Health.State == store.Down })
	if got := shown(fleet); !slices.Equal(got, []string{"hq|HQ|World|down"}) {
		t.Errorf("%q", got)
	}
	if n.set != 3 { // two, one, none
		t.Errorf("noted %d times", n.set)
	}
}
