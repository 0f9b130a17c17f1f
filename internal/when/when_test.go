package when

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"
)

func vienna(t testing.TB) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestNext(t *testing.T) {
	now := time.Date(2026, 10, 23, 14, 30, 0, 0, vienna(t)) // a Friday, two days before summer time ends
	for text, want := range map[string]string{
		"90m":              "2026-10-23 16:00",
		"in 2h":            "2026-10-23 16:30",
		"+1h30m":           "2026-10-23 16:00",
		"1.5h":             "2026-10-23 16:00",
		"3d":               "2026-10-26 13:30", // 72 hours, the clocks are put back
		"18:00":            "2026-10-23 18:00",
		"9:00":             "2026-10-24 09:00",
		"14:30":            "2026-10-24 14:30",
		"6pm":              "2026-10-23 18:00",
		"12am":             "2026-10-24 00:00",
		"12:15pm":          "2026-10-24 12:15",
		"fri 18:00":        "2026-10-23 18:00",
		"fri 9:00":         "2026-10-30 09:00",
		"Monday 08:00":     "2026-10-26 08:00", // and not an hour off
		"mo 08:00":         "2026-10-26 08:00",
		"sat":              "2026-10-24 00:00",
		"fri":              "2026-10-30 00:00",
		"tomorrow":         "2026-10-24 00:00",
		"tomorrow  9:00":   "2026-10-24 09:00",
		"morgen 9:00":      "2026-10-24 09:00",
		"today 17:00":      "2026-10-23 17:00",
		"2026-11-27":       "2026-11-27 00:00",
		"2026-11-27 08:00": "2026-11-27 08:00",
		"2026-11-27t08:00": "2026-11-27 08:00",
		"27.11.2026 8:00":  "2026-11-27 08:00",
		"nextweek":         "2026-10-26 00:00",
		"tomorrow+9h":      "2026-10-24 09:00",
		"1795000000":       "2026-11-18 12:06",
	} {
		got, err := Next(text, now)
		if err != nil || got.Format("2006-01-02 15:04") != want {
			t.Errorf("Next(%q): %v %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "90", "soon", "25:00", "fri 25:00", "13pm", "0am", "18:0", "18:00:00 x", "2026-13-01", "30.2.2026", "-", "h", "fri fri", "6"} {
		if got, err := Next(text, now); !errors.Is(err, ErrUnreadable) {
			t.Errorf("Next(%q): %v %v, want %v", text, got, err, ErrUnreadable)
		}
	}
	for _, text := range []string{"today 14:30", "today 9:00", "2026-10-22", "-1h", "yesterday", "never", "0s"} {
		if got, err := Next(text, now); !errors.Is(err, ErrPast) {
			t.Errorf("Next(%q): %v %v, want %v", text, got, err, ErrPast)
		}
	}
}

// TestMoment: points in time as the query bar takes them, and lengths of time.
func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"now": "2026-11-25 12:00", "today": "2026-11-25 00:00", "yesterday": "2026-11-24 00:00", "tomorrow": "2026-11-26 00:00",
		"thisweek": "2026-11-23 00:00", "lastweek": "2026-11-16 00:00", "nextweek": "2026-11-30 00:00", "thismonth": "2026-11-01 00:00",
		"lastmonth": "2026-10-01 00:00", "nextmonth": "2026-12-01 00:00", "thisyear": "2026-01-01 00:00", "lastyear": "2025-01-01 00:00",
		"nextyear": "2027-01-01 00:00", "-1h": "2026-11-25 11:00", "+30m": "2026-11-25 12:30", "today - 2d": "2026-11-23 00:00",
		"2026-11-01": "2026-11-01 00:00", "2026-11-01 08:15": "2026-11-01 08:15", "2026-11-01T08:15": "2026-11-01 08:15", "0": "1970-01-01 00:00",
	} {
		got, ok := Moment(in, now)
		if s := time.Unix(got, 0).UTC().Format("2006-01-02 15:04"); !ok || s != want {
			t.Errorf("%q is %s, %v, want %s", in, s, ok, want)
		}
	}
	for _, in := range []string{"", "soon", "now-", "now-x", "2026-13-01", "-"} {
		if n, ok := Moment(in, now); ok && in != "" {
			t.Errorf("%q is %d", in, n)
		}
	}
	for in, want := range map[string]time.Duration{"90": 90 * time.Second, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "2 d": 48 * time.Hour, "1.5h": 90 * time.Minute, "1w": 168 * time.Hour, "100ms": 100 * time.Millisecond, "5min": 5 * time.Minute} {
		if got, ok := Length(in); !ok || got != want {
			t.Errorf("%q is %s, %v, want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "h", "1x", "1hm", "-1h", "1h30", "1000y", "1..2h", "1e9y"} {
		if got, ok := Length(in); ok {
			t.Errorf("%q is %s", in, got)
		}
	}
}

func FuzzNext(f *testing.F) {
	for _, s := range []string{"90m", "fri 18:00", "2026-11-27 08:00", "6pm", "tomorrow+9h", "1e9h"} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 29, 1, 59, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Next(s, now)
		if (err == nil) != got.After(now) {
			t.Errorf("Next(%q): %v %v", s, got, err)
		}
	})
}
