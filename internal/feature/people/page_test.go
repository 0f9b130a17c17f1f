package people

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func start(t *testing.T) *webtest.Site {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"sites": {{"key": "a", "name": "Wien"}, {"key": "b", "name": "Łódź"}}}}
	return webtest.New(t, w, func(a *auth.Service, _ *db.DB) []web.Feature { return []web.Feature{Feature(Options{Auth: a})} })
}

func find(t *testing.T, s *webtest.Site, name string) auth.Person {
	t.Helper()
	p, err := s.Auth.PersonByName(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func id(p auth.Person) string { return strconv.FormatInt(p.ID, 10) }

func TestAddChangeRemove(t *testing.T) {
	s := start(t)
	a := s.Post("root", "/people/new", "username", "eva", "display_name", "Eva Lindström", "role", "operator", "contact", "eva.l",
		"contact-b", "e.lindstrom", "command_lines", "1", "password", webtest.Password)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, webtest.Text(a.One("main")))
	}
	eva := find(t, s, "eva")
	if eva.Role != access.RoleOperator || eva.Contact != "eva.l" || eva.SiteContacts["b"] != "e.lindstrom" || len(eva.SiteContacts) != 1 || !eva.CommandLines || eva.SeeAll || !eva.HasPassword {
		t.Errorf("kept %+v", eva)
	}
	list := s.Get("root", "/people")
	if got := webtest.Text(list.One("[id=person|" + id(eva) + "]")); !strings.HasPrefix(got, "eva Eva Lindström Operator what contacts eva.l, e.lindstrom see") {
		t.Errorf("the list says %q", got)
	}
	form := s.Get("root", "/people/"+id(eva)+"/edit")
	if got := webtest.Attr(form.One("[name=contact-b]"), "value"); got != "e.lindstrom" {
		t.Errorf("the form shows the contact %q", got)
	}
	s.Post("root", "/people/"+id(eva)+"/edit", "username", "other", "role", "viewer", "see_all", "1", "contact-a", "eva")
	if eva = find(t, s, "eva"); eva.Role != access.RoleViewer || !eva.SeeAll || eva.CommandLines || eva.Contact != "" || len(eva.SiteContacts) != 1 || eva.SiteContacts["a"] != "eva" {
		t.Errorf("changed to %+v", eva)
	}
	s.Post("root", "/people/"+id(eva)+"/disable")
	if !find(t, s, "eva").Disabled || !strings.Contains(webtest.Text(s.Get("root", "/people").One("[id=person|"+id(eva)+"]")), "disabled") {
		t.Error("not disabled, or not said so")
	}
	s.Post("root", "/people/"+id(eva)+"/enable")
	if find(t, s, "eva").Disabled {
		t.Error("still disabled")
	}
	s.Post("root", "/people/"+id(eva)+"/remove")
	if _, err := s.Auth.PersonByName(context.Background(), "eva"); err == nil {
		t.Error("still there")
	}
}

func TestContactsOfUnknownSitesStay(t *testing.T) {
	p := entered(auth.Person{ID: 1, SiteContacts: map[string]string{"gone": "x", "a": "y"}}, map[string][]string{"role": {"viewer"}}, []siteName{{"a", "Wien"}})
	if len(p.SiteContacts) != 1 || p.SiteContacts["gone"] != "x" {
		t.Errorf("contacts %q, want that of the site that is not shown", p.SiteContacts)
	}
}

func TestRefusals(t *testing.T) {
	s := start(t)
	for want, fields := range map[string][]string{
		"The user name is missing":    {"role", "viewer"},
		"There is no role":            {"username", "x", "role", "king"},
		"The password is too short":   {"username", "x", "role", "viewer", "password", "short"},
		"cannot be the name":          {"username", "x", "role", "viewer", "contact", "a;b"},
		`There is a person &#34;ROOT`: {"username", "ROOT", "role", "viewer"},
	} {
		a := s.Post("root", "/people/new", fields...)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) {
			t.Errorf("%q: status %d, want 422 and %q", fields, a.Status, want)
		}
	}
	root := find(t, s, "root")
	first := find(t, s, "first")
	s.Post("root", "/people/"+id(first)+"/remove")
	a := s.Post("root", "/people/"+id(root)+"/edit", "role", "viewer")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "This is the last admin") {
		t.Errorf("the last admin may step down: %d", a.Status)
	}
	a = s.Post("root", "/people/"+id(root)+"/password", "password", "short")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(webtest.Text(a.One("[id=new-password-e]")), "too short") {
		t.Errorf("a short password: %d", a.Status)
	}
	if n := len(s.Get("root", "/people/"+id(root)+"/edit").All(".btn.bad")); n != 0 {
		t.Error("an admin is offered to remove themselves")
	}
	for _, path := range []string{"/people/999/edit", "/people/x/edit"} {
		if a := s.Get("root", path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestExport(t *testing.T) {
	s := start(t)
	s.Post("root", "/people/new", "username", "eva", "display_name", "Eva Lindström", "role", "operator", "contact", "eva.l",
		"contact-b", "e.lindstrom", "password", webtest.Password)
	if a := s.Get("root", "/people"); !strings.Contains(a.Body, "/people/all/export?format=xlsx") {
		t.Error("the list offers no files")
	}
	file := s.Get("root", "/people/all/export?format=json").Body
	for _, want := range []string{`"username":"eva","name":"Eva Lindström","role":"Operator","sees_all":false,"contact":"eva.l","site_contacts":["Łódź: e.lindstrom"],"command_lines":false,"last_sign_in":null`, `"username":"root"`} {
		if !strings.Contains(file, want) {
			t.Errorf("the file lacks %s: %s", want, file)
		}
	}
	for _, secret := range []string{webtest.Password, "argon2", "hash"} {
		if strings.Contains(file, secret) {
			t.Errorf("the file has %q: %s", secret, file)
		}
	}
	for _, path := range []string{"/people/all/export?format=csv", "/people/all/copy?as=text"} {
		if a := s.Get("all", path); a.Status != http.StatusForbidden || strings.Contains(a.Body, "Lindström") {
			t.Errorf("%s for who is no administrator: %d", path, a.Status)
		}
	}
}

func TestOnlyAdmins(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/people", "/people/new", "/people/1/edit"} {
		if a := s.Get("all", path); a.Status != http.StatusForbidden || strings.Contains(a.Body, "anna") {
			t.Errorf("a viewer gets %s: %d", path, a.Status)
		}
	}
	if a := s.Post("all", "/people/1/remove"); a.Status != http.StatusForbidden {
		t.Errorf("a viewer removes people: %d", a.Status)
	}
}

func TestSees(t *testing.T) {
	for _, tt := range []struct {
		p    auth.Person
		want string
	}{
		{auth.Person{Role: access.RoleAdmin}, "everything"},
		{auth.Person{SeeAll: true, Contact: "x"}, "everything"},
		{auth.Person{}, "nothing"},
		{auth.Person{SiteContacts: map[string]string{"a": ""}}, "nothing"},
		{auth.Person{Contact: "x", SiteContacts: map[string]string{"a": "x", "b": "y"}}, "what contacts x, y see"},
	} {
		if got := sees(t.Context(), tt.p); got != tt.want {
			t.Errorf("%+v sees %q, want %q", tt.p, got, tt.want)
		}
	}
	if !slices.Contains([]string{""}, state(t.Context(), auth.Person{HasPassword: true})) || state(t.Context(), auth.Person{}) != "no password yet" {
		t.Error("states of accounts are named wrongly")
	}
}

// TestRefusalsInGerman: what the lower rooms refuse is German on a German page.
func TestRefusalsInGerman(t *testing.T) {
	s := start(t)
	for want, fields := range map[string][]string{
		"Der Benutzername fehlt":        {"role", "viewer"},
		"Es gibt keine Rolle":           {"username", "x", "role", "king"},
		"Das Passwort ist zu kurz":      {"username", "x", "role", "viewer", "password", "short"},
		"kann kein Name eines Kontakts": {"username", "x", "role", "viewer", "contact", "a;b"},
	} {
		a := s.PostWith("root", "/people/new", []string{"Accept-Language", "de"}, fields...)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) {
			t.Errorf("%q: status %d, want 422 and %q", fields, a.Status, want)
		}
		for _, english := range []string{"user name", "There is no", "Use ", "cannot be"} {
			if strings.Contains(webtest.Text(a.One("main")), english) {
				t.Errorf("%q: a German page says %q", fields, english)
			}
		}
	}
}
