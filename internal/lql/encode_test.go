package lql

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sample has every kind of vector, and texts that need care.
func sample() *Result {
	return &Result{
		Rows: 2, Total: 7, Scanned: 9,
		Vectors: []Vector{
			{Name: "name", Kind: Texts, Texts: []string{"web01", "a\"b;c\\ü\U0001F600\n\x01\xff\u2028"}},
			{Name: "state", Kind: Ints, Ints: []int64{0, -1}},
			{Name: "last_check", Kind: Times, Ints: []int64{1700000000, 0}},
			{Name: "latency", Kind: Floats, Floats: []float64{0.25, 1e21}},
			{Name: "contacts", Kind: Objects, Objects: []any{[]string{"anna", "be\"rt"}, []string{}}},
			{Name: "comments", Kind: Objects, Objects: []any{[]int64{3, 4}, []int64{}}},
			{Name: "custom_variables", Kind: Objects, Dict: true, Objects: []any{[][2]string{{"A", "1"}, {"B", "x y"}}, [][2]string{}}},
			{Name: "members", Kind: Objects, Objects: []any{[][2]string{{"h", "s"}, {"h", "t"}}, [][2]string{}}},
			{Name: "comments_with_info", Kind: Objects, Objects: []any{[][]any{{int64(1), "anna", 2.5, nil}, {int64(2), "bert", 0.0, nil}}, [][]any{}}},
			{Name: "nothing", Kind: Objects, Objects: []any{nil, nil}},
		},
		Parts: []Part{{Key: "a"}, {Key: "b", Err: "connection refused", Missing: true}, {Key: "c", Err: "timeout"}},
	}
}

func TestEncoderGolden(t *testing.T) {
	for format := CSV; format <= QuotedCSV; format++ {
		for _, headers := range []bool{false, true} {
			name := "encode." + strings.Replace(format.String(), "CSV", "quoted", 1)
			if headers {
				name += ".headers"
			}
			t.Run(name, func(t *testing.T) {
				golden(t, name, Encoder{Format: format, Headers: headers}.Append(nil, sample()))
			})
		}
	}
	t.Run("separators", func(t *testing.T) {
		golden(t, "encode.separators", Encoder{Separators: Separators{'\n', 1, 2, 3}}.Append(nil, sample()))
	})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (run with -update to accept):\n%s", file, diff)
	}
}

func TestEncoderEmpty(t *testing.T) {
	r := &Result{Vectors: []Vector{{Name: "name", Kind: Texts}}}
	for _, tt := range []struct {
		e    Encoder
		want string
	}{
		{Encoder{Format: CSV}, ""},
		{Encoder{Format: CSV, Headers: true}, "name\n"},
		{Encoder{Format: QuotedCSV}, ""},
		{Encoder{Format: JSON}, "[]\n"},
		{Encoder{Format: JSON, Headers: true}, "[[\"name\"]]\n"},
		{Encoder{Format: Python}, "[]\n"},
		{Encoder{Format: WrappedJSON}, "{\"data\":[],\n\"failed\":{},\n\"rows_scanned\":0,\n\"total_count\":0}\n"},
	} {
		if got := string(tt.e.Append(nil, r)); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.e, got, tt.want)
		}
	}
}

func TestFloats(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {1, "1"}, {-3, "-3"}, {0.1, "0.1"}, {1.5e-7, "1.5e-07"}, {123456789012345678, "123456789012345680"},
		{1e21, "1e+21"}, {inf, "0"}, {-inf, "0"}, {inf - inf, "0"},
	} {
		if got := string(appendFloat(nil, tt.f)); got != tt.want {
			t.Errorf("%g: %q, want %q", tt.f, got, tt.want)
		}
	}
}

func TestFixed16(t *testing.T) {
	for _, tt := range []struct {
		code, length int
		want         string
	}{
		{200, 0, "200           0\n"},
		{404, 12345, "404       12345\n"},
		{200, 99999999999, "200 99999999999\n"},
	} {
		if got := string(AppendFixed16(nil, tt.code, tt.length)); got != tt.want {
			t.Errorf("%d, %d: %q, want %q", tt.code, tt.length, got, tt.want)
		}
	}
	if got := string(AppendError(nil, "a\nb", "c")); got != "a b: c\n" {
		t.Errorf("error body %q", got)
	}
}

func TestResultAccess(t *testing.T) {
	r := sample()
	if !r.Has("state") || r.Has("stat") {
		t.Error("Has is wrong")
	}
	if r.Int(1, "state") != -1 || r.Int(0, "latency") != 0 || r.Float(0, "latency") != 0.25 || r.Float(0, "last_check") != 1.7e9 {
		t.Error("numbers are wrong")
	}
	if r.Int(9, "state") != 0 || r.Text(9, "name") != "" || r.Text(0, "no such") != "" || r.Column("no such").List(3) != nil {
		t.Error("what is not there must be zero")
	}
	if got := r.Text(0, "contacts"); got != `anna,be"rt` {
		t.Errorf("list as text: %q", got)
	}
	if got := r.Text(0, "custom_variables"); got != "A|1,B|x y" {
		t.Errorf("dictionary as text: %q", got)
	}
	if diff := cmp.Diff([]string{"3", "4"}, r.Strings(0, "comments")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{3, 4}, r.Column("comments").Numbers(0)); diff != "" {
		t.Error(diff)
	}
	if r.Column("members").Pairs(0)[1] != [2]string{"h", "t"} || r.Column("comments_with_info").Tuples(0)[1][1] != "bert" {
		t.Error("pairs or tuples are wrong")
	}
	texts := Vector{Kind: Texts, Texts: []string{"12", "1.5", "x"}}
	if texts.Int(0) != 12 || texts.Float(1) != 1.5 || texts.Float(2) != 0 || !texts.Bool(0) || texts.Bool(2) {
		t.Error("numbers in texts are wrong")
	}
}

func TestBuild(t *testing.T) {
	q := Get("services", "host_name").Where(Eq("state", "2"), OrOf(Has("groups", "a b"), NotOf(EqInt("acknowledged", 1)))).
		Count(AndOf(), Cmp("name", MatchFold, "x")).OrderBy("-state", "host_name")
	want := "GET services\nColumns: host_name\nFilter: state = 2\nFilter: groups >= a b\nFilter: acknowledged = 1\nNegate:\nOr: 2\n" +
		"StatsAnd: 0\nStats: name ~~ x\nSort: state desc\nSort: host_name asc\nOutputFormat: json\n\n"
	if got := string(q.AppendText(nil)); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func BenchmarkAppendRows(b *testing.B) {
	r := sample()
	for i := range r.Vectors {
		v := &r.Vectors[i]
		for range 9 {
			v.Texts, v.Ints, v.Floats, v.Objects = append(v.Texts, v.Texts...), append(v.Ints, v.Ints...), append(v.Floats, v.Floats...), append(v.Objects, v.Objects...)
		}
	}
	r.Rows <<= 9
	e := Encoder{Format: JSON}
	dst := e.Append(nil, r)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Append(dst[:0], r)
	}
}
