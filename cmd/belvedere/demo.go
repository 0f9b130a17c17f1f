package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"

	"belvedere/internal/app"
	"belvedere/internal/config"
)

type demoCmd struct {
	serveFlags
	Sites    int     `help:"Number of simulated cores." default:"5"`
	Hosts    int     `help:"Hosts of each." default:"40"`
	Services int     `help:"Services of each host." default:"8"`
	Churn    float64 `help:"Percent of all services checked per second." placeholder:"PCT" default:"1"`
}

func (c demoCmd) Run(w *world) error {
	if c.Sites < 1 || c.Sites > 1000 || c.Hosts < 1 || c.Services < 0 || c.Churn < 0 || c.Churn > 100 || c.Sites*c.Hosts*(c.Services+1) > 5_000_000 {
		return &usageError{"these numbers make no demo", "1 to 1000 sites, at least one host, 0 to 100 percent, and at most 5 million objects in all"}
	}
	cfg, err := c.load(w)
	if err != nil {
		return err
	}
	if c.Data == "" {
		dir, err := os.MkdirTemp("", "belvedere-demo-")
		if err != nil {
			return fmt.Errorf("making a folder for the demo: %w", err)
		}
		defer os.RemoveAll(dir)
		cfg.Data = dir
	}
	if len(c.Listen) == 0 && c.Config == "" {
		cfg.Listen = []string{freeAddress(cfg.Listen)}
	}
	d := app.Demo{Sites: c.Sites, Hosts: c.Hosts, Services: c.Services, Churn: c.Churn / 100, Password: "demo"}
	if d.Churn == 0 {
		d.Churn = -1 // none
	}
	if !loopbackOnly(cfg) {
		d.Password = rand.Text()[:16]
	}
	a, err := app.New(w.ctx, app.Options{Config: cfg, Log: logger(w.err, cfg.Log), Version: version(), Demo: &d})
	if err != nil {
		return err
	}
	welcome(w.out, a.URLs()[0], "demo", d.Password)
	return a.Run(w.ctx, nil)
}

// freeAddress returns the default address, or another port on loopback when
// that is taken: a demo shall not fail because something else runs.
func freeAddress(listen []string) string {
	const any = "127.0.0.1:0"
	if len(listen) == 0 {
		return any
	}
	l, err := net.Listen("tcp", listen[0])
	if err != nil {
		return any
	}
	_ = l.Close()
	return listen[0]
}

// loopbackOnly reports whether nobody but this machine can reach the demo.
func loopbackOnly(cfg config.Config) bool {
	if cfg.PublicURL != "" {
		return false
	}
	for _, addr := range cfg.Listen {
		if addr != "" && addr[0] == '/' {
			continue
		}
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return false
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}
