package service

import "belvedere/internal/web"

// Feature returns the room.
func Feature() web.Feature { return web.Feature{Name: "service"} }
