package query

import (
	"slices"
	"sync"
	"time"
	"weak"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

const (
	// cacheAge bounds the life of an answer: some columns tell of now.
	cacheAge = time.Second
	// cacheCells bounds the values of all answers kept, cacheOne those of one.
	cacheCells = 500_000
	cacheOne   = 20_000
)

// A cache keeps answers that were just computed, so that many pages with the
// same query and rights cost one run of it. An answer is good for as long as no
// site has a new state. Safe for concurrent use.
type cache struct {
	mu    sync.Mutex
	known map[string]*cached
	cells int
}

type cached struct {
	res   *lql.Result
	sites []weak.Pointer[store.State] // that the fleet had
	until time.Time
	cells int
}

func cacheKey(v access.Viewer, q *lql.Query) string {
	return v.Key() + "\x00" + string(q.AppendText(nil))
}

// stampOf is what an answer depends on.
func stampOf(view *store.View) []weak.Pointer[store.State] {
	out := make([]weak.Pointer[store.State], len(view.Sites))
	for i, s := range view.Sites {
		out[i] = weak.Make(s.State)
	}
	return out
}

func (c *cache) get(key string, sites []weak.Pointer[store.State], now time.Time) *lql.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.known[key]
	if a == nil || now.After(a.until) || !slices.Equal(a.sites, sites) {
		return nil
	}
	return a.res
}

// put keeps an answer that was computed from sites, or from newer ones.
func (c *cache) put(key string, sites []weak.Pointer[store.State], res *lql.Result, now time.Time) {
	cells := 50 + res.Rows*(len(res.Vectors)+1)
	if cells > cacheOne {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cells+cells > cacheCells {
		c.known, c.cells = nil, 0
	}
	if c.known == nil {
		c.known = map[string]*cached{}
	}
	if old := c.known[key]; old != nil {
		c.cells -= old.cells
	}
	c.known[key] = &cached{res: res, sites: sites, until: now.Add(cacheAge), cells: cells}
	c.cells += cells
}

// Shrink forgets the answers that are kept.
func (e *Engine) Shrink() {
	e.answers.mu.Lock()
	defer e.answers.mu.Unlock()
	e.answers.known, e.answers.cells = nil, 0
}
