package site_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/schema"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/testkit"
)

// orderFor makes up an order for a command, on the first host of the core, its
// first service, and the groups and contacts there are.
func (b *bench) orderFor(def schema.Command) command.Order {
	first := func(table, column string) string {
		rows := b.core.Rows(table)
		if len(rows) == 0 {
			return "none"
		}
		return rows[0][column].(string)
	}
	host, svc := b.core.Rows("services")[0]["host_name"].(string), b.core.Rows("services")[0]["description"].(string)
	now := time.Now()
	o := command.Order{Command: def.Name, Args: map[string]string{}, Targets: []command.Target{{Site: "a"}}}
	target := &o.Targets[0]
	for i, p := range def.Params {
		switch p.Type {
		case schema.PHost:
			if i == 0 {
				target.Host = host
			} else {
				o.Args[p.Name] = b.core.Rows("hosts")[1]["name"].(string)
			}
		case schema.PService:
			target.Service = svc
		case schema.PHostGroup:
			target.Group = first("hostgroups", "name")
		case schema.PServiceGroup:
			target.Group = first("servicegroups", "name")
		case schema.PContact:
			target.Contact = first("contacts", "name")
		case schema.PContactGroup:
			target.Contact = first("contactgroups", "name")
		case schema.PTimeperiod:
			o.Args[p.Name] = first("timeperiods", "name")
		case schema.PTimestamp:
			o.Args[p.Name] = strconv.FormatInt(now.Add(time.Duration(i)*time.Hour).Unix(), 10)
		case schema.PBool:
			o.Args[p.Name] = "1"
		case schema.PInt, schema.PULong:
			o.Args[p.Name] = "2"
		case schema.PText:
			o.Args[p.Name] = "from a test"
		}
	}
	delete(o.Args, "trigger_id")
	if _, ok := o.Args["fixed"]; ok {
		o.Args["trigger_id"], o.Args["duration"] = "0", "3600"
	}
	return o
}

// prepareFor brings the core into a state in which the command does something.
func (b *bench) prepareFor(t *testing.T, o *command.Order) {
	t.Helper()
	target := &o.Targets[0]
	state := func(column string, want int64) bool {
		table := "hosts"
		if target.Service != "" {
			table = "services"
		}
		for _, r := range sitetest.Rows(view(b.fleet, "a").Snapshot, table) {
			if r["host_name"] == target.Host && r["description"] == target.Service || target.Service == "" && r["name"] == target.Host {
				return r[column] == want || fmt.Sprint(r[column]) == fmt.Sprint(want)
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(o.Command, "ACKNOWLEDGE_"):
		b.core.SetState(target.Host, target.Service, 0, "all is well") // and no acknowledgement
		until(t, later, o.Command+": no problem", func() bool { return state("state", 0) })
		b.core.SetState(target.Host, target.Service, 1, "it is broken")
		until(t, later, o.Command+": the problem", func() bool { return state("state", 1) })
	case strings.HasPrefix(o.Command, "REMOVE_"):
		b.core.SetState(target.Host, target.Service, 0, "all is well") // and no acknowledgement
		until(t, later, o.Command+": no problem", func() bool { return state("state", 0) })
		b.core.SetState(target.Host, target.Service, 1, "it is broken")
		until(t, later, o.Command+": the problem", func() bool { return state("state", 1) })
		ack := command.Order{Command: strings.Replace(strings.Replace(o.Command, "REMOVE", "ACKNOWLEDGE", 1), "ACKNOWLEDGEMENT", "PROBLEM", 1),
			Targets: o.Targets, Args: map[string]string{"sticky": "2", "notify": "0", "persistent": "0", "comment": "mine"}}
		if it := b.give(t, ack); it.State != command.Seen {
			t.Fatalf("%s: %+v", ack.Command, it)
		}
	case o.Command == "DEL_HOST_COMMENT", o.Command == "DEL_SVC_COMMENT":
		b.prepareEntry(t, o, "comments", strings.Replace(o.Command, "DEL", "ADD", 1), map[string]string{"persistent": "1", "comment": "to be deleted; soon"})
	case o.Command == "DEL_HOST_DOWNTIME", o.Command == "DEL_SVC_DOWNTIME":
		now := time.Now().Unix()
		b.prepareEntry(t, o, "downtimes", strings.Replace(o.Command, "DEL", "SCHEDULE", 1), map[string]string{
			"start_time": strconv.FormatInt(now, 10), "end_time": strconv.FormatInt(now+3600, 10), "fixed": "1", "trigger_id": "0", "duration": "0", "comment": "to be cancelled"})
	}
}

// prepareEntry makes the comment or downtime that is to be deleted.
func (b *bench) prepareEntry(t *testing.T, o *command.Order, table, name string, args map[string]string) {
	t.Helper()
	o.Args = nil
	def := b.orderFor(schema.Command{Params: []schema.Param{{Name: "host_name", Type: schema.PHost}, {Name: "service_description", Type: schema.PService}}})
	o.Targets = def.Targets
	if strings.Contains(name, "_HOST_") {
		o.Targets[0].Service = ""
	}
	if it := b.give(t, command.Order{Command: name, Targets: o.Targets, Args: args}); it.State != command.Seen {
		t.Fatalf("%s: %+v", name, it)
	}
	for _, r := range sitetest.Rows(view(b.fleet, "a").Snapshot, table) {
		if r["comment"] == args["comment"] {
			e := &command.Entry{Author: "eva", Text: args["comment"]}
			e.At, _ = strconv.ParseInt(fmt.Sprint(r["entry_time"]), 10, 64)
			if table == "downtimes" {
				e.Start, _ = strconv.ParseInt(fmt.Sprint(r["start_time"]), 10, 64)
			}
			o.Targets[0].Entry = e
		}
	}
	if o.Targets[0].Entry == nil {
		t.Fatalf("%s made no row", name)
	}
}

// everyday are the commands that operators give all day.
var everyday = []string{
	"ACKNOWLEDGE_HOST_PROBLEM", "ACKNOWLEDGE_SVC_PROBLEM", "REMOVE_SVC_ACKNOWLEDGEMENT",
	"ADD_HOST_COMMENT", "ADD_SVC_COMMENT", "DEL_SVC_COMMENT",
	"SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME", "SCHEDULE_HOST_SVC_DOWNTIME", "DEL_SVC_DOWNTIME",
	"SCHEDULE_FORCED_SVC_CHECK", "PROCESS_SERVICE_CHECK_RESULT",
	"DISABLE_SVC_NOTIFICATIONS", "ENABLE_SVC_NOTIFICATIONS", "DISABLE_HOST_CHECK", "DISABLE_NOTIFICATIONS",
	"CHANGE_MAX_SVC_CHECK_ATTEMPTS", "DISABLE_CONTACT_SVC_NOTIFICATIONS",
	"CHANGE_HOST_CHECK_COMMAND", "CHANGE_SVC_EVENT_HANDLER", "SET_SVC_NOTIFICATION_NUMBER", "DEL_DOWNTIME_BY_HOST_NAME",
}

// TestOrdersAreSeen gives commands one after the other, and expects to see the
// effect of each in the core.
func TestOrdersAreSeen(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			b := deskOf(t, p)
			for _, name := range everyday {
				def, _ := schema.LookupCommand(name)
				o := b.orderFor(*def)
				b.prepareFor(t, &o)
				want := command.Seen
				if def.Cores&implOf(p) == 0 || p == testkit.Icinga2 && name == "DEL_DOWNTIME_BY_HOST_NAME" {
					want = command.Refused // which is said before anything is sent
				}
				if it := b.give(t, o); it.State != want {
					t.Errorf("%s %v: %s %s", name, o.Args, it.State, it.Reason)
				}
			}
		})
	}
}
