package corefiles

import (
	"bytes"
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"belvedere/internal/lql"
)

// handler is the query handler of a core: it answers each request, up to its
// NUL, with a text as it is, or hangs up for "".
func handler(t *testing.T, answer func(request string) string) QueryHandler {
	t.Helper()
	path := filepath.Join(t.TempDir(), "naemon.qh")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var got []byte
			for buf := make([]byte, 100); !bytes.Contains(got, []byte{0}); {
				n, err := c.Read(buf)
				if got = append(got, buf[:n]...); err != nil {
					break
				}
			}
			if text := answer(string(got)); text != "" {
				_, _ = c.Write([]byte(text)) // the other end may have had enough
			}
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return QueryHandler(path)
}

func TestQueryHandler(t *testing.T) {
	var asked, answer atomic.Value
	asked.Store("")
	h := handler(t, func(request string) string { asked.Store(request); return answer.Load().(string) })
	c := lql.Command{Time: 1795000000, Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "eva", `x; y \n ü`}}
	for text, want := range map[string]string{
		"200: OK\x00": "", "200: OK": "", "200: OK\n\x00": "",
		"400: Unknown command 'X'\n\x00":                        "400 Unknown command 'X'",
		"400: Failed validation of host_name\nas type host\x00": "400 Failed validation of host_name as type host",
		"404: command: No such handler\x00":                     "no handler",
		"503: full\x00":                                         "no handler",
		"":                                                      "no answer",
		"hello\x00":                                             "no answer",
		strings.Repeat("4", 10_000):                             "no answer",
		"400: " + strings.Repeat("x", 300) + "\xff\x00200: OK\x00": "400 " + strings.Repeat("x", 300) + "\uFFFD",
	} {
		answer.Store(text)
		got, err := "", h.Send(t.Context(), c)
		refused := (*RefusedError)(nil)
		switch {
		case errors.As(err, &refused):
			got = "400 " + refused.Reason
		case errors.Is(err, ErrNoHandler):
			got = "no handler"
		case errors.Is(err, ErrNoAnswer):
			got = "no answer"
		case err != nil:
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.50q: %q, want %q", text, got, want)
		}
		if want := "@command run [1795000000] ADD_HOST_COMMENT;a;1;eva;x; y \\n ü\x00"; asked.Load() != want {
			t.Errorf("asked %q, want %q", asked.Load(), want)
		}
	}
	c.Args[3] = "x\x00[1795000000] SHUTDOWN_PROCESS"
	asked.Store("")
	if err := h.Send(t.Context(), c); !errors.Is(err, ErrUnsafe) || asked.Load() != "" {
		t.Errorf("a NUL: %v, asked %q", err, asked.Load())
	}
	if err := QueryHandler(filepath.Join(t.TempDir(), "gone")).Send(t.Context(), lql.Command{Time: 1, Name: "X"}); !errors.Is(err, ErrNoHandler) {
		t.Errorf("no socket: %v", err)
	}
}

// TestQueryHandlerHangs: a core that does not answer is waited for as long as
// the context says, and nobody knows then.
func TestQueryHandlerHangs(t *testing.T) {
	release := make(chan struct{})
	h := handler(t, func(string) string { <-release; return "200: OK\x00" })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := h.Send(ctx, lql.Command{Time: 1, Name: "RESTART_PROCESS"}); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}

func FuzzQueryAnswer(f *testing.F) {
	for _, s := range []string{"200: OK\x00", "400: x", "404:", ":", "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, err := readAnswer(bytes.NewReader(b))
		if err != nil {
			return
		}
		if r, ok := errors.AsType[*RefusedError](judge(answer)); ok && (strings.ContainsAny(r.Reason, "\n\r\x00") || r.Code == 200) {
			t.Errorf("%q: %+v", b, r)
		}
	})
}
