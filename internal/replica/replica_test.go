package replica_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/replica"
	"belvedere/internal/schema"
)

// row makes a row of columns and values in turn.
func row(table string, pairs ...any) replica.Row {
	r := replica.Row{Table: table}
	for i := 0; i < len(pairs); i += 2 {
		r.Columns, r.Values = append(r.Columns, pairs[i].(string)), append(r.Values, pairs[i+1])
	}
	return r
}

func feed(t *testing.T, r *replica.Replica, rows ...replica.Row) {
	t.Helper()
	b := r.Begin()
	for _, x := range rows {
		b.Put(x)
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
}

// ask sends one request over a connection within the program.
func ask(t *testing.T, r *replica.Replica, request string) string {
	t.Helper()
	c, err := r.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(request + "\n\n")); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func newReplica(t *testing.T, o replica.Options) *replica.Replica {
	t.Helper()
	r := replica.New(o)
	t.Cleanup(r.Close)
	return r
}

// TestColumns: clients are told of the columns of the implementation and of
// ours, and of no tables of other programs.
func TestColumns(t *testing.T) {
	r := newReplica(t, replica.Options{Impl: schema.MK15, Without: map[string][]string{"hosts": {"x_3d"}}})
	if got := ask(t, r, "GET hosts"); got != "The core has not been read yet.\n" {
		t.Errorf("before the first row: %q", got)
	}
	feed(t, r, row("hosts", "name", "a"), row("status", "program_start", int64(5)))
	names := strings.Fields(ask(t, r, "GET columns\nColumns: name\nFilter: table = hosts"))
	for name, want := range map[string]bool{"name": true, "last_update": true, "staleness": true, "num_services": true, "x_3d": false, "y_3d": true,
		"address6": false, "peer_key": false, "check_source": false} {
		if slices.Contains(names, name) != want {
			t.Errorf("column %s: %v, want %v", name, !want, want)
		}
	}
	head, _, _ := strings.Cut(ask(t, r, "GET hosts"), "\n")
	if all := strings.Split(head, ";"); !slices.Equal(all, names) {
		t.Errorf("all columns are %q, listed are %q", all, names)
	}
	if tables := ask(t, r, "GET columns\nColumns: table\nFilter: table ~ sites|zones|backends|statehist"); tables != "" {
		t.Errorf("tables %q", tables)
	}
	if got := ask(t, r, "GET sites"); !strings.Contains(got, "no such table") {
		t.Errorf("sites: %q", got)
	}
	if got := ask(t, r, "GET status\nColumns: program_start livestatus_version"); got != "5;belvedere-nagios4\n" {
		t.Errorf("status: %q", got)
	}
}

// TestDerived: what the source leaves out is there.
func TestDerived(t *testing.T) {
	r := newReplica(t, replica.Options{Impl: schema.Icinga2, Inverse: true})
	vars := []schema.Pair{{Name: "PATH", Value: "x/y"}}
	feed(t, r, row("timeperiods", "name", "night", "in", int64(0)), row("timeperiods", "name", "day", "in", int64(1)),
		row("contactgroups", "name", "admins"), row("contacts", "name", "eva", "groups", []string{"admins"}),
		row("hostgroups", "name", "g"), row("servicegroups", "name", "sg"),
		row("hosts", "name", "a", "address", "10.0.0.1", "groups", []string{"g"}, "parents", []string{"b"}, "check_period", "day", "notification_period", "",
			"contact_groups", []string{"admins"}, "contacts", []string{"max"}, "state", int64(0), "notes_url", "http://$HOSTADDRESS$/$HOSTNAME$"),
		row("hosts", "name", "b", "check_period", "gone"),
		row("services", "host_name", "a", "description", "s", "groups", []string{"sg"}, "notification_period", "night",
			"custom_variables", vars, "notes", "$_SERVICEPATH$ at $HOSTADDRESS$ $USER1$ $"),
		row("services", "host_name", "nobody", "description", "s"))
	for request, want := range map[string]string{
		"GET hostgroups\nColumns: members num_services":                                          "a;1\n",
		"GET servicegroups\nColumns: members":                                                    "a|s\n",
		"GET contactgroups\nColumns: members":                                                    "eva\n",
		"GET hosts\nColumns: name childs contacts in_check_period in_notification_period":        "a;;max,eva;1;1\nb;a;;1;1\n",
		"GET hosts\nColumns: notes_url_expanded services num_services_pending\nFilter: name = a": "http://10.0.0.1/a;s;1\n",
		"GET services\nColumns: in_notification_period notes_expanded custom_variable_names":     "0;x/y at 10.0.0.1 $USER1$ $;PATH\n",
	} {
		if got := ask(t, r, request); got != want {
			t.Errorf("%s\n got %q, want %q", request, got, want)
		}
	}
	feed(t, r, row("timeperiods", "name", "night", "in", int64(1)), row("hosts", "name", "b", "groups", []string{"g"}), row("hosts", "name", "a", "state", int64(1)))
	for request, want := range map[string]string{
		"GET services\nColumns: in_notification_period":                   "1\n",
		"GET hostgroups\nColumns: members":                                "a,b\n",
		"GET hosts\nColumns: state last_state contacts\nFilter: name = a": "1;0;max,eva\n",
	} {
		if got := ask(t, r, request); got != want {
			t.Errorf("%s\n got %q, want %q", request, got, want)
		}
	}
	b := r.Begin()
	b.Delete("hosts", "a")
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, r, "GET hosts\nColumns: name childs") + ask(t, r, "GET hostgroups\nColumns: members") + ask(t, r, "GET services\nColumns: description"); got != "b;\nb\n" {
		t.Errorf("after the end of a host: %q", got)
	}
}

// TestStamps: last_update and the counters move with what differs, and with
// nothing else.
func TestStamps(t *testing.T) {
	now := time.Unix(1000, 0)
	r := newReplica(t, replica.Options{Impl: schema.Naemon, Now: func() time.Time { return now }})
	a, b := row("hosts", "name", "a", "state", int64(0)), row("hosts", "name", "b", "state", int64(0))
	feed(t, r, row("status", "program_start", int64(5)), a, b)
	const request = "GET hosts\nColumns: name last_update"
	const counters = "GET status\nColumns: host_checks service_checks log_messages"
	before, count := r.Snapshot().Version(), ask(t, r, counters)
	now = time.Unix(2000, 0)
	feed(t, r, a, b)
	if got := ask(t, r, request); got != "a;1000\nb;1000\n" || r.Snapshot().Version() != before || ask(t, r, counters) != count {
		t.Errorf("fed the same: %q", got)
	}
	feed(t, r, row("hosts", "name", "a", "state", int64(1)), b)
	if got := ask(t, r, request); got != "a;2000\nb;1000\n" || ask(t, r, counters) == count {
		t.Errorf("fed another: %q", got)
	}
	now = time.Unix(1500, 0) // the clock goes back
	feed(t, r, row("hosts", "name", "b", "state", int64(1)))
	if got := ask(t, r, request); got != "a;2000\nb;2000\n" {
		t.Errorf("after the clock went back: %q", got)
	}
}

// TestOrder: of several puts of a row the last one counts, column by column,
// and rows that are not put are gone with Replace.
func TestOrder(t *testing.T) {
	r := newReplica(t, replica.Options{Impl: schema.Naemon})
	feed(t, r, row("hosts", "name", "a", "state", int64(0), "alias", "x"), row("hosts", "name", "b"))
	b := r.Begin()
	b.Replace("hosts")
	b.Put(row("hosts", "name", "a", "state", int64(1)))
	b.Put(row("hosts", "name", "a", "state", int64(2), "alias", "y"))
	b.Put(row("hosts", "name", "a", "state", int64(0)))
	if b.Update(row("hosts", "name", "c", "state", int64(2))) {
		t.Error("there is a host c")
	}
	if !b.Update(row("hosts", "name", "a", "alias", "z")) {
		t.Error("there is no host a")
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, r, "GET hosts\nColumns: name state alias"); got != "a;0;z\n" {
		t.Errorf("%q", got)
	}
}

// TestWrong: what makes no sense fails the batch and changes nothing.
func TestWrong(t *testing.T) {
	r := newReplica(t, replica.Options{Impl: schema.Naemon})
	feed(t, r, row("hosts", "name", "a"))
	for name, wrong := range map[string]replica.Row{
		"table": row("nothing", "name", "a"), "virtual": row("sites", "name", "a"), "column": row("hosts", "name", "b", "nothing", int64(1)),
		"key": row("hosts", "state", int64(1)), "type": row("hosts", "name", "b", "state", 7), "values": {Table: "hosts", Columns: []string{"name"}},
	} {
		b := r.Begin()
		b.Put(row("hosts", "name", "c"))
		b.Put(wrong)
		if err := b.Commit(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := ask(t, r, "GET hosts\nColumns: name"); got != "a\n" {
		t.Errorf("%q", got)
	}
}
