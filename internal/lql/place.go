package lql

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// A Place is where a row stands in an order: for each key of [Query.Sort] what
// [Sort.Key] makes of the row, as many bytes as that is. The row need not exist
// any more.
type Place []string

// Key returns what a row is sorted by, as a text for a [Place]: v is the column
// of the key in an answer, i the row in it. Numbers are in decimal; texts and
// lists compare as their keys do, byte by byte.
func (s Sort) Key(v *Vector, i int) string {
	switch v.Kind {
	case Ints, Times:
		return strconv.FormatInt(v.Int(i), 10)
	case Floats:
		return strconv.FormatFloat(v.Float(i), 'g', -1, 64)
	case Texts:
		return s.cut(v.Text(i))
	}
	if s.Arg == "" {
		return s.cut(listKey(v.object(i)))
	}
	for _, p := range v.Pairs(i) {
		if p[0] == s.Arg {
			return s.cut(p[1])
		}
	}
	return ""
}

// listKey puts the elements of a list into bytes that compare as the list does.
func listKey(list any) string {
	var b []byte
	switch l := list.(type) {
	case []string:
		for _, name := range l {
			b = append(append(b, name...), 0)
		}
	case []int64:
		for _, n := range l {
			b = AppendNumberKey(b, n)
		}
	case [][2]string:
		for _, p := range l {
			if b = append(b, p[0]...); p[1] != "" {
				b = append(append(b, '|'), p[1]...)
			}
			b = append(b, 0)
		}
	case [][]any:
		for _, t := range l {
			if len(t) > 0 {
				b = append(fmt.Append(b, t[0]), 0)
			}
		}
	}
	return string(b)
}

// AppendNumberKey appends a number of a list so that lists of numbers compare
// byte by byte.
func AppendNumberKey(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)^1<<63)
}

func (s Sort) cut(key string) string {
	if s.Prefix > 0 && len(key) > s.Prefix {
		return key[:s.Prefix]
	}
	return key
}
