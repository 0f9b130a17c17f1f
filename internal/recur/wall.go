package recur

import "time"

// A Shift says what a change of the clocks did to a time of day.
type Shift uint8

// What a change of the clocks can do.
const (
	Unshifted Shift = iota
	Skipped         // clocks were set forward over it: it does not exist
	Twice           // clocks were set back over it: the first of the two counts
)

// A wall is what clocks show at some place, written as if the place had UTC.
type wall = time.Time

// wallOf returns what clocks show at t in t's zone.
func wallOf(t time.Time) wall {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// instant returns when clocks in zone show w, by the rules of RFC 5545.
func instant(w wall, zone *time.Location) (time.Time, Shift) {
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, zone)
	start, end := t.ZoneBounds()
	if wallOf(t).Equal(w) {
		if !start.IsZero() {
			if e := at(w, offsetBefore(start), zone); e.Before(start) && wallOf(e).Equal(w) {
				return e, Twice
			}
		}
		if !end.IsZero() {
			_, after := end.In(zone).Zone()
			if l := at(w, after, zone); !l.Before(end) && wallOf(l).Equal(w) {
				return t, Twice
			}
		}
		return t, Unshifted
	}
	// The time that Go chose lies on one side of the change or the other.
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before := offsetBefore(change)
		_, after := change.In(zone).Zone()
		last, next := change.Unix()+int64(before), change.Unix()+int64(after)
		if w.Unix() >= last && w.Unix() < next {
			return at(w, before, zone), Skipped
		}
	}
	return t, Skipped
}

// at returns when clocks that are offset seconds ahead of UTC show w.
func at(w wall, offset int, zone *time.Location) time.Time {
	return time.Unix(w.Unix()-int64(offset), 0).In(zone)
}

// offsetBefore returns the offset in force right before a change.
func offsetBefore(change time.Time) int {
	_, offset := change.Add(-time.Nanosecond).Zone()
	return offset
}
