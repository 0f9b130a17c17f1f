package when

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"
)

// TestNext: what is over is told from what cannot be read.
func TestNext(t *testing.T) {
	now := thursday(t)
	for text, want := range map[string]error{
		"90m": nil, "18:00": nil, "thu 8:00": nil, "tomorrow": nil,
		"now": ErrPast, "today 9:15": ErrPast, "heute 8:00": ErrPast, "2026-11-18": ErrPast,
		"": ErrUnreadable, "soon": ErrUnreadable, "yesterday": ErrUnreadable, "0m": ErrUnreadable,
	} {
		if got, err := Next(text, now); !errors.Is(err, want) || err == nil && !got.After(now) {
			t.Errorf("Next(%q): %v %v, want %v", text, got, err, want)
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
