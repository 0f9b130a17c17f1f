package store

import "time"

// TraceMinutes is how many minutes a [Trace] keeps.
const TraceMinutes = 60

// A Trace is how long a core took to answer in each minute of the last hour, on
// average. It has a fixed size. The zero Trace has noted nothing. Traces are
// values: copies can be read while the original goes on, which only one
// goroutine may do.
type Trace struct {
	last  int64 // minute since 1970 of what was noted last
	slots [TraceMinutes]struct {
		sum time.Duration
		n   int32
	}
}

// Note adds an answer that came at a time and took so long. What is older than
// the hour before the newest is left out.
func (t *Trace) Note(at time.Time, took time.Duration) {
	minute := at.Unix() / 60
	if minute <= t.last-TraceMinutes {
		return
	}
	for m := max(t.last+1, minute-TraceMinutes+1); m <= minute; m++ {
		t.slots[m%TraceMinutes].sum, t.slots[m%TraceMinutes].n = 0, 0
	}
	t.last = max(t.last, minute)
	s := &t.slots[minute%TraceMinutes]
	s.sum += took
	s.n++
}

// Minutes returns the averages of the hour until now, the oldest first and that
// of the running minute last; 0 where nothing was noted.
func (t *Trace) Minutes(now time.Time) [TraceMinutes]time.Duration {
	var out [TraceMinutes]time.Duration
	end := now.Unix() / 60
	for i := range out {
		m := end - TraceMinutes + 1 + int64(i)
		if m > t.last || m <= t.last-TraceMinutes || m < 0 {
			continue
		}
		if s := t.slots[m%TraceMinutes]; s.n > 0 {
			out[i] = s.sum / time.Duration(s.n)
		}
	}
	return out
}
