package when

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrUnreadable: the text says no point in time.
	ErrUnreadable = errors.New("when: no point in time")
	// ErrPast: the point in time is not to come any more.
	ErrPast = errors.New("when: in the past")
)

// weekdays are the words for the days of the week, in English and German.
var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "sunday": time.Sunday, "so": time.Sunday, "sonntag": time.Sunday,
	"mon": time.Monday, "monday": time.Monday, "mo": time.Monday, "montag": time.Monday,
	"tue": time.Tuesday, "tuesday": time.Tuesday, "di": time.Tuesday, "dienstag": time.Tuesday,
	"wed": time.Wednesday, "wednesday": time.Wednesday, "mi": time.Wednesday, "mittwoch": time.Wednesday,
	"thu": time.Thursday, "thursday": time.Thursday, "do": time.Thursday, "donnerstag": time.Thursday,
	"fri": time.Friday, "friday": time.Friday, "fr": time.Friday, "freitag": time.Friday,
	"sat": time.Saturday, "saturday": time.Saturday, "sa": time.Saturday, "samstag": time.Saturday,
}

// Next reads a point in time that is to come: "90m" or "in 2h" from now, "18:00"
// or "6pm" (the next one), "fri 18:00", "tomorrow 9:00", "2026-11-27 08:00",
// "27.11.2026 8:00", and all that [Moment] reads. A day without a time of day
// means its beginning. The error is [ErrUnreadable] or [ErrPast].
func Next(s string, now time.Time) (time.Time, error) {
	s = strings.Join(strings.Fields(strings.ToLower(s)), " ")
	t, ok := next(s, now)
	switch {
	case !ok || s == "" || t.Sub(now) > maxSpan:
		return time.Time{}, ErrUnreadable
	case !t.After(now):
		return time.Time{}, ErrPast
	}
	return t, nil
}

func next(s string, now time.Time) (time.Time, bool) {
	span := strings.TrimPrefix(strings.TrimPrefix(s, "in "), "+")
	if d, ok := Length(span); ok && strings.ContainsFunc(span, isLetter) {
		return now.Add(d), true
	}
	day, clock, both := strings.Cut(s, " ")
	if !both {
		if h, m, ok := timeOfDay(s); ok {
			t := at(now, 0, h, m)
			if !t.After(now) {
				t = at(now, 1, h, m)
			}
			return t, true
		}
		clock = "0:00"
	}
	if h, m, ok := timeOfDay(clock); ok {
		if t, ok := dayAt(day, h, m, now); ok {
			return t, true
		}
	}
	unix, ok := Moment(s, now)
	if _, err := strconv.Atoi(s); err == nil && len(s) < 9 {
		return time.Time{}, false // a number, but of what
	}
	return time.Unix(unix, 0).In(now.Location()), ok
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' }

// dayAt returns the time of day on the day that a word or a date means.
func dayAt(day string, h, m int, now time.Time) (time.Time, bool) {
	switch day {
	case "today", "heute":
		return at(now, 0, h, m), true
	case "tomorrow", "morgen":
		return at(now, 1, h, m), true
	}
	if w, ok := weekdays[day]; ok {
		ahead := (int(w) - int(now.Weekday()) + 7) % 7
		t := at(now, ahead, h, m)
		if !t.After(now) {
			t = at(now, ahead+7, h, m)
		}
		return t, true
	}
	for _, layout := range []string{"2006-01-02", "2.1.2006"} {
		if d, err := time.ParseInLocation(layout, day, now.Location()); err == nil {
			return at(d, 0, h, m), true
		}
	}
	return time.Time{}, false
}

// at returns a time of day so many days after that of t.
func at(t time.Time, days, h, m int) time.Time {
	y, month, d := t.Date()
	return time.Date(y, month, d+days, h, m, 0, 0, t.Location())
}

// timeOfDay reads "18:00", "9:30", "6pm", "6:30am".
func timeOfDay(s string) (h, m int, ok bool) {
	half := 0
	if rest, pm := strings.CutSuffix(s, "pm"); pm {
		s, half = rest, 12
	} else if rest, am := strings.CutSuffix(s, "am"); am {
		s, half = rest, -1
	}
	hour, minute, colon := strings.Cut(s, ":")
	if !colon {
		if half == 0 {
			return 0, 0, false
		}
		minute = "00"
	}
	h, ok = digits(hour, 23)
	if !ok || len(minute) != 2 {
		return 0, 0, false
	}
	if m, ok = digits(minute, 59); !ok {
		return 0, 0, false
	}
	if half != 0 {
		if h < 1 || h > 12 {
			return 0, 0, false
		}
		h = h%12 + max(half, 0)
	}
	return h, m, true
}

// digits reads one or two digits up to most.
func digits(s string, most int) (int, bool) {
	if len(s) < 1 || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= most
}
