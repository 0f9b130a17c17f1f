package search

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"belvedere/internal/web/webtest"
)

func completed(t *testing.T, s *webtest.Site, user, query string) completion {
	t.Helper()
	a := s.Get(user, "/complete?"+query)
	var c completion
	if err := json.Unmarshal([]byte(a.Body), &c); err != nil || a.Status != http.StatusOK {
		t.Fatalf("%s: status %d, %s", query, a.Status, a.Body)
	}
	return c
}

// labels are the items with their numbers.
func labels(c completion) string {
	var out []string
	for _, g := range c.Groups {
		for _, i := range g.Items {
			out = append(out, strings.TrimSpace(i.Head+i.Label+" "+i.N))
		}
	}
	return strings.Join(out, ", ")
}

func TestCompleteEndpoint(t *testing.T) {
	s := start(t)
	c := completed(t, s, "all", "tables=hosts&text=state:&with=")
	if got := labels(c); c.From != 6 || !strings.Contains(got, "up ") || strings.Contains(got, "crit") || c.Groups[0].Title != "Values" {
		t.Errorf("words of state: %+v", c)
	}
	c = completed(t, s, "all", "tables=hosts&at=4&text="+url.QueryEscape("𝒳 s x"))
	if got := labels(c); c.From != 3 || c.To != 4 || !strings.HasPrefix(got, "site:, section:, state:") || c.Groups[0].Items[0].Note != "site" {
		t.Errorf("behind a letter of two units: %+v", c)
	}
	if c = completed(t, s, "all", "tables=hosts&at=2&text=st+a)+b"); c.Wrong == nil || c.Wrong.From != 4 || c.Wrong.Text == "" {
		t.Errorf("a mistake elsewhere: %+v", c.Wrong)
	}
	if c = completed(t, s, "all", "tables=hosts&text=stat:x"); c.Wrong != nil {
		t.Errorf("the word that is being written is called wrong: %+v", c.Wrong)
	}
	if got := labels(completed(t, s, "all", "tables=hosts&text=host:we")); !strings.Contains(got, "web 2") {
		t.Errorf("hosts: %s", got)
	}
	if got := labels(completed(t, s, "anna", "tables=hosts&text=host:we")); !strings.Contains(got, "web 1") {
		t.Errorf("hosts of anna: %s", got)
	}
	if got := labels(completed(t, s, "nobody", "tables=hosts&text=host:we")); got != "" {
		t.Errorf("who sees nothing is offered %s", got)
	}
	for _, query := range []string{"", "tables=nosuch", "tables=hosts,hosts,hosts,hosts", "tables=hosts&text=a&at=2", "tables=hosts&limit=99", "tables=hosts&text=" + strings.Repeat("a", 4001)} {
		if a := s.Get("all", "/complete?"+query); a.Status != http.StatusBadRequest {
			t.Errorf("%.40s: status %d", query, a.Status)
		}
	}
	if a := s.Get("", "/complete?tables=hosts&text=a"); a.Status == http.StatusOK {
		t.Error("whoever is not signed in gets completions")
	}
}

func TestLanguagePage(t *testing.T) {
	s := start(t)
	a := s.Get("all", "/search/language")
	if a.Status != http.StatusOK || len(a.All("tbody tr")) < 30 {
		t.Fatalf("status %d, %d rows", a.Status, len(a.All("tbody tr")))
	}
	for _, e := range newLanguage(t.Context()).examples {
		if !strings.Contains(tryPath(e), "?q=") {
			t.Errorf("the example %s is no query", e[0])
		}
	}
}
