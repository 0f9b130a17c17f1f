package testkit

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// A matcher compares a value with what a filter names.
type matcher func(v value) bool

// An operatorError is an operator an implementation does not have.
type operatorError struct{ op string }

func (e *operatorError) Error() string { return "invalid filter operator '" + e.op + "'" }

// A dialect is what implementations do not agree on when they compare.
type dialect struct {
	asciiFold  bool // ignoring case works on ASCII only
	noBraces   bool // regular expressions must not contain { or }
	bits       bool // ~ =~ ~~ on numbers compare bits; else they are always true
	anyElement bool // ~ and its kin on lists look at every element
	noDict     bool // filters on dictionaries never match
	icinga     bool
	aggregate  bool // what Evaluate documents
}

func (p *profile) dialect() dialect {
	switch p.name {
	case Nagios4:
		return dialect{asciiFold: true, bits: true, anyElement: true}
	case Icinga2:
		return dialect{asciiFold: true, noDict: true, icinga: true}
	case Shinken:
		return dialect{noDict: true, anyElement: true}
	}
	return dialect{noBraces: true}
}

func (p *profile) matcher(op, ref string) (matcher, error) { return newMatcher(p.dialect(), op, ref) }

// operators are those without negation, the longest first.
var operators = [...]string{"=~", "~~", "<=", ">=", "=", "~", "<", ">"}

// newMatcher makes the matcher of an operator and a value.
func newMatcher(d dialect, op, ref string) (matcher, error) {
	base, negated := strings.CutPrefix(op, "!")
	known := false
	for _, o := range operators {
		known = known || o == base
	}
	if !known || d.icinga && negated && strings.ContainsAny(base, "<>") {
		return nil, &operatorError{op}
	}
	t := &test{d: d, op: base, ref: ref, number: atoi(ref), float: float64(atoi(ref))}
	if f, err := strconv.ParseFloat(strings.TrimSpace(ref), 64); err == nil {
		t.float = f
	}
	if base == "~" || base == "~~" {
		if err := t.compile(); err != nil {
			if d.icinga {
				return func(value) bool { return negated }, nil
			}
			return nil, err
		}
	}
	return func(v value) bool { return t.match(v) != negated }, nil
}

// atoi reads a number as C does: leading digits, garbage is 0.
func atoi(s string) int64 {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, _ := strconv.ParseInt(s[:end], 10, 64)
	return n
}

// A test is a comparison without negation.
type test struct {
	d      dialect
	op     string
	ref    string
	number int64
	float  float64
	re     *regexp.Regexp
	lower  bool // lower-case ASCII letters before the expression sees them
}

func (t *test) compile() error {
	ref := t.ref
	if t.d.noBraces && strings.ContainsAny(ref, "{}") {
		return errors.New("disallowed regular expression '" + ref + "': must not contain { or }")
	}
	if t.op == "~~" {
		if t.d.asciiFold && !isASCII(ref) {
			t.lower, ref = true, lowerPattern(ref)
		} else {
			ref = "(?i)" + ref
		}
	}
	if !t.d.aggregate {
		ref = "(?s)" + ref // in POSIX a dot is any character
	}
	re, err := regexp.Compile(ref)
	if err != nil {
		if t.d.bits && strings.Count(ref, "(") != strings.Count(ref, ")") {
			return errors.New("Mismatched '(' and ')' in regular expression")
		}
		return errors.New("invalid regular expression '" + t.ref + "'")
	}
	t.re = re
	return nil
}

// lowerPattern lower-cases ASCII letters that are not escapes.
func lowerPattern(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' && (i == 0 || b[i-1] != '\\') {
			b[i] = c + 32
		}
	}
	return string(b)
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 32
		}
	}
	return string(b)
}

func (t *test) match(v value) bool {
	switch v.kind {
	case vInt, vBool:
		return t.matchInt(v.i)
	case vFloat:
		return t.matchNumber(v.f, t.float)
	case vText:
		return t.matchText(v.s)
	case vNull:
		return t.matchText("")
	case vDict:
		return t.matchDict(v)
	}
	return t.matchList(v)
}

func (t *test) matchInt(n int64) bool {
	switch t.op {
	case "=~", "~", "~~":
		if t.d.icinga {
			return t.matchText(strconv.FormatInt(n, 10))
		}
		if !t.d.bits {
			return true
		}
		switch t.op {
		case "~":
			return n&t.number == t.number
		case "~~":
			return n&t.number != 0
		}
		return n&t.number == n
	}
	if t.d.icinga {
		return t.matchNumber(float64(n), t.float)
	}
	switch t.op {
	case "=":
		return n == t.number
	case "<":
		return n < t.number
	case ">":
		return n > t.number
	case "<=":
		return n <= t.number
	}
	return n >= t.number
}

func (t *test) matchNumber(a, b float64) bool {
	switch t.op {
	case "=":
		return a == b
	case "<":
		return a < b
	case ">":
		return a > b
	case "<=":
		return a <= b
	case ">=":
		return a >= b
	}
	return !t.d.bits
}

func (t *test) matchText(s string) bool {
	switch t.op {
	case "=":
		return s == t.ref
	case "=~":
		if t.d.asciiFold {
			return lowerASCII(s) == lowerASCII(t.ref)
		}
		return strings.EqualFold(s, t.ref)
	case "<":
		return s < t.ref
	case ">":
		return s > t.ref
	case "<=":
		return s <= t.ref
	case ">=":
		return s >= t.ref
	}
	if t.lower {
		s = lowerASCII(s)
	}
	return t.re.MatchString(s)
}

// matchDict takes the first word of the value as the name of an entry.
func (t *test) matchDict(v value) bool {
	if t.d.noDict {
		return false
	}
	name, ref, _ := strings.Cut(t.ref, " ")
	if t.d.aggregate && name == "" && t.op == "=" {
		return v.count() == 0
	}
	sub, err := newMatcher(t.d, t.op, ref)
	if err != nil {
		return false
	}
	found := ""
	for _, e := range v.elements() {
		if k, val, _ := strings.Cut(e, "|"); k == name {
			found = val
		}
	}
	return sub(vt(found))
}

func (t *test) matchList(v value) bool {
	elements := v.elements()
	if t.d.aggregate {
		return t.matchAggregateList(v)
	}
	switch t.op {
	case ">=", "<":
		return contains(elements, t.ref) == (t.op == ">=")
	case "=":
		return (t.ref == "" || t.d.icinga) && len(elements) == 0
	case "<=", ">":
		if !t.d.bits {
			return !t.d.icinga
		}
		found := false
		for _, e := range elements {
			found = found || lowerASCII(e) == lowerASCII(t.ref)
		}
		return found == (t.op == "<=")
	}
	if !t.d.anyElement {
		return !t.d.icinga
	}
	for _, e := range elements {
		if t.matchText(e) {
			return true
		}
	}
	return false
}

// matchAggregateList is how lists are compared by Evaluate.
func (t *test) matchAggregateList(v value) bool {
	elements := v.elements()
	if tuples, ok := v.o.([][]any); ok { // known by their first cell
		elements = nil
		for _, x := range tuples {
			if len(x) > 0 {
				elements = append(elements, valueOf(x[0]).text())
			}
		}
	}
	any := func(match func(string) bool) bool {
		for _, e := range elements {
			if match(e) {
				return true
			}
		}
		return false
	}
	same := func(e string) bool { return e == t.ref || e == strings.Replace(t.ref, ";", "|", 1) }
	fold := func(e string) bool { return strings.EqualFold(e, t.ref) }
	switch t.op {
	case "=":
		if t.ref == "" {
			return len(elements) == 0
		}
		return any(same)
	case ">=":
		return any(same)
	case "<":
		return !any(same)
	case "<=", "=~":
		return any(fold)
	case ">":
		return !any(fold)
	}
	return any(t.matchText)
}

func contains(l []string, s string) bool {
	for _, x := range l {
		if x == s {
			return true
		}
	}
	return false
}

// holds evaluates a filter; get reads the column of a comparison.
func (n *node) holds(get func(n *node) value) bool {
	switch n.op {
	case "and":
		for _, k := range n.kids {
			if !k.holds(get) {
				return false
			}
		}
		return true
	case "or":
		for _, k := range n.kids {
			if k.holds(get) {
				return true
			}
		}
		return false
	case "not":
		return !n.kids[0].holds(get)
	}
	if n.always != nil {
		return *n.always
	}
	return n.match(get(n))
}
