package status

import "belvedere/internal/web/ui"

// A Figure is a number of hosts or services in a state, and a link to them.
type Figure struct {
	State ui.State
	N     int
	Word  string // shown instead of the state
	Path  string // of the list of them
}

// HandledState is how handled problems look together; glyph is that of the
// worst of them: "s-crit".
func HandledState(glyph string) ui.State {
	return ui.State{Class: "plan", Glyph: glyph, Word: "handled", Done: true}
}
