package search

import (
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// NewFor is how long a problem is new.
const NewFor = 5 * time.Minute

// A word is one that state, hoststate or is takes, with its filter by table.
type word struct {
	name    string
	aliases []string
	filter  func(now time.Time) lql.Filter
	tables  []string
}

// columns of a filter over hosts become those of a service's host.
func ofHost(f lql.Filter) lql.Filter {
	f = lql.Filter{Kind: f.Kind, Column: f.Column, Op: f.Op, Value: f.Value, Kids: slices.Clone(f.Kids)}
	if f.Kind == lql.Leaf {
		f.Column = "host_" + f.Column
	}
	for i := range f.Kids {
		f.Kids[i] = ofHost(f.Kids[i])
	}
	return f
}

func is(column, value string) func(time.Time) lql.Filter {
	return func(time.Time) lql.Filter { return lql.Eq(column, value) }
}

func above(column, value string) func(time.Time) lql.Filter {
	return func(time.Time) lql.Filter { return lql.Cmp(column, lql.Greater, value) }
}

// checkedState is a state that also those seem to be in that were never
// checked.
func checkedState(time.Time) lql.Filter {
	return lql.AndOf(lql.Eq("has_been_checked", "1"), lql.Eq("state", "0"))
}

// stateWords are the states of hosts and services, worst first.
var stateWords = []word{
	{name: "down", aliases: []string{"d"}, filter: is("state", "1"), tables: []string{"hosts"}},
	{name: "unreachable", aliases: []string{"unreach", "unre"}, filter: is("state", "2"), tables: []string{"hosts"}},
	{name: "up", filter: checkedState, tables: []string{"hosts"}},
	{name: "crit", aliases: []string{"critical", "c"}, filter: is("state", "2"), tables: []string{"services"}},
	{name: "warn", aliases: []string{"warning", "w"}, filter: is("state", "1"), tables: []string{"services"}},
	{name: "unknown", aliases: []string{"unkn", "u"}, filter: is("state", "3"), tables: []string{"services"}},
	{name: "ok", filter: checkedState, tables: []string{"services"}},
	{name: "pending", aliases: []string{"pend"}, filter: is("has_been_checked", "0"), tables: commented},
	{name: "problem", aliases: []string{"problems"}, filter: above("state", "0"), tables: commented},
}

func planned(table string) lql.Filter {
	own := lql.Cmp("scheduled_downtime_depth", lql.Greater, "0")
	if table == "hosts" {
		return own
	}
	return lql.OrOf(own, lql.Cmp("host_scheduled_downtime_depth", lql.Greater, "0"))
}

// handled returns the filter for problems that somebody has, that were
// planned, or that a problem of the host explains.
func handled(table string) lql.Filter {
	ways := []lql.Filter{lql.Eq("acknowledged", "1"), planned(table)}
	if table == "services" {
		ways = append(ways, lql.Cmp("host_state", lql.Greater, "0"))
	}
	return lql.OrOf(ways...)
}

func problemWith(f lql.Filter) lql.Filter {
	return lql.AndOf(lql.Cmp("state", lql.Greater, "0"), f)
}

func fixed(f lql.Filter) func(time.Time) lql.Filter { return func(time.Time) lql.Filter { return f } }

// flagWords are the words of is for a table of objects.
func flagWords(table string) []word {
	fresh := func(now time.Time) lql.Filter {
		return problemWith(lql.Cmp("last_state_change", lql.Greater, unix(now.Add(-NewFor))))
	}
	stale := fixed(lql.AndOf(lql.Eq("has_been_checked", "1"), lql.Eq("active_checks_enabled", "1"), lql.Cmp("staleness", lql.GreaterOrEqual, "2")))
	words := []word{
		{name: "problem", filter: above("state", "0")},
		{name: "unhandled", filter: fixed(problemWith(lql.NotOf(handled(table))))},
		{name: "handled", filter: fixed(problemWith(handled(table)))},
		{name: "acknowledged", aliases: []string{"acked", "ack"}, filter: is("acknowledged", "1")},
		{name: "downtime", aliases: []string{"planned", "in-downtime"}, filter: fixed(planned(table))},
		{name: "new", filter: fresh},
		{name: "soft", filter: is("state_type", "0")},
		{name: "hard", filter: is("state_type", "1")},
		{name: "flapping", filter: is("is_flapping", "1")},
		{name: "stale", aliases: []string{"late"}, filter: stale},
		{name: "pending", filter: is("has_been_checked", "0")},
		{name: "active", filter: is("check_type", "0")},
		{name: "passive", filter: is("check_type", "1")},
		{name: "checks-off", filter: is("active_checks_enabled", "0")},
		{name: "passive-off", filter: is("accept_passive_checks", "0")},
		{name: "notifications-off", aliases: []string{"silent"}, filter: is("notifications_enabled", "0")},
		{name: "event-handler-off", filter: is("event_handler_enabled", "0")},
		{name: "flap-detection-off", filter: is("flap_detection_enabled", "0")},
		{name: "outside-check-period", filter: is("in_check_period", "0")},
		{name: "outside-notification-period", filter: is("in_notification_period", "0")},
		{name: "modified", filter: above("modified_attributes", "0")},
		{name: "executing", filter: is("is_executing", "1")},
		{name: "root-problem", filter: is("is_problem", "1")},
		{name: "impact", filter: is("is_impact", "1")},
	}
	if table == "services" {
		words = append(words, word{name: "host-problem", filter: above("host_state", "0")})
	}
	for i := range words {
		words[i].tables = []string{table}
	}
	return words
}

// entryWords are the words of is for comments and downtimes.
func entryWords(table string) []word {
	words := []word{
		{name: "for-host", filter: is("is_service", "0")},
		{name: "for-service", filter: is("is_service", "1")},
	}
	if table == "comments" {
		words = append(words,
			word{name: "acknowledgement", filter: is("entry_type", "4")},
			word{name: "downtime", filter: is("entry_type", "2")},
			word{name: "flapping", filter: is("entry_type", "3")},
			word{name: "user", filter: is("entry_type", "1")},
			word{name: "persistent", filter: is("persistent", "1")},
			word{name: "expires", filter: is("expires", "1")})
	} else {
		over := func(now time.Time) lql.Filter {
			return lql.AndOf(lql.Cmp("start_time", lql.LessOrEqual, unix(now)), lql.Cmp("end_time", lql.LessOrEqual, unix(now)))
		}
		active := func(now time.Time) lql.Filter {
			return lql.AndOf(lql.Cmp("start_time", lql.LessOrEqual, unix(now)), lql.Cmp("end_time", lql.Greater, unix(now)))
		}
		words = append(words,
			word{name: "active", filter: active},
			word{name: "upcoming", aliases: []string{"scheduled"}, filter: func(now time.Time) lql.Filter { return lql.Cmp("start_time", lql.Greater, unix(now)) }},
			word{name: "over", filter: over},
			word{name: "fixed", filter: is("fixed", "1")},
			word{name: "flexible", filter: is("fixed", "0")})
	}
	for i := range words {
		words[i].tables = []string{table}
	}
	return words
}

// groupWords are the words of is for host groups and service groups.
func groupWords(table string) []word {
	any := []lql.Filter{lql.Cmp("worst_service_state", lql.Greater, "0")}
	open := []lql.Filter{lql.Cmp("num_services_unhandled_problems", lql.Greater, "0")}
	members := lql.Eq("num_services", "0")
	if table == "hostgroups" {
		some := func(column string) lql.Filter { return lql.Cmp(column, lql.Greater, "0") }
		any = append([]lql.Filter{some("num_hosts_down"), some("num_hosts_unreach")}, any...)
		open = append([]lql.Filter{some("num_hosts_unhandled_down"), some("num_hosts_unhandled_unreach")}, open...)
		members = lql.Eq("num_hosts", "0")
	}
	return []word{
		{name: "problem", filter: fixed(joined(lql.Or, any)), tables: []string{table}},
		{name: "unhandled", filter: fixed(joined(lql.Or, open)), tables: []string{table}},
		{name: "empty", filter: fixed(members), tables: []string{table}},
	}
}

// wordsOf returns the words that a field of kind Words takes for a table, none
// where it has no meaning.
func wordsOf(field, table string) []word {
	object := slices.Contains(commented, table)
	switch {
	case field == "state" && object:
		return ofTable(stateWords, table)
	case field == "hoststate" && table == "hosts":
		return ofTable(stateWords, "hosts")
	case field == "hoststate" && (table == "services" || table == "comments" || table == "downtimes"):
		words := slices.Clone(ofTable(stateWords, "hosts"))
		for i, w := range words {
			words[i].filter = func(now time.Time) lql.Filter { return ofHost(w.filter(now)) }
		}
		return words
	case field == "is" && object:
		return flagWords(table)
	case field == "is" && (table == "comments" || table == "downtimes"):
		return entryWords(table)
	case field == "is" && (table == "hostgroups" || table == "servicegroups"):
		return groupWords(table)
	}
	return nil
}

func ofTable(words []word, table string) []word {
	var out []word
	for _, w := range words {
		if slices.Contains(w.tables, table) {
			out = append(out, w)
		}
	}
	return out
}

// WordsOf returns the words that state, hoststate or is takes for rows of
// tables, in the order to offer them.
func WordsOf(field string, tables ...string) []string {
	var out []string
	for _, table := range tables {
		for _, w := range wordsOf(field, table) {
			if !slices.Contains(out, w.name) {
				out = append(out, w.name)
			}
		}
	}
	return out
}

// canonicalWord returns the word that name means for a field, by any of its
// names. Numbers stand for themselves in state and hoststate.
func canonicalWord(field, name string) (string, bool) {
	name = strings.ToLower(name)
	for _, table := range tableOrder {
		for _, w := range wordsOf(field, table) {
			if w.name == name || slices.Contains(w.aliases, name) {
				return w.name, true
			}
		}
	}
	if field != "is" && len(name) == 1 && name[0] >= '0' && name[0] <= '3' {
		return name, true
	}
	return "", false
}

// nearestWord returns the name among those that name is most likely a
// misspelling of, "" when none is near.
func nearestWord(name string, names []string) string {
	return schema.Nearest(strings.ToLower(name), names)
}
