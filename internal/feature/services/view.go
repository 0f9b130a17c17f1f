package services

import (
	"context"

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

// figures are the links of the head; handled and pending ones only when there
// are any.
func (v view) figures(ctx context.Context) []status.Figure {
	out := []status.Figure{
		{State: ui.ServiceState(2, true, false), N: v.counts.critical, Query: "critical"},
		{State: ui.ServiceState(1, true, false), N: v.counts.warning, Query: "warning"},
		{State: ui.ServiceState(3, true, false), N: v.counts.unknown, Query: "unknown"},
	}
	if v.counts.handled > 0 {
		out = append(out, status.Figure{State: status.HandledState("s-crit"), N: v.counts.handled, Word: ui.T(ctx, "handled"), Query: "handled"})
	}
	if v.counts.pending > 0 {
		out = append(out, status.Figure{State: ui.ServiceState(0, false, false), N: v.counts.pending, Query: "pending"})
	}
	return append(out, status.Figure{State: ui.ServiceState(0, true, false), N: v.counts.ok, Query: "ok"})
}

// same reports whether row i repeats the host of the row before, in a list
// sorted by host.
func (v view) same(i int) bool {
	return v.Sort == "host" && i > 0 && v.rows[i].Host == v.rows[i-1].Host && v.rows[i].Site == v.rows[i-1].Site
}
