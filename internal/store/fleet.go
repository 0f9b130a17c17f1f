package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/schema"
)

// Options configure a Fleet. The zero value is good for any amount of data.
type Options struct {
	// Room, if not nil, is asked now and then while a whole table comes in
	// whether more fits into memory. Its error ends the batch.
	Room func() error
}

// SiteInfo names a site for people. Address holds no secrets.
type SiteInfo struct {
	Key, Name, Section, Address string
	Position                    int
}

// HealthState says how a site is.
type HealthState uint8

// The states of a site.
const (
	Pending      HealthState = iota // the first synchronisation is not done
	Fresh                           // data is as new as it should be
	Late                            // data is older than it should be
	Down                            // out of reach; the last data is kept
	Incompatible                    // answers, but not in a way we can use
	Paused                          // switched off by a person
)

// String returns the state's name as the sites table shows it.
func (s HealthState) String() string {
	switch s {
	case Fresh:
		return "fresh"
	case Late:
		return "late"
	case Down:
		return "down"
	case Incompatible:
		return "incompatible"
	case Paused:
		return "paused"
	}
	return "pending"
}

// Health is what the pages, the sites table and the metrics show of a site.
type Health struct {
	State HealthState
	Cause string    // one sentence for people, safe text
	Since time.Time // when State began
	// LastOK is when the core last confirmed data, LastTry when it was last
	// asked.
	LastOK, LastTry                                            time.Time
	Implementation, Version, LivestatusVersion, ProgramVersion string
	Transport                                                  string // "tcp", "unix", "tls"
	ActiveAddress                                              string
	Latency                                                    time.Duration // last answer time
	Trace                                                      Trace         // answer times of the last hour
	ClockSkew                                                  time.Duration // core minus us
	Errors                                                     map[string]int64
	BytesIn, BytesOut, Queries                                 int64
	SyncSeconds                                                float64
	Interval                                                   time.Duration
	Waiting                                                    bool // WaitTrigger in use
	Notes                                                      []string
	// Path are the Belvederes that the site comes through, the nearest first,
	// each by the number it drew at its start; none for a core of our own.
	Path []string
}

// Change says what a commit changed.
type Change struct {
	Site    string
	Version uint64
	Tables  []string
	Keys    map[string][]string // table -> changed keys; nil: all or too many
	Health  bool                // names or health of the site changed
	// Duplicates counts rows of equal key in one table, of which the last was
	// taken; Dropped those that refer to a host or service that does not exist.
	Duplicates, Dropped int
}

// Errors a caller can tell apart.
var (
	ErrNoTable  = errors.New("no such table")
	ErrNoColumn = errors.New("no such column")
)

// A Fleet holds the present snapshot and health of every site. All methods are
// safe for concurrent use; each site has one writer. The zero Fleet is not
// usable: make it with [NewFleet].
type Fleet struct {
	options Options
	defs    *defs
	mu      sync.Mutex              // held while sites come and go
	hidden  map[string]*Site        // by key; see Hide
	sites   atomic.Pointer[[]*Site] // in order
	told    atomic.Pointer[func(Change)]
	waiters broadcast
	desks   desks
}

// NewFleet returns an empty fleet.
func NewFleet(o Options) *Fleet {
	f := &Fleet{options: o, defs: newDefs(schema.Tables()), hidden: map[string]*Site{}}
	f.sites.Store(&[]*Site{})
	return f
}

// Add takes a site in, or replaces the info of the one with that key. Sites
// are ordered by position, then name, then key. Info that is there already is
// no change and told to nobody.
func (f *Fleet) Add(info SiteInfo) *Site {
	f.mu.Lock()
	defer f.mu.Unlock()
	sites := slices.Clone(*f.sites.Load())
	var site *Site
	for _, s := range sites {
		if s.Info().Key == info.Key {
			site = s
		}
	}
	hidden := f.hidden[info.Key]
	switch {
	case hidden != nil:
		site = hidden
	case site == nil:
		site = &Site{fleet: f}
		site.state.Store(&State{Snapshot: f.nothing()})
		sites = append(sites, site)
	}
	if site.Info() == info {
		return site
	}
	site.mu.Lock()
	site.publish(func(s *State) { s.Info = info })
	site.mu.Unlock()
	if hidden == nil {
		f.order(sites)
	}
	f.tell(Change{Site: info.Key, Version: site.Snapshot().version, Health: true})
	return site
}

// nothing is a snapshot without data.
func (f *Fleet) nothing() *Snapshot {
	return &Snapshot{defs: f.defs, tables: make([]*Table, len(f.defs.all))}
}

// order makes sites those of every view. mu is held.
func (f *Fleet) order(sites []*Site) {
	slices.SortStableFunc(sites, func(a, b *Site) int {
		x, y := a.Info(), b.Info()
		return cmp.Or(x.Position-y.Position, cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key, y.Key))
	})
	f.sites.Store(&sites)
}

// take removes a site from every view. mu is held.
func (f *Fleet) take(key string) *Site {
	var taken *Site
	sites := slices.DeleteFunc(slices.Clone(*f.sites.Load()), func(s *Site) bool {
		if s.Info().Key == key {
			taken = s
		}
		return s == taken
	})
	f.sites.Store(&sites)
	return taken
}

// Remove forgets a site and its data. Unknown keys are ignored.
func (f *Fleet) Remove(key string) {
	f.mu.Lock()
	f.take(key)
	delete(f.hidden, key)
	f.mu.Unlock()
	f.tell(Change{Site: key, Health: true})
}

// Hide has no view show a site, drops its data and keeps its handle, which
// goes on taking its health. It is for a way to other sites that is none
// itself.
func (f *Fleet) Hide(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	site := f.take(key)
	if site == nil {
		return
	}
	site.mu.Lock()
	site.publish(func(s *State) { s.Snapshot = f.nothing() })
	site.mu.Unlock()
	f.hidden[key] = site
	f.tell(Change{Site: key, Health: true})
}

// Show undoes Hide.
func (f *Fleet) Show(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	site := f.hidden[key]
	if site == nil {
		return
	}
	delete(f.hidden, key)
	f.order(append(slices.Clone(*f.sites.Load()), site))
	f.tell(Change{Site: key, Version: site.Snapshot().version, Health: true})
}

// OnChange sets the function that is told of every change, after it was
// published. It is called by the writers and must not block.
func (f *Fleet) OnChange(fn func(Change)) { f.told.Store(&fn) }

func (f *Fleet) tell(c Change) {
	f.waiters.wake()
	if fn := f.told.Load(); fn != nil && *fn != nil {
		(*fn)(c)
	}
}

// Changed returns a channel that is closed with the next change of any site.
// Take it before looking at a View, so as not to miss what follows.
func (f *Fleet) Changed() <-chan struct{} { return f.waiters.next() }

// View returns the fleet as it is now: each site at its newest. It never
// changes.
func (f *Fleet) View() *View {
	sites := *f.sites.Load()
	v := &View{Sites: make([]SiteView, len(sites))}
	for i, s := range sites {
		v.Sites[i] = SiteView{s.state.Load()}
	}
	return v
}

// A View is the fleet at one instant, in the order of its sites. Read-only.
type View struct{ Sites []SiteView }

// A SiteView is one site at one instant.
type SiteView struct{ *State }

// State is a site's names, health and data. It must not be changed.
type State struct {
	Info     SiteInfo
	Health   Health
	Snapshot *Snapshot // never nil
	serial   uint64
}

// serials counts the states of all sites of all fleets.
var serials atomic.Uint64

// Serial returns a number that no other state of any site has.
func (s *State) Serial() uint64 { return s.serial }

// A Site is the writer's handle of one site.
type Site struct {
	fleet *Fleet
	mu    sync.Mutex // held while a new state is made
	state atomic.Pointer[State]
}

// Info returns the site's names.
func (s *Site) Info() SiteInfo { return s.state.Load().Info }

// Snapshot returns the present snapshot, never nil.
func (s *Site) Snapshot() *Snapshot { return s.state.Load().Snapshot }

// Health returns the site's health.
func (s *Site) Health() Health { return s.state.Load().Health }

// SetHealth publishes the site's health. Its map and slices must not be changed
// afterwards. Only a change of state, cause or notes is told to OnChange.
func (s *Site) SetHealth(h Health) {
	s.mu.Lock()
	old := s.Health()
	s.publish(func(st *State) { st.Health = h })
	version := s.Snapshot().version
	s.mu.Unlock()
	if old.State != h.State || old.Cause != h.Cause || old.Waiting != h.Waiting || !slices.Equal(old.Notes, h.Notes) {
		s.fleet.tell(Change{Site: s.Info().Key, Version: version, Health: true})
	}
}

// Confirm notes that the core confirmed the data as it is at that time.
func (s *Site) Confirm(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := *s.Snapshot()
	next.taken = at
	s.publish(func(st *State) { st.Snapshot = &next })
}

// Begin starts a batch.
func (s *Site) Begin() *Batch { return &Batch{site: s, ops: map[*tableDef]*tableOps{}} }

// publish replaces the state; s.mu must be held.
func (s *Site) publish(change func(*State)) {
	next := *s.state.Load()
	change(&next)
	next.serial = serials.Add(1)
	s.state.Store(&next)
}

// A broadcast wakes all who wait for the next of its events.
type broadcast struct{ ch atomic.Pointer[chan struct{}] }

func (b *broadcast) next() <-chan struct{} {
	for {
		if p := b.ch.Load(); p != nil {
			return *p
		}
		ch := make(chan struct{})
		if b.ch.CompareAndSwap(nil, &ch) {
			return ch
		}
	}
}

func (b *broadcast) wake() {
	if p := b.ch.Swap(nil); p != nil {
		close(*p)
	}
}

// Key joins the parts of a composite key.
func Key(parts ...string) string { return strings.Join(parts, "\x00") }
