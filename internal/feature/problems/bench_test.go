package problems

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/triage"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

// shapes are the fleets that are measured: problems as on a bad day, and a
// storm.
var shapes = []struct {
	name string
	webtest.Shape
}{
	{"200k", webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30, NoCache: true}},
	{"200k-storm", webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 100, BadServices: 250, NoCache: true}},
	{"1M", webtest.Shape{Sites: 100, Hosts: 1000, Services: 10, BadHosts: 20, BadServices: 30, NoCache: true}},
}

// BenchmarkPage makes the list of the page: survey, folding, grouping, rows
// and their HTML.
func BenchmarkPage(b *testing.B) {
	now := time.Unix(webtest.FleetTime, 0)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: now, Zone: time.UTC, Path: "/problems"})
	for _, s := range shapes {
		q := webtest.Fleet(b, s.Shape).For(access.Viewer{All: true})
		b.Run(s.name+"/counter", func(b *testing.B) {
			var n int
			for b.Loop() {
				c, err := counter(ctx, q)
				if err != nil {
					b.Fatal(err)
				}
				n = c.N
			}
			b.ReportMetric(float64(n), "unhandled")
		})
		base := request{tab: tabUnhandled, group: triage.ByCause, limit: 100, order: triage.Order{By: "severity"}, me: &triage.Me{Names: []string{"user07"}}, list: true}
		for name, change := range map[string]func(*request){
			"first":     func(*request) {},
			"1000-rows": func(w *request) { w.limit = 1000 },
			"all":       func(w *request) { w.tab = tabAll },
			"last":      func(w *request) { w.tab, w.group, w.offset = tabAll, triage.NoGrouping, 4000 },
			"host":      func(w *request) { w.group = triage.ByHost },
			"service":   func(w *request) { w.group = triage.ByService },
			"hostgroup": func(w *request) { w.group = triage.ByHostgroup },
			"output":    func(w *request) { w.group = triage.ByOutput },
		} {
			w := base
			change(&w)
			b.Run(fmt.Sprintf("%s/%s", s.name, name), func(b *testing.B) {
				b.ReportAllocs()
				var problems, shown int
				for b.Loop() {
					p, err := load(ctx, q, w, now)
					if err != nil {
						b.Fatal(err)
					}
					if err := rows(newView(w, p)).Render(ctx, io.Discard); err != nil {
						b.Fatal(err)
					}
					problems, shown = p.counts.Total(), p.shown
				}
				b.ReportMetric(float64(problems), "problems")
				b.ReportMetric(float64(shown), "rows")
			})
		}
	}
}
