package livestatus

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/tunnel"
)

// Options configure a [Client]. Durations and sizes that are 0 have the
// defaults written beside them.
type Options struct {
	Address
	DialTimeout  time.Duration // connecting and TLS together, 10 s
	FirstByte    time.Duration // from the request to the first byte of its answer, 30 s; a wait adds its timeout
	ReadTimeout  time.Duration // between two bytes of an answer, 15 s
	WriteTimeout time.Duration // for the whole request, 10 s
	CommandWait  time.Duration // for a core to object to a command, 3 s
	KeepIdle     time.Duration // how long an unused connection is kept, 30 s
	MinRate      int           // bytes a second below which an answer is given up after Grace, 4 KiB
	Grace        time.Duration // how long an answer may be slower than MinRate, 30 s
	MaxBytes     int           // of one answer, 4 GiB
	MaxRows      int           // of one answer, 5 million
	MaxRow       int           // bytes of one row, 64 MiB
	MaxValue     int           // bytes of one text as written in JSON, 1 MiB; longer ones are cut and counted
	Keep         int           // most unused connections that are kept, 2
	Lane         *Lane         // shared by all clients of one core; nil: a lane of its own
	SSH          *tunnel.Pool  // for addresses with ssh; nil: one of its own, without a file of accepted host keys
	Log          *slog.Logger  // nil: silent
	// Accept is the fingerprint (SHA256:…) of an SSH host key that a diagnosis
	// may add to the file of accepted ones. Nothing else ever adds one.
	Accept string
	// Now is the clock for entry times of commands; nil: time.Now.
	Now func() time.Time
	// Agents reaches agent addresses; nil: they cannot be reached.
	Agents Agents
	// Dial connects instead of a net.Dialer; for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Tell makes this the client of a core behind a program that takes one
	// request at a time and answers when it has all of it: Dial opens a
	// conversation of one request with it, and Tell hands a prepared command on,
	// with errors as [Client.Send] has them. nil: connections carry commands.
	Tell func(ctx context.Context, cmd lql.Command) error
	open func(context.Context) (net.Conn, error) // opens the socket of an ssh address, nil: SSH does
}

// withDefaults fills in what is 0.
func (o Options) withDefaults() Options {
	duration := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	size := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	duration(&o.DialTimeout, 10*time.Second)
	duration(&o.FirstByte, 30*time.Second)
	duration(&o.ReadTimeout, 15*time.Second)
	duration(&o.WriteTimeout, 10*time.Second)
	duration(&o.CommandWait, 3*time.Second)
	duration(&o.KeepIdle, 30*time.Second)
	duration(&o.Grace, 30*time.Second)
	size(&o.MinRate, 4<<10)
	size(&o.MaxBytes, 4<<30)
	size(&o.MaxRows, 5_000_000)
	size(&o.MaxRow, 64<<20)
	size(&o.MaxValue, 1<<20)
	size(&o.Keep, 2)
	if o.Lane == nil {
		o.Lane = NewLane()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// A Client asks one core. It keeps nothing about the core but its [Profile]
// and idle connections, and is safe for any number of goroutines. Close it
// when done. It is a [lql.Querier] and a [lql.Sender].
type Client struct {
	o Options

	mu     sync.Mutex
	core   Core // zero until identified
	known  bool
	own    *tunnel.Pool // made by us, nil: none
	idle   []*wire
	ready  net.Conn // connected already by Diagnose, for the first request
	closed bool
}

var (
	_ lql.Querier = (*Client)(nil)
	_ lql.Sender  = (*Client)(nil)
)

// Stats says what one request cost.
type Stats struct {
	Rows      int // given to the sink
	Dropped   int // rows of the wrong width
	Truncated int // texts cut to MaxValue
	Total     int // total_count of wrapped_json; -1: not given
	BytesIn   int64
	BytesOut  int64
	Wait      time.Duration     // until the lane was free
	FirstByte time.Duration     // from sending to the first byte
	Took      time.Duration     // from sending to the end
	Failed    map[string]string // failed sites of an LMD by key
}

// A Sink takes the rows of an answer as they come in. Begin is called once
// before the first row, also if there are none; columns is nil if they were
// not asked by name and the core did not name them. cells are valid during the
// call only. An error ends the request and is returned by Fetch.
type Sink interface {
	Begin(columns []string) error
	Row(cells []Cell) error
}

// A Recaller is a Sink that knows rows of earlier answers by the sum of their
// bytes, so that they need not be taken apart again. Seen reports whether a row
// of that sum came before: then Row is not called for it. Sum tells the sum of
// the row that the next call of Row gives; it is not told for every row. Sums
// have 64 bits and are good for this process.
type Recaller interface {
	Sink
	Seen(sum uint64) bool
	Sum(sum uint64)
}

// A Skimmer is a Recaller that may know how a row ends. Skim is given the first
// Lead values of a row, the sum of the bytes behind them and that of all; it
// reports whether it has taken the row with that: then Row is not called for it.
// If it has not, and Sum is called for the row, both are sums of a whole row.
type Skimmer interface {
	Recaller
	Lead() int // 0: Skim is not called
	Skim(cells []Cell, rest, sum uint64) (taken bool, err error)
}

// NewClient returns a client. It does not connect.
func NewClient(o Options) *Client {
	c := &Client{o: o.withDefaults()}
	if o.Scheme == "ssh" && o.SSH == nil {
		c.own = tunnel.NewPool(tunnel.Options{Dial: o.Dial})
		c.o.SSH = c.own
	}
	return c
}

// identified takes what the core is, and its rules.
func (c *Client) identified(core Core) {
	c.mu.Lock()
	c.core, c.known = core, true
	if !core.Profile.KeepAlive {
		c.drop()
	}
	c.mu.Unlock()
	c.o.Lane.setMax(core.Profile.MaxConns)
}

// drop closes the idle connections. mu is held.
func (c *Client) drop() {
	for _, w := range c.idle {
		w.idle.Stop()
		w.Close()
	}
	c.idle = nil
}

// Core returns what the last Identify found; ok is false before the first.
func (c *Client) Core() (core Core, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.core, c.known
}

// profile returns the rules to follow now.
func (c *Client) profile() Profile {
	if core, ok := c.Core(); ok {
		return core.Profile
	}
	return profileOf(0)
}

// Widen has the client read so much at once at [SyncPriority] and keep as many
// connections: for the sites behind an LMD, which share them.
func (c *Client) Widen(n int) {
	c.mu.Lock()
	c.o.Keep = max(c.o.Keep, n)
	c.mu.Unlock()
	c.o.Lane.Widen(n)
}

type largestKey struct{}

// WithLargest returns a context whose request takes an answer of so many bytes
// at most, where that is less than [Options.MaxBytes].
func WithLargest(ctx context.Context, bytes int64) context.Context {
	return context.WithValue(ctx, largestKey{}, bytes)
}

type backendKey struct{}

// WithBackend returns a context whose requests are for one of the sites behind
// an LMD or another Belvedere: the one that its table sites gives that key.
func WithBackend(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, backendKey{}, []string{key})
}

// Backend returns what [WithBackend] set, "" for nothing, and a context that is
// the same without it.
func Backend(ctx context.Context) (key string, plain context.Context) {
	if of, ok := ctx.Value(backendKey{}).([]string); ok && len(of) == 1 {
		return of[0], context.WithValue(ctx, backendKey{}, nil)
	}
	return "", ctx
}

// backends returns what [WithBackend] set, else those that were asked for.
func backends(ctx context.Context, asked []string) []string {
	if of, ok := ctx.Value(backendKey{}).([]string); ok {
		return of
	}
	return asked
}

type sentKey struct{}

// WithSent returns a context whose request calls sent once it is on its way to
// the core, which for one that waits is long before its answer.
func WithSent(ctx context.Context, sent func()) context.Context {
	return context.WithValue(ctx, sentKey{}, sent)
}

// Fetch sends q and gives the answer to s row by row. Output format, framing
// and connection headers of q are the client's to choose; headers the core
// does not know are left out where that does not change the meaning, else the
// error is of [KindRequest]. Errors are [*Error], or those of s. A request
// that found a kept connection dead is sent once more.
func (c *Client) Fetch(ctx context.Context, q *lql.Query, s Sink) (Stats, error) {
	p := c.profile()
	n, err := prepare(q, p, p.KeepAlive)
	if err != nil {
		return Stats{}, err
	}
	n.Backends = backends(ctx, n.Backends)
	if c.o.Tell != nil {
		n.Backends = nil // the conversation is with one of them
	}
	queued := time.Now()
	leave, err := c.o.Lane.Enter(ctx, priority(ctx))
	if err != nil {
		return Stats{}, canceled(ctx)
	}
	defer leave()
	waited := time.Since(queued)
	request := n.AppendText(nil)
	for reuse := n.KeepAlive; ; reuse = false {
		w, err := c.take(ctx, reuse)
		if err != nil {
			return Stats{Wait: waited}, err
		}
		st, err := c.fetch(ctx, w, n, request, s)
		st.Wait = waited
		if err != nil && w.used && w.in == 0 && ctx.Err() == nil && dead(err) {
			continue // kept connections die with every reload of the core
		}
		return st, err
	}
}

// fetch does one exchange on w and keeps or closes it.
func (c *Client) fetch(ctx context.Context, w *wire, q *lql.Query, request []byte, s Sink) (Stats, error) {
	done := w.use(ctx)
	left := func() bool { return false }
	if q.Wait != nil { // which may rest for long, and needs no room for that
		w.limit += q.Wait.Timeout
	} else {
		left = w.readAhead()
	}
	err := c.say(w, request)
	var st Stats
	framed := false
	if err == nil {
		if sent, ok := ctx.Value(sentKey{}).(func()); ok {
			sent()
		}
		st, framed, err = c.read(w, q, s)
	} else {
		st = w.stats()
	}
	if surplus := left(); done() && framed && !surplus && q.KeepAlive {
		c.keep(w)
	} else {
		w.Close()
	}
	return st, err
}

// read reads an answer into s. It is framed if all of it was read, and what comes
// next is another one.
func (c *Client) read(w *wire, q *lql.Query, s Sink) (st Stats, framed bool, err error) {
	sc, err := c.receive(w, q, s)
	st = w.stats()
	if sc == nil {
		return st, false, err
	}
	st.Rows, st.Dropped, st.Truncated, st.Total, st.Failed = sc.rows, sc.dropped, sc.truncated, sc.total, sc.failed
	sc.release()
	if st.Dropped > 0 {
		c.o.Log.Debug("rows of the wrong width dropped", "table", q.Table, "rows", st.Dropped)
	}
	return st, err == nil && !sc.loose, err
}

// receive reads an answer into s; nil: there was none.
func (c *Client) receive(w *wire, q *lql.Query, s Sink) (*scanner, error) {
	b, err := readHead(w)
	if err != nil {
		return nil, err
	}
	switch {
	case b.status == 0 && !b.json():
		return nil, c.o.strange(w, b)
	case b.status != 0 && b.status != 200:
		return nil, b.refusal()
	}
	sc := newScanner(b, scanLimits{rows: c.o.MaxRows, row: c.o.MaxRow, value: c.o.MaxValue}, s, b.size())
	sc.header, sc.loose = q.ColumnHeaders == lql.On, b.loose
	if !sc.header {
		sc.names = columnsOf(q)
		sc.expect(len(sc.names))
	}
	err = sc.scan()
	return sc, c.scanError(w, err)
}

// say sends a request. Where that fails, the other side may have said why:
// what is no Livestatus often speaks first and then hangs up on us.
func (c *Client) say(w *wire, request []byte) error {
	err := w.send(request)
	if err == nil || w.ctx.Err() != nil {
		return err
	}
	b, herr := readHead(w)
	switch {
	case herr == nil && b.status == 0:
		return c.o.strange(w, b)
	case KindOf(herr) == KindTLS, KindOf(herr) == KindCertificate:
		return herr
	}
	return err
}

// scanError makes an [*Error] of what the scanner met; errors of the sink pass
// as they are.
func (c *Client) scanError(w *wire, err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, errShape):
		return &Error{Kind: KindProtocol, Err: err,
			Cause: "The core's answer is not well formed or was cut short.",
			Fix:   "The core was restarted or has crashed in the middle of it, or its Livestatus has an error; try again, and see the core's log."}
	case errors.Is(err, errLarge):
		return w.explain(err)
	}
	return err
}

// take returns a kept connection that still lives, or a new one.
func (c *Client) take(ctx context.Context, reuse bool) (*wire, error) {
	for reuse {
		w := c.takeIdle()
		if w == nil {
			break
		}
		if w.alive() {
			w.used = true
			return w, nil
		}
		w.Close()
	}
	c.mu.Lock()
	closed, ready := c.closed, c.ready
	c.ready = nil
	c.mu.Unlock()
	if closed {
		return nil, closedError()
	}
	if ready != nil {
		return &wire{Conn: ready, o: &c.o}, nil
	}
	conn, err := c.o.connect(ctx)
	if err != nil {
		return nil, err
	}
	return &wire{Conn: conn, o: &c.o}, nil
}

func (c *Client) takeIdle() *wire {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle) > 0 {
		w := c.idle[len(c.idle)-1]
		c.idle = c.idle[:len(c.idle)-1]
		if w.idle.Stop() {
			return w
		}
		w.Close() // its time is just over
	}
	return nil
}

// keep puts a connection aside for the next request, or closes it.
func (c *Client) keep(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.core.Profile // a place is left for commands
	if c.closed || !p.KeepAlive || len(c.idle) >= min(c.o.Keep, p.MaxConns-1) {
		w.Close()
		return
	}
	w.SetDeadline(time.Time{})
	w.idle = time.AfterFunc(c.o.KeepIdle, func() { c.expire(w) })
	c.idle = append(c.idle, w)
}

// expire closes a connection that was unused for too long.
func (c *Client) expire(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, v := range c.idle {
		if v == w {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			w.Close()
			return
		}
	}
}

// Close ends idle connections and refuses further requests; those under way
// end with their contexts. It may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.ready != nil {
		c.ready.Close()
		c.ready = nil
	}
	c.drop()
	if c.own != nil {
		c.own.Close()
	}
	return nil
}

// Send sends an external command on a connection of its own, and reports what
// the core says against it; most cores say nothing in any case. It is never
// sent twice. The client identifies the core first if it has not yet.
func (c *Client) Send(ctx context.Context, cmd lql.Command) error {
	if _, ok := c.Core(); !ok {
		if _, err := c.Identify(WithPriority(ctx, CommandPriority)); err != nil {
			return err
		}
	}
	if c.o.Scheme == "agent" {
		return c.order(ctx, cmd)
	}
	p := c.profile()
	cmd, err := prepareCommand(cmd, p, c.o.Now())
	if err != nil {
		return err
	}
	cmd.Backends = backends(ctx, cmd.Backends)
	leave, err := c.o.Lane.Enter(ctx, CommandPriority)
	if err != nil {
		return canceled(ctx)
	}
	defer leave()
	if c.o.Tell != nil {
		cmd.Backends = nil
		return c.o.Tell(ctx, cmd)
	}
	conn, err := c.o.connect(ctx)
	if err != nil {
		return err
	}
	w := &wire{Conn: conn, o: &c.o}
	defer w.Close()
	defer w.use(ctx)()
	w.limit = c.o.CommandWait
	if p.CommandFixed16 {
		w.limit = c.o.FirstByte
	}
	if err := c.say(w, cmd.AppendText(nil)); err != nil {
		return uncertain(err)
	}
	if !p.CommandFixed16 {
		w.halfClose()
	}
	return c.objection(w, p)
}

// objection reads what a core has against the command just sent.
func (c *Client) objection(w *wire, p Profile) error {
	b, err := readHead(w)
	switch {
	case err != nil && p.CommandFixed16:
		return uncertain(err)
	case err != nil && w.ctx.Err() != nil:
		return uncertain(err)
	case err != nil && w.in == 0 && (KindOf(err) == KindSilent || errors.Is(err, io.EOF)):
		return nil // silence is consent
	case err != nil:
		return uncertain(err)
	case b.status == 200:
		return nil
	case b.status != 0:
		return b.refusal()
	}
	err = c.o.strange(w, b)
	if kind := KindOf(err); kind == KindProtocol || kind == KindBanner {
		return uncertain(err) // nobody knows who says that
	}
	return err
}

// uncertain marks an error after which nobody knows whether the command was
// taken.
func uncertain(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	u := *e
	u.Uncertain = true
	u.Cause += " The command may or may not have been taken."
	u.Fix = "Look whether it had its effect before sending it again."
	return &u
}
