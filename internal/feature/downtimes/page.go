package downtimes

import (
	"context"
	"fmt"
	"net/http"
	"time"

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
		Name: "downtimes",
		Menu: []web.MenuItem{{
			Name: "downtimes", Label: "Downtimes", Icon: "downtime", Path: "/downtimes", Group: 1, Order: 10,
			Right: web.SignedIn, Counter: counter, Tables: []string{"downtimes", "hosts", "services"},
		}},
		Counts: list.Counts("/downtimes", declared),
		Routes: append(list.Routes("/downtimes", declared),
			web.Route{Pattern: "GET /downtimes", Right: web.SignedIn, Handler: page, Screen: true}),
	}
}

// counter counts the downtimes that last now.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	f, err := times()[0].Filter("downtimes", time.Now())
	if err != nil {
		return web.Count{}, err
	}
	res, err := q.Query(ctx, lql.Get("downtimes").Count(f))
	if err != nil {
		return web.Count{}, fmt.Errorf("downtimes: counter: %w", err)
	}
	return web.Count{N: status.Of(res).Stat(0, 0)}, nil
}

// page serves GET /downtimes.
func page(w http.ResponseWriter, r *http.Request) error {
	lv, err := declared(r.Context()).Read(r, times()...)
	if err != nil {
		return err
	}
	v := view{View: lv, rows: status.Attached(lv.Result)}
	return v.Serve(w, r, list.Drawing{
		Active: "downtimes", Figures: figures(v), Rows: rows(v),
		End:   ui.Seg(ui.T(r.Context(), "Downtimes"), status.DowntimeViews(r.Context(), "list")...),
		Kinds: []action.Kind{action.EditDowntime, action.CancelDowntime},
	})
}

// A view is what the templates draw.
type view struct {
	list.View
	rows []status.Row
}
