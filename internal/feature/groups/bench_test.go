package groups

import (
	"bytes"
	"context"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

// BenchmarkPage makes the page of host groups at 200,000 services, in each of
// its views, from the queries to the HTML. "contact" is somebody who does not
// see everything: nothing is kept for them between two requests.
func BenchmarkPage(b *testing.B) {
	e := webtest.Fleet(b, webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30})
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: time.Unix(webtest.FleetTime, 0), Path: "/groups"})
	for _, v := range []struct {
		name   string
		viewer access.Viewer
	}{{"all", access.Viewer{All: true}}, {"contact", access.Viewer{Contacts: map[string]string{"*": "user07"}, Groups: access.Loose}}} {
		for _, w := range []request{
			{kind: "host", view: "summary", sort: "worst", limit: 100}, {kind: "host", view: "overview", sort: "worst", limit: 12},
			{kind: "host", view: "grid", sort: "worst", limit: 6}, {kind: "host", view: "matrix", sort: "worst", name: "all-linux"},
		} {
			b.Run(v.name+"/"+w.view, func(b *testing.B) {
				b.ReportAllocs()
				var buf bytes.Buffer
				for b.Loop() {
					p, err := load(ctx, e.For(v.viewer), w)
					if err != nil || len(p.groups) == 0 {
						b.Fatal(err, len(p.groups))
					}
					buf.Reset()
					if err := content(newView(ctx, w, p, true)).Render(ctx, &buf); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(buf.Len()), "bytes")
			})
		}
	}
}
