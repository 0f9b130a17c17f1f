package livestatus

import "errors"

// A Held is a [Sink] that keeps the rows of an answer for another sink, which
// gets them later. It holds up to Most bytes. For one goroutine at a time.
type Held struct {
	Most int // bytes

	columns []string
	begun   bool
	text    []byte // of all cells
	cells   []heldCell
	rows    []heldRow
	sum     uint64 // of the next row
}

type heldCell struct {
	kind     CellKind
	from, to int // in text
}

type heldRow struct {
	sum uint64 // 0: not told
	to  int    // in cells
}

// ErrHeld is the error of an answer that is larger than a [Held] may keep.
var ErrHeld = errors.New("livestatus: the answer is too large to be held")

// Begin implements [Sink].
func (h *Held) Begin(columns []string) error {
	h.columns, h.begun = columns, true
	return nil
}

// Seen implements [Recaller].
func (h *Held) Seen(uint64) bool { return false }

// Sum implements [Recaller].
func (h *Held) Sum(sum uint64) { h.sum = sum }

// Row implements [Sink].
func (h *Held) Row(cells []Cell) error {
	for _, c := range cells {
		from := len(h.text)
		h.text = append(h.text, c.raw...)
		h.cells = append(h.cells, heldCell{c.kind, from, len(h.text)})
	}
	h.rows = append(h.rows, heldRow{h.sum, len(h.cells)})
	h.sum = 0
	if len(h.text)+24*len(h.cells) > h.Most {
		return ErrHeld
	}
	return nil
}

// Give hands the rows to s. Errors are those of s.
func (h *Held) Give(s Sink) error {
	if !h.begun {
		return nil
	}
	if err := s.Begin(h.columns); err != nil {
		return err
	}
	recaller, _ := s.(Recaller)
	var cells []Cell
	from := 0
	for _, row := range h.rows {
		at := h.cells[from:row.to]
		from = row.to
		if recaller != nil && row.sum != 0 {
			if recaller.Seen(row.sum) {
				continue
			}
			recaller.Sum(row.sum)
		}
		cells = cells[:0]
		for _, c := range at {
			cells = append(cells, Cell{c.kind, h.text[c.from:c.to:c.to]})
		}
		if err := s.Row(cells); err != nil {
			return err
		}
	}
	return nil
}
