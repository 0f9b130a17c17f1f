package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/db"
	"belvedere/internal/feature/sites"
	"belvedere/internal/site"
	"belvedere/internal/web"
)

// buildAgents makes the hub of the agents.
func (a *App) buildAgents() {
	a.agents = agent.NewHub(agent.HubOptions{
		Store: a.db, Dir: a.opt.Config.Data, Log: a.log,
		Joined: func(ctx context.Context) {
			if err := a.sites.sync(ctx); err != nil {
				a.log.Error("reading the sites", "error", err)
			}
		},
		Up: func(site string) { a.sites.Refresh(site) },
	})
	a.later(a.agents.Close)
}

// serveAgents lets agents come here, where that is configured.
func (a *App) serveAgents(ctx context.Context, group *sync.WaitGroup) {
	if a.agentDoor == nil {
		return
	}
	a.log.Info("waiting for agents", "address", a.agentDoor.Addr().String())
	group.Go(func() {
		if err := a.agents.Serve(ctx, a.agentDoor); err != nil && ctx.Err() == nil {
			a.log.Error("agents are not served, everything else is", "address", a.agentDoor.Addr().String(), "error", err)
		}
	})
}

// inForce is the configuration, with the port on which agents are let in.
func (a *App) inForce() config.Config {
	cfg := *a.config.Load()
	cfg.Agents.Listen = ""
	if a.agentDoor != nil {
		cfg.Agents.Listen = a.agentDoor.Addr().String()
	}
	return cfg
}

// AgentAddress returns where agents come to, nil if nowhere.
func (a *App) AgentAddress() net.Addr {
	if a.agentDoor == nil {
		return nil
	}
	return a.agentDoor.Addr()
}

// AgentsReach returns the host:port that join codes carry. seen is the host
// under which a browser reaches this server, "" if that is not known. Errors are
// [*web.Error].
func AgentsReach(cfg config.Config, seen string) (string, error) {
	if cfg.Agents.Listen == "" {
		return "", web.Conflict("Agents cannot come to this server: it does not listen for them",
			"Write into its configuration: agents: {listen: \":6560\"}, and restart it. Or run on the monitoring server: belvedere agent invite, and enter its code on the page Sites.")
	}
	if cfg.Agents.Address != "" {
		return cfg.Agents.Address, nil
	}
	host, port, err := net.SplitHostPort(cfg.Agents.Listen)
	if err != nil {
		return "", fmt.Errorf("app: agents: %w", err)
	}
	if u, err := url.Parse(cfg.PublicURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = seen
		if ip := net.ParseIP(seen); seen == "localhost" || ip != nil && ip.IsLoopback() {
			host, _ = os.Hostname() // a browser on this machine says nothing about others
		}
	}
	if host == "" {
		return "", web.Conflict("It is not known how agents reach this server", "Write into its configuration: agents: address: with host:port, as the monitoring servers see this machine.")
	}
	return net.JoinHostPort(host, port), nil
}

// JoinCode makes a code with which an agent becomes the site of spec. Errors are
// [*web.Error] where a person can mend them.
func JoinCode(ctx context.Context, store *db.DB, ca *agent.Authority, address string, spec site.Spec, by auth.Actor) (sites.Pairing, error) {
	if err := checkNames(spec); err != nil {
		return sites.Pairing{}, err
	}
	code, kept, err := agent.NewJoinCode(ctx, store, ca, address, spec.Name, spec.Section, by.Audit("site.code", spec.Name, "a code for an agent"))
	if err != nil {
		return sites.Pairing{}, forPeople(spec, err)
	}
	return sites.Pairing{ID: kept.ID, Code: code.String(), Name: spec.Name, Address: address, Expires: kept.Expires}, nil
}

// A shownCode is a code that a person made on the page, which may be shown to
// them while it lasts. The store has only what checks it.
type shownCode struct {
	sites.Pairing
	person int64
}

// Pair makes a code with which an agent joins and becomes the site of spec.
func (s *Sites) Pair(ctx context.Context, by auth.Actor, spec site.Spec, seen string) (sites.Pairing, error) {
	address, err := AgentsReach(s.config(), seen)
	if err != nil {
		return sites.Pairing{}, err
	}
	if s.nameTaken(spec.Name, "") {
		return sites.Pairing{}, nameIsTaken(spec)
	}
	ca, err := s.agents.Authority(ctx)
	if err != nil {
		return sites.Pairing{}, forPeople(spec, err)
	}
	p, err := JoinCode(ctx, s.db, ca, address, spec, by)
	if err != nil {
		return p, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.codes, func(_ string, c shownCode) bool { return time.Since(c.Expires) > time.Hour })
	s.codes[p.ID] = shownCode{p, by.ID}
	return p, nil
}

// shown returns a code that the same person made.
func (s *Sites) shown(by auth.Actor, id string) (sites.Pairing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.codes[id]
	if !ok || c.person != by.ID {
		return sites.Pairing{}, db.ErrNotFound
	}
	return c.Pairing, nil
}

// Pairing returns a code that the same person made, with what became of it.
func (s *Sites) Pairing(ctx context.Context, by auth.Actor, id string) (sites.Pairing, error) {
	p, err := s.shown(by, id)
	if err != nil {
		return p, err
	}
	kept, err := s.db.JoinCode(ctx, id)
	if errors.Is(err, db.ErrNotFound) {
		p.Void = true
		return p, nil
	}
	p.Site, p.Void = kept.Site, kept.Tries >= db.JoinTries
	return p, err
}

// Withdraw makes a code void that nobody has used.
func (s *Sites) Withdraw(ctx context.Context, by auth.Actor, id string) error {
	if _, err := s.shown(by, id); err != nil {
		return err
	}
	return s.db.RemoveJoinCode(ctx, id)
}

// Invited goes to the agent that made a code, and makes a site of it.
func (s *Sites) Invited(ctx context.Context, by auth.Actor, spec site.Spec, text string) (string, error) {
	if err := checkNames(spec); err != nil {
		return "", err
	}
	code, err := agent.ParseCode(text)
	if err != nil {
		return "", web.BadRequest("This is not the code of an agent, or not the whole of it", "Copy all that belvedere agent invite has printed.")
	}
	if s.nameTaken(spec.Name, "") {
		return "", nameIsTaken(spec)
	}
	st, err := s.agents.Invited(ctx, code, db.Site{Name: spec.Name, Section: spec.Section}, by.Audit("site.add", spec.Name, "agent://"+code.Address))
	if err != nil {
		return "", forPeople(spec, err)
	}
	return st.Key, nil
}

func nameIsTaken(spec site.Spec) error {
	return web.Conflict("There is a site called "+spec.Name+" already", "Choose another name, or remove that site first.")
}

// forPeople turns errors of pairing into those of the web.
func forPeople(spec site.Spec, err error) error {
	if errors.Is(err, db.ErrExists) {
		return nameIsTaken(spec)
	}
	if e, ok := errors.AsType[*agent.Error](err); ok {
		return web.Conflict(e.Msg, e.Hint)
	}
	return err
}
