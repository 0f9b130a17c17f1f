package sites

import "belvedere/internal/web"

// Feature returns the room.
func Feature(o Options) web.Feature { return web.Feature{Name: "sites"} }
