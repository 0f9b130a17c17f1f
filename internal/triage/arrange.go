package triage

import (
	"cmp"
	"slices"
	"strings"
)

// A Grouping is what a list of problems is grouped by.
type Grouping string

// The groupings. Cause puts hosts that are down before what they cause, and
// makes one group of the same check that failed on many hosts at once.
const (
	ByCause     Grouping = "cause"
	ByHost      Grouping = "host"
	ByService   Grouping = "service"
	BySite      Grouping = "site"
	ByHostgroup Grouping = "hostgroup"
	ByOutput    Grouping = "output"
	NoGrouping  Grouping = "none"
)

// An Order is what a list is sorted by.
type Order struct {
	By   string // severity since host site attempt output owner
	Desc bool
}

// Want says what a survey must read to be sorted so.
func (o Order) Want() Want {
	return Want{Outputs: o.By == "output", Owners: o.By == "owner", Attempts: o.By == "attempt"}
}

// A Kind says what a group is.
type Kind uint8

// The kinds of groups. Those after Named are the sections of ByCause.
const (
	Plain       Kind = iota // no grouping
	Named                   // all with the same Group.Name
	DownHosts               // hosts that are down
	SameCheck               // one check that failed on many hosts at once
	OnTheirOwn              // services on hosts that are up
	CutOffHosts             // hosts that cannot be reached, without a known cause
	Behind                  // what is suppressed because of Group.Cause
)

// A Group is some problems of a list.
type Group struct {
	Kind  Kind
	ID    string // stable, unique in the list
	Name  string // value that all have: host, service, site key, host group, pattern
	Site  string // key of the site, ByHost only
	Cause int    // index of the problem that explains all, Behind only
	Items []int  // indexes into Survey.Problems, in the order of the list
	Hosts int    // how many different hosts
	Sites int    // how many different sites
	Since int64  // when the oldest began, unix seconds
}

// Sort puts indexes of problems into an order: unhandled before handled, then
// worst first, then newest, unless the order says otherwise. Ties are broken
// by site, host and service, so that the order is total. A survey must have
// been taken with what the order is by, see [Order.Want].
func (s *Survey) Sort(items []int, o Order) {
	switch number := o.number(); {
	case number != nil:
		s.sortBy(items, o.Desc, number)
	default:
		slices.SortFunc(items, func(i, k int) int { return Compare(&s.Problems[i], &s.Problems[k], o) })
	}
}

// Compare compares two problems as [Survey.Sort] orders them. They need not be
// of one survey.
func Compare(a, b *Problem, o Order) int {
	if number := o.number(); number != nil {
		c := cmp.Compare(number(a), number(b))
		if o.Desc {
			c = -c
		}
		return cmp.Or(c, a.Compare(b.Key))
	}
	c := 0
	switch o.By {
	case "host":
		c = cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Service, b.Service))
	case "site":
		c = strings.Compare(a.Site, b.Site)
	case "attempt":
		c = cmp.Compare(a.Attempt, b.Attempt)
	case "output":
		c = strings.Compare(a.Output, b.Output)
	case "owner": // what nobody has comes last
		c = cmp.Or(cmp.Compare(min(len(b.Owner), 1), min(len(a.Owner), 1)), strings.Compare(a.Owner, b.Owner))
	}
	if o.Desc {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(rank(a), rank(b)), a.Compare(b.Key))
}

// number returns what the order is by where that is one number; nil: it is not.
func (o Order) number() func(*Problem) uint64 {
	switch o.By {
	case "since":
		return newest
	case "host", "site", "attempt", "output", "owner":
		return nil
	}
	return rank
}

const sinceBits = 56

func newest(p *Problem) uint64 { return 1<<sinceBits - 1 - uint64(max(p.Since, 0))&(1<<sinceBits-1) }

// rank is the place of a problem in the order of lists.
func rank(p *Problem) uint64 {
	return uint64(handled(p))<<60 | uint64(p.Severity)<<sinceBits | newest(p)
}

func handled(p *Problem) Standing {
	if p.Standing == Soft {
		return Open
	}
	return p.Standing
}

// sortBy sorts by a number.
func (s *Survey) sortBy(items []int, desc bool, number func(*Problem) uint64) {
	type ranked struct {
		rank uint64
		i    int
	}
	all := make([]ranked, len(items))
	for k, i := range items {
		all[k] = ranked{number(&s.Problems[i]), i}
		if desc {
			all[k].rank = ^all[k].rank
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		if a.rank != b.rank {
			return cmp.Compare(a.rank, b.rank)
		}
		return s.Problems[a.i].Compare(s.Problems[b.i].Key)
	})
	for k := range all {
		items[k] = all[k].i
	}
}

// Arrange sorts items and puts them into groups. Groups are in the order of
// their first items; those of ByCause in the order of their kinds.
func (s *Survey) Arrange(items []int, by Grouping, o Order) []Group {
	if len(items) == 0 {
		return nil
	}
	items = slices.Clone(items)
	s.Sort(items, o)
	var groups []Group
	switch by {
	case ByCause:
		groups = s.causes(items)
	case ByHost:
		groups = s.named(items, func(p *Problem) []string { return []string{p.Site + "\x00" + p.Host} })
		for i := range groups {
			g := &groups[i]
			g.Site, g.Name, _ = strings.Cut(g.Name, "\x00")
			g.ID = "g|" + g.Site + "|" + g.Name
		}
	case ByService:
		groups = s.named(items, func(p *Problem) []string { return []string{p.Service} })
	case BySite:
		groups = s.named(items, func(p *Problem) []string { return []string{p.Site} })
	case ByHostgroup:
		groups = s.named(items, hostgroups)
	case ByOutput:
		masks := masker{}
		groups = s.named(items, func(p *Problem) []string { return []string{masks.of(p.Output)} })
	default:
		groups = []Group{{ID: "g", Items: items}}
	}
	for i := range groups {
		s.measure(&groups[i])
	}
	return groups
}

// maxGroupsOf bounds in how many host groups one problem is listed.
const maxGroupsOf = 8

// hostgroups returns the host groups a problem is listed in, "" for none.
func hostgroups(p *Problem) []string {
	if len(p.Groups) == 0 {
		return []string{""}
	}
	return p.Groups[:min(len(p.Groups), maxGroupsOf)]
}

// named groups items by the values that of returns.
func (s *Survey) named(items []int, of func(*Problem) []string) []Group {
	at := map[string]int{}
	var groups []Group
	for _, i := range items {
		for _, name := range of(&s.Problems[i]) {
			g, ok := at[name]
			if !ok {
				g = len(groups)
				at[name] = g
				groups = append(groups, Group{Kind: Named, ID: "g|" + name, Name: name})
			}
			groups[g].Items = append(groups[g].Items, i)
		}
	}
	return groups
}

// measure counts hosts and sites of a group, and finds its oldest problem.
func (s *Survey) measure(g *Group) {
	hosts, sites := map[Key]struct{}{}, map[string]struct{}{}
	for _, i := range g.Items {
		p := &s.Problems[i]
		hosts[Key{Site: p.Site, Host: p.Host}] = struct{}{}
		sites[p.Site] = struct{}{}
		if g.Since == 0 || p.Since > 0 && p.Since < g.Since {
			g.Since = p.Since
		}
	}
	g.Hosts, g.Sites = len(hosts), len(sites)
}
