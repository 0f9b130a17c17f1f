package problems

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
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
				webtest.Host("a", "acked", cols{"state": 1, "acknowledged": 1, "owner_with_info": [][]any{
					{"eva", "acknowledgement", "on it", int64(1700000000), int64(0)}}}),
				webtest.Host("b", "planned", cols{"state": 1, "scheduled_downtime_depth": 1}),
				webtest.Host("a", "fine", nil),
			},
			"services": {
				webtest.Service("a", "fine", "Load", cols{"state": 1, "last_state_change": ago(time.Hour)}),
				webtest.Service("b", "fine", "Disk", cols{"state": 2, "last_state_change": ago(time.Hour), "contacts": []string{"anna"}}),
				webtest.Service("a", "fine", "Web", cols{"state": 2, "last_state_change": ago(time.Minute)}),
				webtest.Service("a", "fine", "Ping", cols{"state": 3, "last_state_change": ago(2 * time.Hour)}),
				webtest.Service("a", "fine", "Acked", cols{"state": 2, "acknowledged": 1, "owner_with_info": [][]any{
					{"jan", "acknowledgement", "later", int64(1700000000), int64(0)}}}),
				webtest.Service("a", "fine", "Planned", cols{"state": 2, "scheduled_downtime_depth": 1}),
				webtest.Service("a", "switch", "Port 1", cols{"state": 2, "host_state": 1}),
				webtest.Service("a", "behind", "CPU", cols{"state": 3, "host_state": 2}),
				webtest.Service("a", "behind", "Fan", cols{"state": 3, "host_state": 2}),
				webtest.Service("a", "fine", "OK", nil),
				webtest.Service("a", "fine", "Soft", cols{"state": 2, "state_type": 0, "current_attempt": 2, "last_state_change": ago(3 * time.Hour)}),
			},
		},
	}
}

// shown returns the names of the rows that are visible at first.
func shown(a webtest.Answer) []string {
	var out []string
	for _, tr := range a.All("tbody tr[data-key]") {
		if strings.Contains(webtest.Attr(tr, "class"), "kid") {
			continue
		}
		out = append(out, strings.Join(strings.Split(webtest.Attr(tr, "data-key"), "|")[1:], "/"))
	}
	return out
}

func TestUnhandled(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/problems")
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	want := []string{"switch", "fine/Web", "fine/Disk", "fine/Ping", "fine/Load"}
	if got := shown(a); !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q: hosts down, then CRITICAL, UNKNOWN, WARNING, each newest first", got, want)
	}
	tabs := []string{"Unhandled 5", "All 10", "Acknowledged 2", "In downtime 2", "Suppressed 4", "Mine 0", "Save view"}
	if got := a.Texts(".tabs a"); !slices.Equal(got, tabs) {
		t.Errorf("tabs %q, want %q", got, tabs)
	}
	heads := []string{"Hosts down · 1 cause hides 1 host and 3 services", "Services · 4 on their own", "Somebody is on it · 2 acknowledged show", "Planned · 2 in a downtime show"}
	if got := a.Texts("tr.grp"); !slices.Equal(got, heads) {
		t.Errorf("heads %q, want %q", got, heads)
	}
	if got := webtest.Text(a.All(".pager span")[0]); got != "14 problems: 5 need someone, 1 not confirmed yet, 2 acknowledged, 2 in a downtime, 4 suppressed." {
		t.Errorf("the foot says %q", got)
	}
	if got := webtest.Text(a.One("[data-key=b|fine|Disk] .c-site")); got != "Site b" {
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

// TestFolds follows the links that unfold and fold, as a browser without
// script does.
func TestFolds(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/problems?sort=severity")
	if n := len(a.All("tr.kid")); n != 0 {
		t.Fatalf("%d hidden rows are shown at first", n)
	}
	link := func(a webtest.Answer, row string) (href, expanded string) {
		f := a.One(row + " a.fold")
		return webtest.Attr(f, "href"), webtest.Attr(f, "aria-expanded")
	}
	href, expanded := link(a, "[data-key=a|switch]")
	if got := webtest.Text(a.One("[data-key=a|switch] a.fold")); got != "hides 1 host · 3 services" || expanded != "false" {
		t.Errorf("the switch says %q, expanded %q", got, expanded)
	}
	a = s.Get("all", href)
	kids := []string{"UNREACHABLE , handled behind", "CRITICAL , handled switch / Port 1", "UNKNOWN , handled behind / CPU", "UNKNOWN , handled behind / Fan"}
	for i, got := range a.Texts("tr.kid") {
		if i >= len(kids) || !strings.HasPrefix(got, kids[i]) {
			t.Errorf("row %d behind the switch: %q, want %q", i, got, kids)
		}
	}
	if n := len(a.All("tr.kid")); n != len(kids) {
		t.Errorf("%d rows behind the switch, want %d", n, len(kids))
	}
	if href, expanded = link(a, "[data-key=a|switch]"); expanded != "true" || href != "/problems?sort=severity" {
		t.Errorf("the way back is %q, expanded %q", href, expanded)
	}
	href, _ = link(a, "[id=g-acknowledged]")
	if a = s.Get("all", href); !slices.Contains(shown(a), "fine/Acked") || len(a.All("tr.kid")) != len(kids) {
		t.Errorf("with what somebody has unfolded: %q", shown(a))
	}
	for _, tt := range []struct {
		path, head string
		folded     []string
	}{
		{"/problems?group=service", "[id=g%7CDisk]", []string{"switch", "fine/Web", "fine/Ping", "fine/Load"}},
		{"/problems?group=host", "[data-key=a|fine|Web]", []string{"switch", "fine/Web", "fine/Disk"}},
	} {
		a = s.Get("all", tt.path)
		href, expanded = link(a, tt.head)
		if expanded != "true" || len(shown(a)) != 5 {
			t.Errorf("%s shows %q at first", tt.path, shown(a))
		}
		if got := shown(s.Get("all", href)); !slices.Equal(got, tt.folded) {
			t.Errorf("%s shows %q, want %q", href, got, tt.folded)
		}
	}
}

func TestViews(t *testing.T) {
	s := start(t, world())
	suppressed := []string{"behind", "switch/Port%201", "behind/CPU", "behind/Fan"}
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/problems?soft=1", []string{"switch", "fine/Web", "fine/Disk", "fine/Soft", "fine/Ping", "fine/Load"}},
		{"/problems?view=all&group=none", []string{"switch", "fine/Web", "fine/Disk", "fine/Soft", "fine/Ping", "fine/Load", "acked", "fine/Acked", "planned", "fine/Planned"}},
		{"/problems?view=acknowledged", []string{"acked", "fine/Acked"}},
		{"/problems?view=downtime", []string{"planned", "fine/Planned"}},
		{"/problems?view=suppressed&group=none", []string{"switch/Port%201", "behind/CPU", "behind/Fan", "behind"}},
		{"/problems?view=suppressed&below=a|switch&sort=host", suppressed[:0:0]},
		{"/problems?q=disk", []string{"fine/Disk"}},
		{"/problems?q=FINE+load", []string{"fine/Load"}},
		{"/problems?q=100%25", []string{"switch"}},
		{"/problems?q=cpu", nil},
		{"/problems?q=cpu&view=suppressed", []string{"behind/CPU"}},
		{"/problems?q=site:b", []string{"fine/Disk"}},
		{"/problems?sort=host&group=none", []string{"fine/Disk", "fine/Load", "fine/Ping", "fine/Web", "switch"}},
		{"/problems?sort=-host&group=none", []string{"switch", "fine/Web", "fine/Ping", "fine/Load", "fine/Disk"}},
		{"/problems?sort=-since&group=none", []string{"fine/Ping", "fine/Load", "fine/Disk", "switch", "fine/Web"}},
		{"/problems?sort=-output&group=none&limit=1", []string{"fine/Web"}},
		{"/problems?sort=owner&group=none&limit=1", []string{"switch"}},
		{"/problems?sort=-attempt&group=none&limit=1", []string{"switch"}},
		{"/problems?limit=2", []string{"switch", "fine/Web"}},
		{"/problems?limit=2&offset=2", []string{"fine/Disk", "fine/Ping"}},
		{"/problems?limit=2&offset=4", []string{"fine/Load"}},
	} {
		if strings.Contains(tt.path, "below=") {
			continue
		}
		a := s.Get("all", tt.path)
		if got := shown(a); !slices.Equal(got, tt.want) {
			t.Errorf("%s shows %q, want %q", tt.path, got, tt.want)
		}
	}
	a := s.Get("all", "/problems?view=suppressed&below=a|switch")
	got := shown(a)
	slices.Sort(got)
	slices.Sort(suppressed)
	if !slices.Equal(got, suppressed) || a.Texts("tr.grp")[0] != "Behind switch DOWN · 4 problems on 2 hosts hide" {
		t.Errorf("behind the switch: %q below %q", got, a.Texts("tr.grp"))
	}
	if got := a.Texts("td.own"); !strings.HasPrefix(got[0], "switch DOWN") {
		t.Errorf("because of %q", got)
	}
}

func TestGroups(t *testing.T) {
	w := world()
	for i, host := range []string{"h1", "h2", "h3", "h4"} {
		w.Tables["services"] = append(w.Tables["services"], webtest.Service([]string{"a", "b"}[i%2], host, "NTP", cols{"state": 1, "host_groups": []string{"db", "linux"},
			"plugin_output": "offset " + host[1:] + " s", "last_state_change": time.Now().Add(-20 * time.Minute)}))
	}
	s := start(t, w)
	when := regexp.MustCompile(`since .* (\d+ more)`)
	for path, want := range map[string][]string{
		"/problems": {"Hosts down · 1 cause hides 1 host and 3 services", "Same check, same ten minutes · NTP on 4 hosts, 2 sites, since TIME 2 more", "Services · 4 on their own"},
		"/problems?group=service": {"Hosts · 1 problem on 1 host, Site a hide", "Web · 1 problem on 1 host, Site a hide", "Disk · 1 problem on 1 host, Site b hide",
			"Ping · 1 problem on 1 host, Site a hide", "NTP · 4 problems on 4 hosts, 2 sites hide", "Load · 1 problem on 1 host, Site a hide"},
		"/problems?group=site":      {"Site a · 6 problems on 4 hosts hide", "Site b · 3 problems on 3 hosts hide"},
		"/problems?group=hostgroup": {"In no host group · 5 problems on 3 hosts, 2 sites hide", "db · 4 problems on 4 hosts, 2 sites hide", "linux · 4 problems on 4 hosts, 2 sites hide"},
		"/problems?group=output":    {"#% loss · 1 problem on 1 host, Site a hide", "OK - fine · 4 problems on 2 hosts, 2 sites hide", "offset # s · 4 problems on 4 hosts, 2 sites hide"},
	} {
		a := s.Get("all", path)
		var got []string
		for _, h := range a.Texts("tr.grp") {
			if strings.HasPrefix(h, "Somebody") || strings.HasPrefix(h, "Planned") {
				continue
			}
			h = when.ReplaceAllString(h, "since TIME $1") // the hour, or the day
			got = append(got, h)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: heads %q, want %q", path, got, want)
		}
	}
	if got := shown(s.Get("all", "/problems")); len(got) != 7 {
		t.Errorf("a folded check shows %q, want two of its rows", got)
	}
	if got := shown(s.Get("all", "/problems?open=c|0|NTP")); len(got) != 9 {
		t.Errorf("an unfolded check shows %q, want all of its rows", got)
	}
	ids := map[string]bool{}
	for _, tr := range s.Get("all", "/problems?group=hostgroup").All("tr[id]") {
		if id := webtest.Attr(tr, "id"); ids[id] {
			t.Errorf("two rows have the id %q", id)
		} else {
			ids[id] = true
		}
	}
	paged := []string{}
	for offset := 0; offset < 12; offset += 3 {
		paged = append(paged, shown(s.Get("all", "/problems?view=all&group=service&limit=3&offset="+strconv.Itoa(offset)))...)
	}
	if whole := shown(s.Get("all", "/problems?view=all&group=service&limit=12")); !slices.Equal(paged, whole) {
		t.Errorf("pages of three show %q, one page %q", paged, whole)
	}
}

// TestPlaces: pages by places, forth and back, while the problem that a place
// stands for ends; parts of a list end where they did.
func TestPlaces(t *testing.T) {
	w := world()
	for i := range 9 {
		w.Tables["services"] = append(w.Tables["services"], webtest.Service([]string{"a", "b"}[i%2], fmt.Sprintf("h%d", i/3), fmt.Sprintf("S%d", i),
			cols{"state": 1 + i%3, "current_attempt": i % 4, "owner": []string{"", "tom", "eva"}[i%3], "plugin_output": strings.Repeat("x", i%2) + fmt.Sprint(i%5),
				"host_groups": []string{"db", "linux"}[:i%3], "last_state_change": time.Now().Add(-time.Duration(i%4) * time.Hour)}))
	}
	for _, query := range []string{"", "?view=all&group=none", "?view=all&group=host&sort=-since", "?group=none&sort=owner", "?group=service&sort=-output",
		"?group=hostgroup&sort=attempt", "?group=site&sort=host&closed=a", "?group=output&sort=-site", "?open=acknowledged"} {
		s := start(t, w)
		at := "/problems" + query + map[bool]string{true: "?", false: "&"}[query == ""] + "limit=3"
		whole := shown(s.Get("all", strings.Replace(at, "limit=3", "limit=100", 1)))
		var got, back []string
		page := s.Get("all", at)
		for {
			got = append(got, shown(page)...)
			if part := s.Get("all", at+"&until="+url.QueryEscape(webtest.Attr(page.One("[data-until]"), "data-until")), "X-Belvedere-Block", "list"); !slices.Equal(shown(part), shown(page)) || len(part.All(".pager")) > 0 {
				t.Errorf("%s with its end shows %q, without it %q", at, shown(part), shown(page))
			}
			next := page.All("a[rel=next]")
			if len(next) == 0 {
				break
			}
			at = webtest.Attr(next[0], "href")
			page = s.Get("all", at)
		}
		if !slices.Equal(got, whole) {
			t.Errorf("%s: pages show\n%q, want\n%q", query, got, whole)
		}
		for {
			back = append(slices.Clone(shown(page)), back...)
			prev := page.All("a[rel=prev]")
			if len(prev) == 0 {
				break
			}
			page = s.Get("all", webtest.Attr(prev[0], "href"))
		}
		if !slices.Equal(back, whole) {
			t.Errorf("%s backwards: pages show\n%q, want\n%q", query, back, whole)
		}
	}
}

// TestPlaceStays: a page begins where it did, whatever came and went before.
func TestPlaceStays(t *testing.T) {
	w := world()
	s := start(t, w)
	next := webtest.Attr(s.Get("all", "/problems?group=none&limit=2").One("a[rel=next]"), "href")
	if got := shown(s.Get("all", next)); !slices.Equal(got, []string{"fine/Disk", "fine/Ping"}) {
		t.Fatalf("the second page shows %q", got)
	}
	w.Tables["services"] = slices.DeleteFunc(w.Tables["services"], func(r webtest.Row) bool { return r["description"] == "Web" }) // the row of the place
	w.Tables["services"] = append(w.Tables["services"], webtest.Service("a", "aaa", "New", cols{"state": 2, "last_state_change": time.Now()}))
	if got := shown(start(t, w).Get("all", next)); !slices.Equal(got, []string{"fine/Disk", "fine/Ping"}) {
		t.Errorf("the second page shows %q after others came and went", got)
	}
	for _, bad := range []string{"after=x", "until=WyIwIl0", "before=" + (&list.Cursor{Place: lql.Place{"g", "a", "h", "", "x", "0", "0", "0", ""}}).String(), "after=" + (&list.Cursor{Place: lql.Place{"g", "a", "h", "", "1", "99", "0", "0", ""}}).String()} {
		if a := s.Get("all", "/problems?"+bad); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "is no place in this list") {
			t.Errorf("%s: status %d", bad, a.Status)
		}
	}
}

func TestMine(t *testing.T) {
	w := world()
	w.Tables["comments"] = []webtest.Row{
		{"peer_key": "a", "host_name": "fine", "service_description": "Acked", "author": "all", "contacts": []string{"all"}},
		{"peer_key": "a", "host_name": "acked", "service_description": "", "author": "eva"},
	}
	w.Tables["services"][0]["contacts"] = []string{"all"}
	s := start(t, w)
	if got := shown(s.Get("all", "/problems?view=mine")); !slices.Equal(got, []string{"fine/Load", "fine/Acked"}) {
		t.Errorf("mine are %q, want what I am a contact of and what I acknowledged", got)
	}
	if got := shown(s.Get("anna", "/problems?view=mine")); !slices.Equal(got, []string{"fine/Disk"}) {
		t.Errorf("who sees only their own has %q", got)
	}
}

// TestSavedViews: the saved views of the page are tabs with their numbers, for
// their owner alone.
func TestSavedViews(t *testing.T) {
	s := start(t, world())
	s.Get("all", "/problems")
	people, err := s.Auth.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if p.Username != "all" {
			continue
		}
		for _, v := range []db.View{{Name: "Disks", Path: "/problems", Query: "q=disk"}, {Name: "Other page", Path: "/hosts"}, {Name: "Broken", Path: "/problems", Query: "view=nosuch"}} {
			v.Owner = p.ID
			if err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.AddView(t.Context(), v)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []string{"Unhandled 5", "All 10", "Acknowledged 2", "In downtime 2", "Suppressed 4", "Mine 0", "Disks 1", "Broken", "Save view"}
	if got := s.Get("all", "/problems").Texts(".tabs a"); !slices.Equal(got, want) {
		t.Errorf("tabs %q, want %q", got, want)
	}
	if got := s.Get("root", "/problems").Texts(".tabs a"); slices.Contains(got, "Disks 1") {
		t.Errorf("somebody else has them: %q", got)
	}
}

func TestOwners(t *testing.T) {
	a := start(t, world()).Get("all", "/problems?view=acknowledged")
	if got := a.Texts("td.own"); !slices.Equal(got, []string{"eva · on it · no expiry , acknowledged", "jan · later · no expiry , acknowledged"}) {
		t.Errorf("owners %q", got)
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/problems")); !slices.Equal(got, []string{"fine/Disk"}) {
		t.Errorf("anna sees %q, want her disk only", got)
	}
	// What is above somebody's host, and the host of somebody's service, leave
	// no trace when they are not theirs: what is theirs stands on its own.
	w := world()
	anna := []string{"anna"}
	w.Tables["hosts"][1]["contacts"] = anna                                                                                                          // behind, below the switch
	w.Tables["services"][6]["contacts"] = anna                                                                                                       // Port 1 of the switch
	w.Tables["services"] = append(w.Tables["services"], webtest.Service("a", "behind", "Mine", cols{"state": 2, "contacts": anna, "host_state": 2})) // below a host that is hers
	a := start(t, w).Get("anna", "/problems?view=all&open=a|switch&open=a|behind")
	if got := shown(a); !slices.Equal(got, []string{"switch/Port%201", "fine/Disk", "behind"}) && !slices.Equal(got, []string{"fine/Disk", "switch/Port%201", "behind"}) {
		t.Errorf("anna sees %q: her host is a cause of its own to her", got)
	}
	if got := a.Texts("tr.kid"); len(got) != 1 || !strings.Contains(got[0], "Mine") {
		t.Errorf("behind her host is %q", got)
	}
	if tabs := a.Texts(".tabs a"); !slices.Equal(tabs, []string{"Unhandled 3", "All 3", "Acknowledged 0", "In downtime 0", "Suppressed 1", "Mine 3", "Save view"}) {
		t.Errorf("anna counts %q", tabs)
	}
	if got := a.Texts("td.own"); strings.Contains(strings.Join(got, " "), "switch") || strings.Contains(a.Body, `[data-key="a|switch"]`) {
		t.Errorf("anna learns of the switch: %q", got)
	}
	for _, path := range []string{"/problems?view=suppressed&below=a|switch", "/problems?q=switch&group=none"} {
		if strings.Contains(start(t, w).Get("anna", path).Body, "100% loss") {
			t.Errorf("%s tells anna of the switch", path)
		}
	}
	a = s.Get("nobody", "/problems")
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
		{"no ack", "/problems?view=acknowledged", "Nothing is acknowledged", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
			"hosts": {webtest.Host("a", "fine", nil)}}}},
		{"nothing monitored", "/problems", "Nothing is monitored there yet", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}}},
		{"nothing checked", "/problems", "Nothing has been checked yet", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
			"hosts": {webtest.Host("a", "new", cols{"has_been_checked": 0})}}}},
		{"all is broken, and somebody is on it", "/problems", "Nothing needs you", &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
			"hosts": {webtest.Host("a", "bad", cols{"state": 1, "acknowledged": 1})}}}},
		{"recovered", "/problems?view=suppressed&below=a|fine", "Nothing is hidden there any more", world()},
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
		"/problems?limit=0":                          "limit must be a whole number from 1 to 1000",
		"/problems?offset=-1":                        "offset must be a whole number from 0 to 200000",
		"/problems?group=nosuch":                     "group must be one of cause, host, service, site, hostgroup, output, none",
		"/problems?soft=x":                           "soft must be one of 0, 1",
		"/problems?below=x":                          "below does not name a host",
		"/problems?" + strings.Repeat("open=x&", 51): "more than 50 folds",
		"/problems?view=nosuch":                      "view must be one of unhandled, all, mine, acknowledged, downtime, suppressed",
		"/problems?sort=password":                    "sort must be one of severity",
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
	block := s.Get("all", "/problems", "X-Belvedere-Block", "list,own,tabs")
	if block.Status != http.StatusOK {
		t.Fatalf("status %d: %s", block.Status, block.Body)
	}
	if got, want := shown(block), shown(page); !slices.Equal(got, want) {
		t.Errorf("the block shows %q, the page %q", got, want)
	}
	again := s.Get("all", "/problems", "X-Belvedere-Block", "list,own,tabs", "If-None-Match", block.Header.Get("ETag"))
	if again.Status != http.StatusNotModified {
		t.Errorf("an unchanged block is answered with %d", again.Status)
	}
}
