package problems

import (
	"context"
	"net/http"
	"net/url"
	"sort"
	"strconv"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// A place is where a row, or the head of a group without rows, stands in the
// list. It holds all that decides about its order, so it stays where it is when
// its problem ends or becomes another, and rows that come and go before it move
// nothing.
type place struct {
	unit    int    // its number from 0, for when its group is gone
	group   string // id
	bare    bool   // the head of a group without rows
	problem triage.Problem
}

// placeKeys is how many values a cursor of a place has besides its number.
const placeKeys = 9

// cursor writes a place for an address.
func (p place) cursor(by string) *list.Cursor {
	text := ""
	switch by {
	case "output":
		text = p.problem.Output
	case "owner":
		text = p.problem.Owner
	}
	return &list.Cursor{Step: p.unit, Place: lql.Place{p.group, p.problem.Site, p.problem.Host, p.problem.Service, strconv.FormatInt(p.problem.Since, 10),
		strconv.Itoa(int(p.problem.Severity)), strconv.Itoa(int(p.problem.Standing)), strconv.Itoa(int(p.problem.Attempt)), text}}
}

// readPlace reads a place from a parameter of the address, nil when it is not
// there.
func readPlace(r *http.Request, name, by string) (*place, error) {
	v := r.FormValue(name)
	if v == "" {
		return nil, nil
	}
	c, err := list.ReadCursor(v, placeKeys)
	var n [4]int64 // since, severity, standing, attempt
	for i := range n {
		if err == nil {
			n[i], err = strconv.ParseInt(c.Place[4+i], 10, 64)
		}
	}
	if err != nil || c.Step > 3*triage.MaxProblems || n[1] < 0 || n[1] > int64(triage.Unreachable) || n[2] < 0 || n[2] > int64(triage.Suppressed) || n[3] != int64(int32(n[3])) {
		return nil, web.BadParameter(name, ui.T(r.Context(), "%s is no place in this list in this order", name), ui.T(r.Context(), "Go to the first page"))
	}
	p := &place{unit: c.Step, group: c.Place[0], bare: c.Place[2] == "", problem: triage.Problem{
		Key: triage.Key{Site: c.Place[1], Host: c.Place[2], Service: c.Place[3]}, Since: n[0], Severity: triage.Severity(n[1]), Standing: triage.Standing(n[2]), Attempt: int32(n[3]),
	}}
	switch by {
	case "output":
		p.problem.Output = c.Place[8]
	case "owner":
		p.problem.Owner = c.Place[8]
	}
	return p, nil
}

// find returns the number of the first unit that is not before the place, or
// with behind the first that follows it.
func (p *picture) find(at place, behind bool, w request, all []section) int {
	from := 0
	for _, x := range all {
		if x.ID != at.group {
			from += x.units()
			continue
		}
		if at.bare || len(x.visible) == 0 {
			if behind {
				from += x.units()
			}
			return from
		}
		order := w.order
		if x.handled {
			order = triage.Order{}
		}
		return from + sort.Search(len(x.visible), func(i int) bool {
			c := triage.Compare(&p.survey.Problems[x.visible[i]], &at.problem, order)
			return c > 0 || c == 0 && !behind
		})
	}
	n := at.unit
	if behind {
		n++
	}
	return min(n, from)
}

// units returns how many rows the section has: the head of one without rows
// counts as one.
func (x section) units() int { return max(len(x.visible), 1) }

// span returns the units of the page: from the first to before the last.
func (p *picture) span(w request, all []section) (from, to int) {
	for _, x := range all {
		p.units += x.units()
	}
	from, to = w.offset, w.offset+w.limit
	switch {
	case w.after != nil:
		from = p.find(*w.after, true, w, all)
		to = from + w.limit
	case w.first != nil:
		from = p.find(*w.first, false, w, all)
		to = from + w.limit
	case w.before != nil:
		to = p.find(*w.before, false, w, all)
		from = to - w.limit
	}
	if w.until != nil {
		to = min(to, p.find(*w.until, true, w, all))
	}
	from = min(max(from, 0), p.units)
	return from, min(max(to, from), p.units)
}

// page takes the sections and rows of the page.
func (p *picture) page(w request, all []section) {
	from, to := p.span(w, all)
	p.from, p.shown = from, to-from
	at := 0 // number of the section's first unit
	for _, x := range all {
		n := x.units()
		first, last := max(from-at, 0), min(to-at, n)
		if first < last {
			place := func(n int) place {
				out := place{unit: at + n, group: x.ID, bare: n >= len(x.visible)}
				if !out.bare {
					out.problem = p.survey.Problems[x.visible[n]]
				}
				return out
			}
			if len(p.sections) == 0 {
				p.first = place(first)
			}
			p.last = place(last - 1)
			x.again = first > 0
			x.visible = x.visible[min(first, len(x.visible)):min(last, len(x.visible))]
			p.sections = append(p.sections, x)
		}
		at += n
	}
}

// prevPath and nextPath return the addresses of the pages before and behind, ""
// when there is none.
func (v view) prevPath(ctx context.Context) string {
	switch {
	case v.from <= 0:
		return ""
	case v.from <= v.limit:
		return ui.Anew(ctx) // the first page, which is whole
	}
	return v.placePath(ctx, "before", v.picture.first, v.from-v.limit)
}

func (v view) nextPath(ctx context.Context) string {
	if v.from+v.shown >= v.units {
		return ""
	}
	return v.placePath(ctx, "after", v.last, v.from+v.shown)
}

// placePath returns the address of the page beside a place, by its number where
// the place is too long for an address.
func (v view) placePath(ctx context.Context, name string, at place, offset int) string {
	if c := at.cursor(v.order.By).String(); c != "" {
		return ui.Anew(ctx, name, c)
	}
	return ui.Anew(ctx, "offset", strconv.Itoa(offset))
}

// ends is the place where the page ends, "" when it has no rows.
func (v view) ends() string {
	if v.shown == 0 {
		return ""
	}
	return v.last.cursor(v.order.By).String()
}

// begins is the place of its first row, where the page was asked for by its end.
func (v view) begins() string {
	if v.shown == 0 || v.before == nil {
		return ""
	}
	return v.picture.first.cursor(v.order.By).String()
}

// headID returns the id of the section's head: of one that goes on from a page
// before, another one, for both may be below each other.
func (v view) headID(x section) string {
	switch {
	case !x.again:
		return x.id
	case v.after != nil:
		return x.id + "~" + url.PathEscape(idOf(v.after.problem.Key))
	}
	return x.id + "~"
}
