// Package live tells readers that something changed, and no more than that.
//
// It knows sites, versions and names of tables; it knows neither rows nor who
// may see them. Whoever is told asks the store again through their own rights.
package live

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// MaxKeys is how many changed keys of one table are kept for a slow reader;
// with more of them the table's entry becomes nil: everything may have
// changed.
const MaxKeys = 1000

// A Change is one step of one site.
type Change struct {
	Site    string              // key of the site
	Version uint64              // the site's version after the step
	Tables  []string            // tables with changed rows
	Keys    map[string][]string // table to changed keys; no entry or nil: all or too many
	Health  bool                // the site's health changed
	// Steps is how many changes were merged into this one. The hub sets it.
	Steps uint64
}

// A Set is what changed since the reader last took it, by site key.
type Set struct {
	Version uint64 // of the hub: counts every change ever published
	Sites   map[string]Change
	Since   time.Time // when the oldest of them was published; zero: none
}

// Tables returns the names of all tables in the set, sorted; a change of
// health is one of table sites.
func (s Set) Tables() []string {
	var out []string
	for _, c := range s.Sites {
		for _, t := range c.Tables {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		if c.Health && !slices.Contains(out, Sites) {
			out = append(out, Sites)
		}
	}
	slices.Sort(out)
	return out
}

// Empty reports whether nothing changed.
func (s Set) Empty() bool { return len(s.Sites) == 0 }

// A Hub passes changes from the writers of the store to any number of readers.
// Publishing never waits for a reader: what a slow reader has not taken is
// merged into one step. Safe for concurrent use. Make it with [NewHub].
type Hub struct {
	mu      sync.Mutex
	version uint64
	tables  map[string]uint64 // how many changes touched a table
	sites   map[string]uint64 // how many changes each site had
	subs    map[*Subscription]struct{}
	closed  bool
}

// Sites is the table that a change of health touches.
const Sites = "sites"

// NewHub returns a hub without subscriptions.
func NewHub() *Hub {
	return &Hub{subs: map[*Subscription]struct{}{}, tables: map[string]uint64{}, sites: map[string]uint64{}}
}

// Publish tells every subscription of c. It never blocks on a reader, and
// keeps no reference to c's slices and maps.
func (h *Hub) Publish(c Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version++
	h.sites[c.Site]++
	c.Steps = 1
	for _, t := range c.Tables {
		h.tables[t]++
	}
	if c.Health {
		h.tables[Sites]++
	}
	for s := range h.subs {
		s.add(c, h.version)
	}
}

// Seen returns how many changes the sites had that see chooses. It tells
// whoever sees only some sites nothing of the others.
func (h *Hub) Seen(see func(site string) bool) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen(see)
}

func (h *Hub) seen(see func(site string) bool) uint64 {
	var n uint64
	for site, steps := range h.sites {
		if see(site) {
			n += steps
		}
	}
	return n
}

// Stamps say how often each table has changed at any site.
type Stamps map[string]uint64

// Stamps returns the stamps of all tables. Whoever reads data after taking them
// has at least what they stand for.
func (h *Hub) Stamps() Stamps {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.tables)
}

// Of returns a number that grows whenever one of the tables changes: an answer
// kept with it is good while it is the same.
func (s Stamps) Of(tables ...string) uint64 {
	var n uint64
	for _, t := range tables {
		n += s[t]
	}
	return n
}

// Subscribers returns how many subscriptions are open.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// Subscribe returns the present version and a subscription that gets
// everything after it; no change falls between the two. The caller must Close
// the subscription.
func (h *Hub) Subscribe() (uint64, *Subscription) {
	s := &Subscription{hub: h, c: make(chan struct{}, 1), done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(s.done)
	} else {
		h.subs[s] = struct{}{}
	}
	s.pending.Version = h.version
	return h.version, s
}

// Close ends every subscription: their Done channels close. Later Subscribe
// calls return ended subscriptions. Close may be called more than once.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		close(s.done)
		delete(h.subs, s)
	}
}

// A Subscription is one reader's view of a hub. C, Take, Done and Close may be
// called from different goroutines.
type Subscription struct {
	hub     *Hub
	c       chan struct{}
	done    chan struct{}
	mu      sync.Mutex
	pending Set
}

// C has a value when there is something to take. Several changes make one
// value.
func (s *Subscription) C() <-chan struct{} { return s.c }

// Done is closed when the hub closed.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Take returns what changed since the last Take, merged by site. Its Version
// is that of the newest change in it.
func (s *Subscription) Take() Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.pending
	s.pending = Set{Version: out.Version}
	return out
}

// Taken is [Hub.Seen] without what waits to be taken.
func (s *Subscription) Taken(see func(site string) bool) uint64 {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.hub.seen(see)
	for site, c := range s.pending.Sites {
		if see(site) {
			n -= c.Steps
		}
	}
	return n
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
}

// add merges c into what waits for the reader.
func (s *Subscription) add(c Change, version uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.Version = version
	if s.pending.Sites == nil {
		s.pending.Sites = map[string]Change{}
		s.pending.Since = time.Now()
	}
	s.pending.Sites[c.Site] = merge(s.pending.Sites[c.Site], c)
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// merge returns the step that has the effect of old and then c. The result
// shares nothing with c.
func merge(old, c Change) Change {
	out := Change{Site: c.Site, Version: max(old.Version, c.Version), Health: old.Health || c.Health, Steps: old.Steps + c.Steps}
	out.Tables = slices.Clone(old.Tables)
	out.Keys = map[string][]string{}
	for t, k := range old.Keys {
		out.Keys[t] = k
	}
	for _, t := range c.Tables {
		keys := c.Keys[t]
		if !slices.Contains(out.Tables, t) {
			out.Tables = append(out.Tables, t)
			if keys != nil && len(keys) <= MaxKeys {
				out.Keys[t] = slices.Clone(keys)
			}
			continue
		}
		out.Keys[t] = union(out.Keys[t], keys)
		if out.Keys[t] == nil {
			delete(out.Keys, t)
		}
	}
	return out
}

// union returns the keys of both; nil, for everything, when either is nil or
// the result grows past MaxKeys.
func union(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > MaxKeys {
		return nil
	}
	return out
}
