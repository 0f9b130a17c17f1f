package web

import (
	"fmt"
	"net/http"
	"strconv"

	"belvedere/internal/web/ui"
)

// personHeader tells the service worker for whom a page was made: it keeps the
// last picture of pages for that person only, and nothing once nobody is signed
// in.
const personHeader = "X-Belvedere-Person"

// markPerson sets the header on a page that may be kept.
func (s *state) markPerson(h http.Header, p Page) {
	if s.signed && s.screen == nil && s.mode == usual && !p.Bare && s.person.ID != 0 {
		h.Set(personHeader, strconv.FormatInt(s.person.ID, 10))
	}
}

// serviceWorker serves GET /sw.js, which must lie above all pages it answers
// for. Browsers look for a new one with each page; it names the files of the
// front end, so that each build is a new one, which fetches the page without
// connection anew.
func (s *Server) serviceWorker(w http.ResponseWriter, r *http.Request) error {
	f := s.assets.files["sw.js"]
	w.Header().Set("Content-Type", f.typ)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = fmt.Fprintf(w, "// %s\n%s", s.assets.base, f.content) // the reader may be gone
	return nil
}

// offline serves GET /offline: what the service worker shows for a page of
// which it has no picture.
func (s *Server) offline(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, Page{Title: ui.T(r.Context(), "No connection"), Bare: true, Wide: true, Body: offlineBody()})
}
