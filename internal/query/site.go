package query

import (
	"bytes"
	"sync"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A siteRun is one site as one run of a query sees it: the rows of the query's
// table, and where the values of its columns are found.
type siteRun struct {
	run      *run
	nr       int32 // of the site in the view
	view     store.SiteView
	snap     *store.Snapshot
	n        int
	own      place
	joins    []place
	contacts []string // all of these must be contacts; none: no restriction
	leaves   []siteLeaf
	visible  func(chunk int, out *store.Bits) // nil: every row
	from, to int                              // rows that can match at all
	only     []uint64                         // of these the rows that the query names; nil: all
	prepare  sync.Once
	broken   bool // prepare did not come to its end
	mu       sync.Mutex
	rights   *rights
	values   map[[2]int]*operand
	tallied  *siteTallies
	facts    bool // the table is one of sites: its only row is what fact says
}

// A place is where columns are found: a table, and the references that lead
// there from the rows of the query's table.
type place struct {
	table *store.Table
	name  string
	hops  []*store.Column // nil element: there is no such row
	base  *schema.Table
}

// An operand is a column as one site has it. Exactly one of col, num, float,
// bytes is set, or none, and then every row has the value of the zero fields.
type operand struct {
	kind  schema.Kind
	place place
	col   *store.Column
	num   func(row int) int64 // by row of place.table
	float func(row int) float64
	bytes func(row int) []byte
	xform func(b []byte) []byte // applied to what col or bytes give
	zeroN int64
	zeroF float64
	zeroB []byte
}

func (o *operand) constant() bool {
	return o.col == nil && o.num == nil && o.float == nil && o.bytes == nil
}

// isText reports whether values are bytes: texts and encoded lists.
func isText(k schema.Kind) bool {
	return k != schema.Bool && k != schema.Int && k != schema.Time && k != schema.Float
}

// end returns the row of the operand's table for a row of the query's table,
// -1 if there is none.
func (p *place) end(row int) int {
	for _, h := range p.hops {
		if h == nil || row < 0 {
			return -1
		}
		row = int(h.Int(row))
	}
	if p.table == nil {
		return -1
	}
	return row
}

// intAt, floatAt and bytesAt return a value by row of the operand's own table;
// a negative row is one that does not exist.
func (o *operand) intAt(end int) int64 {
	switch {
	case end < 0 || o.constant():
		if end < 0 {
			return 0
		}
		return o.zeroN
	case o.col != nil:
		return o.col.Int(end)
	}
	return o.num(end)
}

func (o *operand) floatAt(end int) float64 {
	switch {
	case end < 0:
		return 0
	case o.constant():
		return o.zeroF
	case o.col != nil:
		return o.col.Float(end)
	}
	return o.float(end)
}

func (o *operand) bytesAt(end int) []byte {
	var b []byte
	switch {
	case end < 0:
		return nil
	case o.constant():
		b = o.zeroB
	case o.col != nil:
		b = o.col.Bytes(end)
	default:
		b = o.bytes(end)
	}
	if o.xform != nil {
		return o.xform(b)
	}
	return b
}

// operand returns the column as this site has it; it is made once.
func (s *siteRun) operand(ref colRef) *operand {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operandLocked(ref)
}

// placeOf returns where the columns of a join, or the table's own, are found.
func (s *siteRun) placeOf(ref colRef) *place {
	if ref.join >= 0 {
		return &s.joins[ref.join]
	}
	return &s.own
}

func (s *siteRun) operandLocked(ref colRef) *operand {
	key := [2]int{ref.join, ref.col}
	if o := s.values[key]; o != nil {
		return o
	}
	p := s.own
	if ref.join >= 0 {
		p = s.joins[ref.join]
	}
	o := s.at(p, ref.col)
	s.values[key] = o
	return o
}

// at finds column col of the table at p.
func (s *siteRun) at(p place, col int) *operand {
	c := &p.base.Columns[col]
	o := &operand{kind: c.Kind, place: p}
	if s.facts {
		o.zero(c)
		o.fact(s.fact(c.Name))
		return o
	}
	if p.table == nil {
		o.zero(c)
		return o
	}
	if join, target, ok := p.table.Via(col); ok {
		next := place{table: s.snap.Joined(p.table, join), hops: append(append([]*store.Column{}, p.hops...), p.table.Ref(join))}
		if next.table != nil {
			next.base, next.name = next.table.Schema(), next.table.Schema().Name
			return s.at(next, target)
		}
	}
	if c.Class == schema.Derived && !p.table.Standalone() {
		s.derive(o, c)
		return o
	}
	if o.col = p.table.Column(col); o.col == nil {
		o.zero(c)
	}
	s.restrict(o, c)
	return o
}

// zero makes o the default of a column that the core does not have.
func (o *operand) zero(c *schema.Column) {
	switch c.Kind {
	case schema.Bool, schema.Int, schema.Time:
		o.zeroN = atoi(c.Default)
	case schema.Float:
		o.zeroF = atof(c.Default)
	case schema.Text:
		o.zeroB = []byte(c.Default)
	}
}

// lower is the xform of the ..._lc columns.
func lower(b []byte) []byte { return bytes.ToLower(b) }
