package replica

import (
	"bytes"
	"math"
	"slices"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// same reports whether a row of the snapshot has the values of b.row.
func (b *Batch) same(t *tableBatch, row int) bool {
	for i, name := range b.row.Columns {
		if slices.Contains(t.def.Keys, name) {
			continue
		}
		if !b.sameCell(t, row, name, b.row.Values[i]) {
			return false
		}
	}
	return true
}

func (b *Batch) sameCell(t *tableBatch, row int, name string, v any) bool {
	c, ok := t.def.Column(name)
	if !ok {
		return false // Columns will say so
	}
	table := t.def.Name
	switch v := v.(type) {
	case int64:
		if c.Kind == schema.Float {
			return b.snap.Float(table, name, row) == float64(v)
		}
		return b.snap.Int(table, name, row) == v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			v = 0
		}
		return b.snap.Float(table, name, row) == v
	case string:
		return b.snap.Text(table, name, row) == v
	}
	return bytes.Equal(b.snap.Bytes(table, name, row), encode(v))
}

// encode writes a list as the store keeps it.
func encode(v any) []byte {
	var out []byte
	switch v := v.(type) {
	case []string:
		for _, s := range v {
			out = store.AppendText(out, []byte(s))
		}
	case []int64:
		out = store.EncodeInts(v)
	case []schema.Member:
		for _, m := range v {
			out = store.AppendText(store.AppendText(out, []byte(m.Host)), []byte(m.Service))
		}
	case []schema.Pair:
		for _, p := range v {
			out = store.AppendText(store.AppendText(out, []byte(p.Name)), []byte(p.Value))
		}
	case [][]any:
		out = store.EncodeTuples(v)
	}
	return out
}

// list reads a list of texts of a row of the snapshot.
func list(b []byte) []string {
	var out []string
	store.EachText(b, func(e []byte) bool { out = append(out, string(e)); return true })
	return out
}
