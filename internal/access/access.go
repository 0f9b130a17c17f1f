// Package access says what a person may see and do.
//
// A [Viewer] is a value: it is made by package auth from the person who asks,
// and read by package query, which shows each viewer only what is theirs. The
// zero Viewer sees nothing.
package access

import (
	"sort"
	"strconv"
	"strings"
)

// Rule is how far being a contact reaches.
type Rule uint8

const (
	Strict Rule = iota
	Loose
)

// A Viewer is what one person may see. Viewers are read-only once made and
// safe for concurrent use.
type Viewer struct {
	// All sees everything of every site.
	All bool
	// Contacts maps a site's key to the contact name this person has there;
	// "*" stands for every site that has no entry of its own. A person without
	// an entry for a site sees nothing of it.
	Contacts map[string]string
	// Services is strict when a contact of a host does not see its services
	// unless also a contact of these. Groups is strict when a group is visible
	// only if all its members are. The defaults of the reference
	// implementation are Services Loose, Groups Strict.
	Services, Groups Rule
	// Sites, when not nil, narrows to these site keys: the chooser of the top
	// bar, or a listener's set. It never widens.
	Sites []string
	// CommandLines may see the lines that commands run, expanded check commands
	// and the arguments of commands, which can hold secrets.
	CommandLines bool
}

// Contact returns the contact name of v at a site. all: no restriction; ok is
// false when v sees nothing of the site.
func (v Viewer) Contact(site string) (name string, all, ok bool) {
	if !v.AllowsSite(site) {
		return "", false, false
	}
	if v.All {
		return "", true, true
	}
	if c, found := v.Contacts[site]; found {
		return c, false, c != ""
	}
	c := v.Contacts["*"]
	return c, false, c != ""
}

// AllowsSite reports whether v's choice of sites includes site.
func (v Viewer) AllowsSite(site string) bool {
	if v.Sites == nil {
		return true
	}
	for _, s := range v.Sites {
		if s == site {
			return true
		}
	}
	return false
}

// Key returns a text that is equal for viewers that see the same, to share
// results between them.
func (v Viewer) Key() string {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(v.All))
	b.WriteString(strconv.FormatBool(v.CommandLines))
	b.WriteByte('0' + byte(v.Services))
	b.WriteByte('0' + byte(v.Groups))
	keys := make([]string, 0, len(v.Contacts))
	for k := range v.Contacts {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		b.WriteString(strconv.Quote(k) + "=" + strconv.Quote(v.Contacts[k]) + ",")
	}
	if v.Sites != nil {
		sites := append([]string(nil), v.Sites...)
		sort.Strings(sites)
		b.WriteByte('@')
		for _, s := range sites {
			b.WriteString(strconv.Quote(s) + ",")
		}
	}
	return b.String()
}

// Role is what a person is.
type Role string

const (
	RoleAdmin    Role = "admin"    // sees all, manages sites and people
	RoleOperator Role = "operator" // acts on what they see
	RoleViewer   Role = "viewer"   // looks
)
