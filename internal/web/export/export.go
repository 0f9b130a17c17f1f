// Package export writes tables as files and texts: CSV, JSON, Excel, plain
// text, Markdown. It knows no page: a room says what the columns are and gives
// the rows one after the other, so that a table of any length is never held in
// memory. Excel files are written to a temporary file first.
package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Kind is the type of a column's values.
type Kind uint8

// The kinds, with the Go type of a cell.
const (
	Text   Kind = iota // string
	Number             // int64 or float64
	Bool               // bool
	Time               // time.Time, zero: never
	List               // []string
)

// A Column is one column of a table.
type Column struct {
	Key   string // name in JSON, stable
	Label string // head everywhere else
	Kind  Kind
}

// A Row is one row: a cell for each column, nil where there is no value, and
// the address of the page about it.
type Row struct {
	Cells []any
	Link  string // absolute, "" none
}

// A Table is what is exported. Rows can be read once. An error in it ends the
// writing, which returns it.
type Table struct {
	Title   string
	Columns []Column
	Rows    iter.Seq2[Row, error]
	Zone    *time.Location // of the times; nil: UTC
}

// layout is how times are written for people; it sorts.
const layout = "2006-01-02 15:04:05"

// text writes a cell for people, "" for no value.
func (t Table) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.In(t.zone()).Format(layout)
	case []string:
		return strings.Join(v, ", ")
	}
	return ""
}

func (t Table) zone() *time.Location {
	if t.Zone == nil {
		return time.UTC
	}
	return t.Zone
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// CSV writes t as RFC 4180 says, in UTF-8, with a head. Texts that a
// spreadsheet would take for a formula begin with an apostrophe; numbers stay
// as they are.
func CSV(w io.Writer, t Table) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	line := make([]string, len(t.Columns))
	for i, col := range t.Columns {
		line[i] = harmless(col.Label)
	}
	if err := c.Write(line); err != nil {
		return fmt.Errorf("export: csv: %w", err)
	}
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		for i := range line {
			line[i] = t.text(at(row.Cells, i))
			if t.Columns[i].Kind == Text || t.Columns[i].Kind == List {
				line[i] = harmless(line[i])
			}
		}
		if err := c.Write(line); err != nil {
			return fmt.Errorf("export: csv: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("export: csv: %w", err)
	}
	return nil
}

func at(cells []any, i int) any {
	if i < len(cells) {
		return cells[i]
	}
	return nil
}

// JSON writes t as an array of objects, a row a line, with the keys of the
// columns in their order; times are RFC 3339, never is null.
func JSON(w io.Writer, t Table) error {
	keys := make([][]byte, len(t.Columns))
	for i, col := range t.Columns {
		b, err := json.Marshal(col.Key)
		if err != nil {
			return fmt.Errorf("export: json: %w", err)
		}
		keys[i] = b
	}
	line := []byte("[")
	first := true
	for row, err := range t.Rows {
		if err != nil {
			return err
		}
		if !first {
			line = append(line, ',')
		}
		first = false
		line = append(line, "\n{"...)
		for i := range t.Columns {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(append(line, keys[i]...), ':')
			b, err := json.Marshal(t.value(at(row.Cells, i)))
			if err != nil {
				return fmt.Errorf("export: json: %w", err)
			}
			line = append(line, b...)
		}
		line = append(line, '}')
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("export: json: %w", err)
		}
		line = line[:0]
	}
	if _, err := w.Write(append(line, "\n]\n"...)); err != nil {
		return fmt.Errorf("export: json: %w", err)
	}
	return nil
}

// value is a cell as JSON has it.
func (t Table) value(v any) any {
	if x, ok := v.(time.Time); ok {
		if x.IsZero() {
			return nil
		}
		return x.In(t.zone()).Format(time.RFC3339)
	}
	return v
}

// maxWidth bounds the width of a column of plain text, in characters.
const maxWidth = 60

// Plain writes t as text with blanks between the columns, so that it stays a
// table in a mail with a fixed font.
func Plain(w io.Writer, t Table) error {
	head, rows, err := t.read()
	if err != nil {
		return err
	}
	widths := make([]int, len(head))
	for _, r := range append([][]string{head}, rows...) {
		for i, s := range r {
			widths[i] = max(widths[i], min(utf8.RuneCountInString(s), maxWidth))
		}
	}
	var b strings.Builder
	for _, r := range append([][]string{head}, rows...) {
		for i, s := range r {
			if i == len(r)-1 {
				b.WriteString(s)
				break
			}
			right := t.Columns[i].Kind == Number
			pad := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(s), 0))
			if right {
				b.WriteString(pad + s + "  ")
			} else {
				b.WriteString(s + pad + "  ")
			}
		}
		b.WriteString("\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("export: text: %w", err)
	}
	return nil
}

// Markdown writes t as a table of GitHub's Markdown.
func Markdown(w io.Writer, t Table) error {
	head, rows, err := t.read()
	if err != nil {
		return err
	}
	escape := strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", `&lt;`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`)
	var b strings.Builder
	line := func(cells []string) {
		for _, s := range cells {
			b.WriteString("| " + escape.Replace(s) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	for _, c := range t.Columns {
		if c.Kind == Number {
			b.WriteString("| ---: ")
		} else {
			b.WriteString("| --- ")
		}
	}
	b.WriteString("|\n")
	for _, r := range rows {
		line(r)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("export: markdown: %w", err)
	}
	return nil
}

// read takes all rows as texts of one line.
func (t Table) read() (head []string, rows [][]string, err error) {
	for _, c := range t.Columns {
		head = append(head, c.Label)
	}
	for row, err := range t.Rows {
		if err != nil {
			return nil, nil, err
		}
		line := make([]string, len(t.Columns))
		for i := range line {
			line[i] = oneLine(t.text(at(row.Cells, i)))
		}
		rows = append(rows, line)
	}
	return head, rows, nil
}

// oneLine folds white space, and leaves out what is no character.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}
