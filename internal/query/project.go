package query

import (
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"unsafe"
)

// newVector makes a column of an answer of n rows.
func newVector(name string, k schema.Kind, n int) lql.Vector {
	v := lql.Vector{Name: name}
	switch k {
	case schema.Bool, schema.Int:
		v.Kind, v.Ints = lql.Ints, make([]int64, n)
	case schema.Time:
		v.Kind, v.Ints = lql.Times, make([]int64, n)
	case schema.Float:
		v.Kind, v.Floats = lql.Floats, make([]float64, n)
	case schema.Text:
		v.Kind, v.Texts = lql.Texts, make([]string, n)
	default:
		v.Kind, v.Objects, v.Dict = lql.Objects, make([]any, n), k == schema.Dict
	}
	return v
}

// fill writes the values of a segment's rows to a column of the answer.
func (r *run) fill(v *lql.Vector, ref colRef, seg *segment) {
	o := seg.s.operand(ref)
	place := func(k int) int {
		if seg.at != nil {
			return int(seg.at[k])
		}
		return seg.from + k
	}
	rows := ends(o, seg.rows)
	switch v.Kind {
	case lql.Ints, lql.Times:
		fillInts(o, rows, func(k int, n int64) { v.Ints[place(k)] = n })
		if v.Kind == lql.Times && r.shift != 0 {
			for k := range rows {
				if p := &v.Ints[place(k)]; *p != 0 {
					*p += r.shift
				}
			}
		}
	case lql.Floats:
		for k, row := range rows {
			v.Floats[place(k)] = finite(o.floatAt(int(row)))
		}
	case lql.Texts:
		fillTexts(o, rows, func(k int, s string) { v.Texts[place(k)] = s })
	default:
		fillObjects(o, rows, func(k int, x any) { v.Objects[place(k)] = x })
	}
}

// ends follows the references of an operand from rows of the query's table.
func ends(o *operand, rows []int32) []int32 {
	if len(o.place.hops) == 0 && o.place.table != nil {
		return rows
	}
	out := make([]int32, len(rows))
	if o.place.table == nil {
		for k := range out {
			out[k] = -1
		}
		return out
	}
	copy(out, rows)
	for _, h := range o.place.hops {
		if h == nil {
			for k := range out {
				out[k] = -1
			}
			return out
		}
		next := make([]int32, len(out))
		numbersOf(h, out, func(k int, n int64) { next[k] = int32(n) })
		out = next
	}
	return out
}

// numbersOf reads numbers of a column, a chunk at a time where many rows of a
// chunk follow each other. Rows below 0 give -1.
func numbersOf(c *store.Column, rows []int32, fn func(k int, n int64)) {
	var buf [store.ChunkRows]int64
	for k := 0; k < len(rows); {
		if rows[k] < 0 {
			fn(k, -1)
			k++
			continue
		}
		chunk := rows[k] / store.ChunkRows
		end := k
		for end < len(rows) && rows[end] >= 0 && rows[end]/store.ChunkRows == chunk {
			end++
		}
		if end-k < 24 {
			for ; k < end; k++ {
				fn(k, c.Int(int(rows[k])))
			}
			continue
		}
		vals := c.Ints(int(chunk), buf[:])
		for ; k < end; k++ {
			fn(k, vals[rows[k]%store.ChunkRows])
		}
	}
}

func fillInts(o *operand, rows []int32, fn func(k int, n int64)) {
	if o.col == nil {
		for k, row := range rows {
			fn(k, o.intAt(int(row)))
		}
		return
	}
	numbersOf(o.col, rows, func(k int, n int64) {
		if rows[k] < 0 {
			n = 0
		}
		fn(k, n)
	})
}

// textOfBytes returns b as a string that shares its memory, which belongs to a
// snapshot and never changes.
func textOfBytes(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func fillTexts(o *operand, rows []int32, fn func(k int, s string)) {
	if o.col == nil || o.col.Dict() == nil {
		if o.col == nil || o.xform != nil {
			for k, row := range rows {
				fn(k, textOfBytes(o.bytesAt(int(row))))
			}
			return
		}
		plainTexts(o.col, rows, fn)
		return
	}
	d := o.col.Dict()
	known := map[int64]string{}
	numbersOf(o.col, rows, func(k int, n int64) {
		switch {
		case n < 0:
			fn(k, "")
		case o.xform == nil:
			fn(k, d.Text(int(n)))
		default:
			s, ok := known[n]
			if !ok {
				s = textOfBytes(o.xform(d.Bytes(int(n))))
				known[n] = s
			}
			fn(k, s)
		}
	})
}

// plainTexts reads texts of a column without dictionary.
func plainTexts(c *store.Column, rows []int32, fn func(k int, s string)) {
	numbersOf(c, rows, func(k int, n int64) {
		if rows[k] < 0 {
			fn(k, "")
			return
		}
		fn(k, textOfBytes(c.At(int(rows[k]), n)))
	})
}

func fillObjects(o *operand, rows []int32, fn func(k int, x any)) {
	if o.col == nil || o.col.Dict() == nil {
		for k, row := range rows {
			fn(k, decode(o.kind, o.bytesAt(int(row))))
		}
		return
	}
	known := map[int64]any{}
	numbersOf(o.col, rows, func(k int, n int64) {
		x, ok := known[n]
		if !ok {
			var b []byte
			if n >= 0 {
				b = o.col.Dict().Bytes(int(n))
				if o.xform != nil {
					b = o.xform(b)
				}
			}
			x = decode(o.kind, b)
			known[n] = x
		}
		fn(k, x)
	})
}

// decode makes the object of an encoded list.
func decode(k schema.Kind, b []byte) any {
	switch k {
	case schema.TextList:
		return store.DecodeTexts(b)
	case schema.IntList:
		return store.DecodeInts(b)
	case schema.Tuples:
		return store.DecodeTuples(b)
	}
	return store.DecodePairs(b)
}
