package site

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A client is what a site needs of [livestatus.Client].
type client interface {
	Fetch(ctx context.Context, q *lql.Query, s livestatus.Sink) (livestatus.Stats, error)
	Query(ctx context.Context, q *lql.Query) (*lql.Result, error)
	Send(ctx context.Context, cmd lql.Command) error
	Identify(ctx context.Context) (livestatus.Core, error)
	Columns(ctx context.Context, core livestatus.Core) (map[string][]string, error)
	Clock(ctx context.Context, core livestatus.Core) (skew time.Duration, exact bool, err error)
	Widen(n int)
	Close() error
}

// Bounds of waiting for a core. Everything a site does has one.
const (
	smallAnswer = 10 * time.Second // identify, status, clock
	roundAnswer = time.Minute      // one table's changes
	tableAnswer = 15 * time.Minute // one whole table
	closing     = 5 * time.Second
	faultPause  = 30 * time.Second
	lasting     = time.Minute // so long a session lasts that is no sign of trouble
)

// An identity is one run of a core: numbers of comments and downtimes, and
// the configuration, are good for one.
type identity struct {
	start, pid int64
}

// A site is the owner of one core's data. Its run is the only writer.
type site struct {
	m      *Manager
	spec   Spec // as started; what is only shown may be newer in Manager
	log    *slog.Logger
	st     *store.Site
	health *tracker
	now    func() time.Time

	cancel context.CancelFunc
	done   chan struct{}
	kicked chan struct{} // capacity 1

	mu     sync.Mutex
	active *session // nil while not connected
	// coming: a session has ended, and the next one is on its way: not all
	// addresses have failed since.
	coming bool
	turned chan struct{} // closed when active or coming changes; nil: nobody waits
	last   schema.Cores  // what the core of the last session is
	way    *way          // nil while it is none
	urgent urgency
	// thorough asks the next poll to compare everything that may have changed.
	thorough bool

	// Of run alone, kept from session to session: what the store holds.
	held     identity
	heldAddr string
	heldPlan *plan
	heldCore livestatus.Core
	noWait   bool     // waits at this core have proven worthless
	busy     bool     // the last poll found something
	instead  *instead // of the address being tried or in use; nil: it is the first
	home     homing
	hasty    bool // connecting must not take long: there are other addresses
	brief    int  // sessions in a row that did not last
	cursor   cursor
	api      *apiCore // what is kept of a core that is read through an API; nil until then
}

// run reads the core until ctx ends.
func (s *site) run(ctx context.Context) {
	defer close(s.done)
	defer s.health.stop()
	defer s.closeAPI()
	defer s.turn(nil, false)
	if s.spec.Paused {
		s.health.pause()
		return
	}
	s.health.start()
	s.m.running.Add(1)
	defer s.m.running.Add(-1)
	var err error
	for ctx.Err() == nil {
		if err != nil && !s.rest(ctx, errors.Is(err, errPanic)) {
			return
		}
		err = s.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errPanic) {
			s.heldPlan = nil // whatever is held may be half of it: all is read anew
		}
		s.mu.Lock()
		s.thorough = true // no window tells what happened without a check meanwhile
		s.mu.Unlock()
		s.health.failed(err)
		s.log.Debug("site: core out of reach", "site", s.spec.Name, "err", err)
	}
}

// rest sleeps before the next attempt: not at all after the first failure, as
// a kept connection may have died with a reload, then from one second up to a
// minute, a quarter of the outage so far. After a fault of ours, which may come
// again, it is longer, and after sessions that do not last, as each of them may
// have read everything. A kick ends it early.
func (s *site) rest(ctx context.Context, fault bool) bool {
	outage, failures := s.health.outage()
	if failures <= 1 && s.brief <= 1 && s.heldPlan != nil {
		return ctx.Err() == nil
	}
	d := min(max(time.Second, outage/4, time.Second<<min(max(0, s.brief-1), 6)), time.Minute)
	if fault {
		d = max(d, faultPause)
	}
	d += time.Duration((rand.Float64() - 0.5) / 2 * float64(d)) // a quarter either way
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.kicked:
	case <-t.C:
	}
	return true
}

// survive is use, with a panic turned into an error: what one core sends must
// not end the program and with it all other sites.
func (s *site) survive(ctx context.Context, text string) (err error) {
	defer func() {
		if fault := s.caught(recover()); fault != nil {
			err = &lostError{fault}
		}
	}()
	return s.use(ctx, text)
}

// caught logs what a deferred function of any goroutine of the site recovered,
// and returns the error for it, nil for nil.
func (s *site) caught(p any) error {
	if p == nil {
		return nil
	}
	s.log.Error("site: panic while reading a core", "site", s.spec.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return errPanic
}

var errPanic = errors.New("site: panic while reading the core")

// use connects to one address and reads the core there until that fails.
func (s *site) use(ctx context.Context, text string) error {
	s.health.tried()
	if addr, err := livestatus.ParseAddress(text); err == nil && addr.Scheme == "icinga2" && s.spec.Via == "" {
		return s.useAPI(ctx, addr)
	}
	if s.spec.Via != "" {
		if err := s.awaitWay(ctx); err != nil {
			return err
		}
	}
	c, addr, err := s.reach(text)
	if err != nil {
		return err
	}
	return s.attend(ctx, addr, c)
}

// attend reads the core behind a client until that fails, and closes it.
func (s *site) attend(ctx context.Context, addr livestatus.Address, c client) error {
	defer func() { _ = c.Close() }() // nothing is left to lose
	core, err := identify(ctx, c)
	asked := c
	var only *farReader
	if s.spec.Via == "" {
		r, all, ferr := s.look(ctx, c, core, err)
		switch {
		case ferr != nil:
			return ferr
		case s.m.isWay(s.spec.Key, all):
			s.health.connected(r.core(core), addr, s.instead.note())
			return &lostError{s.lead(ctx, way{c, addr}, r, all)}
		case len(all) == 1:
			s.health.reported("", all[0])
			only = r
			if isThruk(c) {
				asked = behind{c, all[0].key}
				core, err = identify(ctx, asked)
			}
		}
	}
	if err != nil {
		return err
	}
	if b, ok := asked.(behind); ok {
		if err := s.beyond(ctx, b, core); err != nil {
			return err
		}
	}
	if err := s.m.single(ctx, s.spec.Key); err != nil {
		return err
	}
	s.health.connected(core, addr, s.instead.note())
	ses := &session{site: s, client: asked, core: core, addr: addr.String(), only: only}
	if err := ses.prepare(ctx); err != nil {
		return err
	}
	s.turn(ses, false)
	defer func() {
		s.m.busy(s, false)
		s.turn(nil, true)
	}()
	return &lostError{ses.run(ctx)}
}

// reach returns a client for one address of the site: of its own, or over the
// way that leads to it.
func (s *site) reach(text string) (client, livestatus.Address, error) {
	if s.spec.Via != "" {
		w, err := s.m.wayOf(s.spec.Via)
		return behind{w.client, s.spec.Backend}, w.addr, err
	}
	addr, err := livestatus.ParseAddress(text)
	if err != nil {
		return nil, addr, fmt.Errorf("site: %w", err)
	}
	return s.m.client(s.options(addr)), addr, nil
}

// options are how to reach one address of the site now.
func (s *site) options(addr livestatus.Address) livestatus.Options {
	o := s.m.clientOptions(s.spec, addr)
	if s.hasty {
		o.DialTimeout = quickDial
	}
	return o
}

// comingAtMost is how long somebody waits for the session that follows another.
const comingAtMost = 5 * time.Second

// errStays says that a site did not change to another session in that time.
var errStays = errors.New("site: the session stays")

// turn sets the present session, or whether one is coming, and tells those who
// wait.
func (s *site) turn(ses *session, coming bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active, s.coming = ses, coming
	if ses != nil {
		s.last = ses.core.Impl
	}
	if s.turned != nil {
		close(s.turned)
		s.turned = nil
	}
}

// next returns the present session if it is another than the one given, which
// may be nil. In the moment in which a site changes to another address it waits
// for that.
func (s *site) next(ctx context.Context, than *session) (*session, error) {
	limit := time.NewTimer(comingAtMost)
	defer limit.Stop()
	for {
		ses, turned, err := s.present(than)
		if turned == nil {
			return ses, err
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-limit.C:
			return nil, cmp.Or(err, errStays)
		}
	}
}

// present returns the present session, or why there is none; turned, if not
// nil, is closed when that changes, which is likely soon, as it is the one given
// or one is coming.
func (s *site) present(than *session) (ses *session, turned <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		cause := s.st.Health().Cause
		if cause == "" {
			cause = "It is not connected yet."
		}
		err = &UnavailableError{Site: s.spec.Name, Cause: cause}
	}
	if s.active != nil && s.active != than || s.active == nil && !s.coming {
		return s.active, nil, err
	}
	if s.turned == nil {
		s.turned = make(chan struct{})
	}
	return s.active, s.turned, err
}

// An UnavailableError says that a site cannot be asked now. Cause is a
// sentence for people.
type UnavailableError struct{ Site, Cause string }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("site: %q cannot be asked: %s", e.Site, e.Cause)
}

// refresh has the site compared whole at once, or connect.
func (s *site) refresh() {
	s.mu.Lock()
	s.thorough = true
	if s.api != nil {
		if src := s.api.source.Load(); src != nil {
			src.Refresh()
		}
	}
	s.mu.Unlock()
	s.kick()
}

// kick has the site read or connect at once.
func (s *site) kick() {
	select {
	case s.kicked <- struct{}{}:
	default: // one is on its way
	}
}
