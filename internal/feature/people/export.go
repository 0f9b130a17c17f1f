package people

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// files is what the files of the list are below.
const files = "/people/all"

// whole is all accounts, for administrators: nothing that lets anybody in.
func (h handler) whole(r *http.Request) (x list.Whole, err error) {
	ctx := r.Context()
	all, err := h.Auth.People(ctx)
	if err != nil {
		return x, fmt.Errorf("people: %w", err)
	}
	names, err := sites(r)
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "people", Title: ui.T(ctx, "People"), Path: "/people", Files: files}
	return list.Filled(r, x, all, func(p auth.Person) string { return path(p.ID, "edit") },
		list.In("username", ui.T(ctx, "User name"), export.Text, func(p auth.Person) any { return p.Username }),
		list.In("name", ui.T(ctx, "Name"), export.Text, func(p auth.Person) any { return p.DisplayName }),
		list.In("role", ui.T(ctx, "Role"), export.Text, func(p auth.Person) any { return web.RoleName(ctx, p.Role) }),
		list.In("sees_all", ui.T(ctx, "Sees everything"), export.Bool, func(p auth.Person) any { return p.Viewer().All }),
		list.In("contact", ui.T(ctx, "Contact"), export.Text, func(p auth.Person) any { return p.Contact }),
		list.In("site_contacts", ui.T(ctx, "Contacts at sites"), export.List, func(p auth.Person) any { return siteContacts(p, names) }),
		list.In("command_lines", ui.T(ctx, "Command lines"), export.Bool, func(p auth.Person) any { return p.CommandLines || p.Role == access.RoleAdmin }),
		list.In("last_sign_in", ui.T(ctx, "Last sign-in"), export.Time, func(p auth.Person) any { return p.LastSignIn }),
		list.In("created", ui.T(ctx, "Created"), export.Time, func(p auth.Person) any { return p.Created }),
		list.In("disabled", ui.T(ctx, "Disabled"), export.Bool, func(p auth.Person) any { return p.Disabled }),
		list.In("from_file", ui.T(ctx, "From the configuration file"), export.Bool, func(p auth.Person) any { return p.Provisioned })), nil
}

// siteContacts are the contact names of sites, as "Wien: eva"; a site that is
// gone has its key.
func siteContacts(p auth.Person, names []siteName) []string {
	out := []string{}
	for _, key := range slices.Sorted(maps.Keys(p.SiteContacts)) {
		name := key
		for _, s := range names {
			if s.Key == key {
				name = s.Name
			}
		}
		out = append(out, name+": "+p.SiteContacts[key])
	}
	return out
}

// offer is what the list can be had as.
func (v listView) offer(ctx context.Context) list.Offer {
	n := len(v.People)
	return list.OfferWhole(ctx, files, ui.N(ctx, n, "%s account", "%s accounts", ui.Number(n)))
}
