package host

import (
	"context"

	"belvedere/internal/search"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	object.Object
	services []status.Row
	more     int // services beyond those shown
	counts   []count
	levels   []level
	children []status.Row
	behind   int // children beyond those shown
	twins    []status.Row
}

// A count is how many services are in a state.
type count struct {
	state ui.State
	n     int
}

// A level is the hosts at one distance above the host.
type level struct {
	above int // how far above: 0 the parents
	rows  []status.Row
}

// label says what the hosts of a level are.
func (l level) label(ctx context.Context) string {
	if l.above > 0 {
		return ui.T(ctx, "Above")
	}
	return ui.N(ctx, len(l.rows), "Parent", "Parents")
}

// newView arranges a picture for the templates.
func newView(p *picture) view {
	v := view{Object: p.object, services: p.services, more: p.total - len(p.services),
		children: p.children, behind: p.behind - len(p.children), twins: p.twins}
	order := []ui.State{ui.ServiceState(2, true, false), ui.ServiceState(3, true, false), ui.ServiceState(1, true, false),
		ui.ServiceState(0, false, false), ui.ServiceState(0, true, false)}
	for _, s := range order {
		c := count{state: s}
		handled := true
		for _, r := range p.services {
			if r.State.Class == s.Class {
				c.n++
				handled = handled && r.State.Done
			}
		}
		c.state.Done = c.n > 0 && handled && s.Problem()
		if c.n > 0 {
			v.counts = append(v.counts, c)
		}
	}
	for i, rows := range p.levels {
		v.levels = append(v.levels, level{i, rows})
	}
	return v
}

// note says why the problems of the services look handled.
func (v view) note(ctx context.Context) string {
	if v.State.Problem() && len(v.counts) > 0 {
		return ui.T(ctx, "problems are hollow: the host itself is not up")
	}
	return ""
}

// servicesPath returns the address of the list of the host's services.
func (v view) servicesPath() string {
	return search.Path("/services", search.Eq("host", v.Host), search.Eq("site", v.Site))
}

// groupPath returns the address of the list of a host group's hosts.
func groupPath(group string) string {
	return search.Path("/hosts", search.Eq("hostgroup", group))
}

// sitePath returns the address of the list of a site's hosts.
func (v view) sitePath() string { return search.Path("/hosts", search.Eq("site", v.Site)) }
