//go:build !linux

package web

import "time"

// threadTime says that what a thread uses is not known.
func threadTime() time.Duration { return 0 }
