package configuration

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Feature returns the room.
func Feature() web.Feature {
	f := web.Feature{
		Name: "configuration",
		Menu: []web.MenuItem{{
			Name: "config", Label: "Configuration", Icon: "note", Path: "/config", Group: 1, Order: 60, Right: web.SignedIn,
		}},
		Palette: []web.PaletteItem{
			{Label: "Contacts", Path: listPath("contacts"), Icon: "note", Right: web.SignedIn},
			{Label: "Contact groups", Path: listPath("contactgroups"), Icon: "note", Right: web.SignedIn},
			{Label: "Commands", Path: listPath("commands"), Icon: "note", Right: web.SignedIn},
			{Label: "Time periods", Path: listPath("timeperiods"), Icon: "note", Right: web.SignedIn},
		},
		Routes: []web.Route{{Pattern: "GET /config", Right: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return web.Redirect(w, r, listPath("contacts"), "")
		}}},
	}
	for _, kind := range kinds() {
		f.Routes = append(f.Routes, list.Routes(listPath(kind), declare(kind))...)
		f.Routes = append(f.Routes, web.Route{Pattern: "GET " + listPath(kind), Right: web.SignedIn, Handler: index(kind)})
	}
	for _, kind := range []string{"contacts", "contactgroups", "commands", "timeperiods"} {
		f.Routes = append(f.Routes, web.Route{Pattern: "GET " + listPath(kind) + "/{site}/{name}", Right: web.SignedIn, Handler: show(kind)})
	}
	return f
}

// A view is what the templates draw of a list.
type view struct {
	list.View
	kind  string
	cells status.Cells
	stale map[string]bool // sites with old data
}

// index serves the list of a kind.
func index(kind string) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		lv, err := declare(kind)(r.Context()).Read(r)
		if err != nil {
			return err
		}
		v := view{View: lv, kind: kind, cells: status.Of(lv.Result), stale: map[string]bool{}}
		for _, part := range lv.Parts {
			v.stale[part.Key] = part.Err != ""
		}
		return web.Render(w, r, web.Page{
			Title:  lv.List.Words.Title,
			Active: "config",
			Body:   body(v),
			Blocks: map[string]templ.Component{"list": rows(v)},
			Parts:  lv.Parts,
		})
	}
}

// tabs are the kinds that can be looked up.
func tabs(ctx context.Context, current string) []ui.Link {
	var out []ui.Link
	for _, k := range kinds() {
		out = append(out, ui.Link{Label: title(ctx, k), Path: listPath(k), Current: k == current})
	}
	return out
}

// rowID returns the id of the element of a row.
func (v view) rowID(i int) string {
	if v.kind == "services" {
		return status.RowID(v.cells.Text("peer_key", i), v.cells.Text("host_name", i), v.cells.Text("description", i))
	}
	return status.RowID(v.cells.Text("peer_key", i), v.cells.Text("name", i), "")
}

// name returns what the row is called.
func (v view) name(i int) string {
	if v.kind == "services" {
		return v.cells.Text("host_name", i) + " / " + v.cells.Text("description", i)
	}
	return v.cells.Text("name", i)
}

// show serves the page of one object of a kind. It is reached by links, so the
// choice of sites in the top bar does not matter.
func show(kind string) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		site, name := r.PathValue("site"), r.PathValue("name")
		d, found, err := load(r.Context(), web.AllData(r), kind, site, name, web.Viewer(r).CommandLines)
		if err != nil {
			return err
		}
		if !found {
			return missing(r.Context(), name, site, d.parts)
		}
		return web.Render(w, r, web.Page{
			Title:  name + " · " + d.siteName,
			Active: "config",
			Body:   oneBody(d),
			Blocks: map[string]templ.Component{"object": one(d)},
			Parts:  d.parts,
		})
	}
}

// missing says that there is no such object; whoever may not see it gets the
// same answer.
func missing(ctx context.Context, name, site string, parts []lql.Part) error {
	for _, part := range parts {
		if part.Missing && part.Key == site {
			return web.NotFound(ui.T(ctx, "“%s” is not known now", ui.Visible(name)), ui.T(ctx, "Its site has not been read yet. Look at the sites, and try again in a moment."))
		}
	}
	return web.NotFound(ui.T(ctx, "The configuration has no “%s” here", ui.Visible(name)), ui.T(ctx, "It may have been removed or renamed, or you may not see it. Look at the list."))
}

func yesNo(ctx context.Context, yes bool) string {
	if yes {
		return ui.T(ctx, "yes")
	}
	return ui.T(ctx, "no")
}
