package filter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// Asked is the filter that an address asks for. The zero Asked holds for every
// row. It is never changed once it was read.
type Asked struct {
	Text   string // as written
	Expr   search.Expr
	Err    *search.Error // what is wrong with Text: then no row is meant
	Edit   string        // text to begin with in the field, besides the chips
	tables []string
	parts  []part
}

// A part is a term of the query, with its filter by table.
type part struct {
	expr    search.Expr
	filters []lql.Filter
}

// Read reads the filter of the rows of some tables from the address of r. Where
// parameters of older addresses or of the form say something, the error leads
// to the address that says it in q. A query that is wrong is no error: it is in
// Err, and the page shows it with the status of [Asked.Status].
func Read(r *http.Request, tables ...string) (Asked, error) {
	return ReadBeside(r, nil, tables...)
}

// ReadBeside is Read for a page whose address has parameters of its own: those
// say nothing about the filter, even where older addresses of lists have them.
func ReadBeside(r *http.Request, own []string, tables ...string) (Asked, error) {
	if to := folded(r, own); to != "" {
		return Asked{}, web.Elsewhere(to)
	}
	a := Asked{Text: strings.TrimSpace(r.FormValue("q")), Edit: r.FormValue("edit"), tables: tables}
	var err error
	if a.Expr, err = search.Parse(a.Text); err == nil {
		err = a.bind(r)
	}
	if bad, ok := errors.AsType[*search.Error](err); ok {
		if bad.Problem == search.NoSuchWord && len(search.WordsOf(bad.Of, tables...)) > 0 {
			bad.Want = search.WordsOf(bad.Of, tables...)
		}
		a.Err, a.parts = bad, nil
		return a, nil
	}
	return a, err
}

// bind makes the filters.
func (a *Asked) bind(r *http.Request) error {
	kids := []search.Expr{a.Expr}
	if a.Expr.Kind == search.All {
		kids = a.Expr.Kids
	}
	for _, k := range kids {
		fs, err := bound(r, k, a.tables)
		if err != nil {
			return err
		}
		a.parts = append(a.parts, part{k, fs})
	}
	return nil
}

// bound makes the filters of a term, with the engine's help where it must.
func bound(r *http.Request, e search.Expr, tables []string) ([]lql.Filter, error) {
	now := ui.Now(r.Context())
	if zone := ui.Env(r.Context()).Zone; zone != nil {
		now = now.In(zone)
	}
	if !e.NeedsData() {
		return e.Filters(now, tables...)
	}
	return search.Bind(r.Context(), web.Data(r), e, now, tables...)
}

// Empty reports whether nothing is asked for.
func (a Asked) Empty() bool { return a.Text == "" }

// Status returns the status of a page with this filter: 400 when it is wrong,
// else 0, which is the usual one.
func (a Asked) Status() int {
	if a.Err != nil {
		return http.StatusBadRequest
	}
	return 0
}

// Wrong returns what is wrong with the filter as an error for people, nil when
// it is well: for answers that have no query bar to say it in.
func (a Asked) Wrong(ctx context.Context) error {
	if a.Err == nil {
		return nil
	}
	return web.BadRequest(strings.TrimSuffix(Message(ctx, a.Err), "."), hint(ctx, a.Err))
}

// Filter returns the filter for rows of a table, one of those it was read for.
func (a Asked) Filter(table string) lql.Filter {
	return a.filter(table, func(search.Expr) bool { return true })
}

// Rest is Filter without the terms that choose among counted, so that the
// numbers of all of these can stand beside the one that is chosen.
func (a Asked) Rest(table string, counted ...search.Expr) lql.Filter {
	return a.filter(table, func(e search.Expr) bool { return !among(e, counted) })
}

// Whole reports whether Rest leaves nothing out.
func (a Asked) Whole(counted ...search.Expr) bool {
	return !slices.ContainsFunc(a.parts, func(p part) bool { return among(p.expr, counted) })
}

// About is Filter with only those terms that ask for one of these fields.
func (a Asked) About(table string, fields ...string) lql.Filter {
	return a.filter(table, func(e search.Expr) bool { return e.Kind == search.Term && slices.Contains(fields, e.Field) })
}

func (a Asked) filter(table string, take func(search.Expr) bool) lql.Filter {
	if a.Err != nil {
		return lql.Filter{Kind: lql.Or}
	}
	at := slices.Index(a.tables, table)
	var all []lql.Filter
	for _, p := range a.parts {
		if take(p.expr) {
			all = append(all, p.filters[at])
		}
	}
	return lql.AndOf(all...)
}

// maxWider bounds the ways to widen a filter that are counted.
const maxWider = 6

// Wider returns the filter without its first term, without its second, and so
// on, for the numbers that [NoMatch] shows: nothing where there is one term
// alone, and never more than six.
func (a Asked) Wider() []Asked {
	if a.Err != nil || len(a.parts) < 2 {
		return nil
	}
	out := make([]Asked, min(len(a.parts), maxWider))
	for i := range out {
		out[i] = a
		out[i].parts = slices.Delete(slices.Clone(a.parts), i, i+1)
	}
	return out
}

// CountWider returns what count says of each filter of Wider.
func (a Asked) CountWider(count func(Asked) (int, error)) (out []int, err error) {
	for _, w := range a.Wider() {
		n, err := count(w)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// among reports whether a term chooses among counted, each one term or several
// that hold together: by the same field, by state in any way, by is with no
// other words.
func among(e search.Expr, counted []search.Expr) bool {
	if e.Kind != search.Term || e.Op != search.Has {
		return false
	}
	words := map[string]bool{}
	for _, c := range counted {
		terms := c.Kids
		if c.Kind == search.Term {
			terms = []search.Expr{c}
		}
		for _, t := range terms {
			if t.Kind == search.Term && t.Field == e.Field {
				words[t.Values[0].Text()] = true
			}
		}
	}
	if words["handled"] {
		words["unhandled"], words["problem"] = true, true
	}
	return len(words) > 0 && (e.Field == "state" || !slices.ContainsFunc(e.Values, func(v search.Value) bool { return !words[v.Text()] }))
}

// Only returns the address of the page that shows what term, one of counted,
// chooses among the rows of the present filter without its terms among these.
func (a Asked) Only(ctx context.Context, term search.Expr, counted ...search.Expr) string {
	return a.path(ctx, term, func(e search.Expr) bool { return among(e, counted) })
}

// Choose returns the address of the page with just these values of a field, or
// with any when there are none.
func (a Asked) Choose(ctx context.Context, field string, values ...string) string {
	term := search.Expr{}
	if len(values) > 0 {
		term = search.Eq(field, values...)
	}
	return a.path(ctx, term, func(e search.Expr) bool { return e.Kind == search.Term && e.Field == field })
}

// Chosen returns the value that the filter chooses of a field, "" when it
// chooses none or several.
func (a Asked) Chosen(field string) string {
	for _, p := range a.parts {
		if e := p.expr; e.Kind == search.Term && e.Field == field && len(e.Values) == 1 && !e.Values[0].Wild() && (e.Op == search.Has || e.Op == search.Equal) {
			return e.Values[0].Text()
		}
	}
	return ""
}

// path returns the address with term instead of the terms that drop means.
func (a Asked) path(ctx context.Context, term search.Expr, drop func(search.Expr) bool) string {
	var keep []search.Expr
	for _, p := range a.parts {
		if !drop(p.expr) {
			keep = append(keep, p.expr)
		}
	}
	return ui.Anew(ctx, "edit", "", "q", search.And(append(keep, term)...).String())
}

// legacy are the parameters that say what a term of q says, with its field.
var legacy = []string{"state", "site", "host", "service", "hostgroup", "servicegroup"}

// folded returns the address that says in q what other parameters say, "" when
// there are none but those of the page's own.
func folded(r *http.Request, own []string) string {
	query := r.URL.Query()
	var texts []string
	for _, q := range query["q"] {
		if q = strings.TrimSpace(q); q != "" {
			texts = append(texts, q)
		}
	}
	change := len(query["q"]) > 1
	for _, name := range legacy {
		if !query.Has(name) || slices.Contains(own, name) {
			continue
		}
		change = true
		if v := query.Get(name); v != "" {
			texts = append(texts, legacyTerm(name, v).String())
		}
		query.Del(name)
	}
	if form, ok := formText(query); ok {
		change = true
		texts = nil
		if form != "" {
			texts = []string{form}
		}
		for _, name := range formParams {
			query.Del(name)
		}
	}
	if !change {
		return ""
	}
	query.Del("q")
	query.Del("edit")
	if len(texts) > 0 {
		query.Set("q", strings.Join(texts, " "))
	}
	if len(query) == 0 {
		return r.URL.EscapedPath()
	}
	return r.URL.EscapedPath() + "?" + query.Encode()
}

// legacyTerm returns the term for a parameter of an older address.
func legacyTerm(name, value string) search.Expr {
	switch {
	case name == "state" && (value == "handled" || value == "unhandled"):
		return search.Is("is", value)
	case name == "state":
		return search.Is(name, value)
	}
	return search.Eq(name, value)
}
