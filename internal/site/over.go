package site

import (
	"context"
	"errors"

	"belvedere/internal/livestatus"
)

// over does something over the present session, once. Where that has just
// ended, or its address turns out not to answer and there are others, it is done
// over the next one; what may have reached the core is never done again.
func (s *site) over(ctx context.Context, do func(context.Context, *session) error) error {
	ses, err := s.next(ctx, nil)
	if err != nil {
		return err
	}
	err = do(ctx, ses)
	if closed := livestatus.KindOf(err) == livestatus.KindClosed; !closed && (len(s.spec.Addresses) < 2 || !neverLeft(err)) {
		return err
	}
	s.kick() // so that it is noticed
	another, nerr := s.next(ctx, ses)
	if nerr != nil {
		return err
	}
	return do(ctx, another)
}

// neverLeft reports whether a request surely did not reach the core, for a
// reason that another address may not have.
func neverLeft(err error) bool {
	e, ok := errors.AsType[*livestatus.Error](err)
	if !ok || e.Uncertain {
		return false
	}
	switch e.Kind {
	case livestatus.KindRefused, livestatus.KindTimeout, livestatus.KindUnreachable, livestatus.KindNoSocket, livestatus.KindHangup, livestatus.KindDNS, livestatus.KindTLS, livestatus.KindSSH:
		return true
	}
	return false
}
