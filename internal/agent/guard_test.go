package agent

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"belvedere/internal/testkit"
)

// frame is one of yamux.
func frame(kind byte, flags uint16, stream, length uint32) []byte {
	b := []byte{0, kind}
	b = binary.BigEndian.AppendUint16(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return binary.BigEndian.AppendUint32(b, length)
}

// wire connects with the certificate of an agent, without a line.
func wire(t *testing.T, address string, id *identity) *pressed {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, InsecureSkipVerify: true, Certificates: []tls.Certificate{id.cert}})
	if err := admitted(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w, err := press(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// TestFlood: an agent that has the server answer without end is cut off, with a
// hint, and one that behaves gets in afterwards.
func TestFlood(t *testing.T) {
	for _, tt := range []struct {
		name string
		next func(i uint32) []byte
	}{
		{"signs of life", func(i uint32) []byte { return frame(2, 1, 0, i) }},
		{"conversations", func(i uint32) []byte {
			return append(frame(0, 1, 2*i+1, 5), "what\n"...)
		}},
		{"conversations that end", func(i uint32) []byte { return frame(1, 1|8, 2*i+1, 0) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			dir := p.join(t, "Berlin")
			id, err := readState(dir)
			if err != nil {
				t.Fatal(err)
			}
			w := wire(t, p.address, id)
			var b []byte
			for i := range uint32(500) {
				b = append(b, tt.next(i)...)
			}
			_, _ = w.Write(b) // it may be cut before that is written
			_ = w.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.Copy(io.Discard, w); errors.Is(err, yamux.ErrTimeout) || isTimeout(err) {
				t.Fatalf("the line stays: %v", err)
			}
			p.notes.wait(t, "line was cut", "more signs of life", "removing the site")
			<-p.up
			_, socket := naemon(t, testkit.Options{})
			start(t, Options{Dir: dir, Core: socket})
			<-p.up
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// TestFloodOfLines: an agent that comes again and again fills no log, and is
// made to wait.
func TestFloodOfLines(t *testing.T) {
	p := newPlace(t)
	id, err := readState(p.join(t, "Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	out := 0
	for range 5 * linesAtOnce {
		if greet(t, p.address, id, nil) != nil {
			out++
		}
	}
	if out < 2*linesAtOnce {
		t.Errorf("only %d of %d were refused", out, 5*linesAtOnce)
	}
	p.notes.wait(t, "refused an agent", "again and again", "two programs")
}

func TestLimiter(t *testing.T) {
	var l limiter
	n := newNotebook()
	for range 1000 {
		l.warn(n.log(), "something", "key", "value")
	}
	if lines := strings.Count(n.text.String(), "\n"); lines != toldAMinute+1 {
		t.Errorf("%d lines", lines)
	}
	n.wait(t, "something", "key=value")
	n.wait(t, "not logged")
	l.since = l.since.Add(-2 * time.Minute)
	l.warn(n.log(), "later")
	n.wait(t, "later")
}

func TestBucket(t *testing.T) {
	b := &bucket{most: 3, every: time.Second}
	at := time.Unix(1000, 0)
	took := func() (n int) {
		for range 10 {
			if b.take(at) {
				n++
			}
		}
		return n
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 3}, {0, 0}, {2 * time.Second, 2}, {500 * time.Millisecond, 0}, {500 * time.Millisecond, 1}, {-time.Hour, 0}, {2 * time.Hour, 3}} {
		at = at.Add(tt.after)
		if n := took(); n != tt.want {
			t.Errorf("after %s: %d, want %d", tt.after, n, tt.want)
		}
	}
}

// FuzzGuard: however frames are cut into pieces, they are counted the same.
func FuzzGuard(f *testing.F) {
	f.Add(frame(2, 1, 0, 1), uint8(1))
	f.Add(append(frame(0, 1, 1, 3), "abc\x00\x02\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"...), uint8(5))
	f.Add(bytes.Repeat(frame(1, 1, 1, 0), 9), uint8(7))
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		newGuard := func() *guard {
			return &guard{pings: bucket{most: 3, every: time.Hour}, talks: &bucket{most: 3, every: time.Hour}}
		}
		whole, parts := newGuard(), newGuard()
		want, got := whole.follow(b), true
		for rest := b; got && len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			got = parts.follow(rest[:n])
			rest = rest[n:]
		}
		if got != want {
			t.Errorf("whole %v, in pieces %v", want, got)
		}
	})
}
