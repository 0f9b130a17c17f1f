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
	x = list.Whole{Name: "hygiene", Title: ui.T(ctx, "Hygiene"), Path: "/hygiene", Rows: len(found)}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: []export.Column{
		{Key: "rule", Label: ui.T(ctx, "Rule")}, {Key: "what", Label: ui.T(ctx, "What")},
	}}
	for _, t := range tablesCounted() {
		x.Table.Columns = append(x.Table.Columns, export.Column{Key: t, Label: tableName(ctx, t), Kind: export.Number})
	}
	x.Table.Columns = append(x.Table.Columns, export.Column{Key: "why", Label: ui.T(ctx, "What to do")})
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, f := range found {
			row := export.Row{Link: base + f.path(f.leads()), Cells: []any{f.id, f.title(ctx)}}
			for _, t := range tablesCounted() {
				var n any
				if f.of(t) >= 0 {
					n = int64(f.of(t))
				}
				row.Cells = append(row.Cells, n)
			}
			row.Cells = append(row.Cells, f.why(ctx))
			if !yield(row, nil) {
				return
			}
		}
	}
	return x, nil
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
