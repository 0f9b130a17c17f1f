package livestatus

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"slices"
	"sync"
)

const (
	isSpace = 1 << iota // between values
	isComma             // comma, and colon inside dictionaries
	isWord              // part of a number or an unquoted word
)

// class sorts bytes outside of texts.
var class = makeClasses()

func makeClasses() (t [256]uint8) {
	for _, c := range " \t\r\n" {
		t[c] = isSpace
	}
	t[','], t[':'] = isComma, isComma
	for c := range 256 {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			t[c] = isWord
		}
	}
	for _, c := range "+-.()_" {
		t[c] = isWord
	}
	return t
}

// maxDepth bounds how deep lists may be nested, the row's own list included.
const maxDepth = 32

// scanLimits bound what a scanner takes; all are set.
type scanLimits struct {
	rows, row, value int
}

// A scanner reads the body of an answer: a list of rows, or LMD's and Naemon's
// wrapped_json around one. It holds one row at a time.
//
// buf[row:pos] is what was scanned of the present row, buf[pos:end] what is
// still to be scanned. Cells are kept as positions relative to row, since more
// moves the row to the front of buf.
type scanner struct {
	r             io.Reader
	limits        scanLimits
	buf           []byte
	lent          *room // where buf, spans and cells are at first; nil: their own
	row, pos, end int
	err           error // of r, sticky
	spans         []span
	cells         []Cell

	width     int  // of a row, 0: not known yet
	header    bool // the next row is the header
	loose     bool // nothing is known about where the input ends
	names     []string
	began     bool
	sink      Sink
	recall    Recaller // the sink, if it is one
	skim      Skimmer  // likewise, and wants to be asked
	lead      int      // values after which it is
	commas    bool     // lines end with the comma between rows
	endless   bool     // there was a line too long to wait for its end
	rows      int
	dropped   int
	truncated int
	total     int
	failed    map[string]string
}

type span struct {
	kind     CellKind
	from, to int // relative to scanner.row
}

// errShape is wrapped by all errors about the form of an answer.
var errShape = errors.New("malformed answer")

// errLarge is wrapped by all errors about bounds.
var errLarge = errors.New("answer too large")

func shapef(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errShape, fmt.Sprintf(format, args...))
}

// newScanner returns a scanner for an answer of size bytes, if that is known.
func newScanner(r io.Reader, l scanLimits, s Sink, size int64) *scanner {
	recall, _ := s.(Recaller)
	lead := 0
	skim, ok := s.(Skimmer)
	if ok {
		lead = skim.Lead()
	}
	sc := &scanner{r: r, limits: l, sink: s, recall: recall, skim: skim, lead: lead, total: -1}
	if size < smallScan {
		sc.buf = make([]byte, max(size, 256))
		return sc
	}
	sc.lent = scanRooms.Get().(*room)
	sc.buf, sc.spans, sc.cells = sc.lent.bytes[:], sc.lent.spans[:0], sc.lent.cells[:0]
	return sc
}

// A room is what a scanner begins with, unless the answer is smaller than
// smallScan.
type room struct {
	bytes [64 << 10]byte
	spans []span
	cells []Cell
}

const smallScan = 1 << 10

var scanRooms = sync.Pool{New: func() any { return new(room) }}

// release gives back the scanner's room. It is of no use afterwards, nor is a cell
// it gave.
func (s *scanner) release() {
	if s.lent != nil && cap(s.cells) <= roomCells {
		s.lent.spans, s.lent.cells = s.spans[:0], s.cells[:0]
		clear(s.lent.cells[:cap(s.lent.cells)])
		scanRooms.Put(s.lent)
	}
	s.lent, s.buf, s.spans, s.cells = nil, nil, nil, nil
}

// roomCells is how many values a row may have had whose room is used again.
const roomCells = 1 << 10

// expect says how many values each row has.
func (s *scanner) expect(width int) {
	s.width = width
	s.spans, s.cells = slices.Grow(s.spans[:0], width), slices.Grow(s.cells[:0], width)
}

// unknownSize is for answers whose size is not known.
const unknownSize = math.MaxInt64

// more reads further bytes, behind the present row. It is false at the end of
// the input or on an error, see fail.
func (s *scanner) more() bool {
	if s.err != nil {
		return false
	}
	if s.row > 0 {
		copy(s.buf, s.buf[s.row:s.end])
		s.pos -= s.row
		s.end -= s.row
		s.row = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= s.limits.row {
			s.err = fmt.Errorf("%w: a row has more than %d bytes", errLarge, s.limits.row)
			return false
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.err = err
		}
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// fail returns why more was false: an end of input is an answer cut short.
func (s *scanner) fail() error {
	if s.err == io.EOF {
		return fmt.Errorf("%w: it ends within a value: %w", errShape, io.ErrUnexpectedEOF)
	}
	return s.err
}

// peek skips blanks and the bytes of skip and returns the next byte without
// taking it.
func (s *scanner) peek(skip uint8) (byte, error) {
	for {
		for s.pos < s.end {
			c := s.buf[s.pos]
			if class[c]&skip == 0 {
				return c, nil
			}
			s.pos++
		}
		if !s.more() {
			return 0, s.fail()
		}
	}
}

// scan reads the whole body.
func (s *scanner) scan() error {
	c, err := s.peek(isSpace)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return shapef("it is empty")
		}
		return err
	}
	switch c {
	case '[':
		err = s.scanRows()
	case '{':
		s.header = false // the names are a member of their own
		err = s.scanWrapped()
	default:
		return shapef("it begins with %q", c)
	}
	if err != nil {
		return err
	}
	if err := s.begin(s.names); err != nil || s.loose {
		return err
	}
	return s.scanEnd()
}

// scanEnd checks that nothing but blanks is behind the answer.
func (s *scanner) scanEnd() error {
	for {
		for s.pos < s.end {
			if class[s.buf[s.pos]]&isSpace == 0 {
				return shapef("%q is behind its end", s.buf[s.pos])
			}
			s.pos++
		}
		s.row = s.pos
		if !s.more() {
			if s.err == io.EOF {
				return nil
			}
			return s.err
		}
	}
}

// scanRows reads the list of rows that begins at pos.
func (s *scanner) scanRows() error {
	s.pos++
	for {
		s.row = s.pos
		c, err := s.peek(isSpace | isComma)
		if err != nil {
			return err
		}
		switch c {
		case ']':
			s.pos++
			return nil
		case '[':
		default:
			return shapef("a row begins with %q", c)
		}
		s.row = s.pos
		if !s.header {
			if err := s.begin(s.names); err != nil {
				return err
			}
		}
		sum, size := s.sum()
		if size > 0 && s.recall.Seen(sum) {
			s.pos += size
			if err := s.count(); err != nil {
				return err
			}
			continue
		}
		s.pos++
		s.spans = s.spans[:0]
		skimmed, err := s.scanRow(sum, size)
		if err != nil {
			return err
		}
		if skimmed {
			if err := s.count(); err != nil {
				return err
			}
			continue
		}
		if s.pos-s.row != size {
			size = 0
		}
		if err := s.give(sum, size > 0); err != nil {
			return err
		}
	}
}

// scanRow reads the values of a row up to and including its closing bracket.
// It is skimmed if the sink had enough with the first ones; size is that of
// what is probably the row, or 0, and sum its sum.
func (s *scanner) scanRow(sum uint64, size int) (skimmed bool, err error) {
	cut := s.truncated
	for {
		if size > 0 && s.lead > 0 && len(s.spans) == s.lead && s.truncated == cut && s.pos < s.row+size {
			end := s.row + size
			if skimmed, err = s.skim.Skim(s.cellsOf(), maphash.Bytes(rowSeed, s.buf[s.pos:end]), sum); skimmed || err != nil {
				s.pos = end
				return skimmed, err
			}
		}
		c, err := s.peek(isSpace | isComma)
		if err != nil {
			return false, err
		}
		if c == ']' {
			s.pos++
			return false, nil
		}
		if err := s.scanValue(c); err != nil {
			return false, err
		}
	}
}

// cellsOf returns the cells of what was scanned of the present row.
func (s *scanner) cellsOf() []Cell {
	s.cells = s.cells[:0]
	row := s.buf[s.row:]
	for _, p := range s.spans {
		s.cells = append(s.cells, Cell{p.kind, row[p.from:p.to]})
	}
	return s.cells
}

// scanValue reads one value, which begins with c at pos, into spans.
func (s *scanner) scanValue(c byte) error {
	from := s.pos - s.row
	switch c {
	case '"':
		if err := s.scanText(); err != nil {
			return err
		}
		s.spans = append(s.spans, span{TextCell, from + 1, s.pos - s.row - 1})
		return nil
	case '[', '{':
		if err := s.scanNested(); err != nil {
			return err
		}
		kind := ListCell
		if c == '{' {
			kind = DictCell
		}
		s.spans = append(s.spans, span{kind, from, s.pos - s.row})
		return nil
	}
	if err := s.scanWord(); err != nil {
		return err
	}
	to := s.pos - s.row
	kind, ok := CellKind(0), false
	if to > from {
		kind, ok = wordKind(s.buf[s.row+from : s.pos])
	}
	if !ok {
		return shapef("%q is no value", s.buf[s.row+from:min(s.row+max(to, from+1), s.row+from+40, s.end)])
	}
	s.spans = append(s.spans, span{kind, from, to})
	return nil
}

// scanWord moves pos behind the number or word at pos.
func (s *scanner) scanWord() error {
	for n := 0; ; {
		for s.pos < s.end {
			if class[s.buf[s.pos]]&isWord == 0 {
				return nil
			}
			s.pos++
			if n++; n > 1000 {
				return shapef("a number has more than 1000 digits")
			}
		}
		if !s.more() {
			return s.fail()
		}
	}
}

// scanText moves pos from a quote to behind the quote that ends the text. A
// text longer than the bound is cut within the buffer.
func (s *scanner) scanText() error {
	s.pos++
	start := s.pos - s.row // of the content, relative
	for {
		q := bytes.IndexByte(s.buf[s.pos:s.end], '"')
		if q >= 0 {
			s.pos += q
			if escaped(s.buf[s.row+start : s.pos]) {
				s.pos++
				continue
			}
			if s.pos-s.row-start > s.limits.value {
				s.cut(s.keep(start), s.pos)
				return nil
			}
			s.pos++
			return nil
		}
		s.pos = s.end
		if s.end-s.row-start > s.limits.value {
			return s.skipText(start)
		}
		if !s.more() {
			return s.fail()
		}
	}
}

// skipText goes on scanning a text that is already longer than the bound,
// without keeping more of it.
func (s *scanner) skipText(start int) error {
	odd := escaped(s.buf[s.row+start : s.end])
	to := s.keep(start)
	for {
		s.end = s.row + to
		s.pos = s.end
		if !s.more() {
			return s.fail()
		}
		for i := s.pos; i < s.end; i++ {
			switch {
			case odd:
				odd = false
			case s.buf[i] == '\\':
				odd = true
			case s.buf[i] == '"':
				s.cut(to, i)
				return nil
			}
		}
	}
}

// keep returns where a text that begins at start and is longer than the bound
// is cut: at the bound, but not within an escape of two characters. Both are
// relative to row.
func (s *scanner) keep(start int) int {
	to := start + s.limits.value
	if escaped(s.buf[s.row+start : s.row+to]) {
		to--
	}
	return to
}

// cut drops the end of a text, from to (relative) up to its quote (absolute),
// and moves pos behind the quote.
func (s *scanner) cut(to, quote int) {
	n := copy(s.buf[s.row+to:], s.buf[quote:s.end])
	s.pos = s.row + to + 1
	s.end = s.row + to + n
	s.truncated++
}

// scanNested moves pos from a bracket to behind the one that closes it.
func (s *scanner) scanNested() error {
	var curly uint64 // bit of a depth: it is a dictionary
	depth := 0
	for {
		for s.pos < s.end {
			switch c := s.buf[s.pos]; c {
			case '"':
				if err := s.scanText(); err != nil {
					return err
				}
				continue
			case '[', '{':
				if depth++; depth >= maxDepth {
					return fmt.Errorf("%w: lists are nested deeper than %d", errLarge, maxDepth)
				}
				curly &^= 1 << depth
				if c == '{' {
					curly |= 1 << depth
				}
			case ']', '}':
				if (curly>>depth&1 == 1) != (c == '}') {
					return shapef("brackets do not match")
				}
				if depth--; depth == 0 {
					s.pos++
					return nil
				}
			default:
				if class[c] == 0 {
					return shapef("%q stands where a value should", c)
				}
			}
			s.pos++
		}
		if !s.more() {
			return s.fail()
		}
	}
}

// give hands the present row to the sink, or takes it as the header.
func (s *scanner) give(sum uint64, whole bool) error {
	s.cellsOf()
	if s.header {
		s.header = false
		names := make([]string, len(s.cells))
		for i, c := range s.cells {
			names[i] = c.Text()
		}
		s.width = len(names)
		return s.begin(names)
	}
	if s.width == 0 {
		s.width = len(s.cells)
	}
	if len(s.cells) != s.width {
		s.dropped++
		return nil
	}
	if err := s.count(); err != nil {
		return err
	}
	if whole {
		s.recall.Sum(sum)
	}
	return s.sink.Row(s.cells)
}

// count counts a row.
func (s *scanner) count() error {
	if s.rows++; s.rows > s.limits.rows {
		return fmt.Errorf("%w: more than %d rows", errLarge, s.limits.rows)
	}
	return nil
}

// rowSeed is that of the sums of rows.
var rowSeed = maphash.MakeSeed()

// sum returns the sum of what is probably the row at pos, and its size in
// bytes: rows end with a line, as texts have no raw line breaks. Only a row that
// was taken apart and had that size is told to the sink, so that a sum which
// was seen is that of a whole row. The size is 0 if nobody wants to know, or the
// end is not in the buffer.
func (s *scanner) sum() (sum uint64, size int) {
	if s.recall == nil || !s.began || s.width == 0 {
		return 0, 0
	}
	if size = s.line(); size <= 0 {
		return 0, 0
	}
	row := bytes.TrimRight(s.buf[s.pos:s.pos+size], "\r")
	if n := len(row); row[n-1] == ',' {
		row, s.commas = row[:n-1], true
	} else if (s.commas || s.rows == 0) && s.pos+size+1 == s.end {
		row = row[:n-1] // the last or only one, with the bracket of the list
	}
	return maphash.Bytes(rowSeed, row), len(row)
}

// line returns how many bytes the present row has up to its line feed, -1 if
// that does not come soon. It reads on for it: what comes next is the rest of the
// row in any case.
func (s *scanner) line() int {
	for from := 0; ; {
		if i := bytes.IndexByte(s.buf[s.pos+from:s.end], '\n'); i >= 0 {
			return from + i
		}
		from = s.end - s.pos
		if s.endless || from >= lineAtMost || !s.more() {
			s.endless = s.endless || from >= lineAtMost
			return -1
		}
	}
}

// lineAtMost is how long a row may be whose sum is told, unless more of it was
// read together.
const lineAtMost = 16 << 10

func (s *scanner) begin(names []string) error {
	if s.began {
		return nil
	}
	s.began = true
	return s.sink.Begin(names)
}

// scanWrapped reads wrapped_json, whose members may come in any order.
func (s *scanner) scanWrapped() error {
	s.pos++
	data := false
	for {
		s.row = s.pos
		c, err := s.peek(isSpace | isComma)
		if err != nil {
			return err
		}
		if c == '}' {
			s.pos++
			if !data {
				return shapef("it has no rows")
			}
			return nil
		}
		if c != '"' {
			return shapef("a member begins with %q", c)
		}
		s.row = s.pos
		if err := s.scanText(); err != nil {
			return err
		}
		name := Cell{TextCell, s.buf[s.row+1 : s.pos-1]}.Text()
		if c, err = s.peek(isSpace | isComma); err != nil {
			return err
		}
		if name == "data" && c == '[' && !data {
			data = true
			if err := s.scanRows(); err != nil {
				return err
			}
			continue
		}
		if err := s.scanMember(name, c); err != nil {
			return err
		}
	}
}

// scanMember reads a member of wrapped_json other than the rows.
func (s *scanner) scanMember(name string, c byte) error {
	s.row = s.pos
	s.spans = s.spans[:0]
	if err := s.scanValue(c); err != nil {
		return err
	}
	p := s.spans[0]
	v := Cell{p.kind, s.buf[s.row+p.from : s.row+p.to]}
	switch name {
	case "total_count":
		s.total = int(v.Int())
	case "failed":
		v.EachPair(func(k, v Cell) {
			if s.failed == nil {
				s.failed = map[string]string{}
			}
			s.failed[k.Text()] = v.Text()
		})
	case "columns":
		if s.began || s.names != nil {
			return nil
		}
		names := make([]string, 0, v.Len())
		v.Each(func(c Cell) { names = append(names, c.Text()) })
		s.width = len(names)
		return s.begin(names)
	}
	return nil
}
