package lql

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzRequest holds parse(print(x)) == x for everything that parses.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET hosts\nColumns: name\nFilter: state = 1\nFilter: a ~~ x y\nOr: 2\nNegate:\nSort: a desc\nLimit: 5\nOffset: 2\n\n",
		"GET services\nStats: sum a\nStats: b = 1\nStats: c = 2\nStatsOr: 2\nStatsNegate:\nStatsAnd: 0\nStatsGroupBy: x\n",
		"GET log\nWaitTrigger: all\nWaitObject: a;b\nWaitCondition: a = 1\nWaitConditionNegate:\nWaitTimeout: 10\nSeparators: 1 2 3 4\nLocaltime: 5\n",
		"COMMAND [1700000000] A_B;c;d e;\nBackends: x\nResponseHeader: fixed16\n",
		"GET a\nAnd: 0\nOr: 0\nAnd: 2\nAuthUser: u\nTimelimit: 3\nOutputFormat: CSV\nKeepAlive: on\nColumnHeaders: off\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		req, err := ParseRequest(text)
		if err != nil {
			se, ok := err.(*SyntaxError)
			if !ok || se.Msg == "" || se.Hint == "" || se.Line < 1 || strings.Contains(se.Text, "\n") {
				t.Fatalf("ParseRequest(%q): error %#v", text, err)
			}
			return
		}
		again, err := ParseRequest(printed(req))
		if err != nil {
			t.Fatalf("%q was printed as %q: %v", text, printed(req), err)
		}
		if !reflect.DeepEqual(req, again) {
			t.Fatalf("%q was printed as %q and read as\n%+v, not\n%+v", text, printed(req), again, req)
		}
		if req.Query != nil && !reflect.DeepEqual(req.Query, req.Query.Clone()) {
			t.Fatalf("%q: the clone differs", text)
		}
	})
}

func printed(r Request) string {
	if r.Query != nil {
		return string(r.Query.AppendText(nil))
	}
	return string(r.Command.AppendText(nil))
}

// FuzzQuery holds the same from the other side: queries that were built.
func FuzzQuery(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(77))
	f.Fuzz(func(t *testing.T, seed uint64) {
		q := randomQuery(rand.New(rand.NewPCG(seed, 1)))
		text := string(q.AppendText(nil))
		got, err := Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !reflect.DeepEqual(got, q) {
			t.Fatalf("%q was read as\n%+v, not\n%+v", text, got, q)
		}
	})
}

func randomQuery(r *rand.Rand) *Query {
	word := func() string { return []string{"name", "host_name", "ü", "x", "state", "=", "sum"}[r.IntN(7)] }
	list := func() (out []string) {
		for range r.IntN(4) {
			out = append(out, word())
		}
		return out
	}
	q := Get(word(), list()...)
	q.Filter.Kids = randomKids(r, 3)
	for range r.IntN(4) {
		if r.IntN(2) == 0 {
			q.Stats = append(q.Stats, Stat{Agg: Agg(1 + r.IntN(int(AvgInv))), Column: word()})
		} else {
			q.Stats = append(q.Stats, CountOf(randomStatFilter(r)))
		}
	}
	for range r.IntN(3) {
		q.Sort = append(q.Sort, Sort{Column: word(), Desc: r.IntN(2) == 0})
	}
	q.GroupBy, q.Backends = list(), list()
	q.Limit, q.Offset = r.IntN(5)-1, r.IntN(3)
	q.Timelimit = time.Duration(r.IntN(3)) * time.Second
	q.Localtime, q.Format, q.ColumnHeaders = int64(r.IntN(3)), Format(r.IntN(6)), Toggle(r.IntN(3))
	q.Fixed16, q.KeepAlive = r.IntN(2) == 0, r.IntN(2) == 0
	if r.IntN(2) == 0 {
		q.AuthUser, q.Separators = "some one", Separators{1, 2, byte(r.IntN(256)), 4}
	}
	if r.IntN(2) == 0 {
		q.Wait = &Wait{Trigger: "check", Object: "a b;c", Condition: Filter{Kind: And, Kids: randomKids(r, 2)}, Timeout: time.Duration(r.IntN(9)) * time.Millisecond}
	}
	return q
}

// randomStatFilter makes a filter that does not begin with the name of an
// aggregation, which the language cannot count.
func randomStatFilter(r *rand.Rand) Filter {
	f := randomFilter(r, 2)
	if hasSum(&f) {
		return Eq("state", "0")
	}
	return f
}

func hasSum(f *Filter) bool {
	for i := range f.Kids {
		if hasSum(&f.Kids[i]) {
			return true
		}
	}
	return f.Column == "sum"
}

func randomKids(r *rand.Rand, depth int) (kids []Filter) {
	for range r.IntN(4) {
		kids = append(kids, randomFilter(r, depth))
	}
	return kids
}

func randomFilter(r *rand.Rand, depth int) Filter {
	kind := r.IntN(4)
	if depth == 0 {
		kind = 0
	}
	switch kind {
	case 1:
		return AndOf(randomKids(r, depth-1)...)
	case 2:
		return OrOf(randomKids(r, depth-1)...)
	case 3:
		return NotOf(randomFilter(r, depth-1))
	}
	return Cmp([]string{"name", "a;b", "sum"}[r.IntN(3)], Op(r.IntN(16)), []string{"", "a", "a b", "ü = x", "-1.5"}[r.IntN(5)])
}

// FuzzJSON holds what encoding/json reads back against what was written.
func FuzzJSON(f *testing.F) {
	f.Add("a\x00\u2028\"\\ü\U0001F600\xff\x7f", int64(-5), 1.5)
	f.Add("", int64(0), -1e300)
	f.Fuzz(func(t *testing.T, s string, n int64, x float64) {
		r := &Result{Rows: 2, Total: 2, Vectors: []Vector{
			{Name: s, Kind: Texts, Texts: []string{s, ""}},
			{Name: "n", Kind: Ints, Ints: []int64{n, 0}},
			{Name: "x", Kind: Floats, Floats: []float64{x, 0}},
			{Name: "o", Kind: Objects, Objects: []any{[]string{s, s}, nil}},
			{Name: "d", Kind: Objects, Dict: true, Objects: []any{[][2]string{{s, s}}, [][2]string{}}},
			{Name: "t", Kind: Objects, Objects: []any{[][]any{{n, x, s}}, [][2]string{{s, "b"}}}},
		}, Parts: []Part{{Key: s, Err: s, Missing: true}}}
		for _, format := range []Format{JSON, WrappedJSON} {
			out := Encoder{Format: format, Headers: true}.Append(nil, r)
			if !json.Valid(out) || !utf8.Valid(out) {
				t.Fatalf("%s: not valid: %q", format, out)
			}
		}
		var rows [][]any
		if err := json.Unmarshal(Encoder{Format: JSON}.Append(nil, r), &rows); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); !sameText(rows[0][0], want) {
			t.Fatalf("wrote %q, read %q", want, rows[0][0])
		}
		if x-x == 0 && rows[0][2] != x && !(x == 0) {
			t.Fatalf("wrote %v, read %v", x, rows[0][2])
		}
		whole := Encoder{Format: JSON}.Append(nil, r)
		e := Encoder{Format: JSON}
		parts := e.AppendTail(e.AppendRows(e.AppendRows(e.AppendHead(nil, r), r, 0, 1), r, 1, 2), r)
		if !bytes.Equal(whole, parts) {
			t.Fatalf("in ranges %q, at once %q", parts, whole)
		}
	})
}

// sameText compares up to the number of replacement characters: one per byte
// here, one per run of bad bytes in ToValidUTF8.
func sameText(got any, want string) bool {
	squeeze := func(s string) string {
		for strings.Contains(s, "\ufffd\ufffd") {
			s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
		}
		return s
	}
	s, ok := got.(string)
	return ok && squeeze(s) == squeeze(want)
}
