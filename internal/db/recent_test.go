package db

import (
	"encoding/json"
	"testing"
	"time"
)

// TestRecent: what is kept in memory is what is on disk: at once after a
// commit of this process, within a moment after one of another.
func TestRecent(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	d, err := Open(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var id int64
	err = d.Write(ctx, func(tx *Tx) (err error) {
		id, err = tx.AddPerson(ctx, Person{Username: "anna", Role: "viewer"}, time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	theme := func() string {
		t.Helper()
		p, err := d.Preferences(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return string(p["theme"])
	}
	for _, want := range []string{`"dark"`, `"light"`, `"dark"`} {
		theme()
		if err := d.SetPreference(ctx, id, "theme", json.RawMessage(want)); err != nil {
			t.Fatal(err)
		}
		if got := theme(); got != want {
			t.Fatalf("after own commit: %s, want %s", got, want)
		}
	}
	other, err := OpenBeside(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.SetPreference(ctx, id, "theme", json.RawMessage(`"auto"`)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); theme() != `"auto"`; {
		if time.Now().After(end) {
			t.Fatal("the commit of another process is not seen")
		}
		time.Sleep(10 * time.Millisecond) // polling with a deadline
	}
	if _, err := d.Person(ctx, id+1); err == nil {
		t.Error("found nobody")
	}
}

// BenchmarkRecent is what a request asks of the store: a session, its person,
// their preferences.
func BenchmarkRecent(b *testing.B) {
	ctx := b.Context()
	d, err := Open(ctx, b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var id int64
	err = d.Write(ctx, func(tx *Tx) (err error) {
		if id, err = tx.AddPerson(ctx, Person{Username: "anna", Role: "viewer"}, time.Now()); err != nil {
			return err
		}
		_, err = tx.AddSession(ctx, Session{Person: id, Kind: "web", Created: time.Now(), LastSeen: time.Now()}, 10)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := d.Session(ctx, [32]byte{}); err != nil {
			b.Fatal(err)
		}
		if _, err := d.Person(ctx, id); err != nil {
			b.Fatal(err)
		}
		if _, err := d.Preferences(ctx, id); err != nil {
			b.Fatal(err)
		}
	}
}
