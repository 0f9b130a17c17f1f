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

// A filler writes parts of an answer, for one worker.
type filler struct {
	r   *run
	buf *store.Buffer
	// the last segment, and its rows in joined tables, by join; own at 0
	ends [][]int32
	// room for a part of an answer that is encoded at once
	res lql.Result
}

// segment writes the values of a segment's rows to all columns of the answer.
func (f *filler) segment(res *lql.Result, seg *segment) {
	f.ends = append(f.ends[:0], make([][]int32, 1+len(f.r.table.Joins))...)
	for i, c := range f.r.columns {
		if c.none != lql.UnknownError {
			continue
		}
		o := seg.s.operand(c.ref)
		var rows []int32
		if place := seg.s.placeOf(c.ref); len(place.hops) == len(o.place.hops) {
			if f.ends[c.ref.join+1] == nil {
				f.ends[c.ref.join+1] = ends(o, seg.rows, f.buf)
			}
			rows = f.ends[c.ref.join+1]
		} else {
			rows = ends(o, seg.rows, f.buf)
		}
		f.r.fill(&res.Vectors[i], o, seg, rows, f.buf)
	}
}

// fill writes the values of an operand, by row of its own table, to a column
// of the answer.
func (r *run) fill(v *lql.Vector, o *operand, seg *segment, rows []int32, buf *store.Buffer) {
	place := func(k int) int {
		if seg.at != nil {
			return int(seg.at[k])
		}
		return seg.from + k
	}
	switch v.Kind {
	case lql.Ints, lql.Times:
		out := v.Ints[seg.from:min(len(v.Ints), seg.from+len(rows))]
		if seg.at != nil {
			out = make([]int64, len(rows))
		}
		fillInts(o, rows, out, buf)
		if v.Kind == lql.Times && r.shift != 0 {
			for k := range out {
				if out[k] != 0 {
					out[k] += r.shift
				}
			}
		}
		scatter(v.Ints, out, seg.at)
	case lql.Floats:
		for k, row := range rows {
			v.Floats[place(k)] = finite(o.floatAt(int(row)))
		}
	case lql.Texts:
		out := v.Texts[seg.from:min(len(v.Texts), seg.from+len(rows))]
		if seg.at != nil {
			out = make([]string, len(rows))
		}
		fillTexts(o, rows, out, buf)
		scatter(v.Texts, out, seg.at)
	default:
		fillObjects(o, rows, buf, func(k int, x any) { v.Objects[place(k)] = x })
	}
}

// scatter writes values to their places in a sorted answer.
func scatter[T any](dst, vals []T, at []int32) {
	for k, p := range at {
		dst[p] = vals[k]
	}
}

// ends follows the references of an operand from rows of the query's table.
func ends(o *operand, rows []int32, buf *store.Buffer) []int32 {
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
		h.EachNumbers(out, buf, func(k int, numbers []int64) {
			for i, n := range numbers {
				next[k+i] = int32(n)
			}
		})
		out = next
	}
	return out
}

func fillInts(o *operand, rows []int32, out []int64, buf *store.Buffer) {
	if o.col == nil {
		for k, row := range rows {
			out[k] = o.intAt(int(row))
		}
		return
	}
	o.col.EachNumbers(rows, buf, func(k int, numbers []int64) {
		copy(out[k:], numbers)
		if rows[k] < 0 {
			clear(out[k : k+len(numbers)])
		}
	})
}

// textOfBytes returns b as a string that shares its memory, which belongs to a
// snapshot and never changes.
func textOfBytes(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func fillTexts(o *operand, rows []int32, out []string, buf *store.Buffer) {
	switch {
	case o.constant() && len(o.place.hops) == 0 && o.place.table != nil:
		text := textOfBytes(o.bytesAt(0))
		for k := range rows {
			out[k] = text
		}
	case o.col != nil && o.col.Dict() != nil && o.xform == nil:
		d := o.col.Dict()
		o.col.EachNumbers(rows, buf, func(k int, numbers []int64) {
			for i, n := range numbers {
				out[k+i] = ""
				if n >= 0 {
					out[k+i] = d.Text(int(n))
				}
			}
		})
	case o.col != nil && o.xform == nil:
		o.col.EachNumbers(rows, buf, func(k int, numbers []int64) { plainTexts(o.col, rows[k:], numbers, out[k:]) })
	default:
		for k, row := range rows {
			if k > 0 && row == rows[k-1] {
				out[k] = out[k-1]
			} else {
				out[k] = textOfBytes(o.bytesAt(int(row)))
			}
		}
	}
}

// plainTexts reads texts of a column without dictionary, given their numbers.
func plainTexts(c *store.Column, rows []int32, numbers []int64, out []string) {
	for i, n := range numbers {
		switch {
		case rows[i] < 0:
			out[i] = ""
		case i > 0 && rows[i] == rows[i-1]:
			out[i] = out[i-1]
		default:
			out[i] = textOfBytes(c.At(int(rows[i]), n))
		}
	}
}

func fillObjects(o *operand, rows []int32, buf *store.Buffer, fn func(k int, x any)) {
	if o.col == nil || o.col.Dict() == nil {
		for k, row := range rows {
			fn(k, decode(o.kind, o.bytesAt(int(row))))
		}
		return
	}
	known := map[int64]any{}
	o.col.EachNumbers(rows, buf, func(k int, numbers []int64) {
		for i, n := range numbers {
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
			fn(k+i, x)
		}
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
