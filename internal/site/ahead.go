package site

import (
	"context"
	"errors"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

const (
	// farFrom is how long the way to a core and back must be for what a poll
	// will ask to be sent at once, in the place of one after the other.
	farFrom = 50 * time.Millisecond
	// farConns is how many connections a core must bear for that.
	farConns = 8
	// aheadAbreast are sent at the same time; a wait and a command have room
	// beside them.
	aheadAbreast = 6
	// aheadBytes bounds what is held of an answer before its turn.
	aheadBytes = 8 << 20
)

// An ahead is what a poll of a far core has asked before its turn, by the text
// of the request.
type ahead struct {
	asks   map[string]*askedAhead
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// askedAhead is one request that was sent.
type askedAhead struct {
	held  livestatus.Held
	stats livestatus.Stats
	err   error
	done  chan struct{}
}

// far reports whether the way to the core is what polling it costs.
func (s *session) far() bool {
	return s.line >= farFrom && s.core.Profile.MaxConns >= farConns && !s.core.Profile.OneLane
}

// measured notes how long the smallest answer took.
func (s *session) measured(took time.Duration) {
	s.latency = took
	if s.line == 0 || took < s.line {
		s.line = min(took, lineAtMost)
	}
}

// answered notes how long an answer took to begin.
func (s *session) answered(first time.Duration) {
	if s.firsts[0] == 0 || first < s.firsts[0] {
		s.firsts[0] = first
	}
	s.firsts[1] = max(s.firsts[1], first)
}

// farCost is what a poll cost a far core: how much longer its longest answer took
// to begin than the shortest one, which had the same way and found the same on
// it; and all of that, where it is far beyond the way.
func (s *session) farCost() time.Duration {
	cost := s.firsts[1] - s.firsts[0]
	if beyond := s.firsts[0] - s.line; beyond > 2*s.line {
		cost += beyond
	}
	return cost
}

// lookAhead sends what a poll at began will ask in any case, or very likely, of
// a core that is far. The caller ends it.
func (s *session) lookAhead(ctx context.Context, because reason, urgent bool, began time.Time) *ahead {
	if !s.far() {
		return nil
	}
	s.client.Widen(aheadAbreast)
	a := &ahead{asks: map[string]*askedAhead{}}
	ctx, a.cancel = context.WithCancel(ctx)
	send := func(limit time.Duration, q *lql.Query) { a.send(ctx, s, limit, q) }
	busy := because != due || urgent || !s.restful(began, newChanges())
	if s.asksPulse() {
		send(smallAnswer, s.plan.pulse.query())
	}
	if !s.asksPulse() || busy && (s.ordered || s.countersAged()) {
		send(smallAnswer, s.plan.tables["status"].all.query())
	}
	if busy {
		for _, name := range windowed {
			if t := s.plan.tables[name]; t != nil && t.window != "" {
				send(roundAnswer, s.windowQuery(t))
			}
		}
	}
	if urgent || busy && (s.ordered || !s.plan.counts.orders) {
		for _, name := range []string{"comments", "downtimes"} {
			if t := s.plan.tables[name]; t != nil {
				send(roundAnswer, t.quick.query())
			}
		}
	}
	if s.aside.ready() && s.aside.what == deeply {
		for _, name := range rareTables {
			if t := s.plan.tables[name]; t != nil {
				send(roundAnswer, t.deep.query())
			}
		}
	}
	s.asked++ // they have one way together
	return a
}

// send asks for one answer beside the others.
func (a *ahead) send(ctx context.Context, s *session, limit time.Duration, q *lql.Query) {
	one := &askedAhead{held: livestatus.Held{Most: aheadBytes}, done: make(chan struct{})}
	a.asks[string(q.AppendText(nil))] = one
	largest := s.largest(q.Table)
	a.group.Go(func() {
		defer close(one.done)
		defer func() {
			if fault := s.caught(recover()); fault != nil {
				one.err = fault
			}
		}()
		inner, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		one.stats, one.err = s.client.Fetch(livestatus.WithLargest(inner, largest), q, &one.held)
		s.health.count(one.stats)
		if one.err != nil && inner.Err() != nil && ctx.Err() == nil {
			one.err = overdue(limit, one.stats.BytesIn > 0, one.err)
		}
	})
}

// take hands the answer to a request to sink, if it was sent ahead and could be
// held; first is how long its first byte took. The nil ahead has sent nothing.
func (a *ahead) take(q *lql.Query, sink livestatus.Sink) (first time.Duration, ok bool, err error) {
	if a == nil {
		return 0, false, nil
	}
	text := string(q.AppendText(nil))
	one := a.asks[text]
	if one == nil {
		return 0, false, nil
	}
	delete(a.asks, text) // asked again, it is asked anew
	<-one.done           // its time is bounded
	switch {
	case errors.Is(one.err, livestatus.ErrHeld):
		return 0, false, nil
	case one.err != nil:
		return one.stats.FirstByte, true, one.err
	}
	return one.stats.FirstByte, true, one.held.Give(sink)
}

// sent reports whether a request was sent ahead.
func (a *ahead) sent(q *lql.Query) bool {
	return a != nil && a.asks[string(q.AppendText(nil))] != nil
}

// end waits for what nobody took. After an error that is cut short.
func (a *ahead) end(err error) {
	if a == nil {
		return
	}
	if err != nil {
		a.cancel()
	}
	a.group.Wait()
	a.cancel()
}
