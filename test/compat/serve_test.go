package compat

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
)

// sees is who sees everything, as a listener without a person does.
var sees = access.Viewer{All: true, CommandLines: true, Services: access.Loose}

// core is a dialect of commands: one that takes all of them but those it does
// not know.
type core struct{}

// Send implements [lql.Sender].
func (core) Send(_ context.Context, c lql.Command) error {
	switch {
	case c.Name == "NO_SUCH_COMMAND":
		return &lql.QueryError{Code: 400, Msg: "unknown command NO_SUCH_COMMAND"}
	case len(c.Backends) == 1 && c.Backends[0] == "z9":
		return &lql.QueryError{Code: 400, Msg: "there is no site of key z9"}
	}
	return nil
}

// slow never has an answer in time.
type slow struct{}

// Query implements [lql.Querier].
func (slow) Query(ctx context.Context, _ *lql.Query) (*lql.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// listeners are the kinds of listeners that cases ask on, by name.
func listeners(e *query.Engine) map[string]livestatus.ServerOptions {
	of := func(v access.Viewer) livestatus.Session {
		q := e.For(v)
		return livestatus.Session{Querier: q, Waiter: q.(lql.Waiter)}
	}
	always := func(s livestatus.Session) livestatus.ServerOptions {
		return livestatus.ServerOptions{Open: livestatus.Always(s)}
	}
	commands := of(sees)
	commands.Sender = core{}
	out := map[string]livestatus.ServerOptions{
		"":               always(of(sees)),
		"empty":          always(of(sees)),
		"null":           always(of(sees)),
		"authuser":       always(of(sees)),
		"commands":       always(commands),
		"command errors": always(commands),
		"strict":         always(of(access.Viewer{All: true, CommandLines: true})),
		"loose groups":   always(of(access.Viewer{All: true, CommandLines: true, Services: access.Loose, Groups: access.Loose})),
		"bob":            always(of(access.Viewer{Contacts: map[string]string{"*": "bob"}, Services: access.Loose})),
		"Berlin":         always(of(access.Viewer{All: true, CommandLines: true, Sites: []string{"a1"}})),
		"slow":           always(livestatus.Session{Querier: slow{}}),
		"small":          always(of(sees)),
	}
	set := func(name string, change func(o *livestatus.ServerOptions)) {
		o := out[name]
		change(&o)
		out[name] = o
	}
	set("empty", func(o *livestatus.ServerOptions) { o.Unknown = lql.UnknownEmpty })
	set("null", func(o *livestatus.ServerOptions) { o.Unknown = lql.UnknownNull })
	set("authuser", func(o *livestatus.ServerOptions) { o.AuthUser = true })
	set("command errors", func(o *livestatus.ServerOptions) { o.CommandErrors = true })
	set("slow", func(o *livestatus.ServerOptions) { o.QueryTimeout = 20 * time.Millisecond })
	set("small", func(o *livestatus.ServerOptions) { o.MaxRequest = 100 })
	return out
}

// serve listens with o on a unix socket until the test ends.
func serve(t *testing.T, o livestatus.ServerOptions) (path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	path = filepath.Join(t.TempDir(), "live")
	l, err := livestatus.Listen(ctx, "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- livestatus.NewServer(o).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path
}

// talk sends all of in and returns all that comes back until the server ends
// the connection. With open, it does not close its own side.
func talk(t *testing.T, path, in string, open bool) string {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, in); err != nil {
		t.Log(err) // the server may hang up before all is said
	}
	if !open {
		c.(*net.UnixConn).CloseWrite()
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Logf("reading ended with %v", err)
	}
	return string(b)
}

// TestCases holds every conversation and compares what comes back, byte for
// byte.
func TestCases(t *testing.T) {
	engine := newWorld(t)
	paths := map[string]string{}
	for name, o := range listeners(engine) {
		paths[name] = serve(t, o)
	}
	for _, c := range readCases(t) {
		t.Run(c.name, func(t *testing.T) {
			path, ok := paths[c.on]
			if !ok {
				t.Fatalf("%s: there is no listener %q", c.where, c.on)
			}
			if got := talk(t, path, c.in, c.open); got != c.want {
				t.Errorf("%s: %s\n%s\n got %q\nwant %q\n%s", c.where, c.source, c.in, got, c.want, got)
			}
		})
	}
}
