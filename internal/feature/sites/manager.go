// Package sites is the room of the cores: which there are, how they are, and
// the wizard that adds one and says why it does not connect.
package sites

import (
	"context"

	"belvedere/internal/auth"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
)

// A Manager keeps and runs the sites. Its methods are safe for concurrent use;
// those that change something return when the change is on disk and has begun
// to take effect. Errors that a person can mend are [*web.Error], or wrap
// db.ErrExists (the name is taken) or db.ErrNotFound.
type Manager interface {
	// List returns all sites in their order, provisioned ones included, with
	// their health.
	List(ctx context.Context) ([]site.Status, error)
	// Test goes through connecting step by step without changing anything.
	// step is called from one goroutine, when a step begins and when it ended.
	// The report names a site that looks like the same core.
	Test(ctx context.Context, spec site.Spec, step func(livestatus.Step)) livestatus.Report
	// Add keeps a new site and starts it; the key is made by it and returned.
	Add(ctx context.Context, by auth.Actor, spec site.Spec) (key string, err error)
	// Update changes the site of spec.Key, which must not be provisioned.
	Update(ctx context.Context, by auth.Actor, spec site.Spec) error
	// Pause stops reading a site, or starts it again.
	Pause(ctx context.Context, by auth.Actor, key string, paused bool) error
	// Remove forgets a site that is not provisioned.
	Remove(ctx context.Context, by auth.Actor, key string) error
	// Pair makes a code with which an agent joins and becomes the site of spec.
	// seen is the host under which the browser reaches this server.
	Pair(ctx context.Context, by auth.Actor, spec site.Spec, seen string) (Pairing, error)
	// Pairing returns a code that the same person made, db.ErrNotFound for any
	// other and for one that is long over.
	Pairing(ctx context.Context, by auth.Actor, id string) (Pairing, error)
	// Withdraw makes a code void that nobody has used.
	Withdraw(ctx context.Context, by auth.Actor, id string) error
	// Invited goes to the agent that made a code, and makes a site of it.
	Invited(ctx context.Context, by auth.Actor, spec site.Spec, code string) (key string, err error)
	// Refresh has a site read or connected at once; unknown keys do nothing.
	Refresh(key string)
}

// Options are what the room needs.
type Options struct {
	Manager Manager
}
