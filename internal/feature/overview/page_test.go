package overview

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

type cols = webtest.Row

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

// world: sw is down and explains web and its service; db / Disk and db / Load
// need someone, db / Swap was acknowledged; site b is late.
func world() *webtest.World {
	anna := []string{"anna"}
	now := time.Now().Unix()
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"sites": {
				{"key": "a", "name": "Wien", "state": "fresh", "last_update": float64(now)},
				{"key": "b", "name": "Frankfurt", "state": "late", "cause": "does not answer", "last_update": float64(now - 240)},
			},
			"hosts": {
				webtest.Host("a", "sw", cols{"state": 1, "last_state_change": now - 60, "plugin_output": "100% loss"}),
				webtest.Host("a", "web", cols{"state": 2, "parents": []string{"sw"}}),
				webtest.Host("a", "db", cols{"contacts": anna}),
				webtest.Host("b", "fresh-host", cols{"has_been_checked": 0}),
			},
			"services": {
				webtest.Service("a", "web", "HTTP", cols{"state": 2, "host_state": 2}),
				webtest.Service("a", "db", "Disk", cols{"state": 2, "last_state_change": now - 3*86400, "contacts": anna, "plugin_output": "DISK <b>full</b>"}),
				webtest.Service("b", "fresh-host", "Load", cols{"state": 1, "last_state_change": now - 600}),
				webtest.Service("a", "db", "Swap", cols{"state": 3, "acknowledged": 1}),
				webtest.Service("a", "db", "Ping", nil),
			},
			"downtimes": {{"peer_key": "a", "id": 1, "start_time": int(now - 10), "end_time": int(now + 1000)}},
		},
	}
}

// TestOverview: figures, the worst first with what they hide, sites and ages,
// and each number leads to the list that proves it.
func TestOverview(t *testing.T) {
	a := start(t, world()).Get("all", "/overview")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if got := a.Texts(".hero .fig b"); !slices.Equal(got, []string{"1", "2", "1/2"}) {
		t.Errorf("large figures %q", got)
	}
	hero := webtest.Text(a.One(".hero"))
	for _, want := range []string{"newest: sw", "1 critical, 1 warning, 0 unknown", "1 behind others", "1 behind hosts", "1 acknowledged", "1 pending", "1 up of 4", "1 ok of 5", "Frankfurt is not current", "1 downtime runs"} {
		if !strings.Contains(hero, want) {
			t.Errorf("the head does not say %q: %s", want, hero)
		}
	}
	if got := a.Texts("[aria-labelledby=h-now] tbody th a"); !slices.Equal(got, []string{"sw", "db", "Disk", "fresh-host", "Load"}) {
		t.Errorf("worst first: %q", got)
	}
	if got := webtest.Text(a.All("[aria-labelledby=h-now] tbody tr")[0]); !strings.Contains(got, "hides 1 host, 1 service") || !strings.Contains(got, "100% loss") {
		t.Errorf("the cause says %q", got)
	}
	if got := a.Texts(".ages b"); !slices.Equal(got, []string{"1", "1", "0", "0", "0", "1"}) {
		t.Errorf("ages %q", got)
	}
	if len(a.All("[aria-labelledby=h-sites] tr.stale")) != 1 || len(a.All("[style]")) != 0 || strings.Contains(a.Body, "<b>full") {
		t.Error("a late site is not marked, or there are styles or markup of a plugin")
	}
	want := map[string]string{
		".hero .fig.down":         "/problems?q=state%3Adown+or+state%3Aunreachable",
		".hero .figs a.crit":      "/problems?q=state%3Acritical",
		".ages a":                 "/problems?q=age%3C5m",
		".hero .figs a.unre":      "/problems?q=state%3Adown+or+state%3Aunreachable&view=suppressed",
		"[id=site|b] a.cnt.warn":  "/problems?q=state%3Awarning+site%3A%22b%22",
		"[id=site|a] a.cnt.down":  "/problems?q=%28state%3Adown+or+state%3Aunreachable%29+site%3A%22a%22",
		".hero .figs a.pend":      "/hosts?q=state%3Apending",
		"[id=site|a] th[scope] a": "/problems?q=site%3A%22a%22",
	}
	for sel, href := range want {
		found := a.All(sel)
		if len(found) == 0 || webtest.Attr(found[0], "href") != href {
			t.Errorf("%s (%d of them) does not lead to %q", sel, len(found), href)
		}
	}
}

// TestClockAhead: what a core with a clock that is ahead says is new is not in
// the future.
func TestClockAhead(t *testing.T) {
	w := world()
	w.Tables["hosts"][0]["last_state_change"] = time.Now().Unix() + 7200
	hero := webtest.Text(start(t, w).Get("all", "/overview").One(".hero"))
	if !strings.Contains(hero, "newest: sw, 0 s ago") {
		t.Errorf("the head says %q", hero)
	}
}

// TestRights: who sees one host sees counts of one host.
func TestRights(t *testing.T) {
	a := start(t, world()).Get("anna", "/overview")
	if got := webtest.Text(a.One(".hero")); strings.Contains(got, "sw") || !strings.Contains(got, "up of 1") {
		t.Errorf("anna sees %q", got)
	}
	if got := a.Texts("[aria-labelledby=h-now] tbody th a"); !slices.Equal(got, []string{"db", "Disk"}) {
		t.Errorf("anna sees %q", got)
	}
}

// TestEmpty: nothing to see says what to do next, good news says so, and a
// block is what the page shows.
func TestEmpty(t *testing.T) {
	s := start(t, &webtest.World{})
	if got := webtest.Text(s.Get("all", "/overview").One("[aria-labelledby=h-now]")); !strings.Contains(got, "No site yet") {
		t.Errorf("without sites: %q", got)
	}
	w := world()
	w.Tables["hosts"], w.Tables["services"] = w.Tables["hosts"][2:3], w.Tables["services"][4:]
	a := start(t, w).Get("all", "/overview", "X-Belvedere-Block", "overview")
	if got := webtest.Text(a.One("[data-block=overview]")); !strings.Contains(got, "Nothing needs anyone") || !strings.Contains(got, "Some sites are not current") {
		t.Errorf("all well: %q", got)
	}
}

// BenchmarkOverview: the page at 200,000 services, one in fifty bad.
func BenchmarkOverview(b *testing.B) {
	e := webtest.Fleet(b, webtest.Shape{Sites: 20, Hosts: 1000, Services: 10, BadHosts: 10, BadServices: 20})
	q := e.For(access.Viewer{All: true})
	now := time.Unix(webtest.FleetTime, 0)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: now})
	b.ReportAllocs()
	for b.Loop() {
		e.Shrink() // the engine keeps answers: each page is one that nobody asked for before
		p, err := load(ctx, q, now)
		if err != nil {
			b.Fatal(err)
		}
		if err := body(p).Render(ctx, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
