// Package problems is the room operators live in: everything that is not as it
// should be, what needs someone first, causes before what they cause. What a
// problem is, and who has it, is for package triage to say.
package problems

import (
	"context"
	"net/url"
	"slices"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
)

// The views of the page.
const (
	tabUnhandled  = "unhandled"
	tabAll        = "all" // all but suppressed ones, which are folded below their causes
	tabMine       = "mine"
	tabAck        = "acknowledged"
	tabDowntime   = "downtime"
	tabSuppressed = "suppressed"
)

// Bounds of one picture.
const (
	previewed   = 2  // rows of a check that failed on many hosts, while it is folded
	kidsEach    = 10 // hosts, and services, shown below a cause that is unfolded
	handledEach = 20 // rows of what somebody has, unfolded below what nobody has
	maxFolds    = 50 // folds that the address may name
)

// A request is what the address asks for.
type request struct {
	tab           string
	group         triage.Grouping
	soft          bool   // also what is not confirmed yet
	below         string // id of a cause: only what it hides
	open, closed  []string
	asked         filter.Asked
	order         triage.Order
	offset, limit int
	after, before *place     // the page begins behind, or ends before it
	first         *place     // or begins with it
	until         *place     // and holds nothing behind this one
	me            *triage.Me // nil: nobody asks what is theirs
	list          bool       // rows are asked for, not only numbers
}

// A row is one problem with what it hides.
type row struct {
	status.Row
	problem *triage.Problem
	id      string          // of the element: rows may be listed more than once
	cause   *triage.Problem // what explains it; nil: nothing does
	kids    []row           // hidden ones that are unfolded
	unfold  bool            // kids are asked for
	more    int             // hidden ones beyond kids
}

// A section is one group as the page shows it.
type section struct {
	triage.Group
	id       string
	foldable bool
	folded   bool
	visible  []int // indexes of the problems that have a row of their own
	rows     []row
	hiding   int            // DownHosts: how many of all its hosts hide something
	hidden   [2]int         // and how many hosts and services
	about    triage.Problem // Behind: the cause
	standing triage.Standing
	handled  bool       // what somebody has, below what nobody has
	again    bool       // its first rows are on a page before
	first    triage.Key // the problem whose row comes first on the first page
}

// A picture is what the page shows.
type picture struct {
	survey   *triage.Survey
	counts   triage.Counts // within the filters of the address
	mine     int
	sections []section // of this page
	units    int       // rows and folded groups in all
	from     int       // number of the first of this page
	shown    int       // of them on this page
	first    place     // of this page
	last     place
	problems int // in this view
	sites    map[string]string
	cut      bool
	parts    []lql.Part
}

// filtered reports whether the address narrows the list.
func (w request) filtered() bool { return !w.asked.Empty() || w.below != "" }

// want says what the grouping and the order need to know.
func (w request) want() triage.Want {
	want := w.order.Want()
	want.Outputs = want.Outputs || w.group == triage.ByOutput
	want.Groups = w.group == triage.ByHostgroup
	return want
}

// load asks for everything the page shows.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	s, err := triage.Take(ctx, q, w.want())
	if err != nil {
		return nil, err
	}
	p := pictureOf(s)
	items, byStanding, err := p.pick(ctx, q, w)
	if err != nil || !w.list {
		return p, err
	}
	p.page(w, w.sections(s, items, byStanding))
	return p, p.fill(ctx, q, s, w, now)
}

// pictureOf begins a picture of a survey.
func pictureOf(s *triage.Survey) *picture {
	p := &picture{survey: s, cut: s.Cut, parts: s.Parts, sites: map[string]string{}}
	for _, part := range s.Parts {
		p.sites[part.Key] = part.Name
	}
	return p
}

// pick counts what is within the filters of the address, and returns the
// problems of its view and all by standing.
func (p *picture) pick(ctx context.Context, q lql.Querier, w request) (items []int, byStanding [][]int, err error) {
	s := p.survey
	fits, err := w.matcher(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	var mine []int
	if w.me != nil {
		if mine, err = s.Mine(ctx, q, *w.me); err != nil {
			return nil, nil, err
		}
		mine = slices.DeleteFunc(mine, func(i int) bool { return !fits(&s.Problems[i]) || !w.soft && s.Problems[i].Standing == triage.Soft })
		p.mine = len(mine)
	}
	byStanding = make([][]int, triage.Suppressed+1)
	for i := range s.Problems {
		if one := &s.Problems[i]; fits(one) {
			p.counts.Add(one)
			byStanding[one.Standing] = append(byStanding[one.Standing], i)
		}
	}
	items = w.items(byStanding, mine)
	if w.below != "" {
		items = narrow(s, w.below, items)
	}
	p.problems = len(items)
	return items, byStanding, nil
}

// wider counts the problems of the view under each filter of Asked.Wider.
func (p *picture) wider(ctx context.Context, q lql.Querier, w request) ([]int, error) {
	return w.asked.CountWider(func(a filter.Asked) (int, error) {
		w.asked = a
		items, _, err := pictureOf(p.survey).pick(ctx, q, w)
		return len(items), err
	})
}

// items returns the problems of the view.
func (w request) items(by [][]int, mine []int) []int {
	switch w.tab {
	case tabAll:
		return slices.Concat(by[triage.Open], by[triage.Soft], by[triage.Acked], by[triage.Planned])
	case tabMine:
		return mine
	case tabAck:
		return by[triage.Acked]
	case tabDowntime:
		return by[triage.Planned]
	case tabSuppressed:
		return by[triage.Suppressed]
	}
	if w.soft {
		return slices.Concat(by[triage.Open], by[triage.Soft])
	}
	return by[triage.Open]
}

// narrow leaves what one cause hides.
func narrow(s *triage.Survey, id string, items []int) []int {
	key, _ := keyOf(id) // parse made sure
	cause := s.Find(key)
	if cause < 0 {
		return nil
	}
	return slices.DeleteFunc(items, func(i int) bool { return s.Problems[i].Cause != cause })
}

// matcher returns the test whether a problem is within the filters of the
// address.
func (w request) matcher(ctx context.Context, q lql.Querier) (func(*triage.Problem) bool, error) {
	if w.asked.Empty() {
		return func(*triage.Problem) bool { return true }, nil
	}
	found, err := triage.Matching(ctx, q, w.asked.Filter("hosts"), w.asked.Filter("services"))
	return func(p *triage.Problem) bool { return found[p.Key] }, err
}

// sections arranges the problems of the view, and decides what is folded.
func (w request) sections(s *triage.Survey, items []int, by [][]int) []section {
	var out []section
	for _, g := range s.Arrange(items, w.group, w.order) {
		x := section{Group: g, id: url.PathEscape(g.ID), visible: g.Items, first: s.Problems[g.Items[0]].Key}
		switch g.Kind {
		case triage.SameCheck:
			x.foldable, x.folded = true, !slices.Contains(w.open, g.ID)
			if x.folded {
				x.visible = g.Items[:previewed]
			}
		case triage.Named, triage.Behind:
			x.foldable, x.folded = true, slices.Contains(w.closed, g.ID)
			if x.folded {
				x.visible = nil
			}
			if w.group == triage.ByHost { // the first row of a host is its head
				x.foldable = len(g.Items) > 1
				x.visible = g.Items
				if x.folded {
					x.visible = g.Items[:1]
				}
			}
			if g.Kind == triage.Behind {
				x.about = s.Problems[g.Cause]
			}
		case triage.DownHosts, triage.CutOffHosts:
			x.sum(s)
		}
		out = append(out, x)
	}
	if w.tab == tabUnhandled && w.group == triage.ByCause && len(out) > 0 && w.below == "" {
		for _, standing := range []triage.Standing{triage.Acked, triage.Planned} {
			if len(by[standing]) > 0 {
				out = append(out, w.handled(s, standing, by[standing]))
			}
		}
	}
	return out
}

// handled is the section of what somebody has, at the end of what nobody has.
func (w request) handled(s *triage.Survey, standing triage.Standing, items []int) section {
	items = slices.Clone(items)
	s.Sort(items, triage.Order{})
	x := section{Group: triage.Group{ID: standing.String(), Items: items}, id: "g-" + standing.String(), standing: standing, handled: true, foldable: true}
	if x.folded = !slices.Contains(w.open, x.ID); !x.folded {
		x.visible = items[:min(len(items), handledEach)]
	}
	return x
}

// sum counts what the hosts of the section hide.
func (x *section) sum(s *triage.Survey) {
	for _, i := range x.Items {
		if p := &s.Problems[i]; p.HiddenHosts+p.HiddenServices > 0 {
			x.hiding++
			x.hidden[0] += p.HiddenHosts
			x.hidden[1] += p.HiddenServices
		}
	}
}
