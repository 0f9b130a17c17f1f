// Package comments is the room of the list of comments of all sites:
// acknowledgements, remarks of people, and those that cores write themselves.
package comments

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
		Name: "comments", Path: "/comments", Table: "comments", Columns: columns(ctx), Order: "-entered",
		Key:     []string{"host_name", "service_description", "peer_key", "id"},
		Need:    append(status.AttachedColumns(), "entry_time", "entry_type", "expires", "expire_time"),
		Choices: []list.Choice{list.Sites(ctx)},
		Acts:    true,
		Least:   "lw9",
		Tables:  []string{"comments", "hosts", "services", "sites"},
		Link:    status.AttachedPath,
		Words: list.Words{
			Title: ui.T(ctx, "Comments"), Filter: ui.T(ctx, "Filter comments"), Hint: ui.T(ctx, "Filter: is: host: author: age>3d text …"),
			NoMatch:  ui.T(ctx, "No comment matches this filter"),
			NoRights: ui.T(ctx, "You see no comments here"),
			Contact:  ui.T(ctx, "Your account is no contact of any host on these sites. An administrator can give it a contact name, or the right to see everything."),
			Connect:  ui.T(ctx, "Connect the first monitoring core, and its comments appear here by themselves."),
			Waiting:  ui.T(ctx, "Comments appear here as soon as the first site answers."),
			None:     ui.T(ctx, "There are no comments"),
			NoneWhy:  ui.T(ctx, "Acknowledgements and remarks on hosts and services are listed here."),
			Count:    func(n int) string { return ui.N(ctx, n, "%s comment", "%s comments", ui.Number(n)) },
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
		{Key: "kind", Label: ui.T(ctx, "Kind"), Class: "w6", Sort: []string{"entry_type"}, Default: true, Values: []list.Value{{Key: "kind", Text: func(c status.Cells, row int) string { return word(ctx, c.Int("entry_type", row)) }}}},
		{Key: "author", Label: ui.T(ctx, "Author"), Class: "w5", Sort: []string{"author"}, Default: true, Need: []string{"author"}},
		{Key: "comment", Label: ui.T(ctx, "Comment"), Sort: []string{"comment"}, Default: true, Need: []string{"comment"}},
		{Key: "entered", Label: ui.T(ctx, "Entered"), Class: "num w3", Sort: []string{"entry_time"}, Desc: true, Default: true, Values: []list.Value{{Column: "entry_time"}}},
		{Key: "expires", Label: ui.T(ctx, "Expires"), Class: "num w4", Sort: []string{"-expires", "expire_time"}, Default: true, Detail: true, Values: []list.Value{{Column: "expire_time"}}},
		{Key: "persistent", Label: ui.T(ctx, "Persistent"), Class: "w3", Sort: []string{"persistent"}, Default: true, Detail: true, Need: []string{"persistent"}},
		{Key: "id", Label: ui.T(ctx, "Number"), Class: "num w3", Sort: []string{"id"}},
	}
}

// kinds are the terms of the filter that choose a kind, by entry_type from 1.
func kinds() []search.Expr {
	return []search.Expr{search.Is("is", "user"), search.Is("is", "downtime"), search.Is("is", "flapping"), search.Is("is", "acknowledgement")}
}
