package thruk

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// firstByte is how long a core may take for an answer. It includes all of what
// Thruk does, as that sends nothing before it has everything.
const firstByte = 3 * time.Minute

// A Client asks the cores behind one Thruk, each named by
// [livestatus.WithBackend] with its key there. Requests without a backend are
// for Thruk itself, which has a table sites and nothing else. Safe for
// concurrent use. Close it when done.
type Client struct {
	o    livestatus.Options
	http *http.Client
	base string // address of Thruk's pages
	key  string // says who we are
	bad  error  // why there is no key
	ctx  context.Context
	end  context.CancelFunc

	mu    sync.Mutex
	names map[string]string // of the backends, by key
	cores map[string]*livestatus.Client
}

// New returns a client for a Thruk at an address of scheme https or http. It
// does not connect.
func New(o livestatus.Options) *Client {
	if o.Lane == nil {
		o.Lane = livestatus.NewLane()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{o: o, names: map[string]string{}, cores: map[string]*livestatus.Client{}}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.key, c.bad = o.TLS.Secret()
	if c.key = strings.TrimSpace(c.key); c.bad == nil {
		c.bad = fit(c.key)
	}
	lo := livestatus.Options{Address: o.Address, Dial: o.Dial, DialTimeout: o.DialTimeout}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return livestatus.Connect(ctx, lo) }
	c.http = &http.Client{
		Transport: &http.Transport{DialContext: dial, DialTLSContext: dial, MaxConnsPerHost: 8, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
		// A redirection leads to a form to sign in, which is told.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.base = o.Scheme + "://" + net.JoinHostPort(o.Host, o.Port) + o.Path
	return c
}

// fit reports what is wrong with a key.
func fit(key string) error {
	switch {
	case key == "":
		return &livestatus.Error{Kind: livestatus.KindLogin, Cause: "Thruk wants a key, and none is given.",
			Fix: "Make an API key on the profile page of Thruk (api_keys_enabled in its configuration), and give it as the password of this site."}
	case len(key) > 512 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return &livestatus.Error{Kind: livestatus.KindLogin, Cause: "What is given as the key of Thruk is no key.", Fix: "It is one line of letters and digits, as the profile page of Thruk shows it once."}
	}
	return nil
}

// core returns the client of a backend that Thruk has.
func (c *Client) core(key string) (*livestatus.Client, error) {
	name, err := c.nameOf(key)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if in := c.cores[key]; in != nil {
		return in, nil
	}
	in := livestatus.NewClient(livestatus.Options{
		Address: livestatus.Address{Scheme: "unix", Path: fmt.Sprintf("%s (%s)", c.o.Address, name)},
		Lane:    c.o.Lane, MaxRows: c.o.MaxRows, MaxBytes: c.o.MaxBytes, Log: c.o.Log, Now: c.o.Now, FirstByte: firstByte,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { return c.converse(ctx, key) },
		Tell: func(ctx context.Context, cmd lql.Command) error { return c.tell(ctx, key, cmd) },
	})
	c.cores[key] = in
	return in, nil
}

// nameOf is what Thruk calls a backend: in requests it goes by that.
func (c *Client) nameOf(key string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.names[key]; ok {
		return name, nil
	}
	return "", &livestatus.Error{Kind: livestatus.KindStatus, Code: http.StatusNotFound, Cause: "Thruk does not have this site any more.", Fix: "It goes away here, too, in a moment."}
}

// Fetch asks a core, see [livestatus.Client.Fetch].
func (c *Client) Fetch(ctx context.Context, q *lql.Query, s livestatus.Sink) (livestatus.Stats, error) {
	key, ctx := livestatus.Backend(ctx)
	if key == "" {
		return livestatus.Stats{}, nobody(q.Table)
	}
	in, err := c.core(key)
	if err != nil {
		return livestatus.Stats{}, err
	}
	return in.Fetch(ctx, q, s)
}

func nobody(table string) error {
	return &livestatus.Error{Kind: livestatus.KindRequest, Cause: fmt.Sprintf("Thruk itself has no table %q.", table), Fix: "Ask one of its sites."}
}

// Query asks a core, see [livestatus.Client.Query], or Thruk for its sites.
func (c *Client) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	key, plain := livestatus.Backend(ctx)
	switch {
	case key != "":
		in, err := c.core(key)
		if err != nil {
			return nil, err
		}
		return in.Query(plain, q)
	case q.Table != "sites":
		return nil, nobody(q.Table)
	}
	all, err := c.sites(ctx)
	if err != nil {
		return nil, err
	}
	return table(all), nil
}

// Send sends a command to a core, see [livestatus.Client.Send].
func (c *Client) Send(ctx context.Context, cmd lql.Command) error {
	key, ctx := livestatus.Backend(ctx)
	if key == "" {
		return nobody("commands")
	}
	in, err := c.core(key)
	if err != nil {
		return err
	}
	return in.Send(ctx, cmd)
}

// Identify asks a core what it is, or Thruk for its version.
func (c *Client) Identify(ctx context.Context) (livestatus.Core, error) {
	key, plain := livestatus.Backend(ctx)
	if key != "" {
		in, err := c.core(key)
		if err != nil {
			return livestatus.Core{}, err
		}
		return in.Identify(plain)
	}
	version, err := c.version(ctx)
	return livestatus.Core{Impl: schema.LMD, Name: "Thruk", Version: version}, err
}

// Columns asks a core for its columns, see [livestatus.Client.Columns].
func (c *Client) Columns(ctx context.Context, core livestatus.Core) (map[string][]string, error) {
	key, ctx := livestatus.Backend(ctx)
	if key == "" {
		return nil, nobody("columns")
	}
	in, err := c.core(key)
	if err != nil {
		return nil, err
	}
	return in.Columns(ctx, core)
}

// Clock tells how far a core's clock is off, see [livestatus.Client.Clock].
func (c *Client) Clock(ctx context.Context, core livestatus.Core) (skew time.Duration, exact bool, err error) {
	key, ctx := livestatus.Backend(ctx)
	if key == "" {
		return 0, false, nobody("status")
	}
	in, err := c.core(key)
	if err != nil {
		return 0, false, err
	}
	return in.Clock(ctx, core)
}

// Widen lets so many backends be read at once.
func (c *Client) Widen(n int) { c.o.Lane.Widen(n) }

// Close ends all requests and connections, and refuses further ones.
func (c *Client) Close() error {
	c.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, in := range c.cores {
		_ = in.Close() // has no connections of its own
	}
	c.http.CloseIdleConnections()
	return nil
}
