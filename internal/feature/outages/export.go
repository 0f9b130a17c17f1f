package outages

import (
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// whole reads all outages that the address asks for, in its order.
func whole(r *http.Request) (x list.Whole, err error) {
	req, err := parse(r)
	if err != nil {
		return x, err
	}
	ctx := r.Context()
	if err := req.asked.Wrong(ctx); err != nil {
		return x, err
	}
	req.offset, req.limit = 0, maxOffset
	p, err := load(ctx, web.Data(r), req, ui.Now(ctx))
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "outages", Title: ui.T(ctx, "Outages"), Path: "/outages", Rows: len(p.rows)}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: []export.Column{
		{Key: "host_name", Label: ui.T(ctx, "Host")},
		{Key: "state", Label: ui.T(ctx, "State")},
		{Key: "peer_name", Label: ui.T(ctx, "Site")},
		{Key: "since", Label: ui.T(ctx, "Since"), Kind: export.Time},
		{Key: "hosts", Label: ui.T(ctx, "Hosts cut off"), Kind: export.Number},
		{Key: "services", Label: ui.T(ctx, "Services affected"), Kind: export.Number},
		{Key: "severity", Label: ui.T(ctx, "Severity"), Kind: export.Number},
		{Key: "plugin_output", Label: ui.T(ctx, "Output")},
		{Key: "owner", Label: ui.T(ctx, "Owner")},
		{Key: "owner_note", Label: ui.T(ctx, "Note")},
	}}
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, o := range p.rows {
			row := export.Row{Link: base + o.Path(), Cells: []any{o.Host, o.State.Word, o.SiteName, o.Since,
				int64(o.hosts), int64(o.services), int64(o.severity()), o.Output, o.Owner.Name(ctx), o.Owner.Text}}
			if !yield(row, nil) {
				return
			}
		}
	}
	return x, nil
}
