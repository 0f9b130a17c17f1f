package groups

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	request
	all, troubled int
	groups        []group
	members       []members // beside groups, but for the summary
	matrix        matrix
	names         [][2]string
	paging        ui.Paging
	wider         []int // where there is no group: how many under each filter of Asked.Wider
	nothing       nothing
}

// nothing says why the page is empty.
type nothing uint8

const (
	noMatch  nothing = iota // the filter hides what there is
	noRead                  // the filter cannot be read
	noGroup                 // there is no group, or the person may see none
	noRights                // the person does not see everything, and no group
	noSites                 // there is no site
	noData                  // nothing was read yet
)

// newView arranges a picture for the templates.
func newView(ctx context.Context, w request, p *picture, seesAll bool) view {
	v := view{request: w, all: p.all, troubled: p.troubled, groups: p.groups, members: p.members, names: p.names, wider: p.wider}
	v.paging = ui.Paging{Offset: w.offset, Limit: w.limit, Shown: len(p.groups), Total: p.all, Of: ui.N(ctx, p.all, "%s group", "%s groups", ui.Number(p.all))}
	if w.view == "matrix" && len(p.members) == 1 {
		m := p.members[0]
		v.matrix = newMatrix(m.hosts, w.from)
		v.paging = ui.Paging{Offset: w.offset, Limit: pageHosts, Shown: m.shown, Total: m.total, Of: ui.N(ctx, m.total, "%s host", "%s hosts", ui.Number(m.total))}
		if w.kind == "service" {
			v.paging.Limit, v.paging.Of = pageRows, ui.N(ctx, m.total, "%s service", "%s services", ui.Number(m.total))
		}
	}
	read := 0
	for _, part := range p.parts {
		if !part.Missing {
			read++
		}
	}
	switch {
	case w.asked.Err != nil:
		v.nothing = noRead
	case !w.asked.Empty() || w.name != "":
		v.nothing = noMatch
	case len(p.parts) == 0 && seesAll:
		v.nothing = noSites
	case len(p.parts) > 0 && read == 0:
		v.nothing = noData
	case !seesAll:
		v.nothing = noRights
	default:
		v.nothing = noGroup
	}
	return v
}

// path returns the address of a view of the groups, with the other parameters
// that mean something there.
func (v view) path(kind kind, name string) string {
	q := url.Values{}
	if kind != "host" {
		q.Set("kind", string(kind))
	}
	if name != "summary" {
		q.Set("view", name)
	}
	if !v.asked.Empty() {
		q.Set("q", v.asked.Text)
	}
	if len(q) == 0 {
		return "/groups"
	}
	return "/groups?" + q.Encode()
}

// kinds and views are the switches of the head.
func (v view) kinds(ctx context.Context) []ui.Link {
	return []ui.Link{
		{Label: ui.T(ctx, "Host groups"), Path: v.path("host", v.view), Current: v.kind == "host"},
		{Label: ui.T(ctx, "Service groups"), Path: v.path("service", v.view), Current: v.kind == "service"},
	}
}

func (v view) views(ctx context.Context) []ui.Link {
	return []ui.Link{
		{Label: ui.T(ctx, "Summary"), Path: v.path(v.kind, "summary"), Current: v.view == "summary"},
		{Label: ui.T(ctx, "Overview"), Path: v.path(v.kind, "overview"), Current: v.view == "overview"},
		{Label: ui.T(ctx, "Grid"), Path: v.path(v.kind, "grid"), Current: v.view == "grid"},
		{Label: ui.T(ctx, "Matrix"), Path: v.path(v.kind, "matrix"), Current: v.view == "matrix"},
	}
}

// menu offers the groups whose matrix can be shown.
func (v view) menu(ctx context.Context) []ui.Link {
	out := []ui.Link{{Label: ui.T(ctx, "The one in most trouble"), Path: ui.Anew(ctx, "group", ""), Current: v.name == ""}}
	for _, n := range v.names {
		out = append(out, ui.Link{Label: n[1], Path: ui.Anew(ctx, "group", n[0]), Current: v.name == n[0]})
	}
	return out
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.desc {
		return "-" + v.sort
	}
	return v.sort
}

// groupPath returns the address of the page of a group.
func groupPath(k kind, name string) string { return "/" + k.param() + "/" + url.PathEscape(name) }

// matrixPath returns the address of the matrix of a group.
func matrixPath(k kind, name string) string {
	q := url.Values{"view": {"matrix"}, "group": {name}}
	if k != "host" {
		q.Set("kind", string(k))
	}
	return "/groups?" + q.Encode()
}

// listPath returns the address of the list ("hosts" or "services") that proves
// a number: of a group, of one site when site is not empty, and what further
// terms say.
func listPath(list string, k kind, name, site string, more ...search.Expr) string {
	terms := []search.Expr{search.Eq(k.param(), name)}
	if site != "" {
		terms = append(terms, search.Eq("site", site))
	}
	return search.Path("/"+list, append(terms, more...)...)
}

// hostServicesPath returns the address of services of a host, all or those in a
// state.
func hostServicesPath(r status.Row, more ...search.Expr) string {
	return search.Path("/services", append([]search.Expr{search.Eq("host", r.Host), search.Eq("site", r.Site)}, more...)...)
}

// A figure is one number with the list that proves it.
type figure struct {
	state ui.State
	n     int
	path  string
	class string // of its table cell
}

// figures are the numbers of a group that stand in columns, in their order;
// site "" is all sites.
func (c counts) figures(k kind, name, site string) []figure {
	var out []figure
	if k == "host" {
		unhandled := search.Is("is", "unhandled")
		down := figure{ui.HostState(1, true, false), c.Down, listPath("hosts", k, name, site, search.Is("state", "down"), unhandled), ""}
		if c.Down == 0 && c.HostsHandled > 0 { // hollow: somebody has them all
			down = figure{ui.HostState(1, true, true), c.HostsHandled, listPath("hosts", k, name, site, search.Is("is", "handled")), ""}
		}
		out = append(out, down, figure{unreachable(), c.Unreachable, listPath("hosts", k, name, site, search.Is("state", "unreachable"), unhandled), ""})
	}
	return append(out,
		figure{ui.ServiceState(2, true, false), c.Critical, listPath("services", k, name, site, search.Is("state", "crit"), search.Is("is", "unhandled")), ""},
		figure{ui.ServiceState(1, true, false), c.Warning, listPath("services", k, name, site, search.Is("state", "warn"), search.Is("is", "unhandled")), ""},
		figure{ui.ServiceState(3, true, false), c.Unknown, listPath("services", k, name, site, search.Is("state", "unknown"), search.Is("is", "unhandled")), ""},
		figure{handled(), c.Handled, listPath("services", k, name, site, search.Is("is", "handled")), "opt mut"},
		figure{ui.ServiceState(0, true, false), c.OK, listPath("services", k, name, site, search.Is("state", "ok")), "opt mut"})
}

// unreachable is hollow: a parent explains it.
func unreachable() ui.State { return ui.HostState(2, true, true) }

func handled() ui.State {
	return ui.State{Class: "plan", Glyph: "s-crit", Word: "problems", Done: true}
}

// slices are the shares of the bar.
func (c counts) slices() []ui.Slice {
	return []ui.Slice{{Class: "crit", N: c.Critical}, {Class: "warn", N: c.Warning}, {Class: "unkn", N: c.Unknown},
		{Class: "plan", N: c.Handled}, {Class: "pend", N: c.Pending}, {Class: "ok", N: c.OK}}
}

// barLabel says in words what the bar shows.
func (c counts) barLabel(ctx context.Context) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{
		{c.Critical, "CRITICAL"}, {c.Warning, "WARNING"}, {c.Unknown, "UNKNOWN"}, {c.Handled, ui.T(ctx, "handled")},
		{c.Pending, "PENDING"}, {c.OK, "OK"},
	} {
		if p.n > 0 {
			parts = append(parts, strconv.Itoa(p.n)+" "+p.word)
		}
	}
	if len(parts) == 0 {
		return ui.T(ctx, "no services")
	}
	return strings.Join(parts, ", ")
}

// heads are the columns of the summary.
func (v view) heads(ctx context.Context) []ui.Head {
	out := []ui.Head{{Label: ui.T(ctx, "Group"), Class: "w9", Sort: "name"}}
	if v.kind == "host" {
		out = append(out,
			ui.Head{Label: ui.T(ctx, "Hosts"), Class: "num w2", Sort: "hosts", Desc: true},
			ui.Head{Label: ui.T(ctx, "Down"), Class: "num w2", Sort: "down", Desc: true},
			ui.Head{Label: ui.T(ctx, "Unreach."), Class: "num w3", Sort: "unreachable", Desc: true})
	}
	return append(out,
		ui.Head{Label: ui.T(ctx, "Critical"), Class: "num w2", Sort: "critical", Desc: true},
		ui.Head{Label: ui.T(ctx, "Warning"), Class: "num w3", Sort: "warning", Desc: true},
		ui.Head{Label: ui.T(ctx, "Unknown"), Class: "num w3", Sort: "unknown", Desc: true},
		ui.Head{Label: ui.T(ctx, "Handled"), Class: "num w3", Sort: "handled", Desc: true},
		ui.Head{Label: ui.T(ctx, "OK"), Class: "num w2", Sort: "ok", Desc: true},
		ui.Head{Label: ui.T(ctx, "Services"), Sort: "worst"})
}

// services are the counts of a row's services by state, for the overview.
func services(r status.Row) []figure {
	var out []figure
	for _, s := range []struct {
		column, state string
		look          ui.State
	}{
		{"num_services_crit", "crit", ui.ServiceState(2, true, false)},
		{"num_services_unknown", "unknown", ui.ServiceState(3, true, false)},
		{"num_services_warn", "warn", ui.ServiceState(1, true, false)},
		{"num_services_pending", "pending", ui.ServiceState(0, false, false)},
		{"num_services_ok", "ok", ui.ServiceState(0, true, false)},
	} {
		s.look.Done = s.look.Problem() && (r.State.Problem() || r.Downtime) // the host explains them
		if n := int(r.Cells.Int(s.column, r.Index)); n > 0 {
			out = append(out, figure{state: s.look, n: n, path: hostServicesPath(r, search.Is("state", s.state))})
		}
	}
	return out
}

// several reports whether the group is at more than one site, so that hosts
// need the name of theirs.
func (g group) several() bool { return len(g.Sites) > 1 }

// columnsWords says which columns of the matrix are shown.
func (m matrix) columnsWords(ctx context.Context) string {
	return ui.T(ctx, "Services %[1]s – %[2]s of %[3]s", ui.Number(m.from+1), ui.Number(m.from+len(m.services)), ui.Number(m.total))
}

// fromPath returns the address of the matrix from another column.
func fromPath(ctx context.Context, from int) string {
	if from <= 0 {
		return ui.With(ctx, "from", "")
	}
	return ui.With(ctx, "from", strconv.Itoa(from))
}

// kindWord names the list of all groups of a kind.
func kindWord(ctx context.Context, k kind) string {
	if k == "service" {
		return ui.T(ctx, "Service groups")
	}
	return ui.T(ctx, "Host groups")
}

// look is the worst state of the members that need someone.
func (c counts) look() ui.State {
	switch {
	case c.Down > 0:
		return ui.HostState(1, true, false)
	case c.Critical > 0:
		return ui.ServiceState(2, true, false)
	case c.Unknown > 0:
		return ui.ServiceState(3, true, false)
	case c.Warning > 0:
		return ui.ServiceState(1, true, false)
	case c.Unreachable > 0:
		return unreachable()
	}
	return ui.ServiceState(0, true, false)
}

// heads are the columns of the counts by site.
func (d detail) heads(ctx context.Context) []ui.Head {
	out := view{request: request{kind: d.kind}}.heads(ctx)
	out[0].Label = ui.T(ctx, "Site")
	for i := range out {
		out[i].Sort = ""
	}
	return out
}

// rowID returns the id of the element of a group, or of a part of it.
func rowID(name, part string) string { return "g|" + url.PathEscape(name) + "|" + part }

// words says how many groups there are.
func (v view) words(ctx context.Context) string {
	all := ui.N(ctx, v.all, "%s group", "%s groups", ui.Number(v.all))
	if v.troubled > 0 {
		return all + ", " + ui.T(ctx, "%s with problems", ui.Number(v.troubled))
	}
	return all
}

// label names a group where there may be others of the same longer name.
func (g group) label() string {
	if g.Alias != "" {
		return ui.Visible(g.Alias + " (" + g.Name + ")")
	}
	return ui.Visible(g.Name)
}

// siteKeys are the keys of the sites that have the group.
func (g group) siteKeys() []string {
	out := make([]string, len(g.Sites))
	for i, s := range g.Sites {
		out[i] = s.Site
	}
	return out
}
