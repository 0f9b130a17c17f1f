package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"belvedere/internal/db"
)

const (
	tokenBytes   = 32
	sessionsMost = 100 // of one person; the longest unused end first
	uaMost       = 300 // bytes kept of a User-Agent
)

// A Session is one signed-in browser, for the list of one's own.
type Session struct {
	ID       int64
	Created  time.Time
	LastSeen time.Time // up to a minute behind
	Expires  time.Time // if not used before
	IP       string    // of the last use
	UA       string    // at sign-in
	Current  bool      // the one that asks
}

// newSession makes a random token and the session to store for it.
func (s *Service) newSession(person int64, now time.Time, m Meta) (token string, session db.Session) {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) //nolint:errcheck // never fails
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, db.Session{
		Person: person, Hash: sha256.Sum256([]byte(token)), Kind: "web",
		Created: now, LastSeen: now, IP: m.IP, UA: m.UA[:min(len(m.UA), uaMost)],
	}
}

// Session returns who owns the token and notes that it was used. The error is
// [ErrNoSession], or one of the store.
func (s *Service) Session(ctx context.Context, token string, m Meta) (Person, error) {
	p, session, err := s.session(ctx, token)
	if err != nil {
		return Person{}, err
	}
	s.see(session, m)
	return fromStored(p), nil
}

// session finds the living session of a token, and its person.
func (s *Service) session(ctx context.Context, token string) (db.Person, db.Session, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return db.Person{}, db.Session{}, ErrNoSession
	}
	session, err := s.db.Session(ctx, sha256.Sum256([]byte(token)))
	if errors.Is(err, db.ErrNotFound) {
		return db.Person{}, db.Session{}, ErrNoSession
	}
	if err != nil {
		return db.Person{}, db.Session{}, fmt.Errorf("auth: session: %w", err)
	}
	session = s.withUse(session)
	if !s.now().Before(s.expires(session)) {
		return db.Person{}, db.Session{}, ErrNoSession
	}
	p, err := s.db.Person(ctx, session.Person)
	if errors.Is(err, db.ErrNotFound) || err == nil && p.Disabled {
		return db.Person{}, db.Session{}, ErrNoSession
	}
	if err != nil {
		return db.Person{}, db.Session{}, fmt.Errorf("auth: session: %w", err)
	}
	return p, session, nil
}

// expires is when a session ends if it is not used before.
func (s *Service) expires(x db.Session) time.Time {
	end, last := x.LastSeen.Add(s.idle), x.Created.Add(s.max)
	if last.Before(end) {
		return last
	}
	return end
}

// use is when and from where a session was last used.
type use struct {
	at time.Time
	ip string
}

// see notes in memory that a session was used now; it is written with others
// once a minute.
func (s *Service) see(x db.Session, m Meta) {
	now := s.now()
	if now.Sub(x.LastSeen) < seenEvery && m.IP == x.IP {
		return
	}
	s.seenMu.Lock()
	defer s.seenMu.Unlock()
	s.seen[x.ID] = use{now, m.IP}
}

// withUse puts into x its last use, if that is not written yet.
func (s *Service) withUse(x db.Session) db.Session {
	s.seenMu.Lock()
	defer s.seenMu.Unlock()
	if u, ok := s.seen[x.ID]; ok && u.at.After(x.LastSeen) {
		x.LastSeen, x.IP = u.at, u.ip
	}
	return x
}

// writeSeen writes what see noted, in one transaction.
func (s *Service) writeSeen(ctx context.Context) error {
	s.seenMu.Lock()
	pending := s.seen
	s.seen = map[int64]use{}
	s.seenMu.Unlock()
	if len(pending) == 0 {
		return nil
	}
	err := s.db.Write(ctx, func(t *db.Tx) error {
		for id, u := range pending {
			if err := t.SeeSession(ctx, id, u.at, u.ip); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil { // once more at the next turn
		s.seenMu.Lock()
		defer s.seenMu.Unlock()
		for id, u := range pending {
			if u.at.After(s.seen[id].at) {
				s.seen[id] = u
			}
		}
		return fmt.Errorf("auth: last use of sessions: %w", err)
	}
	return nil
}

// SignOut ends the session of token. One that has ended is no error.
func (s *Service) SignOut(ctx context.Context, token string, m Meta) error {
	p, session, err := s.session(ctx, token)
	if errors.Is(err, ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(t *db.Tx) error {
		if err := t.RemoveSession(ctx, p.ID, session.ID); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(fromStored(p).Actor(m), "sign-out", p.Username, ""))
	})
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	return err
}

// Sessions lists a person's living sessions, the last used first. token is the
// one that asks; it may be "".
func (s *Service) Sessions(ctx context.Context, person int64, token string) ([]Session, error) {
	stored, err := s.db.Sessions(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("auth: sessions: %w", err)
	}
	own := sha256.Sum256([]byte(token))
	now := s.now()
	var list []Session
	for _, x := range stored {
		x = s.withUse(x)
		end := s.expires(x)
		if !now.Before(end) {
			continue
		}
		list = append(list, Session{
			ID: x.ID, Created: x.Created, LastSeen: x.LastSeen, Expires: end,
			IP: x.IP, UA: x.UA, Current: token != "" && x.Hash == own,
		})
	}
	return list, nil
}

// Revoke ends one session of a person; [ErrNotFound] if it is not theirs.
func (s *Service) Revoke(ctx context.Context, a Actor, person, session int64) error {
	p, err := s.Person(ctx, person)
	if err != nil {
		return err
	}
	return notFound(s.db.Write(ctx, func(t *db.Tx) error {
		if err := t.RemoveSession(ctx, person, session); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "session.revoke", p.Username, ""))
	}))
}

// RevokeOthers ends all sessions of a person but that of token; "" keeps none.
func (s *Service) RevokeOthers(ctx context.Context, a Actor, person int64, token string) error {
	p, err := s.Person(ctx, person)
	if err != nil {
		return err
	}
	keep, err := s.keptSession(ctx, person, token)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(t *db.Tx) error {
		n, err := t.RemoveSessions(ctx, person, keep)
		if err != nil || n == 0 {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "session.revoke", p.Username, fmt.Sprintf("%d sessions", n)))
	})
}

// keptSession returns the id of the session of token, 0 if it is not that of
// person.
func (s *Service) keptSession(ctx context.Context, person int64, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	p, x, err := s.session(ctx, token)
	if errors.Is(err, ErrNoSession) || err == nil && p.ID != person {
		return 0, nil
	}
	return x.ID, err
}

// SignIns returns a person's newest sign-ins, failed ones too.
func (s *Service) SignIns(ctx context.Context, person int64, limit int) ([]db.SignIn, error) {
	return s.db.SignIns(ctx, person, limit)
}

// entry makes an audit entry with our time.
func (s *Service) entry(a Actor, action, object, detail string) db.Audit {
	e := a.Audit(action, object, detail)
	e.At = s.now()
	return e
}
