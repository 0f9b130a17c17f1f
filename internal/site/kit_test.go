package site_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

var profiles = []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2, testkit.Shinken}

// rounds is how often something is repeated: less often with -short.
func rounds(n int) int {
	if testing.Short() {
		return max(1, n/3)
	}
	return n
}

// kitCore starts a simulated core that stands still unless it is moved.
func kitCore(t *testing.T, o testkit.Options) (*testkit.Core, string) {
	t.Helper()
	c := testkit.NewCore(o)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := c.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return c, "tcp://" + a.String()
}

func kitDiff(c *testkit.Core, snap *store.Snapshot) []string {
	var out []string
	for _, table := range sitetest.Tables {
		skip := sitetest.OwnPace
		if c.Profile() == testkit.Icinga2 {
			// Lists among custom variables come as JSON text and stay that; the
			// simulated truth has them as plain words.
			skip = append(slices.Clone(skip), "custom_variables", "custom_variable_values")
		}
		out = append(out, sitetest.Diff(table, sitetest.Truth(c, table), sitetest.Rows(snap, table), skip...)...)
	}
	return out
}

// equalsTruth waits until nothing differs.
func equalsTruth(t *testing.T, c *testkit.Core, fleet *store.Fleet, key string) {
	t.Helper()
	var diffs []string
	for end := time.Now().Add(later); ; {
		if diffs = kitDiff(c, view(fleet, key).Snapshot); len(diffs) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Logf("health: %+v", view(fleet, key).Health)
			sitetest.Report(t, diffs)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestTruth compares the store with the truth for each implementation: after
// the first reading, after storms of changes, after a reload and a restart.
func TestTruth(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 20, ServicesPerHost: 6, Seed: 7, Churn: 0.05})
			core.Step(time.Now())
			m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
			until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
			sitetest.Report(t, kitDiff(core, view(fleet, "a").Snapshot))
			if t.Failed() {
				return
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range rounds(3) {
				storm(t, core, rng)
				m.Refresh("a")
				equalsTruth(t, core, fleet, "a")
			}
			start := view(fleet, "a").Snapshot.Int("status", "program_start", 0)
			core.Reload()
			storm(t, core, rng)
			until(t, soon, "new run", func() bool {
				v := view(fleet, "a")
				return v.Health.State == store.Fresh && v.Snapshot.Int("status", "program_start", 0) != start
			})
			equalsTruth(t, core, fleet, "a")
			core.Restart()
			storm(t, core, rng)
			until(t, soon, "fresh after restart", inState(fleet, "a", store.Fresh))
			equalsTruth(t, core, fleet, "a")
			if e := view(fleet, "a").Health.Errors; e["internal"]+e["protocol"]+e["dropped_rows"] > 0 {
				t.Errorf("errors %v", e)
			}
		})
	}
}

// storm changes many things at once, with and without checks.
func storm(t *testing.T, c *testkit.Core, rng *rand.Rand) {
	t.Helper()
	services := c.Rows("services")
	for i := range 30 {
		s := services[rng.IntN(len(services))]
		host, svc := s["host_name"].(string), s["description"].(string)
		now := time.Now().Unix()
		switch i % 6 {
		case 0, 1:
			c.SetState(host, svc, rng.IntN(4), fmt.Sprintf("storm %d ✓\tx", rng.IntN(1000)))
		case 2:
			c.SetState(host, "", rng.IntN(2), "storm over the host")
		}
		line := []string{
			fmt.Sprintf("ACKNOWLEDGE_SVC_PROBLEM;%s;%s;2;0;1;me;seen", host, svc),
			fmt.Sprintf("ADD_SVC_COMMENT;%s;%s;1;me;comment %d", host, svc, i),
			fmt.Sprintf("SCHEDULE_SVC_DOWNTIME;%s;%s;%d;%d;1;0;3600;me;downtime", host, svc, now-5, now+3600),
			fmt.Sprintf("DISABLE_SVC_NOTIFICATIONS;%s;%s", host, svc),
			fmt.Sprintf("ENABLE_SVC_NOTIFICATIONS;%s;%s", host, svc),
			fmt.Sprintf("DISABLE_HOST_CHECK;%s", host),
		}[rng.IntN(6)]
		_ = c.Command(line) // some are refused: an OK service cannot be acknowledged
	}
	for _, table := range []string{"comments", "downtimes"} {
		rows := c.Rows(table)
		if len(rows) > 3 {
			id := rows[rng.IntN(len(rows))]["id"]
			name := map[string]string{"comments": "DEL_SVC_COMMENT", "downtimes": "DEL_SVC_DOWNTIME"}[table]
			_ = c.Command(fmt.Sprintf("%s;%d", name, id)) // it may be one of a host
		}
	}
	c.Step(time.Now())
}

// TestLiveWorld lets a core run by itself and looks whether the store keeps up.
func TestLiveWorld(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 10, ServicesPerHost: 5, Seed: 3, Churn: 0.1})
			core.Start(t.Context())
			_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
			until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
			versions := map[uint64]bool{}
			until(t, later, "equal in several versions", func() bool {
				snap := view(fleet, "a").Snapshot
				if !versions[snap.Version()] && len(kitDiff(core, snap)) == 0 {
					versions[snap.Version()] = true
				}
				return len(versions) >= rounds(5)
			})
		})
	}
}

// TestFaults sets a fault upon each of nine sites at once: their data is kept,
// they show as late and down with a cause, the tenth is not drawn in, and they
// come back by themselves.
func TestFaults(t *testing.T) {
	t.Parallel()
	faults := map[string]testkit.FaultKind{
		"close": testkit.CloseNow, "garbage": testkit.Garbage, "http": testkit.HTTP, "ssh": testkit.SSH, "xinetd": testkit.XinetdNoSocket,
		"refuse": testkit.Refuse, "half": testkit.HalfRow, "hang": testkit.Hang, "drip": testkit.Drip,
	}
	slow := []string{"half", "hang", "drip"} // these take half a minute to be given up
	if testing.Short() {
		t.Log("without the slow faults: -short")
		maps.DeleteFunc(faults, func(key string, _ testkit.FaultKind) bool { return slices.Contains(slow, key) })
	}
	cores := map[string]*testkit.Core{}
	_, good := kitCore(t, testkit.Options{Profile: testkit.Naemon, Hosts: 5, ServicesPerHost: 3, Seed: 2})
	specs := []site.Spec{{Key: "good", Name: "Good", Addresses: []string{good}}}
	for key := range faults {
		core, addr := kitCore(t, testkit.Options{Name: key, Profile: testkit.Nagios4, Hosts: 5, ServicesPerHost: 3, Seed: 1})
		cores[key] = core
		specs = append(specs, site.Spec{Key: key, Name: key, Addresses: []string{addr}})
	}
	_, fleet, states := recorded(t, specs...)
	for _, s := range specs {
		until(t, soon, s.Key+" fresh", inState(fleet, s.Key, store.Fresh))
	}
	for key, kind := range faults {
		cores[key].SetFault(testkit.Fault{Kind: kind})
	}
	for key := range faults {
		until(t, later, key+" in trouble", func() bool {
			e := view(fleet, key).Health.Errors
			return inState(fleet, key, store.Down)() || slices.Contains(slow, key) && e["silent"]+e["slow"] > 0
		})
		v := view(fleet, key)
		t.Logf("%s: %s %v", key, v.Health.Cause, v.Health.Errors)
		if v.Health.Cause == "" || v.Health.Errors["internal"] > 0 {
			t.Errorf("%s: cause %q, errors %v", key, v.Health.Cause, v.Health.Errors)
		}
		if v.Snapshot.Rows("services") != 15 {
			t.Errorf("%s: %d services left", key, v.Snapshot.Rows("services"))
		}
		cores[key].SetFault(testkit.Fault{})
	}
	for key := range faults {
		until(t, later, key+" fresh again", inState(fleet, key, store.Fresh))
		if all := states(key); !slices.Contains(all, store.Late) {
			t.Errorf("%s was never late: %v", key, all)
		}
	}
	if all := states("good"); slices.Contains(all, store.Down) {
		t.Errorf("the good site went through %v", all)
	}
}

// TestHuge has a core send ten million rows in the middle of its life.
func TestHuge(t *testing.T) {
	t.Parallel()
	core, addr := kitCore(t, testkit.Options{Profile: testkit.Nagios4, Hosts: 20, ServicesPerHost: 5})
	_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	core.SetFault(testkit.Fault{Kind: testkit.Huge})
	until(t, later, "too large", func() bool { return view(fleet, "a").Health.Errors["toolarge"] > 0 })
	until(t, later, "down", inState(fleet, "a", store.Down))
	if n := view(fleet, "a").Snapshot.Rows("services"); n != 100 {
		t.Errorf("%d services left", n)
	}
	core.SetFault(testkit.Fault{})
	until(t, later, "fresh again", inState(fleet, "a", store.Fresh))
}

// TestSkew has a core whose clock is off; what changes still shows at once.
func TestSkew(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4} {
		for _, skew := range []time.Duration{-71 * time.Second, time.Hour} {
			t.Run(fmt.Sprintf("%s %v", p, skew), func(t *testing.T) {
				t.Parallel()
				core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 5, ServicesPerHost: 3, Seed: 5, Churn: 0.3, Now: func() time.Time { return time.Now().Add(skew) }})
				core.Start(t.Context())
				_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
				until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
				until(t, soon, "skew noted", func() bool {
					h := view(fleet, "a").Health
					return (h.ClockSkew-skew).Abs() <= 2*time.Second && slices.ContainsFunc(h.Notes, func(n string) bool { return strings.Contains(n, "clock") })
				})
				s := core.Rows("services")[0]
				core.SetState(s["host_name"].(string), s["description"].(string), 2, "skewed")
				until(t, soon, "result", func() bool {
					snap := view(fleet, "a").Snapshot
					row, ok := snap.Find("services", store.Key(s["host_name"].(string), s["description"].(string)))
					return ok && snap.Text("services", "plugin_output", row) == "skewed"
				})
			})
		}
	}
}

// TestWaiting measures from a result at a Naemon to the store.
func TestWaiting(t *testing.T) {
	t.Parallel()
	core, addr := kitCore(t, testkit.Options{Profile: testkit.Naemon, Hosts: 50, ServicesPerHost: 8, Seed: 5, Churn: 0.02})
	core.Start(t.Context())
	_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	services := core.Rows("services")
	var took []time.Duration
	for i := range rounds(20) {
		s := services[i*7%len(services)]
		host, svc, text := s["host_name"].(string), s["description"].(string), fmt.Sprintf("waited %d", i)
		core.SetState(host, svc, 1, text)
		took = append(took, until(t, soon, text, func() bool {
			snap := view(fleet, "a").Snapshot
			row, ok := snap.Find("services", store.Key(host, svc))
			return ok && snap.Text("services", "plugin_output", row) == text
		}))
	}
	slices.Sort(took)
	h := view(fleet, "a").Health
	t.Logf("median %v, worst %v, notes %q", took[len(took)/2], took[len(took)-1], h.Notes)
	if !h.Waiting {
		t.Errorf("waiting is off: %q", h.Notes)
	}
}

// TestOrders sends commands through the manager to each implementation.
func TestOrders(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 5, ServicesPerHost: 3, Seed: 5, Quiet: true})
			m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}, Interval: 20 * time.Second})
			until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
			s := core.Rows("services")[0]
			host, svc := s["host_name"].(string), s["description"].(string)
			if err := m.Send(t.Context(), "a", lql.Command{Name: "DISABLE_SVC_NOTIFICATIONS", Args: []string{host, svc}}); err != nil {
				t.Fatal(err)
			}
			until(t, soon, "effect", func() bool {
				snap := view(fleet, "a").Snapshot
				row, _ := snap.Find("services", store.Key(host, svc))
				return snap.Int("services", "notifications_enabled", row) == 0
			})
		})
	}
}

// TestUnix reads a core over a unix socket.
func TestUnix(t *testing.T) {
	t.Parallel()
	core, _ := kitCore(t, testkit.Options{Hosts: 3})
	path := t.TempDir() + "/live"
	if err := core.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{path}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	if h := view(fleet, "a").Health; h.Transport != "unix" || h.ActiveAddress != "unix://"+path {
		t.Errorf("transport %q, address %q", h.Transport, h.ActiveAddress)
	}
}

// TestNobodyThere shows the cause at once where there was never data.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
	until(t, soon, "down", inState(fleet, "a", store.Down))
	if h := view(fleet, "a").Health; !strings.Contains(h.Cause, "nothing listens") {
		t.Errorf("cause %q", h.Cause)
	}
}

// TestTest goes through the diagnosis of the manager: a bad address, one that
// works after one that does not, and a core that is a site already.
func TestTest(t *testing.T) {
	t.Parallel()
	_, addr := kitCore(t, testkit.Options{Hosts: 4, ServicesPerHost: 2})
	m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "Berlin", Addresses: []string{addr}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	var steps []string
	r := m.Test(t.Context(), site.Spec{Addresses: []string{"nonsense://x"}}, func(s livestatus.Step) { steps = append(steps, s.Name) })
	if r.OK || r.Kind != livestatus.KindAddress || len(steps) == 0 || r.Cause == "" {
		t.Errorf("bad address: %+v, steps %v", r, steps)
	}
	for _, addresses := range [][]string{{"tcp://127.0.0.1:1", addr}, {addr, "tcp://127.0.0.1:1"}} {
		r = m.Test(t.Context(), site.Spec{Key: "b", Addresses: addresses}, nil)
		if !r.OK || r.Duplicate != "Berlin" || r.Hosts != 4 {
			t.Errorf("%q: OK %v, duplicate of %q, %d hosts: %s", addresses, r.OK, r.Duplicate, r.Hosts, r.Cause)
		}
		if last := r.Steps[len(r.Steps)-1]; last.State != livestatus.StepWarn || last.Detail != "tcp://127.0.0.1:1" || !strings.Contains(last.Cause, "nothing listens") {
			t.Errorf("%q: nobody hears of the address that does not work: %+v", addresses, last)
		}
	}
	if r = m.Test(t.Context(), site.Spec{Key: "a", Addresses: []string{addr}}, nil); r.Duplicate != "" {
		t.Errorf("a site is called a duplicate of itself: %q", r.Duplicate)
	}
	if r = m.Test(t.Context(), site.Spec{}, nil); r.OK || r.Cause == "" {
		t.Errorf("no address: %+v", r)
	}
}
