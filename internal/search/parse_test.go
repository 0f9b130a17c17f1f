package search

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var parseTests = []struct{ in, want string }{
	{"", ""},
	{"  ", ""},
	{"web", "web"},
	{"web 01", "web 01"},
	{"web and 01", "web 01"},
	{"web && 01", "web 01"},
	{"a or b", "a or b"},
	{"a || b or c", "a or b or c"},
	{"a b or c d", "(a b) or (c d)"},
	{"a (b or c)", "a (b or c)"},
	{"(a b) c", "a b c"},
	{"a or (b or c)", "a or b or c"},
	{"((a))", "a"},
	{"-a", "-a"},
	{"not a", "-a"},
	{"NOT a AND b", "-a b"},
	{"!a", "-a"},
	{"-(a or b)", "-(a or b)"},
	{"not(a b)", "-(a b)"},
	{"--a", "--a"},
	{"a - b", `a "-" b`},
	{"a and(b or c)", "a (b or c)"},
	{`"a b"`, `"a b"`},
	{`'a b'`, `"a b"`},
	{"it's", "it's"},
	{`"or"`, `"or"`},
	{`"a\"b\\c\*d*"`, `"a\"b\\c\*d*"`},
	{`C:\*`, `"C:\\*"`},
	{"db-*", "db-*"},
	{"12:30", `"12:30"`},
	{"fe80::1", `"fe80::1"`},
	{"aa:bb:cc:dd:ee:ff", `"aa:bb:cc:dd:ee:ff"`},
	{"http://x/y", `"http://x/y"`},
	{"www.example.com:80", `"www.example.com:80"`},
	{"Load(5)", `"Load(5)"`},
	{"host:web", "host:web"},
	{"h:web hg:linux SG:x", "host:web hostgroup:linux servicegroup:x"},
	{"host:db-*,web", "host:db-*,web"},
	{`host:"a b","c,d",e`, `host:"a b","c,d",e`},
	{"service:Load(1,5),x", `service:"Load(1,5)",x`},
	{"host = web", "host=web"},
	{"host == web", "host=web"},
	{"host like web", "host:web"},
	{"host unlike web", "host!~web"},
	{"host ~~ ^db", "host~^db"},
	{"(host~^(db|web) or x)", "host~^(db|web) or x"},
	{`host~"a b\d\"\\"`, `host~"a b\d\"\\"`},
	{"host!~x host!=a,b", "host!~x host!=a,b"},
	{"age>1h", "age>1h"},
	{"age:>1h", "age>1h"},
	{"age > 1h30m", "age>1h30m"},
	{`age>"2 d"`, `age>"2 d"`},
	{"since<2d", "age<2d"},
	{"state:CRITICAL,warning,down", "state:crit,warn,down"},
	{"state!=0", "state!=0"},
	{"is:acked -is:downtime", "is:acknowledged -is:downtime"},
	{"_owner:anna", "_OWNER:anna"},
	{"_OWNER:*", "_OWNER:*"},
	{"latency>500ms took>=5", "latency>500ms took>=5"},
	{"change>30%", "change>30%"},
	{"last_check<now-1h", "last_check<now-1h"},
	{"acknowledged:yes", "acknowledged:yes"},
	{"host and web", "host web"},
	{"alias:\"\"", `alias:""`},
	{"host_name ~ web and plugin_output ~ timeout", "host~web output~timeout"},
	{"groups >= linux", "groups>=linux"},
}

func TestParse(t *testing.T) {
	for _, tt := range parseTests {
		e, err := Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if got := e.String(); got != tt.want {
			t.Errorf("Parse(%q) prints %q, want %q", tt.in, got, tt.want)
		}
		again, err := Parse(tt.want)
		if err != nil || !same(again, e) {
			t.Errorf("%q is read as %+v, %v, want %+v", tt.want, again, err, e)
		}
	}
}

// TestErrors: each says which word is wrong, and the nearest that is right.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		in      string
		problem Problem
		word    string
		near    string
	}{
		{"hots:web", NoField, "hots", "host"},
		{"web stat:crit", NoField, "stat", "state"},
		{"zzzzzzzzz:1", NoField, "zzzzzzzzz", ""},
		{"state:crti", NoSuchWord, "crti", "crit"},
		{"state:ok,dwn", NoSuchWord, "dwn", "down"},
		{"is:flaping", NoSuchWord, "flaping", "flapping"},
		{"acknowledged:perhaps", NoSuchWord, "perhaps", ""},
		{"attempt>x", NoNumber, "x", ""},
		{"age>soon", NoDuration, "soon", ""},
		{"age>1h30", NoDuration, "1h30", ""},
		{"last_check>soon", NoTime, "soon", ""},
		{"host:", NoValue, "host:", ""},
		{"a host= or b", NoValue, "host=", ""},
		{"(host:)", NoValue, "host:", ""},
		{"host:a,", NoValue, "host:a,", ""},
		{"age:1h", NoOperator, ":", ""},
		{"is~down", NoOperator, "~", ""},
		{`a "b c`, OpenQuote, `"b c`, ""},
		{"(a b", OpenBracket, "(", ""},
		{"a) b", NoBracket, ")", ""},
		{"()", Dangling, "()", ""},
		{"a or", Dangling, "or", ""},
		{"or a", Dangling, "or", ""},
		{"a or or b", Dangling, "or", ""},
		{"a or and b", Dangling, "and", ""},
		{"and", Dangling, "and", ""},
		{"a and and b", Dangling, "and", ""},
		{"a and", Dangling, "and", ""},
		{"not", Dangling, "not", ""},
		{"a not or b", Dangling, "not", ""},
		{"= x", Dangling, "=", ""},
		{"\xff", NotText, "", ""},
		{strings.Repeat("a", MaxText+1), TooLong, "", ""},
		{strings.Repeat("(", MaxDepth+1) + "a", TooDeep, "(", ""},
		{strings.Repeat("-", MaxDepth+1) + "a", TooDeep, "-", ""},
		{strings.Repeat("a ", MaxTerms+1), TooMany, "a ", ""},
		{"host:" + strings.Repeat("a,", MaxTerms+1), TooMany, "", ""},
	} {
		_, err := Parse(tt.in)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("Parse(%.40q): %v, want an error", tt.in, err)
			continue
		}
		word := e.Word
		if tt.problem == TooLong || tt.problem == NotText || tt.problem == TooMany && tt.word == "" {
			word = ""
		}
		if e.Problem != tt.problem || word != tt.word || e.Near != tt.near {
			t.Errorf("Parse(%.40q): problem %d at %q, near %q (%v), want %d at %q, near %q", tt.in, e.Problem, word, e.Near, e, tt.problem, tt.word, tt.near)
		}
		if e.From < 0 || e.To > len(tt.in) || e.From > e.To || word != "" && tt.in[e.From:e.To] != e.Word {
			t.Errorf("Parse(%.40q): the place %d to %d is not the word", tt.in, e.From, e.To)
		}
		if !strings.HasPrefix(e.Error(), "search: ") || len(e.Error()) < 20 {
			t.Errorf("Parse(%.40q): says %q", tt.in, e.Error())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a b", `host:"a b",c or -(x y)`, "age > 1h", "state:crit,warn", `host~"^(a|b) \d"`, "a)", "((", `'a' b`, "host like x", "_X:*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			bad, ok := errors.AsType[*Error](err)
			if !ok || bad.From < 0 || bad.To > len(text) || bad.From > bad.To {
				t.Fatalf("error %#v", err)
			}
			return
		}
		printed := e.String()
		if len(printed) > MaxText {
			return // brackets and quotes may make it longer than can be read
		}
		again, err := Parse(printed)
		if err != nil || !same(e, again) {
			t.Fatalf("%q prints %q, which is read as %q, %v", text, printed, again.String(), err)
		}
		if again.String() != printed {
			t.Fatalf("%q prints %q, then %q", text, printed, again.String())
		}
		var texts []string
		for _, c := range e.Chips(text) {
			texts = append(texts, c.Text)
		}
		chips, err := Parse(strings.Join(texts, " "))
		if err != nil || !same(e, chips) {
			t.Fatalf("%q has the chips %q, which are read as %q, %v", text, texts, chips.String(), err)
		}
	})
}

// TestBuilt: what is built prints as text that is read as the same.
func TestBuilt(t *testing.T) {
	words := rapid.SampledFrom([]string{"a", "db-01", "or", "NOT", "like", "-x", "!y", "a b", `"`, `\`, "*", "a*b", "a,b", "(x)", ")", "x:y", "=", "'", "'a'", "ä", "\u00a0", "&&", "|", "http://a", ""})
	term := rapid.Custom(func(t *rapid.T) Expr {
		w := words.Draw(t, "word")
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return Eq("host", w, words.Draw(t, "second"))
		case 1:
			return Is("hostgroup", w)
		case 2:
			return Cmp("output", Match, "x"+w)
		case 3:
			return Cmp("age", Greater, "1h")
		}
		return Expr{Kind: Text, Values: []Value{Word(w)}}
	})
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfN(term, 1, 4).Draw(t, "terms")
		e := terms[0]
		for _, next := range terms[1:] {
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				e = And(e, next)
			case 1:
				e = Or(e, next)
			case 2:
				e = Without(And(e, next))
			default:
				e = Or(next, Without(e))
			}
		}
		again, err := Parse(e.String())
		if err != nil || !same(e, again) {
			t.Fatalf("%+v prints %q, which is read as %+v, %v", e, e.String(), again, err)
		}
	})
}

func TestChips(t *testing.T) {
	text := `state:crit,warn  -hostgroup:lab (a or "b c") not x host!=y web`
	e, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range e.Chips(text) {
		not := ""
		if c.Not {
			not = "not "
		}
		got = append(got, not+c.Label+"|"+c.Value+"|"+c.Text)
	}
	want := []string{
		"state:|crit,warn|state:crit,warn", "not hostgroup:|lab|-hostgroup:lab", `|a or "b c"|(a or "b c")`,
		"not |x|not x", "not host!=|y|host!=y", "|web|web",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("chips\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	chips := e.Chips(text)
	if got := chips[1].Without; got != `state:crit,warn (a or "b c") not x host!=y web` {
		t.Errorf("without the second: %q", got)
	}
	if got := chips[1].Negated; got != `state:crit,warn hostgroup:lab (a or "b c") not x host!=y web` {
		t.Errorf("with the second turned: %q", got)
	}
	if got := chips[2].Negated; got != `state:crit,warn -hostgroup:lab -(a or "b c") not x host!=y web` {
		t.Errorf("with the third turned: %q", got)
	}
	if e, err = Parse("a or b"); err != nil || len(e.Chips("a or b")) != 1 || e.Chips("a or b")[0].Text != "(a or b)" {
		t.Errorf("alternatives are the chips %+v, %v", e.Chips("a or b"), err)
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct {
		es   []Expr
		want string
	}{
		{nil, "/hosts"},
		{[]Expr{Eq("hostgroup", "a b"), Is("state", "crit", "warn")}, "/hosts?q=hostgroup%3D%22a+b%22+state%3Acrit%2Cwarn"},
		{[]Expr{Or(Is("is", "new"), Without(Eq("site", "a")))}, "/hosts?q=is%3Anew+or+-site%3Da"},
	} {
		if got := Path("/hosts", tt.es...); got != tt.want {
			t.Errorf("Path gives %q, want %q", got, tt.want)
		}
	}
}
