package people

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// A listView is the page of all people.
type listView struct {
	People []auth.Person
	Me     int64
}

// A siteName is a site a contact name can be given for.
type siteName struct{ Key, Name string }

// sitesOf reads the answer to a query for the names of all sites.
func sitesOf(res *lql.Result) []siteName {
	out := make([]siteName, res.Rows)
	for i := range out {
		out[i] = siteName{res.Text(i, "key"), res.Text(i, "name")}
	}
	return out
}

// An editView is the form of a new person, or the page of one.
type editView struct {
	Person      auth.Person // ID 0: a new one
	Sites       []siteName
	Field       string // which field Error is about, "" the whole
	Error, Hint string
	Me          bool
}

// errorOf returns what is wrong with a field.
func (v editView) errorOf(field string) string {
	if v.Error == "" || v.Field != field {
		return ""
	}
	if v.Hint == "" {
		return v.Error
	}
	return v.Error + " " + v.Hint
}

// whole returns what is wrong when it belongs to no field of the form.
func (v editView) whole() (msg, hint string) {
	if slices.Contains([]string{"username", "display_name", "role", "contact", "password"}, v.Field) {
		return "", ""
	}
	return v.Error, v.Hint
}

// title names the page.
func (v editView) title(ctx context.Context) string {
	if v.Person.ID == 0 {
		return ui.T(ctx, "Add person")
	}
	return v.Person.Username
}

// action returns where the form goes.
func (v editView) action() string {
	if v.Person.ID == 0 {
		return "/people/new"
	}
	return path(v.Person.ID, "edit")
}

// roles are the choices of the role.
func (v editView) roles(ctx context.Context) []ui.Option {
	role := v.Person.Role
	return []ui.Option{
		{Value: string(access.RoleViewer), Label: web.RoleName(ctx, access.RoleViewer), Note: ui.T(ctx, "looks"), Selected: role == access.RoleViewer, Disabled: v.Person.Provisioned},
		{Value: string(access.RoleOperator), Label: web.RoleName(ctx, access.RoleOperator), Note: ui.T(ctx, "acts on what they see"), Selected: role == access.RoleOperator, Disabled: v.Person.Provisioned},
		{Value: string(access.RoleAdmin), Label: web.RoleName(ctx, access.RoleAdmin), Note: ui.T(ctx, "sees all, manages sites and people"), Selected: role == access.RoleAdmin, Disabled: v.Person.Provisioned},
	}
}

// path returns the address of something about a person.
func path(id int64, what string) string {
	return "/people/" + strconv.FormatInt(id, 10) + "/" + what
}

// sees says in words what a person sees.
func sees(ctx context.Context, p auth.Person) string {
	switch {
	case p.Role == access.RoleAdmin || p.SeeAll:
		return ui.T(ctx, "everything")
	case p.Contact == "" && len(p.SiteContacts) == 0:
		return ui.T(ctx, "nothing")
	}
	var names []string
	if p.Contact != "" {
		names = append(names, p.Contact)
	}
	for _, key := range slices.Sorted(maps.Keys(p.SiteContacts)) {
		if c := p.SiteContacts[key]; c != "" && !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	if len(names) == 0 {
		return ui.T(ctx, "nothing")
	}
	return ui.N(ctx, len(names), "what contact %s sees", "what contacts %s see", strings.Join(names, ", "))
}

// state says in one word how an account is.
func state(ctx context.Context, p auth.Person) string {
	switch {
	case p.Disabled:
		return ui.T(ctx, "disabled")
	case !p.HasPassword:
		return ui.T(ctx, "no password yet")
	}
	return ""
}

// entered puts what the form says into a person. Contact names of sites that
// the form did not show stay.
func entered(p auth.Person, v url.Values, sites []siteName) auth.Person {
	get := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	if p.ID == 0 {
		p.Username = get("username")
	}
	p.DisplayName = get("display_name")
	p.Role = access.Role(get("role"))
	p.SeeAll = v.Has("see_all")
	p.CommandLines = v.Has("command_lines")
	p.Contact = get("contact")
	contacts := maps.Clone(p.SiteContacts)
	if contacts == nil {
		contacts = map[string]string{}
	}
	for _, s := range sites {
		delete(contacts, s.Key)
		if c := get("contact-" + s.Key); c != "" {
			contacts[s.Key] = c
		}
	}
	p.SiteContacts = contacts
	return p
}
