// Package hygiene is the room of what nobody looks at: old acknowledgements,
// long downtimes, late checks, switches that stayed off. Each number leads to
// the list that proves it, and is counted by what that list is filtered by.
package hygiene

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "downtimes", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "hygiene",
		Menu: []web.MenuItem{{
			Name: "hygiene", Label: "Hygiene", Icon: "check", Path: "/hygiene", Group: 1, Order: 40, Right: web.SignedIn, Key: "y",
		}},
		Routes: append(list.WholeRoutes("/hygiene", web.SignedIn, whole),
			web.Route{Pattern: "GET /hygiene", Right: web.SignedIn, Handler: page, Screen: true}),
	}
}

// A rule finds something that is better tidied up.
type rule struct {
	id     string
	tables []string // where it looks
	q      string   // as in the query bar of the list
	title  func(ctx context.Context) string
	why    func(ctx context.Context) string // what is bad about it, and what to do
}

// tablesCounted are those in which something is counted, in the order of the
// page.
func tablesCounted() []string { return []string{"hosts", "services", "downtimes"} }

// objects are the tables of hosts and services.
func objects() []string { return []string{"hosts", "services"} }

// rules are all of them, those that hide problems first.
func rules() []rule {
	return []rule{
		{"acknowledged", objects(), "is:acknowledged age>7d",
			func(ctx context.Context) string { return ui.T(ctx, "Acknowledged for more than a week") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Nobody is told of them any more. Mend them, or take the acknowledgement back.")
			}},
		{"downtimes", []string{"downtimes"}, "duration>7d",
			func(ctx context.Context) string { return ui.T(ctx, "Downtimes of more than a week") },
			func(ctx context.Context) string {
				return ui.T(ctx, "What is planned for so long is often forgotten. End those that are over.")
			}},
		{"open", objects(), "is:unhandled age>30d",
			func(ctx context.Context) string { return ui.T(ctx, "Problems that nobody took for a month") },
			func(ctx context.Context) string {
				return ui.T(ctx, "They hide new ones. Mend them, or change what is checked.")
			}},
		{"never", objects(), "is:problem last_time_ok=0",
			func(ctx context.Context) string { return ui.T(ctx, "Never well since their core knows them") },
			func(ctx context.Context) string {
				return ui.T(ctx, "The check itself is likely wrong: see its command and its host.")
			}},
		{"late", objects(), "is:stale",
			func(ctx context.Context) string { return ui.T(ctx, "Checks that are late") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Their state is older than it should be. Look at the latency of the core.")
			}},
		{"pending", objects(), "is:pending",
			func(ctx context.Context) string { return ui.T(ctx, "Never checked") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Nothing is known of them. Passive ones may wait for a sender that is not set up.")
			}},
		{"silent", objects(), "is:notifications-off",
			func(ctx context.Context) string { return ui.T(ctx, "Notifications are off") },
			func(ctx context.Context) string { return ui.T(ctx, "Nobody hears of a problem. Switch them on again.") }},
		{"unchecked", objects(), "is:checks-off is:passive-off",
			func(ctx context.Context) string { return ui.T(ctx, "Neither checked nor fed") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Their state stays as it is for ever. Switch a check on, or remove them.")
			}},
		{"inactive", objects(), "is:checks-off not is:passive-off",
			func(ctx context.Context) string { return ui.T(ctx, "Active checks are off") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Well where results come by themselves, else forgotten.")
			}},
		{"flapping", objects(), "is:flapping",
			func(ctx context.Context) string { return ui.T(ctx, "Flapping") },
			func(ctx context.Context) string {
				return ui.T(ctx, "Limits too tight, or something that breaks again and again.")
			}},
		{"noisy", objects(), "change>20",
			func(ctx context.Context) string { return ui.T(ctx, "Noisiest: more than 20 % changes of state") },
			func(ctx context.Context) string {
				return ui.T(ctx, "More attempts before a problem is confirmed make them calmer.")
			}},
	}
}

// query returns the text of the query bar for a table.
func (r rule) query(table string) string {
	if r.id == "never" && table == "hosts" {
		return "is:problem last_time_up=0"
	}
	return r.q
}

// path returns the address of the list that proves a number.
func (r rule) path(table string) string {
	return "/" + table + "?" + url.Values{"q": {r.query(table)}}.Encode()
}

// A finding is a rule with what it found, by the place of its tables.
type finding struct {
	rule
	n []int
}

// of returns how many a rule found in a table, -1 when it does not look there.
func (f finding) of(table string) int {
	for i, t := range f.tables {
		if t == table {
			return f.n[i]
		}
	}
	return -1
}

func (f finding) any() bool {
	for _, n := range f.n {
		if n > 0 {
			return true
		}
	}
	return false
}

// load counts what each rule finds: one query for each table.
func load(ctx context.Context, q lql.Querier, now time.Time) (out []finding, parts []lql.Part, err error) {
	for _, r := range rules() {
		out = append(out, finding{r, make([]int, len(r.tables))})
	}
	for _, table := range tablesCounted() {
		query := lql.Get(table)
		var to []*int
		for i := range out {
			for k, t := range out[i].tables {
				if t != table {
					continue
				}
				e, err := search.Parse(out[i].query(table))
				if err != nil {
					return nil, nil, fmt.Errorf("hygiene: %s: %w", out[i].id, err)
				}
				f, err := e.Filter(table, now)
				if err != nil {
					return nil, nil, fmt.Errorf("hygiene: %s: %w", out[i].id, err)
				}
				query.Count(f)
				to = append(to, &out[i].n[k])
			}
		}
		res, err := q.Query(ctx, query)
		if err != nil {
			return nil, nil, fmt.Errorf("hygiene: %s: %w", table, err)
		}
		parts = append(parts, res.Parts...)
		if c := status.Of(res); c.Rows() > 0 {
			for i, n := range to {
				*n = c.Stat(i, 0)
			}
		}
	}
	return out, parts, nil
}

// page serves GET /hygiene.
func page(w http.ResponseWriter, r *http.Request) error {
	found, parts, err := load(r.Context(), web.Data(r), ui.Now(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Hygiene"),
		Active: "hygiene",
		Body:   body(found),
		Blocks: map[string]templ.Component{"list": rows(found)},
		Parts:  parts,
	})
}

// tableName says what a table holds.
func tableName(ctx context.Context, table string) string {
	switch table {
	case "hosts":
		return ui.T(ctx, "Hosts")
	case "services":
		return ui.T(ctx, "Services")
	}
	return ui.T(ctx, "Downtimes")
}
