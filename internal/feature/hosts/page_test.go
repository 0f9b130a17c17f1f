package hosts

import (
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

// world has the host web on two sites, and a host in each state.
func world() *webtest.World {
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"sites":      {{"key": "a", "name": "Site a", "state": "fresh"}, {"key": "b", "name": "Site b", "state": "down"}},
			"hostgroups": {{"peer_key": "a", "name": "linux"}, {"peer_key": "b", "name": "linux"}, {"peer_key": "a", "name": "db"}},
			"hosts": {
				webtest.Host("a", "web", cols{"alias": "shop", "num_services_crit": 2, "num_services_ok": 5, "groups": []string{"linux"}}),
				webtest.Host("b", "web", cols{"address": "198.51.100.7", "contacts": []string{"anna"}}),
				webtest.Host("a", "db", cols{"state": 1, "plugin_output": "no route", "owner": "tom", "groups": []string{"linux", "db"}}),
				webtest.Host("a", "ap", cols{"state": 2, "acknowledged": 1}),
				webtest.Host("a", "new", cols{"has_been_checked": 0}),
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
		{"/hosts", []string{"a|ap", "a|db", "a|new", "a|web", "b|web"}},
		{"/hosts?sort=-name", []string{"a|web", "b|web", "a|new", "a|db", "a|ap"}},
		{"/hosts?sort=state", []string{"a|db", "a|ap", "a|new", "a|web", "b|web"}},
		{"/hosts?sort=-state", []string{"a|web", "b|web", "a|new", "a|ap", "a|db"}},
		{"/hosts?sort=state&limit=2", []string{"a|db", "a|ap"}},
		{"/hosts?sort=state&limit=2&offset=1", []string{"a|ap", "a|new"}},
		{"/hosts?sort=state&limit=3&offset=3", []string{"a|web", "b|web"}},
		{"/hosts?sort=state&state=problem", []string{"a|db", "a|ap"}},
		{"/hosts?limit=2&offset=4", []string{"b|web"}},
		{"/hosts?sort=owner&limit=1", []string{"a|db"}},
		{"/hosts?sort=-groups&limit=1", []string{"a|db"}},
		{"/hosts?state=down", []string{"a|db"}},
		{"/hosts?state=unreachable", []string{"a|ap"}},
		{"/hosts?state=up", []string{"a|web", "b|web"}},
		{"/hosts?state=pending", []string{"a|new"}},
		{"/hosts?state=handled", []string{"a|ap"}},
		{"/hosts?state=unhandled", []string{"a|db"}},
		{"/hosts?q=shop", []string{"a|web"}},
		{"/hosts?q=198.51", []string{"b|web"}},
		{"/hosts?q=ROUTE", []string{"a|db"}},
		{"/hosts?site=b", []string{"b|web"}},
		{"/hosts?hostgroup=linux", []string{"a|db", "a|web"}},
		{"/hosts?hostgroup=linux&q=web", []string{"a|web"}},
		{"/hosts?q=state:down,unreachable+-is:acknowledged", []string{"a|db"}},
		{"/hosts?q=web&q=site:b", []string{"b|web"}},
		{"/hosts?ff=*&fo=:&fv=web&fg=0&ff=state&fo=:&fv=down&fg=1", []string{"a|db", "a|web", "b|web"}},
	} {
		a := s.Follow("all", tt.path)
		if got := shown(a); a.Status != http.StatusOK || !slices.Equal(got, tt.want) {
			t.Errorf("%s: status %d, rows %q, want %q", tt.path, a.Status, got, tt.want)
		}
	}
}

func TestHead(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", "/hosts")
	want := []string{"1 DOWN", "0 UNREACHABLE", "1 handled", "1 PENDING", "2 UP"}
	if got := a.Texts(".figs a.cnt"); !slices.Equal(got, want) {
		t.Errorf("counts %q, want %q", got, want)
	}
	sum := 0
	for _, link := range a.All(".ph a.cnt") {
		to := s.Get("all", webtest.Attr(link, "href"))
		n, _, _ := strings.Cut(webtest.Text(link), " ")
		if n != strconv.Itoa(len(shown(to))) {
			t.Errorf("%q leads to %q", webtest.Text(link), shown(to))
		}
		if got := to.Texts(".figs a.cnt"); !slices.Equal(got, want) {
			t.Errorf("behind %q the counts are %q", webtest.Text(link), got)
		}
		sum += len(shown(to))
	}
	if all := len(shown(a)); sum != all {
		t.Errorf("the head counts %d hosts of %d", sum, all)
	}
	if got := a.Texts("[id=choose-hostgroup] li"); !slices.Equal(got, []string{"All host groups", "db", "linux"}) {
		t.Errorf("groups to choose %q", got)
	}
	if got := webtest.Text(a.One("[id=a|web] .svcn")); got != "2 CRITICAL 5 OK" {
		t.Errorf("services of web: %q", got)
	}
	if got := webtest.Text(a.One("tr.stale .c-site")); got != "Site b" {
		t.Errorf("the stale row is of %q", got)
	}
	if got := webtest.Attr(s.Get("all", "/hosts?sort=-name").One("th[aria-sort]"), "aria-sort"); got != "descending" {
		t.Errorf("aria-sort is %q", got)
	}
}

func TestColumnsAreKept(t *testing.T) {
	s := start(t, world())
	heads := func() string { return strings.Join(s.Get("all", "/hosts").Texts("thead th"), " ") }
	if got := heads(); got != "State Host Site Address Services Since Output Owner" {
		t.Errorf("columns at first: %s", got)
	}
	a := s.Post("all", "/hosts/columns", "column", "alias", "column", "latency", "column", "nosuch", "column", "output", "column", "owner",
		"c-alias", "on", "c-output", "on", "c-latency", "on", "c-nosuch", "on", "n-alias", "Called: so", "back", "/hosts?q=web&columns=name")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/hosts?q=web" {
		t.Fatalf("status %d, to %q", a.Status, a.Header.Get("Location"))
	}
	if got := heads(); got != "State Host Site Called so Latency Output" {
		t.Errorf("columns chosen: %s", got)
	}
	if a := s.Post("all", "/hosts/columns", "do", "reset", "back", "https://evil.example/hosts"); a.Header.Get("Location") != "/hosts" {
		t.Errorf("a form may lead away: %q", a.Header.Get("Location"))
	}
	if got := heads(); got != "State Host Site Address Services Since Output Owner" {
		t.Errorf("columns after reset: %s", got)
	}
}

func TestEveryColumnIsDrawn(t *testing.T) {
	s := start(t, world())
	fields := []string{"back", "/hosts"}
	for _, c := range columns(t.Context()) {
		fields = append(fields, "column", c.Key, "c-"+c.Key, "on")
	}
	s.Post("all", "/hosts/columns", fields...)
	a := s.Get("all", "/hosts")
	if got := len(a.All("thead th")); got != len(columns(t.Context())) {
		t.Errorf("%d heads, want %d", got, len(columns(t.Context())))
	}
	if got := len(a.All("[id=a|web] td")) + len(a.All("[id=a|web] th")) - len(a.All("[id=a|web] .pin")); got != len(columns(t.Context())) {
		t.Errorf("%d cells, want %d", got, len(columns(t.Context())))
	}
	for _, c := range columns(t.Context()) {
		if c.Sort == nil {
			continue
		}
		if a := s.Get("all", "/hosts?sort=-"+c.Key); a.Status != http.StatusOK || len(shown(a)) != 5 {
			t.Errorf("sort by %s: status %d, %d rows", c.Key, a.Status, len(shown(a)))
		}
	}
}

func TestRightsAndEmpty(t *testing.T) {
	s := start(t, world())
	if got := shown(s.Get("anna", "/hosts")); !slices.Equal(got, []string{"b|web"}) {
		t.Errorf("anna sees %q", got)
	}
	a := s.Get("nobody", "/hosts")
	if got := webtest.Text(a.One(".empty h2")); got != "You see no hosts here" {
		t.Errorf("who sees nothing is told %q", got)
	}
	if strings.Contains(a.Body, "Site a") || strings.Contains(a.Body, "linux") {
		t.Error("who sees nothing finds names on the page")
	}
	none := start(t, &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}}).Get("all", "/hosts")
	if got := webtest.Text(none.One(".empty h2")); got != "Nothing is monitored there yet" {
		t.Errorf("who would see all is told %q", got)
	}
	if got := webtest.Text(s.Get("all", "/hosts?q=%22no<such%22").One(".empty p")); got != `Nothing here matches "no<such"` {
		t.Errorf("a filter without a match repeats %q", got)
	}
	if got := webtest.Text(s.Get("all", "/hosts?q=nosuch").One(".empty h2")); got != "No host matches this filter" {
		t.Errorf("a filter without a match says %q", got)
	}
	if a := s.Follow("all", "/hosts?state=purple"); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown state is answered with %d", a.Status)
	}
	if a := s.Get("", "/hosts"); a.Status == http.StatusOK {
		t.Error("whoever is not signed in sees the page")
	}
}

func TestHostileTexts(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"sites": {{"key": "a", "name": "A"}, {"key": "b", "name": "B"}}, "hostgroups": {{"peer_key": "a", "name": webtest.Hostile}, {"peer_key": "a", "name": "x"}},
		"hosts": {webtest.Host("a", webtest.Hostile, cols{"alias": webtest.Hostile, "address": webtest.Hostile, "plugin_output": webtest.Hostile})},
	}}
	a := start(t, w).Get("all", "/hosts?q=script")
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from a core", n)
	}
	if strings.ContainsRune(a.Body, '\u202e') || strings.ContainsRune(a.Body, '\x07') {
		t.Error("a control character reached the page")
	}
}

func TestEngineTrouble(t *testing.T) {
	w := world()
	s := start(t, w)
	w.Err = &lql.QueryError{Code: 502, Msg: "internal detail"}
	a := s.Get("all", "/hosts")
	if a.Status < 500 || strings.Contains(a.Body, "internal detail") {
		t.Errorf("status %d, body %s", a.Status, a.Body)
	}
}

func TestColumnsPage(t *testing.T) {
	w := world()
	w.Tables["hosts"][0]["custom_variables"] = [][2]string{{"RACK", "r7"}, {"SNMP_COMMUNITY", "hush"}}
	w.Tables["hosts"][0]["custom_variable_names"] = []string{"RACK", "SNMP_COMMUNITY"}
	s := start(t, w)
	link := ""
	for _, a := range s.Get("all", "/hosts?sort=-name").All(".cols a") {
		link = webtest.Attr(a, "href")
	}
	page := s.Get("all", link)
	keys := func(a webtest.Answer, selector string) (out []string) {
		for _, i := range a.All(selector + " input[name=column]") {
			out = append(out, webtest.Attr(i, "value"))
		}
		return out
	}
	if got := keys(page, "[data-order]"); !slices.Equal(got, []string{"state", "name", "site", "address", "services", "since", "output", "owner"}) {
		t.Errorf("shown are %q", got)
	}
	other := keys(page, "[id=other-columns]")
	if !slices.Contains(other, "_RACK") || !slices.Contains(other, "retry_interval") || slices.Contains(other, "_SNMP_COMMUNITY") || slices.Contains(other, "custom_variables") {
		t.Errorf("offered are %q", other)
	}
	if got := keys(s.Get("root", "/hosts/columns"), "[id=other-columns]"); !slices.Contains(got, "_SNMP_COMMUNITY") {
		t.Error("who may see command lines is not offered all variables")
	}
	if got := keys(s.Get("anna", "/hosts/columns"), "[id=other-columns]"); slices.Contains(got, "_RACK") {
		t.Error("anna is offered a variable of a host that she does not see")
	}
	if a := s.Get("all", "/hosts?columns=name,_SNMP_COMMUNITY"); a.Status != http.StatusBadRequest || strings.Contains(a.Body, "hush") {
		t.Errorf("a secret is answered with %d", a.Status)
	}
	// Who may see it asks for it; what leaves the page does not hold it.
	veiled := s.Get("root", "/hosts?columns=name,_RACK,_SNMP_COMMUNITY")
	if got := veiled.Texts("details.veil"); !slices.Equal(got, []string{"hidden show hide hush"}) || strings.Count(veiled.Body, "hush") != 1 {
		t.Errorf("a secret in a list: %q", got)
	}
	for _, path := range []string{"/hosts/export?format=json&columns=name,_RACK,_SNMP_COMMUNITY", "/hosts/export?format=csv&columns=name,_RACK,_SNMP_COMMUNITY", "/hosts/copy?as=markdown&columns=name,_RACK,_SNMP_COMMUNITY"} {
		if a := s.Get("root", path, "Accept", "text/plain"); a.Status != http.StatusOK || strings.Contains(a.Body, "hush") || !strings.Contains(a.Body, "(hidden)") || !strings.Contains(a.Body, "r7") {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := s.Get("root", "/hosts?columns=name,custom_variable_values"); a.Status != http.StatusBadRequest || strings.Contains(a.Body, "hush") {
		t.Errorf("the values of all variables: %d", a.Status)
	}
	// one up, without a script
	form := []string{"back", "/hosts?sort=-name", "density", "compact", "column", "state", "column", "name", "column", "site", "column", "_RACK", "c-_RACK", "on"}
	a := s.Post("all", "/hosts/columns", append(form, "up", "_RACK")...)
	if got := keys(s.Get("all", a.Header.Get("Location")), "[data-order]"); !slices.Equal(got, []string{"state", "name", "_RACK", "site"}) {
		t.Errorf("moved they are %q", got)
	}
	once := s.Post("all", "/hosts/columns", append(form, "do", "show")...).Header.Get("Location")
	a = s.Get("all", once)
	if got := strings.Join(a.Texts("thead th"), " "); got != "State Host Site _RACK" || len(a.All("table.compact")) != 1 || shown(a)[0] != "a|web" {
		t.Errorf("%s shows %q", once, got)
	}
	if got := a.Texts("[id=a|web] td"); !slices.Contains(got, "r7") {
		t.Errorf("the variable is not shown: %q", got)
	}
	if a := s.Get("all", "/hosts?sort=-_RACK"); shown(a)[0] != "a|web" {
		t.Errorf("sorted by the variable: %q", shown(a))
	}
	if a := s.Post("all", "/hosts/columns", append(form, "do", "house")...); a.Status != http.StatusForbidden {
		t.Errorf("anybody chooses for all: %d", a.Status)
	}
	s.Post("root", "/hosts/columns", append(form, "do", "house")...)
	for _, who := range []string{"all", "anna"} {
		if got := strings.Join(s.Get(who, "/hosts").Texts("thead th"), " "); got != "State Host Site _RACK" {
			t.Errorf("%s sees %q", who, got)
		}
	}
	s.Post("anna", "/hosts/columns", "column", "alias", "c-alias", "on")
	if got := strings.Join(s.Get("anna", "/hosts").Texts("thead th"), " "); got != "State Host Site Alias" {
		t.Errorf("anna chose, and sees %q", got)
	}
	s.Post("root", "/hosts/columns", "do", "reset-house")
	if got := strings.Join(s.Get("all", "/hosts").Texts("thead th"), " "); got != "State Host Site Address Services Since Output Owner" {
		t.Errorf("after the reset all see %q", got)
	}
	if log, err := s.DB.AuditLog(t.Context(), db.AuditQuery{Action: "list."}); err != nil || len(log) != 2 || log[0].Who != "root" {
		t.Errorf("the record has %v, %v", log, err)
	}
}

// TestDensity: the height of rows of the profile holds for a list until the
// person chooses another one for that list; choosing the same follows it.
func TestDensity(t *testing.T) {
	s := start(t, world())
	table := func(class string) {
		t.Helper()
		if a := s.Get("all", "/hosts"); len(a.All("table.tbl."+class)) != 1 {
			t.Errorf("the list is not %s", class)
		}
	}
	prefer := func(density string) {
		t.Helper()
		p, err := s.Auth.PersonByName(t.Context(), "all")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DB.SetPreference(t.Context(), p.ID, "density", []byte(`"`+density+`"`)); err != nil {
			t.Fatal(err)
		}
	}
	table("normal")
	prefer("compact")
	table("compact")
	s.Post("all", "/hosts/columns", "density", "roomy")
	table("roomy")
	s.Post("all", "/hosts/columns", "column", "alias", "c-alias", "on") // the quick menu
	table("roomy")
	s.Post("all", "/hosts/columns", "density", "compact")
	table("compact")
	prefer("roomy")
	table("roomy")
	s.Post("all", "/hosts/columns", "density", "normal")
	table("normal")
}
