// Package query binds an lql.Query to the schema and a viewer, and runs it over
// the fleet.
package query

import (
	"context"
	"log/slog"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// Options configure an Engine.
type Options struct {
	Fleet *store.Fleet
	Log   *slog.Logger
	// Passed asks one site itself: log and statehist. Nil: these tables are
	// empty.
	Passed func(ctx context.Context, site string, q *lql.Query) (*lql.Result, error)
}

// An Engine answers queries over a fleet.
type Engine struct{ o Options }

// New returns an engine.
func New(o Options) *Engine { return &Engine{o: o} }

// For returns a Querier bound to a viewer. It is also an [lql.Waiter].
func (e *Engine) For(v access.Viewer) lql.Querier { return querier{e, v} }

type querier struct {
	e *Engine
	v access.Viewer
}

func (q querier) Query(ctx context.Context, r *lql.Query) (*lql.Result, error) {
	return &lql.Result{}, nil
}

// Wait blocks until the wait of q is over.
func (e *Engine) Wait(ctx context.Context, v access.Viewer, q *lql.Query) error { return nil }

// Wait implements [lql.Waiter].
func (q querier) Wait(ctx context.Context, r *lql.Query) error { return q.e.Wait(ctx, q.v, r) }
