package livestatus

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"belvedere/internal/lql"
)

// ServerOptions configure a [Server]. Limits that are 0 have the defaults
// written beside them.
type ServerOptions struct {
	// Open says what a client may do, once for each connection and after the
	// TLS handshake. An error ends the connection, without an answer but for that
	// of [Token]. Required.
	Open func(ctx context.Context, c net.Conn) (Session, error)
	// AuthUser refuses queries without this header.
	AuthUser bool
	// Unknown says what becomes of columns that a table does not have.
	Unknown lql.Unknown
	// CommandErrors says what is wrong with a command in a line, as Naemon does,
	// also to clients that asked for no header. False: silence, as most cores.
	CommandErrors bool
	MaxConns      int           // connections at once, 100; further ones are closed
	MaxRequest    int           // bytes of one request, 1 MiB
	IdleTimeout   time.Duration // between requests, 5 min; also the longest wait
	ReadTimeout   time.Duration // for a request once begun, 10 s
	WriteTimeout  time.Duration // for each piece of an answer, 30 s
	AnswerTimeout time.Duration // for a whole answer to be taken, 10 min
	QueryTimeout  time.Duration // for answering one request, waiting aside, 1 min
	// HoldBytes is how much of answers that are on their way may lie encoded in
	// memory, of all connections together, 96 MiB. What does not fit is encoded
	// while it is sent, and must be taken in HeldTimeout, as the data it is read
	// from is held until then.
	HoldBytes   int
	HeldTimeout time.Duration // 1 min
	Log         *slog.Logger  // nil: silent
}

// A Session is what one client may do.
type Session struct {
	Querier lql.Querier // required
	Waiter  lql.Waiter  // nil: Wait headers are ignored
	Sender  lql.Sender  // nil: COMMAND is refused
}

// Always returns a [ServerOptions.Open] that gives every client the same.
func Always(s Session) func(context.Context, net.Conn) (Session, error) {
	return func(context.Context, net.Conn) (Session, error) { return s, nil }
}

// A Server answers Livestatus requests. Who may connect is for the listener to
// say: the protocol has no sign-in. Safe for serving several listeners.
type Server struct {
	o     ServerOptions
	slots chan struct{}
	turns turns
	held  atomic.Int64 // bytes of answers in memory
	room  sync.Pool    // *[]byte, for pieces of answers
}

// NewServer returns a server that does not listen yet.
func NewServer(o ServerOptions) *Server {
	duration := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	duration(&o.IdleTimeout, 5*time.Minute)
	duration(&o.ReadTimeout, 10*time.Second)
	duration(&o.WriteTimeout, 30*time.Second)
	duration(&o.AnswerTimeout, 10*time.Minute)
	duration(&o.QueryTimeout, time.Minute)
	duration(&o.HeldTimeout, time.Minute)
	if o.MaxConns <= 0 {
		o.MaxConns = 100
	}
	if o.MaxRequest <= 0 {
		o.MaxRequest = 1 << 20
	}
	if o.HoldBytes <= 0 {
		o.HoldBytes = 96 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{o: o, slots: make(chan struct{}, o.MaxConns), turns: turns{free: runtime.GOMAXPROCS(0)}}
}

// Serve answers on l until ctx ends, then closes l and all its connections and
// waits for them. It returns nil when ctx ended, else why accepting failed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	pause := time.Duration(0)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) && !errors.Is(err, syscall.ECONNABORTED) {
				return fmt.Errorf("livestatus: accept: %w", err)
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		pause = 0
		if !s.enter(c) {
			continue
		}
		group.Go(func() { s.serveEntered(ctx, c) })
	}
}

// ErrTooMany is a connection beyond [ServerOptions.MaxConns].
var ErrTooMany = errors.New("livestatus: too many connections")

// ServeConn answers on one connection until the client ends it or ctx ends, and
// closes it. The error is [ErrTooMany] or nil.
func (s *Server) ServeConn(ctx context.Context, c net.Conn) error {
	if !s.enter(c) {
		return ErrTooMany
	}
	s.serveEntered(ctx, c)
	return nil
}

// enter takes a place for a connection, or closes it.
func (s *Server) enter(c net.Conn) bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		s.o.Log.Warn("Livestatus connection refused: too many", "most", s.o.MaxConns)
		c.Close()
		return false
	}
}

// serveEntered serves a connection that has a place.
func (s *Server) serveEntered(ctx context.Context, c net.Conn) {
	defer func() { <-s.slots }()
	defer s.survive()
	s.serve(ctx, c)
}

// survive keeps a fault of ours that one request sets off from ending the
// program.
func (s *Server) survive() {
	if p := recover(); p != nil {
		s.o.Log.Error("panic while answering Livestatus", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

var errNoAuthUser = &lql.QueryError{Code: 403, Msg: "this listener answers only for a contact", Hint: "add a header AuthUser with its name"}

// errNotLivestatus ends connections of clients that speak something else.
var errNotLivestatus = errors.New("not a Livestatus request")

// A gate passes on what a client sends if it begins like a request. Browsers
// and scanners get nothing at all.
type gate struct {
	net.Conn
	head []byte
	open bool
}

// Read reads from the connection.
func (g *gate) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if g.open || n == 0 {
		return n, err
	}
	g.head = bytes.TrimLeft(append(g.head, p[:n]...), "\r\n")
	for _, verb := range [...]string{"GET", "COMMAND", "LOCALTIME"} {
		if rest, ok := bytes.CutPrefix(g.head, []byte(verb)); ok && len(rest) > 0 && strings.IndexByte(" \r\n", rest[0]) >= 0 {
			g.open, g.head = true, nil
			return n, err
		}
		if strings.HasPrefix(verb, string(g.head)) {
			return n, err
		}
	}
	return 0, errNotLivestatus
}

// serve answers the requests of one connection.
func (s *Server) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	client, err := s.open(ctx, c)
	if err != nil {
		s.o.Log.Warn("Livestatus client refused", "peer", c.RemoteAddr().String(), "reason", err)
		if errors.Is(err, errNoToken) {
			s.refuse(c, true, err)
			s.linger(c)
		}
		return
	}
	r := lql.NewReader(&gate{Conn: c}, lql.Limits{Line: s.o.MaxRequest, Request: s.o.MaxRequest})
	for {
		c.SetReadDeadline(time.Now().Add(s.o.IdleTimeout))
		if r.Wait() != nil {
			return
		}
		c.SetReadDeadline(time.Now().Add(s.o.ReadTimeout))
		text, err := r.Next()
		if err != nil {
			if bad, ok := errors.AsType[*lql.SyntaxError](err); ok {
				s.write(c, []byte(bad.Msg+"\n"))
				s.linger(c)
			}
			return
		}
		if !s.request(ctx, c, client, text, r.Buffered() > 0) {
			s.linger(c)
			return
		}
	}
}

// open finishes the TLS handshake, where there is one, and asks what the client
// may do.
func (s *Server) open(ctx context.Context, c net.Conn) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.ReadTimeout)
	defer cancel()
	if t, ok := c.(*tls.Conn); ok {
		if err := t.HandshakeContext(ctx); err != nil {
			return Session{}, err
		}
	}
	return s.o.Open(ctx, c)
}

// linger ends a connection so that an answer is not lost because the client
// has sent more than was read.
func (s *Server) linger(c net.Conn) {
	h, ok := c.(interface{ CloseWrite() error })
	if !ok || h.CloseWrite() != nil {
		return
	}
	c.SetReadDeadline(time.Now().Add(time.Second))
	io.CopyN(io.Discard, c, 64<<10) // what is still to come is of no interest
}

// request answers one request and says whether the connection goes on; more says
// that another one was read already.
func (s *Server) request(ctx context.Context, c net.Conn, client Session, text string, more bool) bool {
	req, err := lql.ParseRequest(text)
	if err != nil {
		fixed, keep := framing(text)
		return s.refuse(c, fixed, err) && keep
	}
	if req.Command != nil {
		return s.command(ctx, c, client, *req.Command)
	}
	q := req.Query
	q.Unknown = s.o.Unknown
	if s.o.AuthUser && q.AuthUser == "" {
		return s.refuse(c, q.Fixed16, errNoAuthUser) && q.KeepAlive
	}
	if q.Wait != nil && client.Waiter != nil {
		err := whileThere(ctx, c, q.KeepAlive && !more, func(ctx context.Context) error { return s.wait(ctx, client, q) })
		switch {
		case errors.Is(err, errGone):
			return false
		case err != nil:
			return s.refuse(c, q.Fixed16, err) && q.KeepAlive
		}
	}
	limit := s.o.QueryTimeout
	if q.Timelimit > 0 {
		limit = min(limit, q.Timelimit)
	}
	qctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pieces, err := s.query(qctx, client, q)
	if err != nil {
		return s.refuse(c, q.Fixed16, err) && q.KeepAlive
	}
	return s.answer(c, pieces, q.Fixed16) == nil && q.KeepAlive
}

// query asks for an answer, encoded as q wants it.
func (s *Server) query(ctx context.Context, client Session, q *lql.Query) (*lql.Pieces, error) {
	encoder := lql.EncoderFor(q)
	if streamer, ok := client.Querier.(lql.Streamer); ok {
		return streamer.Stream(ctx, q, encoder)
	}
	result, err := client.Querier.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return encoder.Pieces(result), nil
}

// framing finds out whether a request that cannot be parsed wanted a header
// and the connection kept.
func framing(text string) (fixed, keep bool) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); {
		case name == "ResponseHeader" && value == "fixed16":
			fixed = true
		case name == "KeepAlive" && value == "on":
			keep = true
		}
	}
	if !strings.HasPrefix(text, "GET ") {
		keep = false
	}
	return fixed, keep && fixed
}

// wait blocks until the wait of q is over; that its time passed is no error.
func (s *Server) wait(ctx context.Context, client Session, q *lql.Query) error {
	limit := s.o.IdleTimeout
	if q.Wait.Timeout > 0 {
		limit = min(limit, q.Wait.Timeout)
	}
	wctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := client.Waiter.Wait(wctx, q)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil
	}
	return err
}

// command executes a COMMAND; like in the cores, the connection stays open and
// success is silent unless a header was asked for.
func (s *Server) command(ctx context.Context, c net.Conn, client Session, cmd lql.Command) bool {
	if client.Sender == nil {
		return s.refuseCommand(c, cmd, &lql.QueryError{Code: 403, Msg: "commands are not accepted on this connection"}, true)
	}
	qctx, cancel := context.WithTimeout(ctx, s.o.QueryTimeout)
	defer cancel()
	if err := client.Sender.Send(qctx, cmd); err != nil {
		return s.refuseCommand(c, cmd, err, s.o.CommandErrors)
	}
	switch {
	case !cmd.Fixed16:
		return true
	case cmd.FormatSet && cmd.Format == lql.WrappedJSON: // what clients of LMD expect
		const none = "{\"failed\":{}}\n"
		return s.write(c, lql.AppendFixed16(nil, 200, len(none)), []byte(none)) == nil
	}
	return s.write(c, lql.AppendFixed16(nil, 200, 0)) == nil
}

// refuseCommand answers a command with an error: with a header if asked for,
// else in a line with the code, or not at all. It says whether the connection
// goes on.
func (s *Server) refuseCommand(c net.Conn, cmd lql.Command, err error, aloud bool) bool {
	code, line := s.explain(err)
	switch {
	case cmd.Fixed16:
		return s.write(c, lql.AppendFixed16(nil, code, len(line)+1), []byte(line+"\n")) == nil
	case aloud:
		return s.write(c, []byte(fmt.Sprintf("%d: %s\n", code, line))) == nil
	}
	s.o.Log.Warn("Livestatus command refused, and the client did not ask for an answer", "command", cmd.Name, "reason", line)
	return true
}

// explain returns status and text for an error, one line that may be shown.
func (s *Server) explain(err error) (code int, line string) {
	var syntax *lql.SyntaxError
	var query *lql.QueryError
	var wire *Error
	hint := ""
	switch {
	case errors.As(err, &syntax):
		code, line, hint = syntax.Status(), fmt.Sprintf("line %d: %s", syntax.Line, syntax.Msg), syntax.Hint
	case errors.As(err, &query):
		code, line, hint = query.Code, query.Msg, query.Hint
		if code == 404 { // these words are the same in all cores but Icinga 2
			line = "Invalid GET request, " + line
		}
	case errors.Is(err, context.DeadlineExceeded):
		code, line = 413, "the time limit was exceeded"
	case errors.Is(err, context.Canceled):
		code, line = 413, "this server is shutting down"
	case errors.As(err, &wire):
		code, line = 502, wire.Cause
	default:
		s.o.Log.Error("Livestatus request failed", "err", err)
		code, line = 500, "internal error"
	}
	if hint != "" {
		line += " (" + hint + ")"
	}
	if code < 100 || code > 999 {
		code = 400
	}
	return code, strings.Join(strings.Fields(line), " ")
}

// refuse answers with an error: with a header if asked for, else with the text
// alone, as Naemon does. It says whether that could be written.
func (s *Server) refuse(c net.Conn, fixed bool, err error) bool {
	code, line := s.explain(err)
	if fixed {
		return s.write(c, lql.AppendFixed16(nil, code, len(line)+1), []byte(line+"\n")) == nil
	}
	return s.write(c, []byte(line+"\n")) == nil
}

// Listen opens a listener for network "unix" or "tcp". A unix socket gets mode
// 0660; one that nobody listens on any more is replaced.
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if network != "unix" {
		l, err := lc.Listen(ctx, network, address)
		if err != nil {
			return nil, fmt.Errorf("livestatus: listen: %w", err)
		}
		return l, nil
	}
	if err := removeStale(ctx, address); err != nil {
		return nil, err
	}
	l, err := lc.Listen(ctx, "unix", address)
	if err != nil {
		return nil, fmt.Errorf("livestatus: listen: %w", err)
	}
	if err := os.Chmod(address, 0o660); err != nil {
		l.Close()
		return nil, fmt.Errorf("livestatus: listen: %w", err)
	}
	return l, nil
}

// removeStale removes a socket that nobody listens on.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("livestatus: listen: %w", err)
	case info.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("livestatus: listen: %s exists and is no socket", path)
	}
	dctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(dctx, "unix", path)
	if err == nil {
		c.Close()
		return fmt.Errorf("livestatus: listen: another program listens on %s", path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("livestatus: listen: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("livestatus: listen: %w", err)
	}
	return nil
}
