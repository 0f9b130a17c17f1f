// Package query binds an lql.Query to the schema and a viewer, and runs it over
// the snapshots of all sites.
//
// # Cost
//
// A filter on a column with a dictionary looks at each distinct value once and
// then costs a table look-up per row; one on numbers a comparison per row,
// eight or more rows at a time where they are packed small; one on a joined
// column is done on the rows of the joined table and gathered; one on texts
// that do not repeat, and on computed columns, is done row by row, after the
// cheaper filters. Equal filters of a query are done once. A filter that names
// a host or a row by = looks only at its rows. Sorting with a limit keeps no
// more rows than are answered. Rows are split among as many workers as there
// are processors.
//
// # Rights
//
// A viewer who does not see all is a contact of each site. Rows they do not
// see exist nowhere in an answer: not as rows, not in lists of members,
// parents or groups, not in counts and worst states. AuthUser narrows further:
// to what both the viewer and that contact see. Contacts see themselves and
// their contact groups; time periods are seen that visible objects use;
// commands, zones and endpoints only by viewers who see all.
//
// # Semantics
//
// Where implementations differ: group keys keep their type as in mk-livestatus
// 1.5, numbers know its bit operators; std is the deviation of the population,
// suminv and avginv are not cut to integers and take 0 for the
// inverse of 0, aggregations of nothing are 0. Limit and Offset count groups
// where there are Stats, as in Naemon. Rows come in the order of sites and of
// their table's key; equal rows of a Sort come in the order of their key, then
// of sites.
package query

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// Options configure an Engine.
type Options struct {
	Fleet *store.Fleet
	Log   *slog.Logger // nil: discarded
	// Passed asks one site itself, for log and statehist. Nil: these tables
	// have no rows.
	Passed func(ctx context.Context, site string, q *lql.Query) (*lql.Result, error)
	// MaxCells bounds an answer: rows times columns; 0: 20 million. Ten times
	// as many distinct values may be compared with filters on texts.
	MaxCells int
	// Timeout bounds a query that has no deadline; 0: 60 s.
	Timeout time.Duration
	// PassedTimeout bounds the answer of one site for a passed table; 0: 15 s.
	PassedTimeout time.Duration
	// Workers is how many goroutines run one query; 0: one per processor.
	Workers int
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Version is this program's, for the sites table.
	Version string
	// Instance tells this program from others like it, for the sites table: a
	// site that comes back to where it came from is a loop.
	Instance string
	// NoCache has every query run, also one that was just answered.
	NoCache bool
	// Single says that the fleet is one core before which nothing stands: an
	// error of Passed is that of the query, and Passed answers a limit with the
	// newest rows.
	Single bool
}

// An Engine answers queries over a fleet. Safe for concurrent use.
type Engine struct {
	o    Options
	last atomic.Int64 // unix seconds of the last query

	tallyMu sync.Mutex
	tallies map[string]*siteTallies // by site, for viewers who see all

	answers cache
	people  people
	history history
	renewed atomic.Int64 // answers that were brought up to date
}

// New returns an engine.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxCells <= 0 {
		o.MaxCells = 20_000_000
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.PassedTimeout <= 0 {
		o.PassedTimeout = 15 * time.Second
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Engine{o: o, tallies: map[string]*siteTallies{}}
}

type pinned struct{}

// Pin returns a function that makes contexts under which all queries see the
// fleet as it was when Pin was called: pages that are drawn for many share what
// they ask. Whoever holds it keeps the memory of that state.
func (e *Engine) Pin() func(context.Context) context.Context {
	view, memo := e.o.Fleet.View(), &lql.Memo{}
	return func(ctx context.Context) context.Context {
		return lql.WithMemo(context.WithValue(ctx, pinned{}, view), memo)
	}
}

// view returns the fleet as it is now, or as it was when ctx was made.
func (e *Engine) view(ctx context.Context) *store.View {
	if v, ok := ctx.Value(pinned{}).(*store.View); ok {
		return v
	}
	return e.o.Fleet.View()
}

// For returns a Querier bound to a viewer. It is also an [lql.Waiter].
func (e *Engine) For(v access.Viewer) lql.Querier { return querier{e, v} }

type querier struct {
	e *Engine
	v access.Viewer
}

// Query implements [lql.Querier]. Errors are [*lql.QueryError], or that of ctx.
func (q querier) Query(ctx context.Context, r *lql.Query) (*lql.Result, error) {
	t, ok := schema.Lookup(r.Table)
	if q.e.o.NoCache || !ok || t.Source == schema.Passed {
		lql.Traced(ctx, nil)
		return q.e.query(ctx, q.v, r)
	}
	res, err := q.answer(ctx, r)
	if err != nil {
		lql.Traced(ctx, nil)
		return nil, err
	}
	lql.Traced(ctx, func(ctx context.Context) bool {
		again, err := q.answer(ctx, r)
		return err == nil && lql.SameResult(res, again)
	})
	return res, nil
}

// answer answers a query from what is kept, or keeps the answer.
func (q querier) answer(ctx context.Context, r *lql.Query) (*lql.Result, error) {
	q.e.last.Store(q.e.o.Now().Unix())
	view := q.e.view(ctx)
	key, sites := cacheKey(q.v, r), stampOf(view.Sites, r)
	a := q.e.answers.get(key, q.e.o.Now())
	if a != nil && slices.Equal(a.sites, sites) {
		return a.res, nil
	}
	if ctx.Value(pinned{}) == nil {
		res, err := q.e.query(ctx, q.v, r)
		if err == nil {
			q.e.answers.put(key, &cached{res: res, sites: sites}, q.e.o.Now(), cacheAge)
		}
		return res, err
	}
	if a != nil {
		if res, from := q.e.renew(ctx, q.v, r, a, view); res != nil {
			q.e.renewed.Add(1)
			q.e.answers.put(key, &cached{res: res, sites: sites, from: from}, q.e.o.Now(), followedAge)
			return res, nil
		}
	}
	var res *lql.Result
	var from *origin
	err := q.e.run(ctx, q.v, r, func(x *run) (err error) {
		x.counted = true
		if res, err = x.result(); err == nil {
			from = x.origin(view)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	age := pinnedAge
	if from != nil {
		ownAll(res)
		age = followedAge
	}
	q.e.answers.put(key, &cached{res: res, sites: sites, from: from}, q.e.o.Now(), age)
	return res, nil
}

// Wait implements [lql.Waiter].
func (q querier) Wait(ctx context.Context, r *lql.Query) error { return q.e.Wait(ctx, q.v, r) }

// A run is one execution of a plan for a viewer.
type run struct {
	*plan
	e       *Engine
	ctx     context.Context
	viewer  access.Viewer
	now     time.Time
	workers int
	sites   []*siteRun
	parts   []lql.Part
	tested  atomic.Int64 // distinct values that filters have a table of
	labels  atomic.Int64 // of measured values that are added up
	counted bool         // all rows that match are to be counted, needed or not
	picked  *pick        // the rows of the answer, once they are found
}

// query answers a query that is not run for its bytes.
func (e *Engine) query(ctx context.Context, v access.Viewer, q *lql.Query) (res *lql.Result, err error) {
	err = e.run(ctx, v, q, func(r *run) (err error) {
		r.counted = true
		res, err = r.result()
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// result answers with columns.
func (r *run) result() (res *lql.Result, err error) {
	if len(r.q.Stats) > 0 {
		res, err = r.stats()
	} else {
		res, err = r.rows()
	}
	if err == nil {
		res.Parts = r.parts
	}
	return res, err
}

// run binds a query and has it answered by fn, within its time.
func (e *Engine) run(ctx context.Context, v access.Viewer, q *lql.Query, fn func(r *run) error) (err error) {
	e.last.Store(e.o.Now().Unix())
	limit := e.o.Timeout
	if q.Timelimit > 0 {
		limit = min(limit, q.Timelimit)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() == context.DeadlineExceeded {
			err = &lql.QueryError{Code: 413, Msg: fmt.Sprintf("query took longer than %v", limit), Hint: "narrow it with filters or a limit"}
		}
	}()
	shift, err := localtime(q.Localtime, e.o.Now())
	if err != nil {
		return err
	}
	p, err := bind(q, shift)
	if err != nil {
		return err
	}
	r := &run{plan: p, e: e, ctx: ctx, viewer: v, now: e.o.Now(), workers: e.o.Workers}
	if ctx.Value(pinned{}) != nil {
		r.workers = 1 // many are asked at once, and nobody waits for a single one
	}
	if err := r.open(); err != nil {
		return err
	}
	return fn(r)
}

// maxShift is the largest difference of clocks that Localtime may ask for.
const maxShift = 24 * 3600

// localtime returns the shift between the client's clock and ours, rounded to
// half an hour.
func localtime(client int64, now time.Time) (int64, error) {
	if client == 0 {
		return 0, nil
	}
	diff := client - now.Unix()
	if diff >= maxShift || diff <= -maxShift {
		return 0, badRequest("Localtime is more than a day away from the clock here", "give the present time as unix seconds")
	}
	half := int64(900)
	if diff < 0 {
		half = -900
	}
	return (diff + half) / 1800 * 1800, nil
}

// open chooses the sites and makes the query's table ready on each.
func (r *run) open() error {
	if r.table.Source == schema.Virtual && (r.table.Name == "columns" || r.table.Name == "tables") {
		t := columnsTable(r.table)
		s := r.newSite(store.SiteView{State: &store.State{Snapshot: &store.Snapshot{}}}, nil)
		s.own = place{table: t, name: r.table.Name, base: r.table}
		s.n, s.to = t.Len(), t.Len()
		r.sites = append(r.sites, s)
		return nil
	}
	view := r.e.view(r.ctx)
	for _, key := range r.q.Backends {
		if !slices.ContainsFunc(view.Sites, func(s store.SiteView) bool { return s.Info.Key == key && r.may(s) }) {
			r.parts = append(r.parts, lql.Part{Key: clip(key), Name: clip(key), Err: "there is no site of this key", Missing: true})
		}
	}
	for nr, sv := range view.Sites {
		if !r.may(sv) || r.q.Backends != nil && !slices.Contains(r.q.Backends, sv.Info.Key) {
			continue
		}
		r.addSite(int32(nr), sv)
	}
	if r.table.Source == schema.Passed {
		return r.pass()
	}
	return nil
}

// may reports whether the viewer may see anything of the site.
func (r *run) may(sv store.SiteView) bool {
	_, _, ok := r.viewer.Contact(sv.Info.Key)
	return ok
}

// contactsAt returns the contacts that must all see a row of a site; none: every
// row is seen.
func (r *run) contactsAt(site string) (contacts []string) {
	name, all, _ := r.viewer.Contact(site)
	if !all {
		contacts = append(contacts, name)
	}
	if u := r.q.AuthUser; u != "" && u != name && authorised(r.table) {
		contacts = append(contacts, u)
	}
	return contacts
}

func (r *run) addSite(nr int32, sv store.SiteView) {
	r.parts = append(r.parts, partOf(sv, r.table, causeFor(r.viewer, sv.Health)))
	if r.table.Source != schema.Passed && (!r.filter.concerns(sv.Info) || r.q.Only != nil && len(r.q.Only[sv.Info.Key]) == 0) {
		return
	}
	s := r.newSite(sv, r.contactsAt(sv.Info.Key))
	s.nr = nr
	s.bindTable()
	r.sites = append(r.sites, s)
}

// authorised reports whether AuthUser narrows a table in the reference; the
// others show a Livestatus client of full rights everything.
func authorised(t *schema.Table) bool {
	switch t.Name {
	case "contacts", "contactgroups", "commands", "timeperiods", "status", "columns", "tables", "sites", "backends", "endpoints", "zones":
		return false
	}
	return true
}

func (r *run) newSite(sv store.SiteView, contacts []string) *siteRun {
	s := &siteRun{run: r, view: sv, snap: sv.Snapshot, contacts: contacts, values: map[[2]int]*operand{}}
	if len(contacts) > 0 {
		s.rights = newRights(r.e, sv, contacts, r.viewer)
	}
	return s
}

// causeFor says why a site is not well. The cause in its own words holds names
// and addresses; those who do not see all are told what it means for them.
func causeFor(v access.Viewer, h store.Health) string {
	if v.All || h.Cause == "" {
		return h.Cause
	}
	switch h.State {
	case store.Fresh, store.Pending:
		return ""
	case store.Late:
		return "The core answers late."
	case store.Paused:
		return "The site is paused."
	case store.Incompatible:
		return "The core cannot be read."
	}
	return "The core cannot be reached."
}

// partOf says how the site's data stands, and why.
func partOf(sv store.SiteView, t *schema.Table, cause string) lql.Part {
	p := lql.Part{Key: sv.Info.Key, Name: sv.Info.Name, Taken: sv.Snapshot.Taken()}
	if sv.Health.State != store.Fresh && sv.Health.State != store.Pending {
		p.Err = cause
		if p.Err == "" {
			p.Err = "the site is " + sv.Health.State.String()
		}
	}
	switch {
	case t.Source == schema.Virtual:
		p.Err = ""
	case sv.Snapshot.Version() == 0:
		p.Missing = true
		if p.Err == "" {
			p.Err = "there is no data of this site yet"
			if cause != "" {
				p.Err = cause
			}
		}
	}
	return p
}

// bindTable finds the rows of the query's table on the site.
func (s *siteRun) bindTable() {
	t := s.run.table
	s.joins = make([]place, len(t.Joins))
	switch t.Source {
	case schema.FromCore:
		own := s.snap.Table(t.Name)
		s.own = place{table: own, name: t.Name, base: t}
		for j, join := range t.Joins {
			s.joins[j] = s.joined(join, own, j, nil)
		}
		s.n = own.Len()
	case schema.Expanded:
		s.expand()
	case schema.Virtual:
		own := siteTable(t, s)
		s.own = place{table: own, name: t.Name, base: t}
		s.n = own.Len()
	default:
		s.own = place{name: t.Name, base: t}
		for j, join := range t.Joins {
			s.joins[j] = s.joined(join, nil, j, nil)
		}
	}
	s.to = s.n
	if s.run.q.Only != nil && t.Source == schema.FromCore {
		s.pickOnly(s.run.q.Only[s.view.Info.Key])
	}
	s.guard()
}

// joined finds the table of a join, reached from t by hops and t's references.
func (s *siteRun) joined(join schema.Join, t *store.Table, j int, hops []*store.Column) place {
	base, _ := schema.Lookup(join.Table)
	p := place{name: join.Table, base: base, table: s.snap.Table(join.Table)}
	p.hops = append(append(p.hops, hops...), t.Ref(j))
	return p
}

// guard makes rows the viewer may not see invisible.
func (s *siteRun) guard() {
	if s.rights == nil || s.own.table == nil || s.own.table.Standalone() {
		return
	}
	switch {
	case len(s.own.hops) > 0:
		base := s.rights.rows(s.own.name)
		group := s.rights.rows(s.joins[s.groupJoin()].name)
		ghops := s.joins[s.groupJoin()].hops
		s.visible = func(chunk int, out *store.Bits) {
			var all, g store.Bits
			var buf [store.ChunkRows]int64
			all.Fill(min(store.ChunkRows, s.n-chunk*store.ChunkRows))
			gather(s.own.hops, base, chunk, &all, &buf, out, false)
			gather(ghops, group, chunk, out, &buf, &g, false)
			for w := range out {
				out[w] &= g[w]
			}
		}
	default:
		rows := s.rights.rows(s.own.name)
		s.visible = func(chunk int, out *store.Bits) { copy(out[:], rows[chunk*len(out):]) }
	}
}

// ready prepares the leaves of the plan, once. If that fails for the worker who
// does it, it fails for all.
func (s *siteRun) ready() {
	s.prepare.Do(func() {
		s.broken = true
		s.leaves = make([]siteLeaf, len(s.run.leaves))
		s.narrow(s.run.filter)
		if s.from < s.to {
			s.prepareLeaves()
		}
		s.broken = false
	})
	if s.broken {
		panic(follower{})
	}
}

func (s *siteRun) prepareLeaves() {
	for i, l := range s.run.leaves {
		if s.run.ctx.Err() != nil {
			panic(canceled{s.run.ctx})
		}
		s.leaves[i] = s.prepareLeaf(l)
	}
}

// health names the flags LMD knows a core by.
func flagsOf(implementation string) []string {
	for _, n := range []string{"Naemon", "Icinga2", "Shinken", "LMD"} {
		if strings.HasPrefix(strings.ToLower(implementation), strings.ToLower(n)) || n == "Icinga2" && strings.HasPrefix(strings.ToLower(implementation), "icinga 2") {
			return []string{n}
		}
	}
	return nil
}
