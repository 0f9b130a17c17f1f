package hosts

import (
	"net/url"

	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	request
	counts   counts
	rows     []status.Row
	paging   ui.Paging
	siteName string      // of the filter
	sites    [][2]string // key and name of those to choose from
	groups   []string
	nothing  nothing
}

// nothing says why the list is empty.
type nothing uint8

const (
	noMatch  nothing = iota // the filter hides what there is
	noRights                // the person may see nothing
	noSites                 // there is no site
	noData                  // nothing was read yet
)

// newView arranges a picture for the templates.
func newView(w request, p *picture, sites [][2]string, groups []string) view {
	v := view{request: w, counts: p.counts, rows: p.rows, siteName: w.site, sites: sites, groups: groups}
	v.paging = ui.Paging{Offset: w.offset, Limit: w.limit, Shown: len(p.rows), Total: p.total, One: "host", Many: "hosts"}
	read := 0
	for _, part := range p.parts {
		if part.Key == w.site {
			v.siteName = part.Name
		}
		if !part.Missing {
			read++
		}
	}
	switch {
	case w.filtered():
		v.nothing = noMatch
	case len(p.parts) == 0:
		v.nothing = noSites
	case read == 0:
		v.nothing = noData
	default:
		v.nothing = noRights
	}
	return v
}

// statePath returns the address of the list narrowed to a state, with the
// other filters kept.
func (v view) statePath(state string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": v.text, "site": v.site, "hostgroup": v.group, "state": state} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return "/hosts"
	}
	return "/hosts?" + q.Encode()
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.desc {
		return "-" + v.sort
	}
	return v.sort
}

// A count is one link of the head: how many hosts are in a state.
type count struct {
	state ui.State
	n     int
	word  string
	query string // value of the parameter state
}

// figures are the links of the head; pending and handled ones only when there
// are any.
func (v view) figures() []count {
	down := ui.HostState(1, true, false)
	handled := ui.State{Class: "plan", Glyph: "s-down", Word: "handled", Done: true}
	out := []count{
		{down, v.counts.down, "", "down"},
		{ui.HostState(2, true, false), v.counts.unreachable, "", "unreachable"},
	}
	if v.counts.handled > 0 {
		out = append(out, count{handled, v.counts.handled, "handled", "handled"})
	}
	if v.counts.pending > 0 {
		out = append(out, count{ui.HostState(0, false, false), v.counts.pending, "", "pending"})
	}
	return append(out, count{ui.HostState(0, true, false), v.counts.up, "", "up"})
}

// services are the counts of a row's services by state.
func services(r status.Row) []count {
	var out []count
	for _, s := range []struct {
		column string
		state  ui.State
	}{
		{"num_services_crit", ui.ServiceState(2, true, false)},
		{"num_services_unknown", ui.ServiceState(3, true, false)},
		{"num_services_warn", ui.ServiceState(1, true, false)},
		{"num_services_pending", ui.ServiceState(0, false, false)},
		{"num_services_ok", ui.ServiceState(0, true, false)},
	} {
		if n := int(r.Cells.Int(s.column, r.Index)); n > 0 {
			out = append(out, count{state: s.state, n: n})
		}
	}
	return out
}

// servicesPath returns the address of the list of a host's services.
func servicesPath(r status.Row) string {
	return "/services?" + url.Values{"host": {r.Host}, "site": {r.Site}}.Encode()
}
