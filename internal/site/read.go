package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// How far back a window reaches below the newest row seen. A core notes the
// time at which a check began, and hands the result out later.
const (
	overlapUpdate = 2
	overlapCheck  = 5
	// byKeyAtMost is how many rows are asked by name; above, the whole table
	// is asked.
	byKeyAtMost = 100
)

// readAll reads every table. While there is no data at all each table shows
// as soon as it is there; otherwise the old data shows until all of the new
// is whole. A reload while reading begins it again.
func (s *session) readAll(ctx context.Context) error {
	s.stopAside() // it was of what was there before
	for try := 0; ; try++ {
		began := s.now()
		s.asOf = began
		id := identity{s.core.ProgramStart, s.core.PID}
		cur := cursor{newest: map[string]int64{}, recent: map[string]map[uint64]seen{}, executing: map[string][]string{}, ended: map[string][]firstEnding{}, whole: began}
		if err := s.readTables(ctx, &cur); err != nil {
			return err
		}
		same, err := s.sameRun(ctx)
		if err != nil {
			return err
		}
		if same {
			cur.wholeCost, cur.unfit = s.now().Sub(began), s.unfit()
			cur.tails = map[string]*tails{}
			for table, ended := range cur.ended {
				cur.tails[table] = tailsFrom(s.st.Snapshot(), table, ended)
			}
			cur.ended = nil
			s.held, s.heldAddr, s.heldPlan, s.heldCore, s.cursor = id, s.addr, s.plan, s.core, cur
			s.health.synced(cur.wholeCost)
			s.health.fresh(began, s.latency, s.round)
			s.m.identified(s.site)
			return nil
		}
		if try == 2 {
			return &livestatus.Error{Kind: livestatus.KindProtocol, Cause: "The core was reloaded again and again while it was being read.", Fix: "Look into the core's log for the reason."}
		}
		if err := s.reidentify(ctx); err != nil {
			return err
		}
	}
}

// sameRun asks whether the core is still the one that was identified.
func (s *session) sameRun(ctx context.Context) (bool, error) {
	var id identity
	began := s.now()
	q := lql.Get("status", "program_start", "nagios_pid")
	err := s.fetch(ctx, smallAnswer, q, rowFunc(func(c []livestatus.Cell) error {
		id = identity{c[0].Int(), c[1].Int()}
		return nil
	}))
	s.measured(s.now().Sub(began))
	return id == identity{s.core.ProgramStart, s.core.PID}, err
}

// readTables reads all tables into one batch, or on the first time one by one.
func (s *session) readTables(ctx context.Context, cur *cursor) error {
	first := s.st.Snapshot().Version() == 0
	b := s.st.Begin()
	for i, t := range s.plan.order {
		err := s.readTable(ctx, b, t, cur)
		if err == nil && i == 0 { // table status, which tells how much there is
			err = s.room()
		}
		if err != nil {
			b.Abort()
			return err
		}
		if !first {
			continue
		}
		if err := s.commit(b, newChanges()); err != nil {
			return err
		}
		b = s.st.Begin()
	}
	if first {
		b.Abort()
		return nil
	}
	s.dropMissing(b)
	return s.commit(b, newChanges())
}

// dropMissing empties tables that an earlier core of this site had.
func (s *session) dropMissing(b *store.Batch) {
	for _, name := range firstReading {
		if s.plan.tables[name] == nil && s.st.Snapshot().Rows(name) > 0 {
			b.Replace(name)
		}
	}
}

// readTable reads one whole table into b.
func (s *session) readTable(ctx context.Context, b *store.Batch, t *tablePlan, cur *cursor) error {
	f := newFeeder(&t.all, func() *store.Rows { return b.Replace(t.table.Name) })
	if err := f.begin(); err != nil {
		return fmt.Errorf("site: %w", err)
	}
	f.window = t.all.position(t.window)
	f.most = s.plausible(t.table.Name)
	if t.table.Name == "status" {
		f.each = s.countTold
	}
	if t.all.lead > 0 {
		f.first = &[]firstEnding{}
	}
	began := s.now()
	if err := s.fetch(ctx, tableAnswer, t.all.query(), f); err != nil {
		if s.only != nil && t.table.Name == "status" && f.rowsIn > 1 {
			return errSites
		}
		return err
	}
	// What changed behind our back while the rows came is read again.
	if f.first != nil {
		cur.ended[t.table.Name] = *f.first
	}
	cur.newest[t.table.Name] = f.newest - int64(s.now().Sub(began)/time.Second)
	return nil
}

// countTold notes how many hosts and services the core says it has.
func (s *session) countTold(c []livestatus.Cell) {
	all := &s.plan.tables["status"].all
	s.told = map[string]int64{}
	for _, name := range []string{"hosts", "services"} {
		if at := all.position("num_" + name); at >= 0 {
			s.told[name] = c[at].Int()
		}
	}
}

// plausible is how many rows a table may have before the answer counts as
// madness: what the core said, with room for objects made meanwhile, or what
// the largest installations have. It bounds memory while an answer comes in.
func (s *session) plausible(table string) int {
	switch table {
	case "status":
		return 1 // of more than one readTable says what that means
	case "hosts", "services", "comments", "downtimes":
		n := s.told[table]
		if table == "hosts" || table == "services" {
			n = max(n, int64(s.st.Snapshot().Rows(table)))
		}
		if n > 0 {
			return int(min(2*n+1000, int64(s.m.o.MaxRows)))
		}
		return s.m.o.MaxRows
	}
	return min(smallTable, s.m.o.MaxRows)
}

// largest is how many bytes an answer about a table may have: 64 KiB for each
// row there may be, which is fifty times what real ones have, and 64 MiB more.
func (s *session) largest(table string) int64 { return int64(s.plausible(table)+1000) << 16 }

// smallTable is how many groups, people or commands there may be.
const smallTable = 200_000

// position returns where the core's column is in an answer, -1 if it is not.
func (r *request) position(core string) int {
	for i, name := range r.ask {
		if name == core {
			return i
		}
	}
	return -1
}

// readStatus reads what tells whether anything happened, as a part of the whole
// row of table status if that is due. same is false if the core is another run of
// itself than the data in the store.
func (s *session) readStatus(ctx context.Context, changed *changes) (same bool, err error) {
	if !s.asksPulse() {
		return s.readCounters(ctx, changed)
	}
	id, err := s.readPulse(ctx, &s.plan.pulse, discard{}, changed)
	return id == s.held, err
}

// readCountersToo reads the whole row of table status if what happened is a
// reason to, with same as [session.readStatus] has it.
func (s *session) readCountersToo(ctx context.Context, changed *changes) (same bool, err error) {
	if !s.asksPulse() || !s.cursor.uncounted || changed.woke && !changed.ordered && !s.countersAged() {
		return true, nil
	}
	return s.readCounters(ctx, changed)
}

// asksPulse reports whether a poll asks first for the little that tells whether
// anything happened.
func (s *session) asksPulse() bool {
	return s.plan.counts != (counting{}) && !s.countersDue()
}

// countersDue reports whether table status is to be stored although nothing
// happened: from time to time, and while a command is to show.
func (s *session) countersDue() bool {
	return s.expecting() || s.now().Sub(s.cursor.counted) >= max(countersEvery, s.m.share(countersASecond)) || s.cursor.uncounted && s.countersAged()
}

// countersAged reports whether table status was stored so long ago that checks
// alone are a reason to store it.
func (s *session) countersAged() bool { return s.now().Sub(s.cursor.counted) >= countersApart }

// readCounters reads the whole row of table status.
func (s *session) readCounters(ctx context.Context, changed *changes) (same bool, err error) {
	t := s.plan.tables["status"]
	b := s.st.Begin()
	f := newFeeder(&t.all, func() *store.Rows { return b.Update("status") })
	id, err := s.readPulse(ctx, &t.all, f, changed)
	if err != nil || id != s.held {
		b.Abort()
		return false, err
	}
	if !changed.woke && !s.cursor.uncounted && !s.countersDue() {
		b.Abort() // only what our own asking moves
		return true, nil
	}
	s.cursor.counted, s.cursor.uncounted = s.now(), false
	return true, s.commit(b, newChanges())
}

// readPulse reads columns of table status into to and notes what they tell.
func (s *session) readPulse(ctx context.Context, req *request, to livestatus.Sink, changed *changes) (id identity, err error) {
	start, pid := req.position("program_start"), req.position("nagios_pid")
	var sums [2]hasher
	sums[0].reset()
	sums[1].reset()
	rows := 0
	err = s.fetch(ctx, smallAnswer, s.asking(req, (*request).query), rowFunc(func(c []livestatus.Cell) error {
		if rows++; rows > 1 {
			return tooMany("status", 1)
		}
		id = identity{cell(c, start).Int(), cell(c, pid).Int()}
		for i, name := range req.ask {
			switch wakes(name) {
			case checked:
				sums[0].word(uint64(c[i].Int()))
			case ordered:
				sums[1].word(uint64(c[i].Int()))
			}
		}
		return to.Row(c)
	}))
	if err != nil || id != s.held {
		return id, err
	}
	now := [2]uint64{sums[0].sum(), sums[1].sum()}
	changed.woke = changed.woke || now != s.cursor.status
	changed.ordered = changed.ordered || now[1] != s.cursor.status[1]
	s.cursor.status = now
	s.cursor.uncounted = s.cursor.uncounted || changed.woke
	return id, nil
}

// A window is what one table's window gave.
type window struct {
	table     string
	newest    int64
	recent    map[uint64]seen
	executing []string
	ended     []ending
	written   int
	unknown   []string // keys of rows the store does not have, or some of them
	many      bool     // too many of them
}

// windowed are the tables that may have a window, what others refer to first.
var windowed = []string{"contacts", "timeperiods", "hosts", "services"}

// readWindows reads the hosts and services that were checked, or changed
// where the core tells, since the last time; behind another Belvedere contacts
// and periods, too.
func (s *session) readWindows(ctx context.Context, changed *changes) error {
	b := s.st.Begin()
	var got []window
	written := 0
	for _, name := range windowed {
		t := s.plan.tables[name]
		if t == nil || t.window == "" {
			continue
		}
		w, err := s.readWindow(ctx, b, t)
		if err != nil {
			b.Abort()
			return err
		}
		got = append(got, w)
		written += w.written
	}
	if written == 0 {
		b.Abort()
	} else if err := s.commit(b, changed); err != nil {
		return err
	}
	for _, w := range got {
		s.cursor.tails[w.table].learn(w.ended)
		s.keepSpare(w.table)
		s.cursor.newest[w.table], s.cursor.recent[w.table], s.cursor.executing[w.table] = w.newest, w.recent, w.executing
		changed.many = changed.many || w.many
		if w.many || s.came(w.table, w.unknown, changed) {
			changed.cameOrWent = true
		}
	}
	return nil
}

// readWindow reads one table's window into b.
func (s *session) readWindow(ctx context.Context, b *store.Batch, t *tablePlan) (window, error) {
	w := window{table: t.table.Name}
	f := newFeeder(&t.live, func() *store.Rows { return b.Update(w.table) })
	f.before, f.recent = s.cursor.recent[w.table], s.takeSpare(w.table)
	f.window, f.newest = t.live.position(t.window), s.cursor.newest[w.table]
	f.known, f.moved = s.st.Snapshot(), &t.moved
	if t.live.lead > 0 {
		f.tails = s.tailsOf(f.known, w.table)
	}
	f.executing = t.live.position("is_executing")
	began := s.now()
	q := s.asking(&t.live, func(*request) *lql.Query { return s.windowQuery(t) })
	if s.ahead.sent(q) || s.chain.Asked() == q {
		began = s.asOf
	}
	err := s.fetch(ctx, roundAnswer, q, f)
	if w.many = errors.Is(err, errManyNew); err != nil && !w.many {
		return w, err
	}
	w.recent, w.executing, w.ended, w.written, w.unknown = f.recent, f.runs, f.ended, f.written, f.strangers
	if t.window != changedAt { // which is by the clock of the program that says it
		f.newest = min(f.newest, s.coreNow()+overlapCheck)
	}
	w.newest = f.newest - int64(s.now().Sub(began)/time.Second)
	return w, nil
}

// spareAtMost is how many rows a map has at most that is used again.
const spareAtMost = 1000

// keepSpare sets the rows of the last window aside, so that the one after the
// next can have their place.
func (s *session) keepSpare(table string) {
	old := s.cursor.recent[table]
	if len(old) == 0 || len(old) > spareAtMost {
		return
	}
	clear(old)
	if s.cursor.spare == nil {
		s.cursor.spare = map[string]map[uint64]seen{}
	}
	s.cursor.spare[table] = old
}

// takeSpare returns an empty map for the rows of a window.
func (s *session) takeSpare(table string) map[uint64]seen {
	m := s.cursor.spare[table]
	delete(s.cursor.spare, table)
	if m == nil {
		m = map[uint64]seen{}
	}
	return m
}

// coreNow is the core's clock, in seconds since 1970.
func (s *session) coreNow() int64 {
	return s.now().Add(s.st.Health().ClockSkew).Unix()
}

// windowQuery asks for what changed lately.
func (s *session) windowQuery(t *tablePlan) *lql.Query {
	q := t.live.query()
	q.Filter = s.windowFilter(t)
	return q
}

// windowFilter selects what changed lately.
func (s *session) windowFilter(t *tablePlan) lql.Filter {
	since := s.cursor.newest[t.table.Name]
	if t.tellsAll() {
		return all(atLeast(t.window, since-overlapUpdate))
	}
	either := []lql.Filter{atLeast(t.window, since-overlapCheck)}
	if t.executing {
		either = append(either, equal("is_executing", "1"))
		keys := s.cursor.executing[t.table.Name]
		keys = slices.DeleteFunc(slices.Clone(keys), unnameable)
		if len(keys) > byKeyAtMost {
			s.cursor.quick = time.Time{} // too many to name: compare all
			keys = nil
		}
		either = append(either, t.byKey(keys)...)
	}
	if len(either) == 1 {
		return all(either[0])
	}
	return all(lql.Filter{Kind: lql.Or, Kids: either})
}

// unnameable reports whether a row of that key cannot be asked for by name: a
// request has no line breaks, and an endless name would make it endless.
func unnameable(key string) bool { return len(key) > 1000 || strings.ContainsAny(key, "\r\n") }

// byKey returns a filter for each key.
func (t *tablePlan) byKey(keys []string) []lql.Filter {
	var fs []lql.Filter
	for _, key := range keys {
		var parts []lql.Filter
		for i, part := range strings.Split(key, "\x00") {
			parts = append(parts, equal(t.live.ask[t.live.keys[i].at], part))
		}
		if len(parts) == 1 {
			fs = append(fs, parts[0])
		} else {
			fs = append(fs, all(parts...))
		}
	}
	return fs
}

func all(fs ...lql.Filter) lql.Filter { return lql.Filter{Kind: lql.And, Kids: fs} }

func equal(column, value string) lql.Filter {
	return lql.Filter{Column: column, Op: lql.Equal, Value: value}
}

func atLeast(column string, n int64) lql.Filter {
	return lql.Filter{Column: column, Op: lql.GreaterOrEqual, Value: fmt.Sprint(max(0, n))}
}

// rowFunc is a sink that calls itself for each row.
type rowFunc func(cells []livestatus.Cell) error

// Begin implements [livestatus.Sink].
func (f rowFunc) Begin([]string) error { return nil }

// Row implements [livestatus.Sink].
func (f rowFunc) Row(cells []livestatus.Cell) error { return f(cells) }
