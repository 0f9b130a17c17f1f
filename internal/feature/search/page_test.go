package search

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

type cols = webtest.Row

func start(t *testing.T) *webtest.Site {
	w := &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Fresh("b")},
		Tables: map[string][]webtest.Row{
			"hosts": {
				webtest.Host("a", "db-1", cols{"alias": "orders", "state": 1}),
				webtest.Host("a", "web", cols{"alias": "shop with db", "contacts": []string{"anna"}}),
				webtest.Host("b", "web", nil),
				webtest.Host("b", "mail", cols{"address": "198.51.100.25"}),
			},
			"services":      {webtest.Service("a", "db-1", "Load", cols{"state": 1}), webtest.Service("b", "mail", "Queue", nil)},
			"hostgroups":    {{"peer_key": "a", "name": "databases"}, {"peer_key": "b", "name": "databases"}, {"peer_key": "b", "name": "db"}},
			"sites":         {{"key": "a", "name": "Site a", "state": "fresh"}, {"key": "b", "name": "Site b", "state": "fresh"}},
			"servicegroups": {{"peer_key": "a", "name": "loads"}},
		},
	}
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

func TestJump(t *testing.T) {
	s := start(t)
	for q, want := range map[string]string{
		"db-1":   "/host/a/db-1", // the only host of exactly this name
		"DB-1":   "/host/a/db-1",
		"mail":   "/host/b/mail",
		"queue":  "/service/b/mail/Queue",
		"198.51": "/host/b/mail", // the only hit
		"web":    "",             // on two sites
		"loads":  "/services?q=servicegroup%3Dloads",
		"load":   "/service/a/db-1/Load",
		"nosuch": "",
		"db":     "", // a group, but hosts and services match too
	} {
		a := s.Get("all", "/search?q="+q)
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("%q jumps to %q, want %q (status %d)", q, got, want, a.Status)
		}
	}
}

func TestPalette(t *testing.T) {
	s := start(t)
	a := s.Get("all", "/search?format=json&q=db")
	var answer struct {
		Total int
		Hits  []struct{ Group, Title, Note, Href, Glyph string }
	}
	if err := json.Unmarshal([]byte(a.Body), &answer); err != nil {
		t.Fatalf("status %d, %v: %s", a.Status, err, a.Body)
	}
	var got []string
	for _, h := range answer.Hits {
		got = append(got, h.Group+": "+h.Title)
	}
	// Names that begin with the text come first.
	want := []string{"Hosts: db-1", "Hosts: web", "Services: db-1 / Load", "Host groups: db"}
	if !slices.Equal(got, want) || answer.Total != 4 {
		t.Errorf("%d hits %q, want %q", answer.Total, got, want)
	}
	if h := answer.Hits[0]; h.Href != "/host/a/db-1" || h.Glyph != "s-down" || !strings.HasPrefix(h.Note, "Site a · DOWN for 1 h") {
		t.Errorf("first hit %+v", h)
	}
	if a := s.Get("all", "/search?format=json&q="); a.Status != http.StatusOK || !strings.Contains(a.Body, `"total":0`) {
		t.Errorf("nothing asked for: %d %s", a.Status, a.Body)
	}
	if a := s.Get("all", "/search?q="+strings.Repeat("x", 501)); a.Status != http.StatusBadRequest {
		t.Errorf("a text of 501 bytes is answered with %d", a.Status)
	}
}

// TestChooser finds nothing on a site that is not chosen, in the page and in
// the palette.
func TestChooser(t *testing.T) {
	s := start(t)
	s.Post("all", "/chooser", "known", "a", "known", "b", "site", "a")
	if got := s.Get("all", "/search?q=web").Header.Get("Location"); got != "/host/a/web" {
		t.Errorf("the host of the chosen site is not meant: %q", got)
	}
	if a := s.Get("all", "/search?q=mail"); !slices.Equal(a.Texts(".empty h2"), []string{"Nothing found"}) {
		t.Errorf("a host of another site is found: %q", a.Texts("tbody th"))
	}
	if a := s.Get("all", "/search?format=json&q=mail"); !strings.Contains(a.Body, `"total":0`) {
		t.Errorf("the palette finds a host of another site: %s", a.Body)
	}
}

func TestPageAndRights(t *testing.T) {
	s := start(t)
	a := s.Get("all", "/search?q=web")
	if got := a.Texts("tbody th"); !slices.Equal(got, []string{"web 192.0.2.1", "web 192.0.2.1"}) {
		t.Errorf("rows %q", got)
	}
	if got := a.Texts("tbody .c-site"); !slices.Equal(got, []string{"Site a", "Site b"}) {
		t.Errorf("sites %q", got)
	}
	if a := s.Get("all", "/search?q=databases&stay=1"); !slices.Equal(a.Texts("tbody th"), []string{"databases"}) {
		t.Errorf("a group of two sites is shown as %q", a.Texts("tbody th"))
	}
	if got := s.Get("anna", "/search?q=web").Header.Get("Location"); got != "/host/a/web" {
		t.Errorf("anna, who sees one of the two, is led to %q", got)
	}
	if a := s.Get("nobody", "/search?q=web"); strings.Contains(a.Body, "/host/") {
		t.Error("who sees nothing finds a host")
	}
}

// TestScope: a prefix asks for one kind only.
func TestScope(t *testing.T) {
	s := start(t)
	for q, want := range map[string]string{
		"h:db":     "Hosts",
		"H: db":    "Hosts",
		"s:load":   "Services",
		"hg:db":    "Host groups",
		"sg: load": "Service groups",
		"h:":       "",
		"x:db":     "",
	} {
		a := s.Get("all", "/search?format=json&q="+strings.ReplaceAll(q, " ", "+"))
		var got struct {
			Total int
			Hits  []struct{ Group string }
		}
		if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
			t.Fatalf("%q: %v in %s", q, err, a.Body)
		}
		if want == "" && got.Total != 0 || want != "" && len(got.Hits) == 0 {
			t.Errorf("%q finds %d", q, got.Total)
		}
		for _, h := range got.Hits {
			if h.Group != want {
				t.Errorf("%q finds one of %s", q, h.Group)
			}
		}
	}
}
