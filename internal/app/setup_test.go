package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"belvedere/internal/config"
)

// setupCode returns the one-time code that the log shows.
func setupCode(t *testing.T, a *running) (code string) {
	t.Helper()
	eventually(t, "the code in the log", func() bool {
		m := regexp.MustCompile(`code=(\S+)\n`).FindStringSubmatch(a.log.String())
		if m != nil {
			code = m[1]
		}
		return m != nil
	})
	return code
}

// TestFirstPage starts the demo data from the first page, and ends it again by
// removing one of its sites.
func TestFirstPage(t *testing.T) {
	a := start(t, config.Default(), nil)
	c := client(t)
	post := func(path string, form url.Values) *http.Response {
		t.Helper()
		res, err := c.PostForm(a.url+path, form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	form := url.Values{"code": {setupCode(t, a)}, "username": {"eva"}, "password": {"correct horse battery"}, "first": {"demo"}}
	if res := post("/setup", form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("the right code is answered with %s", res.Status)
	}
	eventually(t, "hosts of the demo", func() bool {
		_, body := get(t, c, a.url+"/hosts")
		return strings.Contains(body, "/host/demo-")
	})
	if res := post("/sites/demo-1/remove", nil); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("removing a site of the demo is answered with %s", res.Status)
	}
	if _, body := get(t, c, a.url+"/hosts"); strings.Contains(body, "/host/demo-") {
		t.Error("hosts of the demo are left")
	}
	_, body := get(t, c, a.url+"/audit")
	for _, want := range []string{"first start", "started the demo", "ended the demo"} {
		if !strings.Contains(body, want) {
			t.Errorf("the audit does not say %q", want)
		}
	}
	if res := post("/setup", form); res.Header.Get("Location") != "/login" {
		t.Errorf("a second setup leads to %q", res.Header.Get("Location"))
	}
}
