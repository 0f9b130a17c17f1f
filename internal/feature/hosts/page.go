package hosts

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// preference is where a person's columns are kept.
const preference = "hosts.columns"

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "comments", "downtimes", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "hosts",
		Menu: []web.MenuItem{{
			Name: "hosts", Label: "Hosts", Icon: "host", Path: "/hosts", Group: 0, Order: 30,
			Right: web.SignedIn, Key: "h", Phone: true, Counter: counter, Tables: []string{"hosts"},
		}},
		Routes: []web.Route{
			{Pattern: "GET /hosts", Right: web.SignedIn, Handler: list},
			{Pattern: "POST /hosts/columns", Right: web.SignedIn, Handler: choose},
		},
	}
}

// counter counts all hosts.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	res, err := q.Query(ctx, lql.Get("hosts").Count(lql.AndOf()))
	if err != nil {
		return web.Count{}, fmt.Errorf("hosts: counter: %w", err)
	}
	return web.Count{N: status.Of(res).Stat(0, 0)}, nil
}

// list serves GET /hosts. The page and its live update share rows, so what an
// update sends is what a reload would show.
func list(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	p, err := load(r.Context(), web.Data(r), req, ui.Now(r.Context()))
	if err != nil {
		return err
	}
	var sites [][2]string
	var groups []string
	if web.Wants(r, "filters") {
		if sites, groups, err = choices(r.Context(), web.Data(r)); err != nil {
			return err
		}
	}
	v := newView(req, p, sites, groups)
	if viewer := web.Viewer(r); len(p.parts) == 0 && !viewer.All {
		v.nothing = noRights
	}
	return web.Render(w, r, web.Page{
		Title:  "Hosts",
		Active: "hosts",
		Body:   body(v),
		Blocks: map[string]templ.Component{"figures": figures(v), "list": rows(v)},
		Parts:  p.parts,
	})
}

// parse reads the address and the person's columns.
func parse(r *http.Request) (req request, err error) {
	if req.state, err = web.OneOf(r, "state", states()...); err != nil {
		return req, err
	}
	order, err := web.OneOf(r, "sort", status.Sorts("name", columns())...)
	if err != nil {
		return req, err
	}
	req.sort, req.desc = ui.Order(order)
	if req.limit, err = web.Int(r, "limit", 100, 1, 1000); err != nil {
		return req, err
	}
	if req.offset, err = web.Int(r, "offset", 0, 0, maxOffset); err != nil {
		return req, err
	}
	req.text = strings.TrimSpace(r.FormValue("q"))
	req.site = r.FormValue("site")
	req.group = r.FormValue("hostgroup")
	var keys []string
	if err := web.Prefs(r).Get(preference, &keys); err != nil {
		return req, fmt.Errorf("hosts: columns: %w", err)
	}
	req.columns = status.Chosen(columns(), keys)
	return req, nil
}

// choose serves POST /hosts/columns: keeps which columns the person wants.
func choose(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest("The form could not be read", "Go back and try again.")
	}
	var keys []string // nil: the default columns
	if r.PostForm.Get("reset") == "" {
		keys = status.Keys(columns(), r.PostForm)
	}
	if err := web.Prefs(r).Set(preference, keys); err != nil {
		return fmt.Errorf("hosts: columns: %w", err)
	}
	return web.Redirect(w, r, status.Back(r.PostForm.Get("back"), "/hosts"), "")
}
