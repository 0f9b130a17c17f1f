package store

import "unsafe"

// within8 is withinN for bytes, eight at a time: the packed words are compared
// with arithmetic on all their bytes at once.
func within8(d []uint8, lo, hi uint8, out *Bits) {
	words := len(d) / 8
	if lo != hi && lo != 0 {
		withinN(d, lo, hi, out)
		return
	}
	src := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(d))), words)
	if lo == hi {
		same := uint64(lo) * ones
		for i, v := range src {
			out[i>>3] |= gather(zeroBytes(v^same)) << (uint(i) & 7 * 8)
		}
	} else {
		for i, v := range src {
			out[i>>3] |= gather(atMost(v, hi)) << (uint(i) & 7 * 8)
		}
	}
	for i := words * 8; i < len(d); i++ {
		if d[i] >= lo && d[i] <= hi {
			out.Set(i)
		}
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	lows  = highs - ones
)

// zeroBytes returns the high bit of every byte of v that is zero.
func zeroBytes(v uint64) uint64 { return ^((v&lows + lows) | v | lows) }

// atMost returns the high bit of every byte of v that is at most hi.
func atMost(v uint64, hi uint8) uint64 {
	if hi < 0x80 { // a byte is larger if its high bit is set or its rest is
		return ^((v&lows + uint64(0x7f-hi)*ones) | v) & highs
	}
	return (^(v&lows + uint64(0xff-hi)*ones) | ^v) & highs
}

// gather moves the high bits of the eight bytes of v into one byte.
func gather(v uint64) uint64 { return (v >> 7) * 0x0102040810204080 >> 56 }
