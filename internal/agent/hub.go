package agent

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// HubOptions are what a [Hub] needs.
type HubOptions struct {
	Store *db.DB       // required
	Dir   string       // where the key of the authority is kept, the data folder
	Log   *slog.Logger // required
	// Joined is called when an agent has joined and its site is in the store;
	// Up when an agent that comes to us is there. Both may be nil.
	Joined func(ctx context.Context)
	Up     func(site string)
	// Now replaces the clock in tests; nil: time.Now.
	Now func() time.Time
}

// A Hub is the server's end of all agents' lines. It implements
// [livestatus.Agents]. Make it with [NewHub], run it with [Hub.Serve] where
// agents come here, end it with [Hub.Close]. Safe for concurrent use.
type Hub struct {
	o     HubOptions
	quiet limiter // what strangers can cause to be logged

	syncing sync.Mutex // one reading of the store after the other
	mu      sync.Mutex
	agents  map[string]db.Agent // by id
	lines   map[string]*line    // by id
	peers   map[string]*peer    // by id
	closed  bool
	group   sync.WaitGroup // goroutines of lines

	opening sync.Mutex
	ca      *Authority // nil until it is needed
}

var _ livestatus.Agents = (*Hub)(nil)

const (
	orderTries   = 3
	orderPause   = 2 * time.Second
	orderTimeout = 25 * time.Second // for one try: longer than the agent's for its core
)

// A peer is what is kept of an agent from line to line.
type peer struct {
	dial  sync.Mutex // one attempt at a time
	seen  time.Time  // when a line of it began or ended; zero: never
	lines bucket     // that it begins
	told  limiter    // what it can cause to be logged
}

// How often an agent may come: one that behaves waits a second and more between
// two lines.
const (
	linesAtOnce = 10
	lineEvery   = time.Second
)

// peer returns what is kept of an agent.
func (h *Hub) peer(id string) *peer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.peerLocked(id)
}

func (h *Hub) peerLocked(id string) *peer {
	p := h.peers[id]
	if p == nil {
		p = &peer{lines: bucket{most: linesAtOnce, every: lineEvery}}
		h.peers[id] = p
	}
	return p
}

// talksOfAgent bounds what an agent may begin on a line.
func talksOfAgent() *bucket { return &bucket{most: talksAtOnce, every: talkEvery} }

// NewHub returns a hub that knows no agent until [Hub.Sync].
func NewHub(o HubOptions) *Hub {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Hub{
		o: o, agents: map[string]db.Agent{}, lines: map[string]*line{}, peers: map[string]*peer{},
	}
}

// Authority returns the server's authority, which is made when it is first
// needed. Its errors say for people what is wrong.
func (h *Hub) Authority(ctx context.Context) (*Authority, error) {
	h.opening.Lock()
	defer h.opening.Unlock()
	if h.ca == nil {
		ca, err := OpenAuthority(ctx, h.o.Store, h.o.Dir)
		if err != nil {
			return nil, err
		}
		h.ca = ca
	}
	return h.ca, nil
}

// Sync reads who may speak from the store, and cuts the lines of those who may
// no longer.
func (h *Hub) Sync(ctx context.Context) error {
	h.syncing.Lock() // or an older list could take the place of a newer one
	defer h.syncing.Unlock()
	list, err := h.o.Store.Agents(ctx)
	if err != nil {
		return err
	}
	agents := make(map[string]db.Agent, len(list))
	for _, a := range list {
		agents[a.ID] = a
	}
	h.mu.Lock()
	var cut []*line
	for id, l := range h.lines {
		if a, ok := agents[id]; !ok || a != h.agents[id] {
			cut = append(cut, l)
			delete(h.lines, id)
		}
	}
	for id := range h.peers {
		if _, ok := agents[id]; !ok {
			delete(h.peers, id)
		}
	}
	h.agents = agents
	h.mu.Unlock()
	for _, l := range cut {
		h.o.Log.Info("an agent's line was cut: its site is gone", "peer", l.peer)
		l.Close()
	}
	return nil
}

// Close cuts all lines and waits for what runs on them.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	lines := h.lines
	h.lines = map[string]*line{}
	h.mu.Unlock()
	for _, l := range lines {
		l.Close()
	}
	h.group.Wait()
}

// known returns the agent with that id.
func (h *Hub) known(id string) (db.Agent, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a, ok := h.agents[id]
	return a, ok
}

// named returns the agent that an address names.
func (h *Hub) named(agent string) (db.Agent, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a, ok := h.agents[agent]; ok && a.Address == "" {
		return a, nil
	}
	for _, a := range h.agents {
		if a.Address == agent {
			return a, nil
		}
	}
	return db.Agent{}, &livestatus.Error{Kind: livestatus.KindAddress, Cause: fmt.Sprintf("No agent has joined for agent://%s.", agent),
		Fix: "An address in a configuration file lets no agent in. Add the site on the page Sites or with belvedere site add NAME --agent, or enter what belvedere agent invite prints."}
}

// take makes l the line of an agent, in place of an older one, and serves what
// the agent begins on it.
func (h *Hub) take(a db.Agent, l *line) error {
	h.mu.Lock()
	if now, ok := h.agents[a.ID]; h.closed || !ok || now != a {
		h.mu.Unlock()
		return errors.Join(errors.New("agent: it may not speak any more"), l.Close())
	}
	old := h.lines[a.ID]
	h.lines[a.ID], h.peerLocked(a.ID).seen = l, h.o.Now()
	h.group.Go(func() { h.keep(a, l) })
	h.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return nil
}

// keep serves a line until it ends.
func (h *Hub) keep(a db.Agent, l *line) {
	p := h.peer(a.ID)
	err := l.accept(context.Background(), func(_ context.Context, want string, t *talk) { h.answer(a, p, want, t) })
	if errors.Is(err, errFlood) {
		p.told.warn(h.o.Log, "an agent's line was cut", "agent", a.ID, "peer", l.peer, "reason", err, "hint", "somebody has changed the program there, or has its certificate: look at that machine; removing the site shuts it out")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lines[a.ID] == l {
		delete(h.lines, a.ID)
	}
	p.seen = h.o.Now()
}

// answer serves what an agent begins.
func (h *Hub) answer(a db.Agent, p *peer, want string, t *talk) {
	if want != wantRenew {
		p.told.warn(h.o.Log, "an agent has a wish that is not known here", "agent", a.ID, "wish", clip(want), "hint", "run the same version on both sides")
		return
	}
	_ = t.SetDeadline(time.Now().Add(handshakeTimeout)) // never fails
	var w wish
	if err := t.hear(&w); err != nil {
		return
	}
	ca, err := h.Authority(context.Background())
	if err != nil {
		h.o.Log.Error("an agent's certificate was not renewed", "agent", a.ID, "err", err)
		return
	}
	cert, err := ca.issue([]byte(w.Request), a.ID)
	if err != nil {
		p.told.warn(h.o.Log, "an agent's certificate was not renewed", "agent", a.ID, "reason", err)
		return
	}
	if t.say(grant{Certificate: string(cert)}) == nil {
		p.told.log(h.o.Log, slog.LevelInfo, "an agent's certificate was renewed", "agent", a.ID)
	}
}

// line returns the line of an agent; one that we reach is dialled.
func (h *Hub) line(ctx context.Context, a db.Agent) (*line, error) {
	h.mu.Lock()
	l, p := h.lines[a.ID], h.peerLocked(a.ID)
	seen := p.seen
	h.mu.Unlock()
	if l != nil && !l.IsClosed() {
		return l, nil
	}
	if a.Address == "" {
		return nil, away(a, seen)
	}
	p.dial.Lock()
	defer p.dial.Unlock()
	h.mu.Lock()
	l = h.lines[a.ID]
	h.mu.Unlock()
	if l != nil && !l.IsClosed() {
		return l, nil
	}
	l, err := h.dial(ctx, a)
	if err != nil {
		return nil, h.dialError(a, err)
	}
	return l, h.take(a, l)
}

// away says that an agent is not there.
func away(a db.Agent, seen time.Time) *livestatus.Error {
	e := &livestatus.Error{Kind: livestatus.KindUnreachable, Cause: fmt.Sprintf("The agent %s is not connected.", a.ID)}
	if !seen.IsZero() {
		e.Cause = fmt.Sprintf("The agent %s is not connected since %s.", a.ID, seen.UTC().Format("2 Jan 2006 15:04:05 MST"))
	}
	e.Fix = "See on the monitoring server whether it runs and what it says: systemctl status belvedere-agent, belvedere agent check. It must reach this server's port for agents."
	return e
}

// dial connects to an agent that we reach.
func (h *Hub) dial(ctx context.Context, a db.Agent) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	ca, err := h.Authority(ctx)
	if err != nil {
		return nil, err
	}
	own, err := ca.certificate()
	if err != nil {
		return nil, err
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", a.Address)
	if err != nil {
		return nil, err
	}
	smallBuffer(raw)
	c := tls.Client(raw, &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoLine}, Certificates: []tls.Certificate{*own},
		InsecureSkipVerify: true, // replaced by:
		VerifyConnection: peerIs(ca.pool, agentUnit, h.o.Now, func(id string) error {
			if id != a.ID {
				return fmt.Errorf("%w: %s instead of %s", errOtherAgent, clip(id), a.ID)
			}
			return nil
		}),
	})
	if err := admitted(ctx, c); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return newLine(c, true, talksOfAgent())
}

var errOtherAgent = errors.New("it is the agent of another site")

// dialError says for people why an agent could not be dialled.
func (h *Hub) dialError(a db.Agent, err error) error {
	var op *net.OpError
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return &livestatus.Error{Kind: livestatus.KindCertificate, Err: err, Cause: "Agents cannot be reached: " + ours.Msg + ".", Fix: ours.Hint}
	case errors.Is(err, errOtherAgent), errors.Is(err, errStranger):
		h.peer(a.ID).told.warn(h.o.Log, "refused an agent", "peer", a.Address, "reason", err, "hint", refusedHint(err))
		return &livestatus.Error{Kind: livestatus.KindCertificate, Err: err,
			Cause: fmt.Sprintf("What answers at %s is not the agent that joined for this site.", a.Address), Fix: refusedHint(err)}
	case errors.As(err, &op) && op.Op == "dial":
		return livestatus.DialError(livestatus.Address{Scheme: "agent", Host: hostOf(a.Address), Port: portOf(a.Address)}, handshakeTimeout, err)
	}
	return &livestatus.Error{Kind: livestatus.KindTLS, Err: err,
		Cause: fmt.Sprintf("The agent at %s did not let us in, or something else answers there.", a.Address),
		Fix:   "See the agent's log: journalctl -u belvedere-agent. If it was set up anew, remove the site and pair anew."}
}

func hostOf(address string) string { h, _, _ := net.SplitHostPort(address); return h }
func portOf(address string) string { _, p, _ := net.SplitHostPort(address); return p }

// Open implements [livestatus.Agents].
func (h *Hub) Open(ctx context.Context, agent string) (net.Conn, error) {
	a, err := h.named(agent)
	if err != nil {
		return nil, err
	}
	l, err := h.line(ctx, a)
	if err != nil {
		return nil, err
	}
	t, err := l.begin(ctx, wantLivestatus)
	if err != nil {
		return nil, &livestatus.Error{Kind: livestatus.KindHangup, Err: err, Cause: fmt.Sprintf("The line to the agent %s has just ended.", a.ID), Fix: "It is tried again."}
	}
	_ = t.SetDeadline(time.Time{}) // never fails
	t.ready = true
	return t, nil
}

// Order implements [livestatus.Agents]. It asks again after a line that broke:
// the agent knows the order by its id and executes it once.
func (h *Hub) Order(ctx context.Context, agent string, c lql.Command) error {
	a, err := h.named(agent)
	if err != nil {
		return err
	}
	o := order{ID: rand.Text(), Time: c.Time, Name: c.Name, Args: c.Args}
	left := false
	for try := range orderTries {
		if try > 0 {
			select {
			case <-time.After(orderPause):
			case <-ctx.Done():
				return lost(a, err)
			}
		}
		var sent bool
		var out outcome
		out, sent, err = h.order(ctx, a, o)
		if err == nil {
			return out.error()
		}
		if left = left || sent; !left {
			return err
		}
	}
	return lost(a, err)
}

// order asks an agent once; sent says whether it may have heard that.
func (h *Hub) order(ctx context.Context, a db.Agent, o order) (out outcome, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	l, err := h.line(ctx, a)
	if err != nil {
		return out, false, err
	}
	t, err := l.begin(ctx, wantOrder)
	if err != nil {
		return out, false, err
	}
	defer t.Close()
	stop := context.AfterFunc(ctx, func() { _ = t.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := t.say(o); err != nil {
		return out, true, err
	}
	return out, true, t.hear(&out)
}

// error is what became of an order, nil if the core has it.
func (o outcome) error() error {
	why := trouble{Kind: livestatus.KindRequest, Cause: "It did not say why."}
	if o.Why != nil {
		why = *o.Why
	}
	e := why.error()
	switch o.State {
	case orderDone:
		return nil
	case orderRefused:
		e.Kind = livestatus.KindRequest
	case orderFailed:
	default:
		e.Uncertain = true
		if o.Why == nil {
			e.Cause = "The agent or its core was interrupted while it executed this. It may or may not have been taken."
		}
		e.Fix = "Look whether it had its effect before giving it again."
	}
	return e
}

func lost(a db.Agent, err error) *livestatus.Error {
	return &livestatus.Error{Kind: livestatus.KindHangup, Err: err, Uncertain: true,
		Cause: fmt.Sprintf("The line to the agent %s broke before it answered. The command may or may not have been taken.", a.ID),
		Fix:   "Look whether it had its effect before giving it again."}
}

// refused logs who was not let in, and why.
func (h *Hub) refused(peer string, err error) {
	h.quiet.warn(h.o.Log, "refused an agent", "peer", peer, "reason", err, "hint", refusedHint(err))
}

// refusedHint says what a refusal probably means.
func refusedHint(err error) string {
	switch {
	case errors.Is(err, db.ErrCodeUsed):
		return "each code lets one agent in; if that was not yours, remove the site that came of it and look who had the code"
	case errors.Is(err, db.ErrCodeTries), errors.Is(err, db.ErrCodeWrong):
		return "somebody may be guessing, or the code was cut when it was copied; make a new one"
	case errors.Is(err, db.ErrCodeExpired):
		return "make a new code and use it within minutes"
	case errors.Is(err, db.ErrNotFound):
		return "its code is not known here: it was withdrawn, or made by another server"
	case errors.Is(err, errGone):
		return "its site was removed here; stop that agent, or have it join anew"
	case errors.Is(err, errOtherAgent):
		return "two agents may have changed places, or a certificate was copied: pair the site anew"
	case errors.Is(err, errOften):
		return "two programs may use the certificate of one agent, or its line breaks: see its log"
	case errors.Is(err, errCrowded):
		return "somebody opens connections and says nothing; agents get in all the same"
	case errors.Is(err, errStranger):
		return "it joined another server, or this one was set up anew: pair it anew"
	case errors.Is(err, errOld):
		return "only TLS 1.3 is spoken here: something in between breaks the encryption, or this is not an agent"
	case errors.Is(err, io.EOF):
		return "it hung up: a port scan or a health check"
	}
	return "if this was an agent of yours, see its log"
}
