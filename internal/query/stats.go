package query

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// An accu collects one Stats column of one group.
type accu struct {
	n        int64 // rows counted, or values aggregated
	sum      float64
	mean, m2 float64 // std: mean and sum of squared distances from it, updated together
	whole    int64   // sum of integers
	overflow bool
	min, max float64
	lo, hi   int64            // of integers
	perf     map[string]*accu // of measured values, by label
	said     string           // perf as it is answered, once that is known
}

func (a *accu) addFloat(f float64) {
	if a.n == 0 || f < a.min {
		a.min = f
	}
	if a.n == 0 || f > a.max {
		a.max = f
	}
	a.n++
	a.sum += f
	a.spread(f)
}

// spread updates mean and m2 after n has counted f.
func (a *accu) spread(f float64) {
	d := f - a.mean
	a.mean += d / float64(a.n)
	a.m2 += d * (f - a.mean)
}

func (a *accu) addInt(v int64) {
	if a.n == 0 || v < a.lo {
		a.lo = v
	}
	if a.n == 0 || v > a.hi {
		a.hi = v
	}
	sum := a.whole + v
	a.overflow = a.overflow || (sum < a.whole) != (v < 0) && v != 0
	a.whole = sum
	f := float64(v)
	a.n++
	a.sum += f
	a.spread(f)
}

// merge adds what another worker found.
func (a *accu) merge(b *accu) {
	if b.perf != nil {
		a.mergePerf(b)
		return
	}
	if b.n == 0 {
		return
	}
	if a.n == 0 {
		*a = *b
		return
	}
	a.min, a.max = min(a.min, b.min), max(a.max, b.max)
	a.lo, a.hi = min(a.lo, b.lo), max(a.hi, b.hi)
	sum := a.whole + b.whole
	a.overflow = a.overflow || b.overflow || (sum < a.whole) != (b.whole < 0) && b.whole != 0
	a.whole = sum
	d, n, m := b.mean-a.mean, float64(a.n), float64(b.n)
	a.m2 += b.m2 + d*d*n*m/(n+m)
	a.mean += d * m / (n + m)
	a.n += b.n
	a.sum += b.sum
}

// isText reports whether the answer of a stat is a text.
func (s *stat) isText() bool { return s.agg != lql.Count && measured(s.ref.column()) }

// isWhole reports whether the answer of a stat is an integer.
func (s *stat) isWhole() bool {
	switch s.agg {
	case lql.Count:
		return true
	case lql.Sum, lql.Min, lql.Max:
		return s.ref.column().Kind != schema.Float
	}
	return false
}

func (s *stat) float(a *accu) float64 {
	if a.n == 0 {
		return 0
	}
	n := float64(a.n)
	switch s.agg {
	case lql.Min:
		return a.min
	case lql.Max:
		return a.max
	case lql.Avg, lql.AvgInv:
		return finite(a.sum / n)
	case lql.Std:
		return finite(math.Sqrt(max(0, a.m2/n)))
	}
	return finite(a.sum)
}

func (s *stat) whole(a *accu) int64 {
	switch s.agg {
	case lql.Count:
		return a.n
	case lql.Min:
		return a.lo
	case lql.Max:
		return a.hi
	}
	switch { // a sum that came back into the range is right again
	case a.overflow && a.sum >= math.MaxInt64:
		return math.MaxInt64
	case a.overflow && a.sum <= math.MinInt64:
		return math.MinInt64
	}
	return a.whole
}

// A grouping is what one worker has collected.
type grouping struct {
	r      *run
	sc     *scratch
	groups map[string]*group
	only   *group // where there is no key
}

// A group is one row of the answer.
type group struct {
	key    string
	values []any // of the key columns: int64, float64, string, or an encoded list
	accus  []accu
}

// stats answers a query with Stats.
func (r *run) stats() (*lql.Result, error) {
	units := r.units()
	parts := make([]*grouping, len(units))
	scratches := make([]*scratch, r.workers)
	coders := make([]groupCoder, r.workers)
	var total atomic.Int64
	err := r.parallel(len(units), r.size(), func(w, i int) error {
		if scratches[w] == nil {
			scratches[w] = newScratch(r.plan)
		}
		g, coder := &grouping{r: r, sc: scratches[w]}, &coders[w]
		if len(r.columns) == 0 {
			g.only = &group{accus: make([]accu, len(r.plan.stats))}
		} else {
			g.groups = map[string]*group{}
			coder.begin(g, units[i].s)
		}
		parts[i] = g
		var err error
		r.scan(units[i], scratches[w], func(chunk int, match *store.Bits) {
			if err == nil {
				g.chunk(units[i].s, coder, chunk, match)
				err = r.budget(len(g.groups))
			}
		})
		groups := total.Add(int64(len(g.groups)))
		return cmp.Or(err, r.overLabels(), r.budget(int(groups)/4)) // the same group may be in many units
	})
	if err != nil {
		return nil, err
	}
	all, err := r.mergeGroups(parts)
	if err != nil {
		return nil, err
	}
	res := &lql.Result{Total: len(all)}
	res.Scanned = r.scanned()
	all = all[min(len(all), max(0, r.q.Offset)):]
	if r.q.Limit != lql.NoLimit {
		all = all[:min(len(all), r.q.Limit)]
	}
	res.Rows = len(all)
	r.fillGroups(res, all)
	return res, nil
}

// mergeGroups puts the groups of all units together, in the order of units so
// that sums of floats come out the same each time, and sorts them.
func (r *run) mergeGroups(parts []*grouping) ([]*group, error) {
	if len(r.columns) == 0 {
		sum := &group{accus: make([]accu, len(r.plan.stats))}
		for _, p := range parts {
			for i := range sum.accus {
				sum.accus[i].merge(&p.only.accus[i])
			}
		}
		return []*group{sum}, nil
	}
	byKey := map[string]*group{}
	for _, p := range parts {
		for k, g := range p.groups {
			have := byKey[k]
			if have == nil {
				byKey[k] = g
				continue
			}
			for i := range have.accus {
				have.accus[i].merge(&g.accus[i])
			}
		}
	}
	if err := r.budget(len(byKey)); err != nil {
		return nil, err
	}
	all := make([]*group, 0, len(byKey))
	for _, g := range byKey {
		all = append(all, g)
	}
	slices.SortFunc(all, r.compareGroups)
	return all, nil
}

// compareGroups orders groups by Sort, then by their key.
func (r *run) compareGroups(a, b *group) int {
	for _, s := range r.sorts {
		c := 0
		if k := s.stats - len(r.columns); k >= 0 {
			st := &r.plan.stats[k]
			if st.isText() {
				c = cmp.Compare(st.perf(&a.accus[k]), st.perf(&b.accus[k]))
			} else if st.isWhole() {
				c = cmp.Compare(st.whole(&a.accus[k]), st.whole(&b.accus[k]))
			} else {
				c = cmp.Compare(st.float(&a.accus[k]), st.float(&b.accus[k]))
			}
		} else {
			c = r.compareKeys(s.stats, a, b)
		}
		if s.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	for i := range a.values {
		if c := r.compareKeys(i, a, b); c != 0 {
			return c
		}
	}
	return 0
}

// compareKeys orders groups by a column of their key, lists by their elements.
func (r *run) compareKeys(column int, a, b *group) int {
	switch x, y := a.values[column], b.values[column]; x := x.(type) {
	case int64:
		return cmp.Compare(x, y.(int64))
	case float64:
		return cmp.Compare(x, y.(float64))
	case string:
		switch r.columns[column].ref.column().Kind {
		case schema.TextList, schema.Members, schema.Dict:
			return store.CompareLists(x, y.(string))
		}
		return cmp.Compare(x, y.(string))
	}
	return 0
}

func (r *run) fillGroups(res *lql.Result, all []*group) {
	for i, c := range r.columns {
		k := c.ref.column().Kind
		v := newVector(c.name, k, len(all))
		for row, g := range all {
			switch x := g.values[i].(type) {
			case int64:
				if v.Kind == lql.Times && x != 0 {
					x += r.shift
				}
				v.Ints[row] = x
			case float64:
				v.Floats[row] = x
			case string:
				if k == schema.Text {
					v.Texts[row] = x
				} else {
					v.Objects[row] = decode(k, []byte(x))
				}
			}
		}
		res.Vectors = append(res.Vectors, v)
	}
	for i := range r.plan.stats {
		res.Vectors = append(res.Vectors, r.plan.stats[i].vector(i, all))
	}
}

// vector returns the column of stat i of all groups.
func (s *stat) vector(i int, all []*group) lql.Vector {
	v := lql.Vector{Name: "stats_" + strconv.Itoa(i+1), Kind: lql.Floats}
	switch {
	case s.isText():
		v.Kind = lql.Texts
		for _, g := range all {
			v.Texts = append(v.Texts, s.perf(&g.accus[i]))
		}
	case s.isWhole():
		v.Kind, v.Ints = lql.Ints, make([]int64, len(all))
		for row, g := range all {
			v.Ints[row] = s.whole(&g.accus[i])
		}
	default:
		v.Floats = make([]float64, len(all))
		for row, g := range all {
			v.Floats[row] = s.float(&g.accus[i])
		}
	}
	return v
}

// chunk adds the matching rows of a chunk.
func (g *grouping) chunk(s *siteRun, c *groupCoder, chunk int, match *store.Bits) {
	if g.only != nil {
		g.add(g.only, s, chunk, match)
		return
	}
	for _, part := range c.split(chunk, match) {
		g.add(part.group, s, chunk, &part.rows)
	}
}

// add feeds rows of a chunk that belong to one group.
func (g *grouping) add(to *group, s *siteRun, chunk int, rows *store.Bits) {
	for i := range g.r.plan.stats {
		st, a := &g.r.plan.stats[i], &to.accus[i]
		if st.agg == lql.Count {
			var out store.Bits
			g.sc.eval(st.cond, rows, &out)
			a.n += int64(out.Count())
			continue
		}
		if st.isText() {
			g.perf(a, st, s, chunk, rows)
			continue
		}
		aggregate(a, st, s, chunk, rows)
	}
}

// feed adds one number: f if it is a fraction, else v.
func (s *stat) feed(a *accu, float bool, v int64, f float64) {
	inverse := s.agg == lql.SumInv || s.agg == lql.AvgInv
	switch {
	case !inverse && !float:
		a.addInt(v)
	case !inverse:
		a.addFloat(f)
	default:
		if !float {
			f = float64(v)
		}
		if f != 0 {
			f = 1 / f
		}
		a.addFloat(finite(f))
	}
}

// aggregate feeds the numbers of rows of a chunk.
func aggregate(a *accu, st *stat, s *siteRun, chunk int, rows *store.Bits) {
	o := s.operand(st.ref)
	inverse := st.agg == lql.SumInv || st.agg == lql.AvgInv
	float := o.kind == schema.Float
	if o.col != nil && len(o.place.hops) == 0 && !inverse && st.agg != lql.Std {
		sums := o.col.Sum(chunk, rows)
		a.merge(&accu{n: int64(sums.N), sum: sums.Sum, min: sums.Min, max: sums.Max,
			whole: sums.Whole, overflow: sums.Overflow, lo: sums.Lo, hi: sums.Hi})
		return
	}
	add := func(v int64, f float64) { st.feed(a, float, v, f) }
	if o.col != nil && len(o.place.hops) == 0 {
		if float {
			var buf [store.ChunkRows]float64
			vals := o.col.Floats(chunk, buf[:])
			eachBit(rows, func(i int) { add(0, vals[i]) })
		} else {
			var buf [store.ChunkRows]int64
			vals := o.col.Ints(chunk, buf[:])
			eachBit(rows, func(i int) { add(vals[i], 0) })
		}
		return
	}
	eachBit(rows, func(i int) {
		end := o.place.end(chunk*store.ChunkRows + i)
		if float {
			add(0, o.floatAt(end))
		} else {
			add(o.intAt(end), 0)
		}
	})
}

// A groupCoder finds the groups that rows of one site belong to. It is one
// worker's, for one site after the other.
type groupCoder struct {
	g     *grouping
	cols  []*operand
	parts []*groupPart
	room  *coderRoom
	byID  []*groupPart
}

type coderRoom struct {
	ids [store.ChunkRows]int32
	buf [store.ChunkRows]int64
}

// A groupPart is the rows of a chunk that belong to one group.
type groupPart struct {
	group *group
	rows  store.Bits
}

// begin has c find the groups of g for rows of s.
func (c *groupCoder) begin(g *grouping, s *siteRun) {
	c.g, c.cols = g, c.cols[:0]
	for _, col := range g.r.columns {
		c.cols = append(c.cols, s.operand(col.ref))
	}
	if c.room == nil {
		c.room = &coderRoom{}
	}
}

// split sorts the rows of a chunk into groups. Rows are first numbered by
// their combination of values within the chunk.
func (c *groupCoder) split(chunk int, match *store.Bits) []*groupPart {
	clear(c.room.ids[:])
	n := int32(1)
	for _, o := range c.cols {
		n = c.refine(o, chunk, match, n)
	}
	c.byID = slices.Grow(c.byID[:0], int(n))[:n]
	clear(c.byID)
	c.parts = c.parts[:0]
	eachBit(match, func(row int) {
		p := c.byID[c.room.ids[row]]
		if p == nil {
			p = c.part(chunk, row)
			c.byID[c.room.ids[row]] = p
		}
		p.rows.Set(row)
	})
	return c.parts
}

// part returns the part of the group that a row belongs to.
func (c *groupCoder) part(chunk, row int) *groupPart {
	gr := c.group(chunk*store.ChunkRows + row)
	for _, p := range c.parts {
		if p.group == gr {
			return p
		}
	}
	p := &groupPart{group: gr}
	c.parts = append(c.parts, p)
	return p
}

// refine numbers the rows of a chunk by their number so far, of which there
// are n, and their value of o. It returns how many numbers there are then.
func (c *groupCoder) refine(o *operand, chunk int, match *store.Bits, n int32) int32 {
	if o.constant() && len(o.place.hops) == 0 {
		return n
	}
	if o.col != nil && len(o.place.hops) == 0 && codable(o) {
		if _, ok := o.col.Constant(chunk); ok {
			return n
		}
	}
	vals := c.values(o, chunk, match)
	type pair struct {
		id  int32
		val int64
	}
	seen := map[pair]int32{}
	var small [4 * 64]int32 // numbers of small values, plus one
	next := int32(0)
	eachBit(match, func(row int) {
		id, val := c.room.ids[row], vals[row]
		at := uint64(id)*64 + uint64(val)
		if uint64(val) < 64 && id < 4 {
			if small[at] == 0 {
				next++
				small[at] = next
			}
			c.room.ids[row] = small[at] - 1
			return
		}
		key := pair{id, val}
		k, ok := seen[key]
		if !ok {
			k = next
			seen[key] = k
			next++
		}
		c.room.ids[row] = k
	})
	return next
}

// codable reports whether equal codes mean equal values within a site.
func codable(o *operand) bool {
	return o.constant() && len(o.place.hops) == 0 || !isText(o.kind) || o.col != nil && o.col.Dict() != nil
}

// values returns a number for each row of the chunk that is equal for equal
// values of o.
func (c *groupCoder) values(o *operand, chunk int, match *store.Bits) []int64 {
	if len(o.place.hops) == 0 && o.col != nil && o.kind != schema.Float && codable(o) {
		return o.col.Ints(chunk, c.room.buf[:])
	}
	base := chunk * store.ChunkRows
	eachBit(match, func(i int) {
		end := o.place.end(base + i)
		switch {
		case end < 0:
			c.room.buf[i] = math.MinInt64
		case !codable(o):
			c.room.buf[i] = int64(end) // every row of the table by itself
		case isText(o.kind):
			c.room.buf[i] = 0
			if o.col != nil {
				c.room.buf[i] = o.col.Int(end)
			}
		case o.kind == schema.Float:
			c.room.buf[i] = int64(math.Float64bits(o.floatAt(end)))
		default:
			c.room.buf[i] = o.intAt(end)
		}
	})
	return c.room.buf[:]
}

// group returns the group a row belongs to by its values.
func (c *groupCoder) group(row int) *group {
	values := make([]any, len(c.cols))
	var key []byte
	for i, o := range c.cols {
		end := o.place.end(row)
		switch {
		case isText(o.kind):
			b := string(o.bytesAt(end))
			values[i] = b
			key = append(strconv.AppendInt(key, int64(len(b)), 10), ' ')
			key = append(key, b...)
		case o.kind == schema.Float:
			f := finite(o.floatAt(end))
			values[i] = f
			key = append(strconv.AppendUint(key, math.Float64bits(f), 36), ' ')
		default:
			n := o.intAt(end)
			values[i] = n
			key = append(strconv.AppendInt(key, n, 36), ' ')
		}
	}
	g := c.g.groups[string(key)]
	if g == nil {
		g = &group{key: string(key), values: values, accus: make([]accu, len(c.g.r.plan.stats))}
		c.g.groups[string(key)] = g
	}
	return g
}
