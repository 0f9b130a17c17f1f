package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

// Screen returns the screen of a link's secret with the views it may show at
// this moment, and its owner, who may nothing but look: what the owner sees
// counts, not what they may do. The error is [ErrNoSession] when the link was
// revoked, or its owner is disabled or gone.
func (s *Service) Screen(ctx context.Context, secret string) (db.Screen, Person, error) {
	if len(secret) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return db.Screen{}, Person{}, ErrNoSession
	}
	screen, err := s.db.Screen(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, db.ErrNotFound) {
		return db.Screen{}, Person{}, ErrNoSession
	}
	if err != nil {
		return db.Screen{}, Person{}, fmt.Errorf("auth: screen: %w", err)
	}
	owner, err := s.Person(ctx, screen.Owner)
	if errors.Is(err, ErrNotFound) || err == nil && owner.Disabled {
		return db.Screen{}, Person{}, ErrNoSession
	}
	if err != nil {
		return db.Screen{}, Person{}, fmt.Errorf("auth: screen: %w", err)
	}
	if screen.Views, err = s.db.ScreenViews(ctx, screen.ID, owner.ID, owner.Role); err != nil {
		return db.Screen{}, Person{}, fmt.Errorf("auth: screen: %w", err)
	}
	viewer := owner.Viewer()
	owner.Role, owner.CommandLines = access.RoleViewer, false
	owner.SeeAll = viewer.All
	return screen, owner, nil
}

// AddScreen stores a screen of the person a and returns the secret of its link,
// which cannot be had again. The error may be a [*db.Error] for what is not
// valid, or [ErrNotFound] for a view that the person does not see.
func (s *Service) AddScreen(ctx context.Context, a Actor, role access.Role, screen db.Screen) (secret string, err error) {
	raw := make([]byte, tokenBytes)
	rand.Read(raw) //nolint:errcheck // never fails
	secret = base64.RawURLEncoding.EncodeToString(raw)
	screen.Owner, screen.Hash = a.ID, sha256.Sum256([]byte(secret))
	err = s.db.Write(ctx, func(t *db.Tx) error {
		names := ""
		for _, v := range screen.Views {
			seen, err := t.View(ctx, v.ID, a.ID, role)
			if err != nil {
				return notFound(err)
			}
			names += ", " + seen.Address()
		}
		if _, err := t.AddScreen(ctx, screen); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "screen.add", screen.Name, screen.Form+names))
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// RevokeScreen makes a link worthless; all lets somebody else than its owner do
// so. [ErrNotFound].
func (s *Service) RevokeScreen(ctx context.Context, a Actor, id int64, all bool) error {
	return notFound(s.db.Write(ctx, func(t *db.Tx) error {
		screen, err := t.ScreenByID(ctx, id)
		if err != nil {
			return err
		}
		if screen.Owner != a.ID && !all {
			return db.ErrNotFound
		}
		if err := t.DeleteScreen(ctx, id); err != nil {
			return err
		}
		return t.AddAudit(ctx, s.entry(a, "screen.revoke", screen.Name, "of "+screen.OwnerName))
	}))
}

// Screens lists those of one person, or of everybody when owner is 0, with the
// views their owners see.
func (s *Service) Screens(ctx context.Context, owner int64) ([]db.Screen, error) {
	list, err := s.db.Screens(ctx, owner)
	if err != nil {
		return nil, err
	}
	roles := map[int64]access.Role{}
	for i := range list {
		x := &list[i]
		if _, ok := roles[x.Owner]; !ok {
			p, err := s.Person(ctx, x.Owner)
			if err != nil {
				return nil, err
			}
			roles[x.Owner] = p.Role
		}
		if x.Views, err = s.db.ScreenViews(ctx, x.ID, x.Owner, roles[x.Owner]); err != nil {
			return nil, fmt.Errorf("auth: screens: %w", err)
		}
	}
	return list, nil
}
