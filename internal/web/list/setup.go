package list

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// maxVariables is how many custom variables are offered.
const maxVariables = 500

// A setupView is the page that chooses columns and density.
type setupView struct {
	Request
	Shown []Column // in their order
	Other []Column
	Back  string // the list as it was
	House bool   // the person may choose for all
}

// setup serves GET of the page that chooses columns: shown ones in their order,
// then all others that the list can show.
func (l *List) setup(w http.ResponseWriter, r *http.Request) error {
	q, err := l.Parse(r)
	if err != nil {
		return err
	}
	names, err := q.List.variables(r.Context(), web.Data(r))
	if err != nil {
		return err
	}
	v := setupView{Request: q, Shown: q.Columns, Back: back(r.FormValue("back"), l.Path), House: web.Role(r) == "admin"}
	for _, c := range q.List.Catalogue(names) {
		if !shows(v.Shown, c.Key) {
			v.Other = append(v.Other, c)
		}
	}
	title := ui.T(r.Context(), "Columns of %s", l.Words.Title)
	return web.Render(w, r, web.Page{Title: title, Active: l.Name, Body: setupPage(v, title)})
}

// variables returns the keys of the custom variables that the objects of whoever
// asks have, without those that hold secrets.
func (l *List) variables(ctx context.Context, data lql.Querier) ([]string, error) {
	tables := map[string]string{"hosts": "_"}
	switch l.Table {
	case "services":
		tables = map[string]string{"services": "_", "hosts": "_HOST"}
	case "comments", "downtimes":
		tables = map[string]string{"hosts": "_HOST"}
	}
	var out []string
	for table, prefix := range tables {
		query := lql.Get(table).Count(lql.AndOf())
		query.GroupBy = []string{"custom_variable_names"}
		res, err := data.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("%s: custom variables: %w", l.Name, err)
		}
		seen := map[string]bool{}
		for i := range res.Rows {
			for _, name := range res.Vectors[0].List(i) {
				if !seen[name] && len(out) < maxVariables {
					seen[name] = true
					out = append(out, prefix+name)
				}
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// keep serves POST of the chooser of columns: keeps what the person wants for
// themselves or for all, or shows it in the address.
func (l *List) keep(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	own := *l
	own.secrets = web.Viewer(r).CommandLines
	l = &own
	form := r.PostForm
	to := back(form.Get("back"), l.Path)
	chosen := look{Columns: l.picked(form), Density: form.Get("density")}
	if !slices.Contains([]string{"", Normal, Compact, Roomy}, chosen.Density) {
		return web.BadRequest("density must be one of normal, compact, roomy", ui.T(r.Context(), "Go back and try again"))
	}
	if place := cmp.Or(form.Get("up"), form.Get("down")); place != "" {
		moved := move(chosen.Columns, place, form.Get("down") != "")
		return web.Redirect(w, r, l.Path+"/columns?"+url.Values{"columns": {strings.Join(moved, ",")}, "density": {chosen.Density}, "back": {to}}.Encode(), "")
	}
	to, err := l.arranged(r, to)
	if err != nil {
		return err
	}
	switch do := form.Get("do"); do {
	case "show", "view":
		if to, err = l.once(r, to, chosen); err == nil && do == "view" {
			to = saving(to)
		}
	case "house":
		err = web.SetHouse(r, l.preference(), "list.columns", l.Words.Title, chosen)
	case "reset-house":
		err = web.SetHouse(r, l.preference(), "list.columns", l.Words.Title, nil)
	case "reset":
		err = web.Prefs(r).Set(l.preference(), nil)
	default:
		err = l.keepOwn(r, chosen)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, to, "")
}

// keepOwn keeps a look for who asks.
func (l *List) keepOwn(r *http.Request, chosen look) error {
	old, house, err := l.looks(r)
	if err != nil {
		return err
	}
	switch chosen.Density {
	case "": // the quick menu has none: it stays
		chosen.Density = old.Density
	case usualDensity(r, house): // follows the profile
		chosen.Density = ""
	}
	return web.Prefs(r).Set(l.preference(), chosen)
}

// move returns columns with one a place up or down.
func move(spelled []string, key string, down bool) []string {
	at := slices.IndexFunc(spelled, func(s string) bool { k, _, _ := strings.Cut(s, ":"); return k == key })
	to := at - 1
	if down {
		to = at + 1
	}
	if at < 0 || to < 0 || to >= len(spelled) {
		return spelled
	}
	out := slices.Clone(spelled)
	out[at], out[to] = out[to], out[at]
	return out
}

// back returns where a form leads back to: the given address when it is the
// page at path, with or without parameters, else path itself. The address no
// longer names columns or density.
func back(given, path string) string {
	if given != path && (!strings.HasPrefix(given, path+"?") || strings.ContainsAny(given, "\r\n\\")) {
		return path
	}
	return with(given, "columns", "", "density", "")
}

// with returns an address of ours with parameters changed: pairs of name and
// value; an empty value removes it. What is no address stays.
func with(address string, pairs ...string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	v := u.Query()
	changed := false
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
			changed = true
		} else if v.Has(pairs[i]) {
			v.Del(pairs[i])
			changed = true
		}
	}
	switch {
	case !changed:
		return address
	case len(v) == 0:
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + v.Encode()
}

// densities are the densities with what to call them.
func densities(ctx context.Context) [][2]string {
	return [][2]string{{Compact, ui.T(ctx, "Compact")}, {Normal, ui.T(ctx, "Normal")}, {Roomy, ui.T(ctx, "Roomy")}}
}

// setupPath returns the address of the page that chooses columns.
func (v View) setupPath(ctx context.Context) string {
	return v.List.Path + "/columns?" + url.Values{"columns": {strings.Join(spelling(v.Columns), ",")}, "density": {v.Density}, "back": {ui.With(ctx)}}.Encode()
}
