package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/agent"
	"belvedere/internal/app"
	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
)

// besides opens the store of a running app as the command line does.
func besides(t *testing.T, a *running) *db.DB {
	t.Helper()
	store, err := db.OpenBeside(t.Context(), a.config.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// rowsOf counts the rows of a table on a site.
func rowsOf(t *testing.T, a *running, table, name string) int {
	t.Helper()
	res, err := a.Querier(access.Viewer{All: true}).Query(t.Context(), lql.Get(table, "name").Where(lql.Eq("peer_name", name)))
	if err != nil {
		t.Fatal(err)
	}
	return res.Rows
}

// TestAgentJoins goes from a code to a site with data, and back: removing the
// site shuts the agent out.
func TestAgentJoins(t *testing.T) {
	cfg := config.Default()
	cfg.Agents = config.Agents{Listen: "127.0.0.1:0"}
	a := start(t, cfg, nil)
	store := besides(t, a)
	ca, err := agent.OpenAuthority(t.Context(), store, a.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	pairing, err := app.JoinCode(t.Context(), store, ca, a.AgentAddress().String(), site.Spec{Name: "Berlin", Section: "Europe"}, auth.Actor{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	code, err := agent.ParseCode(pairing.Code)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "agent")
	if _, err := agent.JoinServer(t.Context(), code, dir); err != nil {
		t.Fatal(err)
	}
	core := testkit.NewCore(testkit.Options{})
	defer core.Close()
	path := filepath.Join(t.TempDir(), "live")
	if err := core.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	said := &logBuffer{}
	log := slog.New(slog.NewTextHandler(said, nil))
	socket := agent.NewSocket(livestatus.Address{Scheme: "unix", Path: path}, log)
	defer socket.Close()
	one, err := agent.New(agent.Options{Dir: dir, Core: socket, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- one.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "the site has its hosts", func() bool { return rowsOf(t, a, "hosts", "Berlin") == len(core.Rows("hosts")) })

	sites, err := store.Sites(t.Context())
	if err != nil || len(sites) != 1 {
		t.Fatalf("%v, %v", sites, err)
	}
	if err := store.RemoveSite(t.Context(), sites[0].Key, db.Audit{Who: "test", Action: "site.remove"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the agent is shut out", func() bool {
		return strings.Contains(a.log.String(), "does not belong to any site") && strings.Contains(said.String(), "does not let this agent in")
	})
}
