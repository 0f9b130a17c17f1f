package sites

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func TestPair(t *testing.T) {
	s, m := start(t)
	m.pairing = Pairing{ID: "c1", Code: "belvedere-SECRET", Name: "Łódź", Address: "mon:6560", Expires: time.Now().Add(14 * time.Minute)}
	a := s.Post("root", "/agents/new", "name", " Łódź ", "section", "Europe")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/agents/codes/c1" {
		t.Fatalf("status %d to %q", a.Status, a.Header.Get("Location"))
	}
	if !slices.Equal(m.calls, []string{"pair Łódź by root seen as example.com"}) || m.spec.Section != "Europe" || m.spec.Addresses != nil {
		t.Errorf("calls %q, spec %+v", m.calls, m.spec)
	}
	a = s.Get("root", "/agents/codes/c1")
	if got := webtest.Text(a.One("#join-code")); got != "sudo belvedere agent join belvedere-SECRET" {
		t.Errorf("the command is %q", got)
	}
	if got := webtest.Attr(a.One("[data-copy]"), "data-copy"); got != "sudo belvedere agent join belvedere-SECRET" {
		t.Errorf("copied is %q", got)
	}
	m.pairing.Site = "w"
	a = s.Get("root", "/agents/codes/c1")
	if text := webtest.Text(a.One("main")); strings.Contains(text, "SECRET") || !strings.Contains(text, "joined") || !strings.Contains(text, "9 644 services") {
		t.Errorf("after it joined: %s", text)
	}
	m.pairing.Site, m.pairing.Expires = "", time.Now().Add(-time.Second)
	if text := webtest.Text(s.Get("root", "/agents/codes/c1").One("main")); strings.Contains(text, "SECRET") || !strings.Contains(text, "expired") {
		t.Errorf("after it expired: %s", text)
	}
	if a := s.Get("root", "/agents/codes/other"); a.Status != http.StatusNotFound {
		t.Errorf("a code of somebody else: %d", a.Status)
	}
	if a := s.Post("root", "/agents/codes/c1/withdraw"); a.Status != http.StatusSeeOther || m.calls[len(m.calls)-1] != "withdraw c1" {
		t.Errorf("withdrawing: %d, %q", a.Status, m.calls)
	}
}

func TestPairRefused(t *testing.T) {
	s, m := start(t)
	if a := s.Post("root", "/agents/new"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "Give the site the name") || len(m.calls) != 0 {
		t.Errorf("without a name: %d, %q", a.Status, m.calls)
	}
	m.err = web.Conflict("Agents cannot come to this server", "Write agents: listen.")
	a := s.Post("root", "/agents/new", "name", "Wien")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "Agents cannot come to this server") || !strings.Contains(a.Body, "Write agents: listen.") {
		t.Errorf("refused: %d", a.Status)
	}
	for _, path := range []string{"/agents/new", "/agents/invited", "/agents/codes/c1/withdraw"} {
		if a := s.Post("all", path, "name", "x", "code", "x"); a.Status != http.StatusForbidden {
			t.Errorf("a viewer may POST %s: %d", path, a.Status)
		}
	}
	if a := s.Get("all", "/agents/codes/c1"); a.Status != http.StatusForbidden {
		t.Errorf("a viewer sees a code: %d", a.Status)
	}
}

func TestInvited(t *testing.T) {
	s, m := start(t)
	if a := s.Post("root", "/agents/invited", "name", "Wien"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "Enter the code") {
		t.Errorf("without a code: %d", a.Status)
	}
	a := s.Post("root", "/agents/invited", "name", "Graz", "code", "belvedere-X")
	if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/sites/w/edit" || !slices.Equal(m.calls, []string{"invited Graz by root with belvedere-X"}) {
		t.Errorf("status %d to %q, calls %q", a.Status, a.Header.Get("Location"), m.calls)
	}
}
