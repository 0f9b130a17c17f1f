package store

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"

	"belvedere/internal/schema"
)

// Rows takes rows of one table, column by column, row by row: first Columns,
// then for each row the setters of its cells in any order, then EndRow. A cell
// that is not set has its column's default. It is for one goroutine.
type Rows struct {
	b       *Batch
	def     *tableDef
	replace bool
	cols    []rowsColumn
	n       int
	scratch []byte
}

// A rowsColumn is one of the columns that a Rows sets.
type rowsColumn struct {
	at    int // position in the schema's table
	kind  schema.Kind
	build columnBuilder
	def   cell
	set   bool // in the present row
}

// Columns names the columns that will be set; the setters refer to them by
// position. Columns that are not named keep their value in rows of an Update,
// and are without value after a Replace. The error wraps [ErrNoColumn].
func (r *Rows) Columns(names ...string) error {
	if r.def == nil {
		return r.b.err
	}
	if r.replace {
		r.cols = make([]rowsColumn, 0, len(names))
	} else {
		r.cols = r.b.site.fleet.desks.take(len(names))
	}
	for _, name := range names {
		at, ok := r.def.column[name]
		if !ok {
			return fmt.Errorf("store: table %s: column %q: %w", r.def.schema.Name, name, ErrNoColumn)
		}
		c := &r.def.schema.Columns[at]
		if r.replace {
			r.cols = append(r.cols, rowsColumn{at: at, kind: c.Kind, def: r.def.none[at], build: *newColumnBuilder(c.Kind)})
			continue
		}
		r.cols = r.cols[:len(r.cols)+1]
		col := &r.cols[len(r.cols)-1]
		*col = rowsColumn{at: at, kind: c.Kind, def: r.def.none[at], build: newBriefBuilder(c.Kind, col.build)}
	}
	return nil
}

// clear gives back what the rows of an update were staged in, which nothing
// refers to any more. They are of no use afterwards.
func (r *Rows) clear() {
	r.b.site.fleet.desks.give(r.cols)
	r.cols = nil
}

// Desks keep what updates are staged in, to be used again: an update of a few
// rows would else allocate for each of its columns. Safe for concurrent use.
type desks struct {
	mu   sync.Mutex
	free [][]rowsColumn
}

// desksAtMost is how many are kept, deskAtMost of how many bytes each.
const (
	desksAtMost = 16
	deskAtMost  = 256 << 10
)

// take returns room for n columns, whose builders may have room for values.
func (d *desks) take(n int) []rowsColumn {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last := len(d.free) - 1; last >= 0 {
		cols := d.free[last]
		d.free[last] = nil
		d.free = d.free[:last]
		return slices.Grow(cols[:0], n)
	}
	return make([]rowsColumn, 0, n)
}

// give keeps room that nobody uses any more, unless there is enough.
func (d *desks) give(cols []rowsColumn) {
	size := 0
	cols = cols[:cap(cols)]
	for i := range cols {
		c := &cols[i]
		*c = rowsColumn{build: c.build.emptied()}
		size += int(unsafe.Sizeof(*c)) + 8*cap(c.build.buf) + cap(c.build.blob)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if size <= deskAtMost && len(d.free) < desksAtMost {
		d.free = append(d.free, cols)
	}
}

func (r *Rows) put(col int, v cell) {
	if col < 0 || col >= len(r.cols) || r.cols[col].set {
		return
	}
	r.cols[col].build.add(v)
	r.cols[col].set = true
}

// Int sets a Bool, Int or Time column of the present row; a Float column takes
// it as its value. A second value for the same cell is ignored, here and in all
// other setters.
func (r *Rows) Int(col int, v int64) {
	switch r.storage(col) {
	case numbers:
		r.put(col, cell{num: v})
	case floats:
		r.Float(col, float64(v))
	}
}

// Float sets a Float column; NaN and infinities count as 0. A number column
// takes the whole part.
func (r *Rows) Float(col int, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	switch r.storage(col) {
	case numbers:
		r.put(col, cell{num: int64(v)})
	case floats:
		r.put(col, cell{num: int64(math.Float64bits(v + 0))})
	}
}

// Text sets a Text column; v is copied.
func (r *Rows) Text(col int, v []byte) { r.encoded(col, schema.Text, v) }

// TextList sets a TextList column; v is copied.
func (r *Rows) TextList(col int, v [][]byte) {
	r.scratch = encodeTexts(r.scratch[:0], v)
	r.encoded(col, schema.TextList, r.scratch)
}

// IntList sets an IntList column.
func (r *Rows) IntList(col int, v []int64) {
	r.scratch = encodeInts(r.scratch[:0], v)
	r.encoded(col, schema.IntList, r.scratch)
}

// Members sets a Members column: pairs of host and service.
func (r *Rows) Members(col int, v [][2][]byte) {
	r.scratch = encodePairs(r.scratch[:0], v)
	r.encoded(col, schema.Members, r.scratch)
}

// Dict sets a Dict column: pairs of name and value, which are sorted; of equal
// names the last one counts.
func (r *Rows) Dict(col int, v [][2][]byte) {
	r.scratch = encodeDict(r.scratch[:0], v)
	r.encoded(col, schema.Dict, r.scratch)
}

// Tuples sets a Tuples column; cells are int64, float64 or string.
func (r *Rows) Tuples(col int, v [][]any) {
	r.scratch = encodeTuples(r.scratch[:0], v)
	r.encoded(col, schema.Tuples, r.scratch)
}

func (r *Rows) encoded(col int, k schema.Kind, b []byte) {
	if col >= 0 && col < len(r.cols) && r.cols[col].kind == k {
		r.put(col, cell{bytes: b})
	}
}

func (r *Rows) storage(col int) storage {
	if col < 0 || col >= len(r.cols) {
		return coded
	}
	return storageOf(r.cols[col].kind)
}

// EndRow ends the row. After a Replace the error may be that of [Options.Room];
// the batch then fails.
func (r *Rows) EndRow() error {
	if r.def == nil {
		return r.b.err
	}
	for i := range r.cols {
		c := &r.cols[i]
		if !c.set {
			c.build.add(c.def)
		}
		c.set = false
	}
	r.n++
	if r.replace && r.n%(16*ChunkRows) == 0 {
		return r.b.room()
	}
	return nil
}

// staged are the rows of a Rows as columns of their own, in the order they
// came.
type staged struct {
	def  *tableDef
	n    int
	cols []*Column // by position in the schema; nil: not named
}

func (r *Rows) finish() *staged {
	st := &staged{def: r.def, n: r.n, cols: make([]*Column, len(r.def.schema.Columns))}
	for i := range r.cols {
		c := &r.cols[i]
		st.cols[c.at] = c.build.finish(0)
		if r.replace {
			c.build = columnBuilder{}
		}
	}
	return st
}

// texts returns the key columns' texts of row, of the columns cols.
func (st *staged) texts(cols []int, row int, dst [][]byte) [][]byte {
	for _, k := range cols {
		if c := st.cols[k]; c == nil || c.st == numbers || c.st == floats {
			dst = append(dst, nil)
		} else {
			dst = append(dst, c.Bytes(row))
		}
	}
	return dst
}
