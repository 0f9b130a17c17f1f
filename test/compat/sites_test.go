package compat

import (
	"math"
	"time"

	"belvedere/internal/store"
)

func berlin() monitored {
	return monitored{
		info: store.SiteInfo{Key: "a1", Name: "Berlin", Section: "DE", Address: "tcp://10.0.0.1:6557", Position: 1},
		health: store.Health{State: store.Fresh, LastOK: time.Unix(now-1, 0), Implementation: "Naemon", Version: "1.4.2", Transport: "tcp",
			ActiveAddress: "tcp://10.0.0.1:6557", Latency: 2 * time.Millisecond, BytesIn: 1000, BytesOut: 100, Queries: 7, Interval: 5 * time.Second},
		taken: now - 1,
		tables: map[string][]row{
			"status": {{"program_start": 1789990000, "program_version": "1.4.2", "livestatus_version": "1.4.2-naemon", "enable_notifications": 1,
				"interval_length": 60, "nagios_pid": 4711, "requests": 9007199254740993, "requests_rate": 1.5}},
			"hosts": {
				host("db01", 0, row{"alias": "Datenbank Größe", "address": "10.0.0.11", "last_check": 1789999940, "last_state_change": 1789900000,
					"check_interval": 5.0, "latency": 0.25, "execution_time": 1.5, "x_3d": -1.5, "id": -5, "groups": names{"linux", "db"},
					"contacts": names{"anna", "bob"}, "contact_groups": names{"dba"}, "childs": names{"web01"},
					"custom_variables": pairs{{"RACK", "R1"}, {"TAGS", "prod linux"}}, "custom_variable_names": names{"RACK", "TAGS"},
					"custom_variable_values": names{"R1", "prod linux"}, "plugin_output": "OK - all well", "perf_data": "rta=0.5ms;100;500;0 pl=0%",
					"notes_url": "http://wiki/?h=db01&x=1", "check_command": "check_ping!1!2", "notification_period": "24x7"}),
				host("web01", 1, row{"alias": "Webserver", "address": "10.0.0.12", "last_check": 1789999990, "last_state_change": 1789999000,
					"check_interval": 1.0, "latency": -0.5, "execution_time": 0.1, "id": 9007199254740993, "groups": names{"linux", "web"},
					"contacts": names{"anna"}, "parents": names{"db01"}, "custom_variables": pairs{{"RACK", "R2"}}, "acknowledged": 1,
					"custom_variable_names": names{"RACK"}, "custom_variable_values": names{"R2"}, "modified_attributes": 3,
					"modified_attributes_list": names{"notifications_enabled", "active_checks_enabled"},
					"plugin_output":            "CRITICAL - no answer; tried 3 times", "current_attempt": 3}),
			},
			"services": {
				service("db01", "Backup", 2, row{"acknowledged": 1, "contacts": names{"anna"}, "latency": 0.5, "execution_time": 10.0,
					"last_check": 1789999000, "plugin_output": "CRITICAL - tab\there bell\x07 esc\x1b[31m del\x7f end"}),
				service("db01", "Größe", 1, row{"contacts": names{"bob"}, "latency": -0.25, "execution_time": 0.5, "last_check": 1789999500,
					"plugin_output": `WARNING - 3;4 "quoted" C:\temp`, "long_plugin_output": `line 1\nline 2`}),
				service("db01", "Ping", 0, row{"contacts": names{"anna", "bob"}, "groups": names{"pings"}, "latency": 0.125, "execution_time": 0.25,
					"last_check": 1789999990, "plugin_output": "OK - rta 0.5 ms", "perf_data": "rta=0.5ms"}),
				service("web01", "HTTP", 2, row{"state_type": 0, "last_hard_state": 0, "current_attempt": 2, "contacts": names{"anna"},
					"execution_time": 30.0, "last_check": 1789999980, "plugin_output": "CRITICAL - <b>bold</b> & 'single'"}),
				service("web01", "Ping", 3, row{"groups": names{"pings"}, "last_check": 1789999970, "plugin_output": "UNKNOWN - line\nbreak"}),
			},
			"comments": {
				{"id": 1, "host_name": "web01", "author": "anna", "comment": "see ticket 12; thanks", "entry_time": 1789999100, "entry_type": 1,
					"persistent": 1, "source": 1, "type": 1},
				{"id": 2, "host_name": "db01", "service_description": "Backup", "author": "bob", "comment": "known – waiting", "entry_time": 1789999200,
					"entry_type": 4, "type": 2, "is_service": 1, "expires": 1, "expire_time": 1790003600},
			},
			"contacts": {
				{"name": "anna", "alias": "Anna A.", "email": "anna@example.org", "can_submit_commands": 1},
				{"name": "bob", "alias": "Bob", "email": "bob@example.org", "can_submit_commands": 0},
			},
			"contactgroups": {{"name": "dba", "alias": "DB team", "members": names{"anna", "bob"}}},
			"commands":      {{"name": "check_ping", "line": "/usr/lib/check_ping -H $HOSTADDRESS$ '$ARG1$'"}},
			"timeperiods":   {{"name": "24x7", "alias": "always", "in": 1}, {"name": "none", "alias": "never", "in": 0}},
			"hostgroups": {
				{"name": "db", "alias": "Databases", "members": names{"db01"}},
				{"name": "leer", "alias": "Empty group"},
				{"name": "linux", "alias": "Linux", "members": names{"db01", "web01"}},
				{"name": "web", "alias": "Web", "members": names{"web01"}},
			},
			"servicegroups": {{"name": "pings", "alias": "Pings", "members": pairs{{"db01", "Ping"}, {"web01", "Ping"}}}},
			"log": {
				{"time": 1789990000, "class": 2, "lineno": 1, "message": "[1789990000] core started"},
				{"time": 1789999000, "class": 1, "lineno": 2, "type": "SERVICE ALERT", "state": 2, "state_type": "HARD", "attempt": 3, "host_name": "db01",
					"service_description": "Backup", "plugin_output": "CRITICAL", "options": "db01;Backup;CRITICAL;HARD;3;CRITICAL",
					"message": "[1789999000] SERVICE ALERT: db01;Backup;CRITICAL;HARD;3;CRITICAL"},
				{"time": 1789999100, "class": 5, "lineno": 3, "type": "EXTERNAL COMMAND", "options": "ADD_HOST_COMMENT;web01;1;anna;see",
					"message": "[1789999100] EXTERNAL COMMAND: ADD_HOST_COMMENT;web01;1;anna;see"},
			},
			"statehist": {
				{"time": 1789990000, "from": 1789990000, "until": 1789999000, "duration": 9000, "state": 0, "host_name": "db01", "service_description": "Backup"},
				{"time": 1789999000, "from": 1789999000, "until": 1790000000, "duration": 1000, "state": 2, "host_name": "db01", "service_description": "Backup"},
			},
		},
	}
}

func wien() monitored {
	return monitored{
		info: store.SiteInfo{Key: "b2", Name: "Wien", Section: "AT", Address: "tls://10.1.0.1:6557", Position: 2},
		health: store.Health{State: store.Fresh, LastOK: time.Unix(now, 0), Implementation: "Icinga 2", Version: "2.14.2", Transport: "tls",
			ActiveAddress: "tls://10.1.0.1:6557", Latency: 250 * time.Millisecond, Interval: 10 * time.Second},
		taken: now,
		tables: map[string][]row{
			"status": {{"program_start": 1789980000, "program_version": "v2.14.2-icinga2", "livestatus_version": "2.14.2", "interval_length": 60, "requests": 10}},
			"hosts": {
				host("gw", 0, row{"alias": "Gateway", "address": "192.168.1.1", "last_check": 1789999970, "last_state_change": 1789000000,
					"check_interval": 1.0, "latency": 2.0, "execution_time": 0.02, "x_3d": 3.25, "id": math.MaxInt64, "groups": names{"net"},
					"contacts": names{"bob"}, "childs": names{"mail-ü"}, "plugin_output": "OK"}),
				host("mail-ü", 2, row{"alias": "Mail 😀", "state_type": 0, "last_hard_state": 0, "last_check": 1789999900, "last_state_change": 1789999880,
					"check_interval": 5.0, "id": 7, "groups": names{"linux"}, "contacts": names{"bob", "carla"}, "parents": names{"gw"},
					"custom_variables": pairs{{"ORT", "Köln Süd"}}, "custom_variable_names": names{"ORT"}, "custom_variable_values": names{"Köln Süd"},
					"plugin_output": "DOWN"}),
			},
			"services": {
				service("gw", "Ping", 0, row{"contacts": names{"bob"}, "groups": names{"pings"}, "latency": 0.75, "plugin_output": "OK", "last_check": 1789999970}),
				service("gw", "Uplink", 2, row{"contacts": names{"bob"}, "scheduled_downtime_depth": 1, "plugin_output": "CRITICAL - down", "last_check": 1789999960}),
				service("mail-ü", "Queue", 0, row{"contacts": names{"carla"}, "plugin_output": "OK - 日本語 😀", "last_check": 1789999950}),
				service("mail-ü", "SMTP", 1, row{"contacts": names{"bob"}, "plugin_output": "WARNING - caf\xe9", "last_check": 1789999940}),
			},
			"comments": {{"id": 1, "host_name": "gw", "service_description": "Uplink", "author": "(core)", "comment": "downtime",
				"entry_time": 1789999300, "entry_type": 2, "type": 2, "is_service": 1}},
			"downtimes": {{"id": 7, "host_name": "gw", "service_description": "Uplink", "author": "anna", "comment": "maintenance", "entry_time": 1789999300,
				"start_time": 1789999300, "end_time": 1790006500, "fixed": 1, "duration": 7200, "type": 1, "is_service": 1}},
			"contacts": {
				{"name": "bob", "alias": "Bob", "email": "bob@example.org", "can_submit_commands": 0},
				{"name": "carla", "alias": "Carla C.", "email": "carla@example.org", "can_submit_commands": 1},
			},
			"contactgroups": {{"name": "net-team", "alias": "Network", "members": names{"bob"}}},
			"timeperiods":   {{"name": "24x7", "alias": "always", "in": 1}},
			"hostgroups": {
				{"name": "linux", "alias": "Linux", "members": names{"mail-ü"}},
				{"name": "net", "alias": "Network", "members": names{"gw"}},
			},
			"servicegroups": {{"name": "pings", "alias": "Pings", "members": pairs{{"gw", "Ping"}}}},
			"log": {
				{"time": 1789999050, "class": 1, "lineno": 1, "type": "HOST ALERT", "state": 2, "state_type": "SOFT", "attempt": 1, "host_name": "mail-ü",
					"plugin_output": "DOWN", "options": "mail-ü;UNREACHABLE;SOFT;1;DOWN", "message": "[1789999050] HOST ALERT: mail-ü;UNREACHABLE;SOFT;1;DOWN"},
				{"time": 1789999300, "class": 3, "lineno": 2, "type": "SERVICE NOTIFICATION", "state": 2, "host_name": "gw", "service_description": "Uplink",
					"contact_name": "bob", "command_name": "notify", "options": "bob;gw;Uplink;DOWNTIMESTART;notify",
					"message": "[1789999300] SERVICE NOTIFICATION: bob;gw;Uplink;DOWNTIMESTART;notify"},
			},
		},
	}
}

func zürich() monitored {
	return monitored{
		info: store.SiteInfo{Key: "c3", Name: "Zürich", Section: "CH", Address: "tcp://10.2.0.1:6557", Position: 3},
		health: store.Health{State: store.Down, Cause: "The connection was refused.", LastOK: time.Unix(now-600, 0), Implementation: "Nagios 4",
			Version: "4.4.6", Transport: "tcp", Interval: 5 * time.Second},
		taken: now - 600,
		tables: map[string][]row{
			"status": {{"program_start": 1789970000, "program_version": "4.4.6", "livestatus_version": "1.5.0p23", "enable_notifications": 1,
				"interval_length": 60, "nagios_pid": 99}},
			"hosts": {
				host("db01", 0, row{"alias": "DB", "address": "10.9.0.1", "last_check": 1789990000, "last_state_change": 1789000000, "check_interval": 5.0,
					"latency": 1e-7, "execution_time": 1234567.875, "id": 42, "groups": names{"linux"}, "contacts": names{"carla"},
					"custom_variables": pairs{{"RACK", "R1"}}, "custom_variable_names": names{"RACK"}, "custom_variable_values": names{"R1"}, "plugin_output": "OK"}),
				host("new01", 0, row{"alias": "new", "has_been_checked": 0, "id": math.MinInt64}),
			},
			"services": {
				service("db01", "Disk /", 2, row{"contacts": names{"carla"}, "plugin_output": "CRITICAL - 99% \u2028 used", "last_check": 1789990000}),
				service("db01", "Ping", 0, row{"contacts": names{"carla"}, "plugin_output": "OK", "last_check": 1789990000}),
				service("new01", "Ping", 0, row{"has_been_checked": 0}),
			},
			"downtimes": {{"id": 3, "host_name": "db01", "author": "carla", "comment": "move", "entry_time": 1789990000,
				"start_time": 1790010000, "end_time": 1790020000, "duration": 3600, "type": 2}},
			"contacts":   {{"name": "carla", "alias": "Carla C.", "email": "carla@example.org", "can_submit_commands": 1}},
			"hostgroups": {{"name": "linux", "alias": "Linux", "members": names{"db01"}}},
		},
	}
}
