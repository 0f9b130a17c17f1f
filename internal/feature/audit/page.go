// Package audit is the room of the record, for admins: who signed in and who
// changed what.
package audit

import (
	"context"

	"belvedere/internal/db"
	"belvedere/internal/web"
)

// A Reader reads the record. *db.DB is one.
type Reader interface {
	// AuditLog returns entries, newest first.
	AuditLog(ctx context.Context, q db.AuditQuery) ([]db.Audit, error)
}

// Options are what the room needs.
type Options struct {
	Log Reader
}

// Feature returns the room.
func Feature(o Options) web.Feature { return web.Feature{Name: "audit"} }
