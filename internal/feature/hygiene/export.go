package hygiene

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// whole is what all rules found.
func whole(r *http.Request) (x list.Whole, err error) {
	ctx := r.Context()
	found, _, err := load(ctx, web.Data(r), ui.Now(ctx))
	if err != nil {
		return x, err
	}
	fields := []list.Field[finding]{
		list.In("rule", ui.T(ctx, "Rule"), export.Text, func(f finding) any { return f.id }),
		list.In("what", ui.T(ctx, "What"), export.Text, func(f finding) any { return f.title(ctx) }),
	}
	for _, t := range tablesCounted() {
		fields = append(fields, list.In(t, tableName(ctx, t), export.Number, func(f finding) any {
			if n := f.of(t); n >= 0 {
				return int64(n)
			}
			return nil
		}))
	}
	fields = append(fields, list.In("why", ui.T(ctx, "What to do"), export.Text, func(f finding) any { return f.why(ctx) }))
	x = list.Whole{Name: "hygiene", Title: ui.T(ctx, "Hygiene"), Path: "/hygiene"}
	return list.Filled(r, x, found, func(f finding) string { return f.path(f.leads()) }, fields...), nil
}

// leads returns the table whose list proves most of what was found.
func (f finding) leads() string {
	most := f.tables[0]
	for _, t := range f.tables {
		if f.of(t) > f.of(most) {
			most = t
		}
	}
	return most
}

// offer is what the page can be had as.
func offer(ctx context.Context, found []finding) list.Offer {
	return list.OfferWhole(ctx, "/hygiene", ui.N(ctx, len(found), "%s rule", "%s rules", ui.Number(len(found))))
}
