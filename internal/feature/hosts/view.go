package hosts

import (
	"context"
	"slices"

	"belvedere/internal/search"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	list.View
	rows []status.Row
}

// figures are the links of the head; pending and handled ones only when there
// are any.
func (v view) figures(ctx context.Context) []status.Figure {
	out := []status.Figure{
		{State: ui.HostState(1, true, false)}, {State: ui.HostState(2, true, false)},
		{State: status.HandledState("s-down"), Word: ui.T(ctx, "handled")},
		{State: ui.HostState(0, false, false)}, {State: ui.HostState(0, true, false)},
	}
	for i := range out {
		out[i].N, out[i].Path = v.Counts[i], v.Asked.Only(ctx, counted()[i], counted()...)
	}
	return slices.DeleteFunc(out, func(f status.Figure) bool { return f.N == 0 && (f.Word != "" || f.State.Class == "pend") })
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
	return search.Path("/services", search.Eq("host", r.Host), search.Eq("site", r.Site))
}
