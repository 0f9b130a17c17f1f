package hosts

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
		Name: "hosts",
		Menu: []web.MenuItem{{
			Name: "hosts", Label: "Hosts", Icon: "host", Path: "/hosts", Group: 0, Order: 30,
			Right: web.SignedIn, Key: "h", Phone: true, Counter: counter, Tables: []string{"hosts"},
		}},
		Counts: list.Counts("/hosts", declared),
		Routes: append(list.Routes("/hosts", declared),
			web.Route{Pattern: "GET /hosts", Right: web.SignedIn, Handler: page, Screen: true, Pure: true}),
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

// page serves GET /hosts.
func page(w http.ResponseWriter, r *http.Request) error {
	heads := figures(r.Context())
	v, err := declared(r.Context()).Read(r, list.Terms(heads)...)
	if err != nil {
		return err
	}
	return v.Serve(w, r, list.Drawing{
		Active: "hosts", Figures: list.Figures(v, heads), Rows: rows(v, ui.Now(r.Context())),
		Kinds: []action.Kind{action.Acknowledge, action.Downtime, action.Recheck, action.Comment, action.Silence, action.More},
	})
}

// rows draws the list as it is at now.
func rows(v list.View, now time.Time) templ.Component {
	return list.Lines(v, status.Hosts(v.Result, now), nil, cell)
}
