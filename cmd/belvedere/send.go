package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/remote"
	"belvedere/internal/schema"
)

type sendCmd struct {
	orderFlags
	Site    []string `help:"Name of a site at the other end that it goes to; may be given several times." placeholder:"NAME"`
	Reason  string   `help:"Why, for the audit." placeholder:"TEXT"`
	DryRun  bool     `name:"dry-run" help:"Say what would be sent, and send nothing."`
	Command string   `arg:"" help:"NAME;value;value as in a command file, with or without a [time] before it. An author in it is replaced, see --author."`
}

func (c sendCmd) Run(w *world) error {
	cmd, err := readCommand(c.Command)
	if err != nil {
		return err
	}
	return c.with(w, func(r *remote.Remote, sites map[string]remote.Site) error { return c.send(w, r, sites, cmd) })
}

// readCommand reads a command as people and scripts write it.
func readCommand(text string) (lql.Command, error) {
	text = strings.TrimSuffix(text, "\n")
	if strings.ContainsFunc(text, isControl) {
		return lql.Command{}, &usageError{"the command has a line break or another control character", "a command is one line"}
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, "COMMAND "))
	if !strings.HasPrefix(text, "[") {
		text = "[1000000000] " + text // when it is sent is what counts
	}
	req, err := lql.ParseRequest("COMMAND " + text + "\n")
	if err != nil || req.Command == nil || req.Command.Name == "" {
		return lql.Command{}, &usageError{fmt.Sprintf("%q is not a command", short(text)), "write it like 'SCHEDULE_FORCED_HOST_CHECK;web01;1795000000'; belvedere schema --commands lists all"}
	}
	return *req.Command, nil
}

// short shortens a text for a message.
func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

func (c sendCmd) send(w *world, r *remote.Remote, sites map[string]remote.Site, cmd lql.Command) error {
	for _, name := range c.Site {
		key, ok := siteNamed(sites, name)
		if !ok {
			return &usageError{fmt.Sprintf("there is no site %q at the other end", name), "its sites are " + strings.Join(siteNames(sites), ", ")}
		}
		cmd.Backends = append(cmd.Backends, key)
	}
	o, err := r.Desk.Read(w.ctx, r.Actor(), cmd)
	if err != nil {
		return plain(err)
	}
	o.Note = c.Reason
	if len(o.Targets) > 1 && len(c.Site) == 0 {
		var on []string
		for _, t := range o.Targets {
			on = append(on, sites[t.Site].Name)
		}
		return &usageError{fmt.Sprintf("its object is on %d sites: %s", len(on), strings.Join(on, ", ")), "say which with --site NAME; it may be given several times"}
	}
	if author := authorIn(cmd); author != "" && author != r.Actor().Name && !r.Belvedere {
		fmt.Fprintf(w.err, "note: the author is %s, not %s: --author changes it\n", r.Actor().Name, printable(author))
	}
	items, err := r.Desk.Preview(w.ctx, r.Actor(), o)
	if err != nil {
		return plain(err)
	}
	for _, it := range items {
		if it.Reason != "" {
			return &hinted{fmt.Sprintf("%s: %s", place(sites, it.Target), it.Reason), "nothing was sent"}
		}
	}
	if c.DryRun {
		for _, it := range items {
			fmt.Fprintf(w.out, "would send %s to %s\n", o.Command, place(sites, it.Target))
		}
		return nil
	}
	return c.carryOut(w, r, sites, []command.Order{o})
}

// authorIn returns the author that a command names, "" when it takes none.
func authorIn(cmd lql.Command) string {
	def, ok := schema.LookupCommand(cmd.Name)
	if !ok {
		return ""
	}
	for i, p := range def.Params {
		if p.Type == schema.PAuthor && i < len(cmd.Args) {
			return cmd.Args[i]
		}
	}
	return ""
}

func siteNamed(sites map[string]remote.Site, name string) (key string, ok bool) {
	for k, s := range sites {
		if !strings.EqualFold(s.Name, name) {
			continue
		}
		if ok {
			return "", false // two of that name: neither is meant for sure
		}
		key, ok = k, true
	}
	return key, ok
}

func siteNames(sites map[string]remote.Site) []string {
	var names []string
	for s := range maps.Values(sites) {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}
