package topology

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/topo"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "topology",
		Menu: []web.MenuItem{{
			Name: "map", Label: "Map", Icon: "tree", Path: "/map", Group: 0, Order: 65, Right: web.SignedIn,
		}},
		Routes: []web.Route{{Pattern: "GET /map", Right: web.SignedIn, Handler: index, Screen: true}},
	}
}

// index serves GET /map. Around a host the choice of sites in the top bar does
// not matter: it is reached by links.
func index(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	data := web.Data(r)
	if req.focused() {
		data = web.AllData(r)
	}
	p, err := load(r.Context(), data, req, ui.Now(r.Context()))
	if err != nil {
		return err
	}
	if req.focused() && req.asked.Empty() && !p.found {
		return missing(r.Context(), req.host, p.parts)
	}
	v := newView(r.Context(), req, p, web.Viewer(r).All)
	title := ui.T(r.Context(), "Map")
	if req.focused() {
		title = ui.T(r.Context(), "Map around %s", req.host)
	}
	return web.Render(w, r, web.Page{
		Title:  title,
		Status: req.asked.Status(),
		Active: "map",
		Body:   body(v),
		Blocks: map[string]templ.Component{"map": content(v)},
		Parts:  p.parts,
	})
}

// missing says that there is no such host; whoever may not see it gets the
// same answer.
func missing(ctx context.Context, name string, parts []lql.Part) error {
	for _, part := range parts {
		if part.Missing {
			return web.NotFound(ui.T(ctx, "The host “%s” is not known now", ui.Visible(name)), ui.T(ctx, "Its site has not been read yet. Look at the sites, and try again in a moment."))
		}
	}
	return web.Unknown(name, ui.T(ctx, "There is no host “%s” here", ui.Visible(name)), ui.T(ctx, "It may have been removed or renamed, or you may not see it. Search for its name."))
}

// parse reads the address.
func parse(r *http.Request) (req request, err error) {
	if req.view, err = web.OneOf(r, "view", "graph", "tree"); err != nil {
		return req, err
	}
	if req.down, err = web.Int(r, "levels", usualDown, 1, maxDown); err != nil {
		return req, err
	}
	req.site, req.host = r.FormValue("site"), r.FormValue("host")
	if req.host != "" && req.site == "" {
		return req, web.BadRequest("site must be the key of the host's site", "Choose the host on the map or in the list of hosts")
	}
	req.asked, err = filter.ReadBeside(r, []string{"site", "host"}, "hosts")
	return req, err
}

// A view is what the templates draw.
type view struct {
	request
	*picture
	drawing *topo.Drawing
	nothing nothing
}

// nothing says why the page is empty.
type nothing uint8

const (
	alone    nothing = iota // no host has a parent
	noRights                // the person may see nothing
	noSites                 // there is no site
	noData                  // nothing was read yet
)

// newView arranges a picture for the templates.
func newView(ctx context.Context, w request, p *picture, seesAll bool) view {
	v := view{request: w, picture: p}
	for i := range p.nodes {
		p.nodes[i].Note = note(ctx, p.nodes[i])
	}
	v.drawing = topo.New(p.nodes)
	read := 0
	for _, part := range p.parts {
		if !part.Missing {
			read++
		}
	}
	switch {
	case len(p.parts) == 0 && seesAll:
		v.nothing = noSites
	case len(p.parts) == 0:
		v.nothing = noRights
	case read == 0:
		v.nothing = noData
	}
	return v
}

// note is the short line below a host.
func note(ctx context.Context, n topo.Node) string {
	if n.More > 0 {
		return ui.N(ctx, n.More, "%s more host", "%s more hosts", ui.Number(n.More))
	}
	if n.Focus {
		return ui.T(ctx, "this host")
	}
	services := int(n.Cells.Int("num_services", n.Index))
	words := ui.N(ctx, services, "%s service", "%s services", ui.Number(services))
	if len(n.Parents) == 0 {
		return ui.Visible(n.SiteName) + " · " + words
	}
	return words
}

// hostsPath returns the address of the list of all hosts behind a parent.
func hostsPath(site, host string) string {
	return search.Path("/hosts", search.Is("site", site), search.Eq("parents", host))
}

// path returns the address of the page in another form.
func (v view) path(view string, levels int) string {
	q := url.Values{}
	if v.focused() {
		q.Set("site", v.site)
		q.Set("host", v.host)
	}
	if view != "graph" {
		q.Set("view", view)
	}
	if levels != usualDown {
		q.Set("levels", strconv.Itoa(levels))
	}
	if len(q) == 0 {
		return "/map"
	}
	return "/map?" + q.Encode()
}

// views are the forms of the map.
func (v view) views(ctx context.Context) []ui.Link {
	return []ui.Link{
		{Label: ui.T(ctx, "Picture"), Path: v.path("graph", v.down), Current: v.view == "graph"},
		{Label: ui.T(ctx, "Tree"), Path: v.path("tree", v.down), Current: v.view == "tree"},
	}
}

// label says in words what the picture is about.
func (v view) label(ctx context.Context) string {
	if v.focused() {
		return ui.T(ctx, "What %s hangs on, and what hangs on it", ui.Visible(v.host))
	}
	return ui.T(ctx, "Hosts from the top of each tree")
}

// shown says how much is drawn.
func (v view) shown(ctx context.Context) string {
	n := v.drawing.Count()
	return ui.N(ctx, n, "%s host", "%s hosts", ui.Number(n))
}
