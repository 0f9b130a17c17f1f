package triage

import (
	"cmp"
	"slices"
	"strconv"
)

// When the same check counts as one group.
const (
	SameWithin = 10 * 60 // seconds from its first host to its last
	SameHosts  = 3       // hosts, at least
)

// causes makes the sections of ByCause of sorted items. Suppressed problems
// are listed by what explains them, behind all others.
func (s *Survey) causes(items []int) []Group {
	down := Group{Kind: DownHosts, ID: "g-down"}
	own := Group{Kind: OnTheirOwn, ID: "g-services"}
	cut := Group{Kind: CutOffHosts, ID: "g-unreachable"}
	var services, suppressed []int
	for _, i := range items {
		switch p := &s.Problems[i]; {
		case p.Standing == Suppressed:
			suppressed = append(suppressed, i)
		case p.Service != "":
			services = append(services, i)
		case p.Severity == Down:
			down.Items = append(down.Items, i)
		default:
			cut.Items = append(cut.Items, i)
		}
	}
	same := s.same(services)
	member := make(map[int]bool)
	for _, g := range same {
		for _, i := range g.Items {
			member[i] = true
		}
	}
	for _, i := range services {
		if !member[i] {
			own.Items = append(own.Items, i)
		}
	}
	var out []Group
	for _, g := range append(append([]Group{down}, same...), own, cut) {
		if len(g.Items) > 0 {
			out = append(out, g)
		}
	}
	return append(out, s.behind(suppressed)...)
}

// behind groups suppressed problems by their causes.
func (s *Survey) behind(items []int) []Group {
	at := map[int]int{}
	var groups []Group
	for _, i := range items {
		cause := s.Problems[i].Cause
		g, ok := at[cause]
		if !ok {
			g = len(groups)
			at[cause] = g
			p := &s.Problems[cause]
			groups = append(groups, Group{Kind: Behind, ID: "b|" + p.Site + "|" + p.Host, Name: p.Host, Site: p.Site, Cause: cause})
		}
		groups[g].Items = append(groups[g].Items, i)
	}
	return groups
}

// same finds the checks that failed on many hosts within ten minutes, across
// sites, among sorted services. Groups and their items keep the order of the
// services.
func (s *Survey) same(services []int) []Group {
	byName := map[string][]int{} // places in services
	for at, i := range services {
		name := s.Problems[i].Service
		byName[name] = append(byName[name], at)
	}
	var groups []Group
	for name, places := range byName {
		if len(places) >= SameHosts {
			groups = append(groups, s.bursts(name, services, places)...)
		}
	}
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Compare(a.Items[0], b.Items[0]) })
	for i := range groups {
		for k, at := range groups[i].Items {
			groups[i].Items[k] = services[at]
		}
	}
	return groups
}

// bursts splits the problems of one check by time: a burst begins with the
// first that belongs to none and takes all of the next ten minutes. Items are
// places in services. The number in the id counts bursts from the oldest.
func (s *Survey) bursts(name string, services, places []int) []Group {
	since := func(at int) int64 { return s.Problems[services[at]].Since }
	slices.SortFunc(places, func(a, b int) int { return cmp.Or(cmp.Compare(since(a), since(b)), cmp.Compare(a, b)) })
	var groups []Group
	for from := 0; from < len(places); {
		to := from + 1
		for to < len(places) && since(places[to])-since(places[from]) <= SameWithin {
			to++
		}
		if burst := places[from:to]; s.hostsOf(services, burst) >= SameHosts {
			g := Group{Kind: SameCheck, ID: "c|" + strconv.Itoa(len(groups)) + "|" + name, Name: name, Items: slices.Clone(burst)}
			slices.Sort(g.Items)
			groups = append(groups, g)
		}
		from = to
	}
	return groups
}

// hostsOf counts the different hosts of some services.
func (s *Survey) hostsOf(services, places []int) int {
	seen := make(map[Key]struct{}, len(places))
	for _, at := range places {
		p := &s.Problems[services[at]]
		seen[Key{Site: p.Site, Host: p.Host}] = struct{}{}
	}
	return len(seen)
}
