package services

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

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
	heads := figures(r.Context())
	v, err := declared(r.Context()).Read(r, list.Terms(heads)...)
	if err != nil {
		return err
	}
	return v.Serve(w, r, list.Drawing{
		Active: "services", Figures: list.Figures(v, heads), Rows: rows(v, ui.Now(r.Context())),
		Kinds: []action.Kind{action.Acknowledge, action.Downtime, action.Recheck, action.Comment, action.Silence, action.More},
	})
}

// rows draws the list as it is at now. In a list sorted by host a row does not
// repeat the host of the one before.
func rows(v list.View, now time.Time) templ.Component {
	rows := status.Services(v.Result, now)
	same := func(i int) bool {
		return v.Sort == "host" && i > 0 && rows[i].Host == rows[i-1].Host && rows[i].Site == rows[i-1].Site
	}
	return list.Lines(v, rows, same, cell)
}
