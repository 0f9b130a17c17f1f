package store

import (
	"bytes"
	"time"
	"unsafe"
)

// A Snapshot is what one site looked like at one instant. It never changes:
// any number of goroutines may read it without locks for as long as they hold
// it, and holding it keeps its memory alive. The zero Snapshot has no tables.
type Snapshot struct {
	defs    *defs
	version uint64
	taken   time.Time
	stamp   int64    // when it came about, unix seconds; never below those before
	tables  []*Table // by tableDef.at; nil: never fed
}

// Version grows with every commit of the site. It is 0 before the first.
func (s *Snapshot) Version() uint64 { return s.version }

// Taken is when the site last confirmed this data, by our clock.
func (s *Snapshot) Taken() time.Time { return s.taken }

// Table returns a table by name, nil if nothing of it was ever fed.
func (s *Snapshot) Table(name string) *Table {
	if s.defs == nil {
		return nil
	}
	if def := s.defs.byName[name]; def != nil {
		return s.tables[def.at]
	}
	return nil
}

// Joined returns the table that a join of t leads to, by the join's position
// in the schema, nil if it was never fed.
func (s *Snapshot) Joined(t *Table, join int) *Table {
	if target := t.def.links[join].target; target != nil {
		return s.tables[target.at]
	}
	return nil
}

// Rows returns the number of rows of a table, 0 if there is none of that name.
func (s *Snapshot) Rows(table string) int { return s.Table(table).Len() }

// Find returns the row with that key; see [Key].
func (s *Snapshot) Find(table, key string) (row int, ok bool) {
	return s.FindKey(table, unsafe.Slice(unsafe.StringData(key), len(key)))
}

// FindKey is Find for a key in bytes.
func (s *Snapshot) FindKey(table string, key []byte) (row int, ok bool) {
	if s.defs == nil || s.defs.byName[table] == nil {
		return 0, false
	}
	var parts [4][]byte
	return s.findTexts(s.defs.byName[table], splitKey(parts[:0], key))
}

// FindAt is Find for a row that is likely to be the one guessed: then it only
// compares.
func (s *Snapshot) FindAt(table string, key []byte, guess int) (row int, ok bool) {
	if t := s.Table(table); t != nil && guess >= 0 && guess < t.n && s.hasKey(t, guess, key) {
		return guess, true
	}
	return s.FindKey(table, key)
}

// hasKey reports whether a row has that key.
func (s *Snapshot) hasKey(t *Table, row int, key []byte) bool {
	for i, k := range t.def.keys {
		part, rest, more := bytes.Cut(key, []byte{0})
		if more != (i+1 < len(t.def.keys)) || !bytes.Equal(part, s.textAt(t, k, row)) {
			return false
		}
		key = rest
	}
	return len(t.def.keys) > 0
}

// splitKey appends the parts of a key.
func splitKey(dst [][]byte, key []byte) [][]byte {
	for len(key) > 0 {
		part, rest, more := bytes.Cut(key, []byte{0})
		dst = append(dst, part)
		if more && len(rest) == 0 {
			dst = append(dst, rest)
		}
		key = rest
	}
	return dst
}

// Key returns the key of a row.
func (s *Snapshot) Key(table string, row int) string {
	t := s.Table(table)
	if t == nil || row < 0 || row >= t.n {
		return ""
	}
	return s.keyOf(t, row)
}

// AppendKey appends the key of a row that exists.
func (s *Snapshot) AppendKey(dst []byte, table string, row int) []byte {
	return s.appendKey(dst, s.Table(table), row)
}

// Int returns a Bool, Int or Time value of a stored column: the schema's
// default where the core has no such column, 0 for rows and names that do not
// exist.
func (s *Snapshot) Int(table, column string, row int) int64 {
	t, c, col := s.column(table, column, row)
	if c == nil {
		if t == nil {
			return 0
		}
		return t.def.none[col].num
	}
	if c.st != numbers {
		return 0
	}
	return c.Int(row)
}

// Text returns the value of a stored Text column, by the rules of Int; of a
// number its decimal form.
func (s *Snapshot) Text(table, column string, row int) string {
	t, c, col := s.column(table, column, row)
	if t == nil {
		return ""
	}
	if c == nil && t.def.via[col].link < 0 {
		return t.def.schema.Columns[col].Default
	}
	return string(s.textAt(t, col, row))
}

// Bytes returns the encoded value of a stored list column, or the bytes of a
// text. They must not be changed.
func (s *Snapshot) Bytes(table, column string, row int) []byte {
	t, _, col := s.column(table, column, row)
	if t == nil {
		return nil
	}
	return s.textAt(t, col, row)
}

// Float returns the value of a stored Float column, by the rules of Int.
func (s *Snapshot) Float(table, column string, row int) float64 {
	_, c, _ := s.column(table, column, row)
	if c == nil || c.st != floats {
		return 0
	}
	return c.Float(row)
}

// Has reports whether values of the column were fed.
func (s *Snapshot) Has(table, column string) bool {
	t := s.Table(table)
	if t == nil {
		return false
	}
	i, ok := t.def.column[column]
	return ok && (t.cols[i] != nil || t.def.via[i].link >= 0)
}

func (s *Snapshot) column(table, column string, row int) (*Table, *Column, int) {
	t := s.Table(table)
	if t == nil || row < 0 || row >= t.n {
		return nil, nil, 0
	}
	i, ok := t.def.column[column]
	if !ok {
		return nil, nil, 0
	}
	return t, t.cols[i], i
}

// AllKeys returns the keys of a table in row order.
func (s *Snapshot) AllKeys(table string) []string {
	t := s.Table(table)
	out := make([]string, t.Len())
	for i := range out {
		out[i] = s.keyOf(t, i)
	}
	return out
}

// Size returns the bytes of memory the snapshot holds, shared with earlier
// ones or not.
func (s *Snapshot) Size() int {
	n := 0
	for _, t := range s.tables {
		if t != nil {
			n += t.size()
		}
	}
	return n
}
