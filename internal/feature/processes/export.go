package processes

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// files is what the files of all processes are below: one step deeper than the
// page of a core, which any name may have.
const files = "/processes/all"

// whole is what the page shows of all cores.
func whole(r *http.Request) (x list.Whole, err error) {
	ctx := r.Context()
	p, err := load(ctx, web.Data(r), "", ui.Now(ctx))
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "processes", Title: ui.T(ctx, "Processes"), Path: "/processes", Files: files, Rows: len(p.processes)}
	number := func(key, label string) export.Column {
		return export.Column{Key: key, Label: label, Kind: export.Number}
	}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: []export.Column{
		{Key: "peer_name", Label: ui.T(ctx, "Site")},
		{Key: "implementation", Label: ui.T(ctx, "Core")},
		{Key: "version", Label: ui.T(ctx, "Version")},
		{Key: "program_start", Label: ui.T(ctx, "Started"), Kind: export.Time},
		number("checks_rate", ui.T(ctx, "Checks a second")),
		number("hosts_latency", ui.T(ctx, "Latency of hosts")+" (s)"),
		number("hosts_latency_most", ui.T(ctx, "Latency of hosts, at most")+" (s)"),
		number("services_latency", ui.T(ctx, "Latency of services")+" (s)"),
		number("services_latency_most", ui.T(ctx, "Latency of services, at most")+" (s)"),
		{Key: "switched_off", Label: ui.T(ctx, "Switched off"), Kind: export.List},
	}}
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, c := range p.processes {
			row := export.Row{Link: base + c.path(), Cells: []any{c.name, c.core, c.version, status.Unix(c.int("program_start")), nil}}
			if c.known {
				row.Cells[4] = c.rate()
			}
			for _, w := range c.work {
				if w.active > 0 {
					row.Cells = append(row.Cells, w.latency, w.latencyMost)
				} else {
					row.Cells = append(row.Cells, nil, nil)
				}
			}
			row.Cells = append(row.Cells, c.off(ctx))
			if !yield(row, nil) {
				return
			}
		}
	}
	return x, nil
}

// offer is what the processes can be had as.
func (p *picture) offer(ctx context.Context) list.Offer {
	n := len(p.processes)
	return list.OfferWhole(ctx, files, ui.N(ctx, n, "%s site", "%s sites", ui.Number(n)))
}
