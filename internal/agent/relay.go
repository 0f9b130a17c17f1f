package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// A Core is what an agent makes reachable. Safe for concurrent use.
type Core interface {
	lql.Sender
	// Converse serves one conversation until either end closes it, or says why
	// it cannot before ready was called; an error that is not an
	// [*livestatus.Error] is only logged. ready must be called before the first
	// byte is written to c.
	Converse(ctx context.Context, c net.Conn, ready func() error) error
}

// A Socket is a core with a Livestatus of its own.
type Socket struct {
	address livestatus.Address
	client  *livestatus.Client
}

// NewSocket returns the core behind an address. It does not connect.
func NewSocket(address livestatus.Address, log *slog.Logger) *Socket {
	return &Socket{address: address, client: livestatus.NewClient(livestatus.Options{Address: address, Log: log})}
}

// Close ends idle connections.
func (s *Socket) Close() error { return s.client.Close() }

// Send implements [lql.Sender].
func (s *Socket) Send(ctx context.Context, c lql.Command) error { return s.client.Send(ctx, c) }

// Bounds of one conversation.
const (
	requestMost    = 1 << 20          // bytes of a request
	requestTimeout = 30 * time.Second // for a request that has begun
	idleTimeout    = 5 * time.Minute  // between two requests; also the longest wait
)

// Converse implements [Core]: it hands on the requests that package lql
// understands, printed anew, and refuses others and commands. Answers pass as
// they are.
func (s *Socket) Converse(ctx context.Context, c net.Conn, ready func() error) error {
	core, err := livestatus.Connect(ctx, livestatus.Options{Address: s.address, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer core.Close()
	if err := ready(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { core.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		// What the core says; its end is the end of the conversation.
		_, _ = io.Copy(c, core) // either end may be gone
		_ = c.SetReadDeadline(time.Unix(1, 0))
		if h, ok := c.(interface{ CloseWrite() error }); ok {
			_ = h.CloseWrite() // the other end may be gone
		}
	})
	err = s.requests(c, core)
	if err == nil || errors.Is(err, io.EOF) {
		// Nothing more is asked; the last answer may still come.
		if h, ok := core.(interface{ CloseWrite() error }); ok && h.CloseWrite() == nil {
			return nil
		}
	}
	core.Close()
	return err
}

// requests hands on requests until there are no more.
func (s *Socket) requests(c net.Conn, core net.Conn) error {
	r := lql.NewReader(c, lql.Limits{Line: requestMost, Request: requestMost})
	for {
		_ = c.SetReadDeadline(time.Now().Add(idleTimeout)) // never fails
		if err := r.Wait(); err != nil {
			return err
		}
		_ = c.SetReadDeadline(time.Now().Add(requestTimeout)) // never fails
		text, err := r.Next()
		if err != nil {
			return err
		}
		req, err := lql.ParseRequest(text)
		switch {
		case err != nil:
			return refuse(c, "this is not a request: "+err.Error())
		case req.Command != nil:
			return refuse(c, "commands are not taken in a conversation, they go the way of orders: "+req.Command.Name)
		case req.Query.Wait != nil && (req.Query.Wait.Timeout <= 0 || req.Query.Wait.Timeout > idleTimeout):
			return refuse(c, "this would wait for too long")
		}
		_ = core.SetWriteDeadline(time.Now().Add(requestTimeout)) // never fails
		if _, err := core.Write(req.Query.AppendText(nil)); err != nil {
			return err
		}
	}
}

// refuse answers with an error and ends the conversation.
func refuse(c net.Conn, why string) error {
	line := clip(why) + "\n"
	_, err := c.Write(append(lql.AppendFixed16(nil, 400, len(line)), line...))
	return errors.Join(fmt.Errorf("%w: %s", errRequest, clip(why)), err)
}

// errRequest is the error of a conversation with a request that is not passed
// on.
var errRequest = errors.New("agent: refused a request")
