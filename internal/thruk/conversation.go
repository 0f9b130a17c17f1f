package thruk

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"belvedere/internal/livestatus"
)

// requestMost bounds one request in bytes.
const requestMost = 16 << 20

// A conversation is one request to a core and its answer, as a connection:
// what is written is kept until the first Read, which has Thruk ask it.
type conversation struct {
	c      *Client
	name   string // of the backend
	ctx    context.Context
	cancel context.CancelCauseFunc

	request []byte // of the one goroutine that uses it, like what follows
	answer  *bytes.Reader
	err     error

	mu    sync.Mutex
	timer *time.Timer // ends it at the deadline
}

// converse begins a conversation with the core of a backend. It does not
// connect. The end of ctx does not end it.
func (c *Client) converse(ctx context.Context, key string) (net.Conn, error) {
	name, err := c.nameOf(key)
	if err != nil {
		return nil, err
	}
	v := &conversation{c: c, name: name}
	v.ctx, v.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	return v, nil
}

// Write keeps what is asked.
func (v *conversation) Write(p []byte) (int, error) {
	if len(v.request)+len(p) > requestMost {
		return 0, &livestatus.Error{Kind: livestatus.KindRequest, Cause: "The request is too long for Thruk.", Fix: "Ask for less at a time."}
	}
	v.request = append(v.request, p...)
	return len(p), nil
}

// Read gives the answer; the first one waits for all of it. Errors are
// [*livestatus.Error], or a timeout.
func (v *conversation) Read(p []byte) (int, error) {
	if v.answer == nil && v.err == nil {
		var answer []byte
		for again := false; ; again = true {
			answer, _, v.err = v.c.ask(v.ctx, v.name, v.request)
			e, ok := errors.AsType[*replyError](v.err)
			// The connection that Thruk kept was dead.
			if again || !ok || !strings.Contains(e.text, "broken pipe") {
				break
			}
		}
		v.answer = bytes.NewReader(answer)
	}
	switch {
	case v.err != nil && errors.Is(context.Cause(v.ctx), os.ErrDeadlineExceeded):
		return 0, os.ErrDeadlineExceeded
	case v.err != nil:
		return 0, v.err
	}
	return v.answer.Read(p)
}

// Close ends it.
func (v *conversation) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.timer != nil {
		v.timer.Stop()
	}
	v.cancel(net.ErrClosed)
	return nil
}

// SetReadDeadline ends the conversation at a time, unless another is set
// before.
func (v *conversation) SetReadDeadline(t time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.timer != nil {
		v.timer.Stop()
	}
	if t.IsZero() {
		return nil
	}
	v.timer = time.AfterFunc(time.Until(t), func() { v.cancel(os.ErrDeadlineExceeded) })
	return nil
}

// SetDeadline is SetReadDeadline: writing never waits.
func (v *conversation) SetDeadline(t time.Time) error { return v.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writing never waits.
func (v *conversation) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is of no network.
func (v *conversation) LocalAddr() net.Addr { return place{v.c.base} }

// RemoteAddr is that of Thruk.
func (v *conversation) RemoteAddr() net.Addr { return place{v.c.base} }

// A place is the address of a Thruk.
type place struct{ base string }

// Network implements [net.Addr].
func (place) Network() string { return "http" }

func (p place) String() string { return p.base }
