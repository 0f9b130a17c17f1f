package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"belvedere/internal/app"
	"belvedere/internal/auth"
	"belvedere/internal/config"
)

// TestTokens: a program with a token reads the problems that its person sees,
// with the addresses that the dashboard of the documentation asks, and can do
// nothing else.
func TestTokens(t *testing.T) {
	hash, err := auth.HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Users = []config.User{{Name: "grafana", Role: "admin", PasswordHash: hash}, {Name: "blind", Role: "viewer", PasswordHash: hash}}
	cfg.Tokens = []config.Token{{Token: strings.Repeat("a", 32), As: "grafana"}, {Token: strings.Repeat("b", 32), As: "blind"}, {Token: strings.Repeat("c", 32), As: "nosuch"}}
	a := start(t, cfg, &app.Demo{Sites: 3, Hosts: 60, Services: 8, Churn: 0.02, Password: "demo"})
	ask := func(method, path, token string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, a.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.Repeat(token, 32))
		req.Header.Set("Accept", "application/json")
		res, err := http.DefaultClient.Do(req)
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
	var problems []map[string]any
	eventually(t, "problems", func() bool {
		code, body := ask(http.MethodGet, "/grafana/problems", "a")
		return code == http.StatusOK && json.Unmarshal([]byte(body), &problems) == nil && len(problems) > 0
	})
	dashboardAsks(t, ask)
	for _, tt := range []struct {
		method, path, token string
		code                int
	}{
		{http.MethodGet, "/grafana/problems", "c", http.StatusUnauthorized},
		{http.MethodGet, "/grafana/problems", "d", http.StatusUnauthorized},
		{http.MethodGet, "/hosts", "a", http.StatusUnauthorized},
		{http.MethodGet, "/people", "a", http.StatusUnauthorized},
		{http.MethodGet, "/metrics", "d", http.StatusOK}, // as loopback may
		{http.MethodPost, "/grafana/problems", "a", http.StatusUnauthorized},
		{http.MethodPost, "/sites", "a", http.StatusUnauthorized},
	} {
		if code, body := ask(tt.method, tt.path, tt.token); code != tt.code {
			t.Errorf("%s %s with %s: %d, want %d: %.200s", tt.method, tt.path, tt.token, code, tt.code, body)
		}
	}
	if code, body := ask(http.MethodGet, "/grafana/problems", "b"); code != http.StatusOK || strings.TrimSpace(body) != "[]" {
		t.Errorf("who sees nothing is told %d %s", code, body)
	}
}

// dashboardAsks asks what the dashboard of the documentation asks, and looks for
// every field that it shows.
func dashboardAsks(t *testing.T, ask func(method, path, token string) (int, string)) {
	t.Helper()
	dashboard, err := os.ReadFile("../../docs/grafana-json-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Panels []struct {
			Targets []struct {
				URL     string
				Columns []struct{ Selector string }
			}
		}
	}
	if err := json.Unmarshal(dashboard, &parsed); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, p := range parsed.Panels {
		for _, target := range p.Targets {
			path := regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllString(target.URL, "")
			var rows []map[string]any
			eventually(t, "rows of "+path, func() bool { // sites are read one after the other
				code, body := ask(http.MethodGet, path, "a")
				return code == http.StatusOK && json.Unmarshal([]byte(body), &rows) == nil && len(rows) > 0
			})
			asked++
			for _, c := range target.Columns {
				if _, ok := rows[0][c.Selector]; !ok {
					t.Errorf("%s has no %q: %v", target.URL, c.Selector, rows[0])
				}
			}
		}
	}
	if asked < 4 {
		t.Errorf("the dashboard asks for %d lists", asked)
	}
}
