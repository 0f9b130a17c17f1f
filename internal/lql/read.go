package lql

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits bound what a [Reader] takes. Zero values stand for the defaults.
type Limits struct {
	Line    int // bytes of a line with its end; 1 MiB
	Request int // bytes of a request; 10 MiB
	Lines   int // lines of a request; 10,000
}

func (l Limits) orDefault() Limits {
	if l.Line <= 0 {
		l.Line = 1 << 20
	}
	if l.Request <= 0 {
		l.Request = 10 << 20
	}
	if l.Lines <= 0 {
		l.Lines = 10_000
	}
	return l
}

// A Reader splits a stream into requests. It reads no further than the end of
// a request that is there already, so that pipelined requests wait their turn.
// It is for one goroutine.
type Reader struct {
	in     *bufio.Reader
	limits Limits
	block  strings.Builder
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader, limits Limits) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 4096), limits: limits.orDefault()}
}

// Buffered returns how many bytes were read ahead of the last request.
func (r *Reader) Buffered() int { return r.in.Buffered() }

// Wait blocks until something of the next request has arrived, passing over
// empty lines. It returns [io.EOF] if nothing more will come. A server calls it
// with the deadline for idle connections, and Next with that for slow ones.
func (r *Reader) Wait() error {
	for {
		b, err := r.in.Peek(1)
		if err != nil {
			return err
		}
		if b[0] != '\n' && b[0] != '\r' {
			return nil
		}
		if _, err := r.in.Discard(1); err != nil {
			return err
		}
	}
}

// Next returns the lines of the next request, without the empty line that ends
// it. A request also ends with the stream, if its last line has a line end.
//
// The error is [io.EOF] if there is no further request, a [*SyntaxError] with
// code 451 if the stream ends in the middle of a line and 413 if a limit is
// exceeded, or that of the stream. After an error the stream is of no use any
// more.
func (r *Reader) Next() (string, error) {
	if err := r.Wait(); err != nil {
		return "", err
	}
	r.block.Reset()
	for n := 1; ; n++ {
		before := r.block.Len()
		err := r.line(n)
		line := r.block.String()[before:]
		switch {
		case errors.Is(err, io.EOF) && line == "":
			return r.block.String(), nil
		case errors.Is(err, io.EOF):
			return "", &SyntaxError{Line: n, Text: clip(line), Code: 451, Msg: "the connection ended in the middle of a line", Hint: "end each line with a line feed, and the request with an empty line"}
		case err != nil:
			return "", err
		case line == "\n" || line == "\r\n":
			return r.block.String()[:before], nil
		case n >= r.limits.Lines:
			return "", r.tooLarge(n, line, fmt.Sprintf("the request has more than %d lines", r.limits.Lines))
		}
	}
}

// line appends one line, with its end, to the block.
func (r *Reader) line(n int) error {
	size := 0
	for {
		part, err := r.in.ReadSlice('\n')
		size += len(part)
		switch {
		case size > r.limits.Line:
			return r.tooLarge(n, string(part), fmt.Sprintf("the line is longer than %d bytes", r.limits.Line))
		case r.block.Len()+len(part) > r.limits.Request:
			return r.tooLarge(n, string(part), fmt.Sprintf("the request is longer than %d bytes", r.limits.Request))
		}
		r.block.Write(part)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (r *Reader) tooLarge(n int, line, msg string) error {
	return &SyntaxError{Line: n, Text: clip(line), Code: 413, Msg: msg, Hint: "split it into several requests"}
}

// clip shortens a line for an error.
func clip(line string) string {
	const most = 200
	line = strings.TrimRight(line, "\r\n")
	if len(line) > most {
		return strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}
