package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/testkit"
)

var ops = []string{"=", "!=", "~", "!~", "=~", "!=~", "~~", "!~~", "<", ">", "<=", ">=", "!<", "!>", "!<=", "!>="}

// A requests makes random requests whose values occur in the world.
type requests struct {
	t     *rapid.T
	w     testkit.World
	table *schema.Table
	names []string
}

func (g *requests) column() string { return rapid.SampledFrom(g.names).Draw(g.t, "column") }

// value picks what a filter is compared with: mostly something that occurs.
func (g *requests) value(name string) string {
	rows := g.w[g.table.Name]
	ref, err := g.table.Resolve(name)
	if err != nil {
		return ""
	}
	if ref.Join >= 0 {
		rows = g.w[g.table.Joins[ref.Join].Table]
	} else if g.table.Base != "" {
		rows = g.w[g.table.Base]
	}
	odd := []string{"", "0", "1", "2", "-1", "x", "^a", "OK", "a.*b", "1.5", "9223372036854775807", "srv", "(web|db)", "[0-9]+$", "ü"}
	if len(rows) == 0 || rapid.IntRange(0, 3).Draw(g.t, "odd") == 0 {
		return rapid.SampledFrom(odd).Draw(g.t, "value")
	}
	v := rows[rapid.IntRange(0, len(rows)-1).Draw(g.t, "row")][ref.Column.Name]
	switch x := v.(type) {
	case []string:
		if len(x) > 0 {
			return x[0]
		}
		return ""
	case []schema.Member:
		if len(x) > 0 {
			return strings.TrimSuffix(x[0].Host+rapid.SampledFrom([]string{";", "|"}).Draw(g.t, "sep")+x[0].Service, ";")
		}
		return ""
	case []schema.Pair:
		if len(x) > 0 {
			return x[0].Name + " " + x[0].Value
		}
		return ""
	case []int64:
		if len(x) > 0 {
			return fmt.Sprint(x[0])
		}
		return ""
	case [][]any:
		if len(x) > 0 && len(x[0]) > 0 {
			return fmt.Sprint(x[0][0])
		}
		return ""
	}
	s := strings.TrimSpace(fmt.Sprint(v))
	if strings.ContainsAny(s, "\n\r\\") {
		return "x"
	}
	return s
}

func (g *requests) filter(header string) string {
	c := g.column()
	op := rapid.SampledFrom(ops).Draw(g.t, "op")
	v := g.value(c)
	if strings.Contains(op, "~") && strings.ContainsAny(v, `{}[]()*+?\`) {
		v = "e"
	}
	return fmt.Sprintf("%s: %s %s %s\n", header, c, op, v)
}

// set compares a column with many values.
func (g *requests) set(header, combine string) string {
	var b strings.Builder
	c, n := g.column(), rapid.IntRange(4, 8).Draw(g.t, "values")
	for range n {
		fmt.Fprintf(&b, "%s: %s %s %s\n", header, c, rapid.SampledFrom([]string{"=", "=", "=", "!="}).Draw(g.t, "op"), g.value(c))
	}
	fmt.Fprintf(&b, "%s%s: %d\n", combine, rapid.SampledFrom([]string{"And", "Or"}).Draw(g.t, "kind"), n)
	return b.String()
}

func (g *requests) filters(header, combine, negate string) string {
	var b strings.Builder
	depth := 0
	for range rapid.IntRange(0, 5).Draw(g.t, "filters") {
		if rapid.IntRange(0, 7).Draw(g.t, "set") == 0 {
			b.WriteString(g.set(header, combine))
		} else {
			b.WriteString(g.filter(header))
		}
		depth++
		switch rapid.IntRange(0, 5).Draw(g.t, "combine") {
		case 0:
			fmt.Fprintf(&b, "%s\n", negate)
		case 1, 2:
			n := rapid.IntRange(0, depth).Draw(g.t, "n")
			fmt.Fprintf(&b, "%s%s: %d\n", combine, rapid.SampledFrom([]string{"And", "Or"}).Draw(g.t, "kind"), n)
			depth -= n - 1
		}
	}
	return b.String()
}

func (g *requests) numbers() []string {
	var out []string
	for _, n := range g.names {
		if ref, err := g.table.Resolve(n); err == nil && ref.Column.Kind <= schema.Time {
			out = append(out, n)
		}
	}
	return out
}

func (g *requests) request() (text string, ordered bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s\n", g.table.Name)
	b.WriteString(g.filters("Filter", "", "Negate:"))
	if rapid.IntRange(0, 2).Draw(g.t, "mode") == 0 {
		var keys []string
		for range rapid.IntRange(0, 2).Draw(g.t, "keys") {
			keys = append(keys, g.column())
		}
		if len(keys) > 0 {
			fmt.Fprintf(&b, "Columns: %s\n", strings.Join(keys, " "))
		}
		b.WriteString(g.filters("Stats", "Stats", "StatsNegate:"))
		for _, agg := range []string{"sum", "min", "max", "avg", "std", "suminv", "avginv"} {
			if rapid.Bool().Draw(g.t, agg) {
				n := rapid.SampledFrom(g.numbers()).Draw(g.t, "number")
				if ref, err := g.table.Resolve(n); err == nil && ref.Column.Kind == schema.Time && agg == "std" {
					continue // squares of times are beyond what the naive evaluator can hold
				}
				fmt.Fprintf(&b, "Stats: %s %s\n", agg, n)
			}
		}
		b.WriteString("Stats: " + g.names[0] + " != zzz\n")
		return b.String(), false
	}
	columns := append([]string{}, g.table.Keys...)
	for range rapid.IntRange(1, 8).Draw(g.t, "columns") {
		columns = append(columns, g.column())
	}
	fmt.Fprintf(&b, "Columns: %s\n", strings.Join(append(columns, "peer_key"), " "))
	if rapid.Bool().Draw(g.t, "sorted") {
		ordered = true
		for range rapid.IntRange(1, 3).Draw(g.t, "sorts") {
			c := g.column()
			if ref, err := g.table.Resolve(c); err != nil || ref.Column.Kind > schema.Text {
				continue
			}
			fmt.Fprintf(&b, "Sort: %s %s\n", c, rapid.SampledFrom([]string{"asc", "desc"}).Draw(g.t, "dir"))
		}
		for _, k := range append(slices.Clone(g.table.Keys), "peer_key") {
			fmt.Fprintf(&b, "Sort: %s asc\n", k)
		}
	}
	if ordered && rapid.Bool().Draw(g.t, "limited") {
		fmt.Fprintf(&b, "Limit: %d\nOffset: %d\n", rapid.IntRange(0, 30).Draw(g.t, "limit"), rapid.IntRange(0, 20).Draw(g.t, "offset"))
	}
	return b.String(), ordered
}

// tested are the tables of the differential test.
var tested = []string{"hosts", "services", "hostgroups", "servicegroups", "comments", "downtimes", "contacts", "contactgroups",
	"timeperiods", "commands", "status", "hostsbygroup", "servicesbygroup", "servicesbyhostgroup"}

// names returns the columns of a table that the naive evaluator knows too.
func names(t *schema.Table, w testkit.World, skip func(ref schema.Ref) bool) []string {
	var out []string
	for _, n := range t.Names() {
		ref, err := t.Resolve(n)
		if err != nil || skip(ref) || ref.Column.Name == "downtimes_with_extra_info" || ref.Column.Name == "days" { // Checkmk alone has the one, the other is lists of lists
			continue
		}
		table := t.Name
		if t.Base != "" {
			table = t.Base
		}
		if ref.Join >= 0 {
			table = t.Joins[ref.Join].Table
		}
		if rows := w[table]; len(rows) > 0 {
			if _, ok := rows[0][ref.Column.Name]; ok {
				out = append(out, n)
			}
		}
	}
	return out
}

// moves reports whether a column tells of now, or of when we saw something, not
// of the core's rows alone.
func moves(column string) bool {
	return column == "localtime" || column == "changed_at" || column == "peer_last_update" || column == "staleness"
}

func TestAgainstNaiveEvaluator(t *testing.T) {
	engine, _, w := newWorld(t, 25)
	columns := map[string][]string{}
	for _, name := range tested {
		table, _ := schema.Lookup(name)
		columns[name] = names(table, w, func(ref schema.Ref) bool { return moves(ref.Column.Name) })
	}
	rapid.Check(t, func(t *rapid.T) {
		table, _ := schema.Lookup(rapid.SampledFrom(tested).Draw(t, "table"))
		g := &requests{t: t, w: w, table: table, names: columns[table.Name]}
		text, ordered := g.request()
		compare(t, engine.For(all), w, text, ordered, testkit.Rights{})
	})
}

func TestRightsAgainstNaiveEvaluator(t *testing.T) {
	engine, _, w := newWorld(t, 25)
	var people []string
	for _, h := range slices.Concat(w["hosts"], w["services"]) {
		for _, c := range h["contacts"].([]string) {
			if !slices.Contains(people, c) {
				people = append(people, c)
			}
		}
	}
	slices.Sort(people)
	guarded := []string{"hosts", "services", "hostgroups", "servicegroups", "comments", "downtimes"}
	rapid.Check(t, func(t *rapid.T) {
		table, _ := schema.Lookup(rapid.SampledFrom(guarded).Draw(t, "table"))
		// the naive evaluator leaves the names of groups, of dependencies and of joined hosts as they are
		g := &requests{t: t, w: w, table: table, names: names(table, w, func(ref schema.Ref) bool {
			return ref.Join >= 0 || ref.Column.Name == "groups" || strings.HasPrefix(ref.Column.Name, "depends_") || moves(ref.Column.Name)
		})}
		text, ordered := g.request()
		who := rapid.SampledFrom(append(people, "nobody")).Draw(t, "who")
		v := access.Viewer{Contacts: map[string]string{"*": who}, CommandLines: true,
			Services: access.Rule(rapid.IntRange(0, 1).Draw(t, "services")), Groups: access.Rule(rapid.IntRange(0, 1).Draw(t, "groups"))}
		compare(t, engine.For(v), w, text, ordered, testkit.Rights{User: who, Services: testkit.Rule(v.Services), Groups: testkit.Rule(v.Groups)})
	})
}

func compare(t *rapid.T, q lql.Querier, w testkit.World, text string, ordered bool, rights testkit.Rights) {
	parsed, err := lql.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	res, err := q.Query(context.Background(), parsed)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if wrong := streamed(q, parsed, res); wrong != "" {
		t.Fatalf("%s\n%s", text, wrong)
	}
	_, rows, total, err := testkit.Evaluate(w, text, rights)
	if err != nil {
		t.Fatalf("%s: naive: %v", text, err)
	}
	got, want := flatResult(res), flatRows(rows)
	if !ordered {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) || res.Total != total {
		n := 0
		for n < min(len(got), len(want)) && got[n] == want[n] {
			n++
		}
		at := func(l []string) string {
			if n < len(l) {
				return l[n]
			}
			return "(end)"
		}
		t.Fatalf("%s\n%d rows, want %d; total %d, want %d; first difference at %d:\n got %s\nwant %s", text, len(got), len(want), res.Total, total, n, at(got), at(want))
	}
}
