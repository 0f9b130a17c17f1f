package lql

import (
	"fmt"
	"testing"
)

// BenchmarkDump is what "everything, three columns" costs: names and states of
// 20,000 services, and their output.
func BenchmarkDump(b *testing.B) {
	const rows = 20_000
	r := &Result{Rows: rows, Vectors: []Vector{
		{Name: "host_name", Kind: Texts}, {Name: "description", Kind: Texts}, {Name: "state", Kind: Ints},
	}}
	for i := range rows {
		r.Vectors[0].Texts = append(r.Vectors[0].Texts, fmt.Sprintf("site-a-host-%05d", i/10))
		r.Vectors[1].Texts = append(r.Vectors[1].Texts, fmt.Sprintf("Service %d of München", i%10))
		r.Vectors[2].Ints = append(r.Vectors[2].Ints, int64(i%4))
	}
	for _, format := range []Format{JSON, CSV} {
		b.Run(format.String(), func(b *testing.B) {
			e := Encoder{Format: format}
			dst := e.Append(nil, r)
			b.SetBytes(int64(len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				dst = e.Append(dst[:0], r)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	text := "GET services\nColumns: host_name description state plugin_output\nFilter: state = 1\nFilter: state = 2\nOr: 2\nFilter: acknowledged = 0\n" +
		"Stats: state = 0\nStats: state = 1\nStatsAnd: 2\nSort: state desc\nLimit: 100\nOutputFormat: json\nResponseHeader: fixed16\n"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
