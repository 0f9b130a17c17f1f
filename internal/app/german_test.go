package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/config"
	"belvedere/internal/lql"
	"belvedere/internal/web/list"
	"belvedere/internal/web/webtest"
)

// verbatim finds what is written so in every language: words that are allowed,
// and names of parameters at the start.
var verbatim = regexp.MustCompile(`(eines von|drei von|Wörter) .*?( sein|, mit|stehen|, eine)|^[a-z]+ `)

// english finds words that German sentences do not have.
var english = regexp.MustCompile(`(?i)\b(the|is|are|must|not|and|cannot|there|this|which|from|have|names?|choose|leave|use|go|at most|give)\b`)

// TestErrorsInGerman asks wrong things of every room, by addresses and forms:
// the answers are German, whole sentences of another kind than in English.
func TestErrorsInGerman(t *testing.T) {
	a := start(t, config.Config{}, smallDemo)
	c := client(t)
	signIn(t, c, a.url, "demo", "demo")
	eventually(t, "sites", func() bool { _, body := get(t, c, a.url+"/readyz"); return strings.Contains(body, "ok") })
	place := (&list.Cursor{Place: lql.Place{"x", "y"}}).String()
	long := strings.Repeat("x", 5000)
	for _, path := range []string{
		"/nope", "/hosts?sort=nosuch", "/hosts?limit=0", "/hosts?offset=x", "/hosts?after=x", "/hosts?columns=nosuch", "/hosts?density=x", "/hosts/copy?as=x", "/hosts/export?q=state:x", "/hosts/export?q=age>x", "/hosts/export?q=nosuch:1", "/hosts/export?q=" + long, "/hosts/export?q=output~%5B", "/hosts?sort=groups&after=" + place, "/hosts?sort=name&before=" + place + "&after=" + place,
		"/services?sort=x", "/services/export?q=%22", "/services/export?q=(", "/services/export?q=a)", "/services/export?q=a+or", "/services/export?q=latency>x", "/services/export?q=last_check>x", "/services/export?q=state:",
		"/problems?view=x", "/problems?group=x", "/problems?sort=x", "/problems?soft=2", "/problems?limit=x", "/problems?offset=-1", "/problems?below=x", "/problems?after=x",
		"/problems?" + strings.Repeat("open=a&", 60), "/groups?kind=x", "/groups?view=x", "/groups?sort=x", "/groups?from=x", "/groups?problems=2", "/groups/export?q=state:x",
		"/hostgroup/nosuch", "/servicegroup/nosuch", "/host/nosuch/nosuch", "/service/nosuch/x/y", "/outages?sort=x", "/outages/copy?as=x", "/map?host=x", "/map?view=x", "/map?levels=9", "/map?site=x&host=y",
		"/downtimes?sort=x", "/comments?sort=x", "/processes/nosuch", "/config/hosts?sort=x", "/config/contacts/nosuch/x", "/config/nosuch",
		"/search?q=" + long, "/complete?text=a&tables=nosuch", "/complete?text=" + long + "&tables=hosts", "/complete?text=a&tables=hosts&at=9", "/complete?text=a&tables=hosts&limit=99",
		"/audit?before=x", "/hosts/export?format=pdf", "/thruk/cgi-bin/nosuch.cgi", "/sites/nosuch/edit", "/people/999/edit", "/views/999/edit", "/orders?before=x", "/orders/999", "/people?wall=1", "/hosts?wall=1&embed=1", "/hosts?embed=1", "/profile?wall=1",
	} {
		inGerman(t, c, http.MethodGet, a.url+path, nil)
	}
	for _, f := range []struct {
		path string
		form url.Values
	}{
		{"/sites", url.Values{"name": {""}}}, {"/sites", url.Values{"name": {"X"}}}, {"/sites", url.Values{"name": {"X"}, "addresses": {"ftp://x"}}},
		{"/sites", url.Values{"name": {"X"}, "addresses": {"tcp://h:1"}, "interval": {"1ms"}}}, {"/sites", url.Values{"name": {"X"}, "addresses": {"tcp://h:1"}, "section": {"a//b"}}},
		{"/sites/nosuch/remove", nil}, {"/people", url.Values{"username": {""}}}, {"/people", url.Values{"username": {"a b"}, "password": {"x"}}}, {"/people", url.Values{"username": {"anna"}, "password": {"x"}, "role": {"king"}}},
		{"/views", url.Values{"name": {""}}}, {"/choose", nil}, {"/sites/choose", nil},
		{"/profile/password", url.Values{"old": {"x"}, "new": {"y"}}}, {"/profile", url.Values{"zone": {"Mars"}}}, {"/prefs", url.Values{"name": {"x"}}}, {"/hosts/columns", url.Values{"density": {"x"}}}, {"/act/x", nil}, {"/act/ack", nil}, {"/orders/999/undo", nil}, {"/nope", nil},
	} {
		inGerman(t, c, http.MethodPost, a.url+f.path, f.form)
	}
}

// inGerman asks for the same in both languages. What is no error is not looked
// at.
func inGerman(t *testing.T, c *http.Client, method, address string, form url.Values) {
	t.Helper()
	said := map[string][2]string{}
	for _, language := range []string{"en", "de"} {
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", language)
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Error, Hint string }
		if json.Unmarshal(body, &e) != nil { // a page
			page := webtest.Parse(t, string(body))
			e.Error, e.Hint = strings.Join(slices.Concat(page.Texts("main h1"), page.Texts("main .err")), "; "), strings.Join(page.Texts("main .empty p"), "; ")
		}
		if res.StatusCode < 400 || e.Error == "" {
			t.Errorf("%s %.100s: status %d, no error: %.200s", method, address, res.StatusCode, body)
			return
		}
		said[language] = [2]string{e.Error, e.Hint}
	}
	for i, de := range said["de"] {
		if en := said["en"][i]; en != "" && (en == de || english.MatchString(verbatim.ReplaceAllString(de, ""))) {
			t.Errorf("%s %.100s says %q, in English %q", method, strings.TrimPrefix(address, "http://"), de, en)
		}
	}
}
