package corefiles

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/lql"
)

const (
	// answerMost is how long a query handler may take if the context says
	// nothing else: it answers between two other things that the core does.
	answerMost = 10 * time.Second
	// reasonMost bounds an answer, in bytes.
	reasonMost = 4 << 10
)

// Why a query handler did not take a command: after ErrNoHandler the core does
// not have it, after ErrNoAnswer nobody knows.
var (
	ErrNoHandler = errors.New("the core takes no commands over its query handler")
	ErrNoAnswer  = errors.New("the query handler did not answer; the command may or may not have been taken")
)

// A RefusedError is the core's own reason against a command.
type RefusedError struct {
	Code   int
	Reason string // one line
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("corefiles: the core refused the command: %d: %s", e.Code, e.Reason)
}

// A QueryHandler is the socket of the query handler of a Naemon, by its path.
// That of a Nagios takes no commands. Its methods are safe for concurrent use.
type QueryHandler string

// Send has the core take a command, and returns what it answers: nil, or a
// [*RefusedError]. It waits until ctx ends, 10 s at most. Other errors wrap
// [ErrNoHandler], [ErrNoAnswer] or [ErrUnsafe].
func (h QueryHandler) Send(ctx context.Context, c lql.Command) error {
	line, err := pipeLine(&c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerMost)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", string(h))
	if err != nil {
		return fmt.Errorf("corefiles: query handler: %w: %w", ErrNoHandler, err)
	}
	defer conn.Close()
	end, _ := ctx.Deadline()
	if err := conn.SetDeadline(end); err != nil {
		return fmt.Errorf("corefiles: query handler: %w: %w", ErrNoHandler, err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	request := append([]byte("@command run "), bytes.TrimSuffix(line, []byte{'\n'})...)
	if _, err := conn.Write(append(request, 0)); err != nil { // the core reads up to the NUL
		return fmt.Errorf("corefiles: query handler: %w: %w", ErrNoHandler, err)
	}
	answer, err := readAnswer(conn)
	if err != nil {
		return fmt.Errorf("corefiles: query handler: %w: %w", ErrNoAnswer, err)
	}
	return judge(answer)
}

// readAnswer reads up to a NUL, or to the end where the core leaves that out.
func readAnswer(r io.Reader) (string, error) {
	var answer []byte
	for buf := make([]byte, 512); ; {
		n, err := r.Read(buf)
		answer = append(answer, buf[:n]...)
		if text, _, ended := bytes.Cut(answer, []byte{0}); ended {
			return string(text), nil
		}
		switch {
		case len(answer) > reasonMost:
			return "", errors.New("its answer has no end")
		case errors.Is(err, io.EOF) && len(answer) > 0:
			return string(answer), nil
		case err != nil:
			return "", err
		}
	}
}

// judge says what an answer such as "400: Unknown command" means.
func judge(answer string) error {
	number, reason, _ := strings.Cut(answer, ":")
	code, err := strconv.Atoi(strings.TrimSpace(number))
	switch {
	case err != nil:
		return fmt.Errorf("corefiles: query handler: %w: it says %.100q", ErrNoAnswer, answer)
	case code == 200:
		return nil
	case code == 404 || code == 503: // there is no such handler, or it is not let in
		return fmt.Errorf("corefiles: query handler: %w: %.100q", ErrNoHandler, answer)
	}
	return &RefusedError{Code: code, Reason: strings.Join(strings.Fields(strings.ToValidUTF8(reason, "\uFFFD")), " ")}
}
