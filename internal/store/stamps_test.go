package store

import (
	"testing"
	"time"
)

// TestStamps: each row says when it last changed here, whatever way that was
// fed, and rows that move keep that.
func TestStamps(t *testing.T) {
	fleet := NewFleet(Options{})
	s := fleet.Add(SiteInfo{Key: "a", Name: "A"})
	old := time.Now().Unix() - 1000
	feed := func(begin func(b *Batch) *Rows, rows map[string]int64) {
		t.Helper()
		b := s.Begin()
		r := begin(b)
		if err := r.Columns("name", "state"); err != nil {
			t.Fatal(err)
		}
		for name, state := range rows {
			r.Text(0, []byte(name))
			r.Int(1, state)
			if err := r.EndRow(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Commit(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(b *Batch) *Rows { return b.Replace("hosts") }
	update := func(b *Batch) *Rows { return b.Update("hosts") }
	// age makes all that is there old.
	age := func() {
		tb := s.Snapshot().Table("hosts")
		tb.stamps = filled(tb.stamps.kind, tb.n, cell{num: old})
		s.Snapshot().stamp = old
	}
	young := func(when string, want ...string) {
		t.Helper()
		snap := s.Snapshot()
		tb := snap.Table("hosts")
		if tb.Stamps() == nil || tb.Stamps().n != tb.Len() {
			t.Fatalf("%s: %d rows have other stamps", when, tb.Len())
		}
		var got []string
		for row, key := range snap.AllKeys("hosts") {
			if tb.Stamps().Int(row) != old {
				got = append(got, key)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: young are %q, want %q", when, got, want)
			return
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: young are %q, want %q", when, got, want)
			}
		}
	}
	feed(update, map[string]int64{"b": 0, "d": 0})
	young("first", "b", "d")
	age()
	feed(update, map[string]int64{"b": 1, "d": 0})
	young("an update", "b")
	age()
	feed(update, map[string]int64{"a": 0, "c": 0})
	young("rows that came", "a", "c")
	age()
	feed(replace, map[string]int64{"a": 0, "b": 2, "c": 0, "d": 0, "e": 0})
	young("a replacement", "b", "e")
	age()
	feed(replace, map[string]int64{"a": 0, "b": 2, "c": 0, "d": 0, "e": 0})
	young("the same again")
	b := s.Begin()
	b.Delete("hosts", "b")
	if _, err := b.Commit(time.Now()); err != nil {
		t.Fatal(err)
	}
	young("a deletion")
	s.Snapshot().stamp = time.Now().Unix() + 1000 // the clock went back
	feed(update, map[string]int64{"a": 1})
	if got := s.Snapshot().Table("hosts").Stamps().Int(0); got < time.Now().Unix()+900 {
		t.Error("a stamp is below those before")
	}
}
