package query

import (
	"bytes"
	"cmp"
	"container/heap"
	"math/bits"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// An item is a row on its way into a sorted answer, with its first sort key.
type item struct {
	site int32
	row  int32
	tie  int32   // rank of the first part of the key, see order
	num  float64 // first key, if it is a number below 2^53 in amount, or a float
	big  int64   // first key, if it is an integer
	text []byte  // first key, if it is a text or list
}

// A sorter compares rows of all sites.
type sorter struct {
	r     *run
	first schema.Kind
	keys  [][]*operand // by site, by sort key
	names [][]*operand // by site: the table's own keys, which break ties
	index map[*siteRun]int32
	// natural: rows of a site are in order as they are
	natural bool
	order   [][]int32 // see rank; nil: not known
}

func (r *run) newSorter() *sorter {
	st := &sorter{r: r, first: r.sorts[0].ref.column().Kind, index: map[*siteRun]int32{}}
	for i, s := range r.sites {
		st.index[s] = int32(i)
		var keys, names []*operand
		for _, k := range r.sorts {
			keys = append(keys, s.operand(k.ref))
		}
		for _, n := range r.table.Keys {
			if ref, err := (&binder{plan: r.plan}).resolve(n); err == nil {
				names = append(names, s.operand(ref))
			}
		}
		st.keys, st.names = append(st.keys, keys), append(st.names, names)
	}
	return st
}

// item reads the first sort key of a row.
func (st *sorter) item(site int32, row int32) item {
	o := st.keys[site][0]
	it := item{site: site, row: row, tie: st.tie(site, row)}
	end := o.place.end(int(row))
	switch {
	case st.first == schema.Float:
		it.num = o.floatAt(end)
	case isText(st.first):
		it.text = st.r.sorts[0].bytes(o.kind, o.bytesAt(end))
	default:
		it.big = o.intAt(end)
	}
	return it
}

// bytes returns what a text, a list or an entry of a dictionary is sorted
// by. See [lql.Sort.Key], which makes the same of an answer.
func (k *sortKey) bytes(kind schema.Kind, b []byte) []byte {
	if kind == schema.Dict && k.arg != "" {
		b = dictValue(b, []byte(k.arg))
	} else if kind != schema.Text {
		b = flatList(kind, b)
	}
	if k.prefix > 0 && len(b) > k.prefix {
		b = b[:k.prefix]
	}
	return b
}

// flatList puts the elements of an encoded list into bytes that compare as the
// list does.
func flatList(kind schema.Kind, b []byte) []byte {
	var flat []byte
	list := eachText
	switch kind {
	case schema.IntList:
		store.EachInt(b, func(n int64) bool { flat = lql.AppendNumberKey(flat, n); return true })
		return flat
	case schema.Tuples:
		list = eachFirst
	case schema.Members, schema.Dict:
		list = eachMember
	}
	list(b, func(e []byte) bool { flat = append(append(flat, e...), 0); return true })
	return flat
}

// first orders two rows by the first sort key.
func (st *sorter) firstKey(a, b *item) (c int) {
	switch {
	case st.first == schema.Float:
		c = cmp.Compare(a.num, b.num)
	case isText(st.first):
		c = bytes.Compare(a.text, b.text)
	default:
		c = cmp.Compare(a.big, b.big)
	}
	if st.r.sorts[0].desc {
		return -c
	}
	return c
}

// compare orders two rows of any sites.
func (st *sorter) compare(a, b *item) int {
	if st.natural && st.order != nil { // the keys are what ties are broken by
		return st.compareNames(a, b)
	}
	if c := st.firstKey(a, b); c != 0 {
		return c
	}
	for k := 1; k < len(st.r.sorts); k++ {
		x, y := st.keys[a.site][k], st.keys[b.site][k]
		c := compareValues(x, x.place.end(int(a.row)), y, y.place.end(int(b.row)), &st.r.sorts[k])
		if c != 0 {
			if st.r.sorts[k].desc {
				return -c
			}
			return c
		}
	}
	return st.compareNames(a, b)
}

// compareNames orders two rows by the key of their table, then by site.
func (st *sorter) compareNames(a, b *item) int {
	if a.site == b.site {
		return cmp.Compare(a.row, b.row)
	}
	if a.tie != b.tie {
		return cmp.Compare(a.tie, b.tie)
	}
	for k := range st.names[a.site] {
		x, y := st.names[a.site][k], st.names[b.site][k]
		if c := compareValues(x, x.place.end(int(a.row)), y, y.place.end(int(b.row)), &sortKey{}); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.site, b.site)
}

func compareValues(x *operand, i int, y *operand, j int, key *sortKey) int {
	switch {
	case x.kind == schema.Float:
		return cmp.Compare(x.floatAt(i), y.floatAt(j))
	case isText(x.kind):
		return bytes.Compare(key.bytes(x.kind, x.bytesAt(i)), key.bytes(y.kind, y.bytesAt(j)))
	}
	return cmp.Compare(x.intAt(i), y.intAt(j))
}

// heapRows is up to how many rows are kept in a heap. More are collected and
// sorted when there are twice as many as wanted.
const heapRows = 1000

// A top keeps the first rows of those it is given: few as a heap, the last of
// them on top.
type top struct {
	st    *sorter
	keep  int
	items []item
	worst *item // rows behind it are not wanted; nil: all are
}

func (t *top) Len() int           { return len(t.items) }
func (t *top) Less(i, j int) bool { return t.st.compare(&t.items[i], &t.items[j]) > 0 }
func (t *top) Swap(i, j int)      { t.items[i], t.items[j] = t.items[j], t.items[i] }
func (t *top) Push(x any)         { t.items = append(t.items, x.(item)) }
func (t *top) Pop() any {
	x := t.items[len(t.items)-1]
	t.items = t.items[:len(t.items)-1]
	return x
}

func (t *top) add(it item) {
	switch {
	case t.keep < 0 || t.keep > heapRows:
		t.items = append(t.items, it)
		if t.keep > 0 && len(t.items) >= 2*t.keep {
			t.cut()
		}
	case len(t.items) < t.keep:
		t.items = append(t.items, it)
		if len(t.items) == t.keep {
			heap.Init(t)
			t.worst = &t.items[0]
		}
	case t.keep > 0 && t.st.compare(&it, &t.items[0]) < 0:
		t.items[0] = it
		heap.Fix(t, 0)
	}
}

// cut sorts what there is and leaves out what is not wanted.
func (t *top) cut() {
	slices.SortFunc(t.items, func(a, b item) int { return t.st.compare(&a, &b) })
	if t.keep >= 0 && len(t.items) >= t.keep {
		t.items = t.items[:t.keep]
		if t.keep > 0 {
			last := t.items[t.keep-1]
			t.worst = &last
		}
	}
}

// sorted finds the rows of an answer with Sort.
func (r *run) sorted() (*pick, error) {
	keep := r.keep()
	st := r.newSorter()
	st.natural = r.natural()
	if (keep < 0 || keep > heapRows) && r.size() > heapRows {
		st.rank()
	}
	units := r.units()
	tops := make([]*top, r.workers)
	scratches := make([]*scratch, r.workers)
	counts := make([]int, r.workers)
	err := r.parallel(len(units), r.size(), func(w, i int) error {
		if tops[w] == nil {
			tops[w], scratches[w] = &top{st: st, keep: keep}, newScratch(r.plan)
		}
		site, done, sc := st.index[units[i].s], false, scratches[w]
		r.scan(units[i], sc, func(chunk int, match *store.Bits) {
			counts[w] += match.Count()
			sc.count(r.plan, match)
			done = done || tops[w].chunk(site, chunk, match)
			sc.enough = done && !r.counted
		})
		if keep < 0 {
			return r.budget(len(tops[w].items))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p := &pick{tally: tallyOf(r.plan, scratches)}
	all := []item{}
	err = r.parallel(len(tops), r.size(), func(_, i int) error {
		if tops[i] != nil {
			tops[i].cut()
		}
		return nil
	})
	for w, t := range tops {
		p.total += counts[w]
		if t != nil {
			all = mergeSorted(all, t.items, func(a, b *item) bool { return st.compare(b, a) < 0 })
		}
	}
	all = all[min(len(all), max(0, r.q.Offset)):]
	if r.q.Limit != lql.NoLimit {
		all = all[:min(len(all), r.q.Limit)]
	}
	p.items, p.rows = all, len(all)
	return p, err
}

// bySite groups the rows of a sorted answer by site.
func (r *run) bySite(all []item) []segment {
	segs := make([]segment, len(r.sites))
	for k, it := range all {
		s := &segs[it.site]
		s.s, s.rows, s.at = r.sites[it.site], append(s.rows, it.row), append(s.at, int32(k))
	}
	return slices.DeleteFunc(segs, func(s segment) bool { return s.s == nil })
}

// natural reports whether the sort keys are the beginning of the table's own
// keys, upwards: then the rows of a site are in order as they are.
func (r *run) natural() bool {
	if r.table.Source != schema.FromCore || len(r.sorts) > len(r.table.Keys) {
		return false
	}
	for i, k := range r.sorts {
		if k.desc || k.prefix > 0 || k.ref.join >= 0 || k.ref.column().Name != r.table.Keys[i] {
			if i > 0 || k.desc || k.prefix > 0 || k.ref.join < 0 || r.table.Joins[k.ref.join].Prefix+k.ref.column().Name != r.table.Keys[0] {
				return false
			}
		}
	}
	return true
}

// chunk adds the matching rows of a chunk, and reports whether rows that follow
// on the same site cannot get in any more. Rows whose first key alone keeps
// them out are left without a closer look.
func (t *top) chunk(site int32, chunk int, match *store.Bits) (done bool) {
	base := int32(chunk * store.ChunkRows)
	o := t.st.keys[site][0]
	switch {
	case t.keep == 0:
		return true
	case t.st.natural:
		for w := range match {
			for x := match[w]; x != 0; x &= x - 1 {
				it := t.st.item(site, base+int32(w<<6+bits.TrailingZeros64(x)))
				if t.worst != nil && t.st.compare(&it, t.worst) > 0 {
					return true
				}
				t.add(it)
			}
		}
	case isText(t.st.first):
		t.texts(o, site, base, match)
	case o.col == nil || len(o.place.hops) > 0:
		eachBit(match, func(i int) { t.add(t.st.item(site, base+int32(i))) })
	case t.st.first == schema.Float:
		var buf [store.ChunkRows]float64
		vals := o.col.Floats(chunk, buf[:])
		eachBit(match, func(i int) {
			row := base + int32(i)
			t.add(item{site: site, row: row, tie: t.st.tie(site, row), num: vals[i]})
		})
	default:
		t.ints(o, site, chunk, match)
	}
	return false
}

// texts adds rows whose first key is a text or list.
func (t *top) texts(o *operand, site, base int32, match *store.Bits) {
	desc := t.st.r.sorts[0].desc
	last, worse := -2, false
	eachBit(match, func(i int) {
		end := o.place.end(int(base) + i)
		if end == last && worse {
			return
		}
		last, worse = end, false
		row := base + int32(i)
		it := item{site: site, row: row, tie: t.st.tie(site, row), text: t.st.r.sorts[0].bytes(o.kind, o.bytesAt(end))}
		if t.worst != nil {
			c := bytes.Compare(it.text, t.worst.text)
			if worse = c > 0 && !desc || c < 0 && desc; worse {
				return
			}
		}
		t.add(it)
	})
}

// ints adds rows whose first key is a whole number of the table itself.
func (t *top) ints(o *operand, site int32, chunk int, match *store.Bits) {
	var buf [store.ChunkRows]int64
	vals := o.col.Ints(chunk, buf[:])
	desc := t.st.r.sorts[0].desc
	eachBit(match, func(i int) {
		if t.worst != nil {
			if worst := t.worst.big; desc && vals[i] < worst || !desc && vals[i] > worst {
				return
			}
		}
		row := int32(chunk*store.ChunkRows + i)
		t.add(item{site: site, row: row, tie: t.st.tie(site, row), big: vals[i]})
	})
}
