package search

import (
	"context"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/search"
	"belvedere/internal/web/webtest"
)

// BenchmarkComplete measures what may come next in the query bar at 200,000
// services: from the keystroke at the server to the items.
func BenchmarkComplete(b *testing.B) {
	q := webtest.Fleet(b, webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30, NoCache: true}).For(access.Viewer{All: true})
	now := time.Unix(webtest.FleetTime, 0)
	for _, t := range []struct{ name, text, with string }{
		{"state", "state:", ""},
		{"is", "is:", "state:problem"},
		{"host", "host:srv01", ""},
		{"host-all", "host:", ""},
		{"service", "service:", ""},
		{"hostgroup", "hostgroup:", ""},
		{"hostgroup-within", "hostgroup:", "state:crit -is:handled"},
		{"contact", "contact:", ""},
		{"variable", "_", ""},
		{"variable-value", "_ENV:", ""},
		{"age", "age>", ""},
		{"word", "lin", ""},
		{"word-within", "lin", "output:ok"},
	} {
		b.Run(t.name, func(b *testing.B) {
			var items int
			for b.Loop() {
				c, err := search.Complete(context.Background(), q, search.Typing{Text: t.text, At: len(t.text), With: t.with, Tables: []string{"services"}, Within: wordWithin}, now)
				if err != nil {
					b.Fatal(err)
				}
				items = len(c.Items)
			}
			b.ReportMetric(float64(items), "items")
		})
	}
}
