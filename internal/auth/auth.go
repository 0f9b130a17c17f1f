package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/db"
)

// Options of a [Service]. Only DB is needed.
type Options struct {
	DB             *db.DB
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger     // nil: silent
	SessionIdle    time.Duration    // a session ends when unused for so long; 0: 30 days
	SessionMax     time.Duration    // and in any case after so long; 0: 90 days
	ShortPasswords bool             // for the demo: any password goes
	Cost           Cost             // of a password; zero: DefaultCost
}

// A Service answers who asks. It is safe for concurrent use; make it with
// [New] and Close it before the store.
type Service struct {
	db      *db.DB
	now     func() time.Time
	log     *slog.Logger
	idle    time.Duration
	max     time.Duration
	short   bool
	kitchen *kitchen

	pairs     *limiter // by user name, also of those who are not there, and IP address
	accounts  *limiter // by user name, from wherever: far higher, so that a stranger does not lock the owner out
	addresses *limiter // by IP address
	cache     *verifiedCache
	failed    failureLog // sign-ins
	guessed   failureLog // setup codes

	setupMu   sync.Mutex
	setupCode string
	setupDone atomic.Bool

	seenMu sync.Mutex
	seen   map[int64]use // sessions used and not yet written

	stop func()
	done sync.WaitGroup
}

// New returns a running Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SessionIdle <= 0 {
		o.SessionIdle = 30 * 24 * time.Hour
	}
	if o.SessionMax <= 0 {
		o.SessionMax = 90 * 24 * time.Hour
	}
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost()
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{
		db: o.DB, now: o.Now, log: o.Log, idle: o.SessionIdle, max: o.SessionMax, short: o.ShortPasswords,
		kitchen:   newKitchen(o.Cost, runtime.GOMAXPROCS(0)),
		pairs:     newLimiter(5, time.Minute, 5*time.Minute),
		accounts:  newLimiter(100, time.Minute, time.Minute),
		addresses: newLimiter(20, 15*time.Minute, 3*time.Minute),
		cache:     newVerifiedCache(),
		setupCode: newSetupCode(),
		seen:      map[int64]use{},
		stop:      stop,
	}
	s.done.Go(func() { s.housekeep(ctx) })
	return s
}

// Close writes what is pending and ends the background work. It returns within
// 15 s.
func (s *Service) Close() error {
	s.stop()
	s.done.Wait()
	return s.writeSeen(context.Background())
}

const (
	seenEvery  = time.Minute // how often last uses are written
	pruneEvery = time.Hour
)

// housekeep writes when sessions were last used, and deletes what is over,
// until ctx ends.
func (s *Service) housekeep(ctx context.Context) {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	pruned := s.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.writeSeen(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("could not note when sessions were last used", "error", err)
		}
		if now := s.now(); now.Sub(pruned) >= pruneEvery {
			pruned = now
			if err := s.prune(ctx, now); err != nil && ctx.Err() == nil {
				s.log.Warn("could not delete old sessions and sign-ins", "error", err)
			}
		}
	}
}

// prune deletes sessions that are over and sign-ins that are old.
func (s *Service) prune(ctx context.Context, now time.Time) error {
	for {
		var n int64
		err := s.db.Write(ctx, func(t *db.Tx) (err error) {
			n, err = t.PruneSessions(ctx, now.Add(-s.idle), now.Add(-s.max))
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return s.db.Prune(ctx, now)
		}
	}
}

// notFound puts the store's ErrNotFound into our words.
func notFound(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("auth: %w", ErrNotFound)
	}
	return err
}
