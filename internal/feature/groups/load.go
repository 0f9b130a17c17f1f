// Package groups is the room of host groups and service groups: how many
// members of each are in trouble, which, and as a map of hosts by services.
// Groups of the same name on several sites are one group.
package groups

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
)

// A request is what the address asks for.
type request struct {
	kind          kind
	view          string // summary, overview, grid, matrix
	asked         filter.Asked
	name          string // matrix and the page of one group: which
	sort          string
	desc          bool
	offset, limit int
	from          int  // matrix: the first column
	problems      bool // matrix: only hosts with problems
}

// A kind is what groups hold: "host" or "service".
type kind string

// table returns the table of the groups.
func (k kind) table() string { return string(k) + "groups" }

// param returns the parameter by which lists of hosts and services choose a
// group of the kind.
func (k kind) param() string { return string(k) + "group" }

// counts are the members of a group by state. Host groups count the services
// of their hosts; service groups have no hosts. Down, Unreachable, Critical,
// Warning and Unknown are those nobody has taken care of, Handled and
// HostsHandled are the others.
type counts struct {
	Hosts, Down, Unreachable, HostsHandled, Up, HostsPending   int
	Services, Critical, Warning, Unknown, Handled, OK, Pending int
}

// add sums up the same group of two sites.
func (c *counts) add(d counts) {
	c.Hosts += d.Hosts
	c.Down += d.Down
	c.Unreachable += d.Unreachable
	c.HostsHandled += d.HostsHandled
	c.Up += d.Up
	c.HostsPending += d.HostsPending
	c.Services += d.Services
	c.Critical += d.Critical
	c.Warning += d.Warning
	c.Unknown += d.Unknown
	c.Handled += d.Handled
	c.OK += d.OK
	c.Pending += d.Pending
}

// trouble reports whether somebody is needed.
func (c counts) trouble() bool { return c.Down+c.Unreachable+c.Critical+c.Warning+c.Unknown > 0 }

// A group is all groups of one name.
type group struct {
	counts
	Name, Alias string
	Sites       []siteGroup // where there is one, in the order of sites
}

// A siteGroup is the group at one site.
type siteGroup struct {
	counts
	Site, SiteName string
	Stale          bool
	Row            int // in the cells of the result
}

// columns are what a list of groups needs of each.
func (k kind) columns() []string {
	out := []string{"name", "alias", "peer_key", "peer_name", "num_services", "num_services_unhandled_crit", "num_services_unhandled_warn",
		"num_services_unhandled_unknown", "num_services_handled_problems", "num_services_ok", "num_services_pending"}
	if k == "host" {
		out = append(out, "num_hosts", "num_hosts_unhandled_down", "num_hosts_unhandled_unreach", "num_hosts_handled_problems", "num_hosts_up", "num_hosts_pending")
	}
	return out
}

// countsAt reads the counts of a row.
func countsAt(c status.Cells, i int) counts {
	n := func(column string) int { return int(c.Int(column, i)) }
	return counts{
		Hosts: n("num_hosts"), Down: n("num_hosts_unhandled_down"), Unreachable: n("num_hosts_unhandled_unreach"), HostsHandled: n("num_hosts_handled_problems"),
		Up: n("num_hosts_up"), HostsPending: n("num_hosts_pending"),
		Services: n("num_services"), Critical: n("num_services_unhandled_crit"), Warning: n("num_services_unhandled_warn"),
		Unknown: n("num_services_unhandled_unknown"), Handled: n("num_services_handled_problems"), OK: n("num_services_ok"), Pending: n("num_services_pending"),
	}
}

// merge makes one group of those of the same name, sorted by name.
func merge(c status.Cells) []group {
	parts := c.Parts()
	at := map[string]int{}
	var out []group
	for i := range c.Rows() {
		name := c.Text("name", i)
		k, ok := at[name]
		if !ok {
			k = len(out)
			at[name] = k
			out = append(out, group{Name: name})
		}
		g := &out[k]
		if alias := c.Text("alias", i); g.Alias == "" && alias != name {
			g.Alias = alias
		}
		s := siteGroup{counts: countsAt(c, i), Site: c.Text("peer_key", i), SiteName: c.Text("peer_name", i), Row: i}
		s.Stale = parts[s.Site].Err != ""
		g.add(s.counts)
		g.Sites = append(g.Sites, s)
	}
	slices.SortFunc(out, func(a, b group) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// stale reports whether what the group counts is old at one of its sites.
func (g group) stale() bool {
	return slices.ContainsFunc(g.Sites, func(s siteGroup) bool { return s.Stale })
}

// sorts are the values of the parameter sort: worst first is the default.
func sorts() []string {
	out := []string{"worst", "-worst"}
	for _, s := range []string{"name", "hosts", "down", "unreachable", "critical", "warning", "unknown", "handled", "ok"} {
		out = append(out, s, "-"+s)
	}
	return out
}

// compare orders groups as the address asks, then by name.
func (w request) compare(a, b group) int {
	c := 0
	switch w.sort {
	case "worst": // ascending is the worst first
		c = cmp.Or(cmp.Compare(b.Down, a.Down), cmp.Compare(b.Critical, a.Critical), cmp.Compare(b.Unknown, a.Unknown),
			cmp.Compare(b.Warning, a.Warning), cmp.Compare(b.Unreachable, a.Unreachable))
	case "name":
		c = byTitle(a, b)
	default:
		c = cmp.Compare(a.count(w.sort), b.count(w.sort))
	}
	if w.desc {
		c = -c
	}
	return cmp.Or(c, byTitle(a, b))
}

// byTitle orders groups by what they are called, large and small letters alike.
func byTitle(a, b group) int {
	return cmp.Or(strings.Compare(strings.ToLower(a.title()), strings.ToLower(b.title())), strings.Compare(a.Name, b.Name))
}

// count returns the number that a column of the list shows.
func (c counts) count(column string) int {
	return map[string]int{"hosts": c.Hosts, "down": c.Down, "unreachable": c.Unreachable, "critical": c.Critical,
		"warning": c.Warning, "unknown": c.Unknown, "handled": c.Handled, "ok": c.OK}[column]
}

// title is what the group is called: its longer name where it has one.
func (g group) title() string {
	if g.Alias != "" {
		return g.Alias
	}
	return g.Name
}

// A picture is what the page shows.
type picture struct {
	all, troubled int // groups under the filter, and those with problems
	groups        []group
	wider         []int     // where there is no group: how many under each filter of Asked.Wider
	members       []members // of groups, in their order: overview, grid, matrix
	parts         []lql.Part
	names         [][2]string // matrix: names and titles of the groups to choose from
}

// load asks for what the page shows.
func load(ctx context.Context, q lql.Querier, w request) (*picture, error) {
	table := w.kind.table()
	res, err := q.Query(ctx, lql.Get(table, w.kind.columns()...).Where(w.asked.About(table, "site", "section")))
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	p := &picture{parts: res.Parts, groups: merge(status.Of(res))}
	if !w.asked.Empty() {
		meant, err := w.meant(ctx, q)
		if err != nil {
			return nil, err
		}
		p.groups = slices.DeleteFunc(p.groups, func(g group) bool { return !meant[g.Name] })
	}
	if p.all = len(p.groups); p.all == 0 {
		if p.wider, err = w.countWider(ctx, q); err != nil {
			return nil, err
		}
	}
	for _, g := range p.groups {
		if g.trouble() {
			p.troubled++
		}
	}
	slices.SortFunc(p.groups, w.compare)
	if w.view == "matrix" {
		p.chooseOne(w.name)
	} else {
		p.groups = p.groups[min(w.offset, p.all):]
		p.groups = p.groups[:min(w.limit, len(p.groups))]
	}
	if w.view == "summary" {
		return p, nil
	}
	for _, g := range p.groups {
		m, err := loadMembers(ctx, q, w, g.Name)
		if err != nil {
			return nil, err
		}
		p.members = append(p.members, m)
	}
	return p, nil
}

// meant returns the names of the groups for which the filter holds at one site
// at least. Such a group is shown with all of its sites, unless the filter
// chooses among these.
func (w request) meant(ctx context.Context, q lql.Querier) (map[string]bool, error) {
	table := w.kind.table()
	res, err := q.Query(ctx, lql.Get(table, "name").Where(w.asked.Filter(table)))
	if err != nil {
		return nil, fmt.Errorf("groups: filter: %w", err)
	}
	out := make(map[string]bool, res.Rows)
	for i := range res.Rows {
		out[res.Text(i, "name")] = true
	}
	return out, nil
}

// countWider counts the groups under each filter of Asked.Wider.
func (w request) countWider(ctx context.Context, q lql.Querier) ([]int, error) {
	return w.asked.CountWider(func(a filter.Asked) (int, error) {
		w.asked = a
		meant, err := w.meant(ctx, q)
		return len(meant), err
	})
}

// chooseOne leaves the named group, the first one when none is named.
func (p *picture) chooseOne(name string) {
	for _, g := range p.groups[:min(len(p.groups), maxNames)] {
		p.names = append(p.names, [2]string{g.Name, g.title()})
	}
	k := 0
	if name != "" {
		k = slices.IndexFunc(p.groups, func(g group) bool { return g.Name == name })
	}
	if k < 0 || len(p.groups) == 0 {
		p.groups = nil
		return
	}
	p.groups = p.groups[k : k+1]
}

// maxNames is how many groups the matrix offers to choose from.
const maxNames = 1000
