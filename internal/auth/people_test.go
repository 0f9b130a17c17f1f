package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
)

func TestViewer(t *testing.T) {
	sites := map[string]string{"rom": "anna.r", "bonn": "", "*": "trick"}
	for _, tt := range []struct {
		name   string
		p      auth.Person
		all    bool
		berlin string // contact there, "" sees nothing
		rom    string
		lines  bool
	}{
		{name: "zero"},
		{name: "viewer with nothing", p: auth.Person{Role: access.RoleViewer}},
		{name: "operator with nothing", p: auth.Person{Role: access.RoleOperator}},
		{name: "admin", p: auth.Person{Role: access.RoleAdmin, Contact: "a"}, all: true, lines: true},
		{name: "see all", p: auth.Person{Role: access.RoleViewer, SeeAll: true, Contact: "a"}, all: true},
		{name: "contact", p: auth.Person{Role: access.RoleOperator, Contact: "anna", CommandLines: true}, berlin: "anna", rom: "anna", lines: true},
		{name: "contact and sites", p: auth.Person{Role: access.RoleViewer, Contact: "anna", SiteContacts: sites}, berlin: "anna", rom: "anna.r"},
		{name: "sites only", p: auth.Person{Role: access.RoleViewer, SiteContacts: sites}, rom: "anna.r"},
		{name: "disabled admin", p: auth.Person{Role: access.RoleAdmin, SeeAll: true, Contact: "a", Disabled: true}},
	} {
		v := tt.p.Viewer()
		berlin, _, _ := v.Contact("berlin")
		rom, _, _ := v.Contact("rom")
		_, _, bonn := v.Contact("bonn")
		if v.All != tt.all || berlin != tt.berlin || rom != tt.rom || bonn != (tt.all || tt.p.SiteContacts == nil && tt.berlin != "") || v.CommandLines != tt.lines {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
}

func TestSetup(t *testing.T) {
	s, store := newService(t)
	if !s.NeedsSetup(t.Context()) {
		t.Fatal("an empty store needs no setup")
	}
	code := s.SetupCode()
	for _, tt := range []struct {
		code, name, password string
		want                 error
		field                string
	}{
		{"", "boss", good, auth.ErrBadCode, ""},
		{"AAAA-AAAA-AAAA", "boss", good, auth.ErrBadCode, ""},
		{strings.Repeat(code, 1000), "boss", good, auth.ErrBadCode, ""},
		{code, "bo ss", good, nil, "username"},
		{code, "boss", "short", nil, "password"},
		{code, "bossbossboss", "BossBossBoss", nil, "password"},
	} {
		_, _, err := s.CompleteSetup(t.Context(), tt.code, tt.name, tt.password, here)
		in, isInput := errors.AsType[*auth.InputError](err)
		if tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && (!isInput || in.Field != tt.field || in.HintText() == "") {
			t.Errorf("CompleteSetup(%.20q, %q): %v", tt.code, tt.name, err)
		}
	}
	token, p, err := s.CompleteSetup(t.Context(), " "+strings.ToLower(strings.ReplaceAll(code, "-", ""))+"\n", "boss", good, here)
	if err != nil || !p.IsAdmin() || !p.Viewer().All {
		t.Fatalf("CompleteSetup = %+v, %v", p, err)
	}
	if got, err := s.Session(t.Context(), token, here); err != nil || got.ID != p.ID {
		t.Errorf("the session of the setup: %+v, %v", got, err)
	}
	if _, _, err := s.CompleteSetup(t.Context(), code, "second", good, here); !errors.Is(err, auth.ErrSetupDone) {
		t.Errorf("a second setup: %v", err)
	}
	wantActions(t, store, "setup", "setup: wrong code", "setup: wrong code", "setup: wrong code")
}

// TestSetupAtOnce: any number of people with the right code make one admin.
func TestSetupAtOnce(t *testing.T) {
	s, _ := newService(t)
	var made atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			_, _, err := s.CompleteSetup(t.Context(), s.SetupCode(), "boss"+string(rune('a'+i%26)), good, here)
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, auth.ErrSetupDone):
				t.Error(err)
			}
		})
	}
	all.Wait()
	people, err := s.People(t.Context())
	if made.Load() != 1 || len(people) != 1 || err != nil {
		t.Errorf("%d setups succeeded, %d people, %v", made.Load(), len(people), err)
	}
}

func TestSetupCodeCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newService(t)
		stranger := auth.Meta{IP: "203.0.113.1"}
		guesses := 0
		for begin := time.Now(); time.Since(begin) < 24*time.Hour; {
			_, _, err := s.CompleteSetup(t.Context(), "WRONG", "boss", good, stranger)
			if limited, ok := errors.AsType[*auth.RateLimitedError](err); ok {
				time.Sleep(limited.Retry)
				continue
			}
			guesses++
		}
		if guesses > 2000 { // of 2^60 codes
			t.Errorf("%d guesses in a day", guesses)
		}
		s.CompleteSetup(t.Context(), "WRONG", "boss", good, stranger)
		if _, _, err := s.CompleteSetup(t.Context(), s.SetupCode(), "boss", good, stranger); !errors.Is(err, auth.ErrRateLimited) {
			t.Errorf("a guess during the wait: %v", err)
		}
		for i := range 3000 { // from ever new addresses: no more than a bounded log
			s.CompleteSetup(t.Context(), "WRONG", "boss", good, auth.Meta{IP: fmt.Sprintf("198.51.%d.%d", i/250, i%250)})
		}
		log, err := store.AuditLog(t.Context(), db.AuditQuery{Action: "setup", Limit: 10_000})
		if n := len(log); err != nil || n > guesses+2000 {
			t.Errorf("guesses made %d lines of the audit log (%v)", n, err)
		}
		if _, _, err := s.CompleteSetup(t.Context(), s.SetupCode(), "boss", good, here); err != nil {
			t.Errorf("others keep the owner from setting up: %v", err)
		}
	})
}

func TestInvalidPeople(t *testing.T) {
	s, _ := newService(t)
	add(t, s, auth.Person{Username: "anna"})
	ok := auth.Person{Username: "bert", Role: access.RoleViewer}
	for _, tt := range []struct {
		change   func(*auth.Person)
		password string
		field    string
	}{
		{func(p *auth.Person) { p.Username = "" }, good, "username"},
		{func(p *auth.Person) { p.Username = "-bert" }, good, "username"},
		{func(p *auth.Person) { p.Username = "bert\n" }, good, "username"},
		{func(p *auth.Person) { p.Username = "bärt" }, good, "username"},
		{func(p *auth.Person) { p.Username = strings.Repeat("b", 65) }, good, "username"},
		{func(p *auth.Person) { p.Username = "ANNA" }, good, "username"},
		{func(p *auth.Person) { p.Role = "king" }, good, "role"},
		{func(p *auth.Person) { p.Role = "" }, good, "role"},
		{func(p *auth.Person) { p.DisplayName = "a\x00" }, good, "display_name"},
		{func(p *auth.Person) { p.Contact = "a\nAuthUser: boss" }, good, "contact"},
		{func(p *auth.Person) { p.Contact = "a;b" }, good, "contact"},
		{func(p *auth.Person) { p.Contact = " a" }, good, "contact"},
		{func(p *auth.Person) { p.SiteContacts = map[string]string{"": "a"} }, good, "site_contacts"},
		{func(p *auth.Person) { p.SiteContacts = map[string]string{"x": "a\r"} }, good, "site_contacts"},
		{func(*auth.Person) {}, "nine char", "password"},
		{func(*auth.Person) {}, strings.Repeat("x", 1001), "password"},
		{func(*auth.Person) {}, good + "\xff", "password"},
	} {
		p := ok
		tt.change(&p)
		_, err := s.AddPerson(t.Context(), byAdmin, p, tt.password)
		in, isInput := errors.AsType[*auth.InputError](err)
		if !isInput || in.Field != tt.field || in.Hint == "" {
			t.Errorf("%+v with %.12q: %v, want a word about %s", p, tt.password, err, tt.field)
		}
	}
	if people, err := s.People(t.Context()); err != nil || len(people) != 1 {
		t.Errorf("%d people, %v", len(people), err)
	}
}

func TestShortPasswordsInTheDemo(t *testing.T) {
	s, _ := newService(t, func(o *auth.Options) { o.ShortPasswords = true })
	if _, err := s.AddPerson(t.Context(), byAdmin, auth.Person{Username: "demo", Role: access.RoleAdmin}, "demo"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SignIn(t.Context(), "demo", "demo", here); err != nil {
		t.Error(err)
	}
}

func TestUpdatePerson(t *testing.T) {
	s, store := newService(t)
	p := add(t, s, auth.Person{Username: "anna", Contact: "anna"})
	token := signIn(t, s, "anna")
	want := p
	want.DisplayName, want.Role, want.Contact = "Anna", access.RoleOperator, ""
	want.SiteContacts, want.CommandLines = map[string]string{"rom": "a"}, true
	want.LastSignIn = time.Time{}
	changed := want
	changed.Username, changed.Provisioned, changed.HasPassword = "other", true, false // not for us to change
	if err := s.UpdatePerson(t.Context(), byAdmin, changed); err != nil {
		t.Fatal(err)
	}
	got, err := s.Session(t.Context(), token, here)
	if err != nil {
		t.Fatal(err)
	}
	got.LastSignIn = time.Time{}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the open session does not see the change: %s", d)
	}
	log, err := store.AuditLog(t.Context(), db.AuditQuery{Limit: 1})
	detail := `display name "" to "Anna", role viewer to operator, contact "anna" to "", contacts of sites, command lines off to on`
	if err != nil || log[0].Detail != detail || log[0].Who != "boss" || log[0].IP != "192.0.2.9" || log[0].Object != "anna" {
		t.Errorf("audit: %+v, %v", log, err)
	}
	want.Disabled = true
	if err := s.UpdatePerson(t.Context(), byAdmin, want); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a disabled person goes on: %v", err)
	}
	want.ID = 99
	if err := s.UpdatePerson(t.Context(), byAdmin, want); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if err := s.SetDisplayName(t.Context(), byAdmin, p.ID, " Anna S. "); err != nil {
		t.Error(err)
	}
	if got, err := s.PersonByName(t.Context(), "ANNA"); err != nil || got.Name() != "Anna S." {
		t.Errorf("Name = %q, %v", got.Name(), err)
	}
}

// TestLastAdmin: no order of changes, also none at once, leaves nobody who can
// manage people.
func TestLastAdmin(t *testing.T) {
	s, _ := newService(t)
	a := add(t, s, auth.Person{Username: "a", Role: access.RoleAdmin})
	b := add(t, s, auth.Person{Username: "b", Role: access.RoleAdmin})
	add(t, s, auth.Person{Username: "viewer"})
	if _, err := s.AddPerson(t.Context(), byAdmin, auth.Person{Username: "nopassword", Role: access.RoleAdmin}, ""); err != nil {
		t.Fatal(err)
	}
	demote := func(p auth.Person) error {
		p.Role = access.RoleOperator
		return s.UpdatePerson(t.Context(), byAdmin, p)
	}
	disable := func(p auth.Person) error {
		p.Disabled = true
		return s.UpdatePerson(t.Context(), byAdmin, p)
	}
	remove := func(p auth.Person) error { return s.RemovePerson(t.Context(), byAdmin, p.ID) }
	var done atomic.Int32
	var all sync.WaitGroup
	for _, p := range []auth.Person{a, b} {
		for _, change := range []func(auth.Person) error{demote, disable, remove} {
			all.Go(func() {
				if change(p) == nil {
					done.Add(1)
				}
			})
		}
	}
	all.Wait()
	people, err := s.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var left []auth.Person
	for _, p := range people {
		if p.IsAdmin() && p.HasPassword {
			left = append(left, p)
		}
	}
	if len(left) != 1 || done.Load() == 0 {
		t.Fatalf("%d changes were made, %d admins are left", done.Load(), len(left))
	}
	for name, change := range map[string]func(auth.Person) error{"demote": demote, "disable": disable, "remove": remove} {
		if in, ok := errors.AsType[*auth.InputError](change(left[0])); !ok || in.Msg != "this is the last admin" {
			t.Errorf("%s the last admin: %v", name, in)
		}
	}
}

func TestPasswords(t *testing.T) {
	s, store := newService(t)
	p := add(t, s, auth.Person{Username: "anna"})
	own, other := signIn(t, s, "anna"), signIn(t, s, "anna")
	const better = "a better password"
	for _, tt := range []struct{ old, password, field string }{
		{"wrong", better, "old_password"}, {good, "short", "password"}, {good, "", "password"},
	} {
		err := s.ChangePassword(t.Context(), own, tt.old, tt.password, here)
		if in, ok := errors.AsType[*auth.InputError](err); !ok || in.Field != tt.field {
			t.Errorf("ChangePassword(%q, %q): %v", tt.old, tt.password, err)
		}
	}
	if err := s.ChangePassword(t.Context(), "no token", good, better, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("without a session: %v", err)
	}
	if err := s.ChangePassword(t.Context(), own, good, better, here); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), own, here); err != nil {
		t.Errorf("the own session ended: %v", err)
	}
	if _, err := s.Session(t.Context(), other, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("the other session goes on: %v", err)
	}
	wantActions(t, store, "person.password", "sign-in: wrong password")
	if err := s.SetPassword(t.Context(), byAdmin, p.ID, good); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), own, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("after an admin's change the session goes on: %v", err)
	}
	signIn(t, s, "anna")
	if err := s.SetPassword(t.Context(), byAdmin, 99, good); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("nobody's password: %v", err)
	}
}

func TestRevoke(t *testing.T) {
	s, _ := newService(t)
	anna, bert := add(t, s, auth.Person{Username: "anna"}), add(t, s, auth.Person{Username: "bert"})
	a1, a2, b1 := signIn(t, s, "anna"), signIn(t, s, "anna"), signIn(t, s, "bert")
	list, err := s.Sessions(t.Context(), anna.ID, a1)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := s.Revoke(t.Context(), byAdmin, bert.ID, list[0].ID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("somebody else's session: %v", err)
	}
	for _, x := range list {
		if !x.Current {
			if err := s.Revoke(t.Context(), byAdmin, anna.ID, x.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := s.Session(t.Context(), a2, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a revoked session: %v", err)
	}
	a3 := signIn(t, s, "anna")
	if err := s.RevokeOthers(t.Context(), byAdmin, anna.ID, b1); err != nil { // not a token of anna
		t.Fatal(err)
	}
	for token, alive := range map[string]bool{a1: false, a3: false, b1: true} {
		if _, err := s.Session(t.Context(), token, here); (err == nil) != alive {
			t.Errorf("alive: %v, want %v", err, alive)
		}
	}
}

func TestRemovePerson(t *testing.T) {
	s, store := newService(t)
	p := add(t, s, auth.Person{Username: "anna"})
	token := signIn(t, s, "anna")
	if err := s.RemovePerson(t.Context(), byAdmin, p.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("who was removed goes on: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "anna", good, here); err != auth.ErrBadCredentials {
		t.Errorf("who was removed signs in: %v", err)
	}
	if err := s.RemovePerson(t.Context(), byAdmin, p.ID); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	wantActions(t, store, "sign-in: unknown user", "person.remove", "sign-in", "person.add")
}

func TestProvision(t *testing.T) {
	s, store := newService(t)
	boss := add(t, s, auth.Person{Username: "boss", Role: access.RoleAdmin})
	anna := add(t, s, auth.Person{Username: "Anna", Contact: "old"})
	token := signIn(t, s, "anna")
	hash, err := auth.HashPassword(good)
	if err != nil {
		t.Fatal(err)
	}
	file := []auth.Provisioned{
		{Username: "anna", Role: access.RoleOperator, PasswordHash: hash, Contact: "new"},
		{Username: "carl", DisplayName: "Carl", Role: access.RoleViewer, PasswordHash: hash, SeeAll: true},
	}
	if err := s.Provision(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	wantActions(t, store, "person.add", "person.change", "sign-in")
	if err := s.Provision(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	wantActions(t, store, "person.add", "person.change", "sign-in") // nothing changed, nothing written
	got, err := s.PersonByName(t.Context(), "anna")
	if err != nil || got.ID != anna.ID || !got.Provisioned || got.Contact != "new" || got.Role != access.RoleOperator {
		t.Errorf("taken over: %+v, %v", got, err)
	}
	if _, err := s.Session(t.Context(), token, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("a session of the old password: %v", err)
	}
	token = signIn(t, s, "carl")
	carl, err := s.PersonByName(t.Context(), "carl")
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"change":       s.UpdatePerson(t.Context(), byAdmin, carl),
		"name":         s.SetDisplayName(t.Context(), byAdmin, carl.ID, "x"),
		"password":     s.SetPassword(t.Context(), byAdmin, carl.ID, good),
		"own password": s.ChangePassword(t.Context(), token, good, "a better password", here),
		"remove":       s.RemovePerson(t.Context(), byAdmin, carl.ID),
	} {
		if in, ok := errors.AsType[*auth.InputError](err); !ok || !strings.Contains(in.Msg, "comes from the configuration file") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Provision(t.Context(), file[:1]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("who left the file goes on: %v", err)
	}
	if err := s.RemovePerson(t.Context(), byAdmin, carl.ID); err != nil {
		t.Errorf("who left the file cannot be removed: %v", err)
	}
	for _, bad := range [][]auth.Provisioned{
		{{Username: "x y", Role: access.RoleViewer}},
		{{Username: "x", Role: "king"}},
		{{Username: "x", Role: access.RoleViewer, PasswordHash: "secret"}},
		{{Username: "x", Role: access.RoleViewer}, {Username: "X", Role: access.RoleViewer}},
	} {
		if _, ok := errors.AsType[*auth.InputError](s.Provision(t.Context(), bad)); !ok {
			t.Errorf("Provision(%+v) is accepted", bad)
		}
	}
	if got, err := s.Person(t.Context(), boss.ID); err != nil || got.Provisioned || got.Disabled {
		t.Errorf("somebody else was touched: %+v, %v", got, err)
	}
}
