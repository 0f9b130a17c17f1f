package act

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// downtimeUsual is how long a downtime lasts unless something else is chosen;
// flexibleUsual how long a flexible one once it has begun.
const (
	downtimeUsual = "2h"
	flexibleUsual = "1h"
)

// Hosts behind a host: not at all, at the same time, or beginning with it.
const (
	behindSame      = "same"
	behindTriggered = "triggered"
)

// around is what a form about hosts knows besides them.
type around struct {
	services int       // of the hosts
	behind   []subject // hosts behind them
	below    int       // services of these
	planned  []entry   // downtimes of their site that can begin another one
}

// around returns what the draft has read; the zero value for forms that read
// nothing.
func (d *draft) around() around {
	a, _ := d.extra.(around)
	return a
}

// loadAround reads what is around the hosts of a draft.
func loadAround(r *http.Request, d *draft) error {
	ctx, q := r.Context(), web.AllData(r)
	hosts := d.subjects.hosts()
	var a around
	var err error
	if a.services, err = countServices(ctx, q, hosts); err != nil {
		return err
	}
	if a.behind, err = behind(ctx, q, hosts); err != nil {
		return err
	}
	if a.below, err = countServices(ctx, q, a.behind); err != nil {
		return err
	}
	if len(d.subjects.sites()) == 1 {
		query := entryQuery("downtimes").Where(lql.Cmp("end_time", lql.Greater, unix(d.now))).OrderBy("start_time")
		query.Backends, query.Limit = []string{d.subjects.list[0].site}, 100
		if a.planned, err = entries(ctx, q, query); err != nil {
			return err
		}
	}
	d.extra = a
	return nil
}

// loadServices counts the services of the hosts of a draft.
func loadServices(r *http.Request, d *draft) error {
	n, err := countServices(r.Context(), web.AllData(r), d.subjects.hosts())
	d.extra = around{services: n}
	return err
}

// hostsBySite returns the names of hosts by their site.
func hostsBySite(hosts []subject) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, h := range hosts {
		if out[h.site] == nil {
			out[h.site] = map[string]bool{}
		}
		out[h.site][h.host] = true
	}
	return out
}

// countServices counts the services of hosts.
func countServices(ctx context.Context, q lql.Querier, hosts []subject) (int, error) {
	n := 0
	for site, names := range hostsBySite(hosts) {
		query := lql.Get("hosts", "name", "num_services")
		query.Backends = []string{site}
		if len(names) <= fewKeys {
			var any []lql.Filter
			for name := range names {
				any = append(any, lql.Eq("name", name))
			}
			query.Where(lql.OrOf(any...))
		}
		res, err := q.Query(ctx, query)
		if err != nil {
			return 0, fmt.Errorf("act: services: %w", err)
		}
		for i := range res.Rows {
			if names[res.Text(i, "name")] {
				n += int(res.Int(i, "num_services"))
			}
		}
	}
	return n, nil
}

// behind returns the hosts that are reached through hosts, as far as whoever
// asks sees them, without hosts themselves.
func behind(ctx context.Context, q lql.Querier, hosts []subject) ([]subject, error) {
	var out []subject
	for site, names := range hostsBySite(hosts) {
		query := subjectQuery("hosts")
		query.Columns = append(query.Columns, "parents")
		query.Backends = []string{site}
		res, err := q.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("act: hosts behind: %w", err)
		}
		children := map[string][]int{}
		for i := range res.Rows {
			for _, p := range res.Strings(i, "parents") {
				children[p] = append(children[p], i)
			}
		}
		if len(children) == 0 {
			continue
		}
		found, err := read(ctx, q, query)
		if err != nil {
			return nil, err
		}
		byName := map[string]subject{}
		for _, s := range found {
			byName[s.host] = s
		}
		reached := map[string]bool{}
		todo := make([]string, 0, len(names))
		for name := range names {
			todo, reached[name] = append(todo, name), true
		}
		for len(todo) > 0 {
			name := todo[0]
			todo = todo[1:]
			for _, i := range children[name] {
				if child := res.Text(i, "name"); !reached[child] {
					reached[child] = true
					todo = append(todo, child)
					if s, ok := byName[child]; ok {
						out = append(out, s)
					}
				}
			}
		}
	}
	s := subjects{list: out}
	s.sort()
	return s.list, nil
}

// span reads a field with a length of time.
func (d *draft) span(ctx context.Context, name, def string) time.Duration {
	v, err := when.Span(d.choice(name, def))
	if err != nil {
		d.fail(name, ui.T(ctx, "This is no length of time. Write 90m, 2h or 1d."))
		return time.Hour
	}
	return v
}

// untilOKMost is how long a downtime lasts at most that ends when the problem is
// over.
const untilOKMost = 7 * 24 * time.Hour

// untilOK reports whether the downtime ends when the problem is over.
func (d *draft) untilOK() bool {
	text := d.choice("length", downtimeUsual)
	if text == other {
		text = d.text("length_other")
	}
	return !d.what.edit && isUntilOK(text)
}

// isUntilOK reports whether a typed end is that of the problem.
func isUntilOK(text string) bool {
	return slices.Contains([]string{untilOK, "until ok", "bis ok"}, strings.ToLower(strings.TrimSpace(text)))
}

// window reads when a downtime begins and ends.
func (d *draft) window(ctx context.Context) (start, end time.Time) {
	start = d.now
	if text := d.text("start"); text != "" {
		var err error
		if start, err = when.Parse(text, d.now); err != nil {
			d.fail("start", ui.T(ctx, "This names no time. Write 90m, 18:00, fri 18:00 or 2026-12-24 18:00."))
			start = d.now
		}
	}
	if d.untilOK() {
		return start, start.Add(untilOKMost)
	}
	end = d.end(ctx, "length", downtimeUsual, start)
	if !end.After(start) {
		d.fail("length_other", ui.T(ctx, "The downtime ends before it begins."))
		end = start.Add(time.Hour)
	}
	return start, end
}

// downtimeArgs are the values of a downtime.
func downtimeArgs(ctx context.Context, d *draft) map[string]string {
	start, end := d.window(ctx)
	args := map[string]string{"start_time": unix(start), "end_time": unix(end), "fixed": "1", "comment": d.comment(ctx)}
	if d.choice("kind", "fixed") == "flexible" {
		args["fixed"] = "0"
		args["duration"] = strconv.FormatInt(int64(d.span(ctx, "duration", flexibleUsual).Seconds()), 10)
	}
	return args
}

// downtimeOrders schedules downtimes for the objects, and what is chosen
// around them.
func downtimeOrders(ctx context.Context, d *draft) []command.Order {
	args := downtimeArgs(ctx, d)
	list, host := slices.Clone(d.subjects.list), "SCHEDULE_HOST_DOWNTIME"
	switch d.text("behind") {
	case behindSame:
		for _, s := range d.around().behind {
			if !slices.ContainsFunc(list, func(x subject) bool { return x.key() == s.key() }) {
				list = append(list, s)
			}
		}
	case behindTriggered:
		host = "SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME"
	}
	orders := d.orders(host, "SCHEDULE_SVC_DOWNTIME", args, list)
	trigger := d.trigger()
	for i := range orders {
		o := &orders[i]
		o.Whole = o.Command == "SCHEDULE_HOST_DOWNTIME" && d.yes("services", true)
		o.UntilOK = d.untilOK()
		for j := range o.Targets {
			o.Targets[j].Trigger = trigger
		}
		if o.Command == "SCHEDULE_AND_PROPAGATE_TRIGGERED_HOST_DOWNTIME" && d.yes("services", true) {
			services := d.orders("SCHEDULE_HOST_SVC_DOWNTIME", "", args, list)
			orders = append(orders, services...)
		}
	}
	return orders
}

// trigger returns the downtime that was chosen to begin this one; nil: none.
func (d *draft) trigger() *command.Trigger {
	key := d.text("trigger")
	for _, e := range d.around().planned {
		if key != "" && e.key() == key {
			return &command.Trigger{Host: e.host, Service: e.service, Entry: *e.target().Entry}
		}
	}
	return nil
}

// recheckOrders has the objects checked now, at a time, or spread over one.
func recheckOrders(ctx context.Context, d *draft) []command.Order {
	host, service := "SCHEDULE_HOST_CHECK", "SCHEDULE_SVC_CHECK"
	if d.yes("force", true) {
		host, service = "SCHEDULE_FORCED_HOST_CHECK", "SCHEDULE_FORCED_SVC_CHECK"
	}
	args := map[string]string{}
	var spread time.Duration
	switch choice := d.choice("when", d.whenUsual()); choice {
	case "now":
	case other:
		args["check_time"] = unix(d.end(ctx, "when", "now", d.now))
	default:
		v, err := when.Span(choice)
		if err != nil || v > maxHold {
			d.fail("when", ui.T(ctx, "This is no length of time up to a day."))
		}
		spread = v
	}
	orders := d.orders(host, service, args, d.subjects.list)
	for i := range orders {
		orders[i].Spread = spread
		orders[i].Whole = orders[i].Command == host && d.yes("services", false)
	}
	return orders
}

// spreadAbove is from how many checks on it is suggested to spread them.
const spreadAbove = 20

// whenUsual is when checks run unless something else is chosen.
func (d *draft) whenUsual() string {
	if d.n() > spreadAbove {
		return "1m"
	}
	return "now"
}

// commentOrders writes a comment.
func commentOrders(ctx context.Context, d *draft) []command.Order {
	return d.orders("ADD_HOST_COMMENT", "ADD_SVC_COMMENT", map[string]string{"persistent": bit(d.yes("persistent", true)), "comment": d.comment(ctx)}, d.subjects.list)
}

// lengths are the usual lengths of a downtime.
func (d *draft) lengths(ctx context.Context) [][2]string {
	out := [][2]string{{"30m", "30 min"}, {"1h", "1 h"}, {downtimeUsual, "2 h"}, {"4h", "4 h"}, {"8h", "8 h"}, {"tomorrow 09:00", ui.T(ctx, "Until tomorrow %s", d.clock(ctx, 9))}}
	if slices.ContainsFunc(d.subjects.list, func(s subject) bool { return s.trouble }) {
		out = append(out, [2]string{untilOK, ui.T(ctx, "Until OK")})
	}
	return out
}

// zoneName names the zone that times are typed in.
func (d *draft) zoneName() string {
	name, _ := d.now.Zone()
	return cmp.Or(name, d.now.Location().String())
}
