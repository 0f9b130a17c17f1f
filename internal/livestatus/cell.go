package livestatus

// CellKind is the type of a JSON value.
type CellKind uint8

// The kinds of cells.
const (
	NullCell CellKind = iota
	BoolCell
	NumberCell // also NaN and infinity, which count as 0
	TextCell
	ListCell
	DictCell // a JSON object
)

// A Cell is one value of an answer, read with tolerance: every accessor works
// on every kind. It points into the answer's buffer and is valid only during
// the call that got it. The zero Cell is null.
type Cell struct {
	kind CellKind
	raw  []byte
}

// Kind returns the type of the value as sent.
func (c Cell) Kind() CellKind { return c.kind }

// Null reports whether the value is null.
func (c Cell) Null() bool { return c.kind == NullCell }

// Int returns the value as an integer: fractions cut, texts that hold a number
// read, booleans 0 or 1, anything else 0.
func (c Cell) Int() int64 { return 0 }

// Float returns the value as a finite number, 0 where it is none.
func (c Cell) Float() float64 { return 0 }

// AppendText appends the value as valid UTF-8 text: numbers as sent, null and
// lists as nothing.
func (c Cell) AppendText(dst []byte) []byte { return dst }

// Each calls f for each element of a list, and for the values of a dictionary.
func (c Cell) Each(f func(Cell)) {}

// EachPair calls f for each entry of a dictionary, and for each two element
// list of a list, which is how some cores send dictionaries.
func (c Cell) EachPair(f func(k, v Cell)) {}
