package livestatus

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// collect is a Sink that keeps everything as plain Go values.
type collect struct {
	names []string
	rows  [][]any
	begun int
}

func (s *collect) Begin(columns []string) error { s.names = columns; s.begun++; return nil }

func (s *collect) Row(cells []Cell) error {
	row := []any{}
	for _, c := range cells {
		row = append(row, value(c))
	}
	s.rows = append(s.rows, row)
	return nil
}

// value turns a cell into what encoding/json would make of it.
func value(c Cell) any {
	switch c.Kind() {
	case BoolCell:
		return c.Int() == 1
	case NumberCell:
		return c.Float()
	case TextCell:
		return c.Text()
	case ListCell:
		list := []any{}
		c.Each(func(e Cell) { list = append(list, value(e)) })
		return list
	case DictCell:
		m := map[string]any{}
		c.EachPair(func(k, v Cell) { m[k.Text()] = value(v) })
		return m
	}
	return nil
}

var testLimits = scanLimits{rows: 1000, row: 1 << 20, value: 1 << 16}

// scanAll scans body in one piece, and again byte by byte: both must agree.
func scanAll(t testing.TB, body string, l scanLimits, prepare func(*scanner)) (*collect, *scanner, error) {
	t.Helper()
	run := func(r io.Reader) (*collect, *scanner, error) {
		c := &collect{}
		s := newScanner(r, l, c, unknownSize)
		if prepare != nil {
			prepare(s)
		}
		return c, s, s.scan()
	}
	c1, s1, err1 := run(strings.NewReader(body))
	c2, s2, err2 := run(iotest.OneByteReader(strings.NewReader(body)))
	if (err1 == nil) != (err2 == nil) || !cmp.Equal(c1.rows, c2.rows) || s1.dropped != s2.dropped || s1.truncated != s2.truncated {
		t.Fatalf("in one piece: %v %v; byte by byte: %v %v", c1.rows, err1, c2.rows, err2)
	}
	return c1, s1, err1
}

func TestScan(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string // want: rows as JSON
		bad            error
		dropped        int
	}{
		{name: "naemon", in: "[[\"a\",1],\n[\"b\",2]]\n", want: `[["a",1],["b",2]]`},
		{name: "icinga", in: `[["a",true], ["b",false]]`, want: `[["a",true],["b",false]]`},
		{name: "empty", in: "[]\n", want: `null`},
		{name: "no number", in: "[[NaN,-nan,nan,inf,-Infinity,1e999,null,None]]", want: `[[0,0,0,0,0,0,null,null]]`},
		{name: "numbers", in: "[[1.2926000000e-02,-7,+3,9223372036854775807]]", want: `[[0.012926,-7,3,9223372036854775807]]`},
		{name: "controls", in: "[[\"a\x01\tb\nc\x7f\"]]", want: `[["a\u0001\tb\nc\u007f"]]`},
		{name: "invalid bytes", in: "[[\"Gr\xf6\xdfe \x80\xff\"]]", want: "[[\"Gr\uFFFD\uFFFDe \uFFFD\uFFFD\"]]"},
		{name: "escapes", in: `[["\"\\\/\b\f\n\r\t\u00f6\ud83d\ude00"]]`, want: `[["\"\\/\b\f\n\r\t\u00f6\ud83d\ude00"]]`},
		{name: "lone surrogates", in: `[["a\ud800b\udc00\ud800\u0041"]]`, want: "[[\"a\uFFFDb\uFFFD\uFFFDA\"]]"},
		{name: "short escapes", in: `[["\u12","\uZZ","\x"]]`, want: "[[\"\uFFFD\",\"\uFFFDZZ\",\"x\"]]"},
		{name: "escaped non-ASCII", in: "[[\"\\ö\"]]", want: "[[\"ö\"]]"},
		{name: "ends in backslashes", in: `[["a\\","b\\\\"]]`, want: `[["a\\","b\\\\"]]`},
		{name: "nested", in: `[[[["a",1],["b]",2]],{"X":"y","Z":[1,{"q":2}]}]]`, want: `[[[["a",1],["b]",2]],{"X":"y","Z":[1,{"q":2}]}]]`},
		{name: "wrong width", in: "[[1,2],[0],[3,4],[]]", want: `[[1,2],[3,4]]`, dropped: 2},
		{name: "wrapped naemon", in: "{\"data\":[[\"backup01\",0]],\"total_count\":51}\n", want: `[["backup01",0]]`},
		{name: "wrapped lmd", in: "{\"data\":\n[[1]]\n,\"failed\": {\"k\":\"gone\"}\n,\"columns\":[\"x\"]\n,\"rows_scanned\":1\n,\"total_count\":1}\n", want: `[[1]]`},
		{name: "nothing", in: "", bad: errShape},
		{name: "blank", in: "\n", bad: errShape},
		{name: "text", in: "Invalid request", bad: errShape},
		{name: "cut after bracket", in: "[", bad: errShape},
		{name: "cut in row", in: "[[1,", bad: errShape},
		{name: "cut in text", in: `[["ab`, bad: errShape},
		{name: "cut in escape", in: `[["ab\`, bad: errShape},
		{name: "cut in list", in: `[[["a"`, bad: errShape},
		{name: "cut between rows", in: `[["a"],`, bad: errShape},
		{name: "cut in wrapped", in: `{"data":[[1]],`, bad: errShape},
		{name: "wrapped without rows", in: `{"total_count":1}`, bad: errShape},
		{name: "behind the end", in: "[[1]]x", bad: errShape},
		{name: "two answers", in: "[[1]]\n[[2]]\n", bad: errShape},
		{name: "bare word", in: "[[abc]]", bad: errShape},
		{name: "row is no list", in: "[1,2]", bad: errShape},
		{name: "brackets", in: "[[[1}]]", bad: errShape},
		{name: "deep", in: "[" + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "]", bad: errLarge},
		{name: "many rows", in: "[" + strings.Repeat("[1],", 1001) + "[1]]", bad: errLarge},
		{name: "large row", in: "[[" + strings.Repeat("[1,2,3],", 400000) + "[1]]]", bad: errLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, s, err := scanAll(t, tt.in, testLimits, nil)
			if tt.bad != nil {
				if !errors.Is(err, tt.bad) {
					t.Fatalf("error %v, want %v", err, tt.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want [][]any
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Error(diff)
			}
			if s.dropped != tt.dropped || got.begun != 1 {
				t.Errorf("dropped %d, want %d; begun %d times", s.dropped, tt.dropped, got.begun)
			}
		})
	}
}

func TestScanHeader(t *testing.T) {
	got, _, err := scanAll(t, `[["name","state"],["a",1],["b"]]`, testLimits, func(s *scanner) { s.header = true })
	if err != nil || !cmp.Equal(got.names, []string{"name", "state"}) || len(got.rows) != 1 {
		t.Errorf("names %v rows %v error %v", got.names, got.rows, err)
	}
	got, s, err := scanAll(t, `[[0]]`, testLimits, func(s *scanner) { s.names, s.width = []string{"state", "stats_1"}, 2 })
	if err != nil || len(got.rows) != 0 || s.dropped != 1 || len(got.names) != 2 {
		t.Errorf("Icinga 2's row of zeros: rows %v dropped %d error %v", got.rows, s.dropped, err)
	}
}

func TestScanCutsLongTexts(t *testing.T) {
	long := strings.Repeat("x", 100)
	l := scanLimits{rows: 10, row: 1 << 20, value: 10}
	for _, tt := range []struct{ name, in, want string }{
		{"plain", long, long[:10]},
		{"just fits", long[:10], long[:10]},
		{"across an escape", long[:9] + `\n` + long, long[:9]},
		{"across a unicode escape", long[:7] + `\u00f6` + long, long[:7] + "\uFFFD"},
		{"quotes behind the cut", long + `\"` + long + `\\`, long[:10]},
		{"backslashes at the cut", strings.Repeat(`\`, 40), `\\\\\`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, s, err := scanAll(t, `[["a","`+tt.in+`",["`+tt.in+`",7],"z"]]`, l, nil)
			if err != nil {
				t.Fatal(err)
			}
			want := [][]any{{"a", tt.want, []any{tt.want, 7.0}, "z"}}
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Error(diff)
			}
			if cut := len(tt.in) > 10; cut != (s.truncated == 2) {
				t.Errorf("truncated %d", s.truncated)
			}
		})
	}
}

// TestScanMemory proves that a value that never ends is not kept.
func TestScanMemory(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`[["`), io.LimitReader(zeros{}, 40<<20), strings.NewReader(`"]]`))
	c := &collect{}
	s := newScanner(endless, scanLimits{rows: 10, row: 1 << 20, value: 1 << 10}, c, unknownSize)
	if err := s.scan(); err != nil {
		t.Fatal(err)
	}
	if len(s.buf) > 1<<20 || len(c.rows[0][0].(string)) != 1<<10 {
		t.Errorf("buffer %d, value %d", len(s.buf), len(c.rows[0][0].(string)))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestCell(t *testing.T) {
	got := map[string][]Cell{}
	s := newScanner(strings.NewReader(`[["12",12.9,true,"x",null,[["A","1"],["B",true],["short"],3],{"A":1},-1e300,"1e3",99999999999999999999,"0x10","1_0"," 7 "]]`), testLimits, rowFunc(func(c []Cell) {
		for i, v := range c {
			got["v"] = append(got["v"], Cell{v.kind, bytes.Clone(c[i].raw)})
		}
	}), unknownSize)
	if err := s.scan(); err != nil {
		t.Fatal(err)
	}
	v := got["v"]
	for i, want := range []struct {
		n    int64
		f    float64
		text string
		len  int
	}{
		{12, 12, "12", 0}, {12, 12.9, "12.9", 0}, {1, 1, "true", 0}, {0, 0, "x", 0}, {0, 0, "", 0},
		{0, 0, "", 4}, {0, 0, "", 1}, {math.MinInt64, -1e300, "-1e300", 0}, {1000, 1000, "1e3", 0},
		{math.MaxInt64, 1e20, "99999999999999999999", 0}, {0, 0, "0x10", 0}, {0, 0, "1_0", 0}, {7, 7, " 7 ", 0},
	} {
		c := v[i]
		if c.Int() != want.n || c.Float() != want.f || c.Text() != want.text || c.Len() != want.len {
			t.Errorf("value %d: %d %v %q %d, want %+v", i, c.Int(), c.Float(), c.Text(), c.Len(), want)
		}
	}
	var pairs []string
	v[5].EachPair(func(k, v Cell) { pairs = append(pairs, k.Text()+"="+v.Text()) })
	v[6].EachPair(func(k, v Cell) { pairs = append(pairs, k.Text()+"="+v.Text()) })
	if diff := cmp.Diff([]string{"A=1", "B=true", "A=1"}, pairs); diff != "" {
		t.Error(diff)
	}
}

type rowFunc func([]Cell)

func (rowFunc) Begin([]string) error     { return nil }
func (f rowFunc) Row(cells []Cell) error { f(cells); return nil }

// TestScanRecorded reads what real cores sent and compares with encoding/json.
func TestScanRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.raw")
	if err != nil || len(files) != 24 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		status, length, ok := parseHead(raw[:headSize])
		if !ok || int(length) != len(raw)-headSize {
			t.Fatalf("%s: status %d length %d", f, status, length)
		}
		if status != 200 {
			continue
		}
		var want [][]any
		if err := json.Unmarshal(raw[headSize:], &want); err != nil {
			t.Errorf("%s: encoding/json: %v", f, err)
			continue
		}
		got := &collect{}
		s := newScanner(bytes.NewReader(raw[headSize:]), scanLimits{rows: 1e6, row: 1 << 24, value: 1 << 20}, got, unknownSize)
		if err := s.scan(); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if diff := cmp.Diff(want, got.rows); diff != "" || s.dropped > 0 {
			t.Errorf("%s: dropped %d %s", f, s.dropped, diff)
		}
	}
}

// recall is a collect that takes a row it has seen, in this answer or an earlier
// one, from its memory.
type recall struct {
	collect
	known  map[uint64][]any
	sum    uint64
	told   bool
	recals int
}

func (s *recall) Seen(sum uint64) bool {
	row, ok := s.known[sum]
	if ok {
		s.rows = append(s.rows, row)
		s.recals++
	}
	return ok
}

func (s *recall) Sum(sum uint64) { s.sum, s.told = sum, true }

func (s *recall) Row(cells []Cell) error {
	if err := s.collect.Row(cells); err != nil {
		return err
	}
	if s.told {
		s.known[s.sum] = s.rows[len(s.rows)-1]
	}
	s.told = false
	return nil
}

// skim is a recall that also knows rows by what is behind their first values.
type skim struct {
	recall
	lead  int
	rests map[uint64][]any
	rest  uint64
	asked bool
	skims int
}

func (s *skim) Lead() int { return s.lead }

func (s *skim) Skim(cells []Cell, rest, _ uint64) (bool, error) {
	known, ok := s.rests[rest]
	s.rest, s.asked = rest, !ok
	if ok {
		_ = s.collect.Row(cells)
		s.rows[len(s.rows)-1] = append(s.rows[len(s.rows)-1], known...)
		s.skims++
	}
	return ok, nil
}

func (s *skim) Row(cells []Cell) error {
	told := s.told
	err := s.recall.Row(cells)
	if told && s.asked {
		s.rests[s.rest] = s.rows[len(s.rows)-1][s.lead:]
	}
	s.asked = false
	return err
}

// scanSkimming scans body with a memory of how rows end, and tells how many
// were known by that.
func scanSkimming(t testing.TB, body string, l scanLimits, want *collect, wantErr error) (skims int) {
	t.Helper()
	for lead := range 4 {
		r := &skim{lead: lead, rests: map[uint64][]any{}}
		for range 2 {
			r.collect, r.told, r.known = collect{}, false, map[uint64][]any{}
			if err := newScanner(strings.NewReader(body), l, r, unknownSize).scan(); (err == nil) != (wantErr == nil) || !cmp.Equal(r.rows, want.rows) {
				t.Fatalf("with a memory of ends behind %d values: %v %v, without: %v %v", lead, r.rows, err, want.rows, wantErr)
			}
		}
		skims += r.skims
	}
	return skims
}

// scanTwice scans body twice with a memory of its rows: both give what a scan
// without one gave. It returns how many rows were remembered.
func scanTwice(t testing.TB, body string, l scanLimits, want *collect, wantErr error) int {
	t.Helper()
	r := &recall{known: map[uint64][]any{}}
	for range 2 {
		r.collect, r.told = collect{}, false
		if err := newScanner(strings.NewReader(body), l, r, unknownSize).scan(); (err == nil) != (wantErr == nil) || !cmp.Equal(r.rows, want.rows) {
			t.Fatalf("with a memory: %v %v, without: %v %v", r.rows, err, want.rows, wantErr)
		}
	}
	scanSkimming(t, body, l, want, wantErr)
	recalls := r.recals
	// Held first, and then given to one that remembers and one that does not.
	h := &Held{Most: 1 << 30}
	err := newScanner(strings.NewReader(body), l, h, unknownSize).scan()
	r.collect, r.told = collect{}, false
	var plain collect
	if errors.Join(h.Give(r), h.Give(&plain)) != nil || (err == nil) != (wantErr == nil) || !cmp.Equal(r.rows, want.rows) || !cmp.Equal(plain.rows, want.rows) {
		t.Fatalf("held: %v and %v %v, at once: %v %v", r.rows, plain.rows, err, want.rows, wantErr)
	}
	return recalls
}

// TestScanRemembers: rows end with lines, but not where a core puts raw line
// breaks into texts, in nested lists, or all in one line; texts that are cut are not remembered.
func TestScanRemembers(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"line by line":        {"[[\"a\",1],\n[\"b\",2],\n[\"c\",3],\n[\"b\",2]]\n", 4},
		"carriage returns":    {"[[\"a\",1],\r\n[\"b\",2],\r\n[\"c\",3]\r\n]\r\n", 2},
		"one line":            {`[["a",1],["b",2],["b",2]]`, 0},
		"break in a text":     {"[[\"a\",1],\n[\"b\n],\n\",2],\n[\"b\n],\n\",3],\n[\"c\",3],\n[\"d\",4]]\n", 2},
		"break between cells": {"[[\"a\",1],\n[\"b\",\n2],\n[\"b\",\n3],\n[\"c\",4]]", 0},
		"wrong width":         {"[[\"a\",1],\n[\"b\"],\n[\"b\",2],\n[\"c\",2]]", 1},
		"cut":                 {"[[\"a\",1],\n[\"" + strings.Repeat("b", 60) + "\",2],\n[\"" + strings.Repeat("b", 60) + "c\",2],\n[\"c\",2]]", 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := scanLimits{rows: 1000, row: 1 << 20, value: 40}
			want, _, err := scanAll(t, c.body, l, nil)
			if got := scanTwice(t, c.body, l, want, err); got != c.want {
				t.Errorf("%d rows remembered, want %d", got, c.want)
			}
		})
	}
}

// FuzzScan: no input may hang or panic; what encoding/json accepts as a list
// of lists of one width must give the same values.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`[["a",1],["b",2]]`, `[[true,null,NaN]]`, `{"data":[[1]],"total_count":1}`, "[[\"\\ud800\x80\"]]", `[["\u07c0",{"A":["b",[]]}]]`,
		`[[-0.0e+7,1E5,"\\\"" , [ ] ] ]`, `[[[[[[[1]]]]]]]`, `[["` + strings.Repeat("ab", 40) + `"]]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		l := scanLimits{rows: 1000, row: 1 << 20, value: 1 << 16}
		got, s, err := scanAll(t, string(in), l, nil)
		scanTwice(t, string(in), l, got, err)
		scanAll(t, string(in), scanLimits{rows: 10, row: 1 << 17, value: 16}, nil)
		var want [][]any
		if json.Unmarshal(in, &want) != nil || want == nil || len(want) > 1000 {
			return
		}
		for _, row := range want {
			if len(row) != len(want[0]) || row == nil || deep(row, 0) {
				return
			}
		}
		if err != nil {
			t.Fatalf("error %v", err)
		}
		if len(want) == 0 {
			want = nil
		}
		if diff := cmp.Diff(want, got.rows); diff != "" || s.dropped > 0 {
			t.Fatal(diff)
		}
	})
}

// deep reports whether v is nested deeper than the scanner takes or holds a
// dictionary with a name twice, which encoding/json merges.
func deep(v any, depth int) bool {
	if depth > 25 {
		return true
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if deep(e, depth+1) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if deep(e, depth+1) {
				return true
			}
		}
	}
	return false
}

func BenchmarkScan(b *testing.B) {
	raw, err := os.ReadFile("testdata/naemon-1.5/services.raw")
	if err != nil {
		b.Fatal(err)
	}
	_, rows, _ := bytes.Cut(raw[headSize:], []byte("],\n"))
	rows = bytes.TrimSuffix(rows, []byte("]\n"))
	body := append([]byte("["), bytes.Repeat(append(rows, ",\n"...), 400)...)
	body = append(body[:len(body)-2], ']')
	var text []byte
	sum := 0.0
	for name, read := range map[string]func(Cell){
		"skim": func(Cell) {},
		"read": func(c Cell) {
			if c.Kind() == TextCell {
				text = c.AppendText(text[:0])
			} else {
				sum += c.Float()
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				s := newScanner(bytes.NewReader(body), scanLimits{rows: 1e6, row: 1 << 24, value: 1 << 20}, rowFunc(func(row []Cell) {
					n++
					for _, c := range row {
						read(c)
					}
				}), unknownSize)
				if err := s.scan(); err != nil || n != bytes.Count(body, []byte("\n"))+1 {
					b.Fatal(err, n)
				}
			}
		})
	}
}

// TestHeldHasAnEnd: what is held is bounded, and an answer without rows begins
// all the same.
func TestHeldHasAnEnd(t *testing.T) {
	body := "[" + strings.Repeat("[1,2,3],\n", 500) + "[4]]\n"
	if err := newScanner(strings.NewReader(body), testLimits, &Held{Most: 1000}, unknownSize).scan(); !errors.Is(err, ErrHeld) {
		t.Errorf("held all the same: %v", err)
	}
	h := &Held{Most: 1000}
	if err := newScanner(strings.NewReader("[]\n"), testLimits, h, unknownSize).scan(); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := h.Give(stopper{stop}); !errors.Is(err, stop) {
		t.Errorf("no begin: %v", err)
	}
}

// A stopper ends answers at once.
type stopper struct{ err error }

func (s stopper) Begin([]string) error { return s.err }
func (s stopper) Row([]Cell) error     { return s.err }
