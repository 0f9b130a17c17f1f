package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"belvedere/internal/agent"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
)

type agentCmd struct {
	Run    agentRunCmd    `cmd:"" default:"withargs" help:"Run the agent beside a core."`
	Join   agentJoinCmd   `cmd:"" help:"Join a server with a code from its page Sites."`
	Invite agentInviteCmd `cmd:"" help:"Print a code to enter on the page Sites, for a server that comes here."`
	Check  agentCheckCmd  `cmd:"" help:"Say what would work on this machine, and what is missing."`

	Livestatus agentLivestatusCmd `cmd:"" help:"Answer Livestatus on this machine for a core that has none, from its files."`
}

// agentFlags find the agent's configuration.
type agentFlags struct {
	Config string `help:"Configuration file." placeholder:"FILE" default:"/etc/belvedere/agent.yaml"`
	Data   string `help:"Folder of the agent's certificate and journal." placeholder:"DIR"`
}

func (f agentFlags) load() (config.Agent, error) {
	cfg, err := config.LoadAgent(f.Config)
	if f.Data != "" {
		cfg.Data = f.Data
	}
	return cfg, err
}

type agentRunCmd struct{ agentFlags }

func (c agentRunCmd) Run(w *world) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	allowed, err := agent.AllowedFrom(cfg.Commands)
	if err != nil {
		return err
	}
	log := logger(w.err, cfg.Log)
	core, err := openCore(&cfg, log)
	if err != nil {
		return err
	}
	a, err := agent.New(agent.Options{Dir: cfg.Data, Listen: cfg.Listen, Core: core, Allowed: allowed, Log: log})
	if err != nil {
		core.close()
		return err
	}
	log.Info("serving the core", "by", core.what, "commands", len(allowed))
	return core.serve(w.ctx, a.Run)
}

type agentJoinCmd struct {
	agentFlags
	Code string `arg:"" help:"The code."`
}

func (c agentJoinCmd) Run(w *world) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	code, err := agent.ParseCode(c.Code)
	if err != nil {
		return &usageError{"this is not a code, or not the whole of it", "copy all of it, from the page Sites of the server or from belvedere site add NAME --agent"}
	}
	site, err := agent.JoinServer(w.ctx, code, cfg.Data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "Joined %s as the site %s.\nNow start the agent: systemctl enable --now belvedere-agent, or: belvedere agent\n", code.Address, site)
	return err
}

type agentInviteCmd struct {
	agentFlags
	Address string `help:"How the server reaches this machine: host:port; the port is where the agent listens. Default: the name of this machine with port 6560." placeholder:"HOST:PORT"`
}

func (c agentInviteCmd) Run(w *world) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	listen, address, err := c.where(cfg.Listen)
	if err != nil {
		return err
	}
	v, err := agent.NewInvitation(w.ctx, listen, address, cfg.Data)
	if err != nil {
		return err
	}
	defer v.Close()
	fmt.Fprintf(w.out, "Enter this code on the page Sites of the server within %d minutes; it is valid once:\n\n%s\n\nWaiting for the server to come to %s …\n", int(agent.CodeValid/time.Minute), v.Code, address)
	if err := v.Wait(w.ctx, func(peer string, why error) { fmt.Fprintf(w.err, "refused %s: %v\n", peer, why) }); err != nil {
		return err
	}
	fmt.Fprintln(w.out, "The server has come: this agent is paired.")
	if cfg.Listen == "" {
		fmt.Fprintf(w.out, "Write into %s:   listen: %q\n", c.Config, listen)
	}
	_, err = fmt.Fprintln(w.out, "Now start the agent: systemctl enable --now belvedere-agent, or: belvedere agent")
	return err
}

// where returns where to listen, and how the server reaches that.
func (c agentInviteCmd) where(configured string) (listen, address string, err error) {
	listen, address = configured, c.Address
	if listen == "" {
		listen = ":" + livestatus.AgentPort
		if _, port, err := net.SplitHostPort(address); err == nil {
			listen = ":" + port
		}
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", "", &usageError{fmt.Sprintf("%q is not an address to listen on", listen), "write it like :6560"}
	}
	if address == "" {
		name, err := os.Hostname()
		if err != nil {
			return "", "", &hinted{"this machine does not know its name", "say with --address how the server reaches it"}
		}
		address = net.JoinHostPort(name, port)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, port)
	}
	return listen, address, nil
}
