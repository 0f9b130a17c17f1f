package web

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/live"
)

const (
	countersKept   = 512                    // viewers whose counters are kept
	countersEvery  = 250 * time.Millisecond // at most this often for equal viewers
	countersWithin = 5 * time.Second
)

// counters computes the numbers of the menu, once for all viewers that see the
// same. Safe for concurrent use.
type counters struct {
	engine Engine
	items  []MenuItem
	log    *slog.Logger

	mu   sync.Mutex
	kept map[string]*counted
}

// counted are the counters of one viewer key.
type counted struct {
	turn   chan struct{} // holds one token: whoever has it computes
	used   time.Time     // guarded by counters.mu
	at     time.Time
	values map[string]stamped
}

type stamped struct {
	stamp uint64
	count Count
	valid bool
}

func newCounters(e Engine, menu []MenuItem, log *slog.Logger) *counters {
	c := &counters{engine: e, log: log, kept: map[string]*counted{}}
	for _, m := range menu {
		if m.Counter != nil {
			c.items = append(c.items, m)
		}
	}
	return c
}

// get returns the counters by name of menu entry as v sees them, of data that
// is at least as new as the stamps. again is true when they may be a moment
// old: ask once more after countersEvery.
func (c *counters) get(ctx context.Context, v access.Viewer, stamps live.Stamps) (out map[string]Count, again bool) {
	ctx, cancel := context.WithTimeout(ctx, countersWithin)
	defer cancel()
	v.CommandLines = false // no number depends on it: more people are alike
	e := c.entry(v.Key())
	out = make(map[string]Count, len(c.items))
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return out, true
	}
	defer func() { <-e.turn }()
	now := time.Now()
	young := now.Sub(e.at) < countersEvery
	for _, m := range c.items {
		stamp := stamps.Of(m.Tables...)
		old := e.values[m.Name]
		if !old.valid || old.stamp < stamp {
			if young && old.valid {
				again = true
			} else {
				old = c.count(ctx, v, m, stamp, old)
				e.at = now
			}
			e.values[m.Name] = old
		}
		out[m.Name] = old.count
	}
	return out, again
}

// count computes one counter; old stays when it fails.
func (c *counters) count(ctx context.Context, v access.Viewer, m MenuItem, stamp uint64, old stamped) stamped {
	n, err := m.Counter(ctx, c.engine.For(v))
	if err != nil {
		if ctx.Err() == nil {
			c.log.Warn("counter failed", "counter", m.Name, "err", err)
		}
		return old
	}
	return stamped{stamp, n, true}
}

// entry returns what is kept for a viewer key, and forgets the viewer unused
// for longest when there are too many.
func (c *counters) entry(key string) *counted {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.kept[key]
	if e == nil {
		if len(c.kept) >= countersKept {
			oldest := slices.MinFunc(keysOf(c.kept), func(a, b string) int {
				return cmp.Compare(c.kept[a].used.UnixNano(), c.kept[b].used.UnixNano())
			})
			delete(c.kept, oldest)
		}
		e = &counted{turn: make(chan struct{}, 1), values: map[string]stamped{}}
		c.kept[key] = e
	}
	e.used = time.Now()
	return e
}

func keysOf(m map[string]*counted) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
