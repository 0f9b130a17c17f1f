package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

// People returns everybody, by user name.
func (s *Service) People(ctx context.Context) ([]Person, error) {
	stored, err := s.db.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("auth: people: %w", err)
	}
	list := make([]Person, len(stored))
	for i, p := range stored {
		list[i] = fromStored(p)
	}
	return list, nil
}

// Person returns one person by id; [ErrNotFound].
func (s *Service) Person(ctx context.Context, id int64) (Person, error) {
	p, err := s.db.Person(ctx, id)
	return fromStored(p), notFound(err)
}

// PersonByName returns one person by user name, whatever its case;
// [ErrNotFound].
func (s *Service) PersonByName(ctx context.Context, username string) (Person, error) {
	p, err := s.db.PersonByName(ctx, username)
	return fromStored(p), notFound(err)
}

// AddPerson stores a new person and returns them with their id; password ""
// makes one who cannot sign in yet. The error is an [*InputError], also when
// the name is taken.
func (s *Service) AddPerson(ctx context.Context, a Actor, p Person, password string) (Person, error) {
	if err := p.check(); err != nil {
		return Person{}, err
	}
	now := s.now()
	stored := db.Person{Username: p.Username}
	p.into(&stored)
	if password != "" {
		if err := checkPassword(p.Username, password, s.short); err != nil {
			return Person{}, err
		}
		hash, err := s.kitchen.hash(ctx, password)
		if err != nil {
			return Person{}, fmt.Errorf("auth: add person: %w", err)
		}
		stored.PasswordHash, stored.PasswordChanged = hash, now
	}
	err := s.db.Write(ctx, func(t *db.Tx) (err error) {
		if stored.ID, err = t.AddPerson(ctx, stored, now); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "person.add", p.Username, "role "+string(p.Role)))
	})
	if errors.Is(err, db.ErrExists) {
		return Person{}, &InputError{"username", fmt.Sprintf("there is a person %q already", p.Username), "user names differ in more than upper and lower case"}
	}
	if err != nil {
		return Person{}, fmt.Errorf("auth: add person: %w", err)
	}
	return s.Person(ctx, stored.ID)
}

// UpdatePerson stores p's changes: all but the user name, the password and
// what the store keeps. Disabling a person ends their sessions. The error is
// [ErrNotFound], or an [*InputError] for what is not valid, for provisioned
// people, and for a change that would leave no admin.
func (s *Service) UpdatePerson(ctx context.Context, a Actor, p Person) error {
	return s.change(ctx, p.ID, func(t *db.Tx, stored *db.Person) (*db.Audit, error) {
		before := fromStored(*stored)
		p.Username = before.Username
		if err := p.check(); err != nil {
			return nil, err
		}
		p.into(stored)
		diff := difference(before, p)
		if diff == "" {
			return nil, nil
		}
		if p.Disabled {
			if _, err := t.RemoveSessions(ctx, p.ID, 0); err != nil {
				return nil, err
			}
		}
		e := s.entry(a, "person.change", p.Username, diff)
		return &e, nil
	})
}

// SetDisplayName is what people may change of themselves.
func (s *Service) SetDisplayName(ctx context.Context, a Actor, person int64, name string) error {
	name = strings.TrimSpace(name)
	if err := checkDisplayName(name); err != nil {
		return err
	}
	return s.change(ctx, person, func(t *db.Tx, stored *db.Person) (*db.Audit, error) {
		if stored.DisplayName == name {
			return nil, nil
		}
		stored.DisplayName = name
		e := s.entry(a, "person.change", stored.Username, "display name")
		return &e, nil
	})
}

// SetPassword gives a person a new password and ends all of their sessions.
func (s *Service) SetPassword(ctx context.Context, a Actor, person int64, password string) error {
	return s.setPassword(ctx, a, person, password, 0)
}

// ChangePassword is for people themselves: it wants the old password and keeps
// the session of token; all others end. Errors: [ErrNoSession],
// [RateLimitedError], [ErrBusy], [*InputError].
func (s *Service) ChangePassword(ctx context.Context, token, old, password string, m Meta) error {
	p, session, err := s.session(ctx, token)
	if err != nil {
		return err
	}
	if p.Provisioned {
		return errProvisioned(p.Username)
	}
	if _, err := s.authenticate(ctx, p.Username, old, m); errors.Is(err, ErrBadCredentials) {
		return &InputError{"old_password", "the old password is wrong", ""}
	} else if err != nil {
		return err
	}
	return s.setPassword(ctx, fromStored(p).Actor(m), p.ID, password, session.ID)
}

func (s *Service) setPassword(ctx context.Context, a Actor, person int64, password string, keep int64) error {
	p, err := s.Person(ctx, person)
	if err != nil {
		return err
	}
	if p.Provisioned {
		return errProvisioned(p.Username)
	}
	if err := checkPassword(p.Username, password, s.short); err != nil {
		return err
	}
	hash, err := s.kitchen.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("auth: set password: %w", err)
	}
	return s.change(ctx, person, func(t *db.Tx, stored *db.Person) (*db.Audit, error) {
		stored.PasswordHash, stored.PasswordChanged = hash, s.now()
		if _, err := t.RemoveSessions(ctx, person, keep); err != nil {
			return nil, err
		}
		s.accounts.succeed(accountName(stored.Username))
		e := s.entry(a, "person.password", stored.Username, "")
		return &e, nil
	})
}

// RemovePerson removes a person with their sessions and preferences. The error
// is [ErrNotFound], or an [*InputError] for the last admin and for provisioned
// people that the file still names.
func (s *Service) RemovePerson(ctx context.Context, a Actor, person int64) error {
	return s.guarded(ctx, func(t *db.Tx) error {
		p, err := t.Person(ctx, person)
		if err != nil {
			return err
		}
		if p.Provisioned && !p.Disabled {
			return errProvisioned(p.Username)
		}
		if err := t.RemovePerson(ctx, person); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "person.remove", p.Username, ""))
	})
}

// change applies f to a stored person who is not provisioned. A nil entry
// means that there is nothing to change.
func (s *Service) change(ctx context.Context, id int64, f func(*db.Tx, *db.Person) (*db.Audit, error)) error {
	return s.guarded(ctx, func(t *db.Tx) error {
		p, err := t.Person(ctx, id)
		if err != nil {
			return err
		}
		if p.Provisioned {
			return errProvisioned(p.Username)
		}
		entry, err := f(t, &p)
		if err != nil || entry == nil {
			return err
		}
		if err := t.UpdatePerson(ctx, p, s.now()); err != nil {
			return err
		}
		return t.AddAudit(ctx, *entry)
	})
}

// guarded writes, unless that takes away the last admin who can sign in.
func (s *Service) guarded(ctx context.Context, f func(*db.Tx) error) error {
	err := s.db.Write(ctx, func(t *db.Tx) error {
		before, err := t.ActiveAdmins(ctx)
		if err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
		after, err := t.ActiveAdmins(ctx)
		if err == nil && before > 0 && after == 0 {
			return &InputError{"role", "this is the last admin", "make somebody else an admin first"}
		}
		return err
	})
	return notFound(err)
}

func errProvisioned(username string) error {
	return &InputError{"", fmt.Sprintf("%s comes from the configuration file", username), "change the file and send the server SIGHUP, or restart it"}
}

// difference says for the audit what changed, "" if nothing did.
func difference(a, b Person) string {
	var d []string
	text := func(what, from, to string) {
		if from != to {
			d = append(d, fmt.Sprintf("%s %q to %q", what, from, to))
		}
	}
	flag := func(what string, from, to bool) {
		if from != to {
			d = append(d, fmt.Sprintf("%s %s to %s", what, onOff(from), onOff(to)))
		}
	}
	text("display name", a.DisplayName, b.DisplayName)
	if a.Role != b.Role {
		d = append(d, fmt.Sprintf("role %s to %s", a.Role, b.Role))
	}
	flag("see all", a.SeeAll, b.SeeAll)
	text("contact", a.Contact, b.Contact)
	if !maps.Equal(a.SiteContacts, b.SiteContacts) {
		d = append(d, "contacts of sites")
	}
	flag("command lines", a.CommandLines, b.CommandLines)
	flag("disabled", a.Disabled, b.Disabled)
	return strings.Join(d, ", ")
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// A Provisioned person comes from the configuration file.
type Provisioned struct {
	Username, DisplayName string
	Role                  access.Role
	PasswordHash          string // argon2id, PHC form; "": cannot sign in
	SeeAll                bool
	Contact               string
	SiteContacts          map[string]string // site key to contact name
	CommandLines          bool
}

// Provision makes the stored people match those of the configuration file, all
// or nothing. Somebody of the same name who was added in the web becomes a
// provisioned one and keeps sessions and preferences. Who is no longer in the
// file is disabled, and can then be removed. The error is an [*InputError] for
// what is not valid.
func (s *Service) Provision(ctx context.Context, people []Provisioned) error {
	named := map[string]bool{}
	for _, p := range people {
		if err := p.check(); err != nil {
			return err
		}
		name := accountName(p.Username)
		if named[name] {
			return &InputError{"username", fmt.Sprintf("the configuration names %s twice", p.Username), ""}
		}
		named[name] = true
	}
	return s.db.Write(ctx, func(t *db.Tx) error {
		for _, p := range people {
			if err := s.provision(ctx, t, p); err != nil {
				return fmt.Errorf("auth: provision %s: %w", p.Username, err)
			}
		}
		return s.retire(ctx, t, named)
	})
}

func (p Provisioned) person() Person {
	return Person{
		Username: p.Username, DisplayName: p.DisplayName, Role: p.Role, SeeAll: p.SeeAll,
		Contact: p.Contact, SiteContacts: p.SiteContacts, CommandLines: p.CommandLines,
	}
}

func (p Provisioned) check() error {
	if err := p.person().check(); err != nil {
		return err
	}
	if p.PasswordHash == "" {
		return nil
	}
	return CheckHash(p.PasswordHash)
}

// provision adds or changes one person; what is as it should be is not written.
func (s *Service) provision(ctx context.Context, t *db.Tx, p Provisioned) error {
	now, by := s.now(), Actor{Name: "configuration"}
	old, err := t.PersonByName(ctx, p.Username)
	missing := errors.Is(err, db.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	stored := old
	p.person().into(&stored)
	stored.Username, stored.PasswordHash, stored.Provisioned = p.Username, p.PasswordHash, true
	if old.PasswordHash != p.PasswordHash {
		stored.PasswordChanged = now
	}
	if missing {
		if _, err := t.AddPerson(ctx, stored, now); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(by, "person.add", p.Username, "role "+string(p.Role)))
	}
	diff := difference(fromStored(old), fromStored(stored))
	if diff == "" && old.PasswordHash == stored.PasswordHash && old.Username == stored.Username && old.Provisioned {
		return nil
	}
	if old.PasswordHash != p.PasswordHash {
		diff = strings.TrimPrefix(diff+", password", ", ")
		if _, err := t.RemoveSessions(ctx, old.ID, 0); err != nil {
			return err
		}
	}
	if err := t.UpdatePerson(ctx, stored, now); err != nil {
		return err
	}
	return t.AddAudit(ctx, s.entry(by, "person.change", p.Username, diff))
}

// retire disables provisioned people whom the file does not name any more.
func (s *Service) retire(ctx context.Context, t *db.Tx, named map[string]bool) error {
	all, err := t.People(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.Provisioned || p.Disabled || named[accountName(p.Username)] {
			continue
		}
		p.Disabled = true
		if err := t.UpdatePerson(ctx, p, s.now()); err != nil {
			return err
		}
		if _, err := t.RemoveSessions(ctx, p.ID, 0); err != nil {
			return err
		}
		if err := t.AddAudit(ctx, s.entry(Actor{Name: "configuration"}, "person.change", p.Username, "no longer in the file: disabled off to on")); err != nil {
			return err
		}
	}
	return nil
}
