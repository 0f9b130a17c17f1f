package main

import (
	"fmt"
	"io"
	"log/slog"

	"belvedere/internal/app"
	"belvedere/internal/config"
)

// serveFlags are the options of serve, which demo takes too.
type serveFlags struct {
	configFlags
	Listen     []string `help:"Web address, host:port or the path of a socket; may be given several times." placeholder:"ADDR"`
	Livestatus []string `help:"Also answer Livestatus here: tcp://127.0.0.1:6557 or unix:///path." placeholder:"ADDR"`
}

// load reads the configuration and lays the flags over it.
func (f serveFlags) load(w *world) (config.Config, error) {
	cfg, err := f.configFlags.load(w)
	if err != nil {
		return cfg, err
	}
	if len(f.Listen) > 0 {
		cfg.Listen = f.Listen
	}
	for _, text := range f.Livestatus {
		l, err := config.ListenLivestatus(text)
		if err != nil {
			return cfg, err
		}
		cfg.Livestatus = append(cfg.Livestatus, l)
	}
	return cfg, nil
}

type serveCmd struct{ serveFlags }

func (c serveCmd) Run(w *world) error {
	cfg, err := c.load(w)
	if err != nil {
		return err
	}
	log := logger(w.err, cfg.Log)
	a, err := app.New(w.ctx, app.Options{Config: cfg, Log: log, Version: version()})
	if err != nil {
		return err
	}
	return a.Run(w.ctx, c.reloads(w, log))
}

// reloads reads the configuration again at each SIGHUP. A broken file is said
// and leaves the old configuration in force.
func (c serveCmd) reloads(w *world, log *slog.Logger) <-chan config.Config {
	out := make(chan config.Config)
	go func() {
		defer close(out)
		for {
			select {
			case <-w.ctx.Done():
				return
			case <-w.reload:
			}
			cfg, err := c.load(w)
			if err != nil {
				log.Error("configuration not taken over, the old one stays in force", "error", err)
				continue
			}
			select {
			case out <- cfg:
			case <-w.ctx.Done():
				return
			}
		}
	}()
	return out
}

func logger(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// welcome tells the person at the terminal where to go.
func welcome(w io.Writer, url, user, password string) {
	fmt.Fprintf(w, "\n  Belvedere is open at  %s\n  sign in as            %s / %s\n\n  Ctrl-C ends it.\n\n", url, user, password)
}
