package db_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/db"
)

// ordered stores some orders, a day apart, the first at noon.
func ordered(t *testing.T) *db.DB {
	t.Helper()
	d := open(t, t.TempDir())
	item := func(n int, site, host, service, state string) db.OrderItem {
		return db.OrderItem{N: n, Site: site, Host: host, Service: service, Target: json.RawMessage(`{}`), State: state}
	}
	for i, o := range []struct {
		who, via, command string
		items             []db.OrderItem
	}{
		{"anna", "web", "ACKNOWLEDGE_SVC_PROBLEM", []db.OrderItem{item(0, "a", "web", "disk", "seen"), item(1, "b", "web", "disk", "unseen")}},
		{"bert", "cli", "ACKNOWLEDGE_HOST_PROBLEM", []db.OrderItem{item(0, "a", "web", "", "seen")}},
		{"anna", "livestatus", "DISABLE_NOTIFICATIONS", []db.OrderItem{item(0, "b", "", "", "accepted")}},
		{"anna", "web", "SCHEDULE_SVC_DOWNTIME", []db.OrderItem{item(0, "b", "db", "disk", "seen")}},
	} {
		kept := db.Order{At: noon.AddDate(0, 0, i), Who: o.who, Via: o.via, Command: o.command, Args: map[string]string{"comment": "x"}, Until: noon}
		if id, err := d.AddOrder(t.Context(), kept, o.items); err != nil || id != int64(i+1) {
			t.Fatal(id, err)
		}
	}
	return d
}

// ids are the numbers of the orders that a query finds.
func ids(t *testing.T, d *db.DB, q db.OrderQuery) string {
	t.Helper()
	list, err := d.Orders(t.Context(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	var out []string
	for _, o := range list {
		out = append(out, fmt.Sprint(o.ID))
	}
	return strings.Join(out, " ")
}

func TestOrders(t *testing.T) {
	d := ordered(t)
	for _, c := range []struct {
		q    db.OrderQuery
		want string
	}{
		{db.OrderQuery{}, "4 3 2 1"},
		{db.OrderQuery{Limit: 2}, "4 3"},
		{db.OrderQuery{Limit: 2, Before: 3}, "2 1"},
		{db.OrderQuery{Who: "anna", Via: "web"}, "4 1"},
		{db.OrderQuery{Command: "ACKNOWLEDGE_"}, "2 1"},
		{db.OrderQuery{Command: "ACKNOWLEDGE"}, ""},
		{db.OrderQuery{Command: "DISABLE_NOTIFICATIONS"}, "3"},
		{db.OrderQuery{From: noon.AddDate(0, 0, 1), To: noon.AddDate(0, 0, 3)}, "3 2"},
		{db.OrderQuery{Site: "b"}, "4 3 1"},
		{db.OrderQuery{Host: "web"}, "2 1"},
		{db.OrderQuery{Host: "web", HostOnly: true}, "2"},
		{db.OrderQuery{Host: "web", Service: "disk", Site: "b"}, "1"},
		{db.OrderQuery{Service: "disk"}, "4 1"},
		{db.OrderQuery{State: "unseen"}, "1"},
		{db.OrderQuery{State: "seen", Site: "b", Who: "anna"}, "4 1"},
	} {
		if got := ids(t, d, c.q); got != c.want {
			t.Errorf("%+v finds %q, not %q", c.q, got, c.want)
		}
	}
}

// TestPruneOrders: what is old and has ended goes; what is on its way stays,
// and so does the audit.
func TestPruneOrders(t *testing.T) {
	d := ordered(t)
	for i, due := range []time.Time{noon, noon.AddDate(1, 0, 0)} {
		if _, err := d.AddPromise(t.Context(), db.Promise{Due: due, Site: "a", Host: fmt.Sprint(i), Who: "anna", Entry: json.RawMessage(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.PruneOrders(t.Context(), noon.AddDate(0, 0, 3)); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, d, db.OrderQuery{}); got != "4 3" {
		t.Errorf("%q are left", got)
	}
	if items, err := d.OrderItems(t.Context(), 1, 0, 10); err != nil || len(items) > 0 {
		t.Errorf("items %v are left, %v", items, err)
	}
	if list, err := d.Promises(t.Context()); err != nil || len(list) != 1 || list[0].Host != "1" {
		t.Errorf("promises %v, %v", list, err)
	}
	if log, err := d.AuditLog(t.Context(), db.AuditQuery{Action: "order.give"}); err != nil || len(log) != 4 {
		t.Errorf("%d entries of the audit, %v", len(log), err)
	}
}
