package grafana_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/feature/grafana"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func site(t *testing.T) *webtest.Site {
	w := &webtest.World{
		Tables: map[string][]webtest.Row{
			"hosts": {
				webtest.Host("a", "web1", webtest.Row{"contacts": []string{"anna"}}),
				webtest.Host("a", "gone", webtest.Row{"state": 1, "plugin_output": webtest.Hostile}),
			},
			"services": {
				webtest.Service("a", "web1", "Disk", webtest.Row{"state": 2, "contacts": []string{"anna"}, "last_state_change": 1_790_000_000}),
				webtest.Service("a", "web1", "Load", webtest.Row{"state": 1, "acknowledged": 1, "contacts": []string{"anna"}, "last_state_change": 1_790_000_500}),
				webtest.Service("a", "web1", "Ping", webtest.Row{"contacts": []string{"anna"}}),
			},
			"sites": {{"name": "Site a", "section": "Europe", "status": 0, "last_online": 1_790_000_000}},
		},
		Parts: []lql.Part{webtest.Fresh("a")},
	}
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{grafana.Feature()} })
}

// rows asks as somebody, and reads the list of objects.
func rows(t *testing.T, s *webtest.Site, user, path string) (out []map[string]any, total string) {
	t.Helper()
	a := s.Get(user, path)
	if a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil {
		t.Fatalf("%s: %v: %s", path, err, a.Body)
	}
	return out, a.Header.Get("X-Total-Count")
}

func names(of []map[string]any) string {
	var out []string
	for _, r := range of {
		out = append(out, strings.Trim(r["host"].(string)+"/"+r["service"].(string), "/"))
	}
	return strings.Join(out, " ")
}

// TestProblems: what needs somebody comes first, bounded, with the rights of
// whoever asks.
func TestProblems(t *testing.T) {
	s := site(t)
	for _, tt := range []struct{ user, query, want, total string }{
		{"all", "", "gone web1/Disk web1/Load", "3"},
		{"all", "?limit=1", "gone", "3"},
		{"all", "?q=state:crit", "web1/Disk", "1"},
		{"anna", "", "web1/Disk web1/Load", "2"},
		{"nobody", "", "", "0"},
	} {
		got, total := rows(t, s, tt.user, "/grafana/problems"+tt.query)
		if names(got) != tt.want || total != tt.total {
			t.Errorf("%s %s: %q of %s, want %q of %s", tt.user, tt.query, names(got), total, tt.want, tt.total)
		}
	}
	got, _ := rows(t, s, "anna", "/grafana/problems")
	disk, load := got[0], got[1]
	if disk["state"] != "critical" || disk["severity"] != 3.0 || disk["since"] != "2026-09-21T14:13:20Z" || disk["handled"] != false || disk["site"] != "Site a" {
		t.Errorf("Disk is %v", disk)
	}
	if !strings.HasSuffix(disk["url"].(string), "/service/a/web1/Disk") {
		t.Errorf("its address is %v", disk["url"])
	}
	if load["acknowledged"] != true || load["handled"] != true || load["downtime"] != false {
		t.Errorf("Load is %v", load)
	}
}

// TestFigures: counts and sites.
func TestFigures(t *testing.T) {
	s := site(t)
	counts, _ := rows(t, s, "all", "/grafana/counts")
	sums := map[string]float64{}
	for _, r := range counts {
		if r["count"] != 0.0 {
			sums[r["kind"].(string)+" "+r["state"].(string)] += r["count"].(float64)
		}
	}
	if len(sums) != 5 || sums["host up"] != 1 || sums["host down"] != 1 || sums["service ok"] != 1 || sums["service critical"] != 1 || sums["service warning"] != 1 {
		t.Errorf("counts are %v", sums)
	}
	down, _ := rows(t, s, "all", "/grafana/counts?kind=host&state=down&handled=no")
	if len(down) != 1 || down[0]["count"] != 1.0 || down[0]["handled"] != false {
		t.Errorf("hosts down are %v", down)
	}
	sites, _ := rows(t, s, "all", "/grafana/sites")
	if len(sites) != 1 || sites[0]["site"] != "Site a" || sites[0]["up"] != true {
		t.Errorf("sites are %v", sites)
	}
}

// TestRefused: errors are JSON, and nobody reads without being known.
func TestRefused(t *testing.T) {
	s := site(t)
	for _, tt := range []struct {
		user, path string
		headers    []string
		code       int
	}{
		{"all", "/grafana/problems?limit=5001", nil, http.StatusBadRequest},
		{"all", "/grafana/problems?q=nosuch:x", nil, http.StatusBadRequest},
		{"", "/grafana/problems", []string{"Accept", "application/json"}, http.StatusUnauthorized},
		{"", "/grafana/problems", []string{"Authorization", "Bearer nosuch", "Accept", "application/json"}, http.StatusUnauthorized},
	} {
		a := s.Get(tt.user, tt.path, tt.headers...)
		var e map[string]string
		if err := json.Unmarshal([]byte(a.Body), &e); err != nil || a.Status != tt.code || e["error"] == "" {
			t.Errorf("%s: %d %v %s", tt.path, a.Status, err, a.Body)
		}
	}
}
