package site

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// A comparison is what of the store a poll compares with the core.
type comparison uint8

const (
	nothing comparison = iota
	quickly            // the few columns that change without a check
	deeply             // every number
)

// comparisonDue says what to compare now: the few columns as often as that is
// cheap, every number once a minute.
func (s *session) comparisonDue(began time.Time, urgent bool, changed *changes) comparison {
	cur := &s.cursor
	every := min(max(s.interval(), costFactor*cur.quickCost), quickAtMost)
	if s.plan.tables["services"].tellsAll() {
		every = max(every, quickAtMost/2) // the window tells nearly all
	}
	cur.unsettled = cur.unsettled || changed.ordered || s.ordered
	settled, checks := s.plan.counts.orders && !cur.unsettled, s.onlyChecks(changed)
	switch {
	case settled && !changed.woke && !s.found:
		every = max(every, deepEvery) // nothing happened
	case settled && checks && s.plan.tables["services"].tellsAll():
		every = max(every, deepEvery) // all that happened was told
	case checks:
		every = max(every, calmEvery)
	}
	switch {
	case s.aside != nil && !urgent:
		return nothing // one is under way
	case s.aside == nil && began.Sub(cur.deep) >= max(deepEvery, s.m.share(deepsASecond)):
		return deeply
	case urgent || began.Sub(cur.quick) >= every:
		return quickly
	}
	return nothing
}

// compares are the columns that a comparison looks at.
func (t *tablePlan) compares(what comparison) *request {
	if what == deeply {
		return &t.deep
	}
	return &t.quick
}

// readScans compares hosts and services with the store. What differs is read;
// where rows came or went all is to be read. A far core is compared aside,
// unless an effect is awaited.
func (s *session) readScans(ctx context.Context, began time.Time, what comparison, urgent bool, changed *changes) error {
	again, err := s.finishAside(ctx, changed)
	if err != nil {
		return err
	}
	what = max(what, again)
	if what == nothing {
		return nil
	}
	cur := &s.cursor
	if s.far() && again == nothing && s.aside == nil && (what == deeply || what == quickly && !urgent && !cur.quick.IsZero()) {
		s.compareAside(ctx, what, began)
		cur.quick, cur.unsettled = began, changed.ordered || s.ordered
		if what == deeply {
			cur.deep = began
		}
		if !urgent {
			return nil
		}
		what = quickly // for the effect that is awaited
	}
	start, asked, firsts := s.now(), s.asked, s.firsts
	for _, name := range []string{"hosts", "services"} {
		if err := s.scan(ctx, s.plan.tables[name], what, changed); err != nil {
			return err
		}
	}
	if what == deeply {
		if err := s.readRare(ctx, changed); err != nil {
			return err
		}
		cur.deep = began
	}
	s.compared, s.asked, s.firsts = s.now().Sub(start), asked, firsts
	cur.quick, cur.quickCost, cur.unsettled = began, s.compared, changed.ordered || s.ordered
	return nil
}

// scan compares one table and reads the rows that differ.
func (s *session) scan(ctx context.Context, t *tablePlan, what comparison, changed *changes) error {
	c := s.newComparer(t, what)
	err := s.fetch(ctx, roundAnswer, c.req.query(), c)
	if errors.Is(err, errManyNew) {
		changed.cameOrWent, changed.many = true, true
		return nil
	}
	if err != nil {
		return err
	}
	return s.judge(ctx, t, c, c.gone(), changed)
}

// newComparer returns a comparer of a table that knows in which order the rows
// came the last time.
func (s *session) newComparer(t *tablePlan, what comparison) *comparer {
	req := t.compares(what)
	c := newComparer(req, s.st.Snapshot())
	if s.cursor.order == nil {
		s.cursor.order = map[string]*[]int32{}
	}
	if order := s.cursor.order[t.table.Name]; order != nil {
		c.order = order
	}
	s.cursor.order[t.table.Name] = c.order
	if t.window == "last_check" {
		c.window = req.position("last_check")
	}
	if t.live.lead > 0 {
		if known := s.tailsOf(c.snap, t.table.Name); known != nil {
			c.same = known.found(what)
		}
	}
	return c
}

// judge takes what a comparison found; gone are the keys of rows that the core
// does not have any more.
func (s *session) judge(ctx context.Context, t *tablePlan, c *comparer, gone []string, changed *changes) error {
	if s.came(t.table.Name, c.added, changed) || len(gone) > 0 {
		changed.cameOrWent = true
		changed.gone[t.table.Name] = gone
	}
	if t.window == "last_check" && c.newest > 0 && c.newest < s.cursor.newest[t.table.Name]-overlapCheck {
		s.cursor.newest[t.table.Name] = c.newest // the core's clock went back
	}
	return s.readKeys(ctx, t, c.changed, changed)
}

// came notes rows that the store does not have, and reports whether any might
// fit in: those that did not when they were read last, services without their
// host, do not count.
func (s *session) came(table string, added []string, changed *changes) bool {
	if !slices.ContainsFunc(added, func(k string) bool { return !s.cursor.unfit[store.Key(table, k)] }) {
		return false
	}
	for _, k := range added {
		if !slices.Contains(changed.came[table], k) && len(changed.came[table]) <= byKeyAtMost {
			changed.came[table] = append(changed.came[table], k)
		}
	}
	for _, k := range added[:min(len(added), unfitAtMost)] {
		s.suspects = append(s.suspects, [2]string{table, k})
	}
	return true
}

// unfitAtMost bounds how many rows that do not fit are remembered.
const unfitAtMost = 10_000

// unfit returns those of the suspects that the store still does not have.
func (s *session) unfit() map[string]bool {
	out := map[string]bool{}
	snap := s.st.Snapshot()
	for _, k := range s.suspects {
		if _, ok := snap.Find(k[0], k[1]); !ok {
			out[store.Key(k[0], k[1])] = true
		}
	}
	s.suspects = nil
	return out
}

// readKeys reads the live columns of the named rows, or of all if they are
// many.
func (s *session) readKeys(ctx context.Context, t *tablePlan, keys []string, changed *changes) error {
	if len(keys) == 0 {
		return nil
	}
	b := s.st.Begin()
	f := newFeeder(&t.live, func() *store.Rows { return b.Update(t.table.Name) })
	f.known = s.st.Snapshot()
	if t.live.lead > 0 {
		f.tails = s.tailsOf(f.known, t.table.Name)
	}
	q := t.live.query()
	if len(keys) <= byKeyAtMost && !slices.ContainsFunc(keys, unnameable) {
		q.Filter = all(lql.Filter{Kind: lql.Or, Kids: t.byKey(keys)})
	}
	if err := s.fetch(ctx, roundAnswer, q, f); err != nil {
		b.Abort()
		return err
	}
	maps.DeleteFunc(s.cursor.recent[t.table.Name], func(_ uint64, row seen) bool { // the store has another row now
		return len(keys) > byKeyAtMost || slices.Contains(keys, row.key)
	})
	if err := s.commit(b, changed); err != nil {
		return err
	}
	f.tails.learn(f.ended)
	return nil
}

var rareTables = []string{"contacts", "timeperiods", "endpoints", "zones"}

// readRare reads what changes seldom and is small: whether it is now within a
// period, and switches of contacts.
func (s *session) readRare(ctx context.Context, changed *changes) error {
	for _, name := range rareTables {
		t := s.plan.tables[name]
		if t == nil {
			continue
		}
		c := newComparer(&t.deep, s.st.Snapshot())
		err := s.fetch(ctx, roundAnswer, t.deep.query(), c)
		if err != nil && !errors.Is(err, errManyNew) {
			return err
		}
		if err != nil || len(c.added) > 0 || len(c.gone()) > 0 {
			changed.cameOrWent = true // the table is read with those that came
			continue
		}
		if err := s.readKeys(ctx, t, c.changed, changed); err != nil {
			return err
		}
	}
	return nil
}

// readNumbered compares comments and downtimes by number and reads the new
// ones. The numbers are those of this run of the core: if that ended in the
// meantime nothing is taken over.
func (s *session) readNumbered(ctx context.Context, changed *changes) error {
	b := s.st.Begin()
	any := false
	for _, name := range []string{"comments", "downtimes"} {
		t := s.plan.tables[name]
		if t == nil {
			continue
		}
		c := newComparer(&t.quick, s.st.Snapshot())
		err := s.fetch(ctx, roundAnswer, t.quick.query(), c)
		if errors.Is(err, errManyNew) {
			changed.cameOrWent, changed.many = true, true
			continue
		}
		if err != nil {
			b.Abort()
			return err
		}
		if gone := c.gone(); len(gone) > 0 {
			b.Delete(name, gone...)
			any = true
		}
		keys := append(c.added, c.changed...)
		if len(keys) == 0 {
			continue
		}
		any = true
		f := newFeeder(&t.all, func() *store.Rows { return b.Update(name) })
		q := t.all.query()
		if len(keys) <= byKeyAtMost {
			q.Filter = all(lql.Filter{Kind: lql.Or, Kids: t.byKey(keys)})
		}
		if err := s.fetch(ctx, roundAnswer, q, f); err != nil {
			b.Abort()
			return err
		}
	}
	if !any {
		b.Abort()
		return nil
	}
	if same, err := s.sameRun(ctx); err != nil || !same {
		b.Abort()
		return err // the next poll sees the new run
	}
	return s.commit(b, changed)
}
