package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// open opens the store in dir; it is closed with the test unless before.
func open(t *testing.T, dir string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func addPerson(t *testing.T, d *db.DB, p db.Person) int64 {
	t.Helper()
	if p.Role == "" {
		p.Role = access.RoleViewer
	}
	var id int64
	err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
		id, err = tx.AddPerson(t.Context(), p, noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPeopleAreKept(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	want := db.Person{
		Username: "Anna", DisplayName: "Anna Ü", PasswordHash: "h", Role: access.RoleOperator, SeeAll: true, Contact: "a",
		SiteContacts: map[string]string{"berlin": "anna", "rom": ""}, CommandLines: true, PasswordChanged: noon,
		Created: noon, Changed: noon,
	}
	want.ID = addPerson(t, d, want)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir)
	for _, name := range []string{"Anna", "ANNA", " anna "} {
		got, err := d.PersonByName(t.Context(), name)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("PersonByName(%q): %v\n%s", name, err, diff)
		}
	}
	if _, err := d.Person(t.Context(), 99); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("Person(99): %v", err)
	}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.AddPerson(t.Context(), db.Person{Username: "aNNA", Role: access.RoleViewer}, noon)
		return err
	})
	if !errors.Is(err, db.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
}

// TestWriteIsAllOrNothing: an error, a panic and an ended context leave no
// trace, and the next write goes on.
func TestWriteIsAllOrNothing(t *testing.T) {
	d := open(t, t.TempDir())
	broken := errors.New("broken")
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		tx.AddAudit(t.Context(), db.Audit{Who: "x", Action: "a", Result: "ok"})
		return broken
	})
	if err != broken {
		t.Errorf("Write = %v, want the error itself", err)
	}
	func() {
		defer func() { recover() }()
		d.Write(t.Context(), func(tx *db.Tx) error {
			tx.AddAudit(t.Context(), db.Audit{Who: "x", Action: "a", Result: "ok"})
			panic("broken")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err = d.Write(ctx, func(tx *db.Tx) error {
		tx.AddAudit(ctx, db.Audit{Who: "x", Action: "a", Result: "ok"})
		cancel()
		return nil
	})
	if err == nil {
		t.Error("a write whose context ended is confirmed")
	}
	if err := d.AddAudit(t.Context(), db.Audit{Who: "y", Action: "b", Result: "ok"}); err != nil {
		t.Fatal(err)
	}
	log, err := d.AuditLog(t.Context(), db.AuditQuery{})
	if err != nil || len(log) != 1 || log[0].Who != "y" {
		t.Errorf("audit: %+v, %v", log, err)
	}
}

func TestSessions(t *testing.T) {
	d := open(t, t.TempDir())
	anna, bert := addPerson(t, d, db.Person{Username: "anna"}), addPerson(t, d, db.Person{Username: "bert"})
	add := func(person int64, n byte, seen time.Time) int64 {
		var id int64
		err := d.Write(t.Context(), func(tx *db.Tx) (err error) {
			id, err = tx.AddSession(t.Context(), db.Session{Person: person, Hash: [32]byte{n}, Kind: "web", Created: noon, LastSeen: seen, IP: "::1", UA: "u"}, 3)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	for n := range byte(5) { // of five the three newest are kept
		add(anna, n, noon.Add(time.Duration(n)*time.Hour))
	}
	berts := add(bert, 9, noon)
	list, err := d.Sessions(t.Context(), anna)
	if err != nil || len(list) != 3 || list[0].Hash != [32]byte{4} || list[2].Hash != [32]byte{2} {
		t.Fatalf("Sessions = %+v, %v", list, err)
	}
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		if err := tx.RemoveSession(t.Context(), anna, berts); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("somebody else's session: %v", err)
		}
		if err := tx.SeeSession(t.Context(), berts, noon.Add(time.Hour), "::2"); err != nil {
			t.Error(err)
		}
		if n, err := tx.RemoveSessions(t.Context(), anna, list[1].ID); n != 2 || err != nil {
			t.Errorf("RemoveSessions = %d, %v", n, err)
		}
		n, err := tx.PruneSessions(t.Context(), noon.Add(2*time.Hour), noon.Add(-time.Hour))
		if n != 1 || err != nil {
			t.Errorf("PruneSessions = %d, %v; want bert's", n, err)
		}
		return tx.RemovePerson(t.Context(), anna)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Session(t.Context(), list[1].Hash); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("the session of somebody who is gone: %v", err)
	}
}

func TestSites(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	by := db.Audit{Who: "anna", Action: "site.add", Result: "ok"}
	want := db.Site{
		Name: "Berlin", Section: "Europe/Germany", Addresses: []string{"tcp://a:1", "tls://b:2"},
		TLS: db.SiteTLS{CA: "/ca", ServerName: "x", Fingerprint: "ab"}, Interval: 1500 * time.Millisecond, Paused: true, Position: 3,
	}
	got, err := d.AddSite(t.Context(), want, by)
	if err != nil || got.Key != "berlin" {
		t.Fatalf("AddSite = %+v, %v", got, err)
	}
	if _, err := d.AddSite(t.Context(), db.Site{Name: "BERLIN"}, by); !errors.Is(err, db.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
	got.Name = "Rom"
	if err := d.UpdateSite(t.Context(), got, by); err != nil {
		t.Fatal(err)
	}
	second, err := d.AddSite(t.Context(), db.Site{Name: "Berlin"}, by)
	if err != nil || second.Key != "berlin-2" {
		t.Errorf("a new Berlin has the key %q, %v", second.Key, err)
	}
	d.Close()
	d = open(t, dir)
	all, err := d.Sites(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "Berlin" {
		t.Fatalf("Sites = %+v, %v", all, err)
	}
	if diff := cmp.Diff(got, all[1], cmpopts.IgnoreFields(db.Site{}, "Changed")); diff != "" {
		t.Error(diff)
	}
	if err := d.RemoveSite(t.Context(), "berlin", by); err != nil {
		t.Error(err)
	}
	if err := d.RemoveSite(t.Context(), "berlin", by); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if log, err := d.AuditLog(t.Context(), db.AuditQuery{Action: "site."}); err != nil || len(log) != 4 {
		t.Errorf("audit has %d entries, %v; want one for each change that was made", len(log), err)
	}
}

func TestSiteKey(t *testing.T) {
	keys := map[string]string{}
	for _, name := range []string{"berlin", "berlin-2", "site"} {
		if got := db.SiteKey(strings.ToUpper(name)); got != name {
			t.Errorf("SiteKey(%q) = %q", name, got)
		}
	}
	for _, name := range []string{
		"Berlin", "Berlin 2", "Berlin_2", "Berlin/2", "München", "Munchen", "東京", "大阪", "--", "-", "a-", "a",
		strings.Repeat("x", 100), strings.Repeat("x", 101), "../etc", "a?b#c", "\u202egnp",
	} {
		k := db.SiteKey(name)
		if keys[k] != "" {
			t.Errorf("%q and %q have the key %q", name, keys[k], k)
		}
		keys[k] = name
		if k == "" || len(k) > 49 || strings.Trim(k, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("SiteKey(%q) = %q", name, k)
		}
	}
}

func TestPreferences(t *testing.T) {
	d := open(t, t.TempDir())
	anna := addPerson(t, d, db.Person{Username: "anna"})
	set := func(person int64, key, value string) error {
		var v []byte
		if value != "" {
			v = []byte(value)
		}
		return d.SetPreference(t.Context(), person, key, v)
	}
	for _, kv := range [][2]string{{"a", `{"x":1}`}, {"b", `"y"`}, {"a", "[2]"}, {"b", ""}} {
		if err := set(anna, kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Preferences(t.Context(), anna)
	if err != nil || len(got) != 1 || string(got["a"]) != "[2]" {
		t.Errorf("Preferences = %s, %v", got, err)
	}
	if err := set(99, "a", "1"); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("of somebody who is not there: %v", err)
	}
	for _, bad := range [][2]string{{"", "1"}, {strings.Repeat("k", 201), "1"}, {"a", "{"}, {"a", `"` + strings.Repeat("x", 64<<10) + `"`}} {
		if set(anna, bad[0], bad[1]) == nil {
			t.Errorf("SetPreference(%.10q, %.10q) is accepted", bad[0], bad[1])
		}
	}
	for i := range 499 {
		if err := set(anna, fmt.Sprint("k", i), "1"); err != nil {
			t.Fatal(err)
		}
	}
	if set(anna, "one too many", "1") == nil {
		t.Error("there is no bound")
	}
}

func TestAuditLog(t *testing.T) {
	d := open(t, t.TempDir())
	for i, action := range []string{"sign-in", "site.add", "site.remove", "sites", "sign-in"} {
		if err := d.AddAudit(t.Context(), db.Audit{At: noon, Who: []string{"anna", "bert"}[i%2], Action: action, Object: strings.Repeat("ü", 400) + "\xff", Result: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		q    db.AuditQuery
		want string
	}{
		{db.AuditQuery{}, "sign-in sites site.remove site.add sign-in"},
		{db.AuditQuery{Action: "site."}, "site.remove site.add"},
		{db.AuditQuery{Action: "sign-in", Who: "anna"}, "sign-in sign-in"},
		{db.AuditQuery{Before: 3}, "site.add sign-in"},
		{db.AuditQuery{Limit: 1}, "sign-in"},
		{db.AuditQuery{Who: "nobody"}, ""},
	} {
		log, err := d.AuditLog(t.Context(), tt.q)
		var got []string
		for _, a := range log {
			got = append(got, a.Action)
			if len(a.Object) > 500 || strings.Trim(a.Object, "ü") != "" || !a.At.Equal(noon) {
				t.Errorf("entry %+v", a)
			}
		}
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: %q, %v; want %q", tt.q, got, err, tt.want)
		}
	}
}

func TestPrune(t *testing.T) {
	d := open(t, t.TempDir())
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for i := range 2500 {
			at := noon.AddDate(0, 0, -91)
			if i%5 == 0 {
				at = noon.AddDate(0, 0, -89)
			}
			if err := tx.AddSignIn(t.Context(), db.SignIn{At: at, Username: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Prune(t.Context(), noon); err != nil {
		t.Fatal(err)
	}
	if log, err := d.SignIns(t.Context(), 0, 1000); err != nil || len(log) != 500 {
		t.Errorf("%d lines are left, %v; want 500", len(log), err)
	}
}

func TestParallelWritesAndReads(t *testing.T) {
	d := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for range 10 {
				if err := d.AddAudit(t.Context(), db.Audit{Who: fmt.Sprint(i), Action: "a", Result: "ok"}); err != nil {
					t.Error(err)
				}
				if _, err := d.AuditLog(t.Context(), db.AuditQuery{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if log, err := d.AuditLog(t.Context(), db.AuditQuery{Limit: 1000}); err != nil || len(log) != 200 {
		t.Errorf("%d entries, %v", len(log), err)
	}
}

// wantError compares the sentence and the kind, and wants a hint.
func wantError(t *testing.T, err error, kind error, part string) {
	t.Helper()
	e, ok := errors.AsType[*db.Error](err)
	if !ok || kind != nil && !errors.Is(err, kind) || !strings.Contains(err.Error(), part) || e.HintText() == "" || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q, a hint, and the kind %v", err, part, kind)
	}
}

func TestOneServerAtATime(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // do not wait
	_, err := db.Open(ctx, dir, nil)
	wantError(t, err, db.ErrLocked, fmt.Sprintf("in use by another process (number %d)", os.Getpid()))
	_, err = db.Restore(t.Context(), filepath.Join(dir, "belvedere.db"), dir)
	if err == nil {
		t.Error("a restore under a running server")
	}
	beside, err := db.OpenBeside(t.Context(), dir, nil)
	if err != nil {
		t.Fatalf("a command beside the server: %v", err)
	}
	id := addPerson(t, beside, db.Person{Username: "anna"})
	if _, err := d.Person(t.Context(), id); err != nil {
		t.Errorf("the server does not see what the command wrote: %v", err)
	}
	if err := errors.Join(beside.Close(), d.Close()); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestBadFolders(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := db.Open(t.Context(), filepath.Join(file, "data"), nil)
	wantError(t, err, nil, "cannot make the data folder")
	_, err = db.Open(t.Context(), file, nil)
	wantError(t, err, nil, "cannot make the data folder")
	_, err = db.Open(t.Context(), "/proc/self/fdinfo", nil)
	wantError(t, err, nil, "cannot write in the data folder")
	st, err := os.Stat(filepath.Dir(open(t, filepath.Join(dir, "a/b")).Dir()))
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", st.Mode(), err)
	}
	if st, err = os.Stat(filepath.Join(dir, "a/b/belvedere.db")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the database has mode %v, %v", st.Mode(), err)
	}
}

// TestDamagedIsNeverReplaced: whatever is in place of the database, it is an
// error, and the file is as it was.
func TestDamagedIsNeverReplaced(t *testing.T) {
	sound := t.TempDir()
	d := open(t, sound)
	for i := range 300 {
		addPerson(t, d, db.Person{Username: fmt.Sprint("person", i), DisplayName: strings.Repeat("x", 200)})
	}
	d.Close()
	whole, err := os.ReadFile(filepath.Join(sound, "belvedere.db"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := slices.Clone(whole)
	copy(foreign[68:], "\x00\x00\x00\x01") // the application id
	scribbled := slices.Clone(whole)
	for at := 4096; at < len(scribbled); at += 4096 {
		copy(scribbled[at:], strings.Repeat("\xa5", 64))
	}
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("hello, world, this is no database"), "short": whole[:10], "header only": whole[:100],
		"half": whole[:len(whole)/2], "one page less": whole[:len(whole)-4096], "scribbled": scribbled, "foreign": foreign,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "belvedere.db")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := db.Open(t.Context(), dir, nil)
			wantError(t, err, db.ErrCorrupt, file)
			after, err := os.ReadFile(file)
			if err != nil || string(after) != string(content) {
				t.Errorf("the file was changed (%v)", err)
			}
			_, err = db.Restore(t.Context(), file, t.TempDir())
			wantError(t, err, db.ErrCorrupt, file)
		})
	}
	lost := t.TempDir()
	if err := os.WriteFile(filepath.Join(lost, "belvedere.db-wal"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = db.Open(t.Context(), lost, nil)
	wantError(t, err, db.ErrCorrupt, "is missing, but its log")
}

func TestBackupAndRestore(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	d := open(t, dir)
	anna := addPerson(t, d, db.Person{Username: "anna"})
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.AddSession(t.Context(), db.Session{Person: anna, Hash: [32]byte{1}, Kind: "web", Created: noon, LastSeen: noon}, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(other, "backup.db")
	if err := os.WriteFile(backup, []byte("an older one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	addPerson(t, d, db.Person{Username: "bert"}) // after the backup
	id, err := d.InstanceID(t.Context())
	if err != nil || len(id) < 20 {
		t.Errorf("InstanceID = %q, %v", id, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(other); len(entries) != 1 {
		t.Errorf("the backup left %v", entries)
	}
	kept, err := db.Restore(t.Context(), backup, dir)
	if err != nil || !strings.HasPrefix(kept, filepath.Join(dir, "belvedere.db.before-restore-")) {
		t.Fatalf("Restore = %q, %v", kept, err)
	}
	again, err := db.Restore(t.Context(), kept, dir)
	if err != nil || again == kept {
		t.Fatalf("restoring what was before: %q, %v", again, err)
	}
	d = open(t, dir)
	if _, err := d.PersonByName(t.Context(), "bert"); err != nil {
		t.Errorf("bert is lost: %v", err)
	}
	d.Close()
	if _, err = db.Restore(t.Context(), backup, dir); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir)
	people, err := d.People(t.Context())
	if err != nil || len(people) != 1 || people[0].Username != "anna" {
		t.Errorf("after the restore: %+v, %v", people, err)
	}
	if sessions, err := d.Sessions(t.Context(), anna); err != nil || len(sessions) != 0 {
		t.Errorf("a restore brought %d sessions back, %v", len(sessions), err)
	}
	if got, err := d.InstanceID(t.Context()); err != nil || got != id {
		t.Errorf("another instance: %q, %v", got, err)
	}
}

func TestBackupTargets(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	for target, part := range map[string]string{
		dir:                                   "is a folder",
		filepath.Join(dir, "belvedere.db"):    "is the database itself",
		filepath.Join(dir, "missing", "x.db"): "no such file or directory",
	} {
		if err := d.Backup(t.Context(), target); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("Backup(%s): %v, want %q", target, err, part)
		}
	}
	addPerson(t, d, db.Person{Username: "anna"})
}

// TestRestoreOverDamage: the damaged store is kept, log and all.
func TestRestoreOverDamage(t *testing.T) {
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "b.db")
	d := open(t, dir)
	addPerson(t, d, db.Person{Username: "anna"})
	if err := errors.Join(d.Backup(t.Context(), backup), d.Close()); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"belvedere.db": "rubbish", "belvedere.db-wal": "rubbish too"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := db.Restore(t.Context(), backup, dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{kept: "rubbish", kept + "-wal": "rubbish too"} {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v", name, got, err)
		}
	}
	if _, err := open(t, dir).PersonByName(t.Context(), "anna"); err != nil {
		t.Error(err)
	}
}
