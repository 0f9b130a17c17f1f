package testkit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// Timeouts and bounds of the simulated servers.
const (
	requestTimeout = 10 * time.Second  // between two reads of one request
	idleTimeout    = 300 * time.Second // between two requests
	maxLine        = 64 << 10
	maxLines       = 10000
	maxConns       = 512 // per core, beyond which connections are refused
)

// ListenTCP serves Livestatus on a loopback address such as "127.0.0.1:0" and
// returns the address bound. Other than loopback addresses are refused.
func (c *Core) ListenTCP(addr string) (net.Addr, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("testkit: listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("testkit: listen on %q: only loopback addresses are allowed", addr)
	}
	return c.listen("tcp", addr)
}

// ListenUnix serves Livestatus on a unix socket.
func (c *Core) ListenUnix(path string) error {
	_, err := c.listen("unix", path)
	return err
}

func (c *Core) listen(network, addr string) (net.Addr, error) {
	l, err := net.Listen(network, addr)
	if err != nil {
		return nil, fmt.Errorf("testkit: listen: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = l.Close()
		return nil, errors.New("testkit: listen: the core is closed")
	}
	d := &door{network: network, addr: l.Addr().String(), l: l}
	c.doors = append(c.doors, d)
	c.accept(l)
	return l.Addr(), nil
}

// accept runs the accept loop of a listener. The caller holds c.mu.
func (c *Core) accept(l net.Listener) {
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if !c.admit(conn) {
				_ = conn.Close()
			}
		}
	})
}

// admit starts serving a connection, unless the core is closed or full, or
// refuses since the connection was accepted.
func (c *Core) admit(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.fault.Kind == Refuse || len(c.conns) >= maxConns {
		return false
	}
	c.conns[conn] = struct{}{}
	c.wg.Go(func() {
		defer c.release(conn)
		c.serve(conn)
	})
	return true
}

func (c *Core) release(conn net.Conn) {
	_ = conn.Close()
	c.mu.Lock()
	delete(c.conns, conn)
	c.mu.Unlock()
}

// serve speaks with one client. Cores with few threads make it wait for one.
func (c *Core) serve(conn net.Conn) {
	s := &session{c: c, p: c.w.p, conn: conn, r: bufio.NewReaderSize(conn, maxLine)}
	if c.faulty(s) {
		return
	}
	if c.slots != nil {
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-c.done:
			return
		}
	}
	s.loop()
}

// A session is one connection.
type session struct {
	c     *Core
	p     *profile
	conn  net.Conn
	r     *bufio.Reader
	queue []string // lines read and not yet answered
	fault Fault
	heal  <-chan struct{} // closed when the fault changes
}

var errIncomplete = errors.New("testkit: incomplete request")

// read reads the lines of one request: up to an empty line, or to the end.
func (s *session) read() (lines []string, eof bool, err error) {
	wait := idleTimeout
	for {
		_ = s.conn.SetReadDeadline(time.Now().Add(wait))
		line, err := s.line()
		if err != nil {
			if errors.Is(err, io.EOF) && line == "" {
				if s.p.name == Icinga2 {
					lines = nil // without the empty line it answers nothing
				}
				return lines, true, nil
			}
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) {
				return lines, true, errIncomplete
			}
			return lines, true, err
		}
		if s.p.name != Icinga2 { // which holds half a request for long
			wait = requestTimeout
		}
		bare := strings.TrimRight(line, "\n")
		trimmed := strings.TrimRight(bare, " \t\r")
		if bare == "" || trimmed == "" && (s.p.name == Icinga2 || s.p.name == Shinken) {
			if len(lines) == 0 && len(s.queue) == 0 && s.p.name != Icinga2 {
				continue
			}
			return lines, false, nil
		}
		if trimmed != "" && len(lines) < maxLines {
			lines = append(lines, trimmed)
		}
	}
}

// line reads one line with its newline, or what came before the end.
func (s *session) line() (string, error) {
	b, err := s.r.ReadSlice('\n')
	return string(b), err
}

// loop answers request after request.
func (s *session) loop() {
	for {
		lines, eof, err := s.read()
		if err != nil {
			if s.p.name == Naemon && errors.Is(err, errIncomplete) {
				_ = s.write([]byte("Client connection terminated while request still incomplete\n"))
			}
			return
		}
		s.queue = append(s.queue, lines...)
		for len(s.queue) > 0 {
			again := s.next()
			if !again {
				return
			}
			if !eof {
				break
			}
		}
		if eof {
			return
		}
	}
}

// next answers the request at the head of the queue and reports whether the
// connection goes on.
func (s *session) next() bool {
	first := s.queue[0]
	switch {
	case strings.HasPrefix(first, "COMMAND"):
		return s.command()
	case strings.HasPrefix(first, "GET"):
		lines := s.queue
		s.queue = nil
		return s.get(lines)
	}
	fixed := false
	for _, l := range s.queue {
		fixed = fixed || strings.Contains(l, "fixed16")
	}
	s.queue = nil
	switch s.p.name {
	case Naemon:
		_ = s.write([]byte("Invalid request method\n"))
	case Shinken:
		if fixed {
			_ = s.write([]byte("200           1\n"))
		}
		_ = s.write([]byte("\n"))
	}
	return false
}

// get answers a GET request.
func (s *session) get(lines []string) bool {
	w := s.c.w
	q := s.p.parse(lines)
	if q.hangUp {
		return false
	}
	w.asked.Add(1)
	if q.code == 0 {
		s.c.wait(s, q)
	}
	if q.code != 0 {
		return s.fail(q) && (q.keep || s.p.name == Shinken)
	}
	if s.huge(q) {
		return false
	}
	w.mu.RLock()
	a := w.run(q)
	body := s.p.body(q, a)
	w.mu.RUnlock()
	if q.fixed16 {
		head := fmt.Appendf(nil, "200 %11d", len(body))
		if s.p.name == Icinga2 {
			head = append(head, q.seps[0])
		} else {
			head = append(head, '\n')
		}
		body = append(head, body...)
	}
	return s.write(body) == nil && (q.keep || s.p.name == Shinken)
}

// fail writes the error of a request and reports whether that worked.
func (s *session) fail(q *request) bool {
	text := q.msg
	if s.p.name != Icinga2 {
		text += "\n"
	}
	if q.fixed16 {
		return s.write(fmt.Appendf(nil, "%d %11d\n%s", q.code, len(text), text)) == nil
	}
	switch s.p.name {
	case Nagios4:
		text = "\n"
	case Icinga2:
		text = ""
	}
	return s.write([]byte(text)) == nil
}

// write sends bytes, slowly or in part if the core is told to misbehave.
func (s *session) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if done, err := s.misbehave(b); done {
		return err
	}
	return s.send(b)
}

// send writes bytes.
func (s *session) send(b []byte) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(60 * time.Second))
	if _, err := s.conn.Write(b); err != nil {
		return fmt.Errorf("testkit: write: %w", err)
	}
	return nil
}
