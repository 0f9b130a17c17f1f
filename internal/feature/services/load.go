// Package services is the room of the list of services: filter, sort, page,
// choose columns.
package services

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

// maxOffset is how far down paging goes, in rows.
const maxOffset = 10_000_000

// columns are all columns the list can show.
func columns() []status.Column {
	return []status.Column{
		{Key: "state", Label: "State", Class: "w5", Sort: "state", Fixed: true},
		{Key: "host", Label: "Host", Class: "w6", Sort: "host", Fixed: true},
		{Key: "service", Label: "Service", Class: "w6", Sort: "service", Fixed: true},
		{Key: "site", Label: "Site", Class: "w4", Sort: "site", Fixed: true},
		{Key: "since", Label: "Since", Class: "num w3", Sort: "since", Default: true},
		{Key: "attempt", Label: "Attempt", Class: "num w3", Default: true},
		{Key: "last_check", Label: "Last check", Class: "num w3", Sort: "last_check", Desc: true, Default: true},
		{Key: "next_check", Label: "Next check", Class: "num w4", Sort: "next_check"},
		{Key: "latency", Label: "Latency", Class: "num w3", Sort: "latency", Desc: true, Need: []string{"latency"}},
		{Key: "execution_time", Label: "Took", Class: "num w3", Sort: "execution_time", Desc: true, Need: []string{"execution_time"}},
		{Key: "output", Label: "Output", Default: true},
		{Key: "owner", Label: "Owner", Class: "w6", Default: true},
		{Key: "host_groups", Label: "Host groups", Class: "w6", Need: []string{"host_groups"}},
		{Key: "groups", Label: "Service groups", Class: "w6", Need: []string{"groups"}},
		{Key: "contacts", Label: "Contacts", Class: "w6"},
		{Key: "check_command", Label: "Check command", Class: "w6", Sort: "check_command", Need: []string{"check_command"}},
		{Key: "perf_data", Label: "Measured values", Class: "w7", Need: []string{"perf_data"}},
	}
}

// The states of the parameter state; "" is all.
func states() []string {
	return []string{"", "critical", "warning", "unknown", "ok", "pending", "problem", "unhandled", "handled"}
}

// A request is what the address asks for.
type request struct {
	text, state, site, host string
	hostgroup, servicegroup string
	sort                    string
	desc                    bool
	offset, limit           int
	columns                 []status.Column
}

// counts are the services by state under the filters other than state.
type counts struct{ critical, warning, unknown, ok, pending, handled int }

// A picture is what the page shows.
type picture struct {
	counts counts
	rows   []status.Row
	total  int
	parts  []lql.Part
}

// stateFilter returns the filter for a value of the parameter state.
func stateFilter(state string) (f lql.Filter, ok bool) {
	handled := lql.OrOf(lql.Eq("acknowledged", "1"), lql.Cmp("scheduled_downtime_depth", lql.Greater, "0"),
		lql.Cmp("host_scheduled_downtime_depth", lql.Greater, "0"), lql.Cmp("host_state", lql.Greater, "0"))
	problem := lql.Cmp("state", lql.Greater, "0")
	switch state {
	case "critical":
		return lql.Eq("state", "2"), true
	case "warning":
		return lql.Eq("state", "1"), true
	case "unknown":
		return lql.Eq("state", "3"), true
	case "ok":
		return lql.AndOf(lql.Eq("has_been_checked", "1"), lql.Eq("state", "0")), true
	case "pending":
		return lql.Eq("has_been_checked", "0"), true
	case "problem":
		return problem, true
	case "handled":
		return lql.AndOf(problem, handled), true
	case "unhandled":
		return lql.AndOf(problem, lql.NotOf(handled)), true
	}
	return lql.Filter{}, false
}

// query starts a query with the filters of the address but that of state.
func (w request) query(columns ...string) *lql.Query {
	q := lql.Get("services", columns...)
	if f, ok := status.Words(w.text, status.ServiceText()...); ok {
		q.Where(f)
	}
	if w.site != "" {
		q.Where(lql.Eq("peer_key", w.site))
	}
	if w.host != "" {
		q.Where(lql.Eq("host_name", w.host))
	}
	if w.hostgroup != "" {
		q.Where(lql.Has("host_groups", w.hostgroup))
	}
	if w.servicegroup != "" {
		q.Where(lql.Has("groups", w.servicegroup))
	}
	return q
}

// load asks for what the page shows.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	p := &picture{}
	if err := p.count(ctx, q, w); err != nil {
		return nil, err
	}
	want := append(append(status.ServiceColumns(), status.InfoColumns()...), status.Needs(w.columns)...)
	query := w.query(want...).OrderBy(w.order()...)
	if f, ok := stateFilter(w.state); ok {
		query.Where(f)
	}
	query.Offset, query.Limit = w.offset, w.limit
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("services: list: %w", err)
	}
	p.rows, p.total = status.Services(res, now), res.Total
	p.parts = append(p.parts, res.Parts...)
	return p, nil
}

// count sets the numbers by state.
func (p *picture) count(ctx context.Context, q lql.Querier, w request) error {
	query := w.query()
	for _, s := range []string{"critical", "warning", "unknown", "ok", "pending", "handled"} {
		f, _ := stateFilter(s)
		query.Count(f)
	}
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("services: counts: %w", err)
	}
	c := status.Of(res)
	p.counts = counts{critical: c.Stat(0, 0), warning: c.Stat(1, 0), unknown: c.Stat(2, 0),
		ok: c.Stat(3, 0), pending: c.Stat(4, 0), handled: c.Stat(5, 0)}
	p.parts = append(p.parts, res.Parts...)
	return nil
}

// order returns the sort keys.
func (w request) order() []string {
	dir := func(column string, desc bool) string {
		if desc {
			return "-" + column
		}
		return column
	}
	rest := []string{"host_name", "description", "peer_key"}
	switch w.sort {
	case "state": // ascending is worst first; what was never checked stands before what is well
		return append([]string{dir("state_order", !w.desc), dir("has_been_checked", w.desc), "-last_state_change"}, rest...)
	case "site":
		return append([]string{dir("peer_name", w.desc)}, rest...)
	case "since": // ascending is the shortest age: the newest first
		return append([]string{dir("last_state_change", !w.desc)}, rest...)
	case "host":
		return []string{dir("host_name", w.desc), dir("peer_key", w.desc), dir("description", w.desc)}
	case "service":
		return []string{dir("description", w.desc), "host_name", "peer_key"}
	}
	return append([]string{dir(w.sort, w.desc)}, rest...)
}

// filtered reports whether the address narrows the list.
func (w request) filtered() bool {
	return strings.TrimSpace(w.text) != "" || w.state != "" || w.site != "" ||
		w.host != "" || w.hostgroup != "" || w.servicegroup != ""
}

// choices are the names to choose from.
type choices struct {
	sites                     [][2]string // key and name
	hostgroups, servicegroups []string
}

// choose asks for the names of sites and groups.
func choose(ctx context.Context, q lql.Querier) (c choices, err error) {
	res, err := q.Query(ctx, lql.Get("sites", "key", "name"))
	if err != nil {
		return c, fmt.Errorf("services: sites: %w", err)
	}
	for i := range res.Rows {
		c.sites = append(c.sites, [2]string{res.Text(i, "key"), res.Text(i, "name")})
	}
	if c.hostgroups, err = names(ctx, q, "hostgroups"); err != nil {
		return c, err
	}
	c.servicegroups, err = names(ctx, q, "servicegroups")
	return c, err
}

// maxGroups is how many groups the filter offers.
const maxGroups = 1000

// names returns the different names in a table, sorted.
func names(ctx context.Context, q lql.Querier, table string) ([]string, error) {
	query := lql.Get(table)
	query.GroupBy = []string{"name"}
	res, err := q.Query(ctx, query.Count(lql.AndOf()))
	if err != nil {
		return nil, fmt.Errorf("services: %s: %w", table, err)
	}
	out := make([]string, 0, res.Rows)
	for i := range min(res.Rows, maxGroups) {
		out = append(out, res.Vectors[0].Text(i))
	}
	slices.Sort(out)
	return out, nil
}
