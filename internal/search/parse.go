package search

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/when"
)

// Bounds of a query.
const (
	MaxText  = 4000 // bytes
	MaxDepth = 30   // brackets and negations within each other
	MaxTerms = 300  // words, terms and further values of terms
)

// Parse reads a query. Errors are [*Error]. Which rows it is asked of does not
// matter here: fields, operators and the form of values are checked, not
// whether a table knows the field.
func Parse(text string) (Expr, error) {
	switch {
	case len(text) > MaxText:
		return Expr{}, &Error{Problem: TooLong, From: 0, To: len(text)}
	case !validText(text):
		return Expr{}, &Error{Problem: NotText, From: 0, To: len(text)}
	}
	p := &parser{text: text}
	e, err := p.or()
	if err != nil {
		return Expr{}, err
	}
	if p.at < len(text) { // only a bracket stops it
		return Expr{}, p.fail(NoBracket, p.at, p.at+1)
	}
	return e, nil
}

type parser struct {
	text  string
	at    int // bytes read
	depth int
	terms int
}

func (p *parser) fail(problem Problem, from, to int) *Error {
	return &Error{Problem: problem, From: from, To: to, Word: p.text[from:to]}
}

func (p *parser) rest() string { return p.text[p.at:] }

// blanks passes over blanks.
func (p *parser) blanks() {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.rest())
		if !unicode.IsSpace(r) {
			return
		}
		p.at += n
	}
}

// keyword reports whether one of words, letter case ignored, stands here as a
// word of its own; a bracket may follow. It does not read it.
func (p *parser) keyword(words ...string) (string, bool) {
	rest := p.rest()
	end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '(' || r == ')' })
	if end < 0 {
		end = len(rest)
	}
	word := strings.ToLower(rest[:end])
	return rest[:end], slices.Contains(words, word)
}

// take reads one of words, if one stands here.
func (p *parser) take(words ...string) (from int, ok bool) {
	w, ok := p.keyword(words...)
	from = p.at
	if ok {
		p.at += len(w)
	}
	return from, ok
}

// done reports whether nothing more belongs to the present group.
func (p *parser) done() bool {
	p.blanks()
	return p.at >= len(p.text) || p.text[p.at] == ')'
}

// or reads alternatives.
func (p *parser) or() (Expr, error) {
	start := p.at
	var kids []Expr
	for {
		e, err := p.and()
		if err != nil {
			return Expr{}, err
		}
		kids = append(kids, e)
		from, more := p.take("or", "||")
		to := p.at
		switch {
		case more && (e.Empty() || p.done()), !more && e.Empty() && len(kids) > 1:
			return Expr{}, p.fail(Dangling, from, to)
		case more:
			continue
		}
		out := combine(Any, kids)
		if len(kids) > 1 {
			out.From, out.To = start, p.at
		}
		return out, nil
	}
}

// and reads what all must hold: terms one after the other.
func (p *parser) and() (Expr, error) {
	p.blanks()
	start, joint, to := p.at, -1, 0
	var kids []Expr
	for {
		if p.done() {
			break
		}
		if _, end := p.keyword("or", "||"); end {
			break
		}
		if from, ok := p.take("and", "&&"); ok {
			if joint >= 0 || len(kids) == 0 {
				return Expr{}, p.fail(Dangling, from, p.at)
			}
			joint, to = from, p.at
			continue
		}
		e, err := p.not()
		if err != nil {
			return Expr{}, err
		}
		kids, joint = append(kids, e), -1
	}
	if joint >= 0 {
		return Expr{}, p.fail(Dangling, joint, to)
	}
	out := combine(All, kids)
	if len(kids) > 1 {
		out.From, out.To = start, kids[len(kids)-1].To
	}
	return out, nil
}

// not reads a unit with what negates it.
func (p *parser) not() (Expr, error) {
	start := p.at
	neg := false
	switch rest := p.rest(); {
	case len(rest) > 1 && (rest[0] == '-' || rest[0] == '!' && rest[1] != '=' && rest[1] != '~') && !blankAt(rest, 1) && rest[1] != ')':
		p.at, neg = p.at+1, true
	default:
		_, neg = p.take("not")
	}
	if !neg {
		return p.unit()
	}
	word := p.at
	if p.done() {
		return Expr{}, p.fail(Dangling, start, word)
	}
	if _, joint := p.keyword("and", "&&", "or", "||"); joint {
		return Expr{}, p.fail(Dangling, start, word)
	}
	if p.depth++; p.depth > MaxDepth {
		return Expr{}, p.fail(TooDeep, start, word)
	}
	e, err := p.not()
	p.depth--
	if err != nil {
		return Expr{}, err
	}
	out := Without(e)
	out.From, out.To = start, p.at
	return out, nil
}

func blankAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsSpace(r)
}

// unit reads a bracket, a term or a word.
func (p *parser) unit() (Expr, error) {
	start := p.at
	if p.text[p.at] == '(' {
		return p.bracket()
	}
	if p.terms++; p.terms > MaxTerms {
		return Expr{}, p.fail(TooMany, start, len(p.text))
	}
	if f, ok, err := p.field(); err != nil || ok {
		if err != nil {
			return Expr{}, err
		}
		return p.term(start, f)
	}
	if op, ok := p.operator(true); ok && op != Has {
		return Expr{}, p.fail(Dangling, start, p.at)
	}
	p.at = start
	v, err := p.value(valueOf{})
	if err != nil {
		return Expr{}, err
	}
	return Expr{Kind: Text, Values: []Value{v}, From: start, To: p.at}, nil
}

// bracket reads what stands in brackets.
func (p *parser) bracket() (Expr, error) {
	start := p.at
	p.at++
	if p.depth++; p.depth > MaxDepth {
		return Expr{}, p.fail(TooDeep, start, p.at)
	}
	e, err := p.or()
	p.depth--
	switch {
	case err != nil:
		return Expr{}, err
	case p.at >= len(p.text):
		return Expr{}, p.fail(OpenBracket, start, start+1)
	case e.Empty():
		return Expr{}, p.fail(Dangling, start, p.at+1)
	}
	p.at++
	e.From, e.To = start, p.at
	return e, nil
}

// field reads the name of a field if an operator follows it. What looks like
// one but is none is an error; addresses and times of day are words.
func (p *parser) field() (Field, bool, error) {
	start := p.at
	rest := p.rest()
	end := 0
	for end < len(rest) && isNameByte(rest[end], end) {
		end++
	}
	name := rest[:end]
	if end == 0 {
		return Field{}, false, nil
	}
	p.at += end
	tight := p.at
	_, ok := p.operator(true)
	p.at = tight
	f, known := fieldOf(name)
	switch {
	case ok && known:
		return f, true, nil
	case ok && strings.HasPrefix(rest[end:], ":") && !looksLikeField(rest[end:], rest):
	case ok:
		err := p.fail(NoField, start, start+end)
		err.Near = nearestWord(name, fieldNames())
		return Field{}, false, err
	case known: // "age > 1h", "host like web"
		p.blanks()
		if p.at > tight {
			if _, loose := p.operator(false); loose {
				p.at = tight
				return f, true, nil
			}
		}
	}
	p.at = start
	return Field{}, false, nil
}

// looksLikeField reports whether a word with a colon may have been meant as
// field and value, rather than as an address of the web, IPv6 or Ethernet,
// or a path.
func looksLikeField(behind, s string) bool {
	if strings.HasPrefix(behind, "://") || strings.HasPrefix(behind, `:\`) {
		return false
	}
	word := s[:wordEnd(s)]
	return strings.Count(word, ":") == 1 || strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("0123456789abcdefABCDEF:./", r)
	})
}

// isNameByte reports whether c may be at place i in the name of a field.
func isNameByte(c byte, i int) bool {
	letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
	return letter || i > 0 && (c >= '0' && c <= '9' || c == '-')
}

// spellings are the operators as they may be written, longest first.
var spellings = []struct {
	text string
	op   Op
}{
	{"!~~", NotMatch}, {"!=~", NotEqual}, {"~~", Match}, {"!~", NotMatch}, {"!=", NotEqual}, {"==", Equal}, {"=~", Equal},
	{"<=", LessOrEqual}, {">=", GreaterOrEqual}, {":<=", LessOrEqual}, {":>=", GreaterOrEqual}, {":<", Less}, {":>", Greater},
	{":", Has}, {"=", Equal}, {"~", Match}, {"<", Less}, {">", Greater},
}

// operator reads an operator: tight directly behind a field, else one that
// blanks separate from it, which may be a word and may not be a colon.
func (p *parser) operator(tight bool) (Op, bool) {
	rest := p.rest()
	if !tight {
		if _, ok := p.take("like"); ok {
			return Has, true
		}
		if _, ok := p.take("unlike"); ok {
			return NotMatch, true
		}
	}
	best := -1
	for i, s := range spellings {
		if strings.HasPrefix(rest, s.text) && (best < 0 || len(s.text) > len(spellings[best].text)) {
			best = i
		}
	}
	if best < 0 || !tight && rest[0] == ':' {
		return 0, false
	}
	p.at += len(spellings[best].text)
	return spellings[best].op, true
}

// term reads operator and values behind the name of field f, which begins at
// start.
func (p *parser) term(start int, f Field) (Expr, error) {
	named := p.at
	p.blanks()
	from := p.at
	op, _ := p.operator(named == p.at)
	if !slices.Contains(f.Ops(), op) {
		err := p.fail(NoOperator, from, p.at)
		err.Of = f.Name
		for _, o := range f.Ops() {
			err.Want = append(err.Want, o.String())
		}
		return Expr{}, err
	}
	behind := p.at
	p.blanks()
	if _, joint := p.keyword("and", "&&", "or", "||", "not"); p.at >= len(p.text) || p.text[p.at] == ')' || joint && p.at > behind {
		return Expr{}, &Error{Problem: NoValue, From: start, To: behind, Word: p.text[start:behind], Of: f.Name}
	}
	e := Expr{Kind: Term, Field: f.Name, Op: op, From: start}
	many := op == Has || op == Equal || op == NotEqual
	for {
		at := p.at
		v, err := p.value(valueOf{term: true, list: many, pattern: op == Match || op == NotMatch})
		if err != nil {
			return Expr{}, err
		}
		if v, err = p.check(f, v, at); err != nil {
			return Expr{}, err
		}
		e.Values = append(e.Values, v)
		if !many || !strings.HasPrefix(p.rest(), ",") {
			break
		}
		p.at++
		if p.terms++; p.terms > MaxTerms {
			return Expr{}, p.fail(TooMany, start, len(p.text))
		}
		if p.at >= len(p.text) || p.text[p.at] == ')' || p.text[p.at] == ',' || blankAt(p.text, p.at) {
			return Expr{}, &Error{Problem: NoValue, From: start, To: p.at, Word: p.text[start:p.at], Of: f.Name}
		}
	}
	e.To = p.at
	return e, nil
}

// valueOf says what a value belongs to.
type valueOf struct{ term, list, pattern bool }

// value reads one value: in quotes, or up to the end of the word.
func (p *parser) value(of valueOf) (Value, error) {
	rest := p.rest()
	if q := rest[0]; q == '"' || q == '\'' && closes(rest, of) {
		return p.quoted(q, of)
	}
	end := wordEnd(rest)
	if of.list {
		end = listEnd(rest[:end])
	}
	if end == 0 { // nothing but a comma
		return Value{}, p.fail(Dangling, p.at, p.at+1)
	}
	p.at += end
	if of.pattern {
		return Word(rest[:end]), nil
	}
	return Value{Parts: strings.Split(rest[:end], "*")}, nil
}

// closes reports whether a single quote at the start of s is closed at the end
// of a word: otherwise it is an apostrophe.
func closes(s string, of valueOf) bool {
	for i := 1; i < len(s); i++ {
		if s[i] == '\'' && (i+1 == len(s) || s[i+1] == ')' || of.list && s[i+1] == ',' || blankAt(s, i+1)) {
			return true
		}
	}
	return false
}

// listEnd returns where one of several values in a word ends: before a comma
// outside of brackets.
func listEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}

// quoted reads a value in quotes. A backslash takes the meaning from a quote, a
// backslash and, outside of expressions, a star.
func (p *parser) quoted(q byte, of valueOf) (Value, error) {
	start := p.at
	rest := p.rest()
	parts := []string{""}
	add := func(s string) { parts[len(parts)-1] += s }
	for i := 1; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == q:
			p.at += i + 1
			return Value{Parts: parts}, nil
		case c == '\\' && i+1 < len(rest) && (rest[i+1] == q || rest[i+1] == '\\' || rest[i+1] == '*' && !of.pattern):
			i++
			add(rest[i : i+1])
		case c == '*' && !of.pattern:
			parts = append(parts, "")
		default:
			add(rest[i : i+1])
		}
	}
	return Value{}, p.fail(OpenQuote, start, len(p.text))
}

// check makes the value of a field canonical, or says what is wrong with it.
func (p *parser) check(f Field, v Value, at int) (Value, error) {
	word := v.Text()
	bad := func(problem Problem) error {
		e := p.fail(problem, at, p.at)
		e.Of = f.Name
		return e
	}
	switch f.Kind {
	case Words:
		w, ok := canonicalWord(f.Name, word)
		if !ok {
			err := p.fail(NoSuchWord, at, p.at)
			err.Of, err.Want = f.Name, WordsOf(f.Name, tableOrder...)
			err.Near = nearestWord(word, err.Want)
			return Value{}, err
		}
		return Word(w), nil
	case Numbers:
		if _, ok := parseNumber(word, f.Unit); !ok {
			return Value{}, bad(NoNumber)
		}
	case Switches:
		if _, ok := parseSwitch(word); !ok {
			err := p.fail(NoSuchWord, at, p.at)
			err.Of, err.Want = f.Name, []string{"yes", "no"}
			return Value{}, err
		}
	case Durations:
		if _, ok := when.Length(word); !ok {
			return Value{}, bad(NoDuration)
		}
	case Times:
		if _, ok := when.Moment(word, time.Unix(0, 0)); !ok {
			return Value{}, bad(NoTime)
		}
	}
	return v, nil
}
