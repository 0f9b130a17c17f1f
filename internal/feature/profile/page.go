// Package profile is the room of everybody about themselves: name and rights,
// password, theme and the browsers that are signed in.
package profile

import (
	"belvedere/internal/auth"
	"belvedere/internal/web"
)

// Options are what the room needs.
type Options struct {
	Auth *auth.Service
}

// Feature returns the room.
func Feature(o Options) web.Feature { return web.Feature{Name: "profile"} }
