package list

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// An arrangement is the sheet with all that wide pages have above a list and in
// the heads of its table, for phones: order, what narrows it, columns, density,
// saving and exports. Its form is sent to where columns are kept.
type arrangement struct {
	View
	orders []group
}

// A group is columns that a list can be sorted by, under one head.
type group struct {
	label   string
	columns []Column
}

// arrange serves GET of the sheet. Its address has the query of the list, and it
// is drawn as if it were at the list's own address.
func (l *List) arrange(w http.ResponseWriter, r *http.Request) error {
	at := *ui.Env(r.Context())
	at.Path = l.Path
	r = r.WithContext(ui.WithEnv(r.Context(), &at))
	q, err := l.Parse(r)
	if err != nil {
		return err
	}
	data, p := web.Data(r), &Page{}
	if err := p.count(r.Context(), data, q); err != nil {
		return err
	}
	v := View{Request: q, Page: p}
	if v.Menus, err = menus(r, q); err != nil {
		return err
	}
	names, err := q.List.variables(r.Context(), data)
	if err != nil {
		return err
	}
	a := arrangement{View: v, orders: q.orders(r.Context(), names)}
	return web.Render(w, r, web.Page{
		Title: a.title(r.Context()), Active: l.Name, Status: q.Asked.Status(), Body: arrangePage(a),
		Blocks: map[string]templ.Component{"form": arrangeForm(a)},
	})
}

func (a arrangement) title(ctx context.Context) string {
	return ui.T(ctx, "List: %s", a.List.Words.Title)
}

// orders returns what the list can be sorted by: the usual columns, the custom
// variables of these names, and what else the table has.
func (q Request) orders(ctx context.Context, variables []string) []group {
	out := []group{{label: ui.T(ctx, "Usual columns")}, {label: ui.T(ctx, "Custom variables")}, {label: ui.T(ctx, "Further columns")}}
	for _, c := range q.List.Catalogue(variables) {
		at := 2
		switch {
		case slices.ContainsFunc(q.List.Columns, func(u Column) bool { return u.Key == c.Key }):
			at = 0
		case strings.HasPrefix(c.Key, "_"):
			at = 1
		}
		if i := slices.IndexFunc(q.Columns, func(s Column) bool { return s.Key == c.Key }); i >= 0 {
			c = q.Columns[i] // by the name that the person gave it
		}
		if c.sortable() {
			out[at].columns = append(out[at].columns, c)
		}
	}
	return slices.DeleteFunc(out, func(g group) bool { return len(g.columns) == 0 })
}

// offered returns the options of the menu, and whether one of them is what the
// filter chooses now. A site may be chosen by its name.
func (m Menu) offered(chosen string) (options [][2]string, known bool) {
	options = slices.Clone(m.Options)
	for i := range options {
		if options[i][1] == chosen {
			options[i][0] = chosen
		}
		known = known || options[i][0] == chosen
	}
	return options, known
}

// arranged returns an address of the list changed by what the sheet says about
// its order and what narrows it.
func (l *List) arranged(r *http.Request, to string) (string, error) {
	if key := r.PostForm.Get("sort"); key != "" {
		if c, ok := l.Column(key); !ok || !c.sortable() {
			return "", web.BadRequest(ui.T(r.Context(), "This list cannot be sorted by “%s”", ui.Visible(key)), ui.T(r.Context(), "Go back and try again"))
		}
		if r.PostForm.Get("desc") != "" {
			key = "-" + key
		}
		if key == l.Order {
			key = ""
		}
		to = with(to, "sort", key)
	}
	for _, c := range l.Choices {
		values := r.PostForm["only-"+c.Field]
		if len(values) == 0 {
			continue
		}
		u, err := url.Parse(to)
		if err != nil {
			return to, nil // back made sure
		}
		at := *ui.Env(r.Context())
		at.Path, at.Query = l.Path, u.Query()
		ctx := ui.WithEnv(r.Context(), &at)
		asked, err := filter.Read((&http.Request{Method: http.MethodGet, URL: u}).WithContext(ctx), l.Table)
		if err != nil || asked.Err != nil {
			return to, nil // which the list itself says
		}
		if values[0] == asked.Chosen(c.Field) {
			continue
		}
		to = asked.Choose(ctx, c.Field, slices.DeleteFunc(values, func(v string) bool { return v == "" })...)
	}
	return to, nil
}

// once returns an address of the list that shows it in a look, which it need not
// say where that is what the person sees anyway.
func (l *List) once(r *http.Request, to string, chosen look) (string, error) {
	own, house, err := l.looks(r)
	if err != nil {
		return "", err
	}
	usual := own.Columns
	if usual == nil {
		usual = house.Columns
	}
	columns, density := strings.Join(chosen.Columns, ","), chosen.Density
	if columns == strings.Join(spelling(l.Chosen(usual)), ",") {
		columns = ""
	}
	if density == cmp.Or(own.Density, usualDensity(r, house)) {
		density = ""
	}
	return with(to, "columns", columns, "density", density), nil
}
