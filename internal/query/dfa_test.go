package query

import (
	"regexp"
	"regexp/syntax"
	"sync/atomic"
	"testing"
)

// dfaOf makes the automaton of a pattern, with room for so many states.
func dfaOf(pattern string, states int32) *dfa {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var left atomic.Int32
	left.Store(states)
	return newDFA(parsed, re, &left)
}

var dfaPatterns = []string{"^(http|ssh).*$", "[0-9]+ bytes in 0\\.[5-9]", "(?i)VALID for 29[0-9]", `\bok\b`, `\Bk`, `^$`, `^a|b$`, "(?m)^x$", "(?m:^)y", `a\z`, `\Aab?c*`,
	"(a|b)*abb", "(?i)kelvin", "[^a-z]x", ".", "(?s).x", "a{2,4}b", "(a*)*c", "x|", "[[:word:]]+ [k-m]", `\n`, "\\x00", "ü+", "[^ü]", "(?i)[s]", "a$b", `\b`, `\B`, "(?i)ß|x"}

var dfaTexts = []string{"", "a", "b", "ok", "not ok then", "okay", "http www", "  ssh", "ssh", "57129 bytes in 0.731 second", "certificate Valid For 290 days", "x\nx", "a\nb", "\n", "ab", "abb", "aabb c",
	"xyz", "KELVIN", "\u212aelvin", "süß", "aab", "aaaaab", "_x k", "a\x00b", "\xff", "a\xffx", "ſ", "foo\nyes", "k"}

// TestDFA: the automaton agrees with the standard library, also when it has
// room for few states or none.
func TestDFA(t *testing.T) {
	for _, states := range []int32{0, 1, 3, 1000} {
		for _, p := range dfaPatterns {
			d := dfaOf(p, states)
			if d == nil {
				t.Fatalf("%q: no automaton", p)
			}
			for _, text := range dfaTexts {
				if got, want := d.match([]byte(text)), d.exact.MatchString(text); got != want {
					t.Errorf("%q on %q with %d states: %v, want %v", p, text, states, got, want)
				}
			}
		}
	}
}

func FuzzDFA(f *testing.F) {
	for i, p := range dfaPatterns {
		f.Add(p, dfaTexts[i%len(dfaTexts)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, pattern, text string, states uint8) {
		if len(pattern) > 200 || len(text) > 1000 {
			return
		}
		d := dfaOf(pattern, int32(states))
		if d == nil {
			return
		}
		for range 2 {
			if got, want := d.match([]byte(text)), d.exact.MatchString(text); got != want {
				t.Fatalf("%q on %q: %v, want %v", pattern, text, got, want)
			}
		}
	})
}
