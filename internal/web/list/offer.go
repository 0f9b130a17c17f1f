package list

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/ui"
)

// An Offer is a menu of the files and texts that a page can be had as. Whatever
// has no address is not offered.
type Offer struct {
	Words string                     // what the files hold
	File  func(format string) string // address of a file; nil: there are none
	Forms []string                   // texts to copy
	Text  func(form string) string   // address of a text
	One   bool                       // it is about one object, not a list
	Slim  bool                       // its button is only an icon: others stand beside it
}

// Title names a text to copy of a thing.
func (o Offer) Title(ctx context.Context, thing, form string) string {
	return thing + ": " + o.label(ctx, form)
}

// Formats are the kinds of files.
func Formats() []string { return []string{"csv", "xlsx", "json"} }

// formatLabel names a kind of file.
func formatLabel(format string) string {
	if format == "xlsx" {
		return "Excel"
	}
	return strings.ToUpper(format)
}

// icon and name are those of the button.
func (o Offer) icon() string {
	if o.File == nil {
		return "copy"
	}
	return "export"
}

// text is what the button shows beside its icon.
func (o Offer) text(ctx context.Context) string {
	if o.One || o.Slim {
		return ""
	}
	return o.name(ctx)
}

func (o Offer) name(ctx context.Context) string {
	if o.File == nil {
		return ui.T(ctx, "Copy as")
	}
	return ui.T(ctx, "Export")
}

// label names a form to copy.
func (o Offer) label(ctx context.Context, form string) string {
	if o.One && form == "markdown" {
		return ui.T(ctx, "Markdown for a ticket")
	}
	return formLabel(ctx, form)
}

// formLabel names a form to copy.
func formLabel(ctx context.Context, form string) string {
	switch form {
	case "markdown":
		return ui.T(ctx, "Markdown table")
	case "link":
		return ui.T(ctx, "Permanent link")
	case "curl":
		return ui.T(ctx, "curl command")
	case "livestatus":
		return ui.T(ctx, "Livestatus query")
	}
	return ui.T(ctx, "Text")
}

// Written returns a table as a text: Markdown for the form "markdown", else
// plain.
func Written(form string, t export.Table) (string, error) {
	var b bytes.Buffer
	write := export.Plain
	if form == "markdown" {
		write = export.Markdown
	}
	err := write(&b, t)
	return b.String(), err
}

// Curl returns the command that fetches an address of ours.
func Curl(r *http.Request, path string) string {
	return "curl -u USER '" + strings.ReplaceAll(web.BaseURL(r)+path, "'", `'\''`) + "'\n"
}

// CurlNote says what to change in the command.
func CurlNote(ctx context.Context) string {
	return ui.T(ctx, "Put your user name or a token in the place of USER.")
}

// LivestatusNote says where a query goes.
func LivestatusNote(ctx context.Context) string {
	return ui.T(ctx, "Send it to the Livestatus port of Belvedere, or with \"belvedere query\".")
}

// Zone returns the zone of the times in files and texts.
func Zone(ctx context.Context) *time.Location {
	if z := ui.Env(ctx).Zone; z != nil {
		return z
	}
	return time.Local
}

// A Text is a text to copy.
type Text struct {
	Title  string
	Text   string
	Note   string // what to know about it
	Active string // entry of the menu
	Back   []ui.Crumb
}

// ShowText serves a text to copy: a page with it, or the text alone for whoever
// asks for text/plain.
func ShowText(w http.ResponseWriter, r *http.Request, t Text) error {
	if strings.HasPrefix(r.Header.Get("Accept"), "text/plain") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, t.Text) // the reader may be gone
		return nil
	}
	return web.Render(w, r, web.Page{Title: t.Title, Active: t.Active, Body: copyPage(t), Blocks: map[string]templ.Component{}})
}

// tooLong refuses a file of more rows than its kind takes.
func tooLong(ctx context.Context, n, most int) error {
	return &web.Error{Status: http.StatusRequestEntityTooLarge,
		Msg:  ui.T(ctx, "These are %s rows, and a file of this kind takes %s", ui.Number(n), ui.Number(most)),
		Hint: ui.T(ctx, "Narrow the list with a filter and export again")}
}

// Send writes a table as a file. Once the first byte is written trouble ends
// the connection, so that half a file does not look whole.
func Send(w http.ResponseWriter, r *http.Request, name, format string, t export.Table) error {
	types := map[string]string{"csv": "text/csv; charset=utf-8; header=present", "json": "application/json; charset=utf-8",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	write := map[string]func(io.Writer, export.Table) error{"csv": export.CSV, "json": export.JSON, "xlsx": export.Excel}[format]
	h := w.Header()
	h.Set("Content-Type", types[format])
	file := name + "-" + ui.Now(r.Context()).In(t.Zone).Format("2006-01-02-1504") + "." + format
	h.Set("Content-Disposition", `attachment; filename="`+file+`"`)
	out := &begun{w: w}
	err := write(out, t)
	if err != nil && out.any {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		h.Del("Content-Disposition")
	}
	return err
}

// A begun writer knows whether anything was written.
type begun struct {
	w   io.Writer
	any bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.any = true
	return b.w.Write(p)
}
