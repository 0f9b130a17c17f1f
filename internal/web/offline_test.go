package web

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestKeptPagesArePersonal: what a service worker may keep says for whom it is;
// pages for nobody, refusals of links and pages on a wall say nothing.
func TestKeptPagesArePersonal(t *testing.T) {
	st := &state{signed: true}
	st.person.ID = 7
	for _, c := range []struct {
		name   string
		change func(*state, *Page)
		want   string
	}{
		{"usual", func(*state, *Page) {}, "7"},
		{"nobody", func(s *state, _ *Page) { s.signed = false }, ""},
		{"bare", func(_ *state, p *Page) { p.Bare = true }, ""},
		{"on a wall", func(s *state, _ *Page) { s.mode = onWall }, ""},
		{"embedded", func(s *state, _ *Page) { s.mode = embedded }, ""},
	} {
		s, p, h := *st, Page{}, http.Header{}
		c.change(&s, &p)
		s.markPerson(h, p)
		if got := h.Get(personHeader); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestServiceWorkerOfBuild: a browser takes a service worker for a new one when
// anything of the front end is, for what it keeps names its files.
func TestServiceWorkerOfBuild(t *testing.T) {
	w := newWorld(t, nil)
	body, err := io.ReadAll(w.do(call{path: "/sw.js"}).Body)
	if err != nil || !strings.HasPrefix(string(body), "// "+w.server.assets.base+"\n") {
		t.Errorf("sw.js begins with %.60q: %v", body, err)
	}
}
