package site

import (
	"context"
	"errors"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// A waiter rests one connection in a wait at the core. It has one goroutine
// while a wait is out. The zero waiter never waits.
type waiter struct {
	s      *session
	ctx    context.Context
	cancel context.CancelFunc
	back   chan waitResult // capacity 1; nil while waiting is off
	out    bool            // a wait is out
}

type waitResult struct {
	at    time.Time
	early bool // before its timeout
	err   error
}

// newWaiter returns the waiter of a session; call close.
func (s *session) newWaiter(ctx context.Context) *waiter {
	w := &waiter{s: s}
	w.ctx, w.cancel = context.WithCancel(ctx)
	if s.core.Profile.Wait && !s.core.Profile.WaitNeedsCondition && !s.core.Profile.OneLane && !s.noWait {
		w.back = make(chan waitResult, 1)
	}
	return w
}

// armAtMost is how long arm waits for the request to be on its way.
const armAtMost = 100 * time.Millisecond

// arm sends a wait, unless one is out or waiting is off. When it returns the
// request is on its way to the core, or that takes long: what is read
// afterwards is read after the wait began.
func (w *waiter) arm() {
	if w.back == nil || w.out {
		return
	}
	w.out = true
	sent := make(chan struct{})
	tell := sync.OnceFunc(func() { close(sent) })
	go func() {
		defer tell()
		defer func() {
			if fault := w.s.caught(recover()); fault != nil {
				w.back <- waitResult{at: w.s.now(), err: fault}
			}
		}()
		w.rest(tell)
	}()
	t := time.NewTimer(armAtMost)
	defer t.Stop()
	select {
	case <-sent:
	case <-t.C:
	}
}

// rest waits at the core and hands the result to back.
func (w *waiter) rest(sent func()) {
	began := w.s.now()
	ctx, cancel := context.WithTimeout(w.ctx, waitTimeout+smallAnswer)
	defer cancel()
	q := lql.Get("status", "program_start")
	q.Wait = &lql.Wait{Trigger: "all", Condition: lql.Filter{Kind: lql.And}, Timeout: waitTimeout}
	ctx = livestatus.WithPriority(livestatus.WithSent(ctx, sent), livestatus.RestPriority)
	stats, err := w.s.client.Fetch(ctx, q, discard{})
	w.s.health.count(stats)
	now := w.s.now()
	w.back <- waitResult{at: now, early: now.Sub(began) < waitTimeout-time.Second, err: err}
}

// close ends a wait that is out and waits for its goroutine.
func (w *waiter) close() {
	w.cancel()
	if w.out {
		<-w.back
	}
}

// off ends waiting for this session.
func (w *waiter) off() {
	w.close()
	w.back, w.out, w.s.noWait = nil, false, true
}

// A reason is why a poll is made.
type reason uint8

const (
	due     reason = iota // its time has come, or somebody asked
	woken                 // a wait came back early
	forcing               // and not for what was read already
)

// pause waits for whatever comes first: the next poll is due, somebody asks
// for one, or the core says that something happened.
func (s *session) pause(ctx context.Context, w *waiter) (reason, error) {
	w.arm()
	waiting := w.back != nil
	interval := s.interval()
	if waiting && s.spec.Interval <= 0 {
		interval = max(interval, waitPoll, s.m.share(netsASecond))
	}
	s.health.pace(interval, waiting)
	if d, ok := s.urgentPause(); ok {
		interval = min(interval, d)
	}
	t := time.NewTimer(interval)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return due, ctx.Err()
	case <-s.kicked:
	case <-t.C:
	case r := <-w.back:
		return s.wake(ctx, w, r)
	}
	return due, nil
}

// wake handles a wait that came back: the next wait is sent before the poll,
// so that nothing is missed between the two.
func (s *session) wake(ctx context.Context, w *waiter, r waitResult) (reason, error) {
	w.out = false
	if errors.Is(r.err, errPanic) {
		return forcing, r.err
	}
	if r.err != nil && ctx.Err() == nil {
		s.log.Debug("site: wait failed", "site", s.spec.Name, "err", r.err)
	}
	why := woken
	switch {
	case r.err == nil && !r.early:
		why = due // nothing happened for as long as a wait lasts
	// What the last poll found may have been the reason of this one, too.
	case r.err != nil, r.at.After(s.polled), !s.found:
		why = forcing
	}
	if left := s.turn(s.now()); left > 0 {
		if err := sleep(ctx, left); err != nil {
			return why, err
		}
	}
	w.arm()
	return why, ctx.Err()
}

// gap is the least time between the end of a poll and one that a wait leads
// to. A core where something happens all the time is thus kept busy a ninth of
// the time at most, and many such cores do not keep us busy.
func (s *session) gap() time.Duration {
	return max(wakeGap, wakeFactor*s.round, s.m.busyShare(wakesASecond))
}

// turn is how long a wait that came back is not followed by a poll yet. Among many
// sites where something happens all the time, polls are made at the same moments:
// the processor, which sleeps in between, wakes up for several of them together.
func (s *session) turn(now time.Time) time.Duration {
	left := max(s.gap()-now.Sub(s.polled), 0)
	if !s.found {
		return left
	}
	beat := min(s.m.busyShare(beatsASecond), beatAtMost)
	if beat < wakeGap {
		return left
	}
	at := now.Add(max(left-beat/2, 0)) // the nearest one after a gap
	return at.Add(beat - 1).Truncate(beat).Sub(now)
}

// proven judges the wait that led to a poll by what the poll found. At the
// third in a row that returned for nothing waiting ends.
func (s *session) proven(w *waiter, because reason, found *changes) {
	switch {
	case w.back == nil || because == due:
	case found.any():
		s.idle = 0
	case because == forcing:
		s.idle++
		if s.idle < 3 {
			return
		}
		w.off()
		s.health.note("wait", "Waiting at the core is switched off: three waits in a row returned although nothing had changed. The core is polled instead.")
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
