package services

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
	siteName string // of the filter
	choices  choices
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
func newView(w request, p *picture, c choices) view {
	v := view{request: w, counts: p.counts, rows: p.rows, siteName: w.site, choices: c}
	v.paging = ui.Paging{Offset: w.offset, Limit: w.limit, Shown: len(p.rows), Total: p.total, One: "service", Many: "services"}
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
	for name, value := range map[string]string{"q": v.text, "site": v.site, "host": v.host,
		"hostgroup": v.hostgroup, "servicegroup": v.servicegroup, "state": state} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return "/services"
	}
	return "/services?" + q.Encode()
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.desc {
		return "-" + v.sort
	}
	return v.sort
}

// A count is one link of the head: how many services are in a state.
type count struct {
	state ui.State
	n     int
	word  string
	query string // value of the parameter state
}

// figures are the links of the head; handled and pending ones only when there
// are any.
func (v view) figures() []count {
	out := []count{
		{ui.ServiceState(2, true, false), v.counts.critical, "", "critical"},
		{ui.ServiceState(1, true, false), v.counts.warning, "", "warning"},
		{ui.ServiceState(3, true, false), v.counts.unknown, "", "unknown"},
	}
	if v.counts.handled > 0 {
		handled := ui.State{Class: "plan", Glyph: "s-crit", Word: "handled", Done: true}
		out = append(out, count{handled, v.counts.handled, "handled", "handled"})
	}
	if v.counts.pending > 0 {
		out = append(out, count{ui.ServiceState(0, false, false), v.counts.pending, "", "pending"})
	}
	return append(out, count{ui.ServiceState(0, true, false), v.counts.ok, "", "ok"})
}

// same reports whether row i repeats the host of the row before, in a list
// sorted by host.
func (v view) same(i int) bool {
	return v.sort == "host" && i > 0 && v.rows[i].Host == v.rows[i-1].Host && v.rows[i].Site == v.rows[i-1].Site
}
