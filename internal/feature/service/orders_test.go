package service

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// TestOrders: the page names who had what done with this very object, to whoever
// sees it, and nothing of other objects of the same order.
func TestOrders(t *testing.T) {
	s := webtest.New(t, world(), func(_ *auth.Service, d *db.DB) []web.Feature { return []web.Feature{Feature(Options{Orders: d})} })
	if a := s.Get("anna", address); len(a.All("[aria-labelledby=h-ord]")) != 0 {
		t.Error("there is a panel without orders")
	}
	item := func(n int, service, state, reason string) db.OrderItem {
		return db.OrderItem{N: n, Site: "a", Host: "db 1", Service: service, Target: json.RawMessage(`{}`), State: state, Reason: reason}
	}
	_, err := s.DB.AddOrder(context.Background(), db.Order{At: time.Now(), Who: "ben", Via: "web", Command: "ACKNOWLEDGE_SVC_PROBLEM", Args: map[string]string{"comment": webtest.Hostile}},
		[]db.OrderItem{item(0, "Disk /var", "seen", ""), item(1, "Ping", "failed", "Its secret reason.")})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Get("anna", address)
	panel := webtest.Text(a.One("[aria-labelledby=h-ord]"))
	if !strings.Contains(panel, "ben") || !strings.Contains(panel, "Acknowledgement") || !strings.Contains(panel, "confirmed") {
		t.Errorf("the panel says %q", panel)
	}
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Errorf("%d elements came from the comment", n)
	}
	if strings.Contains(a.Body, "secret reason") {
		t.Error("what became of another object is shown")
	}
	if a := s.Get("nobody", address); a.Status != http.StatusNotFound || strings.Contains(a.Body, "ben") {
		t.Errorf("who does not see the object gets %d", a.Status)
	}
}
