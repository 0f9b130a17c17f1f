package oldlinks

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"belvedere/internal/search"
)

// icingaRoots are the paths under which Icinga Web is installed.
func icingaRoots() []string { return []string{"icingaweb2", "icingaweb", "icinga-web"} }

// translateIcinga maps an address of Icinga Web; rest is the path behind
// "/icingaweb2/". Its modules monitoring and icingadb have the same pages under
// names that differ little.
func translateIcinga(rest string, q url.Values) target {
	q = readable(q)
	module, page, _ := strings.Cut(strings.Trim(strings.ToLower(rest), "/"), "/")
	switch module {
	case "", "dashboard", "authentication":
		return target{page: "/"}
	case "account", "my-account":
		return target{page: "/profile"}
	case "monitoring", "icingadb":
	default:
		return target{}
	}
	page = strings.TrimPrefix(page, "list/")
	switch page {
	case "", "tactical":
		return target{page: "/overview"}
	case "hosts", "hosts/show", "services", "services/show":
		page, _, _ := strings.Cut(page, "/")
		t := target{page: "/" + page}
		t.icingaFilter(q, page)
		return t
	case "host", "host/show", "host/services", "host/history":
		return icingaObject(first(q, "host", "name", "host.name"), "")
	case "service", "service/show", "service/history":
		return icingaObject(first(q, "host", "host.name"), first(q, "service", "name", "service.name"))
	case "servicegrid", "services/grid":
		return target{page: "/groups", params: url.Values{"view": {"matrix"}}}
	case "hostgroup", "servicegroup":
		if name := first(q, "name"); name != "" {
			return target{page: "/" + page + "/" + url.PathEscape(name)}
		}
		return target{page: "/groups"}
	case "hostgroups", "hostgroups/grid", "hostgroup-grid":
		return target{page: "/groups"}
	case "servicegroups", "servicegroups/grid", "servicegroup-grid":
		return target{page: "/groups", params: url.Values{"kind": {"service"}}}
	case "contacts", "users", "contact", "contact/show", "user":
		return target{page: "/config/contacts"}
	case "contactgroups", "usergroups", "usergroup":
		return target{page: "/config/contactgroups"}
	case "health", "health/info", "health/stats", "process/info":
		return target{page: "/processes"}
	case "eventhistory", "history", "notifications", "event", "eventgrid":
		return target{page: "/log"}
	}
	for _, list := range []string{"downtime", "comment"} {
		if first, _, _ := strings.Cut(page, "/"); strings.TrimSuffix(first, "s") == list {
			return target{page: "/" + list + "s"}
		}
	}
	return target{}
}

// first returns the first of the parameters that says something.
func first(q url.Values, names ...string) string {
	for _, n := range names {
		if v := q.Get(n); v != "" {
			return v
		}
	}
	return ""
}

// icingaObject returns where the page of a host or service is.
func icingaObject(host, service string) target {
	names := url.Values{"type": {"1"}, "host": {host}}
	if service != "" {
		names = url.Values{"type": {"2"}, "host": {host}, "service": {service}}
	}
	return extinfo(names)
}

// icingaFilter adds what the parameters of a list of hosts or services ask for.
func (t *target) icingaFilter(q url.Values, list string) {
	for _, key := range slices.Sorted(maps.Keys(q)) {
		field, not := strings.CutSuffix(key, "!")
		if field, value, ok := strings.Cut(field, "~"); ok && value != "" { // name~*web*: no equals sign follows
			t.icingaTerm(field, value, not, list)
			continue
		}
		for _, v := range q[key] {
			t.icingaTerm(field, v, not, list)
		}
	}
}

// icingaTerm adds the term for one of them.
func (t *target) icingaTerm(field, value string, not bool, list string) {
	state := map[string]string{"0": "ok", "1": "warn", "2": "crit", "3": "unknown", "99": "pending"}
	hostState := map[string]string{"0": "up", "1": "down", "2": "unreachable", "99": "pending"}
	term := func(e search.Expr) {
		if not {
			e = search.Without(e)
		}
		t.terms = append(t.terms, e)
	}
	own := map[string]string{"hosts": "host", "services": "service"}[list]
	field = strings.NewReplacer(".state.", "_", ".", "_", "soft_state", "state", "hard_state", "state").Replace(field)
	if list == "hosts" && strings.HasPrefix(field, "service") {
		t.lost = append(t.lost, field)
		return
	}
	switch field {
	case "sort", "limit", "page", "view", "dir", "columns", "addFilter", "modifyFilter", "showCompact", "problems", "isiframe", "_":
	case "host", "host_name", "host_display_name":
		term(matching("host", value))
	case "service", "service_name", "service_description", "service_display_name":
		term(matching("service", value))
	case "hostgroup_name", "hostgroup", "servicegroup_name", "servicegroup":
		term(matching(strings.TrimSuffix(field, "_name"), value))
	case "service_state":
		t.known(term, "state", state[value], field)
	case "host_state":
		name := "hoststate"
		if list == "hosts" {
			name = "state"
		}
		t.known(term, name, hostState[value], field)
	case own + "_problem", own + "_is_problem", own + "_handled", own + "_is_handled", own + "_acknowledged", own + "_is_acknowledged", own + "_in_downtime":
		word := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(field, own+"_"), "is_"), "in_")
		if value == "0" || value == "n" {
			not = !not
		}
		term(search.Is("is", word))
	default:
		t.lost = append(t.lost, field)
	}
}

// known adds the term for a state, if there is such a one.
func (t *target) known(term func(search.Expr), field, state, param string) {
	if state == "" {
		t.lost = append(t.lost, param)
		return
	}
	term(search.Is(field, state))
}
