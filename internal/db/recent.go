package db

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"
)

const (
	recentMost = 10_000                 // answers kept of each kind
	lookEvery  = 500 * time.Millisecond // how often it is asked whether another process wrote
)

// recent keeps what every request asks for: sessions, people, preferences. An
// answer is good until the next commit of this process, and until half a
// second after one of another process. Safe for concurrent use.
type recent struct {
	watch   *sql.DB // one connection that never writes: its data_version tells of other processes
	commits atomic.Uint64

	mu       sync.Mutex
	asked    time.Time
	outside  int64  // data_version
	epoch    uint64 // commits and outside changes that the answers kept are of
	sessions map[[32]byte]Session
	people   map[int64]Person
	prefs    map[int64]Preferences
}

func newRecent(file string) *recent {
	w := openReader(file)
	w.SetMaxOpenConns(1)
	w.SetConnMaxIdleTime(0) // data_version counts for one connection
	r := &recent{watch: w}
	r.forget()
	return r
}

func (r *recent) forget() {
	r.sessions, r.people, r.prefs = map[[32]byte]Session{}, map[int64]Person{}, map[int64]Preferences{}
}

// now forgets what is not good any more and returns the epoch of what is read
// from here on.
func (r *recent) now(ctx context.Context) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := time.Now(); t.Sub(r.asked) >= lookEvery || t.Before(r.asked) {
		var v int64
		if err := r.watch.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil || v != r.outside {
			r.outside = v
			r.forget()
			if err == nil {
				r.asked = t
			}
		} else {
			r.asked = t
		}
	}
	if n := r.commits.Load(); n != r.epoch {
		r.epoch = n
		r.forget()
	}
	return r.epoch
}

// kept answers from m, or with ask, whose answer it keeps. What ask read is not
// kept when something was written meanwhile.
func kept[K comparable, V any](ctx context.Context, r *recent, of func(*recent) map[K]V, key K, ask func() (V, error)) (V, error) {
	epoch := r.now(ctx)
	r.mu.Lock()
	v, ok := of(r)[key]
	seen := r.asked
	r.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := ask()
	if err != nil {
		return v, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch != epoch || r.commits.Load() != epoch || r.asked != seen {
		return v, nil
	}
	m := of(r)
	if len(m) >= recentMost {
		clear(m)
	}
	m[key] = v
	return v, nil
}

// Session returns the session whose token has this hash, [ErrNotFound]. See
// recent for how new it is.
func (d *DB) Session(ctx context.Context, hash [32]byte) (Session, error) {
	return kept(ctx, d.recent, func(r *recent) map[[32]byte]Session { return r.sessions }, hash, func() (Session, error) { return d.reads.Session(ctx, hash) })
}

// Person returns one person, [ErrNotFound].
func (d *DB) Person(ctx context.Context, id int64) (Person, error) {
	return kept(ctx, d.recent, func(r *recent) map[int64]Person { return r.people }, id, func() (Person, error) { return d.reads.Person(ctx, id) })
}

// Preferences returns all preferences of a person. The map must not be changed.
func (d *DB) Preferences(ctx context.Context, person int64) (Preferences, error) {
	return kept(ctx, d.recent, func(r *recent) map[int64]Preferences { return r.prefs }, person, func() (Preferences, error) { return d.reads.Preferences(ctx, person) })
}
