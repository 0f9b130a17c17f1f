package livestatus

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// CellKind is the type of a JSON value.
type CellKind uint8

// The kinds of cells.
const (
	NullCell CellKind = iota
	BoolCell
	NumberCell // also NaN and infinity, which count as 0
	TextCell
	ListCell
	DictCell // a JSON object
)

// A Cell is one value of an answer, read with tolerance: every accessor works
// on every kind. It points into the answer's buffer and is valid only during
// the call that got it. The zero Cell is null.
type Cell struct {
	kind CellKind
	raw  []byte // a text without its quotes, anything else as sent
}

// Kind returns the type of the value as sent.
func (c Cell) Kind() CellKind { return c.kind }

// Null reports whether the value is null.
func (c Cell) Null() bool { return c.kind == NullCell }

// Int returns the value as an integer: fractions cut, texts that hold a number
// read, booleans 0 or 1, anything else 0. What does not fit is the nearest
// that does.
func (c Cell) Int() int64 {
	switch c.kind {
	case NumberCell, TextCell:
		if n, ok := decimal(c.raw); ok {
			return n
		}
	case BoolCell:
		if c.raw[0]|0x20 == 't' {
			return 1
		}
		return 0
	default:
		return 0
	}
	f := c.Float()
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// decimal reads an integer of up to 18 digits.
func decimal(b []byte) (n int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

// Float returns the value as a finite number, 0 where it is none.
func (c Cell) Float() float64 {
	switch c.kind {
	case NumberCell, TextCell:
		if n, ok := decimal(c.raw); ok {
			return float64(n)
		}
		b := bytes.TrimSpace(c.raw)
		if len(b) > 400 || bytes.IndexByte(b, '_') >= 0 {
			return 0
		}
		f, _ := strconv.ParseFloat(string(b), 64)
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return 0
		}
		return f
	case BoolCell:
		return float64(c.Int())
	}
	return 0
}

// AppendText appends the value as valid UTF-8 text: texts with escapes
// resolved and invalid bytes as U+FFFD, numbers and booleans as sent, null,
// lists and dictionaries as nothing.
func (c Cell) AppendText(dst []byte) []byte {
	switch c.kind {
	case TextCell:
		return appendDecoded(dst, c.raw)
	case NumberCell, BoolCell:
		return append(dst, c.raw...)
	}
	return dst
}

// Text returns what AppendText appends, as a string.
func (c Cell) Text() string { return string(c.AppendText(nil)) }

// Each calls f for each element of a list, and for each value of a dictionary.
func (c Cell) Each(f func(Cell)) {
	switch c.kind {
	case ListCell:
		for i := 1; ; {
			v, next, ok := nextCell(c.raw, i)
			if !ok {
				return
			}
			f(v)
			i = next
		}
	case DictCell:
		c.EachPair(func(_, v Cell) { f(v) })
	}
}

// EachPair calls f for each entry of a dictionary, and for each element of a
// list that is itself a list of at least two, which is how some cores send
// dictionaries.
func (c Cell) EachPair(f func(k, v Cell)) {
	switch c.kind {
	case DictCell:
		for i := 1; ; {
			k, next, ok := nextCell(c.raw, i)
			if !ok {
				return
			}
			v, next, ok := nextCell(c.raw, next)
			if !ok {
				return
			}
			f(k, v)
			i = next
		}
	case ListCell:
		c.Each(func(e Cell) {
			if e.kind != ListCell {
				return
			}
			k, next, ok := nextCell(e.raw, 1)
			if !ok {
				return
			}
			if v, _, ok := nextCell(e.raw, next); ok {
				f(k, v)
			}
		})
	}
}

// Len returns how many elements Each gives.
func (c Cell) Len() int {
	n := 0
	c.Each(func(Cell) { n++ })
	return n
}

// nextCell reads the value at or behind position i of b, the inside of a list
// or dictionary the scanner has already found well bracketed. ok is false at
// its end.
func nextCell(b []byte, i int) (c Cell, next int, ok bool) {
	for i < len(b) && class[b[i]]&(isSpace|isComma) != 0 {
		i++
	}
	if i >= len(b) {
		return Cell{}, i, false
	}
	switch b[i] {
	case '"':
		end := textEnd(b, i+1)
		return Cell{TextCell, b[i+1 : end]}, min(end+1, len(b)), true
	case '[':
		end := nestedEnd(b, i)
		return Cell{ListCell, b[i:end]}, end, true
	case '{':
		end := nestedEnd(b, i)
		return Cell{DictCell, b[i:end]}, end, true
	case ']', '}':
		return Cell{}, i, false
	}
	end := i
	for end < len(b) && class[b[end]]&isWord != 0 {
		end++
	}
	if end == i {
		return Cell{}, i, false
	}
	kind, _ := wordKind(b[i:end])
	return Cell{kind, b[i:end]}, end, true
}

// textEnd returns the position of the quote that ends the text whose content
// begins at i, or len(b).
func textEnd(b []byte, i int) int {
	start := i
	for {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return len(b)
		}
		i += q
		if !escaped(b[start:i]) {
			return i
		}
		i++
	}
}

// escaped reports whether b ends in an odd number of backslashes.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// nestedEnd returns the position behind the bracket that closes the one at i.
func nestedEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = textEnd(b, i+1)
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
}

// wordKind tells what an unquoted word is; ok is false if it is nothing JSON
// or Python know.
func wordKind(w []byte) (kind CellKind, ok bool) {
	switch w[0] {
	case 't', 'T':
		return BoolCell, string(w) == "true" || string(w) == "True"
	case 'f', 'F':
		return BoolCell, string(w) == "false" || string(w) == "False"
	case 'n', 'N':
		if len(w) == 4 {
			return NullCell, string(w) == "null" || string(w) == "None"
		}
	case '-', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if w[len(w)-1] <= '9' {
			return NumberCell, true
		}
	}
	if w[0] == '-' || w[0] == '+' {
		w = w[1:]
	}
	for _, known := range [...]string{"nan", "inf", "infinity", "nan(ind)"} {
		if bytes.EqualFold(w, []byte(known)) {
			return NumberCell, true
		}
	}
	return NumberCell, false
}

// appendDecoded appends the content of a JSON text: escapes resolved, invalid
// UTF-8 and lone surrogates replaced, raw control characters kept.
func appendDecoded(dst, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return appendValid(dst, b)
		}
		dst = appendValid(dst, b[:i])
		b = b[i+1:]
		if len(b) == 0 {
			return append(dst, "\uFFFD"...)
		}
		c, after := b[0], b
		b = b[1:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			dst, b = appendUnicode(dst, b)
		default: // quote, backslash, slash, and what should not be escaped
			if c < utf8.RuneSelf {
				dst = append(dst, c)
			} else {
				b = after
			}
		}
	}
	return dst
}

// appendUnicode appends the character of a \u escape whose digits begin b, and
// returns what is behind them.
func appendUnicode(dst, b []byte) (out, rest []byte) {
	r, n := hex4(b)
	if n < 4 {
		return append(dst, "\uFFFD"...), b[n:]
	}
	b = b[4:]
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), b
	}
	if len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
		if low, n := hex4(b[2:]); n == 4 {
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return utf8.AppendRune(dst, full), b[6:]
			}
		}
	}
	return append(dst, "\uFFFD"...), b
}

// hex4 reads up to four hexadecimal digits and returns how many there were.
func hex4(b []byte) (r rune, n int) {
	for n < 4 && n < len(b) {
		d := rune(b[n])
		switch {
		case d >= '0' && d <= '9':
			d -= '0'
		case d|0x20 >= 'a' && d|0x20 <= 'f':
			d = d | 0x20 - 'a' + 10
		default:
			return r, n
		}
		r = r<<4 | d
		n++
	}
	return r, n
}

// appendValid appends b with each invalid byte as U+FFFD.
func appendValid(dst, b []byte) []byte {
	if utf8.Valid(b) {
		return append(dst, b...)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		dst = utf8.AppendRune(dst, r)
		b = b[n:]
	}
	return dst
}
