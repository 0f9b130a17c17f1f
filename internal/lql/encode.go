package lql

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// An Encoder writes Results in one output format. It is a plain value, safe
// for any number of goroutines; AppendRows may run for several row ranges of
// one Result at once, whose outputs are then put together in order.
type Encoder struct {
	Format     Format
	Headers    bool       // a row of column names comes first
	Separators Separators // CSV only; zero: the default
}

// EncoderFor returns the encoder that q asks for.
func EncoderFor(q *Query) Encoder {
	return Encoder{Format: q.Format, Headers: q.Headers(), Separators: q.Separators}
}

// Append appends the whole answer. On the wire it has a line feed at its end,
// whatever the format; an empty CSV answer has no bytes at all.
func (e Encoder) Append(dst []byte, r *Result) []byte {
	return e.AppendTail(e.AppendRows(e.AppendHead(dst, r), r, 0, r.Rows), r)
}

// AppendHead appends what comes before the rows.
func (e Encoder) AppendHead(dst []byte, r *Result) []byte {
	switch e.Format {
	case CSV, QuotedCSV:
		if e.Headers {
			dst = e.appendNames(dst, r)
		}
		return dst
	case WrappedJSON:
		dst = append(dst, '{')
		if e.Headers {
			dst = append(dst, `"columns":`...)
			dst = e.appendNames(dst, r)
			dst = append(dst, ",\n"...)
		}
		return append(dst, `"data":[`...)
	}
	dst = append(dst, '[')
	if e.Headers {
		dst = e.appendNames(dst, r)
		if r.Rows > 0 {
			dst = append(dst, ",\n"...)
		}
	}
	return dst
}

// AppendRows appends the rows from up to, not including, to. It does not
// allocate beyond dst.
func (e Encoder) AppendRows(dst []byte, r *Result, from, to int) []byte {
	return e.appendRows(dst, r, from, to, to < r.Rows)
}

// AppendPart appends all rows of r, which is a part of a larger answer; more:
// others follow.
func (e Encoder) AppendPart(dst []byte, r *Result, more bool) []byte {
	return e.appendRows(dst, r, 0, r.Rows, more)
}

func (e Encoder) appendRows(dst []byte, r *Result, from, to int, more bool) []byte {
	if e.Format == CSV || e.Format == QuotedCSV {
		return e.appendCSVRows(dst, r, from, to)
	}
	for row := from; row < to; row++ {
		dst = append(dst, '[')
		for i := range r.Vectors {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.appendValue(dst, &r.Vectors[i], row)
		}
		dst = append(dst, ']')
		if more || row+1 < to {
			dst = append(dst, ",\n"...)
		}
	}
	return dst
}

// AppendTail appends what comes after the rows.
func (e Encoder) AppendTail(dst []byte, r *Result) []byte {
	switch e.Format {
	case CSV, QuotedCSV:
		return dst
	case WrappedJSON:
		dst = append(dst, "],\n\"failed\":{"...)
		first := true
		for i := range r.Parts {
			p := &r.Parts[i]
			if p.Err == "" && !p.Missing {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = AppendJSONString(dst, p.Key)
			dst = append(dst, ':')
			dst = AppendJSONString(dst, p.Err)
		}
		dst = append(dst, "},\n\"rows_scanned\":"...)
		dst = strconv.AppendInt(dst, int64(r.Scanned), 10)
		dst = append(dst, ",\n\"total_count\":"...)
		dst = strconv.AppendInt(dst, int64(r.Total), 10)
		return append(dst, "}\n"...)
	}
	return append(dst, "]\n"...)
}

func (e Encoder) appendNames(dst []byte, r *Result) []byte {
	if e.Format == CSV || e.Format == QuotedCSV {
		s := e.Separators.orDefault()
		for i := range r.Vectors {
			if i > 0 {
				dst = e.appendFieldEnd(dst, s)
			}
			dst = e.appendField(dst, r.Vectors[i].Name)
		}
		return e.appendRowEnd(dst, s)
	}
	dst = append(dst, '[')
	for i := range r.Vectors {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.appendString(dst, r.Vectors[i].Name)
	}
	return append(dst, ']')
}

// appendValue appends a value in JSON or Python. What a vector does not hold
// is null.
func (e Encoder) appendValue(dst []byte, v *Vector, row int) []byte {
	switch {
	case (v.Kind == Ints || v.Kind == Times) && row < len(v.Ints):
		return strconv.AppendInt(dst, v.Ints[row], 10)
	case v.Kind == Floats && row < len(v.Floats):
		return appendFloat(dst, v.Floats[row])
	case v.Kind == Texts && row < len(v.Texts):
		return e.appendString(dst, v.Texts[row])
	case v.Kind == Objects && row < len(v.Objects):
		return e.appendObject(dst, v.Objects[row], v.Dict)
	}
	return e.appendNull(dst)
}

func (e Encoder) appendNull(dst []byte) []byte {
	if e.Format == Python || e.Format == Python3 {
		return append(dst, "None"...)
	}
	return append(dst, "null"...)
}

func (e Encoder) appendObject(dst []byte, object any, dict bool) []byte {
	switch o := object.(type) {
	case []string:
		dst = append(dst, '[')
		for i, s := range o {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.appendString(dst, s)
		}
		return append(dst, ']')
	case []int64:
		dst = append(dst, '[')
		for i, n := range o {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, n, 10)
		}
		return append(dst, ']')
	case [][2]string:
		return e.appendPairs(dst, o, dict)
	case [][]any:
		dst = append(dst, '[')
		for i, t := range o {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.appendTuple(dst, t)
		}
		return append(dst, ']')
	}
	return e.appendNull(dst)
}

func (e Encoder) appendPairs(dst []byte, pairs [][2]string, dict bool) []byte {
	start, between, end := byte('['), byte(','), byte(']')
	if dict {
		start, between, end = '{', ':', '}'
	}
	dst = append(dst, start)
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !dict {
			dst = append(dst, '[')
		}
		dst = e.appendString(dst, p[0])
		dst = append(dst, between)
		dst = e.appendString(dst, p[1])
		if !dict {
			dst = append(dst, ']')
		}
	}
	return append(dst, end)
}

func (e Encoder) appendTuple(dst []byte, tuple []any) []byte {
	dst = append(dst, '[')
	for i, item := range tuple {
		if i > 0 {
			dst = append(dst, ',')
		}
		switch x := item.(type) {
		case int64:
			dst = strconv.AppendInt(dst, x, 10)
		case float64:
			dst = appendFloat(dst, x)
		case string:
			dst = e.appendString(dst, x)
		default:
			dst = e.appendNull(dst)
		}
	}
	return append(dst, ']')
}

// appendString appends a string literal. JSON's escapes mean the same in
// Python 3; Python 2 needs unicode literals in plain ASCII.
func (e Encoder) appendString(dst []byte, s string) []byte {
	if e.Format != Python {
		return AppendJSONString(dst, s)
	}
	dst = append(dst, `u"`...)
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && plainByte[r]:
			dst = append(dst, byte(r))
		case r < utf8.RuneSelf:
			dst = appendEscape(dst, byte(r))
		case r <= 0xffff:
			dst = append(dst, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
		default:
			dst = append(dst, `\U000`...)
			for shift := 16; shift >= 0; shift -= 4 {
				dst = append(dst, hexDigits[r>>shift&0xf])
			}
		}
	}
	return append(dst, '"')
}

// appendFloat appends the shortest decimal that reads back as f. What is no
// number is 0, which every client can read.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case f != f || f-f != 0:
		return append(dst, '0')
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendInt(dst, int64(f), 10)
	case math.Abs(f) >= 1e-6 && math.Abs(f) < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, 64)
}

const hexDigits = "0123456789abcdef"

// plainByte tells which bytes of a JSON string stand for themselves.
var plainByte = func() (t [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// AppendJSONString appends s as a JSON string: UTF-8 as it is, control
// characters, DEL, and the line separators that JavaScript trips over escaped,
// and U+FFFD for every byte that is not UTF-8.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		for i+8 <= len(s) && plainWord(s[i:i+8]) {
			i += 8
		}
		for i < len(s) && plainByte[s[i]] {
			i++
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// plainWord reports whether the eight bytes of s stand for themselves: in none
// is the high bit set, none is below 0x20, and none is a quote, a backslash or
// DEL. It may say no where the answer is yes, never the reverse.
func plainWord(s string) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	_ = s[7]
	w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return (w|(w-ones*0x20)|(quote-ones)|(slash-ones)|(w+ones))&high == 0
}

func appendEscape(dst []byte, c byte) []byte {
	if c == '"' || c == '\\' {
		return append(dst, '\\', c)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// AppendFixed16 appends the header of an answer in 16 bytes: the status code,
// and the length of the body that follows.
func AppendFixed16(dst []byte, code, length int) []byte {
	var head [16]byte
	for i := range head {
		head[i] = ' '
	}
	head[15] = '\n'
	for i := 2; i >= 0; i-- {
		head[i] = '0' + byte(code%10)
		code /= 10
	}
	for i := 14; i >= 4; i-- {
		head[i] = '0' + byte(length%10)
		if length /= 10; length == 0 {
			break
		}
	}
	return append(dst, head[:]...)
}

// AppendError appends the body of an error answer: message and hint in one
// line.
func AppendError(dst []byte, msg, hint string) []byte {
	dst = appendPlain(dst, msg)
	if hint != "" {
		dst = append(dst, ": "...)
		dst = appendPlain(dst, hint)
	}
	return append(dst, '\n')
}
