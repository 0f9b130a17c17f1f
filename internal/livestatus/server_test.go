package livestatus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"belvedere/internal/lql"
)

// A table answers queries for tests: three hosts, whatever is asked.
type table struct {
	mu   sync.Mutex
	seen []*lql.Query
	sent []lql.Command
	rows int // 0: three
}

func (s *table) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	s.mu.Lock()
	s.seen = append(s.seen, q)
	s.mu.Unlock()
	switch q.Table {
	case "hosts":
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case "fault":
		panic("a fault of ours")
	case "secret":
		return nil, errors.New("password=hunter2")
	default:
		return nil, &lql.QueryError{Code: 404, Msg: "no such table '" + q.Table + "'", Hint: "try hosts"}
	}
	n := max(s.rows, 3)
	r := &lql.Result{Rows: n, Total: n, Vectors: []lql.Vector{{Name: "name", Kind: lql.Texts}, {Name: "last_check", Kind: lql.Times}}}
	for i := range n {
		r.Vectors[0].Texts = append(r.Vectors[0].Texts, fmt.Sprintf("host%d", i))
		r.Vectors[1].Ints = append(r.Vectors[1].Ints, int64(1000+i))
	}
	r.Vectors = r.Vectors[:max(1, len(q.Columns))]
	return r, nil
}

func (s *table) Send(_ context.Context, c lql.Command) error {
	if c.Name == "BAD" {
		return &lql.QueryError{Code: 400, Msg: "unknown command BAD"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, c)
	return nil
}

// took returns what was sent so far.
func (s *table) took() []lql.Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *table) Wait(ctx context.Context, q *lql.Query) error {
	if q.Wait.Object == "nosuch" {
		return &lql.QueryError{Code: 400, Msg: "no such object"}
	}
	<-ctx.Done()
	return ctx.Err()
}

// startServer serves on a unix socket until the test ends.
func startServer(t testing.TB, o ServerOptions) Address {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	path := filepath.Join(t.TempDir(), "live")
	l, err := Listen(ctx, "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- NewServer(o).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return Address{Scheme: "unix", Path: path}
}

// talk sends text, half-closes, and returns all that comes.
func talk(t testing.TB, a Address, text string) string {
	t.Helper()
	c, err := net.Dial("unix", a.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, text) // a server may hang up before all is said
	c.(*net.UnixConn).CloseWrite()
	b, _ := io.ReadAll(c)
	return string(b)
}

func TestServer(t *testing.T) {
	store := &table{}
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: store, Waiter: store}), MaxRequest: 4096, QueryTimeout: 50 * time.Millisecond})
	const get = "GET hosts\nColumns: name\n"
	const rows = "[[\"host0\"],\n[\"host1\"],\n[\"host2\"]]\n"
	const fixed = "ResponseHeader: fixed16\n"
	ok := framed(200, rows)
	for _, tt := range []struct{ name, in, want string }{
		{"csv", get + "\n", "host0\nhost1\nhost2\n"},
		{"no blank line", get, "host0\nhost1\nhost2\n"},
		{"carriage returns", "GET hosts\r\nColumns: name\r\n\r\n", "host0\nhost1\nhost2\n"},
		{"json", get + "OutputFormat: json\n" + fixed + "\n", ok},
		{"headers", get + "OutputFormat: json\nColumnHeaders: on\n\n", "[[\"name\"],\n[\"host0\"],\n[\"host1\"],\n[\"host2\"]]\n"},
		{"no blanks after colons", "GET hosts\nColumns:name\nOutputFormat:json\nResponseHeader:fixed16\n\n", ok},
		{"one answer without KeepAlive", get + "\n" + get + "\n", "host0\nhost1\nhost2\n"},
		{"pipelined", strings.Repeat(get+"OutputFormat: json\nKeepAlive: on\n"+fixed+"\n", 3), strings.Repeat(ok, 3)},
		{"last without KeepAlive", get + "OutputFormat: json\nKeepAlive: on\n" + fixed + "\n" + get + "OutputFormat: json\n\n", ok + rows},
		{"no such table", "GET nosuch\n" + fixed + "\n", framed(404, "Invalid GET request, no such table 'nosuch' (try hosts)\n")},
		{"no such table, no header", "GET nosuch\n\n", "Invalid GET request, no such table 'nosuch' (try hosts)\n"},
		{"error, then on", "GET nosuch\nKeepAlive: on\n" + fixed + "\n" + get + "OutputFormat: json\n" + fixed + "\n", framed(404, "Invalid GET request, no such table 'nosuch' (try hosts)\n") + ok},
		{"time limit", "GET slow\n" + fixed + "\n", framed(413, "the time limit was exceeded\n")},
		{"inner errors stay inside", "GET secret\n" + fixed + "\n", framed(500, "internal error\n")},
		{"command", "COMMAND [1795327335] X;a\n\n", "403: commands are not accepted on this connection\n"},
		{"command with header", "COMMAND [1795327335] X;a\n" + fixed + "\n", framed(403, "commands are not accepted on this connection\n")},
		{"command, then query", "COMMAND [1795327335] X;a\n\n" + get + "\n", "403: commands are not accepted on this connection\nhost0\nhost1\nhost2\n"},
		{"wait is over", get + "WaitTrigger: check\nWaitTimeout: 20\n\n", "host0\nhost1\nhost2\n"},
		{"wait for nothing", get + "WaitObject: nosuch\nWaitTrigger: check\nWaitTimeout: 20\n\n", "no such object\n"},
		{"local time is for the querier", "GET hosts\nColumns: name last_check\nLocaltime: 1795330935\n\n", "host0;1000\nhost1;1001\nhost2;1002\n"},
		{"nothing", "", ""},
		{"empty lines", "\n\n\n" + get + "\n", "host0\nhost1\nhost2\n"},
		{"a browser's form", "POST / HTTP/1.1\r\nHost: x\r\n\r\nGET hosts\n\n", ""},
		{"lower case", "get hosts\n\n", ""},
		{"no table", "GET\n" + fixed + "\n", framed(452, "line 1: the name of the table is missing (write it after GET, such as GET hosts)\n")},
		{"no command", "COMMAND\r\n\r\n", "line 1: the time of the command is missing (write COMMAND [seconds since 1970] NAME;argument;argument)\n"},
		{"a verb of another kind", "LOCALTIME\n\n", "line 1: unknown request (a request begins with GET and the name of a table, or with COMMAND)\n"},
		{"tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", ""},
		{"line without end", "GET hosts", "the connection ended in the middle of a line\n"},
		{"too large", "GET hosts\n" + strings.Repeat("Filter: name = x\n", 1000) + "\n", "the request is longer than 4096 bytes\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := talk(t, a, tt.in); got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

// TestServerErrors: what cannot be parsed gets status and reason.
func TestServerErrors(t *testing.T) {
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: &table{}})})
	for _, in := range []string{"GET hosts\nNoSuchHeader: 1\nResponseHeader: fixed16\n\n", "GET hosts\nFilter: name\nResponseHeader: fixed16\n\n"} {
		if got := talk(t, a, in); !strings.HasPrefix(got, "400 ") || !strings.Contains(got, "line 2") || strings.Count(got, "\n") != 2 {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := talk(t, a, "GET hosts\nNoSuchHeader: 1\n\n"); strings.HasPrefix(got, "400 ") || !strings.Contains(got, "line 2") {
		t.Errorf("%q", got)
	}
}

// TestGate: what does not begin like a request is not read on.
func TestGate(t *testing.T) {
	for in, ok := range map[string]bool{
		"GET hosts\n": true, "COMMAND [1] X\n": true, "\r\n\nGET hosts\n": true, "G": true, "COMMAND": true,
		"GETS": false, "POST /": false, "\x16\x03\x01": false, "COMMANDO": false, " GET": false,
	} {
		for _, pieces := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			g := &gate{Conn: readConn{Reader: pieces(strings.NewReader(in))}}
			got, err := io.ReadAll(g)
			if (err == nil) != ok || ok && string(got) != in {
				t.Errorf("%q: %q %v", in, got, err)
			}
		}
	}
}

// readConn is a connection that can only be read.
type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func TestServerCommands(t *testing.T) {
	store := &table{}
	open := Always(Session{Querier: store, Sender: store})
	a := startServer(t, ServerOptions{Open: open, CommandErrors: true})
	got := talk(t, a, "COMMAND [1795327335] ADD_HOST_COMMENT;a;1;me;x; y\n\n"+
		"COMMAND [1795327335] BAD\n\n"+
		"COMMAND [1795327335] X\nResponseHeader: fixed16\n\n"+
		"COMMAND [1795327335] BAD\nResponseHeader: fixed16\n\n"+
		"COMMAND [1795327335] X\nResponseHeader: fixed16\nOutputFormat: wrapped_json\n\n")
	want := "400: unknown command BAD\n" + framed(200, "") + framed(400, "unknown command BAD\n") + framed(200, "{\"failed\":{}}\n")
	if got != want || len(store.took()) != 3 || store.took()[0].Name != "ADD_HOST_COMMENT" {
		t.Errorf("got %q, want %q; sent %+v", got, want, store.took())
	}
	// Without error lines only those hear of an error who ask for a header.
	a = startServer(t, ServerOptions{Open: open})
	got = talk(t, a, "COMMAND [1795327335] BAD\n\n"+
		"COMMAND [1795327335] BAD\nResponseHeader: fixed16\n\n"+
		"COMMAND [1795327335] X\n\n")
	if want := framed(400, "unknown command BAD\n"); got != want || len(store.took()) != 4 {
		t.Errorf("got %q, want %q; sent %+v", got, want, store.took())
	}
}

// TestServerKnowsThePeer: who takes a command learns where it came from.
func TestServerKnowsThePeer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peers := make(chan net.Addr, 1)
	done := make(chan error)
	go func() {
		done <- NewServer(ServerOptions{Open: func(_ context.Context, c net.Conn) (Session, error) {
			peers <- c.RemoteAddr()
			return Session{Querier: &table{}, Sender: &table{}}, nil
		}}).Serve(ctx, l)
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "COMMAND [1795327335] X\nResponseHeader: fixed16\n\n")
	if got, want := <-peers, c.LocalAddr(); got.String() != want.String() {
		t.Errorf("the command came from %s, want %s", got, want)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestServerAndClient: our client reads what our server writes, also answers
// that are too large to hold.
func TestServerAndClient(t *testing.T) {
	store := &table{rows: 300_000}
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: store})})
	c := NewClient(Options{Address: a})
	defer c.Close()
	c.identified(Core{Profile: Profile{KeepAlive: true, MaxConns: 2, Backends: true}})
	for range 2 {
		r, err := c.Query(t.Context(), lql.Get("hosts", "name", "last_check"))
		if err != nil || r.Rows != store.rows || r.Text(store.rows-1, "name") != "host299999" || r.Int(7, "last_check") != 1007 {
			t.Fatalf("%v", err)
		}
	}
	wrapped := lql.Get("hosts", "name")
	wrapped.Format = lql.WrappedJSON
	if r, err := c.Query(t.Context(), wrapped); err != nil || r.Total != store.rows {
		t.Errorf("%v", err)
	}
	_, err := c.Query(t.Context(), lql.Get("nosuch", "name"))
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != KindStatus || e.Code != 404 {
		t.Errorf("%v", err)
	}
}

func dialUnix(t testing.TB, a Address) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", a.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServerMaxConns(t *testing.T) {
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: &table{}}), MaxConns: 2})
	for range 2 {
		c := dialUnix(t, a)
		io.WriteString(c, "GET nosuch\nKeepAlive: on\nResponseHeader: fixed16\n\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			t.Error(err)
		}
	}
	if got := talk(t, a, "GET hosts\n\n"); got != "" {
		t.Errorf("a third connection got %q", got)
	}
}

// TestServerGivesUp: neither half a request nor a client that does not read
// holds a connection for ever.
func TestServerGivesUp(t *testing.T) {
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: &table{rows: 1_000_000}}), MaxConns: 1, ReadTimeout: 20 * time.Millisecond, WriteTimeout: 20 * time.Millisecond})
	half := dialUnix(t, a)
	io.WriteString(half, "GET hosts\n")
	if b, _ := io.ReadAll(half); len(b) > 0 {
		t.Errorf("half a request was answered with %q", b)
	}
	served := func() bool { return talk(t, a, "GET nosuch\n\n") != "" }
	for !served() { // the place becomes free a moment after the hang-up
	}
	deaf := dialUnix(t, a)
	io.WriteString(deaf, "GET hosts\n\n") // and nothing is read
	for !served() {
	}
	if n, _ := io.Copy(io.Discard, deaf); n >= 1_000_000*len64("host0\n") {
		t.Errorf("the client that did not read got all %d bytes", n)
	}
}

// TestAnswerHasAnEnd: a client that takes a piece now and then, each in time,
// does not hold its answer for hours, and the data itself not for minutes.
func TestAnswerHasAnEnd(t *testing.T) {
	const fixed = "OutputFormat: json\nResponseHeader: fixed16\n"
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			format string
			hold   int // room for encoded answers
			want   time.Duration
		}{{"", 0, time.Minute}, {fixed, 0, 10 * time.Minute}, {fixed, 1 << 20, time.Minute}} {
			s := NewServer(ServerOptions{Open: Always(Session{Querier: &table{rows: 1_000_000}}), HoldBytes: tt.hold})
			ours, theirs := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				s.serve(t.Context(), ours)
			}()
			began := time.Now()
			io.WriteString(theirs, "GET hosts\nColumns: name\n"+tt.format+"\n")
			buf := make([]byte, 64<<10)
			for err := error(nil); err == nil; {
				time.Sleep(20 * time.Second)
				_, err = theirs.Read(buf)
			}
			<-done
			if took := time.Since(began); took < tt.want || took > tt.want+time.Minute {
				t.Errorf("%q: the answer was cut after %v, want %v", tt.format, took, tt.want)
			}
			if n := s.held.Load(); n != 0 {
				t.Errorf("%d bytes are still held", n)
			}
		}
	})
}

func len64(s string) int64 { return int64(len(s)) }

func TestServerEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l, err := Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		done <- NewServer(ServerOptions{Open: Always(Session{Querier: &table{}, Waiter: &table{}})}).Serve(ctx, l)
	}()
	var conns []net.Conn
	for _, text := range []string{"", "GET hos", "GET hosts\nWaitTrigger: all\n\n", "GET slow\n\n"} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, text)
		conns = append(conns, c)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, c := range conns {
		io.Copy(io.Discard, c) // ends
	}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	l, err := Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := Listen(t.Context(), "unix", path); err == nil || !strings.Contains(err.Error(), "another program listens") {
		t.Errorf("%v", err)
	}
	l.Close()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), "unix", path); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("%v", err)
	}
}

// TestFaultIsOfOneConnection: a panic ends the connection that set it off and
// nothing else.
func TestFaultIsOfOneConnection(t *testing.T) {
	a := startServer(t, ServerOptions{Open: Always(Session{Querier: &table{}})})
	if got := talk(t, a, "GET fault\n\n"); got != "" {
		t.Errorf("after the fault: %q", got)
	}
	if got := talk(t, a, "GET hosts\nColumns: name\n\n"); got != "host0\nhost1\nhost2\n" {
		t.Errorf("next connection: %q", got)
	}
}
