package processes

import (
	"context"
	"net/http"
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

func world() *webtest.World {
	now := time.Now().Unix()
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"sites": {
				{"key": "a", "name": "Wien", "state": "fresh", "implementation": "Naemon", "version": "1.4.2", "hosts": 2, "services": 2, "last_update": float64(now)},
				{"key": "b", "name": "Frankfurt", "state": "down", "cause": "does not answer"},
			},
			"status": {{
				"peer_key": "a", "program_version": "1.4.2", "program_start": int(now - 7200), "nagios_pid": 4711, "enable_notifications": 0,
				"execute_host_checks": 1, "execute_service_checks": 1, "accept_passive_host_checks": 1, "accept_passive_service_checks": 1,
				"enable_event_handlers": 1, "check_external_commands": 1, "host_checks_rate": 1.5, "service_checks_rate": 10.25, "service_checks": 123456,
			}},
			"hosts": {webtest.Host("a", "web", cols{"latency": 0.5, "execution_time": 0.1}), webtest.Host("a", "db", cols{"latency": 90.0, "contacts": []string{"anna"}})},
			"services": {
				webtest.Service("a", "web", "HTTP", cols{"latency": 0.25}),
				webtest.Service("a", "web", "Trap", cols{"active_checks_enabled": 0}),
			},
		},
	}
}

func start(t *testing.T) *webtest.Site {
	return webtest.New(t, world(), func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

// TestAll: a line for each core, also for one that does not answer.
func TestAll(t *testing.T) {
	a := start(t).Get("all", "/processes")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	wien := webtest.Text(a.One("[id=process|a]"))
	for _, want := range []string{"Wien", "Naemon 1.4.2", "2 h", "11.8/s", "45.2 s at most 1 m", "250 ms", "Notifications"} {
		if !strings.Contains(wien, want) {
			t.Errorf("the line %q does not say %q", wien, want)
		}
	}
	if got := webtest.Text(a.One("tr.stale")); !strings.Contains(got, "Frankfurt") || !strings.Contains(got, "no data") {
		t.Errorf("the one that does not answer: %q", got)
	}
	if len(a.All("td.warn")) != 1 {
		t.Error("a late core is not marked")
	}
}

// TestFiles: a file holds the cores that the page shows to who asks, with
// numbers as numbers; a core may be named as the files are.
func TestFiles(t *testing.T) {
	s := start(t)
	file := s.Get("all", "/processes/all/export?format=json").Body
	for _, want := range []string{
		`{"peer_name":"Wien","implementation":"Naemon","version":"1.4.2","program_start":"20`, `"checks_rate":11.75,"hosts_latency":45.25,"hosts_latency_most":90,"services_latency":0.25,"services_latency_most":0.25,"switched_off":["Notifications"]}`,
		`{"peer_name":"Frankfurt","implementation":"","version":"","program_start":null,"checks_rate":null,"hosts_latency":null,"hosts_latency_most":null,"services_latency":null,"services_latency_most":null,"switched_off":[]}`,
	} {
		if !strings.Contains(file, want) {
			t.Errorf("the file does not say %s: %s", want, file)
		}
	}
	if hers := s.Get("anna", "/processes/all/export?format=json").Body; !strings.Contains(hers, `"hosts_latency":90,"hosts_latency_most":90,"services_latency":null`) {
		t.Errorf("the file of anna counts what is not hers: %s", hers)
	}
	if none := s.Get("nobody", "/processes/all/copy?as=markdown", "Accept", "text/plain").Body; strings.Contains(none, "Wien") {
		t.Errorf("who sees nothing copies %s", none)
	}
	for _, l := range s.Get("all", "/processes").All(".ph .end .pop a") {
		if a := s.Get("all", webtest.Attr(l, "href")); a.Status != http.StatusOK {
			t.Errorf("%s: %d", webtest.Attr(l, "href"), a.Status)
		}
	}
	if a := s.Get("all", "/processes/all/copy?as=curl"); !strings.Contains(a.Body, "/processes/all/export?format=json") {
		t.Errorf("curl: %s", a.Body)
	}
	if a := s.Get("all", "/processes/export"); a.Status != http.StatusNotFound {
		t.Errorf("a core of that name would not be found: %d", a.Status)
	}
}

// TestOne: everything about one core, numbers with their lists.
func TestOne(t *testing.T) {
	s := start(t)
	a := s.Get("all", "/processes/a")
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"4711", "Notifications off", "Active checks of hosts on", "within 5 m 2 100 %", "123 456", "10.2/s", "Passive only 0 1"} {
		if !strings.Contains(strings.ReplaceAll(page, "\u202f", " "), want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	if strings.Contains(page, "Site b") {
		t.Error("the page of one core speaks of another")
	}
	if a := s.Get("all", "/processes/nowhere"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown site: %d", a.Status)
	}
	if a := s.Get("all", "/processes/b", "X-Belvedere-Block", "process"); a.Status != http.StatusOK {
		t.Errorf("a block of a core without data: %d", a.Status)
	}
}

// BenchmarkProcesses: the list at 200,000 services on 20 sites.
func BenchmarkProcesses(b *testing.B) {
	e := webtest.Fleet(b, webtest.Shape{Sites: 20, Hosts: 1000, Services: 10, BadHosts: 10, BadServices: 20})
	q := e.For(access.Viewer{All: true})
	now := time.Unix(webtest.FleetTime, 0)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: now})
	b.ReportAllocs()
	for b.Loop() {
		e.Shrink() // the engine keeps answers: each page is one that nobody asked for before
		p, err := load(ctx, q, "", now)
		if err != nil {
			b.Fatal(err)
		}
		if err := listBody(p).Render(ctx, discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
