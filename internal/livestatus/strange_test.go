package livestatus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/lql"
)

// TestStrangeAnswers: what is not Livestatus is recognised as what it is.
func TestStrangeAnswers(t *testing.T) {
	good := "[[\"a\"]]\n"
	for _, tt := range []struct {
		name, reply string
		kind        ErrKind // "": a good answer
		code        int
		cause       string
	}{
		{name: "good", reply: framed(200, good)},
		{name: "good without header", reply: good},
		{name: "good with another separator", reply: fmt.Sprintf("200 %11d\x01%s", len(good), good)},
		{name: "xinetd", reply: "No UNIX socket /var/cache/naemon/live existing\n", kind: KindXinetd, cause: "/var/cache/naemon/live"},
		{name: "unixcat, refused", reply: "Couldn't connect to UNIX-socket at /run/live: Connection refused.\n", kind: KindXinetd, cause: "cannot use /run/live."},
		{name: "socat", reply: "2026/11/22 14:25:31 socat[16038] E connect(, AF=1 \"/run/cmd/livestatus\", 42): Connection refused\n", kind: KindXinetd, cause: "cannot use /run/cmd/livestatus."},
		{name: "nc", reply: "nc: unix connect failed: Connection refused\n", kind: KindXinetd, cause: "cannot use its socket."},
		{name: "http", reply: "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request", kind: KindHTTP, cause: "web server"},
		{name: "http without status line", reply: "<html>\r\n<head><title>400 Bad Request</title></head>", kind: KindHTTP, cause: "web server"},
		{name: "ssh", reply: "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", kind: KindSSH, cause: "OpenSSH_9.2"},
		{name: "smtp", reply: "220 mail.example.org ESMTP Postfix\r\n", kind: KindBanner, cause: "ESMTP Postfix"},
		{name: "imap", reply: "* OK [CAPABILITY IMAP4rev1] ready\r\n", kind: KindBanner, cause: "IMAP4rev1"},
		{name: "nrpe and other bytes", reply: "\x00\x02\x00\x02\x8f\x11", kind: KindBanner, cause: "00 02"},
		{name: "tls alert", reply: "\x15\x03\x01\x00\x02\x02\x46", kind: KindTLS, cause: "speaks TLS"},
		{name: "unknown text", reply: "What do you want?\n", kind: KindBanner, cause: "What do you want?"},
		{name: "hang-up", reply: "", kind: KindHangup, cause: "our address 127.0.0.1"},
		{name: "empty line", reply: "\n", kind: KindProtocol, cause: "empty line"},
		{name: "naemon error text", reply: "Undefined request header 'NoSuchHeader: 1'\n", kind: KindStatus, code: 400, cause: "NoSuchHeader"},
		{name: "lmd error text", reply: "bad request: table x does not exist\n", kind: KindStatus, code: 400, cause: "table x does not exist"},
		{name: "no such table", reply: framed(404, "Invalid GET request, no such table 'nosuch'\n"), kind: KindStatus, code: 404, cause: "status 404: Invalid GET request, no such table 'nosuch'."},
		{name: "stack trace", reply: framed(452, "Error: Column 'x' does not exist in table 'hosts'.\n\nStacktrace:\n 0# __cxa_throw"), kind: KindStatus, code: 452, cause: "status 452: Column 'x' does not exist in table 'hosts'."},
		{name: "no reason", reply: framed(502, ""), kind: KindStatus, code: 502, cause: "no reason given"},
		{name: "announced too much", reply: "200          20\n" + good, kind: KindProtocol, cause: "cut short"},
		{name: "announced too little", reply: "200           3\n" + good, kind: KindProtocol, cause: "cut short"},
		{name: "announced nothing", reply: "200           0\n", kind: KindProtocol, cause: "cut short"},
		{name: "half a header", reply: "200     ", kind: KindProtocol},
		{name: "half a row", reply: "200          30\n[[\"a", kind: KindProtocol, cause: "cut short"},
		{name: "other text", reply: framed(200, "hello"), kind: KindProtocol, cause: "not well formed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, func(string) (string, bool) { return tt.reply, false })
			r, err := f.client(Options{}).Query(t.Context(), lql.Get("hosts", "name"))
			if tt.kind == "" {
				if err != nil || r.Rows != 1 || r.Text(0, "name") != "a" {
					t.Errorf("result %+v %v", r, err)
				}
				return
			}
			e, ok := err.(*Error)
			if !ok || e.Kind != tt.kind || e.Code != tt.code || !strings.Contains(e.Cause, tt.cause) || e.Fix == "" || strings.Contains(e.Cause, "Stacktrace") {
				t.Fatalf("error %+v", err)
			}
			if n := strings.Count(e.Cause, "\n") + strings.Count(e.Fix, "\n"); n > 0 {
				t.Errorf("more than one line: %q %q", e.Cause, e.Fix)
			}
		})
	}
}

// TestSpeaksFirst: servers with a greeting, which may hang up before the
// request is written.
func TestSpeaksFirst(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
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
			io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n")
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	defer func() { l.Close(); <-done }()
	a, _ := ParseAddress(l.Addr().String())
	c := NewClient(Options{Address: a})
	defer c.Close()
	if _, err := c.Identify(t.Context()); KindOf(err) != KindSSH {
		t.Errorf("error %v", err)
	}
}

func TestRealWebServers(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	a, _ := ParseAddress(plain.Listener.Addr().String())
	c := NewClient(Options{Address: a})
	defer c.Close()
	if _, err := c.Identify(t.Context()); KindOf(err) != KindHTTP {
		t.Errorf("error %v", err)
	}
}

func TestDialErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := port.Addr().String()
	port.Close()
	fails := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	for _, tt := range []struct {
		name, address string
		dial          func(context.Context, string, string) (net.Conn, error)
		kind          ErrKind
		cause, fix    string
	}{
		{name: "no such socket", address: dir + "/none", kind: KindNoSocket, cause: "There is no socket", fix: "broker module"},
		{name: "no such folder", address: dir + "/no/ne", kind: KindNoSocket, cause: "the folder does not exist", fix: "broker module"},
		{name: "a file in the path", address: file + "/live", kind: KindNoSocket, cause: "There is no socket"},
		{name: "regular file", address: file, kind: KindNoSocket, cause: "not a socket", fix: "ls -l"},
		{name: "folder", address: dir, kind: KindNoSocket, cause: "is a folder", fix: dir + "/live"},
		{name: "stale", address: stale, kind: KindRefused, cause: "left over", fix: "Start the core"},
		{name: "closed port", address: closed, kind: KindRefused, cause: "nothing listens on port", fix: "6558"},
		{name: "unknown name", address: "mon:1", dial: fails(&net.DNSError{Name: "mon", IsNotFound: true}), kind: KindDNS, cause: "mon is not known", fix: "spelling"},
		{name: "name server", address: "mon:1", dial: fails(&net.DNSError{Name: "mon", IsTimeout: true}), kind: KindDNS, cause: "did not answer", fix: "IP address"},
		{name: "no route", address: "mon:1", dial: fails(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), kind: KindUnreachable, cause: "no route", fix: "VPN"},
		{name: "timeout", address: "mon:1", dial: fails(os.NewSyscallError("connect", syscall.ETIMEDOUT)), kind: KindTimeout, cause: "dropped on the way", fix: "firewall"},
		{name: "anything", address: "mon:1", dial: fails(errors.New("odd")), kind: KindUnreachable, cause: "odd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := ParseAddress(tt.address)
			if err != nil {
				t.Fatal(err)
			}
			c := NewClient(Options{Address: a, Dial: tt.dial})
			defer c.Close()
			_, err = c.Identify(t.Context())
			e, ok := err.(*Error)
			if !ok || e.Kind != tt.kind || !strings.Contains(e.Cause, tt.cause) || !strings.Contains(e.Fix, tt.fix) || e.Fix == "" {
				t.Errorf("error %+v", err)
			}
		})
	}
}

// piped returns a Dial whose other end is served by f, for tests in a bubble
// with its own clock.
func piped(f func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := readBlockFrom(theirs); err == nil {
				f(theirs)
			}
		}()
		return ours, nil
	}
}

func readBlockFrom(c net.Conn) (string, error) {
	var all []byte
	buf := make([]byte, 512)
	for !strings.HasSuffix(string(all), "\n\n") {
		n, err := c.Read(buf)
		if err != nil {
			return "", err
		}
		all = append(all, buf[:n]...)
	}
	return string(all), nil
}

func TestTimes(t *testing.T) {
	drip := func(b string, pause time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			io.WriteString(c, b)
			for {
				time.Sleep(pause)
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		}
	}
	silent := func(c net.Conn) { io.Copy(io.Discard, c) }
	for _, tt := range []struct {
		name string
		f    func(net.Conn)
		wait time.Duration
		kind ErrKind
		took time.Duration
	}{
		{"silent", silent, 0, KindSilent, 30 * time.Second},
		{"silent in a wait", silent, time.Minute, KindSilent, 90 * time.Second},
		{"half a header", func(c net.Conn) { io.WriteString(c, "200 "); silent(c) }, 0, KindSlow, 15 * time.Second},
		{"half a row", func(c net.Conn) { io.WriteString(c, framed(200, `[["a"]]`)[:20]); silent(c) }, 0, KindSlow, 15 * time.Second},
		{"a byte a second", drip("200   100000000\n[[\"", time.Second), 0, KindSlow, 30 * time.Second},
		{"a byte each 20 s", drip("200   100000000\n[[\"", 20*time.Second), 0, KindSlow, 15 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := ParseAddress("mon")
				c := NewClient(Options{Address: a, Dial: piped(tt.f)})
				defer c.Close()
				q := lql.Get("hosts", "name")
				if tt.wait > 0 {
					c.identified(Core{Profile: Profile{Wait: true, MaxConns: 1}})
					q.Wait = &lql.Wait{Trigger: "check", Condition: lql.Filter{Kind: lql.And}, Timeout: tt.wait}
				}
				began := time.Now()
				_, err := c.Query(t.Context(), q)
				if took := time.Since(began); KindOf(err) != tt.kind || took != tt.took {
					t.Errorf("%v after %s, want %s after %s", err, took, tt.kind, tt.took)
				}
				time.Sleep(time.Minute) // the other end notices
			})
		})
	}
}

// TestSlowButSteady: a slow line is not a stalled one.
func TestSlowButSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := "[" + strings.Repeat("[\"abcdefgh\"],\n", 100000) + "[\"z\"]]"
		answer := framed(200, body)
		a, _ := ParseAddress("mon")
		c := NewClient(Options{Address: a, Dial: piped(func(c net.Conn) {
			for len(answer) > 0 {
				n := min(len(answer), 8<<10)
				io.WriteString(c, answer[:n])
				answer = answer[n:]
				time.Sleep(time.Second)
			}
		})})
		defer c.Close()
		r, err := c.Query(t.Context(), lql.Get("hosts", "name"))
		if err != nil || r.Rows != 100001 {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute) // the other end notices
	})
}

func TestTooLarge(t *testing.T) {
	body := "[" + strings.Repeat("[\"abcdefgh\"],\n", 1000) + "[\"z\"]]"
	for name, o := range map[string]Options{"bytes": {MaxBytes: 1000}, "rows": {MaxRows: 10}} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(string) (string, bool) { return framed(200, body), false })
			_, err := f.client(o).Query(t.Context(), lql.Get("hosts", "name"))
			if KindOf(err) != KindTooLarge {
				t.Errorf("error %v", err)
			}
		})
	}
	f := newFake(t, func(string) (string, bool) { return framed(200, body), false })
	for most, want := range map[int64]ErrKind{5000: KindTooLarge, 50_000: ""} {
		_, err := f.client(Options{}).Query(WithLargest(t.Context(), most), lql.Get("hosts", "name"))
		if KindOf(err) != want {
			t.Errorf("at most %d bytes: error %v", most, err)
		}
	}
}

// TestManyColumns bounds what is learnt of a core's columns.
func TestManyColumns(t *testing.T) {
	long := strings.Repeat("x", 200)
	for n, want := range map[int]ErrKind{2: "", columnsAtMost + 1: KindTooLarge} {
		body := `[["table","name"]` + strings.Repeat(",\n[\"hosts\",\""+long+"\"]", n-1) + ",\n[\"hosts\",\"name\"]]"
		f := newFake(t, func(string) (string, bool) { return framed(200, body), false })
		has, err := f.client(Options{}).Columns(t.Context(), Core{Profile: Profile{ColumnsTable: true}})
		if KindOf(err) != want || err == nil && (len(has) != 1 || !slices.Equal(has["hosts"], []string{"name"})) {
			t.Errorf("%d columns: error %v, %d tables", n, err, len(has))
		}
	}
}

// FuzzAnswer: whatever comes back, the client ends with an answer or with an
// error that can be shown.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"", "\n", framed(200, `[["a"]]`), framed(404, "no\n"), "200 ", "SSH-2.0-x\r\n", "HTTP/1.1 400\r\n", "\x15\x03\x01\x00\x02\x02\x46",
		"No UNIX socket /x existing\n", "400: Unknown command\n", "{\"data\":[[1]]}", "999          -1\nx", "200 99999999999\n["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		a := Address{Scheme: "tcp", Host: "mon", Port: "6557"}
		done := make(chan struct{}, 2)
		dial := func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer func() { theirs.Close(); done <- struct{}{} }()
				if _, err := readBlockFrom(theirs); err == nil {
					theirs.Write(in)
				}
			}()
			return ours, nil
		}
		for _, core := range []Core{{}, {Profile: Profile{CommandFixed16: true, MaxConns: 1}}} {
			c := NewClient(Options{Address: a, Dial: dial, MaxRows: 100, MaxValue: 64, MaxRow: 1 << 17})
			c.identified(core)
			_, qerr := c.Query(t.Context(), lql.Get("hosts", "name"))
			serr := c.Send(t.Context(), lql.Command{Name: "X"})
			for _, err := range []error{qerr, serr} {
				if err == nil {
					continue
				}
				e, ok := err.(*Error)
				if !ok || e.Kind == "" || e.Cause == "" || e.Fix == "" || len(e.Cause) > 2000 || strings.ContainsFunc(e.Cause, func(r rune) bool { return r < ' ' }) {
					t.Fatalf("error %+v", err)
				}
			}
			c.Close()
			<-done
			<-done
		}
	})
}
