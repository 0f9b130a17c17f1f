package search

import (
	"errors"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// now is a Wednesday: 2026-11-25 12:00 UTC.
var now = time.Unix(1795608000, 0).UTC()

// show writes a filter on one line.
func show(f lql.Filter) string {
	var kids []string
	for _, k := range f.Kids {
		kids = append(kids, show(k))
	}
	switch f.Kind {
	case lql.Leaf:
		return strings.TrimSpace(f.Column + " " + f.Op.String() + " " + f.Value)
	case lql.Not:
		return "not(" + kids[0] + ")"
	case lql.Or:
		return "any(" + strings.Join(kids, ", ") + ")"
	}
	return "all(" + strings.Join(kids, ", ") + ")"
}

// bound fails the test where a filter names a column that its table has not.
func bound(t *testing.T, table string, f lql.Filter) {
	t.Helper()
	for _, k := range f.Kids {
		bound(t, table, k)
	}
	if f.Kind != lql.Leaf {
		return
	}
	tab, _ := schema.Lookup(table)
	if _, err := tab.Resolve(f.Column); err != nil {
		t.Errorf("filter of %s: %v", table, err)
	}
}

var thrukTests = []struct{ thruk, table, text, want string }{
	{"Search ~", "hosts", "web", "any(name ~~ web, alias ~~ web, address ~~ web, display_name ~~ web, plugin_output ~~ web)"},
	{"Search ~", "services", "web", "any(host_name ~~ web, description ~~ web, host_alias ~~ web, host_address ~~ web, display_name ~~ web, host_display_name ~~ web, plugin_output ~~ web)"},
	{"Search !~", "hostgroups", "-web", "not(any(name ~~ web, alias ~~ web))"},
	{"groups with problems", "hostgroups", "is:problem", "any(num_hosts_down > 0, num_hosts_unreach > 0, worst_service_state > 0)"},
	{"groups with problems", "servicegroups", "is:unhandled", "num_services_unhandled_problems > 0"},
	{"empty groups", "hostgroups", "-is:empty", "not(num_hosts = 0)"},
	{"Search with *", "hostgroups", "web*x", "any(name ~~ ^web.*x$, alias ~~ ^web.*x$)"},
	{"Host ~", "services", "host~^db", "host_name ~~ ^db"},
	{"Host !~", "hosts", "host!~^db", "not(name ~~ ^db)"},
	{"Host =", "hosts", "host=db.1", "name = db.1"},
	{"Host = with *", "hosts", "host=db-*", "name ~ ^db-.*$"},
	{"Host !=", "services", "host!=db", "not(host_name = db)"},
	{"Host >=", "hosts", "host>=db", "name >= db"},
	{"Host <=", "hosts", "host<=db", "name <= db"},
	{"Service ~", "services", "service:disk", "description ~~ disk"},
	{"Service =", "services", `service="Disk /"`, "description = Disk /"},
	{"Hostgroup ~", "services", "hostgroup~lin", "host_groups ~~ lin"},
	{"Hostgroup =", "hosts", "hostgroup=linux", "groups >= linux"},
	{"Hostgroup !=", "hosts", "hostgroup!=linux", "not(groups >= linux)"},
	{"Hostgroup, any case", "services", "hg:Linux,db-*", "any(host_groups =~ Linux, host_groups ~~ ^db-.*$)"},
	{"Servicegroup =", "services", "servicegroup=web", "groups >= web"},
	{"% State Change >=", "services", "change>=30%", "percent_state_change >= 30"},
	{"Action Menu", "hosts", "_THRUK_ACTION_MENU:net", "custom_variables ~~ THRUK_ACTION_MENU net"},
	{"Priority >=", "hosts", "priority>=4", "business_impact >= 4"},
	{"Check Period =", "services", "check_period=24x7", "check_period = 24x7"},
	{"Command ~", "services", "command~nrpe", "check_command ~~ nrpe"},
	{"Contact =", "services", "contact=anna", "contacts >= anna"},
	{"Contact ~", "hosts", "contact~^an", "contacts ~~ ^an"},
	{"Contactgroup =", "hosts", "contactgroup=ops", "contact_groups >= ops"},
	{"Current Attempt >=", "services", "attempt>=2", "current_attempt >= 2"},
	{"Custom Variable =", "hosts", "_OWNER=anna", "custom_variables = OWNER anna"},
	{"Custom Variable ~", "services", "_owner~^an", "any(custom_variables ~~ OWNER ^an, host_custom_variables ~~ OWNER ^an)"},
	{"Custom Variable !=", "hosts", "_OWNER!=anna", "not(custom_variables = OWNER anna)"},
	{"Custom Variable >=", "hosts", "_PRIO>=3", "custom_variables >= PRIO 3"},
	{"Custom Variable is set", "hosts", "_OWNER:*", "custom_variables != OWNER"},
	{"Custom Variable is not set", "hosts", `_OWNER:""`, "custom_variables = OWNER"},
	{"Custom Variable is set", "services", "_OWNER=*", "any(custom_variables != OWNER, host_custom_variables != OWNER)"},
	{"Custom Variable is not set", "services", `_OWNER:""`, "all(custom_variables = OWNER, host_custom_variables = OWNER)"},
	{"Custom Variable is not empty", "services", `_OWNER!=""`, "not(all(custom_variables = OWNER, host_custom_variables = OWNER))"},
	{"Custom Variable is one or not set", "services", `_OWNER:"",anna`, "any(all(custom_variables = OWNER, host_custom_variables = OWNER), custom_variables ~~ OWNER anna, host_custom_variables ~~ OWNER anna)"},
	{"Plugin Output is empty", "services", `output=""`, "all(plugin_output =, long_plugin_output =)"},
	{"Event Handler is set", "hosts", "event_handler:*", "event_handler !="},
	{"Hostgroup is set", "hosts", "hostgroup:*", "groups !="},
	{"Dependency ~", "services", "dependency~sw", "any(depends_exec ~~ sw, depends_notify ~~ sw, parent_dependencies ~~ sw, parents ~~ sw)"},
	{"Duration >=", "hosts", "duration>=1h", "last_state_change <= 1795604400"},
	{"Duration <=", "services", "age<=90m", "last_state_change >= 1795602600"},
	{"Event Handler =", "hosts", "event_handler=restart", "event_handler = restart"},
	{"Execution Time >=", "services", "execution_time>=500ms", "execution_time >= 0.5"},
	{"Last Check <=", "services", "last_check<=-10m", "last_check <= 1795607400"},
	{"Last Check >= today", "services", "last_check>=today", "last_check >= 1795564800"},
	{"Last Check = never", "services", "last_check=never", "last_check = 0"},
	{"Latency >=", "services", "latency>=5", "latency >= 5"},
	{"Next Check >=", "hosts", "next_check>=+2h", "next_check >= 1795615200"},
	{"Notification Period =", "hosts", "notification_period=workhours", "notification_period = workhours"},
	{"Number of Services >=", "hosts", "num_services>=10", "num_services >= 10"},
	{"Number of Services on services", "services", "num_services>=10", "host_num_services >= 10"},
	{"Parent =", "hosts", "parent=sw1", "parents >= sw1"},
	{"Parent =", "services", "parent=sw1", "host_parents >= sw1"},
	{"Plugin Output ~", "services", "output:refused", "any(plugin_output ~~ refused, long_plugin_output ~~ refused)"},
	{"Root Problem =", "services", "source_problems:sw1", "source_problems =~ sw1"},
	{"Impact =", "hosts", "impacts=sw1", "impacts >= sw1"},

	{"host states", "hosts", "state:pending,up,down,unreachable",
		"any(has_been_checked = 0, all(has_been_checked = 1, state = 0), state = 1, state = 2)"},
	{"service states", "services", "state:pending,ok,warn,unknown,crit",
		"any(has_been_checked = 0, all(has_been_checked = 1, state = 0), state = 1, state = 3, state = 2)"},
	{"host states of services", "services", "hoststate:down,up", "any(host_state = 1, all(host_has_been_checked = 1, host_state = 0))"},
	{"states without one", "services", "state!=ok", "not(all(has_been_checked = 1, state = 0))"},
	{"in downtime", "hosts", "is:downtime", "scheduled_downtime_depth > 0"},
	{"not in downtime, alone", "services", "scheduled_downtime_depth=0", "scheduled_downtime_depth = 0"},
	{"acknowledged", "services", "is:acknowledged", "acknowledged = 1"},
	{"not acknowledged", "services", "-is:ack", "not(acknowledged = 1)"},
	{"checks disabled", "hosts", "is:checks-off", "active_checks_enabled = 0"},
	{"event handler disabled", "hosts", "is:event-handler-off", "event_handler_enabled = 0"},
	{"flap detection disabled", "services", "is:flap-detection-off", "flap_detection_enabled = 0"},
	{"flapping", "services", "is:flapping", "is_flapping = 1"},
	{"notifications disabled", "services", "is:notifications-off", "notifications_enabled = 0"},
	{"passive checks disabled", "services", "is:passive-off", "accept_passive_checks = 0"},
	{"last check passive", "services", "is:passive", "check_type = 1"},
	{"last check active", "services", "is:active", "check_type = 0"},
	{"hard", "services", "is:hard", "state_type = 1"},
	{"soft", "services", "is:soft", "state_type = 0"},
	{"in check period", "services", "-is:outside-check-period", "not(in_check_period = 0)"},
	{"in notification period", "services", "-is:outside-notification-period", "not(in_notification_period = 0)"},
	{"modified attributes", "services", "is:modified", "modified_attributes > 0"},
	{"host property on services", "services", "host_acknowledged=0", "host_acknowledged = 0"},

	{"boxes are alternatives", "services", "(hostgroup=a state:crit) or (hostgroup=b state:warn)",
		"any(all(host_groups >= a, state = 2), all(host_groups >= b, state = 1))"},
	{"q", "services", `(host_name = "a" and description ~ "b") or state != 0`,
		"any(all(host_name = a, description ~~ b), not(state = 0))"},
	{"q, list", "services", "groups >= web && !(state == 0)", "all(groups >= web, not(state = 0))"},
	{"q, like", "hosts", "name like web || alias unlike db", "any(name ~~ web, not(alias ~~ db))"},
	{"q, times", "hosts", "last_check > lastweek and last_check < thismonth-1d", "all(last_check > 1794787200, last_check < 1793404800)"},

	{"ours: unhandled", "services", "is:unhandled", "all(state > 0, not(any(acknowledged = 1, any(scheduled_downtime_depth > 0, host_scheduled_downtime_depth > 0), host_state > 0)))"},
	{"ours: new", "hosts", "is:new", "all(state > 0, last_state_change > 1795607700)"},
	{"ours: site", "hosts", "site:Wien", "any(peer_key =~ Wien, peer_name =~ Wien)"},
	{"ours: section", "services", "section:eu", "peer_section ~~ ^eu(/.*)?$"},
	{"ours: address", "services", "address:10.0.*", "any(host_address ~~ ^10\\.0\\..*$, host_address6 ~~ ^10\\.0\\..*$)"},
	{"ours: number in seconds of minutes", "services", "check_interval>=5m", "check_interval >= 5"},
	{"ours: yes and no", "services", "is_executing:yes", "is_executing = 1"},
	{"comments", "comments", "author:anna is:acknowledgement", "all(author ~~ anna, entry_type = 4)"},
	{"comments, age", "comments", "age>3d", "entry_time < 1795348800"},
	{"downtimes", "downtimes", "is:active comment:patch", "all(all(start_time <= 1795608000, end_time > 1795608000), comment ~~ patch)"},
	{"downtimes, length", "downtimes", "duration>=2h", "duration >= 7200"},
	{"groups", "servicegroups", "name~^w", "name ~~ ^w"},
}

// TestThruk goes through the filters of Thruk's form (types, operators, states
// and properties) and its lexical queries: each can be said.
func TestThruk(t *testing.T) {
	for _, tt := range thrukTests {
		e, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.thruk, err)
			continue
		}
		f, err := e.Filter(tt.table, now)
		if err != nil {
			t.Errorf("%s: %s over %s: %v", tt.thruk, tt.text, tt.table, err)
			continue
		}
		bound(t, tt.table, f)
		if got := show(f); got != tt.want {
			t.Errorf("%s: %s over %s is\n%s, want\n%s", tt.thruk, tt.text, tt.table, got, tt.want)
		}
	}
}

// TestMeaning: what says nothing about a table is an error that names the
// word; in a list of several tables it holds for no row of the others.
func TestMeaning(t *testing.T) {
	for _, tt := range []struct{ table, text, word, want string }{
		{"hosts", "web service:disk", "service:disk", ""},
		{"hosts", "state:crit", "state:crit", "down, unreachable, up, pending, problem"},
		{"services", "-state:down", "state:down", "crit, warn, unknown, ok, pending, problem"},
		{"hostgroups", "is:flapping", "is:flapping", "problem, unhandled, empty"},
		{"comments", "num_services_crit>1", "", ""},
		{"contacts", "output:x", "output:x", ""},
		{"hosts", "comment:x", "comment:x", ""}, // needs data
	} {
		e, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Filter(tt.table, now)
		bad, ok := errors.AsType[*Error](err)
		if !ok {
			if tt.word != "" {
				t.Errorf("%s over %s: %v, want an error", tt.text, tt.table, err)
			}
			continue
		}
		if bad.Word != tt.word || tt.text[bad.From:bad.To] != tt.word || strings.Join(bad.Want, ", ") != tt.want {
			t.Errorf("%s over %s: word %q, possible %q (%v)", tt.text, tt.table, bad.Word, bad.Want, err)
		}
	}
	for _, tt := range []struct{ text, hosts, services string }{
		{"state:down,crit", "state = 1", "state = 2"},
		{"service:disk or host:web", "name ~~ web", "any(description ~~ disk, host_name ~~ web)"},
		{"service:disk host:web", "any()", "all(description ~~ disk, host_name ~~ web)"},
		{"-service:disk", "all()", "not(description ~~ disk)"},
		{"service!=disk", "all()", "not(description = disk)"},
		{"state!=warn", "all()", "not(state = 1)"},
	} {
		e, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		fs, err := e.Filters(now, "hosts", "services")
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		} else if show(fs[0]) != tt.hosts || show(fs[1]) != tt.services {
			t.Errorf("%s is %s and %s, want %s and %s", tt.text, show(fs[0]), show(fs[1]), tt.hosts, tt.services)
		} else if Never(fs[0]) != (tt.hosts == "any()") {
			t.Errorf("%s: never %v", tt.text, Never(fs[0]))
		}
	}
}

// TestEveryColumn: each column of hosts and services that can be compared is a
// field, and each curated field has columns that exist.
func TestEveryColumn(t *testing.T) {
	for _, table := range []string{"hosts", "services"} {
		tab, _ := schema.Lookup(table)
		for _, c := range tab.Columns {
			kind, _, ok := kindOf(&c)
			f, known := fieldOf(c.Name)
			if ok && (!known || !f.In(table)) {
				t.Errorf("%s of %s (kind %d) is no field", c.Name, table, kind)
			}
		}
	}
	for _, f := range Fields() {
		if len(f.Ops()) == 0 || f.Kind != Words && len(f.columns) == 0 {
			t.Errorf("%s has no operator or no column", f.Name)
		}
		for table, columns := range f.columns {
			for _, c := range columns {
				if _, _, ok := columnOf(table, c); !ok {
					t.Errorf("%s: no column %s in %s", f.Name, c, table)
				}
			}
		}
	}
	for table, columns := range tables {
		for _, c := range columns {
			if _, _, ok := columnOf(table, c); !ok {
				t.Errorf("free text: no column %s in %s", c, table)
			}
		}
		for _, field := range []string{"state", "hoststate", "is"} {
			for _, w := range wordsOf(field, table) {
				bound(t, table, w.filter(now))
			}
		}
	}
}
