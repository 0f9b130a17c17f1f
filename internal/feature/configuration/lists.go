// Package configuration is the room where one looks up how each core is
// configured: its contacts and their groups, commands, time periods, hosts and
// services. What somebody sees of it is for the Querier to say: who does not
// see everything sees themselves, and what the objects they see use.
package configuration

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"belvedere/internal/search"
	"belvedere/internal/web/list"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// kinds are the tables that can be looked up, in the order of their tabs.
func kinds() []string {
	return []string{"contacts", "contactgroups", "commands", "timeperiods", "hosts", "services"}
}

// listPath returns the address of the list of a kind.
func listPath(kind string) string { return "/config/" + kind }

// usersPath returns the address of the list of hosts or services that use an
// object.
func usersPath(list string, d detail) string {
	return search.Path(listPath(list), uses(d.kind, d.site, d.name)...)
}

// title names a kind.
func title(ctx context.Context, kind string) string {
	switch kind {
	case "contacts":
		return ui.T(ctx, "Contacts")
	case "contactgroups":
		return ui.T(ctx, "Contact groups")
	case "commands":
		return ui.T(ctx, "Commands")
	case "timeperiods":
		return ui.T(ctx, "Time periods")
	case "hosts":
		return ui.T(ctx, "Hosts")
	}
	return ui.T(ctx, "Services")
}

// declare returns the list of a kind, in the language of the page.
func declare(kind string) func(ctx context.Context) *list.List {
	return func(ctx context.Context) *list.List {
		l := &list.List{
			Name: "config-" + kind, Path: listPath(kind), Table: kind, Order: "name",
			Key: []string{"name", "peer_key"}, Need: []string{"name", "peer_key", "peer_name"},
			Choices: []list.Choice{list.Sites(ctx)},
			Tables:  []string{kind, "sites"},
			Least:   map[string]string{"contacts": "lw10", "hosts": "lw11", "services": "lw8"}[kind],
			Link: func(c status.Cells, row int) string {
				return ui.ConfigPath(kind, c.Text("peer_key", row), c.Text("name", row))
			},
			Words: words(ctx, kind),
		}
		switch kind {
		case "hosts":
			l.Link = func(c status.Cells, row int) string {
				return ui.ObjectPath(c.Text("peer_key", row), c.Text("name", row), "")
			}
		case "services":
			l.Key = []string{"host_name", "description", "peer_key"}
			l.Need = []string{"host_name", "description", "peer_key", "peer_name"}
			l.Link = func(c status.Cells, row int) string {
				return ui.ObjectPath(c.Text("peer_key", row), c.Text("host_name", row), c.Text("description", row))
			}
		}
		l.Columns = columns(ctx, kind)
		return l
	}
}

// uses returns what holds for hosts and services that use an object of a kind.
func uses(kind, site, name string) []search.Expr {
	out := []search.Expr{search.Eq("site", site)}
	switch kind {
	case "contacts":
		return append(out, search.Eq("contact", name))
	case "contactgroups":
		return append(out, search.Eq("contactgroup", name))
	case "commands": // alone, or with arguments behind it
		return append(out, search.Cmp("check", search.Match, "^"+regexp.QuoteMeta(name)+"(!|$)"))
	}
	return append(out, search.Or(search.Eq("check_period", name), search.Eq("notification_period", name)))
}

// shown are the columns of each kind after its name and site; those before the
// empty text are shown until the person chooses.
func shown(kind string) []string {
	switch kind {
	case "contacts":
		return []string{"alias", "email", "pager", "host_notification_period", "service_notification_period", "", "groups", "can_submit_commands",
			"host_notifications_enabled", "service_notifications_enabled"}
	case "contactgroups":
		return []string{"alias", "members"}
	case "commands":
		return []string{"line"}
	case "timeperiods":
		return []string{"alias", "in", "", "exclusions"}
	case "hosts":
		return []string{"alias", "address", "check_command", "check_period", "notification_period", "parents", "", "check_interval", "retry_interval", "max_check_attempts",
			"notification_interval", "contacts", "contact_groups", "groups", "event_handler"}
	}
	return []string{"check_command", "check_interval", "check_period", "notification_period", "", "retry_interval", "max_check_attempts",
		"notification_interval", "contacts", "contact_groups", "groups", "event_handler"}
}

// columns are the usual columns of a kind.
func columns(ctx context.Context, kind string) []list.Column {
	name := list.Column{Key: "name", Label: ui.T(ctx, "Name"), Class: "w8", Sort: []string{"name"}, Fixed: true}
	if kind == "services" {
		name = list.Column{Key: "name", Label: ui.T(ctx, "Host / service"), Class: "w9", Sort: []string{"host_name", "description"}, Fixed: true,
			Values: []list.Value{{Label: ui.T(ctx, "Host"), Column: "host_name"}, {Label: ui.T(ctx, "Service"), Column: "description"}}}
	}
	out := []list.Column{name,
		{Key: "site", Label: ui.T(ctx, "Site"), Class: "w4", Sort: []string{"peer_name"}, Fixed: true, Values: []list.Value{{Column: "peer_name"}}}}
	table := &list.List{Table: kind}
	usual := true
	for _, key := range shown(kind) {
		if key == "" {
			usual = false
			continue
		}
		if c, ok := table.Column(key); ok {
			c.Default = usual
			c.Label = label(ctx, key, c.Label)
			if wide(key) {
				c.Class = ""
			} else if key == "in" { // drawn as a tag, not as a number
				c.Class = "w6"
			} else if strings.HasSuffix(key, "notification_period") { // a long head
				c.Class = "w12"
			}
			out = append(out, c)
		}
	}
	return out
}

// wide columns take what room is left.
func wide(key string) bool {
	return slices.Contains([]string{"line", "members", "check_command", "email"}, key)
}

// label writes the head of a column; other is the name of the column itself.
func label(ctx context.Context, key, other string) string {
	switch key {
	case "alias":
		return ui.T(ctx, "Longer name")
	case "email":
		return ui.T(ctx, "Mail")
	case "pager":
		return ui.T(ctx, "Pager")
	case "host_notification_period":
		return ui.T(ctx, "Told of hosts in")
	case "service_notification_period":
		return ui.T(ctx, "Told of services in")
	case "members":
		return ui.T(ctx, "Members")
	case "line":
		return ui.T(ctx, "Command line")
	case "in":
		return ui.T(ctx, "Now within it")
	case "address":
		return ui.T(ctx, "Address")
	case "check_command":
		return ui.T(ctx, "Check command")
	case "check_period":
		return ui.T(ctx, "Checked in")
	case "notification_period":
		return ui.T(ctx, "Notified in")
	case "check_interval":
		return ui.T(ctx, "Interval")
	case "parents":
		return ui.T(ctx, "Parents")
	}
	return other
}

// words are what the list of a kind calls itself.
func words(ctx context.Context, kind string) list.Words {
	count := map[string]func(n int) string{
		"contacts":      func(n int) string { return ui.N(ctx, n, "%s contact", "%s contacts", ui.Number(n)) },
		"contactgroups": func(n int) string { return ui.N(ctx, n, "%s contact group", "%s contact groups", ui.Number(n)) },
		"commands":      func(n int) string { return ui.N(ctx, n, "%s command", "%s commands", ui.Number(n)) },
		"timeperiods":   func(n int) string { return ui.N(ctx, n, "%s time period", "%s time periods", ui.Number(n)) },
		"hosts":         func(n int) string { return ui.N(ctx, n, "%s host", "%s hosts", ui.Number(n)) },
		"services":      func(n int) string { return ui.N(ctx, n, "%s service", "%s services", ui.Number(n)) },
	}[kind]
	return list.Words{
		Title: title(ctx, kind), Filter: ui.T(ctx, "Filter the configuration"), Hint: ui.T(ctx, "Filter: name, alias …"),
		NoMatch:  ui.T(ctx, "Nothing in the configuration matches this filter"),
		NoRights: ui.T(ctx, "You see nothing of this here"),
		Contact:  ui.T(ctx, "Who does not see everything sees themselves, their contact groups, and what the hosts and services they are contact of use. Commands are for those who see everything."),
		Connect:  ui.T(ctx, "Connect the first monitoring core, and its configuration can be looked up here."),
		Waiting:  ui.T(ctx, "The configuration can be looked up as soon as the first site answers."),
		Count:    count,
	}
}
