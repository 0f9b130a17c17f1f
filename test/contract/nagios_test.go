package contract_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/agent/agenttest"
	"belvedere/internal/corefiles"
	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/test/realcore"
)

// nagios is a real Nagios 4 without Livestatus. What it says is what its files
// say now.
type nagios struct {
	*testing.T
	c *realcore.Nagios
}

const nagiosObjects = `define host {
	use base
	host_name ünï-hôst
	contacts admin
	_RACK R1; left
}
define host {
	use base
	host_name child
	parents ünï-hôst
	check_period none
	notification_period none
}
define service {
	use base
	host_name ünï-hôst
	service_description %s
	servicegroups all
}
define service {
	use base
	host_name child
	service_description ping twice
	servicegroups all
	check_period none
}
define servicegroup {
	servicegroup_name all
}
define hostgroup {
	hostgroup_name linux
	members ünï-hôst,child
}
define contactgroup {
	contactgroup_name admins
	members admin
}
`

func newNagios(t *testing.T, settings string) *nagios {
	t.Helper()
	return &nagios{t, realcore.NagiosForTest(t, realcore.NagiosOptions{Objects: fmt.Sprintf(nagiosObjects, "old service"), Settings: settings})}
}

// nagiosFiles is a real Nagios of which an agent has only the files.
func nagiosFiles(t *testing.T) (core, agent.Core) {
	n := newNagios(t, "")
	return n, n.read()
}

// read reads the core's files until the test ends.
func (n *nagios) read() *filecore.Core {
	n.Helper()
	c, err := filecore.New(filecore.Options{Main: n.c.Main})
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(c.Close)
	agenttest.Background(n.T, func(ctx context.Context) error { c.Run(ctx); return nil })
	return c
}

// byFiles serves the core from its files and returns the address.
func (n *nagios) byFiles() string {
	n.Helper()
	c := n.read()
	path := filepath.Join(n.TempDir(), "live")
	l, err := livestatus.Listen(n.Context(), "unix", path)
	if err != nil {
		n.Fatal(err)
	}
	agenttest.Background(n.T, func(ctx context.Context) error { return c.Serve(ctx, l) })
	return "unix://" + path
}

// truth reads the core's files.
func (n *nagios) truth(table string) rows {
	out := rows{}
	merge := func(r *corefiles.Row) error {
		if r.Table != table {
			return nil
		}
		def, _ := schema.Lookup(table)
		var key []string
		for _, k := range def.Keys {
			key = append(key, fmt.Sprint(r.Get(k)))
		}
		row := out[strings.Join(key, "\x00")]
		if row == nil {
			row = map[string]any{}
			out[strings.Join(key, "\x00")] = row
		}
		for i, column := range r.Columns {
			if slices.Contains(def.Keys, column) || column != "last_update" {
				row[column] = r.Values[i]
			}
		}
		return nil
	}
	objects, err := os.ReadFile(n.c.Objects)
	if err != nil {
		return out // the core is on its way
	}
	if _, err := corefiles.ReadObjects(bytes.NewReader(objects), merge); err != nil {
		n.Fatal(err)
	}
	status, err := os.ReadFile(n.c.Status)
	if err != nil {
		return out
	}
	if _, err := corefiles.ReadStatus(bytes.NewReader(status), merge); err != nil {
		n.Fatal(err)
	}
	return out
}

func (n *nagios) object() (host, service string) { return "ünï-hôst", "old service" }
func (n *nagios) tell(line string) error         { return n.c.Command(line) }

func (n *nagios) result(host, service string, state int, output string) error {
	if service == "" {
		return n.c.Command(fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;%d;%s", host, state, output))
	}
	return n.c.Command(fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;%s;%d;%s", host, service, state, output))
}

func (n *nagios) change() error {
	name := filepath.Join(n.c.Dir, "objects.cfg")
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for from, to := range map[string]string{"old service": "new service", "child": "kind ü"} { // a host, with what names it
		b = bytes.ReplaceAll(b, []byte(from), []byte(to))
	}
	if err := os.WriteFile(name, b, 0o644); err != nil { //nolint:gosec // the core reads it as another user
		return err
	}
	return n.c.Command("RESTART_PROCESS")
}

func (n *nagios) restart() error {
	if err := n.c.Halt(); err != nil {
		return err
	}
	return n.c.Launch()
}
func (n *nagios) halt() error   { return n.c.Halt() }
func (n *nagios) launch() error { return n.c.Launch() }

// TestNagiosEverything: a Nagios with nothing but its files is a site like any
// other: what the files leave out is there.
func TestNagiosEverything(t *testing.T) {
	t.Parallel()
	n := newNagios(t, "")
	m, fleet := follow(t, opened{spec: site.Spec{Addresses: []string{n.byFiles()}}})
	_ = m
	v := fleet.View().Sites[0]
	if v.Health.Implementation != "Nagios" || !strings.HasPrefix(v.Health.Version, "4.") || len(v.Health.Notes) > 0 {
		t.Errorf("health %+v", v.Health)
	}
	row := func(table, key string) int {
		at, ok := v.Snapshot.Find(table, key)
		if !ok {
			t.Fatalf("no row %q in %s", key, table)
		}
		return at
	}
	host, child := row("hosts", "ünï-hôst"), row("hosts", "child")
	for _, w := range []struct {
		column     string
		row        int
		in, binary int64
	}{{"in_check_period", host, 1, 0}, {"in_notification_period", host, 1, 0}, {"in_check_period", child, 0, 0}, {"in_notification_period", child, 0, 0}} {
		if got := v.Snapshot.Int("hosts", w.column, w.row); got != w.in {
			t.Errorf("%s of row %d: %d, want %d", w.column, w.row, got, w.in)
		}
	}
	if got := v.Snapshot.Int("services", "in_check_period", row("services", "child\x00ping twice")); got != 0 {
		t.Errorf("in_check_period of a service: %d", got)
	}
	if got := v.Snapshot.Int("status", "interval_length", 0); got != 60 {
		t.Errorf("interval_length %d", got)
	}
	for table, want := range map[string]int{"hosts": 2, "services": 2, "hostgroups": 1, "servicegroups": 1, "contacts": 1, "contactgroups": 1, "timeperiods": 2} {
		if got := v.Snapshot.Rows(table); got != want {
			t.Errorf("%d rows in %s, want %d", got, table, want)
		}
	}
}

// TestNagiosSecond: what happens between two status files is seen when it
// happens.
func TestNagiosSecond(t *testing.T) {
	t.Parallel()
	n := newNagios(t, "status_update_interval=60\nlog_service_retries=0\n")
	_, fleet := follow(t, opened{spec: site.Spec{Addresses: []string{n.byFiles()}}})
	host, service := n.object()
	status, err := os.Stat(n.c.Status)
	if err != nil {
		t.Fatal(err)
	}
	most := 20
	if !testing.Short() {
		most = 200
	}
	var took []time.Duration
	for i := range most {
		state := 1 + i%3
		output := fmt.Sprintf("change %d", i)
		began := time.Now()
		if err := n.result(host, service, state, output); err != nil {
			t.Fatal(err)
		}
		for end := began.Add(patience); ; time.Sleep(2 * time.Millisecond) {
			snap := fleet.View().Sites[0].Snapshot
			at, ok := snap.Find("services", host+"\x00"+service)
			if ok && snap.Int("services", "state", at) == int64(state) && snap.Text("services", "plugin_output", at) == output {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("change %d is not seen", i)
			}
		}
		took = append(took, time.Since(began))
	}
	if now, err := os.Stat(n.c.Status); err != nil || testing.Short() && now.ModTime() != status.ModTime() {
		t.Errorf("the status file was written meanwhile (%v)", err)
	}
	slices.Sort(took)
	t.Logf("%d changes: median %v, p99 %v, longest %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}
