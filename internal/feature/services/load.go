// Package services is the room of the list of services.
package services

import (
	"context"

	"belvedere/internal/search"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// declared is the list, in the language of the page.
func declared(ctx context.Context) *list.List {
	return &list.List{
		Name: "services", Path: "/services", Table: "services", Columns: columns(ctx), Order: "host", Wall: "state",
		Key:  []string{"host_name", "description", "peer_key"},
		Need: status.ServiceColumns(),
		Choices: []list.Choice{
			list.Sites(ctx),
			{Field: "hostgroup", Label: ui.T(ctx, "Host group"), All: ui.T(ctx, "All host groups"), Table: "hostgroups"},
			{Field: "servicegroup", Label: ui.T(ctx, "Service group"), All: ui.T(ctx, "All service groups"), Table: "servicegroups"},
		},
		Acts: true, Peek: true,
		Tables: []string{"hosts", "services", "comments", "downtimes", "sites"},
		Link: func(c status.Cells, row int) string {
			return ui.ObjectPath(c.Text("peer_key", row), c.Text("host_name", row), c.Text("description", row))
		},
		Words: list.Words{
			Title: ui.T(ctx, "Services"), Filter: ui.T(ctx, "Filter services"), Hint: ui.T(ctx, "Filter: state: host: hostgroup: is: age>1h text …"),
			NoMatch:  ui.T(ctx, "No service matches this filter"),
			NoRights: ui.T(ctx, "You see no services here"),
			Contact:  ui.T(ctx, "Your account is no contact of any service on these sites. An administrator can give it a contact name, or the right to see everything."),
			Connect:  ui.T(ctx, "Connect the first monitoring core, and its services appear here by themselves."),
			Waiting:  ui.T(ctx, "Services appear here as soon as the first site answers."),
			Count:    func(n int) string { return ui.N(ctx, n, "%s service", "%s services", ui.Number(n)) },
		},
	}
}

// columns are the usual columns of the list.
func columns(ctx context.Context) []list.Column {
	return []list.Column{
		{Key: "state", Label: ui.T(ctx, "State"), Class: "w-state w4", Steps: list.Steps(ctx, "services", severity()...), Sort: []string{"-last_state_change"}, Fixed: true, Values: []list.Value{{Key: "state", Text: status.ServiceWord}}},
		{Key: "host", Label: ui.T(ctx, "Host"), Class: "w6", Sort: []string{"host_name", "peer_key", "description"}, Fixed: true, Values: []list.Value{{Column: "host_name"}}},
		{Key: "service", Label: ui.T(ctx, "Service"), Class: "w6", Sort: []string{"description"}, Fixed: true, Values: []list.Value{{Column: "description"}}},
		{Key: "site", Label: ui.T(ctx, "Site"), Class: "w3", Sort: []string{"peer_name"}, Fixed: true, Values: []list.Value{{Column: "peer_name"}}},
		{Key: "since", Label: ui.T(ctx, "Since"), Class: "num w3", Sort: []string{"-last_state_change"}, Default: true, Values: []list.Value{{Column: "last_state_change"}}}, // the shortest age first
		{Key: "attempt", Label: ui.T(ctx, "Attempt"), Class: "num w3", Sort: []string{"current_attempt"}, Values: []list.Value{{Column: "current_attempt"}, {Label: ui.T(ctx, "Attempts at most"), Column: "max_check_attempts"}}, Default: true, Detail: true},
		{Key: "last_check", Label: ui.T(ctx, "Last check"), Class: "num w4", Sort: []string{"last_check"}, Desc: true, Default: true, Detail: true},
		{Key: "next_check", Label: ui.T(ctx, "Next check"), Class: "num w4", Sort: []string{"next_check"}},
		{Key: "latency", Label: ui.T(ctx, "Latency"), Class: "num w3", Sort: []string{"latency"}, Desc: true, Need: []string{"latency"}},
		{Key: "execution_time", Label: ui.T(ctx, "Took"), Class: "num w3", Sort: []string{"execution_time"}, Desc: true, Need: []string{"execution_time"}},
		{Key: "output", Label: ui.T(ctx, "Output"), Sort: []string{"plugin_output"}, Values: []list.Value{{Column: "plugin_output"}}, Default: true},
		{Key: "owner", Label: ui.T(ctx, "Owner"), Class: "w5", Steps: list.Owned(), Sort: []string{"owner"}, Default: true, Need: status.InfoColumns(), Values: list.OwnerValues(ctx)},
		{Key: "host_groups", Label: ui.T(ctx, "Host groups"), Class: "w6", Sort: []string{"host_groups"}, Need: []string{"host_groups"}},
		{Key: "groups", Label: ui.T(ctx, "Service groups"), Class: "w6", Sort: []string{"groups"}, Need: []string{"groups"}},
		{Key: "contacts", Label: ui.T(ctx, "Contacts"), Class: "w6", Sort: []string{"contacts"}, Need: []string{"contacts"}},
		{Key: "check_command", Label: ui.T(ctx, "Check command"), Class: "w6", Sort: []string{"check_command"}, Need: []string{"check_command"}},
		{Key: "perf_data", Label: ui.T(ctx, "Measured values"), Class: "w7", Sort: []string{"perf_data"}, Need: []string{"perf_data"}},
	}
}

// severity are the states from the worst; what was never checked stands before
// what is well.
func severity() []search.Expr {
	return []search.Expr{search.Is("state", "crit"), search.Is("state", "unknown"), search.Is("state", "warn"), search.Is("state", "pending"), search.Is("state", "ok")}
}

// figures are the numbers of the head.
func figures(ctx context.Context) []list.Figure {
	return []list.Figure{
		list.Unhandled("crit", ui.ServiceState(2, true, false)), list.Unhandled("warn", ui.ServiceState(1, true, false)), list.Unhandled("unknown", ui.ServiceState(3, true, false)),
		list.Handled(ctx, "s-crit"), list.Calm("pending", ui.ServiceState(0, false, false)), list.Calm("ok", ui.ServiceState(0, true, false)),
	}
}
