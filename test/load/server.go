package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	password  = "correct horse battery"
	perRights = 2 // people with the same rights
	ticks     = 100
)

// A server is the process that is measured.
type server struct {
	url    string
	cmd    *exec.Cmd
	dir    string
	client *http.Client
}

// startServer writes a configuration and starts the server with it.
func startServer(ctx context.Context, o options) (s *server, err error) {
	dir, err := os.MkdirTemp("", "belvedere-load-")
	if err != nil {
		return nil, err
	}
	s = &server{dir: dir, client: &http.Client{Timeout: time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: o.clients * 2, MaxConnsPerHost: 0, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s.url = "http://" + addr
	hash := exec.CommandContext(ctx, o.binary, "user", "hash")
	hash.Stdin = strings.NewReader(password + "\n")
	out, err := hash.Output()
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	config := filepath.Join(dir, "belvedere.yaml")
	if err := os.WriteFile(config, []byte(configuration(o, strings.TrimSpace(string(out)))), 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, o.binary, "serve", "--config", config, "--data", filepath.Join(dir, "data"), "--listen", addr)
	s.cmd.Stderr = os.Stderr
	return s, s.cmd.Start()
}

// configuration has the cores as sites, and people with all sets of rights.
func configuration(o options, hash string) string {
	var b strings.Builder
	b.WriteString("log: {level: warn}\nsites:\n")
	for i := range o.cores {
		fmt.Fprintf(&b, "- {name: b%03d, address: 'tcp://127.0.0.1:%d'}\n", i, o.port+i)
	}
	b.WriteString("users:\n")
	for i := range o.rights * perRights {
		rights := fmt.Sprintf("contact: user%02d", i%o.rights%o.contacts)
		if i%o.rights == 0 {
			rights = "see_all: true"
		}
		if r := i % o.rights; r >= o.contacts { // the same contact, without some sites
			rights += fmt.Sprintf(", contacts: {b%03d: ''}", r/o.contacts%o.cores)
		}
		fmt.Fprintf(&b, "- {name: p%04d, role: viewer, password_hash: '%s', %s}\n", i, hash, rights)
	}
	return b.String()
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(os.Interrupt)
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// signInAll returns a session cookie for each person.
func (s *server) signInAll(ctx context.Context, o options) ([]string, error) {
	var out []string
	for i := range o.rights * perRights {
		cookie, err := s.signIn(ctx, fmt.Sprintf("p%04d", i))
		for range 20 { // the machine may be busy with the first reading of the cores
			if err == nil {
				break
			}
			cookie, err = s.signIn(ctx, fmt.Sprintf("p%04d", i))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, cookie)
	}
	return out, nil
}

// signIn returns the session cookie of a person.
func (s *server) signIn(ctx context.Context, name string) (string, error) {
	form := url.Values{"username": {name}, "password": {password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.client.Do(req)
	if err != nil {
		return "", err
	}
	res.Body.Close()
	cookies := res.Cookies()
	if len(cookies) == 0 {
		return "", fmt.Errorf("no session for %s: %s", name, res.Status)
	}
	return cookies[0].Name + "=" + cookies[0].Value, nil
}

func (s *server) get(ctx context.Context, path, cookie string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, err
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	return s.client.Do(req)
}

// text returns a page.
func (s *server) text(ctx context.Context, path, cookie string) (string, error) {
	res, err := s.get(ctx, path, cookie)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return string(b), nil
}

var services = regexp.MustCompile(`belvedere_site_rows\{[^}]*table="services"[^}]*\} ([0-9.e+]+)`)

// ready waits until the server has that many services.
func (s *server) ready(ctx context.Context, want int) error {
	for range 600 {
		page, _ := s.text(ctx, "/metrics", "") // at first it does not listen yet
		n := 0.0
		for _, m := range services.FindAllStringSubmatch(page, -1) {
			x, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return err
			}
			n += x
		}
		if int(n) >= want {
			return sleep(ctx, 5*time.Second)
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the services did not come")
}

var objectLink = regexp.MustCompile(`href="(/(?:host|service)/[^"]+)"`)

// objects returns addresses of hosts and services that somebody sees.
func (s *server) objects(ctx context.Context, cookie string) ([]string, error) {
	var out []string
	for _, list := range []string{"/services?limit=500", "/hosts?limit=500"} {
		page, err := s.text(ctx, list, cookie)
		if err != nil {
			return nil, err
		}
		for _, m := range objectLink.FindAllStringSubmatch(page, -1) {
			out = append(out, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no objects in the lists")
	}
	return out, nil
}

// view returns the i-th of the addresses that people have open: two lists with
// their orders and filters, then one of the objects.
func view(i int, objects []string) string {
	if i%3 == 2 {
		return objects[(i*7)%len(objects)]
	}
	lists := []string{"/problems?sort=severity", "/services?sort=host", "/hosts?sort=name", "/services?sort=-since", "/problems?view=acknowledged",
		"/services?q=http", "/hosts?sort=-since", "/problems?sort=since", "/services?q=state:problem", "/problems?view=downtime"}
	k := i/3*2 + i%3
	return lists[k%len(lists)] + fmt.Sprintf("&limit=%d", 100-k/len(lists))
}

// cpuDuring returns what the server uses meanwhile, in percent of one core.
func (s *server) cpuDuring(ctx context.Context, d time.Duration) (float64, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := sleep(ctx, d); err != nil {
		return 0, err
	}
	after, err := s.cpu()
	return float64(after-before) / ticks / time.Since(began).Seconds() * 100, err
}

// cpu returns the time of all processors that the server has used, in ticks.
func (s *server) cpu() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, errors.New("no times in /proc")
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(f[12], 10, 64)
	return user + system, err
}

// resident returns the server's memory in MB.
func (s *server) resident() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(f[1])
	if err != nil {
		return 0
	}
	return float64(pages) * float64(os.Getpagesize()) / 1e6
}
