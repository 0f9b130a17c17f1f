package tunnel

import (
	"context"
	"net"
	"sync"
	"time"
)

// Times of a pool.
const (
	connectTime = 20 * time.Second // for connecting and the login
	unusedTime  = 30 * time.Second // how long a line without channels is kept
)

// Options are what a Pool needs.
type Options struct {
	// KnownHosts is the file with the host keys of servers, in the form of
	// OpenSSH. Keys that are accepted are added to it. It need not exist; "":
	// none, so only those of a [Way] count.
	KnownHosts string
	// Dial makes TCP connections; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Pool keeps one line for each way while it is used. It is safe for
// concurrent use; Close it when done.
type Pool struct {
	o Options

	mu     sync.Mutex
	lines  map[Way]*shared
	closed bool
}

// A shared is a line with those who use it.
type shared struct {
	ready chan struct{} // closed when line and err are set
	line  *Line
	err   error

	users int         // channels, and those who wait for one; under Pool.mu
	idle  *time.Timer // closes it; under Pool.mu
}

// NewPool returns a pool without lines.
func NewPool(o Options) *Pool {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	return &Pool{o: o, lines: map[Way]*shared{}}
}

// KnownHosts returns the file of host keys.
func (p *Pool) KnownHosts() string { return p.o.KnownHosts }

// Dial opens the socket of a way, over the line there is or a new one. The
// errors are [*Error] and those of ctx. The line ends some time after the last
// of its connections was closed.
func (p *Pool) Dial(ctx context.Context, w Way) (net.Conn, error) {
	s, err := p.use(w)
	if err != nil {
		return nil, err
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		p.leave(w, s)
		return nil, ctx.Err()
	}
	if s.err != nil {
		p.leave(w, s)
		return nil, s.err
	}
	c, err := s.line.Open(ctx)
	if err != nil {
		p.leave(w, s)
		return nil, err
	}
	return &counted{Conn: c, inner: c.(*conn), leave: sync.OnceFunc(func() { p.leave(w, s) })}, nil
}

// counted is a connection that a pool counts.
type counted struct {
	net.Conn
	inner *conn
	leave func()
}

// Close ends it.
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite says that nothing more is sent.
func (c *counted) CloseWrite() error { return c.inner.CloseWrite() }

// Quiet reports whether nothing came that was not read, not even the end.
func (c *counted) Quiet() bool { return c.inner.Quiet() }

// use returns the line of a way, which may not be ready, and counts the caller.
func (p *Pool) use(w Way) (*shared, error) {
	accept := w.Accept
	w.Accept = ""
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &Error{Reason: ReasonLost, Err: net.ErrClosed}
	}
	s := p.lines[w]
	if s != nil && s.dead() {
		s = nil
	}
	if s == nil {
		s = &shared{ready: make(chan struct{})}
		p.lines[w] = s
		n := w
		n.Accept = accept
		go p.connect(n, s)
	}
	s.users++
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	return s, nil
}

// dead reports whether the line has ended or could not be made.
func (s *shared) dead() bool {
	select {
	case <-s.ready:
	default:
		return false
	}
	if s.err != nil {
		return true
	}
	select {
	case <-s.line.Gone():
		return true
	default:
		return false
	}
}

// connect makes the line.
func (p *Pool) connect(w Way, s *shared) {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	raw, err := p.o.Dial(ctx, "tcp", net.JoinHostPort(w.Host, w.Port))
	if err != nil {
		s.err = &Error{Reason: ReasonConnect, Err: err}
	} else {
		s.line, s.err = Login(ctx, raw, p.o.KnownHosts, w)
	}
	close(s.ready)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed && s.line != nil {
		s.line.Close()
	}
}

// leave counts one user less.
func (p *Pool) leave(w Way, s *shared) {
	w.Accept = ""
	p.mu.Lock()
	defer p.mu.Unlock()
	s.users--
	if s.users > 0 {
		return
	}
	if s.dead() {
		if p.lines[w] == s {
			delete(p.lines, w)
		}
		return
	}
	if !p.closed {
		s.idle = time.AfterFunc(unusedTime, func() { p.expire(w, s) })
	}
}

// expire ends a line that nobody has used for some time.
func (p *Pool) expire(w Way, s *shared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users > 0 {
		return
	}
	if p.lines[w] == s {
		delete(p.lines, w)
	}
	select {
	case <-s.ready:
		if s.line != nil {
			s.line.Close()
		}
	default: // its time for connecting is shorter than ours
	}
}

// Close ends all lines; later calls of Dial fail. It may be called more than
// once.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.lines {
		if s.idle != nil {
			s.idle.Stop()
		}
		select {
		case <-s.ready:
			if s.line != nil {
				s.line.Close()
			}
		default: // connect closes it
		}
	}
	clear(p.lines)
}
