package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/yamux"

	"belvedere/internal/livestatus"
)

// What the opener of a conversation wants, its first line.
const (
	wantLivestatus = "livestatus"
	wantOrder      = "order"
	wantRenew      = "renew"
)

const (
	keepAlive       = 10 * time.Second // between two signs of life
	lineTimeout     = 30 * time.Second // without one, a line is given up
	openTimeout     = 20 * time.Second // for the other side to take a conversation
	closeTimeout    = 30 * time.Second // for the other side to end one
	helloTimeout    = 10 * time.Second // for the first line of a conversation
	streamWindow    = 2 << 20          // bytes under way in one conversation
	socketBuffer    = 256 << 10        // so that signs of life do not wait behind seconds of data
	conversations   = 32               // at once on one line
	messageMost     = 128 << 10        // of one line that is no Livestatus
	livestatusReady = "ok\n"
)

// A line is the connection between an agent and its server.
type line struct {
	*yamux.Session
	peer string // the other end's address
}

// newLine makes a line of a connection whose ends know each other. dialled is
// true on the side that connected; talks, if not nil, bounds the conversations
// that the other side may begin.
func newLine(c net.Conn, dialled bool, talks *bucket) (*line, error) {
	p, err := press(c)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	conf := &yamux.Config{
		AcceptBacklog: conversations, EnableKeepAlive: true, KeepAliveInterval: keepAlive, ConnectionWriteTimeout: lineTimeout,
		MaxStreamWindowSize: streamWindow, StreamOpenTimeout: openTimeout, StreamCloseTimeout: closeTimeout, LogOutput: io.Discard,
	}
	make := yamux.Server
	if dialled {
		make = yamux.Client
	}
	s, err := make(&guard{Conn: p, pings: bucket{most: pingsAtOnce, every: pingEvery}, talks: talks}, conf)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("agent: line: %w", err), p.Close())
	}
	return &line{Session: s, peer: c.RemoteAddr().String()}, nil
}

// smallBuffer bounds what the system holds to be sent.
func smallBuffer(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(socketBuffer) // slower signs of life if not
	}
}

// begin opens a conversation.
func (l *line) begin(ctx context.Context, want string) (*talk, error) {
	s, err := l.OpenStream()
	if err != nil {
		return nil, fmt.Errorf("agent: line: %w", err)
	}
	t := &talk{Stream: s}
	if d, ok := ctx.Deadline(); ok {
		_ = t.SetDeadline(d) // never fails
	}
	if _, err := io.WriteString(t, want+"\n"); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// accept takes conversations until the line ends, each in a goroutine of its
// own, and returns when the last one is over. The error says why the line ended.
func (l *line) accept(ctx context.Context, serve func(ctx context.Context, want string, t *talk)) (why error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, conversations)
	for {
		s, err := l.AcceptStream()
		if err != nil {
			why = err
			break
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			t := &talk{Stream: s}
			defer t.Close()
			stop := context.AfterFunc(ctx, func() { _ = t.SetDeadline(time.Unix(1, 0)) })
			defer stop()
			_ = t.SetReadDeadline(time.Now().Add(helloTimeout))
			want, err := t.message()
			if err != nil {
				return
			}
			_ = t.SetReadDeadline(time.Time{})
			serve(ctx, string(want), t)
		}()
	}
	cancel()
	for range conversations { // all have ended
		slots <- struct{}{}
	}
	return why
}

// A talk is one conversation on a line. Its errors are those of package net.
type talk struct {
	*yamux.Stream
	in *bufio.Reader // nil until lines are read
	// ready: the other side's first line, which says whether it can serve us, is
	// still to be read.
	ready bool
}

// lines returns what reads the conversation line by line.
func (t *talk) lines() *bufio.Reader {
	if t.in == nil {
		t.in = bufio.NewReaderSize(io.LimitReader(reader{t}, 1<<62), 4096)
	}
	return t.in
}

// reader reads a conversation below its buffer.
type reader struct{ t *talk }

func (r reader) Read(b []byte) (int, error) {
	n, err := r.t.Stream.Read(b)
	return n, known(err)
}

// Read reads what the other side says.
func (t *talk) Read(b []byte) (int, error) {
	if t.ready {
		text, err := t.message()
		if err != nil {
			return 0, err
		}
		t.ready = false
		if string(text)+"\n" != livestatusReady {
			return 0, told(text)
		}
	}
	if t.in != nil {
		return t.in.Read(b)
	}
	n, err := t.Stream.Read(b)
	return n, known(err)
}

// Write says something.
func (t *talk) Write(b []byte) (int, error) {
	n, err := t.Stream.Write(b)
	return n, known(err)
}

// CloseWrite says that nothing follows.
func (t *talk) CloseWrite() error { return known(t.Stream.Close()) }

// message reads one line, without its end.
func (t *talk) message() ([]byte, error) {
	var text []byte
	for {
		part, err := t.lines().ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > messageMost:
			return nil, errors.New("agent: the line is too long")
		case err == nil:
			return text[:len(text)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// say writes a value as one line.
func (t *talk) say(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("agent: say: %w", err)
	}
	_, err = t.Write(append(b, '\n'))
	return err
}

// hear reads a value that say wrote.
func (t *talk) hear(v any) error {
	text, err := t.message()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("agent: hear: %w", err)
	}
	return nil
}

// known turns the errors of a line into those of package net.
func known(err error) error {
	switch {
	case err == nil, err == io.EOF:
		return err
	case errors.Is(err, yamux.ErrSessionShutdown), errors.Is(err, yamux.ErrStreamClosed), errors.Is(err, yamux.ErrConnectionReset):
		return fmt.Errorf("agent: line: %w", net.ErrClosed)
	}
	return err
}

// A trouble is an error for people, as it is told on a line.
type trouble struct {
	Kind  livestatus.ErrKind `json:"kind"`
	Cause string             `json:"cause"`
	Fix   string             `json:"fix,omitempty"`
}

// troubleOf says what err means for people.
func troubleOf(err error) trouble {
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		return trouble{Kind: e.Kind, Cause: e.Cause, Fix: e.Fix}
	}
	return trouble{Kind: livestatus.KindProtocol, Cause: "The agent could not do this.", Fix: "See the log of the agent."}
}

// told is the error that the other side told. Its texts are cut: they come from
// elsewhere.
func told(text []byte) error {
	var t trouble
	if json.Unmarshal(text, &t) != nil || t.Cause == "" {
		return &livestatus.Error{Kind: livestatus.KindProtocol, Cause: "The agent answered with something that is not understood here.", Fix: "Run the same version on both sides."}
	}
	return t.error()
}

const toldMost = 500

func (t trouble) error() *livestatus.Error {
	return &livestatus.Error{Kind: t.Kind, Cause: "At the agent: " + clip(t.Cause), Fix: clip(t.Fix)}
}

// clip shortens a text that came from elsewhere, and makes one line of it that
// can do nothing to a terminal.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > toldMost {
		s = strings.ToValidUTF8(s[:toldMost], "") + "…"
	}
	return s
}
