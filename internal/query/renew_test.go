package query_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
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

// loud fails a test in which the engine logs something: a renewal that breaks
// is logged and the answer found anew.
type loud struct {
	slog.Handler
	t *testing.T
}

func (l loud) Handle(_ context.Context, r slog.Record) error {
	l.t.Errorf("%s", r.Message)
	r.Attrs(func(a slog.Attr) bool { l.t.Log(a); return true })
	return nil
}

// renewed are the tables of which answers are brought up to date.
var renewed = []string{"hosts", "services", "comments", "downtimes", "contacts", "contactgroups", "hostgroups", "servicegroups", "commands", "timeperiods"}

// stir changes some rows of a site as a core would.
func stir(t *rapid.T, site *store.Site, w testkit.World) {
	b := site.Begin()
	change := func(table string, most int, fields ...string) {
		st, _ := schema.Lookup(table)
		columns := append(slices.Clone(st.Keys), fields...)
		r := b.Update(table)
		if err := r.Columns(columns...); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, most).Draw(t, table) {
			at := rapid.IntRange(0, len(w[table])-1).Draw(t, "row")
			row := maps.Clone(w[table][at])
			if rapid.Bool().Draw(t, "state") {
				row["state"] = int64(rapid.IntRange(0, 2).Draw(t, "is"))
				row["acknowledged"] = int64(rapid.IntRange(0, 1).Draw(t, "acked"))
				row["last_state_change"] = row["last_state_change"].(int64) + int64(rapid.IntRange(0, 9).Draw(t, "later"))
			}
			if rapid.IntRange(0, 20).Draw(t, "people") == 0 {
				row["contacts"] = rapid.SampledFrom([][]string{{}, {"admin"}, {"anna", "bernd"}}).Draw(t, "contacts")
			}
			row["plugin_output"] = "stirred " + rapid.StringMatching("[a-z]{1,3}").Draw(t, "output")
			row["last_check"] = row["last_check"].(int64) + 60
			row["latency"] = row["latency"].(float64) + 0.25
			w[table][at] = row
			feedRow(r, columns, row)
		}
	}
	fields := []string{"state", "acknowledged", "last_state_change", "contacts", "plugin_output", "last_check", "latency"}
	change("services", 12, fields...)
	change("hosts", 2, fields...)
	switch rapid.IntRange(0, 12).Draw(t, "besides") {
	case 0:
		b.Delete("comments", keyOf("comments", w["comments"][0]))
	case 1:
		site.SetHealth(store.Health{State: store.Late, Cause: "slow"})
	case 2:
		site.SetHealth(store.Health{State: store.Fresh})
	}
	if _, err := b.Commit(clock); err != nil {
		t.Fatal(err)
	}
}

func keyOf(table string, row map[string]any) string {
	st, _ := schema.Lookup(table)
	var parts []string
	for _, k := range st.Keys {
		parts = append(parts, flat(row[k]))
	}
	return store.Key(parts...)
}

// TestRenewed: answers that are brought up to date are those of an engine that
// finds each anew.
func TestRenewed(t *testing.T) {
	_, fleet, _ := newWorld(t, 12)
	var worlds []testkit.World
	var sites []*store.Site
	for _, sv := range fleet.View().Sites {
		core := testkit.NewCore(testkit.Options{Name: sv.Info.Name, Hosts: 12, Seed: uint64(7 + len(sites)), Now: func() time.Time { return clock }})
		w := testkit.World{}
		for _, name := range renewed {
			w[name] = core.Rows(name)
		}
		if err := core.Close(); err != nil {
			t.Fatal(err)
		}
		sites, worlds = append(sites, fleet.Add(sv.Info)), append(worlds, w)
	}
	keeps := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }, Log: slog.New(loud{slog.DiscardHandler, t})})
	anew := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }, NoCache: true})
	fleet.OnChange(keeps.Note)
	known := func(schema.Ref) bool { return false }
	rapid.Check(t, func(t *rapid.T) {
		table, _ := schema.Lookup(rapid.SampledFrom(slices.Concat([]string{"hosts", "services", "hosts", "services"}, renewed)).Draw(t, "table"))
		g := &requests{t, worlds[0], table, names(table, worlds[0], known)}
		text, _ := g.request()
		q, err := lql.Parse(text)
		if err != nil {
			t.Skip(err)
		}
		if len(q.Stats) == 0 {
			q.Tally = []lql.Filter{lql.Eq("state", "0"), lql.AndOf(lql.Cmp("state", lql.NotEqual, "0"), lql.Eq("acknowledged", "1"))}
		}
		v := rapid.SampledFrom([]access.Viewer{all, {Contacts: map[string]string{"*": "admin"}}, {Contacts: map[string]string{"*": "anna"}, Services: access.Strict}, {Contacts: map[string]string{"s1": "bernd"}}}).Draw(t, "viewer")
		for range rapid.IntRange(2, 5).Draw(t, "steps") {
			for i, site := range sites {
				if rapid.IntRange(0, 2).Draw(t, "moves") > 0 {
					stir(t, site, worlds[i])
				}
			}
			got, err := keeps.For(v).Query(keeps.Pin()(t.Context()), q)
			want, wantErr := anew.For(v).Query(anew.Pin()(t.Context()), q)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%s\nerror %v, want %v", text, err, wantErr)
			}
			if err != nil {
				return
			}
			if got.Total != want.Total || !slices.Equal(got.Tally, want.Tally) || !slices.Equal(flatResult(got), flatResult(want)) {
				t.Fatalf("%s\ngives %d %v %q\nwant %d %v %q", text, got.Total, got.Tally, flatResult(got), want.Total, want.Tally, flatResult(want))
			}
			if !slices.Equal(got.Parts, want.Parts) {
				t.Fatalf("parts %v, want %v", got.Parts, want.Parts)
			}
		}
	})
	if keeps.Renewed() == 0 {
		t.Error("no answer was brought up to date")
	}
}
