package matrix_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/site"
	"belvedere/internal/store"
)

const (
	siteKey = "a"
	author  = "eva"
	// seenWithin is how long the desk waits for an effect to show.
	seenWithin = time.Minute
	patience   = time.Minute
)

// A bench is a desk over one core.
type bench struct {
	engine  *query.Engine
	desk    *command.Desk
	who     command.Actor
	refresh func()
}

// newBench makes the desk over a fleet that is fed, and the sites that orders
// go to.
func newBench(t *testing.T, fleet *store.Fleet, sites command.Sites, refresh func()) *bench {
	t.Helper()
	d, err := db.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hub := live.NewHub()
	fleet.OnChange(func(c store.Change) {
		hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	all := []access.Role{access.RoleAdmin}
	b := &bench{engine: query.New(query.Options{Fleet: fleet}), refresh: refresh,
		who: command.Actor{Name: author, Role: access.RoleAdmin, Viewer: access.Viewer{All: true}, Via: "test"}}
	b.desk = command.New(command.Options{Store: d, Engine: b.engine, Sites: sites, Hub: hub, Rate: 1000, SeenWithin: seenWithin,
		Policy: command.Policy{Ordinary: all, Configuring: all, Dangerous: all}})
	if err := b.desk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.desk.Stop()
		hub.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// livestatusBench is a bench over a core that speaks Livestatus.
func livestatusBench(t *testing.T, address string) *bench {
	t.Helper()
	return siteBench(t, site.Spec{Addresses: []string{address}}, site.Options{})
}

// siteBench is a bench over the core of a site.
func siteBench(t *testing.T, spec site.Spec, o site.Options) *bench {
	t.Helper()
	spec.Key, spec.Name = siteKey, "A"
	fleet := store.NewFleet(store.Options{})
	o.Fleet = fleet
	m := site.NewManager(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		m.Stop(ctx)
	})
	m.Apply([]site.Spec{spec})
	until(t, "the site is read", func() bool { return len(fleet.View().Sites) == 1 && fleet.View().Sites[0].Health.State == store.Fresh })
	return newBench(t, fleet, m, func() { m.Refresh(siteKey) })
}

// until polls a condition, for as long as patience lasts.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// all sees everything there is.
func (b *bench) all() lql.Querier { return b.engine.For(access.Viewer{All: true}) }

// count returns the number a query of one count answers.
func (b *bench) count(t *testing.T, q *lql.Query) int64 {
	t.Helper()
	res, err := b.all().Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if res.Rows == 0 {
		return 0
	}
	return res.Vectors[0].Int(0)
}

// give gives the order of a trial; wait says how it ended.
func (b *bench) give(t *testing.T, k *trial) (wait func() command.Item, err error) {
	t.Helper()
	o := k.order(siteKey)
	if table := k.entryTable(); table != "" {
		e, err := b.entry(t, k, table)
		if err != nil {
			return nil, err
		}
		o.Targets[0].Entry = e
	}
	id, err := b.desk.Give(t.Context(), b.who, o)
	if err != nil {
		return nil, err
	}
	return func() command.Item {
		ctx, cancel := context.WithTimeout(t.Context(), seenWithin+patience)
		defer cancel()
		if _, err := b.desk.Wait(ctx, id); err != nil {
			t.Fatal(err)
		}
		items, err := b.desk.Items(t.Context(), id, 0, 2)
		if err != nil || len(items) != 1 {
			t.Fatalf("%s: %v %v", k.def.Name, items, err)
		}
		return items[0]
	}, nil
}

// entry finds the comment or downtime that a trial deletes.
func (b *bench) entry(t *testing.T, k *trial, table string) (*command.Entry, error) {
	t.Helper()
	columns := []string{"author", "comment", "entry_time"}
	if table == "downtimes" {
		columns = append(columns, "start_time")
	}
	res, err := b.all().Query(t.Context(), lql.Get(table, columns...).Where(lql.Eq("comment", k.text()), lql.Eq("host_name", k.n.host)))
	if err != nil || res.Rows != 1 {
		return nil, fmt.Errorf("%d rows in %s for %s: %w", res.Rows, table, k.def.Name, err)
	}
	e := &command.Entry{Author: res.Text(0, "author"), Text: res.Text(0, "comment"), At: res.Int(0, "entry_time")}
	if table == "downtimes" {
		e.Start = res.Int(0, "start_time")
	}
	return e, nil
}
