package site

import (
	"testing"
	"time"
)

// TestTurn has polls of many busy sites fall together, none put off by more than a
// beat, and those of few sites made at once.
func TestTurn(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		active int64
		found  bool
		polled time.Duration // ago
		at     time.Duration // within the second
		want   time.Duration
	}{
		{"alone", 1, true, time.Second, 7 * time.Millisecond, 0},
		{"alone, polled just now", 1, true, 5 * time.Millisecond, 7 * time.Millisecond, 15 * time.Millisecond},
		{"nothing was found", 200, false, time.Minute, 7 * time.Millisecond, 0},
		{"among many", 200, true, time.Minute, 7 * time.Millisecond, 43 * time.Millisecond},
		{"among many, on the beat", 200, true, time.Minute, 100 * time.Millisecond, 0},
		{"among many, after a gap of 2 s", 200, true, time.Second, 7 * time.Millisecond, 993 * time.Millisecond},
		{"the same, nearer the next", 200, true, time.Second, 30 * time.Millisecond, 1020 * time.Millisecond},
	} {
		s := &session{site: &site{m: NewManager(Options{})}}
		s.m.active.Store(tt.active)
		s.found = tt.found
		at := now.Add(tt.at)
		s.polled = at.Add(-tt.polled)
		if got := s.turn(at); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
