package query

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"belvedere/internal/lql"
)

// maxPattern bounds the length of a regular expression.
const maxPattern = 10_000

// slowBudget is how long the expressions that RE2 cannot run may take in one
// query, all of them and all values together.
const slowBudget = 200 * time.Millisecond

// A slowTime is what is left of it. It is shared by the expressions of a query,
// and safe for concurrent use.
type slowTime struct {
	mu     sync.Mutex
	left   time.Duration
	states atomic.Int32 // that the automata of the other expressions may still make
}

func newSlowTime() *slowTime {
	s := &slowTime{left: slowBudget}
	s.states.Store(maxStates)
	return s
}

// compileRegex returns the match of a regular expression anywhere in a text.
//
// There is one dialect for all sites: RE2, in which \d is a digit, with the
// word boundaries \< and \> and the repetition {,n} of POSIX. What only a
// backtracking matcher can do (look around, back references, possessive
// repetition) runs in one, with the time that is left.
func compileRegex(pattern string, fold bool, left *slowTime) (func([]byte) bool, error) {
	if len(pattern) > maxPattern {
		return nil, badRequest(fmt.Sprintf("regular expression of %d bytes", len(pattern)), fmt.Sprintf("at most %d bytes", maxPattern))
	}
	re := translate(pattern)
	if lit, ok := literal(re); ok {
		return literalMatch(lit, fold), nil
	}
	flags := syntax.Perl
	if fold {
		flags |= syntax.FoldCase
	}
	parsed, err := syntax.Parse(re, flags)
	if err != nil {
		return slowRegex(pattern, re, fold, left, err)
	}
	if expandedSize(parsed) > maxExpanded {
		return nil, badRequest(fmt.Sprintf("regular expression %q is too large once its repetitions are written out", clip(pattern)), "use smaller numbers in {n,m}")
	}
	if fold {
		re = "(?i:" + re + ")"
	}
	compiled, err := regexp.Compile(re)
	if err != nil {
		return slowRegex(pattern, re, fold, left, err)
	}
	if d := newDFA(parsed, compiled, &left.states); d != nil {
		return d.match, nil
	}
	return compiled.Match, nil
}

// maxExpanded bounds an expression with its counted repetitions written out.
const maxExpanded = 10_000

// sizeOf is [expandedSize] of a pattern, 0 where RE2 cannot run it.
func sizeOf(pattern string) int {
	if len(pattern) > maxPattern {
		return 0 // refused elsewhere
	}
	re, err := syntax.Parse(translate(pattern), syntax.Perl)
	if err != nil {
		return 0
	}
	return expandedSize(re)
}

// expandedSize counts the parts of an expression with its repetitions written
// out, up to a little more than maxExpanded.
func expandedSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += expandedSize(sub)
		if n > maxExpanded {
			return maxExpanded + 1
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(1, re.Min, re.Max)
	}
	return min(n, maxExpanded+1)
}

// literal reports whether re means no more than the text it returns.
func literal(re string) (string, bool) {
	parsed, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return "", false
	}
	parsed = trimAny(parsed.Simplify())
	switch parsed.Op {
	case syntax.OpEmptyMatch:
		return "", true
	case syntax.OpLiteral:
		if parsed.Flags&syntax.FoldCase != 0 {
			return "", false
		}
		return string(parsed.Rune), true
	}
	return "", false
}

// trimAny drops .* at either end, which matches whatever is there. Without the
// flag s a dot stops at a newline, but the search may begin and end anywhere.
func trimAny(re *syntax.Regexp) *syntax.Regexp {
	any := func(r *syntax.Regexp) bool {
		return r.Op == syntax.OpStar && (r.Sub[0].Op == syntax.OpAnyCharNotNL || r.Sub[0].Op == syntax.OpAnyChar)
	}
	if any(re) {
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	}
	if re.Op != syntax.OpConcat {
		return re
	}
	sub := re.Sub
	for len(sub) > 0 && any(sub[0]) {
		sub = sub[1:]
	}
	for len(sub) > 0 && any(sub[len(sub)-1]) {
		sub = sub[:len(sub)-1]
	}
	switch len(sub) {
	case 0:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}
	case 1:
		return sub[0]
	}
	cp := *re
	cp.Sub = sub
	return &cp
}

func literalMatch(lit string, fold bool) func([]byte) bool {
	want := []byte(lit)
	if !fold || !strings.ContainsFunc(lit, hasCase) {
		return func(b []byte) bool { return bytes.Contains(b, want) }
	}
	for i := range len(lit) {
		if lit[i] >= utf8.RuneSelf || strings.IndexByte("kKsS", lit[i]) >= 0 {
			// k and s have a third spelling, other letters many
			re := regexp.MustCompile("(?i)" + regexp.QuoteMeta(lit))
			if lit[i] >= utf8.RuneSelf {
				return re.Match
			}
			ascii := foldSearch(lit)
			return func(b []byte) bool { return ascii(b) || !isASCII(b) && re.Match(b) }
		}
	}
	return foldSearch(lit)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func hasCase(r rune) bool {
	return r >= utf8.RuneSelf || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// foldSearch finds an ASCII text ignoring case. It looks for the longest part
// without letters first, or else for the first letter in both its cases.
func foldSearch(lit string) func([]byte) bool {
	want := []byte(strings.ToLower(lit))
	from, to := 0, 0 // longest run without letters
	for i := 0; i < len(want); i++ {
		j := i
		for j < len(want) && !hasCase(rune(want[j])) {
			j++
		}
		if j-i > to-from {
			from, to = i, j
		}
		i = j
	}
	if to > from {
		run := want[from:to]
		return func(b []byte) bool {
			for at := 0; ; {
				k := bytes.Index(b[at:], run)
				if k < 0 {
					return false
				}
				start := at + k - from
				if start >= 0 && equalLower(b[start:], want) {
					return true
				}
				at += k + 1
			}
		}
	}
	low, up := want[0], want[0]-'a'+'A'
	return func(b []byte) bool {
		for i := 0; i+len(want) <= len(b); i++ {
			if (b[i] == low || b[i] == up) && equalLower(b[i:], want) {
				return true
			}
		}
		return false
	}
}

// equalLower reports whether b begins with want, which is ASCII in lower case,
// ignoring the case of b.
func equalLower(b, want []byte) bool {
	if len(b) < len(want) {
		return false
	}
	for i, w := range want {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != w {
			return false
		}
	}
	return true
}

// translate rewrites \< and \>, both into the word boundary \b, and {,n} into
// RE2. Everything else stays.
func translate(p string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(p); i++ {
		rest := p[i:]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			if !class && (rest[1] == '<' || rest[1] == '>') {
				b.WriteString(`\b`)
			} else {
				b.WriteString(rest[:2])
			}
			i++
		case class && namedClass(rest) > 0:
			n := namedClass(rest)
			b.WriteString(rest[:n])
			i += n - 1
		case class:
			b.WriteByte(rest[0])
			class = rest[0] != ']'
		case rest[0] == '[':
			n := classStart(rest)
			b.WriteString(rest[:n])
			i += n - 1
			class = true
		case strings.HasPrefix(rest, "{,") && i > 0:
			b.WriteString("{0,")
			i++
		default:
			b.WriteByte(rest[0])
		}
	}
	return b.String()
}

// classStart returns the length of the beginning of a character class: the
// bracket, a caret, and a bracket that is a member because it comes first.
func classStart(s string) int {
	n := 1
	if n < len(s) && s[n] == '^' {
		n++
	}
	if n < len(s) && s[n] == ']' {
		n++
	}
	return n
}

// namedClass returns the length of [:name:] at the beginning of s, which stands
// within a character class; 0 when there is none.
func namedClass(s string) int {
	if !strings.HasPrefix(s, "[:") {
		return 0
	}
	if end := strings.Index(s, ":]"); end > 0 {
		return end + 2
	}
	return 0
}

// slowRegex compiles an expression for the backtracking matcher, if that can
// run it; otherwise it explains what is wrong with it.
func slowRegex(pattern, re string, fold bool, left *slowTime, cause error) (func([]byte) bool, error) {
	opts := regexp2.RegexOptions(regexp2.None)
	if fold {
		opts |= regexp2.IgnoreCase
	}
	compiled, err := regexp2.Compile(possessive(re), opts)
	if err != nil {
		return nil, syntaxError(pattern, cause)
	}
	s := &slowMatcher{re: compiled, time: left, known: map[string]bool{}}
	return s.match, nil
}

// possessive writes a++, a*+ and a?+ as atomic groups of the single character,
// class or group before them, which is what the backtracking matcher knows.
func possessive(re string) string {
	for {
		at, plus := findPossessive(re)
		if plus < 0 {
			return re
		}
		re = re[:at] + "(?>" + re[at:plus] + ")" + re[plus+1:]
	}
}

// findPossessive returns where the repeated part begins and where the second
// plus is, -1 if there is none.
func findPossessive(re string) (at, plus int) {
	var starts []int // of open groups
	last := -1       // where the last atom began
	for i := 0; i < len(re); {
		n := 1
		switch re[i] {
		case '\\':
			n, last = min(2, len(re)-i), i
		case '[':
			n = classStart(re[i:])
			for i+n < len(re) && re[i+n] != ']' {
				if re[i+n] == '\\' {
					n++
				}
				n += max(1, namedClass(re[i+n:]))
			}
			n, last = min(n+1, len(re)-i), i
		case '(':
			starts = append(starts, i)
			last = -1
		case ')':
			last = -1
			if len(starts) > 0 {
				last, starts = starts[len(starts)-1], starts[:len(starts)-1]
			}
		case '*', '+', '?':
			if last >= 0 && i+1 < len(re) && re[i+1] == '+' {
				return last, i + 1
			}
		default:
			last = i
		}
		i += n
	}
	return 0, -1
}

// syntaxError says what is wrong with an expression, and where.
func syntaxError(pattern string, cause error) error {
	se, ok := cause.(*syntax.Error)
	if !ok {
		return badExpression(fmt.Sprintf("regular expression %q: %s", clip(pattern), cause.Error()))
	}
	at := faultAt(pattern, se)
	if at < 0 {
		return badExpression(fmt.Sprintf("regular expression %q: %s", clip(pattern), fault(se.Code)))
	}
	return badExpression(fmt.Sprintf("regular expression %q: %s at position %d", clip(pattern), fault(se.Code), utf8.RuneCountInString(pattern[:at])+1))
}

func badExpression(msg string) error {
	return badRequest(msg, "expressions are those of RE2; write a backslash before a character that is meant as itself")
}

// fault says what is wrong with an expression.
func fault(code syntax.ErrorCode) string {
	switch code {
	case syntax.ErrInvalidCharClass:
		return "invalid character class"
	case syntax.ErrInvalidCharRange:
		return "invalid range of characters"
	case syntax.ErrInvalidEscape:
		return "invalid escape sequence"
	case syntax.ErrInvalidNamedCapture:
		return "invalid named group"
	case syntax.ErrInvalidPerlOp:
		return "invalid or unsupported group"
	case syntax.ErrInvalidRepeatOp:
		return "invalid nested repetition"
	case syntax.ErrInvalidRepeatSize:
		return "invalid number of repetitions"
	case syntax.ErrInvalidUTF8:
		return "invalid UTF-8 text"
	case syntax.ErrMissingBracket:
		return "missing closing ]"
	case syntax.ErrMissingParen:
		return "missing closing )"
	case syntax.ErrMissingRepeatArgument:
		return "nothing to repeat"
	case syntax.ErrTrailingBackslash:
		return "trailing backslash"
	case syntax.ErrUnexpectedParen:
		return "unexpected )"
	}
	return "nested too deep or too large"
}

// faultAt returns the byte at which an expression goes wrong, -1 when that
// cannot be told.
func faultAt(pattern string, se *syntax.Error) int {
	if se.Code == syntax.ErrMissingParen || se.Code == syntax.ErrUnexpectedParen {
		return oddParen(pattern)
	}
	if at := strings.Index(pattern, se.Expr); at >= 0 && se.Expr != "" {
		return at
	}
	// The fault has another spelling here: it is where the pattern begins to
	// have it.
	for i := range pattern[:min(len(pattern), 1000)] {
		_, err := syntax.Parse(translate(pattern[:i]), syntax.Perl)
		if e, ok := err.(*syntax.Error); ok && e.Code == se.Code {
			return max(i-1, 0)
		}
	}
	return max(len(pattern)-1, 0)
}

// oddParen returns where the bracket stands that has no partner, -1 when all
// have one.
func oddParen(p string) int {
	var open []int
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '[':
			i += classStart(p[i:])
			for ; i < len(p) && p[i] != ']'; i++ {
				if p[i] == '\\' {
					i++
				} else if n := namedClass(p[i:]); n > 0 {
					i += n - 1
				}
			}
		case '(':
			open = append(open, i)
		case ')':
			if len(open) == 0 {
				return i
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return open[len(open)-1]
	}
	return -1
}

// A slowMatcher runs an expression in the backtracking matcher, once for each
// distinct text, until its budget is used up.
type slowMatcher struct {
	re    *regexp2.Regexp // under the lock of time, as known
	time  *slowTime
	known map[string]bool
}

// A slowPanic leaves the scan when the budget of slow expressions is used up;
// run turns it into a QueryError.
type slowPanic struct{}

func (s *slowMatcher) match(b []byte) bool {
	s.time.mu.Lock()
	defer s.time.mu.Unlock()
	if m, ok := s.known[string(b)]; ok {
		return m
	}
	if s.time.left <= 0 {
		panic(slowPanic{})
	}
	start := time.Now()
	s.re.MatchTimeout = s.time.left
	m, err := s.re.MatchString(string(b))
	s.time.left -= time.Since(start)
	if err != nil {
		s.time.left = 0
		panic(slowPanic{})
	}
	s.known[string(b)] = m
	return m
}

var errSlow = &lql.QueryError{
	Code: 413, Msg: "regular expressions take too long",
	Hint: "expressions with look-around, back references or possessive repetition have 200 ms in all for a whole query; write them without these",
}
