package testkit

import (
	"maps"
	"reflect"
	"slices"

	"belvedere/internal/schema"
)

// Rule is how far being a contact reaches.
type Rule uint8

// The rules.
const (
	Strict Rule = iota
	Loose
)

// Rights are the rules Evaluate applies to a contact. The zero Rights see
// everything unless the request has an AuthUser. A contact is who is among the
// contacts of an object, or in one of its contact groups. A contact sees of
// contacts only itself, of contact groups its own, of time periods those that
// what it sees refers to, and no commands, endpoints and zones; of groups that
// are invisible not even the name. The host of a visible service shows, but
// lists and counts only what is visible, and its own comments and downtimes are not.
type Rights struct {
	User string // contact; "" is everything
	// Services is Loose when a contact of a host sees its services too.
	// Groups is Loose when one visible member makes a group visible.
	Services, Groups Rule
}

// objectKey names a row of hosts or services within a World.
type objectKey struct{ site, host, service string }

func text(m map[string]any, column string) string {
	s, _ := m[column].(string)
	return s
}

func keyOf(m map[string]any, host, service string) objectKey {
	return objectKey{text(m, "peer_key"), text(m, host), text(m, service)}
}

// index finds rows by what they are about.
func index(rows []map[string]any, host, service string) map[objectKey]map[string]any {
	out := make(map[objectKey]map[string]any, len(rows))
	for _, m := range rows {
		out[keyOf(m, host, service)] = m
	}
	return out
}

// expand returns the rows of the request's table with what they are joined
// with, building those of the ...bygroup tables.
func (e *evaluation) expand() ([]record, error) {
	hosts, services := index(e.w["hosts"], "name", ""), index(e.w["services"], "host_name", "description")
	if l, ok := e.w[joinedHosts]; ok {
		hosts = index(l, "name", "")
	}
	var out []record
	switch e.table.Name {
	case "hostsbygroup", "servicesbygroup", "servicesbyhostgroup":
		return e.byGroup(hosts, services), nil
	case "services":
		for _, m := range e.w["services"] {
			out = append(out, record{m, map[string]map[string]any{"host_": hosts[keyOf(m, "host_name", "")]}})
		}
		return out, nil
	}
	contacts, commands := index(e.w["contacts"], "name", ""), index(e.w["commands"], "name", "")
	for _, m := range e.w[e.table.Name] {
		h, s := hosts[keyOf(m, "host_name", "")], services[keyOf(m, "host_name", "service_description")]
		out = append(out, record{m, map[string]map[string]any{
			"host_": h, "service_": s, "current_host_": h, "current_service_": s,
			"current_contact_": contacts[keyOf(m, "contact_name", "")], "current_command_": commands[keyOf(m, "command_name", "")],
		}})
	}
	return out, nil
}

func (e *evaluation) byGroup(hosts, services map[objectKey]map[string]any) []record {
	var out []record
	table, prefix := "hostgroups", "hostgroup_"
	if e.table.Name == "servicesbygroup" {
		table, prefix = "servicegroups", "servicegroup_"
	}
	for _, g := range e.w[table] {
		for _, m := range membersOf(g) {
			h := hosts[objectKey{text(g, "peer_key"), m.Host, ""}]
			switch e.table.Name {
			case "hostsbygroup":
				if h == nil {
					continue
				}
				out = append(out, record{h, map[string]map[string]any{prefix: g}})
			case "servicesbygroup":
				s := services[objectKey{text(g, "peer_key"), m.Host, m.Service}]
				out = append(out, record{s, map[string]map[string]any{prefix: g, "host_": h}})
			default:
				for _, s := range e.w["services"] {
					if text(s, "host_name") == m.Host && text(s, "peer_key") == text(g, "peer_key") {
						out = append(out, record{s, map[string]map[string]any{prefix: g, "host_": h}})
					}
				}
			}
		}
	}
	return out
}

// joinedHosts is a table of restricted worlds: all hosts, as rows that refer to
// them show them.
const joinedHosts = "hosts that rows refer to"

// restrict returns the world as a contact sees it: without what is not theirs,
// and with lists and counts that name and count only what is.
func restrict(w World, r Rights) World {
	out := World{}
	maps.Copy(out, w)
	teams := map[objectKey]bool{}
	for _, g := range w["contactgroups"] {
		if l, _ := g["members"].([]string); slices.Contains(l, r.User) {
			teams[keyOf(g, "name", "")] = true
		}
	}
	has := func(m map[string]any) bool {
		l, _ := m["contacts"].([]string)
		groups, _ := m["contact_groups"].([]string)
		return slices.Contains(l, r.User) || slices.ContainsFunc(groups, func(g string) bool { return teams[objectKey{text(m, "peer_key"), g, ""}] })
	}
	all := index(w["hosts"], "name", "")
	seen := map[objectKey]bool{}
	byHost := map[objectKey][]map[string]any{}
	out["services"] = nil
	for _, h := range w["hosts"] {
		seen[keyOf(h, "name", "")] = has(h)
	}
	for _, s := range w["services"] {
		k := keyOf(s, "host_name", "")
		if has(s) || r.Services == Loose && has(all[k]) {
			seen[keyOf(s, "host_name", "description")] = true
			byHost[k] = append(byHost[k], s)
			out["services"] = append(out["services"], s)
		}
	}
	hosts := keep(w["hosts"], func(m map[string]any) bool { return seen[keyOf(m, "name", "")] })
	groups := restrictGroups(w["hostgroups"], r, index(hosts, "name", ""), byHost, nil, all)
	out["hostgroups"] = groups
	out["servicegroups"] = restrictGroups(w["servicegroups"], r, nil, nil, index(out["services"], "host_name", "description"), all)
	for i, s := range out["services"] {
		out["services"][i] = withGroups(s, out["servicegroups"])
	}
	out["hosts"], out[joinedHosts] = nil, nil
	for _, h := range w["hosts"] {
		k := keyOf(h, "name", "")
		h = withGroups(restrictHost(h, seen, byHost[k], all), groups)
		out[joinedHosts] = append(out[joinedHosts], h)
		if seen[k] {
			out["hosts"] = append(out["hosts"], h)
		}
	}
	for _, t := range []string{"comments", "downtimes", "log", "statehist"} {
		out[t] = keep(w[t], func(m map[string]any) bool { return visible(t, m, seen, all) })
	}
	out["contacts"] = keep(w["contacts"], func(m map[string]any) bool { return text(m, "name") == r.User })
	out["contactgroups"] = keep(w["contactgroups"], func(m map[string]any) bool { return teams[keyOf(m, "name", "")] })
	out["timeperiods"] = keep(w["timeperiods"], func(m map[string]any) bool { return periodUsed(out, m) })
	out["commands"], out["endpoints"], out["zones"] = nil, nil, nil
	return out
}

func keep(rows []map[string]any, f func(map[string]any) bool) []map[string]any {
	var out []map[string]any
	for _, m := range rows {
		if f(m) {
			out = append(out, m)
		}
	}
	return out
}

// withGroups returns a row that names only the groups that are left.
func withGroups(m map[string]any, left []map[string]any) map[string]any {
	l, ok := m["groups"].([]string)
	if !ok {
		return m
	}
	names := []string{}
	for _, n := range l {
		if slices.ContainsFunc(left, func(g map[string]any) bool { return text(g, "name") == n && text(g, "peer_key") == text(m, "peer_key") }) {
			names = append(names, n)
		}
	}
	m = maps.Clone(m)
	m["groups"] = names
	return m
}

// periodUsed reports whether anything in w refers to a time period.
func periodUsed(w World, period map[string]any) bool {
	for _, table := range []string{"hosts", "services", "contacts"} {
		for _, m := range w[table] {
			for column, v := range m {
				if v == period["name"] && text(m, "peer_key") == text(period, "peer_key") && len(column) > 7 && column[len(column)-7:] == "_period" {
					return true
				}
			}
		}
	}
	return false
}

// visible decides about rows that are about an object. Log lines about none
// are for everybody, those about an object that is no more only if they are
// not alerts, notifications, passive results or states.
func visible(table string, m map[string]any, seen map[objectKey]bool, hosts map[objectKey]map[string]any) bool {
	k := keyOf(m, "host_name", "service_description")
	if table == "log" {
		if k.host == "" {
			return true
		}
		if hosts[objectKey{k.site, k.host, ""}] == nil {
			class, _ := m["class"].(int64)
			return class != classAlert && class != classNotification && class != classPassive && class != classState
		}
	}
	return seen[k]
}

// restrictHost returns a host with lists and counts of what is visible.
func restrictHost(h map[string]any, seen map[objectKey]bool, services []map[string]any, all map[objectKey]map[string]any) map[string]any {
	out := maps.Clone(h)
	site := text(h, "peer_key")
	for _, c := range []string{"parents", "childs"} {
		l, _ := h[c].([]string)
		out[c] = slices.DeleteFunc(slices.Clone(l), func(n string) bool { return !seen[objectKey{site, n, ""}] })
	}
	l, _ := h["services"].([]string)
	out["services"] = slices.DeleteFunc(slices.Clone(l), func(n string) bool { return !seen[objectKey{site, text(h, "name"), n}] })
	for _, c := range []string{"services_with_state", "services_with_info", "services_with_fullstate"} {
		if l, ok := h[c].([][]any); ok {
			out[c] = slices.DeleteFunc(slices.Clone(l), func(t []any) bool { return !seen[objectKey{site, text(h, "name"), t[0].(string)}] })
		}
	}
	if !seen[objectKey{site, text(h, "name"), ""}] {
		for _, c := range notes {
			if v, ok := h[c]; ok {
				out[c] = reflect.MakeSlice(reflect.TypeOf(v), 0, 0).Interface()
			}
		}
	}
	recount(out, services, all)
	return out
}

// notes are the columns of a host that hold its comments and downtimes.
var notes = [...]string{"comments", "comments_with_info", "comments_with_extra_info", "downtimes", "downtimes_with_info", "downtimes_with_extra_info"}

func positive(m map[string]any, column string) bool {
	n, _ := m[column].(int64)
	return n > 0
}

// recount sets the counts of services.
func recount(out map[string]any, services []map[string]any, hosts map[objectKey]map[string]any) {
	var t tally
	for _, s := range services {
		state, _ := s["state"].(int64)
		hard, _ := s["last_hard_state"].(int64)
		checked, _ := s["has_been_checked"].(int64)
		t.n++
		if checked == 0 {
			t.pending++
		} else {
			t.state[state&3]++
			t.hard[hard&3]++
		}
		if checked != 0 && state != 0 {
			h := hosts[keyOf(s, "host_name", "")]
			t.problem(state, positive(s, "acknowledged") || positive(s, "scheduled_downtime_depth") || positive(h, "scheduled_downtime_depth") || positive(h, "state"))
		}
		if worse[state&3] > worse[t.worst] {
			t.worst = state
		}
		if worse[hard&3] > worse[t.worstHard] {
			t.worstHard = hard
		}
	}
	for name, f := range tallyColumns() {
		if _, ok := out[name]; ok {
			out[name] = f(t)
		}
	}
}

// restrictGroups returns the groups that are visible, with visible members.
func restrictGroups(groups []map[string]any, r Rights, hosts map[objectKey]map[string]any, byHost map[objectKey][]map[string]any, services, all map[objectKey]map[string]any) []map[string]any {
	var out []map[string]any
	for _, g := range groups {
		members := membersOf(g)
		kept := []schema.Member{}
		states := [][]any{}
		var below []map[string]any
		var up, down, unreach, pending, worst, openDown, openUnreach, handled int64
		for _, m := range members {
			k := objectKey{text(g, "peer_key"), m.Host, m.Service}
			o := hosts[k]
			if services != nil {
				o = services[k]
			}
			if o == nil {
				continue
			}
			kept = append(kept, m)
			state, _ := o["state"].(int64)
			checked, _ := o["has_been_checked"].(int64)
			if services != nil {
				states = append(states, []any{m.Host, m.Service, state, checked})
				below = append(below, o)
				continue
			}
			states = append(states, []any{m.Host, state, checked})
			below = append(below, byHost[k]...)
			pending += 1 - checked
			up += checked * bit(state == 0)
			down += checked * bit(state == 1)
			unreach += checked * bit(state == 2)
			taken := bit(o["acknowledged"] != int64(0) || o["scheduled_downtime_depth"] != int64(0))
			openDown += checked * bit(state == 1) * (1 - taken)
			openUnreach += checked * bit(state == 2) * (1 - taken)
			handled += checked * bit(state != 0) * taken
			if state == 1 || state == 2 && worst == 0 {
				worst = state
			}
		}
		if len(kept) == 0 || r.Groups == Strict && len(kept) < len(members) {
			continue
		}
		c := maps.Clone(g)
		c["members"], c["members_with_state"] = kept, states
		if services == nil {
			names := make([]string, len(kept))
			for i, m := range kept {
				names[i] = m.Host
			}
			if _, ok := g["members"].([]string); ok {
				c["members"] = names
			}
			c["num_hosts"], c["num_hosts_up"], c["num_hosts_down"], c["num_hosts_unreach"] = int64(len(kept)), up, down, unreach
			c["num_hosts_pending"], c["worst_host_state"] = pending, worst
			c["num_hosts_unhandled_down"], c["num_hosts_unhandled_unreach"], c["num_hosts_handled_problems"] = openDown, openUnreach, handled
		}
		recount(c, below, all)
		out = append(out, c)
	}
	return out
}

// membersOf returns the members of a group: hosts by name, or pairs.
func membersOf(g map[string]any) []schema.Member {
	names, ok := g["members"].([]string)
	if !ok {
		l, _ := g["members"].([]schema.Member)
		return l
	}
	out := make([]schema.Member, len(names))
	for i, n := range names {
		out[i] = schema.Member{Host: n}
	}
	return out
}
