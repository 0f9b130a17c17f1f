package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"belvedere/internal/auth"
)

// TestRights: who may open what, and what everybody else gets.
func TestRights(t *testing.T) {
	w := newWorld(t, nil)
	for _, tt := range []struct {
		call
		status   int
		location string
		want     string
	}{
		{call{path: "/things"}, 303, "/login?next=%2Fthings", ""},
		{call{path: "/things?q=a&b=c"}, 303, "/login?next=%2Fthings%3Fq%3Da%26b%3Dc", ""},
		{call{path: "/"}, 303, "/login", ""},
		{call{path: "/no/such/page"}, 303, "/login?next=%2Fno%2Fsuch%2Fpage", ""},
		{call{path: "/things", header: map[string]string{"Accept": "application/json"}}, 401, "", `"error":"Nobody is signed in"`},
		{call{path: "/things", header: map[string]string{"X-Belvedere-Block": "rows"}}, 401, "", "Nobody"},
		{call{path: "/live", header: map[string]string{"Accept": "text/event-stream"}}, 401, "", ""},
		{call{path: "/things/?q=a", as: "vera"}, 303, "/things?q=a", ""},
		{call{path: "/a%2Fb/", as: "vera"}, 303, "/a%2Fb", ""},
		{call{path: "/act/", method: "POST", as: "vera"}, 404, "", ""},
		{call{path: "/act", method: "POST"}, 401, "", "Nobody is signed in"},
		{call{path: "/things", as: "vera"}, 200, "", "things &amp; more"},
		{call{path: "/things", as: "nobody"}, 303, "/login?next=%2Fthings", ""},
		{call{path: "/", as: "vera"}, 303, "/problems", ""},
		{call{path: "/admin", as: "vera"}, 403, "", "Your role does not allow this"},
		{call{path: "/admin", as: "otto"}, 403, "", ""},
		{call{path: "/admin", as: "anna"}, 200, "", "for admins"},
		{call{path: "/forgotten", as: "otto"}, 403, "", ""}, // a route without right is for admins
		{call{path: "/act", method: "POST", as: "vera"}, 403, "", ""},
		{call{path: "/act", method: "POST", as: "otto"}, 303, "/things", ""},
		{call{path: "/no/such/page", as: "vera"}, 404, "", "There is no such page"},
		{call{path: "/login", as: "vera"}, 303, "/", ""},
		{call{path: "/healthz"}, 200, "", "ok"},
		{call{path: "/things", header: map[string]string{"Authorization": basic("vera", "secret")}}, 200, "", "things &amp; more"},
		{call{path: "/things", header: map[string]string{"Authorization": basic("vera", "wrong")}}, 401, "", "User name or password is wrong"},
		{call{path: "/query", as: "vera"}, 400, "", "No such column"},
		{call{path: "/int?limit=5", as: "vera"}, 200, "", "5"},
		{call{path: "/int?limit=5000", as: "vera"}, 400, "", "limit must be a whole number from 1 to 1000"},
		{call{path: "/object/a%2Fb%20%C3%B6", as: "vera"}, 200, "", `["a/b ö","/host/s%2F1/h%20%C3%B6"]`},
	} {
		res := w.do(tt.call)
		got := bodyOf(t, res)
		if res.StatusCode != tt.status || res.Header.Get("Location") != tt.location || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s as %q: %d to %q, want %d to %q with %q in:\n%.300s", tt.method, tt.path, tt.as, res.StatusCode, res.Header.Get("Location"), tt.status, tt.location, tt.want, got)
		}
	}
}

func basic(user, pass string) string {
	r, _ := http.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, pass)
	return r.Header.Get("Authorization")
}

// TestBasicPrompt: programs are told how to sign in, browsers are not, because
// they would ask in a window of their own.
func TestBasicPrompt(t *testing.T) {
	w := newWorld(t, nil)
	for lang, want := range map[string]bool{"": true, "de": false} {
		res := w.do(call{path: "/things", header: map[string]string{"Accept": "application/json", "Accept-Language": lang}})
		if got := res.Header.Get("WWW-Authenticate") != ""; got != want {
			t.Errorf("Accept-Language %q: WWW-Authenticate sent: %t", lang, got)
		}
	}
}

// inline is what the Content-Security-Policy would block.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|javascript:|<script(?:>|[^>]*[^"/]>\s*[^<\s])`)

// TestHeaders: every answer carries the policy, and no page needs what it
// forbids.
func TestHeaders(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []call{
		{path: "/things", as: "anna"}, {path: "/things"}, {path: "/login"}, {path: "/nothing", as: "anna"}, {path: "/admin", as: "vera"},
		{path: "/panic", as: "anna"}, {path: "/internal", as: "anna"}, {path: "/healthz"}, {path: "/readyz"}, {path: "/metrics"},
		{path: w.server.assets.path("app.css")}, {path: "/assets/x/none"}, {path: "/shell", as: "anna"},
		{path: "/login", method: "POST", body: "username=x&password=y"}, {path: "/logout", method: "POST", as: "anna"},
		{path: "/act", method: "POST", header: map[string]string{"Origin": "https://evil.example"}},
	} {
		w.auth.ended = map[string]bool{}
		res := w.do(c)
		h := res.Header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", c.path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", c.path, h)
		}
		body := bodyOf(t, res)
		if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			if m := inline.FindString(body); m != "" {
				t.Errorf("%s: the page needs what its policy forbids: %q", c.path, m)
			}
		}
		for _, secret := range []string{"inside secret", "secret dsn", "goroutine "} {
			if strings.Contains(body, secret) {
				t.Errorf("%s: internal text reaches the browser: %q", c.path, secret)
			}
		}
	}
}

// TestErrors: what went wrong is in the log with the reference that the page
// shows.
func TestErrors(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for path, want := range map[string]string{"/panic": "inside secret", "/internal": "secret dsn"} {
		log.Reset()
		res := w.do(call{path: path, as: "anna"})
		id := res.Header.Get("X-Request-Id")
		if body := bodyOf(t, res); res.StatusCode != 500 || !strings.Contains(body, id) || !strings.Contains(body, "This page could not be built") {
			t.Errorf("%s: %d %.200s", path, res.StatusCode, body)
		}
		if !strings.Contains(log.String(), want) || !strings.Contains(log.String(), id) {
			t.Errorf("%s: the log does not say why: %s", path, log.String())
		}
	}
	log.Reset()
	w.do(call{path: "/login", method: "POST", body: "username=anna&password=secret"})
	w.do(call{path: "/things?token=geheim", as: "anna"})
	for _, secret := range []string{"password=", "token-anna", "geheim"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "person=anna") {
		t.Errorf("the log does not say who: %s", log.String())
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t, nil)
	post := func(form url.Values) *http.Response {
		return w.do(call{path: "/login", method: "POST", body: form.Encode()})
	}
	res := post(url.Values{"username": {" anna "}, "password": {"secret"}, "next": {"/things?q=1"}})
	if res.StatusCode != 303 || res.Header.Get("Location") != "/things?q=1" {
		t.Fatalf("signed in: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	c := cookie(res, CookieName)
	if c == nil || c.Value != "token-anna" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
		t.Errorf("cookie %+v", c)
	}
	if c.MaxAge != 0 {
		t.Errorf("who does not stay signed in gets a cookie for %d s", c.MaxAge)
	}
	if c := cookie(post(url.Values{"username": {"anna"}, "password": {"secret"}, "stay": {"1"}}), CookieName); c == nil || c.MaxAge != 90*86400 {
		t.Errorf("who stays signed in gets %+v", c)
	}
	if body := bodyOf(t, post(url.Values{"username": {"anna"}, "password": {"wrong"}})); !strings.Contains(body, "2 of 5 tries") || strings.Contains(body, `value="1" checked`) {
		t.Errorf("after a wrong password without a tick the page is %s", body)
	}
	if body := bodyOf(t, w.do(call{path: "/login"})); !strings.Contains(body, `name="stay" value="1" checked`) {
		t.Errorf("the page is %s", body)
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/\tevil", "javascript:alert(1)", "/login", "/logout", "", "x", "/%0d%0aX: y"} {
		got := post(url.Values{"username": {"anna"}, "password": {"secret"}, "next": {next}}).Header.Get("Location")
		if got != "/" && got != "/%0d%0aX: y" {
			t.Errorf("next %q leads to %q", next, got)
		}
	}
	for _, tt := range []struct {
		err    error
		status int
		want   string
	}{
		{auth.ErrBadCredentials, 401, "User name or password is wrong"},
		{&auth.RateLimitedError{Retry: 90 * time.Second}, 429, "Try again in 1 m"},
		{auth.ErrBusy, 503, "Try again in a few seconds"},
		{errors.New("db: broken"), 500, "could not be built"},
	} {
		w.auth.err = tt.err
		res := post(url.Values{"username": {`<b>"`}, "password": {"hunter2"}})
		body := bodyOf(t, res)
		if res.StatusCode != tt.status || !strings.Contains(body, tt.want) || strings.Contains(body, "hunter2") || strings.Contains(body, "<b>\"") || cookie(res, CookieName) != nil {
			t.Errorf("%v: %d %.300s", tt.err, res.StatusCode, body)
		}
	}
	w.auth.err = nil
	res = w.do(call{path: "/logout", method: "POST", as: "anna"})
	if c := cookie(res, CookieName); res.StatusCode != 303 || c == nil || c.MaxAge >= 0 || !w.auth.ended["token-anna"] {
		t.Errorf("signed out: %d %+v", res.StatusCode, c)
	}
	if res := w.do(call{path: "/things", as: "anna"}); res.StatusCode != 303 {
		t.Errorf("after signing out: %d", res.StatusCode)
	}
	if res := w.do(call{path: "/logout", as: "otto"}); res.StatusCode == 303 && w.auth.ended["token-otto"] {
		t.Error("a GET signs out")
	}
}

func cookie(res *http.Response, name string) *http.Cookie {
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestSetup(t *testing.T) {
	demo := 0
	w := newWorld(t, func(o *Options) {
		o.Setup = SetupHooks{AddSite: "/sites/new", StartDemo: func(context.Context) error { demo++; return nil }}
	})
	if res := w.do(call{path: "/setup"}); res.StatusCode != 303 {
		t.Errorf("setup when there is somebody: %d", res.StatusCode)
	}
	w.auth.setup = true
	for _, path := range []string{"/", "/things", "/login"} {
		if res := w.do(call{path: path}); res.Header.Get("Location") != "/setup" {
			t.Errorf("%s leads to %q while there is nobody", path, res.Header.Get("Location"))
		}
	}
	if body := bodyOf(t, w.do(call{path: "/setup"})); !strings.Contains(body, "Start the demo") || !strings.Contains(body, "Add the first site") {
		t.Errorf("the page: %.300s", body)
	}
	post := func(code, pass, first string) *http.Response {
		return w.do(call{path: "/setup", method: "POST", body: url.Values{"code": {code}, "username": {"anna"}, "password": {pass}, "first": {first}}.Encode()})
	}
	if res := post("9", "long enough password", "demo"); res.StatusCode != 422 || !strings.Contains(bodyOf(t, res), "This is not the code") || demo != 0 {
		t.Errorf("wrong code: %d", res.StatusCode)
	}
	if res := post("1234", "short", "demo"); res.StatusCode != 422 || !strings.Contains(bodyOf(t, res), "The password is too short") {
		t.Errorf("short password: %d", res.StatusCode)
	}
	res := post("1234", "long enough password", "demo")
	if res.StatusCode != 303 || demo != 1 || cookie(res, CookieName) == nil {
		t.Errorf("demo: %d, started %d times", res.StatusCode, demo)
	}
	w.auth.setup = true
	if res := post("1234", "long enough password", "site"); res.Header.Get("Location") != "/sites/new" {
		t.Errorf("first site: to %q", res.Header.Get("Location"))
	}
	if res := w.do(call{path: "/setup/demo", method: "POST", as: "otto"}); res.StatusCode != 403 || demo != 1 {
		t.Errorf("an operator starts the demo: %d", res.StatusCode)
	}
}

// TestCrossOrigin: nothing that changes something can be sent from elsewhere.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PublicURL = "https://mon.example.org/belvedere" })
	for _, tt := range []struct {
		name   string
		header map[string]string
		ok     bool
	}{
		{"a program", nil, true},
		{"our own page", map[string]string{"Sec-Fetch-Site": "same-origin"}, true},
		{"our own page, old browser", map[string]string{"Origin": "http://belvedere.test"}, true},
		{"behind a proxy that changes Host", map[string]string{"Origin": "https://mon.example.org", "Host": "127.0.0.1:8080"}, true},
		{"behind a proxy that keeps Host", map[string]string{"Origin": "https://mon.example.org", "Host": "mon.example.org"}, true},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false},
		{"another host of the same site", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example.org"}, false},
		{"another site, old browser", map[string]string{"Origin": "https://evil.example"}, false},
		{"no origin", map[string]string{"Origin": "null"}, false},
	} {
		res := w.do(call{path: "/act", method: "POST", as: "otto", header: tt.header})
		if (res.StatusCode == 303) != tt.ok {
			t.Errorf("%s: %d", tt.name, res.StatusCode)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	w := newWorld(t, nil)
	res := w.do(call{path: "/login", method: "POST", body: "username=" + strings.Repeat("x", 20<<10)})
	if res.StatusCode != 400 && res.StatusCode != 413 {
		t.Errorf("a body above the limit: %d", res.StatusCode)
	}
	res = w.do(call{path: "/act", method: "POST", as: "otto", body: "a=" + strings.Repeat("x", 2<<20)})
	if res.StatusCode != 400 && res.StatusCode != 413 {
		t.Errorf("a body above the default limit: %d", res.StatusCode)
	}
}

func TestAssets(t *testing.T) {
	w := newWorld(t, nil)
	for name, typ := range map[string]string{"app.js": "text/javascript", "worker.js": "text/javascript", "app.css": "text/css", "icons.svg": "image/svg+xml", "favicon.svg": "image/svg+xml"} {
		res := w.do(call{path: w.server.assets.path(name)})
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), typ) || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, res.StatusCode, res.Header)
		}
	}
	res := w.do(call{path: "/assets/000000000000/app.js"})
	if res.StatusCode != 200 || strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("a page of another version: %d %v", res.StatusCode, res.Header)
	}
	if res := w.do(call{path: "/assets/x/app.js.map"}); res.StatusCode != 404 {
		t.Errorf("a file that is not there: %d", res.StatusCode)
	}
	for name, f := range w.server.assets.files {
		if bytes.Contains(f.content, []byte("sourceMappingURL")) || bytes.Contains(f.content, []byte("eval(")) || bytes.Contains(f.content, []byte("new Function")) {
			t.Errorf("%s holds a source map or needs eval", name)
		}
	}
	page := bodyOf(t, w.do(call{path: "/things", as: "anna"}))
	symbols := string(w.server.assets.files["icons.svg"].content)
	for _, m := range regexp.MustCompile(`icons\.svg#([\w-]+)`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(symbols, `id="`+m[1]+`"`) {
			t.Errorf("the sprite has no %s", m[1])
		}
	}
}

func TestCompression(t *testing.T) {
	w := newWorld(t, nil)
	res := w.do(call{path: w.server.assets.path("app.css"), header: map[string]string{"Accept-Encoding": "gzip"}})
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not compressed: %v", res.Header)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(b, w.server.assets.files["app.css"].content) {
		t.Errorf("decompressed to %d bytes, %v", len(b), err)
	}
	res = w.do(call{path: "/things", as: "anna", header: map[string]string{"Accept-Encoding": "zstd"}})
	if res.Header.Get("Content-Encoding") != "zstd" || !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Errorf("zstd: %v", res.Header)
	}
}

func TestReadyAndMetrics(t *testing.T) {
	var ready error
	w := newWorld(t, func(o *Options) {
		o.Ready = func(context.Context) error { return ready }
		o.MetricsToken = "metrics-token"
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
	})
	if res := w.do(call{path: "/readyz"}); res.StatusCode != 200 {
		t.Errorf("ready: %d", res.StatusCode)
	}
	ready = errors.New("the store is locked by pid 7")
	if res := w.do(call{path: "/readyz"}); res.StatusCode != 503 || strings.Contains(bodyOf(t, res), "pid") {
		t.Errorf("not ready: %d", res.StatusCode)
	}
	for _, tt := range []struct {
		name   string
		remote string
		header map[string]string
		status int
	}{
		{"loopback", "127.0.0.1:5", map[string]string{"Host": "localhost:8080"}, 200},
		{"loopback v6", "[::1]:5", map[string]string{"Host": "[::1]:8080"}, 200},
		{"a browser led to loopback by another name", "127.0.0.1:5", map[string]string{"Host": "rebound.example:8080"}, 403},
		{"another machine", "192.0.2.7:5", nil, 403},
		{"another machine with the token", "192.0.2.7:5", map[string]string{"Authorization": "Bearer metrics-token"}, 200},
		{"another machine with a wrong token", "192.0.2.7:5", map[string]string{"Authorization": "Bearer x"}, 403},
		{"through a proxy on this machine", "127.0.0.1:5", map[string]string{"X-Forwarded-For": "192.0.2.7"}, 403},
		{"claims to be loopback", "192.0.2.7:5", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 403},
	} {
		if res := w.do(call{path: "/metrics", remote: tt.remote, header: tt.header}); res.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, res.StatusCode, tt.status)
		}
	}
}

// TestMetricsBehindProxy: a server that is told of a proxy gives metrics for a
// token alone: a proxy on this machine may leave no mark.
func TestMetricsBehindProxy(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"public_url":      func(o *Options) { o.PublicURL = "https://mon.example.org/belvedere" },
		"trusted_proxies": func(o *Options) { o.TrustedProxies = prefixes("10.0.0.1/32") },
	} {
		for token, want := range map[string]int{"": 403, "Bearer metrics-token": 200} {
			w := newWorld(t, func(o *Options) {
				o.MetricsToken = "metrics-token"
				o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "up 1\n") })
				change(o)
			})
			res := w.do(call{path: "/metrics", remote: "127.0.0.1:5", header: map[string]string{"Host": "127.0.0.1:8080", "Authorization": token}})
			if res.StatusCode != want {
				t.Errorf("%s with %q: %d, want %d", name, token, res.StatusCode, want)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	base := func() Options {
		w := newWorld(t, nil)
		return w.server.opt
	}
	for name, change := range map[string]func(*Options){
		"no auth":   func(o *Options) { o.Auth = nil },
		"no engine": func(o *Options) { o.Engine = nil },
		"bad url":   func(o *Options) { o.PublicURL = "monitoring.example.org" },
		"a route two times": func(o *Options) {
			o.Features = append(o.Features, Feature{Routes: []Route{{Pattern: "GET /things"}}})
		},
	} {
		o := base()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
