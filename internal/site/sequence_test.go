package site_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestSequences follows cores through sequences of anything that can happen to
// one, drawn at random: however it got there, a store that followed is equal
// to one that was read anew.
func TestSequences(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		for n := range rounds(6) {
			seed := uint64(n + 1)
			t.Run(fmt.Sprintf("%s %d", p, seed), func(t *testing.T) {
				t.Parallel()
				sequence(t, p, seed)
			})
		}
	}
}

// TestFarSequences does the same to cores at the end of a long line, which are
// asked for several things at once, and compared piece by piece while they are
// followed.
func TestFarSequences(t *testing.T) {
	t.Parallel()
	for n := range rounds(4) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			core, addr := kitCore(t, testkit.Options{Profile: testkit.Naemon, Hosts: 60, ServicesPerHost: 40, Seed: uint64(n + 1), Churn: 0.02})
			core.Step(time.Now())
			core.SetFault(testkit.Fault{Kind: testkit.Slow, Latency: 60 * time.Millisecond})
			follows(t, core, addr, uint64(n+1))
		})
	}
}

func sequence(t *testing.T, p testkit.Profile, seed uint64) {
	core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 8, ServicesPerHost: 4, Seed: seed, Churn: 0.1})
	core.Step(time.Now())
	follows(t, core, addr, seed)
}

// follows has things happen to a core and looks whether a site follows it.
func follows(t *testing.T, core *testkit.Core, addr string, seed uint64) {
	t.Helper()
	m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	rng := rand.New(rand.NewPCG(seed, 7))
	var done []string
	for range 3 {
		for range 2 + rng.IntN(6) {
			done = append(done, happen(core, rng))
			if rng.IntN(3) == 0 { // let the site see a part of it
				time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
			}
		}
		if !equalsAnew(t, m, fleet, addr) {
			t.Fatalf("after %q", done)
		}
	}
}

// happen makes one thing happen and says which.
func happen(c *testkit.Core, rng *rand.Rand) string {
	services := c.Rows("services")
	s := services[rng.IntN(len(services))]
	host, svc := s["host_name"].(string), s["description"].(string)
	now := time.Now().Unix()
	order := func(format string, args ...any) string {
		line := fmt.Sprintf(format, args...)
		_ = c.Command(line) // some are refused, as by real cores
		return line
	}
	remove := func(table, command string) string {
		rows := c.Rows(table)
		if len(rows) == 0 {
			return "nothing"
		}
		return order("%s;%d", command, rows[rng.IntN(len(rows))]["id"])
	}
	switch rng.IntN(16) {
	case 0, 1:
		c.SetState(host, svc, rng.IntN(4), fmt.Sprintf("sequence %d", rng.IntN(1000)))
		return "state of " + host + " " + svc
	case 2:
		c.SetState(host, "", rng.IntN(2), "sequence")
		return "state of " + host
	case 3:
		return order("ACKNOWLEDGE_SVC_PROBLEM;%s;%s;2;0;1;me;seen", host, svc)
	case 4:
		return order("REMOVE_SVC_ACKNOWLEDGEMENT;%s;%s", host, svc)
	case 5:
		return order("ADD_SVC_COMMENT;%s;%s;1;me;a comment", host, svc)
	case 6:
		return order("ADD_HOST_COMMENT;%s;1;me;a comment", host)
	case 7:
		return remove("comments", "DEL_SVC_COMMENT")
	case 8:
		return order("SCHEDULE_SVC_DOWNTIME;%s;%s;%d;%d;1;0;3600;me;work", host, svc, now-5, now+3600)
	case 9:
		return remove("downtimes", "DEL_SVC_DOWNTIME")
	case 10:
		return order("DISABLE_SVC_NOTIFICATIONS;%s;%s", host, svc)
	case 11:
		return order("DISABLE_HOST_CHECK;%s", host)
	case 12:
		c.AddService(host, fmt.Sprintf("new %d", rng.IntN(100)))
		return "a service came to " + host
	case 13:
		c.Remove(host, svc)
		return "went: " + host + " " + svc
	case 14:
		if rng.IntN(2) == 0 {
			c.Restart()
			return "restart"
		}
		c.Reload()
		return "reload"
	}
	c.Step(time.Now())
	return "checks"
}

// equalsAnew waits until the store is equal to one that was just filled.
func equalsAnew(t *testing.T, m *site.Manager, fleet *store.Fleet, addr string) bool {
	t.Helper()
	fresh := store.NewFleet(store.Options{})
	second := site.NewManager(site.Options{Fleet: fresh})
	defer second.Stop(context.Background())
	second.Apply([]site.Spec{{Key: "a", Name: "A", Addresses: []string{addr}}})
	until(t, soon, "fresh anew", inState(fresh, "a", store.Fresh))
	m.Refresh("a")
	var diffs []string
	for end := time.Now().Add(later); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		diffs = diffs[:0]
		got, want := view(fleet, "a").Snapshot, view(fresh, "a").Snapshot
		for _, table := range sitetest.Tables {
			skip := sitetest.OwnPace
			if table == "hosts" || table == "services" {
				// Naemon numbers these by their place. At a real one only a reload moves
				// them; at a simulated one also a row that comes without one.
				skip = append(slices.Clone(skip), "id")
			}
			diffs = append(diffs, sitetest.Diff(table, sitetest.Rows(want, table), sitetest.Rows(got, table), skip...)...)
		}
		for _, c := range []string{"program_start", "nagios_pid", "enable_notifications"} {
			if a, b := want.Int("status", c, 0), got.Int("status", c, 0); a != b {
				diffs = append(diffs, fmt.Sprintf("status: %s is %d, want %d", c, b, a))
			}
		}
		if len(diffs) == 0 {
			return true
		}
	}
	t.Logf("health %+v", view(fleet, "a").Health)
	sitetest.Report(t, diffs)
	return false
}
