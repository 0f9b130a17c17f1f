package list

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/ui"
)

// A Whole is a page that is no [List] and reads all its rows at once, as a table
// to be had as a file or a text.
type Whole struct {
	Name  string // of the files, and entry of the menu
	Title string
	Path  string // of the page
	Files string // its files are at /export below it, its texts at /copy; "": below the page
	Rows  int
	Table export.Table
	Query *lql.Query // gives the rows, or what they are made of; nil: none does
	Apart string     // how the rows of Query differ from those here
}

// A Field is a column of a Whole and what a row has there, see [export.Column].
type Field[T any] struct {
	export.Column
	Of func(T) any
}

// In returns the field with this key and head whose cells are what of returns,
// values of kind.
func In[T any](key, label string, kind export.Kind, of func(T) any) Field[T] {
	return Field[T]{export.Column{Key: key, Label: label, Kind: kind}, of}
}

// Filled returns x with its table: rows, a column for each of the fields, and
// for each row the address, without prefix, of the page about it.
func Filled[T any](r *http.Request, x Whole, rows []T, page func(T) string, fields ...Field[T]) Whole {
	x.Rows = len(rows)
	x.Table = export.Table{Title: x.Title, Zone: Zone(r.Context())}
	for _, f := range fields {
		x.Table.Columns = append(x.Table.Columns, f.Column)
	}
	base := web.BaseURL(r)
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for _, row := range rows {
			out := export.Row{Link: base + page(row), Cells: make([]any, len(fields))}
			for i, f := range fields {
				out.Cells[i] = f.Of(row)
			}
			if !yield(out, nil) {
				return
			}
		}
	}
	return x
}

// wholeForms are the texts of a Whole whose rows no single query gives.
func wholeForms() []string { return []string{"text", "markdown", "curl"} }

// WithQuery returns o with the text that [Whole.Query] is.
func (o Offer) WithQuery() Offer {
	o.Forms = append(o.Forms, "livestatus")
	return o
}

// OfferWhole is what the page can be had as whose files are below path; words
// say what they hold.
func OfferWhole(ctx context.Context, path, words string) Offer {
	return Offer{
		Words: words, Forms: wholeForms(),
		File: func(format string) string { return wholePath(ctx, path+"/export", "format", format) },
		Text: func(form string) string { return wholePath(ctx, path+"/copy", "as", form) },
	}
}

func wholePath(ctx context.Context, path, name, value string) string {
	q := everyRow(ctx)
	q.Set(name, value)
	return path + "?" + q.Encode()
}

// everyRow returns the query of the present page without what says which rows
// are shown and in which form.
func everyRow(ctx context.Context) url.Values {
	out := url.Values{}
	for k, v := range ui.Env(ctx).Query {
		switch k {
		case "after", "before", "first", "until", "offset", "as", "format":
		default:
			out[k] = v
		}
	}
	return out
}

// mostRows is how many rows a file takes.
func mostRows(format string) int {
	if format == "xlsx" {
		return maxExcel
	}
	return maxExport
}

// WholeRoutes returns the routes of the files and texts below path, for those
// who have the right; read makes the table that a request asks for, as its
// person may see it.
func WholeRoutes(path string, right web.Right, read func(*http.Request) (Whole, error)) []web.Route {
	route := func(below string, serve func(Whole, http.ResponseWriter, *http.Request) error) web.Route {
		return web.Route{Pattern: "GET " + path + below, Right: right, Handler: func(w http.ResponseWriter, r *http.Request) error {
			x, err := read(r)
			if err != nil {
				return err
			}
			return serve(x, w, r)
		}}
	}
	return []web.Route{route("/export", Whole.serveFile), route("/copy", Whole.serveCopy)}
}

// serveFile serves GET of the page as a file.
func (x Whole) serveFile(w http.ResponseWriter, r *http.Request) error {
	format, err := web.OneOf(r, "format", Formats()...)
	if err != nil {
		return err
	}
	if most := mostRows(format); x.Rows > most {
		return tooLong(r.Context(), x.Rows, most)
	}
	return Send(w, r, x.Name, format, x.Table)
}

// serveCopy serves GET of the page as a text to copy, at most its first rows.
func (x Whole) serveCopy(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	forms := wholeForms()
	if x.Query != nil {
		forms = append(forms, "livestatus")
	}
	form, err := web.OneOf(r, "as", forms...)
	if err != nil {
		return err
	}
	t := Text{Title: Offer{}.Title(ctx, x.Title, form), Active: x.Name, Back: []ui.Crumb{{Label: x.Title, Path: x.Path}}}
	switch form {
	case "curl":
		t.Text, t.Note = Curl(r, wholePath(ctx, cmp.Or(x.Files, x.Path)+"/export", "format", "json")), CurlNote(ctx)
		return ShowText(w, r, t)
	case "livestatus":
		t.Text, t.Note = string(x.Query.AppendText(nil)), LivestatusNote(ctx)+" "+x.Apart
		return ShowText(w, r, t)
	}
	rows, left := x.Table.Rows, maxCopy
	x.Table.Rows = func(yield func(export.Row, error) bool) {
		for row, err := range rows {
			if left--; left < 0 || !yield(row, err) {
				return
			}
		}
	}
	if t.Text, err = Written(form, x.Table); err != nil {
		return fmt.Errorf("%s: copy: %w", x.Name, err)
	}
	if x.Rows > maxCopy {
		t.Note = ui.T(ctx, "These are the first %s of %s.", ui.Number(maxCopy), ui.Number(x.Rows))
	}
	return ShowText(w, r, t)
}
