package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
	"belvedere/test/realcore"
)

// startNagios starts a real Nagios 4 that writes its status file once a minute,
// with 40 hosts of 10 services, and answers Livestatus for it from its files, as
// the agent does.
func (h *harness) startNagios(ctx context.Context) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.nagios != nil {
		return nil, fmt.Errorf("nagios is started already")
	}
	var objects strings.Builder
	for i := range 40 {
		fmt.Fprintf(&objects, "define host {\n\tuse base\n\thost_name h%02d\n}\n", i)
		for j := range 10 {
			fmt.Fprintf(&objects, "define service {\n\tuse base\n\thost_name h%02d\n\tservice_description svc %d\n}\n", i, j)
		}
	}
	n, err := realcore.StartNagios(realcore.NagiosOptions{Objects: objects.String(), Settings: "status_update_interval=60\nlog_service_retries=0\n"})
	if err != nil {
		return nil, err
	}
	h.nagios = n
	c, err := filecore.New(filecore.Options{Main: n.Main})
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(n.Dir, "live")
	l, err := livestatus.Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	h.beside.Go(func() {
		defer c.Close()
		c.Run(ctx)
	})
	h.beside.Go(func() { _ = c.Serve(ctx, l) })
	return map[string]string{"unix": socket}, nil
}

func (h *harness) nagiosDo(r *http.Request) (any, error) {
	h.mu.Lock()
	n := h.nagios
	h.mu.Unlock()
	if n == nil || r.PathValue("what") != "result" {
		return nil, fmt.Errorf("nagios is not started, or unknown action")
	}
	host, service, state, output, err := result(r)
	if err != nil {
		return nil, err
	}
	return "ok", n.Command(fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;%s;%d;%s", host, service, state, output))
}
