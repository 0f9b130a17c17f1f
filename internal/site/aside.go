package site

import (
	"context"
	"errors"
	"slices"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// sliceRows is how many rows a far core is asked for at once when it is
// compared, so that what changes meanwhile does not wait behind all of them.
const sliceRows = 1000

// An aside is a comparison with a far core that goes on while its changes are
// followed. done is closed when compared is complete.
type aside struct {
	what     comparison
	began    time.Time
	cancel   context.CancelFunc
	done     chan struct{}
	compared map[string]*comparer // by table
	err      error                // why it is of no use
	touched  changes              // what polls changed meanwhile
}

// compareAside begins a comparison that goes on beside the polls.
func (s *session) compareAside(ctx context.Context, what comparison, began time.Time) {
	a := &aside{what: what, began: began, done: make(chan struct{}), compared: map[string]*comparer{}, touched: *newChanges()}
	ctx, a.cancel = context.WithCancel(ctx)
	var asks []func() error
	for _, name := range []string{"hosts", "services"} {
		t := s.plan.tables[name]
		req := t.compares(what)
		c := newComparer(req, s.st.Snapshot()) // with an order of its own: others may compare meanwhile
		c.window = req.position("last_check")
		a.compared[name] = c
		largest := s.largest(name)
		for _, f := range slicesOf(c.snap, t) {
			q := req.query()
			q.Filter = f
			asks = append(asks, func() error {
				inner, cancel := context.WithTimeout(ctx, roundAnswer)
				defer cancel()
				stats, err := s.client.Fetch(livestatus.WithLargest(inner, largest), q, c)
				s.health.count(stats)
				return err
			})
		}
	}
	s.aside = a
	go func() {
		defer s.kick() // so that it is taken
		defer close(a.done)
		defer func() {
			if fault := s.caught(recover()); fault != nil {
				a.err = fault
			}
		}()
		for _, ask := range asks {
			if a.err = ask(); a.err != nil {
				return
			}
		}
	}()
}

// slicesOf returns filters each of which selects some of a table's rows, and
// all together all: by the name of the host, which every core can compare.
func slicesOf(snap *store.Snapshot, t *tablePlan) []lql.Filter {
	column, core := "name", t.live.ask[t.live.keys[0].at]
	if t.table.Name == "services" {
		column = "host_name"
	}
	var bounds []string
	for row := sliceRows; row < snap.Rows(t.table.Name); row += sliceRows {
		if name := snap.Text(t.table.Name, column, row); !unnameable(name) {
			bounds = append(bounds, name)
		}
	}
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	if len(bounds) == 0 {
		return []lql.Filter{{Kind: lql.And}}
	}
	compare := func(op lql.Op, name string) lql.Filter { return lql.Filter{Column: core, Op: op, Value: name} }
	fs := []lql.Filter{all(compare(lql.Less, bounds[0]))}
	for i, from := range bounds[:len(bounds)-1] {
		fs = append(fs, all(compare(lql.GreaterOrEqual, from), compare(lql.Less, bounds[i+1])))
	}
	return append(fs, all(compare(lql.GreaterOrEqual, bounds[len(bounds)-1])))
}

// ready reports whether the comparison is complete. The nil aside never is.
func (a *aside) ready() bool {
	if a == nil {
		return false
	}
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// stopAside ends a comparison, complete or not.
func (s *session) stopAside() {
	if s.aside == nil {
		return
	}
	s.aside.cancel()
	<-s.aside.done
	s.aside = nil
}

// finishAside takes what a comparison found, once it is complete: what polls have
// read meanwhile is newer. again is what is to be compared at once instead, as
// too much has changed to tell the two apart.
func (s *session) finishAside(ctx context.Context, changed *changes) (again comparison, err error) {
	a := s.aside
	if !a.ready() {
		return nothing, nil
	}
	s.stopAside()
	s.cursor.quickCost = s.now().Sub(a.began)
	a.touch(changed)
	switch {
	case errors.Is(a.err, errManyNew):
		changed.cameOrWent, changed.many = true, true
		return nothing, nil
	case a.err != nil:
		return nothing, a.err
	case a.touched.all["hosts"] || a.touched.all["services"]:
		return a.what, nil
	}
	snap := s.st.Snapshot()
	for _, name := range []string{"hosts", "services"} {
		c := a.compared[name]
		known := func(key string) bool { _, ok := snap.Find(name, key); return ok }
		c.changed = slices.DeleteFunc(c.changed, func(key string) bool { return !known(key) })
		if len(c.changed) > byKeyAtMost { // most are those that have changed meanwhile
			c.changed = slices.DeleteFunc(c.changed, func(key string) bool { return a.touched.keys[name][key] })
		}
		c.added = slices.DeleteFunc(c.added, known)
		gone := slices.DeleteFunc(c.gone(), func(key string) bool { return !known(key) })
		if err := s.judge(ctx, s.plan.tables[name], c, gone, changed); err != nil {
			return nothing, err
		}
	}
	if a.what == deeply {
		return nothing, s.readRare(ctx, changed)
	}
	return nothing, nil
}

// touch notes what a poll has changed while a comparison goes on.
func (a *aside) touch(c *changes) {
	if a == nil {
		return
	}
	for table := range c.all {
		a.touched.all[table] = true
	}
	for table, keys := range c.keys {
		if a.touched.keys[table] == nil {
			a.touched.keys[table] = map[string]bool{}
		}
		for k := range keys {
			a.touched.keys[table][k] = true
		}
	}
}
