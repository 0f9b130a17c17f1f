package recur

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/teambition/rrule-go"
)

// The kinds of a [When].
const (
	Daily    = "daily"    // every day
	Weekly   = "weekly"   // on Days
	Nth      = "nth"      // the Nth Weekday of each month
	MonthDay = "monthday" // day Day of each month that has it
	LastDay  = "lastday"  // the last day of each month
	Cron     = "cron"     // as Text says, five fields
	RRule    = "rrule"    // as Text says, an iCalendar RRULE
)

// Kinds returns all kinds in the order they are offered.
func Kinds() []string { return []string{Daily, Weekly, Nth, MonthDay, LastDay, Cron, RRule} }

// A When says on which days and at what time of day something begins. Days of
// the week count from 0, Sunday.
type When struct {
	Kind    string `json:"kind"`
	At      string `json:"at,omitempty"`      // time of day, "22:00"; of all kinds but Cron
	Days    []int  `json:"days,omitempty"`    // Weekly
	Nth     int    `json:"nth,omitempty"`     // 1 to 5, -1 the last
	Weekday int    `json:"weekday,omitempty"` // Nth
	Day     int    `json:"day,omitempty"`     // MonthDay: 1 to 31
	Text    string `json:"text,omitempty"`    // Cron, RRule
}

// textMost bounds the text of a cron expression or RRULE in bytes.
const textMost = 500

// walls lists when something begins by the clock, from from to before to.
type walls func(from, to wall) []wall

// walls returns the lister of w. first is the day that counting begins with:
// every second week is counted from it, and so are the first three times.
func (w When) walls(first, last wall, zone *time.Location) (walls, error) {
	if w.Kind == Cron {
		return w.cron()
	}
	clock, err := time.Parse("15:04", w.At)
	if err != nil {
		return nil, &Problem{"at", "The time of day is not one.", "Write hours and minutes, 22:00."}
	}
	time := clock.Sub(clock.Truncate(24 * hour))
	if w.Kind == RRule {
		return w.rrule(first.Add(time), last, zone)
	}
	on, err := w.days()
	if err != nil {
		return nil, err
	}
	return func(from, to wall) (out []wall) {
		for day := from.Truncate(24 * hour); day.Before(to); day = day.Add(24 * hour) {
			if t := day.Add(time); on(day) && !t.Before(from) && t.Before(to) {
				out = append(out, t)
			}
		}
		return out
	}, nil
}

const hour = time.Hour

// days returns which days w means.
func (w When) days() (func(day wall) bool, error) {
	switch w.Kind {
	case Daily:
		return func(wall) bool { return true }, nil
	case Weekly:
		if len(w.Days) == 0 || slices.Min(w.Days) < 0 || slices.Max(w.Days) > 6 {
			return nil, &Problem{"days", "No day of the week is chosen.", "Choose at least one."}
		}
		return func(d wall) bool { return slices.Contains(w.Days, int(d.Weekday())) }, nil
	case Nth:
		if w.Nth < -1 || w.Nth == 0 || w.Nth > 5 || w.Weekday < 0 || w.Weekday > 6 {
			return nil, &Problem{"nth", "Which day of the month is not said.", "Choose the first to the fifth, or the last."}
		}
		return func(d wall) bool {
			if int(d.Weekday()) != w.Weekday {
				return false
			}
			if w.Nth < 0 {
				return d.AddDate(0, 0, 7).Month() != d.Month()
			}
			return (d.Day()-1)/7+1 == w.Nth
		}, nil
	case MonthDay:
		if w.Day < 1 || w.Day > 31 {
			return nil, &Problem{"day", "The day of the month is a number from 1 to 31.", ""}
		}
		return func(d wall) bool { return d.Day() == w.Day }, nil
	case LastDay:
		return func(d wall) bool { return d.AddDate(0, 0, 1).Day() == 1 }, nil
	}
	return nil, &Problem{"kind", "How often it repeats is not said.", "Choose one of the kinds."}
}

// cron reads the five fields of a cron expression. They are about what clocks
// show, whatever the zone does.
func (w When) cron() (walls, error) {
	text := strings.TrimSpace(w.Text)
	if text == "" || len(text) > textMost || strings.Contains(text, "TZ=") || strings.HasPrefix(text, "@every") {
		return nil, &Problem{"expr", "This is not a cron expression.", "Write five fields: minute, hour, day of the month, month, day of the week. 30 22 * * 5 is each Friday at 22:30."}
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return nil, &Problem{"expr", fmt.Sprintf("This is not a cron expression: %s.", clip(err.Error())), "Write five fields: minute, hour, day of the month, month, day of the week. 30 22 * * 5 is each Friday at 22:30."}
	}
	return func(from, to wall) (out []wall) {
		for t := s.Next(from.Add(-time.Second)); !t.IsZero() && t.Before(to) && len(out) < listMost; t = s.Next(t) {
			out = append(out, t)
		}
		return out
	}, nil
}

// untilUTC finds an end of an RRULE that is a point in time, not of the clock.
var untilUTC = regexp.MustCompile(`(?i)UNTIL=\d{8}T\d{6}Z`)

// rrule reads an RRULE. start is its first time by the clock, whether the rule
// holds for it or not.
func (w When) rrule(start, last wall, zone *time.Location) (walls, error) {
	text := strings.TrimSpace(w.Text)
	text = strings.TrimPrefix(strings.TrimPrefix(text, "RRULE:"), "rrule:")
	bad := func(msg string) (walls, error) {
		return nil, &Problem{"expr", msg, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU is every second Tuesday, counted from the first day."}
	}
	if text == "" || len(text) > textMost || strings.ContainsAny(text, "\r\n:") {
		return bad("This is not an RRULE.")
	}
	if strings.Contains(strings.ToUpper(text), "DTSTART") {
		return bad("An RRULE has no DTSTART here: the first day and the time of day are fields of their own.")
	}
	opt, err := rrule.StrToROption(text)
	if err != nil {
		return bad(fmt.Sprintf("This is not an RRULE: %s.", clip(err.Error())))
	}
	if opt.Freq > rrule.DAILY {
		return bad("An RRULE repeats daily at most here: several times a day are written with BYHOUR.")
	}
	if start.IsZero() || start.Year() < yearLeast {
		return nil, &Problem{"from", "An RRULE needs a first day to count from.", ""}
	}
	opt.Dtstart = start
	if !opt.Until.IsZero() && untilUTC.MatchString(text) {
		opt.Until = wallOf(opt.Until.In(zone))
	}
	if !last.IsZero() && (opt.Until.IsZero() || opt.Until.After(last)) {
		opt.Until = last.Add(24*hour - time.Second)
	}
	if _, err := rrule.NewRRule(*opt); err != nil {
		return bad(fmt.Sprintf("This is not an RRULE: %s.", clip(err.Error())))
	}
	return func(from, to wall) []wall {
		o := *opt
		if o.Until.IsZero() || o.Until.After(to) {
			o.Until = to // nothing is looked for beyond it
		}
		r, err := rrule.NewRRule(o)
		if err != nil {
			return nil // it was one with another end
		}
		var out []wall
		next := r.Iterator()
		for t, ok := next(); ok && t.Before(to) && len(out) < listMost; t, ok = next() {
			if !t.Before(from) {
				out = append(out, t)
			}
		}
		return out
	}, nil
}

// clip shortens a text of unknown length for a message.
func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "") + "…"
	}
	return s
}
