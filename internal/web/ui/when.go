package ui

import (
	"context"
	"strconv"
	"time"
)

// Zone returns the time zone of the page: the person's, else the server's.
func Zone(ctx context.Context) *time.Location {
	if z := Env(ctx).Zone; z != nil {
		return z
	}
	return time.Local
}

// WeekStart returns the day with which weeks begin: the person's, else Monday.
func WeekStart(ctx context.Context) time.Weekday {
	if d := Env(ctx).Week; d != nil {
		return *d
	}
	return time.Monday
}

// WeekOf returns the same time of day on the first day of t's week.
func WeekOf(ctx context.Context, t time.Time) time.Time {
	return t.AddDate(0, 0, -(int(t.Weekday()-WeekStart(ctx))+7)%7)
}

// Exact writes a point in time in the person's zone, clock and language: the
// clock time today, with the date otherwise.
func Exact(ctx context.Context, unix int64) string {
	t, now := time.Unix(unix, 0).In(Zone(ctx)), Now(ctx).In(Zone(ctx))
	switch {
	case sameDay(t, now):
		return Clock(ctx, t)
	case t.Year() == now.Year():
		return T(ctx, "%[1]s %[2]s %[3]s", weekday(ctx, t.Weekday()), dayMonth(ctx, t), Clock(ctx, t))
	}
	return dayMonth(ctx, t) + " " + strconv.Itoa(t.Year()) + " " + Clock(ctx, t)
}

// Day writes the day of the week and of the year: "Thu 19 Nov".
func Day(ctx context.Context, t time.Time) string {
	t = t.In(Zone(ctx))
	return weekday(ctx, t.Weekday()) + " " + dayMonth(ctx, t)
}

// nightLong is how far from now a time of day says enough, whatever the day: at
// three in the morning the last evening is not another day.
const nightLong = 12 * time.Hour

// Short writes a point in time for a narrow cell: hours and minutes of today and
// the night before,
// else the day.
func Short(ctx context.Context, t time.Time) string {
	t, now := t.In(Zone(ctx)), Now(ctx).In(Zone(ctx))
	switch {
	case sameDay(t, now), now.Sub(t).Abs() < nightLong:
		return HourMinute(ctx, t)
	case t.Year() == now.Year():
		return dayMonth(ctx, t)
	}
	return dayMonth(ctx, t) + " " + strconv.Itoa(t.Year())
}

// Clock writes the time of day with seconds, as the person reads it.
func Clock(ctx context.Context, t time.Time) string {
	if Env(ctx).Clock12 {
		return t.In(Zone(ctx)).Format("3:04:05 PM")
	}
	return t.In(Zone(ctx)).Format("15:04:05")
}

// HourMinute is Clock without seconds.
func HourMinute(ctx context.Context, t time.Time) string { return WallTime(ctx, t.In(Zone(ctx))) }

// WallTime writes the time of day without seconds in the zone that t has, which
// need not be the person's.
func WallTime(ctx context.Context, t time.Time) string {
	if Env(ctx).Clock12 {
		return t.Format("3:04 PM")
	}
	return t.Format("15:04")
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// dayMonth writes "2 Jan".
func dayMonth(ctx context.Context, t time.Time) string {
	return T(ctx, "%[1]d %[2]s", t.Day(), month(ctx, t.Month()))
}

func month(ctx context.Context, m time.Month) string {
	names := [...]string{T(ctx, "Jan"), T(ctx, "Feb"), T(ctx, "Mar"), T(ctx, "Apr"), T(ctx, "May"), T(ctx, "Jun"),
		T(ctx, "Jul"), T(ctx, "Aug"), T(ctx, "Sep"), T(ctx, "Oct"), T(ctx, "Nov"), T(ctx, "Dec")}
	return names[m-1]
}

func weekday(ctx context.Context, d time.Weekday) string {
	names := [...]string{T(ctx, "Sun"), T(ctx, "Mon"), T(ctx, "Tue"), T(ctx, "Wed"), T(ctx, "Thu"), T(ctx, "Fri"), T(ctx, "Sat")}
	return names[d]
}
