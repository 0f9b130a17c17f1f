package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/memory"
	"belvedere/internal/schema"
	"belvedere/internal/tunnel"
)

// A Manager runs sites. Make it with [NewManager] and end it with
// [Manager.Stop]. All methods are safe for concurrent use.
type Manager struct {
	o      Options
	client func(livestatus.Options) client // replaced in tests

	ssh *tunnel.Pool

	apply chan struct{} // holds one value while sites are begun and ended

	configured []Spec // as applied; of whoever holds apply

	mu      sync.Mutex
	sites   map[string]*entry
	lanes   map[string]*livestatus.Lane // by canonical address
	prints  map[string]print            // by site key
	same    map[print]map[string]bool   // keys of the sites with that print
	plans   map[planKey]*plan
	fars    map[string][]far  // by the key of the way to them
	noted   map[string]string // what is kept of these
	stopped bool

	running atomic.Int64 // sites that are not paused
	active  atomic.Int64 // sites whose last poll found something
}

// share is the time between two things of which the running sites together
// shall not do more than so many a second.
func (m *Manager) share(perSecond int64) time.Duration {
	return time.Duration(m.running.Load()) * time.Second / time.Duration(perSecond)
}

// busyShare is share among those sites whose last poll found something.
func (m *Manager) busyShare(perSecond int64) time.Duration {
	return time.Duration(m.active.Load()) * time.Second / time.Duration(perSecond)
}

// busy notes whether the last poll of a site found something. For the site's
// own goroutine.
func (m *Manager) busy(s *site, found bool) {
	if s.busy == found {
		return
	}
	s.busy = found
	if found {
		m.active.Add(1)
	} else {
		m.active.Add(-1)
	}
}

// An entry is a site with what people now call it.
type entry struct {
	spec Spec
	site *site
}

// A print is what two sites that are the same core have in common.
type print struct {
	start    int64
	hosts    int
	services int
	names    uint64 // of all hosts
}

// NewManager returns a manager that runs no site yet.
func NewManager(o Options) *Manager {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxRows == 0 {
		o.MaxRows = 2_000_000
	}
	o.HomeAfter = cmp.Or(o.HomeAfter, homeAfter)
	return &Manager{
		o:      o,
		client: newClient,
		ssh:    tunnel.NewPool(tunnel.Options{KnownHosts: o.KnownHosts, Dial: o.Dial}),
		sites:  map[string]*entry{},
		lanes:  map[string]*livestatus.Lane{},
		prints: map[string]print{},
		same:   map[print]map[string]bool{},
		plans:  map[planKey]*plan{},
		fars:   map[string][]far{},
		noted:  map[string]string{},
		apply:  make(chan struct{}, 1),
	}
}

// Apply makes the running sites those of specs: it starts, stops and changes
// what differs. A site whose address, interval and trust are the same goes on
// undisturbed, even if it is renamed or moved. It returns when the sites that
// had to end have ended. The sites behind those that are ways follow by
// themselves.
func (m *Manager) Apply(specs []Spec) {
	m.apply <- struct{}{}
	defer func() { <-m.apply }()
	if m.isStopped() {
		return
	}
	m.configured = slices.Clone(specs)
	m.recall(specs)
	m.arrange()
}

// arrange makes the running sites those that are configured and those behind
// them. The caller holds apply.
func (m *Manager) arrange() {
	specs := m.withBranches(m.configured)
	wanted := map[string]Spec{}
	for _, s := range specs {
		wanted[s.Key] = s
	}
	m.end(func(e *entry) bool {
		w, ok := wanted[e.spec.Key]
		return !ok || !w.sameCore(e.site.spec)
	})
	m.reopen(wanted)
	for _, key := range m.keys() {
		if _, ok := wanted[key]; !ok {
			m.remember(Spec{Key: key}, nil)
			m.forget(key)
		}
	}
	for _, s := range specs {
		m.begin(s)
	}
	m.pruneLanes()
}

// pruneLanes forgets the lanes of addresses that no site has; whoever is in
// one keeps it.
func (m *Manager) pruneLanes() {
	m.mu.Lock()
	defer m.mu.Unlock()
	used := map[string]bool{}
	for _, e := range m.sites {
		for _, text := range e.spec.Addresses {
			used[displayAddress(text)] = true
		}
	}
	for addr := range m.lanes {
		if !used[addr] {
			delete(m.lanes, addr)
		}
	}
}

func (m *Manager) isStopped() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopped
}

func (m *Manager) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.sites {
		keys = append(keys, k)
	}
	return keys
}

// end stops the sites chosen, all at once, and waits for them. Their entries
// stay.
func (m *Manager) end(choose func(*entry) bool) {
	m.mu.Lock()
	var ending []*site
	for _, e := range m.sites {
		if choose(e) {
			ending = append(ending, e.site)
		}
	}
	m.mu.Unlock()
	for _, s := range ending {
		s.cancel()
	}
	for _, s := range ending {
		<-s.done
	}
}

// forget drops a site that has ended, with its data.
func (m *Manager) forget(key string) {
	m.mu.Lock()
	m.setPrint(key, print{})
	delete(m.sites, key)
	delete(m.prints, key)
	delete(m.fars, key)
	delete(m.noted, key)
	m.mu.Unlock()
	m.o.Fleet.Remove(key)
}

// begin starts a site that does not run, and tells the store what it is called.
func (m *Manager) begin(spec Spec) {
	st := m.o.Fleet.Add(spec.info())
	m.mu.Lock()
	_, way := m.fars[spec.Key]
	m.mu.Unlock()
	if way {
		m.o.Fleet.Hide(spec.Key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.sites[spec.Key]; ok {
		e.spec = spec
		select {
		case <-e.site.done:
		default:
			return // runs on
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{
		m: m, spec: spec, st: st, now: m.o.Now, cancel: cancel,
		log:    m.o.Log,
		health: newTracker(st, m.o.Now, m.o.Log),
		done:   make(chan struct{}),
		kicked: make(chan struct{}, 1),
	}
	m.sites[spec.Key] = &entry{spec: spec, site: s}
	go s.run(ctx)
}

// quickDial is how long connecting may take where there are other addresses to
// try: one packet may be lost on the way.
const quickDial = 3 * time.Second

// clientOptions are how to reach one address of a site. Clients of the same
// address share a lane, whoever makes them.
func (m *Manager) clientOptions(spec Spec, a livestatus.Address) livestatus.Options {
	if a.Secure() || a.Thruk() {
		a.TLS = a.TLS.Or(spec.TLS)
	}
	if a.SSH == (livestatus.SSHOptions{}) {
		a.SSH = spec.SSH
	}
	m.mu.Lock()
	lane := m.lanes[a.String()]
	if lane == nil {
		lane = livestatus.NewLane()
		m.lanes[a.String()] = lane
	}
	m.mu.Unlock()
	return livestatus.Options{Address: a, Lane: lane, SSH: m.ssh, Accept: spec.Accept, MaxRows: m.o.MaxRows, MaxBytes: m.o.MaxBytes, Log: m.o.Log, Now: m.o.Now, Agents: m.o.Agents, Dial: m.o.Dial}
}

// has reports whether there is a site with that key.
func (m *Manager) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sites[key] != nil
}

// find returns the running site.
func (m *Manager) find(key string) (*site, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.sites[key]
	if !ok {
		return nil, &UnavailableError{Site: key, Cause: "There is no such site."}
	}
	return e.site, nil
}

// Sites returns all sites in the fleet's order.
func (m *Manager) Sites() []Status {
	m.mu.Lock()
	var all []Status
	for _, e := range m.sites {
		_, way := m.fars[e.spec.Key]
		all = append(all, Status{Spec: e.spec, Health: e.site.st.Health(), Way: way})
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b Status) int {
		if a.Spec.Position != b.Spec.Position {
			return a.Spec.Position - b.Spec.Position
		}
		return strings.Compare(a.Spec.Name, b.Spec.Name)
	})
	return all
}

// Test goes through connecting to each of spec's addresses step by step, and
// tells of a site that looks like the same core. The report is that of the
// first that works, or of the first; step hears of the addresses up to there,
// and of others that do not work.
func (m *Manager) Test(ctx context.Context, spec Spec, step func(livestatus.Step)) livestatus.Report {
	if step == nil {
		step = func(livestatus.Step) {}
	}
	var best *livestatus.Report
	var others []livestatus.Report // that do not work
	for _, text := range spec.Addresses {
		tell := step
		if best != nil && best.OK {
			tell = nil
		}
		r := m.test(ctx, spec, text, tell)
		switch {
		case ctx.Err() != nil && best != nil:
			return *best
		case best == nil:
			best = &r
		case r.OK && !best.OK:
			others = append(others, *best)
			best = &r
		case !r.OK:
			others = append(others, r)
		}
	}
	if best == nil {
		err := &livestatus.AddressError{Msg: "is empty", Hint: "Give at least one address."}
		return badAddress("", err, step)
	}
	if best.OK {
		m.remark(best, spec, others, step)
	}
	return *best
}

// remark adds to the report on a site what is to be said beside the way to it.
func (m *Manager) remark(r *livestatus.Report, spec Spec, others []livestatus.Report, step func(livestatus.Step)) {
	for i, o := range others {
		s := livestatus.Step{Name: fmt.Sprintf("other%d", i), Title: "Another address", Detail: o.Address, State: livestatus.StepWarn, Cause: o.Cause, Fix: o.Fix}
		r.Steps, r.Warnings = append(r.Steps, s), append(r.Warnings, s.Cause)
		step(s)
	}
	if e, ok := errors.AsType[*memory.FullError](m.o.Memory.Room(bytesFor(int64(r.Hosts + r.Services)))); ok && !m.has(spec.Key) {
		r.Warnings = append(r.Warnings, noRoom(e))
	}
	r.Duplicate = m.lookAlike(spec.Key, print{start: r.Core.ProgramStart, hosts: r.Hosts, services: r.Services})
}

func (m *Manager) test(ctx context.Context, spec Spec, text string, step func(livestatus.Step)) livestatus.Report {
	a, err := livestatus.ParseAddress(text)
	if err != nil {
		return badAddress(text, err, step)
	}
	return Diagnose(livestatus.WithPriority(ctx, livestatus.PersonPriority), m.clientOptions(spec, a), step)
}

// badAddress is the report on a text that is no address.
func badAddress(text string, err error, step func(livestatus.Step)) livestatus.Report {
	cause := causeOf(err)
	s := livestatus.Step{Name: "parse", Title: "Read the address", State: livestatus.StepFail, Cause: cause}
	if step != nil {
		step(s)
	}
	return livestatus.Report{Address: text, Steps: []livestatus.Step{s}, Kind: livestatus.KindAddress, Cause: cause}
}

// Send sends an external command to a site's core, and has the site read at
// once and often until its effect shows, for five seconds at most, fifteen for a
// contact. In the moment in which the site changes to another address it waits
// for that. It is never sent twice. Errors are [*UnavailableError] and
// [*livestatus.Error].
func (m *Manager) Send(ctx context.Context, siteKey string, c lql.Command) error {
	s, err := m.find(siteKey)
	if err != nil {
		return err
	}
	return s.over(livestatus.WithPriority(ctx, livestatus.CommandPriority), func(ctx context.Context, ses *session) error {
		err := ses.client.Send(ctx, c)
		if e, ok := errors.AsType[*livestatus.Error](err); err == nil || ok && e.Uncertain {
			s.hurry(c)
		}
		if err != nil {
			return fmt.Errorf("site: send: %w", err)
		}
		return nil
	})
}

// Ask has a site's core answer a query now, in the columns and values that it
// has itself, and waits as Send does. Errors are [*UnavailableError] and
// [*livestatus.Error].
func (m *Manager) Ask(ctx context.Context, siteKey string, q *lql.Query) (res *lql.Result, err error) {
	s, err := m.find(siteKey)
	if err != nil {
		return nil, err
	}
	err = s.over(livestatus.WithPriority(ctx, livestatus.CommandPriority), func(ctx context.Context, ses *session) error {
		if res, err = ses.client.Query(ctx, q); err != nil {
			return fmt.Errorf("site: ask: %w", err)
		}
		return nil
	})
	return res, err
}

// Implementation returns what the core of a site is, one bit; false while the
// site cannot be reached. It implements [command.Sites] with Send and Ask.
func (m *Manager) Implementation(siteKey string) (schema.Cores, bool) {
	s, err := m.find(siteKey)
	if err != nil {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.active != nil:
		return s.active.core.Impl, true
	case s.coming:
		return s.last, true
	}
	return 0, false
}

// Refresh has a site read at once, or connect at once if it is down.
func (m *Manager) Refresh(siteKey string) {
	if s, err := m.find(siteKey); err == nil {
		s.refresh()
	}
}

// Stop ends all sites and waits for their goroutines, at most until ctx ends.
// The data stays in the fleet. Apply does nothing afterwards.
func (m *Manager) Stop(ctx context.Context) {
	m.mu.Lock()
	m.stopped = true
	for _, e := range m.sites {
		e.site.cancel()
	}
	m.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.apply <- struct{}{}
		defer func() { <-m.apply }()
		m.end(func(*entry) bool { return true })
		m.ssh.Close()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// identified takes the fingerprint of a site that was read whole, and notes
// on each site which others look like the same core.
func (m *Manager) identified(s *site) {
	snap := s.st.Snapshot()
	p := print{start: s.held.start, hosts: snap.Rows("hosts"), services: snap.Rows("services")}
	for _, name := range snap.AllKeys("hosts") {
		p.names += sumOf(name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.setPrint(s.spec.Key, p)
}

// setPrint takes the fingerprint of a site, and sets the notes about sites
// that look alike: those with its old and those with its new one. mu is held.
func (m *Manager) setPrint(key string, p print) {
	old := m.prints[key]
	m.prints[key] = p
	if group := m.same[old]; group != nil {
		delete(group, key)
		if len(group) == 0 {
			delete(m.same, old)
		}
	}
	if m.same[p] == nil {
		m.same[p] = map[string]bool{}
	}
	m.same[p][key] = true
	affected := maps.Clone(m.same[p])
	maps.Copy(affected, m.same[old])
	for k := range affected {
		note := ""
		if other := m.twin(k); other != "" {
			note = fmt.Sprintf("This looks like the same core as site %q: same hosts, same start. Everything would be counted twice.", other)
		}
		if e, ok := m.sites[k]; ok {
			e.site.health.note("duplicate", note)
		}
	}
}

// twin returns the name of another site that looks like the same core, ""
// for none. mu is held.
func (m *Manager) twin(key string) string {
	p := m.prints[key]
	if p.start == 0 || p.hosts == 0 {
		return ""
	}
	least := ""
	for other := range m.same[p] {
		if e, ok := m.sites[other]; ok && other != key && (least == "" || e.spec.Name < least) {
			least = e.spec.Name
		}
	}
	return least
}

// lookAlike returns the name of another site that seems to be the core of p,
// whose host names are not known.
func (m *Manager) lookAlike(key string, p print) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.start == 0 || p.hosts == 0 {
		return ""
	}
	least := ""
	for other, q := range m.prints {
		q.names = 0
		if e, ok := m.sites[other]; ok && other != key && p == q && (least == "" || e.spec.Name < least) {
			least = e.spec.Name
		}
	}
	return least
}

// sumOf is a number that tells texts apart; sums do not depend on the order.
func sumOf(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}
