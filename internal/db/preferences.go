package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	preferenceMost  = 64 << 10 // bytes of one value
	preferencesMost = 500      // keys of one person
	keyMost         = 200      // bytes of one key
)

// Meta returns a value of the installation, "" if there is none.
func (r reads) Meta(ctx context.Context, key string) (string, error) {
	var v string
	err := r.q.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("db: meta: %w", err)
	}
	return v, nil
}

// SetMeta stores a value of the installation.
func (t *Tx) SetMeta(ctx context.Context, key, value string) error {
	_, err := t.exec(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// KeepMeta stores a value of the installation, up to 64 KiB, with an entry in
// the record.
func (d *DB) KeepMeta(ctx context.Context, key, value string, by Audit) error {
	if key == "" || len(key) > keyMost || len(value) > preferenceMost {
		return &Error{Msg: fmt.Sprintf("a value for all has up to %d KiB", preferenceMost>>10)}
	}
	return d.Write(ctx, func(t *Tx) error {
		if err := t.SetMeta(ctx, key, value); err != nil {
			return err
		}
		return t.AddAudit(ctx, by)
	})
}

// InstanceID returns the random name that this installation got when its
// database was made; a restored backup brings its own.
func (r reads) InstanceID(ctx context.Context) (string, error) { return r.Meta(ctx, "instance") }

// Preferences returns all preferences of a person.
func (r reads) Preferences(ctx context.Context, person int64) (Preferences, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT key, value FROM preferences WHERE person = ?", person)
	if err != nil {
		return nil, fmt.Errorf("db: preferences: %w", err)
	}
	defer rows.Close()
	prefs := Preferences{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, fmt.Errorf("db: preferences: %w", err)
		}
		prefs[key] = json.RawMessage(value)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("db: preferences: %w", err)
	}
	return prefs, nil
}

// SetPreference stores one preference of a person; a nil value removes it. The
// value is JSON of up to 64 KiB, and a person has up to 500. [ErrNotFound] if
// the person is gone.
func (d *DB) SetPreference(ctx context.Context, person int64, key string, value json.RawMessage) error {
	if key == "" || len(key) > keyMost {
		return &Error{Msg: fmt.Sprintf("a preference's key has 1 to %d bytes", keyMost)}
	}
	if value == nil {
		return d.Write(ctx, func(t *Tx) error {
			_, err := t.exec(ctx, "DELETE FROM preferences WHERE person = ? AND key = ?", person, key)
			return err
		})
	}
	if len(value) > preferenceMost || !json.Valid(value) {
		return &Error{Msg: fmt.Sprintf("the preference %q is not JSON of up to %d KiB", key, preferenceMost>>10)}
	}
	return d.Write(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, `INSERT INTO preferences (person, key, value) VALUES (?, ?, ?)
			ON CONFLICT (person, key) DO UPDATE SET value = excluded.value`, person, key, string(value))
		if err != nil {
			return err
		}
		var n int
		if err := t.q.QueryRowContext(ctx, "SELECT count(*) FROM preferences WHERE person = ?", person).Scan(&n); err != nil {
			return fmt.Errorf("db: preferences: %w", err)
		}
		if n > preferencesMost {
			return &Error{Msg: fmt.Sprintf("a person has at most %d preferences", preferencesMost), Hint: "remove some saved views"}
		}
		return nil
	})
}
