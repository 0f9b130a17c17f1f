package contract_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/internal/site"
	"belvedere/internal/store"
)

// TestMain has many more tests run at once than there are processors, as they
// wait for cores nearly all the time, and fails if any goroutine outlives them.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("12"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

// patience is how long anything may take, on a machine that others use too.
const patience = 90 * time.Second

// siteKey is that of the only site of a fleet.
const siteKey = "a"

// follow runs a site of its own.
func follow(t *testing.T, w opened) (*site.Manager, *store.Fleet) {
	t.Helper()
	fleet := store.NewFleet(store.Options{})
	w.options.Fleet = fleet
	m := site.NewManager(w.options)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		m.Stop(ctx)
	})
	w.spec.Key, w.spec.Name = siteKey, "A"
	m.Apply([]site.Spec{w.spec})
	until(t, "the site is read", func() bool { return state(fleet) == store.Fresh })
	return m, fleet
}

// state is that of the only site.
func state(fleet *store.Fleet) store.HealthState {
	if len(fleet.View().Sites) != 1 {
		return store.Pending
	}
	return fleet.View().Sites[0].Health.State
}

// until polls a condition, for as long as patience lasts.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
