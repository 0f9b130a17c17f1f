package contract_test

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"belvedere/internal/agent"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
)

// bySocket is a simulated core that an agent reaches over its socket.
func bySocket(t *testing.T) (core, agent.Core) {
	s := newSimulated(t, testkit.Naemon)
	return s, behindSocket(t, s.unix)
}

// behindSocket is the core of an agent that has a Livestatus socket.
func behindSocket(t *testing.T, path string) agent.Core {
	socket := agent.NewSocket(livestatus.Address{Scheme: "unix", Path: path}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { socket.Close() })
	return socket
}

// throughAgent is a way to a core through an agent, which comes to the server or
// is reached by it.
func throughAgent(comes bool, beside func(t *testing.T) (core, agent.Core)) func(t *testing.T) (core, opened) {
	return func(t *testing.T) (core, opened) {
		c, there := beside(t)
		return c, behindAgent(t, comes, there, func(to string) string { return to })
	}
}

// behindAgent runs an agent with a core and returns the way to it; between puts
// something between an agent that comes and the server, and returns its address.
func behindAgent(t *testing.T, comes bool, there agent.Core, between func(to string) string) opened {
	t.Helper()
	hub, store := newHub(t)
	return opened{spec: site.Spec{Addresses: []string{oneAgent(t, hub, store, "contract", comes, there, between)}}, options: site.Options{Agents: hub}}
}

// newHub is a server's end of agents.
func newHub(t *testing.T) (*agent.Hub, *db.DB) {
	t.Helper()
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	store, err := db.Open(t.Context(), dir, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	hub := agent.NewHub(agent.HubOptions{Store: store, Dir: dir, Log: log})
	t.Cleanup(hub.Close)
	return hub, store
}

// oneAgent runs an agent that joined for a site, and returns its address.
func oneAgent(t *testing.T, hub *agent.Hub, store *db.DB, name string, comes bool, there agent.Core, between func(to string) string) string {
	t.Helper()
	log, state := slog.New(slog.DiscardHandler), t.TempDir()
	var address string
	listen := ""
	if comes {
		address = joined(t, hub, store, name, state, between)
	} else {
		listen = invited(t, hub, name, state)
		address = listen
	}
	allowed, err := agent.AllowedFrom([]string{"ordinary", "configuring"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(agent.Options{Dir: state, Listen: listen, Core: there, Allowed: allowed, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	background(t, a.Run)
	return "agent://" + address
}

// joined has an agent join the hub with a code, and returns its name.
func joined(t *testing.T, hub *agent.Hub, store *db.DB, name, state string, between func(string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	background(t, func(ctx context.Context) error { return hub.Serve(ctx, l) })
	ca, err := hub.Authority(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := agent.NewJoinCode(t.Context(), store, ca, between(l.Addr().String()), name, "", db.Audit{Who: "test"})
	if err == nil {
		_, err = agent.JoinServer(t.Context(), code, state)
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := store.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Site == db.SiteKey(name) {
			return a.ID
		}
	}
	t.Fatalf("no agent of %s among %v", name, list)
	return ""
}

// invited has the hub come to an agent that made a code, and returns where it
// listens.
func invited(t *testing.T, hub *agent.Hub, name, state string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	v, err := agent.NewInvitation(t.Context(), listen, listen, state)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	done := make(chan error, 1)
	go func() { done <- v.Wait(t.Context(), func(peer string, why error) { t.Log("refused", peer, why) }) }()
	if _, err := hub.Invited(t.Context(), v.Code, db.Site{Name: name}, db.Audit{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return listen
}

// background runs something until the test ends.
func background(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
