package query

import (
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A node is a filter tree bound to leaves.
type node struct {
	kind lql.FilterKind
	leaf *leaf
	kids []*node
}

// cost orders the parts of a combination: the cheap ones first.
func (n *node) cost() int {
	if n.kind == lql.Leaf {
		c := n.leaf.test.slow
		if n.leaf.ref.join >= 0 {
			c++
		}
		if n.leaf.ref.column().Class == schema.Derived {
			c += 100
		}
		return c
	}
	sum := 1
	for _, k := range n.kids {
		sum += k.cost()
	}
	return sum
}

// concerns reports whether rows of the site can match: false when a filter that
// must hold names another one.
func (n *node) concerns(site store.SiteInfo) bool {
	switch {
	case n == nil || n.kind == lql.Not || n.kind == lql.Or && len(n.kids) == 0:
		return true
	case n.kind == lql.Or:
		return slices.ContainsFunc(n.kids, func(k *node) bool { return k.concerns(site) })
	case n.kind == lql.And:
		return !slices.ContainsFunc(n.kids, func(k *node) bool { return !k.concerns(site) })
	case n.leaf.op != lql.Equal || n.leaf.ref.join >= 0:
		return true
	case n.leaf.ref.column().Name == "peer_key":
		return slices.Contains(n.leaf.values, site.Key)
	case n.leaf.ref.column().Name == "peer_name":
		return slices.Contains(n.leaf.values, site.Name)
	}
	return true
}

// A leaf is one filter line; equal lines of a query are one leaf.
type leaf struct {
	at     int // index in plan.leaves
	ref    colRef
	test   *test
	op     lql.Op
	values []string // one, or the names of a set
	uses   int
}

// A siteLeaf is a leaf made ready for one site.
type siteLeaf struct {
	o     *operand
	all   bool     // constant: every row, or none
	none  bool     // constant
	table []bool   // by dictionary number
	far   []uint64 // joined columns: by row of the joined table
	ready bool
}

// prepareLeaf does what is done once per site: it looks at distinct values, and
// at joined tables as a whole.
func (s *siteRun) prepareLeaf(l *leaf) siteLeaf {
	o := s.operand(l.ref)
	out := siteLeaf{o: o, ready: true}
	t := l.test
	if o.place.table == nil || o.constant() && len(o.place.hops) == 0 {
		out.all = holdsZero(o, t, o.place.table != nil)
		out.none = !out.all
		return out
	}
	if o.col != nil && isText(o.kind) && o.col.Dict() != nil {
		if s.run.tested.Add(int64(o.col.Dict().Len())) > 10*int64(s.run.e.o.MaxCells) {
			panic(tooManyTests{})
		}
		out.table = tableOf(o, t)
	}
	if len(o.place.hops) > 0 {
		out.far = s.wholeTable(l, &out)
	}
	return out
}

// holdsZero tests the value of a constant operand, or the empty value if its
// row does not exist.
func holdsZero(o *operand, t *test, exists bool) bool {
	end := -1
	if exists {
		end = 0
	}
	switch {
	case isText(o.kind):
		return t.holdsBytes(o.bytesAt(end))
	case o.kind == schema.Float:
		return t.holdsFloat(o.floatAt(end))
	}
	return t.holdsInt(o.intAt(end))
}

// tableOf tests each distinct value of a dictionary.
func tableOf(o *operand, t *test) []bool {
	d := o.col.Dict()
	table := make([]bool, d.Len())
	for i := range table {
		b := d.Bytes(i)
		if o.xform != nil {
			b = o.xform(b)
		}
		table[i] = t.holdsBytes(b)
	}
	return table
}

// wholeTable tests all rows of a joined table.
func (s *siteRun) wholeTable(l *leaf, sl *siteLeaf) []uint64 {
	n := sl.o.place.table.Len()
	far := make([]uint64, (n+63)/64+1)
	if rows, ok := s.keyRows(l); ok {
		for _, row := range rows {
			far[row>>6] |= 1 << (uint(row) & 63)
		}
		return far
	}
	var all, out store.Bits
	for chunk := range sl.o.place.table.Chunks() {
		all.Fill(sl.o.place.table.ChunkLen(chunk))
		near(l.test, sl, chunk, &all, &out)
		copy(far[chunk*len(out):], out[:])
	}
	return far
}

// keyRows finds the rows that an = on the name of a joined table's row means.
func (s *siteRun) keyRows(l *leaf) (rows []int, ok bool) {
	o := s.operand(l.ref)
	if o.place.table == nil {
		return nil, false
	}
	keys := o.place.table.Schema().Keys
	if l.op != lql.Equal || o.xform != nil || o.col == nil || o.kind != schema.Text || len(keys) != 1 || s.snap.Table(o.place.name) != o.place.table {
		return nil, false
	}
	if key, found := o.place.table.Schema().Column(keys[0]); !found || o.place.table.ColumnNamed(key.Name) != o.col {
		return nil, false
	}
	for _, v := range l.values {
		if row, ok := s.snap.Find(o.place.name, v); ok {
			rows = append(rows, row)
		}
	}
	return rows, true
}

// near tests the rows of a chunk of the operand's own table that are set in
// mask. Bits outside the mask are undefined in out.
func near(t *test, sl *siteLeaf, chunk int, mask, out *store.Bits) {
	o := sl.o
	switch {
	case o.constant():
		*out = store.Bits{}
		if holdsZero(o, t, true) {
			*out = *mask
		}
		return
	case sl.table != nil:
		o.col.Lookup(chunk, sl.table, out)
		return // negation is in the table
	case o.col != nil && isText(o.kind):
		*out = store.Bits{}
		o.col.EachBytes(chunk, mask, func(i int, b []byte) {
			if o.xform != nil {
				b = o.xform(b)
			}
			if t.holdsBytes(b) {
				out.Set(i)
			}
		})
		return
	case o.col != nil && o.kind == schema.Float && t.float == nil:
		o.col.FloatWithin(chunk, t.flo, t.fhi, out)
	case o.col != nil && o.kind != schema.Float && t.num == nil:
		o.col.Within(chunk, t.lo, t.hi, out)
	default:
		rowByRow(t, o, chunk, mask, out)
		return
	}
	if t.negate {
		for w := range out {
			out[w] = mask[w] &^ out[w]
		}
	}
}

// rowByRow tests values that are computed, or by functions.
func rowByRow(t *test, o *operand, chunk int, mask, out *store.Bits) {
	*out = store.Bits{}
	base := chunk * store.ChunkRows
	for i := range store.ChunkRows {
		if !mask.Get(i) {
			continue
		}
		ok := false
		switch {
		case isText(o.kind):
			ok = t.holdsBytes(o.bytesAt(base + i))
		case o.kind == schema.Float:
			ok = t.holdsFloat(o.floatAt(base + i))
		default:
			ok = t.holdsInt(o.intAt(base + i))
		}
		if ok {
			out.Set(i)
		}
	}
}

// A scratch is what one worker needs to evaluate filters on one chunk.
type scratch struct {
	s     *siteRun
	chunk int
	rows  store.Bits   // rows of the chunk
	memo  []store.Bits // by leaf, of leaves that are used more than once
	known []bool
	refs  *[store.ChunkRows]int64 // nil until needed
	// enough ends the scan of a unit: no more of its rows are needed.
	enough bool
	tally  []int // rows that match each of the plan's tally so far
}

func newScratch(p *plan) *scratch {
	return &scratch{memo: make([]store.Bits, len(p.leaves)), known: make([]bool, len(p.leaves)), tally: make([]int, len(p.tally))}
}

func (sc *scratch) begin(s *siteRun, chunk int) {
	sc.s, sc.chunk = s, chunk
	sc.rows.Fill(min(store.ChunkRows, s.n-chunk*store.ChunkRows))
	clear(sc.known)
}

// count adds the matching rows of the chunk to the tally.
func (sc *scratch) count(p *plan, match *store.Bits) {
	var out store.Bits
	for i, n := range p.tally {
		sc.eval(n, match, &out)
		sc.tally[i] += out.Count()
	}
}

// tallyOf adds up what workers counted, nil when nothing was asked for.
func tallyOf(p *plan, scratches []*scratch) []int {
	if len(p.tally) == 0 {
		return nil
	}
	sum := make([]int, len(p.tally))
	for _, sc := range scratches {
		if sc != nil {
			for i, n := range sc.tally {
				sum[i] += n
			}
		}
	}
	return sum
}

// eval sets out to those rows of mask for which the tree holds.
func (sc *scratch) eval(n *node, mask, out *store.Bits) {
	switch n.kind {
	case lql.And:
		cur := *mask
		var tmp store.Bits
		for _, k := range n.kids {
			if !cur.Any() {
				break
			}
			sc.eval(k, &cur, &tmp)
			cur = tmp
		}
		*out = cur
	case lql.Or:
		rest := *mask
		var sum, tmp store.Bits
		for _, k := range n.kids {
			if !rest.Any() {
				break
			}
			sc.eval(k, &rest, &tmp)
			for w := range sum {
				sum[w] |= tmp[w]
				rest[w] &^= tmp[w]
			}
		}
		*out = sum
	case lql.Not:
		var tmp store.Bits
		sc.eval(n.kids[0], mask, &tmp)
		for w := range out {
			out[w] = mask[w] &^ tmp[w]
		}
	default:
		sc.leaf(n.leaf, mask, out)
	}
}

func (sc *scratch) leaf(l *leaf, mask, out *store.Bits) {
	sl := &sc.s.leaves[l.at]
	if sl.none {
		*out = store.Bits{}
		return
	}
	if sl.all {
		*out = *mask
		return
	}
	if l.uses > 1 {
		m := &sc.memo[l.at]
		if !sc.known[l.at] {
			sc.compute(l, sl, &sc.rows, m)
			sc.known[l.at] = true
		}
		for w := range out {
			out[w] = m[w] & mask[w]
		}
		return
	}
	sc.compute(l, sl, mask, out)
	for w := range out {
		out[w] &= mask[w]
	}
}

func (sc *scratch) compute(l *leaf, sl *siteLeaf, mask, out *store.Bits) {
	if sl.far == nil {
		near(l.test, sl, sc.chunk, mask, out)
		return
	}
	missing := holdsZero(sl.o, l.test, false)
	if sc.refs == nil {
		sc.refs = new([store.ChunkRows]int64)
	}
	gather(sl.o.place.hops, sl.far, sc.chunk, mask, sc.refs, out, missing)
}

// gather follows references from the rows of a chunk to bits of the table they
// lead to. missing is the answer for rows whose reference leads nowhere.
func gather(hops []*store.Column, far []uint64, chunk int, mask *store.Bits, buf *[store.ChunkRows]int64, out *store.Bits, missing bool) {
	*out = store.Bits{}
	if hops[0] == nil {
		if missing {
			*out = *mask
		}
		return
	}
	if v, ok := hops[0].Constant(chunk); ok && len(hops) == 1 {
		if v < 0 && missing || v >= 0 && far[v>>6]>>(uint(v)&63)&1 != 0 {
			*out = *mask
		}
		return
	}
	refs := hops[0].Ints(chunk, buf[:])
	for _, h := range hops[1:] {
		for i, r := range refs {
			if r >= 0 {
				if h == nil {
					refs[i] = -1
				} else {
					refs[i] = h.Int(int(r))
				}
			}
		}
	}
	for w := 0; w*64 < len(refs); w++ {
		if mask[w] == 0 {
			continue
		}
		var x uint64
		for i, r := range refs[w*64 : min(len(refs), w*64+64)] {
			if r >= 0 {
				x |= far[r>>6] >> (uint(r) & 63) & 1 << uint(i)
			} else if missing {
				x |= 1 << uint(i)
			}
		}
		out[w] = x
	}
}

// narrow finds the rows that can match at all from filters that must hold and
// name a row or the host of a row.
func (s *siteRun) narrow(n *node) {
	if n == nil || len(s.own.hops) > 0 || s.own.table == nil || s.own.table.Standalone() {
		return
	}
	if n.kind == lql.And {
		for _, k := range n.kids {
			s.narrow(k)
		}
		return
	}
	if n.kind != lql.Leaf || n.leaf.op != lql.Equal {
		return
	}
	l := n.leaf
	rows, ok := s.keyRows(l)
	if !ok {
		return
	}
	from, to := s.n, 0
	if len(rows) == 0 {
		from = 0
	}
	o := s.operand(l.ref)
	for _, row := range rows {
		first, end := row, row+1
		switch {
		case len(o.place.hops) == 0:
		case len(o.place.hops) == 1 && s.own.table.Spanned(o.place.hops[0]):
			first, end = s.own.table.Span(row)
		default:
			return
		}
		from, to = min(from, first), max(to, end)
	}
	s.from, s.to = max(s.from, from), min(s.to, to)
}

// pickOnly narrows the rows to those of the given keys.
func (s *siteRun) pickOnly(keys []string) {
	s.only = make([]uint64, (s.own.table.Chunks()+1)*len(store.Bits{}))
	s.from, s.to = s.n, 0
	for _, key := range keys {
		if row, ok := s.snap.Find(s.own.name, key); ok {
			s.only[row>>6] |= 1 << (uint(row) & 63)
			s.from, s.to = min(s.from, row), max(s.to, row+1)
		}
	}
	s.from = min(s.from, s.to)
}

// clipTo clears the bits of rows outside [from, to).
func clipTo(b *store.Bits, chunk, from, to int) {
	base := chunk * store.ChunkRows
	if from <= base && to >= base+store.ChunkRows {
		return
	}
	var lo, hi store.Bits
	hi.Fill(max(0, min(store.ChunkRows, to-base)))
	lo.Fill(max(0, min(store.ChunkRows, from-base)))
	for w := range b {
		b[w] &= hi[w] &^ lo[w]
	}
}
