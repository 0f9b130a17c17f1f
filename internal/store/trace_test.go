package store

import (
	"testing"
	"time"
)

// TestTrace: each minute has the average of its answers, and an hour later they
// are gone, however long nothing came in between.
func TestTrace(t *testing.T) {
	var trace Trace
	at := time.Unix(1_700_000_040, 0) // a minute begins
	if got := trace.Minutes(at); got != [TraceMinutes]time.Duration{} {
		t.Errorf("before the first answer: %v", got)
	}
	trace.Note(at, 10*time.Millisecond)
	trace.Note(at.Add(59*time.Second), 30*time.Millisecond)
	trace.Note(at.Add(2*time.Minute), 5*time.Millisecond)
	trace.Note(at.Add(time.Minute), 7*time.Millisecond) // late, and not too late
	got := trace.Minutes(at.Add(2*time.Minute + 30*time.Second))
	if got[57] != 20*time.Millisecond || got[58] != 7*time.Millisecond || got[59] != 5*time.Millisecond || got[56] != 0 {
		t.Errorf("three minutes: %v", got[55:])
	}
	if got := trace.Minutes(at.Add(10 * time.Minute)); got[49] != 20*time.Millisecond || got[59] != 0 {
		t.Errorf("while nothing comes: %v", got[45:])
	}
	trace.Note(at.Add(61*time.Minute), 8*time.Millisecond)
	got = trace.Minutes(at.Add(61 * time.Minute))
	if got[59] != 8*time.Millisecond || got[0] != 5*time.Millisecond || got[1] != 0 {
		t.Errorf("an hour later: %v", got)
	}
	trace.Note(at.Add(100*time.Hour), time.Millisecond)
	trace.Note(at, time.Hour) // too old
	for i, d := range trace.Minutes(at.Add(100 * time.Hour)) {
		if want := time.Duration(i/59) * time.Millisecond; d != want {
			t.Errorf("days later minute %d has %v, want %v", i, d, want)
		}
	}
}
