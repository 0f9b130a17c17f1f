package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// nameKey makes equal what people take for the same name.
func nameKey(name string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name)))
}

const personColumns = `id, username, display_name, password_hash, role, see_all, contact, site_contacts,
	command_lines, provisioned, disabled, created, changed, password_changed, last_sign_in`

// People returns everybody, by user name.
func (r reads) People(ctx context.Context) ([]Person, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+personColumns+" FROM people ORDER BY name_key")
	if err != nil {
		return nil, fmt.Errorf("db: people: %w", err)
	}
	return collect(rows, scanPerson)
}

// Person returns one person by id; [ErrNotFound].
func (r reads) Person(ctx context.Context, id int64) (Person, error) {
	return one(scanPerson(r.q.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people WHERE id = ?", id)))
}

// PersonByName returns one person by user name, whatever its case;
// [ErrNotFound].
func (r reads) PersonByName(ctx context.Context, name string) (Person, error) {
	return one(scanPerson(r.q.QueryRowContext(ctx, "SELECT "+personColumns+" FROM people WHERE name_key = ?", nameKey(name))))
}

// HasPeople reports whether there is anybody at all.
func (r reads) HasPeople(ctx context.Context) (bool, error) {
	var has bool
	if err := r.q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people)").Scan(&has); err != nil {
		return false, fmt.Errorf("db: people: %w", err)
	}
	return has, nil
}

// ActiveAdmins returns how many admins can sign in.
func (r reads) ActiveAdmins(ctx context.Context) (int, error) {
	var n int
	err := r.q.QueryRowContext(ctx, "SELECT count(*) FROM people WHERE role = 'admin' AND disabled = 0 AND password_hash <> ''").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("db: admins: %w", err)
	}
	return n, nil
}

// AddPerson stores a new person and returns the id; p.ID and the times but
// PasswordChanged are ignored. [ErrExists] if the name is taken.
func (t *Tx) AddPerson(ctx context.Context, p Person, now time.Time) (int64, error) {
	contacts, err := contactsText(p.SiteContacts)
	if err != nil {
		return 0, err
	}
	return t.insert(ctx, `INSERT INTO people (username, name_key, display_name, password_hash, role, see_all, contact,
		site_contacts, command_lines, provisioned, disabled, created, changed, password_changed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.Username, nameKey(p.Username), p.DisplayName, p.PasswordHash, p.Role, p.SeeAll, p.Contact,
		contacts, p.CommandLines, p.Provisioned, p.Disabled, millis(now), millis(now), millis(p.PasswordChanged))
}

// UpdatePerson stores all of p but its id and the times that the store keeps
// itself. [ErrNotFound]; [ErrExists] if the name is taken.
func (t *Tx) UpdatePerson(ctx context.Context, p Person, now time.Time) error {
	contacts, err := contactsText(p.SiteContacts)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE people SET username = ?, name_key = ?, display_name = ?, password_hash = ?, role = ?,
		see_all = ?, contact = ?, site_contacts = ?, command_lines = ?, provisioned = ?, disabled = ?, changed = ?,
		password_changed = ? WHERE id = ?`,
		p.Username, nameKey(p.Username), p.DisplayName, p.PasswordHash, p.Role, p.SeeAll, p.Contact, contacts,
		p.CommandLines, p.Provisioned, p.Disabled, millis(now), millis(p.PasswordChanged), p.ID)
	return changedOne(n, err)
}

// RemovePerson removes a person with their sessions and preferences;
// [ErrNotFound]. The audit keeps its entries.
func (t *Tx) RemovePerson(ctx context.Context, id int64) error {
	return changedOne(t.exec(ctx, "DELETE FROM people WHERE id = ?", id))
}

func contactsText(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("db: contacts: %w", err)
	}
	return string(b), nil
}

type scanner interface{ Scan(dest ...any) error }

func scanPerson(row scanner) (Person, error) {
	var p Person
	var contacts string
	var created, changed, password, signIn int64
	err := row.Scan(&p.ID, &p.Username, &p.DisplayName, &p.PasswordHash, &p.Role, &p.SeeAll, &p.Contact, &contacts,
		&p.CommandLines, &p.Provisioned, &p.Disabled, &created, &changed, &password, &signIn)
	if err != nil {
		return Person{}, err
	}
	p.Created, p.Changed = fromMillis(created), fromMillis(changed)
	p.PasswordChanged, p.LastSignIn = fromMillis(password), fromMillis(signIn)
	if contacts != "{}" {
		if err := json.Unmarshal([]byte(contacts), &p.SiteContacts); err != nil {
			return Person{}, fmt.Errorf("contacts of %s: %w", p.Username, err)
		}
	}
	return p, nil
}

// collect scans and closes rows.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("db: read: %w", err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("db: read: %w", err)
	}
	return all, nil
}

// one turns "no rows" into ErrNotFound.
func one[T any](v T, err error) (T, error) {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return v, fmt.Errorf("db: %w", ErrNotFound)
	case err != nil:
		return v, fmt.Errorf("db: read: %w", err)
	}
	return v, nil
}

// changedOne turns "no row changed" into ErrNotFound.
func changedOne(n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("db: %w", ErrNotFound)
	}
	return err
}
