package recurring

import (
	"context"
	"net/http"

	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// files is what the files of all rules are below.
const files = "/recurring/all"

// whole is the rules that the person sees.
func (h handler) whole(r *http.Request) (x list.Whole, err error) {
	ctx := r.Context()
	rows, err := h.rows(r)
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "recurring", Title: ui.T(ctx, "Recurring downtimes"), Path: "/recurring", Files: files}
	return list.Filled(r, x, rows, func(o row) string { return path(o.ID, "") },
		list.In("rule", ui.T(ctx, "Rule"), export.Text, func(o row) any { return o.Name }),
		list.In("state", ui.T(ctx, "State"), export.Text, func(o row) any { return signOf(ctx, o.Rule, o.Status).text }),
		list.In("for", ui.T(ctx, "For"), export.Text, func(o row) any { return what(ctx, o.Spec.Scope, o.Site) }),
		list.In("when", ui.T(ctx, "When"), export.Text, func(o row) any { return when(ctx, o.Spec) }),
		list.In("lasts", ui.T(ctx, "Lasts"), export.Text, func(o row) any { return length(ctx, o.Spec) }),
		list.In("zone", ui.T(ctx, "Time zone"), export.Text, func(o row) any { return o.Spec.Zone }),
		list.In("next", ui.T(ctx, "Next"), export.Time, func(o row) any { return o.Next.Start }),
		list.In("hosts", ui.T(ctx, "Hosts"), export.Number, func(o row) any { return int64(o.Status.Hosts) }),
		list.In("services", ui.T(ctx, "Services"), export.Number, func(o row) any { return int64(o.Status.Services) }),
		list.In("comment", ui.T(ctx, "Comment"), export.Text, func(o row) any { return o.Spec.Text }),
		list.In("author", ui.T(ctx, "Author"), export.Text, func(o row) any { return o.AuthorName })), nil
}

// offer is what the rules can be had as.
func offer(ctx context.Context, rows []row) list.Offer {
	n := len(rows)
	return list.OfferWhole(ctx, files, ui.N(ctx, n, "%s rule", "%s rules", ui.Number(n)))
}
