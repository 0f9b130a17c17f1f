package sites

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"belvedere/internal/livestatus"
	"belvedere/internal/web/webtest"
)

// TestFirstStep: what runs there and where proposes an address, and says what
// to type on that machine.
func TestFirstStep(t *testing.T) {
	s, _ := start(t)
	for query, want := range map[string]string{
		"":                                  "",
		"?kind=naemon":                      "unix:///var/cache/naemon/live",
		"?kind=naemon&host=mon1":            "ssh://belvedere@mon1/var/cache/naemon/live",
		"?kind=nagios&host=mon1":            "", // the agent
		"?kind=nagios":                      "unix:///run/belvedere/live",
		"?kind=icinga2&host=icinga.lan":     "icinga2://icinga.lan:5665",
		"?kind=icinga2&host=fd00%3A%3A5":    "icinga2://[fd00::5]:5665",
		"?kind=shinken":                     "tcp://127.0.0.1:50000",
		"?kind=pane&host=thruk.example.org": "https://thruk.example.org/thruk",
		"?kind=unknown&host=mon1":           "tcp://mon1:6557",
		"?kind=naemon&host=mon1&address=tcp%3A%2F%2Fmon1%3A6557": "tcp://mon1:6557",
		"?kind=naemon&host=mon1&address=tcp%3A%2F%2Fevil":        "ssh://belvedere@mon1/var/cache/naemon/live",
	} {
		a := s.Get("root", "/sites/new"+query)
		if got := strings.TrimSpace(webtest.Text(a.One("textarea[name=addresses]"))); a.Status != http.StatusOK || got != want {
			t.Errorf("%s: %d, proposes %q, want %q", query, a.Status, got, want)
		}
		if chosen := query != ""; (len(a.All(".ways section")) > 0) != chosen {
			t.Errorf("%s: %d ways", query, len(a.All(".ways section")))
		}
	}
}

// TestEveryWay: every proposal is an address that the form takes.
func TestEveryWay(t *testing.T) {
	for _, kind := range []string{"naemon", "nagios", "icinga2", "shinken", "pane", "unknown"} {
		for _, host := range []string{"", "mon1.example.org", "10.0.0.7", "fd00::5", "[fd00::5]"} {
			b := begin(t.Context(), map[string][]string{paramKind: {kind}, paramHost: {host}})
			if b.bad() || !b.chosen() {
				t.Errorf("%s on %q: %+v", kind, host, b)
			}
			for _, w := range b.ways {
				if w.Address == "" {
					continue
				}
				if _, err := livestatus.ParseAddress(w.Address); err != nil {
					t.Errorf("%s on %q: %s: %v", kind, host, w.Address, err)
				}
			}
		}
	}
}

func TestBadFirstStep(t *testing.T) {
	s, _ := start(t)
	for query, want := range map[string]string{
		"?host=mon1":                     "Choose what runs there.",
		"?kind=zabbix&host=mon1":         "kind must be naemon, nagios, icinga2, shinken, pane or unknown.",
		"?kind=naemon&host=http://a/b":   "A name or an IP address, without port or path.",
		"?kind=naemon&host=a%0Ab":        "A name or an IP address, without port or path.",
		"?kind=naemon&host=root%40there": "A name or an IP address, without port or path.",
	} {
		a := s.Get("root", "/sites/new"+query)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, want) {
			t.Errorf("%s: %d, without %q", query, a.Status, want)
		}
	}
	if a := s.Get("root", "/sites/new?kind=zabbix&host=mon1"); webtest.Attr(a.One("input#f-host"), "value") != "mon1" {
		t.Error("the host is lost")
	}
}

// TestFirstStepStays: a form that is refused keeps what was chosen before it.
func TestFirstStepStays(t *testing.T) {
	s, _ := start(t)
	a := s.Post("root", "/sites/new", "kind", "icinga2", "host", "mon1", "name", "", "addresses", "icinga2://other:5665")
	if webtest.Attr(a.One("input#f-host"), "value") != "mon1" || a.One(".choice input[value=icinga2][checked]") == nil || len(a.All(".ways section")) == 0 {
		t.Error("the first step is lost")
	}
	if got := strings.TrimSpace(webtest.Text(a.One("textarea[name=addresses]"))); got != "icinga2://other:5665" {
		t.Errorf("the address became %q", got)
	}
}

// TestPermissionsAsInTheDocs: page and documentation give an Icinga 2 the same
// user.
func TestPermissionsAsInTheDocs(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/cores/icinga2.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(apiUser, "\n") {
		if !strings.Contains(string(doc), strings.TrimSpace(line)) {
			t.Errorf("docs/cores/icinga2.md lacks %q", line)
		}
	}
}
