package query

import (
	"context"
	"slices"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// renewFor bounds how long an answer is brought up to date rather than found
// anew.
const renewFor = time.Minute

// An origin is what an answer was found from, to bring it up to date when a few
// rows changed: which rows it has, in which state of the fleet.
type origin struct {
	plan *plan
	view *store.View
	rows []placed  // of the answer, in its order; nil for Stats
	at   [][]int32 // their places, by site
	born time.Time
}

// A placed is a row of a site, by the site's number in the view.
type placed struct{ site, row int32 }

// origin returns what the answer of r is found from; nil when it cannot be
// brought up to date.
func (r *run) origin(view *store.View) *origin {
	if !r.plan.renewable() {
		return nil
	}
	o := &origin{plan: r.plan, view: view, born: r.now}
	if r.picked == nil {
		return o
	}
	o.rows = make([]placed, 0, r.picked.rows)
	for _, it := range r.picked.items {
		o.rows = append(o.rows, placed{r.sites[it.site].nr, it.row})
	}
	for _, seg := range r.picked.segs {
		for _, row := range seg.rows {
			o.rows = append(o.rows, placed{seg.s.nr, row})
		}
	}
	o.at = make([][]int32, len(view.Sites))
	for i, p := range o.rows {
		o.at[p.site] = append(o.at[p.site], int32(i))
	}
	return o
}

// renewable reports whether an answer depends on nothing but rows of tables of
// cores and what is attached to them, and not on the time.
func (p *plan) renewable() bool {
	if p.table.Source != schema.FromCore || p.shift != 0 || len(p.q.GroupBy) > 0 || p.q.Timelimit > 0 {
		return false
	}
	for _, s := range p.stats {
		if s.agg != lql.Count {
			return false
		}
	}
	for _, c := range p.columns {
		if c.none == lql.UnknownError && !settled(c.ref) {
			return false
		}
	}
	return !slices.ContainsFunc(p.leaves, func(l *leaf) bool { return !settled(l.ref) }) &&
		!slices.ContainsFunc(p.sorts, func(k sortKey) bool { return !settled(k.ref) })
}

// settled reports whether the values of a column change only with rows of the
// tables that a history follows.
func settled(ref colRef) bool {
	c := ref.column()
	switch {
	case c.Class != schema.Derived:
		return true
	case strings.HasSuffix(c.Name, "_lc"), c.Name == "peer_key", c.Name == "peer_name", c.Name == "peer_section":
		return true
	case c.Name == "hard_state", c.Name == "has_long_plugin_output", c.Name == "should_be_scheduled", c.Name == "state_order", c.Name == "owner", c.Name == "owner_with_info":
		return true
	case strings.HasPrefix(c.Name, "comments"), strings.HasPrefix(c.Name, "downtimes"):
		return true
	}
	_, counted := tallies[c.Name]
	return ref.join < 0 && (counted || strings.HasPrefix(c.Name, "services"))
}

// A renewal brings an answer up to date with a later state of the fleet.
type renewal struct {
	*run
	from   *origin
	old    *lql.Result
	total  int
	tally  []int
	counts []int64   // of Stats
	segs   []segment // rows of the answer with other values
}

// renew returns an answer as it is in a later state of the fleet. It looks only
// at rows that may have changed; nil when that is not enough to tell, or fails.
func (e *Engine) renew(ctx context.Context, v access.Viewer, q *lql.Query, a *cached, view *store.View) (res *lql.Result, next *origin) {
	from := a.from
	now := e.o.Now()
	if from == nil || now.Sub(from.born) > renewFor || len(from.view.Sites) != len(view.Sites) {
		return nil, nil
	}
	p := *from.plan
	p.q = q
	n := &renewal{run: &run{plan: &p, e: e, ctx: ctx, viewer: v, now: now, workers: 1}, from: from, old: a.res,
		total: a.res.Total, tally: slices.Clone(a.res.Tally), counts: make([]int64, len(p.stats))}
	defer func() {
		if p := recover(); p != nil {
			_, res, next = n.crash(p), nil, nil // it is logged, and the answer found anew
		}
	}()
	if n.broken(view) {
		return nil, nil
	}
	return n.answer(), &origin{plan: from.plan, view: view, rows: from.rows, at: from.at, born: from.born}
}

// broken compares the states site by site, and reports whether the answer has
// to be found anew.
func (n *renewal) broken(view *store.View) bool {
	for i, sv := range view.Sites {
		before := n.from.view.Sites[i]
		if sv.Info != before.Info {
			return true
		}
		if !n.may(sv) || n.q.Backends != nil && !slices.Contains(n.q.Backends, sv.Info.Key) {
			continue
		}
		n.parts = append(n.parts, partOf(sv, n.table, causeFor(n.viewer, sv.Health)))
		if !n.filter.concerns(sv.Info) || n.q.Only != nil && len(n.q.Only[sv.Info.Key]) == 0 {
			continue
		}
		moved := n.e.history.between(sv.Info.Key, before.Snapshot, sv.Snapshot)
		if moved == nil || !n.site(int32(i), before, sv, moved) {
			return true
		}
	}
	return len(n.q.Backends) > 0 && len(n.parts) != len(n.old.Parts) // names of no site
}

// site takes over what changed at one site, and reports whether it could.
func (n *renewal) site(nr int32, before, after store.SiteView, moved *moves) bool {
	if !n.moves() {
		return n.rests(before, after, moved)
	}
	rows := moved.concerning(n.plan, before.Snapshot, after.Snapshot)
	if len(rows) == 0 {
		return true
	}
	contacts := n.contactsAt(after.Info.Key)
	if len(contacts) > 0 && moved.people {
		return false
	}
	same := func(ref colRef) bool { return unchanged(ref, before.Snapshot, after.Snapshot) }
	var s *siteRun
	if slices.ContainsFunc(n.leaves, func(l *leaf) bool { return !same(l.ref) }) || slices.ContainsFunc(n.sorts, func(k sortKey) bool { return !same(k.ref) }) {
		s = n.bound(nr, after, contacts)
		seen := rows
		if s.rights != nil {
			visible := s.rights.rows(n.table.Name)
			seen = slices.DeleteFunc(slices.Clone(rows), func(row int32) bool { return !bitOf(visible, int(row)) })
		}
		if s.only != nil {
			seen = slices.DeleteFunc(slices.Clone(seen), func(row int32) bool { return !bitOf(s.only, int(row)) })
		}
		if len(seen) > 0 && !n.compare(n.bound(nr, before, contacts), s, seen, same) {
			return false
		}
	}
	at := n.shown(nr, rows)
	if len(at) == 0 {
		return true
	}
	if s == nil {
		s = n.bound(nr, after, contacts)
	}
	seg := segment{s: s, at: at}
	for _, i := range at {
		seg.rows = append(seg.rows, n.from.rows[i].row)
	}
	n.segs = append(n.segs, seg)
	return true
}

// moves reports whether a history follows the rows of the plan's table.
func (p *plan) moves() bool { return p.table.Name == "hosts" || p.table.Name == "services" }

// rests reports whether nothing of a table that no history follows is other at
// a site: moves are known only where no such table changed, so that it is what
// its rows take from hosts and services, and who may see them.
func (n *renewal) rests(before, after store.SiteView, moved *moves) bool {
	if moved.people && len(n.contactsAt(after.Info.Key)) > 0 {
		return false
	}
	a, b := before.Snapshot, after.Snapshot
	if x, y := a.Table(n.table.Name), b.Table(n.table.Name); x == nil || y == nil || x.Len() != y.Len() || x.Shape() != y.Shape() {
		return x == nil && y == nil
	}
	return a.Version() == b.Version() || !n.uses(func(ref colRef) bool { return !unchanged(ref, a, b) })
}

// bound makes the query's table ready on a site.
func (n *renewal) bound(nr int32, sv store.SiteView, contacts []string) *siteRun {
	s := n.newSite(sv, contacts)
	s.nr = nr
	s.bindTable()
	return s
}

// compare takes over what the rows change in the numbers of the answer, and
// reports whether the answer has the same rows in the same order. same says
// which columns did not change at all.
func (n *renewal) compare(old, s *siteRun, rows []int32, same func(colRef) bool) bool {
	leaves, open := make([][2]*operand, len(n.leaves)), make([]bool, len(n.leaves))
	for i, l := range n.leaves {
		leaves[i], open[i] = [2]*operand{old.operand(l.ref), s.operand(l.ref)}, !same(l.ref)
	}
	sorts := make([][2]*operand, 0, len(n.sorts))
	keys := make([]*sortKey, 0, len(n.sorts))
	for i := range n.sorts {
		if k := &n.sorts[i]; !same(k.ref) {
			sorts, keys = append(sorts, [2]*operand{old.operand(k.ref), s.operand(k.ref)}), append(keys, k)
		}
	}
	was, is := make([]bool, len(leaves)), make([]bool, len(leaves))
	for _, row := range rows {
		other, moved := false, false
		for i, l := range n.leaves {
			other = other || open[i] && l.holds(leaves[i][0], int(row)) != l.holds(leaves[i][1], int(row))
		}
		for i, o := range sorts {
			moved = moved || compareValues(o[0], o[0].place.end(int(row)), o[1], o[1].place.end(int(row)), keys[i]) != 0
		}
		if !other && !moved {
			continue
		}
		for i, l := range n.leaves {
			was[i], is[i] = l.holds(leaves[i][0], int(row)), l.holds(leaves[i][1], int(row))
		}
		before, after := n.filter.eval(was), n.filter.eval(is)
		n.count(was, is, before, after)
		if len(n.plan.stats) == 0 && (before != after || after && moved) {
			return false
		}
	}
	return true
}

// count takes over what a row changes in the numbers of the answer: which
// leaves held, and whether the row was and is in it.
func (n *renewal) count(was, is []bool, before, after bool) {
	for i := range n.plan.stats {
		cond := n.plan.stats[i].cond
		n.counts[i] += one(after && cond.eval(is)) - one(before && cond.eval(was))
	}
	if len(n.tally) != len(n.plan.tally) {
		return
	}
	for i, t := range n.plan.tally {
		n.tally[i] += int(one(after && t.eval(is)) - one(before && t.eval(was)))
	}
}

// shown returns the places of the answer that are among rows of a site.
func (n *renewal) shown(nr int32, rows []int32) (at []int32) {
	if n.from.at == nil {
		return nil
	}
	for _, i := range n.from.at[nr] {
		if _, ok := slices.BinarySearch(rows, n.from.rows[i].row); ok {
			at = append(at, i)
		}
	}
	return at
}

// answer makes the answer. Columns in which nothing changed are shared with the
// old one.
func (n *renewal) answer() *lql.Result {
	res := *n.old
	res.Total, res.Tally, res.Parts = n.total, n.tally, n.parts
	switch {
	case len(n.plan.stats) > 0:
		if slices.ContainsFunc(n.counts, func(c int64) bool { return c != 0 }) {
			res.Vectors = slices.Clone(res.Vectors)
			for i, c := range n.counts {
				res.Vectors[i].Ints = []int64{res.Vectors[i].Ints[0] + c}
			}
		}
	case len(n.segs) > 0:
		res.Vectors = slices.Clone(res.Vectors)
		for i := range res.Vectors {
			v := &res.Vectors[i]
			v.Ints, v.Floats, v.Texts, v.Objects = slices.Clone(v.Ints), slices.Clone(v.Floats), slices.Clone(v.Texts), slices.Clone(v.Objects)
		}
		f := filler{r: n.run, buf: new(store.Buffer)}
		for i := range n.segs {
			f.segment(&res, &n.segs[i])
			own(&res, n.segs[i].at)
		}
	}
	return &res
}

// own gives the rows of an answer texts of their own, so that keeping it keeps
// nothing else: those of an answer belong to a snapshot.
func own(res *lql.Result, rows []int32) {
	for i := range res.Vectors {
		texts := res.Vectors[i].Texts
		for _, row := range rows {
			if int(row) < len(texts) {
				texts[row] = strings.Clone(texts[row])
			}
		}
	}
}

// ownAll is own for all rows, which share their memory.
func ownAll(res *lql.Result) {
	var b strings.Builder
	for i := range res.Vectors {
		for _, t := range res.Vectors[i].Texts {
			b.WriteString(t)
		}
	}
	all := b.String()
	for i := range res.Vectors {
		texts := res.Vectors[i].Texts
		for k, t := range texts {
			texts[k], all = all[:len(t)], all[len(t):]
		}
	}
}

// holds reports whether the filter holds for a row of the query's table.
func (l *leaf) holds(o *operand, row int) bool {
	end := o.place.end(row)
	switch {
	case isText(o.kind):
		return l.test.holdsBytes(o.bytesAt(end))
	case o.kind == schema.Float:
		return l.test.holdsFloat(o.floatAt(end))
	}
	return l.test.holdsInt(o.intAt(end))
}

// eval reports whether the tree holds where its leaves do.
func (n *node) eval(leaves []bool) bool {
	switch {
	case n == nil:
		return true
	case n.kind == lql.Leaf:
		return leaves[n.leaf.at]
	case n.kind == lql.Not:
		return !n.kids[0].eval(leaves)
	}
	any := n.kind == lql.Or
	for _, k := range n.kids {
		if k.eval(leaves) == any {
			return any
		}
	}
	return !any
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
