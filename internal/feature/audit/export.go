package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// exported is the address of what the page shows as JSON lines, all of it.
func exported(ctx context.Context) string {
	path := ui.With(ctx, "before", "", "limit", "")
	return "/audit.jsonl" + strings.TrimPrefix(path, "/audit")
}

// A record is one line: a change or sign-in, or what an order did with one
// object.
type record struct {
	At      time.Time         `json:"at"`
	Kind    string            `json:"kind"` // "change" or "order"
	Who     string            `json:"who"`
	From    string            `json:"from,omitempty"` // address
	Via     string            `json:"via,omitempty"`
	Action  string            `json:"action,omitempty"`
	Object  string            `json:"object,omitempty"`
	Detail  string            `json:"detail,omitempty"`
	Order   int64             `json:"order,omitempty"`
	Command string            `json:"command,omitempty"`
	Args    map[string]string `json:"args,omitempty"`
	Note    string            `json:"note,omitempty"`
	Site    string            `json:"site,omitempty"` // key
	Host    string            `json:"host,omitempty"`
	Service string            `json:"service,omitempty"`
	Group   string            `json:"group,omitempty"`
	Contact string            `json:"contact,omitempty"`
	Result  string            `json:"result"`
	Reason  string            `json:"reason,omitempty"`
	Sent    *time.Time        `json:"sent,omitempty"`
	Ended   *time.Time        `json:"ended,omitempty"`
}

// export serves GET /audit.jsonl: all that the page of the same parameters
// shows, newest first, one JSON object a line.
func (h handler) export(w http.ResponseWriter, r *http.Request) error {
	v, err := asked(r)
	if err != nil {
		return err
	}
	s := searched(r)
	if s.bad() {
		return web.BadRequest(ui.T(r.Context(), "This is no point in time."), "Write today, -2d or 2026-11-25 08:00")
	}
	head := w.Header()
	head.Set("Content-Type", "application/jsonl; charset=utf-8")
	head.Set("Content-Disposition", `attachment; filename="audit-`+ui.Now(r.Context()).In(ui.Zone(r.Context())).Format("2006-01-02-1504")+`.jsonl"`)
	rc := http.NewResponseController(w)
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for rec, err := range h.records(r.Context(), v, s) {
		if err == nil {
			_ = rc.SetWriteDeadline(time.Now().Add(writeMost)) // servers without deadlines say so
			err = enc.Encode(rec)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // half a file must not look whole
		}
	}
	if buf.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// writeMost is how long whoever reads the export may take for a piece of it.
const writeMost = 30 * time.Second

// records yields what the address asks for: orders object by object, everything
// else entry by entry, together by time.
func (h handler) records(ctx context.Context, v view, s search) iter.Seq2[record, error] {
	changes := func(yield func(record, error) bool) {
		for a, err := range h.Log.EachAudit(ctx, db.AuditQuery{Who: v.Who, Action: v.Kind}) {
			if strings.HasPrefix(a.Action, orders) {
				continue // its objects say more
			}
			if !yield(record{At: a.At, Kind: "change", Who: a.Who, From: a.IP, Action: a.Action, Object: a.Object, Detail: a.Detail, Result: a.Result}, err) || err != nil {
				return
			}
		}
	}
	switch v.Kind {
	case orders:
		return h.done(ctx, s.query(ctx))
	case "":
		return newestFirst(changes, h.done(ctx, db.OrderQuery{Who: v.Who}))
	}
	return changes
}

// done yields what orders did, object by object.
func (h handler) done(ctx context.Context, q db.OrderQuery) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for o, err := range h.Log.EachOrder(ctx, q) {
			if err != nil {
				yield(record{}, err)
				return
			}
			for it, err := range h.Log.EachOrderItem(ctx, o.ID) {
				t := target(it)
				rec := record{At: o.At, Kind: "order", Who: o.Who, From: o.IP, Via: o.Via, Order: o.ID, Command: o.Command, Args: o.Args, Note: o.Note,
					Site: it.Site, Host: it.Host, Service: it.Service, Group: t.Group, Contact: t.Contact, Result: it.State, Reason: it.Reason,
					Sent: some(it.Sent), Ended: some(it.Ended)}
				if !yield(rec, err) || err != nil {
					return
				}
			}
		}
	}
}

// target reads what an item acts on.
func target(it db.OrderItem) (t command.Target) {
	if json.Unmarshal(it.Target, &t) != nil {
		t = command.Target{Site: it.Site, Host: it.Host, Service: it.Service}
	}
	return t
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// newestFirst merges two sequences that are in this order already.
func newestFirst(a, b iter.Seq2[record, error]) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		x, errX, okX := nextA()
		y, errY, okY := nextB()
		for okX || okY {
			if okX && (!okY || errX != nil || errY == nil && x.At.After(y.At)) {
				if !yield(x, errX) {
					return
				}
				x, errX, okX = nextA()
				continue
			}
			if !yield(y, errY) {
				return
			}
			y, errY, okY = nextB()
		}
	}
}
