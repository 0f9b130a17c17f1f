package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// A mode is how a line opens the socket.
type mode int32

const (
	unknown   mode = iota
	byServer       // direct-streamlocal
	byCommand      // a command that connects its input and output to the socket
)

// mostSaid bounds what we keep of what a command writes to its error output.
const mostSaid = 2 << 10

// Open opens the socket. The errors are [*Error] and those of ctx.
func (l *Line) Open(ctx context.Context) (net.Conn, error) {
	if mode(l.mode.Load()) == byCommand {
		return l.command(ctx)
	}
	c, err := l.client.DialContext(ctx, "unix", l.path)
	if err == nil {
		l.mode.Store(int32(byServer))
		return newConn(channel{Reader: c, WriteCloser: sending{c}, close: c.Close, why: func() error { return nil }}, nil), nil
	}
	var refused *ssh.OpenChannelError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !errors.As(err, &refused):
		return nil, &Error{Reason: ReasonLost, Err: err}
	}
	// OpenSSH gives the same answer for a socket that is not there and for
	// forwarding that is switched off: a look from there tells.
	if err := l.look(ctx); err != nil {
		return nil, err
	}
	return l.command(ctx)
}

// sending closes the sending half of a forwarded channel.
type sending struct{ net.Conn }

func (s sending) Close() error {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return s.Conn.Close()
}

// lookTime bounds a look: what takes longer is a forced command that waits.
const lookTime = 4 * time.Second

// look runs a command that says whether a command could open the socket; nil
// if it could, or if the answer is none of ours, as with a forced command.
func (l *Line) look(ctx context.Context) error {
	run, err := l.start(ctx, script(l.path, "echo belvedere: ready >&2; exit 0"))
	if err != nil {
		return err
	}
	lctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	defer context.AfterFunc(lctx, func() { run.session.Close() })()
	run.in.Close()
	// What is no script of ours may complain on its output.
	_, _ = io.Copy(run.said, io.LimitReader(run.out, mostSaid))
	err = run.why()
	run.session.Close()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case lctx.Err() != nil:
		return nil
	}
	return err
}

// command opens the socket with a command.
func (l *Line) command(ctx context.Context) (net.Conn, error) {
	run, err := l.start(ctx, script(l.path, ""))
	if err != nil {
		return nil, err
	}
	l.mode.Store(int32(byCommand))
	c := channel{Reader: run.out, WriteCloser: run.in, close: run.session.Close, why: run.why}
	return newConn(c, func() { l.mode.Store(int32(unknown)) }), nil
}

// A running is a command at the other end.
type running struct {
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
	said    *tail
}

// start runs a command, or says that none may be run.
func (l *Line) start(ctx context.Context, text string) (*running, error) {
	type result struct {
		run *running
		err error
	}
	done := make(chan result, 1)
	go func() { // the library has no contexts here; the line's end ends it
		run, err := startNow(l.client, text)
		done <- result{run, err}
	}()
	select {
	case r := <-done:
		return r.run, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				r.run.session.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

func startNow(client *ssh.Client, text string) (*running, error) {
	s, err := client.NewSession()
	var refused *ssh.OpenChannelError
	switch {
	case errors.As(err, &refused):
		return nil, &Error{Reason: ReasonNoCommand, Err: err}
	case err != nil:
		return nil, &Error{Reason: ReasonLost, Err: err}
	}
	run := &running{session: s, said: &tail{}}
	s.Stderr = run.said
	if run.in, err = s.StdinPipe(); err == nil {
		run.out, err = s.StdoutPipe()
	}
	if err == nil {
		err = s.Start(text)
	}
	if err != nil {
		s.Close()
		return nil, &Error{Reason: ReasonNoCommand, Err: err}
	}
	return run, nil
}

// why waits for the end of a command whose output has ended, and says why it
// did; nil if it ended well or for reasons of its own.
func (r *running) why() error {
	err := r.session.Wait()
	text := r.said.String()
	for word, reason := range map[string]Reason{"nosocket": ReasonNoSocket, "notsocket": ReasonNoSocket, "denied": ReasonDenied, "nohelper": ReasonNoHelper} {
		if strings.Contains(text, "belvedere: "+word) {
			return &Error{Reason: reason, Err: fmt.Errorf("tunnel: the command there says %s", word)}
		}
	}
	line := strings.TrimSpace(firstLine(text))
	lower := strings.ToLower(text)
	var exit *ssh.ExitError
	switch {
	case strings.Contains(lower, "permission denied"):
		return &Error{Reason: ReasonDenied, Text: line, Err: err}
	case strings.Contains(lower, "connection refused"), strings.HasPrefix(line, "Couldn't connect to UNIX-socket"):
		return &Error{Reason: ReasonAway, Text: line, Err: err}
	case strings.Contains(lower, "no such file"):
		return &Error{Reason: ReasonNoSocket, Text: line, Err: err}
	case errors.As(err, &exit):
		return &Error{Reason: ReasonNoCommand, Text: line, Err: err}
	}
	return nil
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimLeft(s, "\r\n"), "\n")
	return s
}

// A tail keeps the beginning of what is written to it. Safe for concurrent use.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b.Write(p[:min(len(p), mostSaid-t.b.Len())])
	return len(p), nil
}

// String returns what was kept, without control characters but newlines.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(t.b.String(), "?"))
}
