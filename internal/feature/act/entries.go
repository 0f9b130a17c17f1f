package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// An entry is one comment or downtime.
type entry struct {
	subject
	id           int64
	author, text string
	at           int64
	start, end   time.Time // of a downtime
	fixed        bool
	duration     time.Duration
	trigger      int64
	kind         int64 // of a comment: 1 user, 2 downtime, 3 flapping, 4 acknowledgement
	table        string
}

// key names the entry as its row in a list does.
func (e entry) key() string {
	return status.RowID(e.site, e.host, e.service) + "|" + strconv.FormatInt(e.id, 10)
}

func (e entry) target() command.Target {
	t := e.subject.target()
	t.Entry = &command.Entry{Author: e.author, Text: e.text, At: e.at}
	if e.table == "downtimes" {
		t.Entry.Start, t.Entry.End = e.start.Unix(), e.end.Unix()
	}
	return t
}

// entryQuery asks for comments or downtimes as entries.
func entryQuery(table string) *lql.Query {
	columns := []string{"id", "peer_key", "peer_name", "host_name", "service_description", "author", "comment", "entry_time"}
	if table == "downtimes" {
		return lql.Get(table, append(columns, "start_time", "end_time", "fixed", "duration", "triggered_by")...)
	}
	return lql.Get(table, append(columns, "entry_type")...)
}

// entries runs a query of entryQuery.
func entries(ctx context.Context, q lql.Querier, query *lql.Query) ([]entry, error) {
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("act: %s: %w", query.Table, err)
	}
	out := make([]entry, res.Rows)
	for i := range out {
		e := entry{id: res.Int(i, "id"), author: res.Text(i, "author"), text: res.Text(i, "comment"), at: res.Int(i, "entry_time"), table: query.Table}
		e.subject = subject{site: res.Text(i, "peer_key"), siteName: res.Text(i, "peer_name"), host: res.Text(i, "host_name"), service: res.Text(i, "service_description"),
			state: ui.State{}}
		if query.Table == "downtimes" {
			e.start, e.end = status.Unix(res.Int(i, "start_time")), status.Unix(res.Int(i, "end_time"))
			e.fixed, e.duration, e.trigger = res.Int(i, "fixed") != 0, time.Duration(res.Int(i, "duration"))*time.Second, res.Int(i, "triggered_by")
		} else {
			e.kind = res.Int(i, "entry_type")
		}
		out[i] = e
	}
	return out, nil
}

// asProblem returns what the desk says is wrong.
func asProblem(err error) (*command.Problem, bool) { return errors.AsType[*command.Problem](err) }

// loadEntries finds the comments or downtimes that keys name: those of rows of
// their lists, site|host|service|number, without service for hosts.
func loadEntries(ctx context.Context, q lql.Querier, table string, keys []string) (found []entry, lost int, err error) {
	ids := map[string]map[int64]bool{} // by site
	for _, k := range keys {
		p, ok := splitKey(k)
		if !ok || len(p) < 3 {
			return nil, 0, web.BadRequest(ui.T(ctx, "%q names no comment and no downtime", ui.Visible(k)), "Go back and select again.")
		}
		id, err := strconv.ParseInt(p[len(p)-1], 10, 64)
		if err != nil {
			return nil, 0, web.BadRequest(ui.T(ctx, "%q names no comment and no downtime", ui.Visible(k)), "Go back and select again.")
		}
		if ids[p[0]] == nil {
			ids[p[0]] = map[int64]bool{}
		}
		ids[p[0]][id] = true
	}
	for site, wanted := range ids {
		query := entryQuery(table)
		query.Backends = []string{site}
		if len(wanted) <= fewKeys {
			var any []lql.Filter
			for id := range wanted {
				any = append(any, lql.EqInt("id", id))
			}
			query.Where(lql.OrOf(any...))
		}
		list, err := entries(ctx, q, query)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range list {
			if wanted[e.id] && e.site == site && slices.Contains(keys, e.key()) {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.siteName, b.siteName), cmp.Compare(a.name(), b.name()), cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
	})
	return found, len(keys) - len(found), nil
}

// entryOrders deletes the comments or downtimes of a draft.
func entryOrders(host, service string) func(context.Context, *draft) []command.Order {
	return func(_ context.Context, d *draft) []command.Order {
		orders := map[string]*command.Order{}
		for _, e := range d.entries {
			name := host
			if e.service != "" {
				name = service
			}
			if orders[name] == nil {
				orders[name] = &command.Order{Command: name, Hold: d.hold, Note: d.text("note")}
			}
			orders[name].Targets = append(orders[name].Targets, e.target())
		}
		var out []command.Order
		for _, name := range []string{host, service} {
			if o := orders[name]; o != nil {
				out = append(out, *o)
			}
		}
		return out
	}
}

// editOrders are the new downtimes in place of those of a draft; their targets
// name the old ones.
func editOrders(ctx context.Context, d *draft) []command.Order {
	args := map[string]string{"fixed": "1", "comment": d.comment(ctx)}
	var at [2]time.Time
	for i, name := range []string{"start", "end"} {
		t, err := when.Parse(d.editValue(name), d.now)
		if err != nil {
			d.fail(name, ui.T(ctx, "This names no time. Write 90m, 18:00, fri 18:00 or 2026-12-24 18:00."))
			t = d.now.Add(time.Duration(i) * time.Hour)
		}
		at[i] = t
		args[name+"_time"] = unix(t)
	}
	if !at[1].After(at[0]) {
		d.fail("end", ui.T(ctx, "The downtime ends before it begins."))
		args["end_time"] = unix(at[0].Add(time.Hour))
	}
	if d.choice("kind", d.editKind()) == "flexible" {
		args["fixed"] = "0"
		args["duration"] = strconv.FormatInt(int64(d.span(ctx, "duration", d.editDuration()).Seconds()), 10)
	}
	orders := entryOrders("SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME")(ctx, d)
	for i := range orders {
		orders[i].Args = args
	}
	return orders
}

// editTime is how the form writes a time that is to be changed.
const editTime = "2006-01-02 15:04"

// editValue returns the beginning or the end in the form: as entered, else as
// it is.
func (d *draft) editValue(name string) string {
	if v := d.text(name); v != "" || len(d.entries) == 0 {
		return v
	}
	t := d.entries[0].start
	if name == "end" {
		t = d.entries[0].end
	}
	return t.In(d.now.Location()).Format(editTime)
}

func (d *draft) editKind() string {
	if len(d.entries) > 0 && !d.entries[0].fixed {
		return "flexible"
	}
	return "fixed"
}

func (d *draft) editDuration() string {
	if len(d.entries) > 0 && !d.entries[0].fixed && d.entries[0].duration > 0 {
		return strconv.Itoa(int(d.entries[0].duration.Minutes())) + "m"
	}
	return flexibleUsual
}
