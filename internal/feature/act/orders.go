package act

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// pageOrders is how many orders the list shows at a time; pageItems how many
// objects the page of an order.
const (
	pageOrders = 50
	pageItems  = 200
)

// An orderLine is one order of the list.
type orderLine struct {
	db.Order
	counts map[command.State]int
}

func (l orderLine) total() (n int) {
	for _, c := range l.counts {
		n += c
	}
	return n
}

// kind says how the order stands: busy, ok, warn, unsure or crit.
func (l orderLine) kind() string {
	rep := command.Report{Counts: l.counts}
	good := l.counts[command.Seen] + l.counts[command.Done]
	switch {
	case rep.Open() > 0:
		return "busy"
	case good == l.total():
		return "ok"
	case good == 0 && l.counts[command.Unknown] > 0:
		return "unsure"
	case good == 0:
		return "crit"
	}
	return "warn"
}

func (l orderLine) good() int { return l.counts[command.Seen] + l.counts[command.Done] }

// A listView is the page of all orders.
type listView struct {
	lines []orderLine
	all   bool // whoever looks sees those of others too
	older int64
}

// list serves GET /orders: one's own, for admins those of all.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	me := web.Person(r)
	before, err := web.Int(r, "before", 0, 0, 1<<53)
	if err != nil {
		return err
	}
	v := listView{all: me.Role == access.RoleAdmin && r.FormValue("of") != "me"}
	q := db.OrderQuery{Before: int64(before), Limit: pageOrders + 1}
	if !v.all {
		q.Who = me.Username
	}
	orders, err := h.Store.Orders(ctx, q)
	if err != nil {
		return fmt.Errorf("act: orders: %w", err)
	}
	if len(orders) > pageOrders {
		orders = orders[:pageOrders]
		v.older = orders[len(orders)-1].ID
	}
	for _, o := range orders {
		if !v.all && o.Person != me.ID {
			continue // of somebody who had this name before
		}
		counts, err := h.Store.CountOrderItems(ctx, o.ID)
		if err != nil {
			return fmt.Errorf("act: orders: %w", err)
		}
		line := orderLine{Order: o, counts: map[command.State]int{}}
		for s, n := range counts {
			line.counts[command.State(s)] = n
		}
		v.lines = append(v.lines, line)
	}
	return web.Render(w, r, web.Page{Title: ui.T(ctx, "Orders"), Active: "orders", Body: listPage(v),
		Blocks: map[string]templ.Component{"orders": listRows(v)}})
}

// An orderView is the page of some orders.
type orderView struct {
	*progress
	from  int // first item shown
	shown []command.Item
	names map[string]string
	sees  map[string]bool // keys of objects that whoever looks sees now
}

// show serves GET /orders/{ids}.
func (h handler) show(w http.ResponseWriter, r *http.Request) error {
	ids, err := idsOf(r)
	if err != nil {
		return err
	}
	p, err := h.progressOf(r, ids)
	if err != nil {
		return err
	}
	if web.WantsJSON(r) {
		return web.JSON(w, http.StatusOK, p)
	}
	v := orderView{progress: p}
	if v.from, err = web.Int(r, "from", 0, 0, command.TargetsMost); err != nil {
		return err
	}
	v.shown = p.items[min(v.from, len(p.items)):min(v.from+pageItems, len(p.items))]
	if v.names, err = siteNames(r.Context(), web.AllData(r)); err != nil {
		return err
	}
	if v.sees, err = seen(r.Context(), web.AllData(r), v.shown); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: p.Title, Active: "orders", Body: orderPage(v),
		Blocks: map[string]templ.Component{"order": orderBody(v)}})
}

// seen says which objects of items whoever looks sees now: rights may have
// changed since the order was given.
func seen(ctx context.Context, q lql.Querier, items []command.Item) (map[string]bool, error) {
	var keys []string
	for _, it := range items {
		if it.Target.Host != "" {
			keys = append(keys, keyOfItem(it))
		}
	}
	s, err := subjectsOf(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, x := range s.list {
		out[x.key()] = true
	}
	return out, nil
}

// failed reports whether an item can be tried again.
func failed(s command.State) bool { return s == command.Unseen || s == command.Failed }

// retry serves POST /orders/{ids}/retry: exactly what was not seen, once more.
func (h handler) retry(w http.ResponseWriter, r *http.Request) error {
	ids, err := idsOf(r)
	if err != nil {
		return err
	}
	var next []int64
	var refused error
	for _, id := range ids {
		if _, err := h.report(r, id); err != nil {
			return err
		}
		n, err := h.Desk.Retry(r.Context(), actor(r), id)
		if _, ok := asProblem(err); ok {
			refused = asRefusal(err) // of this one nothing is left
			continue
		}
		if err != nil {
			return err
		}
		next = append(next, n)
	}
	if len(next) == 0 {
		return refused
	}
	return h.given(w, r, next)
}

// undoWithin is how long taking something back waits for it to be there.
const undoWithin = 15 * time.Second

// undo serves POST /orders/{ids}/undo: what was not sent is cancelled, of the
// rest the opposite is done.
func (h handler) undo(w http.ResponseWriter, r *http.Request) error {
	ids, err := idsOf(r)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := h.report(r, id); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), undoWithin)
	defer cancel()
	var back []command.Order
	for _, id := range ids {
		if _, err := h.Desk.Cancel(r.Context(), actor(r), id); err != nil {
			return asRefusal(err)
		}
		rep, err := h.Desk.Wait(ctx, id)
		if err != nil {
			return err
		}
		items, err := h.allItems(r.Context(), id)
		if err != nil {
			return err
		}
		more, err := h.inverse(r, rep, items)
		if err != nil {
			return err
		}
		back = append(back, more...)
	}
	if len(back) == 0 {
		return h.given(w, r, ids) // nothing of it had left
	}
	next, err := h.giveAll(r, back)
	if err != nil {
		return asRefusal(err)
	}
	return h.given(w, r, next)
}

// asRefusal turns a problem of the desk into an answer for people.
func asRefusal(err error) error {
	if p, ok := asProblem(err); ok {
		return web.Conflict(p.Msg, p.Hint)
	}
	return err
}

// inverse returns the orders that take back what an order did.
func (h handler) inverse(r *http.Request, rep command.Report, items []command.Item) ([]command.Order, error) {
	var done []command.Item
	for _, it := range items {
		if it.State != command.Refused && it.State != command.Cancelled && it.State != command.Failed {
			done = append(done, it)
		}
	}
	if len(done) == 0 {
		return nil, nil
	}
	note := ui.T(r.Context(), "Order %s taken back", strconv.FormatInt(rep.ID, 10))
	simple := func(name string) []command.Order {
		o := command.Order{Command: name, Note: note}
		for _, it := range done {
			o.Targets = append(o.Targets, it.Target)
		}
		return []command.Order{o}
	}
	if name, ok := opposite(rep.Command); ok {
		return simple(name), nil
	}
	switch verbOf(rep.Command) {
	case "ack":
		if done[0].Target.Service == "" {
			return simple("REMOVE_HOST_ACKNOWLEDGEMENT"), nil
		}
		return simple("REMOVE_SVC_ACKNOWLEDGEMENT"), nil
	case "comment", "downtime":
		return h.inverseEntries(r, rep, done, note)
	}
	return nil, web.Conflict("This cannot be taken back", "No command does the opposite.")
}

// clocks is by how much the clock of a core may differ from ours.
const clocks = 5 * time.Minute

// inverseEntries deletes the comments or downtimes that an order made: those
// with its author, its text and its times.
func (h handler) inverseEntries(r *http.Request, rep command.Report, done []command.Item, note string) ([]command.Order, error) {
	table := "comments"
	if verbOf(rep.Command) == "downtime" {
		table = "downtimes"
	}
	host := command.Order{Command: "DEL_HOST_COMMENT", Note: note}
	service := command.Order{Command: "DEL_SVC_COMMENT", Note: note}
	if table == "downtimes" {
		host.Command, service.Command = "DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME"
	}
	for _, it := range done {
		query := entryQuery(table).Where(lql.Eq("author", rep.Who), lql.Eq("comment", rep.Args["comment"]),
			lql.Cmp("entry_time", lql.GreaterOrEqual, unix(rep.At.Add(-clocks))))
		if it.Target.Host != "" {
			query.Where(lql.Eq("host_name", it.Target.Host))
			if !strings.Contains(cmp.Or(it.Target.Command, rep.Command), "_HOST_SVC_") {
				query.Where(lql.Eq("service_description", it.Target.Service))
			}
		}
		if table == "downtimes" {
			query.Where(lql.Eq("start_time", rep.Args["start_time"]), lql.Eq("end_time", rep.Args["end_time"]))
		}
		query.Backends = []string{it.Target.Site}
		found, err := entries(r.Context(), web.AllData(r), query)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if e.service == "" {
				host.Targets = append(host.Targets, e.target())
			} else {
				service.Targets = append(service.Targets, e.target())
			}
		}
	}
	var out []command.Order
	for _, o := range []command.Order{host, service} {
		if len(o.Targets) > 0 {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		return nil, web.Conflict("It is not there any more", "Somebody may have deleted it already.")
	}
	return out, nil
}
