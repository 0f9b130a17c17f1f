package service

import (
	"net/http"
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
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature(Options{})} })
}

func world() *webtest.World {
	return &webtest.World{
		Parts: []lql.Part{webtest.Fresh("a"), webtest.Fresh("b")},
		Tables: map[string][]webtest.Row{"services": {
			webtest.Service("a", "db 1", "Disk /var", cols{"state": 2, "host_state": 1, "host_address": "192.0.2.9", "groups": []string{"disks"},
				"plugin_output": "99% full", "contacts": []string{"anna"}, "parents": [][2]string{{"db 1", "Ping"}}, "perf_data": "/var=99%;80;90",
				"check_command": "check_disk!-p secret", "last_time_ok": 1700000000}),
			webtest.Service("a", "db 1", "Ping", nil),
			webtest.Service("b", "db 1", "Disk /var", nil),
		}},
	}
}

const address = "/service/a/db%201/Disk%20%2Fvar"

func TestEveryFact(t *testing.T) {
	a := start(t, world()).Get("all", address)
	if a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"CRITICAL", "Disk /var", "on db 1", "explained: the host is DOWN", "99% full", "192.0.2.9", "disks", "Depends on",
		"db 1 / Ping", "also on Site b", "Last OK", "Full output", "Other services of this host", "Everything the core says", "check_disk"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(a.Body, "secret") {
		t.Error("arguments of the command are shown to everybody")
	}
	if got := a.Texts("[aria-labelledby=h-met] tbody td"); !slices.Equal(got[:4], []string{"99 %", "", "80", "90"}) {
		t.Errorf("measured values %q", got)
	}
	if n := len(a.All(".head .done")); n == 0 {
		t.Error("a problem that its host explains is drawn solid")
	}
}

func TestRights(t *testing.T) {
	s := start(t, world())
	if a := s.Get("anna", address); a.Status != http.StatusOK || strings.Contains(a.Body, "Other services") || strings.Contains(a.Body, "also on") {
		t.Errorf("a contact gets status %d or sees what is not theirs", a.Status)
	}
	if a := s.Get("nobody", address); a.Status != http.StatusNotFound || strings.Contains(a.Body, "99%") {
		t.Errorf("who sees nothing gets %d", a.Status)
	}
	if a := s.Get("all", "/service/a/db%201/nosuch"); a.Status != http.StatusNotFound || !strings.Contains(a.Body, "There is no service “nosuch” on “db 1” here") {
		t.Errorf("status %d", a.Status)
	}
}

func TestCopies(t *testing.T) {
	s := start(t, world())
	for form, want := range map[string]string{
		"text": "CRITICAL, hard", "markdown": "| Service | db 1 / Disk /var |", "link": address, "curl": "/services/export?q=", "livestatus": "Filter: description = Disk /var\n",
	} {
		if a := s.Get("all", address+"/copy?as="+form, "Accept", "text/plain"); a.Status != http.StatusOK || !strings.Contains(a.Body, want) || strings.Contains(a.Body, "secret") {
			t.Errorf("%s does not say %q: %d %s", form, want, a.Status, a.Body)
		}
		if a := s.Get("nobody", address+"/copy?as="+form); a.Status != http.StatusNotFound {
			t.Errorf("%s for whoever may not see the service: %d", form, a.Status)
		}
	}
	if n := len(s.Get("all", address).All(".head a[data-copy-from]")); n != 5 {
		t.Errorf("%d copies are offered", n)
	}
}
