package query

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// rights is what a restricted viewer may see of one site. A viewer that sees
// all has none. Everything is found when it is first needed.
type rights struct {
	snap     *store.Snapshot
	contacts []*contact // all must agree
	services access.Rule
	groups   access.Rule

	mu   sync.Mutex
	bits map[string][]uint64        // by table: visible rows; shared, not to be changed
	sets map[string]map[string]bool // by table: visible names
}

func newRights(e *Engine, sv store.SiteView, names []string, v access.Viewer) *rights {
	r := &rights{snap: sv.Snapshot, services: v.Services, groups: v.Groups, bits: map[string][]uint64{}, sets: map[string]map[string]bool{}}
	for _, n := range names {
		r.contacts = append(r.contacts, e.people.get(sv, n))
	}
	return r
}

func bitOf(bits []uint64, row int) bool { return row >= 0 && bits[row>>6]>>(uint(row)&63)&1 != 0 }

// rows returns the visible rows of a table of the store.
func (r *rights) rows(table string) []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rowsLocked(table)
}

func (r *rights) rowsLocked(table string) []uint64 {
	if b := r.bits[table]; b != nil {
		return b
	}
	t := r.snap.Table(table)
	var b []uint64
	switch table {
	case "hosts":
		b = r.all(func(c *contact) []uint64 { return c.hosts })
	case "services":
		b = r.all(func(c *contact) []uint64 { return c.services(t, r.services) })
	default:
		b = make([]uint64, (t.Chunks()+1)*len(store.Bits{}))
		see := r.judge(table)
		for row := range t.Len() {
			if see(row) {
				b[row>>6] |= 1 << (uint(row) & 63)
			}
		}
	}
	r.bits[table] = b
	return b
}

// all returns the rows that all contacts see.
func (r *rights) all(rows func(c *contact) []uint64) []uint64 {
	b := rows(r.contacts[0])
	if len(r.contacts) == 1 {
		return b
	}
	b = slices.Clone(b)
	for _, c := range r.contacts[1:] {
		for w, x := range rows(c) {
			b[w] &= x
		}
	}
	return b
}

// judge returns the rule for the rows of the smaller tables.
func (r *rights) judge(table string) func(row int) bool {
	t := r.snap.Table(table)
	switch table {
	case "hostgroups", "servicegroups":
		return r.groupRule(table)
	case "comments", "downtimes":
		hosts, services := r.rowsLocked("hosts"), r.rowsLocked("services")
		host, svc, desc := t.Ref(0), t.Ref(1), textOf(t, "service_description")
		return func(row int) bool {
			if svc != nil {
				if s := svc.Int(row); s >= 0 {
					return bitOf(services, int(s))
				}
			}
			if len(desc(row)) > 0 {
				return false // on a service that is not known yet, or no more
			}
			return host != nil && bitOf(hosts, int(host.Int(row)))
		}
	case "contacts":
		return func(row int) bool {
			for _, c := range r.contacts {
				if r.snap.Text("contacts", "name", row) != c.name {
					return false
				}
			}
			return true
		}
	case "contactgroups":
		return func(row int) bool {
			for _, c := range r.contacts {
				if !c.groups[r.snap.Text("contactgroups", "name", row)] {
					return false
				}
			}
			return true
		}
	case "timeperiods":
		used := r.usedPeriods()
		return func(row int) bool { return used[r.snap.Text("timeperiods", "name", row)] }
	case "status":
		return func(int) bool { return true }
	}
	return func(int) bool { return false } // commands, endpoints, zones
}

// groupRule: strict groups are seen by those who see all members, loose ones
// by those who see one. An empty group is seen by neither.
func (r *rights) groupRule(table string) func(row int) bool {
	of := map[string]string{"hostgroups": "hosts", "servicegroups": "services"}[table]
	members, visible := r.snap.Groups(table, of), r.rowsLocked(of)
	return func(row int) bool {
		seen := 0
		for _, m := range members[row] {
			if bitOf(visible, int(m)) {
				seen++
			}
		}
		return seen > 0 && (r.groups == access.Loose || seen == len(members[row]))
	}
}

// usedPeriods are the time periods of visible hosts and services, and the
// contact's own.
func (r *rights) usedPeriods() map[string]bool {
	used := map[string]bool{}
	for _, table := range []string{"hosts", "services", "contacts"} {
		t := r.snap.Table(table)
		if t == nil {
			continue
		}
		visible := r.rowsLocked(table)
		for i, c := range t.Schema().Columns {
			col := t.Column(i)
			if c.Refers != "timeperiods" || c.Kind != schema.Text || col == nil {
				continue
			}
			for row := range t.Len() {
				if bitOf(visible, row) {
					used[string(col.Bytes(row))] = true
				}
			}
		}
	}
	return used
}

// names returns the names of the visible rows of a table: hosts, groups, or
// services as host, NUL, description.
func (r *rights) names(table string) map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sets[table]; s != nil {
		return s
	}
	s := map[string]bool{}
	visible := r.rowsLocked(table)
	for row := range r.snap.Table(table).Len() {
		if bitOf(visible, row) {
			s[r.snap.Key(table, row)] = true
		}
	}
	r.sets[table] = s
	return s
}

// hidden lists hold names of hosts or services in a form of the core's own;
// restricted viewers do not get them.
var hidden = map[string]bool{"impacts": true, "source_problems": true, "child_dependencies": true, "parent_dependencies": true}

// restrict takes out of a stored column what the viewer may not see.
func (s *siteRun) restrict(o *operand, c *schema.Column) {
	if !s.run.viewer.CommandLines {
		switch {
		case c.Name == "check_command_expanded", c.Name == "original_attributes", c.Name == "line" && o.place.name == "commands":
			*o = operand{kind: o.kind, place: o.place}
			return
		case c.Name == "custom_variables":
			o.xform = withoutSecrets
		case c.Name == "custom_variable_values":
			// Which of the values are secret only their names tell.
			*o = operand{kind: o.kind, place: o.place, col: o.place.table.ColumnNamed("custom_variables"), xform: openValues}
		case c.Name == "check_command", c.Name == "event_handler":
			o.xform = withoutArguments
			return
		}
	}
	if s.rights == nil || o.place.table.Standalone() {
		return
	}
	switch {
	case hidden[c.Name], o.place.name == "status" && strings.HasPrefix(c.Name, "custom_variable"):
		*o = operand{kind: o.kind, place: o.place}
	case c.Kind == schema.TextList && (c.Refers == "hosts" || c.Refers == "hostgroups" || c.Refers == "servicegroups"),
		c.Kind == schema.TextList && o.place.name == "contactgroups" && c.Name == "members":
		table := c.Refers
		o.xform = func(b []byte) []byte {
			see := s.rights.names(table)
			var out []byte
			store.EachText(b, func(e []byte) bool {
				host, desc, isService := bytes.Cut(e, []byte(";"))
				switch {
				case see[string(e)]:
					out = store.AppendText(out, e)
				case isService && s.rights.names("services")[store.Key(string(host), string(desc))]:
					out = store.AppendText(out, e)
				}
				return true
			})
			return out
		}
	case c.Kind == schema.TextList && c.Refers == "services":
		o.xform = func(b []byte) []byte { return s.visibleServices(b) }
	case c.Kind == schema.Members:
		o.xform = func(b []byte) []byte {
			var out []byte
			store.EachPair(b, func(h, d []byte) bool {
				if len(d) == 0 && s.rights.names("hosts")[string(h)] || len(d) > 0 && s.rights.names("services")[store.Key(string(h), string(d))] {
					out = store.AppendText(store.AppendText(out, h), d)
				}
				return true
			})
			return out
		}
	case c.Kind == schema.Tuples && strings.HasPrefix(c.Name, "depends_"):
		o.xform = func(b []byte) []byte { return s.visibleTuples(b, o.place.name == "services") }
	}
}

// withoutArguments cuts a command to its name: arguments can hold secrets.
func withoutArguments(b []byte) []byte {
	name, _, _ := bytes.Cut(b, []byte("!"))
	return name
}

// withoutSecrets empties the values of custom variables that may hold secrets.
func withoutSecrets(b []byte) []byte {
	out := make([]byte, 0, len(b))
	store.EachPair(b, func(name, value []byte) bool {
		out = store.AppendText(out, name)
		out = store.AppendText(out, open(name, value))
		return true
	})
	return out
}

// openValues are the values of a dictionary of custom variables, those that
// may hold secrets empty.
func openValues(b []byte) []byte {
	out := make([]byte, 0, len(b))
	store.EachPair(b, func(name, value []byte) bool {
		out = store.AppendText(out, open(name, value))
		return true
	})
	return out
}

func open(name, value []byte) []byte {
	if access.Secret(string(name), string(value)) {
		return nil
	}
	return value
}

// visibleServices keeps "host;description" of services the viewer sees.
func (s *siteRun) visibleServices(b []byte) []byte {
	var out []byte
	store.EachText(b, func(e []byte) bool {
		host, desc, _ := strings.Cut(string(e), ";")
		if s.rights.names("services")[store.Key(host, desc)] {
			out = store.AppendText(out, e)
		}
		return true
	})
	return out
}

// visibleTuples keeps the tuples that begin with a visible host, or with host
// and description of a visible service.
func (s *siteRun) visibleTuples(b []byte, services bool) []byte {
	var keep [][]any
	for _, t := range store.DecodeTuples(b) {
		names := make([]string, 2)
		for i := range min(len(t), len(names)) {
			names[i], _ = t[i].(string)
		}
		if services && s.rights.names("services")[store.Key(names...)] || !services && s.rights.names("hosts")[names[0]] {
			keep = append(keep, t)
		}
	}
	return store.EncodeTuples(keep)
}
