package host

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/object"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "comments", "downtimes", "sites"} }

// Options are what the room needs.
type Options struct {
	Orders object.OrderReader // nil: what people had done is not shown
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "host",
		Routes: []web.Route{
			{Pattern: "GET /host/{site}/{host}", Right: web.SignedIn, Handler: h.show, Screen: true, Pure: true},
			{Pattern: "GET /host/{site}/{host}/copy", Right: web.SignedIn, Handler: copied},
		},
	}
}

// find asks for the host of the address. It is reached by links and bookmarks,
// so the choice of sites in the top bar does not matter.
func find(r *http.Request) (*picture, error) {
	name := r.PathValue("host")
	p, found, err := load(r.Context(), web.AllData(r), r.PathValue("site"), name, web.Viewer(r).CommandLines, ui.Now(r.Context()))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, missing(r.Context(), p.parts, name)
	}
	p.object.Viewer = web.Viewer(r)
	return p, nil
}

// show serves the page of one host.
func (h handler) show(w http.ResponseWriter, r *http.Request) error {
	p, err := find(r)
	if err != nil {
		return err
	}
	if h.Orders != nil {
		if p.object, err = p.object.WithOrders(r.Context(), h.Orders); err != nil {
			return err
		}
	}
	v := newView(r.Context(), p)
	return web.Render(w, r, web.Page{
		Title:  v.Host + " · " + v.SiteName,
		Active: "hosts",
		Body:   body(v),
		Blocks: map[string]templ.Component{"object": facts(v), "peek": object.Peek(v.Object)},
		Parts:  p.parts,
	})
}

// copied serves the host as a text to copy.
func copied(w http.ResponseWriter, r *http.Request) error {
	p, err := find(r)
	if err != nil {
		return err
	}
	return object.ServeCopy(w, r, p.object, "hosts")
}

// missing says that there is no such host; whoever may not see it gets the
// same answer.
func missing(ctx context.Context, parts []lql.Part, name string) error {
	for _, part := range parts {
		if part.Missing {
			return web.NotFound(ui.T(ctx, "The host “%s” is not known now", ui.Visible(name)), "Its site has not been read yet. Look at the sites, and try again in a moment.")
		}
	}
	return web.Unknown(name, ui.T(ctx, "There is no host “%s” here", ui.Visible(name)), "It may have been removed or renamed, or you may not see it. Search for its name.")
}
