package query_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// walked are columns of services of every kind, with and without a join.
var walked = []string{
	"state", "description", "host_name", "plugin_output", "latency", "last_check", "groups", "contacts", "host_groups", "host_parents",
	"comments", "downtimes", "modified_attributes_list", "custom_variables", "host_custom_variables", "owner", "staleness", "contact_groups",
}

// aService draws a service whose values are often those of others.
func aService(t *rapid.T, host, description string) map[string]any {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", "\xc3\xa9", "\xff"}), 0, 3)
	return map[string]any{
		"host_name": host, "description": description,
		"state":         rapid.Int64Range(0, 3).Draw(t, "state"),
		"latency":       rapid.SampledFrom([]float64{0, -0.5, 1.0 / 3, 1e9}).Draw(t, "latency"),
		"last_check":    clock.Unix() - rapid.Int64Range(0, 3).Draw(t, "age"),
		"plugin_output": rapid.SampledFrom([]string{"", "it's", strings.Repeat("\xc3\xa9", 300), strings.Repeat("\xc3\xa9", 300) + "x", "a", "b"}).Draw(t, "output"),
		"contacts":      names.Draw(t, "contacts"), "groups": []string{}, "contact_groups": names.Draw(t, "contact groups"),
		"custom_variables": []schema.Pair{{Name: "RACK", Value: rapid.SampledFrom([]string{"", "it's", "\xff"}).Draw(t, "rack")}},
	}
}

// feedServices makes a site have these services.
func feedServices(t testing.TB, site *store.Site, services map[string]map[string]any) {
	w := testkit.World{"status": {{"program_start": int64(1)}}, "hosts": {}, "services": {}}
	hosts := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(services)) {
		row := services[key]
		w["services"] = append(w["services"], row)
		if host := row["host_name"].(string); !hosts[host] {
			hosts[host] = true
			w["hosts"] = append(w["hosts"], map[string]any{"name": host, "parents": []string{}, "custom_variables": []schema.Pair{{Name: "RACK", Value: host}}})
		}
	}
	for _, name := range []string{"hosts", "services"} {
		st, _ := schema.Lookup(name)
		sortRows(st, w[name])
	}
	feedSite(t, site, w)
}

// TestWalk: whoever reads a list page by page, in any order, meets every row
// that stays as it is exactly once, and no row twice that keeps its place,
// whatever comes, goes and changes in between.
func TestWalk(tb *testing.T) {
	rapid.Check(tb, func(t *rapid.T) {
		fleet := store.NewFleet(store.Options{})
		var sites []*store.Site
		var now []map[string]map[string]any
		for _, key := range []string{"a", "b"} {
			sites = append(sites, fleet.Add(store.SiteInfo{Key: key, Name: key}))
			now = append(now, map[string]map[string]any{})
		}
		draw := func() (int, string, map[string]any) {
			host, description := rapid.SampledFrom([]string{"h1", "h2", "h3", "\xff"}).Draw(t, "host"), rapid.SampledFrom([]string{"s1", "s2", "s3", "s4"}).Draw(t, "service")
			return rapid.IntRange(0, 1).Draw(t, "site"), host + "/" + description, aService(t, host, description)
		}
		for range rapid.IntRange(0, 25).Draw(t, "rows") {
			site, key, row := draw()
			now[site][key] = row
		}
		order := []lql.Sort{}
		for range rapid.IntRange(1, 2).Draw(t, "keys") {
			k := lql.Sort{Column: rapid.SampledFrom(walked).Draw(t, "column"), Desc: rapid.Bool().Draw(t, "desc"), Prefix: rapid.SampledFrom([]int{0, 1, 200}).Draw(t, "prefix")}
			if strings.HasSuffix(k.Column, "custom_variables") {
				k.Arg = "RACK"
			}
			order = append(order, k)
		}
		order = append(order, lql.Sort{Column: "host_name"}, lql.Sort{Column: "description"}, lql.Sort{Column: "peer_key"})
		e := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }}).For(access.Viewer{All: true})
		stays := map[string]bool{}
		for i := range sites {
			feedServices(tb, sites[i], now[i])
			for key := range now[i] {
				stays[sites[i].Info().Key+"/"+key] = true
			}
		}
		seen := map[string]int{}
		var last lql.Place
		for pages := 0; ; pages++ {
			q := lql.Get("services", "peer_key", "host_name", "description")
			for _, k := range order {
				if !slices.Contains(q.Columns, k.Column) {
					q.Columns = append(q.Columns, k.Column)
				}
			}
			q.Sort, q.Limit, q.After = order, rapid.IntRange(1, 4).Draw(t, "limit"), last
			res, err := e.Query(tb.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for i := range res.Rows {
				seen[res.Text(i, "peer_key")+"/"+res.Text(i, "host_name")+"/"+res.Text(i, "description")]++
				last = nil
				for _, k := range order {
					last = append(last, k.Key(res.Column(k.Column), i))
				}
			}
			if res.Total <= q.Limit {
				break
			}
			if pages > 20 { // a row that is put before the reader again and again is read again
				continue
			}
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				site, key, row := draw()
				delete(stays, sites[site].Info().Key+"/"+key)
				if rapid.Bool().Draw(t, "gone") {
					delete(now[site], key)
				} else {
					now[site][key] = row
				}
			}
			for i := range sites {
				feedServices(tb, sites[i], now[i])
			}
		}
		for key := range stays {
			if seen[key] != 1 {
				t.Errorf("%s was met %d times in the order of %v", key, seen[key], order)
			}
		}
	})
}

// TestUntil: a page with both ends is what lies between two places.
func TestUntil(t *testing.T) {
	e, _, _ := newWorld(t, 12)
	for _, column := range []string{"groups", "plugin_output", "last_check", "owner"} {
		q := lql.Get("services", column, "host_name", "description", "peer_key")
		q.Sort = []lql.Sort{{Column: column, Prefix: 3, Desc: true}, {Column: "host_name"}, {Column: "description"}, {Column: "peer_key"}}
		all, err := e.For(access.Viewer{All: true}).Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		at := func(row int) (p lql.Place) {
			for _, k := range q.Sort {
				p = append(p, k.Key(all.Column(k.Column), row))
			}
			return p
		}
		part := q.Clone()
		part.After, part.Until = at(9), at(29)
		got, err := e.For(access.Viewer{All: true}).Query(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		part.After, part.First = nil, at(10)
		again, err := e.For(access.Viewer{All: true}).Query(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(flatResult(again), flatResult(got)) {
			t.Errorf("by %s: from a place on are\n%q, behind the one before it\n%q", column, flatResult(again), flatResult(got))
		}
		if want := flatResult(all)[10:30]; got.Total != 20 || !slices.Equal(flatResult(got), want) {
			t.Errorf("by %s: %d rows between two places\n%q, want\n%q", column, got.Total, flatResult(got), want)
		}
	}
	q := lql.Get("services", "description")
	q.After = lql.Place{"x"}
	if _, err := e.For(access.Viewer{All: true}).Query(t.Context(), q); err == nil {
		t.Error("a place without an order is answered")
	}
}
