package site

import (
	"context"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// A Manager runs sites. Make it with [NewManager] and end it with
// [Manager.Stop]. All methods are safe for concurrent use.
type Manager struct {
	o Options
}

// NewManager returns a manager that runs no site yet.
func NewManager(o Options) *Manager { return &Manager{o: o} }

// Apply makes the running sites those of specs: it starts, stops and changes
// what differs. A site whose address, interval and trust are the same goes on
// undisturbed, even if it is renamed or moved.
func (m *Manager) Apply(specs []Spec) {}

// Sites returns all sites in the fleet's order.
func (m *Manager) Sites() []Status { return nil }

// Test goes through connecting to spec's first address step by step.
func (m *Manager) Test(ctx context.Context, spec Spec, step func(livestatus.Step)) livestatus.Report {
	return livestatus.Report{}
}

// Send sends an external command to a site's core, and has the site read at
// once and often until its effect shows, for five seconds at most.
func (m *Manager) Send(ctx context.Context, siteKey string, c lql.Command) error { return nil }

// Passed answers a query for a table that is not kept, log or statehist, by
// asking the core.
func (m *Manager) Passed(ctx context.Context, siteKey string, q *lql.Query) (*lql.Result, error) {
	return nil, nil
}

// Refresh has a site read at once, or connect at once if it is down.
func (m *Manager) Refresh(siteKey string) {}

// Stop ends all sites and waits for their goroutines, at most until ctx ends.
func (m *Manager) Stop(ctx context.Context) {}
