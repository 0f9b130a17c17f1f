package search

import (
	"net/http"
	"strings"

	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name:    "search",
		Palette: []web.PaletteItem{{Label: "Help: the language of filters", Path: "/search/language", Icon: "search", Right: web.SignedIn}},
		Routes: []web.Route{
			{Pattern: "GET /search", Right: web.SignedIn, Handler: find},
			{Pattern: "GET /search/language", Right: web.SignedIn, Handler: language},
			{Pattern: "GET /complete", Right: web.SignedIn, Handler: complete},
		},
	}
}

// A view is what the templates draw.
type view struct {
	*picture
	text string
}

// find serves GET /search: a page, or JSON for the palette. A page jumps to
// the only thing that can be meant.
func find(w http.ResponseWriter, r *http.Request) error {
	text := strings.Join(strings.Fields(r.FormValue("q")), " ")
	if len(text) > maxText {
		return web.BadRequest("q must be at most 500 bytes", "Search for a part of the name.")
	}
	now := ui.Now(r.Context())
	palette := web.WantsJSON(r)
	limit, err := web.Int(r, "limit", map[bool]int{true: 8, false: 50}[palette], 1, 200)
	if err != nil {
		return err
	}
	p := &picture{}
	if text != "" {
		if p, err = load(r.Context(), web.Data(r), text, limit, now); err != nil {
			return err
		}
	}
	if palette {
		var hits []web.Hit
		for _, g := range p.groups {
			for _, h := range g.hits {
				one := web.Hit{Group: g.title(r.Context()), Title: ui.Visible(h.title()), Note: ui.Visible(h.note(r.Context(), now)), Path: h.path, State: h.row.State}
				if h.name != "" {
					one.Icon = "groups"
				} else if ui.Acts(r.Context()) && ui.MayNot(r.Context(), h.row.Site) == "" {
					one.On = status.RowID(h.row.Site, h.row.Host, h.row.Service)
					for _, k := range action.Kinds(h.row) {
						one.Does = append(one.Does, string(k))
					}
				}
				hits = append(hits, one)
			}
		}
		return web.WriteHits(w, r, p.total, hits)
	}
	if to := p.jump(); to != "" && r.FormValue("stay") == "" {
		return web.Redirect(w, r, to, "")
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Search"), Body: body(view{p, text}), Parts: p.parts})
}
