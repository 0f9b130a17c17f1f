package list

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// A View is what the templates draw of a list.
type View struct {
	Request
	*Page
	Menus   []Menu    // to narrow the list with
	Saved   []db.View // of this page
	Nothing Nothing
	oneSite bool  // all rows are of one site
	wider   []int // rows under each filter of Asked.Wider, where none is under Asked
}

// Shown are the columns as they are drawn: without the site where that is the
// same for all rows. Files and texts have all of Columns.
func (v View) Shown() []Column {
	if !v.oneSite {
		return v.Columns
	}
	return slices.DeleteFunc(slices.Clone(v.Columns), func(c Column) bool { return c.Key == "site" && c.Fixed })
}

// A Menu offers the values of a field, each with its label.
type Menu struct {
	Choice
	Options [][2]string
}

// links are the entries of a menu: all, and each value alone.
func (m Menu) links(ctx context.Context, a filter.Asked) []ui.Link {
	chosen := a.Chosen(m.Field)
	out := []ui.Link{{Label: m.All, Path: a.Choose(ctx, m.Field), Current: chosen == ""}}
	for _, o := range m.Options {
		out = append(out, ui.Link{Label: o[1], Path: a.Choose(ctx, m.Field, o[0]), Current: chosen == o[0]})
	}
	return out
}

// Nothing says why a list is empty.
type Nothing uint8

const (
	NoMatch   Nothing = iota // the filter hides what there is
	NoReading                // the filter cannot be read
	NoRights                 // the person may see nothing
	NoSites                  // there is no site
	NoData                   // nothing was read yet
	None                     // there is nothing, and that is well
	NoObjects                // no core has any, and the person would see them
)

// NewView arranges a page for the templates. It asks for what the menus offer
// when the request needs them: they are in no block.
func NewView(r *http.Request, q Request, p *Page) (View, error) {
	v := View{Request: q, Page: p, Nothing: why(web.Viewer(r), q, p.Parts)}
	v.oneSite = q.Asked.Chosen("site") != "" || len(p.Parts) > 0 && !slices.ContainsFunc(p.Parts, func(x lql.Part) bool { return x.Key != p.Parts[0].Key })
	if v.Nothing == NoMatch && p.Total == 0 && web.Wants(r, "list") {
		var err error
		if v.wider, err = q.wider(r.Context(), web.Data(r)); err != nil {
			return v, err
		}
	}
	if !web.Wants(r, "menus") { // no block has this name: whole pages only
		return v, nil
	}
	views, err := web.Views(r)
	if err != nil {
		return v, err
	}
	v.Saved = slices.DeleteFunc(views, func(x db.View) bool { return x.Path != q.List.Path })
	v.Menus, err = menus(r, q)
	return v, err
}

// menus are those that narrow the list.
func menus(r *http.Request, q Request) (out []Menu, err error) {
	for _, c := range q.List.Choices {
		options, err := choices(r.Context(), web.Data(r), c.Table)
		if err != nil {
			return nil, fmt.Errorf("%s: menu of %s: %w", q.List.Name, c.Field, err)
		}
		out = append(out, Menu{c, options})
	}
	return out, nil
}

// why finds out why there would be no rows.
func why(viewer access.Viewer, q Request, parts []lql.Part) Nothing {
	read := 0
	for _, part := range parts {
		if !part.Missing {
			read++
		}
	}
	switch {
	case len(parts) == 0 && !viewer.All:
		return NoRights
	case q.Asked.Err != nil:
		return NoReading
	case q.Filtered():
		return NoMatch
	case len(parts) == 0:
		return NoSites
	case read == 0:
		return NoData
	case q.List.Words.None != "":
		return None
	case viewer.All:
		return NoObjects
	}
	return NoRights
}

// maxChoices is how many names a menu offers.
const maxChoices = 1000

// choices returns the different names in a table with their labels.
func choices(ctx context.Context, data lql.Querier, table string) (out [][2]string, err error) {
	if table == "sites" {
		res, err := data.Query(ctx, lql.Get("sites", "key", "name"))
		if err != nil {
			return nil, err
		}
		for i := range res.Rows {
			out = append(out, [2]string{res.Text(i, "key"), res.Text(i, "name")})
		}
		return out, nil
	}
	query := lql.Get(table)
	query.GroupBy = []string{"name"}
	res, err := data.Query(ctx, query.Count(lql.AndOf()))
	if err != nil {
		return nil, err
	}
	for i := range min(res.Rows, maxChoices) {
		name := res.Vectors[0].Text(i)
		out = append(out, [2]string{name, name})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	return out, nil
}

// words says which rows of how many are shown: "1 – 100 of 2 040 hosts".
func (v View) words(ctx context.Context) string {
	all := v.List.Words.Count(v.Total)
	rows := v.Result.Rows
	switch {
	case rows == 0:
		return ui.T(ctx, "none of %s here", all)
	case rows >= v.Total:
		return all
	}
	return ui.T(ctx, "%s – %s of %s", ui.Number(v.From+1), ui.Number(v.From+rows), all)
}

// tabs are the saved views of the page, behind the whole list.
func (v View) tabs(ctx context.Context) []ui.Link {
	now := ui.Env(ctx).Query
	out := []ui.Link{{Label: ui.T(ctx, "All"), Path: v.List.Path, Current: web.SameView(now, nil)}}
	for _, x := range v.Saved {
		q, err := url.ParseQuery(x.Query)
		out = append(out, ui.Link{Label: ui.Visible(x.Name), Path: x.Address(), Current: err == nil && web.SameView(now, q)})
	}
	return out
}

// savePath returns the address of the form that saves what is shown.
func (v View) savePath(ctx context.Context) string {
	at := v.List.Path
	if q := web.ViewQuery(ui.Env(ctx).Query); q != "" {
		at += "?" + q
	}
	return saving(at)
}

// saving returns the address of the form that saves the page at an address.
func saving(at string) string { return "/views/new?" + url.Values{"at": {at}}.Encode() }

// arrangePath returns the address of the sheet with all that can be chosen.
func (v View) arrangePath(ctx context.Context) string {
	_, query, _ := strings.Cut(ui.With(ctx), "?")
	return strings.TrimSuffix(v.List.Path+"/arrange?"+query, "?")
}

// offer is what the list can be had as.
func (v View) offer(ctx context.Context) Offer {
	return Offer{
		Words: v.exported(ctx), Forms: copies(),
		File: func(format string) string { return v.exportPath(ctx, format) },
		Text: func(form string) string { return v.copyPath(ctx, form) },
	}
}

// exported says what an export holds.
func (v View) exported(ctx context.Context) string {
	return ui.T(ctx, "%s with %s columns", v.List.Words.Count(v.Total), ui.Number(len(v.Columns)))
}

// nextPath returns the address of the page that follows, "" when there is none.
func (v View) nextPath(ctx context.Context) string {
	if !v.more {
		return ""
	}
	if c := v.next.String(); c != "" {
		return ui.Anew(ctx, "after", c)
	}
	if v.back() { // only places are known, and this one cannot be written
		return ""
	}
	return ui.With(ctx, "offset", strconv.Itoa(v.Offset+v.Result.Rows))
}

// prevPath returns the address of the page before, "" when there is none.
func (v View) prevPath(ctx context.Context) string {
	if !v.less {
		return ""
	}
	if v.Offset > 0 {
		if n := v.Offset - v.Limit; n > 0 {
			return ui.With(ctx, "offset", strconv.Itoa(n))
		}
		return ui.With(ctx, "offset", "")
	}
	if c := v.prev.String(); c != "" && v.From > v.Limit {
		return ui.Anew(ctx, "before", c)
	}
	return ui.Anew(ctx) // the first page, which is whole
}

// bounds tells the page where it begins, if it was asked for by its end, and
// where it can be taken apart, if it is long: where each hundred of its rows ends.
func (v View) bounds() templ.Attributes {
	out := templ.Attributes{}
	if first := v.first.String(); v.back() && first != "" {
		out["data-first"] = first
	}
	var ends []string
	for _, m := range v.marks {
		ends = append(ends, m.String())
	}
	if len(ends) > 0 && v.Until == nil && !slices.Contains(ends, "") {
		out["data-slices"] = strings.Join(ends, " ")
	}
	return out
}

func (v View) back() bool { return v.Before != nil }

// heads are those of the columns, and of what selects rows and acts on them.
func (v View) heads(ctx context.Context) []ui.Head {
	if !v.List.Acts {
		return heads(v.Shown())
	}
	return action.Heads(ctx, v.List.Peek, heads(v.Shown())...)
}

// Source is the list as what can be acted on as a whole.
func (v View) Source() action.Source {
	return action.Source{List: v.List.Name, Total: v.Total, Words: v.List.Words.Count(v.Total)}
}
