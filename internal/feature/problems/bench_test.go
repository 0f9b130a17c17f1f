package problems

import (
	"context"
	"fmt"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web/status"
	"belvedere/internal/web/webtest"
)

var shapes = []struct {
	name string
	webtest.Shape
}{
	{"200k", webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30}},
	{"200k-storm", webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 100, BadServices: 250}},
}

// BenchmarkSurvey reads all problems, folds and counts them.
func BenchmarkSurvey(b *testing.B) {
	for _, s := range shapes {
		q := webtest.Fleet(b, s.Shape).For(access.Viewer{All: true})
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			var n int
			for b.Loop() {
				v, err := triage.Take(context.Background(), q, triage.Want{})
				if err != nil {
					b.Fatal(err)
				}
				n = v.Counts().Total()
			}
			b.ReportMetric(float64(n), "problems")
		})
		v, _ := triage.Take(context.Background(), q, triage.Want{})
		var items []int
		for i := range v.Problems {
			if v.Problems[i].Unhandled() {
				items = append(items, i)
			}
		}
		b.Run(s.name+"/arrange", func(b *testing.B) {
			for b.Loop() {
				v.Arrange(items, triage.ByCause, triage.Order{})
			}
			b.ReportMetric(float64(len(items)), "items")
		})
		for _, n := range []int{100, 1000} {
			bySite := map[string]map[string][]lql.Filter{}
			k := 0
			for i := range v.Problems[v.Hosts:] {
				p := &v.Problems[v.Hosts+i]
				if i%7 == 0 && k < n {
					k++
					if bySite[p.Site] == nil {
						bySite[p.Site] = map[string][]lql.Filter{}
					}
					bySite[p.Site][p.Host] = append(bySite[p.Site][p.Host], lql.Eq("description", p.Service))
				}
			}
			b.Run(fmt.Sprintf("%s/rows%d", s.name, n), func(b *testing.B) {
				for b.Loop() {
					rows := 0
					for site, hosts := range bySite {
						var fs []lql.Filter
						for h, d := range hosts {
							fs = append(fs, lql.AndOf(lql.Eq("host_name", h), lql.OrOf(d...)))
						}
						query := lql.Get("services", append(status.ServiceColumns(), status.InfoColumns()...)...).Where(lql.OrOf(fs...))
						query.Backends = []string{site}
						res, err := q.Query(context.Background(), query)
						if err != nil {
							b.Fatal(err)
						}
						rows += res.Rows
					}
					if rows != k {
						b.Fatal(rows, k)
					}
				}
				b.ReportMetric(float64(len(bySite)), "sites")
			})
		}
	}
}
