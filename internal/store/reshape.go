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
		r.texts = r.texts[:0]
		for _, row := range rows {
			r.texts = append(r.texts, r.text(row))
		}
		return packTexts(r.texts)
	}
	for i, row := range rows {
		r.vals[i] = r.value(row)
	}
	return pack(r.vals[:len(rows)], r.from.st == floats)
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
