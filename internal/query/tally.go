package query

import (
	"sync"
	"weak"

	"belvedere/internal/store"
)

// A tally counts objects by state, for one host or one group.
type tally struct {
	total, pending      int32
	state, hard         [4]int32 // of checked ones; by last hard state
	handled, unhandled  int32    // problems
	open                [4]int32 // unhandled problems by state
	hosts, hostsPending int32
	hostState           [3]int32
	hostOpen            [3]int32 // unhandled problems by state
	worst, worstHard    int8     // on the scale of worstService
	worstHost           int8     // 0 up, 1 unreachable, 2 down
}

// tallies are the derived columns that are read off a tally.
var tallies = map[string]func(t *tally) int64{
	"num_services":                    func(t *tally) int64 { return int64(t.total) },
	"total_services":                  func(t *tally) int64 { return int64(t.total) },
	"num_services_ok":                 func(t *tally) int64 { return int64(t.state[0]) },
	"num_services_warn":               func(t *tally) int64 { return int64(t.state[1]) },
	"num_services_crit":               func(t *tally) int64 { return int64(t.state[2]) },
	"num_services_unknown":            func(t *tally) int64 { return int64(t.state[3]) },
	"num_services_pending":            func(t *tally) int64 { return int64(t.pending) },
	"num_services_hard_ok":            func(t *tally) int64 { return int64(t.hard[0]) },
	"num_services_hard_warn":          func(t *tally) int64 { return int64(t.hard[1]) },
	"num_services_hard_crit":          func(t *tally) int64 { return int64(t.hard[2]) },
	"num_services_hard_unknown":       func(t *tally) int64 { return int64(t.hard[3]) },
	"num_services_handled_problems":   func(t *tally) int64 { return int64(t.handled) },
	"num_services_unhandled_problems": func(t *tally) int64 { return int64(t.unhandled) },
	"num_services_unhandled_warn":     func(t *tally) int64 { return int64(t.open[1]) },
	"num_services_unhandled_crit":     func(t *tally) int64 { return int64(t.open[2]) },
	"num_services_unhandled_unknown":  func(t *tally) int64 { return int64(t.open[3]) },
	"worst_service_state":             func(t *tally) int64 { return [5]int64{0, 1, 1, 3, 2}[t.worst] },
	"worst_service_hard_state":        func(t *tally) int64 { return [5]int64{0, 1, 1, 3, 2}[t.worstHard] },
	"num_hosts":                       func(t *tally) int64 { return int64(t.hosts) },
	"num_hosts_up":                    func(t *tally) int64 { return int64(t.hostState[0]) },
	"num_hosts_down":                  func(t *tally) int64 { return int64(t.hostState[1]) },
	"num_hosts_unreach":               func(t *tally) int64 { return int64(t.hostState[2]) },
	"num_hosts_unhandled_down":        func(t *tally) int64 { return int64(t.hostOpen[1]) },
	"num_hosts_unhandled_unreach":     func(t *tally) int64 { return int64(t.hostOpen[2]) },
	"num_hosts_handled_problems":      func(t *tally) int64 { return int64(t.hostState[1] + t.hostState[2] - t.hostOpen[1] - t.hostOpen[2]) },
	"num_hosts_pending":               func(t *tally) int64 { return int64(t.hostsPending) },
	"worst_host_state":                func(t *tally) int64 { return [3]int64{0, 2, 1}[t.worstHost] },
}

// siteTallies are the tallies of a site for one set of rights, and of one
// version of its tables.
type siteTallies struct {
	mu              sync.Mutex
	hosts, services weak.Pointer[store.Table]
	perHost         []tally            // by row of hosts; nil until all are needed
	single          map[int]*tally     // those of some hosts, until then
	groups          map[string]grouped // by table
}

// grouped are the tallies of a table of groups.
type grouped struct {
	of  weak.Pointer[store.Table]
	all []tally
}

// tallies returns the site's tallies. Those for viewers who see all are shared
// between queries until a host or service changes.
func (s *siteRun) tallies() *siteTallies {
	if s.tallied != nil {
		return s.tallied
	}
	h, v := weak.Make(s.snap.Table("hosts")), weak.Make(s.snap.Table("services"))
	fresh := &siteTallies{hosts: h, services: v, groups: map[string]grouped{}}
	s.tallied = fresh
	if s.rights != nil {
		return fresh
	}
	e := s.run.e
	e.tallyMu.Lock()
	defer e.tallyMu.Unlock()
	if t := e.tallies[s.view.Info.Key]; t != nil && t.hosts == h && t.services == v {
		s.tallied = t
		return t
	}
	if len(e.tallies) > 2*len(s.run.e.o.Fleet.View().Sites)+8 { // of sites that are gone
		clear(e.tallies)
	}
	e.tallies[s.view.Info.Key] = fresh
	return fresh
}

// hostTallies counts the services of every host in one pass.
func (t *siteTallies) hostTallies(s *siteRun) []tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.perHost != nil {
		return t.perHost
	}
	hosts, services := s.snap.Table("hosts"), s.snap.Table("services")
	out := make([]tally, hosts.Len())
	if services.Len() > 0 {
		c := newPass(s, services)
		for chunk := range services.Chunks() {
			c.chunk(chunk, out)
		}
	}
	t.perHost, t.single = out, nil
	return out
}

// groupTallies counts the members of every group of a table.
func (t *siteTallies) groupTallies(s *siteRun, table string) []tally {
	if table == "hosts" {
		return t.hostTallies(s)
	}
	of := s.snap.Table(table)
	var perHost []tally
	if table == "hostgroups" {
		perHost = t.hostTallies(s)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if g, ok := t.groups[table]; ok && g.of == weak.Make(of) {
		return g.all
	}
	out := make([]tally, of.Len())
	if table == "hostgroups" {
		sees := s.sees("hosts")
		hosts := s.snap.Table("hosts")
		state, checked := intOf(hosts, "state"), intOf(hosts, "has_been_checked")
		acked, depth := intOf(hosts, "acknowledged"), intOf(hosts, "scheduled_downtime_depth")
		for g, members := range s.snap.Groups(table, "hosts") {
			for _, m := range members {
				if sees(int(m)) {
					out[g].host(state(int(m)), checked(int(m)), acked(int(m)) != 0 || depth(int(m)) > 0)
					out[g].add(&perHost[m])
				}
			}
		}
	} else if services := s.snap.Table("services"); services.Len() > 0 {
		c := newPass(s, services)
		one := make([]tally, 1)
		for g, members := range s.snap.Groups(table, "services") {
			one[0] = tally{}
			c.members(members, &one[0])
			out[g] = one[0]
		}
	}
	t.groups[table] = grouped{weak.Make(of), out}
	return out
}

// A pass reads what a tally of services needs, a chunk at a time.
type pass struct {
	s        *siteRun
	sees     func(row int) bool
	hostDown func(row int) bool
	cols     [6]*store.Column // state, checked, hard, acknowledged, depth, host
	vals     [6][]int64
	bufs     *[6][store.ChunkRows]int64
	at       int // the chunk in vals
}

func newPass(s *siteRun, services *store.Table) *pass {
	p := &pass{s: s, sees: s.sees("services"), at: -1}
	for i, n := range []string{"state", "has_been_checked", "last_hard_state", "acknowledged", "scheduled_downtime_depth"} {
		p.cols[i] = services.ColumnNamed(n)
	}
	p.cols[5] = services.Ref(0)
	hosts := s.snap.Table("hosts")
	state, depth := intOf(hosts, "state"), intOf(hosts, "scheduled_downtime_depth")
	p.hostDown = func(row int) bool { return state(row) != 0 || depth(row) > 0 }
	return p
}

func (p *pass) read(chunk int) {
	if p.at == chunk {
		return
	}
	p.at = chunk
	if p.bufs == nil {
		p.bufs = new([6][store.ChunkRows]int64)
	}
	for i, c := range p.cols {
		if c != nil {
			p.vals[i] = c.Ints(chunk, p.bufs[i][:])
		} else {
			p.vals[i] = p.bufs[i][:]
		}
	}
}

// chunk adds the services of a chunk to the tallies of their hosts.
func (p *pass) chunk(chunk int, out []tally) {
	p.read(chunk)
	base := chunk * store.ChunkRows
	for i, host := range p.vals[5] {
		if p.s.rights == nil || p.sees(base+i) {
			p.add(i, &out[host])
		}
	}
}

// members adds services, by rising row.
func (p *pass) members(rows []int32, out *tally) {
	for _, row := range rows {
		if p.s.rights == nil || p.sees(int(row)) {
			p.read(int(row) / store.ChunkRows)
			p.add(int(row)%store.ChunkRows, out)
		}
	}
}

// add adds service i of the chunk.
func (p *pass) add(i int, t *tally) {
	t.service(p, [6]int64{p.vals[0][i], p.vals[1][i], p.vals[2][i], p.vals[3][i], p.vals[4][i], p.vals[5][i]})
}

// one adds a single service.
func (p *pass) one(row int, t *tally) {
	var v [6]int64
	for i, c := range p.cols {
		if c != nil {
			v[i] = c.Int(row)
		}
	}
	t.service(p, v)
}

// service adds a service by the values of the columns of a pass. Hard counts go
// by the last hard state, as in the reference implementation.
func (t *tally) service(p *pass, v [6]int64) {
	t.total++
	if v[1] == 0 {
		t.pending++
		return
	}
	state, hard := v[0]&3, v[2]&3
	t.state[state]++
	t.hard[hard]++
	t.worst, t.worstHard = max(t.worst, worstService(state)), max(t.worstHard, worstService(hard))
	if state != 0 {
		if v[3] != 0 || v[4] > 0 || p.hostDown(int(v[5])) {
			t.handled++
		} else {
			t.unhandled++
			t.open[state]++
		}
	}
}

// host adds a host without its services.
func (t *tally) host(state, checked int64, handled bool) {
	t.hosts++
	if checked == 0 {
		t.hostsPending++
		return
	}
	state = min(max(state, 0), 2)
	t.hostState[state]++
	if !handled {
		t.hostOpen[state]++
	}
	t.worstHost = max(t.worstHost, [3]int8{0, 2, 1}[state])
}

// add sums up two tallies.
func (t *tally) add(u *tally) {
	t.total += u.total
	t.pending += u.pending
	for i := range t.state {
		t.state[i] += u.state[i]
		t.hard[i] += u.hard[i]
		t.open[i] += u.open[i]
	}
	t.handled += u.handled
	t.unhandled += u.unhandled
	t.worst, t.worstHard = max(t.worst, u.worst), max(t.worstHard, u.worstHard)
}

// deriveTally makes o a count or worst state of hosts, host groups or service
// groups. Hosts are counted as they are asked for, until it is cheaper to count
// all in one pass.
func (s *siteRun) deriveTally(o *operand, part func(*tally) int64) {
	name, t := o.place.name, s.tallies()
	if name == "hosts" {
		o.num = func(row int) int64 { return part(t.host(s, row)) }
		return
	}
	var all []tally
	var once sync.Once
	o.num = func(row int) int64 {
		once.Do(func() { all = t.groupTallies(s, name) })
		return part(&all[row])
	}
}

// host returns the tally of the services of one host. A query asks for the same
// hosts again, column by column.
func (t *siteTallies) host(s *siteRun, row int) *tally {
	t.mu.Lock()
	switch {
	case t.perHost != nil:
		t.mu.Unlock()
		return &t.perHost[row]
	case t.single == nil:
		t.single = map[int]*tally{}
	case t.single[row] != nil:
		defer t.mu.Unlock()
		return t.single[row]
	case len(t.single) >= 16+s.snap.Rows("hosts")/4:
		t.mu.Unlock()
		return &t.hostTallies(s)[row]
	}
	t.mu.Unlock()
	one := &tally{}
	if services := s.snap.Table("services"); services.Len() > 0 {
		from, to := services.Span(row)
		p := newPass(s, services)
		for r := from; r < to; r++ {
			if s.rights == nil || p.sees(r) {
				p.one(r, one)
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.single != nil {
		t.single[row] = one
	}
	return one
}
