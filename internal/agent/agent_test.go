package agent

import (
	"context"
	"testing"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// sees checks that a client sees all of a core.
func sees(t *testing.T, c *livestatus.Client, core *testkit.Core) {
	t.Helper()
	is, err := c.Identify(t.Context())
	if err != nil || is.Name != "Naemon" {
		t.Fatalf("%s: %v", is.Name, err)
	}
	for _, table := range []string{"hosts", "services", "contacts"} {
		r, err := c.Query(t.Context(), lql.Get(table))
		if want := len(core.Rows(table)); err != nil || r.Rows != want {
			t.Errorf("%s: %v, %v, want %d rows", table, r, err, want)
		}
	}
}

func TestJoin(t *testing.T) {
	p := newPlace(t)
	core, socket := naemon(t, testkit.Options{})
	r := start(t, Options{Dir: p.join(t, "Berlin"), Core: socket, Allowed: Allowed{"DISABLE_NOTIFICATIONS"}})
	if site := <-p.up; site != "berlin-50f0a1f9" && site == "" {
		t.Fatal(site)
	}
	c := p.client(t, p.agentOf(t, "Berlin").ID)
	sees(t, c, core)
	if err := c.Send(t.Context(), lql.Command{Name: "DISABLE_NOTIFICATIONS"}); err != nil {
		t.Errorf("an allowed command: %v", err)
	}
	err := c.Send(t.Context(), lql.Command{Name: "SHUTDOWN_PROGRAM"})
	if livestatus.KindOf(err) != livestatus.KindRequest {
		t.Errorf("a command that is not allowed: %v", err)
	}
	r.notes.wait(t, "refused an order", "SHUTDOWN_PROGRAM", "agent.yaml")
}

func TestInvite(t *testing.T) {
	p := newPlace(t)
	core, socket := naemon(t, testkit.Options{})
	dir, listen := t.TempDir(), freePort(t)
	v, err := NewInvitation(t.Context(), listen, listen, dir)
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- v.Wait(context.Background(), func(peer string, why error) { t.Error(peer, why) }) }()
	s, err := p.hub.Invited(t.Context(), v.Code, db.Site{Name: "Wien"}, db.Audit{Who: "test"})
	if err != nil || s.Addresses[0] != "agent://"+listen {
		t.Fatalf("%v %v", s, err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	v.Close()
	r := start(t, Options{Dir: dir, Core: socket, Listen: listen})
	r.notes.wait(t, "waiting for the server")
	sees(t, p.client(t, listen), core)
}
