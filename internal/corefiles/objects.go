package corefiles

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// ReadObjects hands the rows of an objects.cache to each, which must not keep
// them: of the tables hosts, services, hostgroups, servicegroups, contacts,
// contactgroups, commands and timeperiods, with the columns that only a reload
// or an external command changes. Columns that a core derives from other
// objects (groups, childs, contacts by their groups) are complete, so the file
// is read twice; between the two only names are held. The core writes the file
// in place: while it does, the report says that it is cut. Errors are those of
// [ReadBlocks] and of r, and [ErrTooMany].
func ReadObjects(r io.ReadSeeker, each func(*Row) error) (Report, error) {
	n := newNames()
	if _, err := ReadBlocks(r, n.note); err != nil {
		return Report{}, err
	}
	n.finish()
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Report{}, fmt.Errorf("corefiles: %w", err)
	}
	var row Row
	return ReadBlocks(r, func(b *Block) error {
		if !row.define(b, n) {
			return nil
		}
		if n.spread > spreadMost {
			return ErrTooMany
		}
		return each(&row)
	})
}

// What is held of a file, and what it may come to.
const (
	servicesMost = 2_500_000
	refsMost     = 8_000_000   // names in members of groups and in parents
	spreadMost   = 200_000_000 // names in columns that are derived, over all rows
	puttingCosts = 20          // so much more than repeating a name costs adding it to a list
)

// names are what the first reading holds of objects that refer to each other.
type names struct {
	services      map[schema.Member]bool
	hostGroups    map[string][]string // by host
	serviceGroups map[schema.Member][]string
	members       map[string][]schema.Member // by service group
	contactGroups map[string][]string        // by contact
	people        map[string][]string        // by contact group
	children      map[string][]string        // by parent
	pairs         map[string]string          // by service group: its members as written
	told          map[string][]string        // contacts, by what the file says of them

	refs, spread int // so far, see refsMost and spreadMost
	held         int // names in told
}

func newNames() *names {
	return &names{services: map[schema.Member]bool{}, hostGroups: map[string][]string{}, serviceGroups: map[schema.Member][]string{}, members: map[string][]schema.Member{},
		contactGroups: map[string][]string{}, people: map[string][]string{}, children: map[string][]string{}, pairs: map[string]string{}, told: map[string][]string{}}
}

// note holds what other objects refer to, or [ErrTooMany].
func (n *names) note(b *Block) error {
	switch b.Name {
	case "host":
		for _, p := range n.list(b.Get("parents")) {
			n.children[p] = append(n.children[p], clean(b.Get("host_name")))
		}
	case "service":
		n.services[schema.Member{Host: clean(b.Get("host_name")), Service: clean(b.Get("service_description"))}] = true
	case "hostgroup":
		for _, h := range n.list(b.Get("members")) {
			n.hostGroups[h] = append(n.hostGroups[h], clean(b.Get("hostgroup_name")))
		}
	case "servicegroup":
		n.refs += strings.Count(b.Get("members"), ",") + 1
		n.pairs[clean(b.Get("servicegroup_name"))] = clean(b.Get("members"))
	case "contactgroup":
		name := clean(b.Get("contactgroup_name"))
		n.people[name] = n.list(b.Get("members"))
		for _, c := range n.people[name] {
			n.contactGroups[c] = append(n.contactGroups[c], name)
		}
	}
	if n.refs > refsMost || len(n.services) > servicesMost {
		return ErrTooMany
	}
	return nil
}

// list is [list] of a text that is held.
func (n *names) list(text string) []string {
	n.refs += strings.Count(text, ",") + 1
	if n.refs > refsMost {
		return nil
	}
	return list(text)
}

// finish resolves the members of service groups.
func (n *names) finish() {
	for group, text := range n.pairs {
		n.members[group] = n.resolve(text)
		for _, m := range n.members[group] {
			n.serviceGroups[m] = append(n.serviceGroups[m], group)
		}
	}
	for _, l := range n.serviceGroups {
		slices.Sort(l)
	}
}

// commasMost is how many commas a description may have and still be told from
// a list.
const commasMost = 8

// resolve reads "host,service,host,service". Descriptions may have commas, so
// the shortest one that exists is taken.
func (n *names) resolve(text string) []schema.Member {
	out := []schema.Member{}
	parts := strings.Split(text, ",")
	for len(parts) >= 2 {
		used := 2
		for k := 2; k <= min(len(parts), 2+commasMost); k++ {
			if n.services[schema.Member{Host: parts[0], Service: strings.Join(parts[1:k], ",")}] {
				used = k
				break
			}
		}
		out = append(out, schema.Member{Host: parts[0], Service: strings.Join(parts[1:used], ",")})
		parts = parts[used:]
	}
	return out
}

// contacts are those named and the members of the groups named, each once.
// Many objects say the same.
func (n *names) contacts(named, groups string) []string {
	key := named + "\x00" + groups
	if out, ok := n.told[key]; ok {
		return out
	}
	out := list(named)
	n.spread += puttingCosts * len(out)
	there := make(map[string]bool, len(out))
	for _, c := range out {
		there[c] = true
	}
	for _, g := range list(groups) {
		if n.spread += puttingCosts * len(n.people[g]); n.spread > spreadMost {
			return nil // it ends here
		}
		for _, c := range n.people[g] {
			if !there[c] {
				there[c] = true
				out = append(out, c)
			}
		}
	}
	if n.held += len(out) + len(key)/8; n.held > heldMost {
		clear(n.told)
		n.held = 0
	}
	n.told[key] = out
	return out
}

// heldMost bounds how many contacts are held by what the file says of them.
const heldMost = 2_000_000

// derive sets a column that other objects say, as it is or empty.
func (r *Row) derive(n *names, column string, l []string) {
	n.spread += len(l)
	r.set(column, orEmpty(l))
}

// kinds are the sections of objects.cache with their tables and key columns.
var kinds = map[string]struct{ table, key, name string }{
	"host": {"hosts", "host_name", "name"}, "service": {"services", "service_description", "description"},
	"hostgroup": {"hostgroups", "hostgroup_name", "name"}, "servicegroup": {"servicegroups", "servicegroup_name", "name"},
	"contact": {"contacts", "contact_name", "name"}, "contactgroup": {"contactgroups", "contactgroup_name", "name"},
	"command": {"commands", "command_name", "name"}, "timeperiod": {"timeperiods", "timeperiod_name", "name"},
}

// define reads a section; false for one that is no row of a table.
func (r *Row) define(b *Block, n *names) bool {
	kind, ok := kinds[b.Name]
	if !ok {
		return false
	}
	r.begin(kind.table)
	t, _ := schema.Lookup(kind.table)
	var vars []schema.Pair
	for i, k := range b.Keys {
		v := b.Values[i]
		switch {
		case k == kind.key:
			r.put(kind.name, v)
		case strings.HasPrefix(k, "_"):
			vars = append(vars, schema.Pair{Name: strings.ToUpper(clean(k[1:])), Value: clean(v)})
		case k == "initial_state" && (b.Name == "host" || b.Name == "service"):
			r.set(k, initial(b.Name, v))
		case k == "freshness_checks_enabled", k == "check_freshness":
			r.put("check_freshness", v)
		case k == "command_line":
			r.put("line", v)
		default:
			// What changes while the core runs is in status.dat.
			if c, ok := t.Column(k); ok && (c.Class != schema.Live) {
				r.put(k, v)
			}
		}
	}
	name := r.Text(kind.name)
	switch b.Name {
	case "host":
		r.defaults(name)
		r.variables(vars)
		r.derive(n, "groups", n.hostGroups[name])
		r.derive(n, "childs", n.children[name])
		r.people(b, n)
	case "service":
		r.defaults(name)
		r.variables(vars)
		r.derive(n, "groups", n.serviceGroups[schema.Member{Host: r.Text("host_name"), Service: name}])
		r.set("parents", n.parents(r.Text("host_name"), clean(b.Get("parents"))))
		r.people(b, n)
	case "contact":
		r.variables(vars)
		r.derive(n, "groups", n.contactGroups[name])
	case "servicegroup":
		n.spread += len(n.members[name])
		r.set("members", n.members[name])
	case "timeperiod":
		r.set("days", days(b))
		r.set("exclusions", list(b.Get("exclude")))
		r.Period = newPeriod(b)
	}
	return true
}

func orEmpty(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

// defaults sets what the core leaves out when it is the name.
func (r *Row) defaults(name string) {
	if r.Text("display_name") == "" {
		r.set("display_name", name)
	}
	if r.Table == "hosts" && r.Text("alias") == "" {
		r.set("alias", name)
	}
}

func (r *Row) people(b *Block, n *names) {
	r.set("contact_groups", list(b.Get("contact_groups")))
	r.derive(n, "contacts", n.contacts(b.Get("contacts"), b.Get("contact_groups")))
}

// parents reads the parents of a service: one description on the same host, or
// pairs of host and description.
func (n *names) parents(host, text string) []schema.Member {
	switch {
	case text == "":
		return []schema.Member{}
	case n.services[schema.Member{Host: host, Service: text}]:
		return []schema.Member{{Host: host, Service: text}}
	}
	return n.resolve(text)
}

// initial is the number of a state by its letter.
func initial(kind, letter string) int64 {
	letters := "owcu"
	if kind == "host" {
		letters = "odu"
	}
	if len(letter) != 1 {
		return 0
	}
	return int64(max(strings.Index(letters, letter), 0))
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// days reads the times of day of a period, in seconds since midnight.
func days(b *Block) [][]any {
	out := make([][]any, len(weekdays))
	for i, day := range weekdays {
		out[i] = []any{}
		for _, span := range list(b.Get(day)) {
			from, to, ok := strings.Cut(span, "-")
			start, ok1 := clock(from)
			end, ok2 := clock(to)
			if ok && ok1 && ok2 {
				out[i] = append(out[i], start, end)
			}
		}
	}
	return out
}

// clock reads hours and minutes as seconds since midnight.
func clock(s string) (int64, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hours, err1 := strconv.ParseUint(h, 10, 8)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	if !ok || err1 != nil || err2 != nil || hours > 24 || minutes > 59 {
		return 0, false
	}
	return int64(hours)*3600 + int64(minutes)*60, true
}
