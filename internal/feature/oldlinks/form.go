package oldlinks

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/search"
)

// bits are the meanings of a sum of bits, from the lowest; nil when it says
// nothing.
func bits(value string, meanings ...string) []string {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return nil
	}
	var out []string
	for i, m := range meanings {
		if n&(1<<i) != 0 {
			out = append(out, m)
		}
	}
	if len(out) == len(meanings) {
		return nil
	}
	return out
}

func hostStates(sum string) []string { return bits(sum, "pending", "up", "down", "unreachable") }

func serviceStates(sum string) []string {
	return bits(sum, "pending", "ok", "warn", "unknown", "crit")
}

// masks returns the terms for sums of states and properties; get reads one by
// its name.
func (t *target) masks(get func(string) string, hosts bool) []search.Expr {
	var out []search.Expr
	if s := hostStates(get("hoststatustypes")); s != nil {
		field := "hoststate"
		if hosts {
			field = "state"
		}
		out = append(out, search.Is(field, s...))
	}
	if s := serviceStates(get("servicestatustypes")); s != nil && !hosts {
		out = append(out, search.Is("state", s...))
	}
	if hosts {
		return append(out, t.props(get("hostprops"), true)...)
	}
	return append(append(out, hostProps(get("hostprops"))...), t.props(get("serviceprops"), false)...)
}

// words are the properties that come in pairs, the bit that sets one and the
// bit that excludes it, from the lowest. The fifth means opposite things for
// hosts and services.
func words(hosts bool) [][2]string {
	flap := [2]string{"", "flap-detection-off"}
	if hosts {
		flap = [2]string{"flap-detection-off", ""}
	}
	return [][2]string{
		{"downtime", ""}, {"acknowledged", ""}, {"checks-off", ""}, {"event-handler-off", ""}, flap, {"flapping", ""},
		{"notifications-off", ""}, {"passive-off", ""}, {"passive", "active"}, {"hard", "soft"},
		{"", "outside-check-period"}, {"", "outside-notification-period"}, {"modified", ""},
	}
}

// props returns the terms for a sum of properties, all of which must hold.
func (t *target) props(value string, hosts bool) []search.Expr {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return nil
	}
	var out []search.Expr
	for i, w := range words(hosts) {
		set, unset := n&(1<<(2*i)) != 0, n&(1<<(2*i+1)) != 0
		yes, no := w[0], w[1]
		switch {
		case set && yes != "":
			out = append(out, search.Is("is", yes))
		case set:
			out = append(out, search.Without(search.Is("is", no)))
		case unset && no != "":
			out = append(out, search.Is("is", no))
		case unset:
			out = append(out, search.Without(search.Is("is", yes)))
		}
	}
	if n >= 1<<(2*len(words(hosts))) {
		t.lost = append(t.lost, "props "+value)
	}
	return out
}

// hostProps returns the terms for properties of the hosts of services: the
// columns that both bits of a pair speak of, with what the lower one wants.
func hostProps(value string) []search.Expr {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return nil
	}
	var out []search.Expr
	for i, c := range [][2]string{
		{"scheduled_downtime_depth", ">"}, {"acknowledged", "1"}, {"active_checks_enabled", "0"}, {"event_handler_enabled", "0"}, {"flap_detection_enabled", "0"},
		{"is_flapping", "1"}, {"notifications_enabled", "0"}, {"accept_passive_checks", "0"}, {"check_type", "1"}, {"state_type", "1"},
		{"in_check_period", "1"}, {"in_notification_period", "1"}, {"modified_attributes", ">"},
	} {
		field, other := "host_"+c[0], map[string]string{"0": "1", "1": "0", ">": "0"}[c[1]]
		switch {
		case n&(1<<(2*i)) != 0 && c[1] == ">":
			out = append(out, search.Cmp(field, search.Greater, "0"))
		case n&(1<<(2*i)) != 0:
			out = append(out, search.Eq(field, c[1]))
		case n&(1<<(2*i+1)) != 0:
			out = append(out, search.Eq(field, other))
		}
	}
	return out
}

// unhandled is the sum of properties "not in a downtime" and "not acknowledged".
const unhandled = 2 + 8

// combined maps Thruk's page of hosts and services together, which has a filter
// for each: what both say is the view of the problems, or a term that means
// both.
func (t *target) combined(q url.Values) {
	hosts, services := hostStates(q.Get("hst_s0_hoststatustypes")), serviceStates(q.Get("svc_s0_servicestatustypes"))
	isProblem := func(s string) bool { return !slices.Contains([]string{"pending", "up", "ok"}, s) }
	states := slices.DeleteFunc(slices.Concat(hosts, services), func(s string) bool { return !isProblem(s) })
	if given := len(hosts) > 0 && len(services) > 0; given && len(services) < 3 && len(states) > 0 {
		t.terms = append(t.terms, search.Is("state", states...))
	}
	if n, _ := strconv.Atoi(q.Get("svc_s0_serviceprops")); n&unhandled != unhandled {
		t.params = url.Values{"view": {"all"}}
	}
	text := url.Values{}
	for name, values := range q {
		for _, part := range []string{"_type", "_op", "_value", "_val_pre", "_t", "_o", "_v", "_vp"} {
			if strings.HasPrefix(name, "svc_") && strings.HasSuffix(name, part) {
				text[name] = values
			}
		}
	}
	t.boxes(text, false, "svc_")
	t.written(q.Get("svc_q"))
}

// written adds the term of a query in Thruk's own language.
func (t *target) written(text string) {
	if text == "" {
		return
	}
	e, err := search.Parse(text)
	if err != nil {
		t.lost = append(t.lost, "q")
		return
	}
	t.terms = append(t.terms, e)
}

// fields are the types of a row of Thruk's filter form, with the field of the
// query bar.
func fields() map[string]string {
	return map[string]string{"host": "host", "service": "service", "hostgroup": "hostgroup", "servicegroup": "servicegroup", "contact": "contact",
		"contactgroup": "contactgroup", "plugin output": "output", "comment": "comment", "address": "address", "parent": "parent", "site": "site", "search": "text",
		"check period": "check_period", "notification period": "notification_period", "command": "check", "event handler": "event_handler", "dependency": "dependency",
		"current attempt": "attempt", "% state change": "change", "execution time": "took", "latency": "latency", "number of services": "num_services",
		"duration": "age", "downtime duration": "downtime_duration", "last check": "last_check", "next check": "next_check",
		"business impact": "importance", "priority": "importance"}
}

// names are the fields that hold lists of names.
func names() []string {
	return []string{"hostgroup", "servicegroup", "contact", "contactgroup", "parent", "site"}
}

// boxes adds the terms of Thruk's filter form: rows of one box hold together,
// one of the boxes must.
func (t *target) boxes(q url.Values, hosts bool, prefixes ...string) {
	var any []search.Expr
	for _, prefix := range prefixes {
		for n := range 9 {
			box := prefix + "s" + strconv.Itoa(n) + "_"
			get := func(long, short string) []string {
				if v := q[box+long]; v != nil {
					return v
				}
				return q[box+short]
			}
			short := map[string]string{"hoststatustypes": "hst", "hostprops": "hp", "servicestatustypes": "sst", "serviceprops": "sp"}
			terms := t.masks(func(name string) string { return strings.Join(get(name, short[name]), "") }, hosts)
			at := func(list []string, i int) string {
				if i < len(list) {
					return list[i]
				}
				return ""
			}
			ops, values, more := get("op", "o"), get("value", "v"), get("val_pre", "vp")
			for i, kind := range get("type", "t") {
				value := at(values, i)
				if e, ok := row(kind, at(ops, i), value, at(more, i)); ok {
					terms = append(terms, e)
				} else if value != "" && value != "all" {
					t.lost = append(t.lost, kind)
				}
			}
			if len(terms) > 0 {
				any = append(any, search.And(terms...))
			}
		}
	}
	if len(any) > 0 {
		t.terms = append(t.terms, search.Or(any[0], any[1:]...))
	}
}

// row returns the term of one row of the form; variable is the name of a custom
// variable. A term that cannot be read again is none.
func row(kind, op, value, variable string) (e search.Expr, ok bool) {
	kind = strings.ToLower(kind)
	field := fields()[kind]
	if kind == "custom variable" && variable != "" {
		field = "_" + strings.ToUpper(strings.TrimPrefix(variable, "_"))
	}
	if field == "" || value == "" || value == "all" {
		return e, false
	}
	has := search.Expr{Kind: search.Term, Field: field, Op: search.Has, Values: []search.Value{search.Word(value)}}
	if !plainText(value) || slices.Contains(names(), field) {
		has = search.Cmp(field, search.Match, value)
	}
	switch {
	case field == "text":
		e = search.Expr{Kind: search.Text, Values: []search.Value{search.Word(value)}}
	case op == "=" || op == "":
		e = matching(field, value)
	case op == "!=":
		e = search.Without(matching(field, value))
	case op == "~":
		e = has
	case op == "!~":
		e = search.Without(has)
	case op == ">=":
		e = search.Cmp(field, search.GreaterOrEqual, value)
	case op == "<=":
		e = search.Cmp(field, search.LessOrEqual, value)
	default:
		return e, false
	}
	_, err := search.Parse(e.String())
	return e, err == nil
}

// plainText reports whether a regular expression is just a text.
func plainText(s string) bool { return !strings.ContainsAny(s, `\.+*?()|[]{}^$`) }
