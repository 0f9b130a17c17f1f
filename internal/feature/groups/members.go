package groups

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Bounds of what is shown of one group.
const (
	maxHosts    = 25   // overview and grid: hosts
	maxServices = 25   // overview: services of a service group
	maxGrid     = 200  // grid: services of a service group
	maxCells    = 60   // grid: services of a host; matrix: columns
	pageHosts   = 100  // matrix: hosts at once
	pageRows    = 1000 // matrix: services of a service group at once
)

// members are the hosts of one group, or of the services of one, that are
// shown.
type members struct {
	hosts    []member
	services []status.Row // overview of a service group
	total    int          // hosts of a host group, services of a service group
	offset   int
	shown    int // of total
}

// more returns how many members are not shown.
func (m members) more() int { return max(m.total-m.offset-m.shown, 0) }

// A member is one host with services of it.
type member struct {
	status.Row
	cells []status.Service
	more  int // services beyond cells
}

// loadMembers finds members of a group for the view of the address.
func loadMembers(ctx context.Context, q lql.Querier, w request, name string) (members, error) {
	if w.kind == "service" {
		return serviceMembers(ctx, q, w, name)
	}
	return hostMembers(ctx, q, w, name)
}

// hostMembers finds hosts of a host group: those with problems first, in the
// matrix by name.
func hostMembers(ctx context.Context, q lql.Querier, w request, name string) (members, error) {
	columns := status.HostColumns()
	if w.view == "grid" || w.view == "matrix" {
		columns = append(columns, "services_with_fullstate")
	} else {
		columns = append(columns, "num_services_crit", "num_services_unknown", "num_services_warn", "num_services_pending", "num_services_ok")
	}
	query := lql.Get("hosts", columns...).Where(lql.Has("groups", name))
	if w.problems {
		query.Where(lql.OrOf(lql.Cmp("state", lql.Greater, "0"), lql.Cmp("worst_service_state", lql.Greater, "0")))
	}
	m := members{}
	if w.view == "matrix" {
		query.OrderBy("name", "peer_key")
		m.offset = w.offset
		query.Offset, query.Limit = w.offset, pageHosts
	} else {
		query.OrderBy("-state", "-worst_service_state", "name", "peer_key")
		query.Limit = maxHosts
	}
	res, err := q.Query(ctx, query)
	if err != nil {
		return m, fmt.Errorf("groups: hosts: %w", err)
	}
	m.total, m.shown = res.Total, res.Rows
	for _, r := range status.Hosts(res, time.Time{}) {
		m.hosts = append(m.hosts, member{Row: r, cells: r.Services()})
	}
	if w.view != "matrix" {
		slices.SortStableFunc(m.hosts, func(a, b member) int {
			return cmp.Or(cmp.Compare(order(a.State), order(b.State)), cmp.Compare(status.Severity(a.State), status.Severity(b.State)))
		})
		for i := range m.hosts {
			m.hosts[i].bound()
		}
	}
	return m, nil
}

// order puts problems that need someone before handled ones.
func order(s ui.State) int {
	switch {
	case !s.Problem():
		return 2
	case s.Done:
		return 1
	}
	return 0
}

// bound leaves the worst services when there are too many for the grid.
func (m *member) bound() {
	if len(m.cells) <= maxCells {
		return
	}
	slices.SortStableFunc(m.cells, func(a, b status.Service) int {
		return cmp.Compare(status.Severity(a.State), status.Severity(b.State))
	})
	m.more = len(m.cells) - maxCells
	m.cells = m.cells[:maxCells]
}

// serviceMembers finds services of a service group: those that need someone
// first, in the matrix by host.
func serviceMembers(ctx context.Context, q lql.Querier, w request, name string) (members, error) {
	worst := []string{"-state_order", "has_been_checked", "host_name", "description", "peer_key"}
	switch w.view {
	case "matrix":
		m := members{offset: w.offset}
		var fs []lql.Filter
		if w.problems {
			fs = append(fs, lql.Cmp("state", lql.Greater, "0"))
		}
		return m.addServices(ctx, q, name, pageRows, []string{"host_name", "peer_key", "description"}, fs...)
	case "grid":
		return members{}.addServices(ctx, q, name, maxGrid, worst)
	}
	m, err := members{}.addServices(ctx, q, name, maxServices, worst, unhandled())
	if err != nil {
		return m, err
	}
	return m.addServices(ctx, q, name, maxServices-m.shown, worst, lql.NotOf(unhandled()))
}

// unhandled holds for problems that nobody has and that no host explains.
func unhandled() lql.Filter {
	return lql.AndOf(lql.Cmp("state", lql.Greater, "0"), lql.Eq("acknowledged", "0"), lql.Eq("scheduled_downtime_depth", "0"),
		lql.Eq("host_scheduled_downtime_depth", "0"), lql.Eq("host_state", "0"))
}

// addServices adds the first services of a group that pass the filters.
func (m members) addServices(ctx context.Context, q lql.Querier, name string, limit int, order []string, fs ...lql.Filter) (members, error) {
	query := lql.Get("services", status.ServiceColumns()...).Where(lql.Has("groups", name)).Where(fs...).OrderBy(order...)
	query.Offset, query.Limit = m.offset, limit
	res, err := q.Query(ctx, query)
	if err != nil {
		return m, fmt.Errorf("groups: services: %w", err)
	}
	m.total += res.Total
	m.shown += res.Rows
	m.services = append(m.services, status.Services(res, time.Time{})...)
	m.hosts = byHost(m.services)
	return m, nil
}

// byHost puts services under their hosts, in the order in which hosts appear.
func byHost(services []status.Row) []member {
	at := map[string]int{}
	var out []member
	for _, s := range services {
		id := status.RowID(s.Site, s.Host, "")
		k, ok := at[id]
		if !ok {
			k = len(out)
			at[id] = k
			out = append(out, member{Row: status.Row{ID: id, Site: s.Site, SiteName: s.SiteName, Host: s.Host, State: s.HostState, Stale: s.Stale}})
		}
		out[k].cells = append(out[k].cells, status.Service{Name: s.Service, Output: s.Output, State: s.State})
	}
	return out
}

// A matrix is hosts by services.
type matrix struct {
	services    []string // the columns
	from, total int      // first column and number of them in all
	rows        []matrixRow
}

// A matrixRow is one host; cells has one entry for each column, nil where the
// host has no such service.
type matrixRow struct {
	member
	cells []*status.Service
}

// newMatrix arranges hosts: what most of them have comes first.
func newMatrix(hosts []member, from int) matrix {
	count := map[string]int{}
	for _, h := range hosts {
		for _, c := range h.cells {
			count[c.Name]++
		}
	}
	names := make([]string, 0, len(count))
	for n := range count {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	m := matrix{from: from, total: len(names)}
	m.services = names[min(from, len(names)):]
	m.services = m.services[:min(maxCells, len(m.services))]
	at := make(map[string]int, len(m.services))
	for i, s := range m.services {
		at[s] = i
	}
	for _, h := range hosts {
		r := matrixRow{member: h, cells: make([]*status.Service, len(m.services))}
		for i := range h.cells {
			if k, ok := at[h.cells[i].Name]; ok {
				r.cells[k] = &h.cells[i]
			}
		}
		m.rows = append(m.rows, r)
	}
	return m
}
