package comments

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "comments",
		Menu: []web.MenuItem{{
			Name: "comments", Label: "Comments", Icon: "comment", Path: "/comments", Group: 1, Order: 12,
			Right: web.SignedIn,
		}},
		Counts: list.Counts("/comments", declared),
		Routes: append(list.Routes("/comments", declared),
			web.Route{Pattern: "GET /comments", Right: web.SignedIn, Handler: page, Screen: true}),
	}
}

// page serves GET /comments.
func page(w http.ResponseWriter, r *http.Request) error {
	q, err := declared(r.Context()).Parse(r)
	if err != nil {
		return err
	}
	p, err := q.Load(r.Context(), web.Data(r))
	if err != nil {
		return err
	}
	n, parts, err := q.Count(r.Context(), web.Data(r), kinds()...)
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
		Active: "comments",
		Body:   body(v),
		Blocks: map[string]templ.Component{"figures": figures(v), "list": rows(v)},
		Parts:  p.Parts,
	})
}

// A view is what the templates draw.
type view struct {
	list.View
	counts []int // by kind
	rows   []status.Row
}

// icon returns the icon of a kind of comment.
func icon(kind int64) string {
	switch kind {
	case 2:
		return "downtime"
	case 3:
		return "flap"
	case 4:
		return "ack"
	}
	return "comment"
}

// word returns what a kind of comment is called.
func word(ctx context.Context, kind int64) string {
	switch kind {
	case 2:
		return ui.T(ctx, "of a downtime")
	case 3:
		return ui.T(ctx, "of flapping")
	case 4:
		return ui.T(ctx, "acknowledgement")
	}
	return ui.T(ctx, "remark")
}

// words says how many comments of a kind there are.
func words(ctx context.Context, kind int64, n int) string {
	switch kind {
	case 2:
		return ui.T(ctx, "%s of downtimes", ui.Number(n))
	case 3:
		return ui.T(ctx, "%s of flapping", ui.Number(n))
	case 4:
		return ui.N(ctx, n, "%s acknowledgement", "%s acknowledgements", ui.Number(n))
	}
	return ui.N(ctx, n, "%s remark", "%s remarks", ui.Number(n))
}
