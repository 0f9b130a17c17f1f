package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind tells what an Expr is.
type Kind uint8

// The kinds.
const (
	All  Kind = iota // all Kids hold; without kids: everything
	Any              // at least one of Kids holds; at least two kids
	Not              // its only kid does not hold
	Text             // a word looked for in the usual columns: Values[0]
	Term             // Field Op Values
)

// An Op compares a field with values.
type Op uint8

// The operators. Has, Equal and NotEqual take several values, of which one
// suffices; the others take one.
const (
	Has            Op = iota // :   what one usually means: contains, is called, is
	Equal                    // =   exactly
	NotEqual                 // !=
	Match                    // ~   regular expression, case ignored
	NotMatch                 // !~
	Less                     // <
	Greater                  // >
	LessOrEqual              // <=
	GreaterOrEqual           // >=
)

var opNames = [...]string{Has: ":", Equal: "=", NotEqual: "!=", Match: "~", NotMatch: "!~",
	Less: "<", Greater: ">", LessOrEqual: "<=", GreaterOrEqual: ">="}

// String returns the operator as it is written.
func (op Op) String() string { return opNames[op] }

// A Value is a text with wildcards: its Parts stand in this order with
// anything between them. Without wildcards it has one part.
type Value struct{ Parts []string }

// Word returns the value that is just this text, wildcards included.
func Word(s string) Value { return Value{Parts: []string{s}} }

// Wild reports whether the value has wildcards.
func (v Value) Wild() bool { return len(v.Parts) > 1 }

// Text returns the value with its wildcards as stars: what a person reads.
func (v Value) Text() string { return strings.Join(v.Parts, "*") }

// An Expr is a parsed query, or a part of one. The zero Expr holds for
// everything. Parts that nothing distinguishes are put together: an All has no
// All among its kids, an Any no Any, and neither has just one kid.
type Expr struct {
	Kind   Kind
	Kids   []Expr  // All, Any, Not
	Field  string  // Term: the name of a field, "_NAME" for a custom variable
	Op     Op      // Term
	Values []Value // Term, Text
	// From and To are where it stands in the text it was parsed from, in
	// bytes; both 0 in an Expr that was built.
	From, To int
}

// Empty reports whether e holds for everything because it says nothing.
func (e Expr) Empty() bool { return e.Kind == All && len(e.Kids) == 0 }

// Is returns the term field:words: for names and the words of state and is.
// The field must be one of [Fields] or a custom variable "_NAME"; words that it
// does not take are found by [Expr.Filter].
func Is(field string, words ...string) Expr { return term(field, Has, words) }

// Eq returns the term field=values: exactly one of these texts.
func Eq(field string, values ...string) Expr { return term(field, Equal, values) }

// Cmp returns the term of field, op and value: Cmp("age", Greater, "1h").
func Cmp(field string, op Op, value string) Expr { return term(field, op, []string{value}) }

func term(field string, op Op, words []string) Expr {
	e := Expr{Kind: Term, Field: field, Op: op}
	for _, w := range words {
		e.Values = append(e.Values, Word(w))
	}
	return e
}

// And returns what holds where all of es hold.
func And(es ...Expr) Expr { return combine(All, es) }

// Or returns what holds where first or any of rest holds.
func Or(first Expr, rest ...Expr) Expr { return combine(Any, append([]Expr{first}, rest...)) }

// Without returns what holds where e does not.
func Without(e Expr) Expr { return Expr{Kind: Not, Kids: []Expr{e}} }

// combine puts exprs together in the form that parsing gives.
func combine(kind Kind, es []Expr) Expr {
	out := Expr{Kind: kind}
	for _, e := range es {
		switch {
		case e.Kind == kind:
			out.Kids = append(out.Kids, e.Kids...)
		case kind == Any && e.Empty():
			return Expr{} // one of them holds everywhere
		default:
			out.Kids = append(out.Kids, e)
		}
	}
	if len(out.Kids) == 1 {
		return out.Kids[0]
	}
	return out
}

// String returns the canonical text of e, "" for everything. Parsing it gives e
// again, apart from From and To.
func (e Expr) String() string {
	var b strings.Builder
	e.write(&b, false)
	return b.String()
}

// write appends e, in brackets where inner asks for one unit.
func (e Expr) write(b *strings.Builder, inner bool) {
	switch e.Kind {
	case Term:
		b.WriteString(e.Field)
		b.WriteString(e.Op.String())
		for i, v := range e.Values {
			if i > 0 {
				b.WriteByte(',')
			}
			v.write(b, e.Op)
		}
	case Text:
		if w := e.Values[0].Text(); !e.Values[0].literalStar() && plainWord(w) {
			b.WriteString(w)
		} else {
			e.Values[0].quote(b)
		}
	case Not:
		b.WriteByte('-')
		e.Kids[0].write(b, true)
	default:
		if inner {
			b.WriteByte('(')
		}
		for i, k := range e.Kids {
			switch {
			case i > 0 && e.Kind == Any:
				b.WriteString(" or ")
			case i > 0:
				b.WriteByte(' ')
			}
			k.write(b, true)
		}
		if inner {
			b.WriteByte(')')
		}
	}
}

// write appends the value of a term.
func (v Value) write(b *strings.Builder, op Op) {
	switch {
	case op == Match || op == NotMatch: // stars belong to the expression
		if w := v.Text(); plainPattern(w) {
			b.WriteString(w)
			return
		}
		b.WriteByte('"')
		b.WriteString(escapePattern(v.Text()))
		b.WriteByte('"')
	case !v.literalStar() && plainValue(v.Text()):
		b.WriteString(v.Text())
	default:
		v.quote(b)
	}
}

// literalStar reports whether a part has a star that is no wildcard.
func (v Value) literalStar() bool {
	return slices.ContainsFunc(v.Parts, func(p string) bool { return strings.Contains(p, "*") })
}

// quote appends the value in quotes.
func (v Value) quote(b *strings.Builder) {
	b.WriteByte('"')
	for i, p := range v.Parts {
		if i > 0 {
			b.WriteByte('*')
		}
		for _, r := range p {
			if r == '"' || r == '\\' || r == '*' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// escapePattern writes a regular expression for within quotes, where only a
// quote needs a backslash, and a backslash before a quote or at the end.
func escapePattern(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			b.WriteByte('\\')
		case s[i] == '\\' && (i+1 == len(s) || s[i+1] == '"' || s[i+1] == '\\'):
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// reserved are the words that mean something by themselves.
func reserved(s string) bool {
	switch strings.ToLower(s) {
	case "and", "or", "not", "like", "unlike", "&&", "||":
		return true
	}
	return false
}

// plainWord reports whether a word of free text means itself without quotes.
func plainWord(s string) bool {
	if s == "" || reserved(s) || strings.IndexAny(s[:1], "-!\"'") == 0 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`()":=<>~!&|`, r)
	})
}

// plainValue reports whether a value of a term means itself without quotes.
func plainValue(s string) bool {
	if s == "" || strings.IndexAny(s[:1], "=<>~!\"'") == 0 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`(),"`, r)
	})
}

// plainPattern reports whether a regular expression means itself without
// quotes: brackets only in pairs.
func plainPattern(s string) bool {
	if s == "" || strings.IndexAny(s[:1], "=<>~!\"'") == 0 {
		return false
	}
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return false
	}
	return wordEnd(s) == len(s) && strings.Count(s, "(") == strings.Count(s, ")")
}

// wordEnd returns where the word at the start of s ends: before a blank, or
// before a closing bracket that none in the word opens.
func wordEnd(s string) int {
	depth := 0
	for i, r := range s {
		switch {
		case unicode.IsSpace(r):
			return i
		case r == '(':
			depth++
		case r == ')' && depth == 0:
			return i
		case r == ')':
			depth--
		}
	}
	return len(s)
}

// same reports whether two exprs are equal apart from where they stand.
func same(a, b Expr) bool {
	return a.Kind == b.Kind && a.Field == b.Field && a.Op == b.Op &&
		slices.EqualFunc(a.Kids, b.Kids, same) &&
		slices.EqualFunc(a.Values, b.Values, func(x, y Value) bool { return slices.Equal(x.Parts, y.Parts) })
}

// validText reports whether s is text that a query may be.
func validText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
