package object

import (
	"math"
	"strconv"
	"strings"
)

// barWidth is the width of a bar in CSS pixels.
const barWidth = 120

// A Bar shows a measured value between its least and its most, with the limits
// that the plugin gave. All places are CSS pixels from the left.
type Bar struct {
	Value      int    // length
	Class      string // "crit", "warn" or "": beyond which limit the value is
	Warn, Crit int    // places of the upper limits, -1 none
}

// Bar returns the bar of a metric; ok is false when the numbers do not say what
// the most would be.
func (m Metric) Bar() (b Bar, ok bool) {
	value, ok := number(m.Value)
	if !ok {
		return b, false
	}
	warn, crit := parseLimit(m.Warn), parseLimit(m.Crit)
	from, _ := number(m.Min)
	to, ok := number(m.Max)
	switch {
	case ok:
	case m.Unit == "%":
		to = 100
	case crit.ok && !math.IsInf(crit.to, 1):
		to = max(crit.to, value) * 1.2
	case warn.ok && !math.IsInf(warn.to, 1):
		to = max(warn.to, value) * 1.2
	}
	if to <= from {
		return b, false
	}
	place := func(v float64) int { return int(math.Round(barWidth * min(max((v-from)/(to-from), 0), 1))) }
	b = Bar{Value: place(value), Warn: -1, Crit: -1}
	for _, l := range []struct {
		limit
		at    *int
		class string
	}{{warn, &b.Warn, "warn"}, {crit, &b.Crit, "crit"}} {
		if !l.ok {
			continue
		}
		if !math.IsInf(l.to, 1) && l.to >= from && l.to <= to {
			*l.at = place(l.to)
		}
		if l.alert(value) {
			b.Class = l.class
		}
	}
	return b, true
}

// A limit is a range of the plugin guidelines: "10", "10:", "~:10", "10:20",
// "@10:20". A value outside of it alerts, with @ one inside.
type limit struct {
	from, to   float64
	inside, ok bool
}

func parseLimit(s string) limit {
	l := limit{to: math.Inf(1)}
	s, l.inside = strings.CutPrefix(s, "@")
	low, high, both := strings.Cut(s, ":")
	if !both {
		low, high = "0", s
	}
	var ok1, ok2 bool
	if low == "~" {
		l.from, ok1 = math.Inf(-1), true
	} else {
		l.from, ok1 = number(low)
	}
	if high == "" && both {
		ok2 = true
	} else {
		l.to, ok2 = number(high)
	}
	l.ok = ok1 && ok2
	return l
}

func (l limit) alert(v float64) bool {
	in := v >= l.from && v <= l.to
	return l.ok && in == l.inside
}

// number reads a finite number as plugins write it, with a comma too.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}
