// Package people is the room of the accounts, for admins: who may sign in, in
// which role, and what each of them sees.
package people

import (
	"belvedere/internal/auth"
	"belvedere/internal/web"
)

// Options are what the room needs.
type Options struct {
	Auth *auth.Service
}

// Feature returns the room.
func Feature(o Options) web.Feature { return web.Feature{Name: "people"} }
