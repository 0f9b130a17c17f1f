package recurring

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/recur"
	"belvedere/internal/web/ui"
)

// weekdays are the days of the week in the order they are offered, Monday
// first, by their number.
var weekdays = []int{1, 2, 3, 4, 5, 6, 0}

// weekdaysOf are they in the order of the person's week.
func weekdaysOf(ctx context.Context) []int {
	i := slices.Index(weekdays, int(ui.WeekStart(ctx)))
	return slices.Concat(weekdays[i:], weekdays[:i])
}

// weekday names a day of the week.
func weekday(ctx context.Context, d int) string {
	names := [...]string{ui.T(ctx, "Sunday"), ui.T(ctx, "Monday"), ui.T(ctx, "Tuesday"), ui.T(ctx, "Wednesday"), ui.T(ctx, "Thursday"), ui.T(ctx, "Friday"), ui.T(ctx, "Saturday")}
	if d < 0 || d >= len(names) {
		return strconv.Itoa(d)
	}
	return names[d]
}

// ordinal says which one of a month.
func ordinal(ctx context.Context, n int) string {
	switch n {
	case 1:
		return ui.T(ctx, "first")
	case 2:
		return ui.T(ctx, "second")
	case 3:
		return ui.T(ctx, "third")
	case 4:
		return ui.T(ctx, "fourth")
	case 5:
		return ui.T(ctx, "fifth")
	}
	return ui.T(ctx, "last")
}

// kindLabel names a kind of repetition in the form.
func kindLabel(ctx context.Context, kind string) string {
	switch kind {
	case recur.Daily:
		return ui.T(ctx, "Daily")
	case recur.Weekly:
		return ui.T(ctx, "Weekly")
	case recur.Nth:
		return ui.T(ctx, "Weekday of the month")
	case recur.MonthDay:
		return ui.T(ctx, "Day of the month")
	case recur.LastDay:
		return ui.T(ctx, "Last day of the month")
	case recur.Cron:
		return "Cron"
	}
	return "RRULE"
}

// scopeLabel names a kind of scope in the form.
func scopeLabel(ctx context.Context, kind string) string {
	switch kind {
	case recur.OnHost:
		return ui.T(ctx, "Host")
	case recur.OnService:
		return ui.T(ctx, "Service")
	case recur.OnHostgroup:
		return ui.T(ctx, "Host group")
	case recur.OnServicegroup:
		return ui.T(ctx, "Service group")
	case recur.OnSite:
		return ui.T(ctx, "Whole site")
	}
	return ui.T(ctx, "Filter")
}

// reachLabel says how far a scope reaches.
func reachLabel(ctx context.Context, reach string) string {
	switch reach {
	case recur.Hosts:
		return ui.T(ctx, "Hosts only")
	case recur.Services:
		return ui.T(ctx, "Services only")
	}
	return ui.T(ctx, "Hosts and all their services")
}

// when says in words when a rule's downtimes begin.
func when(ctx context.Context, s recur.Spec) string {
	w := s.When
	switch w.Kind {
	case recur.Daily:
		return ui.T(ctx, "every day at %s", w.At)
	case recur.Weekly:
		var days []string
		for _, d := range weekdays {
			for _, x := range w.Days {
				if x == d {
					days = append(days, weekday(ctx, d))
				}
			}
		}
		return ui.T(ctx, "every %[1]s at %[2]s", listed(ctx, days), w.At)
	case recur.Nth:
		return ui.T(ctx, "on the %[1]s %[2]s of each month at %[3]s", ordinal(ctx, w.Nth), weekday(ctx, w.Weekday), w.At)
	case recur.MonthDay:
		return ui.T(ctx, "on day %[1]d of each month at %[2]s", w.Day, w.At)
	case recur.LastDay:
		return ui.T(ctx, "on the last day of each month at %s", w.At)
	case recur.Cron:
		return ui.T(ctx, "by cron %s", ui.Visible(w.Text))
	}
	return ui.T(ctx, "by RRULE %[1]s at %[2]s", ui.Visible(w.Text), w.At)
}

// listed writes "Monday, Tuesday and Friday".
func listed(ctx context.Context, names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return ui.T(ctx, "%[1]s and %[2]s", strings.Join(names[:last], ", "), names[last])
}

// length says how long they last.
func length(ctx context.Context, s recur.Spec) string {
	if s.Flex > 0 {
		return ui.T(ctx, "%[1]s from the first problem within %[2]s", ui.Ago(s.Flex), ui.Ago(s.Lasts))
	}
	return ui.Ago(s.Lasts)
}

// what says in words what a rule is for; site is how its site is called.
func what(ctx context.Context, s recur.Scope, site string) string {
	host, service, group, text := ui.Visible(s.Host), ui.Visible(s.Service), ui.Visible(s.Group), ui.Visible(s.Filter)
	switch s.Kind {
	case recur.OnService:
		return ui.T(ctx, "service %[1]s of %[2]s, %[3]s", service, host, site)
	case recur.OnHost:
		return by(s.Reach, ui.T(ctx, "host %[1]s and all its services, %[2]s", host, site), ui.T(ctx, "host %[1]s alone, %[2]s", host, site), ui.T(ctx, "all services of host %[1]s, %[2]s", host, site))
	case recur.OnSite:
		return by(s.Reach, ui.T(ctx, "all hosts and services of %s", site), ui.T(ctx, "all hosts of %s", site), ui.T(ctx, "all services of %s", site))
	case recur.OnFilter:
		return by(s.Reach, ui.T(ctx, "hosts that match %s, and all their services", text), ui.T(ctx, "hosts that match %s", text), ui.T(ctx, "services that match %s", text))
	}
	if site == "" {
		site = ui.T(ctx, "all sites")
	}
	if s.Kind == recur.OnHostgroup {
		return by(s.Reach, ui.T(ctx, "hosts of group %[1]s and all their services, %[2]s", group, site), ui.T(ctx, "hosts of group %[1]s, %[2]s", group, site), ui.T(ctx, "services of the hosts of group %[1]s, %[2]s", group, site))
	}
	return by(s.Reach, ui.T(ctx, "services of group %[1]s and their hosts, %[2]s", group, site), ui.T(ctx, "hosts with services of group %[1]s, %[2]s", group, site), ui.T(ctx, "services of group %[1]s, %[2]s", group, site))
}

func by(reach, both, hosts, services string) string {
	switch reach {
	case recur.Hosts:
		return hosts
	case recur.Services:
		return services
	}
	return both
}

// in returns ctx with the clock of another zone.
func in(ctx context.Context, zone *time.Location) context.Context {
	env := *ui.Env(ctx)
	env.Zone = zone
	return ui.WithEnv(ctx, &env)
}

// span writes from when to when, in the zone of ctx: the end's day only where
// it is another one.
func span(ctx context.Context, from, to time.Time) string {
	zone := ui.Zone(ctx)
	a, b := from.In(zone), to.In(zone)
	year := ""
	if a.Year() != ui.Now(ctx).In(zone).Year() {
		year = " " + strconv.Itoa(a.Year())
	}
	start := ui.Day(ctx, from) + year + ", " + ui.HourMinute(ctx, from)
	if a.Year() == b.Year() && a.YearDay() == b.YearDay() {
		return start + " – " + ui.HourMinute(ctx, to)
	}
	return start + " – " + ui.Day(ctx, to) + ", " + ui.HourMinute(ctx, to)
}

// clockNote says what a change of the clocks does to an occurrence; "" mostly.
func clockNote(ctx context.Context, o recur.Occurrence) string {
	at := ui.WallTime(ctx, o.Wall)
	switch o.Shift {
	case recur.Skipped:
		return ui.T(ctx, "Clocks are set forward: there is no %[1]s, it begins at %[2]s.", at, ui.WallTime(ctx, o.Start))
	case recur.Twice:
		return ui.T(ctx, "Clocks are set back: %s comes twice, the first one counts.", at)
	}
	_, a := o.Start.Zone()
	_, b := o.End.Zone()
	switch {
	case b > a:
		return ui.T(ctx, "Clocks are set forward meanwhile.")
	case b < a:
		return ui.T(ctx, "Clocks are set back meanwhile.")
	}
	return ""
}

// A sign is how a rule stands, as a tag.
type sign struct{ class, icon, text, note string }

// signOf says how a rule stands.
func signOf(ctx context.Context, r recur.Rule, st recur.Status) sign {
	switch st.Problem {
	case recur.Gone:
		return sign{"crit", "alert", ui.T(ctx, "author gone"), ui.T(ctx, "%s has no account here any more, or may not sign in: nothing is set. Whoever changes the rule becomes its author.", ui.Visible(r.AuthorName))}
	case recur.Denied:
		return sign{"crit", "alert", ui.T(ctx, "not allowed"), ui.T(ctx, "%s may not set it, so nothing is set.", ui.Visible(r.AuthorName)) + " " + ui.Said(ctx, st.Reason)}
	case recur.TooMany:
		return sign{"crit", "alert", ui.T(ctx, "matches too much"), ui.T(ctx, "A rule is for up to %s objects: nothing is set.", ui.Number(objectsMost))}
	case recur.Invalid, recur.Stuck:
		return sign{"crit", "alert", ui.T(ctx, "does not work"), ui.T(ctx, "Something is wrong with the rule or with this server; the log says what.")}
	}
	switch {
	case r.Paused:
		return sign{"", "pause", ui.T(ctx, "paused"), ui.T(ctx, "Nothing more is set. What is set already stays.")}
	case st.Problem == recur.Nothing:
		return sign{"warn", "alert", ui.T(ctx, "matches nothing"), ui.T(ctx, "There is no such object any more, or its author does not see it.")}
	case st.Failed > 0:
		return sign{"warn", "alert", ui.N(ctx, st.Failed, "%s failed", "%s failed", ui.Number(st.Failed)), ui.T(ctx, "A core did not take it; it is tried again.") + " " + ui.Said(ctx, st.Reason)}
	case len(st.Waiting) > 0:
		return sign{"warn", "nolink", ui.T(ctx, "waits"), ui.T(ctx, "Waits until %s answers.", strings.Join(st.Waiting, ", "))}
	case st.Refused > 0:
		return sign{"warn", "alert", ui.N(ctx, st.Refused, "%s left out", "%s left out", ui.Number(st.Refused)), ui.Said(ctx, st.Reason)}
	case st.Checked.IsZero():
		return sign{"", "clock", ui.T(ctx, "not looked at yet"), ""}
	}
	return sign{"ok", "check", ui.T(ctx, "active"), ""}
}

// matches says what a rule matches.
func matches(ctx context.Context, hosts, services int) string {
	h := ui.N(ctx, hosts, "%s host", "%s hosts", ui.Number(hosts))
	s := ui.N(ctx, services, "%s service", "%s services", ui.Number(services))
	switch {
	case services == 0:
		return h
	case hosts == 0:
		return s
	}
	return h + ", " + s
}
