package triage

import "slices"

// explain finds the root cause of each problem and folds what it explains.
//
// A host that is UNREACHABLE is explained by any of its parents that is not
// up, because the core says so only when none is; a host that is DOWN only
// when none of its parents is up, because another way to it is open otherwise.
// A service is explained by its host. Parents of other sites do not count; in
// a circle the first host by name is the cause of the others.
func (s *Survey) explain() {
	if s.Hosts == 0 {
		return
	}
	f := &folder{s: s, at: make(map[Key]int, s.Hosts), roots: make([]int, s.Hosts), state: make([]uint8, s.Hosts)}
	for i := range s.Hosts {
		f.at[s.Problems[i].Key] = i
	}
	for i := range s.Hosts {
		if root := f.root(i); root != i {
			s.fold(i, root)
		}
	}
	for i := s.Hosts; i < len(s.Problems); i++ {
		p := &s.Problems[i]
		if host, ok := f.at[Key{Site: p.Site, Host: p.Host}]; ok {
			s.fold(i, f.roots[host])
		}
	}
}

// fold puts problem i below its root, unless somebody has it already.
func (s *Survey) fold(i, root int) {
	p, r := &s.Problems[i], &s.Problems[root]
	p.Cause = root
	if p.Standing == Acked || p.Standing == Planned {
		return
	}
	if p.Standing == Open && r.Standing == Soft {
		r.Standing = Open
	}
	p.Standing = Suppressed
	if p.Service == "" {
		r.HiddenHosts++
	} else {
		r.HiddenServices++
	}
}

// A folder walks up from hosts to their parents.
type folder struct {
	s     *Survey
	at    map[Key]int
	roots []int
	state []uint8 // 0 untouched, 1 on the way up, 2 done
}

// root returns the cause of host i at the top, i itself when nothing explains
// it. The way up is a loop, not a recursion: chains may be long.
func (f *folder) root(i int) int {
	var way []int
	for f.state[i] == 0 {
		f.state[i] = 1
		way = append(way, i)
		up := f.parent(i)
		if up < 0 {
			break
		}
		i = up
	}
	root := i
	if f.state[i] == 2 {
		root = f.roots[i]
	} else if at := slices.Index(way, i); at < len(way)-1 { // a circle: the first by name
		root = slices.MinFunc(way[at:], func(a, b int) int { return f.s.Problems[a].Compare(f.s.Problems[b].Key) })
	}
	for _, k := range way {
		f.roots[k], f.state[k] = root, 2
	}
	return root
}

// parent returns the parent that explains host i, -1 when none does.
func (f *folder) parent(i int) int {
	p := &f.s.Problems[i]
	found, first := 0, -1
	for _, name := range f.s.parents[i] {
		if k, ok := f.at[Key{Site: p.Site, Host: name}]; ok && k != i {
			found++
			if first < 0 {
				first = k
			}
		}
	}
	if found == 0 || p.Severity != Unreachable && found < len(f.s.parents[i]) {
		return -1
	}
	return first
}
