package object

import "strings"

// maxMetrics bounds how many measured values of one check are shown.
const maxMetrics = 200

// A Metric is one measured value as the plugin wrote it.
type Metric struct {
	Label, Value, Unit   string
	Warn, Crit, Min, Max string
}

// ParsePerf reads measured values: 'label'=value[unit];warn;crit;min;max
// separated by blanks, as the Nagios plugin guidelines say. What does not
// follow them is left out.
func ParsePerf(s string) []Metric {
	var out []Metric
	for len(out) < maxMetrics {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			break
		}
		label, rest, ok := perfLabel(s)
		if !ok {
			// A word without "=": skip it.
			_, s, _ = strings.Cut(s, " ")
			continue
		}
		var value string
		value, s, _ = strings.Cut(rest, " ")
		if m, ok := perfValue(label, value); ok {
			out = append(out, m)
		}
	}
	return out
}

// perfLabel splits off the label, which may be quoted with ' and hold blanks;
// two ' stand for one.
func perfLabel(s string) (label, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		i := strings.IndexAny(s, "= ")
		if i <= 0 || s[i] != '=' {
			return "", "", false
		}
		return s[:i], s[i+1:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "''"):
			b.WriteByte('\'')
			i++
		case strings.HasPrefix(s[i:], "'=") && b.Len() > 0:
			return b.String(), s[i+2:], true
		default:
			return "", "", false
		}
	}
	return "", "", false
}

func perfValue(label, s string) (Metric, bool) {
	f := strings.Split(s, ";")
	for len(f) < 5 {
		f = append(f, "")
	}
	n := len(f[0])
	for i, c := range f[0] {
		if !strings.ContainsRune("0123456789.,+-eE", c) {
			n = i
			break
		}
	}
	// "1e3" is a number, "3E" and "12e" end in a unit.
	for n > 0 && strings.ContainsRune("eE+-", rune(f[0][n-1])) {
		n--
	}
	m := Metric{Label: label, Value: f[0][:n], Unit: f[0][n:], Warn: f[1], Crit: f[2], Min: f[3], Max: f[4]}
	if m.Value == "" && m.Unit == "U" {
		m.Value, m.Unit = "unknown", ""
	}
	return m, m.Value != ""
}
