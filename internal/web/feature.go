// Package web is the face of Belvedere without a single page of its own
// subject: the server with its middleware, sign-in, the shell around every
// page, live updates, assets and error pages. It knows no page and no command;
// rooms plug in as a [Feature] and get their data through [Data], a Querier
// that is already bound to who asks.
package web

import (
	"context"
	"net/http"

	"belvedere/internal/lql"
)

// Right is what a route asks of whoever calls it.
type Right uint8

// The rights, from the strictest. The zero value is the strictest, so that a
// forgotten field opens nothing.
const (
	Admin    Right = iota // role admin
	Operator              // role operator or admin
	SignedIn              // anybody signed in
	Public                // everybody
)

// A Feature is how a room plugs into the server: its menu entries and all its
// routes in one place.
type Feature struct {
	Name   string // short name for logs
	Menu   []MenuItem
	Routes []Route
	// Palette are pages and commands of this room for the palette, besides the
	// menu entries, which are in it anyway.
	Palette []PaletteItem
	// Counts count the rows of saved views of this room's pages, by path.
	Counts map[string]ViewCount
	// Elsewhere returns the path to which a path leads that no room has, "" when
	// it knows of none: for patterns that would collide with those of others. It
	// may be nil.
	Elsewhere func(path string) string
}

// A PaletteItem is one page that the palette finds by its words.
type PaletteItem struct {
	Label string // "Add a site"
	Note  string // more about it, in the language of the page: "view of Hosts"; may be empty
	Path  string // "/sites/new"
	Icon  string // name in the sprite without "i-"
	Right Right
	Key   string // letter after "g" that opens it, "" none
}

// A MenuItem is one entry of the navigation.
type MenuItem struct {
	Name  string // what Page.Active names: "problems"
	Label string // "Problems"
	Icon  string // name in the sprite without "i-"
	Path  string // "/problems"
	Group int    // 0 what is seen all day, 1 what is done, 2 the house (at the bottom)
	Order int    // within the group, then by label
	Right Right  // who sees the entry
	Key   string // letter after "g" that opens it, "" none
	Phone bool   // in the bottom bar of phones (the first three)

	// Counter computes the number beside the entry through a Querier bound to
	// the viewer; nil: no number. It is called again when one of Tables
	// changed. Rights and the chosen sites are in the Querier.
	Counter func(ctx context.Context, q lql.Querier) (Count, error)
	Tables  []string
	// InTitle also shows the number in the window's title and icon. One entry
	// has it: the open problems.
	InTitle bool
}

// A Count is a number in the menu. The zero value shows nothing.
type Count struct {
	N     int
	State string // "crit", "warn", or "" for a plain total
}

// A Route is one address. Patterns are those of [http.ServeMux] with a method.
// A GET changes nothing, ever.
type Route struct {
	Pattern string // "GET /hosts"
	Right   Right
	Handler HandlerFunc
	// MaxBody bounds the request body in bytes; 0: 1 MiB.
	MaxBody int64
	// Stream marks answers that take as long as they take (server-sent
	// events): no deadline, no compression.
	Stream bool
	// Screen marks pages that only show what is: they can be seen on a wall,
	// inside pages of others, and by links for screens.
	Screen bool
	// Fresh marks pages about what can change while no site does, such as orders:
	// their blocks are drawn for each request.
	Fresh bool
	// Pure marks pages whose blocks depend on nothing but what they ask the engine
	// or note with lql.Traced: they are not drawn again while the answers stay the
	// same, for some seconds.
	Pure bool
	// Token marks answers for programs, which a token lets read as well.
	Token   bool
	through bool // it hands requests on to another route
}

// A HandlerFunc answers a request or says why it cannot. An error that is a
// [*Error] tells the person what it says; any other error is logged and shown
// as "something went wrong" without its text. A HandlerFunc that returns an
// error must not have written anything.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error
