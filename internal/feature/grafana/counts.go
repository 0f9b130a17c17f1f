package grafana

import (
	"cmp"
	"context"
	"slices"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/search"
)

// A Count is how many hosts or services of a site are in a state.
type Count struct {
	Site    string `json:"site"`
	Kind    string `json:"kind"` // host or service
	State   string `json:"state"`
	Handled bool   `json:"handled"` // acknowledged, in a downtime, or explained by what is above
	N       int64  `json:"count"`
}

// stateNames are the words for the states of a table, by number.
func stateNames(table string) []string {
	if table == "hosts" {
		return []string{"up", "down", "unreachable"}
	}
	return []string{"ok", "warning", "critical", "unknown"}
}

// Counts counts hosts or services by site, state and whether they are handled:
// at most 8 rows for a site, of which none but those of problems are handled.
func Counts(ctx context.Context, data lql.Querier, table string, now time.Time) ([]Count, error) {
	handled, err := search.Is("is", "handled").Filter(table, now)
	if err != nil {
		return nil, err
	}
	q := lql.Get(table).Count(lql.AndOf()).Count(handled)
	q.GroupBy = []string{"peer_name", "state", "has_been_checked"}
	res, err := data.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	names := stateNames(table)
	sums := map[Count]int64{}
	for i := range res.Rows {
		c := Count{Site: res.Text(i, "peer_name"), Kind: table[:len(table)-1], State: "pending"}
		if at := res.Int(i, "state"); res.Int(i, "has_been_checked") != 0 && at >= 0 && int(at) < len(names) {
			c.State = names[at]
		}
		rows, known := res.Vectors[3].Int(i), res.Vectors[4].Int(i)
		sums[c] += rows - known
		if c.State != "pending" && c.State != names[0] {
			c.Handled = true
			sums[c] += known
		}
	}
	out := make([]Count, 0, len(sums))
	for c, n := range sums {
		c.N = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		bit := func(x bool) int { return map[bool]int{true: 1}[x] }
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.State, b.State), cmp.Compare(bit(a.Handled), bit(b.Handled)))
	})
	return out, nil
}

// A Group is how many problems the services of a host group have, those of the
// same name on all sites together.
type Group struct {
	Hostgroup string `json:"hostgroup"`
	Unhandled int64  `json:"unhandled"`
	Handled   int64  `json:"handled"`
}

// Groups returns the first most host groups by name, and how many there are.
func Groups(ctx context.Context, data lql.Querier, most int) (groups []Group, total int, err error) {
	q := lql.Get("hostgroups")
	q.Stats = []lql.Stat{{Agg: lql.Sum, Column: "num_services_unhandled_problems"}, {Agg: lql.Sum, Column: "num_services_handled_problems"}}
	q.GroupBy = []string{"name"}
	q.OrderBy("name")
	res, err := data.Query(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	for i := range min(res.Rows, most) {
		groups = append(groups, Group{res.Text(i, "name"), res.Vectors[1].Int(i), res.Vectors[2].Int(i)})
	}
	return groups, res.Rows, nil
}
