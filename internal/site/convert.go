package site

import (
	"bytes"
	"cmp"
	"sort"
	"strconv"

	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
)

// An out takes one row's values in normal form, by the position of the column.
// [store.Rows] is one; comparing and hashing rows are others.
type out interface {
	Int(col int, v int64)
	Float(col int, v float64)
	Text(col int, v []byte)
	TextList(col int, v [][]byte)
	IntList(col int, v []int64)
	Members(col int, v [][2][]byte)
	Dict(col int, v [][2][]byte)
	Tuples(col int, v [][]any)
}

// A convert turns a core's value v into normal form and gives it to o as
// column col. with is the value of a second column of the same row, where the
// meaning of v depends on one.
type convert func(s *scratch, o out, col int, v, with livestatus.Cell)

// scratch is memory reused from value to value. The zero value is ready.
type scratch struct {
	buf   []byte
	texts [][]byte
	ints  []int64
	pairs [][2][]byte
}

// text appends the text of a cell to the buffer and returns it. What was
// returned before stays valid: the buffer is only started anew by reset.
func (s *scratch) text(c livestatus.Cell) []byte {
	at := len(s.buf)
	s.buf = c.AppendText(s.buf)
	return s.buf[at:len(s.buf):len(s.buf)]
}

func (s *scratch) reset() {
	s.buf, s.texts, s.ints, s.pairs = s.buf[:0], s.texts[:0], s.ints[:0], s.pairs[:0]
}

// byKind is the conversion for columns that need no special care.
func byKind(k schema.Kind) convert {
	switch k {
	case schema.Bool:
		return toBool
	case schema.Int:
		return toInt
	case schema.Time:
		return toTime
	case schema.Float:
		return toFloat
	case schema.TextList:
		return toTextList
	case schema.IntList:
		return toIntList
	case schema.Members:
		return toMembers
	case schema.Dict:
		return toDict
	case schema.Tuples:
		return toTuples
	}
	return toText
}

func toBool(_ *scratch, o out, col int, v, _ livestatus.Cell) {
	o.Int(col, truth(v))
}

func truth(v livestatus.Cell) int64 {
	if v.Int() != 0 {
		return 1
	}
	return 0
}

func toInt(_ *scratch, o out, col int, v, _ livestatus.Cell) { o.Int(col, v.Int()) }

// toTime takes -1, which Icinga 2 says for "never", as 0.
func toTime(_ *scratch, o out, col int, v, _ livestatus.Cell) { o.Int(col, max(0, v.Int())) }

func toFloat(_ *scratch, o out, col int, v, _ livestatus.Cell) { o.Float(col, v.Float()) }

func toText(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	o.Text(col, s.text(v))
}

// toLines takes real line ends, as Shinken sends them, as backslash and n.
func toLines(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	t := s.text(v)
	if bytes.IndexByte(t, '\n') >= 0 {
		t = bytes.ReplaceAll(t, []byte("\n"), []byte(`\n`))
	}
	o.Text(col, t)
}

// toTextList takes a list of texts. A single text that is not empty counts as
// a list of one, members of a list that are lists themselves are joined by "|".
func toTextList(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	s.list(v)
	o.TextList(col, s.texts)
}

func (s *scratch) list(v livestatus.Cell) {
	if v.Kind() == livestatus.TextCell {
		if t := s.text(v); len(t) > 0 {
			s.texts = append(s.texts, t)
		}
		return
	}
	v.Each(func(e livestatus.Cell) { s.texts = append(s.texts, s.joined(e)) })
}

// joined returns a text as it is, and the elements of a list joined by "|".
func (s *scratch) joined(e livestatus.Cell) []byte {
	if e.Kind() != livestatus.ListCell {
		return s.text(e)
	}
	at := len(s.buf)
	e.Each(func(part livestatus.Cell) {
		if len(s.buf) > at {
			s.buf = append(s.buf, '|')
		}
		s.buf = part.AppendText(s.buf)
	})
	return s.buf[at:len(s.buf):len(s.buf)]
}

func toIntList(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	v.Each(func(e livestatus.Cell) { s.ints = append(s.ints, e.Int()) })
	o.IntList(col, s.ints)
}

// toMembers takes hosts by name, and services as pairs or, from Shinken, as
// one text with "|" between host and description.
func toMembers(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	v.Each(func(e livestatus.Cell) {
		if e.Kind() != livestatus.ListCell {
			host, service, _ := bytes.Cut(s.text(e), []byte("|"))
			s.pairs = append(s.pairs, [2][]byte{host, service})
			return
		}
		var m [2][]byte
		i := 0
		e.Each(func(part livestatus.Cell) {
			if i < 2 {
				m[i] = s.text(part)
			}
			i++
		})
		s.pairs = append(s.pairs, m)
	})
	o.Members(col, s.pairs)
}

// toDict takes an object, or a list of pairs.
func toDict(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	v.EachPair(func(k, v livestatus.Cell) {
		s.pairs = append(s.pairs, [2][]byte{s.text(k), s.joined(v)})
	})
	o.Dict(col, sortPairs(s.pairs))
}

// sortPairs sorts by name, and keeps of several equal names the last.
func sortPairs(p [][2][]byte) [][2][]byte {
	sort.SliceStable(p, func(i, j int) bool { return bytes.Compare(p[i][0], p[j][0]) < 0 })
	n := 0
	for i := range p {
		if i+1 < len(p) && bytes.Equal(p[i][0], p[i+1][0]) {
			continue
		}
		p[n] = p[i]
		n++
	}
	return p[:n]
}

// toTuples takes a list of lists of numbers and texts.
func toTuples(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	var rows [][]any
	v.Each(func(e livestatus.Cell) {
		var row []any
		e.Each(func(c livestatus.Cell) { row = append(row, anyOf(s, c)) })
		rows = append(rows, row)
	})
	o.Tuples(col, rows)
}

// anyOf is a cell as an int64, float64 or string.
func anyOf(s *scratch, c livestatus.Cell) any {
	switch c.Kind() {
	case livestatus.BoolCell:
		return c.Int()
	case livestatus.NumberCell:
		if n, f := c.Int(), c.Float(); float64(n) == f {
			return n
		}
		return c.Float()
	}
	return string(s.joined(c))
}

// toState takes a state by number or, as Shinken says it in places, by name.
// with is has_been_checked: what was never checked has state 0, whatever the
// core says.
func toState(s *scratch, o out, col int, v, with livestatus.Cell) {
	if with.Kind() != livestatus.NullCell && with.Int() == 0 {
		o.Int(col, 0)
		return
	}
	if v.Kind() != livestatus.TextCell {
		o.Int(col, v.Int())
		return
	}
	s.reset()
	o.Int(col, cmp.Or(stateNamed(string(s.text(v))), v.Int()))
}

// stateNamed is the number of a state by name.
func stateNamed(name string) int64 {
	switch name {
	case "WARNING", "DOWN":
		return 1
	case "CRITICAL", "UNREACHABLE":
		return 2
	case "UNKNOWN":
		return 3
	}
	return 0
}

// toAckType takes the type of an acknowledgement; with is acknowledged, as
// Shinken says a type also where nothing is acknowledged.
func toAckType(_ *scratch, o out, col int, v, with livestatus.Cell) {
	if truth(with) == 0 {
		o.Int(col, 0)
		return
	}
	o.Int(col, v.Int())
}

// toDowntimeType takes is_service: what Icinga 2 has under the name of type is
// something else.
func toDowntimeType(_ *scratch, o out, col int, v, _ livestatus.Cell) { o.Int(col, 2-truth(v)) }

// toCommentType takes is_service.
func toCommentType(_ *scratch, o out, col int, v, _ livestatus.Cell) { o.Int(col, 1+truth(v)) }

// attributes are the names of the bits of modified_attributes.
var attributes = [...]string{
	"notifications_enabled", "active_checks_enabled", "passive_checks_enabled", "event_handler_enabled",
	"flap_detection_enabled", "failure_prediction_enabled", "performance_data_enabled", "obsessive_handler_enabled",
	"event_handler_command", "check_command", "normal_check_interval", "retry_check_interval", "max_check_attempts",
	"freshness_checks_enabled", "check_timeperiod", "custom_variable", "notification_timeperiod",
}

// toAttributes takes modified_attributes: the list is one of its bits by name,
// also where a core has no list.
func toAttributes(s *scratch, o out, col int, v, _ livestatus.Cell) {
	s.reset()
	bits := v.Int()
	for i, name := range attributes {
		if bits&(1<<i) != 0 {
			s.texts = append(s.texts, []byte(name))
		}
	}
	o.TextList(col, s.texts)
}

// variables reads custom variables from their names v and values with into
// s.pairs, in the core's order: names in upper case, values as text. Where
// names differ in case only, the one written in upper case wins: it is the one
// an external command made.
func (s *scratch) variables(v, with livestatus.Cell) {
	s.reset()
	s.list(v)
	names := len(s.texts)
	with.Each(func(e livestatus.Cell) { s.texts = append(s.texts, s.value(e)) })
	for i, name := range s.texts[:names] {
		var value []byte
		if names+i < len(s.texts) {
			value = s.texts[names+i]
		}
		s.variable(name, value)
	}
}

func (s *scratch) variable(name, value []byte) {
	upper := bytes.ToUpper(name)
	for i := range s.pairs {
		if bytes.Equal(s.pairs[i][0], upper) {
			if bytes.Equal(name, upper) {
				s.pairs[i][1] = value
			}
			return
		}
	}
	s.pairs = append(s.pairs, [2][]byte{upper, value})
}

// value is a custom variable's value as text: truth as 1 and 0, nothing as
// nothing. What is nested comes as JSON text already.
func (s *scratch) value(c livestatus.Cell) []byte {
	if c.Kind() == livestatus.BoolCell {
		at := len(s.buf)
		s.buf = strconv.AppendInt(s.buf, c.Int(), 10)
		return s.buf[at:len(s.buf):len(s.buf)]
	}
	return s.joined(c)
}

func toVariableNames(s *scratch, o out, col int, v, with livestatus.Cell) {
	s.variables(v, with)
	s.texts = s.texts[:0]
	for _, p := range s.pairs {
		s.texts = append(s.texts, p[0])
	}
	o.TextList(col, s.texts)
}

func toVariableValues(s *scratch, o out, col int, v, with livestatus.Cell) {
	s.variables(v, with)
	s.texts = s.texts[:0]
	for _, p := range s.pairs {
		s.texts = append(s.texts, p[1])
	}
	o.TextList(col, s.texts)
}

func toVariables(s *scratch, o out, col int, v, with livestatus.Cell) {
	s.variables(v, with)
	o.Dict(col, sortPairs(s.pairs))
}
