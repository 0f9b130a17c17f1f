package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReloads reads the file again at each signal. A broken one is said and
// not handed on; the flags of the command line stay in force.
func TestReloads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "belvedere.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hup := make(chan os.Signal)
	var c serveCmd
	c.Config, c.Listen = file, []string{"127.0.0.1:0"}
	said := make(lines, 10)
	out := c.reloads(&world{ctx: ctx, reload: hup}, slog.New(slog.NewTextHandler(said, nil)))

	write("lisen: 127.0.0.1:1\n")
	hup <- syscall.SIGHUP
	if s := <-said; !strings.Contains(s, "level=ERROR") || !strings.Contains(s, "lisen") {
		t.Errorf("the log says %q", s)
	}
	write("sites: [{name: Berlin, address: 10.1.2.3:6557}]\n")
	hup <- syscall.SIGHUP
	cfg := <-out
	if len(cfg.Sites) != 1 || cfg.Sites[0].Name != "Berlin" || len(cfg.Listen) != 1 || cfg.Listen[0] != "127.0.0.1:0" {
		t.Errorf("taken over: sites %v, listen %v", cfg.Sites, cfg.Listen)
	}
	cancel()
	if _, ok := <-out; ok {
		t.Error("a configuration comes after the end")
	}
	if len(said) > 0 {
		t.Errorf("the log says %q too", <-said)
	}
}

// lines hands on each line of a log.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
