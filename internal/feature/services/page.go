package services

import (
	"context"
	"fmt"
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
	return web.Feature{
		Name: "services",
		Menu: []web.MenuItem{{
			Name: "services", Label: "Services", Icon: "service", Path: "/services", Group: 0, Order: 40,
			Right: web.SignedIn, Key: "s", Phone: true, Counter: counter, Tables: []string{"services"},
		}},
		Counts: list.Counts("/services", declared),
		Routes: append(list.Routes("/services", declared),
			web.Route{Pattern: "GET /services", Right: web.SignedIn, Handler: page, Screen: true}),
	}
}

// counter counts all services.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	res, err := q.Query(ctx, lql.Get("services").Count(lql.AndOf()))
	if err != nil {
		return web.Count{}, fmt.Errorf("services: counter: %w", err)
	}
	return web.Count{N: status.Of(res).Stat(0, 0)}, nil
}

// page serves GET /services. The page and its live update share rows, so what an
// update sends is what a reload would show.
func page(w http.ResponseWriter, r *http.Request) error {
	q, err := declared(r.Context()).Parse(r)
	if err != nil {
		return err
	}
	p, err := q.Load(r.Context(), web.Data(r))
	if err != nil {
		return err
	}
	n := make([]int, len(counted()))
	if web.Wants(r, "figures") {
		var parts []lql.Part
		if n, parts, err = q.Count(r.Context(), web.Data(r), counted()...); err != nil {
			return err
		}
		p.Parts = append(p.Parts, parts...)
	}
	lv, err := list.NewView(r, q, p)
	if err != nil {
		return err
	}
	v := view{View: lv, counts: n, rows: status.Services(p.Result, ui.Now(r.Context()))}
	return web.Render(w, r, web.Page{
		Title:  q.List.Words.Title,
		Status: q.Asked.Status(),
		Active: "services",
		Body:   body(v),
		Blocks: map[string]templ.Component{"figures": figures(v), "list": rows(v)},
		Parts:  p.Parts,
	})
}
