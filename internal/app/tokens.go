package app

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"belvedere/internal/auth"
)

// tokenOf returns the person in whose name a program may read problems.
func (a *App) tokenOf(ctx context.Context, token string) (auth.Person, error) {
	given := sha256.Sum256([]byte(token))
	as := ""
	for _, t := range a.config.Load().Tokens {
		known := sha256.Sum256([]byte(t.Token))
		if subtle.ConstantTimeCompare(given[:], known[:]) == 1 {
			as = t.As
		}
	}
	if as == "" {
		return auth.Person{}, auth.ErrNoSession
	}
	p, err := a.auth.PersonByName(ctx, as)
	if errors.Is(err, auth.ErrNotFound) || err == nil && p.Disabled {
		return auth.Person{}, auth.ErrNoSession
	}
	return p, err
}
