package store

import (
	"bytes"
	"math"
	"unsafe"

	"belvedere/internal/schema"
)

// storage says what the int64 values in a column's chunks mean.
type storage uint8

const (
	numbers storage = iota // themselves
	floats                 // float64, scaled or as bit patterns
	coded                  // numbers of values in a dictionary
	plain                  // places of values in the chunk's texts
)

func storageOf(k schema.Kind) storage {
	switch k {
	case schema.Bool, schema.Int, schema.Time:
		return numbers
	case schema.Float:
		return floats
	}
	return coded
}

// A Column holds one column of a table in a snapshot. It never changes and may
// be read by any number of goroutines. Rows are numbered from 0 in the order
// of the table's keys; ChunkRows of them form a chunk.
//
// Values of kinds that are neither numbers nor texts are read as bytes, to be
// taken apart with [DecodeTexts], [EachText] and their sisters.
type Column struct {
	kind    schema.Kind
	st      storage
	n       int
	chunks  []*chunk
	dict    *Dict
	built   int    // length of dict when the column was built
	version uint64 // the site's version when a value last changed
}

// Kind returns the kind of the column's values.
func (c *Column) Kind() schema.Kind { return c.kind }

// Version returns the version of the site with which a value in this column
// last changed.
func (c *Column) Version() uint64 { return c.version }

// Dict returns the dictionary of the column's values, nil if the column has
// none: numbers, and texts that rarely repeat.
func (c *Column) Dict() *Dict { return c.dict }

// Int returns a Bool, Int or Time value, or the number of a value in the
// dictionary.
func (c *Column) Int(row int) int64 { return c.chunks[row/ChunkRows].int(row % ChunkRows) }

// Float returns a Float value.
func (c *Column) Float(row int) float64 { return c.chunks[row/ChunkRows].float(row % ChunkRows) }

// Bytes returns a text, or a list in its encoded form. It shares the column's
// memory and must not be changed.
func (c *Column) Bytes(row int) []byte {
	k := c.chunks[row/ChunkRows]
	v := k.int(row % ChunkRows)
	if c.st == plain {
		return k.texts.at(v)
	}
	return c.dict.Bytes(int(v))
}

// Text returns a text. It shares the column's memory.
func (c *Column) Text(row int) string { return unsafeText(c.Bytes(row)) }

// Ints writes the numbers of a chunk to dst, which must hold ChunkRows, and
// returns them: Bool, Int and Time values, or numbers of dictionary values.
func (c *Column) Ints(chunk int, dst []int64) []int64 { return c.chunks[chunk].ints(dst) }

// Floats does the same for a Float column.
func (c *Column) Floats(chunk int, dst []float64) []float64 { return c.chunks[chunk].floats(dst) }

// EachBytes calls fn for the rows of a chunk that are set in rows, with their
// text or encoded list.
func (c *Column) EachBytes(chunk int, rows *Bits, fn func(i int, b []byte)) {
	k := c.chunks[chunk]
	var tmp [ChunkRows]int64
	vals := k.ints(tmp[:])
	for i, v := range vals {
		if !rows.Get(i) {
			continue
		}
		if c.st == plain {
			fn(i, k.texts.at(v))
		} else {
			fn(i, c.dict.Bytes(int(v)))
		}
	}
}

// Constant returns the number all rows of a chunk have, if it is known that
// they have the same.
func (c *Column) Constant(chunk int) (v int64, ok bool) {
	k := c.chunks[chunk]
	return k.base, k.w == wConst && k.patches == nil && c.st != floats
}

// Within sets out to the rows of a chunk whose number is in [lo, hi].
func (c *Column) Within(chunk int, lo, hi int64, out *Bits) { c.chunks[chunk].within(lo, hi, out) }

// FloatWithin sets out to the rows of a chunk whose float is in [lo, hi].
func (c *Column) FloatWithin(chunk int, lo, hi float64, out *Bits) {
	c.chunks[chunk].floatWithin(lo, hi, out)
}

// Lookup sets out to the rows of a chunk whose number v has table[v] set; a
// number beyond the table counts as not set.
func (c *Column) Lookup(chunk int, table []bool, out *Bits) { c.chunks[chunk].lookup(table, out) }

// same reports whether row i of c and row j of d have the same value. Both
// columns are of the same kind.
func (c *Column) same(i int, d *Column, j int) bool {
	switch storageOf(c.kind) {
	case numbers:
		return c.Int(i) == d.Int(j)
	case floats:
		return math.Float64bits(c.Float(i)) == math.Float64bits(d.Float(j))
	}
	if c.dict != nil && c.dict == d.dict {
		return c.Int(i) == d.Int(j)
	}
	return bytes.Equal(c.Bytes(i), d.Bytes(j))
}

// size returns the bytes of memory the column holds.
func (c *Column) size() int {
	n := int(unsafe.Sizeof(*c)) + 8*cap(c.chunks)
	for _, k := range c.chunks {
		n += k.bytes()
		if k.texts != nil {
			n += k.texts.bytes()
		}
	}
	if c.dict != nil {
		n += c.dict.size()
	}
	return n
}

// A cell is a value on its way into a column.
type cell struct {
	num   int64 // numbers; floats as bit patterns
	bytes []byte
}

// cell returns the value of a row.
func (c *Column) cell(row int) cell {
	switch c.st {
	case numbers:
		return cell{num: c.Int(row)}
	case floats:
		return cell{num: int64(math.Float64bits(c.Float(row)))}
	}
	return cell{bytes: c.Bytes(row)}
}

// A columnBuilder fills a new column from its first row on. It packs chunk by
// chunk, so that a large table never lies unpacked in memory.
type columnBuilder struct {
	kind schema.Kind
	st   storage
	buf  []int64 // the chunk being filled; plain: places of texts in blob
	blob []byte  // plain: texts of the chunk being filled, as texts holds them
	done []*chunk
	dict *Dict // coded: filled as values come
	n    int
	none int // values that are empty
	// brief columns are read once and dropped: their last chunk stays unpacked.
	brief bool
}

func newColumnBuilder(k schema.Kind) *columnBuilder {
	b := &columnBuilder{kind: k, st: storageOf(k)}
	if b.st == coded {
		b.dict = &Dict{}
	}
	return b
}

// newBriefBuilder returns a builder of a column that is only read to change
// another one, without a dictionary. It uses the room that old had, see emptied.
func newBriefBuilder(k schema.Kind, old columnBuilder) columnBuilder {
	b := columnBuilder{kind: k, st: storageOf(k), brief: true, buf: old.buf, blob: old.blob}
	if b.st == coded {
		b.st = plain
	}
	return b
}

func (b *columnBuilder) add(v cell) {
	switch b.st {
	case coded:
		if len(v.bytes) == 0 {
			b.none++
		}
		b.buf = append(b.buf, b.dict.intern(v.bytes))
	case plain:
		var place int64
		b.blob, place = appendPlaced(b.blob, v.bytes)
		b.buf = append(b.buf, place)
	default:
		b.buf = append(b.buf, v.num)
	}
	b.n++
	if len(b.buf) == ChunkRows {
		b.flush()
	}
}

// flush packs the chunk being filled.
func (b *columnBuilder) flush() {
	k := pack(b.buf, b.st == floats)
	if b.st == plain {
		k.texts = newTexts(bytes.Clone(b.blob))
	}
	b.done = append(b.done, k)
	b.buf, b.blob = b.buf[:0], b.blob[:0]
	if b.st == coded && b.mostlyDistinct() {
		b.turnPlain()
	}
}

// emptied returns the room of a brief builder whose column nobody reads any more.
func (b *columnBuilder) emptied() columnBuilder {
	return columnBuilder{buf: b.buf[:0], blob: b.blob[:0]}
}

// leave makes a chunk of what is being filled as it is. The builder is of no use
// afterwards but for its room.
func (b *columnBuilder) leave() {
	k := &chunk{w: w64, n: uint16(len(b.buf)), exp: rawFloat, data: unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b.buf))), len(b.buf))}
	if b.st == plain {
		k.texts = newTexts(b.blob)
	}
	b.done = append(b.done, k)
}

// mostlyDistinct reports whether the values so far repeat too seldom for a
// dictionary to pay.
func (b *columnBuilder) mostlyDistinct() bool {
	d := b.dict.Len()
	return d > 64 && d > (b.n-b.none)/2
}

// turnPlain rewrites the chunks so far without a dictionary.
func (b *columnBuilder) turnPlain() {
	var tmp [ChunkRows]int64
	for i, k := range b.done {
		vals := k.ints(tmp[:])
		all := make([][]byte, len(vals))
		for r, v := range vals {
			all[r] = b.dict.Bytes(int(v))
		}
		b.done[i] = packTexts(all)
	}
	b.st, b.dict = plain, nil
}

func (b *columnBuilder) finish(version uint64) *Column {
	switch {
	case len(b.buf) == 0:
	case b.brief:
		b.leave()
	default:
		b.flush()
	}
	c := &Column{kind: b.kind, st: b.st, n: b.n, version: version}
	c.chunks = append(make([]*chunk, 0, len(b.done)), b.done...)
	if b.st == coded {
		c.dict = b.dict.finish()
		c.built = c.dict.Len()
	}
	return c
}

// A rowChange is a new value for a row.
type rowChange struct {
	row int
	val cell
}

// with returns the column after changes, which are by rising row, and calls
// changed for the index of each that is one. It returns c itself if none is.
func (c *Column) with(changes []rowChange, version uint64, changed func(k int)) *Column {
	next, dict := c, c.dict
	for len(changes) > 0 {
		chunkNo := changes[0].row / ChunkRows
		n := 1
		for n < len(changes) && changes[n].row/ChunkRows == chunkNo {
			n++
		}
		k := c.chunks[chunkNo]
		if after := c.changeChunk(&dict, k, changes[:n], changed); after != k {
			if next == c {
				cp := *c
				cp.chunks, cp.version = append(make([]*chunk, 0, len(c.chunks)), c.chunks...), version
				next = &cp
			}
			next.chunks[chunkNo] = after
		}
		changes = changes[n:]
	}
	if next == c || dict == nil {
		return next
	}
	next.dict = dict
	if dict.Len() > 2*next.built+256 {
		return next.rebuild(version)
	}
	return next
}

// changeChunk returns the chunk after changes, or k itself. New values are added
// to a successor of the column's dictionary, which takes its place in dict.
func (c *Column) changeChunk(dict **Dict, k *chunk, changes []rowChange, changed func(int)) *chunk {
	var idx []uint16
	var val []int64
	var t *texts
	for at, ch := range changes {
		i := ch.row % ChunkRows
		v := ch.val.num
		switch c.st {
		case floats:
			if math.Float64bits(k.float(i)) == uint64(v) {
				continue
			}
		case numbers:
			if k.int(i) == v {
				continue
			}
		case coded:
			old := k.int(i)
			if bytes.Equal((*dict).Bytes(int(old)), ch.val.bytes) {
				continue
			}
			if *dict == c.dict {
				*dict = c.dict.successor()
			}
			v = (*dict).intern(ch.val.bytes)
		case plain:
			old := k.int(i)
			if bytes.Equal(k.texts.at(old), ch.val.bytes) {
				continue
			}
			if t == nil {
				t = k.texts.successor()
			}
			t.drop(old)
			v = t.add(ch.val.bytes)
		}
		if idx == nil {
			idx, val = make([]uint16, 0, len(changes)-at), make([]int64, 0, len(changes)-at)
		}
		changed(ch.row)
		idx, val = append(idx, uint16(i)), append(val, v)
	}
	if len(idx) == 0 {
		return k
	}
	next := k.with(idx, val, c.st == floats)
	if t != nil {
		next.texts = t
		if t.stale() {
			next = rewriteTexts(next)
		}
	}
	return next
}

// rewriteTexts leaves out what no row refers to any more.
func rewriteTexts(k *chunk) *chunk {
	var tmp [ChunkRows]int64
	vals := k.ints(tmp[:])
	all := make([][]byte, len(vals))
	for i, v := range vals {
		all[i] = k.texts.at(v)
	}
	return packTexts(all)
}

// rebuild makes the column anew, with a dictionary of what is in use.
func (c *Column) rebuild(version uint64) *Column {
	b := newColumnBuilder(c.kind)
	for row := range c.n {
		b.add(c.cell(row))
	}
	return b.finish(version)
}

// gathered returns a column of the rows of c in that order; -1 stands for def.
func (c *Column) gathered(rows []int32, def cell, version uint64) *Column {
	b := newColumnBuilder(c.kind)
	for _, r := range rows {
		if r < 0 {
			b.add(def)
		} else {
			b.add(c.cell(int(r)))
		}
	}
	return b.finish(version)
}

// filled returns a column of n rows with the value def.
func filled(k schema.Kind, n int, def cell) *Column {
	b := newColumnBuilder(k)
	for range n {
		b.add(def)
	}
	return b.finish(0)
}

// At returns the text or encoded list of a row of a column without dictionary,
// given the number that Ints had for it.
func (c *Column) At(row int, number int64) []byte { return c.chunks[row/ChunkRows].texts.at(number) }
