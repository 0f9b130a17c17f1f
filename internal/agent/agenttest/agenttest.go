// Package agenttest pairs agents with a server, in one process. For tests.
package agenttest

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"belvedere/internal/agent"
	"belvedere/internal/db"
	"belvedere/internal/schema"
)

// A Server is the end of a server at which agents are: its hub, and the store
// that remembers them.
type Server struct {
	Hub   *agent.Hub
	Store *db.DB
}

// NewServer returns a server's end of agents. It is closed when the test ends.
func NewServer(t testing.TB) *Server {
	t.Helper()
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	store, err := db.Open(t.Context(), dir, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	hub := agent.NewHub(agent.HubOptions{Store: store, Dir: dir, Log: log})
	t.Cleanup(hub.Close)
	return &Server{hub, store}
}

// An Agent says which agent is to be paired.
type Agent struct {
	Site string     // name of the site that it joins for, one of its own
	Core agent.Core // beside which it runs
	// Reached: the server comes to the agent, which has a code made for that;
	// else the agent comes to the server.
	Reached bool
	// Between puts something between an agent that comes and the server, and
	// returns its address; nil: there is nothing.
	Between func(to string) string
}

// Run pairs an agent with the server, runs it until the test ends, and returns
// the address of the site that it is beside. It takes every command.
func (s *Server) Run(t testing.TB, a Agent) string {
	t.Helper()
	log, state := slog.New(slog.DiscardHandler), t.TempDir()
	var address, listen string
	if a.Reached {
		listen = s.invited(t, a.Site, state)
		address = listen
	} else {
		address = s.joined(t, a, state)
	}
	commands := []string{"ordinary", "configuring"}
	for _, c := range schema.Commands() {
		if c.Class == schema.Dangerous { // each has to be named
			commands = append(commands, c.Name)
		}
	}
	allowed, err := agent.AllowedFrom(commands)
	if err != nil {
		t.Fatal(err)
	}
	one, err := agent.New(agent.Options{Dir: state, Listen: listen, Core: a.Core, Allowed: allowed, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	Background(t, one.Run)
	return "agent://" + address
}

// joined has an agent join the server with a code, and returns its name.
func (s *Server) joined(t testing.TB, a Agent, state string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	Background(t, func(ctx context.Context) error { return s.Hub.Serve(ctx, l) })
	ca, err := s.Hub.Authority(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to := l.Addr().String()
	if a.Between != nil {
		to = a.Between(to)
	}
	code, _, err := agent.NewJoinCode(t.Context(), s.Store, ca, to, a.Site, "", db.Audit{Who: "test"})
	if err == nil {
		_, err = agent.JoinServer(t.Context(), code, state)
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Store.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.Site == db.SiteKey(a.Site) {
			return one.ID
		}
	}
	t.Fatalf("no agent of %s among %v", a.Site, list)
	return ""
}

// invited has the server come to an agent that made a code, and returns where
// it listens.
func (s *Server) invited(t testing.TB, site, state string) string {
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
	if _, err := s.Hub.Invited(t.Context(), v.Code, db.Site{Name: site}, db.Audit{Who: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return listen
}

// Background runs something until the test ends, which fails if that returns
// an error.
func Background(t testing.TB, run func(context.Context) error) {
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
