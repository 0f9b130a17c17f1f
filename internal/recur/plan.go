package recur

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// An Occurrence is one time that a rule means.
type Occurrence struct {
	Wall       time.Time // its start as the rule's clock shows it, written as UTC
	Start, End time.Time // in the rule's zone
	Shift      Shift     // what a change of the clocks did to its start
}

// Name names the occurrence among those of its rule: "20261127T2200".
func (o Occurrence) Name() string { return o.Wall.Format("20060102T1504") }

// Mark returns what the comment of each downtime of the occurrence ends with.
// key is that of the rule.
func (o Occurrence) Mark(key string) string { return markOf(key, o.Name()) }

func markOf(key, name string) string { return "[r" + key + "-" + name + "]" }

// anyMark is the mark of any rule.
var anyMark = regexp.MustCompile(`\[r[a-z2-7]{5}-[0-9]{8}T[0-9]{4}\]`)

// markIn returns of which rule and occurrence a comment carries the mark.
func markIn(comment string) (key, name string, ok bool) {
	m := anyMark.FindString(comment)
	if m == "" {
		return "", "", false
	}
	key, name, _ = strings.Cut(strings.Trim(m, "[]")[1:], "-")
	return key, name, true
}

// Zone returns the zone of the rule's clock.
func (p *Plan) Zone() *time.Location { return p.zone }

// Between returns the occurrences that begin at from or later, and before to,
// in their order.
func (p *Plan) Between(from, to time.Time) []Occurrence {
	// What clocks show is less than two days from what they show elsewhere, and
	// changes of the clocks move a start by less than that.
	const far = 48 * hour
	var out []Occurrence
	for _, w := range p.walls(wallOf(from.UTC()).Add(-far), wallOf(to.UTC()).Add(far)) {
		o := p.occurrence(w)
		if p.means(w) && !o.Start.Before(from) && o.Start.Before(to) {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b Occurrence) int { return a.Start.Compare(b.Start) })
	// Two times of the clock can be one, when the first does not exist.
	return slices.CompactFunc(out, func(a, b Occurrence) bool { return a.Start.Equal(b.Start) })
}

// occurrence returns what begins at a time of the clock.
func (p *Plan) occurrence(w wall) Occurrence {
	w = w.Truncate(time.Minute)
	start, shift := instant(w, p.zone)
	return Occurrence{Wall: w, Start: start, End: start.Add(time.Duration(p.spec.Lasts) * time.Second), Shift: shift}
}

// means reports whether the day of w is one on which the rule holds.
func (p *Plan) means(w wall) bool {
	d := w.Truncate(24 * hour)
	return !d.Before(p.first) && (p.last.IsZero() || !d.After(p.last)) && !slices.ContainsFunc(p.left, func(s span) bool { return s.has(d) })
}

// During returns the occurrences that last at some time from from to to.
func (p *Plan) During(from, to time.Time) []Occurrence {
	all := p.Between(from.Add(-time.Duration(p.spec.Lasts)*time.Second), to)
	return slices.DeleteFunc(all, func(o Occurrence) bool { return !o.End.After(from) })
}

// Next returns the first n occurrences that begin at from or later; fewer when
// there are no more in the next 30 years.
func (p *Plan) Next(from time.Time, n int) []Occurrence {
	var out []Occurrence
	step := 35 * 24 * hour
	for end := from.AddDate(30, 0, 0); from.Before(end) && len(out) < n; {
		out = append(out, p.Between(from, from.Add(step))...)
		from = from.Add(step)
		step = min(2*step, 3*365*24*hour)
	}
	return out[:min(n, len(out))]
}

// Holds reports whether o is one of the plan's occurrences, with this start and
// end.
func (p *Plan) Holds(name string, start, end time.Time) bool {
	for _, o := range p.Between(start, start.Add(time.Second)) {
		if o.Name() == name && o.End.Equal(end) {
			return true
		}
	}
	return false
}
