package replica

import (
	"context"
	"fmt"

	"belvedere/internal/lql"
)

// engine is what package query gives for a viewer.
type engine interface {
	lql.Querier
}

// A front is what clients ask: the engine, with the columns of this core only.
type front struct {
	r      *Replica
	engine engine
}

// Query implements [lql.Querier].
func (f *front) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	q, err := f.admit(q)
	if err != nil {
		return nil, err
	}
	return f.engine.Query(ctx, q)
}

// Stream implements [lql.Streamer].
func (f *front) Stream(ctx context.Context, q *lql.Query, e lql.Encoder) (*lql.Pieces, error) {
	q, err := f.admit(q)
	if err != nil {
		return nil, err
	}
	if s, ok := f.engine.(lql.Streamer); ok {
		return s.Stream(ctx, q, e)
	}
	result, err := f.engine.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return e.Pieces(result), nil
}

// Wait implements [lql.Waiter].
func (f *front) Wait(ctx context.Context, q *lql.Query) error {
	q, err := f.admit(q)
	if err != nil {
		return err
	}
	if w, ok := f.engine.(lql.Waiter); ok {
		return w.Wait(ctx, q)
	}
	return nil
}

// admit makes of a query to this core one to the engine.
func (f *front) admit(q *lql.Query) (*lql.Query, error) {
	if trouble := f.r.trouble.Load(); trouble != nil {
		return nil, trouble
	}
	names, ok := f.r.columns.names[q.Table]
	if !ok && q.Table != "columns" {
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("no such table '%.60s'", q.Table)}
	}
	plain := len(q.Columns) == 0 && len(q.Stats) == 0
	if !plain && ok && q.Backends == nil {
		return q, nil
	}
	q = q.Clone()
	q.Backends = nil // there is one core here
	switch {
	case !ok:
		q.Filter = lql.Filter{Kind: lql.And, Kids: []lql.Filter{q.Filter, f.r.columns.filter}}
	case plain:
		q.Columns = names
	}
	return q, nil
}

// passed answers for the tables that are not kept.
func (r *Replica) passed(ctx context.Context, _ string, q *lql.Query) (*lql.Result, error) {
	if r.o.Passed == nil {
		return &lql.Result{}, nil
	}
	return r.o.Passed(ctx, q)
}
