package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"belvedere/internal/icinga2"
	"belvedere/internal/livestatus"
)

// When a site goes back to an address before the one in use.
const (
	// homeAfter is how long an address must answer before it is used again; it
	// is asked twice in that time.
	homeAfter = time.Minute
	// homeAtMost is what that grows to, doubling, while going back was followed
	// by another failure within homeCalm.
	homeAtMost = 16 * time.Minute
	homeCalm   = time.Hour
)

// errHome ends a session for one over an earlier address.
var errHome = errors.New("site: an earlier address answers again")

// A homing is how a site goes back to an earlier address. Of run alone.
type homing struct {
	after time.Duration // how long one must answer; 0: the usual time
	last  time.Time     // when one was gone back to
}

// connect tries the addresses in order and stays with the first that answers
// until that fails, or until one before it has answered for a while. It always
// returns an error.
func (s *site) connect(ctx context.Context) error {
	for {
		if err := s.tryAll(ctx); !errors.Is(err, errHome) {
			return err
		}
		s.home.last = s.now()
	}
}

// tryAll is connect until there is an error; errHome if the first addresses
// are to be tried again. Where there are several, none of them may hold up the
// others for long: what swallows packets has more time when all have failed.
func (s *site) tryAll(ctx context.Context) error {
	addresses := s.spec.Addresses
	if s.spec.Via != "" {
		addresses = addresses[:1] // those are the way's
	}
	s.hasty = len(addresses) > 1
	first, slow, err := s.tryEach(ctx, addresses, nil, nil)
	if err == nil && s.hasty && len(slow) > 0 {
		s.hasty = false
		_, _, err = s.tryEach(ctx, addresses, slow, first)
	}
	if err != nil {
		return err
	}
	s.turn(nil, false)
	if first == nil {
		return &incompatibleError{"The site has no address."}
	}
	return first
}

// tryEach tries addresses in their order, only those at the places in only, if
// any. first is why the first one fails, or failed before (because); slow are the
// places of those that took too long to connect; err is why to stop trying.
func (s *site) tryEach(ctx context.Context, addresses []string, only []int, because error) (first error, slow []int, err error) {
	first = because
	for i, text := range addresses {
		if only != nil && !slices.Contains(only, i) {
			continue
		}
		began := s.now()
		err := s.tryOne(ctx, i, text, first)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if errors.Is(err, errHome) {
			return nil, nil, err
		}
		if lost := (*lostError)(nil); errors.As(err, &lost) {
			if s.brief++; s.now().Sub(began) >= lasting {
				s.brief = 0
			}
			return nil, nil, lost.err
		}
		if livestatus.KindOf(err) == livestatus.KindTimeout {
			slow = append(slow, i)
		}
		if first == nil {
			first = err
		}
	}
	return first, slow, nil
}

// tryOne reads the core at one address until that fails; if it is not the
// first, until one before it has answered for a while, which is errHome.
func (s *site) tryOne(ctx context.Context, i int, text string, because error) error {
	s.instead = nil
	if i == 0 {
		return s.survive(ctx, text)
	}
	s.instead = &instead{i + 1, len(s.spec.Addresses), because}
	ctx, cancel := context.WithCancelCause(ctx)
	after := s.homeAfter()
	scouting := make(chan struct{})
	go func() {
		defer close(scouting)
		defer func() {
			if fault := s.caught(recover()); fault != nil {
				cancel(fault)
			}
		}()
		s.scout(ctx, s.spec.Addresses[:i], after, func() { cancel(errHome) })
	}()
	err := s.survive(ctx, text)
	cancel(nil)
	<-scouting
	if errors.Is(context.Cause(ctx), errHome) {
		return errHome
	}
	return err
}

// homeAfter is how long an earlier address must answer now: longer where going
// back was not for long.
func (s *site) homeAfter() time.Duration {
	usual := s.m.o.HomeAfter
	switch {
	case s.home.last.IsZero() || s.now().Sub(s.home.last) >= homeCalm:
		s.home.after = usual
	default:
		s.home.after = min(2*s.home.after, max(usual, homeAtMost))
	}
	return s.home.after
}

// scout asks addresses until one of them has answered for so long, and then
// calls found; it returns when ctx ends.
func (s *site) scout(ctx context.Context, addresses []string, after time.Duration, found func()) {
	since := make([]time.Time, len(addresses)) // they answer; zero: they do not
	for sleep(ctx, after/2) == nil {
		for i, text := range addresses {
			began := s.now()
			switch err := s.knock(ctx, text); {
			case ctx.Err() != nil:
				return
			case err != nil:
				since[i] = time.Time{}
				s.log.Debug("site: an earlier address still does not work", "site", s.spec.Name, "address", displayAddress(text), "err", err)
			case since[i].IsZero():
				since[i] = began
			case began.Sub(since[i]) >= after/2:
				s.log.Info("site: an earlier address works again and is used", "site", s.spec.Name, "address", displayAddress(text))
				found()
				return
			}
		}
	}
}

// knock asks what is at an address, as reading it would begin.
func (s *site) knock(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, smallAnswer)
	defer cancel()
	addr, err := livestatus.ParseAddress(text)
	if err != nil {
		return err
	}
	o := s.m.clientOptions(s.spec, addr)
	if addr.Scheme == "icinga2" {
		return icinga2.Knock(ctx, icinga2.Options{Address: o.Address, Log: s.log, Now: s.now, Dial: o.Dial})
	}
	c := s.m.client(o)
	defer func() { _ = c.Close() }() // nothing is left to lose
	_, err = c.Identify(ctx)
	return err
}

// An instead says which address a site tries because others before it failed.
type instead struct {
	number, of int
	because    error // of the first one
}

// note is what people read about it.
func (i *instead) note() string {
	if i == nil {
		return ""
	}
	used := fmt.Sprintf("Its address %d of %d is in use: the first one does not work.", i.number, i.of)
	return used + " " + causeOf(i.because)
}

// A lostError ends a session that had begun: the next attempt starts with the
// first address again.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }
