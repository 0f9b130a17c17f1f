package problems

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

// The views of the page. Each problem is in exactly one of open, acknowledged,
// downtime and suppressed; hosts is the part of open that are hosts.
const (
	tabOpen       = "open"
	tabHosts      = "hosts"
	tabAck        = "acknowledged"
	tabDowntime   = "downtime"
	tabSuppressed = "suppressed"
)

// Bounds of one picture.
const (
	maxHosts  = 20_000 // hosts that are not up; beyond, the page says that it is cut
	maxOffset = 10_000 // rows that paging goes down to
	kidsEach  = 10     // services shown below a cause; with hosts twice as many rows
	maxCauses = 50     // causes whose hidden rows are shown
)

// A request is what the address asks for.
type request struct {
	tab, text, site string
	sort            string // severity since host site
	desc            bool
	offset, limit   int
}

// counts are the numbers of problems by view.
type counts struct{ open, hosts, ack, downtime, suppressed int }

// A row is one problem with what it hides.
type row struct {
	status.Row
	Cause          status.Row // what explains it, in the view of suppressed ones
	Fold           string     // class that connects it with its kids; "" without
	HiddenHosts    int
	HiddenServices int
	Kids           []row
	MoreKids       int // hidden beyond Kids
}

// A picture is what the page shows.
type picture struct {
	counts   counts
	rows     []row
	total    int    // rows of this view
	causes   int    // open causes that hide something, all pages
	hidden   [2]int // hosts and services they hide
	hostsCut bool
	parts    []lql.Part
}

// hostQuery asks for all hosts that are not up.
func hostQuery(columns ...string) *lql.Query {
	q := lql.Get("hosts", append(columns, "parents", "num_services_crit", "num_services_warn", "num_services_unknown")...)
	q.Where(lql.Cmp("state", lql.Greater, "0"))
	q.Limit = maxHosts
	return q
}

// nodesOf reads the answer to a hostQuery.
func nodesOf(res *lql.Result, now time.Time) []node {
	rows := status.Hosts(res, now)
	nodes := make([]node, 0, len(rows))
	for _, r := range rows {
		if !r.State.Problem() {
			continue
		}
		n := node{row: r, parents: r.Cells.List("parents", r.Index)}
		for _, c := range []string{"num_services_crit", "num_services_warn", "num_services_unknown"} {
			n.services += int(r.Cells.Int(c, r.Index))
		}
		nodes = append(nodes, n)
	}
	fold(nodes)
	return nodes
}

// viewOf returns the view a host belongs to.
func (n node) viewOf(self int) string {
	switch {
	case n.row.Downtime:
		return tabDowntime
	case n.row.Acked:
		return tabAck
	case n.explained(self):
		return tabSuppressed
	}
	return tabOpen
}

// serviceFilter returns the filter for services of a view.
func serviceFilter(tab string) lql.Filter {
	var (
		problem = lql.Cmp("state", lql.Greater, "0")
		planned = lql.OrOf(lql.Cmp("scheduled_downtime_depth", lql.Greater, "0"), lql.Cmp("host_scheduled_downtime_depth", lql.Greater, "0"))
		acked   = lql.Eq("acknowledged", "1")
		hostBad = lql.Cmp("host_state", lql.Greater, "0")
	)
	switch tab {
	case tabDowntime:
		return lql.AndOf(problem, planned)
	case tabAck:
		return lql.AndOf(problem, lql.NotOf(planned), acked)
	case tabSuppressed:
		return lql.AndOf(problem, lql.NotOf(planned), lql.NotOf(acked), hostBad)
	}
	return lql.AndOf(problem, lql.Eq("acknowledged", "0"), lql.Eq("scheduled_downtime_depth", "0"),
		lql.Eq("host_scheduled_downtime_depth", "0"), lql.Eq("host_state", "0"))
}

// narrow adds the filters of the address to a query over services.
func (w request) narrow(q *lql.Query) *lql.Query {
	if f, ok := status.Words(w.text, status.ServiceText()...); ok {
		q.Where(f)
	}
	if w.site != "" {
		q.Where(lql.Eq("peer_key", w.site))
	}
	return q
}

// matches reports whether a host is within the filters of the address.
func (w request) matches(r status.Row) bool {
	return (w.site == "" || r.Site == w.site) && status.Matches(w.text, r.Host, r.Alias, r.Address, r.Output)
}

// filtered reports whether the address narrows the list.
func (w request) filtered() bool { return strings.TrimSpace(w.text) != "" || w.site != "" }

// load asks for everything the page shows.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	res, err := q.Query(ctx, hostQuery(status.HostColumns()...))
	if err != nil {
		return nil, fmt.Errorf("problems: hosts: %w", err)
	}
	nodes := nodesOf(res, now)
	p := &picture{hostsCut: res.Total > res.Rows, parts: res.Parts}
	if err := p.count(ctx, q, w, nodes); err != nil {
		return nil, err
	}
	hosts := p.hostRows(w, nodes)
	services, total, err := p.serviceRows(ctx, q, w, now)
	if err != nil {
		return nil, err
	}
	p.total = len(hosts) + total
	rows := append(hosts, services...)
	slices.SortStableFunc(rows, w.compare)
	lo := min(w.offset, len(rows))
	p.rows = rows[lo:min(lo+w.limit, len(rows))]
	if err := p.owners(ctx, q, now); err != nil {
		return nil, err
	}
	return p, p.kids(ctx, q, nodes, now)
}

// count sets the numbers of all views.
func (p *picture) count(ctx context.Context, q lql.Querier, w request, nodes []node) error {
	for i, n := range nodes {
		if !w.matches(n.row) {
			continue
		}
		switch n.viewOf(i) {
		case tabOpen:
			p.counts.hosts++
		case tabAck:
			p.counts.ack++
		case tabDowntime:
			p.counts.downtime++
		default:
			p.counts.suppressed++
		}
		if n.viewOf(i) == tabOpen && (n.hosts > 0 || n.hidden > 0) {
			p.causes++
			p.hidden[0] += n.hosts
			p.hidden[1] += n.hidden
		}
	}
	query := w.narrow(lql.Get("services")).Count(
		serviceFilter(tabOpen), serviceFilter(tabAck), serviceFilter(tabDowntime), serviceFilter(tabSuppressed))
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("problems: counts: %w", err)
	}
	c := status.Of(res)
	p.counts.open = p.counts.hosts + c.Stat(0, 0)
	p.counts.ack += c.Stat(1, 0)
	p.counts.downtime += c.Stat(2, 0)
	p.counts.suppressed += c.Stat(3, 0)
	p.parts = append(p.parts, res.Parts...)
	return nil
}

// hostRows returns the hosts of the view.
func (p *picture) hostRows(w request, nodes []node) []row {
	view := w.tab
	if view == tabHosts {
		view = tabOpen
	}
	var out []row
	for i, n := range nodes {
		if n.viewOf(i) != view || !w.matches(n.row) {
			continue
		}
		r := row{Row: n.row}
		if n.explained(i) {
			r.Cause = nodes[n.cause].row
			r.State.Done = true
		} else {
			r.HiddenHosts, r.HiddenServices = n.hosts, n.hidden
		}
		out = append(out, r)
	}
	return out
}

// serviceRows returns the services of the view down to the end of the page,
// and how many there are in all.
func (p *picture) serviceRows(ctx context.Context, q lql.Querier, w request, now time.Time) ([]row, int, error) {
	if w.tab == tabHosts {
		return nil, 0, nil
	}
	query := w.narrow(lql.Get("services", append(status.ServiceColumns(), status.InfoColumns()...)...)).Where(serviceFilter(w.tab))
	query.OrderBy(w.order()...)
	query.Limit = w.offset + w.limit
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, 0, fmt.Errorf("problems: services: %w", err)
	}
	var out []row
	for _, s := range status.Services(res, now) {
		r := row{Row: s}
		if s.HostProblem {
			r.Cause = status.Row{Site: s.Site, SiteName: s.SiteName, Host: s.Host, State: s.HostState}
		}
		out = append(out, r)
	}
	p.parts = append(p.parts, res.Parts...)
	return out, res.Total, nil
}

// order returns the sort keys of services that agree with compare.
func (w request) order() []string {
	dir := func(column string, desc bool) string {
		if desc {
			return "-" + column
		}
		return column
	}
	switch w.sort {
	case "since": // ascending is the shortest age: the newest first
		return []string{dir("last_state_change", !w.desc), "peer_key", "host_name", "description"}
	case "host":
		return []string{dir("host_name", w.desc), dir("description", w.desc), "peer_key"}
	case "site":
		return []string{dir("peer_name", w.desc), "-state_order", "-last_state_change", "host_name", "description"}
	}
	return []string{dir("state_order", !w.desc), "-last_state_change", "peer_key", "host_name", "description"}
}

// compare puts hosts and services into one order.
func (w request) compare(a, b row) int {
	sign := 1
	if w.desc {
		sign = -1
	}
	severity := cmp.Compare(status.Severity(a.State), status.Severity(b.State))
	newest := b.Since.Compare(a.Since)
	names := cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Service, b.Service))
	sites := strings.Compare(a.Site, b.Site)
	switch w.sort {
	case "since":
		return cmp.Or(sign*newest, sites, names)
	case "host":
		return cmp.Or(sign*names, sites)
	case "site":
		return cmp.Or(sign*strings.Compare(a.SiteName, b.SiteName), severity, newest, names)
	}
	return cmp.Or(sign*severity, newest, sites, names)
}
