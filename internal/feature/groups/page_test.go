package groups

import (
	"fmt"
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

// full is a service as the column services_with_fullstate has it.
func full(name string, state int, acked bool) []any {
	ack := int64(0)
	if acked {
		ack = 1
	}
	return []any{name, int64(state), int64(1), name + " output", int64(state), int64(1), int64(3), int64(0), ack, int64(1)}
}

func hostgroup(site, name string, more cols) webtest.Row {
	r := cols{"peer_key": site, "peer_name": "Site " + site, "name": name}
	for k, v := range more {
		r[k] = v
	}
	return r
}

// world has the group web on two sites, quiet on one of them, and secret, of
// which only those who see all know.
func world() *webtest.World {
	anna := []string{"anna"}
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"hostgroups": {
				hostgroup("a", "web", cols{"alias": "Web shop", "contacts": anna, "num_hosts": 2, "num_hosts_down": 1, "num_hosts_unhandled_down": 1, "num_hosts_up": 1, "num_services": 6,
					"num_services_unhandled_crit": 1, "num_services_unhandled_warn": 2, "num_services_handled_problems": 1, "num_services_ok": 2, "notes": "ask eva", "notes_url": "https://wiki.example.org/web"}),
				hostgroup("b", "web", cols{"num_hosts": 3, "num_hosts_up": 3, "num_services": 5, "num_services_unhandled_unknown": 1, "num_services_ok": 4, "action_url": "javascript:alert(1)"}),
				hostgroup("a", "quiet", cols{"num_hosts": 1, "num_hosts_up": 1, "num_services": 2, "num_services_ok": 2}),
				hostgroup("b", "secret / x", cols{"num_hosts": 9, "num_hosts_unreach": 4, "num_hosts_unhandled_unreach": 4}),
			},
			"servicegroups": {
				hostgroup("a", "disks", cols{"contacts": anna, "num_services": 2, "num_services_unhandled_crit": 1, "num_services_ok": 1}),
			},
			"hosts": {
				webtest.Host("a", "w1", cols{"groups": []string{"web"}, "contacts": anna, "state": 1, "num_services_crit": 3, "worst_service_state": 2,
					"services_with_fullstate": [][]any{full("Disk", 2, false), full("HTTP", 0, false)}}),
				webtest.Host("a", "w2", cols{"groups": []string{"web"}, "num_services_ok": 2, "num_services_warn": 1, "worst_service_state": 1,
					"services_with_fullstate": [][]any{full("HTTP", 1, true), full("Load", 2, false), full("Only here", 0, false)}}),
				webtest.Host("b", "w3", cols{"groups": []string{"web"}, "num_services_ok": 1, "services_with_fullstate": [][]any{full("HTTP", 0, false)}}),
				webtest.Host("a", "q1", cols{"groups": []string{"quiet"}}),
			},
			"services": {
				webtest.Service("a", "w1", "Disk", cols{"groups": []string{"disks"}, "contacts": anna, "state": 2, "acknowledged": 1}),
				webtest.Service("a", "w2", "Disk", cols{"groups": []string{"disks"}, "state": 1}),
				webtest.Service("a", "w3", "Disk", cols{"groups": []string{"disks"}}),
			},
		},
	}
}

func TestSummary(t *testing.T) {
	a := start(t, world()).Get("all", "/groups")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if got := a.Texts("main tbody tr"); !slices.Equal(got, []string{
		"Web shop web 5 1 DOWN · no UNREACHABLE, handled 1 CRITICAL 2 WARNING 1 UNKNOWN 1 problems, handled 6 OK",
		"secret / x 9 · no DOWN 4 UNREACHABLE, handled · no CRITICAL · no WARNING · no UNKNOWN · no problems, handled · no OK",
		"quiet 1 · no DOWN · no UNREACHABLE, handled · no CRITICAL · no WARNING · no UNKNOWN · no problems, handled 2 OK",
	}) {
		t.Errorf("rows\n%s", strings.Join(got, "\n"))
	}
	if got := webtest.Text(a.One("[data-block=figures]")); got != "3 groups, 2 with problems" {
		t.Errorf("figures %q", got)
	}
	links := map[string]bool{}
	for _, l := range a.All("main tbody a") {
		links[webtest.Attr(l, "href")] = true
	}
	for _, want := range []string{"/hostgroup/web", "/hostgroup/secret%20%2F%20x", "/hosts?q=hostgroup%3Dweb", "/hosts?q=hostgroup%3Dweb+state%3Adown+is%3Aunhandled",
		"/hosts?q=hostgroup%3D%22secret+%2F+x%22+state%3Aunreachable+is%3Aunhandled", "/services?q=hostgroup%3Dweb+state%3Acrit+is%3Aunhandled",
		"/services?q=hostgroup%3Dweb+is%3Ahandled", "/services?q=hostgroup%3Dweb+state%3Aok", "/services?q=hostgroup%3Dweb"} {
		if !links[want] {
			t.Errorf("no link to %s", want)
		}
	}
	if got := a.All("tbody tr.stale"); len(got) != 2 {
		t.Errorf("%d rows are marked as old, want those of site b", len(got))
	}
	if got := webtest.Attr(a.All("main tbody .bar")[0], "aria-label"); got != "1 CRITICAL, 2 WARNING, 1 UNKNOWN, 1 handled, 6 OK" {
		t.Errorf("the bar says %q", got)
	}
}

// TestHandledHosts: hosts that are down are red where nobody has one; where
// somebody has them all they are hollow, and no trouble.
func TestHandledHosts(t *testing.T) {
	s := start(t, &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a")},
		Tables: map[string][]webtest.Row{"hostgroups": {
			hostgroup("a", "mixed", cols{"num_hosts": 4, "num_hosts_unhandled_down": 1, "num_hosts_handled_problems": 2, "num_hosts_up": 1}),
			hostgroup("a", "taken", cols{"num_hosts": 3, "num_hosts_handled_problems": 2, "num_hosts_up": 1}),
		}},
	})
	a := s.Get("all", "/groups")
	if got := webtest.Text(a.One("[data-block=figures]")); got != "2 groups, 1 with problems" {
		t.Errorf("figures %q", got)
	}
	rows := a.Texts("main tbody tr")
	if len(rows) != 2 || !strings.HasPrefix(rows[0], "mixed 4 1 DOWN · no") || !strings.HasPrefix(rows[1], "taken 3 2 DOWN, handled · no") {
		t.Errorf("rows %q", rows)
	}
	for want, there := range map[string]bool{"mixed+state%3Adown+is%3Aunhandled": true, "taken+is%3Ahandled": true, "taken+state%3Adown": false} {
		if strings.Contains(a.Body, want) != there {
			t.Errorf("a link to %s: %v, want %v", want, !there, there)
		}
	}
}

func names(a webtest.Answer) []string { return a.Texts("main tbody th a") }

// TestQuery: the filter has the grammar of all lists. A group that it finds at
// one site is counted at all, but for the choice of sites.
func TestQuery(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string]string{"/groups?q=shop": "5", "/groups?q=shop+site:a": "2"} {
		if got := s.Get("all", path).Texts("main tbody td")[0]; got != want {
			t.Errorf("%s counts %s hosts, want %s", path, got, want)
		}
	}
	a := s.Get("all", "/groups?q=is:flapping&sort=name")
	if a.Status != http.StatusBadRequest || webtest.Text(a.One("mark")) != "is:flapping" || !strings.Contains(webtest.Text(a.One("#query-error")), "problem, unhandled, empty") {
		t.Errorf("a wrong filter: status %d, %s", a.Status, webtest.Text(a.One("#query-error")))
	}
	if got := webtest.Attr(a.One("form[data-query]"), "data-query"); got != "hostgroups" {
		t.Errorf("completion is over %q", got)
	}
	for path, tables := range map[string]string{"/groups?kind=service": "servicegroups", "/groups?view=matrix&q=shop": "hostgroups"} {
		if a := s.Get("all", path); a.Status != http.StatusOK || webtest.Attr(a.One("form[data-query]"), "data-query") != tables || len(a.All("[data-query-form]")) != 1 {
			t.Errorf("%s has no query bar over %s", path, tables)
		}
	}
	if a := s.Get("all", "/groups/export?q=is:x"); a.Status != http.StatusBadRequest {
		t.Errorf("a file with a wrong filter: %d", a.Status)
	}
	if got := webtest.Text(s.Get("anna", "/groups?q=is:problem").One("main tbody")); strings.Contains(got, "secret") {
		t.Errorf("anna finds %q", got)
	}
}

func TestSortFilterPage(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string][]string{
		"/groups?sort=name":           {"quiet", "secret / x", "Web shop"},
		"/groups?sort=-name":          {"Web shop", "secret / x", "quiet"},
		"/groups?sort=-hosts":         {"secret / x", "Web shop", "quiet"},
		"/groups?sort=-worst":         {"quiet", "secret / x", "Web shop"},
		"/groups?q=SHOP":              {"Web shop"},
		"/groups?q=nothing":           nil,
		"/groups?limit=1&offset=1":    {"secret / x"},
		"/groups?offset=100":          nil,
		"/groups?kind=service":        {"disks"},
		"/groups?kind=service&q=none": nil,
		"/groups?q=is:problem":        {"Web shop", "secret / x"},
		"/groups?q=site:b+-secret":    {"web"}, // as it is there, without the longer name
		"/groups?q=name%3Dquiet":      {"quiet"},
		"/groups?q=num_hosts>2":       {"Web shop", "secret / x"},
		"/groups?q=state:crit":        nil,
	} {
		if got := names(s.Get("all", path)); !slices.Equal(got, want) {
			t.Errorf("%s shows %q, want %q", path, got, want)
		}
	}
	if a := s.Get("all", "/groups?q=nothing"); !strings.Contains(webtest.Text(a.One("main .empty")), "No group matches this filter") {
		t.Error("an empty list does not say why")
	}
	for path, word := range map[string]string{"/groups?kind=x": "kind", "/groups?view=x": "view", "/groups?sort=x": "sort", "/groups?limit=0": "limit",
		"/groups?view=grid&limit=51": "limit", "/groups?offset=-1": "offset", "/groups?from=x": "from", "/groups?problems=2": "problems"} {
		if a := s.Get("all", path); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, word+" must be") {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	a := s.Get("anna", "/groups")
	if got := names(a); !slices.Equal(got, []string{"Web shop"}) {
		t.Errorf("anna sees %q", got)
	}
	if got := webtest.Text(a.One("[data-block=figures]")); got != "1 group, 1 with problems" {
		t.Errorf("anna counts %q", got)
	}
	for _, path := range []string{"/groups?view=overview", "/groups?view=grid", "/groups?view=matrix", "/groups?view=matrix&group=quiet", "/hostgroup/web"} {
		if a := s.Get("anna", path); strings.Contains(a.Body, "w2") || strings.Contains(a.Body, "secret") || strings.Contains(a.Body, "q1") {
			t.Errorf("%s tells anna of what she may not see", path)
		}
	}
	said := func(name string) string {
		a := s.Get("anna", "/hostgroup/"+name)
		if a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, a.Status)
		}
		text, _, _ := strings.Cut(webtest.Text(a.One("main .empty")), "Reference")
		return strings.ReplaceAll(text, name, "NAME")
	}
	if hidden, missing := said("quiet"), said("nosuch"); hidden != missing {
		t.Errorf("a group that may not be seen says %q, one that is not there %q", hidden, missing)
	}
	if a := s.Get("nobody", "/groups"); !strings.Contains(webtest.Text(a.One("main .empty")), "You see no groups here") {
		t.Error("who sees nothing is not told why")
	}
}

func TestOverview(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/groups?view=overview")
	if got := a.Texts("main section h2"); !slices.Equal(got, []string{"Web shop web", "secret / x", "quiet"}) {
		t.Errorf("panels %q", got)
	}
	if got := a.Texts("[id=g|web|panel] tbody tr"); !slices.Equal(got, []string{
		"DOWN w1 Site a 3 CRITICAL, handled", "UP w2 Site a 1 WARNING 2 OK", "UP w3 Site b 1 OK"}) {
		t.Errorf("hosts %q", got)
	}
	a = s.Get("all", "/groups?view=overview&kind=service")
	if got := a.Texts("main tbody th"); !slices.Equal(got, []string{"w2 / Disk", "w1 / Disk", "w3 / Disk"}) {
		t.Errorf("services that need someone do not come first: %q", got)
	}
}

func TestGrid(t *testing.T) {
	a := start(t, world()).Get("all", "/groups?view=grid&q=shop")
	if got := a.Texts("main .chip"); !slices.Equal(got, []string{"Disk", "HTTP", "HTTP", "Load", "Only here", "HTTP"}) {
		t.Errorf("services %q", got)
	}
	if got := webtest.Attr(a.All("main .chip")[0], "href"); got != "/service/a/w1/Disk" {
		t.Errorf("a service leads to %q", got)
	}
	if got := webtest.Attr(a.All("main .chip svg")[0], "aria-label"); got != "CRITICAL, handled" {
		t.Errorf("a problem of a host that is down is %q", got)
	}
}

func TestMatrix(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/groups?view=matrix")
	if got := a.Texts(".mx thead th"); !slices.Equal(got, []string{"Host", "HTTP", "Disk", "Load", "Only here"}) {
		t.Errorf("columns %q", got)
	}
	if got := a.Texts(".mx tbody th"); !slices.Equal(got, []string{"w1 Site a", "w2 Site a", "w3 Site b"}) {
		t.Errorf("rows %q", got)
	}
	var cells []string
	for _, row := range a.All(".mx tbody tr") {
		line := ""
		for c := range row.ChildNodes() {
			if c.Data != "td" {
				continue
			}
			if first := c.FirstChild; first.Data == "a" {
				line += webtest.Attr(first, "class") + " "
			} else {
				line += "- "
			}
		}
		cells = append(cells, line)
	}
	if want := []string{"ok crit - - ", "warn - crit ok ", "ok - - - "}; !slices.Equal(cells, want) {
		t.Errorf("cells %q, want %q", cells, want)
	}
	if got := s.Get("all", "/groups?view=matrix&problems=1").Texts(".mx tbody th"); !slices.Equal(got, []string{"w1 Site a", "w2 Site a"}) {
		t.Errorf("only problems: %q", got)
	}
	if got := s.Get("all", "/groups?view=matrix&group=quiet").Texts(".mx tbody th a"); !slices.Equal(got, []string{"q1"}) {
		t.Errorf("another group: %q", got)
	}
	if a := s.Get("all", "/groups?view=matrix&group=quiet&problems=1"); !strings.Contains(webtest.Text(a.One("main .empty")), "No host of this group has a problem") {
		t.Error("a matrix without problems does not say so")
	}
	if a := s.Get("all", "/groups?view=matrix&group=nosuch"); len(a.All("main .empty")) != 1 {
		t.Error("a group that is not there is not named")
	}
	if got := s.Get("all", "/groups?view=matrix&kind=service").Texts(".mx tbody th a"); !slices.Equal(got, []string{"w1", "w2", "w3"}) {
		t.Errorf("hosts of a service group %q", got)
	}
}

// TestWideMatrix: sixty columns at most, and a way to the others.
func TestWideMatrix(t *testing.T) {
	var all [][]any
	for i := range 130 {
		all = append(all, full(fmt.Sprintf("s%03d", i), 0, false))
	}
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"hostgroups": {hostgroup("a", "wide", nil)},
		"hosts":      {webtest.Host("a", "h", cols{"groups": []string{"wide"}, "services_with_fullstate": all})},
	}}
	s := start(t, w)
	seen := 0
	path := "/groups?view=matrix"
	for path != "" {
		a := s.Get("all", path)
		n := len(a.All(".mx thead th")) - 1
		if n > 60 || n == 0 {
			t.Fatalf("%s has %d columns", path, n)
		}
		seen += n
		path = ""
		for _, l := range a.All("main footer a") {
			if webtest.Text(l) == "Further services" {
				path = webtest.Attr(l, "href")
			}
		}
	}
	if seen != 130 {
		t.Errorf("%d services can be reached, want 130", seen)
	}
	if got := len(s.Get("all", "/groups?view=grid").All("main .chip")); got != maxCells {
		t.Errorf("the grid shows %d services of a host", got)
	}
}

func TestOneGroup(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/hostgroup/web")
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"Web shop", "ask eva", "By site", "Site a", "Site b", "w1", "w2", "w3"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if got := a.Texts("[aria-labelledby=h-sites] tbody tr"); len(got) != 2 || got[0] != "Site a 2 1 DOWN · no UNREACHABLE, handled 1 CRITICAL 2 WARNING · no UNKNOWN 1 problems, handled 2 OK" {
		t.Errorf("by site: %q", got)
	}
	if len(a.All(".head.down")) != 1 {
		t.Error("the head does not show the worst state")
	}
	external := 0
	for _, l := range a.All("main a") {
		href := webtest.Attr(l, "href")
		if strings.HasPrefix(href, "javascript") {
			t.Error("an address of the configuration became a link that runs scripts")
		}
		if strings.HasPrefix(href, "https://wiki") {
			external++
		}
	}
	if external != 1 {
		t.Errorf("%d links to the notes", external)
	}
	if a := s.Get("all", "/servicegroup/disks"); a.Status != http.StatusOK || len(a.Texts("[aria-labelledby=h-members] tbody tr")) != 3 {
		t.Errorf("service group: status %d", a.Status)
	}
	if a := s.Get("all", "/hostgroup/web", "X-Belvedere-Block", "group"); a.Status != http.StatusOK || len(a.All(".head.down")) != 1 {
		t.Errorf("the block of the page: status %d", a.Status)
	}
}

func TestBlocks(t *testing.T) {
	s := start(t, world())
	for _, view := range []string{"summary", "overview", "grid", "matrix"} {
		a := s.Get("all", "/groups?view="+view, "X-Belvedere-Block", "figures,groups")
		if a.Status != http.StatusOK || len(a.All("[data-block=groups] tbody tr")) == 0 {
			t.Errorf("%s: status %d", view, a.Status)
		}
		if n := len(a.All("[style]")); n != 0 {
			t.Errorf("%s: %d style attributes", view, n)
		}
	}
}

func TestStates(t *testing.T) {
	for name, tt := range map[string]struct {
		world *webtest.World
		want  string
	}{
		"no site":   {&webtest.World{}, "No site yet"},
		"loading":   {&webtest.World{Parts: []lql.Part{{Key: "a", Name: "Site a", Missing: true, Err: "loading"}}}, "No site has been read yet"},
		"no groups": {&webtest.World{Parts: []lql.Part{webtest.Fresh("a")}}, "The sites have no groups of this kind"},
	} {
		a := start(t, tt.world).Get("all", "/groups")
		if got := webtest.Text(a.One("main .empty")); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestHostileTexts(t *testing.T) {
	h := webtest.Hostile
	row := webtest.Host("a", h, cols{"groups": []string{h}, "plugin_output": h, "services_with_fullstate": [][]any{{h, int64(2), int64(1), h}}})
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"hostgroups": {hostgroup("a", h, cols{"alias": h + "2", "notes": h, "notes_url": h, "num_hosts": 1, "num_services_unhandled_crit": 1})},
		"hosts":      {row},
	}}
	s := start(t, w)
	for _, path := range []string{"/groups", "/groups?view=overview", "/groups?view=grid", "/groups?view=matrix"} {
		a := s.Get("root", path)
		if a.Status != http.StatusOK || len(a.All("main script"))+len(a.All("main img")) != 0 || strings.ContainsRune(webtest.Text(a.One("main")), '\u202e') {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
}

// TestFiles: all groups as files and texts, whatever part of them and which
// view the page shows, for those who may see them.
func TestFiles(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/groups/export?format=json&view=grid&limit=1&sort=name")
	for _, want := range []string{`{"name":"web","alias":"Web shop","sites":["Site a","Site b"],"hosts":5,"hosts_down":1,"hosts_unreachable":0,"hosts_handled":0,"hosts_up":4,"services":11,"critical":1,"warning":2,"unknown":1,"handled":1,"pending":0,"ok":6}`,
		`"name":"quiet"`, `"name":"secret / x"`} {
		if a.Status != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("the file does not say %s: %d %s", want, a.Status, a.Body)
		}
	}
	if a := s.Get("all", "/groups/export?kind=service"); !strings.Contains(a.Body, "disks,,Site a,2,1,0,0,0,0,1") {
		t.Errorf("service groups as CSV: %s", a.Body)
	}
	if a := s.Get("anna", "/groups/copy?as=text", "Accept", "text/plain"); a.Status != http.StatusOK || strings.Contains(a.Body, "secret") || !strings.Contains(a.Body, "web") {
		t.Errorf("a contact reads %d %s", a.Status, a.Body)
	}
	if a := s.Get("all", "/groups/copy?as=markdown&q=shop", "Accept", "text/plain"); !strings.Contains(a.Body, "| web | Web shop | Site a, Site b |") || strings.Contains(a.Body, "quiet") {
		t.Errorf("Markdown: %s", a.Body)
	}
	if n := len(s.Get("all", "/groups").All(".ph .end .pop a")); n != 7 {
		t.Errorf("%d forms are offered", n)
	}
	if a := s.Get("all", "/groups/copy?as=livestatus&q=shop", "Accept", "text/plain"); !strings.HasPrefix(a.Body, "GET hostgroups\nColumns: name alias ") || !strings.Contains(a.Body, "Filter: alias ~~ shop\n") {
		t.Errorf("the query is %s", a.Body)
	}
}
