package db

import (
	"context"
	"fmt"
	"time"
)

// A session is found by the hash of its token, with its person at once: that
// is what every request of a browser asks.
const sessionColumns = "s.id, s.person, s.hash, s.kind, s.created, s.last_seen, s.ip, s.ua"

// Session returns the session whose token has this SHA-256, whether expired or
// not; [ErrNotFound].
func (r reads) Session(ctx context.Context, hash [32]byte) (Session, error) {
	return one(scanSession(r.q.QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM sessions s WHERE s.hash = ?", hash[:])))
}

// Sessions returns those of a person, the last seen first.
func (r reads) Sessions(ctx context.Context, person int64) ([]Session, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions s WHERE s.person = ? ORDER BY s.last_seen DESC, s.id DESC", person)
	if err != nil {
		return nil, fmt.Errorf("db: sessions: %w", err)
	}
	return collect(rows, scanSession)
}

// AddSession stores a new session and returns its id. Of the sessions of one
// person only the newest most are kept. [ErrNotFound] if the person is gone.
func (t *Tx) AddSession(ctx context.Context, s Session, most int) (int64, error) {
	id, err := t.insert(ctx, "INSERT INTO sessions (person, hash, kind, created, last_seen, ip, ua) VALUES (?, ?, ?, ?, ?, ?, ?)",
		s.Person, s.Hash[:], s.Kind, millis(s.Created), millis(s.LastSeen), s.IP, s.UA)
	if err != nil {
		return 0, err
	}
	_, err = t.exec(ctx, `DELETE FROM sessions WHERE person = ?1 AND id NOT IN
		(SELECT id FROM sessions WHERE person = ?1 ORDER BY last_seen DESC, id DESC LIMIT ?2)`, s.Person, most)
	return id, err
}

// SeeSession notes when and from where a session was used; one that is gone is
// no error.
func (t *Tx) SeeSession(ctx context.Context, id int64, at time.Time, ip string) error {
	_, err := t.exec(ctx, "UPDATE sessions SET last_seen = ?1, ip = ?3 WHERE id = ?2 AND last_seen <= ?1", millis(at), id, cut(ip))
	return err
}

// RemoveSession ends one session of a person; [ErrNotFound].
func (t *Tx) RemoveSession(ctx context.Context, person, id int64) error {
	return changedOne(t.exec(ctx, "DELETE FROM sessions WHERE person = ? AND id = ?", person, id))
}

// RemoveSessions ends all sessions of a person but the one with id keep, and
// returns how many these were.
func (t *Tx) RemoveSessions(ctx context.Context, person, keep int64) (int64, error) {
	return t.exec(ctx, "DELETE FROM sessions WHERE person = ? AND id <> ?", person, keep)
}

// PruneSessions deletes sessions not seen since idle or made before created,
// at most 1,000, and returns how many these were.
func (t *Tx) PruneSessions(ctx context.Context, idle, created time.Time) (int64, error) {
	return t.exec(ctx, `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE last_seen < ? OR created < ? LIMIT ?)`, millis(idle), millis(created), pruneBatch)
}

func scanSession(row scanner) (Session, error) {
	var s Session
	var hash []byte
	var created, seen int64
	err := row.Scan(&s.ID, &s.Person, &hash, &s.Kind, &created, &seen, &s.IP, &s.UA)
	if err != nil {
		return Session{}, err
	}
	copy(s.Hash[:], hash)
	s.Created, s.LastSeen = fromMillis(created), fromMillis(seen)
	return s, nil
}
