package auth

import (
	"maps"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

// Meta is where a request comes from, for the log and the rate limit.
type Meta struct {
	IP string // of the client, behind trusted proxies theirs; "" is one address of its own
	UA string // User-Agent
}

// An Actor is who changes something, for the audit.
type Actor struct {
	ID   int64  // person, 0 for none
	Name string // user name, or "command line", "configuration", "setup"
	IP   string
}

// Audit makes an entry of what a did; to be stored with the change itself.
func (a Actor) Audit(action, object, detail string) db.Audit {
	return db.Audit{Person: a.ID, Who: a.Name, IP: a.IP, Action: action, Object: object, Detail: detail, Result: "ok"}
}

// A Person is somebody who may sign in. It is a copy: changing it changes
// nothing before [Service.UpdatePerson]. The zero Person sees nothing.
type Person struct {
	ID           int64
	Username     string // unique whatever its case; never changes
	DisplayName  string // "" if none
	Role         access.Role
	SeeAll       bool              // sees everything without being a contact of it; admins do anyway
	Contact      string            // contact name on every site without an entry in SiteContacts
	SiteContacts map[string]string // site key to contact name; "" there: sees nothing of that site
	CommandLines bool              // may see expanded check commands; admins do anyway
	Provisioned  bool              // comes from the configuration file and is changed there
	Disabled     bool              // may not sign in

	// The store keeps these.
	HasPassword bool
	Created     time.Time
	LastSignIn  time.Time // zero: never
}

// Viewer returns what p may see: everything for admins and those with
// see-all, else what the contact names see, else nothing.
func (p Person) Viewer() access.Viewer {
	if p.Disabled {
		return access.Viewer{}
	}
	v := access.Viewer{
		All:          p.Role == access.RoleAdmin || p.SeeAll,
		Services:     access.Loose,
		Groups:       access.Strict,
		CommandLines: p.Role == access.RoleAdmin || p.CommandLines,
	}
	if v.All {
		return v
	}
	v.Contacts = make(map[string]string, len(p.SiteContacts)+1)
	maps.Copy(v.Contacts, p.SiteContacts)
	delete(v.Contacts, "*")
	if p.Contact != "" {
		v.Contacts["*"] = p.Contact
	}
	return v
}

// IsAdmin reports whether p manages sites and people.
func (p Person) IsAdmin() bool { return p.Role == access.RoleAdmin && !p.Disabled }

// Name returns the display name, or the user name where there is none.
func (p Person) Name() string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.Username
}

// Actor returns p as the one who changes something.
func (p Person) Actor(m Meta) Actor { return Actor{ID: p.ID, Name: p.Username, IP: m.IP} }

func fromStored(p db.Person) Person {
	return Person{
		ID: p.ID, Username: p.Username, DisplayName: p.DisplayName, Role: p.Role, SeeAll: p.SeeAll,
		Contact: p.Contact, SiteContacts: p.SiteContacts, CommandLines: p.CommandLines,
		Provisioned: p.Provisioned, Disabled: p.Disabled, HasPassword: p.PasswordHash != "",
		Created: p.Created, LastSignIn: p.LastSignIn,
	}
}

// into puts what may be changed of p into a stored person.
func (p Person) into(s *db.Person) {
	s.DisplayName, s.Role, s.SeeAll = p.DisplayName, p.Role, p.SeeAll
	s.Contact, s.SiteContacts, s.CommandLines = p.Contact, p.SiteContacts, p.CommandLines
	s.Disabled = p.Disabled
}
