package livestatus

import (
	"context"
	"time"

	"belvedere/internal/lql"
)

// chainAtMost bounds the requests of a chain in bytes: the core must be able to
// take them all although we take no answer yet.
const chainAtMost = 8 << 10

// A Chain is several requests that are sent at once over one connection, and
// answered one after the other. It has a turn at the core, see [Lane], from the
// first call of Next until all is answered or Close is called; until then its
// owner asks that core nothing else. For one goroutine.
type Chain struct {
	c       *Client
	queries []*lql.Query // as asked
	sent    []*lql.Query // as sent
	request []byte
	w       *wire
	leave   func()      // the lane
	left    func() bool // of reading ahead
	framed  bool        // what was answered so far was so as it should
}

// NewChain prepares requests; nothing is sent yet. It is nil where the core, or
// its present state, has them better asked one by one, and for a request that
// cannot be asked.
func (c *Client) NewChain(queries ...*lql.Query) *Chain {
	p := c.profile()
	if !p.Chain || !p.KeepAlive || c.o.Tell != nil || len(queries) < 2 {
		return nil
	}
	ch := &Chain{c: c, queries: queries, framed: true}
	for _, q := range queries {
		n, err := prepare(q, p, true)
		if err != nil || q.Wait != nil {
			return nil
		}
		ch.sent = append(ch.sent, n)
		ch.request = n.AppendText(ch.request)
	}
	if len(ch.request) > chainAtMost {
		return nil
	}
	return ch
}

// Asked returns the request that is answered next, nil after the last one. The
// nil Chain has none.
func (ch *Chain) Asked() *lql.Query {
	if ch == nil || len(ch.queries) == 0 {
		return nil
	}
	return ch.queries[0]
}

// Next reads the next answer into s, as [Client.Fetch] does. After an error there
// is no other one.
func (ch *Chain) Next(ctx context.Context, s Sink) (Stats, error) {
	q, first := ch.queries[0], ch.request != nil
	var st Stats
	var err error
	if first {
		st, err = ch.begin(ctx, s)
	} else {
		ch.w.began = time.Now()
		st, err = ch.read(ctx, s)
	}
	gone := err != nil && !first && ch.w.in == 0 && ctx.Err() == nil && dead(err)
	ch.queries, ch.sent = ch.queries[1:], ch.sent[1:]
	if err != nil || len(ch.queries) == 0 {
		ch.Close()
	}
	if gone { // the core was reloaded between two answers
		return ch.c.Fetch(ctx, q, s)
	}
	return st, err
}

// begin sends all requests and reads the first answer. A connection that was
// kept may be dead by now.
func (ch *Chain) begin(ctx context.Context, s Sink) (Stats, error) {
	queued := time.Now()
	leave, err := ch.c.o.Lane.Enter(ctx, priority(ctx))
	if err != nil {
		return Stats{}, canceled(ctx)
	}
	ch.leave = leave
	waited := time.Since(queued)
	for reuse := true; ; reuse = false {
		w, err := ch.c.take(ctx, reuse)
		if err != nil {
			return Stats{Wait: waited}, err
		}
		ch.w, ch.left = w, w.readAhead()
		st, err := ch.read(ctx, s)
		st.Wait = waited
		if err != nil && w.used && w.in == 0 && ctx.Err() == nil && dead(err) {
			ch.drop(false)
			ch.framed = true
			continue
		}
		ch.request = nil
		return st, err
	}
}

// read reads one answer, for the first after sending all requests.
func (ch *Chain) read(ctx context.Context, s Sink) (st Stats, err error) {
	done := ch.w.use(ctx)
	defer func() { ch.framed = done() && ch.framed }()
	if ch.request != nil {
		if err := ch.c.say(ch.w, ch.request); err != nil {
			ch.framed = false
			return ch.w.stats(), err
		}
	}
	st, framed, err := ch.c.read(ch.w, ch.sent[0], s)
	ch.framed = ch.framed && framed
	return st, err
}

// drop keeps or closes the connection.
func (ch *Chain) drop(keep bool) {
	if surplus := ch.left(); keep && !surplus {
		ch.c.keep(ch.w)
	} else {
		ch.w.Close()
	}
	ch.w = nil
}

// Close ends the chain. A connection over which answers are still to come is
// closed. It may be called more than once, and of the nil Chain.
func (ch *Chain) Close() {
	if ch == nil {
		return
	}
	if ch.w != nil {
		ch.drop(ch.framed && len(ch.queries) == 0)
	}
	ch.queries = nil
	if ch.leave != nil {
		ch.leave()
	}
}
