package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// How often things are done. All of them wait for the cost of the last time:
// a core is kept busy a twentieth of the time at most.
const (
	pollEvery   = time.Second
	pollAtMost  = 5 * time.Second // without a word from the operator
	quickAtMost = 30 * time.Second
	deepEvery   = time.Minute
	wholeEvery  = time.Hour
	costFactor  = 20
	// A wait that came back is followed by a poll no sooner after the last one
	// than this, and than some times what a poll costs.
	wakeGap    = 20 * time.Millisecond
	wakeFactor = 8
	// beatAtMost is how long a poll may be put off to be made together with those
	// of other sites.
	beatAtMost = 50 * time.Millisecond
	// However many sites there are, the polls that wakes lead to, those that
	// are due, those below a wait, comparing every number, looking at the
	// clock, and storing the counters of a core at rest stay below these
	// numbers a second.
	wakesASecond  = 100
	beatsASecond  = 1000
	pollsASecond  = 200
	netsASecond   = 80
	deepsASecond  = 8
	clocksASecond = 4

	countersASecond = 8
	// lineAtMost bounds what counts as the way to a core and back: one that needs
	// longer for the smallest answer is slow, not far.
	lineAtMost = 500 * time.Millisecond
	// calmEvery is how often a core is polled in full whose counters say that
	// nothing happened.
	calmEvery    = 15 * time.Second
	waitTimeout  = time.Minute
	waitPoll     = 2 * time.Second // safety net below a wait
	urgentFor    = 5 * time.Second
	rareFor      = 15 * time.Second // of a contact
	urgentFactor = 3
	urgentFirst  = 50 * time.Millisecond
	urgentAtMost = 2 * time.Second
	// countersEvery is how old the counters of table status may get while
	// nothing happens: each reading moves some of them.
	countersEvery = time.Minute
	// countersApart is how far apart they are stored while nothing but checks
	// moves them.
	countersApart = 2 * time.Second
)

// A cursor is how far the changes of the core have been followed.
type cursor struct {
	newest    map[string]int64           // table -> greatest value of its window column
	recent    map[string]map[uint64]seen // table -> the last window's rows by their sums
	spare     map[string]map[uint64]seen // table -> a map to be used for the next window's
	executing map[string][]string        // table -> keys that were being checked
	tails     map[string]*tails          // table -> how its rows ended
	ended     map[string][]firstEnding   // likewise, while all is read

	// when last done: comparing in two ways, reading all there is, or what
	// came, all that polls read, comments and downtimes, storing table status
	quick, deep, whole, few, full, numbered, counted time.Time

	order map[string]*[]int32 // table -> row of the store by place in the last answer

	quickCost time.Duration
	wholeCost time.Duration
	fewCost   time.Duration
	unfit     map[string]bool // rows of the core that have no place in the store
	status    [2]uint64       // hashes of what wakes: checks, and the rest
	uncounted bool            // they changed since table status was stored
	unsettled bool            // there was more than checks since rows were compared
}

// A session reads one core over one address.
type session struct {
	*site
	client client
	core   livestatus.Core // written under the site's mu, for those who ask beside run
	addr   string
	plan   *plan      // likewise
	only   *farReader // where a proxy tells of the only site behind it; nil: no proxy
	known  bool       // the store holds this run of the core already

	asOf time.Time // when the present reading began: the age of its data
	// round is what a poll costs the core: of one that answers in the threads
	// it checks with the longest answer, else the time of all but comparing.
	round    time.Duration
	rounds   [3]time.Duration // the last ones
	longest  time.Duration    // answer of the present poll
	compared time.Duration    // spent on comparing in the present poll
	latency  time.Duration    // last small answer
	line     time.Duration    // quickest small answer so far, about the way there and back
	asked    int              // requests of the present poll one after the other, but for comparing
	firsts   [2]time.Duration // the shortest and longest time to the first byte in the present poll
	ahead    *ahead           // what the present poll has sent at once; nil: nothing
	chain    *chain           // what it asks over one connection in one go; nil: nothing
	aside    *aside           // a comparison that goes on beside the polls; nil: none
	polled   time.Time        // end of the last poll
	found    bool             // the last poll found something
	ordered  bool             // and that was more than checks
	calm     int              // polls in a row that found nothing
	suspects [][2]string      // table and key of rows that came
	told     map[string]int64 // rows of hosts and services, as the core counts them
	idle     int              // waits in a row that returned for nothing
}

// prepare learns the columns, unless this is the run of the core that was
// read before.
func (s *session) prepare(ctx context.Context) error {
	id := identity{s.core.ProgramStart, s.core.PID}
	if s.heldPlan != nil && s.heldAddr == s.addr && s.held == id && s.heldCore.LivestatusVersion == s.core.LivestatusVersion {
		s.setPlan(s.heldPlan, true)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, roundAnswer)
	defer cancel()
	has, err := s.client.Columns(ctx, s.core)
	if err != nil {
		return err
	}
	p := s.m.plan(s.core, has)
	if len(p.missing) > 0 {
		return &incompatibleError{fmt.Sprintf("It answers, but has no usable table %s. Is this a monitoring core?", p.missing[0])}
	}
	s.setPlan(p, false)
	return nil
}

func (s *session) setPlan(p *plan, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.known = p, known
}

// asks returns what the core is and how it is read, for those beside run.
func (s *session) asks() (livestatus.Core, *plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.core, s.plan
}

// run reads everything if need be, then follows the changes until an error.
func (s *session) run(ctx context.Context) error {
	if !s.known {
		s.mu.Lock()
		s.thorough = false // it cannot be more so
		s.mu.Unlock()
		if err := s.readAll(ctx); err != nil {
			return err
		}
	} else {
		s.cursor.quick, s.cursor.deep = time.Time{}, time.Time{}
		s.cursor.recent, s.cursor.tails = map[string]map[uint64]seen{}, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var beside sync.WaitGroup
	watch := func(f func(context.Context) error) {
		beside.Go(func() {
			defer func() {
				if fault := s.caught(recover()); fault != nil {
					cancel(fault) // of the whole session
				}
			}()
			if err := f(ctx); errors.Is(err, errSites) {
				cancel(err)
			}
		})
	}
	watch(s.watchClock)
	if s.only != nil {
		watch(s.watchOnly)
	}
	defer func() {
		cancel(nil)
		beside.Wait()
	}()
	err := s.follow(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, errPanic) || errors.Is(cause, errSites) {
		return cause
	}
	return err
}

// follow polls, and waits where the core can, until an error.
func (s *session) follow(ctx context.Context) error {
	w := s.newWaiter(ctx)
	defer w.close()
	defer s.stopAside()
	if s.far() {
		w.arm() // the first poll takes a while
	}
	for because := due; ; {
		changed, err := s.poll(ctx, because)
		if err != nil {
			return err
		}
		s.proven(w, because, changed)
		if because, err = s.pause(ctx, w); err != nil {
			return err
		}
	}
}

// fetch asks the core for one answer within limit, counted.
func (s *session) fetch(ctx context.Context, limit time.Duration, q *lql.Query, sink livestatus.Sink) error {
	if first, ok, err := s.ahead.take(q, sink); ok {
		s.answered(first)
		return err
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	large := livestatus.WithLargest(inner, s.largest(q.Table))
	stats, ok, err := s.chain.take(large, q, sink)
	if !ok {
		stats, err = s.client.Fetch(large, q, sink)
		s.asked++
	}
	s.health.count(stats)
	s.longest = max(s.longest, stats.Took)
	s.answered(stats.FirstByte)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		return overdue(limit, stats.BytesIn > 0, err)
	}
	return err
}

// overdue says that a core did not answer within our own limit.
func overdue(limit time.Duration, began bool, err error) error {
	e := &livestatus.Error{Kind: livestatus.KindSilent, Err: err,
		Cause: fmt.Sprintf("The core takes the connection, but did not answer within %v.", limit),
		Fix:   "It may hang, be overloaded or be rotating its logs: look at its log and at the load of its machine."}
	if began {
		e.Kind = livestatus.KindSlow
		e.Cause = fmt.Sprintf("The core began to answer, but had not finished after %v.", limit)
	}
	return e
}

// poll reads what changed since the last time.
func (s *session) poll(ctx context.Context, because reason) (changed *changes, err error) {
	began := s.now()
	s.asOf = began
	s.health.tried()
	s.longest, s.compared, s.asked, s.firsts = 0, 0, 0, [2]time.Duration{}
	urgent := s.urgentNow()
	s.ahead = s.lookAhead(ctx, because, urgent, began)
	s.chain = s.chainUp(because, urgent, began)
	defer func() {
		s.ahead.end(err)
		s.chain.end()
		s.ahead, s.chain = nil, nil
	}()
	return s.pollAt(ctx, because, urgent, began)
}

// pollAt is a poll that began then.
func (s *session) pollAt(ctx context.Context, because reason, urgent bool, began time.Time) (*changes, error) {
	changed := newChanges()
	same, err := s.readStatus(ctx, changed)
	if err != nil {
		return nil, err
	}
	s.measured(s.now().Sub(began))
	if !same {
		return changed, s.readAnew(ctx, changed)
	}
	what, rests := nothing, because == due && !urgent && s.restful(began, changed)
	if !rests {
		what = s.comparisonDue(began, urgent, changed)
	}
	// Comparing finds what a window would: a core that can bear little is
	// spared one of the two.
	if !rests && (what == nothing || !s.core.Profile.OneLane) {
		if err := s.readWindows(ctx, changed); err != nil {
			return nil, err
		}
		if s.cursor.quick.IsZero() { // more is being checked than can be named
			what = max(what, quickly)
		}
	}
	if same, err = s.readCountersToo(ctx, changed); err != nil {
		return nil, err
	}
	switch {
	case !same:
		return changed, s.readAnew(ctx, changed)
	case rests:
		s.confirmed(began, changed)
		return changed, nil
	}
	if err := s.readScans(ctx, began, what, urgent, changed); err != nil {
		return nil, err
	}
	if urgent {
		if err := s.readTargets(ctx, changed); err != nil {
			return nil, err
		}
	}
	if urgent || !s.onlyChecks(changed) || began.Sub(s.cursor.numbered) >= calmEvery {
		if err := s.readNumbered(ctx, changed); err != nil {
			return nil, err
		}
		s.cursor.numbered = began
	}
	if err := s.readArrivals(ctx, began, changed); err != nil {
		return nil, err
	}
	s.cursor.full = began
	s.confirmed(began, changed)
	return changed, nil
}

// readAnew reads a core that is not the run of itself that is in the store.
func (s *session) readAnew(ctx context.Context, changed *changes) error {
	s.chain.end()
	s.log.Info("site: the core was reloaded or restarted, reading it anew", "site", s.spec.Name)
	s.health.doing("The core was reloaded or restarted and is being read anew.")
	if err := s.reidentify(ctx); err != nil {
		return err
	}
	changed.cameOrWent = true
	err := s.readAll(ctx)
	s.settle(changed)
	return err
}

// restful reports whether a core that counts says that nothing happened since
// it was last polled in full. What a counter tells may show a moment later in
// the rows, so the poll after one that found something is always full.
func (s *session) restful(began time.Time, changed *changes) bool {
	return s.plan.counts.checks && !changed.woke && s.calm > 0 && !s.aside.ready() &&
		began.Sub(s.cursor.full) < max(calmEvery, 16*s.m.share(netsASecond))
}

// onlyChecks reports whether a core that counts says that there were checks
// and nothing else.
func (s *session) onlyChecks(changed *changes) bool {
	return s.plan.counts.orders && changed.woke && !changed.ordered && !s.ordered
}

// confirmed notes that the poll that began then is done.
func (s *session) confirmed(began time.Time, changed *changes) {
	switch {
	case s.core.Profile.OneLane:
		s.spent(s.longest)
	case s.ahead != nil:
		s.spent(s.farCost())
	default:
		// Comparing has a pace of its own, and the way there and back costs the
		// core nothing.
		s.spent(max(s.now().Sub(began)-s.compared-time.Duration(s.asked)*s.line, 0))
	}
	s.st.Confirm(began)
	s.health.fresh(began, s.latency, s.round)
	s.settle(changed)
}

// spent takes what a poll took. What counts is the middle of the last three,
// so that a core that was stuck once is not left alone for a minute.
func (s *session) spent(d time.Duration) {
	s.rounds = [3]time.Duration{s.rounds[1], s.rounds[2], d}
	sorted := s.rounds
	slices.Sort(sorted[:])
	s.round = sorted[1]
}

// reidentify asks the core anew what it is and has: a restart may have been an
// upgrade.
func (s *session) reidentify(ctx context.Context) error {
	core, err := identify(ctx, s.client)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.core = core
	s.mu.Unlock()
	return s.prepare(ctx)
}

// identify asks a core what it is.
func identify(ctx context.Context, c client) (livestatus.Core, error) {
	inner, cancel := context.WithTimeout(ctx, smallAnswer)
	defer cancel()
	core, err := c.Identify(inner)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		err = overdue(smallAnswer, false, err)
	}
	return core, err
}

// interval is the time between two polls.
func (s *session) interval() time.Duration {
	base := s.spec.Interval
	least := s.core.Profile.Interval(s.round)
	if base <= 0 {
		base = max(min(max(pollEvery, costFactor*s.round), pollAtMost), s.m.share(pollsASecond))
	}
	return max(base, least)
}

// commit publishes a batch and adds to changed what it changed.
func (s *session) commit(b *store.Batch, changed *changes) error {
	c, err := b.Commit(s.asOf)
	if err != nil {
		return fmt.Errorf("site: store: %w", err)
	}
	changed.add(c)
	return nil
}
