package recur

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// What can keep a rule from doing what it says.
const (
	Nothing = "nothing" // it matches no object
	Gone    = "gone"    // its author has no account any more, or may not sign in
	Denied  = "denied"  // its author may not: Reason says why
	TooMany = "toomany" // it matches more objects than an order may have
	Invalid = "invalid" // it cannot be read: Reason says why
	Stuck   = "stuck"   // something went wrong here; the log says what
)

// A Status is how a rule stands.
type Status struct {
	Checked  time.Time // zero: not yet
	Problem  string    // one of the above, "" none
	Reason   string    // a sentence
	Hosts    int       // objects that it matches now
	Services int
	Waiting  []string // names of sites whose data is not fresh: nothing is set there
	Refused  int      // objects for which the author may not, or the order makes no sense
	Set      int      // downtimes of now and later that the cores have
	Given    int      // and those on their way
	Failed   int      // and those that a core did not take; tried again
	Moving   bool     // something was given a moment ago
}

// The states of a rule's downtime.
const (
	OnItsWay = "given"      // the order was given, the core does not show it yet
	InCore   = "set"        // the core has it, or had it
	NotTaken = "failed"     // the core did not take it
	ToGo     = "cancelling" // it is to be cancelled
)

const (
	setWithin = 10 * time.Minute    // how long the core may take to show what was set
	goWithin  = 2 * time.Minute     // and to drop what was cancelled
	keptPast  = 35 * 24 * time.Hour // how long what is over is remembered
	movesFor  = time.Minute         // how long it is looked at more often
	triesMost = 6                   // doublings of the time before the next try
)

// A turn is one look at one rule.
type turn struct {
	s     *Service
	r     db.Rule
	rule  Rule
	plan  *Plan
	now   time.Time
	actor command.Actor
	why   string // what keeps the author from giving orders

	rows  []*db.RuleDowntime
	live  map[spot]*db.RuleDowntime // those that are not to go
	taken map[spot]bool             // cores have them, though they are not noted
	cores marked
	there map[spot][]lastsAs // downtimes with the rule's mark in the cores
	found Found
	whole bool // found is all there is: each site it asks is fresh
	st    Status
	dirty map[*db.RuleDowntime]bool
	items map[int64]map[command.Target]command.Item // of orders that were asked about
}

// A spot is one object's part of one occurrence.
type spot struct{ name, site, host, service string }

// lastsAs are start and end of a downtime, and what else finds it again.
type lastsAs struct {
	starts, ends time.Time
	entry        command.Entry
}

func spotOf(d *db.RuleDowntime) spot { return spot{d.Name, d.Site, d.Host, d.Service} }

// lookAt does for one rule what is to be done now.
func (s *Service) lookAt(ctx context.Context, r db.Rule, cores marked) (Status, error) {
	t := &turn{s: s, r: r, now: s.o.Now(), cores: cores, there: cores.by[r.Mark], taken: map[spot]bool{}, live: map[spot]*db.RuleDowntime{}, dirty: map[*db.RuleDowntime]bool{}, items: map[int64]map[command.Target]command.Item{}}
	var err error
	if t.actor, t.why, err = s.actor(ctx, r); err != nil {
		return t.st, err
	}
	t.st.Problem = t.why
	if t.rule, err = ruleOf(r); err != nil {
		return t.st, err
	}
	if t.plan, err = t.rule.Spec.Plan(); err != nil {
		t.st.Problem, t.st.Reason = Invalid, err.Error()
		return t.st, nil //nolint:nilerr // it is the rule's own, and shown there
	}
	stored, err := s.o.Store.RuleDowntimes(ctx, r.ID)
	if err != nil {
		return t.st, err
	}
	for i := range stored {
		t.rows = append(t.rows, &stored[i])
	}
	t.takeOver()
	if t.why == "" && r.Deleted.IsZero() {
		if err := t.find(ctx); err != nil {
			return t.st, err
		}
	}
	if err := t.judge(ctx); err != nil {
		return t.st, err
	}
	if r.Deleted.IsZero() && t.st.Problem == "" {
		if err := t.setDue(ctx); err != nil {
			return t.st, errors.Join(err, t.keep(ctx))
		}
	}
	if err := errors.Join(t.cancelStale(ctx), t.keep(ctx)); err != nil {
		return t.st, err
	}
	t.st.Moving = slices.ContainsFunc(t.rows, func(d *db.RuleDowntime) bool {
		return (d.State == OnItsWay || d.State == ToGo) && t.now.Sub(d.Given) < movesFor
	})
	if !r.Deleted.IsZero() {
		return t.st, t.forget(ctx)
	}
	t.count()
	return t.st, nil
}

// marked are the downtimes in the cores that carry the mark of any rule.
type marked struct {
	sites map[string]lql.Part // by key
	by    map[string]map[spot][]lastsAs
}

// readMarks reads which downtimes with a mark the cores have.
func (s *Service) readMarks(ctx context.Context) (marked, error) {
	q := lql.Get("downtimes", "peer_key", "host_name", "service_description", "author", "comment", "entry_time", "start_time", "end_time").
		Where(lql.Cmp("comment", lql.Match, anyMark.String()))
	res, err := s.all().Query(ctx, q)
	if err != nil {
		return marked{}, fmt.Errorf("recur: look for marks: %w", err)
	}
	m := marked{sites: map[string]lql.Part{}, by: map[string]map[spot][]lastsAs{}}
	for _, p := range res.Parts {
		m.sites[p.Key] = p
	}
	for i := range res.Rows {
		comment := res.Text(i, "comment")
		mark, name, ok := markIn(comment)
		if !ok {
			continue
		}
		if m.by[mark] == nil {
			m.by[mark] = map[spot][]lastsAs{}
		}
		at := spot{name, res.Text(i, "peer_key"), res.Text(i, "host_name"), res.Text(i, "service_description")}
		start := res.Int(i, "start_time")
		m.by[mark][at] = append(m.by[mark][at], lastsAs{time.Unix(start, 0), time.Unix(res.Int(i, "end_time"), 0),
			command.Entry{Author: res.Text(i, "author"), Text: comment, At: res.Int(i, "entry_time"), Start: start}})
	}
	return m, nil
}

// fresh reports whether what was read of a site is how it is now.
func (t *turn) fresh(site string) bool {
	p, ok := t.cores.sites[site]
	return ok && !p.Missing && p.Err == ""
}

// A place is a downtime in a core.
type place struct {
	spot
	starts, ends int64
}

// takeOver notes what carries the rule's mark in a core and was not set here:
// before a restart, by another server, or from a store that is older now. It
// counts at once, and is noted when the next look finds it still there.
func (t *turn) takeOver() {
	known := map[place]bool{}
	for _, d := range t.rows {
		known[place{spotOf(d), d.Starts.Unix(), d.Ends.Unix()}] = true
	}
	before := t.s.strange[t.r.ID]
	now := map[place]bool{}
	for at, list := range t.there {
		for _, x := range list {
			p := place{at, x.starts.Unix(), x.ends.Unix()}
			if known[p] || x.ends.Before(t.now) {
				continue
			}
			known[p] = true
			if !before[p] {
				now[p] = true
				t.taken[at] = true
				continue
			}
			d := t.row(at, x.starts, x.ends)
			t.rows = append(t.rows, d)
			t.to(d, InCore)
		}
	}
	t.s.strange[t.r.ID] = now
}

// row is a new downtime of the rule.
func (t *turn) row(at spot, starts, ends time.Time) *db.RuleDowntime {
	return &db.RuleDowntime{Rule: t.r.ID, Name: at.name, Site: at.site, Host: at.host, Service: at.service, Starts: starts, Ends: ends,
		Flex: time.Duration(t.rule.Spec.Flex) * time.Second, Text: t.text(at.name), Rev: t.r.Rev}
}

// find finds what the rule matches for its author.
func (t *turn) find(ctx context.Context) error {
	f, err := t.rule.Spec.Scope.Find(ctx, t.s.o.Engine.For(t.actor.Viewer), t.now.In(t.plan.Zone()))
	switch {
	case errors.Is(err, ErrTooMany):
		t.st.Problem = TooMany
		return nil
	case isFilter(err):
		t.st.Problem, t.st.Reason = Invalid, err.Error()
		return nil
	case err != nil:
		return err
	}
	t.found, t.whole = f, true
	t.st.Hosts, t.st.Services = f.Hosts, f.Services()
	for _, p := range f.Parts {
		if t.fresh(p.Key) {
			continue
		}
		t.whole = false
		if !slices.Contains(t.st.Waiting, p.Name) {
			t.st.Waiting = append(t.st.Waiting, p.Name)
		}
	}
	if len(f.Targets) == 0 && t.whole {
		t.st.Problem = Nothing
	}
	return nil
}

// judge decides what is to happen with what the rule has set.
func (t *turn) judge(ctx context.Context) error {
	wanted := map[command.Target]bool{}
	for _, x := range t.found.Targets {
		wanted[x] = true
	}
	for _, d := range t.rows {
		if d.Ends.Before(t.now.Add(-keptPast)) {
			t.to(d, "")
			continue
		}
		if err := t.follow(ctx, d); err != nil {
			return err
		}
		if d.State == "" || d.State == ToGo {
			continue
		}
		// What is on its way may show yet: only then can it be taken back.
		if d.State != OnItsWay && d.Starts.After(t.now) && t.stale(d, wanted) {
			t.to(d, ToGo)
			d.Given, d.Tries = time.Time{}, 0
			continue
		}
		t.live[spotOf(d)] = d
	}
	return nil
}

// stale reports whether the rule does not mean this any more.
func (t *turn) stale(d *db.RuleDowntime, wanted map[command.Target]bool) bool {
	switch {
	case !t.r.Deleted.IsZero():
		return true
	case d.Rev == t.r.Rev: // the rule has not changed since
		return false
	case !t.plan.Holds(d.Name, d.Starts, d.Ends), d.Text != t.text(d.Name), d.Flex != time.Duration(t.rule.Spec.Flex)*time.Second:
		return true
	case !t.whole || t.st.Problem != "" && t.st.Problem != Nothing:
		return false
	case !wanted[command.Target{Site: d.Site, Host: d.Host, Service: d.Service}]:
		return true
	}
	d.Rev = t.r.Rev
	t.dirty[d] = true
	return false
}

// text is the comment of an occurrence's downtimes.
func (t *turn) text(name string) string { return t.rule.Spec.Text + " " + markOf(t.r.Mark, name) }

// inCore returns the downtime as its core has it.
func (t *turn) inCore(d *db.RuleDowntime) (lastsAs, bool) {
	for _, x := range t.there[spotOf(d)] {
		if x.starts.Equal(d.Starts) && x.ends.Equal(d.Ends) {
			return x, true
		}
	}
	return lastsAs{}, false
}

// follow looks what became of an order.
func (t *turn) follow(ctx context.Context, d *db.RuleDowntime) error {
	_, there := t.inCore(d)
	switch {
	case d.State == ToGo:
		if !there && t.fresh(d.Site) || d.Ends.Before(t.now) {
			t.to(d, "")
		}
	case there && d.State != InCore:
		d.Reason = ""
		t.to(d, InCore)
	case d.State == OnItsWay && !there && t.fresh(d.Site) && t.now.Sub(d.Given) >= setWithin:
		return t.ask(ctx, d)
	}
	return nil
}

// ask asks the desk how an order ended that the core does not show.
func (t *turn) ask(ctx context.Context, d *db.RuleDowntime) error {
	it, ok, err := t.item(ctx, d)
	switch {
	case err != nil:
		return err
	case ok && !it.State.Final():
		return nil
	case ok && (it.State == command.Seen || it.State == command.Cancelled):
		t.to(d, InCore) // somebody has cancelled it since: it stays so
		return nil
	}
	d.Reason = it.Reason
	t.to(d, NotTaken)
	return nil
}

// item returns the item of the order that was to set d.
func (t *turn) item(ctx context.Context, d *db.RuleDowntime) (command.Item, bool, error) {
	const page = 1000
	known, ok := t.items[d.Order]
	if !ok && d.Order != 0 {
		known = map[command.Target]command.Item{}
		for from := 0; ; from += page {
			items, err := t.s.o.Desk.Items(ctx, d.Order, from, page)
			if err != nil {
				return command.Item{}, false, fmt.Errorf("recur: look at the order: %w", err)
			}
			for _, it := range items {
				known[it.Target] = it
			}
			if len(items) < page {
				break
			}
		}
		t.items[d.Order] = known
	}
	it, ok := known[command.Target{Site: d.Site, Host: d.Host, Service: d.Service}]
	return it, ok, nil
}

// to brings a downtime into another state, "" to forget it.
func (t *turn) to(d *db.RuleDowntime, state string) {
	d.State = state
	t.dirty[d] = true
}

// keep stores what has changed.
func (t *turn) keep(ctx context.Context) error {
	var list []db.RuleDowntime
	for _, d := range t.rows {
		if t.dirty[d] && (d.ID != 0 || d.State != "") {
			list = append(list, *d)
		}
	}
	t.dirty = map[*db.RuleDowntime]bool{}
	if len(list) == 0 {
		return nil
	}
	return t.s.o.Store.KeepRuleDowntimes(ctx, list)
}

// forget removes a deleted rule when nothing is left to be cancelled.
func (t *turn) forget(ctx context.Context) error {
	waits := slices.ContainsFunc(t.rows, func(d *db.RuleDowntime) bool {
		return d.State == ToGo || d.State == OnItsWay && d.Starts.After(t.now)
	})
	if (waits || len(t.taken) > 0) && t.why == "" {
		return nil
	}
	delete(t.s.strange, t.r.ID)
	return t.s.o.Store.Write(ctx, func(tx *db.Tx) error { return tx.DeleteRule(ctx, t.r.ID) })
}

// count counts what of now and later the cores have.
func (t *turn) count() {
	for _, d := range t.rows {
		switch {
		case d.Ends.Before(t.now):
		case d.State == InCore:
			t.st.Set++
		case d.State == OnItsWay:
			t.st.Given++
		case d.State == NotTaken:
			t.st.Failed++
			if t.st.Reason == "" {
				t.st.Reason = d.Reason
			}
		}
	}
	t.st.Waiting = slices.Compact(slices.Sorted(slices.Values(t.st.Waiting)))
}
