package groups

import (
	"context"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// maxOffset is how far down paging goes, in rows.
const maxOffset = 10_000_000

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "hostgroups", "servicegroups", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "groups",
		Menu: []web.MenuItem{{
			Name: "groups", Label: "Groups", Icon: "groups", Path: "/groups", Group: 0, Order: 50, Right: web.SignedIn, Key: "g",
		}},
		Routes: append(list.WholeRoutes("/groups", web.SignedIn, whole),
			web.Route{Pattern: "GET /groups", Right: web.SignedIn, Handler: index, Screen: true},
			web.Route{Pattern: "GET /hostgroup/{name}", Right: web.SignedIn, Handler: show("host"), Screen: true},
			web.Route{Pattern: "GET /servicegroup/{name}", Right: web.SignedIn, Handler: show("service"), Screen: true}),
	}
}

// index serves GET /groups in all its views.
func index(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	p, err := load(r.Context(), web.Data(r), req)
	if err != nil {
		return err
	}
	v := newView(r.Context(), req, p, web.Viewer(r).All)
	title := kindWord(r.Context(), req.kind)
	return web.Render(w, r, web.Page{
		Title:  title,
		Status: req.asked.Status(),
		Active: "groups",
		Body:   body(v, title),
		Blocks: map[string]templ.Component{"figures": figures(v), "groups": content(v)},
		Parts:  p.parts,
	})
}

// parse reads the address.
func parse(r *http.Request) (req request, err error) {
	k, err := web.OneOf(r, "kind", "host", "service")
	if err != nil {
		return req, err
	}
	req.kind = kind(k)
	if req.view, err = web.OneOf(r, "view", "summary", "overview", "grid", "matrix"); err != nil {
		return req, err
	}
	order, err := web.OneOf(r, "sort", sorts()...)
	if err != nil {
		return req, err
	}
	req.sort, req.desc = ui.Order(order)
	most, usual := 1000, 100
	switch req.view {
	case "overview":
		most, usual = 50, 12
	case "grid":
		most, usual = 50, 6
	}
	if req.limit, err = web.Int(r, "limit", usual, 1, most); err != nil {
		return req, err
	}
	if req.offset, err = web.Int(r, "offset", 0, 0, maxOffset); err != nil {
		return req, err
	}
	if req.from, err = web.Int(r, "from", 0, 0, maxOffset); err != nil {
		return req, err
	}
	only, err := web.OneOf(r, "problems", "0", "1")
	if err != nil {
		return req, err
	}
	req.problems = only == "1"
	req.name = r.FormValue("group")
	req.asked, err = filter.Read(r, req.kind.table())
	return req, err
}

// show serves the page of one group.
func show(k kind) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("name")
		d, found, err := loadOne(r.Context(), web.Data(r), k, name)
		if err != nil {
			return err
		}
		if !found {
			return missing(r.Context(), k, name, d.parts)
		}
		return web.Render(w, r, web.Page{
			Title:  d.title(),
			Active: "groups",
			Body:   oneBody(d),
			Blocks: map[string]templ.Component{"group": one(d)},
			Parts:  d.parts,
		})
	}
}

// missing says that there is no such group; whoever may not see it gets the
// same answer.
func missing(ctx context.Context, k kind, name string, parts []lql.Part) error {
	for _, part := range parts {
		if part.Missing {
			return web.NotFound(ui.T(ctx, "The group “%s” is not known now", ui.Visible(name)), ui.T(ctx, "A site has not been read yet. Look at the sites, and try again in a moment."))
		}
	}
	msg := ui.T(ctx, "There is no host group “%s” here", ui.Visible(name))
	if k == "service" {
		msg = ui.T(ctx, "There is no service group “%s” here", ui.Visible(name))
	}
	return web.NotFound(msg, ui.T(ctx, "It may have been removed or renamed, it may be at a site that is not chosen, or you may not see it. Look at the list of groups."))
}

// A detail is what the page of one group shows.
type detail struct {
	group
	kind  kind
	notes string
	links []string
	members
	parts []lql.Part
}

// loadOne asks for one group; found is false when there is none that the
// viewer may see.
func loadOne(ctx context.Context, q lql.Querier, k kind, name string) (d detail, found bool, err error) {
	query := lql.Get(k.table(), append(k.columns(), "notes", "notes_url", "action_url")...).Where(lql.Eq("name", name))
	res, err := q.Query(ctx, query)
	if err != nil {
		return d, false, fmt.Errorf("groups: one: %w", err)
	}
	d.parts, d.kind = res.Parts, k
	c := status.Of(res)
	all := merge(c)
	if len(all) == 0 {
		return d, false, nil
	}
	d.group = all[0]
	for i := range c.Rows() {
		if d.notes == "" {
			d.notes = c.Text("notes", i)
		}
		for _, column := range []string{"notes_url", "action_url"} {
			d.addLink(status.Link(ctx, c.Text(column, i)))
		}
	}
	d.members, err = loadMembers(ctx, q, request{kind: k, view: "overview"}, name)
	return d, true, err
}

// addLink adds an address that is not there yet.
func (d *detail) addLink(url string) {
	for _, l := range d.links {
		if l == url {
			return
		}
	}
	if url != "" {
		d.links = append(d.links, url)
	}
}
