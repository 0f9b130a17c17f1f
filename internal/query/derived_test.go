package query

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// TestDerivedColumnsAreComputed: the schema declares no derived column that
// nothing here computes.
func TestDerivedColumnsAreComputed(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "S"})
	b := site.Begin()
	for _, st := range schema.Tables() {
		if st.Source != schema.FromCore {
			continue
		}
		r := b.Replace(st.Name)
		var names []string
		for _, c := range st.Columns {
			if c.Class != schema.Derived {
				names = append(names, c.Name)
			}
		}
		if err := r.Columns(names...); err != nil {
			t.Fatal(err)
		}
		for i, n := range names {
			if n == "name" || n == "host_name" || n == "description" {
				r.Text(i, []byte("x"))
			}
		}
		if err := r.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Commit(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	e := New(Options{Fleet: fleet})
	for _, st := range schema.Tables() {
		if st.Source != schema.FromCore {
			continue
		}
		q := lql.Get(st.Name)
		p, err := bind(q, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := &run{plan: p, e: e, ctx: t.Context(), viewer: access.Viewer{All: true}, now: time.Unix(2, 0), workers: 1}
		if err := r.open(); err != nil {
			t.Fatal(err)
		}
		for i, c := range st.Columns {
			if c.Class != schema.Derived || strings.HasPrefix(c.Name, "peer_") {
				continue
			}
			if o := r.sites[0].operand(colRef{join: -1, col: i, table: st}); o.constant() {
				t.Errorf("%s.%s is declared as derived, but nothing computes it", st.Name, c.Name)
			}
		}
	}
}

func TestRegex(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		fold, want    bool
	}{
		{"web", "my web x", false, true},
		{"WEB", "my web x", false, false},
		{"WEB", "my web x", true, true},
		{`\<web\>`, "my web x", false, true},
		{`\<web\>`, "myweb x", false, false},
		{`xa{,3}y`, "xaay", false, true},
		{`xa{,3}y`, "xaaaay", false, false},
		{`[{,3}]`, "3", false, true},
		{`[]a]{,2}$`, "]", false, true},
		{`^[[:digit:]{,]+$`, "1{,", false, true},
		{`^(?!test)`, "test1", false, false},
		{`^(?!test)`, "prod", false, true},
		{`(a+)\1$`, "aa", false, true},
		{`a++b`, "aab", false, true},
		{`[ab]*+c`, "abac", false, true},
		{`(?<=x)-`, "x-", false, true},
		{`\d+`, "a1", false, true},
		{`[[:alpha:]]+`, "1a", false, true},
		{`.*foo.*`, "a foo b", false, true},
		{`.*`, "", false, true},
		{``, "x", false, true},
		{`srv0042`, "host SRV0042-b", true, true},
		{`srv0042`, "0042srv0042", true, true},
		{`disk`, "a Disk", true, true},
		{`disk`, "a Diſk", true, true}, // long s folds to s
		{`k`, "\u212a", true, true},    // as the Kelvin sign to k
		{`münchen`, "MÜNCHEN", true, true},
		{`abc`, "ab", true, false},
		{`a\.b`, "a.b", false, true},
		{`a\.b`, "axb", false, false},
	} {
		m, err := compileRegex(tt.pattern, tt.fold, newSlowTime())
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		if m([]byte(tt.text)) != tt.want {
			t.Errorf("%q fold %v on %q is %v", tt.pattern, tt.fold, tt.text, !tt.want)
		}
	}
	for pattern, at := range map[string]string{`a(b`: "position 2", `a[z-a]`: "position 3", `x**`: "position 2", `(?z)`: "position 1",
		`a)b`: "position 2", `ü[[:alpha:](]b(c`: "position 15", `a{,3}**`: "position 6"} {
		_, err := compileRegex(pattern, false, newSlowTime())
		qe, ok := err.(*lql.QueryError)
		if !ok || qe.Code != 400 || qe.Hint == "" || !strings.Contains(qe.Msg, at) {
			t.Errorf("%q: %v, want 400 with %q", pattern, err, at)
		}
	}
}

// TestSlowRegexesShareTime: all backtracking expressions of a query together
// have one budget, so that many of them cannot take minutes.
func TestSlowRegexesShareTime(t *testing.T) {
	or := lql.Filter{Kind: lql.Or, Kids: []lql.Filter{
		{Column: "name", Op: lql.Match, Value: `^(a+)+\1b$`}, {Column: "name", Op: lql.Match, Value: `(?=x)x`}}}
	p, err := bind(lql.Get("hosts", "name").Where(or), 0)
	if err != nil {
		t.Fatal(err)
	}
	tooSlow := func(l *leaf, text string) (out bool) {
		defer func() { _, out = recover().(slowPanic) }()
		l.test.bytes([]byte(text))
		return false
	}
	if len(p.leaves) != 2 || tooSlow(p.leaves[1], "x") {
		t.Fatalf("%d filters, or too slow from the start", len(p.leaves))
	}
	if !tooSlow(p.leaves[0], strings.Repeat("a", 100)) || !tooSlow(p.leaves[1], "another x") {
		t.Error("time that one expression used up is there for the next")
	}
	if !strings.Contains(errSlow.Hint, "200 ms in all for a whole query") {
		t.Errorf("the hint does not say so: %s", errSlow.Hint)
	}
}

// FuzzRegex: no pattern panics, and patterns without what is translated match
// as the standard library's do.
func FuzzRegex(f *testing.F) {
	for _, s := range []string{"a{,3}", `\<x\>`, "[]a]", "[^]{,]", "(?i)x", "a++", "(((", `\`, "[", "{,", "a|b"} {
		f.Add(s, "text", true)
	}
	f.Fuzz(func(t *testing.T, pattern, text string, fold bool) {
		m, err := compileRegex(pattern, fold, newSlowTime())
		if err != nil {
			if _, ok := err.(*lql.QueryError); !ok {
				t.Fatalf("%q: %v", pattern, err)
			}
			return
		}
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(slowPanic); !ok {
					panic(p)
				}
			}
		}()
		got := m([]byte(text))
		want, err := plainRegex(pattern, fold)
		if err == nil && !strings.Contains(pattern, `\<`) && !strings.Contains(pattern, `\>`) && !strings.Contains(pattern, "{,") && want([]byte(text)) != got {
			t.Fatalf("%q fold %v on %q: %v", pattern, fold, text, got)
		}
	})
}

func TestLocaltime(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for client, want := range map[int64]int64{0: 0, 1_000_000: 0, 1_000_899: 0, 1_000_901: 1800, 1_003_600: 3600, 996_400: -3600, 999_101: 0} {
		if got, err := localtime(client, now); got != want || err != nil {
			t.Errorf("localtime(%d) = %d, %v, want %d", client, got, err, want)
		}
	}
	if _, err := localtime(1, now); err == nil {
		t.Error("a clock of another epoch was accepted")
	}
}

// plainRegex is what the standard library makes of a pattern.
func plainRegex(pattern string, fold bool) (func([]byte) bool, error) {
	if fold {
		pattern = "(?i:" + pattern + ")"
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return re.Match, nil
}
