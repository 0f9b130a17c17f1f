package store

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Dict holds the distinct values of a column: texts, or lists in their
// encoded form. Values are numbered from 0 and never change their number. A
// Dict never changes; the writer extends it by making a longer one over the
// same memory.
type Dict struct {
	data  []byte
	ends  []uint32  // where value i ends in data
	seen  *interner // the writer's, nil until needed
	ranks atomic.Pointer[[]int32]
	mu    sync.Mutex // held while ranks are made
}

// Len returns how many distinct values there are or were: some of the numbers
// may not be in use any more.
func (d *Dict) Len() int { return len(d.ends) }

// Bytes returns value i, which must not be changed.
func (d *Dict) Bytes(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.data[from:d.ends[i]:d.ends[i]]
}

// Text returns value i of a text column. It shares the dictionary's memory.
func (d *Dict) Text(i int) string { return unsafeText(d.Bytes(i)) }

// Ranks returns the place of each value in bytewise order, to sort by. It is
// made once.
func (d *Dict) Ranks() []int32 {
	if r := d.ranks.Load(); r != nil {
		return *r
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.ranks.Load(); r != nil {
		return *r
	}
	r := rank(d.Len(), d.Bytes)
	d.ranks.Store(&r)
	return r
}

func (d *Dict) size() int {
	n := int(unsafe.Sizeof(*d)) + cap(d.data) + 4*cap(d.ends)
	if r := d.ranks.Load(); r != nil {
		n += 4 * len(*r)
	}
	return n
}

// An interner finds the number of a value in a dictionary. It belongs to the
// site's writer.
type interner struct {
	seed  maphash.Seed
	slots []uint32 // number + 1, 0: free
	n     int
}

func (d *Dict) interner() *interner {
	if d.seen == nil {
		d.seen = &interner{seed: maphash.MakeSeed()}
		d.seen.grow(d, d.Len())
	}
	return d.seen
}

func (in *interner) grow(d *Dict, want int) {
	size := 8
	for size < want*2 {
		size *= 2
	}
	in.slots = make([]uint32, size)
	in.n = d.Len()
	for i := range d.Len() {
		h := maphash.Bytes(in.seed, d.Bytes(i))
		for k := h; ; k++ {
			if s := &in.slots[k&uint64(size-1)]; *s == 0 {
				*s = uint32(i) + 1
				break
			}
		}
	}
}

// successor returns a dictionary of the same values that can be extended,
// until it is published. Only the newest dictionary has a successor.
func (d *Dict) successor() *Dict { return &Dict{data: d.data, ends: d.ends, seen: d.interner()} }

// intern returns the number of value, which it adds if it is new. What an
// aborted batch has added to the interner is found out by its numbers.
func (d *Dict) intern(value []byte) int64 {
	in := d.interner()
	if in.n != d.Len() {
		in.grow(d, d.Len()+1)
	}
	mask := uint64(len(in.slots) - 1)
	k := maphash.Bytes(in.seed, value)
	for ; ; k++ {
		s := in.slots[k&mask]
		if s == 0 {
			break
		}
		if bytes.Equal(d.Bytes(int(s)-1), value) {
			return int64(s) - 1
		}
	}
	d.data = append(d.data, value...)
	d.ends = append(d.ends, uint32(len(d.data)))
	in.slots[k&mask] = uint32(d.Len())
	in.n++
	if in.n*2 > len(in.slots) {
		in.grow(d, in.n*2)
	}
	return int64(d.Len()) - 1
}

// finish returns a copy of d without spare memory, and without its interner.
func (d *Dict) finish() *Dict {
	return &Dict{
		data: append(make([]byte, 0, len(d.data)), d.data...),
		ends: append(make([]uint32, 0, len(d.ends)), d.ends...),
	}
}
