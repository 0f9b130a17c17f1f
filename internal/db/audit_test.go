package db_test

import (
	"encoding/json"
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
