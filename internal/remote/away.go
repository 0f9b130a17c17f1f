package remote

import (
	"context"
	"slices"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// away is a server with several sites behind it, which is asked each time.
type away struct{ client *livestatus.Client }

// For returns what asks the sites of v, all that the other end shows if it
// names none. Whatever else v says is for the other end to decide.
func (a away) For(v access.Viewer) lql.Querier { return awayFrom{a.client, v.Sites} }

// Send implements [command.Sites].
func (a away) Send(ctx context.Context, site string, c lql.Command) error {
	c.Backends = []string{site}
	return a.client.Send(ctx, c)
}

// Ask implements [command.Sites]: there is nothing nearer to the core.
func (a away) Ask(ctx context.Context, site string, q *lql.Query) (*lql.Result, error) {
	return awayFrom{a.client, []string{site}}.Query(ctx, q)
}

// Implementation implements [command.Sites]: what the core is, and whether it is
// well, the other end knows.
func (a away) Implementation(string) (schema.Cores, bool) { return 0, true }

// awayFrom asks some of the sites.
type awayFrom struct {
	client *livestatus.Client
	sites  []string // nil: all
}

// Query implements [lql.Querier]. Sites that the other end calls old or missing
// are so in the result's Parts; data of the others counts as of now.
func (a awayFrom) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	asked := time.Now()
	q = q.Clone()
	if a.sites != nil {
		q.Backends = a.sites
	}
	q.Format, q.FormatSet = lql.WrappedJSON, true
	res, err := a.client.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, key := range a.sites {
		if !slices.ContainsFunc(res.Parts, func(p lql.Part) bool { return p.Key == key }) {
			res.Parts = append(res.Parts, lql.Part{Key: key, Taken: asked})
		}
	}
	return res, nil
}
