package status

import "belvedere/internal/web/ui"

// A Service is one service of a host in short.
type Service struct {
	Name, Output string
	State        ui.State
}

// Services reads the services of a host from the column
// services_with_fullstate, nil without it.
func (r Row) Services() []Service {
	tuples := r.Cells.Vector("services_with_fullstate").Tuples(r.Index)
	out := make([]Service, 0, len(tuples))
	explained := r.State.Problem() || r.Downtime
	for _, t := range tuples {
		// description, state, has_been_checked, plugin_output, hard_state, current_attempt,
		// max_check_attempts, scheduled_downtime_depth, acknowledged
		state := number(t, 1)
		handled := state != 0 && (explained || number(t, 7) > 0 || number(t, 8) != 0)
		out = append(out, Service{Name: text(t, 0), Output: shortened(text(t, 3)), State: ui.ServiceState(state, number(t, 2) != 0, handled)})
	}
	return out
}
