package site_test

import (
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/replica"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// replicaOrder is the order in which tables are fed: what is referred to first.
var replicaOrder = []string{"timeperiods", "commands", "contactgroups", "contacts", "hostgroups", "servicegroups", "hosts", "services", "comments", "downtimes", "status"}

// derivedThere are columns of a simulated core that a replica has by itself.
var derivedThere = map[string][]string{
	"hosts":    {"last_update", "in_check_period", "in_notification_period", "childs"},
	"services": {"last_update", "in_check_period", "in_notification_period"},
	"contacts": {"in_host_notification_period", "in_service_notification_period"},
	"status":   {"livestatus_version", "host_checks", "service_checks", "log_messages"},
}

var invertedThere = map[string][]string{"hostgroups": {"members"}, "servicegroups": {"members"}, "contactgroups": {"members"}, "hosts": {"childs"}}

// copyTo feeds what is true about a simulated core to a replica, without what
// the replica derives.
func copyTo(t *testing.T, c *testkit.Core, r *replica.Replica, inverse bool) {
	t.Helper()
	b := r.Begin()
	for _, table := range replicaOrder {
		def, _ := schema.Lookup(table)
		b.Replace(table)
		for _, row := range c.Rows(table) {
			out := replica.Row{Table: table}
			for _, col := range def.Columns {
				v, ok := row[col.Name]
				if !ok || col.Class == schema.Derived || slices.Contains(derivedThere[table], col.Name) && col.Name != "childs" ||
					inverse && slices.Contains(invertedThere[table], col.Name) {
					continue
				}
				out.Columns, out.Values = append(out.Columns, col.Name), append(out.Values, v)
			}
			b.Put(out)
		}
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
}

// served serves a replica on loopback and returns its address.
func served(t *testing.T, r *replica.Replica) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.Serve(t.Context(), l) }()
	t.Cleanup(func() {
		r.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "tcp://" + l.Addr().String()
}

// TestReplica reads cores through a replica of them: what is in the store
// equals the truth, through changes and restarts, whether the source tells
// members or only groups.
func TestReplica(t *testing.T) {
	t.Parallel()
	for name, inverse := range map[string]bool{"members": false, "groups": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, _ := kitCore(t, testkit.Options{Profile: testkit.Naemon, Hosts: 20, ServicesPerHost: 6, Seed: 7})
			core.Step(time.Now())
			r := replica.New(replica.Options{Impl: schema.Naemon, Inverse: inverse})
			copyTo(t, core, r, inverse)
			_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{served(t, r)}})
			until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
			if h := view(fleet, "a").Health; h.Implementation != "Naemon" {
				t.Errorf("it is a %s", h.Implementation)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range rounds(6) {
				storm(t, core, rng)
				copyTo(t, core, r, inverse)
				replicaEqual(t, core, fleet)
			}
			core.Restart()
			storm(t, core, rng)
			copyTo(t, core, r, inverse)
			replicaEqual(t, core, fleet)
			h := view(fleet, "a").Health
			if e := h.Errors; e["internal"]+e["protocol"]+e["dropped_rows"] > 0 {
				t.Errorf("errors %v", e)
			}
			if len(h.Notes) > 0 {
				t.Errorf("notes %q", h.Notes)
			}
		})
	}
}

// replicaEqual waits until nothing differs but the order of members.
func replicaEqual(t *testing.T, c *testkit.Core, fleet *store.Fleet) {
	t.Helper()
	var diffs []string
	for end := time.Now().Add(later); ; time.Sleep(20 * time.Millisecond) {
		diffs = nil
		for _, table := range sitetest.Tables {
			want, got := sitetest.Truth(c, table), sitetest.Rows(view(fleet, "a").Snapshot, table)
			sortMembers(want)
			sortMembers(got)
			diffs = append(diffs, sitetest.Diff(table, want, got, append(slices.Clone(sitetest.OwnPace), "last_update")...)...)
		}
		if len(diffs) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Logf("health: %+v", view(fleet, "a").Health)
			sitetest.Report(t, diffs)
			t.FailNow()
		}
	}
}

func sortMembers(rows map[string]map[string]any) {
	for _, r := range rows {
		for _, column := range []string{"members", "childs"} {
			switch v := r[column].(type) {
			case []string:
				v = slices.Clone(v)
				slices.Sort(v)
				r[column] = v
			case []schema.Member:
				v = slices.Clone(v)
				slices.SortFunc(v, func(a, b schema.Member) int {
					return strings.Compare(a.Host+"\x00"+a.Service, b.Host+"\x00"+b.Service)
				})
				r[column] = v
			}
		}
	}
}

// TestReplicaFollowed: a change that is fed is in the store, whatever is polled,
// and nothing is read while nothing is fed.
func TestReplicaFollowed(t *testing.T) {
	t.Parallel()
	r := replica.New(replica.Options{Impl: schema.MK15})
	addr := served(t, r)
	_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
	until(t, soon, "not read yet", func() bool {
		return strings.Contains(view(fleet, "a").Health.Cause, "has not been read yet")
	})
	b := r.Begin()
	b.Put(replica.Row{Table: "status", Columns: []string{"program_start", "program_version", "nagios_pid"}, Values: []any{int64(1000), "4.4.6", int64(7)}})
	b.Put(replica.Row{Table: "hosts", Columns: []string{"name", "state", "has_been_checked"}, Values: []any{"a", int64(0), int64(1)}})
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	until(t, later, "fresh", inState(fleet, "a", store.Fresh))
	if h := view(fleet, "a").Health; h.Implementation != "Nagios" || h.Version != "4.4.6" {
		t.Errorf("it is %s %s", h.Implementation, h.Version)
	}
	until(t, soon, "waiting", func() bool { return view(fleet, "a").Health.Waiting })
	for i := range int64(20) {
		b := r.Begin()
		b.Put(replica.Row{Table: "hosts", Columns: []string{"name", "state"}, Values: []any{"a", 1 + i%2}})
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
		until(t, soon, "the new state", func() bool { return view(fleet, "a").Snapshot.Int("hosts", "state", 0) == 1+i%2 })
		if before := view(fleet, "a").Snapshot.Int("hosts", "last_state", 0); i > 0 && before != 2-i%2 {
			t.Errorf("change %d: last state %d", i, before)
		}
	}
	r.Fail("Nothing can be read: the file is gone.", "")
	until(t, soon, "the cause", func() bool {
		h := view(fleet, "a").Health
		return h.State == store.Down && strings.Contains(h.Cause, "the file is gone")
	})
	if n := view(fleet, "a").Snapshot.Rows("hosts"); n != 1 {
		t.Errorf("%d hosts are kept", n)
	}
}
