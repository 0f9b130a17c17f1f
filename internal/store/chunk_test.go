package store

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var genVals = rapid.Custom(func(t *rapid.T) []int64 {
	n := rapid.SampledFrom([]int{1, 5, 63, 64, 65, 130, 1000, ChunkRows}).Draw(t, "n")
	lo := rapid.SampledFrom([]int64{0, -1, 100, math.MinInt64, 1790000000, math.MaxInt64 - 300}).Draw(t, "lo")
	span := rapid.SampledFrom([]int64{1, 2, 4, 200, 256, 60000, 1 << 20, 1 << 40}).Draw(t, "span")
	out := make([]int64, n)
	if rapid.Bool().Draw(t, "sparse") {
		for i := range out {
			out[i] = lo
		}
		for range 5 {
			out[rapid.IntRange(0, n-1).Draw(t, "at")] = lo + rapid.Int64Range(0, span).Draw(t, "v")
		}
		return out
	}
	for i := range out {
		out[i] = lo + int64(uint64(i*7919)%uint64(span))
	}
	return out
})

func TestChunkInts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vals := genVals.Draw(t, "vals")
		c := pack(vals, false)
		for range rapid.IntRange(0, 6).Draw(t, "updates") {
			var idx []uint16
			for range rapid.IntRange(1, 60).Draw(t, "changes") {
				idx = append(idx, uint16(rapid.IntRange(0, len(vals)-1).Draw(t, "i")))
			}
			slices.Sort(idx)
			idx = slices.Compact(idx)
			val := make([]int64, len(idx))
			for k, i := range idx {
				val[k] = rapid.SampledFrom([]int64{0, 1, vals[0], vals[i] + 1, math.MaxInt64}).Draw(t, "v")
				vals[i] = val[k]
			}
			c = c.with(idx, val, false)
		}
		var buf [ChunkRows]int64
		if got := c.ints(buf[:]); !slices.Equal(got, vals) {
			t.Fatalf("ints %v\nwant %v", got, vals)
		}
		lo, hi := rapid.SampledFrom(append([]int64{math.MinInt64, 0, 1, 3}, vals...)).Draw(t, "lo"), rapid.SampledFrom(append([]int64{math.MaxInt64, 0, 2}, vals...)).Draw(t, "hi")
		var out Bits
		c.within(lo, hi, &out)
		table := make([]bool, 300)
		for i := range table {
			table[i] = i%3 == 0
		}
		var look Bits
		c.lookup(table, &look)
		for i, v := range vals {
			if c.int(i) != v {
				t.Fatalf("int(%d) = %d, want %d", i, c.int(i), v)
			}
			if want := v >= lo && v <= hi; out.Get(i) != want {
				t.Fatalf("within(%d,%d) of row %d = %d is %v", lo, hi, i, v, !want)
			}
			if want := v >= 0 && v < 300 && v%3 == 0; look.Get(i) != want {
				t.Fatalf("lookup of row %d = %d is %v", i, v, !want)
			}
		}
		out[15] |= look[15]
		for i := len(vals); i < ChunkRows; i++ {
			if out.Get(i) {
				t.Fatalf("bit %d of %d rows is set", i, len(vals))
			}
		}
	})
}

func TestChunkFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		gen := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, 0.2, 0.000001, 12.5, 1e15, 1e300, -3.25, 1.0 / 3, 1790000000.123456})
		if rapid.Bool().Draw(t, "any") {
			gen = rapid.Float64()
		}
		fl := make([]float64, n)
		bits := make([]int64, n)
		for i := range fl {
			fl[i] = gen.Draw(t, "f")
			bits[i] = int64(math.Float64bits(fl[i]))
		}
		c := pack(bits, true)
		if rapid.Bool().Draw(t, "patch") {
			i := rapid.IntRange(0, n-1).Draw(t, "i")
			fl[i] = gen.Draw(t, "p")
			c = c.with([]uint16{uint16(i)}, []int64{int64(math.Float64bits(fl[i]))}, true)
		}
		lo, hi := gen.Draw(t, "lo"), gen.Draw(t, "hi")
		var out Bits
		c.floatWithin(lo, hi, &out)
		var buf [ChunkRows]float64
		all := c.floats(buf[:])
		for i, f := range fl {
			if math.Float64bits(all[i]) != math.Float64bits(f) || math.Float64bits(c.float(i)) != math.Float64bits(f) {
				t.Fatalf("row %d: %v %v, want %v", i, all[i], c.float(i), f)
			}
			if want := f >= lo && f <= hi; out.Get(i) != want {
				t.Fatalf("row %d: %v in [%v,%v]: %v", i, f, lo, hi, !want)
			}
		}
	})
}

func TestWithin8(t *testing.T) {
	d := make([]uint8, 1024)
	for i := range d {
		d[i] = uint8(i * 37)
	}
	for lo := range 256 {
		for _, hi := range []int{lo, lo + 1, 255, 127, 128, 3} {
			if hi > 255 || hi < lo {
				continue
			}
			var a, b Bits
			within8(d[:1019], uint8(lo), uint8(hi), &a)
			withinN(d[:1019], uint8(lo), uint8(hi), &b)
			if a != b {
				t.Fatalf("within8(%d,%d)", lo, hi)
			}
		}
	}
}

func TestSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vals := genVals.Draw(t, "vals")
		float := rapid.Bool().Draw(t, "float")
		c := &Column{n: len(vals), st: numbers}
		stored := slices.Clone(vals)
		if float {
			c.st = floats
			for i, v := range vals {
				vals[i] = v % 100000
				stored[i] = int64(math.Float64bits(float64(vals[i]) / 100))
			}
		}
		c.chunks = []*chunk{pack(stored, float)}
		at := rapid.IntRange(0, len(vals)-1).Draw(t, "at")
		vals[at] = 5
		five := int64(5)
		if float {
			five = int64(math.Float64bits(0.05))
		}
		c.chunks[0] = c.chunks[0].with([]uint16{uint16(at)}, []int64{five}, float)
		var rows Bits
		step := rapid.SampledFrom([]int{1, 3}).Draw(t, "step")
		var want Sums
		for i := 0; i < len(vals); i += step {
			rows.Set(i)
			if float {
				want.float(float64(vals[i]) / 100)
			} else {
				want.int(vals[i])
			}
		}
		got := c.Sum(0, &rows)
		if got.N != want.N || math.Abs(got.Sum-want.Sum) > 1e-9*math.Abs(want.Sum)+1e-9 || got.Min != want.Min || got.Max != want.Max {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		if !got.Overflow && !want.Overflow && got.Whole != want.Whole || got.Lo != want.Lo || got.Hi != want.Hi {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		rowNos := make([]int32, 0, len(vals))
		for i := 0; i < len(vals); i += step {
			rowNos = append(rowNos, int32(i))
		}
		rowNos = append(rowNos, -1)
		if !float {
			c.EachNumbers(rowNos, &Buffer{}, func(k int, n []int64) {
				for i, v := range n {
					want := int64(-1)
					if r := rowNos[k+i]; r >= 0 {
						want = vals[r]
					}
					if v != want {
						t.Fatalf("EachNumbers: row %d is %d, want %d", rowNos[k+i], v, want)
					}
				}
			})
		}
	})
}
