package db

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// A DB is an open store.
type DB struct {
	reads
}

type reads struct{}

// A Tx is one transaction of writes; see [DB.Write].
type Tx struct {
	reads
}

// Open opens or creates the store in dir for a server: no second server can
// open it until Close.
func Open(ctx context.Context, dir string, log *slog.Logger) (*DB, error) { return &DB{}, nil }

// OpenBeside opens the store in dir for one short command, also while a server
// uses it.
func OpenBeside(ctx context.Context, dir string, log *slog.Logger) (*DB, error) { return &DB{}, nil }

// Close closes the store.
func (d *DB) Close() error { return nil }

// Write runs f in one transaction.
func (d *DB) Write(ctx context.Context, f func(*Tx) error) error { return nil }

// Backup writes a copy of the store to file while it is in use.
func (d *DB) Backup(ctx context.Context, file string) error { return nil }

// Restore puts the backup file in place of the store in dir. It returns where
// the old one was kept, "" if there was none.
func Restore(ctx context.Context, file, dir string) (kept string, err error) { return "", nil }

// SiteKey makes the key of a site from its name.
func SiteKey(name string) string { return name }

// Meta returns a value kept under key, "" if there is none.
func (r reads) Meta(ctx context.Context, key string) (string, error) { return "", nil }

// InstanceID returns the random id of this installation.
func (r reads) InstanceID(ctx context.Context) (string, error) { return "", nil }

// People returns all people by user name.
func (r reads) People(ctx context.Context) ([]Person, error) { return nil, nil }

// Person returns one person.
func (r reads) Person(ctx context.Context, id int64) (Person, error) { return Person{}, nil }

// PersonByName returns one person by user name.
func (r reads) PersonByName(ctx context.Context, name string) (Person, error) { return Person{}, nil }

// Sites returns the stored sites.
func (r reads) Sites(ctx context.Context) ([]Site, error) { return nil, nil }

// Site returns one stored site.
func (r reads) Site(ctx context.Context, key string) (Site, error) { return Site{}, nil }

// Preferences returns all preferences of a person.
func (r reads) Preferences(ctx context.Context, person int64) (Preferences, error) { return nil, nil }

// AuditLog returns entries, newest first.
func (r reads) AuditLog(ctx context.Context, q AuditQuery) ([]Audit, error) { return nil, nil }

// SignIns returns the newest sign-ins of a person.
func (r reads) SignIns(ctx context.Context, person int64, limit int) ([]SignIn, error) {
	return nil, nil
}

// AddSite stores a new site with its audit entry.
func (d *DB) AddSite(ctx context.Context, s Site, a Audit) (Site, error) { return s, nil }

// UpdateSite stores a changed site with its audit entry.
func (d *DB) UpdateSite(ctx context.Context, s Site, a Audit) error { return nil }

// RemoveSite removes a site, with its audit entry.
func (d *DB) RemoveSite(ctx context.Context, key string, a Audit) error { return nil }

// SetPreference stores one preference of a person; nil removes it.
func (d *DB) SetPreference(ctx context.Context, person int64, key string, value json.RawMessage) error {
	return nil
}

// AddAudit stores an entry of its own.
func (d *DB) AddAudit(ctx context.Context, a Audit) error { return nil }

// Prune deletes what is older than its retention.
func (d *DB) Prune(ctx context.Context, now time.Time) error { return nil }
