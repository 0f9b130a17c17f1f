package web

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/live"
)

const (
	eventEvery  = 250 * time.Millisecond // at most one event in this time
	eventAtMost = 5 * time.Second        // and one in this time, whatever it costs
	eventCost   = 40 * time.Microsecond  // work of sending one event to one stream, about
	fetchCost   = 100 * time.Microsecond // work of one request for a block besides drawing it, about
	garbage     = 1.2                    // what collecting the garbage of work adds to it
	momentFor   = 30 * time.Second       // how long blocks are drawn from the state of a step, if no other comes
	newestFor   = 2 * time.Second        // how long the time of the newest data is good for
	spreadFrom  = 50                     // streams of an audience from which these spread what they ask
	spreadMost  = 300 * time.Millisecond
	shelvedMost = 2000 // streams for whose pages there is room on the shelf
	// liveShare is how much of each processor live pages may take before they
	// are told less often than every liveAim, and liveMost how much they may take
	// not to be, where processors would be idle otherwise: see [rest].
	liveShare = 0.2
	liveMost  = 0.6
	liveAim   = 700 * time.Millisecond
	// A timer that is late shows that others wait for processors too: below
	// lateFree as good as nobody, above lateFull too many.
	lateFree = 5 * time.Millisecond
	lateFull = 40 * time.Millisecond
)

// A pulse tells event streams what changed. Streams whose viewers see the same
// are an audience and told in one step, so that their fetches find what another
// just had drawn. Between two steps of an audience lies the time over which the
// work of all audiences is spread, see [rest]: many different views are told less
// often, a single one at once. Audiences take their steps each at
// their own time, so that they are not in each other's way. Safe for concurrent
// use.
type pulse struct {
	server *Server
	total  atomic.Int64  // ns of processor time for live pages, in the last steps of all audiences
	late   atomic.Int64  // ns that timers were late, of late
	turns  chan struct{} // as many are told at once as there are processors

	mu        sync.Mutex
	audiences map[string]*audience
	streams   int
}

// A moment is the state of the fleet that a step tells of. All blocks that are
// fetched because of it are drawn from it, so that they share what they ask the
// engine, and the blocks of a page fit each other.
type moment struct {
	at     time.Time
	stamps live.Stamps
	pin    func(context.Context) context.Context
}

// An audience are the streams whose viewers see the same.
type audience struct {
	key    string
	viewer access.Viewer
	sub    *live.Subscription // until the last stream leaves
	stop   context.CancelFunc
	work   atomic.Int64  // ns of processor time since the last step
	last   int64         // the same before it; of run only
	rested time.Duration // between the last two steps; of run only

	asking sync.Mutex // one asks for the newest data, the others wait for the answer

	mu      sync.Mutex
	streams map[*stream]struct{}
	now     *moment           // of the last step
	watches map[string]*watch // blocks that they show, by key of the drawing
	sent    map[string]Count  // what all of them were told
	at      int64             // unix seconds of the newest data
	atUntil time.Time
}

func newPulse(s *Server) *pulse {
	return &pulse{server: s, audiences: map[string]*audience{}, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// spend runs fn and counts the processor time it takes; where the system does
// not tell that, the time by the clock. A nil audience counts nothing.
func (a *audience) spend(fn func()) {
	if a == nil {
		fn()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, before := time.Now(), threadTime()
	fn()
	spent := threadTime() - before
	if before == 0 {
		spent = time.Since(began)
	}
	a.work.Add(int64(float64(spent) * garbage))
}

// alike makes viewers equal for whom events are equal: nothing in them depends
// on command lines.
func alike(v access.Viewer) access.Viewer {
	v.CommandLines = false
	return v
}

// join adds st to the audience of v. The caller must leave.
func (p *pulse) join(v access.Viewer, st *stream) *audience {
	v = alike(v)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams++
	p.count()
	a := p.audiences[v.Key()]
	if a == nil {
		a = &audience{key: v.Key(), viewer: v, streams: map[*stream]struct{}{}}
		p.audiences[a.key] = a
		var ctx context.Context
		ctx, a.stop = context.WithCancel(context.Background()) //nolint:gosec // leave calls it
		_, a.sub = p.server.opt.Hub.Subscribe()
		go p.run(ctx, a)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.streams[st] = struct{}{}
	return a
}

// leave takes st out of its audience, which ends with its last stream.
func (p *pulse) leave(a *audience, st *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams--
	p.count()
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.streams, st)
	if len(a.streams) == 0 && p.audiences[a.key] == a {
		delete(p.audiences, a.key)
		a.stop()
		a.sub.Close()
		a.now = nil
	}
}

// of returns the audience of v; nil when nobody listens who sees the same.
func (p *pulse) of(v access.Viewer) *audience {
	key := alike(v).Key()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.audiences[key]
}

// count tells how many streams there are; p.mu must be held.
func (p *pulse) count() {
	p.server.shelf.Open(min(p.streams, shelvedMost))
	if fn := p.server.opt.Readers; fn != nil {
		fn(p.streams)
	}
}

// moment returns that of the last step and what v was told of it; nil when
// there is none, or none of late.
func (a *audience) moment(v access.Viewer) (now *moment, rev uint64) {
	if a == nil {
		return nil, 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now == nil || time.Since(a.now.at) > momentFor {
		return nil, 0
	}
	return a.now, a.sub.Taken(sees(v))
}

// begin takes what waits, and the state of the fleet with it.
func (p *pulse) begin(a *audience) (live.Set, *moment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	set := a.sub.Take()
	now := &moment{at: time.Now(), stamps: p.server.opt.Hub.Stamps(), pin: p.server.opt.Engine.Pin()}
	if len(a.streams) > 0 {
		a.now = now
	}
	return set, now
}

// run tells an audience what comes until ctx or the hub ends.
func (p *pulse) run(ctx context.Context, a *audience) {
	defer func() { p.total.Add(-a.last) }()
	hold := time.NewTimer(eventEvery) // runs: a step was a moment ago
	defer hold.Stop()
	due := time.Now().Add(eventEvery)
	holding, waiting := true, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.sub.Done():
			return
		case <-a.sub.C():
			waiting = true
		case <-hold.C:
			holding = false
			p.noteLate(time.Since(due))
		}
		if waiting && !holding {
			waiting = p.step(ctx, a)
			holding = true
			pause := p.pause(a)
			a.rested = pause
			hold.Reset(pause)
			due = time.Now().Add(pause)
		}
	}
}

// noteLate notes how late a timer was: what is kept is the mean of the last
// ones, about.
func (p *pulse) noteLate(by time.Duration) {
	old := p.late.Load()
	p.late.Store(old + (int64(min(by, 4*lateFull))-old)/8)
}

// pause returns how long the next step of a has to wait. It is a little longer
// or shorter by chance, so that audiences drift apart.
func (p *pulse) pause(a *audience) time.Duration {
	work := a.work.Swap(0)
	total := p.total.Add(work - a.last)
	a.last = work
	pause := rest(time.Duration(total), time.Duration(p.late.Load()))
	pause = time.Duration(float64(pause) * (0.95 + 0.1*rand.Float64())) //nolint:gosec // no secret
	return min(max(pause, eventEvery), eventAtMost)
}

// rest returns the time over which that much processor time is spread: liveAim
// where that takes a bearable share of the machine. When processors are free,
// as timers show that are hardly late, more is bearable: not idle processors
// but orders and other pages that wait are what it is bounded for.
func rest(work, late time.Duration) time.Duration {
	free := 1 - float64(max(late-lateFree, 0))/float64(lateFull-lateFree)
	most := liveShare + (liveMost-liveShare)*max(free, 0)
	wanted := float64(work) / float64(runtime.GOMAXPROCS(0)) / float64(liveAim)
	return time.Duration(float64(work) / float64(runtime.GOMAXPROCS(0)) / min(max(wanted, liveShare), most))
}

// step tells an audience what waits. again: some counters may be a moment old
// and have to be looked at once more.
func (p *pulse) step(ctx context.Context, a *audience) (again bool) {
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return false
	}
	set, now := p.begin(a)
	mine := live.Set{Version: set.Version, Sites: map[string]live.Change{}}
	visible := sees(a.viewer)
	for key, c := range set.Sites {
		if visible(key) {
			mine.Sites[key], mine.Since = c, set.Since
		}
	}
	var drawn marks
	if !mine.Empty() {
		drawn = p.redraw(ctx, a)
	}
	a.spend(func() { again = p.tell(now.pin(ctx), a, mine, drawn, now) })
	return again
}

// spread returns the time over which readers of an event spread what they ask:
// most need not ask for anything, see event.Drawn.
func spread(streams int) time.Duration {
	if streams < spreadFrom {
		return 0
	}
	return min(time.Duration(streams)*time.Millisecond/4, spreadMost)
}

// tell sends an audience what of a set concerns it, with the marks of what it
// shows.
func (p *pulse) tell(ctx context.Context, a *audience, mine live.Set, drawn marks, now *moment) (again bool) {
	counts, again := p.server.counters.get(ctx, a.viewer, now.stamps)
	at := p.newest(ctx, a)
	a.mu.Lock()
	defer a.mu.Unlock()
	news := map[string]Count{}
	for name, c := range counts {
		if old, ok := a.sent[name]; !ok || old != c {
			news[name] = c
		}
	}
	if mine.Empty() && len(news) == 0 {
		return again
	}
	a.sent = counts
	e := event{name: "change", Rev: a.sub.Taken(sees(a.viewer)), Drawn: drawn.all, Counters: shown(news), Dirty: dirty{mine.Tables(), slices.Sorted(maps.Keys(mine.Sites))},
		At: at, Spread: spread(len(a.streams)).Milliseconds()}
	if !mine.Empty() {
		e.Since = mine.Since.UnixMilli()
	}
	p.server.stamp(&e)
	own := map[int64]*event{}
	for who, more := range drawn.own {
		one := e
		one.Drawn = maps.Clone(drawn.all)
		maps.Copy(one.Drawn, more)
		p.server.stamp(&one)
		own[who] = &one
	}
	for st := range a.streams {
		if one := own[st.person]; one != nil {
			st.post(one)
		} else {
			st.post(&e)
		}
	}
	a.work.Add(int64(eventCost) * int64(len(a.streams)))
	return again
}

// hello returns all that a stream of a has to know at first.
func (p *pulse) hello(ctx context.Context, a *audience) event {
	rev := a.sub.Taken(sees(a.viewer))
	counts, _ := p.server.counters.get(ctx, a.viewer, p.server.opt.Hub.Stamps())
	e := event{name: "hello", Rev: rev, Counters: shown(counts), Assets: p.server.assets.base, At: p.newest(ctx, a)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sent == nil {
		a.sent = counts
	}
	for name, c := range counts {
		if a.sent[name] != c {
			a.sent = maps.Clone(a.sent)
			delete(a.sent, name) // the next step tells all of them
		}
	}
	return e
}

// newest returns when any of the sites that a sees last confirmed its data.
func (p *pulse) newest(ctx context.Context, a *audience) int64 {
	a.asking.Lock()
	defer a.asking.Unlock()
	a.mu.Lock()
	at, good := a.at, time.Now().Before(a.atUntil)
	a.mu.Unlock()
	if good {
		return at
	}
	ctx, cancel := context.WithTimeout(ctx, countersWithin)
	defer cancel()
	sites, err := p.server.sites(ctx, a.viewer)
	if err != nil || len(sites) == 0 {
		return at
	}
	at = slices.MaxFunc(sites, func(x, y site) int { return cmp.Compare(x.Last, y.Last) }).Last
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at, a.atUntil = at, time.Now().Add(newestFor)
	return at
}

// sees says which sites v may know of.
func sees(v access.Viewer) func(site string) bool {
	return func(site string) bool {
		_, _, ok := v.Contact(site)
		return ok
	}
}
