package query

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// A segment is a list of rows of one site that belong to the answer.
type segment struct {
	s    *siteRun
	rows []int32
	at   []int32 // places in the answer; nil: one after the other from first
	from int
}

// A pick is which rows answer a query without Stats, in their order.
type pick struct {
	segs  []segment // without Sort
	items []item    // with Sort
	total int       // rows that match
	tally []int     // of these, see lql.Query
	rows  int
}

// rows answers a query without Stats.
func (r *run) rows() (*lql.Result, error) {
	p, err := r.pick()
	if err != nil {
		return nil, err
	}
	r.picked = p
	res := r.answerOf(p)
	return res, r.project(res, p.between(r, 0, p.rows))
}

// answerOf returns an answer without its columns.
func (r *run) answerOf(p *pick) *lql.Result {
	return &lql.Result{Rows: p.rows, Total: p.total, Tally: p.tally, Scanned: r.scanned()}
}

// scanned is how many rows were looked at.
func (r *run) scanned() (n int) {
	for _, s := range r.sites {
		n += max(0, s.to-s.from)
	}
	return n
}

// pick finds the rows of the answer.
func (r *run) pick() (*pick, error) {
	if len(r.sorts) > 0 {
		return r.sorted()
	}
	units := r.units()
	found, counts, tally, err := r.find(units, r.keep())
	if err != nil {
		return nil, err
	}
	p := &pick{tally: tally}
	skip, room := max(0, r.q.Offset), r.q.Limit
	for i, u := range units {
		p.total += counts[i]
		rows := found[i]
		if skip >= counts[i] {
			skip -= counts[i]
			continue
		}
		rows = rows[min(skip, len(rows)):]
		skip = 0
		if room != lql.NoLimit {
			rows = rows[:min(room, len(rows))]
			room -= len(rows)
		}
		if len(rows) > 0 {
			p.segs = append(p.segs, segment{s: u.s, rows: rows, from: p.rows})
			p.rows += len(rows)
		}
	}
	return p, nil
}

// keep is how many of the first rows are needed for the answer, -1 for all.
func (r *run) keep() int {
	if r.q.Limit == lql.NoLimit {
		return -1
	}
	return max(0, r.q.Offset) + r.q.Limit
}

// between returns the rows from up to, not including, to of the answer. The
// places in their segments count from that first row.
func (p *pick) between(r *run, from, to int) []segment {
	if p.items != nil {
		return r.bySite(p.items[from:to])
	}
	first, _ := slices.BinarySearchFunc(p.segs, from, func(s segment, row int) int { return cmp.Compare(s.from+len(s.rows)-1, row) })
	var out []segment
	for _, s := range p.segs[first:] {
		if s.from >= to {
			break
		}
		lo := max(0, from-s.from)
		hi := min(len(s.rows), to-s.from)
		out = append(out, segment{s: s.s, rows: s.rows[lo:hi], from: s.from + lo - from})
	}
	return out
}

// find returns the matching rows of each unit, at most keep of them, how many
// match, and the tally of these.
func (r *run) find(units []unit, keep int) (found [][]int32, counts, tally []int, err error) {
	found, counts = make([][]int32, len(units)), make([]int, len(units))
	scratches := make([]*scratch, r.workers)
	cells := 0
	enough := newPrefix(len(units), keep)
	err = r.parallel(len(units), r.size(), func(w, i int) error {
		if !r.counted && enough.reached() {
			return nil
		}
		if scratches[w] == nil {
			scratches[w] = newScratch(r.plan)
		}
		sc := scratches[w]
		r.scan(units[i], sc, func(chunk int, match *store.Bits) {
			n := match.Count()
			counts[i] += n
			sc.count(r.plan, match)
			if keep >= 0 && len(found[i]) >= keep {
				return
			}
			found[i] = slices.Grow(found[i], n)
			eachBit(match, func(b int) { found[i] = append(found[i], int32(chunk*store.ChunkRows+b)) })
			if keep >= 0 && len(found[i]) >= keep {
				found[i] = found[i][:keep]
				sc.enough = !r.counted
			}
		})
		enough.done(i, counts[i])
		return nil
	})
	for _, f := range found {
		cells += len(f)
	}
	if keep < 0 && err == nil {
		err = r.budget(cells)
	}
	return found, counts, tallyOf(r.plan, scratches), err
}

// A prefix knows when the units done, from the first one on without a gap, have
// as many rows as are wanted.
type prefix struct {
	mu     sync.Mutex
	counts []int // of units that are done, -1 of others
	next   int
	sum    int
	want   int // negative: all
}

func newPrefix(units, want int) *prefix {
	p := &prefix{want: want}
	if want >= 0 {
		p.counts = slices.Repeat([]int{-1}, units)
	}
	return p
}

func (p *prefix) done(unit, count int) {
	if p.want < 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[unit] = count
	for p.next < len(p.counts) && p.counts[p.next] >= 0 {
		p.sum += p.counts[p.next]
		p.next++
	}
}

func (p *prefix) reached() bool {
	if p.want < 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sum >= p.want
}

// size is how many rows the run has to look at.
func (r *run) size() int {
	n := 0
	for _, s := range r.sites {
		n += s.n
	}
	return n
}

// budget refuses answers that are too large to be built.
func (r *run) budget(rows int) error {
	if rows*max(1, len(r.columns)+len(r.sorts)+8*len(r.plan.stats)) > r.e.o.MaxCells {
		return &lql.QueryError{Code: 413, Msg: fmt.Sprintf("answer of %d rows and %d columns is too large", rows, len(r.columns)),
			Hint: "ask for fewer columns, or page with Limit and Offset"}
	}
	return nil
}

// project fills the columns of the answer.
func (r *run) project(res *lql.Result, segs []segment) error {
	if err := r.budget(res.Rows); err != nil {
		return err
	}
	res.Vectors = make([]lql.Vector, len(r.columns))
	for i, c := range r.columns {
		res.Vectors[i] = c.vector(res.Rows)
	}
	segs = splitSegments(segs, max(256, min(segmentRows, res.Rows/(4*r.workers))))
	fillers := make([]*filler, r.workers)
	defer func() {
		for _, f := range fillers {
			if f != nil {
				buffers.Put(f.buf)
			}
		}
	}()
	return r.parallel(len(segs), res.Rows*len(r.columns), func(w, i int) error {
		if fillers[w] == nil {
			fillers[w] = &filler{r: r, buf: buffers.Get().(*store.Buffer)}
		}
		fillers[w].segment(res, &segs[i])
		return nil
	})
}

// buffers keeps buffers of fillers for the next queries.
var buffers = sync.Pool{New: func() any { return new(store.Buffer) }}

// segmentRows bounds the part of an answer that one worker fills at a time.
const segmentRows = 16 * 1024

func splitSegments(segs []segment, size int) []segment {
	var out []segment
	for _, s := range segs {
		for len(s.rows) > size {
			head := segment{s: s.s, rows: s.rows[:size], from: s.from}
			s.rows, s.from = s.rows[size:], s.from+size
			if s.at != nil {
				head.at, s.at = s.at[:size], s.at[size:]
			}
			out = append(out, head)
		}
		out = append(out, s)
	}
	return out
}
