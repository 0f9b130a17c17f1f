package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/access"
)

const (
	usernameMost    = 64   // characters
	displayNameMost = 100  // characters
	passwordLeast   = 10   // characters
	passwordMost    = 1000 // bytes
	contactMost     = 200  // characters
	contactsMost    = 2000 // sites
)

func checkUsername(name string) error {
	const hint = "use letters, digits and . _ - @, up to 64, with a letter or digit first"
	if name == "" {
		return &InputError{"username", "the user name is missing", hint}
	}
	if len(name) > usernameMost {
		return &InputError{"username", "the user name is too long", hint}
	}
	for i, r := range name {
		alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("._-@", r)) {
			return &InputError{"username", fmt.Sprintf("the user name must not have %q at place %d", r, i+1), hint}
		}
	}
	return nil
}

// checkPassword wants length and nothing else that people work around; short
// lifts that, for the demo.
func checkPassword(username, password string, short bool) error {
	switch {
	case password == "":
		return &InputError{"password", "the password is missing", fmt.Sprintf("use at least %d characters", passwordLeast)}
	case len(password) > passwordMost:
		return &InputError{"password", "the password is too long", fmt.Sprintf("use at most %d bytes", passwordMost)}
	case !utf8.ValidString(password):
		return &InputError{"password", "the password is not UTF-8 text", "set your terminal to UTF-8"}
	case short:
		return nil
	case utf8.RuneCountInString(password) < passwordLeast:
		return &InputError{"password", "the password is too short", fmt.Sprintf("use at least %d characters; a few words in a row are good", passwordLeast)}
	case strings.EqualFold(password, username):
		return &InputError{"password", "the password is the user name", "use something only you know"}
	}
	return nil
}

func checkRole(r access.Role) error {
	switch r {
	case access.RoleAdmin, access.RoleOperator, access.RoleViewer:
		return nil
	}
	return &InputError{"role", fmt.Sprintf("there is no role %q", r), "use admin, operator or viewer"}
}

// checkContact refuses what cannot be a contact's name and could mean
// something to a core.
func checkContact(field, name string) error {
	if utf8.RuneCountInString(name) > contactMost {
		return &InputError{field, "the contact name is too long", fmt.Sprintf("use at most %d characters", contactMost)}
	}
	if !plain(name) || strings.ContainsRune(name, ';') || strings.TrimSpace(name) != name {
		return &InputError{field, fmt.Sprintf("%q cannot be the name of a contact", name), "use the name as the core's configuration has it"}
	}
	return nil
}

// plain reports whether s is UTF-8 without control characters.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// check looks at all of p that can be chosen freely.
func (p Person) check() error {
	if err := checkUsername(p.Username); err != nil {
		return err
	}
	if err := checkDisplayName(p.DisplayName); err != nil {
		return err
	}
	if err := checkRole(p.Role); err != nil {
		return err
	}
	if err := checkContact("contact", p.Contact); err != nil {
		return err
	}
	if len(p.SiteContacts) > contactsMost {
		return &InputError{"site_contacts", "too many sites with a contact of their own", fmt.Sprintf("at most %d", contactsMost)}
	}
	for site, c := range p.SiteContacts {
		if site == "" || site == "*" {
			return &InputError{"site_contacts", "a contact has no site", "name the site, or use the contact for all sites"}
		}
		if err := checkContact("site_contacts", c); err != nil {
			return err
		}
	}
	return nil
}

func checkDisplayName(name string) error {
	if utf8.RuneCountInString(name) > displayNameMost || !plain(name) {
		return &InputError{"display_name", "the display name is too long or has control characters", fmt.Sprintf("use at most %d characters", displayNameMost)}
	}
	return nil
}
