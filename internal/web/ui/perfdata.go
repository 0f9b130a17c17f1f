package ui

import (
	"strconv"
	"strings"
)

// A Metric is one value of a plugin's performance data:
// 'label'=value[unit];[warn];[crit];[min];[max].
type Metric struct {
	Label, Value, Unit   string
	Warn, Crit, Min, Max string
}

// Metrics splits performance data. What cannot be read as a metric is left
// out; labels may be quoted and hold spaces, a doubled quote stands for one.
func Metrics(perfdata string) []Metric {
	var out []Metric
	for s := strings.TrimSpace(perfdata); s != ""; {
		var label string
		label, s = metricLabel(s)
		rest, ok := strings.CutPrefix(s, "=")
		if !ok {
			_, s = nextField(s)
			continue
		}
		var values string
		values, s = nextField(rest)
		if m, ok := metric(label, values); ok {
			out = append(out, m)
		}
	}
	return out
}

// metricLabel takes a label from the front of s.
func metricLabel(s string) (label, rest string) {
	if !strings.HasPrefix(s, "'") {
		i := strings.IndexAny(s, "= ")
		if i < 0 {
			return s, ""
		}
		return s[:i], s[i:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), s[i+1:]
	}
	return b.String(), ""
}

// nextField takes everything up to white space from the front of s.
func nextField(s string) (field, rest string) {
	i := strings.IndexAny(s, " \t\n")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\n")
}

// metric reads value;warn;crit;min;max.
func metric(label, values string) (Metric, bool) {
	f := strings.SplitN(values, ";", 6)
	for len(f) < 5 {
		f = append(f, "")
	}
	n := 0
	for n < len(f[0]) && strings.IndexByte("0123456789+-.,eE", f[0][n]) >= 0 {
		n++
	}
	for n > 0 && (f[0][n-1] == 'e' || f[0][n-1] == 'E') {
		n-- // a unit that begins like an exponent
	}
	value := strings.ReplaceAll(f[0][:n], ",", ".")
	if _, err := strconv.ParseFloat(value, 64); err != nil && f[0] != "U" {
		return Metric{}, false
	}
	if f[0] == "U" {
		return Metric{Label: label, Value: "unknown"}, true
	}
	return Metric{Label: label, Value: value, Unit: f[0][n:], Warn: f[1], Crit: f[2], Min: f[3], Max: f[4]}, true
}

// anyLimits reports whether the metrics have limits, minima or maxima to show.
func anyLimits(ms []Metric) bool {
	for _, m := range ms {
		if m.Warn+m.Crit+m.Min+m.Max != "" {
			return true
		}
	}
	return false
}
