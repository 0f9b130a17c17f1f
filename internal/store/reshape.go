package store

// A reshaper makes a column of the rows of another one, and of new ones.
type reshaper struct {
	from, add *Column
	def       cell
	dict      *Dict // of the new column
	vals      [ChunkRows]int64
	texts     [][]byte // plain columns
	held      [ChunkRows]int64
	holding   int // chunk of from that is unpacked in held, -1: none
}

// reshaped returns the column of rows of c (or, negative, ^row of add, which
// may be nil: def), in that order.
func (c *Column) reshaped(rows []int32, add *Column, def cell, version uint64) *Column {
	r := &reshaper{from: c, add: add, def: def, dict: c.dict, holding: -1}
	next := &Column{kind: c.kind, st: c.st, n: len(rows), dict: c.dict, built: c.built, version: version}
	next.chunks = make([]*chunk, 0, (len(rows)+ChunkRows-1)/ChunkRows)
	for at := 0; at < len(rows); at += ChunkRows {
		part := rows[at:min(len(rows), at+ChunkRows)]
		next.chunks = append(next.chunks, r.chunk(part, at/ChunkRows))
	}
	next.dict = r.dict
	if next.dict != nil && next.dict.Len() > 2*next.built+256 {
		return next.rebuild(version)
	}
	return next
}

// chunk returns the chunk with that number in the new column.
func (r *reshaper) chunk(rows []int32, number int) *chunk {
	if number < len(r.from.chunks) && int(r.from.chunks[number].n) == len(rows) && consecutive(rows, number*ChunkRows) {
		return r.from.chunks[number]
	}
	if v, ok := r.constant(rows); ok {
		return &chunk{n: uint16(len(rows)), base: v}
	}
	if r.from.st == plain {
		if src := r.source(rows); src >= 0 {
			return r.moved(rows, src)
		}
		r.texts = r.texts[:0]
		for _, row := range rows {
			r.texts = append(r.texts, r.text(row))
		}
		return packTexts(r.texts)
	}
	for i := 0; i < len(rows); {
		n := run(rows[i:])
		r.vals[i] = r.value(rows[i]) // has the chunk of the run in held
		if n > 1 {
			copy(r.vals[i:i+n], r.held[rows[i]%ChunkRows:])
		}
		i += n
	}
	return pack(r.vals[:len(rows)], r.from.st == floats)
}

// run returns how many of the first rows follow each other in one chunk; 1 for
// a new row.
func run(rows []int32) int {
	n, first := 1, rows[0]
	if first < 0 {
		return 1
	}
	for n < len(rows) && rows[n] == first+int32(n) && rows[n]/ChunkRows == first/ChunkRows {
		n++
	}
	return n
}

// source returns the chunk that more than three quarters of its own rows and of
// the given ones have in common, -1: none. No other chunk has the same source.
func (r *reshaper) source(rows []int32) int {
	middle := rows[len(rows)/2]
	if middle < 0 {
		return -1
	}
	src, same := middle/ChunkRows, 0
	for _, row := range rows {
		if row >= 0 && row/ChunkRows == src {
			same++
		}
	}
	if 4*same <= 3*len(rows) || 4*same <= 3*int(r.from.chunks[src].n) {
		return -1
	}
	return int(src)
}

// moved returns a chunk of rows most of which are those of chunk src: their
// texts stay where they are, and those of the others are added.
func (r *reshaper) moved(rows []int32, src int) *chunk {
	k := r.from.chunks[src]
	t := k.texts.successor()
	var gone Bits
	gone.Fill(int(k.n))
	for i, row := range rows {
		if row >= 0 && int(row)/ChunkRows == src {
			r.vals[i] = r.value(row)
			gone[row%ChunkRows>>6] &^= 1 << (uint(row) & 63)
		} else {
			r.vals[i] = t.add(r.text(row))
		}
	}
	for i := range int(k.n) {
		if gone.Get(i) {
			t.drop(k.int(i))
		}
	}
	c := pack(r.vals[:len(rows)], false)
	c.texts = t
	if t.stale() {
		return rewriteTexts(c)
	}
	return c
}

// consecutive reports whether rows are first and those that follow it.
func consecutive(rows []int32, first int) bool {
	for i, row := range rows {
		if int(row) != first+i {
			return false
		}
	}
	return true
}

// constant returns the packed value of all rows when it is plain from their
// chunks that it is the same. Floats and texts are left to be packed.
func (r *reshaper) constant(rows []int32) (v int64, ok bool) {
	if r.from.st == floats || r.from.st == plain {
		return 0, false
	}
	last := int32(-1)
	for i, row := range rows {
		if row < 0 {
			return 0, false
		}
		no := row / ChunkRows
		if no == last {
			continue
		}
		last = no
		c, same := r.from.Constant(int(no))
		if !same || i > 0 && c != v {
			return 0, false
		}
		v = c
	}
	return v, true
}

// value returns what the chunk of the new column has for a row.
func (r *reshaper) value(row int32) int64 {
	if row < 0 {
		v := r.def
		if r.add != nil {
			v = r.add.cell(int(^row))
		}
		if r.from.st != coded {
			return v.num
		}
		if r.dict == r.from.dict {
			r.dict = r.dict.successor()
		}
		return r.dict.intern(v.bytes)
	}
	if no := int(row) / ChunkRows; r.holding != no {
		r.from.chunks[no].bitsOf(r.held[:], r.from.st == floats)
		r.holding = no
	}
	return r.held[row%ChunkRows]
}

// text is value for plain columns.
func (r *reshaper) text(row int32) []byte {
	switch {
	case row >= 0:
		return r.from.chunks[row/ChunkRows].texts.at(r.value(row))
	case r.add != nil:
		return r.add.Bytes(int(^row))
	}
	return r.def.bytes
}
