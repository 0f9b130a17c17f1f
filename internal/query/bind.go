package query

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A colRef is a column a query names, found in the schema.
type colRef struct {
	join  int // index into the table's joins, -1: own column
	col   int // index into the columns of table
	table *schema.Table
}

func (r colRef) column() *schema.Column { return &r.table.Columns[r.col] }

// A plan is a query bound to the schema. It holds nothing of any site, and can
// be run any number of times at once.
type plan struct {
	q       *lql.Query
	table   *schema.Table
	columns []outColumn // rows: what to answer; Stats: the group key
	filter  *node
	leaves  []*leaf
	stats   []stat
	tally   []*node // counted besides the rows
	sorts   []sortKey
	shift   int64 // seconds to add to times for the client's clock
}

// An outColumn is a column of the answer.
type outColumn struct {
	name string
	ref  colRef
	none lql.Unknown // not UnknownError: the table does not have it
}

// vector returns room for n values.
func (c outColumn) vector(n int) lql.Vector {
	switch c.none {
	case lql.UnknownEmpty:
		return newVector(c.name, schema.Text, n)
	case lql.UnknownNull:
		return lql.Vector{Name: c.name, Kind: lql.Objects}
	}
	return newVector(c.name, c.ref.column().Kind, n)
}

// A sortKey is one Sort header.
type sortKey struct {
	ref    colRef
	arg    string // variable of a Dict
	desc   bool
	prefix int // bytes of texts and lists that count; 0: all
	stats  int // Stats: index of the sorted result column, -1 otherwise
}

// A stat is one Stats header.
type stat struct {
	agg  lql.Agg
	cond *node  // Count
	ref  colRef // all others
}

func badRequest(msg, hint string) error { return &lql.QueryError{Code: 400, Msg: msg, Hint: hint} }

func bind(q *lql.Query, shift int64) (*plan, error) {
	t, ok := schema.Lookup(q.Table)
	if !ok {
		var names []string
		for _, t := range schema.Tables() {
			names = append(names, t.Name)
		}
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("no such table '%s'", clip(q.Table)), Hint: didYouMean(schema.Nearest(clip(q.Table), names))}
	}
	p := &plan{q: q, table: t, shift: shift}
	b := binder{plan: p, slow: newSlowTime(), seen: map[string]*leaf{}}
	err := errors.Join(b.columns(), b.filters(), b.stats(), b.tallied(), b.sorts(), b.places())
	if err != nil {
		if qe, ok := errors.AsType[*lql.QueryError](err); ok {
			return nil, qe
		}
		return nil, err
	}
	return p, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean " + near + "?"
}

type binder struct {
	*plan
	slow    *slowTime
	seen    map[string]*leaf
	depth   int
	regexes int
}

func (b *binder) resolve(name string) (colRef, error) {
	ref, err := b.table.Resolve(name)
	if err != nil {
		near := ""
		if nc, ok := errors.AsType[*schema.NoColumnError](err); ok {
			near = nc.Near
		}
		return colRef{}, badRequest(fmt.Sprintf("table '%s' has no column '%s'", b.table.Name, clip(name)), didYouMean(near))
	}
	end := b.table
	if ref.Join >= 0 {
		end, _ = schema.Lookup(b.table.Joins[ref.Join].Table)
	}
	at, _ := slices.BinarySearchFunc(end.Columns, ref.Column.Name, func(c schema.Column, n string) int { return strings.Compare(c.Name, n) })
	return colRef{join: ref.Join, col: at, table: end}, nil
}

// maxColumns bounds the columns of an answer: more than any table has, twice.
const maxColumns = 2000

func (b *binder) columns() error {
	q := b.q
	names := slices.Concat(q.Columns, q.GroupBy)
	if len(names) == 0 && len(q.Stats) == 0 {
		names = b.table.Names()
	}
	if len(names) > maxColumns {
		return badRequest(fmt.Sprintf("%d columns are more than the %d an answer may have", len(names), maxColumns), "")
	}
	for _, n := range names {
		ref, err := b.resolve(n)
		out := outColumn{name: n, ref: ref}
		if err != nil {
			if out.none = q.Unknown; out.none == lql.UnknownError || len(q.Stats) > 0 {
				return err
			}
		}
		b.plan.columns = append(b.plan.columns, out)
	}
	return nil
}

// maxDepth bounds how deep filters may be nested.
const maxDepth = 200

func (b *binder) filters() error {
	n, err := b.node(&b.q.Filter)
	b.filter = n
	return err
}

func (b *binder) node(f *lql.Filter) (*node, error) {
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		return nil, badRequest("filters are nested too deep", fmt.Sprintf("at most %d levels", maxDepth))
	}
	if f.Kind == lql.Leaf {
		if b.strange(f.Column) {
			return b.constant(f)
		}
		l, err := b.leaf(f)
		return &node{kind: lql.Leaf, leaf: l}, err
	}
	n := &node{kind: f.Kind}
	kids, err := b.sets(f, n)
	if err != nil {
		return nil, err
	}
	for i := range kids {
		kid, err := b.node(&kids[i])
		if err != nil {
			return nil, err
		}
		if kid.kind == n.kind && n.kind != lql.Not { // (a and b) and c
			n.kids = append(n.kids, kid.kids...)
			continue
		}
		n.kids = append(n.kids, kid)
	}
	if n.kind == lql.Not {
		switch {
		case len(n.kids) != 1:
			return nil, badRequest("a negation needs exactly one filter", "")
		case n.kids[0].kind == lql.Not:
			return n.kids[0].kids[0], nil
		}
	}
	if len(n.kids) == 1 && n.kind != lql.Not {
		return n.kids[0], nil
	}
	slices.SortStableFunc(n.kids, func(x, y *node) int { return x.cost() - y.cost() })
	return n, nil
}

// strange reports whether the table has no such column and the query minds not.
func (b *binder) strange(column string) bool {
	if b.q.Unknown == lql.UnknownError {
		return false
	}
	_, err := b.table.Resolve(column)
	return err != nil
}

// emptyText is the column that filters on strange columns look at.
var emptyText = schema.Column{Name: "unknown column", Kind: schema.Text}

// constant decides a filter on a column that every row lacks: it is compared
// with the empty text.
func (b *binder) constant(f *lql.Filter) (*node, error) {
	t, err := compileTest(&emptyText, f.Op, f.Value, 0, b.slow)
	if err != nil {
		return nil, err
	}
	if t.holdsBytes(nil) {
		return &node{kind: lql.And}, nil
	}
	return &node{kind: lql.Or}, nil
}

// maxRegexes bounds the regular expressions of a query: their bytes, or their
// parts where repetitions make more of these, and 100 more for each.
const maxRegexes = 100_000

// maxLeaves bounds the different filters of a query.
const maxLeaves = 5000

var errTooManyLeaves = badRequest(fmt.Sprintf("more than %d different filters in one query", maxLeaves), "join them in one regular expression, or ask in several queries")

func isRegex(op lql.Op) bool {
	return op == lql.Match || op == lql.NotMatch || op == lql.MatchFold || op == lql.NotMatchFold
}

func (b *binder) leaf(f *lql.Filter) (*leaf, error) {
	ref, err := b.resolve(f.Column)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%d %d %d %s", ref.join, ref.col, f.Op, f.Value)
	if l := b.seen[key]; l != nil {
		l.uses++
		return l, nil
	}
	if len(b.leaves) == maxLeaves {
		return nil, errTooManyLeaves
	}
	if isRegex(f.Op) {
		if b.regexes += 100 + max(len(f.Value), sizeOf(f.Value)); b.regexes > maxRegexes {
			return nil, badRequest("too many or too long regular expressions in one query", "join them with |, or use = where a whole name is meant")
		}
	}
	t, err := compileTest(ref.column(), f.Op, f.Value, b.shift, b.slow)
	if err != nil {
		return nil, err
	}
	l := &leaf{ref: ref, test: t, op: f.Op, values: []string{f.Value}, at: len(b.leaves), uses: 1}
	b.seen[key] = l
	b.leaves = append(b.leaves, l)
	return l, nil
}

// minSet is from how many names on they are looked up in a set.
const minSet = 4

// sets makes one leaf of each column that a combination compares with many
// names: any of them, or none of them. It returns the other kids.
func (b *binder) sets(f *lql.Filter, n *node) (rest []lql.Filter, err error) {
	op := lql.Equal
	if f.Kind == lql.And {
		op = lql.NotEqual
	}
	if len(f.Kids) < minSet || f.Kind == lql.Not {
		return f.Kids, nil
	}
	values := map[string][]string{}
	for i := range f.Kids {
		if k := &f.Kids[i]; k.Kind == lql.Leaf && k.Op == op && !b.strange(k.Column) {
			values[k.Column] = append(values[k.Column], k.Value)
		}
	}
	for column, v := range values {
		ref, err := b.resolve(column)
		if err != nil {
			return nil, err
		}
		if len(v) < minSet || ref.column().Kind != schema.Text {
			delete(values, column)
		}
	}
	if len(values) == 0 {
		return f.Kids, nil
	}
	for i := range f.Kids {
		k := &f.Kids[i]
		if k.Kind != lql.Leaf || k.Op != op || values[k.Column] == nil {
			rest = append(rest, *k)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(values)) {
		ref, err := b.resolve(column)
		if err != nil {
			return nil, err
		}
		if len(b.leaves) == maxLeaves {
			return nil, errTooManyLeaves
		}
		l := &leaf{ref: ref, op: op, values: values[column], at: len(b.leaves), uses: 1}
		l.test = setTest(l.values, op == lql.NotEqual)
		b.leaves = append(b.leaves, l)
		n.kids = append(n.kids, &node{kind: lql.Leaf, leaf: l})
	}
	return rest, nil
}

func (b *binder) stats() error {
	if len(b.q.Stats) > maxStats {
		return badRequest(fmt.Sprintf("%d Stats are more than the %d a query may have", len(b.q.Stats), maxStats), "")
	}
	for i := range b.q.Stats {
		s := &b.q.Stats[i]
		out := stat{agg: s.Agg}
		var err error
		if s.Agg == lql.Count {
			out.cond, err = b.node(&s.Filter)
		} else {
			out.ref, err = b.resolve(s.Column)
			if err == nil && !measured(out.ref.column()) {
				switch out.ref.column().Kind {
				case schema.Bool, schema.Int, schema.Time, schema.Float:
				default:
					err = badRequest(fmt.Sprintf("column %s holds no numbers", clip(s.Column)), "sum, min, max, avg, std, suminv and avginv need a column of numbers")
				}
			}
		}
		if err != nil {
			return err
		}
		b.plan.stats = append(b.plan.stats, out)
	}
	return nil
}

// tallied binds what is counted besides the rows.
func (b *binder) tallied() error {
	if len(b.q.Stats) > 0 || len(b.q.Tally) > maxStats {
		return nil
	}
	for i := range b.q.Tally {
		n, err := b.node(&b.q.Tally[i])
		if err != nil {
			return err
		}
		b.plan.tally = append(b.plan.tally, n)
	}
	return nil
}

// maxSorts bounds the sort keys of a query, maxStats its Stats columns.
const (
	maxSorts = 100
	maxStats = 2000
)

func (b *binder) sorts() error {
	if len(b.q.Sort) > maxSorts {
		return badRequest(fmt.Sprintf("%d sort keys are more than the %d a query may have", len(b.q.Sort), maxSorts), "")
	}
	for _, s := range b.q.Sort {
		if len(b.q.Stats) > 0 {
			at := slices.IndexFunc(b.plan.columns, func(c outColumn) bool { return c.name == s.Column })
			if at < 0 {
				for i := range b.plan.stats {
					if s.Column == fmt.Sprintf("stats_%d", i+1) {
						at = len(b.plan.columns) + i
					}
				}
			}
			if at < 0 {
				return badRequest(fmt.Sprintf("cannot sort groups by %q", clip(s.Column)), "sort by a column the groups are made of, or by stats_1 and so on")
			}
			b.plan.sorts = append(b.plan.sorts, sortKey{desc: s.Desc, stats: at})
			continue
		}
		ref, err := b.resolve(s.Column)
		if err != nil {
			return err
		}
		if s.Arg != "" && ref.column().Kind != schema.Dict {
			return badRequest(fmt.Sprintf("column %s has no entries to sort by", clip(s.Column)), "")
		}
		b.plan.sorts = append(b.plan.sorts, sortKey{ref: ref, arg: s.Arg, desc: s.Desc, prefix: s.Prefix, stats: -1})
	}
	if b.table.Source == schema.Passed && len(b.q.Sort) == 0 && len(b.q.Stats) == 0 { // newest first
		name := "time"
		if b.table.Name == "statehist" {
			name = "from"
		}
		ref, err := b.resolve(name)
		if err != nil {
			return err
		}
		b.plan.sorts = append(b.plan.sorts, sortKey{ref: ref, desc: true, stats: -1})
	}
	return nil
}
