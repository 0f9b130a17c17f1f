package site_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// canonical writes a value, of either side, so that equal ones are equal texts.
func canonical(v any) string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', 12, 64) }
	list := func(parts []string) string {
		slices.Sort(parts)
		return "[" + strings.Join(parts, " ") + "]"
	}
	var parts []string
	switch x := v.(type) {
	case nil:
		return "null"
	case bool:
		return number(float64(rawInt(x)))
	case int64:
		return number(float64(x))
	case float64:
		return number(x)
	case string:
		return strconv.Quote(x)
	case []any:
		for _, e := range x {
			if pair, ok := e.([]any); ok && len(pair) == 2 {
				parts = append(parts, fmt.Sprintf("%q|%q", rawText(pair[0]), rawText(pair[1])))
			} else {
				parts = append(parts, canonical(e))
			}
		}
	case [][]any:
		for _, e := range x {
			var cells []string
			for _, cell := range e {
				cells = append(cells, canonical(cell))
			}
			parts = append(parts, strings.Join(cells, "|"))
		}
	case []string:
		for _, e := range x {
			parts = append(parts, canonical(e))
		}
	case []int64:
		for _, e := range x {
			parts = append(parts, canonical(e))
		}
	case []schema.Member:
		for _, e := range x {
			if e.Service == "" {
				parts = append(parts, canonical(e.Host))
			} else {
				parts = append(parts, fmt.Sprintf("%q|%q", e.Host, e.Service))
			}
		}
	case []schema.Pair:
		for _, e := range x {
			parts = append(parts, fmt.Sprintf("%q|%q", e.Name, e.Value))
		}
	case [][2]string:
		for _, e := range x {
			if e[1] == "" {
				parts = append(parts, canonical(e[0]))
			} else {
				parts = append(parts, fmt.Sprintf("%q|%q", e[0], e[1]))
			}
		}
	default:
		return fmt.Sprintf("%T %v", v, v)
	}
	return list(parts)
}

// cellOf is a value of an answer; dict: of a column of custom variables.
func cellOf(v *lql.Vector, row int, dict bool) any {
	switch v.Kind {
	case lql.Ints, lql.Times:
		return v.Ints[row]
	case lql.Floats:
		return v.Floats[row]
	case lql.Texts:
		return v.Texts[row]
	}
	if dict {
		var out []schema.Pair
		for _, p := range v.Pairs(row) {
			out = append(out, schema.Pair{Name: p[0], Value: p[1]})
		}
		return out
	}
	return v.Objects[row]
}

// What happens soon can take this long where many tests share few processors.
// What takes its time in any case takes longer: giving up a core that is
// silent, or the next comparison of all rows, which are rarer the more one
// costs.
const (
	soon  = time.Minute
	later = 3 * time.Minute
)

// until polls cond, which happens in the real world and cannot be waited for
// otherwise.
func until(t *testing.T, within time.Duration, what string, cond func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !cond() {
		if time.Since(began) > within {
			t.Fatalf("not within %v: %s", within, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}
