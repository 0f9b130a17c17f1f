package hosts

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/web/webtest"
)

// TestSheet: what a phone shows of a list is arranged in a sheet, which is also a
// page of its own.
func TestSheet(t *testing.T) {
	w := world()
	w.Tables["hosts"][0]["custom_variables"] = [][2]string{{"RACK", "r7"}, {"SNMP_COMMUNITY", "hush"}}
	w.Tables["hosts"][0]["custom_variable_names"] = []string{"RACK", "SNMP_COMMUNITY"}
	s := start(t, w)
	link := webtest.Attr(s.Get("all", "/hosts?sort=-name&q=site:a&limit=2&offset=2").One("a[data-sheet]"), "href")
	a := s.Get("all", link)
	if got := webtest.Attr(a.One("#arrange-sort option[selected]"), "value") + webtest.Attr(a.One("#arrange-site option[selected]"), "value") + webtest.Attr(a.One("input[name=desc][checked]"), "value"); a.Status != http.StatusOK || got != "namea1" {
		t.Errorf("%s begins with %q", link, got)
	}
	if got := webtest.Attr(a.One("input[name=back]"), "value"); got != "/hosts?limit=2&q=site%3Aa&sort=-name" {
		t.Errorf("it leads back to %s", got)
	}
	if got := webtest.Text(a.One(".arrange .hint")); !strings.HasPrefix(got, "4 hosts with ") {
		t.Errorf("files have %q", got)
	}
	for q, want := range map[string]string{"site:%22Site+b%22": "Site b", "site=nosuch": "nosuch", "site:a,b": ""} {
		var got string
		for _, o := range s.Get("all", "/hosts/arrange?q="+q).All("#arrange-site option[selected]") {
			got += webtest.Attr(o, "value")
		}
		if got != want {
			t.Errorf("with %s the site %q is chosen", q, got)
		}
	}
	var sorts []string
	for _, o := range a.All("#arrange-sort option") {
		sorts = append(sorts, webtest.Attr(o, "value"))
	}
	for _, key := range []string{"state", "_RACK", "retry_interval"} {
		if !slices.Contains(sorts, key) {
			t.Errorf("the list cannot be sorted by %s", key)
		}
	}
	if slices.Contains(sorts, "_SNMP_COMMUNITY") {
		t.Error("a secret is named")
	}
	if a := s.Get("anna", "/hosts/arrange"); strings.Contains(a.Body, "RACK") || strings.Contains(a.Body, "linux") {
		t.Error("anna finds names of what she does not see")
	}
	if a := s.Get("all", "/hosts/arrange?q=state:dwon"); a.Status != http.StatusBadRequest || len(a.All(".arrange")) != 1 {
		t.Errorf("a wrong filter is answered with %d", a.Status)
	}
}

// TestSheetIsSent: what is chosen in the sheet is in the address, and no more
// than that.
func TestSheetIsSent(t *testing.T) {
	s := start(t, world())
	usual := []string{"density", "normal"}
	for _, key := range []string{"state", "name", "site", "address", "services", "since", "output", "owner"} {
		usual = append(usual, "column", key, "c-"+key, "on")
	}
	for _, tt := range []struct {
		name, back string
		form       []string
		want       string
	}{
		{"nothing", "/hosts?q=web", []string{"sort", "name", "desc", ""}, "/hosts?q=web"},
		{"order", "/hosts?q=web", []string{"sort", "since", "desc", "1"}, "/hosts?q=web&sort=-since"},
		{"usual order", "/hosts?sort=-since", []string{"sort", "name", "desc", ""}, "/hosts"},
		{"group", "/hosts?q=web", []string{"only-hostgroup", "linux", "only-site", ""}, "/hosts?q=web+hostgroup%3Dlinux"},
		{"other group", "/hosts?q=hostgroup%3Dlinux+site%3Aa", []string{"only-hostgroup", "db", "only-site", "a"}, "/hosts?q=site%3Aa+hostgroup%3Ddb"},
		{"any group", "/hosts?q=hostgroup%3Dlinux", []string{"only-hostgroup", ""}, "/hosts"},
		{"several groups stay", "/hosts?q=hostgroup%3Alinux%2Cdb", []string{"only-hostgroup", ""}, "/hosts?q=hostgroup%3Alinux%2Cdb"},
		{"wrong filter", "/hosts?q=(", []string{"only-hostgroup", "db"}, "/hosts?q=("},
		{"column", "/hosts", []string{"column", "alias", "c-alias", "on"}, "/hosts?columns=state%2Cname%2Csite%2Caddress%2Cservices%2Csince%2Coutput%2Cowner%2Calias"},
	} {
		form := append(slices.Clone(usual), append(tt.form, "back", tt.back, "do", "show")...)
		a := s.Post("all", "/hosts/columns", form...)
		if got := a.Header.Get("Location"); a.Status != http.StatusSeeOther || got != tt.want {
			t.Errorf("%s: status %d, to %s, want %s", tt.name, a.Status, got, tt.want)
		}
	}
	if a := s.Post("all", "/hosts/columns", "sort", "nosuch", "do", "show"); a.Status != http.StatusBadRequest {
		t.Errorf("an order that there is not is answered with %d", a.Status)
	}
	form := append(slices.Clone(usual), "sort", "state", "desc", "", "back", "/hosts?q=web", "do", "view")
	at := "/views/new?at=" + url.QueryEscape("/hosts?q=web&sort=state")
	if got := s.Post("all", "/hosts/columns", form...).Header.Get("Location"); got != at {
		t.Errorf("a view is saved at %s, want %s", got, at)
	}
	// kept, and from then on the usual look
	form = append(slices.Clone(usual), "column", "alias", "c-alias", "on", "back", "/hosts")
	s.Post("all", "/hosts/columns", append(form, "do", "keep")...)
	if got := s.Post("all", "/hosts/columns", append(form, "do", "show")...).Header.Get("Location"); got != "/hosts" {
		t.Errorf("the kept look is in the address: %s", got)
	}
}

// TestCards: a card has the columns that are shown, those for wide pages only
// once the person chose columns.
func TestCards(t *testing.T) {
	s := start(t, world())
	heads := func(path string) (out []string) {
		for _, td := range s.Get("all", path).All("[id=b|web] td.opt") {
			out = append(out, webtest.Attr(td, "data-head"))
		}
		return out
	}
	if got := heads("/hosts"); !slices.Equal(got, []string{""}) {
		t.Errorf("at first a card has %q", got)
	}
	if got := heads("/hosts?columns=address:Where,contacts,latency"); !slices.Equal(got, []string{"Where", "Contacts", "Latency"}) {
		t.Errorf("a card has %q", got)
	}
}

// TestSiteColumn: the site has a column where there is more than one.
func TestSiteColumn(t *testing.T) {
	s := start(t, world())
	heads := func(path string) string { return strings.Join(s.Get("all", path).Texts("thead th"), " ") }
	with, without := "State Host Site Address Services Since Output Owner", "State Host Address Services Since Output Owner"
	for path, want := range map[string]string{"/hosts": with, "/hosts?q=site:a,b": with, "/hosts?q=site:b": without, "/hosts?q=web+site%3Db&columns=site,address": "State Host Address"} {
		if got := heads(path); got != want {
			t.Errorf("%s has the columns %s", path, got)
		}
	}
	a := s.Get("all", "/hosts?q=site:b")
	if got := len(a.All("[id=b|web] td")) + len(a.All("[id=b|web] th")) - len(a.All("[id=b|web] .pin")); got != 7 {
		t.Errorf("a row has %d cells", got)
	}
	if csv := s.Get("all", "/hosts/export?format=csv&q=site:b"); !strings.Contains(csv.Body, "Site b") {
		t.Errorf("the file does not name the site: %s", csv.Body)
	}
}
