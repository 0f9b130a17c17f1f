package testkit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"belvedere/internal/schema"
)

// body writes an answer in the format of the request.
func (p *profile) body(q *request, a *answer) []byte {
	switch q.format {
	case "csv", "CSV":
		return p.csv(q, a)
	case "none":
		return nil
	}
	if q.brokenRE {
		return []byte("[")
	}
	e := &encoder{p: p, python: strings.HasPrefix(q.format, "python"), prefix: "u"}
	if q.format == "python3" {
		e.prefix = ""
	}
	if q.format == "wrapped_json" {
		e.buf = append(e.buf, '{')
		if a.header != nil {
			e.buf = append(e.buf, `"columns":`...)
			e.names(a.header)
			e.buf = append(e.buf, ',')
		}
		e.buf = append(e.buf, `"data":`...)
		a.header = nil
		e.rows(a)
		return fmt.Appendf(e.buf, `,"total_count":%d}`+"\n", a.total)
	}
	e.rows(a)
	if p.name != Icinga2 {
		e.buf = append(e.buf, '\n')
	}
	return e.buf
}

// An encoder writes JSON or Python the way a core does.
type encoder struct {
	p      *profile
	buf    []byte
	python bool
	prefix string // of Python strings
	top    bool   // the next text is a cell, not an element of a list
}

func (e *encoder) rows(a *answer) {
	between := ",\n"
	switch e.p.name {
	case Icinga2:
		between = ", "
	case Shinken:
		between = ","
	}
	e.buf = append(e.buf, '[')
	if a.header != nil {
		e.names(a.header)
		if len(a.rows) > 0 {
			e.buf = append(e.buf, between...)
		}
	}
	for i, r := range a.rows {
		if i > 0 {
			e.buf = append(e.buf, between...)
		}
		e.open()
		for j, v := range r {
			if j > 0 {
				e.comma()
			}
			typ := ""
			if j < len(a.types) {
				typ = a.types[j]
			}
			e.top = true
			e.value(v, typ)
			e.top = false
		}
		e.close()
	}
	e.buf = append(e.buf, ']')
}

// open, comma and close: Icinga's and Shinken's Python has blanks.
func (e *encoder) open() {
	e.buf = append(e.buf, '[')
	if e.python && e.p.name == Icinga2 {
		e.buf = append(e.buf, ' ')
	}
}

func (e *encoder) comma() {
	e.buf = append(e.buf, ',')
	if e.python && (e.p.name == Icinga2 || e.p.name == Shinken) {
		e.buf = append(e.buf, ' ')
	}
}

func (e *encoder) close() {
	if e.python && e.p.name == Icinga2 {
		e.buf = append(e.buf, ' ')
	}
	e.buf = append(e.buf, ']')
}

func (e *encoder) names(l []string) {
	e.open()
	for i, s := range l {
		if i > 0 {
			e.comma()
		}
		e.text(s)
	}
	e.close()
}

func (e *encoder) value(v value, typ string) {
	switch v.kind {
	case vNull:
		if e.python {
			e.buf = append(e.buf, "None"...)
		} else {
			e.buf = append(e.buf, "null"...)
		}
	case vBool:
		if e.python {
			e.buf = append(e.buf, [2]string{"False", "True"}[v.i&1]...)
		} else {
			e.buf = strconv.AppendBool(e.buf, v.i != 0)
		}
	case vInt:
		if typ == "float" && e.p.name == Naemon {
			e.buf = e.p.appendFloat(e.buf, float64(v.i))
		} else {
			e.buf = strconv.AppendInt(e.buf, v.i, 10)
		}
	case vFloat:
		e.buf = e.p.appendFloat(e.buf, v.f)
	case vRaw:
		e.buf = append(e.buf, v.s...)
	case vText:
		e.text(v.s)
	case vDict:
		e.dict(v.o.([]schema.Pair))
	default:
		e.list(v)
	}
}

func (e *encoder) any(a any) { e.value(valueOf(a), "") }

func (e *encoder) list(v value) {
	e.top = false
	e.open()
	n := 0
	sep := func() {
		if n > 0 {
			e.comma()
		}
		n++
	}
	switch l := v.o.(type) {
	case []string:
		for _, s := range l {
			sep()
			e.text(s)
		}
	case []int64:
		for _, x := range l {
			sep()
			e.buf = strconv.AppendInt(e.buf, x, 10)
		}
	case []schema.Member:
		for _, m := range l {
			sep()
			if m.Service == "" {
				e.text(m.Host)
			} else {
				e.tuple([]any{m.Host, m.Service})
			}
		}
	case [][]any:
		for _, t := range l {
			sep()
			e.tuple(t)
		}
	case []any:
		for _, a := range l {
			sep()
			e.raw(a)
		}
	}
	e.close()
}

// raw is JSON as it is.
type rawJSON string

func (e *encoder) raw(a any) {
	if r, ok := a.(rawJSON); ok {
		e.buf = append(e.buf, r...)
		return
	}
	e.any(a)
}

func (e *encoder) tuple(t []any) {
	e.open()
	for i, a := range t {
		if i > 0 {
			e.comma()
		}
		e.raw(a)
	}
	e.close()
}

func (e *encoder) dict(l []schema.Pair) {
	open, shut, colon := byte('{'), byte('}'), byte(':')
	if e.p.name == Icinga2 || e.p.name == Shinken {
		open, shut = '[', ']'
	}
	e.buf = append(e.buf, open)
	for i, p := range l {
		if i > 0 {
			e.comma()
		}
		if open == '[' {
			e.tuple([]any{p.Name, p.Value})
			continue
		}
		e.text(p.Name)
		e.buf = append(e.buf, colon)
		e.text(p.Value)
	}
	e.buf = append(e.buf, shut)
}

// appendFloat writes a number as the core does.
func (p *profile) appendFloat(b []byte, f float64) []byte {
	switch p.name {
	case Naemon:
		return fmt.Appendf(b, "%.10e", f)
	case Nagios4:
		return fmt.Appendf(b, "%.6g", f)
	}
	if f == float64(int64(f)) && f < 1e15 && f > -1e15 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

const hexDigits = "0123456789abcdef"

func appendU(b []byte, r uint32) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// text writes a string with the escapes of the core.
func (e *encoder) text(s string) {
	quote := byte('"')
	if e.python {
		switch e.p.name {
		case Icinga2:
			e.buf = append(append(append(e.buf, 'r', '"'), s...), '"')
			return
		case Shinken:
			if e.top {
				e.byteText(s)
				return
			}
			quote = '\''
		}
		e.buf = append(e.buf, e.prefix...)
	}
	e.buf = append(e.buf, quote)
	for i := 0; i < len(s); {
		c := s[i]
		if c < 0x80 {
			e.ascii(c)
			i++
			continue
		}
		n, stop := e.wide(s[i:])
		if stop {
			break
		}
		i += n
	}
	e.buf = append(e.buf, quote)
}

func (e *encoder) ascii(c byte) {
	switch {
	case e.p.name == Nagios4 && (c == '"' || c == '\\'):
		e.buf = appendU(e.buf, uint32(c))
	case c == '"' || c == '\\':
		e.buf = append(e.buf, '\\', c)
	case c >= 0x20:
		e.buf = append(e.buf, c)
	case e.p.name == Icinga2 || e.p.name == Shinken:
		if k := strings.IndexByte("\b\t\n\f\r", c); k >= 0 {
			e.buf = append(e.buf, '\\', "btnfr"[k])
			return
		}
		e.buf = appendU(e.buf, uint32(c))
	default:
		e.buf = appendU(e.buf, uint32(c))
	}
}

// wide writes what begins with a byte above ASCII and returns how many bytes
// that took, or that the string ends here.
func (e *encoder) wide(s string) (n int, stop bool) {
	if e.p.name == Naemon {
		return e.naemonWide(s), false
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		if e.p.name == Nagios4 {
			return 0, true
		}
		e.buf = append(e.buf, `\ufffd`...)
		return 1, false
	}
	if r >= 0x10000 {
		r -= 0x10000
		e.buf = appendU(e.buf, 0xd800+uint32(r>>10))
		r = 0xdc00 + r&0x3ff
	}
	e.buf = appendU(e.buf, uint32(r))
	return n, false
}

// naemonWide writes four byte characters wrongly, as measured: the three low
// parts are shifted alike, and what does not fit is cut off. It takes the
// leading byte's word for the length and drops bytes that lead nothing.
func (e *encoder) naemonWide(s string) int {
	part := func(i int) uint32 { return uint32(s[i] & 0x3f) }
	switch c := s[0]; {
	case c&0xe0 == 0xc0 && len(s) >= 2:
		e.buf = appendU(e.buf, uint32(c&0x1f)<<6|part(1))
		return 2
	case c&0xf0 == 0xe0 && len(s) >= 3:
		e.buf = appendU(e.buf, uint32(c&0x0f)<<12|part(1)<<6|part(2))
		return 3
	case c&0xf8 == 0xf0 && len(s) >= 4:
		r := uint32(c&7)<<18 | part(1)<<6 | part(2)<<6 | part(3)<<6
		text := fmt.Sprintf(`\u%04x`, r)
		e.buf = append(e.buf, text[:6]...)
		return 4
	}
	return 1
}

// byteText writes a Python 2 string of bytes, as Shinken does for cells.
func (e *encoder) byteText(s string) {
	e.buf = append(e.buf, '\'')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			e.buf = append(e.buf, '\\', c)
		case c >= 0x20 && c < 0x7f:
			e.buf = append(e.buf, c)
		default:
			e.buf = append(e.buf, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	e.buf = append(e.buf, '\'')
}
