package store

import "math"

// Sums are the sum and the limits of some numbers.
type Sums struct {
	N        int
	Sum      float64
	Min, Max float64 // undefined while N is 0
	Whole    int64   // the sum, limits, of Int, Bool and Time columns
	Lo, Hi   int64
	Overflow bool // Whole is too large for 64 bits
}

func (s *Sums) float(f float64) {
	if s.N == 0 || f < s.Min {
		s.Min = f
	}
	if s.N == 0 || f > s.Max {
		s.Max = f
	}
	s.N++
	s.Sum += f
}

func (s *Sums) int(v int64) {
	if s.N == 0 || v < s.Lo {
		s.Lo = v
	}
	if s.N == 0 || v > s.Hi {
		s.Hi = v
	}
	s.N++
	s.Sum += float64(v)
	sum := s.Whole + v
	s.Overflow = s.Overflow || (v > 0) != (sum > s.Whole) && v != 0
	s.Whole = sum
}

// Sum adds up the rows of a chunk that are set. Distances from the chunk's base
// are added as they are packed, without looking at them as floats.
func (c *Column) Sum(chunk int, rows *Bits) Sums {
	k := c.chunks[chunk]
	var s Sums
	float := c.st == floats
	mask := *rows
	if p := k.patches; p != nil {
		for j, i := range p.idx {
			if !mask.Get(int(i)) {
				continue
			}
			mask.Put(int(i), false)
			if float {
				s.float(math.Float64frombits(uint64(p.val[j])))
			} else {
				s.int(p.val[j])
			}
		}
	}
	n := mask.Count()
	if n == 0 {
		return s
	}
	if k.w == w64 || float && k.exp == rawFloat {
		for i := range int(k.n) {
			switch {
			case !mask.Get(i):
			case float:
				s.float(k.unscale(k.raw(i)))
			default:
				s.int(k.raw(i))
			}
		}
		return s
	}
	sum, lo, hi := k.distances(&mask, n)
	k.addDistances(&s, n, sum, lo, hi, float)
	return s
}

// addDistances adds n packed values, given the sum and limits of their
// distances from the base.
func (k *chunk) addDistances(s *Sums, n int, sum, lo, hi uint64, float bool) {
	total := float64(k.base)*float64(n) + float64(sum)
	from, to := k.base+int64(lo), k.base+int64(hi)
	if float {
		if abs(k.base) < 1<<52/ChunkRows { // exact in integers
			total = float64(k.base*int64(n) + int64(sum))
		}
		f, t := k.unscale(from), k.unscale(to)
		if s.N == 0 {
			s.Min, s.Max = f, t
		}
		s.Min, s.Max = min(s.Min, f), max(s.Max, t)
		s.Sum += total / pow10[k.exp]
		s.N += n
		return
	}
	if s.N == 0 {
		s.Lo, s.Hi = from, to
	}
	s.Lo, s.Hi = min(s.Lo, from), max(s.Hi, to)
	s.Sum += total
	s.N += n
	if math.Abs(total)+math.Abs(float64(s.Whole)) > 1<<62 {
		s.Overflow = true
	}
	s.Whole += k.base*int64(n) + int64(sum)
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}

// distances returns the sum and the limits of the n distances set in mask.
func (k *chunk) distances(mask *Bits, n int) (sum, lo, hi uint64) {
	switch k.w {
	case wBit:
		ones := 0
		for w := range k.data {
			m := Bits{k.data[w] & mask[w]}
			ones += m.Count()
		}
		if ones > 0 {
			hi = 1
		}
		if ones == n {
			lo = 1
		}
		return uint64(ones), lo, hi
	case w8:
		return sumOf(view8(k.data)[:k.n], mask, n)
	case w16:
		return sumOf(view16(k.data)[:k.n], mask, n)
	case w32:
		return sumOf(view32(k.data)[:k.n], mask, n)
	}
	return 0, 0, 0
}

func sumOf[T uint8 | uint16 | uint32](d []T, mask *Bits, n int) (sum, lo, hi uint64) {
	least, most := ^T(0), T(0)
	if n == len(d) {
		for _, v := range d {
			sum += uint64(v)
			least, most = min(least, v), max(most, v)
		}
		return sum, uint64(least), uint64(most)
	}
	for w, m := range mask {
		if m == 0 {
			continue
		}
		part := d[w*64 : min(len(d), w*64+64)]
		for i, v := range part {
			if m>>uint(i)&1 != 0 {
				sum += uint64(v)
				least, most = min(least, v), max(most, v)
			}
		}
	}
	return sum, uint64(least), uint64(most)
}

// A Buffer is room for reading columns, for one goroutine.
type Buffer struct{ all, some [ChunkRows]int64 }

// EachNumbers reads the numbers of many rows: it calls fn for runs of rows that
// follow each other in rows, with the place of the first and their numbers,
// which are valid during the call only. A negative row has the number -1.
func (c *Column) EachNumbers(rows []int32, buf *Buffer, fn func(k int, numbers []int64)) {
	all, some := &buf.all, &buf.some
	for k := 0; k < len(rows); {
		no := rows[k] / ChunkRows
		end := k + 1
		for end < len(rows) && end-k < ChunkRows && rows[end]/ChunkRows == no && (rows[end] >= 0) == (rows[k] >= 0) {
			end++
		}
		part, out := rows[k:end], some[:end-k]
		switch {
		case part[0] < 0:
			for i := range out {
				out[i] = -1
			}
		case c.chunks[no].w == wConst && c.chunks[no].patches == nil:
			for i := range out {
				out[i] = c.chunks[no].base
			}
		case len(part) < ChunkRows/12:
			for i, r := range part {
				out[i] = c.chunks[no].int(int(r) % ChunkRows)
			}
		default:
			vals := c.chunks[no].ints(all[:])
			if first := part[0] % ChunkRows; len(part) == len(vals) && first == 0 && int(part[len(part)-1])%ChunkRows == len(vals)-1 && ascending(part) {
				out = vals
				break
			}
			for i, r := range part {
				out[i] = vals[r%ChunkRows]
			}
		}
		fn(k, out)
		k = end
	}
}

func ascending(rows []int32) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i] != rows[i-1]+1 {
			return false
		}
	}
	return true
}
