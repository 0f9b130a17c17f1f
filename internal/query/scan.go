package query

import (
	"context"
	"math/bits"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

func countBits(b []uint64) int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// unitChunks is how many chunks of a table one worker takes at a time.
const unitChunks = 16

// A unit is a part of a site's rows that one worker looks at.
type unit struct {
	s        *siteRun
	from, to int // chunks
}

// units splits the rows of all sites.
func (r *run) units() []unit {
	var out []unit
	for _, s := range r.sites {
		chunks := (s.n + store.ChunkRows - 1) / store.ChunkRows
		for c := 0; c < chunks; c += unitChunks {
			out = append(out, unit{s: s, from: c, to: min(chunks, c+unitChunks)})
		}
	}
	return out
}

// parallel calls fn for 0 to n-1 on the run's workers, or in place if the work
// is small. A deadline ends it between two calls, and so does an error.
func (r *run) parallel(n, rows int, fn func(worker, i int) error) error {
	workers := min(r.workers, n)
	if rows < 8*store.ChunkRows {
		workers = min(workers, 1)
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	work := func(worker int) {
		defer func() {
			p := recover()
			if _, ok := p.(follower); p != nil && !ok {
				err := r.crash(p)
				failed.CompareAndSwap(nil, &err)
			}
		}()
		for failed.Load() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			err := r.ctx.Err()
			if err == nil {
				err = fn(worker, i)
			}
			if err != nil {
				failed.CompareAndSwap(nil, &err)
				return
			}
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	if workers > 0 {
		work(0)
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// crash turns a panic of a worker into an error: the query fails, nobody else
// notices.
func (r *run) crash(p any) error {
	if c, ok := p.(canceled); ok {
		return c.ctx.Err()
	}
	switch p.(type) {
	case slowPanic:
		return errSlow
	case tooManyTests:
		return errTooManyTests
	}
	if r.e.o.Log == nil {
		panic(p)
	}
	r.e.o.Log.Error("query: a query failed", "panic", p, "table", r.table.Name, "stack", string(debug.Stack()))
	return &lql.QueryError{Code: 500, Msg: "the query failed in a way that is our fault", Hint: "the log of the program says more"}
}

// scan calls fn for every chunk of the unit that has matching rows, until fn
// sets enough.
func (r *run) scan(u unit, sc *scratch, fn func(chunk int, match *store.Bits)) {
	u.s.ready()
	sc.enough = false
	from, to := max(u.from, u.s.from/store.ChunkRows), min(u.to, (u.s.to+store.ChunkRows-1)/store.ChunkRows)
	for chunk := from; chunk < to && !sc.enough; chunk++ {
		if r.ctx.Err() != nil {
			panic(canceled{r.ctx})
		}
		sc.begin(u.s, chunk)
		mask, out := sc.rows, store.Bits{}
		clipTo(&mask, chunk, u.s.from, u.s.to)
		if u.s.only != nil {
			for w := range mask {
				mask[w] &= u.s.only[chunk*len(mask)+w]
			}
		}
		if u.s.visible != nil {
			u.s.visible(chunk, &out)
			for w := range mask {
				mask[w] &= out[w]
			}
		}
		if !mask.Any() {
			continue
		}
		sc.eval(r.filter, &mask, &out)
		if out.Any() {
			fn(chunk, &out)
		}
	}
}

// tooManyTests leaves the preparation of filters that would fill the memory.
type tooManyTests struct{}

var errTooManyTests = &lql.QueryError{Code: 413, Msg: "too many filters for so many different values", Hint: "join them in one regular expression, or ask in several queries"}

// canceled leaves a scan whose context has ended.
type canceled struct{ ctx context.Context }

// follower leaves a scan that cannot go on because another worker failed,
// which says why.
type follower struct{}

// eachBit calls fn for the bits that are set, in order.
func eachBit(b *store.Bits, fn func(i int)) {
	for w, x := range b {
		for ; x != 0; x &= x - 1 {
			fn(w<<6 + bits.TrailingZeros64(x))
		}
	}
}
