package recurring

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, on machines without them

	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/recur"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// nowhere is no core: orders stay where they are.
type nowhere struct{}

func (nowhere) Send(context.Context, string, lql.Command) error { return nil }
func (nowhere) Implementation(string) (schema.Cores, bool)      { return schema.Naemon, true }
func (nowhere) Ask(context.Context, string, *lql.Query) (*lql.Result, error) {
	return &lql.Result{}, nil
}

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(a *auth.Service, d *db.DB) []web.Feature {
		desk := command.New(command.Options{Store: d, Engine: w, Sites: nowhere{}, Hub: live.NewHub(), Policy: command.DefaultPolicy()})
		rules := recur.New(recur.Options{Store: d, Desk: desk, Engine: w, People: a})
		return []web.Feature{Feature(Options{Rules: rules})}
	})
}

func world() *webtest.World {
	host := func(site, name string, contacts ...string) webtest.Row {
		return webtest.Row{"peer_key": site, "peer_name": "Site " + site, "name": name, "contacts": contacts, "groups": []string{"linux"}}
	}
	service := func(site, name, service string, contacts ...string) webtest.Row {
		return webtest.Row{"peer_key": site, "peer_name": "Site " + site, "host_name": name, "description": service, "contacts": contacts, "host_groups": []string{"linux"}}
	}
	now := time.Now()
	down := func(host, text string, from, to time.Duration, contacts ...string) webtest.Row {
		return webtest.Row{"id": 1, "peer_key": "a", "host_name": host, "author": "tom", "comment": text, "start_time": now.Add(from), "end_time": now.Add(to), "entry_time": now, "contacts": contacts}
	}
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Fresh("b")},
		Tables: map[string][]webtest.Row{
			"sites":     {{"key": "a", "name": "Site a"}, {"key": "b", "name": "Site b"}},
			"hosts":     {host("a", "web", "anna"), host("a", "db"), host("b", "web")},
			"services":  {service("a", "web", "HTTP", "anna"), service("a", "db", "SQL"), service("b", "web", "HTTP")},
			"downtimes": {down("web", "reboot "+webtest.Hostile, -time.Hour, time.Hour, "anna"), down("db", "secret move", time.Minute, 2*time.Minute)},
		},
	}
}

// fields are those of a good form, with some changed.
func fields(changed ...string) []string {
	v := map[string]string{"name": "Patch night", "scope": "host", "site": "a", "host": "web", "reach": "both", "kind": "weekly", "days": "2", "at": "22:00",
		"lasts": "2h", "zone": "Europe/Berlin", "text": "patching", "lead": "1d"}
	for i := 0; i+1 < len(changed); i += 2 {
		v[changed[i]] = changed[i+1]
	}
	var out []string
	for k, x := range v {
		out = append(out, k, x)
	}
	return out
}

func TestMakeChangeDelete(t *testing.T) {
	s := start(t, world())
	if got := webtest.Text(s.Get("root", "/recurring").One(".empty h2")); got != "No downtime comes again by itself yet" {
		t.Errorf("without rules the page says %q", got)
	}
	a := s.Post("root", "/recurring", fields("except", "2026-12-24..2027-01-02\r\n12-25")...)
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/recurring/1" {
		t.Fatalf("status %d, to %q: %s", a.Status, a.Header.Get("Location"), a.Texts(".err"))
	}
	one := s.Get("root", "/recurring/1")
	if got := one.Texts("dl dd"); !slices.Contains(got, "host web and all its services, Site a") || !slices.Contains(got, "every Tuesday at 22:00") || !slices.Contains(got, "2026-12-24..2027-01-02, 12-25") {
		t.Errorf("the rule reads %q", got)
	}
	if n := len(one.All(".nexts tbody tr")); n != 10 {
		t.Errorf("%d of the next ten", n)
	}
	if got := s.Get("root", "/recurring").Texts("tbody th"); !slices.Equal(got, []string{"Patch night"}) {
		t.Errorf("the list has %q", got)
	}
	form := s.Get("root", "/recurring/1/edit")
	if v := webtest.Attr(form.One("input[name=lasts]"), "value"); v != "2h" {
		t.Errorf("the form has %q", v)
	}
	if a := s.Post("root", "/recurring/1", fields("lasts", "90m", "name", "Longer <night>")...); a.Status != http.StatusSeeOther {
		t.Fatalf("changing: %d %q", a.Status, a.Texts(".err"))
	}
	if got := s.Get("root", "/recurring/1").Texts("dl dd"); !slices.Contains(got, "1 h 30 m") {
		t.Errorf("it reads %q", got)
	}
	s.Post("root", "/recurring/1/pause")
	if got := s.Get("root", "/recurring/1").Texts(".banner b"); !slices.Equal(got, []string{"paused"}) {
		t.Errorf("a paused rule says %q", got)
	}
	s.Post("root", "/recurring/1/resume")
	if a := s.Get("root", "/recurring/1/delete"); a.Status != http.StatusOK || len(a.All("form[action=/recurring/1/delete]")) != 1 {
		t.Errorf("the question before deleting: %d", a.Status)
	}
	if a := s.Post("root", "/recurring/1/delete", "cancel", "0"); a.Status != http.StatusSeeOther {
		t.Errorf("deleting: %d", a.Status)
	}
	if a := s.Get("root", "/recurring/1"); a.Status != http.StatusNotFound {
		t.Errorf("a deleted rule: %d", a.Status)
	}
	if a := s.Post("root", "/recurring/1/explode"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown action: %d", a.Status)
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if a := s.Post("root", "/recurring", fields("host", "db")...); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	for user, want := range map[string]int{"all": http.StatusOK, "anna": http.StatusNotFound, "nobody": http.StatusNotFound} {
		if a := s.Get(user, "/recurring/1"); a.Status != want {
			t.Errorf("%s: %d, want %d", user, a.Status, want)
		}
	}
	for _, user := range []string{"anna", "nobody"} {
		if a := s.Get(user, "/recurring"); len(a.All("tbody tr")) != 0 || strings.Contains(a.Body, "Patch night") {
			t.Errorf("%s sees a rule", user)
		}
	}
	for _, path := range []string{"/recurring/1/pause", "/recurring/1/delete"} {
		if a := s.Post("all", path); a.Status != http.StatusForbidden {
			t.Errorf("a viewer at %s: %d", path, a.Status)
		}
	}
	if a := s.Get("all", "/recurring/1/edit"); a.Status != http.StatusForbidden {
		t.Errorf("a viewer edits: %d", a.Status)
	}
	a := s.Post("anna", "/recurring", fields()...)
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(webtest.Text(a.One("form.rec .help")), "You may not set this downtime") {
		t.Errorf("who may give no orders makes a rule: %d", a.Status)
	}
	a = s.Post("anna", "/recurring", fields("host", "db")...)
	if got := webtest.Text(a.One("form.rec .help")); a.Status != http.StatusUnprocessableEntity || !strings.Contains(got, "It matches nothing that you see") {
		t.Errorf("what is not seen is told from what is not there: %d %q", a.Status, got)
	}
}

func TestExport(t *testing.T) {
	s := start(t, world())
	if a := s.Get("root", "/recurring"); strings.Contains(a.Body, "/recurring/all/export?") {
		t.Error("a list without rules offers files")
	}
	if a := s.Post("root", "/recurring", fields("name", "=Patch night")...); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	if a := s.Get("root", "/recurring"); !strings.Contains(a.Body, "/recurring/all/export?format=xlsx") {
		t.Error("the list offers no files")
	}
	file := s.Get("root", "/recurring/all/export?format=json").Body
	for _, want := range []string{`"rule":"=Patch night"`, `"for":"host web and all its services, Site a"`, `"when":"every Tuesday at 22:00","lasts":"2 h"`, `"zone":"Europe/Berlin"`, `"next":"20`, `"comment":"patching"`} {
		if !strings.Contains(file, want) {
			t.Errorf("the file lacks %s: %s", want, file)
		}
	}
	if csv := s.Get("root", "/recurring/all/export?format=csv").Body; !strings.Contains(csv, "'=Patch night,") {
		t.Errorf("a formula in the file: %s", csv)
	}
	if hers := s.Get("anna", "/recurring/all/export?format=json").Body; strings.Contains(hers, "Patch") {
		t.Errorf("who does not see the rule gets %s", hers)
	}
	if a := s.Get("root", "/recurring/all/copy?as=curl"); !strings.Contains(a.Body, "/recurring/all/export?format=json") {
		t.Error("no command to copy")
	}
}

func TestForm(t *testing.T) {
	s := start(t, world())
	for _, tt := range []struct{ name, field, value, want string }{
		{"name", "name", "", "Give the rule a name."},
		{"lasts", "lasts", "soon", "This is no length of time"},
		{"zone", "zone", "Mars/Base", "There is no such time zone."},
		{"at", "at", "26:00", "The time of day is not one."},
		{"host", "host", "", "The host is not named."},
		{"from", "from", "tomorrow", "The first day is not a date."},
		{"except", "except", "Christmas", "A day to leave out is not a date."},
		{"text", "text", "", "The comment is empty."},
	} {
		a := s.Post("root", "/recurring", fields(tt.field, tt.value)...)
		if got := strings.Join(a.Texts("form.rec .err"), " "); a.Status != http.StatusUnprocessableEntity || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %d %q", tt.name, a.Status, got)
		}
		if n := len(a.All("[aria-invalid=true]")); n != 1 {
			t.Errorf("%s: %d fields are marked", tt.name, n)
		}
	}
	a := s.Post("root", "/recurring", fields("scope", "filter", "filter", "hots:web")...)
	if got := a.Texts("form.rec .err"); !slices.Contains(got, "There is no field hots:web.") && !slices.Contains(got, "There is no field hots.") {
		t.Errorf("a wrong filter: %q", got)
	}
	a = s.Post("root", "/recurring", fields("host", "nosuch")...)
	if a.Status != http.StatusUnprocessableEntity || len(a.All("input[name=anyway]")) != 1 {
		t.Errorf("a rule for nothing: %d", a.Status)
	}
	if a := s.Post("root", "/recurring", fields("host", "nosuch", "anyway", "1")...); a.Status != http.StatusSeeOther {
		t.Errorf("kept anyway: %d", a.Status)
	}
}

func TestPreview(t *testing.T) {
	s := start(t, world())
	a := s.PostWith("root", "/recurring/preview", []string{"X-Belvedere-Block", "preview"}, fields("scope", "filter", "filter", "hostgroup:linux")...)
	text := webtest.Text(a.One("[data-block=preview]"))
	if a.Status != http.StatusOK || len(a.All("form")) != 0 || !strings.Contains(text, "Matches now: 3 hosts, 3 services") || !strings.Contains(text, "Every Tuesday at 22:00, 2 h, Europe/Berlin") {
		t.Errorf("preview %d %q", a.Status, text)
	}
	a = s.PostWith("root", "/recurring/preview", []string{"X-Belvedere-Block", "preview"}, fields("kind", "cron", "cron", "30 2 * 3 0", "zone", "Europe/Berlin", "name", "", "text", "")...)
	if got := strings.Join(a.Texts(".warn-note"), " "); !strings.Contains(got, "Clocks are set forward: there is no 02:30, it begins at 03:30.") {
		t.Errorf("the night of the change is explained as %q", got)
	}
	a = s.PostWith("root", "/recurring/preview", []string{"X-Belvedere-Block", "preview"}, fields("kind", "rrule", "rrule", "FREQ=SOMETIMES")...)
	if got := webtest.Text(a.One("[data-block=preview]")); !strings.Contains(got, "This is not an RRULE") {
		t.Errorf("a wrong RRULE is shown as %q", got)
	}
	a = s.Post("root", "/recurring/preview", fields("host", "web")...) // without scripts
	if got := webtest.Text(a.One("[data-block=preview]")); a.Status != http.StatusOK || len(a.All("form.rec")) != 1 || !strings.Contains(got, "1 host, 1 service") {
		t.Errorf("the form with its preview: %d %q", a.Status, got)
	}
	a = s.Get("root", "/recurring/new?"+url.Values{"scope": {"service"}, "site": {"a"}, "host": {"web"}, "service": {"HTTP"}}.Encode())
	if got := webtest.Text(a.One("[data-block=preview]")); !strings.Contains(got, "Service HTTP of web, Site a") {
		t.Errorf("a link proposes %q", got)
	}
}

func TestCalendarPage(t *testing.T) {
	s := start(t, world())
	if a := s.Post("root", "/recurring", fields("kind", "daily", "zone", "UTC")...); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	for _, view := range []string{"month", "week"} {
		a := s.Get("root", "/downtimes/calendar?view="+view)
		text := strings.Join(a.Texts(".cal ul b"), "|")
		if a.Status != http.StatusOK || !strings.Contains(text, "Patch night") || !strings.Contains(text, "secret move") || len(a.All(".cal > li.today"))+len(a.All(".cal li.today")) == 0 {
			t.Errorf("%s: %d %q", view, a.Status, text)
		}
		if n := len(a.All("main script")); n != 0 {
			t.Errorf("%d elements came from a core", n)
		}
	}
	a := s.Get("root", "/downtimes/calendar?view=month&at=2026-02-10")
	if n := len(a.All(".cal [id]")); n != 35 || !strings.Contains(a.Body, "February 2026") {
		t.Errorf("February 2026 has %d days", n)
	}
	if got := a.Texts(".cal-days span")[0]; got != "Monday" {
		t.Errorf("weeks begin with %q", got)
	}
	if a := s.Post("root", "/preferences", "name", "week", "value", "sunday"); a.Status >= http.StatusBadRequest {
		t.Fatal(a.Status, a.Body)
	}
	for path, want := range map[string]string{"?view=month&at=2026-02-10": "day|2026-02-01", "?view=week&at=2026-02-10": "day|2026-02-08", "?view=week&at=2026-02-08": "day|2026-02-08"} {
		a := s.Get("root", "/downtimes/calendar"+path)
		if got, id := a.Texts(".cal-days span")[0], webtest.Attr(a.All(".cal [id]")[0], "id"); got != "Sunday" || id != want {
			t.Errorf("%s begins with %q, %q, want %q", path, got, id, want)
		}
	}
	got := strings.Join(s.Get("anna", "/downtimes/calendar").Texts(".cal ul b"), "|")
	if !strings.Contains(got, "reboot") || strings.Contains(got, "secret move") || strings.Contains(got, "Patch night") {
		t.Errorf("anna sees %q", got)
	}
	for _, path := range []string{"?view=year", "?at=yesterday"} {
		if a := s.Get("root", "/downtimes/calendar"+path); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestLengths(t *testing.T) {
	for text, want := range map[string]int64{"90m": 5400, "2h": 7200, "1d 12h": 129600, "1h30m": 5400, " 4H ": 14400} {
		if got, ok := parseLength(text); !ok || got != want {
			t.Errorf("%q is %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "h", "90", "1x", "-2h", "2h soon", "99999999h"} {
		if got, ok := parseLength(text); ok {
			t.Errorf("%q is %d", text, got)
		}
	}
	if got := lengthText(90 * 60); got != "1h30m" {
		t.Errorf("lengthText: %q", got)
	}
}

// TestSigns: each way in which a rule can stand has its own words.
func TestSigns(t *testing.T) {
	r := recur.Rule{Rule: db.Rule{AuthorName: "eva"}}
	seen := map[string]bool{}
	checked := recur.Status{Checked: time.Now()}
	for _, change := range []func(*recur.Status){
		func(*recur.Status) {}, func(s *recur.Status) { s.Problem = recur.Gone }, func(s *recur.Status) { s.Problem = recur.Denied },
		func(s *recur.Status) { s.Problem = recur.TooMany }, func(s *recur.Status) { s.Problem = recur.Stuck }, func(s *recur.Status) { s.Problem = recur.Nothing },
		func(s *recur.Status) { s.Failed = 2 }, func(s *recur.Status) { s.Waiting = []string{"Site b"} }, func(s *recur.Status) { s.Refused = 1 }, func(s *recur.Status) { s.Checked = time.Time{} },
	} {
		st := checked
		change(&st)
		sg := signOf(t.Context(), r, st)
		if sg.text == "" || seen[sg.text] || sg.class == "crit" && sg.note == "" {
			t.Errorf("%+v has the sign %+v", st, sg)
		}
		seen[sg.text] = true
	}
}
