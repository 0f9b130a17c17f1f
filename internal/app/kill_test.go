package app_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/app"
	"belvedere/internal/config"
)

// childData, in the environment, makes this test binary a server on that
// folder: it prints its address and serves until it is killed.
const childData = "BELVEDERE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childData); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

func child(dir string) {
	cfg := config.Default()
	cfg.Data, cfg.Listen = dir, []string{"127.0.0.1:0"}
	a, err := app.New(context.Background(), app.Options{Config: cfg, Log: slog.New(slog.DiscardHandler), Demo: &app.Demo{Sites: 2, Hosts: 50, Services: 10, Churn: 0.05, Password: "demo"}})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("url", a.URLs()[0])
	if err := a.Run(context.Background(), nil); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// TestKill kills the server without warning at random instants, while it
// synchronises and while sites are saved, and looks whether everything that
// was confirmed is there afterwards.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	confirmed := map[string]bool{}
	next := 0
	for round := range rounds {
		cmd, base := startChild(t, dir)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		signIn(t, c, base, "demo", "demo")
		_, body := get(t, c, base+"/sites")
		for name := range confirmed {
			if !strings.Contains(body, name) {
				t.Fatalf("round %d: site %s was confirmed and is gone", round, name)
			}
		}
		kill := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		for {
			next++
			name := fmt.Sprintf("site-%04d-x", next)
			res, err := c.PostForm(base+"/sites/new", url.Values{"name": {name}, "addresses": {"tcp://127.0.0.1:1"}})
			if err != nil {
				break // killed
			}
			res.Body.Close()
			if res.StatusCode != http.StatusSeeOther {
				t.Fatalf("round %d: saving a site: %s", round, res.Status)
			}
			confirmed[name] = true
		}
		kill.Stop()
		_ = cmd.Wait()
	}
	if len(confirmed) == 0 {
		t.Error("no site was ever confirmed: the test proves nothing")
	}
}

func startChild(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childData+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for s := bufio.NewScanner(out); s.Scan(); {
		if u, ok := strings.CutPrefix(s.Text(), "url "); ok {
			return cmd, u
		}
		t.Fatalf("the server says %q", s.Text())
	}
	t.Fatal("the server ended at once")
	return nil, ""
}
