package groups

import (
	"context"
	"net/http"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// A counted number is a count of a group as files have it.
type counted struct {
	export.Column
	of func(counts) int
}

// numbers are the counts of groups of a kind as files have them.
func numbers(ctx context.Context, k kind) []counted {
	n := func(key, label string, of func(counts) int) counted {
		return counted{export.Column{Key: key, Label: label, Kind: export.Number}, of}
	}
	var out []counted
	if k == "host" {
		out = append(out,
			n("hosts", ui.T(ctx, "Hosts"), func(c counts) int { return c.Hosts }),
			n("hosts_down", "DOWN", func(c counts) int { return c.Down }),
			n("hosts_unreachable", "UNREACHABLE", func(c counts) int { return c.Unreachable }),
			n("hosts_up", "UP", func(c counts) int { return c.Up }))
	}
	return append(out,
		n("services", ui.T(ctx, "Services"), func(c counts) int { return c.Services }),
		n("critical", "CRITICAL", func(c counts) int { return c.Critical }),
		n("warning", "WARNING", func(c counts) int { return c.Warning }),
		n("unknown", "UNKNOWN", func(c counts) int { return c.Unknown }),
		n("handled", ui.T(ctx, "Handled"), func(c counts) int { return c.Handled }),
		n("pending", "PENDING", func(c counts) int { return c.Pending }),
		n("ok", "OK", func(c counts) int { return c.OK }))
}

// whole reads all groups that the address asks for, in its order, whatever its
// view.
func whole(r *http.Request) (x list.Whole, err error) {
	req, err := parse(r)
	if err != nil {
		return x, err
	}
	ctx := r.Context()
	if err := req.asked.Wrong(ctx); err != nil {
		return x, err
	}
	req.view, req.offset, req.limit = "summary", 0, maxOffset
	p, err := load(ctx, web.Data(r), req)
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "groups", Title: kindWord(ctx, req.kind), Path: "/groups", Rows: len(p.groups)}
	x.Table = export.Table{Title: x.Title, Zone: list.Zone(ctx), Columns: []export.Column{
		{Key: "name", Label: ui.T(ctx, "Group")}, {Key: "alias", Label: ui.T(ctx, "Longer name")}, {Key: "sites", Label: ui.T(ctx, "Sites"), Kind: export.List},
	}}
	columns := numbers(ctx, req.kind)
	for _, c := range columns {
		x.Table.Columns = append(x.Table.Columns, c.Column)
	}
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, g := range p.groups {
			sites := []string{}
			for _, s := range g.Sites {
				sites = append(sites, s.SiteName)
			}
			row := export.Row{Link: base + groupPath(req.kind, g.Name), Cells: []any{g.Name, g.Alias, sites}}
			for _, c := range columns {
				row.Cells = append(row.Cells, int64(c.of(g.counts)))
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return x, nil
}

// offer is what the groups can be had as.
func (v view) offer(ctx context.Context) list.Offer {
	return list.OfferWhole(ctx, "/groups", ui.N(ctx, v.all, "%s group", "%s groups", ui.Number(v.all)))
}
