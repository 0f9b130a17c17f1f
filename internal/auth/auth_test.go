package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
)

const good = "correct horse battery"

var (
	here    = auth.Meta{IP: "192.0.2.1", UA: "test"}
	byAdmin = auth.Actor{Name: "boss", IP: "192.0.2.9"}
)

// newService opens a store and a service with cheap passwords; both end with
// the test.
func newService(t *testing.T, change ...func(*auth.Options)) (*auth.Service, *db.DB) {
	t.Helper()
	store, err := db.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := auth.Options{DB: store, Cost: auth.Cost{Memory: 64, Passes: 1, Lanes: 1}}
	for _, c := range change {
		c(&o)
	}
	s := auth.New(o)
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return s, store
}

func add(t *testing.T, s *auth.Service, p auth.Person) auth.Person {
	t.Helper()
	if p.Role == "" {
		p.Role = access.RoleViewer
	}
	p, err := s.AddPerson(t.Context(), byAdmin, p, good)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func signIn(t *testing.T, s *auth.Service, name string) string {
	t.Helper()
	token, _, err := s.SignIn(t.Context(), name, good, here)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSignInAndOut(t *testing.T) {
	s, store := newService(t)
	add(t, s, auth.Person{Username: "anna", Role: access.RoleOperator, Contact: "anna"})
	token, p, err := s.SignIn(t.Context(), "Anna", good, here)
	if err != nil || p.Username != "anna" || len(token) < 40 {
		t.Fatalf("SignIn = %q, %+v, %v", token, p, err)
	}
	if p, err := s.Session(t.Context(), token, here); err != nil || p.Contact != "anna" || p.LastSignIn.IsZero() {
		t.Errorf("Session = %+v, %v", p, err)
	}
	for _, bad := range []string{"", "x", token + "x", strings.Repeat("A", len(token))} {
		if _, err := s.Session(t.Context(), bad, here); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("Session(%q): %v, want ErrNoSession", bad, err)
		}
	}
	if err := s.SignOut(t.Context(), token, here); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), token, here); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("after sign-out: %v", err)
	}
	if err := s.SignOut(t.Context(), token, here); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
	wantActions(t, store, "sign-out", "sign-in", "person.add")
}

// wantActions compares the newest actions of the audit.
func wantActions(t *testing.T, store *db.DB, want ...string) {
	t.Helper()
	log, err := store.AuditLog(t.Context(), db.AuditQuery{Limit: len(want)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range log {
		if a.Result == "ok" {
			got = append(got, a.Action)
		} else {
			got = append(got, a.Action+": "+a.Result)
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("audit has %q, want %q", got, want)
	}
}

func TestWrongCredentialsLookAlike(t *testing.T) {
	s, store := newService(t)
	add(t, s, auth.Person{Username: "anna"})
	off := add(t, s, auth.Person{Username: "off"})
	off.Disabled = true
	if err := s.UpdatePerson(t.Context(), byAdmin, off); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddPerson(t.Context(), byAdmin, auth.Person{Username: "none", Role: access.RoleViewer}, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, password, reason string }{
		{"anna", "wrong", "wrong password"},
		{"nobody", good, "unknown user"},
		{"off", good, "disabled"},
		{"none", "", "no password"},
		{"anna", strings.Repeat("x", 100_000), "wrong password"},
		{"anna\x00", good, "unknown user"},
		{strings.Repeat("n", 100_000), good, "unknown user"},
		{"", "", "unknown user"},
	} {
		_, _, err := s.SignIn(t.Context(), tt.name, tt.password, here)
		if err != auth.ErrBadCredentials {
			t.Errorf("SignIn(%.10q): %v, want ErrBadCredentials itself", tt.name, err)
		}
		if _, err := s.Basic(t.Context(), tt.name, tt.password, here); err != auth.ErrBadCredentials {
			t.Errorf("Basic(%.10q): %v, want ErrBadCredentials itself", tt.name, err)
		}
		log, err := store.SignIns(t.Context(), 0, 1)
		if err != nil || len(log) != 1 || log[0].OK || log[0].Reason != tt.reason || log[0].IP != here.IP {
			t.Errorf("SignIn(%.10q) is logged as %+v, %v; want %s", tt.name, log, err, tt.reason)
		}
	}
}

func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t, func(o *auth.Options) { o.SessionIdle, o.SessionMax = 10*time.Hour, 30*time.Hour })
		p := add(t, s, auth.Person{Username: "anna"})
		idle, used := signIn(t, s, "anna"), signIn(t, s, "anna")
		for range 3 { // 27 h, never idle for 10
			time.Sleep(9 * time.Hour)
			if _, err := s.Session(t.Context(), used, here); err != nil {
				t.Fatalf("a used session ended: %v", err)
			}
		}
		if _, err := s.Session(t.Context(), idle, here); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("an idle session lives: %v", err)
		}
		list, err := s.Sessions(t.Context(), p.ID, used)
		if err != nil || len(list) != 1 || !list[0].Current {
			t.Errorf("Sessions = %+v, %v; want the used one", list, err)
		}
		time.Sleep(4 * time.Hour) // 31 h
		if _, err := s.Session(t.Context(), used, here); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("a session outlives its longest time: %v", err)
		}
	})
}

// TestLastSeenIsKept closes a service and asks a new one: what was used a
// moment before the end is not forgotten.
func TestLastSeenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newService(t)
		p := add(t, s, auth.Person{Username: "anna"})
		token := signIn(t, s, "anna")
		time.Sleep(29 * 24 * time.Hour)
		if _, err := s.Session(t.Context(), token, here); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		stored, err := store.Sessions(t.Context(), p.ID)
		if err != nil || len(stored) != 1 || !stored[0].LastSeen.Equal(time.Now()) {
			t.Errorf("stored %+v, %v; want last seen %v", stored, err, time.Now())
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t)
		add(t, s, auth.Person{Username: "anna"})
		add(t, s, auth.Person{Username: "bert"})
		try := func(name, password, ip string) time.Duration {
			_, _, err := s.SignIn(t.Context(), name, password, auth.Meta{IP: ip})
			if limited, ok := errors.AsType[*auth.RateLimitedError](err); ok {
				return limited.Retry
			}
			return 0
		}
		for range 6 {
			if wait := try("anna", "wrong", "192.0.2.1"); wait != 0 {
				t.Fatalf("limited too early: %v", wait)
			}
		}
		if wait := try("ANNA", good, "192.0.2.1"); wait != time.Second {
			t.Errorf("after 6 failures the wait is %v, want 1s", wait)
		}
		if wait := try("anna", good, "198.51.100.7"); wait != 0 {
			t.Errorf("failures of a stranger make the owner wait %v", wait)
		}
		if wait := try("bert", good, "192.0.2.1"); wait != 0 {
			t.Errorf("another account waits %v", wait)
		}
		if wait := try("anna", good, "192.0.2.1"); wait != time.Second {
			t.Errorf("a success elsewhere lets the stranger go on: %v", wait)
		}
		time.Sleep(time.Second)
		try("anna", "wrong", "192.0.2.1")
		if wait := try("anna", good, "192.0.2.1"); wait != 2*time.Second {
			t.Errorf("after 7 failures the wait is %v, want 2s", wait)
		}
		time.Sleep(2 * time.Second)
		if _, _, err := s.SignIn(t.Context(), "anna", good, here); err != nil {
			t.Errorf("the right password after the wait: %v", err)
		}
		if wait := try("anna", "wrong", "192.0.2.1"); wait != 0 {
			t.Errorf("a success did not clear the account: %v", wait)
		}
	})
}

// TestRateLimitFromManyAddresses: guessing one account's password from ever new
// addresses has an end, too.
func TestRateLimitFromManyAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t)
		add(t, s, auth.Person{Username: "anna"})
		guesses := 0
		for i := range 1000 {
			_, _, err := s.SignIn(t.Context(), "anna", "wrong", auth.Meta{IP: fmt.Sprintf("203.0.%d.%d", i/250, i%250)})
			if err == auth.ErrBadCredentials {
				guesses++
			}
		}
		if guesses < 50 || guesses > 150 {
			t.Errorf("%d guesses from 1000 addresses", guesses)
		}
		time.Sleep(time.Minute)
		if _, _, err := s.SignIn(t.Context(), "anna", good, here); err != nil {
			t.Errorf("after the longest wait: %v", err)
		}
	})
}

// TestTries: the count before the first wait is that of one name from one
// address, whether there is such a person or not, and is forgiven.
func TestTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t)
		add(t, s, auth.Person{Username: "anna"})
		for _, name := range []string{"anna", "nobody"} {
			for want := range 3 {
				if failed, free := s.Tries(name, here); failed != want || free != 5 {
					t.Errorf("%s: %d of %d tries, want %d of 5", name, failed, free, want)
				}
				if _, _, err := s.SignIn(t.Context(), name, "wrong", here); err != auth.ErrBadCredentials {
					t.Fatal(err)
				}
			}
		}
		if failed, _ := s.Tries("anna", auth.Meta{IP: "203.0.113.9"}); failed != 0 {
			t.Errorf("from another address %d tries", failed)
		}
		time.Sleep(11 * time.Minute)
		if failed, _ := s.Tries("nobody", here); failed != 1 {
			t.Errorf("after eleven minutes %d tries count, want 1", failed)
		}
		if _, _, err := s.SignIn(t.Context(), "anna", good, here); err != nil {
			t.Fatal(err)
		}
		if failed, _ := s.Tries("anna", here); failed != 0 {
			t.Errorf("after the right password %d tries count", failed)
		}
	})
}

func TestRateLimitByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(t)
		add(t, s, auth.Person{Username: "anna"})
		for i := range 21 { // another host of the same network each time
			ip := "2001:db8::" + string(rune('a'+i%6))
			if _, _, err := s.SignIn(t.Context(), "user"+string(rune('a'+i)), "wrong", auth.Meta{IP: ip}); err != auth.ErrBadCredentials {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		if _, _, err := s.SignIn(t.Context(), "anna", good, auth.Meta{IP: "2001:db8::1"}); !errors.Is(err, auth.ErrRateLimited) {
			t.Errorf("the network may go on: %v", err)
		}
		if _, _, err := s.SignIn(t.Context(), "anna", good, auth.Meta{IP: "2001:db8:0:1::1"}); err != nil {
			t.Errorf("the next network: %v", err)
		}
	})
}

// TestParallelSignIns: the right password many times at once is never refused,
// the wrong one gets hardly more guesses than one after the other. The clock
// stands still meanwhile.
func TestParallelSignIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newService(t)
		add(t, s, auth.Person{Username: "anna"})
		bert := add(t, s, auth.Person{Username: "bert"})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, _, err := s.SignIn(t.Context(), "anna", good, here); err != nil {
					t.Errorf("right password: %v", err)
				}
			})
			all.Go(func() {
				_, _, err := s.SignIn(t.Context(), "bert", "wrong", auth.Meta{IP: "203.0.113.1"})
				if err != auth.ErrBadCredentials && !errors.Is(err, auth.ErrRateLimited) {
					t.Errorf("wrong password: %v", err)
				}
			})
		}
		all.Wait()
		log, err := store.SignIns(t.Context(), bert.ID, 1000)
		if err != nil || len(log) < 6 || len(log) > 6+1 { // the other slot may hold one more
			t.Errorf("%d guesses were checked (%v)", len(log), err)
		}
	})
}

func TestSignInGivesUpWithContext(t *testing.T) {
	s, _ := newService(t)
	add(t, s, auth.Person{Username: "anna"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.SignIn(ctx, "anna", good, here); !errors.Is(err, context.Canceled) {
		t.Errorf("SignIn = %v, want canceled", err)
	}
}

func TestBasicIsCached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := newService(t)
		p := add(t, s, auth.Person{Username: "nagstamon"})
		for range 10 {
			if _, err := s.Basic(t.Context(), "nagstamon", good, here); err != nil {
				t.Fatal(err)
			}
		}
		if log, err := store.SignIns(t.Context(), p.ID, 100); err != nil || len(log) != 1 {
			t.Errorf("10 requests made %d log lines (%v), want 1", len(log), err)
		}
		for range 8 { // somebody else guesses: those who know the password go on
			s.Basic(t.Context(), "nagstamon", "wrong", auth.Meta{IP: "203.0.113.1"})
		}
		if _, err := s.Basic(t.Context(), "nagstamon", good, here); err != nil {
			t.Errorf("cached credentials are limited: %v", err)
		}
		time.Sleep(2 * time.Minute)
		if err := s.SetPassword(t.Context(), byAdmin, p.ID, "another "+good); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Basic(t.Context(), "nagstamon", good, here); err != auth.ErrBadCredentials {
			t.Errorf("the old password still works: %v", err)
		}
		if _, err := s.Basic(t.Context(), "nagstamon", "another "+good, here); err != nil {
			t.Error(err)
		}
		p.Disabled = true
		if err := s.UpdatePerson(t.Context(), byAdmin, p); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Basic(t.Context(), "nagstamon", "another "+good, here); err != auth.ErrBadCredentials {
			t.Errorf("a disabled account still works: %v", err)
		}
	})
}

func TestHashPassword(t *testing.T) {
	h, err := auth.HashPassword(good)
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=65536,t=2,p=1$") {
		t.Fatalf("HashPassword = %q, %v", h, err)
	}
	if err := auth.CheckHash(h); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "secret", "$2y$10$abcdefghijklmnopqrstuv", strings.Replace(h, "m=65536", "m=4294967295", 1),
		strings.Replace(h, "t=2", "t=0", 1), strings.Replace(h, "p=1", "p=0", 1), strings.Replace(h, "p=1", "p=1,x=1", 1),
		strings.Replace(h, "argon2id", "argon2i", 1), h + "$", h[:len(h)-30], strings.Replace(h, "v=19", "v=16", 1),
	} {
		if err := auth.CheckHash(bad); err == nil {
			t.Errorf("CheckHash(%q) accepts it", bad)
		}
	}
	if _, err := auth.HashPassword("short"); err == nil {
		t.Error("HashPassword takes a short one")
	}
}
