package recur_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/query"
	"belvedere/internal/recur"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestMain fails if any goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 30 * time.Second

// until looks every few milliseconds whether something became true.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !cond(); {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", soon, what)
		case <-tick.C:
		}
	}
}

// people are the accounts that the tests know.
type people struct {
	mu sync.Mutex
	by map[int64]auth.Person
}

func (p *people) Person(_ context.Context, id int64) (auth.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.by[id]
	if !ok {
		return one, auth.ErrNotFound
	}
	return one, nil
}

func (p *people) set(one auth.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.by[one.ID] = one
}

func (p *people) remove(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.by, id)
}

// A simCore is a simulated core that stands still.
type simCore struct {
	*testkit.Core
	addr string
}

func newCore(t *testing.T, o testkit.Options) simCore {
	t.Helper()
	o.Quiet = true
	c := testkit.NewCore(o)
	a, err := c.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Step(time.Now())
	return simCore{c, "tcp://" + a.String()}
}

// downtimes are what the core has, as "host|service|mark".
func (c simCore) downtimes() []string {
	var out []string
	for _, r := range c.Rows("downtimes") {
		text := fmt.Sprint(r["comment"])
		if i := strings.LastIndex(text, "["); i >= 0 {
			text = strings.Trim(text[i:], "[]")
			text = text[strings.Index(text, "-")+1:]
		}
		out = append(out, fmt.Sprintf("%v|%v|%s", r["host_name"], r["service_description"], text))
	}
	slices.Sort(out)
	return out
}

// hostOf names a host of the core and its services.
func (c simCore) host(n int) (host string, services []string) {
	host = c.Rows("hosts")[n]["name"].(string)
	for _, r := range c.Rows("services") {
		if r["host_name"] == host {
			services = append(services, r["description"].(string))
		}
	}
	return host, services
}

// A server is a whole one without its web, over cores: its clock for rules is
// the test's.
type server struct {
	t      *testing.T
	db     *db.DB
	fleet  *store.Fleet
	desk   *command.Desk
	rules  *recur.Service
	engine *query.Engine
	people *people
	wrap   func(recur.Store) recur.Store

	mu  sync.Mutex
	now time.Time
}

func (s *server) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// wait moves the clock of the rules on.
func (s *server) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

var eva = auth.Person{ID: 1, Username: "eva", Role: access.RoleAdmin}

// newServer starts one over cores "a", "b", … in a folder.
func newServer(t *testing.T, dir string, cores ...simCore) *server {
	t.Helper()
	s := &server{t: t, people: &people{by: map[int64]auth.Person{1: eva}}, now: time.Now().Truncate(time.Second)}
	s.fleet = store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: s.fleet})
	var err error
	if s.db, err = db.Open(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	hub := live.NewHub()
	s.fleet.OnChange(func(c store.Change) { hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables}) })
	s.engine = query.New(query.Options{Fleet: s.fleet, NoCache: true})
	s.desk = command.New(command.Options{Store: s.db, Engine: s.engine, Sites: m, Hub: hub, Rate: 1000, Policy: command.DefaultPolicy()})
	if err := s.desk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.desk.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		m.Stop(ctx)
		hub.Close()
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	var specs []site.Spec
	for i, c := range cores {
		key := string(rune('a' + i))
		specs = append(specs, site.Spec{Key: key, Name: "Site " + key, Addresses: []string{c.addr}})
	}
	m.Apply(specs)
	for _, x := range specs {
		until(t, x.Key+" is fresh", func() bool { return s.state(x.Key) == store.Fresh })
	}
	s.restart()
	return s
}

// restart begins anew with the rules, as a restart does.
func (s *server) restart() {
	var st recur.Store = s.db
	if s.wrap != nil {
		st = s.wrap(st)
	}
	s.rules = recur.New(recur.Options{Store: st, Desk: s.desk, Engine: s.engine, People: s.people, Now: s.clock,
		Spread: func(int64, time.Duration) time.Duration { return 0 }})
}

func (s *server) state(key string) store.HealthState {
	for _, v := range s.fleet.View().Sites {
		if v.Info.Key == key {
			return v.Health.State
		}
	}
	return store.Pending
}

// add keeps a rule of eva.
func (s *server) add(spec recur.Spec) int64 {
	s.t.Helper()
	id, err := s.rules.Add(s.t.Context(), auth.Actor{ID: 1, Name: "eva"}, "a rule", spec)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *server) look() {
	s.t.Helper()
	if err := s.rules.Look(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// settled waits until no order is under way and the server shows what the core
// has.
func (s *server) settled(cores ...simCore) {
	s.t.Helper()
	until(s.t, "all orders to end", func() bool {
		open, err := s.db.OpenOrderItems(s.t.Context())
		return err == nil && len(open) == 0
	})
	until(s.t, "the downtimes to show", func() bool {
		n := 0
		for _, c := range cores {
			n += len(c.Rows("downtimes"))
		}
		shown := 0
		for _, v := range s.fleet.View().Sites {
			shown += v.Snapshot.Rows("downtimes")
		}
		return n == shown
	})
}

// orders is how many objects orders were given for.
func (s *server) orders() int {
	s.t.Helper()
	list, err := s.db.Orders(s.t.Context(), db.OrderQuery{Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, o := range list {
		items, err := s.db.OrderItems(s.t.Context(), o.ID, 0, 1000)
		if err != nil {
			s.t.Fatal(err)
		}
		n += len(items)
	}
	return n
}

// nightly is a rule for a host with an occurrence in two hours, each day.
func (s *server) nightly(host string) recur.Spec {
	x := spec(recur.When{Kind: recur.Daily, At: s.clock().UTC().Add(2 * time.Hour).Format("15:04")}, "UTC")
	x.Scope.Host = host
	return x
}

// name is the occurrence of nightly in so many days.
func (s *server) name(days int) string {
	return s.clock().UTC().Truncate(time.Minute).Add(2*time.Hour).AddDate(0, 0, days).Format("20060102T1504")
}

func (s *server) want(what string, c simCore, want ...string) {
	s.t.Helper()
	slices.Sort(want)
	if got := c.downtimes(); !slices.Equal(got, want) {
		s.t.Errorf("%s: the core has\n%q, want\n%q", what, got, want)
	}
}

// each puts the occurrence behind a host and its services.
func each(host string, services []string, name string) []string {
	out := []string{host + "||" + name}
	for _, x := range services {
		out = append(out, host+"|"+x+"|"+name)
	}
	return out
}

// forgetful is a store that fails to note what was given, once.
type forgetful struct {
	recur.Store
	failed bool
}

var errDisk = errors.New("the disk is full")

func (f *forgetful) KeepRuleDowntimes(ctx context.Context, list []db.RuleDowntime) error {
	if !f.failed {
		f.failed = true
		return errDisk
	}
	return f.Store.KeepRuleDowntimes(ctx, list)
}
