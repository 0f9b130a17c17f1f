package topology

import (
	"fmt"
	"net/http"
	"net/url"
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

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

// world: router above sw (down) above web and db; db also hangs on sw2. Site b
// has a host of the same name as one of a.
func world() *webtest.World {
	anna := []string{"anna"}
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{"hosts": {
			webtest.Host("a", "router", cols{"childs": []string{"sw", "sw2"}, "num_services": 3}),
			webtest.Host("a", "sw", cols{"state": 1, "parents": []string{"router"}, "childs": []string{"web", "db"}, "contacts": anna}),
			webtest.Host("a", "sw2", cols{"parents": []string{"router"}, "childs": []string{"db"}}),
			webtest.Host("a", "web", cols{"state": 2, "parents": []string{"sw"}, "contacts": anna, "num_services": 1}),
			webtest.Host("a", "db", cols{"parents": []string{"sw", "sw2"}}),
			webtest.Host("a", "alone", nil),
			webtest.Host("b", "sw", cols{"childs": []string{"far"}}),
			webtest.Host("b", "far", cols{"parents": []string{"sw"}}),
		}},
	}
}

// boxes are the names in the picture, sorted.
func boxes(a webtest.Answer) []string {
	var out []string
	for _, l := range a.All(".gph a") {
		out = append(out, webtest.Attr(l, "aria-label"))
	}
	slices.Sort(out)
	return out
}

func TestTop(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/map")
	if got := boxes(a); !slices.Equal(got, []string{"db, UP, 0 services", "far, UP, 0 services", "router, UP, Site a · 3 services", "sw, DOWN, 0 services",
		"sw, UP, Site b · 0 services", "sw2, UP, 0 services", "web, UNREACHABLE, 1 service"}) {
		t.Errorf("hosts %q", got)
	}
	if n := len(a.All(".gph path")); n != 6 {
		t.Errorf("%d lines", n)
	}
	if len(a.All(".gph path.down")) != 1 || len(a.All(".gph path.unre")) != 1 || len(a.All(".gph g.down")) != 1 {
		t.Error("what is down and what is blocked is not marked")
	}
	if n := len(a.All("[style]")); n != 0 {
		t.Errorf("%d style attributes", n)
	}
	if got := len(s.Get("all", "/map?levels=1").All(".gph a")); got != 5 {
		t.Errorf("one level shows %d hosts", got)
	}
}

func TestTreeSaysTheSame(t *testing.T) {
	s := start(t, world())
	tree := s.Get("all", "/map?view=tree")
	if got, want := len(tree.All(".tree li")), len(s.Get("all", "/map").All(".gph a")); got != want {
		t.Errorf("the tree has %d hosts, the picture %d", got, want)
	}
	if text := webtest.Text(tree.All(".tree")[0]); !strings.Contains(text, "DOWN sw") || !strings.Contains(text, "also behind sw2") {
		t.Errorf("the tree says %q", text)
	}
}

func TestAround(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/map?site=a&host=sw")
	if got := boxes(a); !slices.Equal(got, []string{"db, UP, 0 services", "router, UP, Site a · 3 services", "sw, DOWN, this host", "web, UNREACHABLE, 1 service"}) {
		t.Errorf("around sw: %q", got)
	}
	if len(a.All(".gph g.sel")) != 1 {
		t.Error("the host in focus is not marked")
	}
	if got := boxes(s.Get("all", "/map?site=a&host=db")); len(got) != 4 {
		t.Errorf("above db: %q", got)
	}
	if a := s.Get("all", "/map?site=a&host=alone"); len(a.All(".gph a")) != 1 {
		t.Error("a host without relations has no picture")
	}
	for path, want := range map[string]int{"/map?host=sw": 400, "/map?view=x": 400, "/map?levels=7": 400, "/map?site=a&host=nosuch": 404} {
		if got := s.Get("all", path).Status; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/map?q=sw")
	if got := a.Texts("main tbody th a"); !slices.Equal(got, []string{"sw", "sw", "sw2"}) {
		t.Errorf("found %q", got)
	}
	if got := webtest.Attr(a.All("main tbody th a")[0], "href"); got != "/map?host=sw&site=a" {
		t.Errorf("a host leads to %q", got)
	}
	if got := webtest.Text(s.Get("all", "/map?q=zz").One("main .empty")); !strings.Contains(got, "No host matches") {
		t.Errorf("nothing found: %q", got)
	}
}

// TestQuery: the filter has the grammar of all lists; site and host stay what
// the map is about.
func TestQuery(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string][]string{
		"/map?q=host%3Dsw+site:a":             {"sw"},
		"/map?q=state:down+sw":                {"sw"},
		"/map?site=a&host=sw&q=host%3Drouter": {"router"},
	} {
		if a := s.Get("all", path); a.Status != http.StatusOK || !slices.Equal(a.Texts("main tbody th a"), want) {
			t.Errorf("%s: status %d, found %q, want %q", path, a.Status, a.Texts("main tbody th a"), want)
		}
	}
	a := s.Get("all", "/map?site=a&host=sw&q=state:crit")
	if a.Status != http.StatusBadRequest || webtest.Text(a.One("mark")) != "state:crit" {
		t.Errorf("a wrong filter: status %d", a.Status)
	}
	if got := webtest.Attr(a.One("form[data-query]"), "data-query"); got != "hosts" {
		t.Errorf("completion is over %q", got)
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	for _, path := range []string{"/map", "/map?site=a&host=sw", "/map?view=tree", "/map?q=a"} {
		a := s.Get("anna", path)
		for _, not := range []string{"router", "sw2", "far", "db,"} {
			if strings.Contains(webtest.Text(a.One("main")), not) || slices.ContainsFunc(boxes(a), func(b string) bool { return strings.Contains(b, not) }) {
				t.Errorf("%s tells anna of %s", path, not)
			}
		}
	}
	if a := s.Get("anna", "/map?site=a&host=router"); a.Status != http.StatusNotFound {
		t.Errorf("status %d for a host anna may not see", a.Status)
	}
}

// TestMany: a switch with many hosts shows some and the way to the others, and
// no picture grows without end.
func TestMany(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("h%03d", i))
		w.Tables["hosts"] = append(w.Tables["hosts"], webtest.Host("a", names[i], cols{"parents": []string{"core"}, "childs": []string{"x"}}))
	}
	w.Tables["hosts"] = append(w.Tables["hosts"], webtest.Host("a", "core", cols{"childs": names}))
	s := start(t, w)
	got := boxes(s.Get("all", "/map"))
	if !slices.Contains(got, "288 more hosts") || len(got) != 1+maxKids+1 {
		t.Errorf("from the top: %d, %q", len(got), got[:2])
	}
	a := s.Get("all", "/map?site=a&host=core")
	if got := boxes(a); !slices.Contains(got, "240 more hosts") || len(got) != 1+maxOwn+1 {
		t.Errorf("around: %d", len(got))
	}
	for _, l := range a.All(".gph .more a") {
		u, err := url.Parse(webtest.Attr(l, "href"))
		if err != nil || u.Path != "/hosts" || !strings.Contains(u.Query().Get("q"), "core") {
			t.Errorf("the others are at %q", webtest.Attr(l, "href"))
		}
	}
}

func TestStates(t *testing.T) {
	for want, w := range map[string]*webtest.World{
		"No site yet":               {},
		"No site has been read yet": {Parts: []lql.Part{{Key: "a", Name: "Site a", Missing: true, Err: "loading"}}},
		"No host here is behind another": {Parts: []lql.Part{webtest.Fresh("a")},
			Tables: map[string][]webtest.Row{"hosts": {webtest.Host("a", "alone", nil)}}},
	} {
		if got := webtest.Text(start(t, w).Get("all", "/map").One("main .empty")); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestHostileTexts(t *testing.T) {
	h := webtest.Hostile
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{"hosts": {
		webtest.Host("a", h, cols{"childs": []string{"x"}}), webtest.Host("a", "x", cols{"parents": []string{h}}),
	}}}
	s := start(t, w)
	for _, path := range []string{"/map", "/map?view=tree", "/map?site=a&host=" + url.QueryEscape(h)} {
		a := s.Get("root", path)
		if a.Status != http.StatusOK || len(a.All("main script"))+len(a.All("main img")) != 0 || strings.ContainsRune(webtest.Text(a.One("main")), '\u202e') {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
	if a := s.Get("root", "/map", "X-Belvedere-Block", "map"); a.Status != http.StatusOK || len(a.All(".gph a")) != 2 {
		t.Errorf("block: status %d", a.Status)
	}
}
