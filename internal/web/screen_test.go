package web

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// TestEmbedParents: only a page asked for with embed=1 may lie in others, and
// only in those that are listed.
func TestEmbedParents(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.EmbedParents = []string{"https://intranet.example.org", "https://*.wiki.example.org"}
	})
	for path, want := range map[string]struct {
		status  int
		parents string
	}{
		"/things?embed=1": {200, "frame-ancestors 'self' https://intranet.example.org https://*.wiki.example.org;"},
		"/things":         {200, "frame-ancestors 'none';"},
		"/things?wall=1":  {200, "frame-ancestors 'none';"},
		"/things?embed=2": {400, "frame-ancestors 'none';"},
		"/admin?embed=1":  {400, "frame-ancestors 'none';"},
		"/login?embed=1":  {303, "frame-ancestors 'none';"},
	} {
		res := w.do(call{path: path, as: "anna"})
		if csp := res.Header.Get("Content-Security-Policy"); res.StatusCode != want.status || !strings.Contains(csp, want.parents) {
			t.Errorf("%s: %d %s", path, res.StatusCode, csp)
		}
		if framed := res.Header.Get("X-Frame-Options") == ""; framed != (path == "/things?embed=1") {
			t.Errorf("%s: X-Frame-Options %q", path, res.Header.Get("X-Frame-Options"))
		}
	}
	if res := w.do(call{path: "/things?embed=1", header: map[string]string{"Accept": "text/html"}}); res.StatusCode != http.StatusUnauthorized || !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://intranet") {
		t.Errorf("nobody signed in: %d %s", res.StatusCode, res.Header.Get("Content-Security-Policy"))
	} else if page := bodyOf(t, res); strings.Contains(page, "things") || !strings.Contains(page, `<base target="_blank">`) {
		t.Errorf("nobody signed in: %s", page)
	}
	page := bodyOf(t, w.do(call{path: "/things?embed=1", as: "anna"}))
	if strings.Contains(page, "<nav") || !strings.Contains(page, "things &amp; more") || !strings.Contains(page, `<base target="_blank">`) || !strings.Contains(page, "refused") {
		t.Errorf("embedded: %s", page)
	}
}

// TestSecretsAreNotLogged: the secret of a link is in no log line.
func TestSecretsAreNotLogged(t *testing.T) {
	var out strings.Builder
	w := newWorld(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for _, path := range []string{"/screen/top-secret", "/screen/top-secret/live", "/screen/top-secret/x"} {
		if res := w.do(call{path: path}); res.StatusCode == http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if got := out.String(); strings.Contains(got, "top-secret") || !strings.Contains(got, "/screen/…/live") {
		t.Errorf("the log has %s", got)
	}
}
