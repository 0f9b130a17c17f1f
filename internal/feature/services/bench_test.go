package services

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

// draw makes the list and the numbers of its head: reading the address, engine
// and HTML. It returns the list, and the address of the page that follows.
func draw(b *testing.B, data lql.Querier, query string) (html []byte, rowsOf int, next string) {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, "/services?"+query, nil)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: time.Unix(webtest.FleetTime, 0), Zone: time.UTC, Path: "/services", Query: r.URL.Query()})
	q, err := declared(ctx).Parse(r.WithContext(ctx))
	if err != nil {
		b.Fatal(err)
	}
	p, err := q.Figures(ctx, data, list.Terms(figures(ctx))...)
	if err != nil {
		b.Fatal(err)
	}
	v := list.View{Request: q, Page: p}
	var out bytes.Buffer
	if err := rows(v, ui.Now(ctx)).Render(ctx, &out); err != nil {
		b.Fatal(err)
	}
	if err := list.Figures(v, figures(ctx)).Render(ctx, &out); err != nil {
		b.Fatal(err)
	}
	if _, after, ok := strings.Cut(out.String(), `rel="next" href="/services?`); ok {
		next, _, _ = strings.Cut(after, `"`)
		next = strings.ReplaceAll(next, "&amp;", "&")
	}
	return out.Bytes(), p.Result.Rows, next
}

func BenchmarkPage(b *testing.B) {
	for _, s := range []struct {
		name string
		webtest.Shape
	}{
		{"200k", webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30, NoCache: true}},
		{"1M", webtest.Shape{Sites: 100, Hosts: 1000, Services: 10, BadHosts: 20, BadServices: 30, NoCache: true}},
	} {
		data := webtest.Fleet(b, s.Shape).For(access.Viewer{All: true})
		_, _, second := draw(b, data, "")
		_, _, secondWorst := draw(b, data, "sort=state")
		for _, page := range [][2]string{{"first", ""}, {"1000-rows", "limit=1000"}, {"worst", "sort=state"}, {"newest", "sort=since"}, {"output", "sort=output"}, {"problems", "q=is:problem"}, {"text", "q=memory+srv0007"}, {"second", second}, {"worst-second", secondWorst}} {
			b.Run(s.name+"/"+page[0], func(b *testing.B) {
				b.ReportAllocs()
				var html []byte
				var n int
				for b.Loop() {
					html, n, _ = draw(b, data, page[1])
				}
				var packed bytes.Buffer
				z := gzip.NewWriter(&packed)
				if _, err := z.Write(html); err != nil {
					b.Fatal(err)
				}
				if err := z.Close(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n), "rows")
				b.ReportMetric(float64(packed.Len())/1000, "KB-gzip")
			})
		}
	}
}
