package web

import (
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/lql"
)

// A Page is what a handler gives to [Render].
type Page struct {
	Title  string // "Problems"; also the window's title
	Active string // name of the menu entry that is current
	// Count, when above 0, is shown in the window's title instead of the
	// number of open problems.
	Count int
	// Body is the whole content of <main>. Parts of it that follow the world
	// are wrapped in ui.Block(name, tables…) and listed in Blocks.
	Body templ.Component
	// Blocks are the same components as inside Body's ui.Block elements, by
	// name. A live update asks for them alone.
	Blocks map[string]templ.Component
	// Wall is the page as a wall shows it, the block "wall", which follows
	// WallTables; nil: Body in large. WallNote stands beside it, the block
	// "wall-note"; may be nil.
	Wall, WallNote templ.Component
	WallTables     []string
	// Parts says which sites contributed (lql.Result.Parts of all queries of
	// the page, appended). A banner names those that are late or missing.
	Parts []lql.Part
	// Status is the HTTP status; 0: 200.
	Status int
	// Bare leaves out navigation and top bar: sign-in, first run.
	Bare bool
	// Wide is for Bare pages with a wide panel.
	Wide bool
}

// Render answers r with p inside the shell. When the request names blocks in
// its X-Belvedere-Block header it gets only these, each as
// <div data-block="NAME">…</div>, with an ETag; an unchanged block is answered
// with 304.
func Render(w http.ResponseWriter, r *http.Request, p Page) error {
	return from(r).server.render(w, r, p)
}

// Wants reports whether the answer to r needs the block: true for whole pages
// and for updates that name it. A handler may leave out the queries of blocks
// that are not wanted.
func Wants(r *http.Request, block string) bool {
	names := blocksOf(r)
	if names == nil {
		return true
	}
	for _, n := range names {
		if n == block {
			return true
		}
	}
	return false
}
