package icinga2

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"belvedere/internal/schema"
)

// targets are the objects that a command is about: a host, a service, the
// services of a host, or what is in a group.
func (o *order) targets() (*call, error) {
	host, service := o.args["host_name"], o.args["service_description"]
	ofServices := strings.Contains(o.def.Name, "_SVC_") || strings.HasSuffix(o.def.Name, "_SVC")
	for _, p := range o.def.Params {
		switch p.Type {
		case schema.PHostGroup:
			hosts, ok := o.s.group("hostgroups", o.args[p.Name])
			if !ok {
				return nil, cannot("There is no host group %.100q.", o.args[p.Name])
			}
			return onHosts(hosts, ofServices), nil
		case schema.PServiceGroup:
			services, ok := o.s.group("servicegroups", o.args[p.Name])
			if !ok {
				return nil, cannot("There is no service group %.100q.", o.args[p.Name])
			}
			if ofServices {
				return &call{t: serviceType, names: services}, nil
			}
			hosts := map[string]bool{}
			for _, full := range services {
				h, _ := split(full)
				hosts[h] = true
			}
			return &call{t: hostType, names: slices.Sorted(maps.Keys(hosts))}, nil
		}
	}
	switch {
	case host == "":
		return &call{}, nil
	case service != "":
		return &call{t: serviceType, names: []string{fullName(host, service)}}, nil
	case strings.Contains(o.def.Name, "_HOST_SVC_"):
		return onHosts([]string{host}, true), nil
	}
	return &call{t: hostType, names: []string{host}}, nil
}

// onHosts are hosts, or all their services.
func onHosts(hosts []string, services bool) *call {
	if !services {
		return &call{t: hostType, names: hosts}
	}
	return &call{t: serviceType, filter: "host.name in hosts", vars: map[string]any{"hosts": hosts}}
}

// group returns who is in a group, as last read.
func (s *Source) group(table, name string) ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.groups[table][name]
	return in, ok
}

// switchesOf are the attributes behind commands that switch something, by what
// stands between ENABLE_ or DISABLE_ and the end.
var switchesOf = []struct{ word, attr string }{
	{"PASSIVE", "enable_passive_checks"},
	{"EVENT_HANDLER", "enable_event_handler"},
	{"FLAP_DETECTION", "enable_flapping"},
	{"NOTIFICATIONS", "enable_notifications"},
	{"CHECK", "enable_active_checks"},
}

// globally are the attributes of the core behind commands without an object.
var globally = map[string]string{
	"EVENT_HANDLERS": "enable_event_handlers", "FLAP_DETECTION": "enable_flapping", "NOTIFICATIONS": "enable_notifications",
	"PERFORMANCE_DATA": "enable_perfdata", "EXECUTING_HOST_CHECKS": "enable_host_checks", "EXECUTING_SVC_CHECKS": "enable_service_checks",
}

// toggle makes the call that switches something on or off.
func (o *order) toggle(k *call) (*call, error) {
	verb, what, _ := strings.Cut(o.def.Name, "_")
	on := verb == "ENABLE" || verb == "START"
	if len(o.def.Params) == 0 {
		attr := globally[what]
		name := o.s.running().name()
		if attr == "" || name == "" {
			return nil, cannot("Icinga 2 has no switch for %s.", o.def.Name)
		}
		return &call{target: "icingaapplications/" + url.PathEscape(name), attrs: map[string]any{attr: on}}, nil
	}
	for _, s := range switchesOf {
		if strings.Contains(what, s.word) {
			k.attrs = map[string]any{s.attr: on}
			return k, nil
		}
	}
	return nil, cannot("Icinga 2 has no switch for %s.", o.def.Name)
}

// change makes the call that changes a setting.
func (o *order) change(k *call) (*call, error) {
	name := o.def.Name
	if strings.Contains(name, "CUSTOM") {
		return o.changeVariable(k)
	}
	switch {
	case strings.HasSuffix(name, "_CHECK_COMMAND"):
		k.attrs = map[string]any{"check_command": o.args["check_command"]}
	case strings.HasSuffix(name, "_EVENT_HANDLER"):
		k.attrs = map[string]any{"event_command": o.args["event_handler_command"]}
	case strings.HasSuffix(name, "_CHECK_TIMEPERIOD"):
		k.attrs = map[string]any{"check_period": o.args["check_timeperiod"]}
	case strings.HasSuffix(name, "_CHECK_ATTEMPTS"):
		k.attrs = map[string]any{"max_check_attempts": o.whole("check_attempts")}
	case strings.HasPrefix(name, "CHANGE_NORMAL_"):
		k.attrs = map[string]any{"check_interval": 60 * o.whole("check_interval")}
	case strings.HasPrefix(name, "CHANGE_RETRY_"):
		k.attrs = map[string]any{"retry_interval": 60 * o.whole("check_interval")}
	default:
		return nil, cannot("The API of Icinga 2 has nothing like %s.", name)
	}
	return k, nil
}

// changeVariable makes the call that changes a custom variable.
func (o *order) changeVariable(k *call) (*call, error) {
	variable, value := o.args["varname"], o.args["varvalue"]
	if variable == "" {
		variable, value = o.args["var"], o.args["value"]
	}
	if variable == "" || strings.ContainsAny(variable, ".[]") {
		return nil, cannot("A custom variable cannot be called %.60q in the API.", variable)
	}
	attrs := map[string]any{"vars." + variable: value}
	for kind, path := range map[string]string{"CHANGE_CUSTOM_USER_VAR": "users", "CHANGE_CUSTOM_CHECKCOMMAND_VAR": "checkcommands",
		"CHANGE_CUSTOM_EVENTCOMMAND_VAR": "eventcommands", "CHANGE_CUSTOM_NOTIFICATIONCOMMAND_VAR": "notificationcommands"} {
		if o.def.Name == kind {
			object := o.args["user"]
			if object == "" {
				object = o.args["command"]
			}
			return &call{target: path + "/" + url.PathEscape(object), attrs: attrs}, nil
		}
	}
	k.attrs = attrs
	return k, nil
}
