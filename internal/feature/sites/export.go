package sites

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// whole is what the page shows of all sites to who asks.
func (h handler) whole(r *http.Request) (x list.Whole, err error) {
	rows, err := h.rows(r)
	if err != nil {
		return x, err
	}
	ctx := r.Context()
	admin := web.Person(r).IsAdmin()
	x = list.Whole{Name: "sites", Title: ui.T(ctx, "Sites"), Path: "/sites", Rows: len(rows)}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: []export.Column{
		{Key: "state", Label: ui.T(ctx, "State")},
		{Key: "name", Label: ui.T(ctx, "Site")},
		{Key: "section", Label: ui.T(ctx, "Section")},
		{Key: "core", Label: ui.T(ctx, "Core")},
		{Key: "hosts", Label: ui.T(ctx, "Hosts"), Kind: export.Number},
		{Key: "services", Label: ui.T(ctx, "Services"), Kind: export.Number},
		{Key: "last_update", Label: ui.T(ctx, "Last update"), Kind: export.Time},
	}}
	if admin {
		x.Table.Columns = append(x.Table.Columns,
			export.Column{Key: "transport", Label: ui.T(ctx, "Transport")},
			export.Column{Key: "address", Label: ui.T(ctx, "Address")},
			export.Column{Key: "via", Label: ui.T(ctx, "Via")},
			export.Column{Key: "latency", Label: ui.T(ctx, "Latency") + " (s)", Kind: export.Number},
			export.Column{Key: "trouble", Label: ui.T(ctx, "Trouble")})
	}
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, s := range rows {
			row := export.Row{Link: base + hostsPath(s.Key), Cells: []any{s.Look.word(ctx), s.Name, s.Section, s.Core, nil, nil, status.Unix(s.Last)}}
			if !s.Way {
				row.Cells[4], row.Cells[5] = int64(s.Hosts), int64(s.Services)
			}
			if admin {
				row.Link = base + path(s.Key, "edit")
				var latency any
				if s.Latency > 0 {
					latency = s.Latency.Seconds()
				}
				row.Cells = append(row.Cells, transport(ctx, s.Transport), s.Address, s.Via, latency, ui.Said(ctx, s.Cause))
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return x, nil
}

// offer is what the sites can be had as.
func (v listView) offer(ctx context.Context) list.Offer {
	n := len(v.Rows)
	return list.OfferWhole(ctx, "/sites", ui.N(ctx, n, "%s site", "%s sites", ui.Number(n)))
}
