package query_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/lql"
)

// TestTally compares what is counted besides the rows with what a query that
// only counts finds, for all orders, limits and viewers, and through the cache.
func TestTally(t *testing.T) {
	e, _, _ := newWorld(t, 80)
	tally := []lql.Filter{
		lql.AndOf(lql.Eq("state", "0"), lql.Eq("has_been_checked", "1")), lql.Eq("state", "2"), lql.Cmp("plugin_output", lql.MatchFold, "ok"), lql.OrOf(), lql.AndOf(),
	}
	for name, viewer := range map[string]lql.Querier{"all": e.For(all), "contact": e.For(access.Viewer{Contacts: map[string]string{"*": "alice"}})} {
		for i, where := range []lql.Filter{lql.AndOf(), lql.Cmp("description", lql.MatchFold, "a"), lql.Cmp("state", lql.Greater, "0"), lql.OrOf()} {
			counts := lql.Get("services").Where(where)
			for _, f := range tally {
				counts.Count(f)
			}
			res, err := viewer.Query(context.Background(), counts)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]int, len(tally))
			for k := range want {
				want[k] = int(res.Vectors[k].Int(0))
			}
			for _, sort := range []string{"", "description", "-state", "-last_state_change", "plugin_output"} {
				for _, limit := range []int{0, 3, lql.NoLimit} {
					q := lql.Get("services", "description", "state").Where(where)
					if sort != "" {
						q.OrderBy(sort)
					}
					q.Limit = limit
					what := fmt.Sprintf("%s, filter %d by %q, limit %d", name, i, sort, limit)
					if res, err := viewer.Query(context.Background(), q); err != nil || res.Tally != nil {
						t.Fatalf("%s: nothing was to be counted: %v %v", what, res.Tally, err)
					}
					q.Tally = tally
					if res, err := viewer.Query(context.Background(), q); err != nil || !slices.Equal(res.Tally, want) {
						t.Errorf("%s: counted %v, want %v; %v", what, res.Tally, want, err)
					}
				}
			}
		}
	}
}
