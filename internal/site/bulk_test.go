package site_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/query"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// A counted store counts the transactions of items.
type counted struct {
	*db.DB
	writes, items atomic.Int64
}

func (c *counted) SetOrderItems(ctx context.Context, items []db.OrderItem, ended ...int64) error {
	c.writes.Add(1)
	c.items.Add(int64(len(items)))
	return c.DB.SetOrderItems(ctx, items, ended...)
}

// untilSeen waits until all of an order is seen, and returns how long after
// began all of it was sent.
func untilSeen(b *testing.B, desk *command.Desk, id int64, began time.Time, all int) (sent time.Duration) {
	b.Helper()
	for {
		r, err := desk.Report(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		if sent == 0 && r.Counts[command.Accepted]+r.Counts[command.Sending] == 0 {
			sent = time.Since(began)
		}
		if r.Open() == 0 {
			if r.Counts[command.Seen] != all {
				b.Fatalf("%v", r.Counts)
			}
			return sent
		}
		<-desk.Changed()
	}
}

// BenchmarkBulkOrder gives orders for 10,000 services of 50 Naemons in another
// process, at the rate that is shipped, and measures until all are sent and
// seen.
func BenchmarkBulkOrder(b *testing.B) {
	hub, fleet := live.NewHub(), store.NewFleet(store.Options{})
	fleet.OnChange(func(c store.Change) {
		hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	m := site.NewManager(site.Options{Fleet: fleet})
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		m.Stop(ctx)
	}()
	m.Apply(otherCores(b, 50, testkit.Naemon, 20))
	engine := query.New(query.Options{Fleet: fleet})
	var targets []command.Target
	for len(targets) < 10_000 {
		var err error
		if targets, err = everyService(b.Context(), engine); err != nil {
			b.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // all are read
	}
	opened, err := db.Open(b.Context(), b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	kept := &counted{DB: opened}
	desk := command.New(command.Options{Store: kept, Engine: engine, Sites: m, Hub: hub, Policy: command.DefaultPolicy()})
	if err := desk.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer func() {
		desk.Stop()
		if err := opened.Close(); err != nil {
			b.Error(err)
		}
	}()
	who := command.Actor{Name: "eva", Role: access.RoleOperator, Viewer: access.Viewer{All: true}, Via: "test"}
	var given, sent, seen, cpu time.Duration
	n := 0
	for b.Loop() {
		n++
		began, used := time.Now(), cpuTime(b)
		id, err := desk.Give(b.Context(), who, command.Order{Command: "ADD_SVC_COMMENT", Targets: targets, Args: map[string]string{"persistent": "1", "comment": fmt.Sprintf("bulk %d", n)}})
		if err != nil {
			b.Fatal(err)
		}
		given += time.Since(began)
		allSent := untilSeen(b, desk, id, began, len(targets))
		sent, seen, cpu = sent+allSent, seen+time.Since(began), cpu+cpuTime(b)-used
	}
	per := float64(n)
	b.ReportMetric(given.Seconds()/per, "given-s")
	b.ReportMetric(sent.Seconds()/per, "sent-s")
	b.ReportMetric(seen.Seconds()/per, "seen-s")
	b.ReportMetric(cpu.Seconds()/per, "cpu-s")
	b.ReportMetric(float64(kept.writes.Load())/per, "commits")
	b.ReportMetric(float64(kept.items.Load())/per, "writes")
}
