package query

import (
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/store"
)

// A contact is one name whose rights count, and what it is a contact of on one
// site. It is shared by all who have that name there.
type contact struct {
	name   string
	groups map[string]bool // contact groups it is in
	hosts  []uint64        // hosts it is a contact of
	rules  [2]struct {     // by rule, when it is first needed
		once     sync.Once
		services []uint64
	}
}

func newContact(snap *store.Snapshot, name string) *contact {
	c := &contact{name: name, groups: map[string]bool{}}
	if g := snap.Table("contactgroups"); g != nil {
		if members := g.ColumnNamed("members"); members != nil {
			for row := range g.Len() {
				if listHas(members.Bytes(row), name) {
					c.groups[snap.Text("contactgroups", "name", row)] = true
				}
			}
		}
	}
	c.hosts = c.own(snap.Table("hosts"))
	return c
}

func listHas(b []byte, name string) (found bool) {
	store.EachText(b, func(e []byte) bool { found = string(e) == name; return !found })
	return found
}

// own returns the rows of t that name the contact themselves.
func (c *contact) own(t *store.Table) []uint64 {
	lists := []namedBy{{col: t.ColumnNamed("contacts"), match: func(e []byte) bool { return string(e) == c.name }}}
	if len(c.groups) > 0 {
		lists = append(lists, namedBy{col: t.ColumnNamed("contact_groups"), match: func(e []byte) bool { return c.groups[string(e)] }})
	}
	for i := range lists {
		lists[i].prepare()
	}
	bits := make([]uint64, (t.Chunks()+1)*len(store.Bits{}))
	for chunk := range t.Chunks() {
		var rest, part store.Bits
		rest.Fill(t.ChunkLen(chunk))
		for i := range lists {
			lists[i].chunk(chunk, &rest, &part)
			for w := range part {
				bits[chunk*len(part)+w] |= part[w]
				rest[w] &^= part[w]
			}
		}
	}
	return bits
}

// services returns the services that the contact sees by that rule.
func (c *contact) services(t *store.Table, rule access.Rule) []uint64 {
	r := &c.rules[rule]
	r.once.Do(func() {
		bits := c.own(t)
		if rule == access.Loose {
			c.ofHosts(t, bits)
		}
		r.services = bits
	})
	return r.services
}

// ofHosts adds the services of the hosts that the contact sees.
func (c *contact) ofHosts(t *store.Table, bits []uint64) {
	var rest, far store.Bits
	var buf [store.ChunkRows]int64
	for chunk := range t.Chunks() {
		rest.Fill(t.ChunkLen(chunk))
		part := bits[chunk*len(rest) : (chunk+1)*len(rest)]
		for w := range rest {
			rest[w] &^= part[w]
		}
		gather([]*store.Column{t.Ref(0)}, c.hosts, chunk, &rest, &buf, &far, false)
		for w := range part {
			part[w] |= far[w]
		}
	}
}

// A namedBy is a column of lists of names, and which names count.
type namedBy struct {
	col   *store.Column
	match func(e []byte) bool
	table []bool // by distinct list
}

// prepare finds the distinct lists that hold a name that counts.
func (n *namedBy) prepare() {
	if n.col == nil || n.col.Dict() == nil {
		return
	}
	n.table = make([]bool, n.col.Dict().Len())
	for i := range n.table {
		n.table[i] = n.holds(n.col.Dict().Bytes(i))
	}
}

func (n *namedBy) holds(b []byte) (found bool) {
	store.EachText(b, func(e []byte) bool { found = n.match(e); return !found })
	return found
}

// chunk sets out to the rows of a chunk, among rest, whose list holds one.
func (n *namedBy) chunk(chunk int, rest, out *store.Bits) {
	*out = store.Bits{}
	switch {
	case n.col == nil:
	case n.table != nil:
		n.col.Lookup(chunk, n.table, out)
	default:
		n.col.EachBytes(chunk, rest, func(i int, b []byte) {
			if n.holds(b) {
				out.Set(i)
			}
		})
	}
}

// peopleBytes bounds what is kept of contacts.
const peopleBytes = 32 << 20

// people keeps what contacts may see, until the lists of contacts, the groups
// or the rows themselves change: results of checks do not change it. It holds
// the columns of one state of a site at most. Safe for concurrent use.
type people struct {
	mu    sync.Mutex
	sites map[string]*sitePeople
	bytes int
}

// sitePeople are the contacts of one site that were asked for.
type sitePeople struct {
	from  lists
	known map[string]*contact
	bytes int
}

// lists are what contacts are made from. A column that did not change is the
// same in the next snapshot.
type lists struct {
	columns         [7]*store.Column
	hosts, services int // rows
}

func listsOf(snap *store.Snapshot) lists {
	hosts, services, groups := snap.Table("hosts"), snap.Table("services"), snap.Table("contactgroups")
	return lists{[...]*store.Column{
		hosts.ColumnNamed("contacts"), hosts.ColumnNamed("contact_groups"),
		services.ColumnNamed("contacts"), services.ColumnNamed("contact_groups"), services.Ref(0),
		groups.ColumnNamed("members"), groups.ColumnNamed("name"),
	}, hosts.Len(), services.Len()}
}

// get returns what a contact may see of a site.
func (p *people) get(sv store.SiteView, name string) *contact {
	from := listsOf(sv.Snapshot)
	if c := p.find(sv.Info.Key, from, name); c != nil {
		return c
	}
	c := newContact(sv.Snapshot, name)
	size := 500 + len(name) + 8*len(c.hosts) + 16*sv.Snapshot.Table("services").Chunks()*len(store.Bits{})
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sites[sv.Info.Key]
	if p.sites == nil || p.bytes+size > peopleBytes {
		p.sites, p.bytes, s = map[string]*sitePeople{}, 0, nil
	}
	if s == nil || s.from != from {
		if s != nil {
			p.bytes -= s.bytes
		}
		s = &sitePeople{from: from, known: map[string]*contact{}}
		p.sites[sv.Info.Key] = s
	}
	if s.known[name] == nil {
		s.bytes += size
		p.bytes += size
	}
	s.known[name] = c
	return c
}

// find returns a contact that is kept and still true, else nil.
func (p *people) find(site string, from lists, name string) *contact {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.sites[site]; s != nil && s.from == from {
		return s.known[name]
	}
	return nil
}

// forget drops all.
func (p *people) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sites, p.bytes = nil, 0
}
