package site_test

import (
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/testkit"
)

// TestRights: who may give which command on what, by role, by contact and by
// what they see. What one may not know is refused like what is not there.
func TestRights(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Policy: command.DefaultPolicy()}, testkit.Naemon)
	contact := func(name string, role access.Role) command.Actor {
		return command.Actor{Name: "eva", Role: role, Viewer: access.Viewer{Contacts: map[string]string{"*": name}, Services: access.Loose, Groups: access.Strict}, Via: "test"}
	}
	all := func(role access.Role) command.Actor {
		return command.Actor{Name: "eva", Role: role, Viewer: access.Viewer{All: true}, Via: "test"}
	}
	strict := contact("network-oncall", access.RoleOperator)
	strict.Viewer.Services = access.Strict
	elsewhere := all(access.RoleAdmin)
	elsewhere.Viewer.Sites = []string{"b"}
	downtime := map[string]string{"start_time": unix(time.Now()), "end_time": unix(time.Now().Add(time.Hour)), "comment": "x"}
	comment := map[string]string{"persistent": "0", "comment": "x"}
	host := func(name string) command.Target { return command.Target{Site: "a", Host: name} }
	group := func(name string) command.Target { return command.Target{Site: "a", Group: name} }
	const (
		nothing    = "There is no such object here, or you do not see it."
		viewer     = "Your role (viewer) may not give this command."
		beyond     = "This reaches beyond the object, so it is for people who see all of the site."
		off        = "Commands that run programs, touch files or stop the core are switched off in the configuration file."
		mayNot     = "Your role (viewer) may not give this command, and the contact alice may not submit commands."
		noOperator = "Your role (operator) may not give this command."
	)
	for _, c := range []struct {
		name    string
		who     command.Actor
		command string
		target  command.Target
		args    map[string]string
		why     string
	}{
		{"operator", all(access.RoleOperator), "ADD_HOST_COMMENT", host("gateway"), comment, ""},
		{"viewer", all(access.RoleViewer), "ADD_HOST_COMMENT", host("gateway"), comment, viewer},
		{"no role", all(""), "ADD_HOST_COMMENT", host("gateway"), comment, "Your role () may not give this command."},
		{"contact that may submit", contact("bob", access.RoleViewer), "ADD_HOST_COMMENT", host("db-a-01"), comment, ""},
		{"contact that may not", contact("alice", access.RoleViewer), "ADD_HOST_COMMENT", host("web-a-01"), comment, mayNot},
		{"contact elsewhere", contact("bob", access.RoleViewer), "ADD_HOST_COMMENT", host("web-a-01"), comment, nothing},
		{"nobody's contact", contact("", access.RoleAdmin), "ADD_HOST_COMMENT", host("web-a-01"), comment, nothing},
		{"operator elsewhere", contact("alice", access.RoleOperator), "ADD_HOST_COMMENT", host("db-a-01"), comment, nothing},
		{"no such host", all(access.RoleAdmin), "ADD_HOST_COMMENT", host("nosuch"), comment, nothing},
		{"another site", elsewhere, "ADD_HOST_COMMENT", host("gateway"), comment, nothing},
		{"configuring by an operator", all(access.RoleOperator), "DISABLE_NOTIFICATIONS", command.Target{Site: "a"}, nil, noOperator},
		{"configuring by a contact", contact("bob", access.RoleAdmin), "DISABLE_NOTIFICATIONS", command.Target{Site: "a"}, nil, beyond},
		{"dangerous", all(access.RoleAdmin), "SHUTDOWN_PROCESS", command.Target{Site: "a"}, nil, off},
		{"all of a group", contact("network-oncall", access.RoleOperator), "SCHEDULE_HOSTGROUP_HOST_DOWNTIME", group("network"), downtime, ""},
		{"a part of a group", contact("network-oncall", access.RoleOperator), "SCHEDULE_HOSTGROUP_HOST_DOWNTIME", group("devices-a"), downtime, nothing},
		{"services of a group", contact("network-oncall", access.RoleOperator), "SCHEDULE_HOSTGROUP_SVC_DOWNTIME", group("network"), downtime, ""},
		{"services of a group, strict", strict, "SCHEDULE_HOSTGROUP_SVC_DOWNTIME", group("network"), downtime, beyond},
		{"services of a host", contact("network-oncall", access.RoleOperator), "SCHEDULE_HOST_SVC_DOWNTIME", host("gateway"), downtime, ""},
		{"services of a host, strict", strict, "SCHEDULE_HOST_SVC_DOWNTIME", host("gateway"), downtime, beyond},
		{"what is behind", contact("network-oncall", access.RoleOperator), "SCHEDULE_AND_PROPAGATE_HOST_DOWNTIME", host("gateway"), downtime, beyond},
		{"a contact", contact("bob", access.RoleOperator), "DISABLE_CONTACT_HOST_NOTIFICATIONS", command.Target{Site: "a", Contact: "bob"}, nil, beyond},
		{"a service of a host command", all(access.RoleAdmin), "ADD_HOST_COMMENT", b.services("a")[0], comment, "This command is for hosts."},
		{"a core's lack", all(access.RoleAdmin), "DEL_ALL_HOST_DOWNTIMES", host("gateway"), nil, "This core does not know the command."},
	} {
		items, err := b.desk.Preview(t.Context(), c.who, command.Order{Command: c.command, Targets: []command.Target{c.target}, Args: c.args})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if items[0].Reason != c.why || (items[0].State == command.Refused) != (c.why != "") {
			t.Errorf("%s: %s %q, not %q", c.name, items[0].State, items[0].Reason, c.why)
		}
	}
}
