package web

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestPrefix: behind a proxy, paths come with or without the prefix; links,
// redirects and cookies always carry it.
func TestPrefix(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.PublicURL = "https://mon.example.org/belvedere/" })
	for _, path := range []string{"/belvedere/things", "/things"} {
		body := bodyOf(t, w.do(call{path: path, as: "anna"}))
		for _, want := range []string{`href="/belvedere/things"`, `data-prefix="/belvedere"`, `src="/belvedere/assets/`, `action="/belvedere/logout"`, `name="next" value="/things"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %s", path, want)
			}
		}
	}
	for path, want := range map[string]string{
		"/belvedere":            "/belvedere/login",
		"/belvedere/":           "/belvedere/login",
		"/belvedere/things?q=1": "/belvedere/login?next=%2Fthings%3Fq%3D1",
		"/belvederethings":      "/belvedere/login?next=%2Fbelvederethings",
	} {
		if got := w.do(call{path: path}).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/belvedere//things?q=1":        "/belvedere/things?q=1",
		"/belvedere/object/x/..":        "/belvedere/object",
		"/belvedere/object//a%2Fb":      "/belvedere/object/a%2Fb",
		"/belvedere//a/%2e%2e":          "/belvedere/a/%2e%2e",
		"/belvedere//evil.example/%5C/": "/belvedere/evil.example/%5C/",
		"//things":                      "/belvedere/things",
	} {
		if got := w.do(call{path: path, as: "anna"}).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	res := w.do(call{path: "/belvedere/login", method: "POST", body: "username=anna&password=secret&next=/things"})
	c := cookie(res, CookieName)
	if res.Header.Get("Location") != "/belvedere/things" || c == nil || c.Path != "/belvedere" || !c.Secure {
		t.Errorf("signed in: to %q with %+v", res.Header.Get("Location"), c)
	}
	res = w.do(call{path: "/belvedere/object/a%2Fb", as: "anna"})
	if body := bodyOf(t, res); !strings.Contains(body, `["a/b","/belvedere/host/s%2F1/h%20%C3%B6"]`) {
		t.Errorf("an encoded slash below the prefix: %d %s", res.StatusCode, body)
	}
}

// TestForwarded: X-Forwarded-* headers count from trusted proxies only.
func TestForwarded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.TrustedProxies = prefixes("10.0.0.0/8", "::1/128", "127.0.0.1/32") })
	all := map[string]string{"X-Forwarded-For": "203.0.113.9, 10.0.0.2", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "mon.example.org", "X-Forwarded-Prefix": "/mon"}
	for _, tt := range []struct {
		name, remote string
		header       map[string]string
		want         []string // address, host, link
		secure       bool
	}{
		{"directly", "192.0.2.1:5", nil, []string{"192.0.2.1", "belvedere.test", "/x"}, false},
		{"not trusted", "192.0.2.1:5", all, []string{"192.0.2.1", "belvedere.test", "/x"}, false},
		{"trusted", "10.0.0.1:5", all, []string{"203.0.113.9", "mon.example.org", "/mon/x"}, true},
		{"trusted, mapped address", "[::ffff:10.0.0.1]:5", all, []string{"203.0.113.9", "mon.example.org", "/mon/x"}, true},
		{"unix socket", "@", all, []string{"203.0.113.9", "mon.example.org", "/mon/x"}, true},
		{"a client that lies before the proxy", "10.0.0.1:5", map[string]string{"X-Forwarded-For": "127.0.0.1, 203.0.113.9", "X-Forwarded-Host": "evil.example, mon.example.org"}, []string{"203.0.113.9", "mon.example.org", "/x"}, false},
		{"nonsense", "10.0.0.1:5", map[string]string{"X-Forwarded-For": "me", "X-Forwarded-Host": "a b<c>", "X-Forwarded-Prefix": "//evil.example", "X-Forwarded-Proto": "gopher"}, []string{"10.0.0.1", "belvedere.test", "/evil.example/x"}, false},
		{"bad prefix", "10.0.0.1:5", map[string]string{"X-Forwarded-Prefix": "/a\"><script>"}, []string{"10.0.0.1", "belvedere.test", "/x"}, false},
		{"prefix that climbs", "10.0.0.1:5", map[string]string{"X-Forwarded-Prefix": "/a/../b"}, []string{"10.0.0.1", "belvedere.test", "/x"}, false},
	} {
		res := w.do(call{path: "/where", remote: tt.remote, header: tt.header})
		var got []string
		if err := json.Unmarshal([]byte(bodyOf(t, res)), &got); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		res = w.do(call{path: "/login", method: "POST", remote: tt.remote, header: tt.header, body: "username=anna&password=secret"})
		if c := cookie(res, CookieName); c == nil || c.Secure != tt.secure {
			t.Errorf("%s: cookie %+v", tt.name, c)
		}
	}
}

func TestSafePath(t *testing.T) {
	for p, want := range map[string]bool{
		"/": true, "/hosts?q=a//b": true, "/host/s%2F1/h": true, "": false, "hosts": false, "//evil": false, "/\\evil": false,
		"https://evil": false, "/a\nb": false, "/a\x00": false, "/%": false, "/%2F/evil": false,
	} {
		if got := safePath(p); got != want {
			t.Errorf("safePath(%q) = %t", p, got)
		}
	}
}

// TestCleanPrefixes: the public URL in all its spellings.
func TestCleanPrefixes(t *testing.T) {
	for in, want := range map[string]publicURL{
		"":                      {},
		"http://h":              {"", "http://h", false},
		"https://h/":            {"", "https://h", true},
		"https://h:8443/a/b/":   {"/a/b", "https://h:8443", true},
		"https://h/belvedere/?": {"/belvedere", "https://h", true},
	} {
		got, err := parsePublic(in)
		if err != nil || got != want {
			t.Errorf("parsePublic(%q) = %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"h", "/belvedere", "ftp://h/", "https://"} {
		if _, err := parsePublic(in); err == nil {
			t.Errorf("parsePublic(%q): no error", in)
		}
	}
}
