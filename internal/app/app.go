package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/agent"
	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/memory"
	"belvedere/internal/query"
	"belvedere/internal/recur"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/web"
)

// Options are what an App is made of.
type Options struct {
	Config  config.Config
	Log     *slog.Logger // required
	Version string
	// Demo starts simulated cores; nil: none.
	Demo *Demo
}

// An App is the whole server. Make it with [New], run it with [App.Run], which
// also ends it.
type App struct {
	opt    Options
	log    *slog.Logger
	db     *db.DB
	auth   *auth.Service
	fleet  *store.Fleet
	memory *memory.Budget
	engine *query.Engine
	hub    *live.Hub
	sites  *Sites
	agents *agent.Hub
	desk   *command.Desk
	rules  *recur.Service
	demo   *demoCores
	web    *web.Server
	tls    *certificate // nil: clear text

	listeners []net.Listener // web
	ls        []net.Listener // Livestatus
	agentDoor net.Listener   // where agents come to, nil: nowhere
	cleanups  []func()       // run last to first by close
	config    atomic.Pointer[config.Config]
	gc        atomic.Int64 // percent in force; 0: not ours to say
}

// New opens the store, binds every listener and builds the rooms. Nothing runs
// yet. Its errors say for people what is wrong; on an error nothing stays open.
func New(ctx context.Context, o Options) (a *App, err error) {
	a = &App{opt: o, log: o.Log}
	a.config.Store(&o.Config)
	defer func() {
		if err != nil {
			a.close()
			a = nil
		}
	}()
	if os.Getenv("GOGC") == "" {
		before := debug.SetGCPercent(gcPercent)
		a.gc.Store(gcPercent)
		a.later(func() { debug.SetGCPercent(before) })
	}
	if o.Config.MemoryLimit > 0 {
		before := debug.SetMemoryLimit(o.Config.MemoryLimit)
		a.later(func() { debug.SetMemoryLimit(before) })
	}
	if err := a.listen(); err != nil {
		return a, err
	}
	if err := a.openStore(ctx); err != nil {
		return a, err
	}
	if err := a.build(ctx); err != nil {
		return a, err
	}
	return a, nil
}

// gcPercent is how much garbage there may be beside what is in use before it is
// collected. The columns of the sites hold no pointers, so collecting is cheap,
// and memory is not.
const gcPercent = 40

// From manyReaders open pages on, drawing them makes so much garbage that
// collecting it would cost more than memory is worth: there may be as much of it
// as of what is in use.
const (
	manyReaders   = 100
	gcManyReaders = 100
)

// readers adjusts how often garbage is collected to how many pages are open.
func (a *App) readers(open int) {
	percent := int64(gcPercent)
	if open >= manyReaders {
		percent = gcManyReaders
	}
	if before := a.gc.Load(); before != 0 && before != percent && a.gc.CompareAndSwap(before, percent) {
		debug.SetGCPercent(int(percent))
	}
}

// later has f run when the app ends, before everything registered earlier.
func (a *App) later(f func()) { a.cleanups = append(a.cleanups, f) }

func (a *App) close() {
	for i := len(a.cleanups) - 1; i >= 0; i-- {
		a.cleanups[i]()
	}
	a.cleanups = nil
}

func (a *App) openStore(ctx context.Context) error {
	cfg := a.opt.Config
	store, err := db.Open(ctx, cfg.Data, a.log)
	if err != nil {
		return err
	}
	a.db = store
	a.later(func() {
		if err := store.Close(); err != nil {
			a.log.Error("closing the store", "error", err)
		}
	})
	a.auth = auth.New(auth.Options{
		DB: store, Log: a.log, SessionIdle: cfg.Sessions.Idle, SessionMax: cfg.Sessions.Max, ShortPasswords: a.opt.Demo != nil,
	})
	a.closer(a.auth)
	return a.provision(ctx, cfg)
}

// build makes the rooms, from the store outwards.
func (a *App) build(ctx context.Context) error {
	cfg := a.opt.Config
	a.hub = live.NewHub()
	a.later(a.hub.Close)
	a.memory = memory.New(cfg.MemoryLimit, nil)
	a.fleet = store.NewFleet(store.Options{Room: func() error { return a.memory.Room(0) }})
	a.buildAgents()
	instance := rand.Text() // what a second server must not have, also one that began with a copy of the store
	manager := site.NewManager(site.Options{Fleet: a.fleet, Log: a.log, Memory: a.memory, Agents: a.agents, Instance: instance, KnownHosts: filepath.Join(cfg.Data, site.KnownHosts), Notes: notes{a.db}})
	a.engine = query.New(query.Options{Fleet: a.fleet, Log: a.log, Passed: manager.Passed, Version: a.opt.Version, Instance: instance})
	a.memory.OnPressure(a.engine.Shrink)
	a.fleet.OnChange(func(c store.Change) {
		a.engine.Note(c)
		a.hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	a.later(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		manager.Stop(ctx)
	})
	a.demo = newDemoCores(a.opt.Demo, a.log)
	a.later(a.demo.stop)
	a.sites = &Sites{db: a.db, manager: manager, agents: a.agents, config: a.inForce, demo: a.demo, log: a.log, codes: map[string]shownCode{}}
	a.sites.provisioned(cfg.Sites)
	if err := a.startDemo(ctx); err != nil {
		return err
	}
	a.desk = command.New(command.Options{
		Store: a.db, Engine: a.engine, Sites: manager, Hub: a.hub, Log: a.log, Policy: PolicyOf(cfg.Commands),
		Rules: RulesOf(cfg.Commands), Who: a.standing,
		Rate: cfg.Commands.Rate, Hold: cfg.Commands.Hold, SeenWithin: cfg.Commands.SeenWithin,
	})
	a.later(a.desk.Stop)
	a.rules = recur.New(recur.Options{Store: a.db, Desk: a.desk, Engine: a.engine, People: a.auth, Log: a.log})
	server, err := web.New(web.Options{
		Auth: a.auth, Engine: a.engine, Readers: a.readers, Hub: a.hub, Prefs: a.db, Views: a.db, Features: a.features(),
		EmbedParents: cfg.EmbedParents, LinkSchemes: cfg.LinkSchemes, PublicURL: cfg.PublicURL, TrustedProxies: cfg.TrustedProxies, Log: a.log, Version: a.opt.Version,
		Setup:   web.SetupHooks{AddSite: "/sites/new", StartDemo: a.sites.startDemo},
		Metrics: a.metrics(), MetricsToken: cfg.MetricsToken, Ready: a.ready, MayAct: a.mayAct, Token: a.tokenOf,
	})
	if err != nil {
		return err
	}
	a.web = server
	a.memory.OnPressure(server.Shrink)
	return nil
}

// PolicyOf turns the configured roles into the desk's.
func PolicyOf(c config.Commands) command.Policy {
	roles := func(names []string) []access.Role {
		out := make([]access.Role, len(names))
		for i, name := range names {
			out[i] = access.Role(name)
		}
		return out
	}
	return command.Policy{Ordinary: roles(c.Ordinary), Configuring: roles(c.Configuring), Dangerous: roles(c.Dangerous)}
}

// RulesOf turns what is demanded of orders into the desk's.
func RulesOf(c config.Commands) command.Rules {
	r := command.Rules{Reasons: c.Reasons, WarnAbove: c.WarnAbove}
	if c.Ticket != "" {
		r.Ticket = regexp.MustCompile(c.Ticket) // it was checked with the configuration
	}
	return r
}

// standing says what a person who gave an order may do at present.
func (a *App) standing(ctx context.Context, id int64) (command.Standing, error) {
	p, err := a.auth.Person(ctx, id)
	if errors.Is(err, auth.ErrNotFound) {
		return command.Standing{Gone: true}, nil
	}
	return command.Standing{Role: p.Role, Viewer: p.Viewer(), Gone: p.Disabled}, err
}

// Run serves until ctx ends, then stops gracefully: requests in flight get ten
// seconds. Every value on reload has the configuration of next taken over.
func (a *App) Run(ctx context.Context, reload <-chan config.Config) error {
	defer a.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := a.sites.sync(ctx); err != nil {
		return err
	}
	if err := a.desk.Start(ctx); err != nil {
		return err
	}
	var group sync.WaitGroup
	failed := make(chan error, len(a.listeners)+len(a.ls))
	servers := a.serveWeb(&group, failed)
	a.serveLivestatus(ctx, &group, failed)
	a.serveAgents(ctx, &group)
	group.Go(func() { a.housekeeping(ctx) })
	group.Go(func() { a.rules.Run(ctx) })
	group.Go(func() { a.memory.Watch(ctx) })
	a.announce(ctx)

	var err error
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case err = <-failed:
			running = false
		case cfg, ok := <-reload:
			if !ok {
				reload = nil
				continue
			}
			a.takeOver(ctx, cfg)
		}
	}
	a.web.Close()
	cancel()
	for _, s := range servers {
		stop, done := context.WithTimeout(context.Background(), 10*time.Second)
		if e := s.Shutdown(stop); e != nil {
			err = errors.Join(err, s.Close())
		}
		done()
	}
	group.Wait()
	return err
}

// announce logs what a person at the terminal needs next.
func (a *App) announce(ctx context.Context) {
	for _, warning := range a.opt.Config.Warnings() {
		a.log.Warn(warning)
	}
	for _, url := range a.URLs() {
		a.log.Info("listening", "address", url)
	}
	if a.auth.NeedsSetup(ctx) {
		url := ""
		if urls := a.URLs(); len(urls) > 0 {
			url = urls[0]
		}
		a.log.Info("nobody can sign in yet: open the address and enter this code", "address", url+"/setup", "code", a.auth.SetupCode())
	}
}

// ready says why the server cannot show the whole picture yet.
func (a *App) ready(context.Context) error {
	waiting := 0
	for _, s := range a.fleet.View().Sites {
		if s.Health.State == store.Pending && s.Health.LastTry.IsZero() {
			waiting++
		}
	}
	if waiting > 0 {
		return fmt.Errorf("%d sites have not been asked yet", waiting)
	}
	return nil
}

// takeOver applies a changed configuration without dropping a connection. What
// cannot change while running is said and left as it was.
func (a *App) takeOver(ctx context.Context, cfg config.Config) {
	old := a.config.Load()
	// What can fail comes first, so that a refusal changes nothing.
	var cert *tls.Certificate
	if a.tls != nil && cfg.TLS.Cert != "" {
		var err error
		if cert, err = readCertificate(cfg.TLS); err != nil {
			a.log.Error("certificate not taken over, the old configuration stays in force", "error", err)
			return
		}
	}
	if err := a.provision(ctx, cfg); err != nil {
		a.log.Error("configuration not taken over, the old one stays in force", "error", err)
		return
	}
	if cert != nil {
		a.tls.present.Store(cert)
	}
	a.sites.provisioned(cfg.Sites)
	if err := a.sites.sync(ctx); err != nil {
		a.log.Error("sites not taken over, the old ones stay", "error", err)
		return
	}
	if needsRestart(*old, cfg) {
		a.log.Warn("sites, users and the certificate are taken over; what else changed needs a restart")
	}
	a.config.Store(&cfg)
	a.log.Info("configuration taken over", "sites", len(cfg.Sites), "users", len(cfg.Users))
}

// provision makes the people of the configuration file known.
func (a *App) provision(ctx context.Context, cfg config.Config) error {
	people := make([]auth.Provisioned, 0, len(cfg.Users))
	for _, u := range cfg.Users {
		contacts := map[string]string{}
		for name, contact := range u.Contacts {
			contacts[siteKey(cfg.Sites, name)] = contact
		}
		people = append(people, auth.Provisioned{
			Username: u.Name, DisplayName: u.DisplayName, Role: access.Role(u.Role), PasswordHash: u.PasswordHash,
			SeeAll: u.SeeAll, Contact: u.Contact, SiteContacts: contacts, CommandLines: u.CommandLines,
		})
	}
	return a.auth.Provision(ctx, people)
}

// housekeeping looks every two seconds whether a command beside the server
// changed the sites, and prunes the audit once an hour.
func (a *App) housekeeping(ctx context.Context) {
	look, prune := time.NewTicker(2*time.Second), time.NewTicker(time.Hour)
	defer look.Stop()
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if err := a.sites.sync(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("reading the sites", "error", err)
			}
		case now := <-prune.C:
			if err := a.db.PruneAudit(ctx, now.Add(-a.config.Load().AuditKeep)); err != nil && ctx.Err() == nil {
				a.log.Error("pruning the audit", "error", err)
			}
		}
	}
}

// Querier returns the engine bound to a viewer.
func (a *App) Querier(v access.Viewer) lql.Querier { return a.engine.For(v) }

// Handler returns the web server without a socket, for tests.
func (a *App) Handler() http.Handler { return a.web.Handler() }

// closer has c closed when the app ends, before everything registered earlier.
func (a *App) closer(c io.Closer) { a.later(func() { _ = c.Close() }) }
