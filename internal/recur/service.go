package recur

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// A Store keeps rules and what they have set; [db.DB] is one.
type Store interface {
	Rules(ctx context.Context) ([]db.Rule, error)
	Rule(ctx context.Context, id int64) (db.Rule, error)
	RuleDowntimes(ctx context.Context, rule int64) ([]db.RuleDowntime, error)
	KeepRuleDowntimes(ctx context.Context, list []db.RuleDowntime) error
	OpenOrderItems(ctx context.Context) ([]db.OrderItem, error)
	Order(ctx context.Context, id int64) (db.Order, error)
	SeenOpen(ctx context.Context, since time.Time) ([]db.SeenDowntime, error)
	SeenPast(ctx context.Context, from, to time.Time, limit int) ([]db.SeenDowntime, error)
	KeepSeen(ctx context.Context, list []db.SeenDowntime) error
	PruneSeen(ctx context.Context, now time.Time) error
	Write(ctx context.Context, f func(*db.Tx) error) error
}

// A Desk has orders carried out; [command.Desk] is one.
type Desk interface {
	Give(ctx context.Context, a command.Actor, o command.Order) (int64, error)
	Preview(ctx context.Context, a command.Actor, o command.Order) ([]command.Item, error)
	Items(ctx context.Context, id int64, from, limit int) ([]command.Item, error)
}

// An Engine makes Queriers; [query.Engine] is one.
type Engine interface {
	For(v access.Viewer) lql.Querier
}

// People knows who somebody is now; [auth.Service] is one.
type People interface {
	Person(ctx context.Context, id int64) (auth.Person, error)
}

// Options configure a Service.
type Options struct {
	Store  Store
	Desk   Desk
	Engine Engine
	People People
	Log    *slog.Logger // nil: discarded
	Now    func() time.Time
	// Every is how often rules and cores are looked at; 0: 20 s.
	Every time.Duration
	// Spread returns by how much less than its lead time a rule's occurrences
	// are set ahead; nil: up to ten minutes, another time for each rule and
	// server, so that two servers do not set the same at the same moment.
	Spread func(rule int64, lead time.Duration) time.Duration
}

// A Service keeps the rules and sets what they mean. Make it with [New] and let
// it [Service.Run]. Safe for concurrent use.
type Service struct {
	o    Options
	kick chan struct{}

	look    sync.Mutex               // one look at a time
	adopted bool                     // orders of an earlier run were looked for
	strange map[int64]map[place]bool // by rule: what the cores had with its mark that was not set here
	seen    map[seenKey]db.SeenDowntime
	pruned  time.Time

	mu     sync.Mutex
	status map[int64]Status
}

// New returns a service that does nothing by itself yet.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every <= 0 {
		o.Every = 20 * time.Second
	}
	if o.Spread == nil {
		o.Spread = spreadOf(randomSeed())
	}
	return &Service{o: o, kick: make(chan struct{}, 1), strange: map[int64]map[place]bool{}, status: map[int64]Status{}}
}

// movingEvery is how often it is looked while something is under way.
const movingEvery = 2 * time.Second

// spreadMost bounds how much later than its lead time an occurrence is set.
const spreadMost = 10 * time.Minute

func randomSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:])
}

func spreadOf(seed uint64) func(int64, time.Duration) time.Duration {
	return func(rule int64, lead time.Duration) time.Duration {
		x := (seed ^ uint64(rule)*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
		return time.Duration(x>>33) * min(spreadMost, lead/4) / (1 << 31)
	}
}

// Run looks at the rules until ctx ends.
func (s *Service) Run(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		if err := s.Look(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Error("recurring downtimes", "err", err)
		}
		t.Reset(s.pause())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.kick:
		}
	}
}

// pause is how long to wait for the next look: little while something is under
// way.
func (s *Service) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.status {
		if st.Moving {
			return min(movingEvery, s.o.Every)
		}
	}
	return s.o.Every
}

// Soon has the rules looked at now instead of at the next turn.
func (s *Service) Soon() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Look looks at all rules and cores once: it sets what is due, cancels what a
// rule does not mean any more, and notes which downtimes are over.
func (s *Service) Look(ctx context.Context) error {
	s.look.Lock()
	defer s.look.Unlock()
	if !s.adopted {
		if err := s.adopt(ctx); err != nil {
			return err
		}
		s.adopted = true
	}
	rules, err := s.o.Store.Rules(ctx)
	if err != nil {
		return err
	}
	cores, err := s.readMarks(ctx)
	if err != nil {
		return err
	}
	status := make(map[int64]Status, len(rules))
	for _, r := range rules {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		st, err := s.lookAt(ctx, r, cores)
		if err != nil {
			s.o.Log.Error("recurring downtimes", "rule", r.Name, "err", err)
			s.adopted = false // an order may have been given without a note of it
			st = Status{Problem: Stuck}
		}
		st.Checked = s.o.Now()
		status[r.ID] = st
	}
	s.mu.Lock()
	s.status = status
	s.mu.Unlock()
	return s.watch(ctx)
}

// Status returns how a rule stands since it was last looked at; the zero Status
// when that has not happened yet.
func (s *Service) Status(rule int64) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status[rule]
}

// all sees everything at every site.
func (s *Service) all() lql.Querier { return s.o.Engine.For(access.Viewer{All: true}) }

// newMark returns five letters and digits for a new rule.
func newMark() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))[:5]
}

// actor returns the author of a rule as who gives orders now; why says what
// keeps them from it.
func (s *Service) actor(ctx context.Context, r db.Rule) (command.Actor, string, error) {
	p, err := s.o.People.Person(ctx, r.Author)
	switch {
	case isNotFound(err):
		return command.Actor{}, Gone, nil
	case err != nil:
		return command.Actor{}, "", fmt.Errorf("recur: author of %s: %w", r.Name, err)
	case p.Disabled:
		return command.Actor{}, Gone, nil
	}
	return ActorOf(p), "", nil
}

// ActorOf returns a person as who gives orders through a rule.
func ActorOf(p auth.Person) command.Actor {
	return command.Actor{ID: p.ID, Name: p.Username, Role: p.Role, Viewer: p.Viewer(), Via: via}
}

// via is how orders of rules are told from others.
const via = "recurring"
