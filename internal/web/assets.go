package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"time"

	bundle "belvedere/web"
)

// assets are the files of the bundle under an address that changes with their
// content.
type assets struct {
	base  string // "/assets/0123456789ab/"
	files map[string]asset
}

type asset struct {
	content []byte
	typ     string
}

// assetType returns the media type of a file by its name, "" for kinds that
// the bundle does not have.
func assetType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	}
	return ""
}

// loadAssets reads the embedded bundle.
func loadAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}}
	entries, err := fs.ReadDir(bundle.Dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	var names []string
	for _, e := range entries {
		b, err := bundle.Dist.ReadFile("dist/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("web: assets: %w", err)
		}
		typ := assetType(e.Name())
		if typ == "" {
			return nil, fmt.Errorf("web: assets: %s has no known type", e.Name())
		}
		a.files[e.Name()] = asset{b, typ}
		names = append(names, e.Name())
	}
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%s %d\n", n, len(a.files[n].content))
		h.Write(a.files[n].content)
	}
	a.base = "/assets/" + hex.EncodeToString(h.Sum(nil))[:12] + "/"
	return a, nil
}

// path returns the address of a file of the bundle, without prefix.
func (a *assets) path(name string) string { return a.base + name }

// serve answers GET /assets/{hash}/{name}. A file under its present hash never
// changes; under an older one, from a page that was open during an upgrade, it
// is served but not kept.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a.files[r.PathValue("name")]
	if !ok {
		return NotFound("There is no such file", "Reload the page: it was made by another version")
	}
	h := w.Header()
	h.Set("Content-Type", f.typ)
	if "/assets/"+r.PathValue("hash")+"/" == a.base {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
	return nil
}
