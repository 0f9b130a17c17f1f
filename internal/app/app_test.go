package app_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/app"
	"belvedere/internal/config"
)

// logBuffer is a log that tests can read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is an app that serves until the test ends.
type running struct {
	*app.App
	url    string
	log    *logBuffer
	reload chan config.Config
	config config.Config // as started
	stop   func()        // ends it and waits
}

// start runs an app on a free port of loopback with a folder of its own.
func start(t *testing.T, cfg config.Config, demo *app.Demo) *running {
	t.Helper()
	return startIn(t, t.TempDir(), cfg, demo)
}

// startIn is start with the data of an app that ran before.
func startIn(t *testing.T, data string, cfg config.Config, demo *app.Demo) *running {
	t.Helper()
	cfg.Data, cfg.Listen = data, []string{"127.0.0.1:0"}
	log := &logBuffer{}
	ctx, cancel := context.WithCancel(t.Context())
	a, err := app.New(ctx, app.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(log, nil)), Version: "test", Demo: demo})
	if err != nil {
		cancel()
		t.Fatalf("New: %v", err)
	}
	r := &running{App: a, log: log, reload: make(chan config.Config), config: cfg}
	urls := a.URLs()
	r.url = urls[len(urls)-1]
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, r.reload) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("the app does not end")
		}
	})
	t.Cleanup(r.stop)
	return r
}

// patience is how long anything may take, on a machine that others use too.
const patience = time.Minute

// client returns an HTTP client with cookies that does not follow redirects.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn signs c in at base and fails the test if that does not work.
func signIn(t *testing.T, c *http.Client, base, username, password string) {
	t.Helper()
	res, err := c.PostForm(base+"/login", url.Values{"username": {username}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		b, _ := io.ReadAll(res.Body)
		t.Fatalf("signing in as %s: %s\n%s", username, res.Status, b)
	}
}

// get returns status and body of a page.
func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	res, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// eventually polls until ok, and fails the test where that takes too long.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("waited %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

var smallDemo = &app.Demo{Sites: 3, Hosts: 12, Services: 4, Churn: 0.02, Password: "demo"}

// TestDemo walks from nothing to live problems over real sockets.
func TestDemo(t *testing.T) {
	a := start(t, config.Default(), smallDemo)
	c := client(t)
	if code, _ := get(t, c, a.url+"/problems"); code != http.StatusSeeOther {
		t.Errorf("/problems without signing in: %d, want a redirect to the sign-in", code)
	}
	signIn(t, c, a.url, "demo", "demo")
	eventually(t, "the demo's hosts on the page", func() bool {
		code, body := get(t, c, a.url+"/hosts")
		return code == http.StatusOK && strings.Count(body, "<tr") > 12
	})
	for _, page := range []string{"/problems", "/hosts", "/services", "/sites", "/people", "/profile", "/audit", "/search?q=db"} {
		code, body := get(t, c, a.url+page)
		if code != http.StatusOK || !strings.Contains(body, "</html>") {
			t.Errorf("%s: %d, %d bytes", page, code, len(body))
		}
	}
	code, body := get(t, c, a.url+"/metrics")
	for _, want := range []string{`belvedere_site_up{site=`, `belvedere_hosts{handled="no",site="Wien",state="up"}`, `belvedere_services{handled="no",site="Wien",state="ok"}`, `belvedere_hostgroup_problems{handled="no",hostgroup=`} {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s: %d\n%.400s", want, code, body)
		}
	}
	services := 0
	for _, m := range regexp.MustCompile(`(?m)^belvedere_services\{.*site="Wien".*\} (\d+)$`).FindAllStringSubmatch(body, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		services += n
	}
	if services != 48 {
		t.Errorf("/metrics counts %d services of Wien, want 48", services)
	}
	eventually(t, "/readyz", func() bool { code, _ := get(t, c, a.url+"/readyz"); return code == http.StatusOK })
}

// TestSetup is a newcomer's first minute: nobody can sign in, the code of the
// log makes the admin.
func TestSetup(t *testing.T) {
	a := start(t, config.Default(), nil)
	c := client(t)
	res, err := c.Get(a.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if to := res.Header.Get("Location"); !strings.HasSuffix(to, "/setup") {
		t.Fatalf("/ leads to %q, want /setup", to)
	}
	code := setupCode(t, a)
	form := url.Values{"code": {"wrong"}, "username": {"eva"}, "password": {"correct horse battery"}}
	if res, err = c.PostForm(a.url+"/setup", form); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode < 400 || res.StatusCode >= 500 {
		t.Errorf("a wrong code is answered with %s", res.Status)
	}
	form.Set("code", code)
	if res, err = c.PostForm(a.url+"/setup", form); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the right code is answered with %s", res.Status)
	}
	if code, _ := get(t, c, a.url+"/sites"); code != http.StatusOK {
		t.Errorf("/sites as the new admin: %d", code)
	}
}
