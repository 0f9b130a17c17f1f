package matrix_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// names are the objects that a command is tried on.
type names struct {
	host, child, service, hostgroup, servicegroup, contact, contactgroup string
}

// words are what the configuration of a core calls things.
type words struct{ period, command, handler, variable string }

// A trial is one command on its objects.
type trial struct {
	def    *schema.Command
	n      names
	values []string // of the parameters
	author string
	alone  bool
	start  int64 // of its downtimes
}

// text is what the trial writes into comments, told from those of all others.
func (k *trial) text() string { return "trial of " + k.def.Name }

// newTrial makes up values for a command.
func newTrial(def *schema.Command, n names, w words, author string) *trial {
	k := &trial{def: def, n: n, author: author, start: time.Now().Add(time.Hour).Unix()}
	hosts := 0
	for _, p := range def.Params {
		v := ""
		switch p.Type {
		case schema.PHost:
			v = [2]string{n.host, n.child}[min(hosts, 1)]
			if hosts++; def.Params[0].Type == schema.PHostGroup {
				v = n.host
			}
		case schema.PService:
			v = n.service
		case schema.PHostGroup:
			v = n.hostgroup
		case schema.PServiceGroup:
			v = n.servicegroup
		case schema.PContact:
			v = n.contact
		case schema.PContactGroup:
			v = n.contactgroup
		case schema.PTimeperiod:
			v = w.period
		case schema.PAuthor:
			v = author
		default:
			v = k.value(p, w)
		}
		k.values = append(k.values, v)
	}
	return k
}

func (k *trial) value(p schema.Param, w words) string {
	switch p.Name {
	case "start_time", "downtime_start_time":
		return strconv.FormatInt(k.start, 10)
	case "end_time":
		if strings.HasPrefix(k.def.Name, "ACKNOWLEDGE_") {
			return strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
		}
		return strconv.FormatInt(k.start+3600, 10)
	case "notification_time", "schedule_time", "expire_time":
		return strconv.FormatInt(k.start+7200, 10)
	case "check_time":
		if strings.Contains(k.def.Name, "FORCED") {
			return strconv.FormatInt(time.Now().Unix(), 10)
		}
		return strconv.FormatInt(k.start, 10)
	case "trigger_id":
		return "0"
	case "duration":
		return "3600"
	case "sticky":
		return "2"
	case "options":
		return "6"
	case "status_code":
		if k.service() {
			return "2"
		}
		return "1"
	case "value":
		return "1"
	case "check_command", "command":
		return w.command
	case "event_handler_command":
		return w.handler
	case "var", "varname":
		return w.variable
	case "varvalue":
		return "bronze"
	case "comment":
		return k.text()
	}
	switch p.Type {
	case schema.PBool:
		return "1"
	case schema.PInt, schema.PULong:
		return "7"
	}
	return madeUp
}

// madeUp is a text that means nothing.
const madeUp = "made up"

// service reports whether the command is about a service.
func (k *trial) service() bool {
	for _, p := range k.def.Params {
		if p.Type == schema.PService {
			return true
		}
	}
	return strings.HasPrefix(k.def.Name, "DEL_SVC_")
}

// object is the host, or host and service, as commands name it.
func (k *trial) object() string {
	if k.service() {
		return k.n.host + ";" + k.n.service
	}
	return k.n.host
}

func (k *trial) kind() string {
	if k.service() {
		return "SVC"
	}
	return "HOST"
}

// line is the command as it is told to a core.
func (k *trial) line() string {
	line := k.def.Name
	for _, v := range k.values {
		line += ";" + v
	}
	return line
}

// order is the trial as a person gives it.
func (k *trial) order(site string) command.Order {
	o := command.Order{Command: k.def.Name, Args: map[string]string{}, Targets: []command.Target{{Site: site}}}
	t := &o.Targets[0]
	for i, p := range k.def.Params {
		switch p.Type {
		case schema.PHost:
			if t.Host != "" {
				o.Args[p.Name] = k.values[i]
			}
			if t.Host == "" {
				t.Host = k.values[i]
			}
		case schema.PService:
			t.Service = k.values[i]
		case schema.PHostGroup, schema.PServiceGroup:
			t.Group = k.values[i]
		case schema.PContact, schema.PContactGroup:
			t.Contact = k.values[i]
		case schema.PAuthor:
		default:
			o.Args[p.Name] = k.values[i]
		}
	}
	if k.entryTable() != "" {
		delete(o.Args, "comment_id")
		delete(o.Args, "downtime_id")
		t.Host = k.n.host
		if k.service() {
			t.Service = k.n.service
		}
	}
	return o
}

// behind reports whether the command reaches the hosts behind the host, too.
func (k *trial) behind() bool {
	for _, word := range []string{"PROPAGATE", "BEYOND_HOST", "_AND_CHILD_"} {
		if strings.Contains(k.def.Name, word) {
			return true
		}
	}
	return false
}

// entryTable is where the comment or downtime is that the command deletes by
// its number, "" for all other commands.
func (k *trial) entryTable() string {
	switch k.def.Name {
	case "DEL_HOST_COMMENT", "DEL_SVC_COMMENT":
		return "comments"
	case "DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME":
		return "downtimes"
	}
	return ""
}

// opposite returns the command that switches back what this one switches.
func opposite(name string) (string, bool) {
	for _, p := range [][2]string{{"ENABLE_", "DISABLE_"}, {"START_", "STOP_"}} {
		if rest, ok := strings.CutPrefix(name, p[0]); ok {
			return p[1] + rest, true
		}
		if rest, ok := strings.CutPrefix(name, p[1]); ok {
			return p[0] + rest, true
		}
	}
	switch name {
	case "ENTER_ACTIVE_MODE":
		return "DISABLE_NOTIFICATIONS", true
	case "ENTER_STANDBY_MODE":
		return "ENABLE_NOTIFICATIONS", true
	}
	return "", false
}

// prepare returns what brings the core into a state in which the command does
// something.
func (k *trial) prepare() []string {
	name := k.def.Name
	problem := []string{fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;1;broken", k.n.host)}
	if k.service() {
		problem = []string{fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;0;well", k.n.host), fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;2;broken", k.object())}
	}
	downtime := func(kind, object string) string {
		return fmt.Sprintf("SCHEDULE_%s_DOWNTIME;%s;%d;%d;1;0;3600;%s;%s", kind, object, k.start, k.start+3600, k.author, k.text())
	}
	switch {
	case strings.HasPrefix(name, "ACKNOWLEDGE_"):
		return problem
	case strings.HasPrefix(name, "REMOVE_"):
		return append(problem, fmt.Sprintf("ACKNOWLEDGE_%s_PROBLEM;%s;2;0;1;%s;%s", k.kind(), k.object(), k.author, k.text()))
	case strings.HasPrefix(name, "DEL_") && strings.Contains(name, "_COMMENT") && !strings.Contains(name, "DOWNTIME"):
		return []string{fmt.Sprintf("ADD_%s_COMMENT;%s;1;%s;%s", k.kind(), k.object(), k.author, k.text())}
	case name == "DEL_DOWNTIME_BY_START_TIME_COMMENT":
		return []string{downtime("HOST", k.n.host)}
	case strings.HasPrefix(name, "DEL_") && strings.Contains(name, "_DOWNTIME") && name != "DEL_CONTACT_DOWNTIME":
		return []string{downtime(k.kind(), k.object())}
	case strings.HasPrefix(name, "SCHEDULE_") && strings.Contains(name, "_CHECK"):
		// Icinga 2 takes no later time than it has planned.
		now := time.Now().Unix()
		return []string{"ENABLE_HOST_CHECK;" + k.n.host, "ENABLE_SVC_CHECK;" + k.n.host + ";" + k.n.service,
			fmt.Sprintf("SCHEDULE_FORCED_HOST_CHECK;%s;%d", k.n.host, now), fmt.Sprintf("SCHEDULE_FORCED_SVC_CHECK;%s;%s;%d", k.n.host, k.n.service, now)}
	}
	if back, ok := opposite(name); ok {
		line := back
		for _, v := range k.values {
			line += ";" + v
		}
		return []string{line}
	}
	return nil
}

// ready is what the store must hold before the order makes sense; nil: nothing.
func (k *trial) ready() *lql.Query {
	object := lql.AndOf(lql.Eq("host_name", k.n.host), lql.Eq("service_description", ""))
	table := "hosts"
	row := lql.Eq("name", k.n.host)
	if k.service() {
		object = lql.AndOf(lql.Eq("host_name", k.n.host), lql.Eq("service_description", k.n.service))
		table, row = "services", lql.AndOf(lql.Eq("host_name", k.n.host), lql.Eq("description", k.n.service))
	}
	switch {
	case strings.HasPrefix(k.def.Name, "ACKNOWLEDGE_"):
		return lql.Get(table).Where(row, lql.Cmp("state", lql.Greater, "0"), lql.EqInt("has_been_checked", 1)).Count(lql.AndOf())
	case strings.HasPrefix(k.def.Name, "REMOVE_"):
		return lql.Get(table).Where(row, lql.EqInt("acknowledged", 1)).Count(lql.AndOf())
	case strings.HasPrefix(k.def.Name, "SCHEDULE_") && strings.Contains(k.def.Name, "_CHECK"):
		return lql.Get("services").Where(lql.Eq("host_name", k.n.host), lql.Eq("description", k.n.service), lql.EqInt("has_been_checked", 1), lql.EqInt("host_has_been_checked", 1)).Count(lql.AndOf())
	case k.entryTable() != "":
		return lql.Get(k.entryTable()).Where(object, lql.Eq("comment", k.text())).Count(lql.AndOf())
	}
	return nil
}
