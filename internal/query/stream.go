package query

import (
	"context"
	"sync"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// Stream implements [lql.Streamer]: the rows are found first, and their values
// read from the columns when they are encoded.
func (q querier) Stream(ctx context.Context, query *lql.Query, enc lql.Encoder) (pieces *lql.Pieces, err error) {
	err = q.e.run(ctx, q.v, query, func(r *run) error {
		r.counted = enc.Format == lql.WrappedJSON
		if len(query.Stats) > 0 {
			res, err := r.result()
			if err == nil {
				pieces = enc.Pieces(res)
			}
			return err
		}
		p, err := r.pick()
		if err != nil {
			return err
		}
		if err := r.budget(p.rows); err != nil {
			return err
		}
		pieces = r.pieces(p, enc)
		return nil
	})
	return pieces, err
}

// pieces encodes the rows of a pick part by part.
func (r *run) pieces(p *pick, enc lql.Encoder) *lql.Pieces {
	whole := r.answerOf(p)
	whole.Parts = r.parts
	for _, c := range r.columns {
		whole.Vectors = append(whole.Vectors, c.vector(0))
	}
	size := min(lql.PieceRows(len(r.columns)), max(1, p.rows))
	var fillers idle[*filler]
	filler := func() *filler {
		if f, ok := fillers.take(); ok {
			return f
		}
		f := &filler{r: r}
		for _, c := range r.columns {
			f.res.Vectors = append(f.res.Vectors, c.vector(size))
		}
		return f
	}
	return enc.PiecesOf(whole, size, func(dst []byte, from, to int) []byte {
		if from >= to {
			return dst
		}
		f := filler()
		defer fillers.give(f)
		f.buf = buffers.Get().(*store.Buffer)
		defer buffers.Put(f.buf)
		for _, seg := range p.between(r, from, to) {
			f.segment(&f.res, &seg)
		}
		f.res.Rows = to - from
		return enc.AppendPart(dst, &f.res, to < p.rows)
	})
}

// idle are things of one answer that nobody works with at the moment. A
// [sync.Pool] of each answer would keep them, and with them all that the answer
// was read from, for two collections longer. Safe for concurrent use.
type idle[T any] struct {
	mu   sync.Mutex
	free []T
}

func (l *idle[T]) take() (x T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.free) - 1
	if last < 0 {
		return x, false
	}
	x = l.free[last]
	l.free = l.free[:last]
	return x, true
}

func (l *idle[T]) give(x T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, x)
}
