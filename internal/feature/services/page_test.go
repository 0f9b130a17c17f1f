package services

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
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

func world() *webtest.World {
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"sites":         {{"key": "a", "name": "Site a"}, {"key": "b", "name": "Site b"}},
			"hostgroups":    {{"peer_key": "a", "name": "linux"}, {"peer_key": "a", "name": "net"}},
			"servicegroups": {{"peer_key": "a", "name": "disks"}, {"peer_key": "a", "name": "http"}},
			"services": {
				webtest.Service("a", "web", "Disk /", cols{"groups": []string{"disks"}, "host_groups": []string{"linux"}}),
				webtest.Service("a", "web", "HTTP", cols{"state": 2, "plugin_output": "HTTP 503"}),
				webtest.Service("b", "web", "HTTP", cols{"state": 1, "contacts": []string{"anna"}, "host_address": "198.51.100.7"}),
				webtest.Service("a", "db", "Load", cols{"state": 3, "acknowledged": 1, "host_alias": "orders"}),
				webtest.Service("a", "db", "New", cols{"has_been_checked": 0}),
			},
		},
	}
}

func shown(a webtest.Answer) []string {
	var out []string
	for _, tr := range a.All("tbody tr") {
		out = append(out, strings.ReplaceAll(webtest.Attr(tr, "id"), "%2F", "/"))
	}
	return out
}

// TestWider: an empty list says how many rows each way out would give, to
// everybody what they may see.
func TestWider(t *testing.T) {
	s := start(t, world())
	ways := func(user, query string) (out []string) {
		for _, x := range s.Get(user, "/services?q="+query).Texts(".empty a") {
			out = append(out, strings.Join(strings.Fields(x), " "))
		}
		return out
	}
	for _, tt := range []struct{ user, query, want string }{
		{"all", "host:web+state:unknown", "Remove host:web 1 result; Remove state:unknown 3 results; Clear the filter"},
		{"anna", "host:web+state:unknown", "Remove host:web 0 results; Remove state:unknown 1 result; Clear the filter"},
		{"all", "host:web+state:unknown+site:a", "Remove host:web 1 result; Remove state:unknown 2 results; Remove site:a 0 results; Clear the filter"},
		{"all", "nowhere", "Clear the filter"},
	} {
		if got := strings.Join(ways(tt.user, tt.query), "; "); got != tt.want {
			t.Errorf("%s, %s: %s\nwant %s", tt.user, tt.query, got, tt.want)
		}
	}
}

func TestList(t *testing.T) {
	s := start(t, world())
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/services", []string{"a|db|Load", "a|db|New", "a|web|Disk%20/", "a|web|HTTP", "b|web|HTTP"}},
		{"/services?sort=-host", []string{"b|web|HTTP", "a|web|HTTP", "a|web|Disk%20/", "a|db|New", "a|db|Load"}},
		{"/services?sort=state", []string{"a|web|HTTP", "a|db|Load", "b|web|HTTP", "a|db|New", "a|web|Disk%20/"}},
		{"/services?sort=service&limit=2", []string{"a|web|Disk%20/", "a|web|HTTP"}},
		{"/services?sort=service&limit=2&offset=4", []string{"a|db|New"}},
		{"/services?state=critical", []string{"a|web|HTTP"}},
		{"/services?state=warning", []string{"b|web|HTTP"}},
		{"/services?state=unknown", []string{"a|db|Load"}},
		{"/services?state=ok", []string{"a|web|Disk%20/"}},
		{"/services?state=pending", []string{"a|db|New"}},
		{"/services?state=handled", []string{"a|db|Load"}},
		{"/services?state=unhandled", []string{"a|web|HTTP", "b|web|HTTP"}},
		{"/services?q=http", []string{"a|web|HTTP", "b|web|HTTP"}},
		{"/services?q=http+503", []string{"a|web|HTTP"}},
		{"/services?q=orders", []string{"a|db|Load"}},
		{"/services?q=198.51", []string{"b|web|HTTP"}},
		{"/services?host=web&site=a", []string{"a|web|Disk%20/", "a|web|HTTP"}},
		{"/services?hostgroup=linux", []string{"a|web|Disk%20/"}},
		{"/services?servicegroup=disks", []string{"a|web|Disk%20/"}},
	} {
		a := s.Follow("all", tt.path)
		if got := shown(a); a.Status != http.StatusOK || !slices.Equal(got, tt.want) {
			t.Errorf("%s: status %d, rows %q, want %q", tt.path, a.Status, got, tt.want)
		}
	}
}

// TestOnAWall: what is read from afar is the worst first, without details,
// unless the address says otherwise.
func TestOnAWall(t *testing.T) {
	s := start(t, world())
	heads := func(path string) []string { return s.Get("all", path).Texts("thead th") }
	if got := heads("/services?wall=1"); !slices.Equal(got, []string{"State", "Host", "Service", "Site", "Since", "Output", "Owner"}) {
		t.Errorf("columns on a wall %q", got)
	}
	if got := webtest.Text(s.Get("all", "/services?wall=1").One("th[aria-sort]")); got != "State" {
		t.Errorf("a wall is sorted by %q", got)
	}
	if got := heads("/services?wall=1&columns=host,service,attempt&sort=host"); !slices.Contains(got, "Attempt") {
		t.Errorf("columns of the address %q", got)
	}
	if got := heads("/services"); !slices.Contains(got, "Attempt") {
		t.Errorf("columns of the page %q", got)
	}
	if a := s.Get("all", "/services?wall=1"); len(a.All("[data-leaf]")) != 1 || len(a.All(".wallplain table")) != 1 {
		t.Error("a long list has no place for which screenful is shown")
	}
}

func TestHead(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/services")
	want := []string{"1 CRITICAL", "1 WARNING", "0 UNKNOWN", "1 handled", "1 PENDING", "1 OK"}
	if got := a.Texts(".figs a.cnt"); !slices.Equal(got, want) {
		t.Errorf("counts %q, want %q", got, want)
	}
	for _, link := range a.All(".figs a.cnt") {
		to := s.Get("all", webtest.Attr(link, "href"))
		if n, _, _ := strings.Cut(webtest.Text(link), " "); n != strconv.Itoa(len(shown(to))) {
			t.Errorf("%q leads to %q", webtest.Text(link), shown(to))
		}
	}
	if n := len(a.All("tr.same")); n != 2 {
		t.Errorf("%d rows repeat their host, want 2: the same name on another site is another host", n)
	}
	if got := a.Texts("[id=choose-servicegroup] li"); !slices.Equal(got, []string{"All service groups", "disks", "http"}) {
		t.Errorf("groups to choose %q", got)
	}
}

func TestEveryColumnIsDrawn(t *testing.T) {
	s := start(t, world())
	fields := []string{"back", "/services"}
	for _, c := range columns(t.Context()) {
		fields = append(fields, "column", c.Key, "c-"+c.Key, "on")
	}
	s.Post("all", "/services/columns", fields...)
	a := s.Get("all", "/services")
	if got := len(a.All("thead th")); got != len(columns(t.Context())) {
		t.Errorf("%d heads, want %d", got, len(columns(t.Context())))
	}
	if got := len(a.All("[id=a|web|HTTP] td")) + len(a.All("[id=a|web|HTTP] th")) - len(a.All("[id=a|web|HTTP] .pin")); got != len(columns(t.Context())) {
		t.Errorf("%d cells, want %d", got, len(columns(t.Context())))
	}
	for _, c := range columns(t.Context()) {
		if c.Sort == nil {
			continue
		}
		if a := s.Get("all", "/services?sort="+c.Key); a.Status != http.StatusOK || len(shown(a)) != 5 {
			t.Errorf("sort by %s: status %d, %d rows", c.Key, a.Status, len(shown(a)))
		}
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/services")); !slices.Equal(got, []string{"b|web|HTTP"}) {
		t.Errorf("anna sees %q", got)
	}
	if got := webtest.Text(s.Get("nobody", "/services").One(".empty h2")); got != "You see no services here" {
		t.Errorf("who sees nothing is told %q", got)
	}
	if got := webtest.Text(s.Get("all", "/services?q=%22no<such%22").One(".empty p")); got != `Nothing here matches "no<such"` {
		t.Errorf("a filter without a match repeats %q", got)
	}
	a := s.Get("all", "/services?q=host%3Aweb&limit=2000")
	if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "limit must be a whole number from 1 to 1000") {
		t.Errorf("a limit out of range is answered with %d", a.Status)
	}
	if got := webtest.Attr(a.One(".empty a.pri"), "href"); got != "/services?q=host%3Aweb" {
		t.Errorf("a limit out of range leads on to %q", got)
	}
}

func TestHostileTexts(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"services": {webtest.Service("a", webtest.Hostile, webtest.Hostile, cols{"plugin_output": webtest.Hostile})}}}
	a := start(t, w).Get("all", "/services")
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from a core", n)
	}
	link := webtest.Attr(a.One("td.svcn a"), "href")
	if !strings.HasPrefix(link, "/service/a/%3Cscript%3E") {
		t.Errorf("the link is %q", link)
	}
}

func TestExports(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/services?q=state:problem&sort=-state&columns=host,service,state,owner,_RACK")
	var csvPath, markdown string
	for _, l := range a.All("details a") {
		switch href := webtest.Attr(l, "href"); {
		case strings.Contains(href, "format=csv"):
			csvPath = href
		case strings.Contains(href, "as=markdown"):
			markdown = href
		}
	}
	csv := s.Get("all", csvPath)
	lines := strings.Split(strings.TrimSpace(csv.Body), "\r\n")
	if csv.Status != http.StatusOK || lines[0] != "Host,Service,State,Site,Owner,Note,_RACK" && lines[0] != "Site,Host,Service,State,Owner,Note,_RACK" || len(lines) != 4 {
		t.Errorf("%s: status %d, %q", csvPath, csv.Status, lines)
	}
	if d := csv.Header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="services-2`) || !strings.HasSuffix(d, `.csv"`) {
		t.Errorf("the file is %s", d)
	}
	js := s.Get("all", "/services/export?format=json&columns=host,last_check")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(js.Body), &rows); err != nil || len(rows) != 5 || rows[0]["host_name"] == nil || rows[0]["last_check"] == nil {
		t.Errorf("JSON %s: %v", js.Body, err)
	}
	if x := s.Get("all", "/services/export?format=xlsx"); x.Status != http.StatusOK || !strings.HasPrefix(x.Body, "PK") {
		t.Errorf("Excel: status %d", x.Status)
	}
	page := s.Get("all", markdown)
	if text := webtest.Text(page.One("textarea")); !strings.Contains(text, "| --- |") || !strings.Contains(text, "| db | Load |") {
		t.Errorf("Markdown is %q", text)
	}
	curl := webtest.Text(s.Get("all", "/services/copy?as=curl&q=it's").One("textarea"))
	if !strings.HasPrefix(curl, "curl -u USER 'http://") || !strings.Contains(curl, "/services/export?columns=state%2Chost") || !strings.Contains(curl, "format=json&q=it%27s'") {
		t.Errorf("curl is %q", curl)
	}
	lql := webtest.Text(s.Get("all", "/services/copy?as=livestatus&q=state:crit&columns=host,service").One("textarea"))
	if !strings.Contains(lql, "GET services Columns: ") || !strings.Contains(lql, "Filter: state = 2") || !strings.Contains(lql, "Sort: host_name asc") {
		t.Errorf("the query is %q", lql)
	}
	if got := s.Get("anna", "/services/export?format=csv&columns=host"); strings.Contains(got.Body, "db") || !strings.Contains(got.Body, "web") {
		t.Errorf("anna's file is %q", got.Body)
	}
	if got := s.Get("all", "/services/export?format=csv&q=state:purple"); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "purple") {
		t.Errorf("a filter that is wrong is answered with %d", got.Status)
	}
	if got := s.Get("all", "/services/export?format=pdf"); got.Status != http.StatusBadRequest {
		t.Errorf("an unknown kind of file is answered with %d", got.Status)
	}
	if got := s.Get("", "/services/export?format=csv"); got.Status == http.StatusOK {
		t.Error("whoever is not signed in gets a file")
	}
}

func TestSavedViewsAreTabs(t *testing.T) {
	s := start(t, world())
	if n := len(s.Get("all", "/services").All("nav.tabs")); n != 0 {
		t.Errorf("without a view there are %d rows of tabs", n)
	}
	me, err := s.DB.PersonByName(t.Context(), "all")
	if err != nil {
		t.Fatal(err)
	}
	err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
		for _, v := range []db.View{{Name: "Bad", Path: "/services", Query: "q=is:problem&sort=-state"}, {Name: "Other", Path: "/hosts"}} {
			v.Owner = me.ID
			id, err := tx.AddView(t.Context(), v)
			if err != nil {
				return err
			}
			if err := tx.PinView(t.Context(), me.ID, id, v.Name == "Bad"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Get("all", "/services?sort=-state&q=is:problem&offset=1")
	if got := a.Texts("nav.tabs a"); !slices.Equal(got, []string{"All", "Bad"}) || webtest.Text(a.One("nav.tabs a[aria-current=page]")) != "Bad" {
		t.Errorf("tabs %q", got)
	}
	if got := webtest.Text(a.One("[data-block=pinned] a")); got != "Bad 3" {
		t.Errorf("the menu says %q", got)
	}
	if got := webtest.Attr(a.One("a[href=/views/new?at=%2Fservices%3Fq%3Dis%253Aproblem%26sort%3D-state]"), "href"); got == "" {
		t.Error("the view cannot be saved")
	}
}

// TestExportTrouble: what goes wrong before the first byte is told as a page.
func TestExportTrouble(t *testing.T) {
	w := world()
	s := start(t, w)
	s.Get("all", "/services")
	w.Err = &lql.QueryError{Code: 502, Msg: "internal detail"}
	for _, format := range []string{"csv", "json", "xlsx"} {
		a := s.Get("all", "/services/export?format="+format)
		if a.Status < 500 || strings.Contains(a.Body, "internal detail") || a.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: status %d as %q", format, a.Status, a.Header.Get("Content-Disposition"))
		}
	}
}
