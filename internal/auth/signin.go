package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"belvedere/internal/db"
)

// SignIn checks a password and opens a session. The token is a secret for the
// cookie; only its hash is stored. Errors: [ErrBadCredentials],
// [RateLimitedError], [ErrBusy], those of ctx and of the store.
func (s *Service) SignIn(ctx context.Context, username, password string, m Meta) (token string, p Person, err error) {
	stored, err := s.authenticate(ctx, username, password, m)
	if err != nil {
		return "", Person{}, err
	}
	now := s.now()
	token, session := s.newSession(stored.ID, now, m)
	err = s.db.Write(ctx, func(t *db.Tx) error {
		if _, err := t.AddSession(ctx, session, sessionsMost); err != nil {
			return err
		}
		if err := t.AddSignIn(ctx, db.SignIn{At: now, Person: stored.ID, Username: stored.Username, OK: true, IP: m.IP, UA: m.UA}); err != nil {
			return err
		}
		a := fromStored(stored).Actor(m).Audit("sign-in", stored.Username, "")
		a.At = now
		return t.AddAudit(ctx, a)
	})
	if err != nil {
		return "", Person{}, fmt.Errorf("auth: sign in: %w", notFound(err))
	}
	stored.LastSignIn = now
	return token, fromStored(stored), nil
}

// Basic checks credentials that a client sends with each request. Those that
// were right are remembered for five minutes, unless the password changes or
// the account is disabled. Errors as for [Service.SignIn].
func (s *Service) Basic(ctx context.Context, username, password string, m Meta) (Person, error) {
	stored, err := s.db.PersonByName(ctx, username)
	if err == nil && mayEnter(stored) && s.cache.fresh(s.cache.key(stored.PasswordHash, stored.Username, password), s.now()) {
		return fromStored(stored), nil
	}
	stored, err = s.authenticate(ctx, username, password, m)
	if err != nil {
		return Person{}, err
	}
	now := s.now()
	if s.cache.put(s.cache.key(stored.PasswordHash, stored.Username, password), now) {
		err := s.db.Write(ctx, func(t *db.Tx) error {
			return t.AddSignIn(ctx, db.SignIn{At: now, Person: stored.ID, Username: stored.Username, OK: true, Reason: "basic", IP: m.IP, UA: m.UA})
		})
		if err != nil {
			return Person{}, fmt.Errorf("auth: sign in: %w", err)
		}
	}
	return fromStored(stored), nil
}

// authenticate is the one check of a password: it takes the same time and ends
// in the same error whether the person is unknown, disabled, or the password
// wrong.
func (s *Service) authenticate(ctx context.Context, username, password string, m Meta) (db.Person, error) {
	account, address := accountName(username), addressName(m.IP)
	if err := s.limited(account, address); err != nil {
		return db.Person{}, err
	}
	if err := s.kitchen.enter(ctx); err != nil {
		return db.Person{}, fmt.Errorf("auth: sign in: %w", err)
	}
	defer s.kitchen.leave()
	// Again: others may have failed while this one waited.
	if err := s.limited(account, address); err != nil {
		return db.Person{}, err
	}
	stored, err := s.db.PersonByName(ctx, username)
	if err != nil && !errors.Is(err, db.ErrNotFound) {
		return db.Person{}, fmt.Errorf("auth: sign in: %w", err)
	}
	reason := s.refusal(stored, password)
	if reason == "" {
		s.pairs.succeed(pairName(account, address))
		s.accounts.succeed(account)
		return stored, nil
	}
	now := s.now()
	s.pairs.fail(pairName(account, address), now)
	s.accounts.fail(account, now)
	s.addresses.fail(address, now)
	if err := s.noteFailure(ctx, db.SignIn{At: now, Person: stored.ID, Username: username, Reason: reason, IP: m.IP, UA: m.UA}); err != nil {
		return db.Person{}, fmt.Errorf("auth: sign in: %w", err)
	}
	return db.Person{}, ErrBadCredentials
}

// refusal says in a word, for the log only, why the password does not open the
// account, "" if it does. It always does the work of one check.
func (s *Service) refusal(p db.Person, password string) string {
	if len(password) > passwordMost {
		password = password[:passwordMost+1] // longer than any that is set
	}
	right := s.kitchen.verify(p.PasswordHash, password)
	switch {
	case p.ID == 0:
		return "unknown user"
	case p.Disabled:
		return "disabled"
	case p.PasswordHash == "":
		return "no password"
	case !right:
		return "wrong password"
	}
	return ""
}

// limited returns a [RateLimitedError] if the account, the address or the two
// together have to wait.
func (s *Service) limited(account, address string) error {
	now := s.now()
	if wait := max(s.pairs.wait(pairName(account, address), now), s.accounts.wait(account, now), s.addresses.wait(address, now)); wait > 0 {
		return &RateLimitedError{Retry: wait}
	}
	return nil
}

// Tries returns how often signing in with this user name failed lately from the
// address of m, and after how many failures each further one has to wait. It
// is the same whether there is such a person or not.
func (s *Service) Tries(username string, m Meta) (failed, free int) {
	return s.pairs.failed(pairName(accountName(username), addressName(m.IP)), s.now()), s.pairs.free
}

func mayEnter(p db.Person) bool { return !p.Disabled && p.PasswordHash != "" }

// failuresMost bounds the failed sign-ins per hour that are written one by
// one, so that guessing from many addresses does not fill the disk.
const failuresMost = 2000

// A failureLog counts them.
type failureLog struct {
	mu      sync.Mutex
	since   time.Time
	written int
	skipped int
}

// count says whether a failure at now is to be written, and how many were not
// in the hour before.
func (f *failureLog) count(now time.Time) (write bool, skipped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.since) >= time.Hour {
		skipped = f.skipped
		f.since, f.written, f.skipped = now, 0, 0
	}
	if f.written >= failuresMost {
		f.skipped++
		return false, skipped
	}
	f.written++
	return true, skipped
}

// noteFailure writes a failed sign-in to log and audit.
func (s *Service) noteFailure(ctx context.Context, f db.SignIn) error {
	write, skipped := s.failed.count(f.At)
	if !write {
		return nil
	}
	return s.db.Write(ctx, func(t *db.Tx) error {
		if err := t.AddSignIn(ctx, f); err != nil {
			return err
		}
		if skipped > 0 {
			detail := fmt.Sprintf("%d further failed sign-ins of an hour before are not listed", skipped)
			if err := t.AddAudit(ctx, db.Audit{At: f.At, Action: "sign-in", Result: "failed", Detail: detail}); err != nil {
				return err
			}
		}
		return t.AddAudit(ctx, db.Audit{At: f.At, Person: f.Person, Who: f.Username, Action: "sign-in", Object: f.Username, Result: f.Reason, IP: f.IP})
	})
}
