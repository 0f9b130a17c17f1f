package query_test

import (
	"context"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/memory"
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

// TestPin: under a context of a pin the fleet stands still, and answers are
// shared although sites change.
func TestPin(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "S"})
	setState(t, site, "h1", 1)
	e := query.New(query.Options{Fleet: fleet})
	ask := func(ctx context.Context) *lql.Result {
		t.Helper()
		res, err := e.For(all).Query(ctx, lql.Get("hosts", "name", "state"))
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	then := e.Pin()(t.Context())
	first := ask(then)
	setState(t, site, "h1", 2)
	second := ask(then)
	if second != first || second.Int(0, "state") != 1 {
		t.Errorf("state %d of a fleet that was pinned at 1", second.Int(0, "state"))
	}
	if now := ask(t.Context()); now.Int(0, "state") != 2 {
		t.Errorf("state %d, want 2", now.Int(0, "state"))
	}
	if now := ask(e.Pin()(t.Context())); now.Int(0, "state") != 2 {
		t.Errorf("state %d of a later pin, want 2", now.Int(0, "state"))
	}
}

// TestCacheOfOneSite: an answer about one site outlives changes of others, not
// of its own.
func TestCacheOfOneSite(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	one, other := fleet.Add(store.SiteInfo{Key: "s", Name: "S"}), fleet.Add(store.SiteInfo{Key: "t", Name: "T"})
	setState(t, one, "h1", 1)
	setState(t, other, "h1", 1)
	e := query.New(query.Options{Fleet: fleet})
	ask := func() *lql.Result {
		t.Helper()
		q := lql.Get("hosts", "name", "state")
		q.Backends = []string{"s"}
		res, err := e.For(all).Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := ask()
	setState(t, other, "h1", 2)
	if ask() != first {
		t.Error("an answer about one site was computed again when another changed")
	}
	setState(t, one, "h1", 2)
	if got := ask(); got.Int(0, "state") != 2 {
		t.Error("an answer outlived its data")
	}
}

// TestCacheUnderPressure: short memory empties what the engine keeps, through
// the budget that the program has.
func TestCacheUnderPressure(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	setState(t, fleet.Add(store.SiteInfo{Key: "s", Name: "S"}), "h1", 1)
	now := time.Unix(1_790_000_000, 0)
	e := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return now }})
	used := int64(10)
	budget := memory.New(100, func() int64 { return used })
	budget.OnPressure(e.Shrink)
	ask := func() *lql.Result {
		t.Helper()
		res, err := e.For(access.Viewer{Contacts: map[string]string{"*": "anna"}}).Query(t.Context(), lql.Get("hosts", "name"))
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := ask()
	if err := budget.Room(1); err != nil || ask() != first {
		t.Fatalf("the cache was emptied without need (%v)", err)
	}
	if answers, contacts := e.Kept(); answers == 0 || contacts == 0 {
		t.Fatalf("%d answers and %d contacts kept", answers, contacts)
	}
	used = 99
	if err := budget.Room(1); err == nil {
		t.Fatal("there is room where there is none")
	}
	if answers, contacts := e.Kept(); answers != 0 || contacts != 0 {
		t.Errorf("%d answers and %d contacts kept under pressure", answers, contacts)
	}
	if ask() == first {
		t.Error("an answer was kept while memory is short")
	}
}

// TestSiteFilter: a filter that names a site has the others not looked at, and
// all of them in the parts of the answer.
func TestSiteFilter(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	for _, key := range []string{"s", "t", "u"} {
		setState(t, fleet.Add(store.SiteInfo{Key: key, Name: "site " + key}), "h1", 1)
	}
	e := query.New(query.Options{Fleet: fleet})
	is := func(key string) lql.Filter { return lql.Eq("peer_key", key) }
	for _, tt := range []struct {
		filter        lql.Filter
		rows, scanned int
	}{
		{is("t"), 1, 1},
		{lql.Eq("peer_name", "site u"), 1, 1},
		{lql.AndOf(is("t"), lql.Eq("name", "h1")), 1, 1},
		{lql.OrOf(is("t"), is("u")), 2, 2},
		{lql.OrOf(is("t"), lql.Eq("name", "h1")), 3, 3},
		{lql.NotOf(is("t")), 2, 3},
		{lql.Cmp("peer_key", lql.NotEqual, "t"), 2, 3},
		{is("none"), 0, 0},
	} {
		res, err := e.For(all).Query(t.Context(), lql.Get("hosts", "name", "peer_key").Where(tt.filter))
		if err != nil || res.Rows != tt.rows || res.Scanned != tt.scanned || len(res.Parts) != 3 {
			t.Errorf("%v: %d rows of %d, %d parts, %v; want %d of %d", tt.filter, res.Rows, res.Scanned, len(res.Parts), err, tt.rows, tt.scanned)
		}
	}
}
