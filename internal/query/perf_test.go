package query

import (
	"fmt"
	"strings"
	"testing"
)

func TestEachMeasured(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"rta=0.5ms;100;500;0 pl=0%", "rta:0.5 pl:0"},
		{"'my disk'=12MB 'it''s'=3", "my disk:12 it's:3"},
		{"time=-1.5e s x=U y=", "time:-1.5"},
		{"free 7 no=1", "no:1"},
		{"=5 a=1", "a:1"},
		{"'open=1 b=2", "b:2"},
		{"''=1 c=3", "c:3"},
		{" a=1\tb=2\nc=3 ", "a:1 b:2 c:3"},
		{"big=" + strings.Repeat("9", 400), ""},
	} {
		var got []string
		eachMeasured(tt.in, func(label string, v float64) { got = append(got, fmt.Sprintf("%s:%v", label, v)) })
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%q has %q, want %q", tt.in, s, tt.want)
		}
	}
}

// TestMeasuredMerge: what two workers found is one answer.
func TestMeasuredMerge(t *testing.T) {
	a, b := &accu{perf: map[string]*accu{"x": {}, "y": {}}}, &accu{perf: map[string]*accu{"x": {}, "z z": {}}}
	a.perf["x"].addFloat(1)
	a.perf["y"].addFloat(2)
	b.perf["x"].addFloat(3)
	b.perf["z z"].addFloat(4)
	a.merge(b)
	if got := (&stat{}).perf(a); got != "x=4.00000000 y=2.00000000 'z z'=4.00000000" {
		t.Errorf("together %q", got)
	}
}

func FuzzEachMeasured(f *testing.F) {
	f.Add("rta=0.5ms;100;500;0 'a b'=0% 'x")
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		eachMeasured(s, func(label string, _ float64) {
			if label == "" {
				t.Errorf("%q has a value without a name", s)
			}
			n++
		})
		if n > len(s)/3+1 {
			t.Errorf("%q has %d values", s, n)
		}
	})
}
