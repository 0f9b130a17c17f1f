package site

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// passedAtMost bounds the rows of one answer, which are held in memory.
const passedAtMost = 1_000_000

// logPeriod is how far before the beginning an Icinga 2 is asked: it leaves out
// the log file that holds the beginning, and rotates at most daily.
const logPeriod = 25 * 3600

// Passed answers a query for a table that is not kept, log or statehist, by
// asking the core. Columns, Filter and Limit count; Sort, Offset and all that
// computes is the caller's, and Stats are refused. Values come in normal form,
// log lines newest first; a column the core does not have holds its default.
// A filter on a column that the core does not have is an error, since some
// cores would leave it out and answer with everything. Ask for a span of time:
// cores read all their logs otherwise.
//
// Errors are [*lql.QueryError], [*UnavailableError] and [*livestatus.Error].
func (m *Manager) Passed(ctx context.Context, siteKey string, q *lql.Query) (*lql.Result, error) {
	s, err := m.find(siteKey)
	if err != nil {
		return nil, err
	}
	ses, err := s.next(ctx, nil)
	if err != nil {
		return nil, err
	}
	p, err := ses.newPassage(q)
	if err != nil {
		return nil, err
	}
	stats, err := ses.client.Fetch(livestatus.WithPriority(ctx, livestatus.PersonPriority), p.query, p)
	s.health.count(stats)
	if err != nil {
		return nil, err
	}
	return p.result(), nil
}

// A passage is one query on its way to a core and its answer on the way back.
type passage struct {
	query   *lql.Query
	icinga  bool
	fields  []passed
	limit   int
	since   int64 // of the rows to give out
	until   int64
	time    int // positions in the answer, -1: not asked
	line    int
	options int
	kind    int
	rows    []passedRow
	s       scratch
}

// passed is a column of the result; at is -1 if the core has no such column.
type passed struct {
	name string
	def  *schema.Column
	to   convert
	at   int
}

type passedRow struct {
	time, line int64
	cells      []any
}

func (s *session) newPassage(q *lql.Query) (*passage, error) {
	t, ok := schema.Lookup(q.Table)
	core, plan := s.asks()
	has := plan.passed[q.Table]
	switch {
	case !ok || t.Source != schema.Passed:
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("table %q is not one that cores are asked for", q.Table)}
	case len(has) == 0:
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("the core of site %q has no table %q", s.spec.Name, q.Table)}
	case len(q.Stats) > 0:
		return nil, &lql.QueryError{Code: 400, Msg: "statistics are not passed on to cores"}
	}
	p := &passage{icinga: core.Impl == schema.Icinga2 && !core.Served && q.Table == "log", limit: q.Limit, since: 0, until: math.MaxInt64}
	ask := lql.Get(q.Table)
	names := q.Columns
	if len(names) == 0 {
		for i := range t.Columns {
			if t.Columns[i].Class != schema.Derived {
				names = append(names, t.Columns[i].Name)
			}
		}
	}
	for _, name := range names {
		if err := p.column(t, has, ask, name); err != nil {
			return nil, err
		}
	}
	p.time, p.line = p.extra(has, ask, "time"), p.extra(has, ask, "lineno")
	p.options, p.kind = -1, -1
	if p.icinga {
		p.options, p.kind = p.extra(has, ask, "options"), p.extra(has, ask, "type")
	}
	f, err := p.filter(t, has, s.spec.Name, q.Filter, true)
	if err != nil {
		return nil, err
	}
	ask.Filter = f
	if f.Kind != lql.And {
		ask.Filter = all(f)
	}
	if !p.icinga {
		ask.Limit = q.Limit // newest first there already
	}
	p.query = ask
	return p, nil
}

// column adds a column to the result.
func (p *passage) column(t *schema.Table, has []string, ask *lql.Query, name string) error {
	def, core, err := coreColumn(t, name)
	if err != nil {
		return err
	}
	p.fields = append(p.fields, passed{name: name, def: def, to: byKind(def.Kind), at: p.extra(has, ask, core)})
	return nil
}

// extra asks for a column and returns its position, -1 if the core lacks it.
func (p *passage) extra(has []string, ask *lql.Query, core string) int {
	if !slices.Contains(has, core) {
		return -1
	}
	if i := slices.Index(ask.Columns, core); i >= 0 {
		return i
	}
	ask.Columns = append(ask.Columns, core)
	return len(ask.Columns) - 1
}

// coreColumn finds a column and what cores call it.
func coreColumn(t *schema.Table, name string) (def *schema.Column, core string, err error) {
	ref, err := t.Resolve(name)
	if err != nil {
		return nil, "", &lql.QueryError{Code: 400, Msg: err.Error()}
	}
	if ref.Join < 0 {
		return ref.Column, ref.Column.Name, nil
	}
	return ref.Column, t.Joins[ref.Join].Prefix + ref.Column.Name, nil
}

// filter copies a filter with the core's names. Bounds of the time at the top
// are noted.
func (p *passage) filter(t *schema.Table, has []string, site string, f lql.Filter, top bool) (lql.Filter, error) {
	if f.Kind != lql.Leaf {
		out := lql.Filter{Kind: f.Kind}
		for _, k := range f.Kids {
			c, err := p.filter(t, has, site, k, top && f.Kind == lql.And)
			if err != nil {
				return f, err
			}
			out.Kids = append(out.Kids, c)
		}
		return out, nil
	}
	_, core, err := coreColumn(t, f.Column)
	if err != nil {
		return f, err
	}
	if p.icinga && core == "host_name" && slices.Contains(has, "current_host_name") {
		core = "current_host_name" // host_name is null where the entry is about a host
	}
	if !slices.Contains(has, core) {
		return f, &lql.QueryError{Code: 400, Msg: fmt.Sprintf("the core of site %q has no column %q in table %q", site, f.Column, t.Name)}
	}
	f.Column = core
	if core == "time" && top {
		f.Value = p.bound(f.Op, f.Value)
	}
	return f, nil
}

// bound notes a bound of the time and returns what to ask for instead.
func (p *passage) bound(op lql.Op, value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return value
	}
	switch op {
	case lql.GreaterOrEqual:
		p.since = max(p.since, n)
	case lql.Greater:
		p.since = max(p.since, n+1)
	case lql.LessOrEqual:
		p.until = min(p.until, n)
		return value
	case lql.Less:
		p.until = min(p.until, n-1)
		return value
	default:
		return value
	}
	if p.icinga {
		return strconv.FormatInt(max(0, n-logPeriod), 10)
	}
	return value
}

// Begin implements [livestatus.Sink].
func (p *passage) Begin([]string) error { return nil }

// Row implements [livestatus.Sink].
func (p *passage) Row(cells []livestatus.Cell) error {
	r := passedRow{time: cell(cells, p.time).Int(), line: cell(cells, p.line).Int()}
	if p.time >= 0 && (r.time < p.since || r.time > p.until) {
		return nil
	}
	if len(p.rows) >= passedAtMost {
		return &lql.QueryError{Code: 413, Msg: fmt.Sprintf("more than %d rows", passedAtMost), Hint: "ask for a shorter span of time"}
	}
	v := valueSink{}
	for i := range p.fields {
		f := &p.fields[i]
		if f.at < 0 {
			r.cells = append(r.cells, defaultValue(f.def))
			continue
		}
		f.to(&p.s, &v, 0, cells[f.at], livestatus.Cell{})
		r.cells = append(r.cells, v.value)
	}
	if p.icinga {
		p.mend(&r, cell(cells, p.kind).Text(), cell(cells, p.options).Text())
	}
	p.rows = append(p.rows, r)
	return nil
}

// mend puts right what Icinga 2 takes apart wrongly: it gives no host for
// entries about hosts, and of notifications it has the output as the command
// and no state.
func (p *passage) mend(r *passedRow, kind, options string) {
	of, ok := strings.CutPrefix(kind, "HOST")
	service := false
	if !ok {
		if of, service = strings.CutPrefix(kind, "SERVICE"); !service {
			return
		}
	}
	parts := strings.Split(options, ";")
	fixed := map[string]any{}
	if of == " NOTIFICATION" {
		fixed["contact_name"] = parts[0]
		parts = parts[1:]
	}
	next := func() string {
		if len(parts) == 0 {
			return ""
		}
		s := parts[0]
		parts = parts[1:]
		return s
	}
	fixed["host_name"] = next()
	if service {
		fixed["service_description"] = next()
	}
	if of == " NOTIFICATION" {
		state := next()
		why, in, both := strings.Cut(strings.TrimSuffix(state, ")"), " (")
		if both && why == in {
			state = why
		} else if !both {
			in = why
		}
		fixed["state_type"], fixed["state"] = state, stateNamed(in)
		fixed["command_name"] = next()
		fixed["plugin_output"] = strings.TrimSuffix(strings.Join(parts, ";"), ";")
	}
	for i := range p.fields {
		if v, ok := fixed[p.fields[i].def.Name]; ok && strings.TrimPrefix(p.fields[i].name, "log_") == p.fields[i].def.Name {
			r.cells[i] = v
		}
	}
}

// result sorts, cuts and lays out the rows.
func (p *passage) result() *lql.Result {
	if p.time >= 0 {
		slices.SortStableFunc(p.rows, func(a, b passedRow) int {
			return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(b.line, a.line))
		})
	}
	total := len(p.rows)
	if p.limit >= 0 && len(p.rows) > p.limit {
		p.rows = p.rows[:p.limit]
	}
	res := &lql.Result{Rows: len(p.rows), Total: total, Scanned: total}
	for i := range p.fields {
		res.Vectors = append(res.Vectors, p.vector(i))
	}
	return res
}

func (p *passage) vector(i int) lql.Vector {
	f := &p.fields[i]
	v := lql.Vector{Name: f.name, Kind: lql.Objects, Dict: f.def.Kind == schema.Dict}
	switch f.def.Kind {
	case schema.Bool, schema.Int:
		v.Kind = lql.Ints
	case schema.Time:
		v.Kind = lql.Times
	case schema.Float:
		v.Kind = lql.Floats
	case schema.Text:
		v.Kind = lql.Texts
	}
	for _, r := range p.rows {
		switch x := r.cells[i].(type) {
		case int64:
			v.Ints = append(v.Ints, x)
		case float64:
			v.Floats = append(v.Floats, x)
		case string:
			v.Texts = append(v.Texts, x)
		default:
			v.Objects = append(v.Objects, x)
		}
	}
	return v
}

// defaultValue is what stands for a column that a core lacks.
func defaultValue(c *schema.Column) any {
	switch c.Kind {
	case schema.Bool, schema.Int, schema.Time:
		n, _ := strconv.ParseInt(c.Default, 10, 64) // "" is 0
		return n
	case schema.Float:
		f, _ := strconv.ParseFloat(c.Default, 64) // "" is 0
		return f
	case schema.Text:
		return c.Default
	case schema.TextList:
		return []string(nil)
	case schema.IntList:
		return []int64(nil)
	case schema.Members, schema.Dict:
		return [][2]string(nil)
	}
	return [][]any(nil)
}

// A valueSink holds the last value it was given, as package lql carries it.
type valueSink struct{ value any }

// Int implements out.
func (s *valueSink) Int(_ int, v int64) { s.value = v }

// Float implements out.
func (s *valueSink) Float(_ int, v float64) { s.value = v }

// Text implements out.
func (s *valueSink) Text(_ int, v []byte) { s.value = string(v) }

// TextList implements out.
func (s *valueSink) TextList(_ int, v [][]byte) {
	l := make([]string, len(v))
	for i, t := range v {
		l[i] = string(t)
	}
	s.value = l
}

// IntList implements out.
func (s *valueSink) IntList(_ int, v []int64) { s.value = slices.Clone(v) }

// Members implements out.
func (s *valueSink) Members(_ int, v [][2][]byte) {
	l := make([][2]string, len(v))
	for i, p := range v {
		l[i] = [2]string{string(p[0]), string(p[1])}
	}
	s.value = l
}

// Dict implements out.
func (s *valueSink) Dict(col int, v [][2][]byte) { s.Members(col, v) }

// Tuples implements out.
func (s *valueSink) Tuples(_ int, v [][]any) { s.value = v }
