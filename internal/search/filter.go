package search

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/when"
)

// Tables returns the tables that queries can be asked of. The slice must not
// be changed.
func Tables() []string { return tableOrder }

// Filter returns e as the filter of a table. now is the time that ages are
// counted from; its location is the zone of dates. The error is an [*Error]: a
// term has no meaning for the table, or needs [Bind].
func (e Expr) Filter(table string, now time.Time) (lql.Filter, error) {
	fs, err := e.Filters(now, table)
	if err != nil {
		return lql.Filter{}, err
	}
	return fs[0], nil
}

// Filters is Filter for a list of rows of several tables: a term must have a
// meaning for one of them, and does not hold for rows of the others.
func (e Expr) Filters(now time.Time, tables ...string) ([]lql.Filter, error) {
	return e.filters(compiler{now: now}, tables)
}

func (e Expr) filters(c compiler, tables []string) ([]lql.Filter, error) {
	if err := e.meant(tables); err != nil {
		return nil, err
	}
	out := make([]lql.Filter, len(tables))
	for i, t := range tables {
		c.table = t
		f, err := c.filter(e)
		if err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, nil
}

// Never reports whether a filter plainly holds for no row, as that of a table
// whose rows a query does not mean.
func Never(f lql.Filter) bool { return f.Kind == lql.Or && len(f.Kids) == 0 }

// meant reports the first term that says nothing about any of the tables.
func (e Expr) meant(tables []string) error {
	for _, k := range e.Kids {
		if err := k.meant(tables); err != nil {
			return err
		}
	}
	if e.Kind != Term {
		return nil
	}
	f, ok := fieldOf(e.Field)
	if !ok {
		return e.fail(NoField, e.Field)
	}
	var want []string
	for _, t := range tables {
		if f.Kind != Words {
			if f.In(t) {
				return nil
			}
			continue
		}
		if slices.ContainsFunc(e.Values, func(v Value) bool { _, ok := wordFilter(f.Name, t, v.Text()); return ok }) {
			return nil
		}
		for _, w := range wordsOf(f.Name, t) {
			want = append(want, w.name)
		}
	}
	err := e.fail(NoMeaning, strings.Join(tables, ", "))
	err.Want = want
	return err
}

// fail returns an error about a term.
func (e Expr) fail(problem Problem, of string) *Error {
	word := Expr{Kind: e.Kind, Field: e.Field, Op: e.Op, Values: e.Values}.String()
	return &Error{Problem: problem, From: e.From, To: e.To, Word: word, Of: of}
}

// wordFilter returns the filter of a word, or a number, of a field of kind
// Words.
func wordFilter(field, table, name string) (func(time.Time) lql.Filter, bool) {
	for _, w := range wordsOf(field, table) {
		if w.name == name || slices.Contains(w.aliases, name) {
			return w.filter, true
		}
	}
	column := "state"
	if field == "hoststate" && table != "hosts" {
		column = "host_state"
	}
	if field == "is" || len(wordsOf(field, table)) == 0 || len(name) != 1 || name[0] < '0' || name[0] > '3' {
		return nil, false
	}
	return is(column, name), true
}

// A compiler makes filters of one table.
type compiler struct {
	table string
	now   time.Time
	// objects returns the filter of those hosts or services to which rows of
	// the found tables belong; nil: cannot be answered.
	objects func(e Expr, f Field, table string) (lql.Filter, error)
}

func (c compiler) filter(e Expr) (lql.Filter, error) {
	switch e.Kind {
	case Term:
		return c.term(e)
	case Text:
		var any []lql.Filter
		for _, column := range tables[c.table] {
			any = append(any, lql.Cmp(column, lql.MatchFold, pattern(e.Values[0], false)))
		}
		return lql.OrOf(any...), nil
	case Not:
		f, err := c.filter(e.Kids[0])
		return negated(f), err
	}
	kind := lql.And
	if e.Kind == Any {
		kind = lql.Or
	}
	kids := make([]lql.Filter, 0, len(e.Kids))
	for _, k := range e.Kids {
		f, err := c.filter(k)
		if err != nil {
			return lql.Filter{}, err
		}
		kids = append(kids, f)
	}
	return joined(kind, kids), nil
}

// joined combines filters, without those that decide nothing.
func joined(kind lql.FilterKind, kids []lql.Filter) lql.Filter {
	var out []lql.Filter
	for _, k := range kids {
		switch {
		case (k.Kind == lql.And || k.Kind == lql.Or) && len(k.Kids) == 0:
			if k.Kind != kind { // never among all, always among any
				return k
			}
		default:
			out = append(out, k)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return lql.Filter{Kind: kind, Kids: out}
}

func negated(f lql.Filter) lql.Filter {
	switch {
	case f.Kind == lql.And && len(f.Kids) == 0:
		return lql.Filter{Kind: lql.Or}
	case Never(f):
		return lql.Filter{Kind: lql.And}
	}
	return lql.NotOf(f)
}

func (c compiler) term(e Expr) (lql.Filter, error) {
	f, ok := fieldOf(e.Field)
	if !ok {
		return lql.Filter{}, e.fail(NoField, e.Field)
	}
	if e.Op == NotEqual || e.Op == NotMatch {
		positive := e
		positive.Op = Equal
		if e.Op == NotMatch {
			positive.Op = Match
		}
		p, err := c.term(positive)
		return negated(p), err
	}
	if f.Kind == Words {
		var any []lql.Filter
		for _, v := range e.Values {
			if make, ok := wordFilter(f.Name, c.table, v.Text()); ok {
				any = append(any, make(c.now))
			}
		}
		return joined(lql.Or, any), nil
	}
	columns, ok := f.columns[c.table]
	switch {
	case !ok && len(f.found) > 0 && slices.Contains(commented, c.table):
		if c.objects == nil {
			return lql.Filter{}, e.fail(OnlyBound, c.table)
		}
		return c.objects(e, f, c.table)
	case !ok:
		return lql.Filter{Kind: lql.Or}, nil
	}
	var any []lql.Filter
	for _, v := range e.Values {
		leaves := make([]lql.Filter, len(columns))
		for i, column := range columns {
			leaf, err := c.leaf(e, f, column, v)
			if err != nil {
				return lql.Filter{}, err
			}
			leaves[i] = leaf
		}
		if v.none(e.Op) { // empty is what has nothing in any of its columns
			leaves = []lql.Filter{joined(lql.And, leaves)}
		}
		any = append(any, leaves...)
	}
	return joined(lql.Or, any), nil
}

// leaf returns the filter of one column and value.
func (c compiler) leaf(e Expr, f Field, column string, v Value) (lql.Filter, error) {
	col, _, ok := columnOf(c.table, column)
	if !ok {
		return lql.Filter{Kind: lql.Or}, nil
	}
	if f.Name == "section" && e.Op == Has {
		return section(column, v), nil
	}
	switch col.Kind {
	case schema.Text:
		return textLeaf(f, column, e.Op, v), nil
	case schema.TextList, schema.Members:
		if e.Op != Has && e.Op != Equal && e.Op != Match && e.Op != GreaterOrEqual {
			return lql.Filter{}, c.noOperator(e)
		}
		return listLeaf(column, e.Op, v), nil
	case schema.Dict:
		return dictLeaf(strings.TrimPrefix(f.Name, "_"), column, e.Op, v), nil
	case schema.Bool:
		n, ok := parseSwitch(v.Text())
		if !ok {
			return lql.Filter{}, e.fail(NoSuchWord, f.Name)
		}
		return lql.Cmp(column, number(e.Op), n), nil
	case schema.Time:
		return c.timeLeaf(e, f, column, v)
	case schema.IntList:
		n, ok := parseNumber(v.Text(), "")
		if !ok || e.Op != Has && e.Op != Equal {
			return lql.Filter{}, c.noOperator(e)
		}
		return lql.Has(column, n), nil
	}
	unit := col.Unit
	n, ok := parseNumber(v.Text(), unit)
	if !ok {
		return lql.Filter{}, e.fail(NoNumber, f.Name)
	}
	return lql.Cmp(column, number(e.Op), n), nil
}

func (c compiler) noOperator(e Expr) error {
	err := e.fail(NoOperator, e.Field)
	err.Word = e.Op.String()
	err.Want = []string{Has.String(), Equal.String(), NotEqual.String(), Match.String(), NotMatch.String()}
	return err
}

// timeLeaf compares a point in time: with another, or its age with a length of
// time.
func (c compiler) timeLeaf(e Expr, f Field, column string, v Value) (lql.Filter, error) {
	if f.Kind != Durations {
		t, ok := when.Moment(v.Text(), c.now)
		if !ok {
			return lql.Filter{}, e.fail(NoTime, f.Name)
		}
		return lql.Cmp(column, number(e.Op), strconv.FormatInt(t, 10)), nil
	}
	d, ok := when.Length(v.Text())
	if !ok {
		return lql.Filter{}, e.fail(NoDuration, f.Name)
	}
	older := map[Op]lql.Op{Less: lql.Greater, Greater: lql.Less, LessOrEqual: lql.GreaterOrEqual, GreaterOrEqual: lql.LessOrEqual}
	op, ok := older[e.Op]
	if !ok {
		return lql.Filter{}, c.noOperator(e)
	}
	return lql.Cmp(column, op, unix(c.now.Add(-d))), nil
}

// number returns the operator for numbers.
func number(op Op) lql.Op {
	return [...]lql.Op{Has: lql.Equal, Equal: lql.Equal, NotEqual: lql.NotEqual, Match: lql.Match, NotMatch: lql.NotMatch,
		Less: lql.Less, Greater: lql.Greater, LessOrEqual: lql.LessOrEqual, GreaterOrEqual: lql.GreaterOrEqual}[op]
}

// pattern returns the expression that a value with wildcards means: of the
// whole text when it has any or whole is set, else anywhere.
func pattern(v Value, whole bool) string {
	quoted := make([]string, len(v.Parts))
	for i, p := range v.Parts {
		quoted[i] = regexp.QuoteMeta(p)
	}
	re := strings.Join(quoted, ".*")
	if whole || v.Wild() {
		re = "^" + re + "$"
	}
	return re
}

// some reports whether a comparison with v only asks that there is a value.
func (v Value) some(op Op) bool {
	return (op == Has || op == Equal) && v.Wild() && strings.Join(v.Parts, "") == ""
}

// none reports whether a comparison with v asks that there is no value.
func (v Value) none(op Op) bool { return (op == Has || op == Equal) && v.Text() == "" }

// textLeaf compares a text.
func textLeaf(f Field, column string, op Op, v Value) lql.Filter {
	word := v.Text()
	switch {
	case v.some(op):
		return lql.Cmp(column, lql.NotEqual, "")
	case op == Match:
		return lql.Cmp(column, lql.MatchFold, word)
	case op == Equal && v.Wild():
		return lql.Cmp(column, lql.Match, pattern(v, true))
	case op == Equal || op == Has && len(word) == 0:
		return lql.Eq(column, word)
	case op == Has && f.Kind == Names && !v.Wild():
		return lql.Cmp(column, lql.EqualFold, word)
	case op == Has:
		return lql.Cmp(column, lql.MatchFold, pattern(v, false))
	}
	return lql.Cmp(column, number(op), word)
}

// listLeaf asks whether a list has an element, or is empty.
func listLeaf(column string, op Op, v Value) lql.Filter {
	word := v.Text()
	switch {
	case op == Match:
		return lql.Cmp(column, lql.MatchFold, word)
	case v.some(op):
		return lql.Cmp(column, lql.NotEqual, "")
	case word == "":
		return lql.Eq(column, "")
	case v.Wild() && op == Has:
		return lql.Cmp(column, lql.MatchFold, pattern(v, true))
	case v.Wild():
		return lql.Cmp(column, lql.Match, pattern(v, true))
	case op == Has:
		return lql.Cmp(column, lql.EqualFold, word)
	}
	return lql.Has(column, word)
}

// dictLeaf compares a custom variable; one that is not there is empty.
func dictLeaf(name, column string, op Op, v Value) lql.Filter {
	f := textLeaf(Field{Kind: Texts}, column, op, v)
	f.Value = dictValue(name, f.Value)
	return f
}

// dictValue writes name and value for a filter over a dictionary, in quotes
// where blanks would not be kept.
func dictValue(name, value string) string {
	if strings.HasPrefix(value, "'") || strings.TrimSpace(value) != value {
		value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return name + " " + value
}

// section returns the filter for a section and those inside it.
func section(column string, v Value) lql.Filter {
	if v.Text() == "" {
		return lql.Eq(column, "")
	}
	return lql.Cmp(column, lql.MatchFold, strings.TrimSuffix(pattern(v, true), "$")+"(/.*)?$")
}
