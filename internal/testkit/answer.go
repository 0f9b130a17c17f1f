package testkit

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
)

// An answer is the result of a request before it is written.
type answer struct {
	header []string // names of the columns, nil: no header row
	types  []string // of the columns, for writing
	rows   [][]value
	total  int
	cols   []column // of the rows, when they are not statistics
	groups int      // leading columns that are group keys
}

// run executes a request. The caller holds mu for reading.
func (w *world) run(q *request) *answer {
	p := w.p
	t := p.tables[q.table]
	v := &view{w: w, now: sec(w.clock().Unix())}
	if q.userSet && p.heeds(q.table) {
		v.me, v.unknown = w.contact(q.user), w.contact(q.user) == nil
		if p.name == Shinken && !isASCII(q.user) {
			v.me, v.unknown = nil, true
		}
	}
	cols := w.columns(q, t)
	rows := p.sorted(q.table, t.rows(v), w)
	kept := rows[:0:0]
	total := 0
	early := len(q.sort) == 0 && len(q.stats) == 0 && q.format != "wrapped_json"
	get := func(r row) func(*node) value {
		return func(n *node) value { return p.filtered(&n.col, v, r) }
	}
	for _, r := range rows {
		if !q.filter.holds(get(r)) {
			continue
		}
		total++
		kept = append(kept, r)
		if early && q.limit >= 0 && total >= q.limit+q.offset {
			break
		}
	}
	if q.limit == 0 && early {
		kept = nil
	}
	if len(q.stats) > 0 {
		return w.statistics(q, t, v, kept, cols)
	}
	w.order(q, t, v, kept)
	kept = kept[min(q.offset, len(kept)):]
	if q.limit >= 0 {
		kept = kept[:min(q.limit, len(kept))]
	}
	a := &answer{cols: cols, total: total}
	for _, c := range cols {
		a.types = append(a.types, typeForCSV(&c))
	}
	for _, r := range kept {
		line := make([]value, len(cols))
		for i := range cols {
			line[i] = p.spell(&cols[i], v, r)
		}
		a.rows = append(a.rows, line)
	}
	if q.headers == 1 || !q.colsSet && (q.headers == -1 || p.name == Nagios4) {
		a.header = headerOf(cols)
	}
	if !q.colsSet && p.name == Shinken && q.format != "csv" {
		a.header = nil
		if q.headers == 1 {
			a.header = headerOf(cols)
		}
	}
	return a
}

func headerOf(cols []column) []string {
	out := make([]string, len(cols))
	for i := range cols {
		out[i] = cols[i].name
	}
	return out
}

// columns resolves the columns of a request, all of the table if it names
// none.
func (w *world) columns(q *request, t *tableDef) []column {
	var out []column
	if q.colsSet {
		for _, n := range q.columns {
			out = append(out, w.p.resolve(t, n))
		}
		return out
	}
	if len(q.stats) > 0 {
		return nil
	}
	seen := map[string]bool{} // Shinken lists columns of status twice
	for _, c := range w.p.listed[t.name] {
		if seen[c.name] {
			continue
		}
		seen[c.name] = true
		out = append(out, w.p.resolve(t, c.name))
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].asked < out[j].asked })
	return out
}

func (w *world) contact(name string) *contact {
	for _, c := range w.contacts {
		if c.name == name {
			return c
		}
	}
	return nil
}

// heeds reports whether AuthUser restricts a table.
func (p *profile) heeds(table string) bool {
	switch table {
	case "log", "statehist", "comments", "downtimes":
		return p.name != Shinken
	case "contacts", "contactgroups", "commands", "timeperiods", "status", "columns":
		return false
	}
	return true
}

// sorted puts rows into the order the core has by itself.
func (p *profile) sorted(table string, rows []row, w *world) []row {
	if !p.hashOrder || table == "log" || table == "statehist" || table == "status" {
		return rows
	}
	rows = slices.Clone(rows)
	key := func(r row) uint64 {
		switch {
		case r.d != nil:
			return mix(w.o.Seed, uint64(r.d.id))
		case r.c != nil:
			return mix(w.o.Seed, uint64(r.c.id))
		case r.s != nil:
			return mixText(w.o.Seed, r.s.label())
		case r.h != nil:
			return mixText(w.o.Seed, r.h.name)
		case r.g != nil:
			return mixText(w.o.Seed, r.g.name)
		case r.p != nil:
			return mixText(w.o.Seed, r.p.name)
		case r.cmd != nil:
			return mixText(w.o.Seed, r.cmd.name)
		}
		return 0
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(key(a), key(b)) })
	return rows
}

// order applies the Sort headers, which only some cores have.
func (w *world) order(q *request, t *tableDef, v *view, rows []row) {
	if len(q.sort) == 0 {
		return
	}
	cols := make([]column, len(q.sort))
	for i, k := range q.sort {
		cols[i] = w.p.resolve(t, k.column)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for i, k := range q.sort {
			d := compareValues(cols[i].value(v, a), cols[i].value(v, b))
			if k.desc {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return 0
	})
}

// compareValues orders numbers by size and texts by bytes; lists are equal.
func compareValues(a, b value) int {
	switch {
	case a.kind == vText && b.kind == vText:
		return strings.Compare(a.s, b.s)
	case a.kind == vInt && b.kind == vInt:
		return cmp.Compare(a.i, b.i)
	case a.kind <= vFloat && b.kind <= vFloat:
		return cmp.Compare(a.num(), b.num())
	}
	return 0
}

// An aggregate is the running value of a Stats header.
type aggregate struct {
	n              int64
	sum, low, high float64
	mean, m2       float64 // m2: squared distances from the mean so far (Welford)
	inv            float64
	ints           bool
}

func (g *aggregate) add(v value) {
	x := v.num()
	if g.n == 0 || x < g.low {
		g.low = x
	}
	if g.n == 0 || x > g.high {
		g.high = x
	}
	g.n++
	g.sum += x
	from := x - g.mean
	g.mean += from / float64(g.n)
	g.m2 += from * (x - g.mean)
	if x != 0 {
		g.inv += 1 / x
	}
}

// result is the value of the aggregation. sample: std divides by n-1.
func (g *aggregate) result(agg string, sample bool) value {
	whole := func(f float64) value {
		if g.ints {
			return vi(int64(f))
		}
		return vf(f)
	}
	n := float64(g.n)
	switch agg {
	case "":
		return vi(g.n)
	case "sum":
		return whole(g.sum)
	case "min":
		return whole(g.low)
	case "max":
		return whole(g.high)
	case "suminv":
		return whole(g.inv)
	}
	if g.n == 0 {
		return vf(0)
	}
	switch agg {
	case "avg":
		return vf(g.sum / n)
	case "avginv":
		return whole(g.inv / n)
	}
	div := n
	if sample {
		div = n - 1
	}
	if div <= 0 {
		return vf(0)
	}
	return vf(math.Sqrt(g.m2 / div))
}

// statistics answers a request with Stats headers.
func (w *world) statistics(q *request, t *tableDef, v *view, rows []row, cols []column) *answer {
	p := w.p
	type bucket struct {
		key []value
		agg []aggregate
	}
	buckets := map[string]*bucket{}
	var order []*bucket
	at := func(key []value) *bucket {
		var id strings.Builder
		for _, k := range key {
			id.WriteString(k.text() + "\x00")
		}
		b := buckets[id.String()]
		if b == nil {
			b = &bucket{key: key, agg: make([]aggregate, len(q.stats))}
			buckets[id.String()] = b
			order = append(order, b)
		}
		return b
	}
	if len(cols) == 0 {
		at(nil)
	}
	sources := make([]column, len(q.stats))
	for i, s := range q.stats {
		if s.agg != "" {
			sources[i] = p.resolve(t, s.column)
		}
	}
	for i, r := range rows {
		if q.limit >= 0 && i >= q.limit && p.name != Naemon {
			break
		}
		key := make([]value, len(cols))
		for i := range cols {
			key[i] = p.spell(&cols[i], v, r)
		}
		b := at(key)
		for i, s := range q.stats {
			g := &b.agg[i]
			if s.agg != "" {
				x := p.filtered(&sources[i], v, r)
				g.ints = x.kind == vInt && p.name != Nagios4
				g.add(x)
			} else if s.filter.holds(func(n *node) value { return p.filtered(&n.col, v, r) }) {
				g.n++
			}
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return p.groupsBefore(order[i].key, order[j].key) })
	a := &answer{groups: len(cols)}
	for _, b := range order {
		line := slices.Clone(b.key)
		for i, s := range q.stats {
			line = append(line, b.agg[i].result(s.agg, p.name != Nagios4))
		}
		a.rows = append(a.rows, line)
	}
	if p.name == Naemon && q.limit >= 0 {
		a.rows = a.rows[:min(q.limit, len(a.rows))]
	}
	a.total = len(a.rows)
	p.finishStats(q, a, cols)
	return a
}

// groupsBefore orders groups: by the text of their keys, by value, or by hash.
func (p *profile) groupsBefore(a, b []value) bool {
	switch p.name {
	case Icinga2:
		for i := range a {
			if d := compareValues(a[i], b[i]); d != 0 {
				return d < 0
			}
		}
		return false
	case Shinken:
		for i := range a {
			if x, y := mixText(3, a[i].text()), mixText(3, b[i].text()); x != y {
				return x < y
			}
		}
		return false
	}
	return lessKeys(a, b)
}

func lessKeys(a, b []value) bool {
	for i := range a {
		if d := strings.Compare(a[i].text(), b[i].text()); d != 0 {
			return d < 0
		}
	}
	return false
}

// finishStats applies what is particular to an implementation's statistics.
func (p *profile) finishStats(q *request, a *answer, cols []column) {
	if p.name == Icinga2 && len(cols) > 0 && len(a.rows) == 0 {
		line := make([]value, len(q.stats))
		for i := range line {
			line[i] = vi(0)
		}
		a.rows = [][]value{line}
	}
	if p.name == Naemon {
		for _, r := range a.rows {
			for i := range cols {
				r[i] = vt(r[i].text())
			}
		}
	}
	if q.headers == 1 && p.name != Shinken {
		a.header = headerOf(cols)
		for i := range q.stats {
			a.header = append(a.header, "stats_"+vi(int64(i+1)).text())
		}
	}
}

// typeForCSV is the type of a column; attribute lists are joined differently.
func typeForCSV(c *column) string {
	if c.base == "modified_attributes_list" {
		return "flags"
	}
	return c.typ
}
