package livestatus

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if helper := os.Getenv("LIVESTATUS_TEST_SOCKET"); helper != "" {
		os.Exit(diagnoseAsNobody(helper))
	}
	goleak.VerifyTestMain(m)
}

// A fake is a server that tests script: answer gets each request, without its
// empty line, and returns what to send and whether to go on.
type fake struct {
	t      testing.TB
	l      net.Listener
	answer func(request string) (reply string, more bool)

	mu       sync.Mutex
	group    sync.WaitGroup
	conns    map[net.Conn]bool
	requests []string
	accepted int
}

// newFake listens on loopback.
func newFake(t testing.TB, answer func(string) (string, bool)) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveFake(t, l, answer)
}

func serveFake(t testing.TB, l net.Listener, answer func(string) (string, bool)) *fake {
	f := &fake{t: t, l: l, answer: answer, conns: map[net.Conn]bool{}}
	f.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns[c] = true
			f.accepted++
			f.mu.Unlock()
			f.group.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(f.close)
	return f
}

func (f *fake) close() {
	f.l.Close()
	f.hangUp()
	f.group.Wait()
}

// hangUp closes all connections, as a reload does.
func (f *fake) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

func (f *fake) serve(c net.Conn) {
	defer func() {
		c.Close()
		f.mu.Lock()
		delete(f.conns, c)
		f.mu.Unlock()
	}()
	in := bufio.NewReader(c)
	for {
		request, err := readBlock(in)
		if err != nil {
			return
		}
		f.mu.Lock()
		f.requests = append(f.requests, request)
		f.mu.Unlock()
		reply, more := f.answer(request)
		if _, err := io.WriteString(c, reply); err != nil || !more {
			return
		}
	}
}

func readBlock(in *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == "\n" {
			return b.String(), nil
		}
		b.WriteString(line)
	}
}

// seen returns the requests so far and forgets them.
func (f *fake) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.requests
	f.requests = nil
	return r
}

func (f *fake) connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.accepted
}

// address parses the address the fake listens on.
func (f *fake) address() Address {
	a, err := ParseAddress(f.l.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fake) client(o Options) *Client {
	o.Address = f.address()
	c := NewClient(o)
	f.t.Cleanup(func() { c.Close() })
	return c
}

// framed puts a fixed16 header before a body.
func framed(status int, body string) string {
	return fmt.Sprintf("%d %11d\n%s", status, len(body), body)
}

// recorded answers like the core whose answers are in testdata/name: whole
// tables whatever the request, and keeps the connection if asked to.
func recorded(t testing.TB, name string) func(string) (string, bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", name, "*.raw"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded answers of", name)
	}
	answers := map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		answers[strings.TrimSuffix(filepath.Base(f), ".raw")] = string(raw)
	}
	return func(request string) (string, bool) {
		lines := strings.Split(request, "\n")
		keep := slices.Contains(lines, "KeepAlive: on")
		table := strings.TrimPrefix(lines[0], "GET ")
		switch {
		case strings.HasPrefix(request, "COMMAND "):
			return "", false
		case strings.Contains(request, "\nStats: "):
			return framed(200, "[[0]]"), keep
		case answers[table] == "":
			return framed(404, "Table '"+table+"' does not exist."), keep
		}
		return answers[table], keep
	}
}
