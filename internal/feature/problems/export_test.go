package problems

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/web/webtest"
)

// inFile returns the rows of a file in JSON as the page names them.
func inFile(t *testing.T, a webtest.Answer) (names []string, rows []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), &rows); err != nil {
		t.Fatalf("status %d, %v: %s", a.Status, err, a.Body)
	}
	for _, r := range rows {
		name := url.PathEscape(r["host_name"].(string))
		if d := r["description"].(string); d != "" {
			name += "/" + url.PathEscape(d)
		}
		names = append(names, name)
	}
	return names, rows
}

// TestFiles: a file holds what the page shows, in its order, for everybody what
// they may see, and what is folded on the page too.
func TestFiles(t *testing.T) {
	s := start(t, world())
	for _, query := range []string{"", "?view=all", "?view=acknowledged", "?view=downtime", "?view=suppressed", "?view=unhandled&soft=1&group=none", "?view=all&group=host",
		"?group=service", "?group=site&sort=host", "?view=all&group=none&sort=-since", "?q=Disk", "?q=site:b&view=all", "?view=suppressed&below=a%7Cswitch", "?view=mine"} {
		for _, user := range []string{"all", "anna", "nobody"} {
			page := shown(s.Get(user, "/problems"+query))
			names, _ := inFile(t, s.Get(user, "/problems/export?"+strings.TrimPrefix(query+"&format=json&limit=1", "?")))
			if !slices.Equal(names, page) {
				t.Errorf("%s of %q: the file holds %q, the page shows %q", query, user, names, page)
			}
		}
	}
	if names, _ := inFile(t, s.Get("all", "/problems/export?format=json")); len(names) != 5 {
		t.Errorf("the file of what needs someone holds %q", names)
	}
	a := s.Get("all", "/problems/export?format=json&view=all&group=none")
	_, rows := inFile(t, a)
	at := slices.IndexFunc(rows, func(r map[string]any) bool { return r["host_name"] == "switch" })
	if at < 0 || rows[at]["state"] != "DOWN" || rows[at]["peer_name"] != "Site a" || rows[at]["plugin_output"] != "100% loss" || rows[at]["hidden_hosts"] != 1.0 || rows[at]["hidden_services"] != 3.0 {
		t.Errorf("the switch: %v", rows)
	}
	at = slices.IndexFunc(rows, func(r map[string]any) bool { return r["host_name"] == "acked" })
	if at < 0 || rows[at]["acknowledged"] != true || rows[at]["in_downtime"] != false || rows[at]["owner"] != "eva" || rows[at]["owner_note"] != "on it" {
		t.Errorf("what eva has: %v", rows)
	}
	if _, rows := inFile(t, s.Get("all", "/problems/export?format=json&view=suppressed")); len(rows) == 0 || rows[0]["because_of"] != "switch DOWN" || rows[0]["group"] != "Behind switch" {
		t.Errorf("what the switch hides: %v", rows)
	}
}

// TestFoldedInFiles: rows of the same check that are folded on the page are in
// the file.
func TestFoldedInFiles(t *testing.T) {
	w := world()
	for _, host := range []string{"s1", "s2", "s3", "s4", "s5"} {
		w.Tables["services"] = append(w.Tables["services"], webtest.Service("a", host, "Backup", cols{"state": 2, "last_state_change": 1_700_000_000, "plugin_output": "=cmd()"}))
	}
	s := start(t, w)
	a := s.Get("all", "/problems/export?q=Backup")
	rows, err := csv.NewReader(strings.NewReader(a.Body)).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d lines, %v: %s", len(rows), err, a.Body)
	}
	head := rows[0]
	for _, r := range rows[1:] {
		if r[slices.Index(head, "Group")] != "Backup" || r[slices.Index(head, "Output")] != "'=cmd()" {
			t.Errorf("a line is %q", r)
		}
	}
	if got := shown(s.Get("all", "/problems?q=Backup")); len(got) != 2 {
		t.Errorf("the page folds them to %q", got)
	}
}

// TestOffer: what the page can be had as keeps its filter, and wrong addresses
// are refused as the page refuses them.
func TestOffer(t *testing.T) {
	s := start(t, world())
	page := s.Get("all", "/problems?view=all&q=fine&limit=1&offset=1")
	links := page.All(".ph .end .pop a[href]")
	var files []string
	for _, l := range links {
		if href := webtest.Attr(l, "href"); strings.HasPrefix(href, "/problems/") {
			files = append(files, href)
		}
	}
	if len(files) != 6 {
		t.Fatalf("offered: %q", files)
	}
	for _, href := range files {
		if a := s.Get("all", href); a.Status != http.StatusOK || !strings.Contains(href, "q=fine") || strings.Contains(href, "offset") || !strings.Contains(href, "view=all") {
			t.Errorf("%s: %d", href, a.Status)
		}
	}
	if a := s.Get("anna", "/problems/copy?as=text&view=all", "Accept", "text/plain"); !strings.Contains(a.Body, "Disk") || strings.Contains(a.Body, "switch") || strings.Contains(a.Body, "Web") {
		t.Errorf("anna copies %s", a.Body)
	}
	for _, path := range []string{"/problems/export?format=pdf", "/problems/export?q=is:x", "/problems/copy?as=livestatus", "/problems/export?view=x"} {
		if a := s.Get("all", path); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}
