package chaos

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A line stands between an agent and its server, and does to bytes what lines
// do. Make it with newLine.
type line struct {
	to     string
	l      net.Listener
	wg     sync.WaitGroup
	delay  atomic.Int64 // most ns by which bytes are late
	silent atomic.Bool  // nothing passes, and nobody hangs up

	mu    sync.Mutex
	ended bool
	conns map[net.Conn]struct{}
}

// newLine listens on loopback for what goes to an address.
func newLine(to string) (*line, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	x := &line{to: to, l: l, conns: map[net.Conn]struct{}{}}
	x.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			x.wg.Go(func() { x.carry(c) })
		}
	})
	return x, nil
}

// carry passes bytes both ways until either side ends or the line is cut.
func (x *line) carry(c net.Conn) {
	up, err := net.DialTimeout("tcp", x.to, 5*time.Second)
	if err != nil {
		_ = c.Close()
		return
	}
	if !x.keep(c, up) {
		return
	}
	var wg sync.WaitGroup
	for _, pair := range [][2]net.Conn{{c, up}, {up, c}} {
		wg.Go(func() {
			x.pass(pair[0], pair[1])
			_ = c.Close()
			_ = up.Close()
		})
	}
	wg.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.conns, c)
	delete(x.conns, up)
}

// keep notes connections to be cut; false when the line has ended.
func (x *line) keep(conns ...net.Conn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range conns {
		if x.ended {
			_ = c.Close()
			continue
		}
		x.conns[c] = struct{}{}
	}
	return !x.ended
}

func (x *line) pass(to io.Writer, from io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		for x.silent.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if most := x.delay.Load(); most > 0 {
			time.Sleep(time.Duration(rand.Int64N(most)))
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut ends all connections.
func (x *line) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.conns {
		_ = c.Close()
	}
}

// close ends the line.
func (x *line) close() {
	x.silent.Store(false)
	_ = x.l.Close()
	x.mu.Lock()
	x.ended = true
	x.mu.Unlock()
	x.cut()
	x.wg.Wait()
}
