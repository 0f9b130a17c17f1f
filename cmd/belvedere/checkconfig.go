package main

import (
	"fmt"

	"belvedere/internal/config"
)

type checkConfigCmd struct {
	Config string `help:"Configuration file." placeholder:"FILE" default:"belvedere.yaml"`
}

func (c checkConfigCmd) Run(w *world) error {
	cfg, err := config.Load(c.Config, w.env)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings() {
		fmt.Fprintln(w.err, "warning:", warning)
	}
	_, err = fmt.Fprintf(w.out, "%s is good: %d sites, %d users\n", c.Config, len(cfg.Sites), len(cfg.Users))
	return err
}
