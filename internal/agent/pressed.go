package agent

import (
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// window is how far back compression looks; what the other side asks for
// beyond it is refused, so that it cannot make us hold more.
const window = 1 << 20

// A pressed connection is compressed both ways. What is written leaves at once:
// whoever writes while something is under way is sent together with it.
type pressed struct {
	net.Conn
	in  *zstd.Decoder
	out *zstd.Encoder

	mu     sync.Mutex // out and err
	err    error      // why nothing can be sent any more
	wake   chan struct{}
	done   chan struct{}
	closed sync.Once
}

// press compresses a connection. The other side must do so too.
func press(c net.Conn) (*pressed, error) {
	in, err := zstd.NewReader(c, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("agent: compression: %w", err)
	}
	out, err := zstd.NewWriter(c, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("agent: compression: %w", err)
	}
	p := &pressed{Conn: c, in: in, out: out, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go p.flush()
	return p, nil
}

// Read reads what the other side wrote.
func (p *pressed) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("agent: line: %w", err)
	}
	return n, err
}

// Write compresses b; it is on its way soon after.
func (p *pressed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.out.Write(b)
	if err != nil {
		p.err = err
		return n, err
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return n, nil
}

// flush sends what was written, until the connection is closed.
func (p *pressed) flush() {
	for {
		select {
		case <-p.done:
			return
		case <-p.wake:
		}
		p.mu.Lock()
		if p.err == nil {
			p.err = p.out.Flush()
		}
		failed := p.err != nil
		p.mu.Unlock()
		if failed {
			_ = p.Conn.Close() // so that the reader learns of it
			return
		}
	}
}

// Close ends the connection and frees what compression holds.
func (p *pressed) Close() error {
	err := p.Conn.Close()
	p.closed.Do(func() {
		close(p.done)
		p.mu.Lock()
		if p.err == nil {
			p.err = net.ErrClosed
		}
		p.mu.Unlock()
	})
	return err
}
