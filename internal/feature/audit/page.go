// Package audit is the room of the record, for admins: who signed in, who changed
// what, and who had what done where, with what result. It only shows.
package audit

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// A Reader reads the record. *db.DB is one.
type Reader interface {
	// AuditLog returns entries, newest first, and Orders orders.
	AuditLog(ctx context.Context, q db.AuditQuery) ([]db.Audit, error)
	Orders(ctx context.Context, q db.OrderQuery) ([]db.Order, error)
	OrderItems(ctx context.Context, order int64, from, limit int) ([]db.OrderItem, error)
	CountOrderItems(ctx context.Context, order int64) (map[string]int, error)
	// These walk through all there is.
	EachAudit(ctx context.Context, q db.AuditQuery) iter.Seq2[db.Audit, error]
	EachOrder(ctx context.Context, q db.OrderQuery) iter.Seq2[db.Order, error]
	EachOrderItem(ctx context.Context, order int64) iter.Seq2[db.OrderItem, error]
}

// Options are what the room needs.
type Options struct {
	Log Reader
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "audit",
		Menu: []web.MenuItem{{
			Name: "audit", Label: "Audit", Icon: "log", Path: "/audit", Group: 2, Order: 30, Right: web.Admin,
		}},
		Routes: []web.Route{
			{Pattern: "GET /audit", Right: web.Admin, Handler: h.list},
			{Pattern: "GET /audit.jsonl", Right: web.Admin, Handler: h.export, Stream: true},
		},
	}
}

// kinds are the kinds of entries that can be chosen; "" is all.
func kinds() []string { return []string{"", orders, "sign-in", "site.", "person.", "session."} }

// orders is the kind of what was done at cores, which can be searched further.
const orders = "order."

// A view is what the templates draw.
type view struct {
	Entries   []db.Audit
	Who, Kind string
	Limit     int
	Older     int64 // entries before this id come next, 0 when there are none
}

// list serves GET /audit.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	v, err := asked(r)
	if err != nil {
		return err
	}
	if v.Kind == orders {
		return h.orders(w, r, v)
	}
	before := int64(0)
	if s := r.FormValue("before"); s != "" {
		if before, err = strconv.ParseInt(s, 10, 64); err != nil || before < 1 {
			return web.BadParameter("before", "before must be a whole number from 1", "Correct the address or go back")
		}
	}
	// One more than shown tells whether there are older ones.
	v.Entries, err = h.Log.AuditLog(r.Context(), db.AuditQuery{Before: before, Who: v.Who, Action: v.Kind, Limit: min(v.Limit+1, 1000)})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if len(v.Entries) > v.Limit || len(v.Entries) == 1000 {
		v.Entries = v.Entries[:min(v.Limit, len(v.Entries))]
		v.Older = v.Entries[len(v.Entries)-1].ID
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Audit"), Active: "audit", Body: body(v, entries(v))})
}

// asked reads what all kinds have in common from the address.
func asked(r *http.Request) (v view, err error) {
	v.Who = strings.TrimSpace(r.FormValue("q"))
	if v.Kind, err = web.OneOf(r, "kind", kinds()...); err != nil {
		return v, err
	}
	v.Limit, err = web.Int(r, "limit", 100, 1, 1000)
	return v, err
}

// words says what an action is in words; unknown ones stay as they are.
func words(ctx context.Context, action string) string {
	known := map[string]string{
		"sign-in": ui.T(ctx, "signed in"), "sign-out": ui.T(ctx, "signed out"), "setup": ui.T(ctx, "first start"),
		"site.add": ui.T(ctx, "added site"), "site.change": ui.T(ctx, "changed site"), "site.remove": ui.T(ctx, "removed site"),
		"site.demo": ui.T(ctx, "started the demo"), "site.demo-end": ui.T(ctx, "ended the demo"),
		"site.pause": ui.T(ctx, "paused site"), "site.resume": ui.T(ctx, "resumed site"),
		"person.add": ui.T(ctx, "added person"), "person.change": ui.T(ctx, "changed person"), "person.remove": ui.T(ctx, "removed person"),
		"order.give": ui.T(ctx, "gave order"), "order.end": ui.T(ctx, "order ended"), "order.cancel": ui.T(ctx, "cancelled order"),
		"person.password": ui.T(ctx, "set password of"), "session.revoke": ui.T(ctx, "ended sign-in of"),
	}
	if w, ok := known[action]; ok {
		return w
	}
	return action
}

// label names a kind of entries.
func label(ctx context.Context, kind string) string {
	switch kind {
	case orders:
		return ui.T(ctx, "Orders")
	case "sign-in":
		return ui.T(ctx, "Sign-ins")
	case "site.":
		return ui.T(ctx, "Sites")
	case "person.":
		return ui.T(ctx, "People")
	case "session.":
		return ui.T(ctx, "Sessions")
	}
	return ui.T(ctx, "All")
}

// path returns the address of a kind of entries with the other filters kept.
func (v view) path(kind string) string {
	q := url.Values{}
	if kind != "" {
		q.Set("kind", kind)
	}
	if v.Who != "" {
		q.Set("q", v.Who)
	}
	if len(q) == 0 {
		return "/audit"
	}
	return "/audit?" + q.Encode()
}

// links are the kinds to choose from.
func links(ctx context.Context, v view) []ui.Link {
	var out []ui.Link
	for _, k := range kinds() {
		out = append(out, ui.Link{Label: label(ctx, k), Path: v.path(k), Current: v.Kind == k})
	}
	return out
}
