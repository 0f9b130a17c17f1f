package audit

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// A search is what orders are looked for, as written.
type search struct {
	Who, Host, Service, Site, Command, Result, From, To string

	badFrom, badTo bool // no points in time
}

// searched reads the search from the address.
func searched(r *http.Request) search {
	text := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	s := search{Who: text("q"), Host: text("host"), Service: text("service"), Site: text("site"),
		Command: strings.ToUpper(text("command")), Result: text("result"), From: text("from"), To: text("to")}
	_, s.badFrom = s.at(r.Context(), s.From)
	_, s.badTo = s.at(r.Context(), s.To)
	return s
}

// at reads a point in time; zero for none.
func (s search) at(ctx context.Context, text string) (t time.Time, bad bool) {
	if text == "" {
		return t, false
	}
	unix, ok := when.Moment(text, ui.Now(ctx).In(ui.Zone(ctx)))
	return time.Unix(unix, 0), !ok
}

// bad reports whether something of it cannot be understood.
func (s search) bad() bool { return s.badFrom || s.badTo }

// narrowed reports whether something beside the person is searched for.
func (s search) narrowed() bool {
	s.Who = ""
	return s != search{}
}

// query returns it for the store.
func (s search) query(ctx context.Context) db.OrderQuery {
	q := db.OrderQuery{Who: s.Who, Site: s.Site, Host: s.Host, Service: s.Service, Command: s.Command, State: s.Result}
	q.From, _ = s.at(ctx, s.From)
	q.To, _ = s.at(ctx, s.To)
	return q
}

// A line is one order of the list.
type line struct {
	db.Order
	first  command.Target
	total  int
	counts map[command.State]int
}

// state is the worst that became of an object.
func (l line) state() command.State {
	list := action.States()
	slices.SortStableFunc(list, func(a, b command.State) int { return severity(b) - severity(a) })
	for _, s := range list {
		if l.counts[s] > 0 {
			return s
		}
	}
	return command.Done
}

// severity orders states by how much they want to be looked at.
func severity(s command.State) int {
	switch s {
	case command.Failed, command.Unseen, command.Unknown:
		return 3
	case command.Accepted, command.Sending, command.Sent:
		return 2
	case command.Refused, command.Cancelled:
		return 1
	}
	return 0
}

// tally says how many objects got how far, when they differ.
func (l line) tally(ctx context.Context) string {
	if text := l.words(ctx); strings.Contains(text, ", ") {
		return text
	}
	return ""
}

// words says how many objects got how far.
func (l line) words(ctx context.Context) string {
	var out []string
	for _, s := range action.States() {
		n := l.counts[s]
		if s == command.Sent {
			n += l.counts[command.Sending]
		}
		if n > 0 {
			out = append(out, ui.Number(n)+" "+action.StateWords(ctx, s))
		}
	}
	return strings.Join(out, ", ")
}

// An ordersView is what the template draws.
type ordersView struct {
	search
	lines []line
	names map[string]string // of sites, by key
	sites []ui.Option
	older int64
}

// orders serves GET /audit?kind=order.
func (h handler) orders(w http.ResponseWriter, r *http.Request, v view) error {
	ctx := r.Context()
	o := ordersView{search: searched(r)}
	if o.Result != "" && !slices.Contains(action.States(), command.State(o.Result)) {
		return web.BadParameter("result", ui.T(ctx, "There is no result “%s”", ui.Visible(o.Result)), "Correct the address or go back")
	}
	before, err := web.Int(r, "before", 0, 1, 1<<53)
	if err != nil {
		return err
	}
	if err := o.named(ctx, web.AllData(r)); err != nil {
		return err
	}
	page := web.Page{Title: ui.T(ctx, "Audit"), Active: "audit"}
	if o.bad() {
		page.Status = http.StatusBadRequest
	} else if err := h.fill(ctx, &o, int64(before), v.Limit); err != nil {
		return err
	}
	page.Body = body(v, orderList(o))
	return web.Render(w, r, page)
}

// named learns the names of sites.
func (o *ordersView) named(ctx context.Context, q lql.Querier) error {
	res, err := q.Query(ctx, lql.Get("sites", "key", "name").OrderBy("name"))
	if err != nil {
		return fmt.Errorf("audit: sites: %w", err)
	}
	o.names = map[string]string{}
	o.sites = []ui.Option{{Label: ui.T(ctx, "all sites")}}
	for i := range res.Rows {
		key, name := res.Text(i, "key"), res.Text(i, "name")
		o.names[key] = name
		o.sites = append(o.sites, ui.Option{Value: key, Label: name, Selected: key == o.Site})
	}
	if _, known := o.names[o.Site]; !known && o.Site != "" {
		o.sites = append(o.sites, ui.Option{Value: o.Site, Label: ui.Visible(o.Site), Selected: true})
	}
	return nil
}

// fill reads the orders that are shown.
func (h handler) fill(ctx context.Context, o *ordersView, before int64, limit int) error {
	q := o.query(ctx)
	q.Before, q.Limit = before, min(limit+1, 1000)
	list, err := h.Log.Orders(ctx, q)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if len(list) > limit || len(list) == 1000 {
		list = list[:min(limit, len(list))]
		o.older = list[len(list)-1].ID
	}
	for _, x := range list {
		l := line{Order: x, counts: map[command.State]int{}}
		counts, err := h.Log.CountOrderItems(ctx, x.ID)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		for s, n := range counts {
			l.counts[command.State(s)] = n
			l.total += n
		}
		items, err := h.Log.OrderItems(ctx, x.ID, 0, 1)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		for _, it := range items {
			l.first = target(it)
		}
		o.lines = append(o.lines, l)
	}
	return nil
}

// results are the choices of a result.
func (o ordersView) results(ctx context.Context) []ui.Option {
	out := []ui.Option{{Label: ui.T(ctx, "any")}}
	for _, s := range action.States() {
		out = append(out, ui.Option{Value: string(s), Label: action.StateWords(ctx, s), Selected: string(s) == o.Result})
	}
	return out
}

// when describes a field for a point in time.
func (o ordersView) when(ctx context.Context, name, label, value string, bad bool) ui.Field {
	f := ui.Field{Name: name, Label: label, Value: value, Placeholder: ui.T(ctx, "today, -2d")}
	if bad {
		f.Error = ui.T(ctx, "This is no point in time.")
	}
	return f
}

// object names what an order acts on; the site is said beside it.
func object(t command.Target) string {
	switch {
	case t.Service != "":
		return t.Host + " / " + t.Service
	case t.Host != "":
		return t.Host
	case t.Group != "":
		return t.Group
	}
	return t.Contact
}

// siteName names a site, also one that is gone.
func (o ordersView) siteName(key string) string {
	if name := o.names[key]; name != "" {
		return name
	}
	return key
}

// commandNames are all commands, to choose from.
func commandNames() []string {
	var out []string
	for _, c := range schema.Commands() {
		out = append(out, c.Name)
	}
	return out
}

// via says in words which way an order came in.
func via(ctx context.Context, way string) string {
	switch way {
	case "web":
		return ui.T(ctx, "web")
	case "livestatus":
		return "Livestatus"
	case "cli":
		return ui.T(ctx, "command line")
	case "expiry":
		return ui.T(ctx, "expiry")
	}
	return way
}

// tallyOf puts the result of an entry about an order into words: "seen 2,
// failed 1". well is false when somebody should look at it; text is "" for other
// entries.
func tallyOf(ctx context.Context, e db.Audit) (text string, well bool) {
	if !strings.HasPrefix(e.Action, orders) {
		return "", false
	}
	l := line{counts: map[command.State]int{}}
	for part := range strings.SplitSeq(e.Result, ", ") {
		state, number, _ := strings.Cut(part, " ")
		n, err := strconv.Atoi(number)
		if err != nil || !slices.Contains(action.States(), command.State(state)) {
			return "", false
		}
		l.counts[command.State(state)] = n
	}
	return l.words(ctx), severity(l.state()) < 3
}
