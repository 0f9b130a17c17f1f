package recur_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, on machines without them

	"pgregory.net/rapid"

	"belvedere/internal/recur"
)

// spec is a rule that may be, with its time changed.
func spec(when recur.When, zone string) recur.Spec {
	if when.At == "" && when.Kind != recur.Cron {
		when.At = "22:00"
	}
	return recur.Spec{Scope: recur.Scope{Kind: recur.OnHost, Site: "a", Host: "web", Reach: recur.Both}, When: when, Zone: zone,
		Lasts: 2 * 3600, Text: "patching", Lead: int64(recur.DefaultLead / time.Second)}
}

func planOf(t *testing.T, s recur.Spec) *recur.Plan {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func starts(list []recur.Occurrence) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.Start.Format("Mon 2006-01-02 15:04 MST"))
	}
	return out
}

func TestNext(t *testing.T) {
	from := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) // a Thursday
	with := func(s recur.Spec, f func(*recur.Spec)) recur.Spec { f(&s); return s }
	for _, tt := range []struct {
		name string
		spec recur.Spec
		want []string
	}{
		{"daily", spec(recur.When{Kind: recur.Daily}, "Europe/Berlin"), []string{"Thu 2026-11-26 22:00 CET", "Fri 2026-11-27 22:00 CET"}},
		{"weekly", spec(recur.When{Kind: recur.Weekly, Days: []int{2, 4}, At: "03:30"}, "UTC"), []string{"Tue 2026-12-01 03:30 UTC", "Thu 2026-12-03 03:30 UTC"}},
		{"second Tuesday", spec(recur.When{Kind: recur.Nth, Nth: 2, Weekday: 2}, "UTC"), []string{"Tue 2026-12-08 22:00 UTC", "Tue 2027-01-12 22:00 UTC"}},
		{"fifth Sunday", spec(recur.When{Kind: recur.Nth, Nth: 5, Weekday: 0}, "UTC"), []string{"Sun 2026-11-29 22:00 UTC", "Sun 2027-01-31 22:00 UTC"}},
		{"last Friday", spec(recur.When{Kind: recur.Nth, Nth: -1, Weekday: 5}, "UTC"), []string{"Fri 2026-11-27 22:00 UTC", "Fri 2026-12-25 22:00 UTC"}},
		{"the 31st", spec(recur.When{Kind: recur.MonthDay, Day: 31}, "UTC"), []string{"Thu 2026-12-31 22:00 UTC", "Sun 2027-01-31 22:00 UTC", "Wed 2027-03-31 22:00 UTC"}},
		{"last day", spec(recur.When{Kind: recur.LastDay}, "UTC"), []string{"Mon 2026-11-30 22:00 UTC", "Thu 2026-12-31 22:00 UTC", "Sun 2027-01-31 22:00 UTC", "Sun 2027-02-28 22:00 UTC"}},
		{"cron", spec(recur.When{Kind: recur.Cron, Text: "30 22 * * 5"}, "America/New_York"), []string{"Fri 2026-11-27 22:30 EST", "Fri 2026-12-04 22:30 EST"}},
		{"cron twice a day", spec(recur.When{Kind: recur.Cron, Text: "0 4,16 * * *"}, "UTC"), []string{"Thu 2026-11-26 16:00 UTC", "Fri 2026-11-27 04:00 UTC"}},
		{"every second Tuesday", with(spec(recur.When{Kind: recur.RRule, Text: "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"}, "UTC"), func(s *recur.Spec) { s.From = "2026-11-24" }),
			[]string{"Tue 2026-12-08 22:00 UTC", "Tue 2026-12-22 22:00 UTC"}},
		{"three times", with(spec(recur.When{Kind: recur.RRule, Text: "FREQ=DAILY;COUNT=3"}, "UTC"), func(s *recur.Spec) { s.From = "2026-11-25" }),
			[]string{"Thu 2026-11-26 22:00 UTC", "Fri 2026-11-27 22:00 UTC"}},
		{"until a point in time", with(spec(recur.When{Kind: recur.RRule, Text: "FREQ=DAILY;UNTIL=20261127T210000Z"}, "Europe/Berlin"), func(s *recur.Spec) { s.From = "2026-11-25" }),
			[]string{"Thu 2026-11-26 22:00 CET", "Fri 2026-11-27 22:00 CET"}},
		{"between two days", with(spec(recur.When{Kind: recur.Daily}, "UTC"), func(s *recur.Spec) { s.From, s.Until = "2026-11-28", "2026-11-29" }),
			[]string{"Sat 2026-11-28 22:00 UTC", "Sun 2026-11-29 22:00 UTC"}},
		{"days left out", with(spec(recur.When{Kind: recur.Daily}, "UTC"), func(s *recur.Spec) {
			s.Except = []string{"2026-11-27", "2026-11-29..2026-12-24", "12-25", "12-26"}
		}), []string{"Thu 2026-11-26 22:00 UTC", "Sat 2026-11-28 22:00 UTC", "Sun 2026-12-27 22:00 UTC"}},
		{"a leap day", spec(recur.When{Kind: recur.Cron, Text: "0 1 29 2 *"}, "UTC"), []string{"Tue 2028-02-29 01:00 UTC", "Sun 2032-02-29 01:00 UTC"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := starts(planOf(t, tt.spec).Next(from, len(tt.want)))
			if !slices.Equal(got, tt.want) {
				t.Errorf("next %q, want %q", got, tt.want)
			}
		})
	}
}

// TestClocksChange: what RFC 5545 says about times that do not exist, or twice.
func TestClocksChange(t *testing.T) {
	for _, tt := range []struct {
		name, zone, at   string
		day              time.Time
		start, end, mark string
		shift            recur.Shift
	}{
		{"forward, does not exist", "Europe/Berlin", "02:30", time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), "2026-03-29 03:30 CEST", "2026-03-29 05:30 CEST", "20260329T0230", recur.Skipped},
		{"forward, before it", "Europe/Berlin", "01:30", time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), "2026-03-29 01:30 CET", "2026-03-29 04:30 CEST", "20260329T0130", recur.Unshifted},
		{"forward, right at it", "Europe/Berlin", "03:00", time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), "2026-03-29 03:00 CEST", "2026-03-29 05:00 CEST", "20260329T0300", recur.Unshifted},
		{"back, twice", "Europe/Berlin", "02:30", time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), "2026-10-25 02:30 CEST", "2026-10-25 03:30 CET", "20261025T0230", recur.Twice},
		{"back, the evening before", "Europe/Berlin", "23:00", time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC), "2026-10-24 23:00 CEST", "2026-10-25 01:00 CEST", "20261024T2300", recur.Unshifted},
		{"half an hour", "Australia/Lord_Howe", "02:15", time.Date(2026, 10, 4, 0, 0, 0, 0, time.UTC), "2026-10-04 02:45 +11", "2026-10-04 04:45 +11", "20261004T0215", recur.Skipped},
		{"at midnight", "Africa/Cairo", "00:30", time.Date(2026, 4, 24, 0, 0, 0, 0, time.UTC), "2026-04-24 01:30 EEST", "2026-04-24 03:30 EEST", "20260424T0030", recur.Skipped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planOf(t, spec(recur.When{Kind: recur.Daily, At: tt.at}, tt.zone))
			for _, o := range p.Between(tt.day.Add(-24*time.Hour), tt.day.Add(48*time.Hour)) {
				if o.Wall.Truncate(24 * time.Hour).Equal(tt.day) {
					const form = "2006-01-02 15:04 MST"
					if o.Start.Format(form) != tt.start || o.End.Format(form) != tt.end || o.Name() != tt.mark || o.Shift != tt.shift {
						t.Errorf("%s to %s, %s, shift %d, want %s to %s, %s, %d", o.Start.Format(form), o.End.Format(form), o.Name(), o.Shift, tt.start, tt.end, tt.mark, tt.shift)
					}
					return
				}
			}
			t.Error("the day has no occurrence")
		})
	}
}

// TestOneAndTheSameTime: two times of the clock that are one are one occurrence.
func TestOneAndTheSameTime(t *testing.T) {
	p := planOf(t, spec(recur.When{Kind: recur.Cron, Text: "30 2,3 29 3 *"}, "Europe/Berlin"))
	got := starts(p.Next(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), 2))
	if want := []string{"Sun 2026-03-29 03:30 CEST", "Mon 2027-03-29 02:30 CEST"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

var zones = []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia",
	"America/Santiago", "Africa/Casablanca", "UTC", "Pacific/Kiritimati", "Antarctica/Troll"}

// drawWhen draws any rule of the simple kinds.
func drawWhen(rt *rapid.T) recur.When {
	w := recur.When{Kind: rapid.SampledFrom([]string{recur.Daily, recur.Weekly, recur.Nth, recur.MonthDay, recur.LastDay}).Draw(rt, "kind")}
	w.At = time.Date(0, 1, 1, rapid.IntRange(0, 23).Draw(rt, "hour"), rapid.IntRange(0, 59).Draw(rt, "minute"), 0, 0, time.UTC).Format("15:04")
	w.Days = rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 1, 7, rapid.ID[int]).Draw(rt, "days")
	w.Nth, w.Weekday = rapid.SampledFrom([]int{1, 2, 3, 4, 5, -1}).Draw(rt, "nth"), rapid.IntRange(0, 6).Draw(rt, "weekday")
	w.Day = rapid.IntRange(1, 31).Draw(rt, "day")
	return w
}

// TestClockIsKept: an occurrence begins when the clock shows its time, at the
// first of such moments; or the clock never shows it, and it begins as if the
// clocks had not been changed yet.
func TestClockIsKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		s := spec(drawWhen(rt), zone.String())
		s.Lasts = int64(rapid.IntRange(60, 40*3600).Draw(rt, "lasts"))
		from := time.Unix(rapid.Int64Range(1_000_000_000, 2_200_000_000).Draw(rt, "from"), 0)
		p, err := s.Plan()
		if err != nil {
			rt.Fatal(err)
		}
		var before recur.Occurrence
		for _, o := range p.Between(from, from.AddDate(0, 4, 0)) {
			if !o.Start.After(before.Start) || o.Name() == before.Name() {
				rt.Fatalf("%v follows %v", o, before)
			}
			before = o
			if o.End.Sub(o.Start) != time.Duration(s.Lasts)*time.Second {
				rt.Fatalf("%v lasts %v", o, o.End.Sub(o.Start))
			}
			const form = "20060102T1504"
			shows := o.Start.In(zone).Format(form) == o.Name()
			if shows == (o.Shift == recur.Skipped) {
				rt.Fatalf("the clock shows %s for %s, shift %d", o.Start.In(zone).Format(form), o.Name(), o.Shift)
			}
			for m := o.Start.Add(-26 * time.Hour); m.Before(o.Start); m = m.Add(15 * time.Minute) {
				// Clocks are changed by whole quarters of an hour.
				if m.In(zone).Format(form) == o.Name() {
					rt.Fatalf("the clock shows %s at %v already", o.Name(), m)
				}
			}
			if _, offset := o.Start.Add(-26 * time.Hour).In(zone).Zone(); o.Shift == recur.Skipped && !o.Start.Equal(o.Wall.Add(-time.Duration(offset)*time.Second)) {
				rt.Fatalf("%s begins at %v", o.Name(), o.Start)
			}
			if !p.Holds(o.Name(), o.Start, o.End) || p.Holds(o.Name(), o.Start, o.End.Add(time.Minute)) {
				rt.Fatalf("the plan does not know its own %v", o)
			}
		}
	})
}

// TestWindowsAddUp: what is listed does not depend on how time is cut.
func TestWindowsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := spec(drawWhen(rt), rapid.SampledFrom(zones).Draw(rt, "zone"))
		p, err := s.Plan()
		if err != nil {
			rt.Fatal(err)
		}
		from := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(rt, "from"), 0)
		mid := from.Add(time.Duration(rapid.Int64Range(0, 90*24*3600).Draw(rt, "mid")) * time.Second)
		end := mid.Add(time.Duration(rapid.Int64Range(0, 90*24*3600).Draw(rt, "end")) * time.Second)
		parts := append(p.Between(from, mid), p.Between(mid, end)...)
		if whole := p.Between(from, end); !slices.Equal(starts(whole), starts(parts)) {
			rt.Fatalf("%q in one, %q in two", starts(whole), starts(parts))
		}
		if next := p.Next(from, len(parts)); !slices.Equal(starts(next), starts(parts)) {
			rt.Fatalf("next are %q, listed %q", starts(next), starts(parts))
		}
	})
}

func TestWhatARuleMayNotSay(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for field, change := range map[string]func(*recur.Spec){
		"zone":    func(s *recur.Spec) { s.Zone = "Europe/Nowhere" },
		"at":      func(s *recur.Spec) { s.When.At = "25:00" },
		"days":    func(s *recur.Spec) { s.When.Kind, s.When.Days = recur.Weekly, []int{7} },
		"nth":     func(s *recur.Spec) { s.When.Kind, s.When.Nth = recur.Nth, 6 },
		"day":     func(s *recur.Spec) { s.When.Kind, s.When.Day = recur.MonthDay, 32 },
		"expr":    func(s *recur.Spec) { s.When = recur.When{Kind: recur.Cron, Text: "every day"} },
		"expr ":   func(s *recur.Spec) { s.When = recur.When{Kind: recur.Cron, Text: "CRON_TZ=UTC 0 0 * * *"} },
		"expr  ":  func(s *recur.Spec) { s.When = recur.When{Kind: recur.Cron, Text: "@every 5m"} },
		"expr   ": func(s *recur.Spec) { s.When.Kind, s.When.Text, s.From = recur.RRule, "FREQ=HOURLY", "2026-11-01" },
		"expr    ": func(s *recur.Spec) {
			s.When.Kind, s.When.Text, s.From = recur.RRule, "DTSTART=20260101T000000Z;FREQ=DAILY", "2026-11-01"
		},
		"from":    func(s *recur.Spec) { s.When.Kind, s.When.Text = recur.RRule, "FREQ=DAILY" },
		"from ":   func(s *recur.Spec) { s.From = "27.11.2026" },
		"until":   func(s *recur.Spec) { s.From, s.Until = "2026-11-27", "2026-11-26" },
		"except":  func(s *recur.Spec) { s.Except = []string{"2026-12-24..2026-12-20"} },
		"lasts":   func(s *recur.Spec) { s.Lasts = 0 },
		"flex":    func(s *recur.Spec) { s.Flex = 5 },
		"lead":    func(s *recur.Spec) { s.Lead = 0 },
		"text":    func(s *recur.Spec) { s.Text = "one\ntwo" },
		"kind":    func(s *recur.Spec) { s.Until = "2026-11-25" },
		"kind ":   func(s *recur.Spec) { s.When = recur.When{Kind: recur.Cron, Text: "* * * * *"} },
		"kind  ":  func(s *recur.Spec) { s.When.Kind = "hourly" },
		"site":    func(s *recur.Spec) { s.Scope.Site = "" },
		"host":    func(s *recur.Spec) { s.Scope.Host = "" },
		"service": func(s *recur.Spec) { s.Scope.Kind = recur.OnService },
		"group":   func(s *recur.Spec) { s.Scope.Kind = recur.OnHostgroup },
		"reach":   func(s *recur.Spec) { s.Scope.Reach = "" },
		"filter":  func(s *recur.Spec) { s.Scope.Kind = recur.OnFilter },
		"scope":   func(s *recur.Spec) { s.Scope.Kind = "world" },
	} {
		s := spec(recur.When{Kind: recur.Daily}, "UTC")
		change(&s)
		_, err := s.Check(now)
		p, ok := errors.AsType[*recur.Problem](err)
		if !ok || p.Field != strings.TrimSpace(field) || p.Msg == "" {
			t.Errorf("%s: %+v", field, err)
		}
	}
	if _, err := spec(recur.When{Kind: recur.Daily}, "UTC").Check(now); err != nil {
		t.Errorf("a good rule: %v", err)
	}
}

// FuzzPlan: whatever is written as expression, day or zone, a plan is refused
// or lists what begins within its window, in order.
func FuzzPlan(f *testing.F) {
	for _, s := range [][4]string{
		{recur.Cron, "30 22 * * 5", "", "Europe/Berlin"}, {recur.Cron, "*/7 0-3 1,15 JAN-MAR ?", "", "UTC"}, {recur.Cron, "@monthly", "", "UTC"},
		{recur.RRule, "FREQ=MONTHLY;BYDAY=2TU;COUNT=7", "2026-01-01", "America/New_York"}, {recur.RRule, "FREQ=YEARLY;BYEASTER=0", "2020-02-29", "UTC"},
		{recur.RRule, "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "UTC"}, {recur.RRule, "FREQ=WEEKLY;BYSETPOS=-1;BYDAY=MO,FR;WKST=SU;UNTIL=20270101T000000Z", "2026-01-01", "Asia/Kathmandu"},
		{recur.Daily, "", "12-25", "UTC"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, kind, text, from, zone string) {
		s := spec(recur.When{Kind: kind, Text: text}, zone)
		s.From, s.Except = from, []string{from}
		if kind != recur.Daily {
			s.Except = nil
		}
		p, err := s.Plan()
		if err != nil {
			if e, ok := errors.AsType[*recur.Problem](err); !ok || e.Msg == "" {
				t.Fatalf("error %v", err)
			}
			return
		}
		list := p.Between(now, now.AddDate(0, 2, 0))
		for i, o := range list {
			if o.Start.Before(now) || !o.Start.Before(now.AddDate(0, 2, 0)) || i > 0 && !o.Start.After(list[i-1].Start) {
				t.Fatalf("%v among %q", o, starts(list))
			}
		}
	})
}
