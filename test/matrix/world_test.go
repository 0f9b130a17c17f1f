package matrix_test

import (
	"fmt"
	"slices"
	"strings"

	"belvedere/internal/schema"
	"belvedere/internal/testkit"
)

// realTrials are trials on objects of their own each, so that nearly all of
// them can be given at once.
func realTrials(w words) []*trial {
	var out []*trial
	for i, def := range schema.Commands() {
		if throwaway(def.Name) {
			continue
		}
		n := fmt.Sprintf("m%03d", i)
		k := newTrial(&def, names{host: n, child: n + "-behind", service: "svc", hostgroup: n + "-hosts", servicegroup: n + "-services", contact: n + "-contact", contactgroup: n + "-people"}, w, author)
		k.alone = wholeCore(&def)
		out = append(out, k)
	}
	return out
}

// wholeCore reports whether a command is about the core as a whole.
func wholeCore(def *schema.Command) bool {
	if len(def.Params) == 0 {
		return true
	}
	switch def.Params[0].Type {
	case schema.PHost, schema.PHostGroup, schema.PServiceGroup, schema.PContact, schema.PContactGroup:
		return false
	}
	switch def.Name {
	case "DEL_HOST_COMMENT", "DEL_SVC_COMMENT", "DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME", "DEL_DOWNTIME_BY_START_TIME_COMMENT":
		return false
	}
	return true
}

// nagiosObjects are the objects of the trials for a Nagios.
func nagiosObjects(trials []*trial) string {
	var b strings.Builder
	for _, k := range trials {
		n := k.n
		fmt.Fprintf(&b, `define contactgroup {
	contactgroup_name %[7]s
	members %[6]s
}
define contact {
	use base
	contact_name %[6]s
	_SLA silver
}
define hostgroup {
	hostgroup_name %[4]s
	members %[1]s
}
define servicegroup {
	servicegroup_name %[5]s
	members %[1]s,%[3]s
}
define host {
	use base
	host_name %[1]s
	contacts %[6]s
	_SLA silver
}
define host {
	use base
	host_name %[2]s
	parents %[1]s
	contacts %[6]s
}
define service {
	use base
	host_name %[1]s
	service_description %[3]s
	contacts %[6]s
	_SLA silver
}
`, n.host, n.child, n.service, n.hostgroup, n.servicegroup, n.contact, n.contactgroup)
	}
	return b.String()
}

// icingaObjects are the objects of the trials for an Icinga 2.
func icingaObjects(trials []*trial) string {
	var b strings.Builder
	b.WriteString(`
object CheckCommand "other" { command = [ "/bin/true" ]; vars.SLA = "silver" }
object EventCommand "handler" { command = [ "/bin/true" ]; vars.SLA = "silver" }
object NotificationCommand "other" { command = [ "/bin/true" ]; vars.SLA = "silver" }
object EventCommand "other" { command = [ "/bin/true" ]; vars.SLA = "silver" }
`)
	for _, k := range trials {
		n := k.n
		fmt.Fprintf(&b, `object UserGroup %[7]q { }
object User %[6]q { groups = [ %[7]q ]; vars.SLA = "silver" }
object HostGroup %[4]q { }
object ServiceGroup %[5]q { }
object Host %[1]q { import "base"; enable_active_checks = false; groups = [ %[4]q ]; vars.SLA = "silver" }
object Host %[2]q { import "base"; enable_active_checks = false }
object Dependency "up" { child_host_name = %[2]q; parent_host_name = %[1]q; disable_checks = false }
object Service %[3]q { import "base"; host_name = %[1]q; enable_active_checks = false; groups = [ %[5]q ]; vars.SLA = "silver" }
object Notification "n" { import "quiet"; host_name = %[1]q; users = [ %[6]q ] }
object Notification "n" { import "quiet"; host_name = %[1]q; service_name = %[3]q; users = [ %[6]q ] }
`, n.host, n.child, n.service, n.hostgroup, n.servicegroup, n.contact, n.contactgroup)
	}
	return b.String()
}

// simulatedTrials are trials on the objects that a simulated core has: hosts of
// their own for commands about hosts and services, one after the other for the
// rest.
func simulatedTrials(c *testkit.Core) []*trial {
	hosts, services := c.Rows("hosts"), c.Rows("services")
	text := func(row map[string]any, column string) string { return row[column].(string) }
	first := func(table string) string { return text(c.Rows(table)[0], "name") }
	var leaves []map[string]any
	parent := names{}
	for _, h := range hosts {
		children := h["childs"].([]string)
		if len(children) == 0 {
			leaves = append(leaves, h)
		} else if len(children) < 20 {
			parent.host, parent.child = text(h, "name"), children[0]
		}
	}
	serviceOf := func(host string) map[string]any {
		for _, r := range services {
			if r["host_name"] == host {
				return r
			}
		}
		return nil
	}
	w := words{period: text(c.Rows("timeperiods")[1], "name"), command: text(c.Rows("commands")[1], "name"), handler: text(c.Rows("commands")[2], "name")}
	var out []*trial
	for i, def := range schema.Commands() {
		if throwaway(def.Name) {
			continue
		}
		n := names{host: text(leaves[i%len(leaves)], "name"), child: text(leaves[(i+1)%len(leaves)], "name"),
			hostgroup: first("hostgroups"), servicegroup: first("servicegroups"), contact: first("contacts"), contactgroup: first("contactgroups")}
		alone := wholeCore(&def) || len(def.Params) > 0 && def.Params[0].Type >= schema.PHostGroup && def.Params[0].Type <= schema.PContactGroup
		if (&trial{def: &def}).behind() {
			n.host, n.child, alone = parent.host, parent.child, true
		}
		if def.Params != nil && def.Params[0].Type == schema.PHostGroup {
			n.host = c.Rows("hostgroups")[0]["members"].([]string)[0]
		}
		r := serviceOf(n.host)
		n.service = text(r, "description")
		w.variable = "SLA"
		switch def.Name { // a variable that is there
		case "CHANGE_CUSTOM_HOST_VAR":
			w.variable = variableOf(leaves[i%len(leaves)])
		case "CHANGE_CUSTOM_CONTACT_VAR":
			w.variable = variableOf(c.Rows("contacts")[0])
		case "CHANGE_CUSTOM_SVC_VAR":
			at := slices.IndexFunc(services, func(s map[string]any) bool { return variableOf(s) != "" })
			n.host, n.service, w.variable, alone = text(services[at], "host_name"), text(services[at], "description"), variableOf(services[at]), true
		}
		k := newTrial(&def, n, w, author)
		k.alone = alone
		out = append(out, k)
	}
	return out
}

// variableOf returns the name of a custom variable, "" if the row has none.
func variableOf(row map[string]any) string {
	if names, _ := row["custom_variable_names"].([]string); len(names) > 0 {
		return names[0]
	}
	return ""
}
