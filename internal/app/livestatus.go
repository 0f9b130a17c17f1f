package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// LivestatusAddresses returns where Livestatus is answered, as addresses that
// a site or a query accepts.
func (a *App) LivestatusAddresses() []string {
	var out []string
	for _, l := range a.ls {
		out = append(out, l.Addr().Network()+"://"+l.Addr().String())
	}
	return out
}

// serveLivestatus answers requests over all sites. Whoever reaches a listener
// sees all and may give no command, or is the person it names.
func (a *App) serveLivestatus(ctx context.Context, group *sync.WaitGroup, failed chan<- error) {
	cfg := a.config.Load()
	for i, l := range a.ls {
		o := a.livestatusOptions(ctx, cfg.Livestatus[i])
		o.HoldBytes = int(cfg.MemoryLimit / 10 / int64(len(a.ls)))
		server := livestatus.NewServer(o)
		a.log.Info("answering Livestatus", "address", l.Addr().Network()+"://"+l.Addr().String(), "as", cfg.Livestatus[i].As, "commands", cfg.Livestatus[i].Commands)
		group.Go(func() {
			if err := server.Serve(ctx, l); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("app: livestatus on %s: %w", l.Addr(), err)
			}
		})
	}
}

// livestatusOptions are what one listener answers with.
func (a *App) livestatusOptions(ctx context.Context, c config.Livestatus) livestatus.ServerOptions {
	o := livestatus.ServerOptions{Log: a.log, CommandErrors: c.CommandErrors}
	if c.As == "" {
		everything := a.engine.For(access.Viewer{All: true, CommandLines: true, Services: access.Loose})
		o.Querier, o.Waiter = everything, everything.(lql.Waiter)
		return o
	}
	p := &speaker{app: a, name: c.As}
	if _, err := p.person(ctx); err != nil {
		a.log.Warn("a Livestatus listener speaks for somebody who may not sign in: it answers nothing until they may", "as", c.As)
	}
	o.Querier, o.Waiter = p, p
	if c.Commands {
		o.Sender = func(peer net.Addr) lql.Sender { return givenBy{p, addressOf(peer)} }
	}
	return o
}

// A speaker answers in the name of a person. Their rights are read at every
// request, so that a change counts at once.
type speaker struct {
	app  *App
	name string // user name
}

// person returns who it is; the error is a [*lql.QueryError] when they may not
// sign in.
func (p *speaker) person(ctx context.Context) (auth.Person, error) {
	who, err := p.app.auth.PersonByName(ctx, p.name)
	if errors.Is(err, auth.ErrNotFound) || err == nil && who.Disabled {
		return who, &lql.QueryError{Code: 403, Msg: "this listener speaks for " + p.name + ", who may not sign in"}
	}
	return who, err
}

func (p *speaker) querier(ctx context.Context) (lql.Querier, error) {
	who, err := p.person(ctx)
	if err != nil {
		return nil, err
	}
	return p.app.engine.For(who.Viewer()), nil
}

// Query implements [lql.Querier].
func (p *speaker) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	to, err := p.querier(ctx)
	if err != nil {
		return nil, err
	}
	return to.Query(ctx, q)
}

// Stream implements [lql.Streamer].
func (p *speaker) Stream(ctx context.Context, q *lql.Query, e lql.Encoder) (*lql.Pieces, error) {
	to, err := p.querier(ctx)
	if err != nil {
		return nil, err
	}
	return to.(lql.Streamer).Stream(ctx, q, e)
}

// Wait implements [lql.Waiter].
func (p *speaker) Wait(ctx context.Context, q *lql.Query) error {
	to, err := p.querier(ctx)
	if err != nil {
		return err
	}
	return to.(lql.Waiter).Wait(ctx, q)
}

// givenBy hands the commands of one client to the desk.
type givenBy struct {
	speaker *speaker
	from    string
}

// Send implements [lql.Sender]. What the desk refuses is a [*lql.QueryError].
func (g givenBy) Send(ctx context.Context, c lql.Command) error {
	who, err := g.speaker.person(ctx)
	if err != nil {
		return err
	}
	err = g.speaker.app.desk.For(command.Actor{
		ID: who.ID, Name: who.Username, Role: who.Role, Viewer: who.Viewer(), IP: g.from, Via: "livestatus",
	}).Send(ctx, c)
	if p, ok := errors.AsType[*command.Problem](err); ok {
		return &lql.QueryError{Code: 400, Msg: p.Msg, Hint: p.Hint}
	}
	return err
}

// addressOf says for the audit where a client is: its address without the port,
// "socket" for a unix socket.
func addressOf(peer net.Addr) string {
	if host, _, err := net.SplitHostPort(peer.String()); err == nil {
		return host
	}
	return "socket"
}
