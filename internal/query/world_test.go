package query_test

import (
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// feedRow sets one row from normal form.
func feedRow(r *store.Rows, names []string, row map[string]any) {
	for i, n := range names {
		switch v := row[n].(type) {
		case int64:
			r.Int(i, v)
		case bool:
			if v {
				r.Int(i, 1)
			}
		case float64:
			r.Float(i, v)
		case string:
			r.Text(i, []byte(v))
		case []string:
			var l [][]byte
			for _, s := range v {
				l = append(l, []byte(s))
			}
			r.TextList(i, l)
		case []int64:
			r.IntList(i, v)
		case []schema.Member:
			var names [][]byte
			var l [][2][]byte
			for _, m := range v {
				l = append(l, [2][]byte{[]byte(m.Host), []byte(m.Service)})
				names = append(names, []byte(m.Host))
			}
			r.Members(i, l)
			r.TextList(i, names) // one of the two fits
		case []schema.Pair:
			var l [][2][]byte
			for _, m := range v {
				l = append(l, [2][]byte{[]byte(m.Name), []byte(m.Value)})
			}
			r.Dict(i, l)
		case [][]any:
			r.Tuples(i, v)
		}
	}
	if err := r.EndRow(); err != nil {
		panic(err)
	}
}

// feedSite writes all tables of a world to a site.
func feedSite(t testing.TB, site *store.Site, w testkit.World) {
	b := site.Begin()
	for _, st := range schema.Tables() {
		rows := w[st.Name]
		if st.Source != schema.FromCore || rows == nil {
			continue
		}
		var names []string
		for _, c := range st.Columns {
			if c.Class != schema.Derived {
				names = append(names, c.Name)
			}
		}
		r := b.Replace(st.Name)
		if err := r.Columns(names...); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			feedRow(r, names, row)
		}
	}
	if _, err := b.Commit(time.Unix(1_790_000_000, 0)); err != nil {
		t.Fatal(err)
	}
}

// clock is when the simulated cores were read.
var clock = time.Unix(1_790_000_000, 0)

// newWorld makes an engine over simulated sites, and the truth about them.
func newWorld(t testing.TB, hosts int) (*query.Engine, *store.Fleet, testkit.World) {
	fleet := store.NewFleet(store.Options{})
	truth := testkit.World{}
	for i, name := range []string{"Wien", "Graz"} {
		core := testkit.NewCore(testkit.Options{Name: name, Hosts: hosts, Seed: uint64(7 + i), Now: func() time.Time { return clock }})
		site := fleet.Add(store.SiteInfo{Key: "s" + fmt.Sprint(i), Name: name, Section: "AT", Position: i})
		w := testkit.World{}
		for _, st := range schema.Tables() {
			if st.Source != schema.FromCore {
				continue
			}
			w[st.Name] = core.Rows(st.Name)
			sortRows(st, w[st.Name])
			for _, row := range w[st.Name] {
				row["peer_key"], row["peer_name"], row["peer_section"] = "s"+fmt.Sprint(i), name, "AT"
			}
			truth[st.Name] = append(truth[st.Name], w[st.Name]...)
		}
		feedSite(t, site, w)
		site.SetHealth(store.Health{State: store.Fresh})
		if err := core.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return newEngine(fleet), fleet, truth
}

func newEngine(fleet *store.Fleet) *query.Engine {
	return query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }, Log: slog.Default()})
}

// sortRows puts rows in the order of their keys.
func sortRows(st *schema.Table, rows []map[string]any) {
	sort.SliceStable(rows, func(i, j int) bool {
		for _, k := range st.Keys {
			x, y := rows[i][k], rows[j][k]
			if n, ok := x.(int64); ok {
				if n != y.(int64) {
					return n < y.(int64)
				}
				continue
			}
			if x.(string) != y.(string) {
				return x.(string) < y.(string)
			}
		}
		return false
	})
}

// flat writes a value so that equal values are equal texts.
func flat(v any) string {
	switch x := v.(type) {
	case float64:
		return fmt.Sprintf("%.9g", x)
	case []schema.Member:
		s := "["
		for _, m := range x {
			if m.Service == "" {
				s += fmt.Sprintf("%q ", m.Host)
			} else {
				s += fmt.Sprintf("%q|%q ", m.Host, m.Service)
			}
		}
		return s + "]"
	case []schema.Pair:
		s := "["
		for _, m := range x {
			s += fmt.Sprintf("%q|%q ", m.Name, m.Value)
		}
		return s + "]"
	case [][2]string:
		s := "["
		for _, m := range x {
			if m[1] == "" {
				s += fmt.Sprintf("%q ", m[0])
			} else {
				s += fmt.Sprintf("%q|%q ", m[0], m[1])
			}
		}
		return s + "]"
	case []string: // services of a host come in the order of their names here
		s := "["
		for _, m := range slices.Sorted(slices.Values(x)) {
			s += fmt.Sprintf("%q ", m)
		}
		return s + "]"
	case []int64:
		return fmt.Sprint(x)
	case [][]any:
		var all []string
		for _, t := range x {
			s := ""
			for _, c := range t {
				s += flat(c) + " "
			}
			all = append(all, s)
		}
		slices.Sort(all)
		return fmt.Sprint(all)
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

func flatResult(r *lql.Result) []string {
	out := make([]string, r.Rows)
	for row := range out {
		s := ""
		for i := range r.Vectors {
			v := &r.Vectors[i]
			var x any
			switch v.Kind {
			case lql.Ints, lql.Times:
				x = v.Ints[row]
			case lql.Floats:
				x = v.Floats[row]
			case lql.Texts:
				x = v.Texts[row]
			default:
				x = v.Objects[row]
			}
			s += flat(x) + " ¦ "
		}
		out[row] = s
	}
	return out
}

func flatRows(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		for _, v := range r {
			out[i] += flat(v) + " ¦ "
		}
	}
	return out
}

// all sees everything.
var all = access.Viewer{All: true, CommandLines: true}
