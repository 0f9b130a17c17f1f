// Package webtest lets tests of rooms ask a whole server for pages: with rows
// that stand in the test instead of cores, and selectors over the answer.
package webtest

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A Row is one row of a table by column name: int, float64, string, []string,
// []int64, [][2]string or [][]any. A missing column is its zero value.
type Row map[string]any

// A World is a fake engine: its rows, and what each site contributes. It
// answers by trying each row, knows nothing of indexes, and does only what
// pages ask for. Fields must not be changed while a server runs; the record of
// queries is safe for concurrent use.
type World struct {
	Tables map[string][]Row
	Parts  []lql.Part
	Err    error // every query fails with it

	mu      sync.Mutex
	queries []*lql.Query
}

// Queries returns what was asked so far.
func (w *World) Queries() []*lql.Query {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.queries)
}

// For returns a Querier that shows v only rows whose list contacts holds its
// contact name at the site.
func (w *World) For(v access.Viewer) lql.Querier { return &bound{w, v} }

// Pin implements web.Engine: the world of a test holds still by itself.
func (w *World) Pin() func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return ctx }
}

type bound struct {
	world  *World
	viewer access.Viewer
}

// Query implements [lql.Querier].
func (b *bound) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	w := b.world
	w.mu.Lock()
	w.queries = append(w.queries, q)
	w.mu.Unlock()
	if w.Err != nil {
		return nil, w.Err
	}
	table, ok := schema.Lookup(q.Table)
	if !ok {
		return nil, &lql.QueryError{Code: 404, Msg: "no such table: " + q.Table}
	}
	res := &lql.Result{}
	for _, p := range w.Parts {
		if _, _, ok := b.viewer.Contact(p.Key); ok {
			res.Parts = append(res.Parts, p)
		}
	}
	var rows []Row
	for _, r := range w.Tables[q.Table] {
		ok, err := holds(table, r, q.Filter)
		if err != nil {
			return nil, err
		}
		if ok && b.sees(q.Table, r) && named(table, r, q.Only) {
			rows = append(rows, r)
		}
	}
	if len(q.Stats) > 0 {
		return res, stats(table, res, rows, q)
	}
	return res, list(table, res, rows, q)
}

func (b *bound) sees(table string, r Row) bool {
	key := text(r["peer_key"])
	if table == "sites" {
		key = text(r["key"])
	}
	contact, all, ok := b.viewer.Contact(key)
	if !ok || all || table == "sites" {
		return ok
	}
	contacts, _ := r["contacts"].([]string)
	return slices.Contains(contacts, contact)
}

// named reports whether r is among the rows that a query names, if it does.
func named(t *schema.Table, r Row, only map[string][]string) bool {
	var key []string
	for _, k := range t.Keys {
		key = append(key, text(r[k]))
	}
	return only == nil || slices.Contains(only[text(r["peer_key"])], strings.Join(key, "\x00"))
}

// list fills res with columns of rows.
func list(t *schema.Table, res *lql.Result, rows []Row, q *lql.Query) error {
	standing := make(map[*Row]lql.Place, len(rows))
	at := make([]*Row, len(rows))
	for i := range rows {
		at[i] = &rows[i]
		for _, s := range q.Sort {
			v, err := vector(t, s.Column, rows[i:i+1])
			if err != nil {
				return err
			}
			standing[at[i]] = append(standing[at[i]], s.Key(&v, 0))
		}
	}
	slices.SortStableFunc(at, func(a, b *Row) int { return follows(t, q.Sort, standing[a], standing[b]) })
	sorted := make([]Row, 0, len(rows))
	for _, r := range at {
		if (q.After == nil || follows(t, q.Sort, standing[r], q.After) > 0) && (q.First == nil || follows(t, q.Sort, standing[r], q.First) >= 0) && (q.Until == nil || follows(t, q.Sort, standing[r], q.Until) <= 0) {
			sorted = append(sorted, *r)
		}
	}
	rows = sorted
	res.Total = len(rows)
	rows = rows[min(q.Offset, len(rows)):]
	if q.Limit != lql.NoLimit {
		rows = rows[:min(q.Limit, len(rows))]
	}
	res.Rows = len(rows)
	for _, name := range q.Columns {
		v, err := vector(t, name, rows)
		if err != nil {
			return err
		}
		res.Vectors = append(res.Vectors, v)
	}
	return nil
}

// follows orders two places.
func follows(t *schema.Table, order []lql.Sort, a, b lql.Place) int {
	for i, s := range order {
		c := strings.Compare(a[i], b[i])
		if ref, err := t.Resolve(s.Column); err == nil {
			switch ref.Column.Kind {
			case schema.Bool, schema.Int, schema.Time, schema.Float:
				x, _ := strconv.ParseFloat(a[i], 64)
				y, _ := strconv.ParseFloat(b[i], 64)
				c = cmp.Compare(x, y)
			}
		}
		if s.Desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func bad(err error) error { return &lql.QueryError{Code: 400, Msg: err.Error()} }

// vector is one column of rows in the kind the schema says.
func vector(t *schema.Table, name string, rows []Row) (lql.Vector, error) {
	ref, err := t.Resolve(name)
	if err != nil {
		return lql.Vector{}, bad(err)
	}
	v := lql.Vector{Name: name}
	for _, r := range rows {
		x := r[name]
		switch ref.Column.Kind {
		case schema.Bool, schema.Int:
			v.Ints = append(v.Ints, number(x))
		case schema.Time:
			v.Kind = lql.Times
			v.Ints = append(v.Ints, number(x))
		case schema.Float:
			v.Kind = lql.Floats
			v.Floats = append(v.Floats, float(x))
		case schema.Text:
			v.Kind = lql.Texts
			v.Texts = append(v.Texts, text(x))
		default:
			v.Kind, v.Dict = lql.Objects, ref.Column.Kind == schema.Dict
			v.Objects = append(v.Objects, x)
		}
	}
	return v, nil
}

// stats fills res with one row for each group.
func stats(t *schema.Table, res *lql.Result, rows []Row, q *lql.Query) error {
	group := slices.Concat(q.GroupBy, q.Columns)
	byKey := map[string][]Row{}
	var keys []string
	for _, r := range rows {
		k := ""
		for _, g := range group {
			k += groupText(r[g]) + "\x00"
		}
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], r)
	}
	if len(group) == 0 {
		keys, byKey[""] = []string{""}, rows
	}
	slices.Sort(keys)
	res.Rows, res.Total = len(keys), len(keys)
	for i, g := range group {
		v := lql.Vector{Name: g, Kind: lql.Texts}
		ref, err := t.Resolve(g)
		if err != nil {
			return bad(err)
		}
		for _, k := range keys {
			value := strings.Split(k, "\x00")[i]
			switch ref.Column.Kind {
			case schema.TextList:
				v.Kind, v.Objects = lql.Objects, append(v.Objects, strings.Split(value, "\x01"))
			case schema.Int:
				n, err := strconv.ParseInt(cmp.Or(value, "0"), 10, 64) // a column that a row does not have is 0
				if err != nil {
					return bad(err)
				}
				v.Kind, v.Ints = lql.Ints, append(v.Ints, n)
			default:
				v.Texts = append(v.Texts, value)
			}
		}
		res.Vectors = append(res.Vectors, v)
	}
	for _, s := range q.Stats {
		v := lql.Vector{}
		if s.Agg != lql.Count {
			v.Kind = lql.Floats
		}
		for _, k := range keys {
			if s.Agg != lql.Count {
				v.Floats = append(v.Floats, aggregate(s, byKey[k]))
				continue
			}
			n := int64(0)
			for _, r := range byKey[k] {
				ok, err := holds(t, r, s.Filter)
				if err != nil {
					return err
				}
				if ok {
					n++
				}
			}
			v.Ints = append(v.Ints, n)
		}
		res.Vectors = append(res.Vectors, v)
	}
	return nil
}

// holds reports whether a filter holds for a row.
func holds(t *schema.Table, r Row, f lql.Filter) (bool, error) {
	switch f.Kind {
	case lql.And, lql.Or:
		for _, k := range f.Kids {
			ok, err := holds(t, r, k)
			if err != nil {
				return false, err
			}
			if ok == (f.Kind == lql.Or) {
				return ok, nil
			}
		}
		return f.Kind == lql.And, nil
	case lql.Not:
		ok, err := holds(t, r, f.Kids[0])
		return !ok, err
	}
	ref, err := t.Resolve(f.Column)
	if err != nil {
		return false, bad(err)
	}
	x := r[f.Column]
	switch ref.Column.Kind {
	case schema.Bool, schema.Int, schema.Time, schema.Float:
		n, err := strconv.ParseFloat(f.Value, 64)
		if err != nil {
			return false, bad(fmt.Errorf("%q is no number", f.Value))
		}
		return ordered(cmp.Compare(float(x), n), f.Op)
	case schema.Text:
		return ofText(text(x), f)
	}
	if ref.Column.Kind == schema.Dict {
		name, value, _ := strings.Cut(strings.TrimPrefix(f.Value, "'"), "' '") // 'NAME' 'value'
		f.Value = strings.ReplaceAll(strings.TrimSuffix(value, "'"), "''", "'")
		return ofText(entry(x, name), f)
	}
	return ofList(x, f)
}

// ofList reports whether a filter holds for one of the names of a list.
func ofList(x any, f lql.Filter) (bool, error) {
	names, _ := x.([]string)
	switch {
	case f.Op == lql.Equal && f.Value == "":
		return len(names) == 0, nil
	case f.Op == lql.NotEqual && f.Value == "":
		return len(names) > 0, nil
	case f.Op == lql.GreaterOrEqual:
		f.Op = lql.Equal
	case f.Op != lql.EqualFold && f.Op != lql.MatchFold && f.Op != lql.Match:
		return false, bad(fmt.Errorf("operator %s on list %s", f.Op, f.Column))
	}
	for _, n := range names {
		if ok, err := ofText(n, f); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func ordered(c int, op lql.Op) (bool, error) {
	switch op {
	case lql.Equal:
		return c == 0, nil
	case lql.NotEqual:
		return c != 0, nil
	case lql.Greater:
		return c > 0, nil
	case lql.Less:
		return c < 0, nil
	case lql.GreaterOrEqual:
		return c >= 0, nil
	case lql.LessOrEqual:
		return c <= 0, nil
	}
	return false, bad(fmt.Errorf("operator %d on a number", op))
}

func ofText(s string, f lql.Filter) (bool, error) {
	switch f.Op {
	case lql.MatchFold, lql.Match:
		fold := ""
		if f.Op == lql.MatchFold {
			fold = "(?i)"
		}
		re, err := regexp.Compile(fold + f.Value)
		if err != nil {
			return false, bad(err)
		}
		return re.MatchString(s), nil
	case lql.EqualFold:
		return strings.EqualFold(s, f.Value), nil
	}
	return ordered(strings.Compare(s, f.Value), f.Op)
}

// groupText is what a value is grouped by.
func groupText(x any) string {
	if names, ok := x.([]string); ok {
		return strings.Join(names, "\x01")
	}
	if _, ok := x.(int); ok {
		return strconv.FormatInt(number(x), 10)
	}
	return text(x)
}

// entry returns the value of a dictionary's entry, "" when it has none.
func entry(x any, name string) string {
	pairs, _ := x.([][2]string)
	for _, p := range pairs {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}

func number(x any) int64 { return int64(float(x)) }

func float(x any) float64 {
	switch n := x.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case float64:
		return n
	case bool:
		if n {
			return 1
		}
	case time.Time:
		return float64(n.Unix())
	}
	return 0
}

func text(x any) string {
	s, _ := x.(string)
	return s
}

// aggregate computes an average or a maximum of a column of float64.
func aggregate(s lql.Stat, rows []Row) float64 {
	var sum, most float64
	for _, r := range rows {
		f, _ := r[s.Column].(float64)
		sum += f
		most = max(most, f)
	}
	if s.Agg == lql.Max || len(rows) == 0 {
		return most
	}
	return sum / float64(len(rows))
}
