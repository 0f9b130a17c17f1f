// Package host is the room of one host: every fact its core knows, its
// services, what it hangs on and what hangs on it.
package host

import (
	"context"
	"fmt"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Bounds of one page.
const (
	maxServices = 1000
	maxNear     = 100 // parents or children shown
	maxLevels   = 10  // levels of parents looked up
	maxTwins    = 50  // other sites with a host of the name
)

// A picture is what the page shows.
type picture struct {
	object   object.Object
	services []status.Row
	total    int            // services
	classes  map[string]int // all services by the class of their state
	levels   [][]status.Row // parents, nearest first, then their parents
	children []status.Row
	behind   int          // children in all
	twins    []status.Row // hosts of the same name on other sites
	parts    []lql.Part
}

// load asks for everything about a host; found is false when there is none, or
// none that the viewer may see.
func load(ctx context.Context, q lql.Querier, site, name string, secrets bool, now time.Time) (p *picture, found bool, err error) {
	query := lql.Get("hosts", object.Columns("hosts", secrets)...).Where(lql.Eq("peer_key", site), lql.Eq("name", name))
	query.Limit = 1
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, false, fmt.Errorf("host: %w", err)
	}
	p = &picture{}
	for _, part := range res.Parts {
		if part.Key == site {
			p.parts = append(p.parts, part)
		}
	}
	if p.object, found = object.New(ctx, "hosts", res, secrets, now); !found {
		return p, false, nil
	}
	if err := p.loadServices(ctx, q, site, name, now); err != nil {
		return nil, false, err
	}
	if err := p.loadNear(ctx, q, site, now); err != nil {
		return nil, false, err
	}
	return p, true, p.loadTwins(ctx, q, site, name, now)
}

func (p *picture) loadServices(ctx context.Context, q lql.Querier, site, name string, now time.Time) error {
	query := lql.Get("services", append(status.ServiceColumns(), status.InfoColumns()...)...).
		Where(lql.Eq("peer_key", site), lql.Eq("host_name", name)).OrderBy("-state_order", "has_been_checked", "description")
	query.Limit = maxServices
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("host: services: %w", err)
	}
	p.services, p.total = status.Services(res, now), res.Total
	p.classes = map[string]int{}
	if p.total > len(p.services) {
		query.Columns, query.Limit = []string{"state", "has_been_checked"}, lql.NoLimit
		if res, err = q.Query(ctx, query); err != nil {
			return fmt.Errorf("host: services: %w", err)
		}
		for i := range res.Rows {
			p.classes[ui.ServiceState(res.Int(i, "state"), res.Int(i, "has_been_checked") != 0, false).Class]++
		}
		return nil
	}
	for _, r := range p.services {
		p.classes[r.State.Class]++
	}
	return nil
}

// loadNear finds parents level by level, and children.
func (p *picture) loadNear(ctx context.Context, q lql.Querier, site string, now time.Time) error {
	seen := map[string]bool{p.object.Host: true}
	names := p.object.List("parents")
	for len(names) > 0 && len(p.levels) < maxLevels {
		rows, err := hosts(ctx, q, site, fresh(names, seen), now)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		p.levels = append(p.levels, rows)
		names = nil
		for _, r := range rows {
			names = append(names, r.Cells.List("parents", r.Index)...)
		}
	}
	children := p.object.List("childs")
	p.behind = len(children)
	var err error
	p.children, err = hosts(ctx, q, site, fresh(children, map[string]bool{}), now)
	return err
}

// fresh returns the first names that were not seen, and marks them.
func fresh(names []string, seen map[string]bool) []string {
	var out []string
	for _, n := range names {
		if !seen[n] && len(out) < maxNear {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// hosts asks for hosts of a site by name, those with problems first.
func hosts(ctx context.Context, q lql.Querier, site string, names []string, now time.Time) ([]status.Row, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in := make([]lql.Filter, len(names))
	for i, n := range names {
		in[i] = lql.Eq("name", n)
	}
	query := lql.Get("hosts", append(status.HostColumns(), "parents")...).
		Where(lql.Eq("peer_key", site), lql.OrOf(in...)).OrderBy("-state", "name")
	query.Limit = maxNear
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("host: parents and children: %w", err)
	}
	return status.Hosts(res, now), nil
}

// loadTwins finds hosts of the same name on other sites.
func (p *picture) loadTwins(ctx context.Context, q lql.Querier, site, name string, now time.Time) error {
	query := lql.Get("hosts", status.HostColumns()...).
		Where(lql.Eq("name", name), lql.Cmp("peer_key", lql.NotEqual, site)).OrderBy("peer_name")
	query.Limit = maxTwins
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("host: other sites: %w", err)
	}
	p.twins = status.Hosts(res, now)
	return nil
}
