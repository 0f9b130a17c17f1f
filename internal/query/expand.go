package query

import (
	"slices"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// groupJoin returns the join that leads to the groups of an expanded table.
func (s *siteRun) groupJoin() int {
	return slices.IndexFunc(s.run.table.Joins, func(j schema.Join) bool { return j.Table == s.run.table.Group })
}

// expand makes the rows of hostsbygroup and its sisters: one for each pair of
// a group and a member, in the order of groups, then of members.
func (s *siteRun) expand() {
	t := s.run.table
	base := s.snap.Table(t.Base)
	var members [][]int32
	if t.Base == "services" && t.Group == "hostgroups" {
		for _, hosts := range s.snap.Groups(t.Group, "hosts") {
			var all []int32
			for _, h := range hosts {
				from, to := base.Span(int(h))
				for r := from; r < to; r++ {
					all = append(all, int32(r))
				}
			}
			members = append(members, all)
		}
	} else {
		members = s.snap.Groups(t.Group, t.Base)
	}
	var rows, groups []int32
	for g, m := range members {
		rows = append(rows, m...)
		for range m {
			groups = append(groups, int32(g))
		}
	}
	if base == nil {
		rows, groups = nil, nil
	}
	s.n = len(rows)
	own, group := store.NewRefs(rows), store.NewRefs(groups)
	s.own = place{table: base, name: t.Base, hops: []*store.Column{own}, base: t}
	for j, join := range t.Joins {
		if join.Table == t.Group {
			b, _ := schema.Lookup(join.Table)
			s.joins[j] = place{table: s.snap.Table(join.Table), name: join.Table, hops: []*store.Column{group}, base: b}
			continue
		}
		// the host of a service, by way of the service
		s.joins[j] = s.joined(join, base, 0, []*store.Column{own})
	}
}
