package services

import (
	"context"
	"slices"

	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	list.View
	rows []status.Row
}

// figures are the links of the head; handled and pending ones only when there
// are any.
func (v view) figures(ctx context.Context) []status.Figure {
	out := []status.Figure{
		{State: ui.ServiceState(2, true, false)}, {State: ui.ServiceState(1, true, false)}, {State: ui.ServiceState(3, true, false)},
		{State: status.HandledState("s-crit"), Word: ui.T(ctx, "handled")},
		{State: ui.ServiceState(0, false, false)}, {State: ui.ServiceState(0, true, false)},
	}
	for i := range out {
		out[i].N, out[i].Path = v.Counts[i], v.Asked.Only(ctx, counted()[i], counted()...)
	}
	return slices.DeleteFunc(out, func(f status.Figure) bool { return f.N == 0 && (f.Word != "" || f.State.Class == "pend") })
}

// same reports whether row i repeats the host of the row before, in a list
// sorted by host.
func (v view) same(i int) bool {
	return v.Sort == "host" && i > 0 && v.rows[i].Host == v.rows[i-1].Host && v.rows[i].Site == v.rows[i-1].Site
}
