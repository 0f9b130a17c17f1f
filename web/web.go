// Package web holds the front end as the browser gets it: the bundle that
// tools/bundle makes of the TypeScript, CSS and SVG in this folder. It is
// committed, so that building the program needs nothing but Go.
package web

import "embed"

// Dist holds the bundle in the folder "dist". Read-only, safe for any number
// of goroutines.
//
//go:embed dist
var Dist embed.FS
