package livestatus

import (
	"context"
	"slices"
	"sync"
)

// A Priority orders those who wait for a [Lane].
type Priority uint8

// From what goes first to what goes last.
const (
	CommandPriority Priority = iota
	PersonPriority           // somebody looks at a page and waits
	SyncPriority             // the default: following what the core does
	RestPriority             // a wait that rests at the core
)

type priorityKey struct{}

// WithPriority returns a context whose requests wait at p for their turn.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

func priority(ctx context.Context) Priority {
	if p, ok := ctx.Value(priorityKey{}).(Priority); ok {
		return p
	}
	return SyncPriority
}

// A Lane bounds how many connections to one core are open at once, whoever
// opens them. Share one between all clients of a core. It starts with room for
// one and takes the bound of the core's [Profile] once that is known. Of those
// at [SyncPriority] one is let in at a time, or as many as [Lane.Widen] said,
// whatever the bound. Safe for concurrent use.
type Lane struct {
	mu      sync.Mutex
	max     int
	open    int
	abreast int       // most at SyncPriority at once
	syncing int       // those at SyncPriority that are open
	queue   []*ticket // sorted by priority, then by coming
}

type ticket struct {
	p     Priority
	ready chan struct{} // closed when the turn has come
}

// NewLane returns a lane for one connection at a time.
func NewLane() *Lane { return &Lane{max: 1, abreast: 1} }

// Widen lets in so many at [SyncPriority] at once: for the sites behind an LMD,
// which share one way.
func (l *Lane) Widen(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.abreast = max(1, n)
	l.admit()
}

// Enter waits for a turn, those of higher priority first, then in the order
// they came. Call leave once when done; calling it again does nothing. The
// error is that of ctx.
func (l *Lane) Enter(ctx context.Context, p Priority) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &ticket{p: p, ready: make(chan struct{})}
	l.mu.Lock()
	i := len(l.queue)
	for i > 0 && l.queue[i-1].p > p {
		i--
	}
	l.queue = slices.Insert(l.queue, i, t)
	l.admit()
	l.mu.Unlock()
	select {
	case <-t.ready:
	case <-ctx.Done():
		if l.withdraw(t) {
			return nil, ctx.Err()
		}
		l.leave(p)
		return nil, ctx.Err()
	}
	return sync.OnceFunc(func() { l.leave(p) }), nil
}

// admit lets in those whose turn it is. mu is held.
func (l *Lane) admit() {
	for i := 0; i < len(l.queue) && l.open < l.max; {
		t := l.queue[i]
		if t.p == SyncPriority && l.syncing >= l.abreast {
			i++
			continue
		}
		close(t.ready)
		l.queue = slices.Delete(l.queue, i, i+1)
		l.open++
		if t.p == SyncPriority {
			l.syncing++
		}
	}
}

// withdraw takes t out of the queue, or says that its turn has come already.
func (l *Lane) withdraw(t *ticket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, t)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	return true
}

func (l *Lane) leave(p Priority) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if p == SyncPriority {
		l.syncing--
	}
	l.admit()
}

func (l *Lane) setMax(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = max(1, n)
	l.admit()
}
