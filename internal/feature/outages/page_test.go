package outages

import (
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

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

// world: sw is down, lab and web hang on it, db hangs on web; at site b rtr is
// down with one host behind it, and lone is down and blocks nobody.
func world() *webtest.World {
	anna := []string{"anna"}
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{"hosts": {
			webtest.Host("a", "sw", cols{"state": 1, "num_services": 4, "contacts": anna, "plugin_output": "100% loss"}),
			webtest.Host("a", "web", cols{"state": 2, "parents": []string{"sw"}, "num_services": 10, "contacts": anna}),
			webtest.Host("a", "lab", cols{"state": 2, "parents": []string{"sw"}, "num_services": 1}),
			webtest.Host("a", "db", cols{"state": 2, "parents": []string{"web"}, "num_services": 5, "acknowledged": 1}),
			webtest.Host("a", "up", cols{"parents": []string{"sw"}, "num_services": 100}),
			webtest.Host("b", "rtr", cols{"state": 1, "num_services": 30, "acknowledged": 1}),
			webtest.Host("b", "ap", cols{"state": 2, "parents": []string{"rtr"}}),
			webtest.Host("b", "lone", cols{"state": 1}),
		}},
	}
}

func TestOutages(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/outages")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if got := a.Texts("main tbody th a"); !slices.Equal(got, []string{"rtr", "sw"}) {
		t.Errorf("outages %q", got)
	}
	sw := webtest.Text(a.All("main tbody tr")[1])
	for _, want := range []string{"DOWN", "Site a", "100% loss", "3 hosts cut off", "20 services affected", "32"} {
		if !strings.Contains(sw, want) {
			t.Errorf("the row %q does not say %q", sw, want)
		}
	}
	if got := webtest.Text(a.One("[data-block=figures]")); got != "2 hosts cut off 4 hosts, with 50 services in all" {
		t.Errorf("figures %q", got)
	}
	if got := webtest.Attr(a.All("main tbody td a.lk")[0], "href"); got != "/map?host=rtr&site=b" {
		t.Errorf("the number leads to %q", got)
	}
	if len(a.All("tbody tr.stale")) != 1 || len(a.All("tbody tr.done")) != 1 {
		t.Error("what is old or handled is not marked")
	}
	if len(a.All("[style]")) != 0 {
		t.Error("style attributes")
	}
}

func TestOrderAndFilter(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string][]string{
		"/outages?sort=host":        {"rtr", "sw"},
		"/outages?sort=-host":       {"sw", "rtr"},
		"/outages?sort=-hosts":      {"sw", "rtr"},
		"/outages?sort=-severity":   {"sw", "rtr"},
		"/outages?sort=-state":      {"rtr", "sw"},
		"/outages?sort=output":      {"sw", "rtr"},
		"/outages?sort=owner":       {"rtr", "sw"},
		"/outages?q=LOSS":           {"sw"},
		"/outages?limit=1&offset=1": {"sw"},
		"/outages?q=nothing":        nil,
		"/outages?q=is:handled":     {"rtr"},
		"/outages?q=-site:b":        {"sw"},
		"/outages?q=state:x":        nil,
	} {
		if got := s.Get("all", path).Texts("main tbody th a"); !slices.Equal(got, want) {
			t.Errorf("%s shows %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"/outages?sort=x", "/outages?limit=0", "/outages?offset=x"} {
		if a := s.Get("all", path); a.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
}

// TestQuery: the filter has the grammar of all lists, chooses among outages and
// leaves what each of them counts.
func TestQuery(t *testing.T) {
	s := start(t, world())
	a := s.Follow("all", "/outages?site=a")
	if got := webtest.Text(a.One("[data-block=figures]")); !strings.Contains(got, "1 host cut off 3 hosts") {
		t.Errorf("outages of a site: %q", got)
	}
	if got := webtest.Text(s.Get("all", "/outages?q=host:sw").One("[data-block=figures]")); got != "1 host cut off 3 hosts, with 20 services in all" {
		t.Errorf("the figures of one: %q", got)
	}
	a = s.Get("all", "/outages?q=age>x")
	if a.Status != http.StatusBadRequest || webtest.Text(a.One("mark")) != "x" || !strings.Contains(webtest.Text(a.One("main .empty")), "cannot be read") {
		t.Errorf("a wrong filter: status %d, %q", a.Status, webtest.Text(a.One("main")))
	}
	if got := webtest.Attr(a.One("form[data-query]"), "data-query"); got != "hosts" {
		t.Errorf("completion is over %q", got)
	}
	if a := s.Get("all", "/outages/copy?as=text&q=age>x"); a.Status != http.StatusBadRequest {
		t.Errorf("a text with a wrong filter: %d", a.Status)
	}
}

// TestRights: hosts that may not be seen are not counted.
func TestRights(t *testing.T) {
	s := start(t, world())
	a := s.Get("anna", "/outages")
	if got := webtest.Text(a.One("[data-block=figures]")); got != "1 host cut off 1 host, with 14 services in all" {
		t.Errorf("anna reads %q", got)
	}
	for _, not := range []string{"rtr", "lab", "lone"} {
		if strings.Contains(webtest.Text(a.One("main")), not) {
			t.Errorf("anna learns of %s", not)
		}
	}
}

func TestStates(t *testing.T) {
	for want, w := range map[string]*webtest.World{
		"No site yet":                       {},
		"No site has been read yet":         {Parts: []lql.Part{{Key: "a", Name: "Site a", Missing: true, Err: "loading"}}},
		"No host blocks the way to another": {Parts: []lql.Part{webtest.Fresh("a")}},
	} {
		if got := webtest.Text(start(t, w).Get("all", "/outages").One("main .empty")); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := webtest.Text(start(t, world()).Get("all", "/outages?q=zz").One("main .empty")); !strings.Contains(got, "No outage matches") {
		t.Errorf("filtered: %q", got)
	}
}

func TestBlocks(t *testing.T) {
	a := start(t, world()).Get("all", "/outages", "X-Belvedere-Block", "figures,list")
	if a.Status != http.StatusOK || len(a.All("[data-block=list] tbody tr")) != 2 {
		t.Errorf("status %d", a.Status)
	}
}

// TestFiles: all outages as files and texts, in the order and under the filter
// of the page, for those who may see them.
func TestFiles(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/outages/export?format=json&limit=1")
	for _, want := range []string{`{"host_name":"rtr","state":"DOWN","peer_name":"Site b"`, `"host_name":"sw"`, `"hosts":3,"services":20,"severity":32,"plugin_output":"100% loss"`} {
		if a.Status != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("the file does not say %s: %d %s", want, a.Status, a.Body)
		}
	}
	if a := s.Get("all", "/outages/export?q=sw"); strings.Contains(a.Body, "rtr") || !strings.Contains(a.Body, "sw,DOWN,Site a,") {
		t.Errorf("filtered, as CSV: %s", a.Body)
	}
	if a := s.Get("nobody", "/outages/copy?as=text", "Accept", "text/plain"); strings.Contains(a.Body, "sw") {
		t.Errorf("who sees nothing reads %s", a.Body)
	}
	if a := s.Get("all", "/outages/copy?as=markdown", "Accept", "text/plain"); !strings.Contains(a.Body, "| sw | DOWN | Site a |") {
		t.Errorf("Markdown: %s", a.Body)
	}
	if a := s.Get("all", "/outages/copy?as=curl&q=sw"); !strings.Contains(a.Body, "/outages/export?format=json&amp;q=sw") {
		t.Errorf("curl: %s", a.Body)
	}
	if a := s.Get("all", "/outages/export?format=pdf"); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown kind of file: %d", a.Status)
	}
	if n := len(s.Get("all", "/outages").All(".ph .end .pop a")); n != 6 {
		t.Errorf("%d forms are offered", n)
	}
}
