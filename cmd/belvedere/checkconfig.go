package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"belvedere/internal/config"
	"belvedere/internal/db"
)

type checkConfigCmd struct {
	Config string `help:"Configuration file." placeholder:"FILE" default:"belvedere.yaml"`
}

func (c checkConfigCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.env)
	if err != nil {
		return err
	}
	warnings := cfg.Warnings()
	for i, l := range cfg.Livestatus {
		path := fmt.Sprintf("livestatus.%d", i)
		named := map[string]string{path + ".as": l.As}
		for k, t := range l.Tokens {
			named[fmt.Sprintf("%s.tokens.%d.as", path, k)] = t.As
		}
		for at, name := range named {
			unsure, err := speaks(w.ctx, cfg, at, name)
			if err != nil {
				return err
			}
			if unsure != "" {
				warnings = append(warnings, unsure)
			}
		}
	}
	slices.Sort(warnings)
	for _, warning := range slices.Compact(warnings) {
		fmt.Fprintln(w.err, "warning:", warning)
	}
	_, err = fmt.Fprintf(w.out, "%s is good: %d sites, %d users\n", c.Config, len(cfg.Sites), len(cfg.Users))
	return err
}

// speaks says why the person that a Livestatus listener names at a place may
// not sign in, or that this is not known.
func speaks(ctx context.Context, cfg config.Config, at, name string) (unsure string, err error) {
	if name == "" || slices.ContainsFunc(cfg.Users, func(u config.User) bool { return strings.EqualFold(u.Name, name) }) {
		return "", nil
	}
	if !db.Exists(cfg.Data) {
		return fmt.Sprintf("a Livestatus listener speaks for %s, who is not in users:, and there is no store in %s yet: it answers nothing until they may sign in", name, cfg.Data), nil
	}
	p, err := db.PersonIn(ctx, cfg.Data, name)
	switch {
	case errors.Is(err, db.ErrNotFound), err == nil && p.Provisioned:
		return "", cfg.At(at, fmt.Sprintf("there is no user %q", name), "write a user of the page of people or of users: here, or make this one: belvedere user add "+name)
	case err != nil:
		return fmt.Sprintf("it is not known whether there is a user %s, for whom a Livestatus listener speaks: %v", name, err), nil
	case p.Disabled:
		return "", cfg.At(at, fmt.Sprintf("the user %q may not sign in", name), "let them, on the page of people, or name another")
	}
	return "", nil
}
