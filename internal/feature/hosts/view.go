package hosts

import (
	"context"
	"net/url"

	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	list.View
	counts counts
	rows   []status.Row
}

// figures are the links of the head; pending and handled ones only when there
// are any.
func (v view) figures(ctx context.Context) []status.Figure {
	out := []status.Figure{
		{State: ui.HostState(1, true, false), N: v.counts.down, Query: "down"},
		{State: ui.HostState(2, true, false), N: v.counts.unreachable, Query: "unreachable"},
	}
	if v.counts.handled > 0 {
		out = append(out, status.Figure{State: status.HandledState("s-down"), N: v.counts.handled, Word: ui.T(ctx, "handled"), Query: "handled"})
	}
	if v.counts.pending > 0 {
		out = append(out, status.Figure{State: ui.HostState(0, false, false), N: v.counts.pending, Query: "pending"})
	}
	return append(out, status.Figure{State: ui.HostState(0, true, false), N: v.counts.up, Query: "up"})
}

// services are the counts of a row's services by state.
func services(r status.Row) []status.Figure {
	var out []status.Figure
	for _, s := range []struct {
		column string
		state  ui.State
	}{
		{"num_services_crit", ui.ServiceState(2, true, false)},
		{"num_services_unknown", ui.ServiceState(3, true, false)},
		{"num_services_warn", ui.ServiceState(1, true, false)},
		{"num_services_pending", ui.ServiceState(0, false, false)},
		{"num_services_ok", ui.ServiceState(0, true, false)},
	} {
		if n := int(r.Cells.Int(s.column, r.Index)); n > 0 {
			out = append(out, status.Figure{State: s.state, N: n})
		}
	}
	return out
}

// servicesPath returns the address of the list of a host's services.
func servicesPath(r status.Row) string {
	return "/services?" + url.Values{"host": {r.Host}, "site": {r.Site}}.Encode()
}
