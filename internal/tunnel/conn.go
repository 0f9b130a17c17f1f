package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// closeTime is how long the other side may take to let go of a channel that
// was closed; then it is dropped.
const closeTime = 5 * time.Second

// A channel is what an SSH connection gives: a stream without deadlines.
type channel struct {
	io.Reader
	io.WriteCloser              // closes the sending half
	close          func() error // ends it, both halves
	why            func() error // says why the reading half ended; called once
}

// A conn is a channel with deadlines, a [net.Conn]. Two goroutines carry the
// data; they end with it, at the latest closeTime after Close or with the line.
type conn struct {
	net.Conn // our end of a pipe
	theirs   net.Conn
	ch       channel
	unused   func() // called if it ends before a byte came; may be nil

	came atomic.Int64 // bytes from the other side
	read atomic.Int64 // bytes of those that were read
	over atomic.Bool  // the other side has ended
	shut sync.Once
	gone chan struct{} // closed when the sending goroutine has ended

	mu     sync.Mutex
	reason error // why the other side ended without a byte; nil: it just did
	wrote  int64 // bytes given to Write
	sent   int64 // bytes of those on their way
	half   bool  // nothing more is written
	halved bool  // and the other side was told
}

func newConn(ch channel, unused func()) *conn {
	ours, theirs := net.Pipe()
	c := &conn{Conn: ours, theirs: theirs, ch: ch, unused: unused, gone: make(chan struct{})}
	go c.send()
	go c.receive()
	return c
}

// send carries what we write.
func (c *conn) send() {
	defer close(c.gone)
	var buf [32 << 10]byte
	for {
		n, err := c.theirs.Read(buf[:])
		if n > 0 {
			if _, werr := c.ch.Write(buf[:n]); werr != nil {
				err = werr // whoever reads hears of it
			}
		}
		c.mu.Lock()
		c.sent += int64(n)
		c.half = c.half || err != nil
		c.halve(err != nil)
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// halve tells the other side that no more comes, if that is so. mu is held.
func (c *conn) halve(failed bool) {
	if c.half && !c.halved && (failed || c.sent == c.wrote) {
		c.halved = true
		c.ch.WriteCloser.Close()
	}
}

// receive carries what the other side writes.
func (c *conn) receive() {
	var buf [32 << 10]byte
	for {
		n, err := c.ch.Read(buf[:])
		if n > 0 {
			c.came.Add(int64(n))
			if _, werr := c.theirs.Write(buf[:n]); werr != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	c.over.Store(true)
	c.end()
}

// end tells the reader that no more comes.
func (c *conn) end() {
	stop := time.AfterFunc(closeTime, func() { c.ch.close() })
	defer stop.Stop()
	err := c.ch.why()
	if c.came.Load() > 0 {
		err = nil // it worked, so this is about the end of it
	}
	c.mu.Lock()
	c.reason = err
	c.mu.Unlock()
	if c.came.Load() == 0 && c.unused != nil {
		c.unused()
	}
	c.theirs.Close()
}

// Read reads; an end whose reason is known is that error.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	if errors.Is(err, io.EOF) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.reason != nil {
			return n, c.reason
		}
	}
	return n, err
}

// Write writes.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	c.wrote += int64(n)
	c.mu.Unlock()
	return n, err
}

// Quiet reports whether nothing came that was not read, not even the end.
func (c *conn) Quiet() bool { return !c.over.Load() && c.came.Load() == c.read.Load() }

// CloseWrite says that nothing more is written.
func (c *conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.half = true
	c.halve(false)
	return nil
}

// Close ends the connection; what was written is still sent.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.shut.Do(func() {
		go func() {
			select {
			case <-c.gone:
			case <-time.After(closeTime):
			}
			c.ch.close()
			c.theirs.Close()
		}()
	})
	return err
}
