package agent

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"belvedere/internal/db"
)

var (
	errGone = errors.New("it does not belong to any site here")
	errOld  = errors.New("it does not speak TLS 1.3")
	// errOften: an agent's line ends again and again.
	errOften = errors.New("it connects again and again")
)

// Serve takes agents that come here on l until ctx ends, and closes l. It
// returns nil then, else why accepting failed.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if _, err := h.Authority(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	in := newEntrance()
	for {
		raw, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if passing(ctx, err) {
				continue
			}
			return fmt.Errorf("agent: accept: %w", err)
		}
		who := in.come(raw)
		group.Go(func() {
			if err := who.gone(h.admit(ctx, in, who)); err != nil {
				raw.Close()
				if ctx.Err() == nil {
					h.refused(raw.RemoteAddr().String(), err)
				}
			}
		})
	}
}

// admit lets an agent in, to join or to speak. It closes the connection only
// when it returns nil.
func (h *Hub) admit(ctx context.Context, in *entrance, who *stranger) error {
	smallBuffer(who.conn)
	ca, err := h.Authority(ctx)
	if err != nil {
		return err
	}
	c, err := in.shake(ctx, who, &tls.Config{MinVersion: tls.VersionTLS13}, func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return h.configure(ca, hello) })
	if err != nil {
		return err
	}
	if c.ConnectionState().NegotiatedProtocol == protoJoin {
		if err := who.step(&in.asking); err != nil {
			return err
		}
		return h.join(ctx, ca, c)
	}
	id, err := verify(c.ConnectionState(), ca.pool, agentUnit, h.o.Now())
	if err != nil {
		return err
	}
	a, ok := h.known(id)
	if !ok {
		return errGone // removed this moment
	}
	p := h.peer(a.ID)
	if !p.lines.take(h.o.Now()) {
		return errOften
	}
	if err := welcome(c); err != nil {
		return err
	}
	l, err := newLine(c, false, talksOfAgent())
	if err != nil {
		return err
	}
	if err := h.take(a, l); err != nil {
		return err
	}
	p.told.log(h.o.Log, slog.LevelInfo, "agent connected", "agent", a.ID, "peer", l.peer)
	if h.o.Up != nil {
		h.o.Up(a.Site)
	}
	return nil
}

// configure answers a greeting: who comes to join shows no certificate, anybody
// else must show one of an agent that may speak.
func (h *Hub) configure(ca *Authority, hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if !slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
		return nil, errOld
	}
	own, err := ca.certificate()
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{*own}, SessionTicketsDisabled: true}
	if slices.Contains(hello.SupportedProtos, protoJoin) {
		conf.NextProtos = []string{protoJoin}
		return conf, nil
	}
	conf.NextProtos, conf.ClientAuth = []string{protoLine}, tls.RequireAnyClientCert
	conf.VerifyConnection = peerIs(ca.pool, agentUnit, h.o.Now, func(id string) error {
		a, ok := h.known(id)
		switch {
		case !ok:
			return errGone
		case a.Address != "":
			return fmt.Errorf("the agent %s is to be reached at %s, and does not come here", a.ID, a.Address)
		}
		return nil
	})
	return conf, nil
}

// join lets an agent join with a code.
func (h *Hub) join(ctx context.Context, ca *Authority, c *tls.Conn) error {
	_ = c.SetDeadline(time.Now().Add(handshakeTimeout)) // never fails
	x := newExchange(c)
	var w wish
	if err := x.hear(&w); err != nil {
		return err
	}
	sum := sha256.Sum256(w.Secret)
	peer := hostOf(c.RemoteAddr().String())
	by := db.Audit{Who: "agent", Action: "site.add", Result: "ok", Detail: "joined with a code", IP: peer}
	// A request that cannot be granted must not use up the code.
	if _, err := ca.issue([]byte(w.Request), "try"); err != nil {
		return err
	}
	a, s, err := h.o.Store.UseJoinCode(ctx, hex.EncodeToString(w.Code), sum[:], h.o.Now(), by)
	if err != nil {
		_ = x.say(grant{Why: whyNot(err)}) // it may be gone
		return err
	}
	cert, err := ca.issue([]byte(w.Request), a.ID)
	if err != nil {
		return err
	}
	h.o.Log.Info("an agent has joined", "agent", a.ID, "site", s.Name, "peer", peer)
	h.changed(ctx)
	err = x.say(grant{ID: a.ID, Site: s.Name, Certificate: string(cert), Authority: string(ca.pem)})
	return errors.Join(err, c.Close())
}

// changed has everybody know that an agent has joined.
func (h *Hub) changed(ctx context.Context) {
	if err := h.Sync(ctx); err != nil {
		h.o.Log.Error("reading the agents", "err", err)
	}
	if h.o.Joined != nil {
		h.o.Joined(ctx)
	}
}

// whyNot tells an agent why it may not join.
func whyNot(err error) *trouble {
	switch {
	case errors.Is(err, db.ErrCodeUsed):
		return &trouble{Cause: "The code was used already.", Fix: "Each code lets one agent in: get a new one. If you have not used it, somebody else has: remove the site that came of it."}
	case errors.Is(err, db.ErrCodeExpired):
		return &trouble{Cause: "The code is not valid any more.", Fix: "Get a new one and use it within minutes."}
	case errors.Is(err, db.ErrExists):
		return &trouble{Cause: "There is a site of this name meanwhile.", Fix: "Get a code for another name."}
	case errors.Is(err, db.ErrCodeWrong), errors.Is(err, db.ErrCodeTries), errors.Is(err, db.ErrNotFound):
		return &trouble{Cause: "The server does not know this code.", Fix: "Get a new one."}
	}
	return &trouble{Cause: "The server could not do this now.", Fix: "See its log."}
}

// NewJoinCode makes a code with which an agent that reaches us at address may
// join and become the site of that name. Errors wrap [db.ErrExists] if the name
// is taken, or are [*Error].
func NewJoinCode(ctx context.Context, store *db.DB, authority *Authority, address, name, section string, by db.Audit) (Code, db.JoinCode, error) {
	if !usable(address) {
		return Code{}, db.JoinCode{}, &Error{Msg: fmt.Sprintf("%q is not an address that an agent can dial", address), Hint: "write host:port, as the agent sees this server"}
	}
	code := NewCode(Join, authority.Fingerprint(), address)
	sum := sha256.Sum256(code.Secret[:])
	now := authority.now()
	kept := db.JoinCode{ID: hex.EncodeToString(code.ID[:]), Secret: sum[:], Name: name, Section: section, Created: now, Expires: now.Add(CodeValid)}
	if err := store.AddJoinCode(ctx, kept, by); err != nil {
		return Code{}, db.JoinCode{}, err
	}
	return code, kept, nil
}

// Invited goes to an agent that made a code of kind [Invite], and makes a site
// of it. Errors wrap [db.ErrExists] if the name is taken, or are [*Error].
func (h *Hub) Invited(ctx context.Context, code Code, s db.Site, by db.Audit) (db.Site, error) {
	if code.Kind != Invite {
		return s, &Error{Msg: "This code was made by this server, not by an agent.", Hint: "It belongs to the monitoring server: belvedere agent join CODE"}
	}
	ca, err := h.Authority(ctx)
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	x, err := call(ctx, code, protoInvite)
	if err != nil {
		return s, err
	}
	defer x.Close()
	broken := func(err error) error {
		return &Error{Msg: fmt.Sprintf("The agent at %s broke off.", code.Address), Hint: "See what it says there, and make a new code: belvedere agent invite.", Err: err}
	}
	if err := x.say(wish{Code: code.ID[:], Secret: code.Secret[:], Authority: string(ca.pem)}); err != nil {
		return s, broken(err)
	}
	var asked struct {
		wish
		Why *trouble `json:"why"`
	}
	if err := x.hear(&asked); err != nil {
		return s, broken(err)
	}
	if asked.Why != nil {
		return s, &Error{Msg: clip(asked.Why.Cause), Hint: clip(asked.Why.Fix)}
	}
	if _, err := ca.issue([]byte(asked.Request), "try"); err != nil {
		return s, broken(err)
	}
	a, s, err := h.o.Store.AddAgent(ctx, s, code.Address, h.o.Now(), by)
	if err != nil {
		_ = x.say(grant{Why: &trouble{Cause: "The server could not add the site."}}) // it may be gone
		return s, err
	}
	if err := deliver(ca, x, []byte(asked.Request), a); err != nil {
		by.Action, by.Detail = "site.remove", "the agent broke off while it joined"
		return s, errors.Join(broken(err), h.o.Store.RemoveSite(context.WithoutCancel(ctx), s.Key, by))
	}
	h.o.Log.Info("an agent has joined", "agent", a.ID, "site", s.Name, "address", a.Address)
	h.changed(ctx)
	return s, nil
}

// deliver gives an agent its certificate and waits until it is stored there.
func deliver(ca *Authority, x *exchange, request []byte, a db.Agent) error {
	cert, err := ca.issue(request, a.ID)
	if err != nil {
		return err
	}
	if err := x.say(grant{ID: a.ID, Certificate: string(cert)}); err != nil {
		return err
	}
	var done grant
	if err := x.hear(&done); err != nil {
		return err
	}
	if done.Why != nil {
		return errors.New(clip(done.Why.Cause))
	}
	return nil
}
