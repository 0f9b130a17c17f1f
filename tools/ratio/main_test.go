package main

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	got := ""
	each(strings.NewReader("goos: linux\nBenchmarkX/200k-2   5   100 ns/op   3.5 cpu-ms  7 allocs/op\nPASS\n"), func(name string, m []metric) {
		got += line(name, m, map[string]float64{"ns/op": 50, "allocs/op": 7})
	})
	if want := "X/200k 100 ns/op (x2.00) 3.5 cpu-ms (new) 7 allocs/op (x1.00)"; strings.Join(strings.Fields(got), " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
