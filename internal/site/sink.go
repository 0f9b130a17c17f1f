package site

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"strconv"

	"belvedere/internal/livestatus"
	"belvedere/internal/store"
)

// maxName bounds a name, in bytes: pages repeat it again and again.
const maxName = 1000

// appendKey appends the key of a row, as [store.Key] writes it. ok is false if
// a part is empty, endless, or holds the byte between parts: no core has such
// names.
func (r *request) appendKey(dst []byte, cells []livestatus.Cell) (key []byte, ok bool) {
	for i := range r.keys {
		k := &r.keys[i]
		if i > 0 {
			dst = append(dst, 0)
		}
		at := len(dst)
		if number(k.kind) {
			dst = strconv.AppendInt(dst, cells[k.at].Int(), 10)
		} else {
			dst = cells[k.at].AppendText(dst)
		}
		if len(dst) == at || len(dst) > at+maxName || bytes.IndexByte(dst[at:], 0) >= 0 {
			return dst, false
		}
	}
	return dst, true
}

// give converts a row and gives it to o.
func (r *request) give(s *scratch, o out, cells []livestatus.Cell) {
	for i := range r.fields {
		f := &r.fields[i]
		f.to(s, o, i, cell(cells, f.at), cell(cells, f.with))
	}
}

// A feeder writes the rows of an answer into a batch.
type feeder struct {
	req  *request
	rows *store.Rows
	// open makes rows when the first one is written: most answers about
	// changes have none.
	open func() *store.Rows
	// newest is the greatest value seen at position window, which is -1 where
	// nobody asks.
	window int
	newest int64
	// recent, if not nil, takes the rows by their sums: those that are in before
	// were written the last time.
	recent, before map[uint64]seen
	sum            uint64 // of the next row, if told
	rest           uint64 // of how it ends, if told
	// tails, if not nil, are those of the rows in known. A row that ends as it did
	// is written to few, by the columns of moved. ended takes how others end.
	tails *tails
	moved *request
	few   *store.Rows
	ended []ending
	// first, if not nil, takes how the rows of a table end that is read anew.
	first *[]firstEnding
	// each, if not nil, is told every row.
	each func(cells []livestatus.Cell)
	// runs takes the keys of the objects that are being checked, told at
	// position executing, which is -1 where nobody asks.
	runs      []string
	executing int

	// known, if not nil, is what may be written: rows it does not have are
	// counted in unknown and left out, some of their keys are in strangers.
	known     *store.Snapshot
	unknown   int
	strangers []string

	most    int // rows an answer may have; 0: any number
	rowsIn  int
	written int
	skipped int // rows without a name
	s       scratch
	key     []byte
}

// seen is what is kept of a row of a window.
type seen struct {
	key       string
	window    int64 // the value by which windows are told
	executing bool
}

// newFeeder returns a feeder of the rows that open returns; a table that is
// replaced needs them in any case, even without a row.
func newFeeder(req *request, open func() *store.Rows) *feeder {
	return &feeder{req: req, open: open, window: -1, executing: -1}
}

// begin makes the rows, if they are not there yet.
func (f *feeder) begin() error { return f.ready(&f.rows, f.req) }

// ready makes rows of the columns of req, if they are not there yet.
func (f *feeder) ready(rows **store.Rows, req *request) error {
	if *rows != nil {
		return nil
	}
	*rows = f.open()
	if err := (*rows).Columns(req.names...); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	return nil
}

// Begin implements [livestatus.Sink].
func (f *feeder) Begin([]string) error { return nil }

// Row implements [livestatus.Sink].
func (f *feeder) Row(cells []livestatus.Cell) error {
	sum, rest := f.sum, f.rest
	f.sum, f.rest = 0, 0
	if f.rowsIn++; f.most > 0 && f.rowsIn > f.most {
		return tooMany(f.req.table, f.most)
	}
	key, ok := f.req.appendKey(f.key[:0], cells)
	f.key = key
	if !ok {
		f.skipped++
		return nil
	}
	if f.known != nil {
		row, ok := f.known.FindKey(f.req.table, key)
		if !ok {
			return f.stranger()
		}
		f.ends(row, rest, sum != 0)
	}
	if f.first != nil {
		end := firstEnding{key: maphash.Bytes(hashSeed, key)}
		if sum != 0 {
			end.sum = rest
		}
		*f.first = append(*f.first, end)
	}
	if f.each != nil {
		f.each(cells)
	}
	if err := f.begin(); err != nil {
		return err
	}
	return f.write(f.rows, f.req, cells, sum)
}

// stranger notes a row that is not known, by its key.
func (f *feeder) stranger() error {
	if f.unknown++; f.unknown > f.known.Rows(f.req.table)+1000 {
		return errManyNew
	}
	if len(f.strangers) <= byKeyAtMost {
		f.strangers = append(f.strangers, string(f.key))
	}
	return nil
}

// ends notes how a known row that is about to be written ends; until then
// nobody knows.
func (f *feeder) ends(row int, rest uint64, whole bool) {
	if f.tails == nil {
		return
	}
	f.tails.forget(row)
	if whole && rest != 0 {
		f.ended = append(f.ended, ending{row, rest})
	}
}

// write gives one row, which has the sum given unless that is 0, to rows.
func (f *feeder) write(rows *store.Rows, req *request, cells []livestatus.Cell, sum uint64) error {
	if f.window >= 0 {
		f.newest = max(f.newest, cells[f.window].Int())
	}
	runs := f.executing >= 0 && cells[f.executing].Int() != 0
	if runs {
		f.runs = append(f.runs, string(f.key))
	}
	if sum != 0 && f.recent != nil {
		f.recent[sum] = seen{string(f.key), cells[f.window].Int(), runs}
	}
	f.written++
	req.give(&f.s, rows, cells)
	return rows.EndRow()
}

// Seen implements [livestatus.Recaller].
func (f *feeder) Seen(sum uint64) bool {
	row, ok := f.before[sum]
	if ok {
		f.rowsIn++
		f.recent[sum] = row
		f.newest = max(f.newest, row.window)
		if row.executing {
			f.runs = append(f.runs, row.key)
		}
	}
	return ok
}

// Sum implements [livestatus.Recaller].
func (f *feeder) Sum(sum uint64) { f.sum = sum }

// Lead implements [livestatus.Skimmer].
func (f *feeder) Lead() int { return f.req.lead }

// Skim implements [livestatus.Skimmer].
func (f *feeder) Skim(cells []livestatus.Cell, rest, sum uint64) (taken bool, err error) {
	f.rest = rest
	if f.tails == nil || f.moved == nil || rest == 0 {
		return false, nil
	}
	key, ok := f.req.appendKey(f.key[:0], cells)
	f.key = key
	if !ok {
		return false, nil
	}
	row, ok := f.known.FindKey(f.req.table, key)
	if !ok || f.tails.sums[row] != rest {
		return false, nil
	}
	f.rest = 0
	f.tails.moved(row)
	f.rowsIn++
	if err := f.ready(&f.few, f.moved); err != nil {
		return false, err
	}
	return true, f.write(f.few, f.moved, cells, sum)
}

// errManyNew ends an answer with more unknown rows than there are known ones:
// following changes makes no sense any more, all must be read.
var errManyNew = errors.New("site: more new rows than known ones")

// tooMany says that an answer cannot be what was asked for.
func tooMany(table string, most int) error {
	return &livestatus.Error{Kind: livestatus.KindTooLarge,
		Cause: fmt.Sprintf("The core sends more than %d rows of table %s.", most, table),
		Fix:   "That is no sane answer: see the core's log, and what stands between it and us."}
}

// A comparer compares rows of an answer with a snapshot and notes the keys of
// those that differ, that are new, and that are gone.
type comparer struct {
	req  *request
	snap *store.Snapshot
	// columns of the snapshot by the position of the field; nil: all rows
	// have the default
	columns []*store.Column

	changed []string
	added   []string
	seen    []bool   // by row of the snapshot
	order   *[]int32 // row of the snapshot by place in the answer, as it was the last time
	rows    int
	newest  int64 // greatest last_check
	window  int   // position of last_check, or -1
	// same, if not nil, are the sums of rows that need not be compared again.
	same []uint64
	sum  uint64 // of the next row, if told

	s       scratch
	key     []byte
	row     int
	differs bool
}

func newComparer(req *request, snap *store.Snapshot) *comparer {
	c := &comparer{req: req, snap: snap, seen: make([]bool, snap.Rows(req.table)), window: -1, order: new([]int32)}
	t := snap.Table(req.table)
	for _, name := range req.names {
		c.columns = append(c.columns, t.ColumnNamed(name))
	}
	return c
}

// Begin implements [livestatus.Sink].
func (c *comparer) Begin([]string) error { return nil }

// Seen implements [livestatus.Recaller]: the row is as it was when it was found
// to be the one in the store, which was not written since.
func (c *comparer) Seen(sum uint64) bool {
	if c.same == nil || c.rows >= len(*c.order) {
		return false
	}
	row := int((*c.order)[c.rows])
	if row < 0 || row >= len(c.same) || c.same[row] != sum || sum == 0 {
		return false
	}
	c.rows++
	c.seen[row] = true
	if c.window >= 0 {
		c.newest = max(c.newest, c.snap.Int(c.req.table, "last_check", row))
	}
	return true
}

// Sum implements [livestatus.Recaller].
func (c *comparer) Sum(sum uint64) { c.sum = sum }

// Row implements [livestatus.Sink].
func (c *comparer) Row(cells []livestatus.Cell) error {
	sum := c.sum
	c.sum = 0
	key, ok := c.req.appendKey(c.key[:0], cells)
	c.key = key
	if !ok {
		return nil
	}
	c.rows++
	if c.window >= 0 {
		c.newest = max(c.newest, cells[c.window].Int())
	}
	row, ok := c.find(key)
	if !ok {
		if len(c.added) > len(c.seen)+1000 {
			return errManyNew
		}
		c.added = append(c.added, string(key))
		return nil
	}
	c.seen[row] = true
	c.row, c.differs = row, false
	for i := range c.req.fields {
		// A key is equal, or the row would not have been found.
		if f := &c.req.fields[i]; !f.key && !c.differs {
			f.to(&c.s, c, i, cell(cells, f.at), cell(cells, f.with))
		}
	}
	switch {
	case c.differs:
		c.changed = append(c.changed, string(key))
	case c.same != nil:
		c.same[row] = sum
	}
	return nil
}

// find returns the row with that key. Cores answer in the same order each time,
// so that it mostly is where it was.
func (c *comparer) find(key []byte) (row int, ok bool) {
	at := c.rows - 1
	if at >= len(*c.order) {
		*c.order = append(*c.order, -1)
		at = len(*c.order) - 1
	}
	row, ok = c.snap.FindAt(c.req.table, key, int((*c.order)[at]))
	if ok {
		(*c.order)[at] = int32(row)
	}
	return row, ok
}

// gone returns the keys of the snapshot that the answer did not have.
func (c *comparer) gone() []string {
	var keys []string
	var all []string
	for row, seen := range c.seen {
		if seen {
			continue
		}
		if all == nil {
			all = c.snap.AllKeys(c.req.table)
		}
		keys = append(keys, all[row])
	}
	return keys
}

// Int implements out.
func (c *comparer) Int(col int, v int64) {
	if at := c.columns[col]; at != nil {
		c.differs = at.Int(c.row) != v
		return
	}
	c.differs = c.snap.Int(c.req.table, c.req.names[col], c.row) != v
}

// Text implements out.
func (c *comparer) Text(col int, v []byte) {
	if at := c.columns[col]; at != nil {
		c.differs = !bytes.Equal(at.Bytes(c.row), v)
		return
	}
	c.differs = c.snap.Text(c.req.table, c.req.names[col], c.row) != string(v)
}

// What is compared holds numbers and texts only; the rest of out is not used.
func (c *comparer) Float(int, float64)       {}
func (c *comparer) TextList(int, [][]byte)   {}
func (c *comparer) IntList(int, []int64)     {}
func (c *comparer) Members(int, [][2][]byte) {}
func (c *comparer) Dict(int, [][2][]byte)    {}
func (c *comparer) Tuples(int, [][]any)      {}

// hashSeed makes hashes comparable within the process.
var hashSeed = maphash.MakeSeed()

// A hasher sums up a row in normal form. Call reset before each row.
type hasher struct{ h maphash.Hash }

func (h *hasher) reset() {
	h.h.SetSeed(hashSeed)
	h.h.Reset()
}

func (h *hasher) sum() uint64 { return h.h.Sum64() }

func (h *hasher) word(v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	_, _ = h.h.Write(b[:]) // never fails
}

func (h *hasher) bytes(b []byte) {
	h.word(uint64(len(b)))
	_, _ = h.h.Write(b) // never fails
}

// Int implements out.
func (h *hasher) Int(_ int, v int64) { h.word(uint64(v)) }

// Float implements out.
func (h *hasher) Float(_ int, v float64) { h.word(math.Float64bits(v)) }

// Text implements out.
func (h *hasher) Text(_ int, v []byte) { h.bytes(v) }

// TextList implements out.
func (h *hasher) TextList(_ int, v [][]byte) {
	h.word(uint64(len(v)))
	for _, t := range v {
		h.bytes(t)
	}
}

// IntList implements out.
func (h *hasher) IntList(_ int, v []int64) {
	h.word(uint64(len(v)))
	for _, n := range v {
		h.word(uint64(n))
	}
}

// Members implements out.
func (h *hasher) Members(_ int, v [][2][]byte) {
	h.word(uint64(len(v)))
	for _, p := range v {
		h.bytes(p[0])
		h.bytes(p[1])
	}
}

// Dict implements out.
func (h *hasher) Dict(col int, v [][2][]byte) { h.Members(col, v) }

// Tuples implements out.
func (h *hasher) Tuples(_ int, v [][]any) {
	h.word(uint64(len(v)))
	for _, row := range v {
		h.word(uint64(len(row)))
		for _, a := range row {
			switch x := a.(type) {
			case int64:
				h.word(uint64(x))
			case float64:
				h.word(math.Float64bits(x))
			case string:
				h.bytes([]byte(x))
			}
		}
	}
}
