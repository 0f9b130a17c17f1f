package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"

	"belvedere/internal/agent"
	"belvedere/internal/config"
	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
)

// A coreBeside is the core that an agent makes reachable.
type coreBeside struct {
	agent.Core
	what  string                    // it is read by, for the log
	run   func(ctx context.Context) // reads it; nil: nothing is to be read
	close func()
}

// openCore finds the core beside us: by its Livestatus if there is one, else by
// its files.
func openCore(cfg *config.Agent, log *slog.Logger) (*coreBeside, error) {
	byFiles := cfg.Core != ""
	if cfg.Livestatus == "" && !byFiles {
		byFiles = len(agent.FindSockets()) == 0 && len(filecore.Find()) > 0
	}
	if byFiles {
		c, err := filecore.New(filecore.Options{Main: cfg.Core, Log: log})
		if err != nil {
			return nil, err
		}
		return &coreBeside{c, c.Describe(), c.Run, c.Close}, nil
	}
	address, err := agent.Livestatus(cfg.Livestatus)
	if err != nil {
		return nil, err
	}
	s := agent.NewSocket(address, log)
	return &coreBeside{s, address.String(), nil, func() { _ = s.Close() }}, nil // only idle connections
}

// serve reads the core while fn runs.
func (c *coreBeside) serve(ctx context.Context, fn func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer c.close()
	defer group.Wait()
	defer cancel()
	if c.run != nil {
		group.Go(func() { c.run(ctx) })
	}
	return fn(ctx)
}

// agentLivestatusCmd serves a core that has no Livestatus as one that has, on
// this machine.
type agentLivestatusCmd struct {
	Core     string `help:"Main configuration of the core, such as /etc/nagios4/nagios.cfg. Default: the one that is found." placeholder:"FILE"`
	Listen   string `help:"Where to answer: unix:///path, or tcp://127.0.0.1:6557. Only this machine can reach it." required:"" placeholder:"ADDRESS"`
	Commands bool   `help:"Take external commands: whoever can connect may then act on the core."`
}

func (c agentLivestatusCmd) Run(w *world) error {
	address, err := livestatus.ParseAddress(c.Listen)
	if err != nil {
		return &usageError{err.Error(), "write it like unix:///run/belvedere/live"}
	}
	network, place := "unix", address.Path
	switch address.Scheme {
	case "unix":
	case "tcp":
		if ip, err := netip.ParseAddr(address.Host); err != nil || !ip.IsLoopback() {
			return &usageError{fmt.Sprintf("%s can be reached from elsewhere, in clear text", c.Listen), "listen on unix:///path or tcp://127.0.0.1:port; for other machines pair an agent: belvedere agent join"}
		}
		network, place = "tcp", net.JoinHostPort(address.Host, address.Port)
	default:
		return &usageError{fmt.Sprintf("%s is not an address to answer Livestatus on", c.Listen), "use unix:///path or tcp://127.0.0.1:port"}
	}
	log := logger(w.err, config.DefaultAgent().Log)
	core, err := filecore.New(filecore.Options{Main: c.Core, Log: log, Commands: c.Commands})
	if err != nil {
		return err
	}
	l, err := livestatus.Listen(w.ctx, network, place)
	if err != nil {
		core.Close()
		return &hinted{strings.TrimPrefix(err.Error(), "livestatus: "), "the folder must be there and writable for this user, and nothing else may listen there"}
	}
	log.Info("answering Livestatus", "listen", c.Listen, "core", core.Describe(), "commands", c.Commands)
	beside := coreBeside{Core: core, run: core.Run, close: core.Close}
	return beside.serve(w.ctx, func(ctx context.Context) error { return core.Serve(ctx, l) })
}
