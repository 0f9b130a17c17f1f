package store

import (
	"math"
	"slices"
	"unsafe"
)

// width says how the values of a chunk are packed: as distances from the
// chunk's base, in the fewest bits that hold the largest one.
type width uint8

const (
	wConst width = iota // every value is base
	wBit
	w8
	w16
	w32
	w64
)

// maxPatches is how many changed rows a chunk carries beside its packed values
// before it is packed anew, and sparseMax how many exceptions a chunk of
// otherwise equal values starts with.
const (
	maxPatches = 128
	sparseMax  = 48
)

// rawFloat is the exponent of a chunk that holds float64 bit patterns.
const rawFloat = -1

// A chunk holds up to ChunkRows values of a column. It never changes after it
// was published. Values are int64: numbers as they are, floats as decimal
// integers to be divided by ten to the power of exp (or bit patterns), texts as
// dictionary numbers or as places in blocks.
type chunk struct {
	w       width
	exp     int8 // floats only: decimal places, or rawFloat
	n       uint16
	base    int64
	data    []uint64 // packed distances from base
	patches *patches // later values of single rows, nil: none
	texts   *texts   // plain text columns only
}

// patches are rows whose value differs from the packed one, by rising index.
// Values of float columns are bit patterns.
type patches struct {
	idx []uint16
	val []int64
}

func view8(d []uint64) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*8)
}

func view16(d []uint64) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*4)
}

func view32(d []uint64) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(d))), len(d)*2)
}

// pack makes a chunk of values. For floats they are bit patterns.
func pack(vals []int64, float bool) *chunk {
	c := &chunk{n: uint16(len(vals)), exp: 0}
	if float {
		var scaled [ChunkRows]int64
		c.exp = scale(vals, scaled[:len(vals)])
		if c.exp != rawFloat {
			c.packInts(scaled[:len(vals)], vals)
			return c
		}
	}
	c.packInts(vals, vals)
	return c
}

// packInts packs vals; patch holds what a patch of the same row would hold.
func (c *chunk) packInts(vals, patch []int64) {
	if len(vals) == 0 {
		return
	}
	lo, hi := vals[0], vals[0]
	for _, v := range vals {
		lo, hi = min(lo, v), max(hi, v)
	}
	c.base = lo
	span := uint64(hi) - uint64(lo)
	if span == 0 {
		return
	}
	if c.packSparse(vals, patch, span) {
		return
	}
	words := func(perWord int) int { return (len(vals) + perWord - 1) / perWord }
	switch {
	case span == 1:
		c.w, c.data = wBit, make([]uint64, words(64))
		for i, v := range vals {
			c.data[i>>6] |= uint64(v-lo) << (uint(i) & 63)
		}
	case span <= math.MaxUint8:
		c.w, c.data = w8, make([]uint64, words(8))
		d := view8(c.data)
		for i, v := range vals {
			d[i] = uint8(v - lo)
		}
	case span <= math.MaxUint16:
		c.w, c.data = w16, make([]uint64, words(4))
		d := view16(c.data)
		for i, v := range vals {
			d[i] = uint16(v - lo)
		}
	case span <= math.MaxUint32:
		c.w, c.data = w32, make([]uint64, words(2))
		d := view32(c.data)
		for i, v := range vals {
			d[i] = uint32(v - lo)
		}
	default:
		c.w, c.base, c.data = w64, 0, make([]uint64, len(vals))
		for i, v := range vals {
			c.data[i] = uint64(v)
		}
	}
}

// packSparse packs vals as one value with few exceptions, if they are so.
func (c *chunk) packSparse(vals, patch []int64, span uint64) bool {
	limit := min(sparseMax, len(vals)/16)
	switch {
	case span == 1:
		limit = min(limit, len(vals)/64)
	case span <= math.MaxUint8:
		limit = min(limit, len(vals)/20)
	}
	if limit == 0 {
		return false
	}
	common, lead := vals[0], 0
	for _, v := range vals { // the majority, if there is one
		switch {
		case lead == 0:
			common, lead = v, 1
		case v == common:
			lead++
		default:
			lead--
		}
	}
	n := 0
	for _, v := range vals {
		if v != common {
			if n++; n > limit {
				return false
			}
		}
	}
	p := &patches{idx: make([]uint16, 0, n), val: make([]int64, 0, n)}
	for i, v := range vals {
		if v != common {
			p.idx, p.val = append(p.idx, uint16(i)), append(p.val, patch[i])
		}
	}
	c.base, c.patches = common, p
	return true
}

// pow10 are the divisors of scaled floats; all are exact.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10}

// scale finds the fewest decimal places that write all floats (given as bit
// patterns) as integers, exactly. It returns rawFloat if there are none.
func scale(vals, out []int64) int8 {
	exp := 0
	for _, v := range vals {
		f := math.Float64frombits(uint64(v))
		for !exact(f, exp) {
			if exp++; exp == len(pow10) {
				return rawFloat
			}
		}
	}
	for i, v := range vals {
		f := math.Float64frombits(uint64(v))
		if !exact(f, exp) {
			return rawFloat
		}
		out[i] = int64(math.Round(f * pow10[exp]))
	}
	return int8(exp)
}

func exact(f float64, exp int) bool {
	r := math.Round(f * pow10[exp])
	return math.Abs(r) < 1<<53 && r/pow10[exp] == f && !(r == 0 && math.Signbit(f))
}

// raw returns the packed value of row i, patches aside. For floats it is the
// scaled value.
func (c *chunk) raw(i int) int64 {
	switch c.w {
	case wBit:
		return c.base + int64(c.data[i>>6]>>(uint(i)&63)&1)
	case w8:
		return c.base + int64(view8(c.data)[i])
	case w16:
		return c.base + int64(view16(c.data)[i])
	case w32:
		return c.base + int64(view32(c.data)[i])
	case w64:
		return int64(c.data[i])
	}
	return c.base
}

// patched returns the patch of row i.
func (c *chunk) patched(i int) (int64, bool) {
	if c.patches == nil {
		return 0, false
	}
	k, ok := slices.BinarySearch(c.patches.idx, uint16(i))
	if !ok {
		return 0, false
	}
	return c.patches.val[k], true
}

// int returns the value of row i of a column that holds no floats.
func (c *chunk) int(i int) int64 {
	if v, ok := c.patched(i); ok {
		return v
	}
	return c.raw(i)
}

// float returns the value of row i of a float column.
func (c *chunk) float(i int) float64 {
	if v, ok := c.patched(i); ok {
		return math.Float64frombits(uint64(v))
	}
	return c.unscale(c.raw(i))
}

func (c *chunk) unscale(v int64) float64 {
	if c.exp == rawFloat {
		return math.Float64frombits(uint64(v))
	}
	return float64(v) / pow10[c.exp]
}

// ints writes all values to dst, which must hold n, and returns that part.
func (c *chunk) ints(dst []int64) []int64 {
	dst = dst[:c.n]
	c.unpack(dst)
	if p := c.patches; p != nil {
		for k, i := range p.idx {
			dst[i] = p.val[k]
		}
	}
	return dst
}

func (c *chunk) unpack(dst []int64) {
	switch c.w {
	case wConst:
		for i := range dst {
			dst[i] = c.base
		}
	case wBit:
		for i := range dst {
			dst[i] = c.base + int64(c.data[i>>6]>>(uint(i)&63)&1)
		}
	case w8:
		for i, v := range view8(c.data)[:len(dst)] {
			dst[i] = c.base + int64(v)
		}
	case w16:
		for i, v := range view16(c.data)[:len(dst)] {
			dst[i] = c.base + int64(v)
		}
	case w32:
		for i, v := range view32(c.data)[:len(dst)] {
			dst[i] = c.base + int64(v)
		}
	case w64:
		for i, v := range c.data[:len(dst)] {
			dst[i] = int64(v)
		}
	}
}

// floats writes all values of a float column to dst.
func (c *chunk) floats(dst []float64) []float64 {
	dst = dst[:c.n]
	var tmp [ChunkRows]int64
	raw := tmp[:c.n]
	c.unpack(raw)
	if c.exp == rawFloat {
		for i, v := range raw {
			dst[i] = math.Float64frombits(uint64(v))
		}
	} else {
		d := pow10[c.exp]
		for i, v := range raw {
			dst[i] = float64(v) / d
		}
	}
	if p := c.patches; p != nil {
		for k, i := range p.idx {
			dst[i] = math.Float64frombits(uint64(p.val[k]))
		}
	}
	return dst
}

// bitsOf writes the values as update patches hold them: float columns as bit
// patterns.
func (c *chunk) bitsOf(dst []int64, float bool) []int64 {
	if !float {
		return c.ints(dst)
	}
	var tmp [ChunkRows]float64
	for i, f := range c.floats(tmp[:]) {
		dst[i] = int64(math.Float64bits(f))
	}
	return dst[:c.n]
}

// with returns a chunk in which the rows idx (rising) have the values val.
func (c *chunk) with(idx []uint16, val []int64, float bool) *chunk {
	old := c.patches
	if old == nil {
		old = &patches{}
	}
	p := &patches{idx: make([]uint16, 0, len(old.idx)+len(idx)), val: make([]int64, 0, len(old.idx)+len(idx))}
	for a, b := 0, 0; a < len(old.idx) || b < len(idx); {
		switch {
		case b == len(idx) || a < len(old.idx) && old.idx[a] < idx[b]:
			p.idx, p.val = append(p.idx, old.idx[a]), append(p.val, old.val[a])
			a++
		default:
			if a < len(old.idx) && old.idx[a] == idx[b] {
				a++
			}
			p.idx, p.val = append(p.idx, idx[b]), append(p.val, val[b])
			b++
		}
	}
	next := *c
	next.patches = p
	if len(p.idx) <= max(4, min(maxPatches, int(c.n)/8)) {
		return &next
	}
	var buf [ChunkRows]int64
	packed := pack(next.bitsOf(buf[:], float), float)
	packed.texts = c.texts
	return packed
}

// bytes returns the memory the chunk holds, without its texts.
func (c *chunk) bytes() int {
	n := int(unsafe.Sizeof(*c)) + 8*len(c.data)
	if c.patches != nil {
		n += int(unsafe.Sizeof(*c.patches)) + 2*cap(c.patches.idx) + 8*cap(c.patches.val)
	}
	return n
}
