// Package downtimes is the room of the list of downtimes of all sites.
package downtimes

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// declared is the list, in the language of the page.
func declared(ctx context.Context) *list.List {
	now := ui.Now(ctx)
	return &list.List{
		Name: "downtimes", Path: "/downtimes", Table: "downtimes", Columns: columns(ctx, now), Order: "when",
		Key:  []string{"host_name", "service_description", "peer_key", "id"},
		Need: append(status.AttachedColumns(), "start_time", "end_time", "fixed", "duration"),
		Text: []string{"host_name", "service_description", "author", "comment"},
		Params: []list.Param{
			{Name: "when", Values: []string{"", "active", "upcoming", "over"}, Filter: func(v string) (lql.Filter, bool) { return whenFilter(v, now) }},
			{Name: "of", Values: []string{"", "hosts", "services"}, Filter: ofFilter},
			list.Site(ctx),
			{Name: "host", Filter: list.ByColumn("downtimes", "host_name")},
			{Name: "author", Filter: list.ByColumn("downtimes", "author")},
		},
		Tables: []string{"downtimes", "hosts", "services", "sites"},
		Link:   status.AttachedPath,
		Words: list.Words{
			Title: ui.T(ctx, "Downtimes"), Filter: ui.T(ctx, "Filter downtimes"), Hint: ui.T(ctx, "Filter: host, service, author, comment …"),
			NoMatch:  ui.T(ctx, "No downtime matches this filter"),
			NoRights: ui.T(ctx, "You see no downtimes here"),
			Contact:  ui.T(ctx, "Your account is no contact of any host on these sites. An administrator can give it a contact name, or the right to see everything."),
			Connect:  ui.T(ctx, "Connect the first monitoring core, and its downtimes appear here by themselves."),
			Waiting:  ui.T(ctx, "Downtimes appear here as soon as the first site answers."),
			None:     ui.T(ctx, "No downtime is planned"),
			NoneWhy:  ui.T(ctx, "Planned work on hosts and services is listed here, while it lasts and before."),
			Count:    func(n int) string { return ui.N(ctx, n, "%s downtime", "%s downtimes", ui.Number(n)) },
		},
	}
}

// columns are the usual columns of the list.
func columns(ctx context.Context, now time.Time) []list.Column {
	return []list.Column{
		{Key: "state", Label: ui.T(ctx, "State"), Class: "w2", Fixed: true, Values: []list.Value{{Key: "state", Text: status.AttachedWord}}},
		{Key: "who", Label: ui.T(ctx, "Host / service"), Class: "w8", Sort: []string{"host_name", "service_description"}, Fixed: true,
			Values: []list.Value{{Label: ui.T(ctx, "Host"), Column: "host_name"}, {Label: ui.T(ctx, "Service"), Column: "service_description"}}},
		{Key: "site", Label: ui.T(ctx, "Site"), Class: "w4", Sort: []string{"peer_name"}, Fixed: true, Values: []list.Value{{Column: "peer_name"}}},
		{Key: "when", Label: ui.T(ctx, "Now"), Class: "w5", Steps: steps(now), Sort: []string{"end_time"}, Default: true,
			Values: []list.Value{{Label: ui.T(ctx, "Fixed"), Column: "fixed"}}},
		{Key: "start", Label: ui.T(ctx, "Start"), Class: "w5", Sort: []string{"start_time"}, Default: true, Values: []list.Value{{Column: "start_time"}}},
		{Key: "end", Label: ui.T(ctx, "End"), Class: "w5", Sort: []string{"end_time"}, Default: true, Values: []list.Value{{Column: "end_time"}}},
		{Key: "lasts", Label: ui.T(ctx, "Lasts"), Class: "num w3", Sort: []string{"duration"}, Desc: true, Default: true, Values: []list.Value{{Column: "duration"}}},
		{Key: "author", Label: ui.T(ctx, "Author"), Class: "w5", Sort: []string{"author"}, Default: true, Need: []string{"author"}},
		{Key: "comment", Label: ui.T(ctx, "Comment"), Sort: []string{"comment"}, Default: true, Need: []string{"comment"}},
		{Key: "triggered_by", Label: ui.T(ctx, "Triggered by"), Class: "num w3", Sort: []string{"triggered_by"}, Need: []string{"triggered_by"}},
		{Key: "entered", Label: ui.T(ctx, "Entered"), Class: "num w3", Sort: []string{"entry_time"}, Desc: true, Need: []string{"entry_time"}, Values: []list.Value{{Column: "entry_time"}}},
		{Key: "id", Label: ui.T(ctx, "Number"), Class: "num w3", Sort: []string{"id"}},
	}
}

// whenFilter returns the filter for a value of the parameter when.
func whenFilter(when string, now time.Time) (f lql.Filter, ok bool) {
	t := strconv.FormatInt(now.Unix(), 10)
	begun, over := lql.Cmp("start_time", lql.LessOrEqual, t), lql.Cmp("end_time", lql.LessOrEqual, t)
	switch when {
	case "active":
		return lql.AndOf(begun, lql.NotOf(over)), true
	case "upcoming":
		return lql.NotOf(begun), true
	case "over":
		return lql.AndOf(begun, over), true
	}
	return lql.Filter{}, false
}

// steps puts what lasts first, then what comes, then what is over and not yet
// removed by its core.
func steps(now time.Time) []lql.Filter {
	var out []lql.Filter
	for _, w := range []string{"active", "upcoming", "over"} {
		f, _ := whenFilter(w, now)
		out = append(out, f)
	}
	return out
}

// ofFilter returns the filter for a value of the parameter of.
func ofFilter(of string) (f lql.Filter, ok bool) {
	switch of {
	case "hosts":
		return lql.Eq("is_service", "0"), true
	case "services":
		return lql.Eq("is_service", "1"), true
	}
	return lql.Filter{}, false
}

// counts are the downtimes by time under the other filters.
type counts struct{ active, upcoming int }

// count returns the numbers by time.
func count(ctx context.Context, data lql.Querier, q list.Request, now time.Time) (counts, []lql.Part, error) {
	query := q.Without("when").Query()
	for _, w := range []string{"active", "upcoming"} {
		f, _ := whenFilter(w, now)
		query.Count(f)
	}
	res, err := data.Query(ctx, query)
	if err != nil {
		return counts{}, nil, fmt.Errorf("downtimes: counts: %w", err)
	}
	c := status.Of(res)
	return counts{c.Stat(0, 0), c.Stat(1, 0)}, res.Parts, nil
}
