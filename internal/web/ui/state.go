package ui

// A State is how a state looks: class, glyph and word.
type State struct {
	Class string // crit down warn unkn unre ok up pend plan
	Glyph string // name of the symbol: "s-crit"
	Word  string // as the cores say it: CRITICAL
	// Done draws it hollow: acknowledged, in downtime, explained by a problem
	// above it. Solid needs someone, hollow is handled.
	Done bool
}

// HostState returns the look of a host's state: 0 UP, 1 DOWN, 2 UNREACHABLE;
// PENDING when it has not been checked.
func HostState(state int64, checked, handled bool) State {
	switch {
	case !checked:
		return State{Class: "pend", Glyph: "s-pend", Word: "PENDING", Done: handled}
	case state == 0:
		return State{Class: "up", Glyph: "s-up", Word: "UP", Done: handled}
	case state == 2:
		return State{Class: "unre", Glyph: "s-unre", Word: "UNREACHABLE", Done: handled}
	}
	return State{Class: "down", Glyph: "s-down", Word: "DOWN", Done: handled}
}

// ServiceState returns the look of a service's state: 0 OK, 1 WARNING, 2
// CRITICAL, else UNKNOWN; PENDING when it has not been checked.
func ServiceState(state int64, checked, handled bool) State {
	switch {
	case !checked:
		return State{Class: "pend", Glyph: "s-pend", Word: "PENDING", Done: handled}
	case state == 0:
		return State{Class: "ok", Glyph: "s-ok", Word: "OK", Done: handled}
	case state == 1:
		return State{Class: "warn", Glyph: "s-warn", Word: "WARNING", Done: handled}
	case state == 2:
		return State{Class: "crit", Glyph: "s-crit", Word: "CRITICAL", Done: handled}
	}
	return State{Class: "unkn", Glyph: "s-unkn", Word: "UNKNOWN", Done: handled}
}

// Problem reports whether the state needs or needed someone.
func (s State) Problem() bool {
	return s.Class != "ok" && s.Class != "up" && s.Class != "pend"
}
