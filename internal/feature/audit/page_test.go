package audit

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

func start(t *testing.T) *webtest.Site {
	s := webtest.New(t, &webtest.World{}, func(_ *auth.Service, d *db.DB) []web.Feature { return []web.Feature{Feature(Options{Log: d})} })
	for i, e := range []db.Audit{
		{Who: "eva", Action: "site.add", Object: "Wien", Detail: "tls://mon-wien:6557", Result: "ok", IP: "192.0.2.7"},
		{Who: "jan", Action: "sign-in", Object: "jan", Result: "password", IP: "192.0.2.8"},
		{Who: "eva", Action: "something.new", Object: webtest.Hostile, Detail: webtest.Hostile, Result: "ok"},
	} {
		if err := s.DB.AddAudit(context.Background(), e); err != nil {
			t.Fatal(i, err)
		}
	}
	return s
}

func TestList(t *testing.T) {
	s := start(t)
	a := s.Get("root", "/audit")
	if n := len(a.All("main script")) + len(a.All("main img")); n != 0 {
		t.Fatalf("%d elements came from the record", n)
	}
	page := webtest.Text(a.One("table"))
	for _, want := range []string{"eva added site Wien tls://mon-wien:6557 ok 192.0.2.7", "jan signed in jan password", "something.new"} {
		if !strings.Contains(page, want) {
			t.Errorf("the record does not say %q: %s", want, page)
		}
	}
	for path, want := range map[string][]string{
		"/audit?kind=site.":               {"eva"},
		"/audit?kind=site.&q=jan":         nil,
		"/audit?q=jan&kind=sign-in":       {"jan"},
		"/audit?q=eva&kind=site.&limit=1": {"eva"},
	} {
		if got := s.Get("root", path).Texts("tbody th"); !slices.Equal(got, want) {
			t.Errorf("%s shows %q, want %q", path, got, want)
		}
	}
}

func TestOlder(t *testing.T) {
	s := start(t)
	var seen []string
	path := "/audit?q=eva&limit=1"
	for range 5 {
		a := s.Get("root", path)
		for _, tr := range a.All("tbody tr") {
			seen = append(seen, webtest.Attr(tr, "id"))
		}
		next := a.All("a[rel=next]")
		if len(next) == 0 {
			break
		}
		path = webtest.Attr(next[0], "href")
	}
	if len(seen) != 2 || seen[0] == seen[1] {
		t.Errorf("paging shows %q, want eva's two entries", seen)
	}
}

func TestBadParametersAndRights(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/audit?kind=x", "/audit?before=0", "/audit?before=x", "/audit?limit=1001"} {
		if a := s.Get("root", path); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if a := s.Get("all", "/audit"); a.Status != http.StatusForbidden || strings.Contains(a.Body, "mon-wien") {
		t.Errorf("a viewer reads the record: %d", a.Status)
	}
}
