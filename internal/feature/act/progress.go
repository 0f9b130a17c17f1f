package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

const (
	togetherMost = 8   // orders shown together
	itemsAtOnce  = 500 // items read at a time
	rowsMost     = 500 // items that are told one by one
	waitFor      = 20 * time.Second
)

// A progress is how far some orders got, as the script of a page shows it.
type progress struct {
	IDs    string            `json:"ids"` // "12,13"
	URL    string            `json:"url"` // of their page, with prefix
	Tag    string            `json:"tag"` // equal while nothing changed
	Open   int               `json:"open"`
	Kind   string            `json:"kind"` // busy, ok, warn, crit
	Title  string            `json:"title"`
	Detail string            `json:"detail"`
	Undo   bool              `json:"undo,omitempty"`
	Rows   map[string]string `json:"rows,omitempty"`  // key of an object to how it stands
	Words  map[string]string `json:"words,omitempty"` // how it stands to what a row says

	orders []command.Report
	items  []command.Item
	sites  []siteProgress
	total  int
	good   int
	unsure int // of which nobody knows whether it was carried out
	began  time.Time
	ended  time.Time // of the last item
}

// siteProgress is how far a site got.
type siteProgress struct {
	key, name                       string
	total, open, good, bad, refused int
	waits                           string // why what is for it was not sent yet
	why                             string // why something failed
	until                           time.Time
}

// idsOf reads the numbers of orders in the address.
func idsOf(r *http.Request) ([]int64, error) {
	var ids []int64
	for _, s := range strings.Split(r.PathValue("ids"), ",") {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil || id <= 0 || len(ids) == togetherMost {
			return nil, web.NotFound("There is no such order", "It may be too old to be kept. Look at the list of orders.")
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// report returns an order that whoever asks may read: their own, and every one
// for admins.
func (h handler) report(r *http.Request, id int64) (command.Report, error) {
	rep, err := h.Desk.Report(r.Context(), id)
	me := web.Person(r)
	if errors.Is(err, db.ErrNotFound) || err == nil && me.Role != access.RoleAdmin && (me.ID == 0 || rep.Person != me.ID) {
		return rep, web.NotFound("There is no such order", "It may be too old to be kept. Look at the list of orders.")
	}
	return rep, err
}

// progressOf reads how far orders got.
func (h handler) progressOf(r *http.Request, ids []int64) (*progress, error) {
	ctx := r.Context()
	p := &progress{IDs: strings.TrimPrefix(ordersPath(ids), "/orders/"), URL: string(web.URL(r, ordersPath(ids)))}
	for _, id := range ids {
		rep, err := h.report(r, id)
		if err != nil {
			return nil, err
		}
		p.orders = append(p.orders, rep)
		items, err := h.allItems(ctx, id)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, items...)
	}
	names, err := siteNames(ctx, web.AllData(r))
	if err != nil {
		return nil, err
	}
	p.count(names)
	p.say(ctx)
	return p, nil
}

// allItems returns the items of an order.
func (h handler) allItems(ctx context.Context, id int64) ([]command.Item, error) {
	var out []command.Item
	for {
		more, err := h.Desk.Items(ctx, id, len(out), itemsAtOnce)
		if err != nil {
			return nil, fmt.Errorf("act: items: %w", err)
		}
		out = append(out, more...)
		if len(more) < itemsAtOnce {
			return out, nil
		}
	}
}

// siteNames returns the names of sites by their keys.
func siteNames(ctx context.Context, q lql.Querier) (map[string]string, error) {
	res, err := q.Query(ctx, lql.Get("sites", "key", "name"))
	if err != nil {
		return nil, fmt.Errorf("act: sites: %w", err)
	}
	out := map[string]string{}
	for i := range res.Rows {
		out[res.Text(i, "key")] = res.Text(i, "name")
	}
	return out, nil
}

// keyOfItem names the object of an item as rows do.
func keyOfItem(it command.Item) string {
	return status.RowID(it.Target.Site, it.Target.Host, it.Target.Service)
}

// good reports whether an item was carried out as far as can be known.
func good(s command.State) bool { return s == command.Seen || s == command.Done }

// count adds up the items by site.
func (p *progress) count(names map[string]string) {
	sites := map[string]*siteProgress{}
	p.began = p.orders[0].At
	until := p.orders[0].Until
	p.total = len(p.items)
	tag := make([]byte, 0, len(p.items))
	if p.total <= rowsMost {
		p.Rows = map[string]string{}
	}
	for _, it := range p.items {
		s := sites[it.Target.Site]
		if s == nil {
			s = &siteProgress{key: it.Target.Site, name: cmp.Or(names[it.Target.Site], it.Target.Site), until: until}
			sites[it.Target.Site] = s
		}
		s.total++
		tag = append(tag, string(it.State)[:3]...)
		if p.Rows != nil && it.Target.Host != "" {
			p.Rows[keyOfItem(it)] = string(it.State)
		}
		if it.Ended.After(p.ended) && good(it.State) {
			p.ended = it.Ended
		}
		switch {
		case !it.State.Final():
			s.open++
			p.Open++
			if it.State == command.Accepted && it.Reason != "" {
				s.waits = it.Reason
			}
		case good(it.State):
			s.good++
			p.good++
		case it.State == command.Refused, it.State == command.Cancelled:
			s.refused++
			s.why = cmp.Or(s.why, it.Reason)
		default:
			s.bad++
			s.why = it.Reason
			if it.State == command.Unknown {
				p.unsure++
			}
		}
		if it.State == command.Accepted && it.Reason != "" {
			tag = append(tag, 'w')
		}
	}
	for _, s := range sites {
		p.sites = append(p.sites, *s)
	}
	slices.SortFunc(p.sites, func(a, b siteProgress) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
	p.Tag = digest(tag)
}

// progress serves GET /orders/{ids}/progress?tag=: how far orders got, at once
// or as soon as that differs from what tag stands for.
func (h handler) progress(w http.ResponseWriter, r *http.Request) error {
	ids, err := idsOf(r)
	if err != nil {
		return err
	}
	end := time.NewTimer(waitFor)
	defer end.Stop()
	for {
		next := h.Desk.Changed()
		p, err := h.progressOf(r, ids)
		if err != nil {
			return err
		}
		if p.Tag != r.FormValue("tag") || p.Open == 0 {
			return web.JSON(w, http.StatusOK, p)
		}
		select {
		case <-next:
		case <-end.C:
			return web.JSON(w, http.StatusOK, p)
		case <-r.Context().Done():
			return r.Context().Err()
		}
		// Orders of many objects change all the time: not more often than one
		// can read.
		select {
		case <-time.After(min(200*time.Millisecond+time.Duration(p.total)*100*time.Microsecond, 2*time.Second)):
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

// cancel serves POST /orders/{ids}/cancel: what was not sent is taken back.
func (h handler) cancel(w http.ResponseWriter, r *http.Request) error {
	ids, err := idsOf(r)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := h.report(r, id); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if _, err := h.Desk.Cancel(r.Context(), actor(r), id); err != nil {
			return asRefusal(err)
		}
	}
	return h.given(w, r, ids)
}

// say writes title and detail.
func (p *progress) say(ctx context.Context) {
	v := verbOf(p.orders[0].Command)
	if len(p.orders) > 1 && v == "downtime" && verbOf(p.orders[1].Command) == "cancel" {
		v = "edit"
	}
	var bad, refused int
	for _, s := range p.sites {
		bad += s.bad
		refused += s.refused
	}
	p.Undo = p.good+p.Open > 0 && v != "edit" && undoable(p.orders[0].Command)
	p.Words = map[string]string{"open": v.row(ctx), "good": ui.T(ctx, "confirmed"), "bad": ui.T(ctx, "not confirmed"), "refused": ui.T(ctx, "not done")}
	switch {
	case p.Open > 0:
		p.Kind, p.Title = "busy", v.busy(ctx, p.objects(v))
		p.Detail = p.waiting(ctx)
	case bad+refused == 0:
		p.Kind, p.Title = "ok", v.done(ctx, p.objects(v))
		p.Detail = p.confirmed(ctx)
	default:
		p.Kind, p.Title = "warn", ui.T(ctx, "%[1]s: %[2]s of %[3]s", v.noun(ctx), ui.Number(p.good), ui.Number(p.total))
		switch {
		case p.good == 0 && p.unsure > 0:
			p.Title = ui.T(ctx, "%s: unknown whether it was done", v.noun(ctx))
		case p.good == 0:
			p.Kind, p.Title = "crit", ui.T(ctx, "%s: not done", v.noun(ctx))
		}
		p.Detail = p.reasons(ctx)
	}
}

// objects is the number of objects that a message names: a change is two orders
// for each.
func (p *progress) objects(v verb) int {
	if v == "edit" {
		return p.total / 2
	}
	return p.total
}

// waiting says what an order waits for.
func (p *progress) waiting(ctx context.Context) string {
	var sent []string
	for _, s := range p.sites {
		if s.waits != "" {
			return ui.T(ctx, "%[1]s: %[2]s What is for it waits and is sent when the site is back, until %[3]s at most.", s.name, ui.Said(ctx, s.waits), ui.Exact(ctx, s.until.Unix()))
		}
		if s.open > 0 {
			sent = append(sent, s.name)
		}
	}
	if n := p.total - p.Open; n > 0 {
		return ui.T(ctx, "%[1]s of %[2]s done, waiting for %[3]s …", ui.Number(n), ui.Number(p.total), names(ctx, sent))
	}
	return ui.T(ctx, "Sent to %s, waiting for the core to confirm …", names(ctx, sent))
}

// confirmed says who confirmed, and after how long.
func (p *progress) confirmed(ctx context.Context) string {
	var all []string
	for _, s := range p.sites {
		all = append(all, s.name)
	}
	for _, it := range p.items {
		if it.State == command.Done {
			return ui.T(ctx, "Sent to %s. Nothing in the state of a core shows what came of it.", names(ctx, all))
		}
	}
	return ui.T(ctx, "Confirmed by %[1]s after %[2]s.", names(ctx, all), ui.Duration(ctx, p.ended.Sub(p.began)))
}

// reasons says why something was not done.
func (p *progress) reasons(ctx context.Context) string {
	var out []string
	for _, s := range p.sites {
		if s.bad+s.refused > 0 && len(out) < 3 {
			why := cmp.Or(ui.Said(ctx, s.why), ui.T(ctx, "taken back before it was sent."))
			out = append(out, s.name+": "+why)
		}
	}
	return strings.Join(out, " ")
}

// names lists some names: "Wien, Graz and 3 more".
func names(ctx context.Context, list []string) string {
	const shown = 3
	if len(list) > shown {
		return ui.T(ctx, "%[1]s and %[2]s more", strings.Join(list[:shown], ", "), ui.Number(len(list)-shown))
	}
	return strings.Join(list, ", ")
}
