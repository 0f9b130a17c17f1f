package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/auth"
	"belvedere/internal/config"
	"belvedere/internal/db"
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
func (a *App) serveAgents(ctx context.Context, group *sync.WaitGroup, failed chan<- error) {
	if a.agentDoor == nil {
		return
	}
	a.log.Info("waiting for agents", "address", a.agentDoor.Addr().String())
	group.Go(func() {
		if err := a.agents.Serve(ctx, a.agentDoor); err != nil && ctx.Err() == nil {
			failed <- fmt.Errorf("app: agents on %s: %w", a.agentDoor.Addr(), err)
		}
	})
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
	}
	if host == "" {
		return "", web.Conflict("It is not known how agents reach this server", "Write into its configuration: agents: address: with host:port, as the monitoring servers see this machine.")
	}
	return net.JoinHostPort(host, port), nil
}

// A PairingCode is a join code with when it ends.
type PairingCode struct {
	Code    string // secret
	ID      string
	Address string
	Expires time.Time
}

// JoinCode makes a code with which an agent becomes the site of spec. Errors are
// [*web.Error] where a person can mend them.
func JoinCode(ctx context.Context, store *db.DB, ca *agent.Authority, address string, spec site.Spec, by auth.Actor) (PairingCode, error) {
	if err := checkNames(spec); err != nil {
		return PairingCode{}, err
	}
	code, kept, err := agent.NewJoinCode(ctx, store, ca, address, spec.Name, spec.Section, by.Audit("site.code", spec.Name, "a code for an agent"))
	if err != nil {
		return PairingCode{}, forPeople(spec, err)
	}
	return PairingCode{Code: code.String(), ID: kept.ID, Address: address, Expires: kept.Expires}, nil
}

// forPeople turns errors of pairing into those of the web.
func forPeople(spec site.Spec, err error) error {
	if errors.Is(err, db.ErrExists) {
		return web.Conflict("There is a site called "+spec.Name+" already", "Choose another name, or remove that site first.")
	}
	if e, ok := errors.AsType[*agent.Error](err); ok {
		return web.Conflict(e.Msg, e.Hint)
	}
	return err
}
