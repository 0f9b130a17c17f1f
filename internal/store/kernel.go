package store

import (
	"math"
	"sort"
)

// within sets out to the rows whose value lies in [lo, hi]; all other bits are
// cleared. Values are those of ints.
func (c *chunk) within(lo, hi int64, out *Bits) {
	*out = Bits{}
	c.packedWithin(lo, hi, out)
	if p := c.patches; p != nil {
		for k, i := range p.idx {
			out.Put(int(i), p.val[k] >= lo && p.val[k] <= hi)
		}
	}
}

func (c *chunk) packedWithin(lo, hi int64, out *Bits) {
	if lo > hi {
		return
	}
	n := int(c.n)
	if c.w == w64 {
		for i, v := range c.data[:n] {
			if int64(v) >= lo && int64(v) <= hi {
				out[i>>6] |= 1 << (uint(i) & 63)
			}
		}
		return
	}
	var limit uint64 // largest distance the width can hold
	switch c.w {
	case wBit:
		limit = 1
	case w8:
		limit = math.MaxUint8
	case w16:
		limit = math.MaxUint16
	case w32:
		limit = math.MaxUint32
	}
	if hi < c.base {
		return
	}
	from := uint64(0)
	if lo > c.base {
		from = uint64(lo) - uint64(c.base)
	}
	to := uint64(hi) - uint64(c.base)
	if from > limit {
		return
	}
	to = min(to, limit)
	if from == 0 && to == limit {
		out.Fill(n)
		return
	}
	switch c.w {
	case wBit:
		copy(out[:], c.data)
		if from == 0 { // the zeros
			for w := range out {
				out[w] = ^out[w]
			}
			maskTail(out, n)
		}
	case w8:
		within8(view8(c.data)[:n], uint8(from), uint8(to), out)
	case w16:
		withinN(view16(c.data)[:n], uint16(from), uint16(to), out)
	case w32:
		withinN(view32(c.data)[:n], uint32(from), uint32(to), out)
	}
}

func maskTail(out *Bits, n int) {
	var m Bits
	m.Fill(n)
	for w := range out {
		out[w] &= m[w]
	}
}

func withinN[T uint8 | uint16 | uint32](d []T, lo, hi T, out *Bits) {
	span := hi - lo
	for w := 0; len(d) > 0; w++ {
		part := d[:min(64, len(d))]
		d = d[len(part):]
		var x uint64
		for i, v := range part {
			var b uint64
			if v-lo <= span {
				b = 1
			}
			x |= b << (uint(i) & 63)
		}
		out[w] = x
	}
}

// lookup sets out to the rows whose value v has table[v] true; values outside
// the table give false.
func (c *chunk) lookup(table []bool, out *Bits) {
	*out = Bits{}
	n := int(c.n)
	at := func(v int64) bool { return v >= 0 && v < int64(len(table)) && table[v] }
	switch c.w {
	case wConst:
		if at(c.base) {
			out.Fill(n)
		}
	case wBit:
		zero, one := at(c.base), at(c.base+1)
		for w := range c.data {
			if one {
				out[w] |= c.data[w]
			}
			if zero {
				out[w] |= ^c.data[w]
			}
		}
		maskTail(out, n)
	case w8:
		var t [256]uint8
		for i := range t {
			if at(c.base + int64(i)) {
				t[i] = 1
			}
		}
		for i, v := range view8(c.data)[:n] {
			out[i>>6] |= uint64(t[v]) << (uint(i) & 63)
		}
	case w16:
		for i, v := range view16(c.data)[:n] {
			if k := uint64(c.base + int64(v)); k < uint64(len(table)) && table[k] {
				out[i>>6] |= 1 << (uint(i) & 63)
			}
		}
	default:
		for i := range n {
			if at(c.raw(i)) {
				out[i>>6] |= 1 << (uint(i) & 63)
			}
		}
	}
	if p := c.patches; p != nil {
		for k, i := range p.idx {
			out.Put(int(i), at(p.val[k]))
		}
	}
}

// floatWithin sets out to the rows whose float lies in [lo, hi].
func (c *chunk) floatWithin(lo, hi float64, out *Bits) {
	*out = Bits{}
	in := func(f float64) bool { return f >= lo && f <= hi }
	if c.exp == rawFloat {
		for i := range int(c.n) {
			out.Put(i, in(c.unscale(c.raw(i))))
		}
	} else if from, to, ok := c.scaledRange(lo, hi); ok {
		c.packedWithin(from, to, out)
	}
	if p := c.patches; p != nil {
		for k, i := range p.idx {
			out.Put(int(i), in(math.Float64frombits(uint64(p.val[k]))))
		}
	}
}

// scaledRange returns the scaled values whose floats lie in [lo, hi]. Scaled
// values are below 2^53 in amount and grow with their floats.
func (c *chunk) scaledRange(lo, hi float64) (from, to int64, ok bool) {
	const top = 1 << 53
	first := func(f float64, after bool) int64 { // smallest scaled value at or after f
		return int64(sort.Search(2*top, func(k int) bool {
			v := c.unscale(int64(k) - top)
			if after {
				return v > f
			}
			return v >= f
		})) - top
	}
	if math.IsNaN(lo) || math.IsNaN(hi) {
		return 0, 0, false
	}
	from, to = first(lo, false), first(hi, true)-1
	return from, to, from <= to
}
