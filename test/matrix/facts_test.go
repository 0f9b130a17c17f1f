package matrix_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// facts are what a core says of itself: by table and key, columns as text.
type facts map[fact]map[string]string

// A fact names a row.
type fact struct {
	table string
	owner string // host, contact or other object it belongs to, "" the core
	key   string // the rest of what tells it from others
}

// idle are columns that move by themselves or say again what others say.
var idle = map[string]bool{
	"last_update": true, "latency": true, "check_latency": true, "execution_time": true, "check_execution_time": true, "staleness": true,
	"last_event_id": true, "current_event_id": true, "current_problem_id": true, "last_problem_id": true, "id": true, "comment_id": true, "downtime_id": true,
	"next_comment_id": true, "next_downtime_id": true, "next_event_id": true, "next_problem_id": true, "next_notification_id": true, "current_notification_id": true,
	"modified_attributes_list": true, "checks_enabled": true, "cv_is_json": true, "original_attributes": true,
	"custom_variable_names": true, "custom_variable_values": true, "modified_host_attributes_list": true, "check_source": true, "is_executing": true, "is_reachable": true, "in_check_period": true, "in_notification_period": true, "no_more_notifications": true,
	"last_command_check": true, "log_messages": true, "connections": true, "requests": true, "forks": true, "neb_callbacks": true, "external_commands": true,
	"service_checks": true, "host_checks": true, "cached_log_messages": true, "livestatus_active_connections": true, "livestatus_queued_connections": true,
	"entry_time": true, "external_command_buffer_usage": true, "external_command_buffer_max": true,
}

// checked are columns that every check result moves.
var checked = map[string]bool{
	"last_check": true, "next_check": true, "plugin_output": true, "long_plugin_output": true, "perf_data": true, "performance_data": true, "state": true, "current_state": true,
	"state_type": true, "last_state": true, "last_state_change": true, "last_hard_state": true, "last_hard_state_change": true, "has_been_checked": true,
	"current_attempt": true, "check_type": true, "percent_state_change": true, "check_options": true, "should_be_scheduled": true,
	"last_time_up": true, "last_time_down": true, "last_time_unreachable": true, "last_time_ok": true, "last_time_warning": true, "last_time_critical": true, "last_time_unknown": true,
}

// skip says whether a column tells nothing about a command.
func skip(command, table, column string) bool {
	about := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(command, p) })
	}
	switch {
	case idle[column], strings.HasSuffix(column, "_rate"), strings.HasSuffix(column, "_stats"):
		return true
	case strings.HasPrefix(column, "modified_") && table != "hosts" && table != "services":
		return !about("_MOD") // on the core as a whole it adds up, and says nothing new elsewhere
	case strings.HasPrefix(table, "host") && about("SVC", "SERVICE") && !about("SERVICEGROUP") && checked[column]:
		return true // a problem of a service has its host checked
	}
	switch column {
	case "next_check":
		return !strings.HasPrefix(command, "SCHEDULE_") || !about("_CHECK")
	case "last_check":
		return !about("PROCESS_", "SCHEDULE_")
	case "state", "current_state":
		return !about("PROCESS_")
	case "next_notification":
		return !about("DELAY_") || about("SVC") == strings.HasPrefix(table, "host") // Icinga 2 plans anew all the time
	case "last_notification", "current_notification_number", "last_host_notification", "last_service_notification":
		return !about("SEND_", "SET_")
	}
	return checked[column]
}

// changes says in sorted short texts what differs between two looks at a core,
// of the rows that belong to the owners; all rows if there are none.
func changes(command string, before, after facts, owners ...string) []string {
	n := map[string]int{}
	mine := func(f fact) bool { return len(owners) == 0 || slices.Contains(owners, f.owner) }
	for f, now := range after {
		if !mine(f) || f.table == "log: unknown" || strings.HasPrefix(f.table, "log: ") && !strings.HasPrefix(command, "SEND_") && command != "LOG" {
			continue
		}
		was, ok := before[f]
		if !ok {
			n["+"+f.table]++
			continue
		}
		if strings.HasPrefix(f.table, "log: ") {
			continue
		}
		row := map[string]bool{}
		for column, v := range now {
			if old := was[column]; old == v || skip(command, f.table, column) {
				continue
			}
			if column == "next_check" && strings.Contains(command, "_FORCED_") {
				column = "last_check" // it ran: times are whole seconds, so that one of both may stay
			}
			row[f.table+"."+column+valueText(v)] = true
		}
		for text := range row {
			n[text]++
		}
	}
	for f := range before {
		if _, ok := after[f]; !ok && mine(f) && !strings.HasPrefix(f.table, "log: ") {
			n["-"+f.table]++
		}
	}
	out := slices.Collect(maps.Keys(n))
	sort.Strings(out)
	for i, text := range out {
		if n[text] > 1 {
			out[i] = fmt.Sprintf("%s (%d)", text, n[text])
		}
	}
	return out
}

// valueText is how a value is shown: times and numbers of processes are other
// ones in each run.
func valueText(v string) string {
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		if f >= 10000 {
			return ""
		}
		return "=" + strconv.FormatFloat(f, 'f', -1, 64)
	}
	if v == "" {
		return "=empty"
	}
	return "=" + v
}
