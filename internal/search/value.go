package search

import (
	"math"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/when"
)

// unix writes a time as cores do.
func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// parseNumber reads a number in the unit of a column: plain, with a percent
// sign, or as a length of time for seconds and minutes.
func parseNumber(s, unit string) (string, bool) {
	s = strings.TrimSpace(s)
	if unit == "%" {
		s = strings.TrimSpace(strings.TrimSuffix(s, "%"))
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	per := map[string]time.Duration{"s": time.Second, "min": time.Minute}[unit]
	if per == 0 {
		return "", false
	}
	d, ok := when.Length(s)
	if !ok {
		return "", false
	}
	return strconv.FormatFloat(float64(d)/float64(per), 'f', -1, 64), true
}

// parseSwitch reads yes or no as 1 or 0.
func parseSwitch(s string) (string, bool) {
	switch strings.ToLower(s) {
	case "1", "yes", "on", "true":
		return "1", true
	case "0", "no", "off", "false":
		return "0", true
	}
	return "", false
}
