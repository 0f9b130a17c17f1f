package icinga2

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// numbers gives comments and downtimes, whose names are texts, the whole
// numbers that everybody else knows them by. A number is made from the name
// alone, so it is the same after a restart of the core or of this program, and
// in every program that reads the same core. Should two names come to the same
// number, the later one takes the next free one.
type numbers map[string]int64

// numberMost keeps numbers within what clients with 32 bits read.
const numberMost = 1<<31 - 1

// entry is something to be numbered.
type entry struct {
	name string
	time float64
}

// assign numbers what is new, in order of time.
func (n numbers) assign(fresh []entry) {
	slices.SortFunc(fresh, func(a, b entry) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name)) })
	used := n.used()
	for _, e := range fresh {
		n.take(e.name, used)
	}
}

// add numbers one more, unless it has a number.
func (n numbers) add(name string) int64 {
	if id, ok := n[name]; ok {
		return id
	}
	return n.take(name, n.used())
}

func (n numbers) used() map[int64]bool {
	used := make(map[int64]bool, len(n))
	for _, id := range n {
		used[id] = true
	}
	return used
}

func (n numbers) take(name string, used map[int64]bool) int64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	sum := h.Sum64()
	id := int64((sum>>32^sum)%numberMost) + 1
	for used[id] {
		id = id%numberMost + 1
	}
	used[id], n[name] = true, id
	return id
}

// name returns what has that number, "" if nothing has.
func (n numbers) name(id int64) string {
	for name, have := range n {
		if have == id {
			return name
		}
	}
	return ""
}
