package ui

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Head is one column of a table.
type Head struct {
	Label string
	Class string // width and place: "w5", "num w3", "nar w6"
	// Sort is the name in the query parameter "sort" ("-name" is descending);
	// "" cannot be sorted.
	Sort string
	// Desc makes the first click sort descending: ages, counts.
	Desc bool
	// Hidden shows the label to screen readers only.
	Hidden bool
	// Pick is the box that selects all rows that are shown.
	Pick bool
	// Blank is no head at all: the empty cell above actions.
	Blank bool
}

// Order splits the query parameter sort: "-name" is name, descending.
func Order(value string) (name string, desc bool) {
	name, desc = strings.CutPrefix(value, "-")
	return name, desc
}

// sortLink returns the address that sorts by h, given what is sorted by now.
func sortLink(ctx context.Context, h Head, current string) string {
	name, desc := Order(current)
	next := h.Sort
	if name == h.Sort {
		desc = !desc
	} else {
		desc = h.Desc
	}
	if desc {
		next = "-" + next
	}
	return Anew(ctx, "sort", next)
}

// ariaSort returns the value of aria-sort, "" when not sorted by h.
func ariaSort(h Head, current string) string {
	name, desc := Order(current)
	switch {
	case h.Sort == "" || name != h.Sort:
		return ""
	case desc:
		return "descending"
	}
	return "ascending"
}

// With returns the address of the present page, without prefix, with query
// parameters changed: pairs of name and value; an empty value removes it.
func With(ctx context.Context, pairs ...string) string {
	e := Env(ctx)
	q := url.Values{}
	for k, v := range e.Query {
		q[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return e.Path
	}
	return e.Path + "?" + q.Encode()
}

// Anew is [With] for the first page of a list: the parameters that say which
// rows of it are shown are removed.
func Anew(ctx context.Context, pairs ...string) string {
	var all []string
	for _, name := range PlaceParams() {
		all = append(all, name, "")
	}
	return With(ctx, append(all, pairs...)...)
}

// PlaceParams are the parameters that say which rows of a list are shown.
func PlaceParams() []string { return []string{"offset", "after", "before", "first", "until"} }

// A Paging says which rows of how many are shown.
type Paging struct {
	Offset, Limit, Shown, Total int
	Of                          string // all of them in words: "2 040 hosts"
}

// Next returns the offset of the next page, -1 when this is the last.
func (p Paging) Next() int {
	if p.Limit <= 0 || p.Offset+p.Shown >= p.Total {
		return -1
	}
	return p.Offset + p.Limit
}

// Prev returns the offset of the page before, -1 when this is the first.
func (p Paging) Prev() int {
	if p.Offset <= 0 {
		return -1
	}
	return max(p.Offset-p.Limit, 0)
}

// Words returns "1 – 100 of 2 040 hosts".
func (p Paging) Words(ctx context.Context) string {
	if p.Total <= p.Shown && p.Offset == 0 {
		return p.Of
	}
	if p.Shown == 0 {
		return T(ctx, "none of %s here", p.Of)
	}
	return T(ctx, "%[1]s – %[2]s of %[3]s", Number(p.Offset+1), Number(p.Offset+p.Shown), p.Of)
}

// offsetLink returns the address of the page from offset.
func offsetLink(ctx context.Context, offset int) string {
	if offset == 0 {
		return With(ctx, "offset", "")
	}
	return With(ctx, "offset", strconv.Itoa(offset))
}

// Kept returns the query parameters a filter form must carry on: all
// but q and those that say which rows are shown.
func Kept(ctx context.Context) [][2]string {
	var out [][2]string
	for k, vs := range Env(ctx).Query {
		if k == "q" || slices.Contains(PlaceParams(), k) {
			continue
		}
		for _, v := range vs {
			out = append(out, [2]string{k, v})
		}
	}
	return out
}
