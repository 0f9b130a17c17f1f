package downtimes

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
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
	q, err := declared(r.Context()).Parse(r)
	if err != nil {
		return err
	}
	p, err := q.Load(r.Context(), web.Data(r))
	if err != nil {
		return err
	}
	n, parts, err := q.Count(r.Context(), web.Data(r), times()...)
	if err != nil {
		return err
	}
	p.Parts = append(p.Parts, parts...)
	lv, err := list.NewView(r, q, p)
	if err != nil {
		return err
	}
	v := view{View: lv, counts: n, rows: status.Attached(p.Result)}
	return web.Render(w, r, web.Page{
		Title:  q.List.Words.Title,
		Status: q.Asked.Status(),
		Active: "downtimes",
		Body:   body(v),
		Blocks: map[string]templ.Component{"figures": figures(v), "list": rows(v)},
		Parts:  p.Parts,
	})
}

// A view is what the templates draw.
type view struct {
	list.View
	counts []int // by times
	rows   []status.Row
}
