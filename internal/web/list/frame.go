package list

import (
	"context"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Read reads the address of the list, its page and, where they are drawn, how
// many rows each of terms chooses: View.Counts.
func (l *List) Read(r *http.Request, terms ...search.Expr) (View, error) {
	q, err := l.Parse(r)
	if err != nil {
		return View{}, err
	}
	if !web.Wants(r, "figures") {
		terms = nil
	}
	p, err := q.Figures(r.Context(), web.Data(r), terms...)
	if err != nil {
		return View{}, err
	}
	return NewView(r, q, p)
}

// A Drawing is what a room adds to its list.
type Drawing struct {
	Active  string          // entry of the menu
	Figures templ.Component // numbers beside the title
	End     templ.Component // at the end of the head; may be nil
	Rows    templ.Component
	Kinds   []action.Kind // what can be done with the rows that are selected
}

// Serve answers with the page of a list. The page and its live update share
// rows, so what an update sends is what a reload would show.
func (v View) Serve(w http.ResponseWriter, r *http.Request, d Drawing) error {
	return web.Render(w, r, web.Page{
		Title:  v.List.Words.Title,
		Status: v.Asked.Status(),
		Active: d.Active,
		Body:   frame(v, d),
		Blocks: map[string]templ.Component{"figures": d.Figures, "list": d.Rows},
		Parts:  v.Parts,
	})
}

// Keeper returns a function that draws a row of the list with part, or as it
// was drawn before, see [ui.Keep]. A part may depend on the row, the columns of
// v, same, and what whoever looks may do at the site of the row.
func (v View) Keeper() func(r *status.Row, same bool, part templ.Component) templ.Component {
	kind := ui.AppendText(nil, v.List.Name)
	for _, c := range v.Shown() {
		kind = ui.AppendText(ui.AppendText(kind, c.Key), c.CardHead())
	}
	kind = status.Of(v.Result).AppendColumns(append(kind, 0))
	return func(r *status.Row, same bool, part templ.Component) templ.Component {
		return ui.Keep(func(ctx context.Context, b []byte) []byte {
			b = strconv.AppendBool(ui.AppendText(append(b, kind...), ui.MayNot(ctx, r.Site)), same)
			return r.AppendDepends(b)
		}, part)
	}
}
