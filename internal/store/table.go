package store

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"strconv"
	"sync/atomic"

	"belvedere/internal/schema"
)

// A Table holds the rows of one table of a site in a snapshot, in the order of
// their keys: numbers by value, texts bytewise, part by part. It never
// changes.
type Table struct {
	def     *tableDef
	n       int
	cols    []*Column // by position in the schema; nil: not stored, or no core value
	refs    []*Column // by join: row of the joined table, -1 none; nil: not linked
	stamps  *Column   // when each row last changed here, unix seconds
	spans   []uint32  // services: where those of each host begin, and the end
	version uint64
	shape   uint64
	memo    atomic.Pointer[groupMemo]
	back    [4]atomic.Pointer[map[int32][]int32]
}

// copy returns a table to change, without what was computed from the old one.
func (t *Table) copy() *Table {
	return &Table{def: t.def, n: t.n, cols: t.cols, refs: t.refs, stamps: t.stamps, spans: t.spans, version: t.version, shape: t.shape}
}

// Len returns the number of rows.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.n
}

// Chunks returns the number of chunks the rows lie in.
func (t *Table) Chunks() int { return (t.Len() + ChunkRows - 1) / ChunkRows }

// ChunkLen returns the number of rows in a chunk.
func (t *Table) ChunkLen(chunk int) int { return min(ChunkRows, t.n-chunk*ChunkRows) }

// Schema returns the table's declaration.
func (t *Table) Schema() *schema.Table { return t.def.schema }

// Version returns the version of the site when the table last changed, Shape
// when rows last came or went.
func (t *Table) Version() uint64 { return t.version }

// Shape returns the version of the site when rows last came or went, so that
// row numbers are those of that version.
func (t *Table) Shape() uint64 { return t.shape }

// Column returns a stored column by its position in the schema's table. It is
// nil for columns that are derived, that the core does not have, or that are
// read through a join (see [Table.Via]).
func (t *Table) Column(i int) *Column {
	if t == nil {
		return nil
	}
	return t.cols[i]
}

// Via tells how a column that names a joined row is read: as column col of the
// row that Ref(join) names. ok is false for all other columns.
func (t *Table) Via(i int) (join, col int, ok bool) {
	v := t.def.via[i]
	return v.link, v.col, v.link >= 0
}

// Ref returns the rows of a joined table by its position in the schema's
// joins, -1 for none. It is nil if the join is not stored.
func (t *Table) Ref(join int) *Column {
	if t == nil {
		return nil
	}
	return t.refs[join]
}

// Stamps returns when each row last changed here or came, in seconds since 1970
// by our clock, which never goes back within a site. It is nil if nothing was
// ever fed, and for tables that belong to no snapshot.
func (t *Table) Stamps() *Column {
	if t == nil {
		return nil
	}
	return t.stamps
}

// Span returns the rows whose first key part is the given row of the table it
// refers to: the services of a host. They are from up to, not including, to.
func (t *Table) Span(row int) (from, to int) {
	if t == nil || row+1 >= len(t.spans) {
		return 0, 0
	}
	return int(t.spans[row]), int(t.spans[row+1])
}

// textAt returns the text of a column of a row, following links.
func (s *Snapshot) textAt(t *Table, col, row int) []byte {
	if v := t.def.via[col]; v.link >= 0 {
		r := int(t.refs[v.link].Int(row))
		if r < 0 {
			return nil
		}
		return s.textAt(s.tables[t.def.links[v.link].target.at], v.col, r)
	}
	switch c := t.cols[col]; {
	case c == nil:
		return nil
	case c.st == numbers:
		return strconv.AppendInt(nil, c.Int(row), 10)
	default:
		return c.Bytes(row)
	}
}

// keyOf returns the key of a row as Key makes it.
func (s *Snapshot) keyOf(t *Table, row int) string { return string(s.appendKey(nil, t, row)) }

func (s *Snapshot) appendKey(dst []byte, t *Table, row int) []byte {
	for i, k := range t.def.keys {
		if i > 0 {
			dst = append(dst, 0)
		}
		dst = append(dst, s.textAt(t, k, row)...)
	}
	return dst
}

// A keyPart is one part of a key on its way to a row: the number of a linked
// row, a number, or a text.
type keyPart struct {
	num  int64
	text []byte
}

func compareParts(a, b []keyPart) int {
	for i := range a {
		if c := cmp.Compare(a[i].num, b[i].num); c != 0 {
			return c
		}
		if c := bytes.Compare(a[i].text, b[i].text); c != 0 {
			return c
		}
	}
	return 0
}

// parts returns the key of a row as parts.
func (t *Table) parts(row int, dst []keyPart) []keyPart {
	for _, k := range t.def.keys {
		var p keyPart
		if v := t.def.via[k]; v.link >= 0 {
			p.num = t.refs[v.link].Int(row)
		} else if c := t.cols[k]; c != nil && c.st == numbers {
			p.num = c.Int(row)
		} else if c != nil {
			p.text = c.Bytes(row)
		}
		dst = append(dst, p)
	}
	return dst
}

// find returns the row with that key, or where it would be.
func (t *Table) find(key []keyPart) (row int, ok bool) {
	if t == nil {
		return 0, false
	}
	lo, hi := 0, t.n
	if t.spans != nil {
		lo, hi = t.Span(int(key[0].num))
	}
	var buf [4]keyPart
	row = lo + sort.Search(hi-lo, func(i int) bool { return compareParts(t.parts(lo+i, buf[:0]), key) >= 0 })
	return row, row < hi && compareParts(t.parts(row, buf[:0]), key) == 0
}

// findTexts is find for a key given as texts, part by part; links are resolved
// in s.
func (s *Snapshot) findTexts(def *tableDef, texts [][]byte) (row int, ok bool) {
	t := s.tables[def.at]
	if t == nil || len(texts) != len(def.keys) {
		return 0, false
	}
	if len(def.keys) == 0 {
		return 0, t.n > 0
	}
	var parts [4]keyPart
	key := append(parts[:0], make([]keyPart, len(def.keys))...)
	for i, k := range def.keys {
		v := def.via[k]
		switch {
		case v.link >= 0:
			// links that are part of a key name rows by one part, their name
			r, ok := s.findTexts(def.links[v.link].target, texts[i:i+1])
			if !ok {
				return 0, false
			}
			key[i].num = int64(r)
		case storageOf(def.schema.Columns[k].Kind) == numbers:
			n, err := strconv.ParseInt(string(texts[i]), 10, 64)
			if err != nil {
				return 0, false
			}
			key[i].num = n
		default:
			key[i].text = texts[i]
		}
	}
	return t.find(key)
}

// index computes spans of a table whose first key part is a link.
func (t *Table) index(targets int) {
	v := t.def.via
	if len(t.def.keys) < 2 || v[t.def.keys[0]].link < 0 {
		return
	}
	ref := t.refs[v[t.def.keys[0]].link]
	t.spans = make([]uint32, targets+1)
	var buf [ChunkRows]int64
	for c := range t.Chunks() {
		for _, r := range ref.Ints(c, buf[:]) {
			t.spans[r+1]++
		}
	}
	for i := range targets {
		t.spans[i+1] += t.spans[i]
	}
}

// size returns the bytes of memory the table holds.
func (t *Table) size() int {
	n := 4 * cap(t.spans)
	for _, c := range append(slices.Concat(t.cols, t.refs), t.stamps) {
		if c != nil {
			n += c.size()
		}
	}
	return n
}

// rank returns the place of each of n values in bytewise order; equal values
// have the same.
func rank(n int, at func(i int) []byte) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return bytes.Compare(at(int(a)), at(int(b))) })
	out := make([]int32, n)
	for k, i := range order {
		if k > 0 && bytes.Equal(at(int(i)), at(int(order[k-1]))) {
			out[i] = out[order[k-1]]
		} else {
			out[i] = int32(k)
		}
	}
	return out
}

// ColumnNamed is Column by name.
func (t *Table) ColumnNamed(name string) *Column {
	if t == nil {
		return nil
	}
	if i, ok := t.def.column[name]; ok {
		return t.cols[i]
	}
	return nil
}

// Spanned reports whether ref is the reference that Span goes by.
func (t *Table) Spanned(ref *Column) bool {
	return t.spans != nil && ref != nil && t.refs[t.def.via[t.def.keys[0]].link] == ref
}

// Standalone reports whether the table was made by [NewTable].
func (t *Table) Standalone() bool { return t != nil && t.def.at < 0 }

// NewTable makes a table that belongs to no snapshot, of rows in the given
// order; all columns of the schema are stored, derived ones too. fill is called
// once and sets all cells of all n rows.
func NewTable(schemaTable *schema.Table, n int, fill func(r *Rows)) *Table {
	def := &tableDef{at: -1, schema: schemaTable, column: map[string]int{}, via: make([]via, len(schemaTable.Columns))}
	r := &Rows{b: &Batch{}, def: def, replace: true}
	for i := range schemaTable.Columns {
		c := &schemaTable.Columns[i]
		def.column[c.Name] = i
		def.via[i].link = -1
		def.none = append(def.none, defaultCell(c))
		r.cols = append(r.cols, rowsColumn{at: i, kind: c.Kind, build: *newColumnBuilder(c.Kind), def: def.none[i]})
	}
	fill(r)
	st := r.finish()
	return &Table{def: def, n: n, cols: st.cols, refs: make([]*Column, len(schemaTable.Joins))}
}

// NewRefs makes a column of row numbers, -1 for none.
func NewRefs(rows []int32) *Column {
	b := newColumnBuilder(schema.Int)
	for _, r := range rows {
		b.add(cell{num: int64(r)})
	}
	return b.finish(0)
}

// Groups returns, for each row of a table of groups, the rows of its members:
// hosts by their names in a TextList, services in Members. Names that do not
// exist are left out. It is made once for each version of the two tables.
func (s *Snapshot) Groups(groups, members string) [][]int32 {
	g, m := s.Table(groups), s.Table(members)
	if g == nil || m == nil {
		return make([][]int32, g.Len())
	}
	if memo := g.memo.Load(); memo != nil && memo.of == members && memo.shape == m.shape {
		return memo.rows
	}
	memo := &groupMemo{of: members, shape: m.shape, rows: make([][]int32, g.n)}
	if col := g.ColumnNamed("members"); col != nil {
		for row := range g.n {
			memo.rows[row] = s.memberRows(m, col, row)
		}
	}
	g.memo.Store(memo)
	return memo.rows
}

func (s *Snapshot) memberRows(m *Table, col *Column, row int) []int32 {
	var out []int32
	add := func(parts ...[]byte) {
		if r, ok := s.findTexts(m.def, parts); ok {
			out = append(out, int32(r))
		}
	}
	if col.kind == schema.Members {
		EachPair(col.Bytes(row), func(h, d []byte) bool { add(h, d); return true })
	} else {
		EachText(col.Bytes(row), func(h []byte) bool { add(h); return true })
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A groupMemo keeps what Groups found.
type groupMemo struct {
	of    string
	shape uint64
	rows  [][]int32
}

// Backrefs returns the rows of a table that refer by a join to each row of the
// joined table: the comments of a host or service. It is made once for each
// version of the table.
func (t *Table) Backrefs(join int) map[int32][]int32 {
	if t == nil || t.refs[join] == nil {
		return nil
	}
	if m := t.back[join].Load(); m != nil {
		return *m
	}
	m := map[int32][]int32{}
	for row := range t.n {
		if r := int32(t.refs[join].Int(row)); r >= 0 {
			m[r] = append(m[r], int32(row))
		}
	}
	t.back[join].Store(&m)
	return m
}
