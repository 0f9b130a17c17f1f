package ui

import "context"

// T returns text in the language of the page; see [words.Words.T].
func T(ctx context.Context, text string, args ...any) string {
	return Env(ctx).Words.T(text, args...)
}

// N is T with one when n is 1, else with many.
func N(ctx context.Context, n int, one, many string, args ...any) string {
	return Env(ctx).Words.N(n, one, many, args...)
}

// Said returns a text of the lower rooms, or one declared elsewhere such as the
// label of a menu entry, in the language of the page; see [words.Words.Said].
func Said(ctx context.Context, text string) string { return Env(ctx).Words.Said(text) }
