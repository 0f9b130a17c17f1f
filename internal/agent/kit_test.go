package agent

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A notebook is a log that can be waited for.
type notebook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newNotebook() *notebook { return &notebook{changed: make(chan struct{})} }

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
	return n.text.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (n *notebook) log() *slog.Logger { return slog.New(slog.NewTextHandler(n, nil)) }

// patience is how long anything may take, on a machine that others use too.
const patience = time.Minute

// wait waits until the log has one line with all words.
func (n *notebook) wait(t *testing.T, words ...string) {
	t.Helper()
	late := time.After(patience)
	for {
		n.mu.Lock()
		text, changed := n.text.String(), n.changed
		n.mu.Unlock()
	lines:
		for line := range strings.Lines(text) {
			for _, w := range words {
				if !strings.Contains(line, w) {
					continue lines
				}
			}
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("the log has no line with %q:\n%s", words, text)
		}
	}
}

// A place is a server with its hub, which agents can come to.
type place struct {
	dir       string
	store     *db.DB
	authority *Authority
	hub       *Hub
	address   string
	notes     *notebook
	up        chan string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), notes: newNotebook(), up: make(chan string, 100)}
	var err error
	if p.store, err = db.Open(t.Context(), p.dir, p.notes.log()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.store.Close() })
	p.hub = NewHub(HubOptions{Store: p.store, Dir: p.dir, Log: p.notes.log(), Up: func(site string) { p.up <- site }})
	if p.authority, err = p.hub.Authority(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.hub.Close)
	if err := p.hub.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.address = serve(t, p.hub.Serve)
	return p
}

// serve runs a server on a port of its own for the test.
func serve(t *testing.T, run func(context.Context, net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// code makes a join code for a site.
func (p *place) code(t *testing.T, name string) Code {
	t.Helper()
	c, _, err := NewJoinCode(t.Context(), p.store, p.authority, p.address, name, "", db.Audit{Who: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// join makes a folder of an agent that has joined.
func (p *place) join(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "agent")
	site, err := JoinServer(t.Context(), p.code(t, name), dir)
	if err != nil || site != name {
		t.Fatalf("joined %q: %v", site, err)
	}
	return dir
}

// agentOf returns the agent of a site.
func (p *place) agentOf(t *testing.T, name string) db.Agent {
	t.Helper()
	list, err := p.store.Agents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if s, err := p.store.Site(t.Context(), a.Site); err == nil && s.Name == name {
			return a
		}
	}
	t.Fatalf("no agent of %s", name)
	return db.Agent{}
}

// client asks the core behind an agent.
func (p *place) client(t *testing.T, agent string) *livestatus.Client {
	t.Helper()
	a, err := livestatus.ParseAddress("agent://" + agent)
	if err != nil {
		t.Fatal(err)
	}
	c := livestatus.NewClient(livestatus.Options{Address: a, Agents: p.hub})
	t.Cleanup(func() { c.Close() })
	return c
}

// naemon starts a simulated core behind a socket.
func naemon(t *testing.T, o testkit.Options) (*testkit.Core, *Socket) {
	t.Helper()
	c := testkit.NewCore(o)
	t.Cleanup(func() { c.Close() })
	path := filepath.Join(t.TempDir(), "live")
	if err := c.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	s := NewSocket(livestatus.Address{Scheme: "unix", Path: path}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { s.Close() })
	return c, s
}

// A running agent can be ended before the test ends.
type running struct {
	*Agent
	notes *notebook
	stop  func()
}

// start runs an agent; how begins with Run or Serve.
func start(t *testing.T, o Options) *running {
	t.Helper()
	r := &running{notes: newNotebook()}
	o.Log = r.notes.log()
	var err error
	if r.Agent, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// freePort returns an address on which nobody listens now.
func freePort(t *testing.T) string {
	t.Helper()
	port, err := realcore.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
