package main

import (
	"fmt"
	"os"
	"os/user"

	"belvedere/internal/agent"
	"belvedere/internal/config"
	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
)

type agentCheckCmd struct{ agentFlags }

// Run says what would work, and what is missing; the exit status is 1 when the
// agent could not run.
func (c agentCheckCmd) Run(w *world) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	allowed, err := agent.AllowedFrom(cfg.Commands)
	if err != nil {
		return err
	}
	k := &checking{w: w, good: true}
	k.head("This agent")
	k.whoAndHow(c.Config, &cfg)
	if len(allowed) == 0 {
		k.line(agent.Step{OK: true, Text: "takes no commands: commands: in agent.yaml is empty"})
	} else {
		k.line(agent.Step{OK: true, Text: fmt.Sprintf("takes %d commands", len(allowed))})
	}
	k.core(&cfg)
	k.head("The server")
	for _, s := range agent.Check(w.ctx, cfg.Data, cfg.Listen) {
		k.line(s)
	}
	if !k.good {
		return exitError(exitFailed)
	}
	return nil
}

// A checking prints what is looked at.
type checking struct {
	w    *world
	good bool
}

func (k *checking) head(title string) { fmt.Fprintf(k.w.out, "%s\n", title) }

func (k *checking) line(s agent.Step) {
	mark := "ok  "
	switch {
	case !s.OK && s.Needed:
		mark, k.good = "FAIL", false
	case !s.OK:
		mark = "warn"
	}
	fmt.Fprintf(k.w.out, "%s  %s\n", mark, s.Text)
	if !s.OK && s.Hint != "" {
		fmt.Fprintf(k.w.out, "      %s\n", s.Hint)
	}
}

// whoAndHow says as whom this runs: permissions are those of the user.
func (k *checking) whoAndHow(file string, cfg *config.Agent) {
	read := "configuration " + file
	if _, err := os.Stat(file); err != nil {
		read = "no configuration file, the defaults count"
	}
	k.line(agent.Step{OK: true, Text: read})
	if os.Geteuid() == 0 {
		k.line(agent.Step{Text: "this check runs as root, which may everything", Hint: "run it as the user of the agent: sudo -u belvedere-agent belvedere agent check"})
		return
	}
	name := fmt.Sprintf("uid %d", os.Geteuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	k.line(agent.Step{OK: true, Text: "runs as " + name + ", data in " + cfg.Data})
}

// core says how the core would be read.
func (k *checking) core(cfg *config.Agent) {
	k.head("The core")
	sockets := agent.FindSockets()
	if cfg.Core == "" && (cfg.Livestatus != "" || len(sockets) > 0 || len(filecore.Find()) == 0) {
		k.livestatus(cfg.Livestatus)
		return
	}
	for _, s := range sockets {
		k.line(agent.Step{OK: true, Text: "there is a Livestatus socket too, which is not used: " + s})
	}
	main, err := filecore.Choose(cfg.Core)
	if err != nil {
		k.refused(err)
		return
	}
	for _, s := range filecore.Check(main) {
		k.line(agent.Step{OK: s.OK, Needed: s.Needed, Text: s.Text, Hint: s.Hint})
	}
}

func (k *checking) refused(err error) {
	s := agent.Step{Needed: true, Text: err.Error()}
	if h, ok := err.(interface{ HintText() string }); ok {
		s.Hint = h.HintText()
	}
	k.line(s)
}

// livestatus goes through asking the core's own Livestatus.
func (k *checking) livestatus(text string) {
	address, err := agent.Livestatus(text)
	if err != nil {
		k.refused(err)
		return
	}
	k.line(agent.Step{OK: true, Text: "Livestatus " + address.String()})
	r := livestatus.Diagnose(k.w.ctx, livestatus.Options{Address: address}, func(s livestatus.Step) {
		if s.Name != "parse" && s.State != livestatus.StepSkip {
			printStep(k.w, s)
		}
	})
	if !r.OK {
		k.good = false
		fmt.Fprintf(k.w.out, "      %s\n      %s\n", r.Cause, r.Fix)
	}
}
