package downtimes

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

func downtime(id int, site, host, service string, from, to time.Duration, more webtest.Row) webtest.Row {
	now := time.Now()
	r := webtest.Row{"id": id, "peer_key": site, "peer_name": "Site " + site, "host_name": host, "service_description": service,
		"start_time": now.Add(from), "end_time": now.Add(to), "fixed": 1, "duration": int((to - from).Seconds()), "entry_time": now.Add(-time.Hour),
		"author": "anna", "comment": "patching", "host_has_been_checked": 1, "service_has_been_checked": 1, "contacts": []string{"anna"}}
	if service != "" {
		r["is_service"] = 1
	}
	for k, v := range more {
		r[k] = v
	}
	return r
}

func world() *webtest.World {
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"sites": {{"key": "a", "name": "Site a"}, {"key": "b", "name": "Site b"}},
			"downtimes": {
				downtime(1, "a", "web", "", -time.Hour, 3*time.Hour, nil),
				downtime(2, "a", "web", "HTTP", time.Hour, 5*time.Hour, webtest.Row{"contacts": []string{}, "triggered_by": 1}),
				downtime(3, "b", "db", "", -time.Hour, time.Hour, webtest.Row{"fixed": 0, "duration": 600, "author": "tom", "comment": webtest.Hostile}),
				downtime(1, "b", "old", "", -2*time.Hour, -time.Hour, webtest.Row{"contacts": []string{}}),
			},
		},
	}
}

func shown(a webtest.Answer) []string {
	var out []string
	for _, tr := range a.All("tbody tr") {
		out = append(out, webtest.Attr(tr, "id"))
	}
	return out
}

func TestList(t *testing.T) {
	s := start(t, world())
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/downtimes", []string{"b|db|3", "a|web|1", "a|web|HTTP|2", "b|old|1"}}, // lasting ones first, the first to end on top
		{"/downtimes?sort=-when", []string{"b|old|1", "a|web|HTTP|2", "a|web|1", "b|db|3"}},
		{"/downtimes?sort=who", []string{"b|db|3", "b|old|1", "a|web|1", "a|web|HTTP|2"}},
		{"/downtimes?q=is:active", []string{"b|db|3", "a|web|1"}},
		{"/downtimes?q=is:upcoming", []string{"a|web|HTTP|2"}},
		{"/downtimes?q=is:over", []string{"b|old|1"}},
		{"/downtimes?q=is:for-service", []string{"a|web|HTTP|2"}},
		{"/downtimes?q=is:for-host+author=tom", []string{"b|db|3"}},
		{"/downtimes?q=PATCH+web", []string{"a|web|1", "a|web|HTTP|2"}},
		{"/downtimes?site=a&host=web", []string{"a|web|1", "a|web|HTTP|2"}},
	} {
		a := s.Follow("all", tt.path)
		if got := shown(a); a.Status != http.StatusOK || !slices.Equal(got, tt.want) {
			t.Errorf("%s: status %d, rows %q, want %q", tt.path, a.Status, got, tt.want)
		}
	}
	a := s.Get("all", "/downtimes")
	if got := a.Texts(".figs a.cnt"); !slices.Equal(got, []string{"2 active", "1 upcoming"}) {
		t.Errorf("counts %q", got)
	}
	if got := a.Texts("td.c-age"); !slices.Equal(got, []string{"waits for a problem", "active", "starts in 59 m", "over"}) && got[2] != "starts in 1 h" {
		t.Errorf("they stand as %q", got)
	}
	if got := webtest.Text(a.One("[id=b|db|3] td.num")); got != "10 m" {
		t.Errorf("the flexible one lasts %q", got)
	}
	if got := a.Texts("[id=a|web|1] td"); !slices.Contains(got, "anna") || !slices.Contains(got, "patching") || !slices.Contains(got, "4 h") {
		t.Errorf("a downtime is shown as %q", got)
	}
	if n := len(a.All("main script")); n != 0 {
		t.Errorf("%d elements came from a core", n)
	}
}

func TestRightsAndEmpty(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/downtimes")); !slices.Equal(got, []string{"b|db|3", "a|web|1"}) {
		t.Errorf("anna sees %q", got)
	}
	a := s.Get("nobody", "/downtimes")
	if got := webtest.Text(a.One(".empty h2")); got != "You see no downtimes here" || strings.Contains(a.Body, "Site a") {
		t.Errorf("who sees nothing is told %q", got)
	}
	w := world()
	w.Tables["downtimes"] = nil
	if got := webtest.Text(start(t, w).Get("all", "/downtimes").One(".empty h2")); got != "No downtime is planned" {
		t.Errorf("without downtimes the page says %q", got)
	}
}
