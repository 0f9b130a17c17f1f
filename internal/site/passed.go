package site

import (
	"context"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// Passed answers a query for a table that is not kept, log or statehist, by
// asking the core.
func (m *Manager) Passed(ctx context.Context, siteKey string, q *lql.Query) (*lql.Result, error) {
	s, err := m.find(siteKey)
	if err != nil {
		return nil, err
	}
	ses, err := s.session()
	if err != nil {
		return nil, err
	}
	return ses.client.Query(livestatus.WithPriority(ctx, livestatus.PersonPriority), q)
}
