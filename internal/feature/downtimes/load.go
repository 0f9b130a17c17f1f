// Package downtimes is the room of the list of downtimes of all sites.
package downtimes

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
		Name: "downtimes", Path: "/downtimes", Table: "downtimes", Columns: columns(ctx), Order: "when",
		Key:     []string{"host_name", "service_description", "peer_key", "id"},
		Need:    append(status.AttachedColumns(), "start_time", "end_time", "fixed", "duration"),
		Choices: []list.Choice{list.Sites(ctx)},
		Acts:    true,
		Least:   "lw9",
		Tables:  []string{"downtimes", "hosts", "services", "sites"},
		Link:    status.AttachedPath,
		Words: list.Words{
			Title: ui.T(ctx, "Downtimes"), Filter: ui.T(ctx, "Filter downtimes"), Hint: ui.T(ctx, "Filter: is: host: author: age>3d text …"),
			NoMatch:  ui.T(ctx, "No downtime matches this filter"),
			NoRights: ui.T(ctx, "You see no downtimes here"),
			Contact:  ui.T(ctx, "Your account is no contact of any host on these sites. An administrator can give it a contact name, or the right to see everything."),
			Connect:  ui.T(ctx, "Connect the first monitoring core, and its downtimes appear here by themselves."),
			Waiting:  ui.T(ctx, "Downtimes appear here as soon as the first site answers."),
			None:     ui.T(ctx, "No downtime is planned"),
			NoneWhy:  ui.T(ctx, "Planned work on hosts and services is listed here, while it lasts and before."),
			Count:    func(n int) string { return ui.N(ctx, n, "%s downtime", "%s downtimes", ui.Number(n)) },
		},
	}
}

// columns are the usual columns of the list.
func columns(ctx context.Context) []list.Column {
	return []list.Column{
		{Key: "state", Label: ui.T(ctx, "State"), Class: "w2", Steps: status.AttachedOrder(), Sort: []string{"host_name", "service_description"}, Fixed: true, Values: []list.Value{{Key: "state", Text: status.AttachedWord}}},
		{Key: "who", Label: ui.T(ctx, "Host / service"), Class: "w8", Sort: []string{"host_name", "service_description"}, Fixed: true,
			Values: []list.Value{{Label: ui.T(ctx, "Host"), Column: "host_name"}, {Label: ui.T(ctx, "Service"), Column: "service_description"}}},
		{Key: "site", Label: ui.T(ctx, "Site"), Class: "w4", Sort: []string{"peer_name"}, Fixed: true, Values: []list.Value{{Column: "peer_name"}}},
		{Key: "when", Label: ui.T(ctx, "Now"), Class: "w12", Steps: list.Steps(ctx, "downtimes", times()...), Sort: []string{"end_time"}, Default: true,
			Values: []list.Value{{Label: ui.T(ctx, "Fixed"), Column: "fixed"}}},
		{Key: "start", Label: ui.T(ctx, "Start"), Class: "w4", Sort: []string{"start_time"}, Default: true, Detail: true, Values: []list.Value{{Column: "start_time"}}},
		{Key: "end", Label: ui.T(ctx, "End"), Class: "w4", Sort: []string{"end_time"}, Default: true, Values: []list.Value{{Column: "end_time"}}},
		{Key: "lasts", Label: ui.T(ctx, "Lasts"), Class: "num w3", Sort: []string{"duration"}, Desc: true, Default: true, Detail: true, Values: []list.Value{{Column: "duration"}}},
		{Key: "author", Label: ui.T(ctx, "Author"), Class: "w4", Sort: []string{"author"}, Default: true, Need: []string{"author"}},
		{Key: "comment", Label: ui.T(ctx, "Comment"), Sort: []string{"comment"}, Default: true, Need: []string{"comment"}},
		{Key: "triggered_by", Label: ui.T(ctx, "Triggered by"), Class: "num w3", Sort: []string{"triggered_by"}, Need: []string{"triggered_by"}},
		{Key: "entered", Label: ui.T(ctx, "Entered"), Class: "num w3", Sort: []string{"entry_time"}, Desc: true, Need: []string{"entry_time"}, Values: []list.Value{{Column: "entry_time"}}},
		{Key: "id", Label: ui.T(ctx, "Number"), Class: "num w3", Sort: []string{"id"}},
	}
}

// times are the terms of the filter that choose by time: what lasts, what
// comes, and what is over and not yet removed by its core.
func times() []search.Expr {
	return []search.Expr{search.Is("is", "active"), search.Is("is", "upcoming"), search.Is("is", "over")}
}
