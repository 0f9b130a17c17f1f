package ui

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// sprite returns the address of a symbol.
func sprite(ctx context.Context, symbol string) string {
	e := Env(ctx)
	return e.Prefix + e.Sprite + "#" + symbol
}

// Label returns the state in words with "handled" when it is.
func (s State) Label(ctx context.Context) string {
	if s.Done {
		return T(ctx, "%s, handled", s.Word)
	}
	return s.Word
}

// Number writes n with thin spaces between thousands: 23 769.
func Number(n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(c)
	}
	if neg {
		return "-" + b.String()
	}
	return b.String()
}

// Ago writes a length of time in seconds with two units at most: "3 m",
// "1 h 47 m", "2 d". Below zero counts as zero.
func Ago(seconds int64) string {
	s := max(seconds, 0)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d m", s/60)
	case s < 86400:
		if m := s % 3600 / 60; m > 0 {
			return fmt.Sprintf("%d h %d m", s/3600, m)
		}
		return fmt.Sprintf("%d h", s/3600)
	case s < 10*86400:
		if h := s % 86400 / 3600; h > 0 {
			return fmt.Sprintf("%d d %d h", s/86400, h)
		}
	}
	return fmt.Sprintf("%d d", s/86400)
}

// AgoWords writes the distance of a time that was seconds ago: "3 m ago", "in
// 39 s" when it is below zero. A second or two are what a page takes to be made
// while its data goes on: they are "0 s ago".
func AgoWords(ctx context.Context, seconds int64) string {
	if seconds < -2 {
		return T(ctx, "in %s", Ago(-seconds))
	}
	return T(ctx, "%s ago", Ago(seconds))
}

// ago is Ago for a component: nothing where the browser fills it in.
func ago(ctx context.Context, unix int64) string {
	e := Env(ctx)
	if e.Still {
		return ""
	}
	return Ago(e.Now.Unix() - unix)
}

// agoWords is AgoWords for a component.
func agoWords(ctx context.Context, unix int64) string {
	e := Env(ctx)
	if e.Still {
		return ""
	}
	return AgoWords(ctx, e.Now.Unix()-unix)
}

// Decimal writes f with so many digits after the point, or after what the
// language has in its place.
func Decimal(ctx context.Context, f float64, digits int) string {
	return strings.Replace(strconv.FormatFloat(f, 'f', digits, 64), ".", T(ctx, "."), 1)
}

// Duration writes a measured length: "12 ms", "1.4 s", "2 m".
func Duration(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return Decimal(ctx, float64(d)/float64(time.Millisecond), 1) + " ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return Decimal(ctx, d.Seconds(), 1) + " s"
	}
	return Ago(int64(d / time.Second))
}

// Bytes writes a number of bytes: "12 KB", "3.4 MB".
func Bytes(ctx context.Context, n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%d KB", n/1000)
	case n < 1e9:
		return Decimal(ctx, float64(n)/1e6, 1) + " MB"
	}
	return Decimal(ctx, float64(n)/1e9, 1) + " GB"
}

// moment writes a point in time in the person's zone, clock and language to the
// minute: the clock time today, with the date otherwise.
func moment(ctx context.Context, unix int64) string {
	t, now := time.Unix(unix, 0).In(Zone(ctx)), Now(ctx).In(Zone(ctx))
	switch {
	case sameDay(t, now):
		return HourMinute(ctx, t)
	case t.Year() == now.Year():
		return dayMonth(ctx, t) + " " + HourMinute(ctx, t)
	}
	return dayMonth(ctx, t) + " " + strconv.Itoa(t.Year())
}

// iso writes a point in time for machines.
func iso(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// A Slice is one share of a Bar.
type Slice struct {
	Class string // crit down warn unkn unre ok up pend plan
	N     int
}

type percent struct{ class, width string }

// percents returns slices as width classes that add up to 100 at most; what
// is there at all gets one percent at least.
func percents(slices []Slice) []percent {
	total := 0
	for _, s := range slices {
		total += max(s.N, 0)
	}
	var out []percent
	for _, s := range slices {
		if s.N > 0 {
			out = append(out, percent{s.Class, "p" + strconv.Itoa(max(s.N*100/total, 1))})
		}
	}
	return out
}

// Symbol returns the address of a symbol of the sprite: "i-host", "s-crit".
func Symbol(ctx context.Context, name string) string { return sprite(ctx, name) }
