package corefiles

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Period is a time period as objects.cache defines it: times of day by
// weekday, other ones on certain dates, and periods that are taken out. It is
// read-only once made.
type Period struct {
	days       [7][]span // by weekday, from Sunday
	exceptions []exception
	excluded   []string
}

// A span is a time of day, in seconds since midnight; the end does not count.
type span struct{ from, to int64 }

// An exception is a range of dates with times of day of its own.
type exception struct {
	order      int // which are tried first
	start, end date
	every      int // days; 0 or 1: each
	endless    bool
	spans      []span
}

// A date is one day, by what is not zero: a year, month and day; a month and
// day; a day of any month; the nth weekday of a month, or of any month. Days and
// n below zero count from the end of the month.
type date struct {
	year    int
	month   time.Month // 0: any
	day     int
	weekday time.Weekday
	nth     int // of weekday; 0: day counts
}

// The order in which cores try exceptions.
const (
	onDate = iota
	onMonthDate
	onMonthDay
	onMonthWeekday
	onWeekday
)

// In reports whether a time is within the period, in the location of at. other
// returns the periods that are taken out, nil for one that is not there.
func (p *Period) In(at time.Time, other func(name string) *Period) bool {
	left := excludedMost
	return p.in(at, other, &left)
}

// excludedMost bounds how many periods are looked at that are taken out of each
// other, be it in a circle.
const excludedMost = 200

func (p *Period) in(at time.Time, other func(string) *Period, left *int) bool {
	for _, name := range p.excluded {
		if *left--; *left < 0 {
			break
		}
		if o := other(name); o != nil && o.in(at, other, left) {
			return false
		}
	}
	hour, minute, second := at.Clock()
	now := int64(hour*3600 + minute*60 + second)
	return slices.ContainsFunc(p.spansOf(at), func(s span) bool { return now >= s.from && now < s.to })
}

// spansOf returns the times of a day: those of the first exception that it
// falls into, else those of its weekday.
func (p *Period) spansOf(at time.Time) []span {
	year, month, day := at.Date()
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	for i := range p.exceptions {
		if p.exceptions[i].covers(today) {
			return p.exceptions[i].spans
		}
	}
	return p.days[at.Weekday()]
}

// covers reports whether a day falls into the range. Ranges may reach over the
// end of a year or month, so that those that began before are tried, too.
func (e *exception) covers(today time.Time) bool {
	step := func(k int) (int, time.Month) { return today.Year() + k, e.start.month }
	switch {
	case e.start.year != 0:
		step = func(int) (int, time.Month) { return e.start.year, e.start.month }
	case e.start.month == 0:
		step = func(k int) (int, time.Month) {
			first := time.Date(today.Year(), today.Month()+time.Month(k), 1, 0, 0, 0, 0, time.UTC)
			return first.Year(), first.Month()
		}
	}
	for k := -1; k <= 1; k++ {
		year, month := step(k)
		start, ok1 := e.start.in(year, month)
		end, ok2 := e.until(start, year, month)
		if !ok1 || !ok2 || today.Before(start) || today.After(end) && !e.endless {
			continue
		}
		if e.every <= 1 || int(today.Sub(start).Hours()/24)%e.every == 0 {
			return true
		}
	}
	return false
}

// until returns the last day of a range that begins then.
func (e *exception) until(start time.Time, year int, month time.Month) (time.Time, bool) {
	end, ok := e.end.in(year, month)
	if !ok || !end.Before(start) {
		return end, ok
	}
	if e.start.month != 0 {
		return e.end.in(year+1, month)
	}
	next := time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
	return e.end.in(next.Year(), next.Month())
}

// in returns the day in that year, or month of it where any month is meant;
// false if there is none, such as a fifth Monday.
func (d date) in(year int, month time.Month) (time.Time, bool) {
	if d.year != 0 {
		year = d.year
	}
	if d.month != 0 {
		month = d.month
	}
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := d.day
	switch {
	case d.nth > 0:
		day = 1 + (int(d.weekday)-int(first.Weekday())+7)%7 + 7*(d.nth-1)
	case d.nth < 0:
		end := time.Date(year, month, last, 0, 0, 0, 0, time.UTC)
		day = last - (int(end.Weekday())-int(d.weekday)+7)%7 + 7*(d.nth+1)
	case day < 0:
		day = max(last+1+day, 1)
	}
	if d.nth == 0 {
		day = min(day, last)
	}
	return first.AddDate(0, 0, day-1), day >= 1 && day <= last
}

// exceptionsMost bounds the exceptions of a period.
const exceptionsMost = 10_000

// newPeriod reads a section of objects.cache.
func newPeriod(b *Block) *Period {
	p := &Period{excluded: list(b.Get("exclude"))}
	for i, key := range b.Keys {
		if day := slices.Index(weekdays, key); day >= 0 && (b.Values[i] == "" || isDigit(b.Values[i][0])) && !strings.Contains(b.Values[i], "\t") {
			p.days[day] = spans(b.Values[i])
			continue
		}
		text, times, ok := strings.Cut(key+" "+b.Values[i], "\t")
		if !ok { // a date with nothing behind it: the key was all of it
			text, times = key, b.Values[i]
		}
		if e, ok := newException(text); ok && len(p.exceptions) < exceptionsMost {
			e.spans = spans(times)
			p.exceptions = append(p.exceptions, e)
		}
	}
	slices.SortStableFunc(p.exceptions, func(a, b exception) int { return a.order - b.order })
	return p
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// spans reads "00:00-09:00,17:00-24:00".
func spans(text string) []span {
	var out []span
	for _, s := range list(text) {
		from, to, ok := strings.Cut(s, "-")
		start, ok1 := clock(from)
		end, ok2 := clock(to)
		if ok && ok1 && ok2 {
			out = append(out, span{start, end})
		}
	}
	return out
}

// newException reads a date or range of dates, such as "2026-12-24",
// "december 24 - december 26", "day 1 - 15 / 2" or "monday 1 november".
func newException(text string) (exception, bool) {
	var e exception
	text, skip, skips := strings.Cut(text, " / ")
	if skips {
		n, err := strconv.ParseUint(strings.TrimSpace(skip), 10, 16)
		if err != nil {
			return e, false
		}
		e.every = int(n)
	}
	from, to, ranged := strings.Cut(text, " - ")
	start, order, ok := newDate(strings.Fields(from))
	if !ok {
		return e, false
	}
	e.start, e.end, e.order = start, start, order
	e.endless = order == onDate && skips && !ranged
	if !ranged {
		return e, true
	}
	words := strings.Fields(to)
	if len(words) == 1 && order != onDate { // "day 1 - 15", "december 24 - 26"
		n, err := strconv.Atoi(words[0])
		if err != nil || n == 0 {
			return e, false
		}
		if e.end.nth != 0 {
			e.end.nth = n
		} else {
			e.end.day = n
		}
		return e, true
	}
	end, kind, ok := newDate(words)
	e.end = end
	return e, ok && kind == order
}

// newDate reads one date, and says which kind it is.
func newDate(words []string) (d date, order int, ok bool) {
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil || n < -31 || n > 31 {
			return 0
		}
		return n
	}
	switch {
	case len(words) == 1:
		t, err := time.Parse("2006-1-2", words[0])
		return date{year: t.Year(), month: t.Month(), day: t.Day()}, onDate, err == nil
	case len(words) == 2 && words[0] == "day":
		d.day = number(1)
		return d, onMonthDay, d.day != 0
	case len(words) == 2 && monthOf(words[0]) != 0:
		d.month, d.day = monthOf(words[0]), number(1)
		return d, onMonthDate, d.day != 0
	case len(words) < 2 || len(words) > 3 || !slices.Contains(weekdays, words[0]):
		return d, 0, false
	}
	d.weekday, d.nth = time.Weekday(slices.Index(weekdays, words[0])), number(1)
	if len(words) == 3 {
		d.month = monthOf(words[2])
		return d, onMonthWeekday, d.month != 0 && d.nth != 0
	}
	return d, onWeekday, d.nth != 0
}

// monthOf returns a month by its name in lower case, 0: it is none.
func monthOf(name string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String(), name) {
			return m
		}
	}
	return 0
}
