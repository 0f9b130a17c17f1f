// Package service is the room of one service: every fact its core knows, and
// its host.
package service

import (
	"context"
	"fmt"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
)

// maxTwins bounds how many hosts are shown that have a service of the name.
const maxTwins = 50

// maxBeside bounds how many other services of the host are shown.
const maxBeside = 25

// maxParents bounds how many services are shown that the service depends on.
const maxParents = 100

// A picture is what the page shows.
type picture struct {
	object  object.Object
	parents []status.Row // services it depends on
	beside  []status.Row // other services of its host
	more    int          // of these, beyond those shown
	twins   []status.Row // the same host and service on other sites
	parts   []lql.Part
}

// load asks for everything about a service; found is false when there is none,
// or none that the viewer may see.
func load(ctx context.Context, q lql.Querier, site, host, name string, secrets bool, now time.Time) (p *picture, found bool, err error) {
	query := lql.Get("services", object.Columns("services", secrets)...).
		Where(lql.Eq("peer_key", site), lql.Eq("host_name", host), lql.Eq("description", name))
	query.Limit = 1
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, false, fmt.Errorf("service: %w", err)
	}
	p = &picture{}
	for _, part := range res.Parts {
		if part.Key == site {
			p.parts = append(p.parts, part)
		}
	}
	if p.object, found = object.New(ctx, "services", res, secrets, now); !found {
		return p, false, nil
	}
	if err := p.loadParents(ctx, q, site, now); err != nil {
		return nil, false, err
	}
	if err := p.loadBeside(ctx, q, site, host, name, now); err != nil {
		return nil, false, err
	}
	twins := lql.Get("services", status.ServiceColumns()...).
		Where(lql.Eq("host_name", host), lql.Eq("description", name), lql.Cmp("peer_key", lql.NotEqual, site)).OrderBy("peer_name")
	twins.Limit = maxTwins
	if res, err = q.Query(ctx, twins); err != nil {
		return nil, false, fmt.Errorf("service: other sites: %w", err)
	}
	p.twins = status.Services(res, now)
	return p, true, nil
}

// loadParents finds the services this one depends on.
func (p *picture) loadParents(ctx context.Context, q lql.Querier, site string, now time.Time) error {
	var in []lql.Filter
	for _, m := range p.object.Cells.Pairs("parents", p.object.Index) {
		if len(in) < maxParents {
			in = append(in, lql.AndOf(lql.Eq("host_name", m[0]), lql.Eq("description", m[1])))
		}
	}
	if len(in) == 0 {
		return nil
	}
	query := lql.Get("services", status.ServiceColumns()...).Where(lql.Eq("peer_key", site), lql.OrOf(in...)).OrderBy("-state_order", "host_name", "description")
	query.Limit = maxParents
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("service: parents: %w", err)
	}
	p.parents = status.Services(res, now)
	return nil
}

// loadBeside finds the other services of the host.
func (p *picture) loadBeside(ctx context.Context, q lql.Querier, site, host, name string, now time.Time) error {
	query := lql.Get("services", status.ServiceColumns()...).
		Where(lql.Eq("peer_key", site), lql.Eq("host_name", host), lql.Cmp("description", lql.NotEqual, name)).
		OrderBy("-state_order", "has_been_checked", "description")
	query.Limit = maxBeside
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("service: other services: %w", err)
	}
	p.beside, p.more = status.Services(res, now), res.Total-res.Rows
	return nil
}
