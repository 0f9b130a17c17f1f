package store

import (
	"strings"
	"testing"
)

// TestCompareLists: lists are ordered by their elements, not by lengths.
func TestCompareLists(t *testing.T) {
	long := strings.Repeat("m", 300) // its length takes two bytes
	ordered := [][]string{{}, {""}, {"a"}, {"a", "z"}, {"anna"}, {"anna", "bob"}, {"b"}, {long}, {long, "a"}, {long + "m"}, {"z"}}
	encode := func(l []string) string {
		var b []byte
		for _, s := range l {
			b = AppendText(b, []byte(s))
		}
		return string(b)
	}
	for i, x := range ordered {
		for j, y := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := CompareLists(encode(x), encode(y)); got != want {
				t.Errorf("%q and %q: %d, want %d", x, y, got, want)
			}
		}
	}
	a, b := encode(ordered[8]), encode(ordered[9])
	if n := testing.AllocsPerRun(10, func() { CompareLists(a, b) }); n != 0 {
		t.Errorf("a comparison allocates %v times", n)
	}
}
