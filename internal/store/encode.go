package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sort"
)

// Lists are stored as bytes: the elements one after the other, a text as its
// length (uvarint) and its bytes, a number as a zigzag varint. A pair is two
// texts. A tuple is the number of its cells, and each cell a tag and its value.
const (
	cellText  = 't'
	cellInt   = 'i'
	cellFloat = 'f'
)

func appendText(dst []byte, s []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// cutText returns the first text of b and what follows it.
func cutText(b []byte) (text, rest []byte) {
	n, w := binary.Uvarint(b)
	return b[w : w+int(n) : w+int(n)], b[w+int(n):]
}

func encodeTexts(dst []byte, v [][]byte) []byte {
	for _, s := range v {
		dst = appendText(dst, s)
	}
	return dst
}

// EncodeInts encodes an IntList.
func EncodeInts(v []int64) []byte { return encodeInts(nil, v) }

// EncodeTuples encodes a Tuples value; cells are int64, float64 or string.
func EncodeTuples(v [][]any) []byte { return encodeTuples(nil, v) }

// AppendText appends a text to an encoded TextList, or half a pair to encoded
// pairs.
func AppendText(dst, s []byte) []byte { return appendText(dst, s) }

func encodeInts(dst []byte, v []int64) []byte {
	for _, n := range v {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

func encodePairs(dst []byte, v [][2][]byte) []byte {
	for _, p := range v {
		dst = appendText(appendText(dst, p[0]), p[1])
	}
	return dst
}

// encodeDict is encodePairs for a dictionary: sorted by name, of equal names
// the last.
func encodeDict(dst []byte, v [][2][]byte) []byte {
	less := func(i, j int) bool { return bytes.Compare(v[i][0], v[j][0]) < 0 }
	if !sort.SliceIsSorted(v, less) {
		v = slices.Clone(v)
		sort.SliceStable(v, less)
	}
	for i, p := range v {
		if i+1 < len(v) && bytes.Equal(p[0], v[i+1][0]) {
			continue
		}
		dst = appendText(appendText(dst, p[0]), p[1])
	}
	return dst
}

func encodeTuples(dst []byte, v [][]any) []byte {
	for _, t := range v {
		dst = binary.AppendUvarint(dst, uint64(len(t)))
		for _, cell := range t {
			switch c := cell.(type) {
			case string:
				dst = append(binary.AppendUvarint(append(dst, cellText), uint64(len(c))), c...)
			case []byte:
				dst = appendText(append(dst, cellText), c)
			case int64:
				dst = binary.AppendVarint(append(dst, cellInt), c)
			case int:
				dst = binary.AppendVarint(append(dst, cellInt), int64(c))
			case float64:
				dst = binary.LittleEndian.AppendUint64(append(dst, cellFloat), math.Float64bits(c))
			default:
				dst = binary.AppendVarint(append(dst, cellInt), 0)
			}
		}
	}
	return dst
}

// CompareLists orders two encoded TextLists, Dicts or Members by their elements,
// texts bytewise; a list comes before those that begin with it. It does not
// allocate.
func CompareLists(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a = cutString(a)
		y, b = cutString(b)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// cutString is cutText for strings.
func cutString(s string) (text, rest string) {
	n, shift := 0, 0
	for s[0] >= 0x80 {
		n |= int(s[0]&0x7f) << shift
		s, shift = s[1:], shift+7
	}
	n |= int(s[0]) << shift
	return s[1 : 1+n], s[1+n:]
}

// EachText calls fn for the elements of an encoded TextList until fn returns
// false. The element shares memory with the column and must not be changed.
func EachText(b []byte, fn func(text []byte) bool) {
	for len(b) > 0 {
		var s []byte
		if s, b = cutText(b); !fn(s) {
			return
		}
	}
}

// EachPair calls fn for the elements of an encoded Dict or Members column
// until fn returns false.
func EachPair(b []byte, fn func(first, second []byte) bool) {
	for len(b) > 0 {
		var x, y []byte
		x, b = cutText(b)
		y, b = cutText(b)
		if !fn(x, y) {
			return
		}
	}
}

// EachInt calls fn for the elements of an encoded IntList until fn returns
// false.
func EachInt(b []byte, fn func(n int64) bool) {
	for len(b) > 0 {
		n, w := binary.Varint(b)
		b = b[w:]
		if !fn(n) {
			return
		}
	}
}

// DecodeTexts returns an encoded TextList. The texts share memory with the
// column.
func DecodeTexts(b []byte) []string {
	out := []string{}
	EachText(b, func(s []byte) bool { out = append(out, unsafeText(s)); return true })
	return out
}

// DecodePairs returns an encoded Dict or Members column's value.
func DecodePairs(b []byte) [][2]string {
	out := [][2]string{}
	EachPair(b, func(x, y []byte) bool {
		out = append(out, [2]string{unsafeText(x), unsafeText(y)})
		return true
	})
	return out
}

// DecodeInts returns an encoded IntList.
func DecodeInts(b []byte) []int64 {
	out := []int64{}
	EachInt(b, func(n int64) bool { out = append(out, n); return true })
	return out
}

// DecodeTuples returns an encoded Tuples value: cells are int64, float64 or
// string.
func DecodeTuples(b []byte) [][]any {
	out := [][]any{}
	for len(b) > 0 {
		n, w := binary.Uvarint(b)
		b = b[w:]
		t := make([]any, n)
		for i := range t {
			tag := b[0]
			b = b[1:]
			switch tag {
			case cellText:
				var s []byte
				s, b = cutText(b)
				t[i] = unsafeText(s)
			case cellInt:
				v, w := binary.Varint(b)
				t[i], b = v, b[w:]
			case cellFloat:
				t[i], b = math.Float64frombits(binary.LittleEndian.Uint64(b)), b[8:]
			}
		}
		out = append(out, t)
	}
	return out
}
