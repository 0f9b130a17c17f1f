package store

import (
	"encoding/binary"
	"unsafe"
)

// tailBlock is the size of the blocks that take later texts of a chunk.
const tailBlock = 4096

// texts are the texts of one chunk of a plain column: those it was built with
// in one piece, later ones behind it in blocks of tailBlock bytes. A text is
// its length as a uvarint and its bytes; its place counts from the start of
// head through all blocks. Place 0 is the empty text. A text longer than a
// block takes several block numbers, of which only the first holds a slice.
//
// Blocks are only ever appended to, by the site's writer, beyond what any
// published chunk refers to.
type texts struct {
	head []byte
	tail [][]byte
	dead int // bytes of texts no row has any more
	live int
}

// at returns the text at place, which the caller must not change.
func (t *texts) at(place int64) []byte {
	b := t.head
	if k := int(place) - len(t.head); k >= 0 {
		b = t.tail[k/tailBlock][k%tailBlock:]
	} else {
		b = b[place:]
	}
	n, w := binary.Uvarint(b)
	return b[w : w+int(n) : w+int(n)]
}

// successor returns texts that can be added to, over the same blocks, until
// they are published. Only the newest texts of a chunk have a successor.
func (t *texts) successor() *texts {
	next := *t
	next.tail = append(make([][]byte, 0, len(t.tail)+2), t.tail...)
	return &next
}

// add appends a text and returns its place. It may only be called on a
// successor.
func (t *texts) add(text []byte) int64 {
	if len(text) == 0 {
		return 0
	}
	need := len(text) + uvarintLen(uint64(len(text)))
	t.live += need
	last := len(t.tail) - 1
	for last >= 0 && t.tail[last] == nil {
		last--
	}
	if last < 0 || last != len(t.tail)-1 || cap(t.tail[last])-len(t.tail[last]) < need {
		size := tailBlock
		if need > size {
			size = need
		}
		t.tail = append(t.tail, make([]byte, 0, size))
		last = len(t.tail) - 1
		for k := tailBlock; k < need; k += tailBlock {
			t.tail = append(t.tail, nil)
		}
	}
	b := t.tail[last]
	place := len(t.head) + last*tailBlock + len(b)
	b = binary.AppendUvarint(b, uint64(len(text)))
	t.tail[last] = append(b, text...)
	return int64(place)
}

// drop notes that the text at place is no longer used.
func (t *texts) drop(place int64) {
	if place == 0 {
		return
	}
	n := len(t.at(place))
	t.dead += n + uvarintLen(uint64(n))
	t.live -= n + uvarintLen(uint64(n))
}

// stale reports whether the texts should be written anew without the dead.
func (t *texts) stale() bool { return t.dead > t.live/2+tailBlock }

func (t *texts) bytes() int {
	n := int(unsafe.Sizeof(*t)) + cap(t.head) + 24*cap(t.tail)
	for _, b := range t.tail {
		n += cap(b)
	}
	return n
}

func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// newTexts returns the texts of a chunk that is built with head, to which
// appendPlaced appended them all.
func newTexts(head []byte) *texts {
	if len(head) == 0 {
		head = []byte{0}
	}
	return &texts{head: head, live: len(head) - 1}
}

// appendPlaced appends a text to the head of a chunk and returns its place.
func appendPlaced(head, text []byte) (_ []byte, place int64) {
	if len(text) == 0 {
		return head, 0
	}
	if len(head) == 0 {
		head = append(head, 0) // place 0 is the empty text
	}
	place = int64(len(head))
	return append(binary.AppendUvarint(head, uint64(len(text))), text...), place
}

// packTexts makes the chunk of a plain column from its texts. The texts are
// copied.
func packTexts(all [][]byte) *chunk {
	size := 1
	for _, s := range all {
		if len(s) > 0 {
			size += len(s) + uvarintLen(uint64(len(s)))
		}
	}
	head := make([]byte, 0, size)
	var places [ChunkRows]int64
	for i, s := range all {
		head, places[i] = appendPlaced(head, s)
	}
	c := pack(places[:len(all)], false)
	c.texts = newTexts(head)
	return c
}

// unsafeText returns b as a string that shares its memory. Only for bytes that
// are never written again.
func unsafeText(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
