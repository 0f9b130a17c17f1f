package list

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// maxOffset is how far down paging by number goes, in rows.
const maxOffset = 10_000_000

// The densities of a list, the usual one first.
const (
	Normal  = "normal"
	Compact = "compact"
	Roomy   = "roomy"
)

// A Request is what the address and the person ask of a list.
type Request struct {
	List    *List
	Asked   filter.Asked // which rows
	Sort    string       // key of a column
	Desc    bool
	Limit   int
	Offset  int     // rows left out, for addresses without a cursor
	After   *Cursor // the page begins behind this row
	Before  *Cursor // the page ends before this row
	First   *Cursor // or begins with it
	Until   *Cursor // and holds nothing behind this one
	Columns []Column
	Density string
}

// Filtered reports whether the address narrows the list.
func (q Request) Filtered() bool { return !q.Asked.Empty() }

// SortValue is the order in force as the parameter sort has it.
func (q Request) SortValue() string {
	if q.Desc {
		return "-" + q.Sort
	}
	return q.Sort
}

// Parse reads the address of r and what the person has chosen. An error is a
// [*web.Error] that names the parameter and what is allowed, or leads to the
// address that says the same in q. What is wrong with q is in Asked.
func (l *List) Parse(r *http.Request) (Request, error) {
	own := *l
	own.secrets = web.Viewer(r).CommandLines
	l = &own
	q := Request{List: l}
	var err error
	if q.Asked, err = filter.Read(r, l.Table); err != nil {
		return q, err
	}
	if err := q.order(r); err != nil {
		return q, err
	}
	if q.Limit, err = web.Int(r, "limit", DefaultLimit, 1, MaxLimit); err != nil {
		return q, err
	}
	if q.Offset, err = web.Int(r, "offset", 0, 0, maxOffset); err != nil {
		return q, err
	}
	if err := q.cursors(r); err != nil {
		return q, err
	}
	return q, q.chosen(r)
}

// order reads the parameter sort: the key of a column, "-" before it for
// descending.
func (q *Request) order(r *http.Request) error {
	v := r.FormValue("sort")
	if v == "" && web.OnWall(r) {
		v = q.List.Wall
	}
	if v == "" {
		v = q.List.Order
	}
	q.Sort, q.Desc = ui.Order(v)
	if c, ok := q.List.Column(q.Sort); ok && c.sortable() {
		return nil
	}
	var allowed []string
	for _, c := range q.List.Columns {
		if c.sortable() {
			allowed = append(allowed, c.Key)
		}
	}
	return web.BadParameter("sort", ui.T(r.Context(), "sort must be one of %s, another column of the table, or _NAME for a custom variable", strings.Join(allowed, ", ")),
		ui.T(r.Context(), "Correct the address or go back; a minus before the name sorts descending"))
}

func (c Column) sortable() bool { return len(c.Sort) > 0 || len(c.Steps) > 0 }

// cursors reads where the page begins and ends.
func (q *Request) cursors(r *http.Request) error {
	keys := q.keys()
	for name, to := range map[string]**Cursor{"after": &q.After, "before": &q.Before, "first": &q.First, "until": &q.Until} {
		v := r.FormValue(name)
		if v == "" {
			continue
		}
		c, err := ReadCursor(v, len(keys))
		if err != nil {
			return web.BadParameter(name, ui.T(r.Context(), "%s is no place in this list in this order", name), ui.T(r.Context(), "Go to the first page"))
		}
		*to = c
	}
	if q.Before != nil && q.After != nil {
		return web.BadParameter("before", ui.T(r.Context(), "before cannot stand beside after"), ui.T(r.Context(), "Go to the first page"))
	}
	return nil
}

// Query returns a query for columns of all rows that the address asks for.
func (q Request) Query(columns ...string) *lql.Query {
	return lql.Get(q.List.Table, columns...).Where(q.Asked.Filter(q.List.Table))
}

// term returns the filter of a term that is counted.
func (q Request) term(ctx context.Context, t search.Expr) (lql.Filter, error) {
	f, err := t.Filter(q.List.Table, ui.Now(ctx))
	if err != nil {
		return f, fmt.Errorf("%s: count %s: %w", q.List.Name, t, err)
	}
	return f, nil
}

// Count returns for each of terms how many rows it chooses among those that the
// address asks for, the terms of the address that choose among them left out:
// so the numbers of all states stand beside the one that is chosen.
func (q Request) Count(ctx context.Context, data lql.Querier, terms ...search.Expr) ([]int, []lql.Part, error) {
	query := lql.Get(q.List.Table).Where(q.Asked.Rest(q.List.Table, terms...))
	for _, t := range terms {
		f, err := q.term(ctx, t)
		if err != nil {
			return nil, nil, err
		}
		query.Count(f)
	}
	res, err := data.Query(ctx, query)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: counts: %w", q.List.Name, err)
	}
	out := make([]int, len(terms))
	for i := range out {
		out[i] = status.Of(res).Stat(i, 0)
	}
	return out, res.Parts, nil
}

// wider counts the rows under each filter of Asked.Wider, in one look at them.
func (q Request) wider(ctx context.Context, data lql.Querier) ([]int, error) {
	ways := q.Asked.Wider()
	if len(ways) == 0 {
		return nil, nil
	}
	query := lql.Get(q.List.Table)
	for _, a := range ways {
		query.Count(a.Filter(q.List.Table))
	}
	res, err := data.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: wider: %w", q.List.Name, err)
	}
	out := make([]int, len(ways))
	for i := range out {
		out[i] = status.Of(res).Stat(i, 0)
	}
	return out, nil
}
