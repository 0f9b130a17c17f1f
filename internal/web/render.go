package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/web/ui"
)

// blockHeader names the blocks a live update asks for, separated by commas.
const blockHeader = "X-Belvedere-Block"

// maxBlocks bounds the names in one request.
const maxBlocks = 20

// bannerBlock is the block of every page that says which sites are missing.
const bannerBlock = "-banner"

// The blocks of a wall: the page, what stands beside it, and the sites.
const (
	wallBlock      = "wall"
	noteBlock      = "wall-note"
	wallSitesBlock = "-wall-sites"
)

// blocksOf returns the blocks r asks for, nil when it asks for a whole page.
func blocksOf(r *http.Request) []string {
	v := r.Header.Get(blockHeader)
	if v == "" {
		return nil
	}
	names := strings.SplitN(v, ",", maxBlocks+1)
	if len(names) > maxBlocks {
		names = names[:maxBlocks]
	}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// render answers r with p: the whole page or the blocks it asks for.
func (s *Server) render(w http.ResponseWriter, r *http.Request, p Page) error {
	if names := blocksOf(r); names != nil {
		return s.renderBlocks(w, r, p, names)
	}
	v := s.shell(w, r, p)
	var buf bytes.Buffer
	if err := document(v, p).Render(r.Context(), &buf); err != nil {
		return fmt.Errorf("web: draw %s: %w", p.Title, err)
	}
	from(r).markPerson(w.Header(), p)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	status := p.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the reader may be gone
	return nil
}

// renderBlocks answers with the named blocks and the banner, or with 304 when
// they are what the browser has.
func (s *Server) renderBlocks(w http.ResponseWriter, r *http.Request, p Page, names []string) error {
	env := *ui.Env(r.Context())
	env.Still = true
	if st := from(r); st.personal != nil && !*st.personal { // it is for all who see the same, so far
		env.Shelved = ui.Shelved{Shelf: s.shelf, Look: st.look(r)}
	}
	ctx := ui.WithEnv(r.Context(), &env)
	var buf bytes.Buffer
	banner := false
	for _, name := range names {
		c, ok := p.Blocks[name]
		switch name {
		case bannerBlock:
			c, ok, banner = bannerContent(lacking(p.Parts)), true, true
		case wallBlock:
			c, ok = p.Wall, p.Wall != nil
		case noteBlock:
			c, ok = p.WallNote, p.WallNote != nil
		case wallSitesBlock:
			var v shellView
			s.shellSites(r, &v)
			c, ok = wallSites(v), true
		}
		if !ok {
			return NotFound(ui.T(r.Context(), "There is no block %q on this page", name), "Reload the page")
		}
		if err := writeBlock(ctx, &buf, name, c); err != nil {
			return err
		}
	}
	if !banner {
		if err := writeBlock(ctx, &buf, bannerBlock, bannerContent(lacking(p.Parts))); err != nil {
			return err
		}
	}
	sendTagged(w, r, buf.Bytes(), p.Title, p.Count)
	return nil
}

// writeBlock draws one block in the element that the browser looks for.
func writeBlock(ctx context.Context, buf *bytes.Buffer, name string, c templ.Component) error {
	buf.WriteString(`<div data-block="` + templ.EscapeString(name) + `">`)
	if err := c.Render(ctx, buf); err != nil {
		return fmt.Errorf("web: draw block %s: %w", name, err)
	}
	buf.WriteString("</div>")
	return nil
}

// sendTagged answers with html and its ETag, or with 304.
func sendTagged(w http.ResponseWriter, r *http.Request, html []byte, title string, count int) {
	sum := sha256.Sum256(html)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", blockHeader+", Cookie, Authorization")
	h.Set("X-Belvedere-Title", url.PathEscape(title))
	if count > 0 {
		h.Set("X-Belvedere-Count", strconv.Itoa(count))
	}
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(html) // the reader may be gone
}

// matches reports whether an If-None-Match header holds tag, weakly.
func matches(header, tag string) bool {
	for _, v := range strings.Split(header, ",") {
		v = strings.TrimPrefix(strings.TrimSpace(v), "W/")
		if v == tag || v == "*" {
			return true
		}
	}
	return false
}

// shellBlock serves GET /shell: the parts of the shell that follow the world,
// drawn for the page the browser shows.
func (s *Server) shellBlock(w http.ResponseWriter, r *http.Request) error {
	env := *ui.Env(r.Context())
	env.Still = true
	if next := r.URL.Query().Get("at"); safePath(next) {
		if u, err := url.Parse(next); err == nil {
			env.Path, env.Query = u.EscapedPath(), u.Query()
		}
	}
	ctx := ui.WithEnv(r.Context(), &env)
	st := from(r)
	sites, err := s.sites(ctx, st.viewer)
	if err != nil {
		return err
	}
	markChosen(sites, st)
	var buf bytes.Buffer
	if err := writeBlock(ctx, &buf, "-sites", chooser(chooserView{Sites: sites})); err != nil {
		return err
	}
	sendTagged(w, r, buf.Bytes(), "", 0)
	return nil
}
