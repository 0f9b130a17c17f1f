package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

const (
	codeLength = 12 // characters of 32 kinds: 60 bits
	setupName  = "*setup"
)

// newSetupCode returns a code as people read it: "ABCD-EFGH-2345".
func newSetupCode() string {
	c := rand.Text()[:codeLength]
	return c[:4] + "-" + c[4:8] + "-" + c[8:]
}

// NeedsSetup reports whether there is nobody yet, so that the first page
// creates the admin. When the store cannot say, it is false.
func (s *Service) NeedsSetup(ctx context.Context) bool {
	if s.setupDone.Load() {
		return false
	}
	has, err := s.db.HasPeople(ctx)
	if err != nil {
		s.log.Error("could not look whether there is anybody", "error", err)
		return false
	}
	if has {
		s.setupDone.Store(true)
	}
	return !has
}

// SetupCode returns the one-time code that proves access to this machine's
// log, as in "ABCD-EFGH-2345". It is new with each start, and worth nothing
// once there is somebody.
func (s *Service) SetupCode() string { return s.setupCode }

// CompleteSetup makes the first person, an admin, and signs them in. Errors:
// [ErrSetupDone], [ErrBadCode], [RateLimitedError], [*InputError], [ErrBusy].
// Any number of calls at once make one admin.
func (s *Service) CompleteSetup(ctx context.Context, code, username, password string, m Meta) (token string, p Person, err error) {
	if !s.NeedsSetup(ctx) {
		return "", Person{}, ErrSetupDone
	}
	if err := s.checkCode(ctx, code, m); err != nil {
		return "", Person{}, err
	}
	p = Person{Username: username, Role: access.RoleAdmin, SeeAll: true}
	if err := p.check(); err != nil {
		return "", Person{}, err
	}
	if err := checkPassword(username, password, s.short); err != nil {
		return "", Person{}, err
	}
	hash, err := s.kitchen.hash(ctx, password)
	if err != nil {
		return "", Person{}, fmt.Errorf("auth: setup: %w", err)
	}
	now := s.now()
	err = s.db.Write(ctx, func(t *db.Tx) error {
		token, p.ID, err = s.firstPerson(ctx, t, p, hash, now, m)
		return err
	})
	if err != nil {
		return "", Person{}, err
	}
	s.setupDone.Store(true)
	s.pairs.succeed(pairName(setupName, addressName(m.IP)))
	stored, err := s.Person(ctx, p.ID)
	return token, stored, err
}

func (s *Service) firstPerson(ctx context.Context, t *db.Tx, p Person, hash string, now time.Time, m Meta) (token string, id int64, err error) {
	if has, err := t.HasPeople(ctx); err != nil {
		return "", 0, err
	} else if has {
		return "", 0, ErrSetupDone
	}
	stored := db.Person{Username: p.Username, PasswordHash: hash, PasswordChanged: now}
	p.into(&stored)
	if id, err = t.AddPerson(ctx, stored, now); err != nil {
		return "", 0, err
	}
	token, session := s.newSession(id, now, m)
	if _, err := t.AddSession(ctx, session, sessionsMost); err != nil {
		return "", 0, err
	}
	if err := t.AddSignIn(ctx, db.SignIn{At: now, Person: id, Username: p.Username, OK: true, IP: m.IP, UA: m.UA}); err != nil {
		return "", 0, err
	}
	return token, id, t.AddAudit(ctx, s.entry(Actor{ID: id, Name: p.Username, IP: m.IP}, "setup", p.Username, "first admin"))
}

// checkCode compares in constant time and makes whoever guesses wait. Others do
// not wait with them: the code is too long to be guessed, from however many
// addresses.
func (s *Service) checkCode(ctx context.Context, code string, m Meta) error {
	s.setupMu.Lock()
	defer s.setupMu.Unlock()
	pair := pairName(setupName, addressName(m.IP))
	if wait := s.pairs.wait(pair, s.now()); wait > 0 {
		return &RateLimitedError{Retry: wait}
	}
	if subtle.ConstantTimeCompare([]byte(bareCode(code)), []byte(bareCode(s.setupCode))) == 1 {
		return nil
	}
	now := s.now()
	s.pairs.fail(pair, now)
	if write, _ := s.guessed.count(now); !write {
		return ErrBadCode
	}
	err := s.db.AddAudit(ctx, db.Audit{At: now, Who: "setup", Action: "setup", Result: "wrong code", IP: m.IP})
	if err != nil {
		return fmt.Errorf("auth: setup: %w", err)
	}
	return ErrBadCode
}

// bareCode is a code without what people add when they copy it.
func bareCode(code string) string {
	if len(code) > 100 {
		return ""
	}
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "", "\t", "", "\n", "").Replace(code))
}
