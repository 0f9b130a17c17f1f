package query_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// moved returns a world in which many objects have other results.
func moved(w testkit.World) testkit.World {
	out := maps.Clone(w)
	for _, table := range []string{"hosts", "services"} {
		out[table] = slices.Clone(w[table])
		for i, row := range out[table] {
			if i%3 == 0 {
				continue
			}
			row = maps.Clone(row)
			row["state"] = int64(i % 2)
			row["plugin_output"] = "moved " + row["plugin_output"].(string)
			row["last_check"] = row["last_check"].(int64) + 60
			row["latency"] = row["latency"].(float64) + 0.25
			row["is_flapping"] = int64(i % 5 / 4)
			out[table][i] = row
		}
	}
	return out
}

// keepMoving moves hosts and services of a site between two worlds until ctx
// ends.
func keepMoving(ctx context.Context, t *testing.T, site *store.Site, worlds [2]testkit.World) {
	names := []string{"state", "plugin_output", "last_check", "latency", "is_flapping"}
	for at := 1; ctx.Err() == nil; at = 1 - at {
		b := site.Begin()
		for _, table := range []string{"hosts", "services"} {
			st, _ := schema.Lookup(table)
			columns := append(slices.Clone(st.Keys), names...)
			r := b.Update(table)
			if err := r.Columns(columns...); err != nil {
				t.Error(err)
				return
			}
			for _, row := range worlds[at][table] {
				feedRow(r, columns, row)
			}
		}
		if _, err := b.Commit(clock); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestAgainstNaiveEvaluatorDuringUpdates: random queries run while a writer
// moves a site between two worlds as fast as it can. Each answer is that of one
// of the two, and so is one that is encoded after the next update.
func TestAgainstNaiveEvaluatorDuringUpdates(t *testing.T) {
	core := testkit.NewCore(testkit.Options{Name: "Wien", Hosts: 12, Seed: 7})
	var worlds [2]testkit.World
	worlds[0] = testkit.World{}
	tables := []string{"hosts", "services", "comments", "downtimes"}
	for _, st := range schema.Tables() {
		if st.Source != schema.FromCore {
			continue
		}
		worlds[0][st.Name] = core.Rows(st.Name)
		sortRows(st, worlds[0][st.Name])
		for _, row := range worlds[0][st.Name] {
			row["peer_key"], row["peer_name"], row["peer_section"] = "s", "Wien", ""
		}
	}
	if err := core.Close(); err != nil {
		t.Fatal(err)
	}
	worlds[1] = moved(worlds[0])
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "Wien"})
	feedSite(t, site, worlds[0])
	e := newEngine(fleet).For(all)

	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		keepMoving(ctx, t, site, worlds)
	})
	defer writer.Wait()
	defer stop()
	derived := func(ref schema.Ref) bool { return moves(ref.Column.Name) || ref.Column.Class == schema.Derived }
	rapid.Check(t, func(t *rapid.T) {
		table, _ := schema.Lookup(rapid.SampledFrom(tables).Draw(t, "table"))
		g := &requests{t: t, w: worlds[0], table: table, names: names(table, worlds[0], derived)}
		text, ordered := g.request()
		q, err := lql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		res, err := e.Query(context.Background(), q)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := flatResult(res)
		if !ordered {
			slices.Sort(got)
		}
		for _, w := range worlds {
			_, rows, _, err := testkit.Evaluate(w, text, testkit.Rights{})
			if err != nil {
				t.Fatalf("%s: naive: %v", text, err)
			}
			want := flatRows(rows)
			if !ordered {
				slices.Sort(want)
			}
			if slices.Equal(got, want) {
				return
			}
		}
		t.Fatalf("%s\nthe answer of %d rows is of neither world", text, len(got))
	})
}
