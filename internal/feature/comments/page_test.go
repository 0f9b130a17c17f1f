package comments

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

func comment(id, kind int, site, host, service string, age time.Duration, more webtest.Row) webtest.Row {
	r := webtest.Row{"id": id, "peer_key": site, "peer_name": "Site " + site, "host_name": host, "service_description": service, "entry_type": kind,
		"entry_time": time.Now().Add(-age), "author": "anna", "comment": "looking into it", "persistent": 1, "host_has_been_checked": 1,
		"service_has_been_checked": 1, "service_state": 2, "service_acknowledged": 1, "contacts": []string{"anna"}}
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
			"comments": {
				comment(1, 1, "a", "web", "", time.Hour, nil),
				comment(2, 4, "a", "web", "HTTP", time.Minute, webtest.Row{"contacts": []string{}, "expires": 1, "expire_time": time.Now().Add(2 * time.Hour)}),
				comment(1, 2, "b", "db", "", 24*time.Hour, webtest.Row{"author": "(core)", "comment": webtest.Hostile, "persistent": 0}),
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
		{"/comments", []string{"a|web|HTTP|2", "a|web|1", "b|db|1"}}, // the newest first
		{"/comments?sort=entered", []string{"b|db|1", "a|web|1", "a|web|HTTP|2"}},
		{"/comments?sort=expires", []string{"a|web|HTTP|2", "b|db|1", "a|web|1"}},
		{"/comments?sort=who", []string{"b|db|1", "a|web|1", "a|web|HTTP|2"}},
		{"/comments?q=is:acknowledgement", []string{"a|web|HTTP|2"}},
		{"/comments?q=is:user", []string{"a|web|1"}},
		{"/comments?q=author=anna&host=web&site=a", []string{"a|web|HTTP|2", "a|web|1"}},
		{"/comments?q=into", []string{"a|web|HTTP|2", "a|web|1"}},
	} {
		a := s.Follow("all", tt.path)
		if got := shown(a); a.Status != http.StatusOK || !slices.Equal(got, tt.want) {
			t.Errorf("%s: status %d, rows %q, want %q", tt.path, a.Status, got, tt.want)
		}
	}
	a := s.Get("all", "/comments")
	if got := a.Texts(".figs a.cnt"); !slices.Equal(got, []string{"1 remark", "1 of downtimes", "1 acknowledgement"}) {
		t.Errorf("counts %q", got)
	}
	if got := a.Texts("[id=a|web|1] td"); !slices.Contains(got, "anna") || !slices.Contains(got, "looking into it") {
		t.Errorf("a comment is shown as %q", got)
	}
	var states []string
	for _, g := range a.All("td.c-state svg") {
		states = append(states, webtest.Attr(g, "aria-label"))
	}
	if !slices.Equal(states, []string{"CRITICAL, handled", "UP", "UP"}) {
		t.Errorf("states %q", states)
	}
	if n := len(a.All("main script")); n != 0 {
		t.Errorf("%d elements came from a core", n)
	}
}

func TestRightsAndEmpty(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/comments")); !slices.Equal(got, []string{"a|web|1", "b|db|1"}) {
		t.Errorf("anna sees %q", got)
	}
	a := s.Get("nobody", "/comments")
	if got := webtest.Text(a.One(".empty h2")); got != "You see no comments here" || strings.Contains(a.Body, "Site a") {
		t.Errorf("who sees nothing is told %q", got)
	}
	if a := s.Get("all", "/comments?q=is:poem"); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown kind is answered with %d", a.Status)
	}
	w := world()
	w.Tables["comments"] = nil
	if got := webtest.Text(start(t, w).Get("all", "/comments").One(".empty h2")); got != "There are no comments" {
		t.Errorf("without comments the page says %q", got)
	}
}
