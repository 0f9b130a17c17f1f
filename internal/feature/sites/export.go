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
	// What a site on the way to another holds is not known.
	count := func(s row, n int) any {
		if s.Way {
			return nil
		}
		return int64(n)
	}
	fields := []list.Field[row]{
		list.In("state", ui.T(ctx, "State"), export.Text, func(s row) any { return s.Look.word(ctx) }),
		list.In("name", ui.T(ctx, "Site"), export.Text, func(s row) any { return s.Name }),
		list.In("section", ui.T(ctx, "Section"), export.Text, func(s row) any { return s.Section }),
		list.In("core", ui.T(ctx, "Core"), export.Text, func(s row) any { return s.Core }),
		list.In("hosts", ui.T(ctx, "Hosts"), export.Number, func(s row) any { return count(s, s.Hosts) }),
		list.In("services", ui.T(ctx, "Services"), export.Number, func(s row) any { return count(s, s.Services) }),
		list.In("last_update", ui.T(ctx, "Last update"), export.Time, func(s row) any { return status.Unix(s.Last) }),
	}
	x = list.Whole{Name: "sites", Title: ui.T(ctx, "Sites"), Path: "/sites"}
	if !web.Person(r).IsAdmin() {
		return list.Filled(r, x, rows, func(s row) string { return hostsPath(s.Key) }, fields...), nil
	}
	fields = append(fields, managed(ctx)...)
	return list.Filled(r, x, rows, func(s row) string { return path(s.Key, "edit") }, fields...), nil
}

// managed are the fields about the connection of a site, for administrators.
func managed(ctx context.Context) []list.Field[row] {
	return []list.Field[row]{
		list.In("transport", ui.T(ctx, "Transport"), export.Text, func(s row) any { return transport(ctx, s.Transport) }),
		list.In("address", ui.T(ctx, "Address"), export.Text, func(s row) any { return s.Address }),
		list.In("via", ui.T(ctx, "Via"), export.Text, func(s row) any { return s.Via }),
		list.In("latency", ui.T(ctx, "Latency")+" (s)", export.Number, func(s row) any {
			if s.Latency > 0 {
				return s.Latency.Seconds()
			}
			return nil
		}),
		list.In("trouble", ui.T(ctx, "Trouble"), export.Text, func(s row) any { return s.trouble(ctx) }),
	}
}

// offer is what the sites can be had as.
func (v listView) offer(ctx context.Context) list.Offer {
	n := len(v.Rows)
	return list.OfferWhole(ctx, "/sites", ui.N(ctx, n, "%s site", "%s sites", ui.Number(n)))
}
