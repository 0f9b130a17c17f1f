package testkit

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// A World is the truth about several tables: table name to rows, as
// [Core.Rows] gives them. Rows of several sites may stand in one World if each
// has a column peer_key.
type World map[string][]map[string]any

// Evaluate answers a Livestatus GET request over the rows of w in the most
// naive way. total is the number of rows before Offset and Limit. Values are
// in normal form; keys of grouped statistics keep their type, counts are
// int64, sum, min and max have the type of the column, all others are float64;
// std divides by the number of values.
//
// Rows come in the order of w unless the request sorts them; grouped
// statistics are ordered by the text of their keys. On lists "=" and ">=" mean
// contains, "<" its negation, "<=" and "=~" contains ignoring case, ">" its
// negation, "=" with an empty value is empty, and "~" and "~~" ask whether any
// element matches; a tuple is known by its first cell, a service by
// host|description or host;description. On whole numbers "~" means has all
// bits, "~~" has any bit, "=~" has no others; a list of attributes is compared
// as such a number. On custom variables the first word of the value is the
// name. A column that is not there is an error.
func Evaluate(w World, request string, r Rights) (columns []string, rows [][]any, total int, err error) {
	e := &evaluation{limit: -1}
	if err := e.parse(request); err != nil {
		return nil, nil, 0, err
	}
	if e.user != "" {
		r.User = e.user
	}
	e.w = w
	if r.User != "" {
		e.w = restrict(w, r)
	}
	if e.all, err = e.expand(); err != nil {
		return nil, nil, 0, err
	}
	return e.run()
}

// An evaluation is one request over one world.
type evaluation struct {
	w       World
	table   *schema.Table
	all     []record
	columns []string
	filters []*node
	stats   []stat
	sort    []naiveSort
	limit   int
	offset  int
	user    string
	bad     error // the first column that is not there
}

type naiveSort struct {
	column, arg string
	desc        bool
}

// A record is a row with the rows it is joined with, by prefix.
type record struct {
	own   map[string]any
	joins map[string]map[string]any // prefix to row; nil row: empty columns
}

// reference is the dialect of Evaluate.
var reference = dialect{bits: true, anyElement: true, aggregate: true}

func (e *evaluation) parse(request string) error {
	lines := strings.Split(strings.TrimRight(request, "\n"), "\n")
	name, ok := strings.CutPrefix(lines[0], "GET ")
	if !ok {
		return fmt.Errorf("testkit: not a GET request: %q", lines[0])
	}
	if e.table, ok = schema.Lookup(strings.TrimSpace(name)); !ok {
		return fmt.Errorf("testkit: no table %q", name)
	}
	for _, l := range lines[1:] {
		h, val, _ := strings.Cut(l, ":")
		if err := e.header(h, strings.TrimLeft(val, " ")); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) header(h, val string) error {
	switch h {
	case "Columns", "StatsGroupBy":
		e.columns = append(e.columns, strings.Fields(val)...)
	case "Filter":
		n, err := comparison(val)
		e.filters = append(e.filters, n)
		return err
	case "And", "Or":
		return combineNaive(&e.filters, strings.ToLower(h), val)
	case "Negate":
		return combineNaive(&e.filters, "not", "1")
	case "Stats":
		return e.statHeader(val)
	case "StatsAnd", "StatsOr", "StatsNegate":
		return e.combineStats(h, val)
	case "Sort":
		return e.sortHeader(val)
	case "Limit", "Offset":
		n, err := strconv.Atoi(val)
		if err != nil || n < 0 {
			return fmt.Errorf("testkit: bad %s %q", h, val)
		}
		if h == "Limit" {
			e.limit = n
		} else {
			e.offset = n
		}
	case "AuthUser":
		e.user = val
	}
	return nil
}

func comparison(val string) (*node, error) {
	f := splitFilter(val)
	if f == nil {
		return nil, fmt.Errorf("testkit: bad filter %q", val)
	}
	m, err := newMatcher(reference, f[1], f[2])
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(f[0], "modified_attributes_list") {
		m, err = attributeMatcher(f[1], f[2])
	}
	if err != nil {
		return nil, err
	}
	return &node{column: f[0], cmp: f[1], ref: f[2], match: m}, nil
}

// attributeMatcher compares a list of attribute names as the number of its
// bits; ">=" and "<" with a name ask whether it is in the list.
func attributeMatcher(op, ref string) (matcher, error) {
	number := ref != "" && strings.Trim(ref, "0123456789 ") == ""
	mask, known := atoi(ref), true
	if !number {
		mask = 0
		names := strings.FieldsFunc(ref, func(r rune) bool { return r == ',' || r == ' ' })
		for _, n := range names {
			if i := slices.Index(attributes[:], n); i >= 0 {
				mask |= 1 << i
			}
		}
		known = mask != 0 || len(names) == 0
	}
	base, negated := strings.CutPrefix(op, "!")
	if !number && base == ">=" {
		base = "~"
	} else if !number && base == "<" {
		base, negated = "~", !negated
	}
	m, err := newMatcher(reference, base, strconv.FormatInt(mask, 10))
	return func(v value) bool {
		have := int64(0)
		for _, n := range v.elements() {
			have |= 1 << max(slices.Index(attributes[:], n), 0)
		}
		return (known && m(vi(have))) != negated
	}, err
}

func combineNaive(stack *[]*node, op, val string) error {
	n, err := strconv.Atoi(strings.TrimSpace(val))
	if err != nil || n < 0 || n > len(*stack) {
		return fmt.Errorf("testkit: cannot combine %q of %d filters", val, len(*stack))
	}
	at := len(*stack) - n
	*stack = append((*stack)[:at], &node{op: op, kids: slices.Clone((*stack)[at:])})
	return nil
}

func (e *evaluation) statHeader(val string) error {
	word, rest, _ := strings.Cut(val, " ")
	if slices.Contains([]string{"sum", "min", "max", "avg", "std", "suminv", "avginv"}, word) {
		e.stats = append(e.stats, stat{agg: word, column: strings.TrimSpace(rest)})
		return nil
	}
	n, err := comparison(val)
	e.stats = append(e.stats, stat{filter: n})
	return err
}

func (e *evaluation) combineStats(h, val string) error {
	op := strings.ToLower(strings.TrimPrefix(h, "Stats"))
	if op == "negate" {
		op, val = "not", "1"
	}
	n, err := strconv.Atoi(strings.TrimSpace(val))
	if err != nil || n < 0 || n > len(e.stats) {
		return fmt.Errorf("testkit: cannot combine %q of %d stats", val, len(e.stats))
	}
	at := len(e.stats) - n
	x := &node{op: op}
	for _, s := range e.stats[at:] {
		if s.filter == nil {
			return fmt.Errorf("testkit: %s over an aggregation", h)
		}
		x.kids = append(x.kids, s.filter)
	}
	e.stats = append(e.stats[:at], stat{filter: x})
	return nil
}

func (e *evaluation) sortHeader(val string) error {
	f := strings.Fields(val)
	if len(f) == 0 {
		return fmt.Errorf("testkit: empty Sort")
	}
	s := naiveSort{column: f[0]}
	if last := strings.ToLower(f[len(f)-1]); len(f) > 1 && (last == "asc" || last == "desc") {
		s.desc, f = last == "desc", f[:len(f)-1]
	}
	if len(f) > 1 {
		s.arg = f[1]
	}
	e.sort = append(e.sort, s)
	return nil
}

// get reads a column of a record by the name the request uses.
func (e *evaluation) get(r record, name string) value {
	if v, ok := find(e.table, r.own, name); ok {
		return v
	}
	for _, j := range e.table.Joins {
		rest, ok := strings.CutPrefix(name, j.Prefix)
		if !ok {
			continue
		}
		t, _ := schema.Lookup(j.Table)
		if v, ok := find(t, r.joins[j.Prefix], rest); ok {
			return v
		}
	}
	if e.bad == nil {
		e.bad = fmt.Errorf("testkit: table %s has no column %q", e.table.Name, name)
	}
	return value{}
}

// find reads a column of a table's row, with or without the table's own
// prefix. A nil row has empty columns.
func find(t *schema.Table, own map[string]any, name string) (value, bool) {
	for {
		if c, ok := t.Column(name); ok {
			if own == nil {
				return zero(c.Kind), true
			}
			if a, ok := own[c.Name]; ok {
				return valueOf(a), true
			}
			return zero(c.Kind), true
		}
		rest, ok := strings.CutPrefix(name, t.Own)
		if !ok || t.Own == "" {
			return value{}, false
		}
		name = rest
	}
}

func (e *evaluation) run() (columns []string, rows [][]any, total int, err error) {
	var kept []record
	for _, r := range e.all {
		if and(e.filters).holds(func(n *node) value { return e.get(r, n.column) }) {
			kept = append(kept, r)
		}
	}
	if len(e.all) == 0 { // have unknown columns noticed all the same
		and(e.filters).holds(func(n *node) value { return e.get(record{}, n.column) })
	}
	if len(e.stats) > 0 {
		columns, rows = e.statistics(kept)
		total = len(rows)
		if e.limit >= 0 {
			rows = rows[:min(e.limit, len(rows))]
		}
		return columns, rows, total, e.bad
	}
	e.order(kept)
	total = len(kept)
	kept = kept[min(e.offset, len(kept)):]
	if e.limit >= 0 {
		kept = kept[:min(e.limit, len(kept))]
	}
	columns = e.columns
	if len(columns) == 0 {
		for _, c := range e.table.Columns {
			columns = append(columns, c.Name)
		}
	}
	for _, r := range kept {
		line := make([]any, len(columns))
		for i, c := range columns {
			line[i] = e.get(r, c).normal()
		}
		rows = append(rows, line)
	}
	return columns, rows, total, e.bad
}

func (e *evaluation) order(l []record) {
	key := func(r record, s naiveSort) value {
		v := e.get(r, s.column)
		pairs, ok := v.o.([]schema.Pair)
		if !ok || s.arg == "" {
			return v
		}
		for _, p := range pairs {
			if p.Name == s.arg {
				return vt(p.Value)
			}
		}
		return vt("")
	}
	sort.SliceStable(l, func(i, j int) bool {
		for _, s := range e.sort {
			d := compareValues(key(l[i], s), key(l[j], s))
			if s.desc {
				d = -d
			}
			if d != 0 {
				return d < 0
			}
		}
		return false
	})
}

func (e *evaluation) statistics(l []record) (columns []string, rows [][]any) {
	type bucket struct {
		key []value
		agg []aggregate
	}
	var all []*bucket
	if len(e.columns) == 0 {
		all = append(all, &bucket{agg: make([]aggregate, len(e.stats))})
	}
	for _, r := range l {
		key := make([]value, len(e.columns))
		text := make([]string, len(e.columns))
		for i, c := range e.columns {
			key[i] = e.get(r, c)
			text[i] = key[i].text()
		}
		at := slices.IndexFunc(all, func(b *bucket) bool {
			for i := range key {
				if b.key[i].text() != text[i] {
					return false
				}
			}
			return true
		})
		if at < 0 {
			at = len(all)
			all = append(all, &bucket{key: key, agg: make([]aggregate, len(e.stats))})
		}
		for i, s := range e.stats {
			g := &all[at].agg[i]
			if s.agg != "" {
				v := e.get(r, s.column)
				g.ints = v.kind == vInt && s.agg != "suminv" && s.agg != "avginv"
				g.add(v)
			} else if s.filter.holds(func(n *node) value { return e.get(r, n.column) }) {
				g.n++
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return lessKeys(all[i].key, all[j].key) })
	for _, b := range all {
		var line []any
		for _, k := range b.key {
			line = append(line, k.normal())
		}
		for i, s := range e.stats {
			line = append(line, b.agg[i].result(s.agg, false).normal())
		}
		rows = append(rows, line)
	}
	columns = slices.Clone(e.columns)
	for i := range e.stats {
		columns = append(columns, "stats_"+strconv.Itoa(i+1))
	}
	return columns, rows
}
