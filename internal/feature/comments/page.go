package comments

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/action"
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
	lv, err := declared(r.Context()).Read(r, kinds()...)
	if err != nil {
		return err
	}
	v := view{View: lv, rows: status.Attached(lv.Result)}
	return v.Serve(w, r, list.Drawing{
		Active: "comments", Figures: figures(v), Rows: rows(v),
		Kinds: []action.Kind{action.DeleteComment},
	})
}

// A view is what the templates draw.
type view struct {
	list.View
	rows []status.Row
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
