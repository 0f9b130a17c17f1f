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
