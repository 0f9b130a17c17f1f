package hosts

import (
	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

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
