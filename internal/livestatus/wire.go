package livestatus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"belvedere/internal/tunnel"
)

// A wire is one connection to a core, for one request at a time. Every write
// and read has a deadline, and the end of the request's context wakes it.
type wire struct {
	net.Conn
	o     *Options
	ctx   context.Context
	began time.Time     // when the present request was sent
	first time.Duration // until its first byte
	limit time.Duration // for the first byte
	most  int64         // bytes of the answer
	in    int64
	out   int64
	room  *[roomSize]byte // where early is, nil: what is read is given out at once
	early []byte          // read, not given out yet
	late  error           // that comes behind early
	used  bool            // it has carried a request before the present one
	idle  *time.Timer     // closes it when kept too long
}

// roomSize is how much is read of an answer with its head: small answers come
// whole, and several of them together.
const roomSize = 4 << 10

var rooms = sync.Pool{New: func() any { return new([roomSize]byte) }}

// readAhead has the wire read more than it is asked for, until a call of stop,
// which says whether anything is left that nobody asked for.
func (w *wire) readAhead() (stop func() (left bool)) {
	w.room = rooms.Get().(*[roomSize]byte)
	return func() bool {
		left := len(w.early) > 0 || w.late != nil
		rooms.Put(w.room)
		w.room, w.early, w.late = nil, nil, nil
		return left
	}
}

// use binds the wire to a request; done ends that and says whether the context
// left it alone.
func (w *wire) use(ctx context.Context) (done func() bool) {
	w.ctx, w.in, w.out, w.first = ctx, 0, 0, 0
	w.limit, w.most = w.o.FirstByte, int64(w.o.MaxBytes)
	if n, ok := ctx.Value(largestKey{}).(int64); ok {
		w.most = min(w.most, n)
	}
	return context.AfterFunc(ctx, func() { w.SetDeadline(time.Unix(1, 0)) })
}

// send writes a request.
func (w *wire) send(request []byte) error {
	w.began = time.Now()
	w.SetWriteDeadline(w.began.Add(w.o.WriteTimeout))
	if w.ctx.Err() != nil {
		return canceled(w.ctx)
	}
	n, err := w.Conn.Write(request)
	w.out += int64(n)
	if err != nil {
		return w.explain(err)
	}
	return nil
}

// Read reads some of an answer. Errors are [*Error], io.EOF at its end.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.early) == 0 && w.late == nil {
		if w.room == nil || len(p) >= roomSize {
			return w.receive(p)
		}
		n, err := w.receive(w.room[:])
		w.early, w.late = w.room[:n], err
	}
	n := copy(p, w.early)
	w.early = w.early[n:]
	if len(w.early) > 0 {
		return n, nil
	}
	err := w.late
	w.late = nil
	return n, err
}

// receive reads what the connection has.
func (w *wire) receive(p []byte) (int, error) {
	now := time.Now()
	deadline := w.began.Add(w.limit)
	if w.in > 0 {
		deadline = now.Add(w.o.ReadTimeout)
		// Whoever sends a byte now and then must not keep us for ever.
		late := w.began.Add(w.first + w.o.Grace + time.Duration(w.in/int64(w.o.MinRate))*time.Second)
		if late.Before(deadline) {
			deadline = late
		}
	}
	w.SetReadDeadline(deadline)
	if w.ctx.Err() != nil {
		return 0, canceled(w.ctx)
	}
	n, err := w.Conn.Read(p)
	if n > 0 && w.in == 0 {
		w.first = time.Since(w.began)
	}
	w.in += int64(n)
	if w.in > w.most {
		return n, fmt.Errorf("%w: more than %d bytes", errLarge, w.most)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, w.explain(err)
}

// stats is what the present request cost so far.
func (w *wire) stats() Stats {
	return Stats{BytesIn: w.in, BytesOut: w.out, FirstByte: w.first, Took: time.Since(w.began), Total: -1}
}

// where names the other end for people.
func (w *wire) where() string { return where(w.o.Address) }

func where(a Address) string {
	switch a.Scheme {
	case "unix":
		return a.Path
	case "ssh":
		return a.Host + ":" + a.Path
	}
	return a.network()
}

// dead reports whether err means that the connection is gone.
func dead(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed)
}

// explain makes an [*Error] of what reading or writing met.
func (w *wire) explain(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	var ne net.Error
	te, ssh := errors.AsType[*tunnel.Error](err)
	switch {
	case w.ctx.Err() != nil:
		return canceled(w.ctx)
	case ssh:
		return sshError(w.o.Address, te)
	case errors.Is(err, errLarge):
		return &Error{Kind: KindTooLarge, Err: err,
			Cause: "The answer is larger than the bound set for this site.", Fix: "Ask for less at a time, or raise the bound."}
	case isAlert(err):
		return alertError(w.where(), w.o.TLS, err)
	case errors.As(err, &ne) && ne.Timeout():
		return w.stalled(err)
	case dead(err) && w.in == 0:
		return w.hungUp(err)
	case dead(err):
		return &Error{Kind: KindProtocol, Err: err,
			Cause: fmt.Sprintf("%s hung up in the middle of an answer, after %d bytes.", w.where(), w.in),
			Fix:   "The core was restarted or has crashed; if it happens again and again, see its log."}
	}
	return &Error{Kind: KindProtocol, Err: err,
		Cause: fmt.Sprintf("Talking to %s failed: %s.", w.where(), plain(err)), Fix: "See the core's log."}
}

// stalled explains a deadline that passed.
func (w *wire) stalled(err error) *Error {
	took := short(time.Since(w.began))
	if w.in > 0 {
		return &Error{Kind: KindSlow, Err: err,
			Cause: fmt.Sprintf("%s began to answer and then stalled: %d bytes in %s.", w.where(), w.in, took),
			Fix:   "The core or the network in between is overloaded, or something in between speaks another protocol."}
	}
	e := &Error{Kind: KindSilent, Err: err,
		Cause: fmt.Sprintf("%s accepted the connection but gave no answer to a Livestatus query within %s.", w.where(), took)}
	switch w.o.Scheme {
	case "unix", "ssh":
		e.Fix = "The core is busy or hangs, or other programs hold all its Livestatus connections (MK Livestatus has 10, Icinga 2 twice its number of cores)."
	default:
		e.Fix = fmt.Sprintf("The core is busy or hangs, or all its Livestatus connections are taken, or another service listens there. With xinetd in front: only_from in /etc/xinetd.d/livestatus must contain our address %s.", localIP(w.Conn))
	}
	return e
}

// hungUp explains a connection that was closed before a byte came.
func (w *wire) hungUp(err error) *Error {
	e := &Error{Kind: KindHangup, Err: err}
	if w.o.Scheme == "unix" || w.o.Scheme == "ssh" {
		e.Cause = fmt.Sprintf("The core closed the connection on %s without an answer.", w.where())
		e.Fix = "It is stopping or reloading, or the socket is that of another service. See the core's log if it goes on."
		return e
	}
	e.Cause = fmt.Sprintf("%s answers but hangs up before Livestatus speaks. Usually xinetd's only_from lacks our address %s.", w.where(), localIP(w.Conn))
	e.Fix = fmt.Sprintf("Add %s to only_from in /etc/xinetd.d/livestatus and reload xinetd (journalctl -u xinetd shows who was refused); per_source and instances there are other limits. If it worked before, the core behind xinetd is down or reloading.", localIP(w.Conn))
	return e
}

// alive reports whether a kept connection can carry another request: nothing
// came in meanwhile, not even its end.
func (w *wire) alive() bool {
	c := w.Conn
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if t, ok := c.(interface{ Quiet() bool }); ok {
		return t.Quiet()
	}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return true // found out by using it
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, rerr := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = rerr == syscall.EAGAIN
		return true
	})
	return err == nil && quiet
}

// halfClose says that no further request follows, where the transport can.
func (w *wire) halfClose() {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}
