package query

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/store"
)

const (
	// cacheAge bounds the life of an answer: some columns tell of now.
	cacheAge = time.Second
	// pinnedAge is the same for answers of a pinned state, which is asked until
	// there is another.
	pinnedAge = 5 * time.Second
	// followedAge is the same for those that are brought up to date: they do not
	// tell of now. It is longer than any pause between two such states, also where
	// processors are short: otherwise they would have to be found anew then, of all
	// times.
	followedAge = 30 * time.Second
	// cacheCells bounds the values of all answers kept, cacheOne those of one.
	cacheCells = 4_000_000
	cacheOne   = 100_000
)

// A cache keeps answers that were just computed, so that many pages with the
// same query and rights cost one run of it. An answer is good for as long as no
// site has a new state. Safe for concurrent use.
type cache struct {
	mu    sync.Mutex
	known map[string]*cached
	cells int
	swept time.Time
}

type cached struct {
	res   *lql.Result
	sites []uint64 // states of the sites
	until time.Time
	cells int
	from  *origin // to bring it up to date; nil: it cannot be
}

func cacheKey(v access.Viewer, q *lql.Query) string {
	text := q.AppendText(append([]byte(v.Key()), 0, byte(q.Unknown)))
	for _, site := range slices.Sorted(maps.Keys(q.Only)) {
		text = fmt.Appendf(text, "\x00%q%q", site, q.Only[site])
	}
	for _, s := range q.Sort {
		text = fmt.Appendf(text, "\x00%d", s.Prefix)
	}
	if q.After != nil || q.First != nil || q.Until != nil {
		text = fmt.Appendf(text, "\x00%q%q%q", q.After, q.First, q.Until)
	}
	for _, f := range q.Tally {
		text = lql.Get(q.Table).Where(f).AppendText(append(text, 0))
	}
	return string(text)
}

// stampOf is what an answer depends on: the states of the sites that the query
// may ask.
func stampOf(sites []store.SiteView, q *lql.Query) []uint64 {
	out := make([]uint64, 0, len(sites))
	for _, s := range sites {
		if q.Backends == nil || slices.Contains(q.Backends, s.Info.Key) {
			out = append(out, s.Serial())
		}
	}
	return out
}

// get returns the answer that is kept, which may be of other states of the
// sites; nil when there is none.
func (c *cache) get(key string, now time.Time) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.known[key]
	if a == nil || now.After(a.until) {
		return nil
	}
	return a
}

// put keeps an answer, which was computed from the states of its sites or from
// newer ones, for some time.
func (c *cache) put(key string, a *cached, now time.Time, age time.Duration) {
	a.until, a.cells = now.Add(age), 50+a.res.Rows*(len(a.res.Vectors)+1)
	if a.cells > cacheOne {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.swept) >= cacheAge {
		c.swept = now
		c.dropIf(func(a *cached) bool { return now.After(a.until) })
	}
	if c.cells+a.cells > cacheCells {
		c.dropOldest(cacheCells / 4 * 3)
	}
	if c.known == nil {
		c.known = map[string]*cached{}
	}
	if old := c.known[key]; old != nil {
		c.cells -= old.cells
	}
	c.known[key] = a
	c.cells += a.cells
}

// dropOldest forgets what is good for the shortest time, until no more cells are
// kept than that.
func (c *cache) dropOldest(cells int) {
	keys := slices.SortedFunc(maps.Keys(c.known), func(a, b string) int { return c.known[a].until.Compare(c.known[b].until) })
	for _, key := range keys {
		if c.cells <= cells {
			return
		}
		c.cells -= c.known[key].cells
		delete(c.known, key)
	}
}

// dropIf forgets some answers.
func (c *cache) dropIf(old func(a *cached) bool) {
	for key, a := range c.known {
		if old(a) {
			c.cells -= a.cells
			delete(c.known, key)
		}
	}
}

// Shrink forgets all that is kept to answer faster.
func (e *Engine) Shrink() {
	e.people.forget()
	e.tallyMu.Lock()
	clear(e.tallies)
	e.tallyMu.Unlock()
	e.answers.mu.Lock()
	defer e.answers.mu.Unlock()
	e.answers.known, e.answers.cells = nil, 0
}
