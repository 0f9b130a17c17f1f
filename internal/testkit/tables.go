package testkit

import (
	"sort"
	"strings"
	"time"

	"belvedere/internal/schema"
)

// A getter reads one column of a row in normal form.
type getter func(v *view, r row) value

// A tableDef is one table: its own columns, and what else can be reached from
// its rows by a prefix.
type tableDef struct {
	name, own string
	columns   map[string]getter
	joins     []joinDef
	rows      func(v *view) []row
}

type joinDef struct {
	prefix  string
	columns map[string]getter
	absent  func(r row) bool
}

// tables returns every table a simulated core can have.
func tables() map[string]*tableDef {
	hostCols, svcCols := onHost(hostColumns()), onService(serviceColumns())
	noHost := func(r row) bool { return r.h == nil }
	noSvc := func(r row) bool { return r.s == nil }
	never := func(row) bool { return false }
	host := joinDef{"host_", hostCols, noHost}
	service := joinDef{"service_", svcCols, noSvc}
	hgroup := joinDef{"hostgroup_", hostGroupColumns(), never}
	sgroup := joinDef{"servicegroup_", serviceGroupColumns(), never}
	logJoins := []joinDef{{"current_host_", hostCols, noHost}, {"current_service_", svcCols, noSvc},
		{"current_contact_", contactColumns(), func(r row) bool { return r.p == nil }}, {"current_command_", commandColumns(), func(r row) bool { return r.cmd == nil }}}
	list := []*tableDef{
		{name: "hosts", own: "host_", columns: hostCols, rows: func(v *view) []row { return v.objects(v.w.hosts) }},
		{name: "services", own: "service_", columns: svcCols, joins: []joinDef{host}, rows: func(v *view) []row { return v.objects(v.w.services) }},
		{name: "hostgroups", own: "hostgroup_", columns: hostGroupColumns(), rows: func(v *view) []row { return v.groups(v.w.hgroups) }},
		{name: "servicegroups", own: "servicegroup_", columns: serviceGroupColumns(), rows: func(v *view) []row { return v.groups(v.w.sgroups) }},
		{name: "hostsbygroup", own: "host_", columns: hostCols, joins: []joinDef{hgroup}, rows: func(v *view) []row { return v.byGroup(v.w.hgroups, false) }},
		{name: "servicesbygroup", own: "service_", columns: svcCols, joins: []joinDef{host, sgroup}, rows: func(v *view) []row { return v.byGroup(v.w.sgroups, false) }},
		{name: "servicesbyhostgroup", own: "service_", columns: svcCols, joins: []joinDef{host, hgroup}, rows: func(v *view) []row { return v.byGroup(v.w.hgroups, true) }},
		{name: "comments", own: "comment_", columns: commentColumns(), joins: []joinDef{host, service}, rows: commentRows},
		{name: "downtimes", own: "downtime_", columns: downtimeColumns(), joins: []joinDef{host, service}, rows: downtimeRows},
		{name: "contacts", own: "contact_", columns: contactColumns(), rows: func(v *view) []row {
			return rowsOf(v.w.contacts, func(c *contact) row { return row{p: c} })
		}},
		{name: "contactgroups", own: "contactgroup_", columns: contactGroupColumns(), rows: func(v *view) []row {
			return rowsOf(v.w.cgroups, func(g *group) row { return row{g: g} })
		}},
		{name: "timeperiods", own: "timeperiod_", columns: periodColumns(), rows: func(v *view) []row {
			return rowsOf(v.w.periods, func(t *period) row { return row{t: t} })
		}},
		{name: "commands", own: "command_", columns: commandColumns(), rows: func(v *view) []row {
			return rowsOf(v.w.commands, func(c *command) row { return row{cmd: c} })
		}},
		{name: "status", own: "status_", columns: statusColumns(), rows: func(*view) []row { return []row{{}} }},
		{name: "log", own: "log_", columns: logColumns(), joins: logJoins, rows: logRows},
		{name: "statehist", own: "statehist_", columns: histColumns(), joins: logJoins[:2], rows: histRows},
		{name: "columns", own: "column_", columns: metaColumns(), rows: func(v *view) []row {
			return rowsOf(v.w.p.columns, func(c *columnInfo) row { return row{meta: c} })
		}},
		{name: "endpoints", own: "endpoint_", columns: endpointColumns(), rows: func(*view) []row { return []row{{}} }},
		{name: "zones", own: "zone_", columns: zoneColumns(), rows: func(*view) []row { return []row{{}} }},
	}
	m := map[string]*tableDef{}
	for _, t := range list {
		m[t.name] = t
	}
	for _, n := range []string{"eventconsoleevents", "eventconsolehistory", "eventconsolerules", "eventconsolestatus"} {
		m[n] = &tableDef{name: n, columns: map[string]getter{}, rows: func(*view) []row { return nil }}
	}
	return m
}

func rowsOf[T any](l []T, f func(T) row) []row {
	out := make([]row, len(l))
	for i, x := range l {
		out[i] = f(x)
	}
	return out
}

func onHost(m map[string]objectColumn) map[string]getter {
	out := make(map[string]getter, len(m))
	for n, f := range m {
		out[n] = func(v *view, r row) value { return f(v, r.h) }
	}
	return out
}

func onService(m map[string]objectColumn) map[string]getter {
	out := make(map[string]getter, len(m))
	for n, f := range m {
		out[n] = func(v *view, r row) value { return f(v, r.s) }
	}
	return out
}

// lookup finds the getter of a column by its exact name or through a join; base
// is its name in the table it comes from, owner that table's singular prefix.
func (t *tableDef) lookup(name string) (get getter, base string, absent func(row) bool) {
	if g, ok := t.columns[name]; ok {
		return g, name, nil
	}
	for _, j := range t.joins {
		if rest, ok := strings.CutPrefix(name, j.prefix); ok {
			if g, ok := j.columns[rest]; ok {
				return g, rest, j.absent
			}
			return nil, rest, j.absent
		}
	}
	return nil, name, nil
}

// objects returns the rows of hosts or services.
func (v *view) objects(l []*object) []row {
	out := make([]row, 0, len(l))
	for _, o := range l {
		if v.sees(o) {
			out = append(out, objectRow(o))
		}
	}
	return out
}

func objectRow(o *object) row {
	if o.host == nil {
		return row{h: o}
	}
	return row{h: o.host, s: o}
}

// sees reports whether the viewer may see an object.
func (v *view) sees(o *object) bool {
	if v.unknown {
		return false
	}
	return v.me == nil || o.seesAny(v.me) || o.host != nil && o.host.seesAny(v.me)
}

func (v *view) groups(l []*group) []row {
	out := make([]row, 0, len(l))
	for _, g := range l {
		if v.seesGroup(g) {
			out = append(out, row{g: g})
		}
	}
	return out
}

// seesGroup applies the strict rule: all members must be visible.
func (v *view) seesGroup(g *group) bool {
	if v.me == nil && !v.unknown {
		return true
	}
	for _, o := range g.members {
		if !v.sees(o) {
			return false
		}
	}
	return len(g.members) > 0 || v.w.p.seesEmptyGroups
}

// byGroup returns a row per group and member; services: of the members'
// services.
func (v *view) byGroup(l []*group, services bool) []row {
	var out []row
	for _, g := range l {
		for _, o := range g.members {
			members := []*object{o}
			if services {
				members = o.x.services
			}
			for _, m := range members {
				if v.sees(m) {
					r := objectRow(m)
					r.g = g
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func hostGroupColumns() map[string]getter {
	m := groupColumns()
	m["members"] = func(v *view, r row) value { return vl(v.names(r.g.members)) }
	m["members_with_state"] = func(v *view, r row) value {
		return vx(v.tuples(r.g.members, func(h *object) []any { return []any{h.name, int64(h.state), bit(h.checked)} }))
	}
	count := func(match func(h *object) bool) getter {
		return func(v *view, r row) value {
			n := int64(0)
			for _, h := range r.g.members {
				n += bit(v.sees(h) && match(h))
			}
			return vi(n)
		}
	}
	m["num_hosts"] = count(func(*object) bool { return true })
	m["num_hosts_up"] = count(func(h *object) bool { return h.checked && h.state == 0 })
	m["num_hosts_down"] = count(func(h *object) bool { return h.checked && h.state == 1 })
	m["num_hosts_unreach"] = count(func(h *object) bool { return h.checked && h.state == 2 })
	open := func(h *object) bool { return h.ack == 0 && h.depth == 0 }
	m["num_hosts_unhandled_down"] = count(func(h *object) bool { return h.checked && h.state == 1 && open(h) })
	m["num_hosts_unhandled_unreach"] = count(func(h *object) bool { return h.checked && h.state == 2 && open(h) })
	m["num_hosts_handled_problems"] = count(func(h *object) bool { return h.checked && h.state != 0 && !open(h) })
	m["num_hosts_pending"] = count(func(h *object) bool { return !h.checked })
	m["worst_host_state"] = func(v *view, r row) value {
		worst := int64(0) // up, unreachable, down
		for _, h := range r.g.members {
			if v.sees(h) && (h.state == 1 || h.state == 2 && worst == 0) {
				worst = int64(h.state)
			}
		}
		return vi(worst)
	}
	for name, f := range tallyColumns() {
		m[name] = func(v *view, r row) value {
			var all []*object
			if v.counts.of != any(r.g) {
				for _, h := range r.g.members {
					all = append(all, h.x.services...)
				}
			}
			return vi(f(v.tally(r.g, all)))
		}
	}
	return m
}

func serviceGroupColumns() map[string]getter {
	m := groupColumns()
	m["members"] = func(v *view, r row) value {
		out := []schema.Member{}
		for _, s := range r.g.members {
			if v.sees(s) {
				out = append(out, schema.Member{Host: s.host.name, Service: s.name})
			}
		}
		return vm(out)
	}
	m["members_with_state"] = func(v *view, r row) value {
		return vx(v.tuples(r.g.members, func(s *object) []any { return []any{s.host.name, s.name, int64(s.state), bit(s.checked)} }))
	}
	for name, f := range tallyColumns() {
		m[name] = func(v *view, r row) value { return vi(f(v.tally(r.g, r.g.members))) }
	}
	return m
}

func groupColumns() map[string]getter {
	return map[string]getter{
		"name":       func(_ *view, r row) value { return vt(r.g.name) },
		"alias":      func(_ *view, r row) value { return vt(r.g.alias) },
		"notes":      func(_ *view, r row) value { return vt(r.g.notes) },
		"notes_url":  func(_ *view, r row) value { return vt(r.g.notesURL) },
		"action_url": func(_ *view, r row) value { return vt(r.g.action) },
		"id":         func(_ *view, r row) value { return vi(int64(r.g.id)) },
	}
}

func contactGroupColumns() map[string]getter {
	m := groupColumns()
	m["members"] = func(_ *view, r row) value {
		out := []string{}
		for _, c := range r.g.people {
			out = append(out, c.name)
		}
		return vl(out)
	}
	return m
}

func commentRows(v *view) []row {
	var out []row
	for _, c := range v.w.comments {
		if v.sees(c.o) {
			r := objectRow(c.o)
			r.c = c
			out = append(out, r)
		}
	}
	return out
}

func downtimeRows(v *view) []row {
	var out []row
	for _, d := range v.w.downs {
		if v.sees(d.o) {
			r := objectRow(d.o)
			r.d = d
			out = append(out, r)
		}
	}
	return out
}

// commentColumns: the type of a comment is 1 for hosts and 2 for services, that
// of a downtime the reverse.
func commentColumns() map[string]getter {
	return map[string]getter{
		"author":      func(_ *view, r row) value { return vt(r.c.author) },
		"comment":     func(_ *view, r row) value { return vt(r.c.text) },
		"entry_time":  func(_ *view, r row) value { return vi(int64(r.c.at)) },
		"entry_type":  func(_ *view, r row) value { return vi(int64(r.c.kind)) },
		"expire_time": func(_ *view, r row) value { return vi(int64(r.c.expires)) },
		"expires":     func(_ *view, r row) value { return vb(r.c.expires != 0) },
		"id":          func(_ *view, r row) value { return vi(r.c.id) },
		"is_service":  func(_ *view, r row) value { return vb(r.s != nil) },
		"persistent":  func(_ *view, r row) value { return vb(r.c.persistent) },
		"source":      func(_ *view, r row) value { return vb(r.c.external) },
		"type":        func(_ *view, r row) value { return vi(1 + bit(r.s != nil)) },
	}
}

func downtimeColumns() map[string]getter {
	return map[string]getter{
		"author":       func(_ *view, r row) value { return vt(r.d.author) },
		"comment":      func(_ *view, r row) value { return vt(r.d.text) },
		"duration":     func(_ *view, r row) value { return vi(r.d.duration) },
		"end_time":     func(_ *view, r row) value { return vi(int64(r.d.end)) },
		"entry_time":   func(_ *view, r row) value { return vi(int64(r.d.at)) },
		"fixed":        func(_ *view, r row) value { return vb(r.d.fixed) },
		"id":           func(_ *view, r row) value { return vi(r.d.id) },
		"is_service":   func(_ *view, r row) value { return vb(r.s != nil) },
		"start_time":   func(_ *view, r row) value { return vi(int64(r.d.start)) },
		"triggered_by": func(_ *view, r row) value { return vi(r.d.trigger) },
		"type":         func(_ *view, r row) value { return vi(2 - bit(r.s != nil)) },
	}
}

func commandColumns() map[string]getter {
	return map[string]getter{
		"name": func(_ *view, r row) value { return vt(r.cmd.name) },
		"line": func(_ *view, r row) value { return vt(r.cmd.line) },
		"id":   func(_ *view, r row) value { return vi(int64(r.cmd.id)) },
	}
}

func periodColumns() map[string]getter {
	return map[string]getter{
		"name":  func(_ *view, r row) value { return vt(r.t.name) },
		"alias": func(_ *view, r row) value { return vt(r.t.alias) },
		"in":    func(v *view, r row) value { return vb(r.t.contains(v.now)) },
		"id":    func(_ *view, r row) value { return vi(int64(r.t.id)) },
		"days": func(_ *view, r row) value {
			out := [][]any{}
			for _, d := range r.t.days {
				t := []any{}
				for _, x := range d {
					t = append(t, int64(x[0]), int64(x[1]))
				}
				out = append(out, t)
			}
			return vx(out)
		},
	}
}

// contains reports whether an instant is in the time period, in UTC.
func (p *period) contains(t sec) bool {
	at := time.Unix(int64(t), 0).UTC()
	s := at.Hour()*3600 + at.Minute()*60 + at.Second()
	for _, r := range p.days[at.Weekday()] {
		if s >= r[0] && s < r[1] {
			return true
		}
	}
	return false
}

func contactColumns() map[string]getter {
	text := func(f func(*contact) string) getter { return func(_ *view, r row) value { return vt(f(r.p)) } }
	yes := func(f func(*contact) bool) getter { return func(_ *view, r row) value { return vb(f(r.p)) } }
	in := func(v *view, r row) value { return vb(r.p.period.contains(v.now)) }
	list := func(s string) getter { return func(*view, row) value { return vl([]string{s}) } }
	phone := func(f func(c *contact) value) getter { return func(_ *view, r row) value { return f(r.p) } }
	return map[string]getter{
		"name":                           text(func(c *contact) string { return c.name }),
		"alias":                          text(func(c *contact) string { return c.alias }),
		"email":                          text(func(c *contact) string { return c.email }),
		"pager":                          text(func(c *contact) string { return c.pager }),
		"host_notification_period":       text(func(c *contact) string { return c.period.name }),
		"service_notification_period":    text(func(c *contact) string { return c.svcPeriod.name }),
		"can_submit_commands":            yes(func(c *contact) bool { return c.submit }),
		"host_notifications_enabled":     yes(func(c *contact) bool { return c.hostOn }),
		"service_notifications_enabled":  yes(func(c *contact) bool { return c.svcOn }),
		"in_host_notification_period":    in,
		"in_service_notification_period": in,
		"host_notification_commands":     list("notify-host"),
		"service_notification_commands":  list("notify-service"),
		"groups":                         func(_ *view, r row) value { return vl(groupNames(r.p.groups)) },
		"id":                             func(_ *view, r row) value { return vi(int64(r.p.id)) },
		"modified_attributes":            func(_ *view, r row) value { return vi(int64(r.p.modified)) },
		"modified_attributes_list":       func(_ *view, r row) value { return vl(attributeNames(r.p.modified)) },
		"custom_variable_names":          phone(func(*contact) value { return vl([]string{"PHONE"}) }),
		"custom_variable_values":         phone(func(c *contact) value { return vl([]string{c.phone}) }),
		"custom_variables":               phone(func(c *contact) value { return vd([]schema.Pair{{Name: "PHONE", Value: c.phone}}) }),
	}
}

func endpointColumns() map[string]getter {
	return map[string]getter{
		"name":         func(v *view, _ row) value { return vt(v.w.nodeName()) },
		"identity":     func(v *view, _ row) value { return vt(v.w.nodeName()) },
		"node":         func(v *view, _ row) value { return vt(v.w.nodeName()) },
		"is_connected": func(*view, row) value { return vi(1) },
		"zone":         func(v *view, _ row) value { return vt(v.w.nodeName()) },
	}
}

func zoneColumns() map[string]getter {
	return map[string]getter{
		"name":      func(v *view, _ row) value { return vt(v.w.nodeName()) },
		"parent":    func(*view, row) value { return vt("") },
		"endpoints": func(v *view, _ row) value { return vl([]string{v.w.nodeName()}) },
		"global":    func(*view, row) value { return vi(0) },
	}
}

func (w *world) nodeName() string { return "mon-" + placeOf(w.o.Name).code }

func metaColumns() map[string]getter {
	return map[string]getter{
		"table":       func(_ *view, r row) value { return vt(r.meta.table) },
		"name":        func(_ *view, r row) value { return vt(r.meta.name) },
		"type":        func(_ *view, r row) value { return vt(r.meta.typ) },
		"description": func(_ *view, r row) value { return vt(r.meta.doc()) },
	}
}

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
