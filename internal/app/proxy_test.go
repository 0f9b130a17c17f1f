package app_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/config"
	"belvedere/test/realcore"
)

// TestProxies signs in through real proxies under a prefix, with the Host
// header preserved and without.
func TestProxies(t *testing.T) {
	for _, tt := range []struct {
		name, program string
		conf          func(port int, upstream, dir string, host bool) string
		args          func(conf, dir string) []string
	}{
		{"nginx", "nginx", nginxConf, func(conf, dir string) []string { return []string{"-c", conf, "-p", dir, "-e", dir + "/error.log"} }},
		{"apache", "apache2", apacheConf, func(conf, dir string) []string { return []string{"-f", conf, "-d", dir, "-D", "FOREGROUND"} }},
	} {
		for _, host := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/preserved host %v", tt.name, host), func(t *testing.T) {
				program := lookup(t, tt.program)
				public := freePort(t)
				cfg := config.Default()
				cfg.PublicURL = fmt.Sprintf("http://127.0.0.1:%d/belvedere", public)
				cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
				a := start(t, cfg, smallDemo)
				dir := t.TempDir()
				conf := filepath.Join(dir, "proxy.conf")
				upstream := strings.TrimPrefix(a.url, "http://")
				if err := os.WriteFile(conf, []byte(tt.conf(public, upstream, dir, host)), 0o644); err != nil {
					t.Fatal(err)
				}
				runProxy(t, exec.Command(program, tt.args(conf, dir)...), public)
				throughProxy(t, cfg.PublicURL)
			})
		}
	}
}

// throughProxy signs in and looks at a page as a browser does, with Origin.
func throughProxy(t *testing.T, public string) {
	t.Helper()
	c := client(t)
	code, body := get(t, c, public+"/login")
	if code != http.StatusOK || !strings.Contains(body, `="/belvedere/assets/`) || strings.Contains(body, `="/assets/`) {
		t.Fatalf("the sign-in page does not carry the prefix: %d\n%.600s", code, body)
	}
	origin, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	post := func(from string) *http.Response {
		form := strings.NewReader(url.Values{"username": {"demo"}, "password": {"demo"}}.Encode())
		req, err := http.NewRequestWithContext(t.Context(), "POST", public+"/login", form)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", from)
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	if res := post("http://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a sign-in from another origin is answered with %s", res.Status)
	}
	res := post(origin.Scheme + "://" + origin.Host)
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing in through the proxy: %s", res.Status)
	}
	if to := res.Header.Get("Location"); !strings.Contains(to, "/belvedere/") {
		t.Errorf("after signing in the browser is sent to %q", to)
	}
	if code, body := get(t, c, public+"/hosts"); code != http.StatusOK || strings.Contains(body, `href="/hosts`) {
		t.Errorf("/hosts through the proxy: %d, or links without the prefix", code)
	}
	streamed(t, c, public+"/live")
}

// streamed wants the first events of a stream while it goes on: a proxy that
// collects answers would keep them.
func streamed(t *testing.T, c *http.Client, address string) {
	t.Helper()
	res, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines, events := bufio.NewScanner(res.Body), 0
	for events < 2 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "event: ") {
			events++
		}
	}
	if events < 2 {
		t.Errorf("the stream through the proxy ends after %d events: %v", events, lines.Err())
	}
}

// lookup finds a program that make setup installs. A machine without it skips
// the test and says so; CI has it.
func lookup(t *testing.T, program string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin"} {
		if p := filepath.Join(dir, program); exec.Command("test", "-x", p).Run() == nil {
			return p
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed: run make setup", program)
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := realcore.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// runProxy starts a proxy that ends with the test, and waits until it accepts.
func runProxy(t *testing.T, cmd *exec.Cmd, port int) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var out logBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the proxy said: %s", out.String())
		}
	})
	eventually(t, "the proxy to accept", func() bool {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func nginxConf(port int, upstream, dir string, host bool) string {
	preserved := ""
	if host {
		preserved = "proxy_set_header Host $http_host;"
	}
	return fmt.Sprintf(`
daemon off; master_process off; pid %[3]s/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path %[3]s/b; proxy_temp_path %[3]s/p; fastcgi_temp_path %[3]s/f; uwsgi_temp_path %[3]s/u; scgi_temp_path %[3]s/s;
  server {
    listen 127.0.0.1:%[1]d;
    location /belvedere/ {
      proxy_pass http://%[2]s; %[4]s
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
    }
  }
}
`, port, upstream, dir, preserved)
}

func apacheConf(port int, upstream, dir string, host bool) string {
	preserved := "Off"
	if host {
		preserved = "On"
	}
	return fmt.Sprintf(`
ServerName 127.0.0.1
Listen 127.0.0.1:%[1]d
PidFile %[3]s/apache.pid
ErrorLog %[3]s/error.log
DefaultRuntimeDir %[3]s
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyPreserveHost %[4]s
ProxyPass /belvedere/ http://%[2]s/belvedere/ flushpackets=on
ProxyPassReverse /belvedere/ http://%[2]s/belvedere/
`, port, upstream, dir, preserved)
}
