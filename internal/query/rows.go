package query

import (
	"fmt"
	"slices"

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

// rows answers a query without Stats.
func (r *run) rows() (*lql.Result, error) {
	if len(r.sorts) > 0 {
		return r.sorted()
	}
	units := r.units()
	keep := -1 // rows of each unit that can be part of the answer
	if r.q.Limit != lql.NoLimit {
		keep = max(0, r.q.Offset) + r.q.Limit
	}
	found, counts, err := r.find(units, keep)
	if err != nil {
		return nil, err
	}
	res := &lql.Result{}
	var segs []segment
	skip, room := max(0, r.q.Offset), r.q.Limit
	for i, u := range units {
		res.Total += counts[i]
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
			segs = append(segs, segment{s: u.s, rows: rows, from: res.Rows})
			res.Rows += len(rows)
		}
	}
	r.scanned(res)
	return res, r.project(res, segs)
}

func (r *run) scanned(res *lql.Result) {
	for _, s := range r.sites {
		res.Scanned += max(0, s.to-s.from)
	}
}

// find returns the matching rows of each unit, at most keep of them, and how
// many match.
func (r *run) find(units []unit, keep int) (found [][]int32, counts []int, err error) {
	found, counts = make([][]int32, len(units)), make([]int, len(units))
	scratches := make([]*scratch, r.workers)
	cells := 0
	err = r.parallel(len(units), r.size(), func(w, i int) error {
		if scratches[w] == nil {
			scratches[w] = newScratch(r.plan)
		}
		r.scan(units[i], scratches[w], func(chunk int, match *store.Bits) {
			n := match.Count()
			counts[i] += n
			if keep >= 0 && len(found[i]) >= keep {
				return
			}
			found[i] = slices.Grow(found[i], n)
			eachBit(match, func(b int) { found[i] = append(found[i], int32(chunk*store.ChunkRows+b)) })
			if keep >= 0 && len(found[i]) > keep {
				found[i] = found[i][:keep]
			}
		})
		return nil
	})
	for _, f := range found {
		cells += len(f)
	}
	if keep < 0 && err == nil {
		err = r.budget(cells)
	}
	return found, counts, err
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
		res.Vectors[i] = newVector(c.name, c.ref.column().Kind, res.Rows)
	}
	segs = splitSegments(segs, max(256, min(segmentRows, res.Rows/(4*r.workers))))
	fillers := make([]*filler, r.workers)
	return r.parallel(len(segs), res.Rows*len(r.columns), func(w, i int) error {
		if fillers[w] == nil {
			fillers[w] = &filler{r: r}
		}
		fillers[w].segment(res, &segs[i])
		return nil
	})
}

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
