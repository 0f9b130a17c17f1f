package query

import (
	"slices"
	"strings"
	"sync"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// historySteps is how many changes of a site are remembered, and historyMoves
// how many differences between two of its versions.
const (
	historySteps = 64
	historyMoves = 16
)

// A history knows which rows of a site changed between two of its snapshots of
// late. Safe for concurrent use.
type history struct {
	mu    sync.Mutex
	sites map[string]*siteHistory
}

type siteHistory struct {
	steps []step // of consecutive versions
	moves map[[2]uint64]*moves
}

// A step is what one version changed.
type step struct {
	version         uint64
	hosts, services []string // keys of rows with other values
	more            bool     // other tables too, or too many rows to name
}

// moves are what differs between two snapshots of a site.
type moves struct {
	hosts, services []int32 // rows with other values
	around          []int32 // hosts, and those of such services
	below           []int32 // services, and those of such hosts
	people          bool    // what contacts see may differ too
}

// Note remembers a change of a site, so that answers that it does not concern
// can be given again. Whoever writes to the fleet's OnChange tells the engine of
// all changes, or of none.
func (e *Engine) Note(c store.Change) {
	h := &e.history
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(c.Tables) == 0 { // of health; or the site is gone, and with it its versions
		return
	}
	if h.sites == nil {
		h.sites = map[string]*siteHistory{}
	}
	s := h.sites[c.Site]
	if s == nil || len(s.steps) > 0 && s.steps[len(s.steps)-1].version+1 != c.Version {
		s = &siteHistory{moves: map[[2]uint64]*moves{}}
		h.sites[c.Site] = s
	}
	s.steps = append(s.steps, stepOf(c))
	if len(s.steps) > historySteps {
		s.steps = slices.Delete(s.steps, 0, len(s.steps)-historySteps)
	}
	if len(h.sites) > 2*len(e.o.Fleet.View().Sites)+8 { // of sites that are gone
		h.sites = nil
	}
}

func stepOf(c store.Change) step {
	out := step{version: c.Version}
	for _, t := range c.Tables {
		keys := c.Keys[t]
		switch t {
		case "status": // counters of the core: no row of another table shows them
			continue
		case "hosts":
			out.hosts = keys
		case "services":
			out.services = keys
		default:
			out.more = true
		}
		out.more = out.more || keys == nil
	}
	return out
}

// between returns what may differ between two snapshots of a site; nil when
// that is not known, or more than some rows.
func (h *history) between(site string, a, b *store.Snapshot) *moves {
	if a.Version() == b.Version() {
		return &moves{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sites[site]
	if s == nil {
		return nil
	}
	key := [2]uint64{a.Version(), b.Version()}
	if m, ok := s.moves[key]; ok {
		return m
	}
	if len(s.moves) >= historyMoves {
		clear(s.moves)
	}
	var m *moves
	if sameRows(a, b) {
		if m = s.find(a.Version(), b); m != nil {
			m.people = listsOf(a) != listsOf(b)
		}
	}
	s.moves[key] = m
	return m
}

// sameRows reports whether hosts and services of two snapshots are the same,
// row by row, whatever their states. Columns that did not change are shared.
func sameRows(a, b *store.Snapshot) bool {
	for _, t := range []string{"hosts", "services"} {
		x, y := a.Table(t), b.Table(t)
		if x == nil || y == nil || x.Len() != y.Len() || x.Shape() != y.Shape() {
			return false
		}
	}
	names := [2]string{"hosts", "services"}
	for i, column := range []string{"name", "description"} {
		if a.Table(names[i]).ColumnNamed(column) != b.Table(names[i]).ColumnNamed(column) {
			return false
		}
	}
	return a.Table("services").Ref(0) == b.Table("services").Ref(0)
}

// find collects the rows of the steps after a version up to that of a snapshot.
func (s *siteHistory) find(after uint64, to *store.Snapshot) *moves {
	first := slices.IndexFunc(s.steps, func(x step) bool { return x.version == after+1 })
	last := slices.IndexFunc(s.steps, func(x step) bool { return x.version == to.Version() })
	if first < 0 || last < first {
		return nil
	}
	services, m := to.Table("services"), &moves{}
	for _, x := range s.steps[first : last+1] {
		if x.more {
			return nil
		}
		for _, key := range x.hosts {
			row, ok := to.Find("hosts", key)
			if !ok {
				return nil
			}
			m.hosts = append(m.hosts, int32(row))
		}
		for _, key := range x.services {
			row, ok := to.Find("services", key)
			if !ok {
				return nil
			}
			m.services = append(m.services, int32(row))
		}
	}
	m.hosts, m.services = unique(m.hosts), unique(m.services)
	m.around, m.below = m.hosts, m.services
	if len(m.services) > 0 {
		m.around = slices.Clone(m.hosts)
		for _, row := range m.services {
			if host := services.Ref(0).Int(int(row)); host >= 0 {
				m.around = append(m.around, int32(host))
			}
		}
		m.around = unique(m.around)
	}
	if len(m.hosts) > 0 {
		m.below = slices.Clone(m.services)
		for _, host := range m.hosts {
			from, to := services.Span(int(host))
			for r := from; r < to; r++ {
				m.below = append(m.below, int32(r))
			}
		}
		m.below = unique(m.below)
	}
	return m
}

func unique(rows []int32) []int32 {
	slices.Sort(rows)
	return slices.Compact(rows)
}

// unchanged reports whether a column is the same in two snapshots with the same
// rows: one that did not change is shared.
func unchanged(ref colRef, a, b *store.Snapshot) bool {
	x, y, c := a.Table(ref.table.Name), b.Table(ref.table.Name), ref.column()
	if c.Class == schema.Derived {
		base, ok := strings.CutSuffix(c.Name, "_lc")
		return ok && x.ColumnNamed(base) != nil && x.ColumnNamed(base) == y.ColumnNamed(base) || strings.HasPrefix(c.Name, "peer_")
	}
	if join, col, ok := x.Via(ref.col); ok {
		t := x.Schema().Joins[join].Table
		return x.Ref(join) == y.Ref(join) && a.Table(t).Column(col) == b.Table(t).Column(col)
	}
	return x.Column(ref.col) == y.Column(ref.col)
}

// concerning returns the rows of the plan's table whose values in its columns
// may differ.
func (m *moves) concerning(p *plan, a, b *store.Snapshot) []int32 {
	if p.table.Name == "hosts" {
		if len(m.around) == len(m.hosts) || !p.uses(func(r colRef) bool { return r.column().Class == schema.Derived }) {
			return m.hosts
		}
		return m.around
	}
	if len(m.hosts) == 0 || !p.uses(func(r colRef) bool { return viaHost(r) && !unchanged(r, a, b) }) {
		return m.services
	}
	return m.below
}

// viaHost reports whether a value of a service may come from its host.
func viaHost(r colRef) bool {
	return r.join >= 0 || strings.HasPrefix(r.column().Name, "owner") || strings.HasPrefix(r.column().Name, "host_")
}

// uses reports whether any column of the plan is one of those.
func (p *plan) uses(one func(colRef) bool) bool {
	for i := range p.columns {
		if p.columns[i].none == lql.UnknownError && one(p.columns[i].ref) {
			return true
		}
	}
	return slices.ContainsFunc(p.leaves, func(l *leaf) bool { return one(l.ref) }) ||
		slices.ContainsFunc(p.sorts, func(k sortKey) bool { return one(k.ref) })
}
