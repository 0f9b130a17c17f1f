package when

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrUnreadable: the text names no time.
	ErrUnreadable = errors.New("when: no time")
	// ErrPast: the time is not to come any more.
	ErrPast = errors.New("when: in the past")
)

// farthest bounds how far ahead a typed time may lie.
const farthest = 10 * 366 * 24 * time.Hour

// spanUnits are the lengths that a typed span is made of, in English and German.
var spanUnits = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "sek": time.Second,
	"": time.Minute, "m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute, "minuten": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "std": time.Hour, "stunde": time.Hour, "stunden": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "tag": 24 * time.Hour, "tage": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour, "woche": 7 * 24 * time.Hour, "wochen": 7 * 24 * time.Hour,
}

// weekdays are the days by the beginnings of their names in both languages.
var weekdays = map[string]time.Weekday{
	"mo": time.Monday, "tu": time.Tuesday, "di": time.Tuesday, "we": time.Wednesday, "mi": time.Wednesday, "th": time.Thursday, "do": time.Thursday,
	"fr": time.Friday, "sa": time.Saturday, "su": time.Sunday, "so": time.Sunday,
}

// dayNames are all names of days that may be typed.
var dayNames = strings.Fields("mo mon monday montag tu tue tuesday di dienstag we wed wednesday mi mittwoch th thu thursday do donnerstag " +
	"fr fri friday freitag sa sat saturday samstag su sun sunday so sonntag")

// Span reads a length of time that somebody typed for what is to be done: "90m",
// "1h30m", "2 d", "90" (minutes), in English and German. The error is
// [ErrUnreadable].
func Span(text string) (time.Duration, error) {
	rest := strings.ToLower(strings.TrimSpace(text))
	var sum time.Duration
	for n := 0; ; n++ {
		rest = strings.TrimLeft(rest, " \u202f")
		if rest == "" && n > 0 {
			break
		}
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		v, err := strconv.Atoi(rest[:digits])
		if err != nil || v > 1_000_000 || n > 5 {
			return 0, ErrUnreadable
		}
		rest = strings.TrimLeft(rest[digits:], " \u202f")
		end := strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		unit, ok := spanUnits[rest[:end]]
		if !ok || end == 0 && (n > 0 || rest != "") {
			return 0, ErrUnreadable
		}
		if unit > farthest || time.Duration(v) > farthest/unit {
			return 0, ErrUnreadable
		}
		sum += time.Duration(v) * unit
		rest = rest[end:]
	}
	if sum <= 0 || sum > farthest {
		return 0, ErrUnreadable
	}
	return sum, nil
}

// Next is [Parse] for a time that must be to come; the error may be [ErrPast].
func Next(text string, now time.Time) (time.Time, error) {
	t, err := Parse(text, now)
	if err == nil && !t.After(now) {
		return time.Time{}, ErrPast
	}
	return t, err
}

// Parse reads a time to come, counted from from, whose location is the zone of
// what is typed: "90m", "18:00", "tomorrow 09:00", "fri 18:00", "2026-11-19
// 09:15", "19.11. 9:15", with "until" or "in" before it, in English and German.
// A day without a time of day means its beginning. The error is [ErrUnreadable].
func Parse(text string, from time.Time) (time.Time, error) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, word := range []string{"until ", "bis ", "in ", "at ", "um ", "am ", "on ", "+"} {
		text = strings.TrimPrefix(text, word)
	}
	text = strings.TrimSuffix(text, " uhr")
	if text == "now" || text == "jetzt" {
		return from, nil
	}
	if d, err := Span(text); err == nil {
		return from.Add(d), nil
	}
	if t, err := time.ParseInLocation("2006-01-02t15:04", text, from.Location()); err == nil {
		return bounded(t, from)
	}
	if text == "" {
		return time.Time{}, ErrUnreadable
	}
	day, clock := text, ""
	if i := strings.LastIndexAny(text, " ,"); i >= 0 {
		day, clock = strings.TrimRight(text[:i], " ,"), text[i+1:]
	} else if _, _, err := parseClock(text); err == nil {
		day, clock = "", text
	}
	for _, word := range []string{" at", " um"} {
		day = strings.TrimSuffix(day, word)
	}
	hour, minute := 0, 0
	if clock != "" {
		var err error
		if hour, minute, err = parseClock(clock); err != nil {
			return time.Time{}, ErrUnreadable
		}
	}
	y, m, d, weekly, err := parseDay(day, from)
	if err != nil {
		return time.Time{}, err
	}
	t := time.Date(y, m, d, hour, minute, 0, 0, from.Location())
	switch {
	case day == "" && !t.After(from): // a time of day that is over today
		t = time.Date(y, m, d+1, hour, minute, 0, 0, from.Location())
	case weekly && !t.After(from):
		t = time.Date(y, m, d+7, hour, minute, 0, 0, from.Location())
	}
	return bounded(t, from)
}

// bounded refuses times that are a slip of the finger.
func bounded(t, from time.Time) (time.Time, error) {
	if t.Sub(from).Abs() > farthest {
		return time.Time{}, ErrUnreadable
	}
	return t, nil
}

// parseClock reads a time of day: "9", "9:15", "18.30", "9am", "6:30pm".
func parseClock(text string) (hour, minute int, err error) {
	text, pm := strings.CutSuffix(text, "pm")
	text, am := strings.CutSuffix(text, "am")
	h, m, both := strings.Cut(strings.Replace(text, ".", ":", 1), ":")
	if len(h) == 0 || len(h) > 2 || both && len(m) != 2 || !both && !am && !pm {
		return 0, 0, ErrUnreadable
	}
	hour, err = strconv.Atoi(h)
	if err == nil && both {
		minute, err = strconv.Atoi(m)
	}
	if err != nil || minute < 0 || minute > 59 || hour < 0 || hour > 23 || (am || pm) && (hour < 1 || hour > 12) || h[0] == '+' || h[0] == '-' {
		return 0, 0, ErrUnreadable
	}
	if pm && hour < 12 {
		hour += 12
	}
	if am && hour == 12 {
		hour = 0
	}
	return hour, minute, nil
}

// parseDay reads a day; weekly says that it comes again in a week.
func parseDay(text string, from time.Time) (y int, m time.Month, d int, weekly bool, err error) {
	y, m, d = from.Date()
	switch text {
	case "", "today", "heute":
		return y, m, d, false, nil
	case "tomorrow", "morgen":
		return y, m, d + 1, false, nil
	}
	for _, name := range dayNames {
		if strings.TrimSuffix(text, ".") == name {
			return y, m, d + int(weekdays[name[:2]]-from.Weekday()+7)%7, true, nil
		}
	}
	if t, err := time.Parse("2006-01-02", text); err == nil {
		return t.Year(), t.Month(), t.Day(), false, nil
	}
	if t, err := time.Parse("2.1.2006", text); err == nil {
		return t.Year(), t.Month(), t.Day(), false, nil
	}
	if t, err := time.Parse("2.1.", text); err == nil {
		if t.Month() < m || t.Month() == m && t.Day() < d {
			y++
		}
		return y, t.Month(), t.Day(), false, nil
	}
	return 0, 0, 0, false, ErrUnreadable
}
