package configuration

import (
	"net/http"
	"net/url"
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

func row(site, name string, more cols) webtest.Row {
	r := cols{"peer_key": site, "peer_name": "Site " + site, "name": name}
	for k, v := range more {
		r[k] = v
	}
	return r
}

// world: anna is a contact of web and in the group net; eve is everything else.
// What may be seen is the Querier's to say: rows that name anna.
func world() *webtest.World {
	anna := []string{"anna"}
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"contacts": {
				row("a", "anna", cols{"contacts": anna, "alias": "Anna A.", "email": "anna@example.org", "host_notifications_enabled": 1, "host_notification_period": "work", "in_host_notification_period": 1,
					"host_notification_commands": []string{"notify-mail"}, "custom_variables": [][2]string{{"DESK", "4"}, {"API_TOKEN", "s3cret"}}}),
				row("a", "eve", cols{"email": "eve@example.org"}),
			},
			"contactgroups": {row("a", "net", cols{"contacts": anna, "members": []string{"anna"}}), row("a", "admins", cols{"members": []string{"eve"}})},
			"commands":      {row("a", "check_http", cols{"line": "$USER1$/check_http -a hunter2"})},
			"timeperiods": {row("a", "work", cols{"contacts": anna, "in": 1, "alias": "Office hours", "exclusions": []string{"holidays"},
				"exceptions_calendar_dates": []string{`{"date":"2026-12-24"}`}, "days": [][]any{{}, {int64(32400), int64(43200), int64(46800), int64(61200)}, {}, {}, {}, {}, {int64(0), int64(86400)}}}),
				row("a", "plain", nil)},
			"hosts": {
				webtest.Host("a", "web", cols{"contacts": anna, "contact_groups": []string{"net"}, "check_command": "check_http!-a!x", "check_period": "work"}),
				webtest.Host("a", "db", cols{"contacts": []string{"eve"}, "check_command": "check_http_slow", "notification_period": "work"}),
			},
			"services": {webtest.Service("a", "web", "HTTP", cols{"contacts": anna, "check_command": "check_http", "check_period": "work"})},
		},
	}
}

func TestLists(t *testing.T) {
	s := start(t, world())
	for kind, want := range map[string][]string{
		"contacts": {"anna", "eve"}, "contactgroups": {"admins", "net"}, "commands": {"check_http"}, "timeperiods": {"plain", "work"},
		"hosts": {"db", "web"}, "services": {"web / HTTP"},
	} {
		a := s.Get("all", "/config/"+kind)
		if got := a.Texts("main tbody th a"); a.Status != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("%s: status %d, %q", kind, a.Status, got)
		}
		if n := len(a.All(".tabs a")); n != 6 {
			t.Errorf("%s: %d tabs", kind, n)
		}
		if a := s.Get("all", "/config/"+kind, "X-Belvedere-Block", "list"); a.Status != http.StatusOK || len(a.All("tbody tr")) != len(want) {
			t.Errorf("%s: the block has status %d", kind, a.Status)
		}
	}
	if got := s.Get("all", "/config/contacts?q=eve%40").Texts("main tbody th a"); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("search finds %q", got)
	}
	if a := s.Get("all", "/config"); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/config/contacts" {
		t.Errorf("/config: status %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := s.Get("all", "/config/contacts?sort=x"); a.Status != http.StatusBadRequest {
		t.Errorf("a bad parameter gets %d", a.Status)
	}
}

func TestContact(t *testing.T) {
	a := start(t, world()).Get("all", "/config/contacts/a/anna")
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"Anna A.", "anna@example.org", "in work now", "by notify-mail", "_DESK 4", "_API_TOKEN hidden", "net", "Site a", "Hosts 1", "Services 1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if strings.Contains(a.Body, "s3cret") {
		t.Error("the page says a secret")
	}
	for _, l := range a.All("[aria-labelledby=h-users] a") {
		u, err := url.Parse(webtest.Attr(l, "href"))
		if err != nil || !strings.HasPrefix(u.Path, "/config/") || u.Query().Get("q") != "site=a contact=anna" {
			t.Errorf("the number leads to %q", webtest.Attr(l, "href"))
		}
	}
}

// TestNumbersAreProven: the lists behind the numbers have as many rows.
func TestNumbersAreProven(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string][2]string{
		"/config/contacts/a/anna": {"1", "1"}, "/config/contactgroups/a/net": {"1", "0"},
		"/config/commands/a/check_http": {"1", "1"}, "/config/timeperiods/a/work": {"2", "1"},
	} {
		for i, l := range s.Get("all", path).All("[aria-labelledby=h-users] a") {
			if got := webtest.Text(l); got != want[i] {
				t.Errorf("%s: %s, want %s", path, got, want[i])
			}
			rows := len(s.Get("all", webtest.Attr(l, "href")).All("main tbody tr"))
			if got := webtest.Text(l); got != string(rune('0'+rows)) {
				t.Errorf("%s says %s, its list has %d rows", path, got, rows)
			}
		}
	}
}

func TestCommandLines(t *testing.T) {
	s := start(t, world())
	for _, path := range []string{"/config/commands", "/config/commands/a/check_http"} {
		if a := s.Get("root", path); !strings.Contains(a.Body, "hunter2") {
			t.Errorf("%s: who may see command lines does not", path)
		}
	}
	a := s.Get("all", "/config/commands/a/check_http")
	if strings.Contains(a.Body, "hunter2") || !strings.Contains(webtest.Text(a.One("main")), "Command lines can hold secrets") {
		t.Error("a command line is shown, or it is not said why not")
	}
}

func TestPeriod(t *testing.T) {
	s := start(t, world())
	page := webtest.Text(s.Get("all", "/config/timeperiods/a/work").One("main"))
	for _, want := range []string{"Office hours", "now", "Sunday not at all", "Monday 09:00 – 12:00, 13:00 – 17:00", "Saturday 00:00 – 24:00", "Without holidays", "2026-12-24"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
	if page := webtest.Text(s.Get("all", "/config/timeperiods/a/plain").One("main")); !strings.Contains(page, "does not tell which times") {
		t.Error("a core that tells no times is not excused")
	}
}

// TestRights: who does not see everything sees what the Querier gives them, and
// what is hidden looks like what is not there.
func TestRights(t *testing.T) {
	s := start(t, world())
	for path, want := range map[string][]string{
		"/config/contacts": {"anna"}, "/config/contactgroups": {"net"}, "/config/commands": nil, "/config/timeperiods": {"work"}, "/config/hosts": {"web"},
	} {
		a := s.Get("anna", path)
		if got := a.Texts("main tbody th a"); !slices.Equal(got, want) {
			t.Errorf("%s shows anna %q", path, got)
		}
		for _, not := range []string{"eve@", "admins", "hunter2", "check_http_slow"} {
			if strings.Contains(a.Body, not) {
				t.Errorf("%s tells anna of %s", path, not)
			}
		}
	}
	if got := webtest.Text(s.Get("anna", "/config/timeperiods/a/work").One("[aria-labelledby=h-users]")); !strings.Contains(got, "Hosts 1") {
		t.Errorf("anna's period is used by %q", got)
	}
	said := func(path, name string) string {
		a := s.Get("anna", path+name)
		if a.Status != http.StatusNotFound {
			t.Errorf("%s%s: status %d", path, name, a.Status)
		}
		text, _, _ := strings.Cut(webtest.Text(a.One("main .empty")), "Reference")
		return strings.ReplaceAll(text, name, "NAME")
	}
	if hidden, missing := said("/config/contacts/a/", "eve"), said("/config/contacts/a/", "nosuch"); hidden != missing {
		t.Errorf("hidden %q, missing %q", hidden, missing)
	}
	said("/config/commands/a/", "check_http")
}

func TestHostileTexts(t *testing.T) {
	h := webtest.Hostile
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"contacts":    {row("a", h, cols{"alias": h, "email": h, "pager": h, "custom_variables": [][2]string{{h, h}}, "host_notifications_enabled": 1, "host_notification_period": h})},
		"timeperiods": {row("a", h, cols{"alias": h, "exclusions": []string{h}, "exceptions_week_day": []string{h}})},
		"commands":    {row("a", h, cols{"line": h})},
	}}
	s := start(t, w)
	for _, kind := range []string{"contacts", "timeperiods", "commands"} {
		for _, path := range []string{"/config/" + kind, "/config/" + kind + "/a/" + url.PathEscape(h)} {
			a := s.Get("root", path)
			if a.Status != http.StatusOK || len(a.All("main script"))+len(a.All("main img")) != 0 || strings.ContainsRune(webtest.Text(a.One("main")), '\u202e') {
				t.Errorf("%s: status %d", path, a.Status)
			}
		}
	}
}
