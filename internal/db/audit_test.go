package db_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/db"
)

// TestPruneAudit: what is older than the time to keep goes, but no order that
// is still on its way.
func TestPruneAudit(t *testing.T) {
	d := open(t, t.TempDir())
	old, young := noon.AddDate(-1, 0, -1), noon.AddDate(-1, 0, 1)
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for i := range 2500 {
			at := old
			if i%500 == 0 {
				at = young
			}
			if err := tx.AddAudit(t.Context(), db.Audit{At: at, Action: "site.add", Result: "ok"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		at    time.Time
		note  string
		state string
	}{{old, "old and ended", "seen"}, {old, "old and open", "sent"}, {young, "young", "seen"}} {
		item := db.OrderItem{Site: "s", Host: "h", Target: json.RawMessage(`{}`), State: o.state}
		if _, err := d.AddOrder(t.Context(), db.Order{At: o.at, Who: "anna", Command: "X", Note: o.note}, []db.OrderItem{item}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.PruneAudit(t.Context(), noon.AddDate(-1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	log, err := d.AuditLog(t.Context(), db.AuditQuery{Action: "site.add", Limit: 1000})
	if err != nil || len(log) != 5 {
		t.Errorf("%d entries are left, %v; want 5", len(log), err)
	}
	orders, err := d.Orders(t.Context(), db.OrderQuery{})
	var notes []string
	for _, o := range orders {
		notes = append(notes, o.Note)
	}
	if got := strings.Join(notes, ", "); err != nil || got != "young, old and open" {
		t.Errorf("orders left: %s, %v", got, err)
	}
}

// TestObjectOrders: what was done with one object, and only that.
func TestObjectOrders(t *testing.T) {
	d := open(t, t.TempDir())
	item := func(n int, site, host, service, state string) db.OrderItem {
		return db.OrderItem{N: n, Site: site, Host: host, Service: service, Target: json.RawMessage(`{}`), State: state}
	}
	for _, items := range [][]db.OrderItem{
		{item(0, "s", "h", "disk", "seen"), item(1, "s", "h", "cpu", "failed")},
		{item(0, "s", "h", "", "seen")},
		{item(0, "other", "h", "disk", "unseen")},
		{item(0, "s", "h", "disk", "refused")},
	} {
		if _, err := d.AddOrder(t.Context(), db.Order{At: noon, Who: "anna", Command: "X", Args: map[string]string{"comment": "c"}}, items); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		service string
		limit   int
		want    string
	}{{"disk", 10, "4.0 refused, 1.0 seen"}, {"disk", 1, "4.0 refused"}, {"cpu", 10, "1.1 failed"}, {"", 10, "2.0 seen"}, {"nosuch", 10, ""}} {
		list, err := d.ObjectOrders(t.Context(), "s", "h", tt.service, tt.limit)
		var got []string
		for _, x := range list {
			got = append(got, fmt.Sprintf("%d.%d %s", x.ID, x.Item.N, x.Item.State))
			if x.Who != "anna" || x.Args["comment"] != "c" || x.Item.Host != "h" || !x.At.Equal(noon) {
				t.Errorf("%+v", x)
			}
		}
		if s := strings.Join(got, ", "); err != nil || s != tt.want {
			t.Errorf("%q: %q, %v; want %q", tt.service, s, err, tt.want)
		}
	}
}

// TestEach: all there is comes, once, however many pages it takes.
func TestEach(t *testing.T) {
	d := open(t, t.TempDir())
	const many = 1100
	var items []db.OrderItem
	for n := range many {
		items = append(items, db.OrderItem{N: n, Site: "s", Target: json.RawMessage(`{}`), State: "seen"})
	}
	if _, err := d.AddOrder(t.Context(), db.Order{At: noon, Who: "anna", Command: "X"}, items); err != nil {
		t.Fatal(err)
	}
	next := 0
	for it, err := range d.EachOrderItem(t.Context(), 1) {
		if err != nil || it.N != next {
			t.Fatalf("item %d, %v; want %d", it.N, err, next)
		}
		next++
	}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for range many {
			if err := tx.AddAudit(t.Context(), db.Audit{Action: "site.add"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for a, err := range d.EachAudit(t.Context(), db.AuditQuery{Action: "site."}) {
		if err != nil || seen[a.ID] {
			t.Fatalf("entry %d, %v", a.ID, err)
		}
		seen[a.ID] = true
	}
	orders := 0
	for _, err := range d.EachOrder(t.Context(), db.OrderQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		orders++
	}
	if next != many || len(seen) != many || orders != 1 {
		t.Errorf("%d items, %d entries, %d orders", next, len(seen), orders)
	}
}
