package services

import (
	"context"
	"fmt"
	"net/http"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
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
			web.Route{Pattern: "GET /services", Right: web.SignedIn, Handler: page, Screen: true, Pure: true}),
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

// page serves GET /services.
func page(w http.ResponseWriter, r *http.Request) error {
	lv, err := declared(r.Context()).Read(r, counted()...)
	if err != nil {
		return err
	}
	v := view{View: lv, rows: status.Services(lv.Result, ui.Now(r.Context()))}
	return v.Serve(w, r, list.Drawing{
		Active: "services", Figures: figures(v), Rows: rows(v),
		Kinds: []action.Kind{action.Acknowledge, action.Downtime, action.Recheck, action.Comment, action.More},
	})
}
