package icinga2

import "slices"

// deepest bounds how many dependencies are followed upwards, as Icinga 2 does.
const deepest = 20

// reachable reports whether what a host or service depends on is well, as
// Icinga 2 decides it: nothing above is out of reach, the host of a service is
// not down for sure, and every dependency holds, of a redundancy group one.
func (m *model) reachable(full string) bool { return m.reach(full, 0) }

func (m *model) reach(full string, depth int) bool {
	if depth > deepest {
		return false
	}
	if host, service := split(full); service != "" {
		if h := m.objects[host]; h != nil && h.checked && h.state != 0 && h.hard {
			return false
		}
	}
	spare := map[string]bool{} // redundancy groups, and whether one of them holds
	for _, d := range m.above[full] {
		parent := fullName(d.ParentHost, d.ParentService)
		if parent == full {
			continue
		}
		holds := m.reach(parent, depth+1) && m.holds(d, parent)
		if d.Group != "" {
			spare[d.Group] = spare[d.Group] || holds
		} else if !holds {
			return false
		}
	}
	for _, ok := range spare {
		if !ok {
			return false
		}
	}
	return true
}

// holds reports whether the state of its parent lets a dependency hold.
func (m *model) holds(d *dependency, parent string) bool {
	p := m.objects[parent]
	if p == nil || !p.checked || d.IgnoreSoft && !p.hard {
		return true
	}
	if at := m.periods[d.Period]; at != nil && !at.Inside {
		return true
	}
	words, good := []string{"Up", "Down"}, p.state == 0
	if d.ParentService != "" {
		words, good = []string{"OK", "Warning", "Critical", "Unknown"}, p.state <= 1
	}
	if d.States == nil {
		return good
	}
	if int(p.state) >= len(words) {
		return false
	}
	return slices.ContainsFunc(d.States, func(s any) bool {
		bit, isBit := s.(float64)
		return s == words[p.state] || isBit && int64(bit) == stateBit(d.ParentService != "", p.state)
	})
}

// stateBit is a state as a number in a list of states.
func stateBit(service bool, state int64) int64 {
	if service {
		return 1 << state
	}
	return 16 << state
}

// dependents are the hosts and services whose reach may change with the state
// of one.
func (s *Source) dependents(full string, depth int) []string {
	if depth > deepest {
		return nil
	}
	var out []string
	if _, service := split(full); service == "" {
		out = append(out, s.servicesOf([]string{full})...)
	}
	for _, child := range s.m.below[full] {
		out = append(append(out, child), s.dependents(child, depth+1)...)
	}
	return out
}
