package site

import (
	"context"
	"fmt"
	"slices"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// readArrivals reads rows that came without a reload, and drops those that
// went. All is read where they are many, and once in a while in any case.
func (s *session) readArrivals(ctx context.Context, began time.Time, changed *changes) error {
	few := changed.cameOrWent && !changed.many
	for _, keys := range []map[string][]string{changed.came, changed.gone} {
		for _, k := range keys {
			few = few && len(k) <= byKeyAtMost && !slices.ContainsFunc(k, unnameable)
		}
	}
	switch since := began.Sub(s.cursor.whole); {
	case since >= wholeEvery, changed.cameOrWent && !few && since >= arriveGap(s.cursor.wholeCost):
		return s.readAll(ctx)
	case few && began.Sub(s.cursor.few) >= arriveGap(s.cursor.fewCost):
		return s.readFew(ctx, began, changed)
	}
	return nil
}

// arriveGap is the least time between two readings of rows that came or went:
// a core whose rows never fit together is not read for ever.
func arriveGap(cost time.Duration) time.Duration {
	return min(max(time.Second, costFactor*cost), time.Minute)
}

// readFew reads the rows that came with all their columns, and with them the
// small tables that they may refer to. What it costs the core does not depend
// on how many rows there were before.
func (s *session) readFew(ctx context.Context, began time.Time, changed *changes) error {
	b := s.st.Begin()
	var cur cursor
	cur.newest = map[string]int64{}
	for _, t := range s.plan.order {
		var err error
		switch t.table.Name {
		case "status", "comments", "downtimes": // followed by other means
		case "hosts", "services":
			if gone := changed.gone[t.table.Name]; len(gone) > 0 {
				b.Delete(t.table.Name, gone...)
			}
			err = s.readNew(ctx, b, t, changed.came[t.table.Name])
		default:
			err = s.readTable(ctx, b, t, &cur)
		}
		if err != nil {
			b.Abort()
			return err
		}
	}
	if same, err := s.sameRun(ctx); err != nil || !same {
		b.Abort()
		return err // the next poll sees the new run
	}
	if err := s.commit(b, changed); err != nil {
		return err
	}
	s.cursor.tails = nil
	s.cursor.few, s.cursor.fewCost = began, s.now().Sub(began)
	if len(s.cursor.unfit) > unfitAtMost {
		s.cursor.unfit = map[string]bool{}
	}
	for k := range s.unfit() {
		s.cursor.unfit[k] = true
	}
	s.m.identified(s.site)
	return nil
}

// readNew reads all columns of the rows with those keys into b.
func (s *session) readNew(ctx context.Context, b *store.Batch, t *tablePlan, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	f := newFeeder(&t.all, func() *store.Rows { return b.Update(t.table.Name) })
	f.most = s.plausible(t.table.Name)
	q := t.all.query()
	q.Filter = all(lql.Filter{Kind: lql.Or, Kids: t.byKey(keys)})
	if err := s.fetch(ctx, roundAnswer, q, f); err != nil {
		return fmt.Errorf("site: rows that came: %w", err)
	}
	return nil
}
