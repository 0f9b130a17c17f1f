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
	fillers := sync.Pool{New: func() any {
		f := &filler{r: r, buf: new(store.Buffer)}
		for _, c := range r.columns {
			f.res.Vectors = append(f.res.Vectors, c.vector(size))
		}
		return f
	}}
	return enc.PiecesOf(whole, size, func(dst []byte, from, to int) []byte {
		if from >= to {
			return dst
		}
		f := fillers.Get().(*filler)
		defer fillers.Put(f)
		for _, seg := range p.between(r, from, to) {
			f.segment(&f.res, &seg)
		}
		f.res.Rows = to - from
		return enc.AppendPart(dst, &f.res, to < p.rows)
	})
}
