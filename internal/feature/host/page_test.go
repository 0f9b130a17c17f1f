package host

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

type cols = webtest.Row

func start(t *testing.T, w *webtest.World) *webtest.Site {
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature(Options{})} })
}

// world has a switch that is down with everything a core can say about it, its
// parents and children, and a host of its name on another site.
func world() *webtest.World {
	soon := time.Now().Add(time.Hour).Unix()
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Stale("b")},
		Tables: map[string][]webtest.Row{
			"hosts": {
				webtest.Host("a", "sw/1 Süd", cols{
					"alias": "Hall 1", "state": 1, "contacts": []string{"anna", "net"}, "contact_groups": []string{"network"}, "groups": []string{"switches"},
					"parents": []string{"core"}, "childs": []string{"ap", "gone"}, "plugin_output": "100% loss, see https://wiki.example.org/x",
					"long_plugin_output": `line two\nline three`, "perf_data": "rta=0.5ms;100;500;0; pl=100%;20;60",
					"check_command": "check_icmp!-w 200!secret", "check_command_expanded": "/usr/lib/check_icmp -w 200 secret",
					"custom_variables":   [][2]string{{"RACK", "R07"}, {"SNMP_COMMUNITY", "s3cret"}},
					"notes_url_expanded": "https://wiki.example.org/sw1", "action_url_expanded": "javascript:alert(1)",
					"current_notification_number": 2, "last_notification": time.Now().Add(-time.Minute), "is_flapping": 1, "notifications_enabled": 0,
					"check_source": "worker 7", "execution_time": 0.031, "latency": 0.002,
					"comments_with_info":  [][]any{{int64(7), "eva", "on my way", int64(1700000000), int64(1), int64(0), int64(0)}},
					"downtimes_with_info": [][]any{{int64(8), "jan", "firmware", int64(1700000000), soon, soon + 60, int64(1), int64(60), int64(0)}},
				}),
				webtest.Host("a", "core", cols{"parents": []string{"router"}}),
				webtest.Host("a", "router", nil),
				webtest.Host("a", "ap", cols{"state": 2}),
				webtest.Host("b", "sw/1 Süd", nil),
				webtest.Host("b", "core", nil),
			},
			"services": {
				webtest.Service("a", "sw/1 Süd", "Fan", cols{"state": 3, "host_state": 1, "contacts": []string{"anna"}}),
				webtest.Service("a", "sw/1 Süd", "Power", cols{"host_state": 1}),
				webtest.Service("b", "sw/1 Süd", "Other", nil),
			},
		},
	}
}

const address = "/host/a/sw%2F1%20S%C3%BCd"

func TestEveryFact(t *testing.T) {
	s := start(t, world())
	a := s.Get("all", address)
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	page := webtest.Text(a.One("main"))
	for _, want := range []string{
		"DOWN", "Hall 1", "192.0.2.1", "Site a", "hard, attempt 1/3", "100% loss", "line two", "line three",
		"rta", "0.5", "500", "eva", "on my way", "jan", "firmware", "worker 7", "31 ms", "5 m, retry 1 m", "network", "anna , net",
		"RACK", "R07", "flapping", "notifications off", "core", "router", "ap", "1 more host", "also on", "Site b",
		"Everything the core says", "plugin_output", "switches", "hidden",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"s3cret", "secret", "Other"} {
		if strings.Contains(a.Body, not) {
			t.Errorf("the page says %q", not)
		}
	}
	for _, link := range a.All("a") {
		if strings.HasPrefix(webtest.Attr(link, "href"), "javascript") {
			t.Error("an address of the configuration became a link that runs scripts")
		}
	}
	if got := a.Texts("[aria-labelledby=h-svc] tbody th"); !slices.Equal(got, []string{"Fan", "Power"}) {
		t.Errorf("services %q", got)
	}
	if got := webtest.Attr(a.One(".head a.btn"), "href"); got != "https://wiki.example.org/sw1" {
		t.Errorf("notes lead to %q", got)
	}
	if n := len(a.All("[style]")); n != 0 {
		t.Errorf("%d style attributes", n)
	}
}

func TestSecretsForThoseAllowed(t *testing.T) {
	a := start(t, world()).Get("root", address)
	for _, want := range []string{"/usr/lib/check_icmp -w 200 secret", "s3cret", "check_icmp!-w 200!secret"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("who may see command lines does not see %q", want)
		}
	}
	if got := a.Texts("details.veil"); !slices.Equal(got, []string{"hidden show hide s3cret"}) || strings.Count(a.Body, "s3cret") != 1 {
		t.Errorf("a secret is not behind what shows it: %q", got)
	}
	if a := start(t, world()).Get("all", address); len(a.All("details.veil")) != 0 || strings.Contains(a.Body, "s3cret") {
		t.Error("whoever may not see secrets is offered one")
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if a := s.Get("anna", address); a.Status != http.StatusOK {
		t.Errorf("a contact of the host gets %d", a.Status)
	} else if got := a.Texts("[aria-labelledby=h-svc] tbody th"); !slices.Equal(got, []string{"Fan"}) {
		t.Errorf("a contact sees the services %q", got)
	}
	hidden := s.Get("nobody", address)
	missing := s.Get("nobody", "/host/a/nosuch")
	if hidden.Status != http.StatusNotFound || missing.Status != http.StatusNotFound {
		t.Errorf("status %d for what may not be seen, %d for what is not there", hidden.Status, missing.Status)
	}
	if strings.Contains(hidden.Body, "Hall 1") {
		t.Error("the error page tells about the host")
	}
}

func TestBlockIsThePage(t *testing.T) {
	a := start(t, world()).Get("all", address, "X-Belvedere-Block", "object")
	if a.Status != http.StatusOK || len(a.All(".head.down")) != 1 {
		t.Errorf("status %d: %.200s", a.Status, a.Body)
	}
}

func TestLoading(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{{Key: "a", Name: "Site a", Missing: true, Err: "loading"}}}
	a := start(t, w).Get("all", "/host/a/web")
	if a.Status != http.StatusNotFound || !strings.Contains(a.Body, "not known now") {
		t.Errorf("status %d for a site that was not read yet", a.Status)
	}
}

func TestHostileTexts(t *testing.T) {
	row := webtest.Host("a", webtest.Hostile, nil)
	for _, c := range []string{"alias", "address", "plugin_output", "long_plugin_output", "perf_data", "check_command", "check_command_expanded",
		"notes_url_expanded", "notes_expanded", "display_name", "check_source", "event_handler", "check_period", "notification_period"} {
		row[c] = webtest.Hostile
	}
	row["custom_variables"] = [][2]string{{webtest.Hostile, webtest.Hostile}}
	row["contacts"], row["contact_groups"], row["groups"] = []string{webtest.Hostile}, []string{webtest.Hostile}, []string{webtest.Hostile}
	row["parents"] = []string{webtest.Hostile}
	row["owner_with_info"] = [][]any{{webtest.Hostile, "comment", webtest.Hostile, int64(1700000000), int64(0)}}
	row["comments_with_info"] = [][]any{{int64(7), webtest.Hostile, webtest.Hostile, int64(1700000000), int64(1), int64(0), int64(0)}}
	row["downtimes_with_info"] = [][]any{{int64(8), webtest.Hostile, webtest.Hostile, int64(1700000000), int64(1), int64(2), int64(1), int64(60), int64(0)}}
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{"hosts": {row}}}
	var link strings.Builder
	for _, b := range []byte(webtest.Hostile) {
		link.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15])))
	}
	a := start(t, w).Get("root", "/host/a/"+link.String())
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from a core", n)
	}
	if strings.ContainsRune(webtest.Text(a.One("main")), '\u202e') {
		t.Error("a character that turns the direction of text reached the page")
	}
}

// TestCopies: the host as a text, for a ticket, as a link, a command and a
// query; who may not see it gets none of them.
func TestCopies(t *testing.T) {
	s := start(t, world())
	var forms []string
	for _, link := range s.Get("all", address).All(".head a[data-copy-from]") {
		forms = append(forms, webtest.Attr(link, "href"))
	}
	if len(forms) != 5 {
		t.Fatalf("copies %q", forms)
	}
	for form, want := range map[string][]string{
		"text":       {"sw/1 Süd\n", "DOWN, hard, attempt 1/3\n", "100% loss, see https://wiki.example.org/x\n", "Site a", "\nhttp://", address + "\n"},
		"markdown":   {"| Host | sw/1 Süd |\n", "| --- | --- |\n", "| State | DOWN, hard, attempt 1/3 |", "\n<http://", address + ">\n"},
		"link":       {"http://", address + "\n"},
		"curl":       {"curl -u USER 'http://", "/hosts/export?q=", "format=json'"},
		"livestatus": {"GET hosts\n", "Filter: name = sw/1 Süd\n", "Filter: peer_key = a\n"},
	} {
		a := s.Get("all", address+"/copy?as="+form, "Accept", "text/plain")
		for _, w := range want {
			if a.Status != http.StatusOK || !strings.Contains(a.Body, w) {
				t.Errorf("%s does not say %q: %d %s", form, w, a.Status, a.Body)
			}
		}
		if page := s.Get("all", address+"/copy?as="+form); page.Status != http.StatusOK || webtest.Text(page.One("main textarea")) != strings.Join(strings.Fields(a.Body), " ") {
			t.Errorf("%s as a page: %d %q", form, page.Status, webtest.Text(page.One("main textarea")))
		}
		if a := s.Get("nobody", address+"/copy?as="+form); a.Status != http.StatusNotFound {
			t.Errorf("%s for whoever may not see the host: %d", form, a.Status)
		}
	}
	if a := s.Get("all", address+"/copy?as=poem"); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "text, markdown") {
		t.Errorf("an unknown form: %d", a.Status)
	}
}

// TestConfiguration: who sees everything gets to contacts, their groups, the
// periods and the command; a contact to themselves and the periods only.
func TestConfiguration(t *testing.T) {
	w := world()
	w.Tables["hosts"][0]["check_period"], w.Tables["hosts"][0]["notification_period"] = "work/hours", "24x7"
	w.Tables["hosts"][0]["in_check_period"] = 0
	s := start(t, w)
	for user, want := range map[string][]string{
		"all":  {"timeperiods/a/work%2Fhours", "commands/a/check_icmp", "timeperiods/a/24x7", "contacts/a/anna", "contacts/a/net", "contactgroups/a/network"},
		"anna": {"timeperiods/a/work%2Fhours", "timeperiods/a/24x7", "contacts/a/anna"},
	} {
		a := s.Get(user, address)
		var got []string
		for _, link := range a.All("main a") {
			if to, ok := strings.CutPrefix(webtest.Attr(link, "href"), "/config/"); ok {
				got = append(got, to)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is led to %q, want %q", user, got, want)
		}
		if page := webtest.Text(a.One("main")); !strings.Contains(page, "work/hours (not now)") || !strings.Contains(page, "network") {
			t.Errorf("%s does not read of periods and groups: %s", user, page)
		}
	}
}

// TestManyServices: of a host with more services than the page shows all are
// counted, its problems come first, and the page says how many are left out.
func TestManyServices(t *testing.T) {
	w := world()
	for i := range maxServices + 20 {
		w.Tables["services"] = append(w.Tables["services"], webtest.Service("a", "sw/1 Süd", fmt.Sprintf("port %04d", i), webtest.Row{"state": 2 * (i / maxServices)}))
	}
	a := start(t, w).Get("all", address)
	head := webtest.Text(a.One("[aria-labelledby=h-svc] header"))
	if rows := a.Texts("[aria-labelledby=h-svc] tbody tr"); len(rows) != maxServices || !strings.HasPrefix(rows[0], "CRITICAL") {
		t.Errorf("%d rows, the first %q", len(rows), rows[0])
	}
	if !strings.Contains(head, "20 CRITICAL") || !strings.Contains(head, "1 001 OK") {
		t.Errorf("the head says %q", head)
	}
}
