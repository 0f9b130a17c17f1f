package web

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"belvedere/internal/access"
	"belvedere/internal/live"
)

const (
	eventEvery  = 250 * time.Millisecond // at most one event in this time
	eventAtMost = 5 * time.Second        // and one in this time, whatever it costs
	eventCost   = 40 * time.Microsecond  // work of sending one event to one stream, about
	fetchCost   = 100 * time.Microsecond // work of one request for a block besides drawing it, about
	garbage     = 1.2                    // what collecting the garbage of work adds to it
	newestFor   = 2 * time.Second        // how long the time of the newest data is good for
	spreadFrom  = 50                     // streams from which readers spread what they ask
	spreadMost  = 300 * time.Millisecond
	// liveShare is how much of each processor live pages may take before they
	// are told less often.
	liveShare = 0.2
)

// A pulse takes what changed from the hub and tells it to all streams in one
// step, so that their fetches find what another just had drawn. Between two
// steps lies the time in which the work of one is liveShare of the machine:
// many different views are told less often, a single one at once. It runs
// while there are streams. Safe for concurrent use.
type pulse struct {
	server *Server
	work   atomic.Int64         // ns of work for live pages since the last step, by the clock
	cpu    func() time.Duration // what the process has used of all processors
	spent  time.Duration        // cpu at the last step

	mu        sync.Mutex
	audiences map[string]*audience
	streams   int
	sub       *live.Subscription // while there are streams
	stop      context.CancelFunc
	now       *moment // of the last step
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

	asking sync.Mutex // one asks for the newest data, the others wait for the answer

	mu      sync.Mutex
	streams map[*stream]struct{}
	sent    map[string]Count // what all of them were told
	at      int64            // unix seconds of the newest data
	atUntil time.Time
}

func newPulse(s *Server) *pulse {
	return &pulse{server: s, audiences: map[string]*audience{}}
}

// spend runs fn and counts the processor time it takes; where the system does
// not tell that, the time by the clock.
func (p *pulse) spend(fn func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began, before := time.Now(), threadTime()
	fn()
	spent := threadTime() - before
	if before == 0 {
		spent = time.Since(began)
	}
	p.work.Add(int64(float64(spent) * garbage))
}

// join adds st to the audience of v. The caller must leave.
func (p *pulse) join(v access.Viewer, st *stream) (*audience, *live.Subscription) {
	v.CommandLines = false // nothing in an event depends on it: more people are alike
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams == 0 {
		var ctx context.Context
		ctx, p.stop = context.WithCancel(context.Background()) //nolint:gosec // leave calls it
		_, p.sub = p.server.opt.Hub.Subscribe()
		go p.run(ctx, p.sub)
	}
	p.streams++
	p.count()
	a := p.audiences[v.Key()]
	if a == nil {
		a = &audience{key: v.Key(), viewer: v, streams: map[*stream]struct{}{}}
		p.audiences[a.key] = a
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.streams[st] = struct{}{}
	return a, p.sub
}

// leave takes st out of its audience; without streams the pulse stops.
func (p *pulse) leave(a *audience, st *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.mu.Lock()
	delete(a.streams, st)
	left := len(a.streams)
	a.mu.Unlock()
	if left == 0 && p.audiences[a.key] == a {
		delete(p.audiences, a.key)
	}
	p.streams--
	p.count()
	if p.streams == 0 {
		p.stop()
		p.sub.Close()
		p.sub, p.now = nil, nil
	}
}

// count tells how many streams there are; p.mu must be held.
func (p *pulse) count() {
	if fn := p.server.opt.Readers; fn != nil {
		fn(p.streams)
	}
}

// momentFor returns the last step's moment and what v was told of it; nil when
// there is none, or none of late.
func (p *pulse) momentFor(v access.Viewer) (now *moment, rev uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil || time.Since(p.now.at) > eventAtMost {
		return nil, 0
	}
	return p.now, p.sub.Taken(sees(v))
}

// begin takes what waits, and the state of the fleet with it.
func (p *pulse) begin(sub *live.Subscription) (live.Set, *moment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := sub.Take()
	now := &moment{at: time.Now(), stamps: p.server.opt.Hub.Stamps(), pin: p.server.opt.Engine.Pin()}
	if p.sub == sub {
		p.now = now
	}
	return set, now
}

// run tells what comes until ctx or the hub ends.
func (p *pulse) run(ctx context.Context, sub *live.Subscription) {
	hold := time.NewTimer(eventEvery) // runs: a step was a moment ago
	defer hold.Stop()
	holding, waiting := true, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-sub.Done():
			return
		case <-sub.C():
			waiting = true
		case <-hold.C:
			holding = false
		}
		if waiting && !holding {
			waiting = p.step(ctx, sub)
			holding = true
			hold.Reset(p.pause())
		}
	}
}

// pause returns how long the next step has to wait.
func (p *pulse) pause() time.Duration {
	work := time.Duration(p.work.Swap(0))
	rest := time.Duration(float64(work) / (liveShare * float64(runtime.GOMAXPROCS(0))))
	return min(max(rest, eventEvery), eventAtMost)
}

// step tells every audience what waits. again: some counters may be a moment
// old and have to be looked at once more.
func (p *pulse) step(ctx context.Context, sub *live.Subscription) bool {
	set, now := p.begin(sub)
	ctx = now.pin(ctx)
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.audiences))
	streams := p.streams
	p.mu.Unlock()
	var again atomic.Bool
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, a := range all {
		group.Go(func() error {
			p.spend(func() {
				if p.tell(ctx, sub, a, set, now, spread(streams)) {
					again.Store(true)
				}
			})
			return nil
		})
	}
	_ = group.Wait() // no function fails
	return again.Load()
}

// spread returns the time over which readers of an event spread what they ask.
func spread(streams int) time.Duration {
	if streams < spreadFrom {
		return 0
	}
	return min(time.Duration(streams)*time.Millisecond, spreadMost)
}

// tell sends an audience what of set concerns it.
func (p *pulse) tell(ctx context.Context, sub *live.Subscription, a *audience, set live.Set, now *moment, spread time.Duration) (again bool) {
	mine := live.Set{Version: set.Version, Sites: map[string]live.Change{}}
	visible := sees(a.viewer)
	for key, c := range set.Sites {
		if visible(key) {
			mine.Sites[key] = c
		}
	}
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
	e := event{name: "change", Rev: sub.Taken(visible), Counters: shown(news), Dirty: dirty{mine.Tables(), slices.Sorted(maps.Keys(mine.Sites))},
		At: at, Spread: spread.Milliseconds()}
	if !mine.Empty() {
		e.Since = set.Since.UnixMilli()
	}
	p.server.stamp(&e)
	for st := range a.streams {
		st.post(&e)
	}
	p.work.Add(int64(eventCost) * int64(len(a.streams)))
	return again
}

// hello returns all that a stream of a has to know at first.
func (p *pulse) hello(ctx context.Context, sub *live.Subscription, a *audience) event {
	rev := sub.Taken(sees(a.viewer))
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
