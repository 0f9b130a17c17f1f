package store

import "math/bits"

// ChunkRows is how many rows of a column lie in one chunk, and so how many
// rows a query looks at in one step.
const ChunkRows = 1024

// Bits is one bit for each row of a chunk. Bits of rows beyond the end of the
// table are always zero in what this package returns.
type Bits [ChunkRows / 64]uint64

// Count returns how many bits are set.
func (b *Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Any reports whether a bit is set.
func (b *Bits) Any() bool {
	for _, w := range b {
		if w != 0 {
			return true
		}
	}
	return false
}

// Get reports whether bit i is set.
func (b *Bits) Get(i int) bool { return b[i>>6]>>(uint(i)&63)&1 != 0 }

// Set sets bit i.
func (b *Bits) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Put sets bit i to on.
func (b *Bits) Put(i int, on bool) {
	m := uint64(1) << (uint(i) & 63)
	if on {
		b[i>>6] |= m
	} else {
		b[i>>6] &^= m
	}
}

// Fill sets the first n bits and clears the others.
func (b *Bits) Fill(n int) {
	for w := range b {
		switch {
		case n >= 64:
			b[w] = ^uint64(0)
		case n > 0:
			b[w] = 1<<uint(n) - 1
		default:
			b[w] = 0
		}
		n -= 64
	}
}
