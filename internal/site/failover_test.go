package site_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// A gate stands before a core and can be shut and opened.
type gate struct {
	t    *testing.T
	addr string
	core string

	mu    sync.Mutex
	l     net.Listener // nil: shut
	conns []net.Conn
	wg    sync.WaitGroup
}

func newGate(t *testing.T, core string) *gate {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, addr: l.Addr().String(), core: strings.TrimPrefix(core, "tcp://")}
	g.serve(l)
	t.Cleanup(func() { g.shut(); g.wg.Wait() })
	return g
}

func (g *gate) serve(l net.Listener) {
	g.mu.Lock()
	g.l = l
	g.mu.Unlock()
	g.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", g.core)
			if err != nil {
				c.Close()
				continue
			}
			g.mu.Lock()
			g.conns = append(g.conns, c, up)
			g.mu.Unlock()
			g.wg.Go(func() { _, _ = io.Copy(up, c); up.Close() })
			g.wg.Go(func() { _, _ = io.Copy(c, up); c.Close() })
		}
	})
}

// shut ends what goes through it and refuses what comes.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.l == nil {
		return
	}
	g.l.Close()
	g.l = nil
	for _, c := range g.conns {
		c.Close()
	}
	g.conns = nil
}

func (g *gate) open() {
	l, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.serve(l)
}

// TestFailover follows a site with two addresses, an HA pair: what is held
// stays while the line changes over, nobody calls it down, and it is no twin.
func TestFailover(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Icinga2} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			// Two endpoints of one configuration: the same objects, another process.
			one, first := kitCore(t, testkit.Options{Profile: p, Hosts: 8, ServicesPerHost: 4, Seed: 3, Churn: -1})
			two, second := kitCore(t, testkit.Options{Profile: p, Hosts: 8, ServicesPerHost: 4, Seed: 3, Churn: -1})
			two.Restart()
			a, b := newGate(t, first), newGate(t, second)
			a.shut()
			_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "Pair", Addresses: []string{"tcp://" + a.addr, "tcp://" + b.addr}})
			at := func(addr string) func() bool {
				return func() bool {
					h := view(fleet, "a").Health
					return h.State == store.Fresh && h.ActiveAddress == "tcp://"+addr
				}
			}
			until(t, soon, "the second address where the first is down", at(b.addr))
			if notes := strings.Join(view(fleet, "a").Health.Notes, "\n"); !strings.Contains(notes, "Its address 2 of 2 is in use: the first one does not work. 127.0.0.1 answers that nothing listens") {
				t.Errorf("notes %q", notes)
			}
			equalsTruth(t, two, fleet, "a")

			done, watched := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(watched)
				for tick := time.NewTicker(5 * time.Millisecond); ; {
					select {
					case <-done:
						tick.Stop()
						return
					case <-tick.C:
					}
					v := view(fleet, "a")
					if n := v.Snapshot.Rows("services"); n != 32 {
						t.Errorf("%d services are held", n)
						return
					}
					if v.Health.State == store.Down || strings.Contains(strings.Join(v.Health.Notes, ""), "same core") {
						t.Errorf("health %+v", v.Health)
						return
					}
				}
			}()
			a.open()
			b.shut()
			until(t, soon, "the first address when the second dies", at(a.addr))
			if notes := view(fleet, "a").Health.Notes; len(notes) > 0 {
				t.Errorf("notes of the first address: %q", notes)
			}
			equalsTruth(t, one, fleet, "a")
			b.open()
			a.shut()
			until(t, soon, "the second address again", at(b.addr))
			equalsTruth(t, two, fleet, "a")
			close(done)
			<-watched
		})
	}
}
