package list

import (
	"context"

	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A Figure is a number in the head of a list of hosts or services: how many rows
// Term chooses, and the way to them. No row is in two figures of a head, so that
// they add up.
type Figure struct {
	Term   search.Expr
	State  ui.State
	Word   string // shown instead of the state
	Seldom bool   // left out while there are none
}

// Unhandled counts the problems in a state that nobody has yet; word names the
// state in a filter.
func Unhandled(word string, state ui.State) Figure {
	return Figure{Term: search.And(search.Is("state", word), search.Is("is", "unhandled")), State: state}
}

// Handled counts the problems of all states that somebody has, that were planned
// or that others explain; glyph is that of the worst of them.
func Handled(ctx context.Context, glyph string) Figure {
	return Figure{Term: search.Is("is", "handled"), State: status.HandledState(glyph), Word: ui.T(ctx, "handled"), Seldom: true}
}

// Calm counts rows in a state that is no problem.
func Calm(word string, state ui.State) Figure {
	return Figure{Term: search.Is("state", word), State: state, Seldom: word == "pending"}
}

// Terms are what figures count, for [List.Read].
func Terms(figures []Figure) []search.Expr {
	out := make([]search.Expr, len(figures))
	for i, f := range figures {
		out[i] = f.Term
	}
	return out
}

// head are the figures as they are drawn; they are those that v was read with.
func (v View) head(ctx context.Context, figures []Figure) []status.Figure {
	terms := Terms(figures)
	var out []status.Figure
	for i, f := range figures {
		if n := v.Counts[i]; n > 0 || !f.Seldom {
			out = append(out, status.Figure{State: f.State, N: n, Word: f.Word, Path: v.Asked.Only(ctx, f.Term, terms...)})
		}
	}
	return out
}
