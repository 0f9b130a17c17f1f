package export

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

const (
	excelText = 32_000 // characters of a cell at most; Excel takes 32,767
	excelLink = 250    // characters of a link at most; Excel takes 255
)

// Excel writes t as a workbook of one sheet: cells of their own types, a frozen
// head with a filter on each column, and the first column linked to the pages
// of its rows. Texts stay texts, whatever they begin with.
func Excel(w io.Writer, t Table) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("export: excel: %w", e)
		}
	}()
	const sheet = "Sheet1"
	s, err := newSheet(f, sheet, t)
	if err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	n := 1
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		n++
		if err := s.row(n, row); err != nil {
			return fmt.Errorf("export: excel: %w", err)
		}
	}
	last, err := excelize.CoordinatesToCellName(len(t.Columns), n)
	if err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	// The end of the sheet is written by Flush, the filter with it.
	if err := f.AutoFilter(sheet, "A1:"+last, nil); err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	if err := f.SetSheetName(sheet, sheetName(t.Title)); err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("export: excel: %w", err)
	}
	return nil
}

// A sheet is a sheet on its way.
type sheet struct {
	t    Table
	out  *excelize.StreamWriter
	time int // styles
	link int
}

func newSheet(f *excelize.File, name string, t Table) (*sheet, error) {
	s := &sheet{t: t}
	format := "yyyy-mm-dd hh:mm:ss"
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	if s.time, err = f.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return nil, err
	}
	if s.link, err = f.NewStyle(&excelize.Style{Font: &excelize.Font{Color: "0563C1", Underline: "single"}}); err != nil {
		return nil, err
	}
	if s.out, err = f.NewStreamWriter(name); err != nil {
		return nil, err
	}
	for i, c := range t.Columns {
		if err := s.out.SetColWidth(i+1, i+1, width(c)); err != nil {
			return nil, err
		}
	}
	if err := s.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	head := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = excelize.Cell{StyleID: bold, Value: c.Label}
	}
	return s, s.out.SetRow("A1", head)
}

// width guesses what a column needs, in characters.
func width(c Column) float64 {
	switch c.Kind {
	case Number, Bool:
		return float64(max(10, utf8.RuneCountInString(c.Label)+4))
	case Time:
		return 20
	}
	return 28
}

// row writes row n, counted from 1.
func (s *sheet) row(n int, r Row) error {
	cells := make([]any, len(s.t.Columns))
	for i := range cells {
		cells[i] = s.cell(at(r.Cells, i))
	}
	if text, ok := cells[0].(string); ok && r.Link != "" {
		if l, ok := linked(text, r.Link); ok {
			l.StyleID = s.link
			cells[0] = l
		}
	}
	return s.out.SetRow(fmt.Sprintf("A%d", n), cells)
}

// cell is a value as Excel has it.
func (s *sheet) cell(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time:
		if v.IsZero() {
			return nil
		}
		// Excel knows no zones: the clock of the reader's zone is written.
		_, offset := v.In(s.t.zone()).Zone()
		return excelize.Cell{StyleID: s.time, Value: v.UTC().Add(time.Duration(offset) * time.Second)}
	case int64, float64, bool:
		return v
	}
	return visible(s.t.text(v))
}

// visible returns what an Excel cell may hold of a text.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > excelText {
		s = string([]rune(s)[:excelText])
	}
	return s
}

// linked returns a cell that shows text and leads to an address; ok is false
// for what Excel does not take.
func linked(text, address string) (c excelize.Cell, ok bool) {
	if utf8.RuneCountInString(address) > excelLink || utf8.RuneCountInString(text) > excelLink || strings.ContainsAny(text+address, "\r\n\t") {
		return c, false
	}
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	return excelize.Cell{Formula: "HYPERLINK(" + quote(address) + "," + quote(text) + ")", Value: text}, true
}

// sheetName returns a title as Excel takes it for the name of a sheet.
func sheetName(title string) string {
	title = strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`[]:*?/\`, r) {
			return ' '
		}
		return r
	}, title), " '")
	if r := []rune(title); len(r) > 31 {
		title = string(r[:31])
	}
	if title == "" {
		return "Sheet1"
	}
	return title
}
