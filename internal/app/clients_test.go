package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/testkit"
)

// forClients starts an app over the cores Wien and Graz, where only what a test
// does happens, with a listener that gives commands as eva, an operator who sees
// everything. It returns the listener's host:port once all hosts are there;
// heard says how often a command came to a core.
func forClients(t *testing.T) (address string, cores []*testkit.Core, heard func(command string) int) {
	t.Helper()
	cfg := config.Default()
	var mu sync.Mutex
	count := map[string]int{}
	hear := func(name string, args []string, err error) {
		mu.Lock()
		defer mu.Unlock()
		count[name+" "+strings.Join(args[:min(2, len(args))], " ")]++
	}
	for i, name := range []string{"Wien", "Graz"} {
		c := testkit.NewCore(testkit.Options{Name: name, Hosts: 12, ServicesPerHost: 3, Seed: uint64(i) + 21, Churn: -1, Heard: hear})
		t.Cleanup(func() { _ = c.Close() })
		addr, err := c.ListenTCP("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.Start(t.Context())
		cfg.Sites = append(cfg.Sites, config.Site{Name: name, Addresses: []string{"tcp://" + addr.String()}})
		cores = append(cores, c)
	}
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Users = []config.User{{Name: "eva", Role: "operator", SeeAll: true, PasswordHash: hash}}
	cfg.Livestatus = []config.Livestatus{{Listen: "tcp://127.0.0.1:0", Network: "tcp", Address: "127.0.0.1:0", As: "eva", Commands: true}}
	a := start(t, cfg, nil)
	listen := a.LivestatusAddresses()[0]
	eventually(t, "all hosts", func() bool {
		n, err := hosts(t, listen)
		return err == nil && n["Wien"] == 12 && n["Graz"] == 12
	})
	return strings.TrimPrefix(listen, "tcp://"), cores, func(command string) int {
		mu.Lock()
		defer mu.Unlock()
		return count[command]
	}
}

// hasComment reports whether a core holds a comment.
func hasComment(c *testkit.Core, text, author string) bool {
	return slices.ContainsFunc(c.Rows("comments"), func(r map[string]any) bool { return r["comment"] == text && r["author"] == author })
}

// A perlAnswer is what Monitoring::Livestatus made of our answers.
type perlAnswer struct {
	Rows  []map[string]any
	Names []string
	Stats []int
	Down  int
	Row   struct {
		State        int
		PluginOutput string `json:"plugin_output"`
	}
	ByKey     map[string]map[string]any `json:"by_key"`
	Limit     int
	Header    []map[string]any
	None      []any
	BadColumn perlError `json:"bad_column"`
	BadTable  perlError `json:"bad_table"`
	After     int
	Commanded int `json:"after_command"`
}

type perlError struct {
	Code int
	Text string
}

// TestPerlClient: the library that Thruk uses, from Debian's package
// libmonitoring-livestatus-perl and unchanged, gets queries, stats and errors
// right and gives commands, on one connection and on one for each.
func TestPerlClient(t *testing.T) {
	if exec.Command("perl", "-MMonitoring::Livestatus", "-e", "1").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("libmonitoring-livestatus-perl is not installed")
		}
		t.Skip("libmonitoring-livestatus-perl is not installed: run make setup")
	}
	address, cores, _ := forClients(t)
	var names []string
	for _, c := range cores {
		names = append(names, hostNames(c)...)
	}
	s := cores[0].Rows("services")[0]
	host, service := s["host_name"].(string), s["description"].(string)
	cores[0].SetState(host, service, 2, "CRITICAL - gr\u00fcn; 50%")
	eventually(t, "the state at the listener", func() bool {
		return strings.Contains(ask(t, address, "GET services\nColumns: plugin_output\nFilter: host_name = "+host+"\n\n"), "CRITICAL - gr\u00fcn; 50%")
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "perl", "testdata/thruk.pl", address, host, service, "told by perl")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	got := map[string]perlAnswer{}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	slices.Sort(names)
	for i, how := range []string{"each", "kept"} {
		a := got[how]
		checkPerl(t, how, a, names)
		if a.Row.State != 2 || a.Row.PluginOutput != "CRITICAL - gr\u00fcn; 50%" {
			t.Errorf("%s: the service is %+v", how, a.Row)
		}
		text := fmt.Sprintf("told by perl %d", i)
		eventually(t, "the comment "+text, func() bool { return hasComment(cores[0], text, "eva") })
	}
}

// checkPerl checks what does not depend on a single service; names are those of
// all hosts in order.
func checkPerl(t *testing.T, how string, a perlAnswer, names []string) {
	t.Helper()
	slices.Sort(a.Names)
	if !slices.Equal(a.Names, names) {
		t.Errorf("%s: hosts %q, want %q", how, a.Names, names)
	}
	if len(a.Rows) != 3*len(names) || a.Commanded != len(a.Rows) {
		t.Errorf("%s: %d and %d services, want %d", how, len(a.Rows), a.Commanded, 3*len(names))
	}
	for _, r := range a.Rows {
		_, list := r["contacts"].([]any)
		if _, number := r["state"].(float64); !list || !number || r["host_name"] == "" {
			t.Fatalf("%s: a row is %v", how, r)
		}
	}
	if len(a.Stats) != 2 || a.Stats[0]+a.Stats[1] != len(names) || a.Down > a.Stats[1] || a.After != len(names) {
		t.Errorf("%s: %v hosts by state, %d down, %d in all", how, a.Stats, a.Down, a.After)
	}
	sites := map[any]int{}
	for _, r := range a.ByKey {
		sites[r["peer_name"]]++
	}
	if sites["Wien"]+sites["Graz"] != len(a.ByKey) || sites["Wien"] == 0 || sites["Graz"] == 0 {
		t.Errorf("%s: hosts by site %v", how, sites)
	}
	if a.Limit != 3 || len(a.Header) == 0 || a.Header[0]["program_start"] == nil || a.None == nil || len(a.None) != 0 {
		t.Errorf("%s: limit %d, status %v, nothing is %v", how, a.Limit, a.Header, a.None)
	}
	if a.BadColumn.Code < 400 || !strings.Contains(a.BadColumn.Text, "nosuch") {
		t.Errorf("%s: an unknown column is %+v", how, a.BadColumn)
	}
	if a.BadTable.Code != 404 || !strings.Contains(a.BadTable.Text, "nosuch") {
		t.Errorf("%s: an unknown table is %+v", how, a.BadTable)
	}
}

// nagstamon sends lines as Nagstamon does, one connection for each request over
// IPv4, and reads until the server closes; it never closes its own side first.
func nagstamon(t *testing.T, address string, lines ...string) []map[string]any {
	t.Helper()
	c, err := net.DialTimeout("tcp4", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, strings.Join(lines, "\n")+"\n\n"); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(lines[0], "COMMAND") {
		return nil
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	var table [][]any
	if err := json.Unmarshal(b, &table); err != nil || len(table) == 0 {
		t.Fatalf("%v in %q", err, b)
	}
	var rows []map[string]any
	for _, r := range table[1:] {
		row := map[string]any{}
		for i, name := range table[0] {
			row[name.(string)] = r[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestNagstamon: whole tables, with names in the first row, of all that is not
// OK; and commands whose time lies a little ahead.
func TestNagstamon(t *testing.T) {
	address, cores, heard := forClients(t)
	s := cores[1].Rows("services")[0]
	host, service := s["host_name"].(string), s["description"].(string)
	cores[1].SetState(host, service, 2, "CRITICAL - no paper")
	problems := func(table string) []map[string]any {
		return nagstamon(t, address, "GET "+table, "OutputFormat: json", "ColumnHeaders: on", "Filter: state != 0", "Filter: acknowledged != 1")
	}
	numbers := []string{"state", "last_hard_state", "last_check", "last_state_change", "current_attempt", "notifications_enabled", "is_flapping", "acknowledged", "scheduled_downtime_depth"}
	find := func() map[string]any {
		for _, r := range problems("services") {
			if r["host_name"] == host && r["description"] == service {
				return r
			}
		}
		return nil
	}
	eventually(t, "the problem", func() bool { return find() != nil })
	row := find()
	for _, n := range append([]string{"host_state", "host_scheduled_downtime_depth", "host_acknowledged", "max_check_attempts"}, numbers...) {
		if _, ok := row[n].(float64); !ok {
			t.Errorf("%s of a service is %v", n, row[n])
		}
	}
	if row["state"] != 2.0 || row["plugin_output"] != "CRITICAL - no paper" || row["display_name"] == nil || row["host_display_name"] == nil {
		t.Errorf("the service is %v", row)
	}
	cores[0].SetState(hostNames(cores[0])[0], "", 1, "DOWN - gone")
	eventually(t, "the host that is down", func() bool { return len(problems("hosts")) > 0 })
	for _, r := range problems("hosts") {
		for _, n := range numbers {
			if _, ok := r[n].(float64); !ok {
				t.Errorf("%s of a host is %v", n, r[n])
			}
		}
		if r["state"] != 1.0 && r["state"] != 2.0 || r["name"] == "" {
			t.Errorf("a host is %v", r)
		}
	}
	at := time.Now().Add(5 * time.Second).Unix()
	nagstamon(t, address, fmt.Sprintf("COMMAND [%d] ACKNOWLEDGE_SVC_PROBLEM;%s;%s;2;1;0;nagstamon;seen from the tray", at, host, service))
	eventually(t, "the acknowledgement at the core", func() bool { return hasComment(cores[1], "seen from the tray", "eva") })
	eventually(t, "no problem any more", func() bool { return find() == nil })
	nagstamon(t, address, fmt.Sprintf("COMMAND [%d] SCHEDULE_FORCED_SVC_CHECK;%s;%s;%d", at, host, service, at))
	eventually(t, "the check at the core", func() bool { return heard("SCHEDULE_FORCED_SVC_CHECK "+host+" "+service) == 1 })
}
