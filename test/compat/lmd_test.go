package compat

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A lmdClient speaks as clients of LMD do: one connection, a header before each
// answer, wrapped_json.
type lmdClient struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// A wrapped is an answer in wrapped_json.
type wrapped struct {
	Columns []string
	Data    [][]any
	Failed  map[string]string
	Total   int `json:"total_count"`
}

func dialLMD(t *testing.T, path string) *lmdClient {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &lmdClient{t: t, conn: c, in: bufio.NewReader(c)}
}

// ask sends the lines of a request and reads exactly its answer.
func (c *lmdClient) ask(lines ...string) (out wrapped) {
	c.t.Helper()
	lines = append(lines, "OutputFormat: wrapped_json", "ResponseHeader: fixed16", "ColumnHeaders: on", "KeepAlive: on", "", "")
	if _, err := io.WriteString(c.conn, strings.Join(lines, "\n")); err != nil {
		c.t.Fatal(err)
	}
	head := make([]byte, 16)
	if _, err := io.ReadFull(c.in, head); err != nil {
		c.t.Fatal(err)
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(head[4:15])))
	if string(head[:4]) != "200 " || err != nil {
		c.t.Fatalf("%q was answered with %q", lines, head)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.in, body); err != nil {
		c.t.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		c.t.Fatalf("%v in %s", err, body)
	}
	return out
}

// TestClientOfLMD: a client that finds the sites first and then asks each by
// its key finds each with its own name, freshness and objects.
func TestClientOfLMD(t *testing.T) {
	c := dialLMD(t, serve(t, listeners(newWorld(t))[""]))
	sites := c.ask("GET sites", "Columns: peer_key name status last_update last_error")
	if got := strings.Join(sites.Columns, " "); got != "peer_key name status last_update last_error" {
		t.Errorf("columns %q", got)
	}
	want := []struct{ site, hosts string }{
		{"a1 Berlin 0 1789999999 ", "[db01 a1 Berlin] [web01 a1 Berlin]"},
		{"b2 Wien 0 1790000000 ", "[gw b2 Wien] [mail-ü b2 Wien]"},
		{"c3 Zürich 2 1789999400 The connection was refused.", "[db01 c3 Zürich] [new01 c3 Zürich]"},
	}
	if len(sites.Data) != len(want) {
		t.Fatalf("%d sites, want %d", len(sites.Data), len(want))
	}
	for i, w := range want {
		s := sites.Data[i]
		if got := fmt.Sprintf("%v %v %.0f %.0f %v", s...); got != w.site {
			t.Errorf("site %q, want %q", got, w.site)
		}
		key := fmt.Sprint(s[0])
		hosts := c.ask("GET hosts", "Columns: name peer_key peer_name", "Backends: "+key)
		if got := strings.Trim(fmt.Sprint(hosts.Data), "[]"); "["+got+"]" != w.hosts || hosts.Total != 2 {
			t.Errorf("hosts of %s: %s (%d), want %s", key, got, hosts.Total, w.hosts)
		}
		if _, failed := hosts.Failed[key]; failed != (key == "c3") || len(hosts.Failed) > 1 {
			t.Errorf("asking %s failed at %v", key, hosts.Failed)
		}
		status := c.ask("GET status", "Columns: peer_name program_start", "Backends: "+key)
		if len(status.Data) != 1 || status.Data[0][0] != s[1] {
			t.Errorf("status of %s: %v", key, status.Data)
		}
	}
}
