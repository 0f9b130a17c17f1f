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
	x = list.Whole{Name: "outages", Title: ui.T(ctx, "Outages"), Path: "/outages"}
	return list.Filled(r, x, p.rows, outage.Path,
		list.In("host_name", ui.T(ctx, "Host"), export.Text, func(o outage) any { return o.Host }),
		list.In("state", ui.T(ctx, "State"), export.Text, func(o outage) any { return o.State.Word }),
		list.In("peer_name", ui.T(ctx, "Site"), export.Text, func(o outage) any { return o.SiteName }),
		list.In("since", ui.T(ctx, "Since"), export.Time, func(o outage) any { return o.Since }),
		list.In("hosts", ui.T(ctx, "Hosts cut off"), export.Number, func(o outage) any { return int64(o.hosts) }),
		list.In("services", ui.T(ctx, "Services affected"), export.Number, func(o outage) any { return int64(o.services) }),
		list.In("severity", ui.T(ctx, "Severity"), export.Number, func(o outage) any { return int64(o.severity()) }),
		list.In("plugin_output", ui.T(ctx, "Output"), export.Text, func(o outage) any { return o.Output }),
		list.In("owner", ui.T(ctx, "Owner"), export.Text, func(o outage) any { return o.Owner.Name(ctx) }),
		list.In("owner_note", ui.T(ctx, "Note"), export.Text, func(o outage) any { return o.Owner.Text })), nil
}
