// Package sitetest compares what a site's store holds with what its core says.
// For tests.
package sitetest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// Tables are those that are compared.
var Tables = []string{"contacts", "contactgroups", "commands", "timeperiods", "hostgroups", "servicegroups", "hosts", "services", "comments", "downtimes"}

// OwnPace are columns that move without anything happening, by the clock.
var OwnPace = []string{"next_notification", "latency"}

// Rows reads a table out of a snapshot: key to values, in the Go types of
// the schema's kinds.
func Rows(snap *store.Snapshot, table string) map[string]map[string]any {
	t, _ := schema.Lookup(table)
	out := map[string]map[string]any{}
	for row, key := range snap.AllKeys(table) {
		vals := map[string]any{}
		for _, c := range t.Columns {
			if c.Class != schema.Derived {
				vals[c.Name] = value(snap, table, &c, row)
			}
		}
		out[key] = vals
	}
	return out
}

func value(snap *store.Snapshot, table string, c *schema.Column, row int) any {
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

// same compares two values of normal form; empty lists are equal to none,
// floats may differ in what a core's spelling of them loses.
func same(a, b any) bool {
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

// Diff compares want with got by key and column and returns one line for each
// difference, sorted. Columns that want does not have are not compared.
func Diff(table string, want, got map[string]map[string]any, skip ...string) []string {
	var out []string
	for key, w := range want {
		name := strings.ReplaceAll(key, "\x00", ";")
		g, ok := got[key]
		if !ok {
			out = append(out, fmt.Sprintf("%s %q is missing", table, name))
			continue
		}
		for col, v := range w {
			if !slices.Contains(skip, col) && !same(v, g[col]) {
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

// Report fails with the first differences.
func Report(t testing.TB, diffs []string) {
	t.Helper()
	for i, d := range diffs {
		if i == 25 {
			t.Errorf("and %d more", len(diffs)-i)
			return
		}
		t.Error(d)
	}
}

// Truth is a table of a simulated core, as [Rows] gives that of a snapshot.
func Truth(c *testkit.Core, table string) map[string]map[string]any {
	def, _ := schema.Lookup(table)
	out := map[string]map[string]any{}
	for _, r := range c.Rows(table) {
		var key []string
		vals := map[string]any{}
		for _, k := range def.Keys {
			key = append(key, fmt.Sprint(r[k]))
		}
		for _, col := range def.Columns {
			if v, ok := r[col.Name]; ok && col.Class != schema.Derived {
				vals[col.Name] = v
			}
		}
		out[strings.Join(key, "\x00")] = vals
	}
	return out
}
