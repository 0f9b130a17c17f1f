package hygiene

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

type cols = webtest.Row

// TestHygiene: each rule counts what it is about, and leads to the list that
// is filtered by the same text.
func TestHygiene(t *testing.T) {
	old := time.Now().Add(-40 * 24 * time.Hour).Unix()
	w := &webtest.World{Tables: map[string][]webtest.Row{
		"hosts": {
			webtest.Host("a", "acked", cols{"state": 1, "acknowledged": 1, "last_state_change": old, "last_time_up": 5}),
			webtest.Host("a", "fine", cols{"contacts": []string{"anna"}, "notifications_enabled": 0}),
			webtest.Host("a", "never", cols{"state": 1, "last_time_up": 0}),
		},
		"services": {
			webtest.Service("a", "fine", "Late", cols{"staleness": 3.5, "contacts": []string{"anna"}}),
			webtest.Service("a", "fine", "Off", cols{"active_checks_enabled": 0, "accept_passive_checks": 0}),
			webtest.Service("a", "fine", "Noisy", cols{"is_flapping": 1, "percent_state_change": 42.0}),
			webtest.Service("a", "fine", "Open", cols{"state": 2, "last_state_change": old, "last_time_ok": 9}),
		},
		"downtimes": {{"peer_key": "a", "id": 1, "duration": 86400 * 30}, {"peer_key": "a", "id": 2, "duration": 600}},
	}}
	s := webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
	a := s.Get("all", "/hygiene")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	for id, want := range map[string]string{
		"acknowledged": "1 Hosts 0", "downtimes": "1 Downtimes", "open": "0 1 Services", "never": "1 Hosts 0", "late": "0 1 Services", "pending": "0 0",
		"silent": "1 Hosts 0", "unchecked": "0 1 Services", "inactive": "0 0", "flapping": "0 1 Services", "noisy": "0 1 Services",
	} {
		if got := strings.Join(a.Texts("[id=rule|"+id+"] td.num"), " "); strings.TrimSpace(got) != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := webtest.Attr(a.One("[id=rule|open] a.lk"), "href"); got != "/services?q=is%3Aunhandled+age%3E30d" {
		t.Errorf("the number leads to %q", got)
	}
	mine := s.Get("anna", "/hygiene")
	if got := strings.Join(mine.Texts("[id=rule|silent] td.num"), " "); strings.TrimSpace(got) != "1 Hosts 0" {
		t.Errorf("anna: %q", got)
	}
	if len(mine.All("a.lk")) != 2 {
		t.Errorf("anna sees %d numbers, want those of what is hers", len(mine.All("a.lk")))
	}
	file := s.Get("all", "/hygiene/export?format=json").Body
	for _, want := range []string{
		`{"rule":"acknowledged","what":"Acknowledged for more than a week","hosts":1,"services":0,"downtimes":null,"why":"Nobody is told of them any more.`,
		`"rule":"downtimes","what":"Downtimes of more than a week","hosts":null,"services":null,"downtimes":1,`, `"rule":"open","what":"Problems that nobody took for a month","hosts":0,"services":1,`,
	} {
		if !strings.Contains(file, want) {
			t.Errorf("the file does not say %s: %s", want, file)
		}
	}
	if hers := s.Get("anna", "/hygiene/export?format=json").Body; !strings.Contains(hers, `"rule":"silent","what":"Notifications are off","hosts":1,`) || !strings.Contains(hers, `"rule":"acknowledged","what":"Acknowledged for more than a week","hosts":0,`) {
		t.Errorf("the file of anna: %s", hers)
	}
	if n := len(a.All(".ph .end .pop a")); n != 6 {
		t.Errorf("%d forms are offered", n)
	}
}

// BenchmarkHygiene: the page at 200,000 services.
func BenchmarkHygiene(b *testing.B) {
	e := webtest.Fleet(b, webtest.Shape{Sites: 20, Hosts: 1000, Services: 10, BadHosts: 10, BadServices: 20})
	q := e.For(access.Viewer{All: true})
	now := time.Unix(webtest.FleetTime, 0)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: now})
	b.ReportAllocs()
	for b.Loop() {
		e.Shrink() // the engine keeps answers: each page is one that nobody asked for before
		found, _, err := load(ctx, q, now)
		if err != nil {
			b.Fatal(err)
		}
		if err := body(found).Render(ctx, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
