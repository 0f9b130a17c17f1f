package testkit

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

// FaultKind is a way to misbehave on the wire.
type FaultKind uint8

// The faults.
const (
	Healthy        FaultKind = iota
	Hang                     // accepts, reads, never answers
	Drip                     // answers with one byte a second
	CloseNow                 // accepts and closes
	HalfRow                  // sends half an answer, then nothing
	Garbage                  // answers with random bytes and closes
	HTTP                     // answers as a web server
	SSH                      // greets as an SSH server
	XinetdNoSocket           // answers as xinetd with unixcat when the core is down
	Huge                     // streams ten million rows of hosts, services, comments, downtimes and log
	Slow                     // answers after Fault.Latency
	Refuse                   // the listeners are closed
)

// A Fault is a way to misbehave. The zero Fault is none.
type Fault struct {
	Kind    FaultKind
	Latency time.Duration // Slow
}

// hugeRows is how many rows Huge streams.
const hugeRows = 10_000_000

// SetFault makes the core misbehave on the wire, or well again. Connections
// that are open when it changes are closed. A unix socket that Refuse closed
// is made again when the fault is over.
func (c *Core) SetFault(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.fault = f
	close(c.heal)
	c.heal = make(chan struct{})
	c.hangUp()
	for _, d := range c.doors {
		switch {
		case f.Kind == Refuse && d.l != nil:
			_ = d.l.Close()
			d.l = nil
		case f.Kind != Refuse && d.l == nil:
			if l, err := net.Listen(d.network, d.addr); err == nil {
				d.l = l
				c.accept(l)
			}
		}
	}
}

// hangUp closes all connections. The caller holds c.mu.
func (c *Core) hangUp() {
	for conn := range c.conns {
		_ = conn.Close()
	}
}

// faulty plays the fault that is set; it reports whether the connection is
// done with.
func (c *Core) faulty(s *session) bool {
	c.mu.Lock()
	s.fault, s.heal = c.fault, c.heal
	c.mu.Unlock()
	switch s.fault.Kind {
	case Hang:
		_, _ = io.Copy(io.Discard, s.conn)
		s.hang()
	case CloseNow:
	case SSH:
		_ = s.send([]byte("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"))
		if _, err := s.line(); err == nil {
			_ = s.send([]byte("Invalid SSH identification string.\r\n"))
		}
	case HTTP:
		if _, err := s.line(); err == nil {
			body := "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
			_ = s.send(fmt.Appendf(nil, "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body))
		}
	case XinetdNoSocket:
		_ = s.send([]byte("No UNIX socket /var/cache/naemon/live existing\n"))
	case Garbage:
		if _, err := s.line(); err == nil {
			b := make([]byte, 4096)
			r := rand.New(rand.NewPCG(c.w.o.Seed, 1))
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			_ = s.send(b)
		}
	default:
		return false
	}
	s.drain()
	return true
}

// drain reads what the client has sent, so that closing does not reset the
// connection before the client has read our last words.
func (s *session) drain() {
	if cw, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = cw.CloseWrite()
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = io.CopyN(io.Discard, s.conn, 1<<20)
}

// hang rests until the fault is over or the core closed.
func (s *session) hang() {
	select {
	case <-s.heal:
	case <-s.c.done:
	}
}

// misbehave sends an answer the way the fault wants it; it reports whether
// that is dealt with.
func (s *session) misbehave(b []byte) (done bool, err error) {
	switch s.fault.Kind {
	case Drip:
		for i := range b {
			if err := s.send(b[i : i+1]); err != nil || !s.c.rest(time.Second, s.heal) {
				return true, io.ErrClosedPipe
			}
		}
		return true, nil
	case HalfRow:
		end := len(b) / 2
		for end > 0 && end < len(b)-1 && (b[end] == '\n' || b[end] == ';' || b[end] == ',') {
			end++
		}
		if end == 0 {
			return false, nil
		}
		_ = s.send(b[:end])
		s.hang()
		return true, io.ErrClosedPipe
	case Slow:
		if !s.c.rest(s.fault.Latency, s.heal) {
			return true, io.ErrClosedPipe
		}
	}
	return false, nil
}

// huge streams very many rows, if the fault wants that for the request.
func (s *session) huge(q *request) bool {
	switch q.table {
	case "hosts", "services", "comments", "downtimes", "log":
	default:
		return false
	}
	if s.fault.Kind != Huge || len(q.stats) > 0 {
		return false
	}
	const mark = "\x00"
	t := s.p.tables[q.table]
	row := []value{}
	for _, col := range s.c.w.columns(q, t) {
		v := emptyOf(col.typ)
		if v.kind == vText {
			v = vt("row " + mark)
		}
		row = append(row, v)
	}
	a := &answer{rows: [][]value{row, row}}
	two := s.p.body(q, a)
	a.rows = a.rows[:1]
	one := s.p.body(q, a)
	// one is head, row, tail; two is head, row, separator, row, tail.
	head, tail := []byte{}, []byte{}
	if q.format != "csv" && q.format != "CSV" {
		head, tail = []byte("["), one[bytes.LastIndexByte(one, ']'):]
	}
	unit := one[len(head) : len(one)-len(tail)]
	sep := two[len(head)+len(unit) : len(two)-len(tail)-len(unit)]
	unit = bytes.ReplaceAll(unit, []byte(`\u0000`), []byte(mark))
	width := len(unit) + bytes.Count(unit, []byte(mark))*(8-len(mark))
	if q.fixed16 {
		size := len(head) + len(tail) + hugeRows*width + (hugeRows-1)*len(sep)
		if s.send(fmt.Appendf(nil, "200 %11d\n", size)) != nil {
			return true
		}
	}
	parts := strings.Split(string(unit), mark)
	buf := append([]byte{}, head...)
	for i := range hugeRows {
		if i > 0 {
			buf = append(buf, sep...)
		}
		for j, p := range parts {
			if j > 0 {
				buf = fmt.Appendf(buf, "%08d", i)
			}
			buf = append(buf, p...)
		}
		if len(buf) > 64<<10 {
			if s.send(buf) != nil {
				return true
			}
			buf = buf[:0]
		}
	}
	_ = s.send(append(buf, tail...))
	return true
}
