package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/store"
)

// Options say where to, and in whose name.
type Options struct {
	Address livestatus.Address
	// Author is sent to cores. A Belvedere puts the person of its listener in
	// its place.
	Author string
	// Policy says which classes of commands may be sent, to whoever is an admin.
	Policy command.Policy
	Rules  command.Rules
	// Wait is how long the effect of an order may take to show; 0: 15 s.
	Wait time.Duration
	// ReadMost is how long the first reading of a core may take; 0: 1 min.
	ReadMost time.Duration
	Log      *slog.Logger // nil: silent
}

// A Site is a core that orders can go to.
type Site struct {
	Key, Name string
	Cause     string // why it is not well, "" when it is
}

// A Remote is a connection to a server elsewhere. Make it with [Open] and end it
// with [Remote.Close]. Safe for concurrent use.
type Remote struct {
	Desk *command.Desk
	Core livestatus.Core
	// Belvedere: the other end checks rights and puts in its own author.
	Belvedere bool

	o        Options
	engine   asker
	cleanups []func()
}

// An asker makes Queriers; see package command.
type asker interface {
	For(v access.Viewer) lql.Querier
}

// Open connects and finds out what is at the other end; of a core it reads
// everything. Its errors are [*livestatus.Error] or [*Error].
func Open(ctx context.Context, o Options) (r *Remote, err error) {
	if o.ReadMost <= 0 {
		o.ReadMost = time.Minute
	}
	if o.Wait <= 0 {
		o.Wait = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	client := livestatus.NewClient(livestatus.Options{Address: o.Address})
	r = &Remote{o: o}
	r.later(func() { _ = client.Close() })
	defer func() {
		if err != nil {
			r.Close()
			r = nil
		}
	}()
	if r.Core, err = client.Identify(ctx); err != nil {
		return r, err
	}
	hub := live.NewHub()
	r.later(hub.Close)
	var sites command.Sites
	if r.Core.Impl == schema.LMD {
		a := away{client}
		r.engine, sites, r.Belvedere = a, a, r.Core.Name == "Belvedere"
	} else if sites, err = r.read(ctx, hub); err != nil {
		return r, err
	}
	return r, r.openDesk(ctx, hub, sites)
}

// openDesk makes the desk, with a store that lives as long as it does.
func (r *Remote) openDesk(ctx context.Context, hub *live.Hub, sites command.Sites) error {
	dir, err := os.MkdirTemp("", "belvedere-order-")
	if err != nil {
		return fmt.Errorf("remote: a folder for the order: %w", err)
	}
	r.later(func() { _ = os.RemoveAll(dir) })
	kept, err := db.Open(ctx, dir, r.o.Log)
	if err != nil {
		return err
	}
	r.later(func() { _ = kept.Close() })
	r.Desk = command.New(command.Options{
		Store: kept, Engine: r.engine, Sites: sites, Hub: hub, Policy: r.o.Policy, Rules: r.o.Rules, Log: r.o.Log,
		SeenWithin: r.o.Wait, Hold: r.o.Wait, Brief: true, OtherAuthor: r.Belvedere,
	})
	r.later(r.Desk.Stop)
	return r.Desk.Start(ctx)
}

// read has a core read as the server reads its sites, and returns when all of
// it is there.
func (r *Remote) read(ctx context.Context, hub *live.Hub) (command.Sites, error) {
	fleet := store.NewFleet(store.Options{})
	fleet.OnChange(func(c store.Change) {
		hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	manager := site.NewManager(site.Options{Fleet: fleet, Log: r.o.Log})
	r.later(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		manager.Stop(ctx)
	})
	r.engine = query.New(query.Options{Fleet: fleet, Log: r.o.Log, Passed: manager.Passed})
	_, name, _ := strings.Cut(r.o.Address.String(), "://")
	manager.Apply([]site.Spec{{Key: "core", Name: name, Addresses: []string{r.o.Address.String()}, TLS: r.o.Address.TLS, SSH: r.o.Address.SSH}})
	ctx, cancel := context.WithTimeout(ctx, r.o.ReadMost)
	defer cancel()
	for {
		changed := fleet.Changed()
		switch h := fleet.View().Sites[0].Health; h.State {
		case store.Fresh, store.Late:
			return manager, nil
		case store.Down, store.Incompatible:
			return nil, &Error{Msg: h.Cause, Hint: "belvedere site test " + r.o.Address.String()}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, ctx.Err()
			}
			return nil, &Error{Msg: fmt.Sprintf("The core could not be read within %s.", r.o.ReadMost), Hint: "belvedere site test " + r.o.Address.String()}
		}
	}
}

// later has f run when the remote is closed, before everything registered
// earlier.
func (r *Remote) later(f func()) { r.cleanups = append(r.cleanups, f) }

// Close ends everything; orders that are not sent are not sent any more.
func (r *Remote) Close() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	r.cleanups = nil
}

// Querier sees all that the other end shows.
func (r *Remote) Querier() lql.Querier { return r.engine.For(access.Viewer{All: true}) }

// Actor is who gives the orders.
func (r *Remote) Actor() command.Actor {
	return command.Actor{Name: r.o.Author, Role: access.RoleAdmin, Viewer: access.Viewer{All: true}, Via: "cli"}
}

// Sites returns the sites at the other end by key, the core itself if it is
// one.
func (r *Remote) Sites(ctx context.Context) (map[string]Site, error) {
	res, err := r.Querier().Query(ctx, lql.Get("sites", "key", "name", "last_error"))
	if err != nil {
		return nil, fmt.Errorf("remote: sites: %w", err)
	}
	out := make(map[string]Site, res.Rows)
	for i := range res.Rows {
		s := Site{Key: res.Text(i, "key"), Name: res.Text(i, "name"), Cause: res.Text(i, "last_error")}
		out[s.Key] = s
	}
	return out, nil
}

// An Error says for people what is wrong at the other end.
type Error struct{ Msg, Hint string }

func (e *Error) Error() string { return e.Msg }

// HintText returns what to do about it.
func (e *Error) HintText() string { return e.Hint }
