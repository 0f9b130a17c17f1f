package profile

import (
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

// themes are the choices of the theme.
func (v view) themes() []ui.Option {
	return []ui.Option{
		{Value: "auto", Label: "Follow the system", Selected: v.Theme != "light" && v.Theme != "dark"},
		{Value: "light", Label: "Light", Selected: v.Theme == "light"},
		{Value: "dark", Label: "Dark", Selected: v.Theme == "dark"},
	}
}

// sees says in words what the person sees.
func (v view) sees() string {
	p := v.Person
	switch {
	case p.Viewer().All:
		return "everything"
	case len(p.Viewer().Contacts) == 0:
		return "nothing yet: ask an administrator for a contact name"
	case p.Contact != "":
		return "what contact " + p.Contact + " sees"
	}
	return "what your contacts on " + ui.Plural(len(p.SiteContacts), "site", "sites") + " see"
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
func browser(ua string) string {
	name := "Unknown browser"
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if strings.Contains(ua, b[0]) {
			name = b[1]
			break
		}
	}
	for _, s := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(ua, s[0]) {
			return name + " on " + s[1]
		}
	}
	return name
}

func revokePath(s auth.Session) string {
	return "/profile/sessions/" + strconv.FormatInt(s.ID, 10) + "/revoke"
}
