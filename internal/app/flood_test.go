package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/livestatus"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

// bigFleet has a site with so many services, ten a host.
func bigFleet(t *testing.T, services int) *store.Fleet {
	f := store.NewFleet(store.Options{})
	b := f.Add(store.SiteInfo{Key: "s", Name: "S"}).Begin()
	hosts, rows := b.Replace("hosts"), b.Replace("services")
	if err := hosts.Columns("name"); err != nil {
		t.Fatal(err)
	}
	if err := rows.Columns("host_name", "description", "plugin_output"); err != nil {
		t.Fatal(err)
	}
	for i := range services {
		host := fmt.Appendf(nil, "h%05d", i/10)
		if i%10 == 0 {
			hosts.Text(0, host)
			if err := hosts.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
		rows.Text(0, host)
		rows.Text(1, fmt.Appendf(nil, "service %d", i%10))
		rows.Text(2, fmt.Appendf(nil, "output number %d, which is as long as others are", i))
		if err := rows.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Commit(time.Now()); err != nil {
		t.Fatal(err)
	}
	return f
}

// A lsClient is a connection to the Livestatus server that is kept.
type lsClient struct {
	net.Conn
	r *bufio.Reader
}

func dialLS(t *testing.T, a net.Addr) *lsClient {
	c, err := net.Dial("tcp", a.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &lsClient{c, bufio.NewReader(c)}
}

// ask sends a request, and returns status and length of its answer, and of an
// error its text.
func (c *lsClient) ask(t *testing.T, request string) (status, length int, text string) {
	t.Helper()
	if _, err := io.WriteString(c, request+"KeepAlive: on\nResponseHeader: fixed16\nOutputFormat: json\n\n"); err != nil {
		t.Fatal(err)
	}
	var head [16]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		t.Fatal(err)
	}
	status, _ = strconv.Atoi(string(head[:3]))
	length, _ = strconv.Atoi(strings.TrimSpace(string(head[4:15])))
	if status != 200 {
		body := make([]byte, length)
		if _, err := io.ReadFull(c.r, body); err != nil {
			t.Fatal(err)
		}
		return status, length, string(body)
	}
	if _, err := io.CopyN(io.Discard, c.r, int64(length)); err != nil {
		t.Fatal(err)
	}
	return status, length, ""
}

// manyLines are n lines of a request, each with its number.
func manyLines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// serveBig answers Livestatus for a fleet of that many services.
func serveBig(t *testing.T, services int) net.Addr {
	t.Helper()
	engine := query.New(query.Options{Fleet: bigFleet(t, services)})
	server := livestatus.NewServer(livestatus.ServerOptions{Open: livestatus.Always(livestatus.Session{Querier: engine.For(access.Viewer{All: true})}), HoldBytes: 1 << 20})
	l, err := livestatus.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(t.Context(), l) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr()
}

// TestAbsurdRequests: what no client should ask gets an error in the form of
// the protocol, or what there is; memory stays bounded, the connection goes on,
// and others are answered meanwhile.
func TestAbsurdRequests(t *testing.T) {
	at := serveBig(t, 20_000)
	long := strings.Repeat("x", 200)
	deaf := dialLS(t, at) // asks for much and never reads
	for range 20 {
		if _, err := io.WriteString(deaf, "GET services\nKeepAlive: on\nResponseHeader: fixed16\nOutputFormat: json\n\n"); err != nil {
			t.Fatal(err)
		}
	}
	c, other := dialLS(t, at), dialLS(t, at)
	for _, tt := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"50 million rows", "GET services\nColumns: host_name\nLimit: 50000000\n", 200, ""},
		{"rows from 50 million on", "GET services\nColumns: host_name\nOffset: 50000000\n", 200, ""},
		{"more values than an answer may have", "GET services\nColumns:" + strings.Repeat(" host_name", 1500) + "\n", 413, "too large"},
		{"9,000 names", "GET services\nColumns: host_name\n" + manyLines(9_000, "Filter: host_name = h%05d\n") + "Or: 9000\n", 200, ""},
		{"9,000 different filters", "GET services\nColumns: host_name\n" + manyLines(9_000, "Filter: host_name =~ h%05d\n") + "Or: 9000\n", 400, "different filters"},
		{"9,000 expressions", "GET services\nColumns: host_name\n" + manyLines(9_000, "Filter: plugin_output ~ [a-z]%d\n") + "Or: 9000\n", 400, "expressions"},
		{"9,000 Stats", "GET services\n" + manyLines(9_000, "Stats: state = %d\n"), 400, "Stats"},
		{"nested 4,000 times", "GET services\nFilter: state = 0\n" + strings.Repeat("Filter: state = 1\nOr: 2\nFilter: state = 2\nAnd: 2\n", 2000), 400, "nested too deep"},
		{"no such table", "GET " + long + "\n", 404, "no such table"},
		{"no such column", "GET services\nColumns: host_name " + long + "\n", 400, "has no column"},
		{"a filter on no column", "GET services\nFilter: " + long + " = 1\n", 400, "has no column"},
		{"a sort by no column", "GET services\nSort: " + long + " asc\n", 400, "has no column"},
		{"a group by no column", "GET services\nStats: state = 0\nStatsGroupBy: " + long + "\n", 400, "has no column"},
		{"all services", "GET services\nColumns: host_name description plugin_output\n", 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			status, length, text := c.ask(t, tt.request)
			runtime.ReadMemStats(&after)
			if status != tt.status || !strings.Contains(text, tt.says) {
				t.Errorf("status %d, %d bytes, %q", status, length, text)
			}
			if len(text) > 400 || strings.Contains(text, long) {
				t.Errorf("the error repeats what was asked: %q", text)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 200<<20 {
				t.Errorf("%d MB were allocated", took>>20)
			}
			if status, length, _ := other.ask(t, "GET services\nColumns: description\nFilter: host_name = h00007\n"); status != 200 || length < 100 {
				t.Errorf("another client: status %d, %d bytes", status, length)
			}
		})
	}
	endless := dialLS(t, at)
	if _, err := io.WriteString(endless, "GET services\n"+manyLines(10_001, "Filter: state = %d\n")); err != nil {
		t.Fatal(err)
	}
	if text, err := endless.r.ReadString('\n'); err != nil || !strings.Contains(text, "more than 10000 lines") {
		t.Errorf("more than 10,000 lines: %q, %v", text, err)
	}
	if n, err := deaf.r.Peek(3); err != nil || string(n) != "200" {
		t.Errorf("the client that did not read: %q, %v", n, err)
	}
}
