package testkit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/schema"
)

// spell returns a column of a row as the implementation writes it.
func (p *profile) spell(c *column, v *view, r row) value {
	if !c.known {
		if p.name == Nagios4 {
			return value{}
		}
		return vt("")
	}
	switch p.name {
	case Naemon:
		if c.base == "last_update" {
			o := r.s
			if c.table == "hosts" || c.table == "hostsbygroup" {
				o = r.h
			}
			if o == nil {
				return value{kind: vRaw, s: "0.000000"}
			}
			return value{kind: vRaw, s: fmt.Sprintf("%d.%06d", o.updated/1e6, o.updated%1e6)}
		}
		return c.value(v, r)
	case Nagios4:
		return p.spellNagios(c, v, r)
	case Icinga2:
		return p.spellIcinga(c, v, r)
	}
	return p.spellShinken(c, v, r)
}

// filtered returns a column of a row as filters and statistics see it.
func (p *profile) filtered(c *column, v *view, r row) value {
	if p.blindGroups && r.g != nil && (strings.HasPrefix(c.name, "hostgroup_") || strings.HasPrefix(c.name, "servicegroup_")) {
		return value{} // filters do not see the group of a ...bygroup row
	}
	if p.name != Icinga2 {
		if !c.known {
			return vt("")
		}
		return c.value(v, r)
	}
	x := p.spellIcinga(c, v, r)
	if l, ok := x.o.([]any); ok {
		out := make([]string, len(l))
		for i, a := range l {
			out[i] = p.anys([]any{a}, "")
		}
		return vl(out)
	}
	return x
}

func (p *profile) spellNagios(c *column, v *view, r row) value {
	x := c.value(v, r)
	switch {
	case c.typ == "blob":
		return value{}
	case c.base == "comments_with_info" || c.base == "downtimes_with_info":
		return shorten(x, 3)
	}
	if l, ok := x.o.([]schema.Pair); ok {
		l = slices.Clone(l)
		slices.Reverse(l)
		return vd(l)
	}
	return x
}

// shorten cuts tuples to their first n items.
func shorten(x value, n int) value {
	l, _ := x.o.([][]any)
	out := make([][]any, len(l))
	for i, t := range l {
		out[i] = t[:min(n, len(t))]
	}
	return vx(out)
}

// icingaConstants are columns Icinga 2 always answers the same way.
var icingaConstants = map[string]value{
	"check_options": vt(""), "initial_state": vt(""), "first_notification_delay": vt(""), "filename": vt(""),
	"check_flapping_recovery_notification": vi(0), "check_freshness": vi(1), "is_executing": vi(0), "no_more_notifications": vi(0),
	"pnpgraph_present": vi(0), "modified_attributes": vi(0), "modified_attributes_list": vi(0), "notification_period": vt(""),
	"obsess_over_host": vi(0), "obsess_over_service": vi(0), "original_attributes": vt("null"), "statusmap_image": vt(""),
	"x_2d": vt(""), "y_2d": vt(""), "x_3d": vt(""), "y_3d": vt(""), "z_3d": vt(""), "low_flap_threshold": vi(25), "high_flap_threshold": vi(30),
	"pending_flex_downtime": vi(0), "neb_callbacks": vi(0), "cached_log_messages": vi(0), "log_messages": vi(0), "livestatus_threads": vi(0),
}

// icingaNulls are texts Icinga 2 answers null for when they are not set.
var icingaNulls = map[string]bool{"action_url_expanded": true, "notes_expanded": true, "notes_url_expanded": true, "event_handler": true, "icon_image_expanded": true}

func (p *profile) spellIcinga(c *column, v *view, r row) value {
	if c.absent != nil && c.absent(r) {
		if k, ok := icingaConstants[c.base]; ok && r.c != nil || ok && r.d != nil {
			return k
		}
		return value{}
	}
	if k, ok := icingaConstants[c.base]; ok && c.table != "contacts" {
		return k
	}
	var o *object
	switch c.table {
	case "hosts", "hostsbygroup":
		o = r.h
	case "services", "servicesbygroup", "servicesbyhostgroup":
		o = r.s
	case "comments":
		return icingaComment(c, v, r)
	case "downtimes":
		return icingaDowntime(c, v, r)
	case "contacts":
		return icingaContact(c, v, r)
	case "contactgroups":
		if c.base == "alias" {
			return vt(r.g.name)
		}
	case "log":
		return p.icingaLog(c, v, r)
	case "commands":
		return icingaCommand(c, v, r)
	}
	x := c.value(v, r)
	if o != nil {
		return icingaObject(c, o, x)
	}
	if c.base == "members_with_state" && c.table == "hostgroups" {
		return shorten(x, 2)
	}
	if c.base == "worst_service_state" || c.base == "worst_service_hard_state" {
		return icingaWorst(x, v, r.g)
	}
	return x
}

func icingaObject(c *column, o *object, x value) value {
	switch c.base {
	case "acknowledged", "is_flapping", "is_reachable", "cv_is_json":
		if c.base == "cv_is_json" {
			x = vb(jsonVars(o))
		}
		x.kind = vBool
	case "custom_variables", "custom_variable_names", "custom_variable_values":
		return icingaVars(c.base, o.params.vars)
	case "state":
		if !o.checked && o.host != nil {
			return vi(3)
		}
	case "last_check":
		if !o.checked {
			return vi(-1)
		}
	case "check_command", "check_command_expanded":
		name, args, _ := strings.Cut(o.params.command, "!")
		out := "check_" + strings.TrimPrefix(name, "check_") + "!"
		for i, a := range strings.Split(args, "!") {
			if a != "" {
				out += fmt.Sprintf("ARG%d=%s!", i+1, a)
			}
		}
		return vt(out)
	case "plugin_output", "perf_data", "long_plugin_output":
		if i := strings.IndexByte(x.s, '\r'); i >= 0 {
			x.s = x.s[:i]
		}
	case "latency", "execution_time", "check_source":
		if !o.checked {
			return value{}
		}
	case "comments_with_info", "downtimes_with_info":
		return shorten(x, 3)
	case "num_services_ok":
		return vi(x.i)
	case "worst_service_state", "worst_service_hard_state":
		worst := int64(0)
		for _, s := range o.x.services {
			worst = max(worst, int64(s.state))
		}
		return vi(worst)
	}
	if icingaNulls[c.base] && x.s == "" {
		return value{}
	}
	return x
}

func icingaWorst(x value, v *view, g *group) value {
	for _, o := range g.members {
		l := []*object{o}
		if o.host == nil {
			l = o.x.services
		}
		for _, s := range l {
			x.i = max(x.i, int64(s.state))
		}
	}
	return x
}

func jsonVars(o *object) bool {
	for _, x := range o.params.vars {
		if strings.HasPrefix(x.raw, "[") || strings.HasPrefix(x.raw, "{") {
			return true
		}
	}
	return false
}

// icingaVars spells custom variables: lower case names, values as they are in
// the configuration, nested ones as JSON text.
func icingaVars(base string, vars []variable) value {
	names := []string{}
	values := []any{}
	both := [][]any{}
	for _, x := range vars {
		var val any = x.value
		switch {
		case strings.HasPrefix(x.raw, "[") || strings.HasPrefix(x.raw, "{"):
			val = x.raw
		case x.raw != "":
			val = rawJSON(x.raw)
		}
		name := strings.ToLower(x.name)
		names = append(names, name)
		values = append(values, val)
		both = append(both, []any{name, val})
	}
	switch base {
	case "custom_variable_names":
		return vl(names)
	case "custom_variable_values":
		return value{kind: vAnys, o: values}
	}
	return vx(both)
}

func icingaComment(c *column, v *view, r row) value {
	x := c.value(v, r)
	switch c.base {
	case "persistent":
		return vi(1)
	case "expires":
		x.kind = vBool
	case "service_description":
		if r.s == nil {
			return value{}
		}
	}
	return x
}

func icingaDowntime(c *column, v *view, r row) value {
	x := c.value(v, r)
	switch c.base {
	case "type":
		return vb(r.d.active)
	case "fixed":
		x.kind = vBool
	case "triggered_by":
		if x.i == 0 {
			return value{}
		}
	}
	return x
}

func icingaContact(c *column, v *view, r row) value {
	phone := []variable{{name: "phone", value: r.p.phone}}
	switch c.base {
	case "alias":
		return vt(r.p.name)
	case "modified_attributes", "modified_attributes_list", "can_submit_commands":
		return vi(bit(c.base == "can_submit_commands"))
	case "cv_is_json":
		return value{kind: vBool}
	case "vars_variable_names":
		return icingaVars("custom_variable_names", phone)
	case "vars_variable_values":
		return icingaVars("custom_variable_values", phone)
	case "vars_variables":
		return icingaVars("", phone)
	}
	return c.value(v, r)
}

func icingaCommand(c *column, v *view, r row) value {
	switch c.base {
	case "custom_variable_names", "custom_variable_values", "custom_variables":
		return vl([]string{})
	case "modified_attributes", "modified_attributes_list":
		return vi(0)
	case "line":
		if strings.HasPrefix(r.cmd.name, "check_dummy") {
			return vt("<internal>")
		}
		return vt(" " + strconv.Quote(r.cmd.line))
	}
	return c.value(v, r)
}

// icingaLog: texts of lines about nothing are null.
func (p *profile) icingaLog(c *column, v *view, r row) value {
	x := c.value(v, r)
	switch c.base {
	case "host_name", "service_description", "plugin_output", "state_type", "comment", "contact_name", "command_name":
		if x.s == "" || c.base == "host_name" && r.l.service == "" {
			return value{}
		}
	}
	return x
}

var shinkenConstants = map[string]value{
	"check_options": vt(""), "initial_state": vt(""), "x_3d": vt(""), "y_3d": vt(""), "z_3d": vt(""), "total_services": vt(""), "hard_state": vt(""),
	"realm": vt("All"), "pnpgraph_present": vi(0), "high_flap_threshold": vi(50), "low_flap_threshold": vi(25),
}

func (p *profile) spellShinken(c *column, v *view, r row) value {
	if k, ok := shinkenConstants[c.base]; ok && (c.table == "hosts" || c.table == "services") {
		return k
	}
	x := c.value(v, r)
	switch c.base {
	case "long_plugin_output":
		return vt(strings.ReplaceAll(x.s, `\n`, "\n"))
	case "comments_with_info", "downtimes_with_info":
		return vl(shorten(x, 3).elements())
	case "last_state", "last_hard_state":
		o := r.s
		if c.table == "hosts" {
			o = r.h
		}
		switch {
		case o == nil:
		case c.base == "last_state":
			return vt(o.word(o.lastState))
		case o.host != nil:
			return vt(o.word(o.lastHard))
		}
	case "acknowledgement_type":
		if x.i == 0 {
			return vi(1)
		}
	case "services_with_info":
		return vx([][]any{})
	case "members":
		if l, ok := x.o.([]schema.Member); ok {
			return vl(vm(l).elements())
		}
	}
	if c.typ == "dict" || c.base == "custom_variables" {
		return x
	}
	return x
}
