package livestatus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// headSize is the length of a fixed16 header.
const headSize = 16

// A body is an answer behind its header, if it has one: a reader of exactly
// the bytes that were announced, or of all until the end.
type body struct {
	w      *wire
	status int    // of the header; 0: there is none
	rest   []byte // read with the header, not given out yet
	left   int64  // announced bytes not given out yet
	loose  bool   // the end of the answer is the end of the connection
}

// readHead reads what an answer begins with. The error is that of the first
// byte; later trouble comes from reading the body.
func readHead(w *wire) (*body, error) {
	buf := make([]byte, 0, headSize)
	for len(buf) < headSize {
		n, err := w.Read(buf[len(buf):headSize])
		buf = buf[:len(buf)+n]
		if len(buf) > 0 && !couldBeHead(buf) {
			break
		}
		if err == nil {
			continue
		}
		if err == io.EOF {
			err = w.explain(err)
		}
		return nil, err
	}
	if status, length, ok := parseHead(buf); ok {
		return &body{w: w, status: status, left: length}, nil
	}
	return &body{w: w, rest: buf, loose: true}, nil
}

// couldBeHead reports whether b can be the beginning of a fixed16 header.
func couldBeHead(b []byte) bool {
	for i, c := range b {
		switch {
		case i < 3 && (c < '0' || c > '9'), i == 3 && c != ' ', i > 3 && i < headSize-1 && c != ' ' && (c < '0' || c > '9'):
			return false
		}
	}
	return true
}

// parseHead reads a fixed16 header. Its last byte is a line feed, but Icinga 2
// takes the first of the separators, whatever that is.
func parseHead(b []byte) (status int, length int64, ok bool) {
	if len(b) != headSize || !couldBeHead(b) {
		return 0, 0, false
	}
	status, err := strconv.Atoi(string(b[:3]))
	if err != nil || status < 100 {
		return 0, 0, false
	}
	length, err = strconv.ParseInt(strings.TrimSpace(string(b[4:headSize-1])), 10, 64)
	return status, length, err == nil
}

// json reports whether an answer without header looks like rows. It reads on
// until the first byte that is no blank.
func (b *body) json() bool {
	for {
		if t := bytes.TrimLeft(b.rest, " \t\r\n"); len(t) > 0 {
			return t[0] == '[' || t[0] == '{' && !bytes.HasPrefix(t, []byte("{\n"))
		}
		if len(b.rest) > 100 || !b.fill(1) {
			return false
		}
	}
}

// fill reads on until rest has n further bytes; false if there are none.
func (b *body) fill(n int) bool {
	buf := make([]byte, n)
	got, err := b.w.Read(buf)
	b.rest = append(b.rest, buf[:got]...)
	return got > 0 || err == nil
}

// size is how many bytes the answer has, as announced.
func (b *body) size() int64 {
	if b.loose {
		return unknownSize
	}
	return b.left
}

// Read gives the bytes of the answer. io.EOF: all that was announced came.
func (b *body) Read(p []byte) (int, error) {
	if b.loose {
		if len(b.rest) > 0 {
			n := copy(p, b.rest)
			b.rest = b.rest[n:]
			return n, nil
		}
		return b.w.Read(p)
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.w.Read(p)
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		return n, shapef("it ends %d bytes before the announced length", b.left)
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// bannerPause is how long a strange answer may pause before what came of it is
// judged.
const bannerPause = 500 * time.Millisecond

// maxText bounds what is read of an answer that is only shown to people.
const maxText = 4 << 10

// text reads the beginning of the body.
func (b *body) text() []byte {
	buf := make([]byte, maxText)
	n := 0
	for n < maxText {
		k, err := b.Read(buf[n:])
		n += k
		if err != nil || bytes.IndexByte(buf[:n], '\n') >= 0 && n > 512 {
			break
		}
	}
	return buf[:n]
}

// refusal makes an error of an answer with a status other than 200. Only the
// first line of its text is for people: Icinga 2 appends a stack trace.
func (b *body) refusal() *Error {
	line := strings.TrimPrefix(firstLine(b.text()), "Error: ")
	if b.status != StatusUnavailable { // which is ours
		line = clip(line)
	}
	return statusError(b.status, line)
}

func statusError(code int, line string) *Error {
	if line == "" {
		line = "no reason given"
	}
	e := &Error{Kind: KindStatus, Code: code, Cause: fmt.Sprintf("The core refused the request with status %d: %s.", code, strings.TrimSuffix(line, "."))}
	switch {
	case code == StatusUnavailable:
		e.Cause, e.Fix = line, "See the log of what stands before the core."
	case code == 404:
		e.Fix = "This core has no such table."
	case code == 413:
		e.Fix = "Ask for less at a time, or raise the limits of the core's Livestatus module."
	case code == 400, code == 450, code == 452:
		e.Fix = "A column, header or argument is not known to this version of the core."
	case code >= 500:
		e.Fix = "The fault is on the side of the core; see its log."
	default:
		e.Fix = "See the core's log."
	}
	return e
}

// strange makes an error of an answer that is neither a header nor rows.
func (o *Options) strange(w *wire, b *body) error {
	head := bytes.TrimLeft(b.readSome(), "\r\n")
	if e := sniff(head, w.where(), localIP(w.Conn)); e != nil {
		return e
	}
	line := clip(firstLine(head))
	if code, text, ok := strings.Cut(line, ": "); ok && len(code) == 3 {
		if n, err := strconv.Atoi(code); err == nil {
			return statusError(n, text)
		}
	}
	if line == "" {
		return &Error{Kind: KindProtocol, Err: errors.New("no status and no text"),
			Cause: "The core answered with an empty line, which is how some report an error.", Fix: "See the core's log for the reason."}
	}
	for _, known := range [...]string{"Invalid ", "Undefined ", "bad request", "Table ", "error in ", "Internal server error", "incomplete", "Completely invalid"} {
		if strings.HasPrefix(line, known) || strings.HasPrefix(strings.ToLower(line), known) {
			return statusError(400, line)
		}
	}
	return bannerError(line, head, w.where())
}

// readSome returns the first bytes of an answer without header: what comes
// until its end, or until it pauses.
func (b *body) readSome() []byte {
	w := *b.w.o
	w.ReadTimeout = bannerPause
	o := b.w.o
	b.w.o = &w
	defer func() { b.w.o = o }()
	return b.text()
}
