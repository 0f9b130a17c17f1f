package problems

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

type cols = webtest.Row

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature()} })
}

// world has a switch that is down with a host behind it, services in each
// state, and problems that somebody has.
func world() *webtest.World {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"hosts": {
				webtest.Host("a", "switch", cols{"state": 1, "last_state_change": ago(10 * time.Minute), "num_services_crit": 1, "plugin_output": "100% loss"}),
				webtest.Host("a", "behind", cols{"state": 2, "parents": []string{"switch"}, "num_services_unknown": 2}),
				webtest.Host("a", "acked", cols{"state": 1, "acknowledged": 1, "comments_with_info": [][]any{
					{int64(1), "eva", "on it", int64(1700000000), int64(4), int64(0), int64(0)}}}),
				webtest.Host("b", "planned", cols{"state": 1, "scheduled_downtime_depth": 1}),
				webtest.Host("a", "fine", nil),
			},
			"services": {
				webtest.Service("a", "fine", "Load", cols{"state": 1, "last_state_change": ago(time.Hour)}),
				webtest.Service("b", "fine", "Disk", cols{"state": 2, "last_state_change": ago(time.Hour), "contacts": []string{"anna"}}),
				webtest.Service("a", "fine", "Web", cols{"state": 2, "last_state_change": ago(time.Minute), "state_type": 0}),
				webtest.Service("a", "fine", "Ping", cols{"state": 3, "last_state_change": ago(2 * time.Hour)}),
				webtest.Service("a", "fine", "Acked", cols{"state": 2, "acknowledged": 1, "comments_with_info": [][]any{
					{int64(2), "jan", "later", int64(1700000000), int64(4), int64(0), int64(0)}}}),
				webtest.Service("a", "fine", "Planned", cols{"state": 2, "scheduled_downtime_depth": 1}),
				webtest.Service("a", "switch", "Port 1", cols{"state": 2, "host_state": 1}),
				webtest.Service("a", "behind", "CPU", cols{"state": 3, "host_state": 2}),
				webtest.Service("a", "behind", "Fan", cols{"state": 3, "host_state": 2}),
				webtest.Service("a", "fine", "OK", nil),
			},
		},
	}
}

// shown returns the names of the rows that are visible at first.
func shown(a webtest.Answer) []string {
	var out []string
	for _, tr := range a.All("tbody tr[id]") {
		id := webtest.Attr(tr, "id")
		if !strings.Contains(id, "|") || strings.Contains(webtest.Attr(tr, "class"), "kid") {
			continue
		}
		out = append(out, strings.Join(strings.Split(id, "|")[1:], "/"))
	}
	return out
}

func TestOpenProblems(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/problems")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	want := []string{"switch", "fine/Web", "fine/Disk", "fine/Ping", "fine/Load"}
	if got := shown(a); !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q: hosts down, then CRITICAL, UNKNOWN, WARNING, each newest first", got, want)
	}
	tabs := []string{"Open 5", "Hosts 1", "Acknowledged 2", "In downtime 2", "Suppressed 4"}
	if got := a.Texts(".tabs a"); !slices.Equal(got, tabs) {
		t.Errorf("tabs %q, want %q", got, tabs)
	}
	if got := a.Texts("button.fold"); !slices.Equal(got, []string{"hides 1 host · 3 services"}) {
		t.Errorf("the switch says %q", got)
	}
	kids := []string{"CRITICAL , handled switch / Port 1", "UNREACHABLE , handled behind", "2 more behind it"}
	for i, got := range a.Texts("tr.kid") {
		if i >= len(kids) || !strings.HasPrefix(got, kids[i]) {
			t.Errorf("row %d behind the switch: %q, want %q", i, got, kids)
		}
	}
	fold := webtest.Attr(a.One("button.fold"), "data-fold")
	if n := len(a.All("tr." + fold + "[hidden]")); n != len(kids) {
		t.Errorf("%d rows belong to the fold, want %d", n, len(kids))
	}
	if got := webtest.Text(a.One("[id=b|fine|Disk] .c-site")); got != "Site b" {
		t.Errorf("site of the disk is %q", got)
	}
	if n := len(a.All("tr.stale")); n != 1 {
		t.Errorf("%d rows are marked stale, want the one of site b", n)
	}
	if n := len(a.All(".new")); n != 1 {
		t.Errorf("%d rows are new, want the one that is a minute old", n)
	}
	if got := webtest.Attr(a.All("thead th")[0], "aria-sort"); got != "ascending" {
		t.Errorf("the state column has aria-sort %q", got)
	}
	if n := len(a.All("[style]")) + len(a.All("[onclick]")); n != 0 {
		t.Errorf("%d elements have style attributes or inline scripts", n)
	}
}

func TestViews(t *testing.T) {
	s := start(t, world())
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/problems?view=hosts", []string{"switch"}},
		{"/problems?view=acknowledged", []string{"acked", "fine/Acked"}},
		{"/problems?view=downtime", []string{"planned", "fine/Planned"}},
		{"/problems?view=suppressed", []string{"switch/Port%201", "behind/CPU", "behind/Fan", "behind"}},
		{"/problems?q=disk", []string{"fine/Disk"}},
		{"/problems?q=FINE+load", []string{"fine/Load"}},
		{"/problems?q=100%25", []string{"switch"}},
		{"/problems?site=b", []string{"fine/Disk"}},
		{"/problems?sort=host", []string{"fine/Disk", "fine/Load", "fine/Ping", "fine/Web", "switch"}},
		{"/problems?sort=-host", []string{"switch", "fine/Web", "fine/Ping", "fine/Load", "fine/Disk"}},
		{"/problems?sort=-since", []string{"fine/Ping", "fine/Load", "fine/Disk", "switch", "fine/Web"}},
		{"/problems?limit=2", []string{"switch", "fine/Web"}},
		{"/problems?limit=2&offset=2", []string{"fine/Disk", "fine/Ping"}},
		{"/problems?limit=2&offset=4", []string{"fine/Load"}},
	} {
		a := s.Get("all", tt.path)
		if got := shown(a); !slices.Equal(got, tt.want) {
			t.Errorf("%s shows %q, want %q", tt.path, got, tt.want)
		}
	}
}

func TestOwners(t *testing.T) {
	a := start(t, world()).Get("all", "/problems?view=acknowledged")
	if got := a.Texts("td.own"); !slices.Equal(got, []string{"eva , acknowledged", "jan , acknowledged"}) {
		t.Errorf("owners %q", got)
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/problems")); !slices.Equal(got, []string{"fine/Disk"}) {
		t.Errorf("anna sees %q, want her disk only", got)
	}
	a := s.Get("nobody", "/problems")
	if got := webtest.Text(a.One(".empty h2")); got != "You see no hosts here" {
		t.Errorf("who sees nothing is told %q", got)
	}
	for _, name := range []string{"behind", "Disk", "Site a", "Port 1"} {
		if strings.Contains(a.Body, name) {
			t.Errorf("who sees nothing finds %q on the page", name)
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, tt := range []struct {
		name, path, want string
		world            *webtest.World
	}{
		{"clear", "/problems", "Nothing needs you", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
			"hosts": {webtest.Host("a", "fine", nil)}}}},
		{"filter", "/problems?q=nosuch", "No problem matches this filter", world()},
		{"no site", "/problems", "No site yet", &webtest.World{}},
		{"loading", "/problems", "No site has been read yet", &webtest.World{Parts: []lql.Part{{Key: "a", Name: "A", Missing: true, Err: "loading"}}}},
		{"no ack", "/problems?view=acknowledged", "Nothing is acknowledged", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := start(t, tt.world).Get("all", tt.path)
			if got := webtest.Text(a.One(".empty h2")); got != tt.want {
				t.Errorf("the page says %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHostileTexts(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"hosts":    {webtest.Host("a", webtest.Hostile, cols{"state": 1, "plugin_output": webtest.Hostile, "num_services_crit": 1})},
		"services": {webtest.Service("a", webtest.Hostile, webtest.Hostile, cols{"state": 2, "plugin_output": webtest.Hostile, "host_state": 1})},
	}}
	a := start(t, w).Get("all", "/problems?q=script")
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from a core", n)
	}
	if strings.ContainsRune(a.Body, '\u202e') || strings.ContainsRune(a.Body, '\x07') {
		t.Error("a control character reached the page")
	}
	if got := webtest.Text(a.All("td.out")[0]); !strings.Contains(got, "<script>alert(1)</script>") {
		t.Errorf("the output is shown as %q", got)
	}
}

func TestBadParameters(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string]string{
		"/problems?limit=0":       "limit must be a whole number from 1 to 1000",
		"/problems?offset=-1":     "offset must be a whole number from 0 to 10000",
		"/problems?view=nosuch":   "view must be one of open, hosts, acknowledged, downtime, suppressed",
		"/problems?sort=password": "sort must be one of severity",
	} {
		a := s.Get("all", path)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, want) {
			t.Errorf("%s: status %d, want 400 and %q", path, a.Status, want)
		}
	}
}

func TestBlocksAreThePage(t *testing.T) {
	s := start(t, world())
	page := s.Get("all", "/problems")
	block := s.Get("all", "/problems", "X-Belvedere-Block", "list,tabs")
	if block.Status != http.StatusOK {
		t.Fatalf("status %d: %s", block.Status, block.Body)
	}
	if got, want := shown(block), shown(page); !slices.Equal(got, want) {
		t.Errorf("the block shows %q, the page %q", got, want)
	}
	again := s.Get("all", "/problems", "X-Belvedere-Block", "list,tabs", "If-None-Match", block.Header.Get("ETag"))
	if again.Status != http.StatusNotModified {
		t.Errorf("an unchanged block is answered with %d", again.Status)
	}
}
