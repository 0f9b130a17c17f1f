package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/lql"
)

// TestShell: what is around every page.
func TestShell(t *testing.T) {
	w := newWorld(t, nil)
	page := bodyOf(t, w.do(call{path: "/things?sort=a", as: "anna"}))
	for _, want := range []string{
		"<title>(1234) Things · Belvedere</title>",
		`<a href="/things" data-go="t" aria-current="page">`,
		`data-counter="things" data-in-title>` + "1\u202f234",
		`<a class="skip" href="#main">`,
		`User menu, Anna &lt;b&gt;`,
		"3 sites", "2 stale", // one late, one down
		`<input type="hidden" name="next" value="/things?sort=a">`,
		`São &lt;Paulo&gt;`,
		"Secret menu",
		`<html lang="en" data-theme="auto">`,
		`role="status" aria-live="polite" id="say"`,
		"Picture incomplete:", "“São &lt;Paulo&gt;”", "refused.", "There is no data of it here.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "<Paulo>") || strings.Contains(page, "Anna <b>") {
		t.Error("names are not escaped")
	}
	page = bodyOf(t, w.do(call{path: "/things", as: "otto"}))
	if strings.Contains(page, "Secret menu") {
		t.Error("an operator sees the menu of admins")
	}
	before := ""
	for i, part := range strings.Split(page, "<button") {
		if tag, _, _ := strings.Cut(part, ">"); i > 0 && !strings.Contains(tag, `type="button"`) && !inForm(before) {
			t.Errorf("a button outside a form has no type: <button%s>", tag)
		}
		before += part
	}
}

// inForm reports whether what comes after this text lies within a form.
func inForm(before string) bool {
	return strings.Count(before, "<form") > strings.Count(before, "</form>")
}

// TestChooser: the choice of sites narrows data and counters, is kept per
// person, and lets new sites in.
func TestChooser(t *testing.T) {
	w := newWorld(t, nil)
	choose := func(as string, known, wanted []string) *http.Response {
		return w.do(call{path: "/chooser", method: "POST", as: as, body: url.Values{"known": known, "site": wanted, "next": {"/things?a=1"}}.Encode()})
	}
	chosen := func(as string) []string {
		w.t.Helper()
		page := bodyOf(t, w.do(call{path: "/things", as: as}))
		var out []string
		for _, part := range strings.Split(page, `name="site" value="`)[1:] {
			if strings.Contains(part[:strings.Index(part, ">")], "checked") {
				out = append(out, part[:strings.Index(part, `"`)])
			}
		}
		slices.Sort(out)
		return out
	}
	if got := chosen("anna"); !slices.Equal(got, []string{"fra", "gru", "wien"}) {
		t.Fatalf("at first: %v", got)
	}
	all := []string{"wien", "fra", "gru"}
	if res := choose("anna", all, []string{"wien", "gru"}); res.StatusCode != 303 || res.Header.Get("Location") != "/things?a=1" {
		t.Errorf("chosen: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if got := chosen("anna"); !slices.Equal(got, []string{"gru", "wien"}) {
		t.Errorf("after choosing: %v", got)
	}
	if got := chosen("otto"); len(got) != 3 {
		t.Errorf("somebody else's choice: %v", got)
	}
	w.engine.sites = append(w.engine.sites, site{Key: "new", Name: "New", State: "pending"})
	if got := chosen("anna"); !slices.Equal(got, []string{"gru", "new", "wien"}) {
		t.Errorf("a new site is hidden: %v", got)
	}
	// A form drawn before the new site came does not decide about it.
	choose("anna", all, all)
	if got := chosen("anna"); len(got) != 4 {
		t.Errorf("all again: %v", got)
	}
	if w.prefs.m[1][hiddenSites] != nil {
		t.Errorf("all is kept as %s", w.prefs.m[1][hiddenSites])
	}
	if res := choose("anna", all, nil); res.StatusCode != 400 {
		t.Errorf("no site at all: %d", res.StatusCode)
	}
	choose("anna", all, []string{"gru"})
	w.engine.sites = w.engine.sites[:2] // the chosen ones are gone
	if got := chosen("anna"); len(got) == 0 {
		t.Error("nothing is left to see")
	}
	w.auth.people["vera"] = auth.Person{ID: 3, Username: "vera", Role: access.RoleViewer}
	if got := chosen("vera"); len(got) != 0 {
		t.Errorf("a person without a contact sees sites: %v", got)
	}
}

func TestTree(t *testing.T) {
	var got []string
	for _, n := range tree([]site{{Key: "a", Section: "Europe/Germany"}, {Key: "b"}, {Key: "c", Section: "Europe"}, {Key: "d", Section: "Asia/Japan/Tokyo"}, {Key: "e", Section: "Europe/Germany"}}) {
		s := strings.Repeat(" ", n.Depth)
		if n.Site != nil {
			s += n.Site.Key + " in " + n.Path
		} else {
			s += n.Label + " = " + n.Path
		}
		got = append(got, s)
	}
	want := []string{"b in ", "Asia = Asia", " Japan = Asia/Japan", "  Tokyo = Asia/Japan/Tokyo", "   d in Asia/Japan/Tokyo",
		"Europe = Europe", " c in Europe", " Germany = Europe/Germany", "  a in Europe/Germany", "  e in Europe/Germany"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPreferences(t *testing.T) {
	w := newWorld(t, nil)
	set := func(as, name, value string) *http.Response {
		return w.do(call{path: "/preferences", method: "POST", as: as, body: url.Values{"name": {name}, "value": {value}, "next": {"/things"}}.Encode()})
	}
	if res := set("anna", "theme", "dark"); res.StatusCode != 303 || cookie(res, themeCookie) == nil {
		t.Errorf("theme: %d", res.StatusCode)
	}
	if page := bodyOf(t, w.do(call{path: "/things", as: "anna"})); !strings.Contains(page, `data-theme="dark"`) {
		t.Error("the theme is not kept")
	}
	if page := bodyOf(t, w.do(call{path: "/things", as: "otto"})); !strings.Contains(page, `data-theme="auto"`) {
		t.Error("the theme is somebody else's")
	}
	if page := bodyOf(t, w.do(call{path: "/login", header: map[string]string{"Cookie": themeCookie + "=dark"}})); !strings.Contains(page, `data-theme="dark"`) {
		t.Error("the sign-in page forgets the theme")
	}
	if page := bodyOf(t, w.do(call{path: "/login", header: map[string]string{"Cookie": themeCookie + `=x`}})); !strings.Contains(page, `data-theme="auto"`) {
		t.Error("any theme goes")
	}
	set("anna", "keys", "off")
	if page := bodyOf(t, w.do(call{path: "/things", as: "anna"})); !strings.Contains(page, `data-keys="off"`) {
		t.Error("single keys cannot be switched off")
	}
	for _, bad := range [][2]string{{"theme", "pink"}, {"sites.hidden", "x"}, {"", ""}} {
		if res := set("anna", bad[0], bad[1]); res.StatusCode != 400 {
			t.Errorf("%v: %d", bad, res.StatusCode)
		}
	}
	if err := w.prefs.SetPreference(t.Context(), 1, "zone", json.RawMessage(`"Asia/Tokyo"`)); err != nil {
		t.Fatal(err)
	}
	if page := bodyOf(t, w.do(call{path: "/things", as: "anna"})); page == "" {
		t.Error("no page with a time zone")
	}
}

// TestBlocks: a live update gets the blocks it names and the banner, and
// nothing when they are the same.
func TestBlocks(t *testing.T) {
	w := newWorld(t, nil)
	get := func(names, tag string) *http.Response {
		return w.do(call{path: "/things", as: "anna", header: map[string]string{blockHeader: names, "If-None-Match": tag}})
	}
	res := get("rows", "")
	body := bodyOf(t, res)
	if !strings.HasPrefix(body, `<div data-block="rows">things &amp; more</div><div data-block="-banner">`) || strings.Contains(body, "<html") {
		t.Errorf("block: %s", body)
	}
	if res.Header.Get("X-Belvedere-Title") != "Things" {
		t.Errorf("headers %v", res.Header)
	}
	tag := res.Header.Get("ETag")
	for _, sent := range []string{tag, "W/" + tag, `"x", ` + tag} {
		if res := get("rows", sent); res.StatusCode != 304 || bodyOf(t, res) != "" {
			t.Errorf("the same block again, with %s: %d", sent, res.StatusCode)
		}
	}
	if res := get("rows", `"other"`); res.StatusCode != 200 {
		t.Errorf("with another tag: %d", res.StatusCode)
	}
	if body := bodyOf(t, get("rows, bad", "")); strings.Count(body, "data-block=") != 3 {
		t.Errorf("two blocks: %s", body)
	}
	if body := bodyOf(t, get("-banner", "")); strings.Count(body, "data-block=") != 1 || !strings.Contains(body, "Picture incomplete") {
		t.Errorf("the banner alone: %s", body)
	}
	if res := get("none", ""); res.StatusCode != 404 {
		t.Errorf("a block that is not there: %d", res.StatusCode)
	}
	res = w.do(call{path: "/shell?at=%2Fthings%3Fa%3D1", as: "anna"})
	if body := bodyOf(t, res); !strings.Contains(body, `data-block="-sites"`) || !strings.Contains(body, `value="/things?a=1"`) || res.Header.Get("ETag") == "" {
		t.Errorf("the chooser: %s", body)
	}
}

func TestLacking(t *testing.T) {
	at := time.Unix(1000, 0)
	for _, tt := range []struct {
		name  string
		parts []lql.Part
		want  incomplete
		say   string
	}{
		{"none", nil, incomplete{}, ""},
		{"all there", []lql.Part{{Key: "a", Taken: at}, {Key: "b", Taken: at}}, incomplete{All: 2}, ""},
		{"one late", []lql.Part{{Key: "a", Name: "A", Taken: at, Err: "late"}, {Key: "b"}},
			incomplete{All: 2, Sites: []lackingSite{{"a", "A", "late", 1000}}}, "1 of 2 sites are late or missing."},
		{"of two queries the worse counts", []lql.Part{{Key: "a", Name: "A", Taken: at, Err: "late"}, {Key: "a", Name: "A", Missing: true, Err: "down"}},
			incomplete{All: 1, Sites: []lackingSite{{"a", "A", "down", 0}}}, "1 of 1 site is late or missing."},
		{"nothing works", []lql.Part{{Key: "a", Missing: true}, {Key: "b", Missing: true}},
			incomplete{All: 2, Sites: []lackingSite{{Key: "a"}, {Key: "b"}}}, "none of the 2 sites is up to date."},
	} {
		got := lacking(tt.parts)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if tt.say != "" && got.sentence(t.Context()) != tt.say {
			t.Errorf("%s: %q", tt.name, got.sentence(t.Context()))
		}
	}
}

// TestSay: a sentence survives one redirect and is shown once, as text.
func TestSay(t *testing.T) {
	w := newWorld(t, nil)
	res := w.do(call{path: "/act", method: "POST", as: "otto"})
	c := cookie(res, sayCookie)
	if c == nil {
		t.Fatal("nothing to say")
	}
	res = w.do(call{path: "/things", header: map[string]string{"Cookie": CookieName + "=token-otto; " + sayCookie + "=" + c.Value}})
	if body := bodyOf(t, res); !strings.Contains(body, "<strong>Done &lt;b&gt;</strong>") {
		t.Errorf("not said: %.200s", body)
	}
	if c := cookie(res, sayCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("said again and again: %+v", c)
	}
}

// TestCountersShared: people who see the same share one computation, and it is
// done again only when a table of the counter changed.
func TestCountersShared(t *testing.T) {
	w := newWorld(t, nil)
	for range 5 {
		w.do(call{path: "/things", as: "anna"})
		w.do(call{path: "/things", as: "otto"})
	}
	if n := w.engine.counted.Load(); n != 1 {
		t.Errorf("two people who see all: computed %d times", n)
	}
	if page := bodyOf(t, w.do(call{path: "/things", as: "vera"})); !strings.Contains(page, "(5) Things") {
		t.Error("a viewer with a contact gets somebody else's number")
	}
	if n := w.engine.counted.Load(); n != 2 {
		t.Errorf("computed %d times", n)
	}
}

func TestWantsJSON(t *testing.T) {
	for _, tt := range []struct {
		url, accept string
		want        bool
	}{
		{"/", "", false}, {"/", "text/html,application/json;q=0.9", false}, {"/", "application/json", true},
		{"/?format=json", "text/html", true}, {"/?format=html", "application/json", false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", tt.accept)
		if got := WantsJSON(r); got != tt.want {
			t.Errorf("%s with %q: %t", tt.url, tt.accept, got)
		}
	}
}
