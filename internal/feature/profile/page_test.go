package profile

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func start(t *testing.T) *webtest.Site {
	return webtest.New(t, &webtest.World{}, func(a *auth.Service, _ *db.DB) []web.Feature { return []web.Feature{Feature(Options{Auth: a})} })
}

func TestOwnData(t *testing.T) {
	s := start(t)
	a := s.Get("anna", "/profile")
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"User name anna", "Role Viewer", "what contact anna sees"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	if !strings.Contains(webtest.Text(s.Get("nobody", "/profile").One("main")), "nothing yet") {
		t.Error("who sees nothing is not told so")
	}
	s.Post("anna", "/profile/name", "display_name", "Anna B.")
	if p, err := s.Auth.PersonByName(context.Background(), "anna"); err != nil || p.DisplayName != "Anna B." {
		t.Errorf("name kept: %q, %v", p.DisplayName, err)
	}
	if a := s.Post("anna", "/profile/name", "display_name", strings.Repeat("x", 500)); a.Status != http.StatusUnprocessableEntity || len(a.All("[id=f-display_name-e]")) != 1 {
		t.Errorf("a name that is too long: %d", a.Status)
	}
}

func TestSessions(t *testing.T) {
	s := start(t)
	s.Get("anna", "/profile") // makes anna
	ctx := context.Background()
	var tokens []string
	for _, ua := range []string{"Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0", "Mozilla/5.0 (iPhone) Safari/605"} {
		token, _, err := s.Auth.SignIn(ctx, "anna", webtest.Password, auth.Meta{IP: "192.0.2.7", UA: ua})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	a := s.Get("anna", "/profile")
	page := webtest.Text(a.One("main"))
	if !strings.Contains(page, "Firefox on Linux") || !strings.Contains(page, "Safari on iPhone") || !strings.Contains(page, "192.0.2.7") {
		t.Errorf("sessions are shown as %q", page)
	}
	p, err := s.Auth.PersonByName(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Auth.Sessions(ctx, p.ID, tokens[0])
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	for _, x := range list {
		if !x.Current {
			if a := s.Post("anna", "/profile/sessions/"+strconv.FormatInt(x.ID, 10)+"/revoke"); a.Status != http.StatusSeeOther {
				t.Errorf("revoke: %d", a.Status)
			}
			if a := s.Post("all", "/profile/sessions/"+strconv.FormatInt(x.ID, 10)+"/revoke"); a.Status != http.StatusNotFound {
				t.Errorf("somebody else revokes a session: %d", a.Status)
			}
		}
	}
	if _, err := s.Auth.Session(ctx, tokens[1], auth.Meta{}); err == nil {
		t.Error("the revoked session still works")
	}
	s.Post("anna", "/profile/sessions/revoke")
	if _, err := s.Auth.Session(ctx, tokens[0], auth.Meta{}); err == nil {
		t.Error("a session is left after signing out everywhere else")
	}
}

// TestLook: what is chosen is kept, is offered as chosen, and holds on all
// pages; what cannot be is refused by name.
func TestLook(t *testing.T) {
	s := start(t)
	a := s.Post("anna", "/profile/look", "theme", "dark", "language", "de", "zone", "Asia/Tokyo", "clock", "12", "week", "sunday", "density", "compact")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	page := s.Get("anna", "/profile")
	for _, sel := range []string{`html[lang=de][data-theme=dark][data-density=compact]`, `[name=theme][value=dark][checked]`, `[name=density][value=compact][checked]`,
		`[name=language] [value=de][selected]`, `[name=clock] [value=12][selected]`, `[name=week] [value=sunday][selected]`, `[name=zone][value=Asia/Tokyo]`,
		`body[data-keys=off]`} {
		page.One(sel)
	}
	if got := webtest.Text(page.One("h1")); got != "Ihr Profil" {
		t.Errorf("in German: %q", got)
	}
	if at := webtest.Text(page.All("[aria-labelledby=h-in] tbody time")[0]); !strings.Contains(at, "M") {
		t.Errorf("a time without AM or PM: %q", at)
	}
	for name, bad := range map[string]string{"theme": "pink", "zone": "Europe/Atlantis", "language": "xx", "clock": "13", "week": "friday", "density": "none"} {
		a := s.Post("anna", "/profile/look", name, bad)
		if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, name) {
			t.Errorf("%s %s: %d %s", name, bad, a.Status, webtest.Text(a.One("h1")))
		}
	}
}

// TestGerman: without a choice the browser's languages decide.
func TestGerman(t *testing.T) {
	s := start(t)
	for accept, want := range map[string]string{"": "Your profile", "de-AT,de;q=0.9,en;q=0.8": "Ihr Profil", "fr, de;q=0.5": "Ihr Profil", "fr": "Your profile", ";;": "Your profile", "en-US,de;q=0.5": "Your profile"} {
		if got := webtest.Text(s.Get("anna", "/profile", "Accept-Language", accept).One("h1")); got != want {
			t.Errorf("%q: %q", accept, got)
		}
	}
	if got := webtest.Text(s.Get("anna", "/nowhere", "Accept-Language", "de").One("h1")); got != "Diese Seite gibt es nicht" {
		t.Errorf("an error in German: %q", got)
	}
	if got := webtest.Text(s.Get("", "/login", "Accept-Language", "de").One("h1")); got != "Anmelden" {
		t.Errorf("the sign-in page in German: %q", got)
	}
}

func TestPasswordNeedsASession(t *testing.T) {
	if a := start(t).Post("anna", "/profile/password", "old_password", webtest.Password, "password", "another good one"); a.Status != http.StatusForbidden {
		t.Errorf("a password is changed without a session: %d", a.Status)
	}
}

func TestBrowser(t *testing.T) {
	for ua, want := range map[string]string{
		"":         "Unknown browser",
		"curl/8.0": "curl",
		"Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0": "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15) Chrome/130.0 Safari/537.36":         "Chrome on Android",
	} {
		if got := browser(t.Context(), ua); got != want {
			t.Errorf("browser(%q) = %q, want %q", ua, got, want)
		}
	}
}
