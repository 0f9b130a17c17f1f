package list

import (
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web"
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
	Text    string // of the filter, as written
	Filter  lql.Filter
	values  map[string]string // of Params, only those that narrow
	Sort    string            // key of a column
	Desc    bool
	Limit   int
	Offset  int    // rows left out, for addresses without a cursor
	After   cursor // the page begins behind this row
	Before  cursor // the page ends before this row
	Until   cursor // and holds nothing behind this one
	Columns []Column
	Density string
}

// Param returns the value of a parameter, "" when it narrows nothing.
func (q Request) Param(name string) string { return q.values[name] }

// Filtered reports whether the address narrows the list.
func (q Request) Filtered() bool { return q.Text != "" || len(q.values) > 0 }

// SortValue is the order in force as the parameter sort has it.
func (q Request) SortValue() string {
	if q.Desc {
		return "-" + q.Sort
	}
	return q.Sort
}

// Parse reads the address of r and what the person has chosen. An error is a
// [*web.Error] that names the parameter and what is allowed.
func (l *List) Parse(r *http.Request) (Request, error) {
	q := Request{List: l, Text: strings.TrimSpace(r.FormValue("q")), Filter: lql.AndOf(), values: map[string]string{}}
	if f, ok := status.Words(q.Text, l.Text...); ok {
		q.Filter.Kids = append(q.Filter.Kids, f)
	}
	if err := q.params(r); err != nil {
		return q, err
	}
	if err := q.order(r); err != nil {
		return q, err
	}
	var err error
	if q.Limit, err = web.Int(r, "limit", DefaultLimit, 1, MaxLimit); err != nil {
		return q, err
	}
	if q.Offset, err = web.Int(r, "offset", 0, 0, maxOffset); err != nil {
		return q, err
	}
	if err := q.cursors(r); err != nil {
		return q, err
	}
	if q.Density, err = web.OneOf(r, "density", "", Normal, Compact, Roomy); err != nil {
		return q, err
	}
	return q, q.chosen(r)
}

// params reads the parameters that narrow the list.
func (q *Request) params(r *http.Request) error {
	for _, p := range q.List.Params {
		v := r.FormValue(p.Name)
		if p.Values != nil {
			var err error
			if v, err = web.OneOf(r, p.Name, p.Values...); err != nil {
				return err
			}
		}
		if f, ok := p.Filter(v); ok {
			q.Filter.Kids = append(q.Filter.Kids, f)
			q.values[p.Name] = v
		}
	}
	return nil
}

// order reads the parameter sort: the key of a column, "-" before it for
// descending.
func (q *Request) order(r *http.Request) error {
	v := r.FormValue("sort")
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
	return web.BadRequest("sort must be one of "+strings.Join(allowed, ", ")+", another column of the table, or _NAME for a custom variable",
		"Correct the address or go back; a minus before the name sorts descending")
}

func (c Column) sortable() bool { return len(c.Sort) > 0 || len(c.Steps) > 0 }

// cursors reads where the page begins and ends.
func (q *Request) cursors(r *http.Request) error {
	keys := len(q.keys())
	for name, to := range map[string]*cursor{"after": &q.After, "before": &q.Before, "until": &q.Until} {
		v := r.FormValue(name)
		if v == "" {
			continue
		}
		c, err := readCursor(v, keys)
		if err != nil {
			return web.BadRequest(name+" is no place in this list in this order", "Go to the first page")
		}
		*to = c
	}
	return nil
}

// Without returns q without the value of one parameter, so that counts of its
// other values can be made.
func (q Request) Without(param string) Request {
	v, ok := q.values[param]
	if !ok {
		return q
	}
	out := q
	out.Filter = lql.AndOf()
	if f, ok := status.Words(q.Text, q.List.Text...); ok {
		out.Filter.Kids = append(out.Filter.Kids, f)
	}
	out.values = map[string]string{}
	for _, p := range q.List.Params {
		if p.Name == param {
			continue
		}
		if v, ok = q.values[p.Name]; !ok {
			continue
		}
		if f, ok := p.Filter(v); ok {
			out.Filter.Kids = append(out.Filter.Kids, f)
			out.values[p.Name] = v
		}
	}
	return out
}

// Query returns a query for columns of all rows that the address asks for.
func (q Request) Query(columns ...string) *lql.Query {
	out := lql.Get(q.List.Table, columns...)
	out.Where(slices.Clone(q.Filter.Kids)...)
	return out
}
