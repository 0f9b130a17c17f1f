package list

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Bounds of an export, in rows.
const (
	maxExport = 200_000
	maxExcel  = 50_000 // of which it takes seconds to make a workbook
	maxCopy   = 1000
	inOneGo   = 10_000 // rows held in memory
)

// A field is one column of an export and where it comes from.
type field struct {
	export.Column
	from Column
	read string // column of the table; "": text
	text func(c status.Cells, row int) string
}

// fields returns what an export of the columns holds.
func (l *List) fields(columns []Column) []field {
	var out []field
	t, _ := schema.Lookup(l.Table)
	for _, c := range columns {
		values := c.Values
		if values == nil && c.Plain != nil {
			values = []Value{{Key: c.Key, Column: c.Plain.Column}}
		} else if values == nil {
			values = []Value{{Column: c.Key}}
		}
		for _, v := range values {
			f := field{from: c, read: v.Column, text: v.Text, Column: export.Column{Key: v.Key, Label: v.Label}}
			if f.Key == "" {
				f.Key = c.Key
				if v.Column != "" {
					f.Key = v.Column
				}
			}
			if f.Label == "" {
				f.Label = c.Head()
			}
			if v.Text == nil {
				ref, err := t.Resolve(v.Column)
				if err != nil {
					continue
				}
				f.Kind = kindOf(ref.Column.Kind)
			}
			out = append(out, f)
		}
	}
	return out
}

// OwnerValues are what an export writes for who has a problem.
func OwnerValues(ctx context.Context) []Value {
	return []Value{
		{Key: "owner", Text: func(c status.Cells, row int) string { return status.OwnerOf(c, row).Name(ctx) }},
		{Key: "owner_note", Label: ui.T(ctx, "Note"), Text: func(c status.Cells, row int) string { return status.OwnerOf(c, row).Text }},
	}
}

func kindOf(k schema.Kind) export.Kind {
	switch k {
	case schema.Bool:
		return export.Bool
	case schema.Int, schema.Float:
		return export.Number
	case schema.Time:
		return export.Time
	case schema.TextList, schema.IntList, schema.Members:
		return export.List
	}
	return export.Text
}

// cell returns the value of a field in a row.
func (f field) cell(c status.Cells, row int) any {
	if f.text != nil {
		return f.text(c, row)
	}
	v := c.Vector(f.read)
	switch f.Kind {
	case export.Bool:
		return v.Bool(row)
	case export.Time:
		return status.Unix(v.Int(row))
	case export.Number:
		if v.Kind == lql.Floats {
			return v.Float(row)
		}
		return v.Int(row)
	case export.List:
		if names := v.List(row); names != nil {
			return names
		}
		out := []string{}
		for _, p := range v.Pairs(row) {
			out = append(out, strings.TrimSuffix(p[0]+"="+p[1], "="))
		}
		return out
	}
	if f.from.Plain != nil && f.from.Plain.Var != "" {
		return f.from.Plain.filed(c, row)
	}
	return v.Text(row)
}

// An exporter reads a list in one go after the other.
type exporter struct {
	q      Request
	data   lql.Querier
	fields []field
	want   []string
	base   string // address of the server, for links
	first  *Page
}

// exporter reads the first rows of an export, so that trouble is told before
// anything is written.
func (q Request) exporter(r *http.Request, most int) (*exporter, error) {
	q.After, q.Before, q.First, q.Until, q.Offset, q.Limit = nil, nil, nil, nil, 0, min(inOneGo, most)
	e := &exporter{q: q, data: web.Data(r), fields: q.List.fields(q.Columns), base: web.BaseURL(r)}
	e.want = q.List.needs(q.Columns)
	for _, f := range e.fields {
		if f.read != "" && !slices.Contains(e.want, f.read) {
			e.want = append(e.want, f.read)
		}
	}
	var err error
	e.first, err = q.load(r.Context(), e.data, e.want, nil)
	return e, err
}

// table returns the export, at most so many rows of it.
func (e *exporter) table(ctx context.Context, most int) export.Table {
	t := export.Table{Title: e.q.List.Words.Title, Zone: Zone(ctx), Rows: e.rows(ctx, most)}
	for _, f := range e.fields {
		t.Columns = append(t.Columns, f.Column)
	}
	return t
}

// rows yields the rows, at most so many.
func (e *exporter) rows(ctx context.Context, most int) iter.Seq2[export.Row, error] {
	return func(yield func(export.Row, error) bool) {
		for p := e.first; ; {
			cells := status.Of(p.Result)
			for i := range p.Result.Rows {
				if most--; most < 0 || !yield(e.row(cells, i), nil) {
					return
				}
			}
			if !p.more {
				return
			}
			q := e.q
			q.After = p.last
			next, err := q.load(ctx, e.data, e.want, nil)
			if err != nil {
				yield(export.Row{}, err)
				return
			}
			p = next
		}
	}
}

func (e *exporter) row(c status.Cells, i int) export.Row {
	out := export.Row{Cells: make([]any, len(e.fields))}
	for k, f := range e.fields {
		out.Cells[k] = f.cell(c, i)
	}
	if e.q.List.Link != nil {
		out.Link = e.base + e.q.List.Link(c, i)
	}
	return out
}

// export serves GET of the list as a file: all rows that the address asks for,
// in its order, with its columns.
func (l *List) export(w http.ResponseWriter, r *http.Request) error {
	q, err := l.Parse(r)
	if err == nil {
		err = q.Asked.Wrong(r.Context())
	}
	if err != nil {
		return err
	}
	format, err := web.OneOf(r, "format", Formats()...)
	if err != nil {
		return err
	}
	most := mostRows(format)
	e, err := q.exporter(r, most)
	if err != nil {
		return err
	}
	if e.first.Total > most {
		return tooLong(r.Context(), e.first.Total, most)
	}
	return Send(w, r, l.Name, format, e.table(r.Context(), most))
}

// The forms in which a list can be copied.
func copies() []string { return []string{"text", "markdown", "curl", "livestatus"} }

// copy serves GET of the list as a text to copy.
func (l *List) copy(w http.ResponseWriter, r *http.Request) error {
	q, err := l.Parse(r)
	if err == nil {
		err = q.Asked.Wrong(r.Context())
	}
	if err != nil {
		return err
	}
	form, err := web.OneOf(r, "as", copies()...)
	if err != nil {
		return err
	}
	text, note, err := q.copied(r, form)
	if err != nil {
		return err
	}
	return ShowText(w, r, Text{
		Title: Offer{}.Title(r.Context(), l.Words.Title, form), Text: text, Note: note,
		Active: l.Name, Back: []ui.Crumb{{Label: l.Words.Title, Path: l.Path}},
	})
}

// copied writes the list in a form; note says what is missing.
func (q Request) copied(r *http.Request, form string) (text, note string, err error) {
	ctx := r.Context()
	switch form {
	case "curl":
		return q.curl(r), CurlNote(ctx), nil
	case "livestatus":
		out := q.Query(q.livestatusColumns()...)
		out.Sort, out.ColumnHeaders = q.keys(), lql.On
		note = LivestatusNote(ctx)
		if c, _ := q.List.Column(q.Sort); len(c.Steps) > 0 {
			note += " " + ui.T(ctx, "Its rows come in another order than here, which no query can ask for.")
		}
		return string(out.AppendText(nil)), note, nil
	}
	e, err := q.exporter(r, maxCopy)
	if err != nil {
		return "", "", err
	}
	if text, err = Written(form, e.table(ctx, maxCopy)); err != nil {
		return "", "", fmt.Errorf("%s: copy: %w", q.List.Name, err)
	}
	if e.first.Total > maxCopy {
		note = ui.T(ctx, "These are the first %s of %s.", ui.Number(maxCopy), q.List.Words.Count(e.first.Total))
	}
	return text, note, nil
}

// livestatusColumns are the columns of the table that the list shows.
func (q Request) livestatusColumns() []string {
	var out []string
	for _, f := range q.List.fields(q.Columns) {
		names := []string{f.read}
		if f.read == "" {
			names = f.from.Need
			if f.from.Key == "state" {
				names = q.stateColumns()
			}
		}
		for _, n := range names {
			if n != "" && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// stateColumns are the columns of the table with the state of a row: its own,
// or those of the host and the service that it is on.
func (q Request) stateColumns() []string {
	if t, ok := schema.Lookup(q.List.Table); ok {
		if _, err := t.Resolve("state"); err == nil {
			return []string{"state"}
		}
	}
	return []string{"host_state", "service_state"}
}

// curl returns the command that fetches the list.
func (q Request) curl(r *http.Request) string {
	return Curl(r, q.exportPath(r.Context(), "json"))
}

// exportPath returns the address, without prefix, of the list as a file, with
// the columns that are shown, whoever asks.
func (q Request) exportPath(ctx context.Context, format string) string {
	return q.List.Path + "/export?" + q.asked(ctx, "format", format)
}

// copyPath returns the address of the list as a text to copy.
func (q Request) copyPath(ctx context.Context, form string) string {
	return q.List.Path + "/copy?" + q.asked(ctx, "as", form)
}

// asked returns the query of the present page with one more parameter and
// without those that say which rows are shown.
func (q Request) asked(ctx context.Context, name, value string) string {
	out := everyRow(ctx)
	out.Set("columns", strings.Join(spelling(q.Columns), ","))
	out.Set(name, value)
	return out.Encode()
}
