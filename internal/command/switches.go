package command

import (
	"strings"

	"belvedere/internal/lql"
)

// objectSwitches are what can be enabled and disabled on a host or service:
// the command's name without verb and HOST or SVC, and the column.
var objectSwitches = map[string]string{
	"CHECK": "active_checks_enabled", "CHECKS": "active_checks_enabled", "PASSIVE_CHECKS": "accept_passive_checks",
	"NOTIFICATIONS": "notifications_enabled", "EVENT_HANDLER": "event_handler_enabled", "FLAP_DETECTION": "flap_detection_enabled",
}

// coreSwitches are those of a core as a whole, by the whole name without verb.
var coreSwitches = map[string]string{
	"NOTIFICATIONS": "enable_notifications", "EVENT_HANDLERS": "enable_event_handlers", "FLAP_DETECTION": "enable_flap_detection",
	"PERFORMANCE_DATA": "process_performance_data", "HOST_FRESHNESS_CHECKS": "check_host_freshness", "SERVICE_FRESHNESS_CHECKS": "check_service_freshness",
	"ACCEPTING_PASSIVE_HOST_CHECKS": "accept_passive_host_checks", "ACCEPTING_PASSIVE_SVC_CHECKS": "accept_passive_service_checks",
	"EXECUTING_HOST_CHECKS": "execute_host_checks", "EXECUTING_SVC_CHECKS": "execute_service_checks",
	"OBSESSING_OVER_HOST_CHECKS": "obsess_over_hosts", "OBSESSING_OVER_SVC_CHECKS": "obsess_over_services",
}

// switchEffect is how the commands that enable, disable, start and stop show:
// no object is left that is switched the other way.
func switchEffect(name string, t Target) effect {
	switch name { // of old
	case "ENTER_ACTIVE_MODE":
		name = "ENABLE_NOTIFICATIONS"
	case "ENTER_STANDBY_MODE":
		name = "DISABLE_NOTIFICATIONS"
	}
	verb, rest, ok := strings.Cut(name, "_")
	if !ok {
		return effect{}
	}
	wrong := int64(0)
	switch verb {
	case "ENABLE", "START":
	case "DISABLE", "STOP":
		wrong = 1
	default:
		return effect{}
	}
	off := func(table, column string, which lql.Filter) effect {
		return effect{table: table, rows: lql.AndOf(which, lql.EqInt(column, wrong)), gone: true}
	}
	host := lql.Eq("host_name", t.Host)
	switch {
	case t.Contact != "":
		return contactSwitch(rest, t, off)
	case t.Group != "":
		return groupSwitch(rest, t, off)
	case t.Host == "":
		if column, ok := coreSwitches[rest]; ok {
			return off("status", column, lql.AndOf())
		}
		return effect{}
	case rest == "OBSESSING_OVER_HOST":
		return off("hosts", "obsess_over_host", lql.Eq("name", t.Host))
	case rest == "OBSESSING_OVER_SVC":
		_, object := objectOf(t)
		return off("services", "obsess_over_service", object)
	case rest == "HOST_SVC_CHECKS":
		return off("services", "active_checks_enabled", host)
	case rest == "HOST_SVC_NOTIFICATIONS":
		return off("services", "notifications_enabled", host)
	case rest == "HOST_AND_CHILD_NOTIFICATIONS":
		return off("hosts", "notifications_enabled", lql.OrOf(lql.Eq("name", t.Host), lql.Has("parents", t.Host)))
	case rest == "ALL_NOTIFICATIONS_BEYOND_HOST":
		return off("hosts", "notifications_enabled", lql.Has("parents", t.Host))
	}
	what := strings.Replace(strings.Replace(rest, "HOST_", "", 1), "SVC_", "", 1)
	column, ok := objectSwitches[what]
	if !ok {
		return effect{}
	}
	table, object := objectOf(t)
	return off(table, column, object)
}

type offFunc func(table, column string, which lql.Filter) effect

// groupSwitch: HOSTGROUP_SVC_CHECKS, SERVICEGROUP_PASSIVE_HOST_CHECKS and so on.
func groupSwitch(rest string, t Target, off offFunc) effect {
	kind, what, _ := strings.Cut(rest, "_")
	members := "host_groups"
	if kind == "SERVICEGROUP" {
		members = "groups"
	}
	hosts := !strings.Contains(what, "SVC_")
	column, ok := objectSwitches[strings.Replace(strings.Replace(what, "HOST_", "", 1), "SVC_", "", 1)]
	switch {
	case !ok:
		return effect{}
	case hosts && kind == "SERVICEGROUP":
		// The hosts of the group's services: seen from the services.
		return off("services", "host_"+column, lql.Has("groups", t.Group))
	case hosts:
		return off("hosts", column, lql.Has("groups", t.Group))
	}
	return off("services", column, lql.Has(members, t.Group))
}

// contactSwitch: notifications of a contact. Groups of contacts show nothing.
func contactSwitch(rest string, t Target, off offFunc) effect {
	switch rest {
	case "CONTACT_HOST_NOTIFICATIONS":
		return off("contacts", "host_notifications_enabled", lql.Eq("name", t.Contact))
	case "CONTACT_SVC_NOTIFICATIONS":
		return off("contacts", "service_notifications_enabled", lql.Eq("name", t.Contact))
	}
	return effect{}
}
