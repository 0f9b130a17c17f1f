package site

import (
	"context"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// A chain is what a poll asks in one go, over one connection. The nil chain asks
// nothing.
type chain struct {
	*livestatus.Chain
	asks map[*request]*lql.Query
}

// A chainer is a client that can ask several things in one go.
type chainer interface {
	NewChain(queries ...*lql.Query) *livestatus.Chain
}

// chainUp prepares what a poll that began then asks in any case. What is sent with
// something else costs little; what has a way of its own costs a write, a read and
// waking up at both ends. It is nil for a core at rest, which is asked one thing
// only, and for one that is far, see [session.lookAhead].
func (s *session) chainUp(because reason, urgent bool, began time.Time) *chain {
	c, ok := s.client.(chainer)
	if !ok || !s.core.Profile.Chain || s.far() || because == due && !urgent && s.restful(began, newChanges()) {
		return nil
	}
	status := &s.plan.pulse
	if !s.asksPulse() {
		status = &s.plan.tables["status"].all
	}
	ch := &chain{asks: map[*request]*lql.Query{status: status.query()}}
	order := []*lql.Query{ch.asks[status]}
	for _, name := range windowed {
		if t := s.plan.tables[name]; t != nil && t.window != "" {
			ch.asks[&t.live] = s.windowQuery(t)
			order = append(order, ch.asks[&t.live])
		}
	}
	if ch.Chain = c.NewChain(order...); ch.Chain == nil {
		return nil
	}
	s.asked++ // they have one way together
	return ch
}

// asking returns the query for req: that of the chain if it is answered next
// there, else what plain makes.
func (s *session) asking(req *request, plain func(*request) *lql.Query) *lql.Query {
	if next := s.chain.Asked(); next != nil && s.chain.asks[req] == next {
		return next
	}
	return plain(req)
}

// Asked returns what is answered next, nil for nothing.
func (c *chain) Asked() *lql.Query {
	if c == nil {
		return nil
	}
	return c.Chain.Asked()
}

// take reads the answer to q into sink if it comes next. If something else does,
// that is given up: a core is asked one thing after the other.
func (c *chain) take(ctx context.Context, q *lql.Query, sink livestatus.Sink) (stats livestatus.Stats, ok bool, err error) {
	switch c.Asked() {
	case nil:
		return livestatus.Stats{}, false, nil
	case q:
		stats, err = c.Next(ctx, sink)
		return stats, true, err
	}
	c.end()
	return livestatus.Stats{}, false, nil
}

// end gives up what was not answered.
func (c *chain) end() {
	if c != nil {
		c.Close()
	}
}
