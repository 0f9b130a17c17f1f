package list

import (
	"context"
	"fmt"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web/status"
)

// A Page is the rows of one page of a list.
type Page struct {
	Result *lql.Result // the rows, with what they and the columns need
	Total  int         // rows of all pages; of a page with an end, of itself
	From   int         // number of the first row among them, from 0
	next   *Cursor     // place of the last row when rows follow
	prev   *Cursor     // place of the first row when rows precede
	more   bool        // rows follow
	less   bool        // rows precede
	first  *Cursor     // place of the first row
	last   *Cursor     // place of the last row
	marks  []*Cursor   // places of every hundredth row that rows follow
	Parts  []lql.Part
	// Counts are how many rows each of the terms chooses that [Request.Figures]
	// was given; nil where none were.
	Counts []int
}

// A reading is a page on its way.
type reading struct {
	q       Request
	keys    []lql.Sort
	order   []lql.Sort // keys, or their opposite
	steps   []lql.Filter
	back    bool
	results []*lql.Result
	at      []int // step of each row
	left    int   // rows from the place on
	skip    int
}

// Load asks for the rows of the page.
func (q Request) Load(ctx context.Context, data lql.Querier) (*Page, error) {
	return q.load(ctx, data, q.List.needs(q.Columns), nil)
}

// Figures asks for the rows of the page and for how many rows each of terms
// chooses: see [Request.Count]. Where the page begins with the first row and
// the address chooses among none of terms, one look at the rows gives both.
func (q Request) Figures(ctx context.Context, data lql.Querier, terms ...search.Expr) (*Page, error) {
	var tally []lql.Filter
	if q.After == nil && q.Before == nil && q.First == nil && q.Until == nil && q.Asked.Whole(terms...) {
		for _, t := range terms {
			f, err := q.term(ctx, t)
			if err != nil {
				return nil, err
			}
			tally = append(tally, f)
		}
	}
	p, err := q.load(ctx, data, q.List.needs(q.Columns), tally)
	if err != nil || len(p.Counts) == len(terms) {
		return p, err
	}
	var parts []lql.Part
	p.Counts, parts, err = q.Count(ctx, data, terms...)
	p.Parts = append(p.Parts, parts...)
	return p, err
}

// load is Load with the columns to ask for, and what to count besides.
func (q Request) load(ctx context.Context, data lql.Querier, want []string, tally []lql.Filter) (*Page, error) {
	r := q.reading()
	sum, counted := make([]int, len(tally)), len(tally) > 0
	for _, k := range r.keys {
		if !slices.Contains(want, k.Column) {
			want = append(want, k.Column)
		}
	}
	for _, step := range r.path() {
		query := q.Query(want...)
		query.Sort, query.Offset, query.Limit, query.Tally = r.order, r.skip, q.Limit-len(r.at), tally
		r.bound(query, step)
		res, err := data.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("%s: list: %w", q.List.Name, err)
		}
		r.results = append(r.results, res)
		counted = counted && len(res.Tally) == len(sum)
		for i := 0; counted && i < len(sum); i++ {
			sum[i] += res.Tally[i]
		}
		for range res.Rows {
			r.at = append(r.at, step)
		}
		r.left += res.Total
		r.skip = max(r.skip-res.Total, 0)
	}
	p := r.page()
	if q.Until != nil || q.After == nil && q.Before == nil && q.First == nil {
		p.Total = r.left
	} else if err := p.count(ctx, data, q); err != nil {
		return nil, err
	}
	if counted {
		p.Counts = sum
	}
	r.place(p)
	return p, nil
}

// reading prepares the reading of a page.
func (q Request) reading() *reading {
	c, _ := q.List.Column(q.Sort)
	r := &reading{q: q, keys: q.keys(), steps: slices.Clone(c.Steps), back: q.Before != nil, skip: q.Offset}
	if q.Desc {
		slices.Reverse(r.steps)
	}
	if len(r.steps) == 0 {
		r.steps = []lql.Filter{lql.AndOf()}
	}
	r.order = r.keys
	if r.back {
		r.order = reversed(r.keys)
	}
	return r
}

// path returns the steps that the page may have rows of, in the order they are
// read.
func (r *reading) path() []int {
	first, last := 0, len(r.steps)-1
	if r.q.After != nil {
		first = r.q.After.Step
	}
	if r.q.First != nil {
		first = max(first, r.q.First.Step)
	}
	if r.q.Until != nil {
		last = min(last, r.q.Until.Step)
	}
	if r.back {
		last = min(last, r.q.Before.Step)
	}
	var out []int
	for i := first; i <= last; i++ {
		out = append(out, i)
	}
	if r.back {
		slices.Reverse(out)
	}
	return out
}

// bound keeps the query of a step within the step and within the places.
func (r *reading) bound(query *lql.Query, step int) {
	if f := r.steps[step]; f.Kind == lql.Leaf || len(f.Kids) > 0 {
		query.Where(f)
	}
	after, first, until := r.q.After, r.q.First, r.q.Until
	if r.back {
		after, first, until = r.q.Before, until, first
	}
	in := func(c *Cursor) lql.Place {
		if c == nil || c.Step != step {
			return nil
		}
		return c.Place
	}
	query.After, query.First, query.Until = in(after), in(first), in(until)
}

// page puts the answers together.
func (r *reading) page() *Page {
	p := &Page{Result: joined(r.results, r.back)}
	if r.back {
		slices.Reverse(r.at)
	}
	for _, res := range r.results {
		p.Parts = append(p.Parts, res.Parts...)
	}
	return p
}

// count sets the number of rows of all pages.
func (p *Page) count(ctx context.Context, data lql.Querier, q Request) error {
	res, err := data.Query(ctx, q.Query().Count(lql.AndOf()))
	if err != nil {
		return fmt.Errorf("%s: count: %w", q.List.Name, err)
	}
	p.Total = status.Of(res).Stat(0, 0)
	p.Parts = append(p.Parts, res.Parts...)
	return nil
}

// place sets where the page stands among the others.
func (r *reading) place(p *Page) {
	rows := p.Result.Rows
	if rows == 0 {
		p.From = max(p.Total-r.left, 0)
		p.less = r.q.After != nil || r.q.First != nil || r.q.Offset > 0
		return
	}
	cells := status.Of(p.Result)
	first, last := placeOf(r.at[0], r.keys, cells, 0), placeOf(r.at[rows-1], r.keys, cells, rows-1)
	left := r.left - r.q.Offset // rows from the first of the page on, in reading order
	if r.back {
		p.From = max(left-rows, 0)
		p.more, p.less = true, left > rows
	} else {
		p.From = max(p.Total-left, 0)
		p.more, p.less = left > rows, r.q.After != nil || r.q.First != nil || r.q.Offset > 0
	}
	p.last = last
	for i := DefaultLimit; i < rows; i += DefaultLimit {
		p.marks = append(p.marks, placeOf(r.at[i-1], r.keys, cells, i-1))
	}
	if p.more {
		p.next = last
	}
	p.first = first
	if p.less {
		p.prev = first
	}
}

// joined returns the rows of all results as one, from the last to the first
// when back is set. The results stay as they are.
func joined(results []*lql.Result, back bool) *lql.Result {
	if len(results) == 1 && !back {
		return results[0]
	}
	out := &lql.Result{}
	for _, res := range results {
		if out.Vectors == nil {
			out.Vectors = make([]lql.Vector, len(res.Vectors))
			out.Parts = res.Parts
		}
		out.Rows += res.Rows
		for i, v := range res.Vectors {
			to := &out.Vectors[i]
			if to.Name == "" || res.Rows > 0 {
				to.Name, to.Kind, to.Dict = v.Name, v.Kind, v.Dict
			}
			to.Ints = append(to.Ints, v.Ints...)
			to.Floats = append(to.Floats, v.Floats...)
			to.Texts = append(to.Texts, v.Texts...)
			to.Objects = append(to.Objects, v.Objects...)
		}
	}
	if back {
		for i := range out.Vectors {
			v := &out.Vectors[i]
			slices.Reverse(v.Ints)
			slices.Reverse(v.Floats)
			slices.Reverse(v.Texts)
			slices.Reverse(v.Objects)
		}
	}
	return out
}
