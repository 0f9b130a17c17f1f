// Package problems is the room operators live in: everything that is not as it
// should be and that nobody takes care of, worst first, causes before what
// they cause.
package problems

import "belvedere/internal/web/status"

// A node is a host that is not up, among all such hosts.
type node struct {
	row      status.Row
	parents  []string
	services int // problems of its services
	cause    int // index of the host that explains it; its own index: nothing does
	hosts    int // causes only: hosts that it hides
	hidden   int // causes only: problems of services that it hides, its own included
}

// explained reports whether another host's failure explains the node.
func (n node) explained(self int) bool { return n.cause != self }

// fold finds the cause of each node. A host that is unreachable is explained
// by any of its parents that is not up; a host that is down only when none of
// its parents is up, because another way to it is open otherwise. Parents of
// other sites do not count; in a circle one host stays the cause of the others.
func fold(nodes []node) {
	at := make(map[string]int, len(nodes))
	for i, n := range nodes {
		at[key(n.row.Site, n.row.Host)] = i
	}
	f := folder{nodes: nodes, at: at, seen: make([]bool, len(nodes)), done: make([]bool, len(nodes))}
	for i := range nodes {
		c := f.find(i)
		nodes[c].hidden += nodes[i].services
		if c != i {
			nodes[c].hosts++
		}
	}
}

func key(site, host string) string { return site + "\x00" + host }

type folder struct {
	nodes      []node
	at         map[string]int
	seen, done []bool
}

// find returns the index of the cause of node i.
func (f *folder) find(i int) int {
	n := &f.nodes[i]
	if f.done[i] {
		return n.cause
	}
	if f.seen[i] {
		return i // a circle
	}
	f.seen[i] = true
	n.cause = i
	if p := f.parent(i); p >= 0 {
		if c := f.find(p); c != i {
			n.cause = c
		}
	}
	f.done[i] = true
	return n.cause
}

// parent returns the parent that explains node i, -1 when none does.
func (f *folder) parent(i int) int {
	n := f.nodes[i]
	found, first := 0, -1
	for _, p := range n.parents {
		if k, ok := f.at[key(n.row.Site, p)]; ok && k != i {
			found++
			if first < 0 {
				first = k
			}
		}
	}
	unreachable := n.row.State.Class == "unre"
	if found == 0 || !unreachable && found < len(n.parents) {
		return -1
	}
	return first
}
