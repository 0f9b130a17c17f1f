package contract_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/agent/agenttest"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

// A gate stands before a server; it can be shut, and keep the answers back.
type gate struct {
	address string
	to      string // "tcp" address, or path of a socket

	mu    sync.Mutex
	shut  bool
	mute  bool
	conns map[net.Conn]bool
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	agenttest.Background(t, func(ctx context.Context) error {
		var group sync.WaitGroup
		defer group.Wait()
		defer g.set(true, false)
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			c, err := l.Accept()
			if err != nil {
				return nil
			}
			group.Go(func() { g.pass(c) })
		}
	})
	return g
}

// set shuts the gate, which cuts what goes through it, or opens it; mute keeps
// back what comes from the server.
func (g *gate) set(shut, mute bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.mute = shut, mute
	if shut {
		for c := range g.conns {
			c.Close()
		}
		clear(g.conns)
	}
}

func (g *gate) pass(c net.Conn) {
	defer c.Close()
	network := "tcp"
	if strings.HasPrefix(g.to, "/") {
		network = "unix"
	}
	up, err := net.Dial(network, g.to)
	if err != nil {
		return
	}
	defer up.Close()
	g.mu.Lock()
	shut := g.shut
	g.conns[c], g.conns[up] = true, true
	g.mu.Unlock()
	if shut {
		return
	}
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { g.pump(up, c, false) })
	g.pump(c, up, true)
}

func (g *gate) pump(to, from net.Conn, back bool) {
	defer to.Close()
	defer from.Close()
	for b := make([]byte, 32<<10); ; {
		n, err := from.Read(b)
		g.mu.Lock()
		mute := back && g.mute
		g.mu.Unlock()
		if n > 0 && !mute {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// at waits until the only site is fresh at an address.
func at(t *testing.T, fleet *store.Fleet, address string) {
	t.Helper()
	until(t, "the site is read at "+address, func() bool {
		h := fleet.View().Sites[0].Health
		return h.State == store.Fresh && strings.HasPrefix(h.ActiveAddress, address)
	})
}

// said are the notes about the only site.
func said(fleet *store.Fleet) string { return strings.Join(fleet.View().Sites[0].Health.Notes, "\n") }

// remarks counts the comments with a text in a core's own words.
func remarks(c core, text string) (n int) {
	for _, r := range c.truth("comments") {
		if r["comment"] == text {
			n++
		}
	}
	return n
}

// apiBehind is the way to the API of a real Icinga 2 through a gate.
func apiBehind(c *realcore.Icinga, g *gate) string {
	return "icinga2://" + realcore.APIUser + "@" + g.address + "?server_name=realcore&ca=" + c.CA
}

// TestFailoverIcinga2 has two real Icinga 2 of one configuration as the two
// endpoints of an HA pair: the second takes over when the first dies, and the
// first when it is back; what was sent to one that died before it answered is
// not sent to the other.
func TestFailoverIcinga2(t *testing.T) {
	t.Parallel()
	one, two := newIcinga(t), newIcinga(t)
	a, b := newGate(t, one.c.API), newGate(t, two.c.API)
	m, fleet := follow(t, opened{
		spec: site.Spec{Addresses: []string{apiBehind(one.c, a), apiBehind(two.c, b)},
			TLS: livestatus.TLSOptions{Password: realcore.APIPassword}},
		options: site.Options{HomeAfter: 4 * time.Second},
	})
	pair := func(c core) *partner {
		return &partner{T: t, way: way{except: icinga2Differences, even: evenIcinga2}, core: c, fleet: fleet, refresh: func() { m.Refresh(siteKey) }}
	}
	host, service := one.object()
	at(t, fleet, "icinga2://"+a.address)
	pair(one).equal("of the first")
	if said(fleet) != "" {
		t.Errorf("notes of the first: %q", said(fleet))
	}
	if err := two.result(host, service, 2, "only the second knows"); err != nil {
		t.Fatal(err)
	}
	// A command is on its way when the first dies.
	a.set(false, true)
	failed := make(chan error, 1)
	go func() {
		failed <- m.Send(t.Context(), siteKey, lql.Command{Name: "ADD_SVC_COMMENT", Args: []string{host, service, "1", "eva", "in the switch"}})
	}()
	until(t, "the first has the command", func() bool { return remarks(one, "in the switch") == 1 })
	a.set(true, false)
	if err := <-failed; !uncertain(err) {
		t.Errorf("a command whose answer was lost: %v", err)
	}
	at(t, fleet, "icinga2://"+b.address)
	if !strings.Contains(said(fleet), "Its address 2 of 2 is in use: the first one does not work. "+a.address+" hung up during the TLS handshake, without a word. Icinga 2 is just starting or ending") {
		t.Errorf("notes of the second: %q", said(fleet))
	}
	pair(two).equal("of the second")
	if err := m.Send(t.Context(), siteKey, lql.Command{Name: "ADD_SVC_COMMENT", Args: []string{host, service, "1", "eva", "to the second"}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the second has the command", func() bool { return remarks(two, "to the second") == 1 })
	pair(two).equal("after a command")
	a.set(false, false)
	at(t, fleet, "icinga2://"+a.address)
	pair(one).equal("of the first again")
	if said(fleet) != "" {
		t.Errorf("notes of the first again: %q", said(fleet))
	}
	for text, want := range map[string][2]int{"in the switch": {1, 0}, "to the second": {0, 1}} {
		if got := [2]int{remarks(one, text), remarks(two, text)}; got != want {
			t.Errorf("%q is there %d times, want %d", text, got, want)
		}
	}
}

// uncertain reports whether an error says that nobody knows whether a command
// was taken.
func uncertain(err error) bool {
	e, ok := errors.AsType[*livestatus.Error](err)
	return ok && e.Uncertain
}

// TestFailoverKinds has the API of a real Icinga 2 first and its Livestatus
// second.
func TestFailoverKinds(t *testing.T) {
	t.Parallel()
	c := newIcinga(t)
	a := newGate(t, c.c.API)
	m, fleet := follow(t, opened{
		spec:    site.Spec{Addresses: []string{apiBehind(c.c, a), "tcp://" + c.c.TCP}, TLS: livestatus.TLSOptions{Password: realcore.APIPassword}},
		options: site.Options{HomeAfter: 2 * time.Second},
	})
	host, service := c.object()
	refresh := func() { m.Refresh(siteKey) }
	overAPI := &partner{T: t, way: way{except: icinga2Differences, even: evenIcinga2}, core: c, fleet: fleet, refresh: refresh}
	overLivestatus := &partner{T: t, core: c, fleet: fleet, refresh: refresh}
	for i, text := range []string{"first", "again"} {
		at(t, fleet, "icinga2://")
		if err := c.tell("ADD_SVC_COMMENT;" + host + ";" + service + ";1;eva;" + text); err != nil {
			t.Fatal(err)
		}
		until(t, "the core has the comment", func() bool { return remarks(c, text) == 1 })
		overAPI.equal("over the API, " + text)
		a.set(true, false)
		at(t, fleet, "tcp://")
		if err := c.result(host, service, 1+i, "without the API"); err != nil {
			t.Fatal(err)
		}
		overLivestatus.equal("over Livestatus, " + text)
		a.set(false, false)
	}
	at(t, fleet, "icinga2://")
	overAPI.equal("in the end")
}

// TestFailoverManyKinds has a Naemon over each kind of address in turn.
func TestFailoverManyKinds(t *testing.T) {
	t.Parallel()
	s := newSimulated(t, testkit.Naemon)
	overTLS, fingerprint := tlsBefore(t, s.unix)
	gates := []*gate{newGate(t, overTLS), newGate(t, s.tcp)}
	_, fleet := follow(t, opened{
		spec:    site.Spec{Addresses: []string{"tls://" + gates[0].address + "?fingerprint=" + fingerprint, "tcp://" + gates[1].address, "unix://" + s.unix}},
		options: site.Options{HomeAfter: time.Second},
	})
	equal := func(when string) {
		t.Helper()
		until(t, "equal "+when, func() bool {
			for _, table := range sitetest.Tables {
				if len(sitetest.Diff(table, s.truth(table), sitetest.Rows(fleet.View().Sites[0].Snapshot, table), sitetest.OwnPace...)) > 0 {
					return false
				}
			}
			return true
		})
	}
	at(t, fleet, "tls://")
	gates[0].set(true, false)
	at(t, fleet, "tcp://")
	equal("over tcp")
	gates[1].set(true, false)
	at(t, fleet, "unix://")
	if !strings.Contains(said(fleet), "Its address 3 of 3 is in use") {
		t.Errorf("notes %q", said(fleet))
	}
	equal("over the socket")
	gates[1].set(false, false)
	at(t, fleet, "tcp://")
	gates[0].set(false, false)
	at(t, fleet, "tls://")
	equal("in the end")
}

// TestFailoverAgents has the agents of the two nodes of a cluster as one site:
// the core moves from one to the other and back. They joined as two sites, of
// which one took over the address of the other before that was removed.
func TestFailoverAgents(t *testing.T) {
	t.Parallel()
	s := newSimulated(t, testkit.Naemon)
	server := agenttest.NewServer(t)
	hub, store := server.Hub, server.Store
	nodes := []*gate{newGate(t, s.unix), newGate(t, s.unix)}
	nodes[1].set(true, false)
	addresses := []string{
		server.Run(t, agenttest.Agent{Site: "one", Core: behindGate(t, nodes[0])}),
		server.Run(t, agenttest.Agent{Site: "two", Core: behindGate(t, nodes[1]), Reached: true}),
	}
	if err := store.UpdateSite(t.Context(), db.Site{Key: "one", Name: "one", Addresses: addresses}, db.Audit{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := store.RemoveSite(t.Context(), "two", db.Audit{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, fleet := follow(t, opened{spec: site.Spec{Addresses: addresses}, options: site.Options{Agents: hub, HomeAfter: time.Second}})
	p := &partner{T: t, core: s, fleet: fleet, refresh: func() { m.Refresh(siteKey) }}
	host, service := s.object()
	for i, active := range []int{0, 1, 0} {
		nodes[active].set(false, false)
		nodes[1-active].set(true, false)
		at(t, fleet, addresses[active])
		if notes := said(fleet); (active == 1) != strings.Contains(notes, "Its address 2 of 2 is in use") {
			t.Errorf("at node %d: notes %q", active, notes)
		}
		text := fmt.Sprint("remark ", i)
		if err := m.Send(t.Context(), siteKey, lql.Command{Name: "ADD_SVC_COMMENT", Args: []string{host, service, "1", "eva", text}}); err != nil {
			t.Fatal(err)
		}
		until(t, "the core has "+text, func() bool { s.c.Step(time.Now()); return remarks(s, text) > 0 })
		p.equal("after " + text)
		if n := remarks(s, text); n != 1 {
			t.Errorf("%s is there %d times", text, n)
		}
	}
	if err := store.RemoveSite(t.Context(), "one", db.Audit{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if left, err := store.Agents(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("agents that may speak in the end: %v, %v", left, err)
	}
}

// behindGate is the core of an agent that reaches its Livestatus through a gate.
func behindGate(t *testing.T, g *gate) agent.Core {
	host, port, _ := net.SplitHostPort(g.address)
	socket := agent.NewSocket(livestatus.Address{Scheme: "tcp", Host: host, Port: port}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { socket.Close() })
	return socket
}
