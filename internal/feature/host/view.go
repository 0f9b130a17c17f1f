package host

import (
	"context"
	"net/url"
	"slices"

	"belvedere/internal/search"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
	"belvedere/internal/web/topo"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	object.Object
	services []status.Row
	more     int // services beyond those shown
	counts   []count
	near     *topo.Drawing // what it hangs on, and what hangs on it
	parents  int           // directly above
	behind   int           // children
	twins    []status.Row
}

// A count is how many services are in a state.
type count struct {
	state ui.State
	n     int
}

// newView arranges a picture for the templates.
func newView(ctx context.Context, p *picture) view {
	v := view{Object: p.object, services: p.services, more: p.total - len(p.services),
		parents: len(p.object.List("parents")), behind: p.behind, twins: p.twins}
	order := []ui.State{ui.ServiceState(2, true, false), ui.ServiceState(3, true, false), ui.ServiceState(1, true, false),
		ui.ServiceState(0, false, false), ui.ServiceState(0, true, false)}
	for _, s := range order {
		c := count{state: s, n: p.classes[s.Class]}
		handled := true
		for _, r := range p.services {
			if r.State.Class == s.Class {
				handled = handled && r.State.Done
			}
		}
		c.state.Done = c.n > 0 && handled && s.Problem()
		if c.n > 0 {
			v.counts = append(v.counts, c)
		}
	}
	if len(p.levels) > 0 || p.behind > 0 {
		v.near = near(ctx, p)
	}
	return v
}

// maxBoxes is how many children the picture shows; the map has the others.
const maxBoxes = 5

// near arranges the hosts above and below for the picture.
func near(ctx context.Context, p *picture) *topo.Drawing {
	var nodes []topo.Node
	at := map[string]int{}
	add := func(r status.Row, note string, above []string) int {
		n := topo.Node{Row: r, Note: note, Path: r.Path()}
		for _, name := range above {
			if k, ok := at[name]; ok {
				n.Parents = append(n.Parents, k)
			}
		}
		at[r.Host] = len(nodes)
		nodes = append(nodes, n)
		return len(nodes) - 1
	}
	for i := len(p.levels) - 1; i >= 0; i-- {
		for _, r := range p.levels[i] {
			note := ui.T(ctx, "above")
			if i == 0 {
				note = ui.T(ctx, "parent")
			}
			add(r, note, r.Cells.List("parents", r.Index))
		}
	}
	own := add(p.object.Row, ui.T(ctx, "this host"), p.object.List("parents"))
	nodes[own].Focus = true
	shown := p.children[:min(maxBoxes, len(p.children))]
	for _, r := range shown {
		add(r, ui.T(ctx, "behind it"), []string{p.object.Host})
	}
	if more := p.behind - len(shown); more > 0 {
		nodes = append(nodes, topo.Node{More: more, Note: ui.N(ctx, more, "%s more host", "%s more hosts", ui.Number(more)),
			Path: ui.MapPath(p.object.Site, p.object.Host), Parents: []int{own}})
	}
	return topo.New(nodes)
}

// nearWords says how many hosts are next to it.
func (v view) nearWords(ctx context.Context) string {
	return ui.N(ctx, v.parents, "%s parent", "%s parents", ui.Number(v.parents)) + ", " + ui.N(ctx, v.behind, "%s child", "%s children", ui.Number(v.behind))
}

// note says why the problems of the services look handled.
func (v view) note(ctx context.Context) string {
	if v.State.Problem() && len(v.counts) > 0 {
		return ui.T(ctx, "problems are hollow: the host itself is not up")
	}
	return ""
}

// owned reports whether somebody is on one of the services that are shown; if
// not, their outputs get the room.
func (v view) owned() bool {
	return slices.ContainsFunc(v.services, func(s status.Row) bool { return s.Owner.Kind != "" })
}

// servicesPath returns the address of the list of the host's services.
func (v view) servicesPath() string {
	return search.Path("/services", search.Eq("host", v.Host), search.Eq("site", v.Site))
}

// groupPath returns the address of the page of a host group.
func groupPath(group string) string {
	return "/hostgroup/" + url.PathEscape(group)
}

// sitePath returns the address of the list of a site's hosts.
func (v view) sitePath() string { return search.Path("/hosts", search.Eq("site", v.Site)) }
