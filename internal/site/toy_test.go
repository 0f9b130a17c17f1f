package site

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// toy is a core of a few rows that lives on pipes, for tests in which time is
// not real. It knows what sites ask and nothing else.
type toy struct {
	mu       sync.Mutex
	version  string // livestatus_version
	program  string // program_version
	start    int64
	numHosts int
	pid      int64
	tables   map[string]*toyTable
	mode     string // "", "refuse", "hang", "swallow"
	swallows time.Duration
	spin     bool // waits return at once
	event    chan struct{}
	asked    []string // first line and filters of each request
	dials    int
	addrs    []string
	open     int
	most     int
	onSend   func(line string)
	checks   int           // service_checks, which status only has once set
	orders   int           // external_commands, likewise
	latency  time.Duration // of each answer
	conns    map[net.Conn]bool
}

type toyTable struct {
	cols []string
	rows []map[string]any
}

func newToy() *toy {
	t := &toy{numHosts: 3, version: "1.5.1.source-naemon", program: "1.5.2", start: time.Now().Unix() - 3600, pid: 77, event: make(chan struct{}), conns: map[net.Conn]bool{}, tables: map[string]*toyTable{}}
	now := time.Now().Unix()
	objects := []string{"last_check", "has_been_checked", "state", "state_type", "plugin_output", "acknowledged", "acknowledgement_type", "scheduled_downtime_depth", "is_executing", "next_check", "modified_attributes", "notifications_enabled"}
	t.tables["status"] = &toyTable{cols: []string{"program_start", "nagios_pid", "program_version", "livestatus_version", "log_messages", "check_external_commands", "num_hosts"}}
	t.tables["hosts"] = &toyTable{cols: append([]string{"name", "address", "last_update"}, objects...)}
	t.tables["services"] = &toyTable{cols: append([]string{"host_name", "description", "last_update"}, objects...)}
	t.tables["comments"] = &toyTable{cols: []string{"id", "host_name", "service_description", "is_service", "author", "comment", "entry_time"}}
	t.tables["downtimes"] = &toyTable{cols: []string{"id", "host_name", "service_description", "is_service", "author", "comment", "entry_time", "start_time", "end_time"}}
	t.tables["contacts"] = &toyTable{cols: []string{"name", "alias"}, rows: []map[string]any{{"name": "admin", "alias": "Admin"}}}
	t.tables["timeperiods"] = &toyTable{cols: []string{"name", "in"}, rows: []map[string]any{{"name": "24x7", "in": 1}}}
	for h := range 3 {
		host := fmt.Sprintf("h%d", h)
		t.tables["hosts"].rows = append(t.tables["hosts"].rows, map[string]any{"name": host, "last_check": now - 10, "last_update": now - 10, "has_been_checked": 1, "state_type": 1, "plugin_output": "UP"})
		for s := range 4 {
			t.tables["services"].rows = append(t.tables["services"].rows, map[string]any{"host_name": host, "description": fmt.Sprintf("s%d", s), "last_check": now - 10, "last_update": now - 10, "has_been_checked": 1, "state_type": 1, "plugin_output": "OK"})
		}
	}
	return t
}

// mk makes the toy an MK Livestatus: no last_update, waits of no use.
func (t *toy) mk() *toy {
	t.version, t.program = "1.5.0", "4.4.6"
	for _, name := range []string{"hosts", "services"} {
		t.tables[name].cols = slices.DeleteFunc(t.tables[name].cols, func(c string) bool { return c == "last_update" })
	}
	return t
}

// counting gives the toy the counters that a core of the Nagios family has.
func (t *toy) counting() *toy {
	s := t.tables["status"]
	s.cols = append(s.cols, "host_checks", "service_checks", "external_commands")
	return t
}

// set changes values of the row of a service and tells whoever waits.
func (t *toy) set(host, service string, values map[string]any) {
	t.mu.Lock()
	for _, r := range t.tables["services"].rows {
		if r["host_name"] == host && r["description"] == service {
			for k, v := range values {
				r[k] = v
			}
		}
	}
	t.mu.Unlock()
	t.happened()
}

func (t *toy) happened() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.event)
	t.event = make(chan struct{})
}

func (t *toy) with(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// number reads one of the toy's counts.
func (t *toy) number(n *int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *n
}

// refuse ends all connections and takes no more.
func (t *toy) refuse() {
	t.with(func() {
		t.mode = "refuse"
		for c := range t.conns {
			c.Close()
		}
	})
	t.happened()
}

// end lets every goroutine of the toy end.
func (t *toy) end() {
	t.with(func() { t.spin = true })
	t.refuse()
}

func (t *toy) count(prefix string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, a := range t.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

func (t *toy) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dials++
	t.addrs = append(t.addrs, addr)
	if t.mode == "swallow" { // so long a packet is lost
		t.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(t.swallows):
		}
		t.mu.Lock()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t.mode = ""
	}
	if t.mode == "refuse" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	ours, theirs := net.Pipe()
	t.open++
	t.most = max(t.most, t.open)
	t.conns[theirs] = true
	go func() {
		t.serve(theirs)
		theirs.Close()
		t.with(func() { delete(t.conns, theirs) })
	}()
	return &counted{Conn: ours, closed: sync.OnceFunc(func() { t.with(func() { t.open-- }) })}, nil
}

// counted tells when the client closes a connection.
type counted struct {
	net.Conn
	closed func()
}

func (c *counted) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (t *toy) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		var lines []string
		for {
			line, err := in.ReadString('\n')
			if line = strings.TrimRight(line, "\n"); line != "" {
				lines = append(lines, line)
			}
			if err != nil && len(lines) == 0 {
				return
			}
			if err != nil || line == "" || strings.HasPrefix(line, "COMMAND") {
				break
			}
		}
		if len(lines) == 0 {
			continue
		}
		if strings.HasPrefix(lines[0], "COMMAND") {
			if f := t.onSend; f != nil {
				f(lines[0])
			}
			return
		}
		t.mu.Lock()
		hang, spin, event, latency := t.mode == "hang", t.spin, t.event, t.latency
		t.asked = append(t.asked, strings.Join(lines, "|"))
		t.mu.Unlock()
		if hang {
			_, _ = io.Copy(io.Discard, in)
			return
		}
		time.Sleep(latency)
		body, code, keep := t.answer(lines, event, spin)
		if _, err := fmt.Fprintf(conn, "%d %11d\n%s", code, len(body), body); err != nil || !keep {
			return
		}
	}
}

// toyQuery is as much of the language as the site speaks to a toy.
type toyQuery struct {
	cols      []string
	stats     []string
	filters   []func(map[string]any) bool
	headers   bool
	keep      bool
	limit     int
	trigger   bool
	waitMilli int
}

func readToyQuery(headers []string) toyQuery {
	q := toyQuery{limit: -1}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		n, _ := strconv.Atoi(value)
		switch name {
		case "Columns":
			q.cols = strings.Fields(value)
		case "Stats":
			q.stats = append(q.stats, value)
		case "Filter":
			q.filters = append(q.filters, toyFilter(value))
		case "And", "Or":
			parts := slices.Clone(q.filters[len(q.filters)-n:])
			q.filters = append(q.filters[:len(q.filters)-n], func(r map[string]any) bool {
				for _, p := range parts {
					if p(r) != (name == "And") {
						return name == "Or"
					}
				}
				return name == "And"
			})
		case "ColumnHeaders":
			q.headers = value == "on"
		case "KeepAlive":
			q.keep = value == "on"
		case "Limit":
			q.limit = n
		case "WaitTrigger":
			q.trigger = true
		case "WaitTimeout":
			q.waitMilli = n
		}
	}
	return q
}

// matches reports whether r passes all filters.
func (q *toyQuery) matches(r map[string]any) bool {
	return !slices.ContainsFunc(q.filters, func(f func(map[string]any) bool) bool { return !f(r) })
}

// rows returns what table answers.
func (q *toyQuery) rows(table *toyTable) [][]any {
	if len(q.cols) == 0 && len(q.stats) == 0 {
		q.cols, q.headers = table.cols, true
	}
	out := [][]any{}
	if q.headers {
		var h []any
		for _, c := range q.cols {
			h = append(h, c)
		}
		out = append(out, h)
	}
	greatest := 0.0
	for _, r := range table.rows {
		if !q.matches(r) || q.limit == 0 {
			continue
		}
		q.limit--
		var row []any
		for _, c := range q.cols {
			if v, ok := r[c]; ok {
				row = append(row, v)
			} else {
				row = append(row, 0)
			}
		}
		greatest = max(greatest, toyNumber(r["last_check"]))
		out = append(out, row)
	}
	if len(q.stats) > 0 {
		return [][]any{{greatest}}
	}
	return out
}

func (t *toy) answer(lines []string, event chan struct{}, spin bool) (body []byte, code int, keep bool) {
	q := readToyQuery(lines[1:])
	if q.trigger && !spin {
		select {
		case <-event:
		case <-time.After(time.Duration(q.waitMilli) * time.Millisecond):
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	table := t.table(strings.TrimPrefix(lines[0], "GET "))
	if table == nil {
		return []byte("no such table\n"), 404, q.keep
	}
	body, err := json.Marshal(q.rows(table))
	if err != nil {
		panic(err)
	}
	return append(bytes.ReplaceAll(body, []byte("],["), []byte("],\n[")), '\n'), 200, q.keep
}

func (t *toy) table(name string) *toyTable {
	switch name {
	case "columns":
		c := &toyTable{cols: []string{"table", "name", "type", "description"}}
		for tn, tt := range t.tables {
			for _, cn := range tt.cols {
				c.rows = append(c.rows, map[string]any{"table": tn, "name": cn, "type": "string", "description": "-"})
			}
		}
		return c
	case "status":
		s := *t.tables["status"]
		s.rows = []map[string]any{{"program_start": t.start, "nagios_pid": t.pid, "program_version": t.program, "livestatus_version": t.version, "check_external_commands": 1, "num_hosts": t.numHosts, "service_checks": t.checks, "external_commands": t.orders}}
		return &s
	}
	return t.tables[name]
}

func toyFilter(s string) func(map[string]any) bool {
	parts := strings.SplitN(s, " ", 3)
	value := ""
	if len(parts) > 2 {
		value = parts[2]
	}
	return func(r map[string]any) bool {
		if parts[1] == ">=" {
			n, _ := strconv.ParseFloat(value, 64)
			return toyNumber(r[parts[0]]) >= n
		}
		if r[parts[0]] == nil {
			return value == "0"
		}
		return fmt.Sprint(r[parts[0]]) == value
	}
}

func toyNumber(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}
