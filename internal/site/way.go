package site

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/store"
	"belvedere/internal/thruk"
)

// A behind asks one of the sites behind a way, over the way's connections,
// which it does not close. Safe for concurrent use.
type behind struct {
	way client
	key string
}

func (b behind) of(ctx context.Context) context.Context { return livestatus.WithBackend(ctx, b.key) }

func (b behind) Fetch(ctx context.Context, q *lql.Query, s livestatus.Sink) (livestatus.Stats, error) {
	return b.way.Fetch(b.of(ctx), q, s)
}

func (b behind) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	return b.way.Query(b.of(ctx), q)
}

func (b behind) Send(ctx context.Context, cmd lql.Command) error { return b.way.Send(b.of(ctx), cmd) }

func (b behind) Identify(ctx context.Context) (livestatus.Core, error) {
	return b.way.Identify(b.of(ctx))
}

// Columns is the same for all sites of a way, but for those of a Thruk.
func (b behind) Columns(ctx context.Context, core livestatus.Core) (map[string][]string, error) {
	if isThruk(b.way) {
		ctx = b.of(ctx)
	}
	return b.way.Columns(ctx, core)
}

func (b behind) Clock(ctx context.Context, core livestatus.Core) (skew time.Duration, exact bool, err error) {
	return b.way.Clock(b.of(ctx), core)
}

func (b behind) Widen(int) {}

func (b behind) Close() error { return nil }

// newClient returns a client for a core, or for what several are behind.
func newClient(o livestatus.Options) client {
	if o.Thruk() {
		return thruk.New(o)
	}
	return livestatus.NewClient(o)
}

// A way is how the sites behind an LMD, a Thruk or another Belvedere are reached
// while that answers.
type way struct {
	client client
	addr   livestatus.Address
}

// errSites ends the session of a site that turned out to be several.
var errSites = errors.New("site: there are several sites behind it now")

// look asks what answers for its sites, if it may have several: it says that it
// is a proxy, or refuses to say anything, as one does whose sites are all down.
// r is nil where it is none.
func (s *site) look(ctx context.Context, c client, core livestatus.Core, failed error) (r *farReader, all []far, err error) {
	kind := livestatus.KindOf(failed)
	if failed == nil && !isProxy(core) || failed != nil && kind != livestatus.KindStatus && kind != livestatus.KindProtocol {
		return nil, nil, nil
	}
	r = newFarReader(c)
	all, err = r.read(ctx)
	switch {
	case failed != nil && (err != nil || len(all) == 0):
		return nil, nil, failed
	case livestatus.KindOf(err) == livestatus.KindStatus && !isThruk(c): // an old one, which has no such table
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case len(all) == 0 && isThruk(c):
		return nil, nil, &incompatibleError{"This Thruk has no sites, or shows none to the owner of the key. Connect its sites first."}
	}
	if shown, looped, _ := s.m.offered(s.spec.Key, all); looped > 0 && len(shown) == 0 {
		return nil, nil, loopError()
	}
	return r, all, nil
}

// isThruk reports whether a client speaks with a Thruk.
func isThruk(c client) bool {
	_, ok := c.(*thruk.Client)
	return ok
}

// beyond refuses what is behind a backend of a Thruk and has several sites
// itself, which Thruk mixes, or is this program.
func (s *site) beyond(ctx context.Context, b behind, core livestatus.Core) error {
	if !isThruk(b.way) || !isProxy(core) {
		return nil
	}
	all, err := newFarReader(b).read(ctx)
	switch {
	case livestatus.KindOf(err) == livestatus.KindStatus: // it has no such table
		return nil
	case err != nil:
		return err
	}
	if _, looped, _ := s.m.offered(s.spec.Key, all); looped > 0 {
		return loopError()
	}
	if len(all) > 1 {
		return &incompatibleError{fmt.Sprintf("Behind this site of Thruk there is a %s with %d sites, which Thruk mixes. Connect it to here directly.", core.Name, len(all))}
	}
	return nil
}

// isWay reports whether a site whose far end has these sites is a way: once
// there were several it stays one.
func (m *Manager) isWay(key string, all []far) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, was := m.fars[key]
	return len(all) > 1 || len(all) == 1 && was
}

// single ends what was behind a site that was a way and is a core now.
func (m *Manager) single(ctx context.Context, key string) error {
	m.mu.Lock()
	_, was := m.fars[key]
	m.mu.Unlock()
	if !was {
		return nil
	}
	if err := m.branch(ctx, key, nil); err != nil {
		return err
	}
	m.remember(Spec{Key: key}, nil)
	m.mu.Lock()
	delete(m.fars, key)
	m.mu.Unlock()
	m.o.Fleet.Show(key)
	return nil
}

func loopError() error {
	return &incompatibleError{"All it offers comes from this server itself: a loop. Remove this site, or the one there that leads back here."}
}

// watchOnly follows the health of the only site behind a proxy, until there
// are others.
func (s *session) watchOnly(ctx context.Context) error {
	for {
		if err := sleep(ctx, s.only.every); err != nil {
			return err
		}
		all, err := s.only.read(ctx)
		if err != nil {
			continue // the next poll meets it, too
		}
		if len(all) != 1 {
			return errSites
		}
		s.health.reported("", all[0])
	}
}

// lead is the way to the sites behind, until it breaks. It always returns an
// error.
func (s *site) lead(ctx context.Context, w way, r *farReader, all []far) error {
	s.heldPlan = nil
	s.m.open(s, &w)
	defer s.m.shut(s)
	for {
		began := s.now()
		shown, looped, unfit := s.m.offered(s.spec.Key, all)
		if len(shown) == 0 && looped > 0 {
			return loopError()
		}
		s.health.note("loop", loopNote(looped))
		s.health.note("unfit", unfitNote(unfit))
		if err := s.m.branch(ctx, s.spec.Key, shown); err != nil {
			return err
		}
		s.m.remember(s.spec, shown)
		s.health.synced(0)
		s.health.pace(r.every, false)
		s.health.fresh(began, s.now().Sub(began), 0)
		if err := s.idle(ctx, r.every); err != nil {
			return err
		}
		s.health.tried()
		now, err := r.read(ctx)
		late := isThruk(w.client) && livestatus.KindOf(err) == livestatus.KindSilent && ctx.Err() == nil
		s.health.note("silent", silentNote(late))
		switch {
		case late: // each site tells by itself whether it can be asked
		case err != nil:
			return err
		default:
			all = now
		}
	}
}

func silentNote(late bool) string {
	if !late {
		return ""
	}
	return "It does not say in time how its sites are, probably because one of them hangs."
}

// idle waits, less long when somebody wants to know.
func (s *site) idle(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.kicked:
	case <-t.C:
	}
	return nil
}

func loopNote(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Sites that are left out because they come from this server itself: %d.", n)
}

func unfitNote(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("Sites that are left out because their keys are there twice, too long or not usable, or because there are more than %d: %d.", farAtMost, n)
}

// open notes that the way of a site is open. The fleet does not show what is a
// way.
func (m *Manager) open(s *site, w *way) {
	w.client.Widen(abreast)
	s.mu.Lock()
	s.way = w
	s.mu.Unlock()
	m.mu.Lock()
	m.setPrint(s.spec.Key, print{})
	behind := m.behind(s.spec.Key)
	m.mu.Unlock()
	for _, b := range behind {
		b.kick()
	}
	m.o.Fleet.Hide(s.spec.Key)
}

// shut notes that the way of a site is closed.
func (m *Manager) shut(s *site) {
	s.mu.Lock()
	s.way = nil
	s.mu.Unlock()
	m.mu.Lock()
	behind := m.behind(s.spec.Key)
	m.mu.Unlock()
	for _, b := range behind {
		b.health.unreported()
	}
}

// behind returns the sites that a way leads to. mu is held.
func (m *Manager) behind(via string) []*site {
	var out []*site
	for _, e := range m.sites {
		if e.spec.Via == via {
			out = append(out, e.site)
		}
	}
	return out
}

// awaitWay waits while the way to a site is being tried for the first time:
// nothing is known to be wrong before that is over.
func (s *site) awaitWay(ctx context.Context) error {
	for {
		w, err := s.m.find(s.spec.Via)
		if err != nil || w.st.Health().State != store.Pending {
			return ctx.Err()
		}
		if err := s.idle(ctx, awaitEvery); err != nil {
			return err
		}
	}
}

// wayOf returns the open way with that key; the error says why there is none.
func (m *Manager) wayOf(key string) (way, error) {
	s, err := m.find(key)
	if err != nil {
		return way{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.way != nil {
		return *s.way, nil
	}
	cause := s.st.Health().Cause
	if cause == "" {
		cause = "It is not connected yet."
	}
	return way{}, &UnavailableError{Site: s.st.Info().Name, Cause: cause}
}

// branch makes the sites behind the way via those that are told.
func (m *Manager) branch(ctx context.Context, via string, all []far) error {
	select {
	case m.apply <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-m.apply }()
	if m.isStopped() {
		return context.Canceled
	}
	m.mu.Lock()
	m.fars[via] = all
	m.mu.Unlock()
	m.arrange()
	for _, f := range all {
		key, _ := farKey(via, f.key)
		if s, err := m.find(key); err == nil {
			s.health.reported(m.nameOf(via), f)
		}
	}
	return nil
}

func (m *Manager) nameOf(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.sites[key]; e != nil {
		return e.spec.Name
	}
	return ""
}

// reopen forgets what was behind those that start anew as another.
func (m *Manager) reopen(wanted map[string]Spec) {
	m.mu.Lock()
	var changed []string
	for key := range m.fars {
		if w, ok := wanted[key]; ok && m.sites[key] != nil && !w.sameCore(m.sites[key].site.spec) {
			delete(m.fars, key)
			changed = append(changed, key)
		}
	}
	m.mu.Unlock()
	for _, key := range changed {
		m.o.Fleet.Show(key)
	}
}

// Via returns the name of the site that leads to the one with that key, "" for
// one of its own and for an unknown key.
func (m *Manager) Via(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.sites[key]; e != nil && e.spec.Via != "" && m.sites[e.spec.Via] != nil {
		return m.sites[e.spec.Via].spec.Name
	}
	return ""
}

// withBranches returns specs with the sites behind those that are ways. A name
// that is there twice gets the way's behind it, and if need be the far key.
func (m *Manager) withBranches(specs []Spec) []Spec {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := append([]Spec(nil), specs...)
	for _, s := range specs {
		if e := m.sites[s.Key]; e != nil && !e.site.spec.sameCore(s) {
			continue
		}
		for _, f := range m.fars[s.Key] {
			b := s
			b.Key, _ = farKey(s.Key, f.key)
			b.Name, b.Via, b.Backend = f.name, s.Key, f.key
			b.Section = strings.Trim(s.Section+"/"+f.section, "/")
			out = append(out, b)
		}
	}
	names := map[string]string{}
	for _, s := range out {
		names[s.Key] = s.Name
	}
	distinct(out, func(s Spec) string { return fmt.Sprintf("%s (%s)", s.Name, names[s.Via]) })
	distinct(out, func(s Spec) string { return fmt.Sprintf("%s [%s]", s.Name, s.Backend) })
	return out
}

// distinct calls the sites behind a way whose name another site has, too, by
// another name.
func distinct(specs []Spec, another func(Spec) string) {
	count := map[string]int{}
	for _, s := range specs {
		count[strings.ToLower(s.Name)]++
	}
	for i := range specs {
		if s := &specs[i]; s.Via != "" && count[strings.ToLower(s.Name)] > 1 {
			s.Name = another(*s)
		}
	}
}
