// Package when reads points in time and lengths of time as people type them, in
// the query bar, in dialogs and on the command line.
//
// It knows no language but the few words it lists, and no clock: now is always
// given, and its location is the zone that is meant.
package when

import (
	"strconv"
	"strings"
	"time"
)

// units are those of lengths of time, longest name first.
var units = []struct {
	name string
	is   time.Duration
}{
	{"ms", time.Millisecond}, {"min", time.Minute}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour},
	{"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"y", 365 * 24 * time.Hour},
}

// maxSpan bounds lengths of time: a hundred years.
const maxSpan = 100 * 365 * 24 * time.Hour

// Length reads a length of time: "90m", "1h30m", "2 d", "1.5h"; a number
// without unit is seconds. ok is false when s is none, or more than a hundred
// years.
func Length(s string) (d time.Duration, ok bool) {
	rest := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	if rest == "" {
		return 0, false
	}
	total, whole := 0.0, rest
	for rest != "" {
		end := 0
		for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.') {
			end++
		}
		n, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil {
			return 0, false
		}
		rest = rest[end:]
		unit := time.Second
		found := rest == "" && end == len(whole)
		for _, u := range units {
			if r, ok := strings.CutPrefix(rest, u.name); ok && !startsWithLetter(r) {
				unit, rest, found = u.is, r, true
				break
			}
		}
		if !found {
			return 0, false
		}
		total += n * float64(unit)
		if total > float64(maxSpan) {
			return 0, false
		}
	}
	return time.Duration(total), true
}

func startsWithLetter(s string) bool { return s != "" && s[0] >= 'a' && s[0] <= 'z' }

// Moment reads a point in time, past or to come: seconds since 1970, a date with
// or without time of day in the zone of now, "now", "today" and their kin, each
// with a length of time added or taken away: "today-2d", "-1h", "+30m". "never"
// is 0. It returns seconds since 1970; ok is false when s says no such thing.
func Moment(s string, now time.Time) (unix int64, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "never" {
		return 0, true
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && s[0] != '+' {
		return n, true
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02t15:04", "2006-01-02 15:04", "2006-01-02t15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return max(t.Unix(), 0), true
		}
	}
	base, sign, span := s, 1, ""
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		base, span = s[:i], s[i+1:]
		if s[i] == '-' {
			sign = -1
		}
		if span == "" {
			return 0, false
		}
	}
	t, ok := namedTime(strings.TrimSpace(base), now)
	if !ok {
		return 0, false
	}
	if span != "" {
		d, ok := Length(span)
		if !ok {
			return 0, false
		}
		t = t.Add(time.Duration(sign) * d)
	}
	return max(t.Unix(), 0), true
}

// namedTime returns the time that a word means; "" is now.
func namedTime(word string, now time.Time) (time.Time, bool) {
	y, m, d := now.Date()
	day := func(y int, m time.Month, d int) (time.Time, bool) {
		return time.Date(y, m, d, 0, 0, 0, 0, now.Location()), true
	}
	monday := d - (int(now.Weekday())+6)%7
	switch word {
	case "", "now":
		return now, true
	case "today":
		return day(y, m, d)
	case "yesterday":
		return day(y, m, d-1)
	case "tomorrow":
		return day(y, m, d+1)
	case "thisweek":
		return day(y, m, monday)
	case "lastweek", "lastmonday":
		return day(y, m, monday-7)
	case "nextweek":
		return day(y, m, monday+7)
	case "thismonth":
		return day(y, m, 1)
	case "lastmonth":
		return day(y, m-1, 1)
	case "nextmonth":
		return day(y, m+1, 1)
	case "thisyear":
		return day(y, 1, 1)
	case "lastyear":
		return day(y-1, 1, 1)
	case "nextyear":
		return day(y+1, 1, 1)
	}
	return time.Time{}, false
}
