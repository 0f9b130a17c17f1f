package when

import (
	"testing"
	"time"
)

// thursday is a Thursday, 19 November 2026, 9:15 in Vienna.
func thursday(t testing.TB) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 11, 19, 9, 15, 0, 0, zone)
}

func TestParse(t *testing.T) {
	from := thursday(t)
	for in, want := range map[string]string{
		"90m": "2026-11-19 10:45", "90": "2026-11-19 10:45", "1h30m": "2026-11-19 10:45", "1 h 30 min": "2026-11-19 10:45", "2 Std": "2026-11-19 11:15",
		"2d": "2026-11-21 09:15", "1w": "2026-11-26 09:15", "+2h": "2026-11-19 11:15", "in 2h": "2026-11-19 11:15",
		"18:00": "2026-11-19 18:00", "8:00": "2026-11-20 08:00", "bis 18:00 Uhr": "2026-11-19 18:00", "6pm": "2026-11-19 18:00", "12am": "2026-11-20 00:00",
		"until fri 18:00": "2026-11-20 18:00", "Fr 18.30": "2026-11-20 18:30", "thu 8:00": "2026-11-26 08:00", "thu 10:00": "2026-11-19 10:00", "monday": "2026-11-23 00:00",
		"tomorrow 09:00": "2026-11-20 09:00", "morgen um 9:00": "2026-11-20 09:00", "heute 8:00": "2026-11-19 08:00",
		"2026-12-24 18:00": "2026-12-24 18:00", "2026-12-24T18:00": "2026-12-24 18:00", "24.12. 18:00": "2026-12-24 18:00", "1.2. 8:00": "2027-02-01 08:00", "24.12.2026": "2026-12-24 00:00",
		"now": "2026-11-19 09:15",
	} {
		got, err := Parse(in, from)
		if err != nil || got.Format("2006-01-02 15:04") != want {
			t.Errorf("%q is %v, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "soon", "25:00", "9:61", "until ok", "fry 18:00", "99999999999999999999h", "1000000w", "-5m", "h", "31.2.", "2026-13-01", "12:", ":30", "5 5", "9999-01-01", "13pm", "+9:00x"} {
		if got, err := Parse(in, from); err == nil {
			t.Errorf("%q is %v, want an error", in, got)
		}
	}
}

// TestParseOverSummerTime: a time of day is one of the wall, a span one of
// the clock.
func TestParseOverSummerTime(t *testing.T) {
	from := time.Date(2027, 3, 27, 12, 0, 0, 0, thursday(t).Location()) // the day before
	at, err := Parse("tomorrow 12:00", from)
	if err != nil || at.Sub(from) != 23*time.Hour {
		t.Errorf("noon is %v away, %v", at.Sub(from), err)
	}
	at, err = Parse("1d", from)
	if err != nil || at.Hour() != 13 {
		t.Errorf("a day is until %v, %v", at, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"90m", "fri 18:00", "24.12. 18:00", "2026-12-24T18:00", "1h30m", "6pm"} {
		f.Add(s)
	}
	from := thursday(f)
	f.Fuzz(func(t *testing.T, s string) {
		at, err := Parse(s, from)
		if err == nil && at.Sub(from).Abs() > farthest+48*time.Hour {
			t.Errorf("%q is %v", s, at)
		}
	})
}
