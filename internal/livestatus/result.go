package livestatus

import (
	"context"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// Query returns the whole answer to q, values as the core sends them, in the
// kinds package schema gives their columns; columns it does not know take the
// kind of their first value that has one. A wrapped answer names the sites that
// are missing in Parts. Errors are those of [Client.Fetch].
func (c *Client) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	b := &resultBuild{table: q.Table, keys: len(q.Columns) + len(q.GroupBy)}
	st, err := c.Fetch(ctx, q, b)
	if err != nil {
		return nil, err
	}
	r := &lql.Result{Vectors: b.vectors, Rows: st.Rows, Total: st.Total, Scanned: st.Rows}
	if r.Total < 0 {
		r.Total = st.Rows
	}
	for i := range r.Vectors {
		b.pad(i, st.Rows)
	}
	for key, why := range st.Failed {
		r.Parts = append(r.Parts, lql.Part{Key: key, Err: clip(firstLine([]byte(why))), Missing: true})
	}
	slices.SortFunc(r.Parts, func(a, b lql.Part) int { return strings.Compare(a.Key, b.Key) })
	return r, nil
}

// resultBuild is the sink behind Query.
type resultBuild struct {
	table   string
	keys    int // columns before those of Stats
	rows    int
	vectors []lql.Vector
	kinds   []schema.Kind
	known   []bool // kinds[i] is decided
	buf     []byte
}

// Begin makes the vectors. A core that named no columns has no rows either.
func (b *resultBuild) Begin(columns []string) error {
	b.vectors = make([]lql.Vector, len(columns))
	b.kinds = make([]schema.Kind, len(columns))
	b.known = make([]bool, len(columns))
	t, ok := schema.Lookup(b.table)
	for i, name := range columns {
		b.vectors[i].Name = name
		if !ok || b.keys > 0 && i >= b.keys || strings.HasPrefix(name, "stats_") {
			continue
		}
		if ref, err := t.Resolve(name); err == nil {
			b.decide(i, ref.Column.Kind)
		}
	}
	return nil
}

// decide fixes the kind of a column; rows before this one had no value.
func (b *resultBuild) decide(i int, k schema.Kind) {
	v := &b.vectors[i]
	b.kinds[i], b.known[i] = k, true
	switch k {
	case schema.Bool, schema.Int:
		v.Kind = lql.Ints
	case schema.Time:
		v.Kind = lql.Times
	case schema.Float:
		v.Kind = lql.Floats
	case schema.Text:
		v.Kind = lql.Texts
	default:
		v.Kind = lql.Objects
		v.Dict = k == schema.Dict
	}
	b.pad(i, b.rows)
}

// pad makes column i at least n long with empty values.
func (b *resultBuild) pad(i, n int) {
	v := &b.vectors[i]
	switch v.Kind {
	case lql.Ints, lql.Times:
		v.Ints = padded(v.Ints, n)
	case lql.Floats:
		v.Floats = padded(v.Floats, n)
	case lql.Texts:
		v.Texts = padded(v.Texts, n)
	default:
		v.Objects = padded(v.Objects, n)
	}
}

func padded[T any](s []T, n int) []T {
	if len(s) >= n {
		return s
	}
	return append(s, make([]T, n-len(s))...)
}

// Row appends one row.
func (b *resultBuild) Row(cells []Cell) error {
	for i, c := range cells {
		if i >= len(b.vectors) {
			break
		}
		if !b.known[i] {
			k, ok := guess(c)
			if !ok {
				continue
			}
			b.decide(i, k)
		}
		b.set(i, c)
	}
	b.rows++
	return nil
}

// guess takes the kind of a column from a value.
func guess(c Cell) (schema.Kind, bool) {
	switch c.Kind() {
	case NumberCell:
		return schema.Float, true
	case BoolCell:
		return schema.Bool, true
	case TextCell:
		return schema.Text, true
	case DictCell:
		return schema.Dict, true
	case ListCell:
		kind, ok := schema.TextList, false
		c.Each(func(e Cell) {
			if ok {
				return
			}
			ok = true
			switch e.Kind() {
			case NumberCell:
				kind = schema.IntList
			case ListCell:
				kind = schema.Tuples
			}
		})
		return kind, ok
	}
	return 0, false
}

// set appends one value to column i.
func (b *resultBuild) set(i int, c Cell) {
	v := &b.vectors[i]
	b.pad(i, b.rows)
	switch v.Kind {
	case lql.Ints, lql.Times:
		v.Ints = append(v.Ints, c.Int())
	case lql.Floats:
		v.Floats = append(v.Floats, c.Float())
	case lql.Texts:
		v.Texts = append(v.Texts, b.text(c))
	default:
		v.Objects = append(v.Objects, b.object(b.kinds[i], c))
	}
}

func (b *resultBuild) text(c Cell) string {
	b.buf = c.AppendText(b.buf[:0])
	return string(b.buf)
}

// object reads a list, a dictionary or a list of tuples.
func (b *resultBuild) object(k schema.Kind, c Cell) any {
	switch k {
	case schema.TextList:
		var list []string
		c.Each(func(e Cell) { list = append(list, b.text(e)) })
		return list
	case schema.IntList:
		var list []int64
		c.Each(func(e Cell) { list = append(list, e.Int()) })
		return list
	case schema.Dict:
		var pairs [][2]string
		c.EachPair(func(k, v Cell) { pairs = append(pairs, [2]string{b.text(k), b.text(v)}) })
		slices.SortStableFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
		return pairs
	case schema.Members:
		var pairs [][2]string
		c.Each(func(e Cell) { pairs = append(pairs, b.member(e)) })
		return pairs
	}
	var tuples [][]any
	c.Each(func(e Cell) {
		var tuple []any
		e.Each(func(v Cell) { tuple = append(tuple, b.plain(v)) })
		tuples = append(tuples, tuple)
	})
	return tuples
}

// member reads a host, or a pair of host and service.
func (b *resultBuild) member(e Cell) (m [2]string) {
	if e.Kind() != ListCell {
		m[0] = b.text(e)
		return m
	}
	n := 0
	e.Each(func(v Cell) {
		if n < len(m) {
			m[n] = b.text(v)
		}
		n++
	})
	return m
}

// plain reads an element of a tuple.
func (b *resultBuild) plain(c Cell) any {
	switch c.Kind() {
	case NumberCell:
		if n, ok := decimal(c.raw); ok {
			return n
		}
		return c.Float()
	case BoolCell:
		return c.Int()
	}
	return b.text(c)
}
