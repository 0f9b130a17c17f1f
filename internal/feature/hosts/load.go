// Package hosts is the room of the list of hosts.
package hosts

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
		Name: "hosts", Path: "/hosts", Table: "hosts", Columns: columns(ctx), Order: "name", Wall: "state",
		Key:  []string{"name", "peer_key"},
		Need: status.HostColumns(),
		Choices: []list.Choice{
			list.Sites(ctx),
			{Field: "hostgroup", Label: ui.T(ctx, "Host group"), All: ui.T(ctx, "All host groups"), Table: "hostgroups"},
		},
		Acts: true, Peek: true,
		Tables: []string{"hosts", "services", "comments", "downtimes", "sites"},
		Link: func(c status.Cells, row int) string {
			return ui.ObjectPath(c.Text("peer_key", row), c.Text("name", row), "")
		},
		Words: list.Words{
			Title: ui.T(ctx, "Hosts"), Filter: ui.T(ctx, "Filter hosts"), Hint: ui.T(ctx, "Filter: state: hostgroup: is: age>1h text …"),
			NoMatch:  ui.T(ctx, "No host matches this filter"),
			NoRights: ui.T(ctx, "You see no hosts here"),
			Contact:  ui.T(ctx, "Your account is no contact of any host on these sites. An administrator can give it a contact name, or the right to see everything."),
			Connect:  ui.T(ctx, "Connect the first monitoring core, and its hosts appear here by themselves."),
			Waiting:  ui.T(ctx, "Hosts appear here as soon as the first site answers."),
			Count:    func(n int) string { return ui.N(ctx, n, "%s host", "%s hosts", ui.Number(n)) },
		},
	}
}

// columns are the usual columns of the list.
func columns(ctx context.Context) []list.Column {
	return []list.Column{
		{Key: "state", Label: ui.T(ctx, "State"), Class: "w-state w12", Steps: list.Steps(ctx, "hosts", severity()...), Sort: []string{"-last_state_change"}, Fixed: true, Values: []list.Value{{Key: "state", Text: status.HostWord}}},
		{Key: "name", Label: ui.T(ctx, "Host"), Class: "w6", Sort: []string{"name"}, Fixed: true},
		{Key: "site", Label: ui.T(ctx, "Site"), Class: "w3", Sort: []string{"peer_name"}, Fixed: true, Values: []list.Value{{Column: "peer_name"}}},
		{Key: "alias", Label: ui.T(ctx, "Alias"), Class: "w6", Sort: []string{"alias"}},
		{Key: "address", Label: ui.T(ctx, "Address"), Class: "w5", Sort: []string{"address"}, Default: true, Detail: true},
		{Key: "services", Label: ui.T(ctx, "Services"), Class: "w12", Default: true, Desc: true,
			Sort: []string{"num_services_crit", "num_services_unknown", "num_services_warn"}, Need: []string{
				"num_services_crit", "num_services_warn", "num_services_unknown", "num_services_ok", "num_services_pending"},
			Values: []list.Value{{Label: "CRITICAL", Column: "num_services_crit"}, {Label: "WARNING", Column: "num_services_warn"}, {Label: "UNKNOWN", Column: "num_services_unknown"},
				{Label: "OK", Column: "num_services_ok"}, {Label: "PENDING", Column: "num_services_pending"}}},
		{Key: "since", Label: ui.T(ctx, "Since"), Class: "num w3", Sort: []string{"-last_state_change"}, Default: true, Values: []list.Value{{Column: "last_state_change"}}}, // the shortest age first
		{Key: "attempt", Label: ui.T(ctx, "Attempt"), Class: "num w3", Sort: []string{"current_attempt"}, Values: []list.Value{{Column: "current_attempt"}, {Label: ui.T(ctx, "Attempts at most"), Column: "max_check_attempts"}}},
		{Key: "last_check", Label: ui.T(ctx, "Last check"), Class: "num w4", Sort: []string{"last_check"}, Desc: true},
		{Key: "next_check", Label: ui.T(ctx, "Next check"), Class: "num w4", Sort: []string{"next_check"}},
		{Key: "latency", Label: ui.T(ctx, "Latency"), Class: "num w3", Sort: []string{"latency"}, Desc: true, Need: []string{"latency"}},
		{Key: "execution_time", Label: ui.T(ctx, "Took"), Class: "num w3", Sort: []string{"execution_time"}, Desc: true, Need: []string{"execution_time"}},
		{Key: "output", Label: ui.T(ctx, "Output"), Sort: []string{"plugin_output"}, Values: []list.Value{{Column: "plugin_output"}}, Default: true},
		{Key: "owner", Label: ui.T(ctx, "Owner"), Class: "w12", Steps: list.Owned(), Sort: []string{"owner"}, Default: true, Need: status.InfoColumns(), Values: list.OwnerValues(ctx)},
		{Key: "groups", Label: ui.T(ctx, "Host groups"), Class: "w6", Sort: []string{"groups"}, Need: []string{"groups"}},
		{Key: "contacts", Label: ui.T(ctx, "Contacts"), Class: "w6", Sort: []string{"contacts"}, Need: []string{"contacts"}},
		{Key: "check_command", Label: ui.T(ctx, "Check command"), Class: "w6", Sort: []string{"check_command"}, Need: []string{"check_command"}},
		{Key: "parents", Label: ui.T(ctx, "Parents"), Class: "w6", Sort: []string{"parents"}, Need: []string{"parents"}},
	}
}

// severity are the states from the worst, an order that no column has.
func severity() []search.Expr {
	return []search.Expr{search.Is("state", "down"), search.Is("state", "unreachable"), search.Is("state", "pending"), search.Is("state", "up")}
}

// figures are the numbers of the head.
func figures(ctx context.Context) []list.Figure {
	return []list.Figure{
		list.Unhandled("down", ui.HostState(1, true, false)), list.Unhandled("unreachable", ui.HostState(2, true, false)), list.Handled(ctx, "s-down"),
		list.Calm("pending", ui.HostState(0, false, false)), list.Calm("up", ui.HostState(0, true, false)),
	}
}
