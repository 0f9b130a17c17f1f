package profile

import (
	"context"
	"strconv"
	"strings"

	"belvedere/internal/auth"
	"belvedere/internal/web/ui"
)

// errorOf returns what is wrong with a field.
func (v view) errorOf(field string) string {
	if v.Error == "" || v.Field != field {
		return ""
	}
	return strings.TrimSpace(v.Error + " " + v.Hint)
}

// whole returns what is wrong when it belongs to no field.
func (v view) whole() (msg, hint string) {
	switch v.Field {
	case "display_name", "old_password", "password":
		return "", ""
	}
	return v.Error, v.Hint
}

// choices makes options of pairs of value and label.
func choices(now string, pairs ...string) []ui.Option {
	var out []ui.Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ui.Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == now})
	}
	return out
}

// themes are the choices of colours.
func (v view) themes(ctx context.Context) []ui.Option {
	now := v.Habits.Theme
	if now == "" {
		now = "auto"
	}
	return choices(now, "auto", ui.T(ctx, "Follow the system"), "light", ui.T(ctx, "Light"), "dark", ui.T(ctx, "Dark"))
}

// languages are the choices of the language, each in its own words.
func (v view) languages(ctx context.Context) []ui.Option {
	pairs := []string{"", ui.T(ctx, "As the browser")}
	for _, l := range v.Languages {
		pairs = append(pairs, l[0], l[1])
	}
	return choices(v.Habits.Language, pairs...)
}

// densities are the choices of the height of rows.
func (v view) densities(ctx context.Context) []ui.Option {
	return choices(v.Habits.Density, "compact", ui.T(ctx, "Compact"), "", ui.T(ctx, "Normal"), "roomy", ui.T(ctx, "Roomy"))
}

// clocks are the choices of how times of day are written.
func (v view) clocks(ctx context.Context) []ui.Option {
	now := v.Habits.Clock
	if now == "" {
		now = "24"
	}
	return choices(now, "24", ui.T(ctx, "24 hours: %s", "14:05"), "12", ui.T(ctx, "12 hours: %s", "2:05 PM"))
}

// weeks are the choices of the first day of the week.
func (v view) weeks(ctx context.Context) []ui.Option {
	now := v.Habits.Week
	if now == "" {
		now = "monday"
	}
	return choices(now, "monday", ui.T(ctx, "Monday"), "sunday", ui.T(ctx, "Sunday"), "saturday", ui.T(ctx, "Saturday"))
}

// sees says in words what the person sees.
func (v view) sees(ctx context.Context) string {
	p := v.Person
	switch {
	case p.Viewer().All:
		return ui.T(ctx, "everything")
	case len(p.Viewer().Contacts) == 0:
		return ui.T(ctx, "nothing yet: ask an administrator for a contact name")
	case p.Contact != "":
		return ui.T(ctx, "what contact %s sees", p.Contact)
	}
	return ui.N(ctx, len(p.SiteContacts), "what your contact on %s site sees", "what your contacts on %s sites see", ui.Number(len(p.SiteContacts)))
}

// others reports whether there are sessions besides the present one.
func (v view) others() bool {
	for _, s := range v.Sessions {
		if !s.Current {
			return true
		}
	}
	return false
}

// browser names a browser and system from its user agent, roughly.
func browser(ctx context.Context, ua string) string {
	name := ui.T(ctx, "Unknown browser")
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if strings.Contains(ua, b[0]) {
			name = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(ua, s[0]) {
			return ui.T(ctx, "%[1]s on %[2]s", name, s[1])
		}
	}
	return name
}

func revokePath(s auth.Session) string {
	return "/profile/sessions/" + strconv.FormatInt(s.ID, 10) + "/revoke"
}
