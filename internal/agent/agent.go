package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"belvedere/internal/lql"
)

// Options are what an [Agent] is made of.
type Options struct {
	Dir     string       // of its certificate and its journal of orders
	Listen  string       // host:port for a server that comes here
	Core    Core         // required
	Allowed Allowed      // commands that are taken
	Log     *slog.Logger // required
	// Now replaces the clock in tests; nil: time.Now.
	Now func() time.Time
}

// An Agent makes a core reachable for the server it has joined. Make it with
// [New], run it with [Agent.Run].
type Agent struct {
	o       Options
	id      atomic.Pointer[identity]
	journal *journal
	lock    *os.File
	renewal sync.Mutex
	strange limiter // what strangers can cause to be logged
	told    limiter // and what the server can
}

// The pauses between attempts to reach the server.
const (
	pauseLeast = time.Second
	pauseMost  = 30 * time.Second
)

const (
	handshakeTimeout = 10 * time.Second
	linesMost        = 4 // at once, on an agent that is reached
	renewEvery       = time.Hour
)

// greeting is what the side that was dialled sends once it has let the other in.
const greeting = 'B'

// New reads what the agent got when it joined. Errors are [*Error]; one that
// wraps [ErrNotJoined] says that it has not.
func New(o Options) (*Agent, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	id, err := readState(o.Dir)
	if err != nil {
		return nil, err
	}
	if id.Server == "" && o.Listen == "" {
		return nil, &Error{Msg: "the server comes to this agent, but it does not know where to listen", Hint: "write listen: in agent.yaml, with the port of the address that the code named"}
	}
	a := &Agent{o: o}
	a.id.Store(id)
	if a.lock, err = lockFolder(o.Dir); err != nil {
		return nil, err
	}
	if a.journal, err = openJournal(filepath.Join(o.Dir, ordersFile), o.Now); err != nil {
		_ = a.lock.Close()
		return nil, err
	}
	return a, nil
}

// lockFolder takes the lock of the agent that has the folder: two with one
// journal would execute orders twice. It is let go of when the file is closed,
// also by the end of the process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "agent.lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, &Error{Msg: fmt.Sprintf("the folder %s cannot be used: %v", dir, cause(err)), Hint: "it must be writable for the user that runs the agent", Err: err}
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil { //nolint:gosec // a descriptor
		_ = f.Close()
		return nil, &Error{Msg: fmt.Sprintf("another agent runs with the folder %s", dir), Hint: "see systemctl status belvedere-agent; each core has an agent with a folder of its own", Err: err}
	}
	return f, nil
}

// Run serves until ctx ends. It returns nil then, else why it cannot go on.
func (a *Agent) Run(ctx context.Context) error {
	defer a.lock.Close()
	defer a.journal.Close()
	if a.id.Load().Server == "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.o.Listen)
		if err != nil {
			return &Error{Msg: fmt.Sprintf("cannot listen on %s: %v", a.o.Listen, cause(err)), Hint: "another program, perhaps another agent, listens there", Err: err}
		}
		return a.Serve(ctx, l)
	}
	a.visit(ctx)
	return nil
}

// visit keeps a line to the server until ctx ends.
func (a *Agent) visit(ctx context.Context) {
	pause := pauseLeast
	for ctx.Err() == nil {
		began := time.Now()
		err := a.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Minute {
			pause = pauseLeast
		}
		a.o.Log.Warn("no line to the server", "server", a.id.Load().Server, "reason", err, "hint", hintOf(err), "again_in", pause.Round(time.Second))
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, pauseMost)
	}
}

// once connects to the server and serves it until the line ends.
func (a *Agent) once(ctx context.Context) error {
	id := a.id.Load()
	dctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dctx, "tcp", id.Server)
	if err != nil {
		return err
	}
	smallBuffer(raw)
	c := tls.Client(raw, &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, Certificates: []tls.Certificate{id.cert},
		InsecureSkipVerify: true, // replaced by:
		VerifyConnection:   peerIs(id.pool, serverUnit, a.o.Now, anyone),
	})
	if err := admitted(dctx, c); err != nil {
		return errors.Join(err, raw.Close())
	}
	l, err := newLine(c, true, nil)
	if err != nil {
		return err
	}
	a.o.Log.Info("connected", "server", id.Server, "as", id.ID)
	return fmt.Errorf("the line has ended: %w", a.serve(ctx, l))
}

func anyone(string) error { return nil }

// admitted waits until the other side has let us in: with TLS 1.3 the end of
// the handshake does not say that.
func admitted(ctx context.Context, c *tls.Conn) error {
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	if c.ConnectionState().NegotiatedProtocol != protoLine {
		return errors.New("this is not a server of Belvedere, or one that is too old or too new")
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return err
	}
	if b[0] != greeting {
		return errors.New("the greeting is not understood")
	}
	return nil
}

// hintOf says what to do about an error of a connection.
func hintOf(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.Is(err, errStranger), errors.Is(err, errPinned):
		return "something else than our server answers there, or the server was set up anew: then join anew"
	case errors.As(err, &op) && op.Op == "remote error":
		return "the server does not let this agent in: its site was removed there, or the certificate has expired; see the server's log, and join anew if need be"
	case errors.As(err, &dns):
		return "check the name and the name server of this machine"
	case errors.As(err, &op) && op.Op == "dial":
		return "check that the server listens for agents there (agents: listen:) and that no firewall is in between"
	case errors.Is(err, io.EOF):
		return "what listens there hung up: check that it is the port for agents"
	}
	return ""
}

// Serve takes lines of the server on l until ctx ends, and closes l.
func (a *Agent) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer l.Close()
	a.o.Log.Info("waiting for the server", "listen", l.Addr().String(), "as", a.id.Load().ID)
	in, lines := newEntrance(), &door{places: linesMost, share: linesMost}
	for {
		raw, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if passing(ctx, err) {
				continue
			}
			return fmt.Errorf("agent: accept: %w", err)
		}
		who := in.come(raw)
		group.Go(func() { a.admit(ctx, in, lines, who) })
	}
}

// admit serves one connection if it is our server's. A line of it takes the place
// of the oldest that it had.
func (a *Agent) admit(ctx context.Context, in *entrance, lines *door, who *stranger) {
	raw := who.conn
	defer raw.Close()
	smallBuffer(raw)
	id := a.id.Load()
	conf := &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, Certificates: []tls.Certificate{id.cert},
		ClientAuth: tls.RequireAnyClientCert, SessionTicketsDisabled: true,
		VerifyConnection: peerIs(id.pool, serverUnit, a.o.Now, anyone),
	}
	c, err := in.shake(ctx, who, conf, nil)
	if err == nil {
		err = welcome(c)
	}
	if err = who.gone(err); err != nil {
		if ctx.Err() == nil {
			a.strange.warn(a.o.Log, "refused a connection", "peer", raw.RemoteAddr().String(), "reason", err, "hint", refusedHint(err))
		}
		return
	}
	place := lines.enter(raw)
	defer lines.leave(place)
	l, err := newLine(c, false, nil)
	if err != nil {
		a.o.Log.Warn("no line to the server", "server", raw.RemoteAddr().String(), "reason", err)
		return
	}
	a.o.Log.Info("connected", "server", l.peer, "as", id.ID)
	err = a.serve(ctx, l)
	a.o.Log.Warn("the line has ended", "server", l.peer, "reason", err)
}

// welcome lets in who dialled us and has shown a certificate.
func welcome(c *tls.Conn) error {
	if p := c.ConnectionState().NegotiatedProtocol; p != protoLine {
		return fmt.Errorf("it speaks another protocol (%q)", p)
	}
	_ = c.SetWriteDeadline(time.Now().Add(handshakeTimeout)) // never fails
	if _, err := c.Write([]byte{greeting}); err != nil {
		return err
	}
	return c.SetWriteDeadline(time.Time{})
}

// serve answers on a line until it ends, says why it did, and renews the
// certificate meanwhile.
func (a *Agent) serve(ctx context.Context, l *line) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	group.Go(func() { a.keepFresh(ctx, l) })
	return l.accept(ctx, a.answer)
}

// answer serves one conversation.
func (a *Agent) answer(ctx context.Context, want string, t *talk) {
	switch want {
	case wantLivestatus:
		a.converse(ctx, t)
	case wantOrder:
		a.order(ctx, t)
	default:
		a.told.warn(a.o.Log, "refused a wish that is not known here", "wish", clip(want), "hint", "run the same version on both sides")
	}
}

func (a *Agent) converse(ctx context.Context, t *talk) {
	begun := false
	err := a.o.Core.Converse(ctx, t, func() error {
		begun = true
		_, err := io.WriteString(t, livestatusReady)
		return err
	})
	switch {
	case err != nil && !begun:
		_ = t.say(troubleOf(err)) // the other end may be gone
		a.told.warn(a.o.Log, "the core cannot be asked", "reason", err)
	case errors.Is(err, errRequest):
		a.told.warn(a.o.Log, "refused a request", "reason", err, "hint", "run the same version on both sides; if it is the same, somebody else sent this")
	case err != nil && ctx.Err() == nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF):
		a.o.Log.Debug("a conversation ended", "reason", err)
	}
}

// passing waits a moment if accepting can be tried again.
func passing(ctx context.Context, err error) bool {
	if !temporary(err) {
		return false
	}
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
	}
	return true
}

// An order is one external command on its way.
type order struct {
	ID   string   `json:"id"`
	Time int64    `json:"time"`
	Name string   `json:"name"`
	Args []string `json:"args,omitempty"`
}

// An outcome says what became of an order: one of the states of the journal, or
// "refused".
type outcome struct {
	State string   `json:"state"`
	Why   *trouble `json:"why,omitempty"`
}

const orderRefused = "refused"

func (o order) command() lql.Command {
	return lql.Command{Time: o.Time, Name: o.Name, Args: o.Args}
}
