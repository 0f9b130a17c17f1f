// Package hosts is the room of the list of hosts: filter, sort, page, choose
// columns.
package hosts

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
		{Key: "state", Label: "State", Class: "w12", Sort: "state", Fixed: true},
		{Key: "name", Label: "Host", Class: "w7", Sort: "name", Fixed: true},
		{Key: "site", Label: "Site", Class: "w4", Sort: "site", Fixed: true},
		{Key: "alias", Label: "Alias", Class: "w6", Sort: "alias"},
		{Key: "address", Label: "Address", Class: "w5", Sort: "address", Default: true},
		{Key: "services", Label: "Services", Class: "w12", Default: true, Need: []string{
			"num_services_crit", "num_services_warn", "num_services_unknown", "num_services_ok", "num_services_pending"}},
		{Key: "since", Label: "Since", Class: "num w3", Sort: "since", Default: true},
		{Key: "attempt", Label: "Attempt", Class: "num w3"},
		{Key: "last_check", Label: "Last check", Class: "num w3", Sort: "last_check", Desc: true},
		{Key: "next_check", Label: "Next check", Class: "num w4", Sort: "next_check"},
		{Key: "latency", Label: "Latency", Class: "num w3", Sort: "latency", Desc: true, Need: []string{"latency"}},
		{Key: "execution_time", Label: "Took", Class: "num w3", Sort: "execution_time", Desc: true, Need: []string{"execution_time"}},
		{Key: "output", Label: "Output", Default: true},
		{Key: "owner", Label: "Owner", Class: "w6", Default: true},
		{Key: "groups", Label: "Host groups", Class: "w6", Need: []string{"groups"}},
		{Key: "contacts", Label: "Contacts", Class: "w6"},
		{Key: "check_command", Label: "Check command", Class: "w6", Sort: "check_command", Need: []string{"check_command"}},
		{Key: "parents", Label: "Parents", Class: "w6", Need: []string{"parents"}},
	}
}

// The states of the parameter state; "" is all.
func states() []string {
	return []string{"", "down", "unreachable", "up", "pending", "problem", "unhandled", "handled"}
}

// A request is what the address asks for.
type request struct {
	text, state, site, group string
	sort                     string
	desc                     bool
	offset, limit            int
	columns                  []status.Column
}

// counts are the hosts by state under the filters other than state.
type counts struct{ down, unreachable, up, pending, handled int }

// A picture is what the page shows.
type picture struct {
	counts counts
	rows   []status.Row
	total  int
	parts  []lql.Part
}

// stateFilter returns the filter for a value of the parameter state.
func stateFilter(state string) (f lql.Filter, ok bool) {
	checked := lql.Eq("has_been_checked", "1")
	handled := lql.OrOf(lql.Eq("acknowledged", "1"), lql.Cmp("scheduled_downtime_depth", lql.Greater, "0"))
	problem := lql.Cmp("state", lql.Greater, "0")
	switch state {
	case "down":
		return lql.Eq("state", "1"), true
	case "unreachable":
		return lql.Eq("state", "2"), true
	case "up":
		return lql.AndOf(checked, lql.Eq("state", "0")), true
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
	q := lql.Get("hosts", columns...)
	if f, ok := status.Words(w.text, status.HostText()...); ok {
		q.Where(f)
	}
	if w.site != "" {
		q.Where(lql.Eq("peer_key", w.site))
	}
	if w.group != "" {
		q.Where(lql.Has("groups", w.group))
	}
	return q
}

// load asks for what the page shows.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	p := &picture{}
	if err := p.count(ctx, q, w); err != nil {
		return nil, err
	}
	segments := []string{w.state}
	if w.sort == "state" {
		segments = w.segments()
	}
	want := append(append(status.HostColumns(), status.InfoColumns()...), status.Needs(w.columns)...)
	skip := w.offset
	for _, state := range segments {
		query := w.query(want...).OrderBy(w.order()...)
		if f, ok := stateFilter(w.state); ok {
			query.Where(f)
		}
		if f, ok := stateFilter(state); ok && state != w.state {
			query.Where(f)
		}
		query.Offset, query.Limit = skip, w.limit-len(p.rows)
		res, err := q.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("hosts: list: %w", err)
		}
		p.rows = append(p.rows, status.Hosts(res, now)...)
		p.parts = append(p.parts, res.Parts...)
		p.total += res.Total
		skip = max(skip-res.Total, 0)
	}
	return p, nil
}

// segments are the states in the order of severity, which no column has.
func (w request) segments() []string {
	s := []string{"down", "unreachable", "pending", "up"}
	if w.desc {
		slices.Reverse(s)
	}
	return s
}

// count sets the numbers by state.
func (p *picture) count(ctx context.Context, q lql.Querier, w request) error {
	query := w.query()
	for _, s := range []string{"down", "unreachable", "up", "pending", "handled"} {
		f, _ := stateFilter(s)
		query.Count(f)
	}
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("hosts: counts: %w", err)
	}
	c := status.Of(res)
	p.counts = counts{down: c.Stat(0, 0), unreachable: c.Stat(1, 0), up: c.Stat(2, 0), pending: c.Stat(3, 0), handled: c.Stat(4, 0)}
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
	rest := []string{"name", "peer_key"}
	switch w.sort {
	case "state":
		return append([]string{"-last_state_change"}, rest...)
	case "site":
		return append([]string{dir("peer_name", w.desc)}, rest...)
	case "since": // ascending is the shortest age: the newest first
		return append([]string{dir("last_state_change", !w.desc)}, rest...)
	case "name":
		return []string{dir("name", w.desc), "peer_key"}
	}
	return append([]string{dir(w.sort, w.desc)}, rest...)
}

// filtered reports whether the address narrows the list.
func (w request) filtered() bool {
	return strings.TrimSpace(w.text) != "" || w.state != "" || w.site != "" || w.group != ""
}

// choices asks for the names of the sites and host groups to choose from.
func choices(ctx context.Context, q lql.Querier) (sites [][2]string, groups []string, err error) {
	res, err := q.Query(ctx, lql.Get("sites", "key", "name"))
	if err != nil {
		return nil, nil, fmt.Errorf("hosts: sites: %w", err)
	}
	for i := range res.Rows {
		sites = append(sites, [2]string{res.Text(i, "key"), res.Text(i, "name")})
	}
	query := lql.Get("hostgroups")
	query.GroupBy = []string{"name"}
	query.Count(lql.AndOf())
	if res, err = q.Query(ctx, query); err != nil {
		return nil, nil, fmt.Errorf("hosts: groups: %w", err)
	}
	for i := range min(res.Rows, maxGroups) {
		groups = append(groups, res.Vectors[0].Text(i))
	}
	slices.Sort(groups)
	return sites, groups, nil
}

// maxGroups is how many host groups the filter offers.
const maxGroups = 1000
