package query

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A test decides about one value. Which of its parts is used depends on the
// kind of the column; a nil function means that the range decides.
type test struct {
	lo, hi   int64   // numbers: holds in this range
	flo, fhi float64 // floats: holds in this range
	num      func(v int64) bool
	float    func(v float64) bool
	bytes    func(b []byte) bool // texts and encoded lists
	negate   bool
	slow     int // how much a test of one value costs, in tests of a number
}

// holdsInt, holdsFloat and holdsBytes apply the test to one value.
func (t *test) holdsInt(v int64) bool {
	if t.num != nil {
		return t.num(v) != t.negate
	}
	return (v >= t.lo && v <= t.hi) != t.negate
}

func (t *test) holdsFloat(v float64) bool {
	if t.float != nil {
		return t.float(v) != t.negate
	}
	return (v >= t.flo && v <= t.fhi) != t.negate
}

func (t *test) holdsBytes(b []byte) bool { return t.bytes(b) != t.negate }

// positive takes the negation out of an operator.
func positive(op lql.Op) (lql.Op, bool) {
	switch op {
	case lql.NotEqual:
		return lql.Equal, true
	case lql.NotMatch:
		return lql.Match, true
	case lql.NotEqualFold:
		return lql.EqualFold, true
	case lql.NotMatchFold:
		return lql.MatchFold, true
	case lql.NotLess:
		return lql.Less, true
	case lql.NotGreater:
		return lql.Greater, true
	case lql.NotLessOrEqual:
		return lql.LessOrEqual, true
	case lql.NotGreaterOrEqual:
		return lql.GreaterOrEqual, true
	}
	return op, false
}

// compileTest makes the test of a filter line. Times are compared in the
// core's clock, shift seconds behind the client's.
func compileTest(c *schema.Column, op lql.Op, value string, shift int64, left *slowTime) (*test, error) {
	base, neg := positive(op)
	t := &test{negate: neg}
	var err error
	switch c.Kind {
	case schema.Bool, schema.Int:
		if c.Name == "modified_attributes" && strings.ContainsAny(value, "abcdefghijklmnopqrstuvwxyz") {
			value = strconv.FormatInt(attributeBits(value), 10)
		}
		intTest(t, base, atoi(value))
	case schema.Time:
		n := atoi(value)
		if n > math.MinInt64+maxShift && n < math.MaxInt64-maxShift {
			n -= shift
		}
		intTest(t, base, n)
	case schema.Float:
		floatTest(t, base, value)
	case schema.Text:
		err = textTest(t, base, value, left)
	case schema.TextList:
		if c.Name == "modified_attributes_list" {
			attributeTest(t, base, value)
		} else {
			err = listTest(t, base, value, eachText, left)
		}
	case schema.IntList:
		err = intListTest(t, base, value, left)
	case schema.Members:
		err = listTest(t, base, value, eachMember, left)
	case schema.Dict:
		err = dictTest(t, base, value, left)
	case schema.Tuples:
		err = listTest(t, base, value, eachFirst, left)
	}
	if qe, ok := err.(*lql.QueryError); ok {
		qe.Msg = fmt.Sprintf("filter on %s: %s", c.Name, qe.Msg)
	}
	return t, err
}

// atoi reads the number a value starts with, as cores do: blanks, a sign,
// digits; anything else is 0. Numbers beyond 64 bits become the largest.
func atoi(s string) int64 {
	s = strings.TrimLeft(s, " \t")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64) // out of range: the nearest
	return n
}

// atof reads a float; what is none is 0.
func atof(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil && !math.IsInf(f, 0) || math.IsNaN(f) {
		return float64(atoi(s))
	}
	return f
}

// intTest compares numbers; the operators of regular expressions test bits:
// ~ all bits of the value are set, ~~ any is, =~ no other is.
func intTest(t *test, op lql.Op, n int64) {
	t.lo, t.hi = math.MinInt64, math.MaxInt64
	t.slow = 1
	switch op {
	case lql.Equal:
		t.lo, t.hi = n, n
	case lql.Less:
		if t.hi = n - 1; n == math.MinInt64 {
			t.lo, t.hi = 1, 0
		}
	case lql.LessOrEqual:
		t.hi = n
	case lql.Greater:
		if t.lo = n + 1; n == math.MaxInt64 {
			t.lo, t.hi = 1, 0
		}
	case lql.GreaterOrEqual:
		t.lo = n
	case lql.Match:
		t.num = func(v int64) bool { return v&n == n }
	case lql.MatchFold:
		t.num = func(v int64) bool { return v&n != 0 }
	case lql.EqualFold:
		t.num = func(v int64) bool { return v&n == v }
	}
}

// floatTest compares floats. There are no bits to test: the other operators
// never hold.
func floatTest(t *test, op lql.Op, value string) {
	f := atof(value)
	t.flo, t.fhi = math.Inf(-1), math.Inf(1)
	t.slow = 1
	switch op {
	case lql.Equal:
		t.flo, t.fhi = f, f
	case lql.Less:
		t.fhi = math.Nextafter(f, math.Inf(-1))
		if math.IsInf(f, -1) {
			t.flo, t.fhi = 1, 0
		}
	case lql.LessOrEqual:
		t.fhi = f
	case lql.Greater:
		t.flo = math.Nextafter(f, math.Inf(1))
		if math.IsInf(f, 1) {
			t.flo, t.fhi = 1, 0
		}
	case lql.GreaterOrEqual:
		t.flo = f
	default:
		t.flo, t.fhi = 1, 0
	}
}

func textTest(t *test, op lql.Op, value string, left *slowTime) error {
	v := []byte(value)
	t.slow = 10
	switch op {
	case lql.Equal:
		t.slow, t.bytes = 4, func(b []byte) bool { return string(b) == value }
	case lql.EqualFold:
		t.bytes = func(b []byte) bool { return bytes.EqualFold(b, v) }
	case lql.Less:
		t.bytes = func(b []byte) bool { return string(b) < value }
	case lql.LessOrEqual:
		t.bytes = func(b []byte) bool { return string(b) <= value }
	case lql.Greater:
		t.bytes = func(b []byte) bool { return string(b) > value }
	case lql.GreaterOrEqual:
		t.bytes = func(b []byte) bool { return string(b) >= value }
	default:
		m, err := compileRegex(value, op == lql.MatchFold, left)
		if err != nil {
			return err
		}
		t.slow, t.bytes = 60, m
	}
	return nil
}

// setTest tests whether a text is one of many, or none of them.
func setTest(values []string, negate bool) *test {
	set := make(map[string]bool, len(values))
	for _, v := range values {
		set[v] = true
	}
	return &test{slow: 6, negate: negate, bytes: func(b []byte) bool { return set[string(b)] }}
}

// An each takes an encoded list apart into the names its elements are found by.
type each func(b []byte, fn func(name []byte) bool)

func eachText(b []byte, fn func([]byte) bool) { store.EachText(b, fn) }

// eachMember names a host by itself and a service as host|description; see
// memberName for the other spelling.
func eachMember(b []byte, fn func([]byte) bool) {
	var buf []byte
	store.EachPair(b, func(h, s []byte) bool {
		if len(s) == 0 {
			return fn(h)
		}
		buf = append(append(append(buf[:0], h...), '|'), s...)
		return fn(buf)
	})
}

// eachFirst names a tuple by its first cell.
func eachFirst(b []byte, fn func([]byte) bool) {
	for _, t := range store.DecodeTuples(b) {
		if len(t) == 0 {
			continue
		}
		if !fn([]byte(fmt.Sprint(t[0]))) {
			return
		}
	}
}

// listTest: >= contains, < does not, <= contains ignoring case, > does not;
// = and != ask with an empty value whether the list is empty, with any other
// value they behave like >= and its negation; regular expressions and =~ hold
// if any element matches.
func listTest(t *test, op lql.Op, value string, list each, left *slowTime) error {
	t.slow = 20
	v := []byte(value)
	any := func(match func([]byte) bool) func([]byte) bool {
		return func(b []byte) bool {
			found := false
			list(b, func(name []byte) bool { found = match(name); return !found })
			return found
		}
	}
	equal := func(name []byte) bool { return bytes.Equal(name, v) }
	fold := func(name []byte) bool { return bytes.EqualFold(name, v) }
	if alt := strings.Replace(value, ";", "|", 1); alt != value { // host;service
		plain := equal
		w := []byte(alt)
		equal = func(name []byte) bool { return plain(name) || bytes.Equal(name, w) }
	}
	switch op {
	case lql.Equal:
		if value == "" {
			t.bytes = func(b []byte) bool { return len(b) == 0 }
			return nil
		}
		t.bytes = any(equal)
	case lql.GreaterOrEqual:
		t.bytes = any(equal)
	case lql.Less:
		t.bytes, t.negate = any(equal), !t.negate
	case lql.LessOrEqual, lql.EqualFold:
		t.bytes = any(fold)
	case lql.Greater:
		t.bytes, t.negate = any(fold), !t.negate
	default:
		m, err := compileRegex(value, op == lql.MatchFold, left)
		if err != nil {
			return err
		}
		t.slow, t.bytes = 80, any(m)
	}
	return nil
}

// intListTest is listTest for numbers of comments and downtimes.
func intListTest(t *test, op lql.Op, value string, left *slowTime) error {
	return listTest(t, op, strings.TrimSpace(value), func(b []byte, fn func([]byte) bool) {
		var buf []byte
		store.EachInt(b, func(n int64) bool {
			buf = strconv.AppendInt(buf[:0], n, 10)
			return fn(buf)
		})
	}, left)
}

// dictTest compares the value of one entry, named by the first word of the
// filter's value; a missing entry is empty. Names and values with blanks can
// stand in single quotes.
func dictTest(t *test, op lql.Op, value string, left *slowTime) error {
	name, rest := cutWord(value)
	if name == "" && op == lql.Equal {
		t.bytes = func(b []byte) bool { return len(b) == 0 }
		return nil
	}
	inner := &test{}
	if err := textTest(inner, op, rest, left); err != nil {
		return err
	}
	t.slow = inner.slow + 10
	n := []byte(name)
	t.bytes = func(b []byte) bool { return inner.bytes(dictValue(b, n)) }
	return nil
}

func cutWord(s string) (word, rest string) {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, "'") {
		if w, r, ok := cutQuoted(s); ok {
			if v, tail, ok := cutQuoted(strings.TrimLeft(r, " \t")); ok && strings.TrimSpace(tail) == "" {
				return w, v
			}
			return w, strings.TrimLeft(r, " \t")
		}
	}
	word, rest, _ = strings.Cut(s, " ")
	rest = strings.TrimLeft(rest, " \t")
	if v, tail, ok := cutQuoted(rest); ok && strings.TrimSpace(tail) == "" {
		return word, v
	}
	return word, rest
}

// cutQuoted takes a text in single quotes, in which two of them stand for one.
func cutQuoted(s string) (text, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		return "", s, false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), s[i+1:], true
	}
	return "", s, false
}

// dictValue returns the value of an entry of an encoded Dict, nil without it.
func dictValue(b, name []byte) (value []byte) {
	store.EachPair(b, func(n, v []byte) bool {
		if bytes.Equal(n, name) {
			value = v
			return false
		}
		return true
	})
	return value
}

// attributes are the names of the bits of modified_attributes.
var attributes = [...]string{
	"notifications_enabled", "active_checks_enabled", "passive_checks_enabled", "event_handler_enabled",
	"flap_detection_enabled", "failure_prediction_enabled", "performance_data_enabled", "obsessive_handler_enabled",
	"event_handler_command", "check_command", "normal_check_interval", "retry_check_interval", "max_check_attempts",
	"freshness_checks_enabled", "check_timeperiod", "custom_variable", "notification_timeperiod",
}

// attributeBits reads a number, or names separated by commas or blanks.
func attributeBits(value string) int64 {
	if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
		return n
	}
	var bits int64
	for _, w := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		bits |= attributeBit([]byte(w))
	}
	return bits
}

func attributeBit(name []byte) int64 {
	for i, a := range attributes {
		if string(name) == a {
			return 1 << i
		}
	}
	return 0
}

// attributeTest compares a list of attribute names as the number of its bits:
// = exactly these, ~ all of these, ~~ any of these, < and > by number. >= with
// one name asks whether it is in the list, as on other lists.
func attributeTest(t *test, op lql.Op, value string) {
	bits := attributeBits(value)
	number := strings.TrimLeft(strings.TrimSpace(value), "0123456789") == "" && value != ""
	inner := &test{}
	switch {
	case op == lql.GreaterOrEqual && !number:
		op = lql.Match
	case op == lql.Less && !number:
		op, t.negate = lql.Match, !t.negate
	}
	intTest(inner, op, bits)
	unknown := bits == 0 && !number && strings.TrimSpace(value) != ""
	t.slow = 30
	t.bytes = func(b []byte) bool {
		var have int64
		store.EachText(b, func(name []byte) bool { have |= attributeBit(name); return true })
		return !unknown && inner.holdsInt(have)
	}
}
