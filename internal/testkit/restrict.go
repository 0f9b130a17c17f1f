package testkit

import (
	"maps"
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
// everything unless the request has an AuthUser.
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

// restrict returns the world as a contact sees it: without what is not theirs,
// and with lists and counts that name and count only what is.
func restrict(w World, r Rights) World {
	out := World{}
	maps.Copy(out, w)
	seen := map[objectKey]bool{}
	has := func(m map[string]any) bool {
		l, _ := m["contacts"].([]string)
		return slices.Contains(l, r.User)
	}
	all := index(w["hosts"], "name", "")
	out["hosts"], out["services"] = nil, nil
	for _, h := range w["hosts"] {
		if has(h) {
			seen[keyOf(h, "name", "")] = true
		}
	}
	byHost := map[objectKey][]map[string]any{}
	for _, s := range w["services"] {
		if has(s) || r.Services == Loose && has(all[keyOf(s, "host_name", "")]) {
			seen[keyOf(s, "host_name", "description")] = true
			out["services"] = append(out["services"], s)
			k := keyOf(s, "host_name", "")
			byHost[k] = append(byHost[k], s)
		}
	}
	for _, h := range w["hosts"] {
		if seen[keyOf(h, "name", "")] {
			out["hosts"] = append(out["hosts"], restrictHost(h, seen, byHost[keyOf(h, "name", "")]))
		}
	}
	for _, t := range []string{"comments", "downtimes", "log", "statehist"} {
		out[t] = nil
		for _, m := range w[t] {
			if visible(t, m, seen, all) {
				out[t] = append(out[t], m)
			}
		}
	}
	hosts := index(out["hosts"], "name", "")
	services := index(out["services"], "host_name", "description")
	out["hostgroups"] = restrictGroups(w["hostgroups"], r, hosts, byHost, nil)
	out["servicegroups"] = restrictGroups(w["servicegroups"], r, nil, nil, services)
	return out
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
func restrictHost(h map[string]any, seen map[objectKey]bool, services []map[string]any) map[string]any {
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
	recount(out, services)
	return out
}

// recount sets the counts of services.
func recount(out map[string]any, services []map[string]any) {
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
func restrictGroups(groups []map[string]any, r Rights, hosts map[objectKey]map[string]any, byHost map[objectKey][]map[string]any, services map[objectKey]map[string]any) []map[string]any {
	var out []map[string]any
	for _, g := range groups {
		members := membersOf(g)
		kept := []schema.Member{}
		states := [][]any{}
		var below []map[string]any
		var up, down, unreach, pending, worst int64
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
		}
		recount(c, below)
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
