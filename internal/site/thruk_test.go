package site_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

const thrukKey = "a2f3_0123456789abcdef0123456789abcdef"

// everything is the owner of a key who may do everything.
var everything = map[string]testkit.ThrukKey{thrukKey: {User: "belvedere", Roles: []string{"authorized_for_admin"}}}

// thrukOf starts a simulated Thruk with TLS, and returns it with a site that it
// is the way to.
func thrukOf(t *testing.T, sites ...testkit.ThrukSite) (*testkit.Thruk, site.Spec) {
	t.Helper()
	k := &testkit.Thruk{}
	k.Set(sites, everything)
	return k, thrukAt(t, k)
}

func thrukAt(t *testing.T, h http.Handler) site.Spec {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	sum := sha256.Sum256(s.Certificate().Raw)
	return site.Spec{Key: "hq", Name: "HQ", Section: "World", Addresses: []string{s.URL + "/thruk"},
		TLS: livestatus.TLSOptions{Fingerprint: hex.EncodeToString(sum[:]), Password: thrukKey}}
}

// backend is a backend of a Thruk for a simulated core.
func backend(key, name, section, addr string) testkit.ThrukSite {
	return testkit.ThrukSite{Key: key, Name: name, Section: section, Network: "tcp", Address: strings.TrimPrefix(addr, "tcp://")}
}

// TestThruk: the cores behind a Thruk are sites with its names and sections,
// their data equals what the cores say, commands reach the core they are for,
// and what Thruk cannot reach is down with what it says about it.
func TestThruk(t *testing.T) {
	t.Parallel()
	wien, wienAddr := kitCore(t, testkit.Options{Name: "Wien", Hosts: 12, ServicesPerHost: 5, Seed: 3, Churn: -1})
	linz, linzAddr := kitCore(t, testkit.Options{Name: "Linz", Profile: testkit.Nagios4, Hosts: 7, ServicesPerHost: 3, Seed: 4, Churn: -1})
	_, spec := thrukOf(t, backend("40863", "Wien", "Austria/East", wienAddr), backend("b1f00", "Linz", "", linzAddr),
		testkit.ThrukSite{Key: "c0", Name: "objects", Type: "configonly"})
	m, fleet := fleetOf(t, spec)
	until(t, soon, "fresh", inState(fleet, "hq.40863", store.Fresh))
	until(t, soon, "fresh", inState(fleet, "hq.b1f00", store.Fresh))
	equalsTruth(t, wien, fleet, "hq.40863")
	equalsTruth(t, linz, fleet, "hq.b1f00")
	if all := m.Sites(); len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	for key, want := range map[string][3]string{"hq.40863": {"Wien", "World/Austria/East", "Naemon"}, "hq.b1f00": {"Linz", "World", "Nagios"}} {
		v := view(fleet, key)
		if got := [3]string{v.Info.Name, v.Info.Section, v.Health.Implementation}; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	linz.SetState(linz.Rows("services")[2]["host_name"].(string), linz.Rows("services")[2]["description"].(string), 2, "Größe 漢字 ✓")
	m.Refresh("hq.b1f00")
	equalsTruth(t, linz, fleet, "hq.b1f00")

	host := wien.Rows("hosts")[0]["name"].(string)
	if err := m.Send(t.Context(), "hq.40863", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{host, "1", "änn", `C:\ü ✓; schon gesehen`}}); err != nil {
		t.Fatal(err)
	}
	until(t, soon, "the comment", func() bool {
		for _, r := range sitetest.Rows(view(fleet, "hq.40863").Snapshot, "comments") {
			if r["comment"] == `C:\ü ✓; schon gesehen` && r["host_name"] == host {
				return true
			}
		}
		return false
	})
	held := len(view(fleet, "hq.b1f00").Snapshot.AllKeys("services"))
	linz.SetFault(testkit.Fault{Kind: testkit.Refuse})
	m.Refresh("hq")
	until(t, soon, "down", inState(fleet, "hq.b1f00", store.Down))
	if h := view(fleet, "hq.b1f00").Health; !strings.Contains(h.Cause, "failed to connect") || strings.Contains(h.Cause, "Pool.pm") {
		t.Errorf("cause %q", h.Cause)
	}
	if n := len(view(fleet, "hq.b1f00").Snapshot.AllKeys("services")); n != held || view(fleet, "hq.40863").Health.State != store.Fresh {
		t.Errorf("%d services are left of %d; the other is %v", n, held, view(fleet, "hq.40863").Health.State)
	}
	linz.SetFault(testkit.Fault{})
	m.Refresh("hq")
	until(t, soon, "back", inState(fleet, "hq.b1f00", store.Fresh))
}

// TestThrukSingle: a Thruk with one site is that site.
func TestThrukSingle(t *testing.T) {
	t.Parallel()
	core, addr := kitCore(t, testkit.Options{Hosts: 5, ServicesPerHost: 2, Seed: 3, Churn: -1})
	k, spec := thrukOf(t, backend("40863", "Wien", "", addr))
	m, fleet := fleetOf(t, spec)
	until(t, soon, "fresh", inState(fleet, "hq", store.Fresh))
	equalsTruth(t, core, fleet, "hq")
	if v := view(fleet, "hq"); v.Info.Name != "HQ" || v.Health.Implementation != "Naemon" {
		t.Errorf("%+v %+v", v.Info, v.Health)
	}
	for _, q := range k.Asked() {
		if strings.Contains(q, "Wait") || strings.Contains(q, "KeepAlive") || strings.Contains(q, "Backends") || !strings.HasSuffix(q, "\n") || strings.HasSuffix(q, "\n\n") {
			t.Fatalf("Thruk is asked %q", q)
		}
	}
	res, err := m.Passed(t.Context(), "hq", lql.Get("log", "time", "message").Where(lql.Cmp("time", lql.GreaterOrEqual, "0")))
	if err != nil || res.Rows == 0 {
		t.Errorf("the log has %+v %v", res, err)
	}
}

// TestThrukCommands: who may not give commands is told so, and that they were
// not taken is certain.
func TestThrukCommands(t *testing.T) {
	t.Parallel()
	_, addr := kitCore(t, testkit.Options{Hosts: 5, ServicesPerHost: 2, Seed: 3, Churn: -1})
	k, spec := thrukOf(t, backend("40863", "Wien", "", addr))
	m, fleet := fleetOf(t, spec)
	until(t, soon, "fresh", inState(fleet, "hq", store.Fresh))
	k.Set([]testkit.ThrukSite{backend("40863", "Wien", "", addr)}, map[string]testkit.ThrukKey{thrukKey: {User: "guest", Roles: []string{"authorized_for_read_only"}}})
	err := m.Send(t.Context(), "hq", lql.Command{Name: "DISABLE_NOTIFICATIONS"})
	if e, ok := errors.AsType[*livestatus.Error](err); !ok || e.Kind != livestatus.KindRights || e.Uncertain {
		t.Errorf("read-only: %v", err)
	}
}

// TestThrukLoop: a Belvedere behind a Thruk that is this program, and one with
// several sites, which Thruk mixes.
func TestThrukLoop(t *testing.T) {
	t.Parallel()
	_, one := kitCore(t, testkit.Options{Name: "One", Hosts: 3, Seed: 3, Churn: -1})
	_, two := kitCore(t, testkit.Options{Name: "Two", Hosts: 3, Seed: 4, Churn: -1})
	_, mixed := proxyOf(t, proxied{key: "a", name: "A", addr: one}, proxied{key: "b", name: "B", addr: two})
	_, spec := thrukOf(t, backend("1", "One", "", one), backend("2", "Mixed", "", mixed))
	_, fleet := fleetOf(t, spec)
	until(t, soon, "fresh", inState(fleet, "hq.1", store.Fresh))
	until(t, soon, "refused", inState(fleet, "hq.2", store.Incompatible))
	if h := view(fleet, "hq.2").Health; !strings.Contains(h.Cause, "LMD with 2 sites") {
		t.Errorf("%q", h.Cause)
	}
}

// TestThrukHanging: a core behind a Thruk that hangs holds up neither the site
// of another one nor what is said of it, and comes back.
func TestThrukHanging(t *testing.T) {
	t.Parallel()
	wien, wienAddr := kitCore(t, testkit.Options{Name: "Wien", Hosts: 5, ServicesPerHost: 3, Seed: 3, Churn: -1})
	linz, linzAddr := kitCore(t, testkit.Options{Name: "Linz", Hosts: 4, ServicesPerHost: 2, Seed: 4, Churn: -1})
	_, spec := thrukOf(t, backend("1", "Wien", "", wienAddr), backend("2", "Linz", "", linzAddr))
	m, fleet := fleetOf(t, spec)
	until(t, soon, "fresh", inState(fleet, "hq.1", store.Fresh))
	until(t, soon, "fresh", inState(fleet, "hq.2", store.Fresh))
	held := len(view(fleet, "hq.2").Snapshot.AllKeys("services"))
	linz.SetFault(testkit.Fault{Kind: testkit.Hang})
	m.Refresh("hq")
	m.Refresh("hq.2")
	row := wien.Rows("services")[2]
	for i := range 3 { // before, while and after it is noticed
		wien.SetState(row["host_name"].(string), row["description"].(string), 1+i%2, fmt.Sprintf("while the other hangs %d", i))
		m.Refresh("hq.1")
		equalsTruth(t, wien, fleet, "hq.1")
		if i == 1 {
			until(t, soon, "down", inState(fleet, "hq.2", store.Down))
		}
	}
	if v := view(fleet, "hq.2"); v.Health.Cause == "" || len(v.Snapshot.AllKeys("services")) != held {
		t.Errorf("%+v, %d services are left of %d", v.Health, len(v.Snapshot.AllKeys("services")), held)
	}
	if s := view(fleet, "hq.1").Health.State; s != store.Fresh {
		t.Errorf("the other is %v", s)
	}
	linz.SetFault(testkit.Fault{})
	m.Refresh("hq")
	m.Refresh("hq.2")
	until(t, soon, "back", inState(fleet, "hq.2", store.Fresh))
	equalsTruth(t, linz, fleet, "hq.2")
}

// TestThrukDiagnosis: each step that can fail names cause and fix.
func TestThrukDiagnosis(t *testing.T) {
	t.Parallel()
	_, addr := kitCore(t, testkit.Options{Hosts: 5, ServicesPerHost: 2, Seed: 3, Churn: -1})
	gone := backend("2", "Linz", "", "tcp://127.0.0.1:1")
	page := func(code int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(body)) })
	}
	of := func(keys map[string]testkit.ThrukKey, sites ...testkit.ThrukSite) http.Handler {
		k := &testkit.Thruk{}
		k.Set(sites, keys)
		return k
	}
	well := backend("1", "Wien", "", addr)
	for _, tt := range []struct {
		name, step, cause, warn string
		kind                    livestatus.ErrKind
		handler                 http.Handler
		change                  func(*site.Spec)
	}{
		{name: "all well", handler: of(everything, well)},
		{name: "one core away", handler: of(everything, well, gone), step: "sites", warn: "Linz: ERROR: failed to connect"},
		{name: "all cores away", handler: of(everything, gone), step: "sites", cause: "cannot reach any of its cores: Linz", kind: livestatus.KindStatus},
		{name: "no sites", handler: of(everything), step: "sites", cause: "no sites", kind: livestatus.KindStatus},
		{name: "no key", handler: of(everything, well), change: func(s *site.Spec) { s.TLS.Password = "" }, step: "answers", cause: "wants a key", kind: livestatus.KindLogin},
		{name: "wrong key", handler: of(nil, well), step: "answers", cause: "does not take the key (403: wrong authentication key)", kind: livestatus.KindLogin},
		{name: "few rights", handler: of(map[string]testkit.ThrukKey{thrukKey: {User: "eva", Roles: []string{"authorized_for_read_only"}}}, well), step: "rights", warn: "may not give all commands"},
		{name: "another path", handler: of(everything, well), change: func(s *site.Spec) { s.Addresses[0] = strings.TrimSuffix(s.Addresses[0], "thruk") + "omd" }, step: "answers", cause: "There is no Thruk", kind: livestatus.KindHTTP},
		{name: "a form to sign in", handler: http.RedirectHandler("/thruk/cgi-bin/login.cgi?x", http.StatusFound), step: "answers", cause: "asks for a login", kind: livestatus.KindLogin},
		{name: "another web server", handler: page(200, "<html><title>It works!</title></html>"), step: "answers", cause: "is no Thruk: It works!", kind: livestatus.KindHTTP},
		{name: "another API", handler: page(200, `{"hello":1}`), step: "answers", cause: "is no Thruk", kind: livestatus.KindHTTP},
		{name: "Thruk stopped", handler: page(503, "<h1>OMD: Site Not Started</h1>"), step: "answers", cause: "(503: OMD: Site Not Started)", kind: livestatus.KindStatus},
		{name: "another certificate", handler: of(everything, well), change: func(s *site.Spec) { s.TLS.Fingerprint = strings.Repeat("ab", 32) }, step: "tls", cause: "not the pinned one", kind: livestatus.KindCertificate},
		{name: "no TLS", handler: of(everything, well), change: func(s *site.Spec) { s.Addresses[0] = strings.Replace(s.Addresses[0], "https", "http", 1) }, step: "answers", cause: "HTTPS", kind: livestatus.KindTLS},
		{name: "nothing listens", handler: of(everything, well), change: func(s *site.Spec) { s.Addresses[0] = "https://127.0.0.1:1/thruk" }, step: "connect", cause: "nothing listens on port 1", kind: livestatus.KindRefused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			spec := thrukAt(t, tt.handler)
			if tt.change != nil {
				tt.change(&spec)
			}
			m := site.NewManager(site.Options{Fleet: store.NewFleet(store.Options{})})
			defer m.Stop(context.Background())
			r := m.Test(t.Context(), spec, nil)
			if r.OK != (tt.kind == "") || r.Kind != tt.kind || !strings.Contains(r.Cause, tt.cause) || !r.OK && r.Fix == "" {
				t.Errorf("%v %q: %q, fix %q", r.OK, r.Kind, r.Cause, r.Fix)
			}
			if strings.Contains(r.Fix+r.Cause, "Livestatus (or xinetd") || strings.Contains(r.Fix, "6557") {
				t.Errorf("the fix is not about Thruk: %q", r.Fix)
			}
			for _, s := range r.Steps {
				switch {
				case s.State == livestatus.StepFail && s.Name != tt.step, s.State == livestatus.StepWarn && s.Name != tt.step:
					t.Errorf("step %s: %s %s", s.Name, s.State, s.Cause)
				case s.Name == tt.step && tt.warn != "" && !strings.Contains(s.Cause, tt.warn):
					t.Errorf("step %s warns %q", s.Name, s.Cause)
				}
			}
			if r.OK && (r.Hosts != 5 || r.Services != 10) {
				t.Errorf("%d hosts, %d services", r.Hosts, r.Services)
			}
		})
	}
}
