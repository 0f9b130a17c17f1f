package query_test

import (
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

// TestCache: the same query is answered once, for viewers who see the same,
// until a site changes, a second has passed, or memory is short.
func TestCache(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "S"})
	setState(t, site, "h1", 0)
	now := time.Unix(1_790_000_000, 0)
	o := query.Options{Fleet: fleet, Now: func() time.Time { return now }}
	e := query.New(o)
	ask := func(v access.Viewer) *lql.Result {
		t.Helper()
		res, err := e.For(v).Query(t.Context(), lql.Get("hosts", "name", "state"))
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := ask(all)
	if ask(all) != first {
		t.Error("the same query was run again")
	}
	if ask(access.Viewer{}).Rows != 0 {
		t.Error("another viewer got the answer of one who sees all")
	}
	setState(t, site, "h1", 2)
	second := ask(all)
	if second == first || second.Int(0, "state") != 2 {
		t.Error("an answer outlived its data")
	}
	site.SetHealth(store.Health{State: store.Down, Cause: "gone"})
	third := ask(all)
	if third == second || third.Parts[0].Err == "" {
		t.Error("an answer does not say that its site is down")
	}
	now = now.Add(2 * time.Second)
	fourth := ask(all)
	if fourth == third {
		t.Error("an answer is two seconds old")
	}
	e.Shrink()
	if ask(all) == fourth {
		t.Error("an answer was kept while memory is short")
	}
	o.NoCache = true
	e = query.New(o)
	if fifth := ask(all); ask(all) == fifth {
		t.Error("a cache that is switched off answered")
	}
}
