package testkit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// clockAt is an instant tests of commands happen at.
var clockAt = time.Unix(1795326400, 0)

func quiet(t *testing.T, p Profile) *Core {
	return newTestCore(t, Options{Profile: p, Hosts: 20, Quiet: true, Seed: 2, Churn: -1, Now: func() time.Time { return clockAt }})
}

// rowsWhere returns the rows of a table with a value in a column.
func rowsWhere(c *Core, table, column string, want any) []map[string]any {
	var out []map[string]any
	for _, r := range c.Rows(table) {
		if r[column] == want {
			out = append(out, r)
		}
	}
	return out
}

func service(c *Core, host, name string) map[string]any {
	for _, r := range rowsWhere(c, "services", "host_name", host) {
		if r["description"] == name {
			return r
		}
	}
	return nil
}

func TestAcknowledge(t *testing.T) {
	for _, tt := range []struct {
		p      Profile
		sticky int
		want   int64
	}{
		{Naemon, 2, 2}, {Naemon, 1, 2}, {Naemon, 0, 1}, {Nagios4, 2, 2}, {Nagios4, 1, 1}, {Nagios4, 0, 1}, {Icinga2, 2, 2}, {Icinga2, 1, 1}, {Icinga2, 0, 1},
	} {
		c := quiet(t, tt.p)
		line := fmt.Sprintf("[1795326400] ACKNOWLEDGE_SVC_PROBLEM;gateway;PING;%d;1;1;alice;on it; with a semicolon", tt.sticky)
		if err := c.Command(line); (err != nil) != (tt.p == Icinga2) {
			t.Errorf("%s: acknowledging an OK service: %v", tt.p, err)
		}
		if got := service(c, "gateway", "PING")["acknowledged"]; got != int64(0) {
			t.Errorf("%s: an OK service is acknowledged", tt.p)
		}
		c.SetState("gateway", "PING", 2, "CRITICAL - lost|x=1")
		if err := c.Command(line); err != nil {
			t.Errorf("%s: %v", tt.p, err)
		}
		s := service(c, "gateway", "PING")
		if s["acknowledged"] != int64(1) || s["acknowledgement_type"] != tt.want {
			t.Errorf("%s: sticky %d: acknowledged %v, type %v, want %d", tt.p, tt.sticky, s["acknowledged"], s["acknowledgement_type"], tt.want)
		}
		r := rowsWhere(c, "comments", "entry_type", int64(4))
		if len(r) != 1 || r[0]["comment"] != "on it; with a semicolon" || r[0]["author"] != "alice" {
			t.Errorf("%s: comments %v", tt.p, r)
		}
		c.SetState("gateway", "PING", 1, "WARNING")
		if got := service(c, "gateway", "PING")["acknowledged"]; got != tt.want-1 {
			t.Errorf("%s: sticky %d: acknowledged %v after another problem", tt.p, tt.sticky, got)
		}
		c.SetState("gateway", "PING", 0, "")
		if got := service(c, "gateway", "PING"); got["acknowledged"] != int64(0) || got["state"] != int64(0) {
			t.Errorf("%s: after recovery: %v", tt.p, got)
		}
	}
}

func TestDowntimes(t *testing.T) {
	now := clockAt.Unix()
	for _, p := range []Profile{Naemon, Nagios4, Icinga2} {
		c := quiet(t, p)
		line := func(f string, start, end int64) string {
			return fmt.Sprintf("[1795326400] "+f+";%d;%d;1;0;7200;bob;moving house", start, end)
		}
		if err := c.Command(line("SCHEDULE_SVC_DOWNTIME;gateway;PING", now-10, now+7200)); err != nil {
			t.Fatal(err)
		}
		d := c.Rows("downtimes")
		want := int64(7210)
		if p == Icinga2 {
			want = 7200
		}
		if len(d) != 1 || d[0]["duration"] != want || d[0]["is_service"] != int64(1) || d[0]["type"] != int64(1) {
			t.Errorf("%s: %v", p, d)
		}
		if got := service(c, "gateway", "PING")["scheduled_downtime_depth"]; got != int64(1) {
			t.Errorf("%s: depth %v", p, got)
		}
		if err := c.Command(fmt.Sprintf("DEL_SVC_DOWNTIME;%d", d[0]["id"])); err != nil || len(c.Rows("downtimes")) != 0 {
			t.Errorf("%s: not deleted: %v", p, err)
		}
		if got := service(c, "gateway", "PING")["scheduled_downtime_depth"]; got != int64(0) {
			t.Errorf("%s: depth %v after deletion", p, got)
		}
		if err := c.Command(line("SCHEDULE_HOST_DOWNTIME;gateway", now+60, now)); (err == nil) != (p == Icinga2) {
			t.Errorf("%s: end before start: %v", p, err)
		}
		if err := c.Command(line("SCHEDULE_HOST_SVC_DOWNTIME;gateway", now, now+60)); err != nil {
			t.Fatal(err)
		}
		onHost := len(rowsWhere(c, "downtimes", "is_service", int64(0)))
		if (onHost == 1) != (p == Icinga2) {
			t.Errorf("%s: %d downtimes of the host", p, onHost)
		}
		if err := c.Command(line("SCHEDULE_AND_PROPAGATE_HOST_DOWNTIME;gateway", now, now+60)); err != nil {
			t.Fatal(err)
		}
		if got := len(rowsWhere(c, "downtimes", "is_service", int64(0))) - onHost; got != 20 {
			t.Errorf("%s: propagated to %d hosts, want all 20", p, got)
		}
		c.Step(clockAt.Add(2 * time.Minute))
		if got := c.Rows("downtimes"); len(got) != 0 {
			t.Errorf("%s: left over: %v", p, got)
		}
	}
}

// TestFlexible: a flexible downtime begins with the problem.
func TestFlexible(t *testing.T) {
	c := quiet(t, Naemon)
	now := clockAt.Unix()
	if err := c.Command(fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;gateway;%d;%d;0;0;600;bob;reboot", now-1, now+3600)); err != nil {
		t.Fatal(err)
	}
	host := func() map[string]any { return rowsWhere(c, "hosts", "name", "gateway")[0] }
	if h := host(); h["pending_flex_downtime"] != int64(1) || h["scheduled_downtime_depth"] != int64(0) {
		t.Errorf("before: %v, %v", h["pending_flex_downtime"], h["scheduled_downtime_depth"])
	}
	c.SetState("gateway", "", 1, "")
	c.Step(clockAt.Add(time.Second))
	if h := host(); h["pending_flex_downtime"] != int64(0) || h["scheduled_downtime_depth"] != int64(1) || h["state"] != int64(1) {
		t.Errorf("during: %v, %v, %v", h["pending_flex_downtime"], h["scheduled_downtime_depth"], h["state"])
	}
	c.Step(clockAt.Add(700 * time.Second))
	if h := host(); h["scheduled_downtime_depth"] != int64(0) || len(c.Rows("downtimes")) != 0 {
		t.Errorf("after: %v", h["scheduled_downtime_depth"])
	}
}

// TestForgedLine: on Naemon a comment can write lines into the log, unless its
// backslashes are doubled.
func TestForgedLine(t *testing.T) {
	const forged = `x\n[1795300000] HOST ALERT: gateway;DOWN;HARD;3;forged by a comment`
	for _, tt := range []struct {
		p       Profile
		text    string
		alerts  int
		comment string
	}{
		{Naemon, forged, 1, strings.ReplaceAll(forged, `\n`, "\n")},
		{Naemon, strings.ReplaceAll(forged, `\`, `\\`), 0, forged},
		{Nagios4, forged, 0, forged}, {Icinga2, forged, 0, forged},
	} {
		c := quiet(t, tt.p)
		ask(t, c, "COMMAND [1795326400] ADD_HOST_COMMENT;gateway;1;x;"+tt.text+"\n\n")
		got := rowsWhere(c, "log", "plugin_output", "forged by a comment")
		if len(got) != tt.alerts || tt.alerts == 1 && (got[0]["type"] != "HOST ALERT" || got[0]["time"] != int64(1795300000)) {
			t.Errorf("%s: %q: %d forged lines", tt.p, tt.text, len(got))
		}
		r := c.Rows("comments")
		if len(r) != 1 || r[0]["comment"] != tt.comment {
			t.Errorf("%s: comments %v", tt.p, r)
		}
	}
}

func TestPassive(t *testing.T) {
	c := quiet(t, Nagios4)
	for range 3 {
		if err := c.Command(`[1795326400] PROCESS_SERVICE_CHECK_RESULT;gateway;PING;1;WARNING - a; b|x=1;2\nsecond line\nthird`); err != nil {
			t.Fatal(err)
		}
	}
	s := service(c, "gateway", "PING")
	for col, want := range map[string]any{"state": int64(1), "state_type": int64(1), "current_attempt": int64(3), "plugin_output": "WARNING - a; b",
		"perf_data": "x=1;2", "long_plugin_output": `second line\nthird`, "check_type": int64(1), "last_check": int64(1795326400)} {
		if s[col] != want {
			t.Errorf("%s is %v, want %v", col, s[col], want)
		}
	}
	if err := c.Command("DISABLE_PASSIVE_SVC_CHECKS;gateway;PING"); err != nil {
		t.Fatal(err)
	}
	if err := c.Command("PROCESS_SERVICE_CHECK_RESULT;gateway;PING;0;OK"); err != nil || service(c, "gateway", "PING")["state"] != int64(1) {
		t.Errorf("a refused result was taken: %v", err)
	}
}

// TestSwitches turns each switch off and on and looks where it shows.
func TestSwitches(t *testing.T) {
	for _, tt := range []struct{ command, args, table, key, column string }{
		{"HOST_NOTIFICATIONS", ";gateway", "hosts", "gateway", "notifications_enabled"},
		{"HOST_CHECK", ";gateway", "hosts", "gateway", "active_checks_enabled"},
		{"HOST_EVENT_HANDLER", ";gateway", "hosts", "gateway", "event_handler_enabled"},
		{"HOST_FLAP_DETECTION", ";gateway", "hosts", "gateway", "flap_detection_enabled"},
		{"PASSIVE_HOST_CHECKS", ";gateway", "hosts", "gateway", "accept_passive_checks"},
		{"HOSTGROUP_HOST_NOTIFICATIONS", ";network", "hosts", "gateway", "notifications_enabled"},
		{"SVC_NOTIFICATIONS", ";gateway;PING", "services", "PING", "notifications_enabled"},
		{"SVC_CHECK", ";gateway;PING", "services", "PING", "active_checks_enabled"},
		{"HOST_SVC_CHECKS", ";gateway", "services", "PING", "active_checks_enabled"},
		{"HOSTGROUP_SVC_CHECKS", ";network", "services", "PING", "active_checks_enabled"},
		{"SERVICEGROUP_SVC_NOTIFICATIONS", ";network-checks", "services", "PING", "notifications_enabled"},
		{"NOTIFICATIONS", "", "status", "", "enable_notifications"},
		{"FLAP_DETECTION", "", "status", "", "enable_flap_detection"},
		{"CONTACT_HOST_NOTIFICATIONS", ";alice", "contacts", "alice", "host_notifications_enabled"},
	} {
		c := quiet(t, Naemon)
		value := func() any {
			for _, r := range c.Rows(tt.table) {
				if tt.key == "" || r["name"] == tt.key || r["description"] == tt.key && r["host_name"] == "gateway" {
					return r[tt.column]
				}
			}
			return "no such row"
		}
		for _, step := range []struct {
			verb string
			want int64
		}{{"DISABLE_", 0}, {"ENABLE_", 1}} {
			if err := c.Command(step.verb + tt.command + tt.args); err != nil || value() != step.want {
				t.Errorf("%s%s: %s is %v, want %d (%v)", step.verb, tt.command, tt.column, value(), step.want, err)
			}
		}
	}
}

// TestModified: what was switched shows in modified_attributes.
func TestModified(t *testing.T) {
	c := quiet(t, Naemon)
	for _, line := range []string{"DISABLE_SVC_NOTIFICATIONS;gateway;PING", "CHANGE_MAX_SVC_CHECK_ATTEMPTS;gateway;PING;5"} {
		if err := c.Command(line); err != nil {
			t.Fatal(err)
		}
	}
	s := service(c, "gateway", "PING")
	if got := s["modified_attributes_list"].([]string); !slices.Equal(got, []string{"notifications_enabled", "max_check_attempts"}) || s["max_check_attempts"] != int64(5) {
		t.Errorf("modified %v, attempts %v", got, s["max_check_attempts"])
	}
}

// TestOutage: a switch goes down, its children become unreachable, their
// services follow, and all recover.
func TestOutage(t *testing.T) {
	now := clockAt
	c := newTestCore(t, Options{Hosts: 40, Quiet: true, Seed: 9, Now: func() time.Time { return now }})
	sw := "sw-wien-dist-01"
	c.SetState(sw, "", 1, "")
	for range 400 {
		now = now.Add(time.Second)
		c.Step(now)
	}
	children := rowsWhere(c, "hosts", "name", sw)[0]["childs"].([]string)
	unreachable := 0
	for _, name := range children {
		h := rowsWhere(c, "hosts", "name", name)[0]
		if len(h["parents"].([]string)) > 1 {
			continue
		}
		unreachable++
		if h["state"] != int64(2) || h["num_services_ok"] != int64(0) && h["num_services_ok"].(int64) > 1 {
			t.Errorf("%s: state %v, %v services ok", name, h["state"], h["num_services_ok"])
		}
	}
	if unreachable < 5 {
		t.Errorf("only %d hosts behind %s", unreachable, sw)
	}
	c.SetState(sw, "", 0, "")
	for range 400 {
		now = now.Add(time.Second)
		c.Step(now)
	}
	for _, table := range []string{"hosts", "services"} {
		for _, r := range c.Rows(table) {
			if r["state"] != int64(0) && r["check_type"] == int64(0) {
				t.Errorf("%s %v %v has not recovered: %v", table, r["host_name"], r["name"], r["plugin_output"])
			}
		}
	}
}

// TestSame: equal seeds and clocks make equal worlds, also over time.
func TestSame(t *testing.T) {
	var last string
	for range 2 {
		now := clockAt
		c := newTestCore(t, Options{Hosts: 30, Seed: 11, Now: func() time.Time { return now }})
		for range 600 {
			now = now.Add(time.Second)
			c.Step(now)
		}
		text := ""
		for _, table := range []string{"hosts", "services", "comments", "downtimes", "log"} {
			text += fmt.Sprint(c.Rows(table))
		}
		if last != "" && text != last {
			t.Error("two worlds of the same seed differ")
		}
		last = text
	}
}
