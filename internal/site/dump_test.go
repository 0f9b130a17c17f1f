package site_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// rowsOf reads a table out of a snapshot: key to values, in the Go types of
// the schema's kinds.
func rowsOf(snap *store.Snapshot, table string) map[string]map[string]any {
	t, _ := schema.Lookup(table)
	out := map[string]map[string]any{}
	for row, key := range snap.AllKeys(table) {
		vals := map[string]any{}
		for _, c := range t.Columns {
			if c.Class != schema.Derived {
				vals[c.Name] = storedValue(snap, table, &c, row)
			}
		}
		out[key] = vals
	}
	return out
}

func storedValue(snap *store.Snapshot, table string, c *schema.Column, row int) any {
	switch c.Kind {
	case schema.Bool, schema.Int, schema.Time:
		return snap.Int(table, c.Name, row)
	case schema.Float:
		return snap.Float(table, c.Name, row)
	case schema.Text:
		return snap.Text(table, c.Name, row)
	}
	b := snap.Bytes(table, c.Name, row)
	switch c.Kind {
	case schema.TextList:
		return store.DecodeTexts(b)
	case schema.IntList:
		return store.DecodeInts(b)
	case schema.Members:
		var out []schema.Member
		for _, p := range store.DecodePairs(b) {
			out = append(out, schema.Member{Host: p[0], Service: p[1]})
		}
		return out
	case schema.Dict:
		var out []schema.Pair
		for _, p := range store.DecodePairs(b) {
			out = append(out, schema.Pair{Name: p[0], Value: p[1]})
		}
		return out
	}
	return store.DecodeTuples(b)
}

// sameValue compares two values of normal form; empty lists are equal to none,
// floats may differ in what a core's spelling of them loses.
func sameValue(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && math.Abs(x-y) <= 1e-5*max(1, math.Abs(x), math.Abs(y))
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Kind() == reflect.Slice && vb.Kind() == reflect.Slice && va.Len() == 0 && vb.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// diff compares want with got by key and column and returns one line for each
// difference, sorted. Columns that want does not have are not compared.
func diff(table string, want, got map[string]map[string]any, skip ...string) []string {
	var out []string
	for key, w := range want {
		name := strings.ReplaceAll(key, "\x00", ";")
		g, ok := got[key]
		if !ok {
			out = append(out, fmt.Sprintf("%s %q is missing", table, name))
			continue
		}
		for col, v := range w {
			if !slices.Contains(skip, col) && !sameValue(v, g[col]) {
				out = append(out, fmt.Sprintf("%s %q %s: %#v, want %#v", table, name, col, g[col], v))
			}
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			out = append(out, fmt.Sprintf("%s %q is too much", table, strings.ReplaceAll(key, "\x00", ";")))
		}
	}
	sort.Strings(out)
	return out
}

// report fails with the first differences.
func report(t *testing.T, diffs []string) {
	t.Helper()
	for i, d := range diffs {
		if i == 25 {
			t.Errorf("and %d more", len(diffs)-i)
			return
		}
		t.Error(d)
	}
}

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
