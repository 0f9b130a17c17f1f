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
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A look is how a list is shown: what a person or the house keeps. The zero
// look chooses nothing.
type look struct {
	Columns []string `json:"columns,omitempty"` // keys, each with an own head behind a colon; nil: the default ones
	Density string   `json:"density,omitempty"`
}

// preference is where a person's look is kept, and that for all among the
// values of the installation.
func (l *List) preference() string { return "list." + l.Name }

// looks returns what the person chose and what is chosen for all.
func (l *List) looks(r *http.Request) (own, house look, err error) {
	if err := web.Prefs(r).Get(l.preference(), &own); err != nil {
		return own, house, fmt.Errorf("%s: columns: %w", l.Name, err)
	}
	if err := web.House(r, l.preference(), &house); err != nil {
		return own, house, fmt.Errorf("%s: columns for all: %w", l.Name, err)
	}
	return own, house, nil
}

// chosen sets the columns and density to show: those of the address, else
// those of the person, else those of the house, else the default ones.
func (q *Request) chosen(r *http.Request) error {
	own, house, err := q.List.looks(r)
	if err != nil {
		return err
	}
	if q.Density, err = web.OneOf(r, "density", cmp.Or(own.Density, usualDensity(r, house)), Normal, Compact, Roomy); err != nil {
		return err
	}
	spelled := own.Columns
	if spelled == nil {
		spelled = house.Columns
	}
	if v := r.FormValue("columns"); v != "" {
		spelled = strings.Split(v, ",")
		if wrong := q.List.unknown(spelled); wrong != "" {
			return web.BadParameter("columns", ui.T(r.Context(), "columns names “%s”, which this list does not have", ui.Visible(wrong)),
				ui.T(r.Context(), "Name columns of the table %s, or _NAME for a custom variable, with commas between", q.List.Table))
		}
	}
	q.Columns = q.List.Chosen(spelled)
	if spelled == nil && web.OnWall(r) {
		q.Columns = slices.DeleteFunc(q.Columns, func(c Column) bool { return c.Detail })
	}
	for i := range q.Columns {
		q.Columns[i].offCard = spelled == nil && q.Columns[i].Detail
		q.Columns[i].narrow = spelled == nil && (q.Columns[i].Detail || q.Columns[i].Key == "owner")
	}
	return nil
}

// usualDensity is that of a list without one of the person's own: what they
// chose for all lists in their profile, else that of the house.
func usualDensity(r *http.Request, house look) string {
	return cmp.Or(web.Density(r), house.Density, Normal)
}

// unknown returns the first of the spelled columns that the list does not have.
func (l *List) unknown(spelled []string) string {
	for _, s := range spelled {
		key, _, _ := strings.Cut(s, ":")
		if _, ok := l.Column(key); !ok {
			return key
		}
	}
	return ""
}

// Chosen returns the columns of a person's choice in its order, or the default
// ones when it is nil. Fixed columns that it lacks come first. Unknown keys,
// from another version, are left out.
func (l *List) Chosen(spelled []string) []Column {
	var out []Column
	if spelled == nil {
		for _, c := range l.Columns {
			if c.Fixed || c.Default {
				out = append(out, c)
			}
		}
		return out
	}
	for _, s := range spelled {
		key, own, _ := strings.Cut(s, ":")
		c, ok := l.Column(key)
		if !ok || shows(out, key) || len(out) == maxChosen {
			continue
		}
		c.Own = clean(own)
		out = append(out, c)
	}
	var fixed []Column
	for _, c := range l.Columns {
		if c.Fixed && !shows(out, c.Key) {
			fixed = append(fixed, c)
		}
	}
	return append(fixed, out...)
}

// clean returns a head as a person wrote it, without what would end it.
func clean(own string) string {
	own = strings.Join(strings.Fields(strings.NewReplacer(",", " ", ":", " ").Replace(own)), " ")
	if len(own) > maxLabel {
		own = strings.ToValidUTF8(own[:maxLabel], "")
	}
	return own
}

// spelling is the opposite of Chosen.
func spelling(columns []Column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Key
		if c.Own != "" {
			out[i] += ":" + c.Own
		}
	}
	return out
}

// offered returns the columns of the quick menu: those that are shown, in their
// order, then the other usual ones.
func (v View) offered() []Column {
	out := slices.Clone(v.Columns)
	for _, c := range v.List.Columns {
		if !shows(out, c.Key) {
			out = append(out, c)
		}
	}
	return out
}

func shows(columns []Column, key string) bool {
	return slices.ContainsFunc(columns, func(c Column) bool { return c.Key == key })
}

// heads returns the heads of columns.
func heads(columns []Column) []ui.Head {
	out := make([]ui.Head, len(columns))
	for i, c := range columns {
		out[i] = ui.Head{Label: c.Head(), Class: c.Class, Desc: c.Desc}
		if c.narrow {
			out[i].Class = "nar " + c.Class
			if c.Detail {
				out[i].Class = "nar opt " + c.Class
			}
		}
		if c.sortable() {
			out[i].Sort = c.Key
		}
	}
	return out
}

// picked returns the columns that a form ticks, in the order of its fields
// "column". It is never nil: choosing nothing is a choice.
func (l *List) picked(form url.Values) []string {
	out := []string{}
	for _, key := range form["column"] {
		c, ok := l.Column(key)
		if !ok || !c.Fixed && !form.Has("c-"+key) {
			continue
		}
		if own := clean(form.Get("n-" + key)); own != "" && own != c.Label {
			key += ":" + own
		}
		out = append(out, key)
	}
	return out
}

// Counts returns how saved views of the list are counted.
func Counts(path string, declare func(context.Context) *List) map[string]web.ViewCount {
	return map[string]web.ViewCount{path: func(ctx context.Context, data lql.Querier, query url.Values) (int, error) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query.Encode()}}
		q, err := declare(ctx).Parse(r.WithContext(ctx))
		if err != nil {
			return 0, err
		}
		res, err := data.Query(ctx, q.Query().Count(lql.AndOf()))
		if err != nil {
			return 0, fmt.Errorf("%s: count: %w", q.List.Name, err)
		}
		return status.Of(res).Stat(0, 0), nil
	}}
}

// Routes returns the routes that the list at path has besides its page; declare
// is how the room makes it.
func Routes(path string, declare func(context.Context) *List) []web.Route {
	return []web.Route{
		{Pattern: "GET " + path + "/columns", Right: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return declare(r.Context()).setup(w, r)
		}},
		{Pattern: "GET " + path + "/arrange", Right: web.SignedIn, Fresh: true, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return declare(r.Context()).arrange(w, r)
		}},
		{Pattern: "POST " + path + "/columns", Right: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return declare(r.Context()).keep(w, r)
		}},
		{Pattern: "GET " + path + "/export", Right: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return declare(r.Context()).export(w, r)
		}},
		{Pattern: "GET " + path + "/copy", Right: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return declare(r.Context()).copy(w, r)
		}},
	}
}
