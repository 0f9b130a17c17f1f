package query

import "belvedere/internal/store"

// A tally counts objects by state, for one host or one group.
type tally struct {
	total, pending      int64
	state, hard         [4]int64 // of checked ones; by last hard state
	handled, unhandled  int64    // problems
	worst, worstHard    int64    // on the scale of worstService
	hosts, hostsPending int64
	hostState           [3]int64
	worstHost           int64 // 0 up, 1 unreachable, 2 down: from best to worst
}

// tallies are the derived columns that are read off a tally.
var tallies = map[string]func(t *tally) int64{
	"num_services":                    func(t *tally) int64 { return t.total },
	"total_services":                  func(t *tally) int64 { return t.total },
	"num_services_ok":                 func(t *tally) int64 { return t.state[0] },
	"num_services_warn":               func(t *tally) int64 { return t.state[1] },
	"num_services_crit":               func(t *tally) int64 { return t.state[2] },
	"num_services_unknown":            func(t *tally) int64 { return t.state[3] },
	"num_services_pending":            func(t *tally) int64 { return t.pending },
	"num_services_hard_ok":            func(t *tally) int64 { return t.hard[0] },
	"num_services_hard_warn":          func(t *tally) int64 { return t.hard[1] },
	"num_services_hard_crit":          func(t *tally) int64 { return t.hard[2] },
	"num_services_hard_unknown":       func(t *tally) int64 { return t.hard[3] },
	"num_services_handled_problems":   func(t *tally) int64 { return t.handled },
	"num_services_unhandled_problems": func(t *tally) int64 { return t.unhandled },
	"worst_service_state":             func(t *tally) int64 { return [5]int64{0, 1, 1, 3, 2}[t.worst] },
	"worst_service_hard_state":        func(t *tally) int64 { return [5]int64{0, 1, 1, 3, 2}[t.worstHard] },
	"num_hosts":                       func(t *tally) int64 { return t.hosts },
	"num_hosts_up":                    func(t *tally) int64 { return t.hostState[0] },
	"num_hosts_down":                  func(t *tally) int64 { return t.hostState[1] },
	"num_hosts_unreach":               func(t *tally) int64 { return t.hostState[2] },
	"num_hosts_pending":               func(t *tally) int64 { return t.hostsPending },
	"worst_host_state":                func(t *tally) int64 { return [3]int64{0, 2, 1}[t.worstHost] },
}

// A counter fills tallies from the objects a viewer sees.
type counter struct {
	hosts, services                   *store.Table
	seesHost, seesService             func(row int) bool
	state, checked, hard, ack, depth  func(row int) int64
	hostState, hostChecked, hostDepth func(row int) int64
	perHost                           []tally // of hosts, made when first needed
	done                              []bool
}

func (s *siteRun) counter() *counter {
	if s.count != nil {
		return s.count
	}
	h, v := s.snap.Table("hosts"), s.snap.Table("services")
	s.count = &counter{
		hosts: h, services: v, seesHost: s.sees("hosts"), seesService: s.sees("services"),
		state: intOf(v, "state"), checked: intOf(v, "has_been_checked"), hard: intOf(v, "last_hard_state"),
		ack: intOf(v, "acknowledged"), depth: intOf(v, "scheduled_downtime_depth"),
		hostState: intOf(h, "state"), hostChecked: intOf(h, "has_been_checked"), hostDepth: intOf(h, "scheduled_downtime_depth"),
	}
	return s.count
}

// service adds a service. Hard counts go by the last hard state, as in the
// reference implementation.
func (c *counter) service(t *tally, row int) {
	if !c.seesService(row) {
		return
	}
	t.total++
	if c.checked(row) == 0 {
		t.pending++
		return
	}
	state, hard := c.state(row)&3, c.hard(row)&3
	t.state[state]++
	t.hard[hard]++
	t.worst, t.worstHard = max(t.worst, worstService(state)), max(t.worstHard, worstService(hard))
	if state != 0 {
		host := int(c.services.Ref(0).Int(row))
		if c.ack(row) != 0 || c.depth(row) > 0 || c.hostDepth(host) > 0 || c.hostState(host) != 0 {
			t.handled++
		} else {
			t.unhandled++
		}
	}
}

// host adds a host without its services.
func (c *counter) host(t *tally, row int) {
	t.hosts++
	if c.hostChecked(row) == 0 {
		t.hostsPending++
		return
	}
	state := min(max(c.hostState(row), 0), 2)
	t.hostState[state]++
	t.worstHost = max(t.worstHost, [3]int64{0, 2, 1}[state])
}

// ofHost returns the tally of a host's services.
func (c *counter) ofHost(row int) *tally {
	if c.perHost == nil {
		c.perHost, c.done = make([]tally, c.hosts.Len()), make([]bool, c.hosts.Len())
	}
	t := &c.perHost[row]
	if !c.done[row] {
		c.done[row] = true
		from, to := c.services.Span(row)
		for r := from; r < to; r++ {
			c.service(t, r)
		}
	}
	return t
}

// add sums up two tallies.
func (t *tally) add(u *tally) {
	t.total += u.total
	t.pending += u.pending
	for i := range t.state {
		t.state[i] += u.state[i]
		t.hard[i] += u.hard[i]
	}
	t.handled += u.handled
	t.unhandled += u.unhandled
	t.worst, t.worstHard = max(t.worst, u.worst), max(t.worstHard, u.worstHard)
}

// deriveTally makes o a count or worst state of hosts, host groups or service
// groups.
func (s *siteRun) deriveTally(o *operand, part func(*tally) int64) {
	c := s.counter()
	name := o.place.name
	var members [][]int32
	switch name {
	case "hostgroups":
		members = s.snap.Groups(name, "hosts")
	case "servicegroups":
		members = s.snap.Groups(name, "services")
	}
	o.num = func(row int) int64 {
		s.tallyMu.Lock()
		defer s.tallyMu.Unlock()
		if name == "hosts" {
			return part(c.ofHost(row))
		}
		key := tallyKey{name, row}
		t := s.tallied[key]
		if t == nil {
			t = &tally{}
			for _, m := range members[row] {
				if name == "servicegroups" {
					c.service(t, int(m))
				} else if c.seesHost(int(m)) {
					c.host(t, int(m))
					t.add(c.ofHost(int(m)))
				}
			}
			s.tallied[key] = t
		}
		return part(t)
	}
}

// A tallyKey names a group.
type tallyKey struct {
	table string
	row   int
}
