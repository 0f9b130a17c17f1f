package command

import (
	"context"
	"fmt"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// busySites are reached, but no command for a leaves: each attempt waits for its
// turn and fails.
type busySites struct {
	began chan struct{}
	turn  chan struct{}
}

func (s *busySites) Send(ctx context.Context, site string, _ lql.Command) error {
	if site != "a" {
		return nil
	}
	s.began <- struct{}{}
	select {
	case <-s.turn:
	case <-ctx.Done():
	}
	return &livestatus.Error{Kind: livestatus.KindRefused, Cause: "Nothing listens there."}
}

func (*busySites) Ask(context.Context, string, *lql.Query) (*lql.Result, error) { return nil, nil }

func (*busySites) Implementation(string) (schema.Cores, bool) { return schema.Naemon, true }

// hostsAt is a fleet of sites that are well, with some hosts each.
func hostsAt(t *testing.T, n map[string]int) (*store.Fleet, []Target) {
	t.Helper()
	f := store.NewFleet(store.Options{})
	var targets []Target
	for key, hosts := range n {
		s := f.Add(store.SiteInfo{Key: key, Name: key})
		b := s.Begin()
		rows := b.Replace("hosts")
		if err := rows.Columns("name"); err != nil {
			t.Fatal(err)
		}
		for i := range hosts {
			name := fmt.Sprintf("host%d", i)
			rows.Text(0, []byte(name))
			if err := rows.EndRow(); err != nil {
				t.Fatal(err)
			}
			targets = append(targets, Target{Site: key, Host: name})
		}
		if _, err := b.Commit(time.Now()); err != nil {
			t.Fatal(err)
		}
		s.SetHealth(store.Health{State: store.Fresh})
	}
	return f, targets
}

// TestCancelUnderWay: what is under way when an order is taken back, and then
// does not leave, is taken back with the rest, counted once, and the audit says
// how the order ended.
func TestCancelUnderWay(t *testing.T) {
	fleet, targets := hostsAt(t, map[string]int{"a": 15, "b": 3})
	kept, err := db.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sites, hub := &busySites{began: make(chan struct{}, 100), turn: make(chan struct{})}, live.NewHub()
	d := New(Options{Store: kept, Engine: query.New(query.Options{Fleet: fleet}), Sites: sites, Hub: hub, Policy: DefaultPolicy(), SeenWithin: time.Second})
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		d.Stop()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	}()
	who := Actor{ID: 1, Name: "eva", Role: access.RoleOperator, Viewer: access.Viewer{All: true}}
	id, err := d.Give(t.Context(), who, Order{Command: "ADD_HOST_COMMENT", Targets: targets, Hold: time.Millisecond, Args: map[string]string{"persistent": "0", "comment": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	<-sites.began
	for r, err := d.Report(t.Context(), id); r.Counts[Sent] < 3; r, err = d.Report(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
	}
	// The first batch of a has what was waiting when it was made up: one or more.
	if n, err := d.Cancel(t.Context(), who, id); err != nil || n < 15-batchMost || n > 14 {
		t.Errorf("%d taken back, %v", n, err)
	}
	close(sites.turn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := d.Wait(ctx, id)
	if err != nil || r.Counts[Cancelled] != 15 || r.Counts[Unknown] != 3 {
		t.Errorf("%v %v", r.Counts, err)
	}
	log, err := kept.AuditLog(t.Context(), db.AuditQuery{Action: "order.end"})
	if err != nil || len(log) != 1 || log[0].Result != "cancelled 15, unknown 3" {
		t.Errorf("the audit says %+v, %v", log, err)
	}
	if len(sites.began) > 0 {
		t.Error("it was tried again")
	}
}
