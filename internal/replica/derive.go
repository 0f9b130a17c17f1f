package replica

import (
	"slices"
	"strings"

	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
)

// within says by table which column tells whether it is now in the period that
// another names.
var within = map[string]map[string]string{
	"hosts":    {"check_period": "in_check_period", "notification_period": "in_notification_period", "service_period": "in_service_period"},
	"services": {"check_period": "in_check_period", "notification_period": "in_notification_period", "service_period": "in_service_period"},
	"contacts": {"host_notification_period": "in_host_notification_period", "service_notification_period": "in_service_notification_period"},
}

// derive adds to b.row what follows from it; row is where it is in the
// snapshot, -1: nowhere. first: nothing is known of it yet.
func (b *Batch) derive(t *tableBatch, row int, first bool) {
	r := &b.row
	switch t.def.Name {
	case "status":
		r.set("livestatus_version", livestatus.ServedVersion(b.r.o.Impl))
	case "timeperiods":
		if in, ok := r.get("in").(int64); ok {
			b.periods[r.text("name")] = in
		}
	}
	for period, in := range within[t.def.Name] {
		name, ok := r.get(period).(string)
		if (ok || first) && r.get(in) == nil {
			r.set(in, b.in(name))
		}
	}
	if vars, ok := r.get("custom_variables").([]schema.Pair); ok && r.get("custom_variable_names") == nil {
		names, values := make([]string, len(vars)), make([]string, len(vars))
		for i, p := range vars {
			names[i], values[i] = p.Name, p.Value
		}
		r.set("custom_variable_names", names)
		r.set("custom_variable_values", values)
	}
	if t.def.Name != "hosts" && t.def.Name != "services" {
		return
	}
	if state, ok := r.get("state").(int64); ok && row >= 0 && r.get("last_state") == nil {
		if before := b.snap.Int(r.Table, "state", row); before != state {
			r.set("last_state", before)
		}
	}
	if b.r.o.Inverse {
		b.addPeople(r)
	}
	b.expand(r)
}

// in reports whether it is now in a period.
func (b *Batch) in(period string) int64 {
	if period == "" {
		return 1
	}
	if in, ok := b.periods[period]; ok {
		return in
	}
	if row, ok := b.snap.Find("timeperiods", period); ok {
		return b.snap.Int("timeperiods", "in", row)
	}
	return 1
}

// addPeople adds the members of the contact groups to the contacts.
func (b *Batch) addPeople(r *Row) {
	groups, ok := r.get("contact_groups").([]string)
	if !ok {
		return
	}
	direct, _ := r.get("contacts").([]string)
	all := slices.Clone(direct)
	people := b.membersOf("contacts", "groups")
	for _, g := range groups {
		for _, c := range people[g] {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	if all == nil {
		all = []string{}
	}
	r.set("contacts", all)
}

// follow brings the flags of rows that are not in the batch up to date after
// it became, or ceased to be, within a period.
func (b *Batch) follow() {
	turned := map[string]int64{}
	for name, in := range b.periods {
		if row, ok := b.snap.Find("timeperiods", name); !ok || b.snap.Int("timeperiods", "in", row) != in {
			turned[name] = in
		}
	}
	if len(turned) == 0 {
		return
	}
	for table, columns := range within {
		if b.snap.Rows(table) > 0 {
			b.turn(b.table(table), columns, turned)
		}
	}
}

// turn sets the flags of one table.
func (b *Batch) turn(t *tableBatch, columns map[string]string, turned map[string]int64) {
	for row := range t.own.Len() {
		r := Row{Table: t.def.Name}
		for period, in := range columns {
			if v, ok := turned[b.snap.Text(r.Table, period, row)]; ok {
				r.set(in, v)
			}
		}
		if len(r.Columns) == 0 {
			continue
		}
		key := b.snap.Key(r.Table, row)
		if _, staged := t.staged[key]; staged || slices.Contains(t.deletes, key) {
			continue
		}
		for i, part := range strings.Split(key, "\x00") {
			r.set(t.def.Keys[i], part)
		}
		b.Update(r)
	}
}
