package search

import (
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/web/webtest"
)

// BenchmarkPalette is what the server does for one text in the palette.
func BenchmarkPalette(b *testing.B) {
	engine := webtest.Fleet(b, webtest.Shape{Sites: 50, Hosts: 400, Services: 10, BadHosts: 20, BadServices: 30})
	for name, v := range map[string]access.Viewer{"all": {All: true}, "contact": {Contacts: map[string]string{"*": "anna"}}} {
		q := engine.For(v)
		for _, text := range []string{"h", "host-1", "load", "no such thing", "h: 12", "s: disk"} {
			b.Run(name+"/"+text, func(b *testing.B) {
				for b.Loop() {
					if _, err := load(b.Context(), q, text, 8, time.Now()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
