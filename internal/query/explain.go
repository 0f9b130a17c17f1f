package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A Step is one thing that is done for a query: what it is about, and how it is
// done. Deep says how far it stands inside the step before it.
type Step struct {
	What, How string
	Deep      int
}

// Explain says how an engine runs a query, in the order in which it does. It
// knows no data: what depends on that is said. Errors are [*lql.QueryError].
func Explain(q *lql.Query) ([]Step, error) {
	p, err := bind(q, 0)
	if err != nil {
		return nil, err
	}
	e := explainer{plan: p}
	e.rows()
	e.wait()
	e.filters()
	e.answer()
	e.order()
	return e.steps, nil
}

type explainer struct {
	*plan
	steps []Step
}

func (e *explainer) say(deep int, what, how string, a ...any) {
	e.steps = append(e.steps, Step{what, fmt.Sprintf(how, a...), deep})
}

// rows says where the rows come from.
func (e *explainer) rows() {
	switch e.table.Source {
	case schema.Passed:
		e.say(0, "GET "+e.table.Name, "every site is asked at once, each with a deadline; filters on own columns that must hold go with it, and are tried again here")
	case schema.Expanded:
		e.say(0, "GET "+e.table.Name, "rows of %s in memory, one for each of their %s; sites are looked at in parallel", e.table.Base, e.table.Group)
	case schema.Virtual:
		e.say(0, "GET "+e.table.Name, "known to the server itself")
	default:
		e.say(0, "GET "+e.table.Name, "rows in memory; sites are looked at in parallel, no core is asked")
	}
	if e.q.Backends != nil {
		e.say(1, "Backends", "only sites of these keys: %s", strings.Join(e.q.Backends, " "))
	}
	if e.q.AuthUser != "" {
		e.say(1, "AuthUser", "rows that this contact sees; tested once for each list of contacts")
	}
}

func (e *explainer) wait() {
	if e.q.Wait != nil {
		e.say(0, "Wait", "looked at whenever a site changes, at most every %v; then the query is run", looksApart)
	}
}

// filters says how the rows are chosen.
func (e *explainer) filters() {
	if len(e.filter.kids) == 0 && e.filter.kind == lql.And {
		e.say(0, "Filter", "none: every row")
		return
	}
	e.say(0, "Filter", "64 rows at a time, the cheapest first; the next looks only at rows that are left")
	e.node(e.filter, 1)
}

func (e *explainer) node(n *node, deep int) {
	if n.kind == lql.Leaf {
		e.say(deep, e.leaf(n.leaf), "%s", e.method(n.leaf))
		return
	}
	if n.kind != lql.And || deep > 1 {
		e.say(deep, map[lql.FilterKind]string{lql.And: "all of", lql.Or: "any of", lql.Not: "not"}[n.kind], "%s",
			map[bool]string{true: "no row", false: ""}[n.kind == lql.Or && len(n.kids) == 0])
		deep++
	}
	for _, k := range n.kids {
		e.node(k, deep)
	}
}

// leaf prints a filter as it was asked for.
func (e *explainer) leaf(l *leaf) string {
	value := l.values[0]
	if len(l.values) > 1 {
		value = fmt.Sprintf("%s, or %d others", value, len(l.values)-1)
		if l.op == lql.NotEqual {
			value = fmt.Sprintf("%s, nor %d others", l.values[0], len(l.values)-1)
		}
	}
	return strings.TrimSpace(e.name(l.ref) + " " + l.op.String() + " " + value)
}

// name returns the name of a column in the table.
func (e *explainer) name(ref colRef) string {
	if ref.join < 0 {
		return ref.column().Name
	}
	return e.table.Joins[ref.join].Prefix + ref.column().Name
}

// method says how a filter is tried.
func (e *explainer) method(l *leaf) string {
	c := l.ref.column()
	keyed := l.op == lql.Equal && c.Kind == schema.Text
	must := e.filter.leaf == l || e.filter.kind == lql.And && slices.ContainsFunc(e.filter.kids, func(n *node) bool { return n.leaf == l })
	var how string
	switch {
	case keyed && must && l.ref.join < 0 && (c.Name == "peer_key" || c.Name == "peer_name"):
		return "other sites are not looked at"
	case keyed && must && e.names(l.ref):
		return "found by its name; only its rows are looked at"
	case len(l.values) > 1:
		how = "one look-up in a set of names"
	case c.Class == schema.Derived:
		how = "computed for each row that is left"
	case !isText(c.Kind):
		how = "numbers, compared in place"
	case c.Kind == schema.Text:
		how = "once for each different text, then a look-up for each row; row by row where texts do not repeat"
	default:
		how = "once for each different list, then a look-up for each row"
	}
	if l.ref.join >= 0 {
		how += "; on the rows of " + l.ref.table.Name + ", then gathered"
	}
	if l.uses > 1 {
		how += fmt.Sprintf("; done once for %d places", l.uses)
	}
	return how
}

// names reports whether a column alone names a row: of its table, or of one that
// is joined.
func (e *explainer) names(ref colRef) bool {
	if slices.Equal(ref.table.Keys, []string{ref.column().Name}) {
		return true
	}
	return ref.join < 0 && slices.ContainsFunc(e.table.Joins, func(j schema.Join) bool {
		far, ok := schema.Lookup(j.Table)
		return ok && len(far.Keys) == 1 && j.Prefix+far.Keys[0] == ref.column().Name
	})
}

// answer says what is made of the rows.
func (e *explainer) answer() {
	if len(e.stats) == 0 {
		joined := 0
		for _, c := range e.columns {
			if c.none == lql.UnknownError && c.ref.join >= 0 {
				joined++
			}
		}
		e.say(0, "Columns", "%d, %d of them of joined tables; read when the answer is written, only for rows that are answered", len(e.columns), joined)
		return
	}
	e.say(0, "Stats", "%d in one pass; equal filters are tried once", len(e.stats))
	for i := range e.stats {
		s := &e.stats[i]
		if s.agg == lql.Count {
			e.say(1, "count", "")
			e.node(s.cond, 2)
			continue
		}
		how := "numbers, added up in place"
		if s.isText() {
			how = "each measured value by itself"
		}
		e.say(1, s.agg.String()+" "+e.name(s.ref), "%s", how)
	}
	if len(e.columns) > 0 {
		var names []string
		for _, c := range e.columns {
			names = append(names, c.name)
		}
		e.say(1, "by "+strings.Join(names, " "), "groups are numbered within each piece of rows, then put together")
	}
}

// order says how the answer is sorted and cut.
func (e *explainer) order() {
	limit := e.q.Limit
	if limit != lql.NoLimit {
		limit += max(0, e.q.Offset)
	}
	switch {
	case len(e.stats) > 0 && len(e.sorts) > 0:
		e.say(0, "Sort", "the groups")
	case len(e.sorts) > 0 && limit != lql.NoLimit:
		e.say(0, "Sort", "no more than %d rows are kept on the way; ties by key", limit)
	case len(e.sorts) > 0:
		e.say(0, "Sort", "all rows that match; ties by key")
	}
	if e.q.Limit != lql.NoLimit {
		what := "rows"
		if len(e.stats) > 0 {
			what = "groups"
		}
		how := strconv.Itoa(e.q.Limit) + " " + what
		if e.q.Offset > 0 {
			how += " after the first " + strconv.Itoa(e.q.Offset)
		}
		if len(e.stats) == 0 && len(e.sorts) == 0 && e.q.Format != lql.WrappedJSON {
			how += "; the search ends with the last of them"
		}
		e.say(0, "Limit", "%s", how)
	}
}
