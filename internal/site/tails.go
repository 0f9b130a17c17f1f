package site

import (
	"hash/maphash"

	"belvedere/internal/store"
)

// Tails are sums of how the rows of a table end in the core's answers, by row
// of the store: of the columns that few checks move. A row that ends the same
// way in the next answer has these values still, which need not be read again.
// A sum is 0 where nobody knows, as after the row was written by other means.
type tails struct {
	shape uint64 // of the table they are about
	sums  []uint64
	// same are the sums of rows in the last comparison with the core of each kind,
	// where it found what is in the store; nil before one.
	same [deeply + 1][]uint64
}

// newTails returns tails of which nothing is known.
func newTails(t *store.Table) *tails {
	return &tails{shape: t.Shape(), sums: make([]uint64, t.Len())}
}

// forget notes that a row is about to be written.
func (t *tails) forget(row int) {
	t.sums[row] = 0
	t.moved(row)
}

// moved notes that the lead of a row is about to be written.
func (t *tails) moved(row int) {
	for _, same := range t.same {
		if same != nil {
			same[row] = 0
		}
	}
}

// found returns the sums of rows in comparisons of that kind, to be read and
// written.
func (t *tails) found(what comparison) []uint64 {
	if t.same[what] == nil {
		t.same[what] = make([]uint64, len(t.sums))
	}
	return t.same[what]
}

// tailsOf returns what is known of a table in snap, made anew after rows came
// or went; nil without the table.
func (s *session) tailsOf(snap *store.Snapshot, table string) *tails {
	t := snap.Table(table)
	if t == nil {
		return nil
	}
	known := s.cursor.tails[table]
	if known == nil || known.shape != t.Shape() || len(known.sums) != t.Len() {
		known = newTails(t)
		if s.cursor.tails == nil {
			s.cursor.tails = map[string]*tails{}
		}
		s.cursor.tails[table] = known
	}
	return known
}

// An ending is how one row ended.
type ending struct {
	row int
	sum uint64
}

// learn takes over how rows ended that are in the store now.
func (t *tails) learn(ended []ending) {
	for _, e := range ended {
		t.sums[e.row] = e.sum
	}
}

// A firstEnding is how a row ended that has no place in the store yet; key is
// the sum of its key.
type firstEnding struct{ key, sum uint64 }

// tailsFrom returns what the first reading of a table told: rows mostly come in
// the order of the store.
func tailsFrom(snap *store.Snapshot, table string, ended []firstEnding) *tails {
	t := snap.Table(table)
	if t == nil || len(ended) == 0 {
		return nil
	}
	out := newTails(t)
	var places map[uint64]uint64 // made if rows came in another order, or some did not fit
	var key []byte
	for row := range out.sums {
		key = snap.AppendKey(key[:0], table, row)
		sum := maphash.Bytes(hashSeed, key)
		if len(ended) == t.Len() && ended[row].key == sum && places == nil {
			out.sums[row] = ended[row].sum
			continue
		}
		if places == nil {
			places = make(map[uint64]uint64, len(ended))
			for _, e := range ended {
				places[e.key] = e.sum
			}
		}
		out.sums[row] = places[sum]
	}
	return out
}
