package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/store"
)

// bench is a manager over toys by address, in a bubble where time is made up.
type bench struct {
	t     *testing.T
	m     *Manager
	fleet *store.Fleet
	mu    sync.Mutex
	toys  map[*toy]bool
}

func newBench(t *testing.T, dial func(ctx context.Context, network, addr string) (toy *toy)) *bench {
	t.Helper()
	b := &bench{t: t, fleet: store.NewFleet(store.Options{}), toys: map[*toy]bool{}}
	b.m = NewManager(Options{Fleet: b.fleet, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		core := dial(ctx, network, addr)
		b.mu.Lock()
		b.toys[core] = true
		b.mu.Unlock()
		return core.dial(ctx, network, addr)
	}})
	return b
}

func (b *bench) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b.m.Stop(ctx)
	for core := range b.toys {
		core.end()
	}
	synctest.Wait()
}

func (b *bench) health(key string) store.Health {
	b.t.Helper()
	for _, s := range b.fleet.View().Sites {
		if s.Info.Key == key {
			return s.Health
		}
	}
	b.t.Fatalf("no site %q in the fleet", key)
	return store.Health{}
}

func (b *bench) snapshot(key string) *store.Snapshot {
	b.t.Helper()
	for _, s := range b.fleet.View().Sites {
		if s.Info.Key == key {
			return s.Snapshot
		}
	}
	b.t.Fatalf("no site %q in the fleet", key)
	return nil
}

func (b *bench) output(key, host, service string) string {
	b.t.Helper()
	snap := b.snapshot(key)
	row, ok := snap.Find("services", store.Key(host, service))
	if !ok {
		return "(no row)"
	}
	return snap.Text("services", "plugin_output", row)
}

// state waits until the site is in a state, and returns how long it took.
func (b *bench) state(key string, want store.HealthState, within time.Duration) time.Duration {
	b.t.Helper()
	began := time.Now()
	for time.Since(began) <= within {
		if b.health(key).State == want {
			return time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
	h := b.health(key)
	b.t.Fatalf("site %s: state %v (%s) after %v, want %v", key, h.State, h.Cause, within, want)
	return 0
}

func one(t *toy) func(context.Context, string, string) *toy {
	return func(context.Context, string, string) *toy { return t }
}

func spec(key string, addrs ...string) Spec {
	return Spec{Key: key, Name: strings.ToUpper(key), Addresses: addrs}
}

// TestLateThenDownThenFresh follows a core through an outage: late with its
// data kept, down with the cause, tried less and less often, fresh again.
func TestLateThenDownThenFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		core.refuse()
		if took := b.state("a", store.Late, 10*time.Second); took < 2*time.Second {
			t.Errorf("late after %v already", took)
		}
		if got := b.output("a", "h1", "s1"); got != "OK" {
			t.Errorf("while late the data is %q", got)
		}
		b.state("a", store.Down, 20*time.Second)
		if h := b.health("a"); !strings.Contains(h.Cause, "nothing listens") && !strings.Contains(strings.ToLower(h.Cause), "refused") && h.Cause == "" {
			t.Errorf("cause %q", h.Cause)
		} else if h.Errors["refused"] == 0 {
			t.Errorf("errors by kind: %v", h.Errors)
		}
		time.Sleep(30 * time.Minute)
		before := core.number(&core.dials)
		time.Sleep(10 * time.Minute)
		if n := core.number(&core.dials) - before; n < 7 || n > 20 {
			t.Errorf("%d attempts in ten minutes of a long outage, want about one a minute", n)
		}
		core.with(func() { core.mode = "" })
		b.state("a", store.Fresh, 80*time.Second)
	})
}

// TestRefresh connects at once however long the outage was.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		core.mode = "refuse"
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Down, time.Second)
		time.Sleep(time.Hour)
		core.with(func() { core.mode = "" })
		b.m.Refresh("a")
		if took := b.state("a", store.Fresh, 10*time.Second); took > 200*time.Millisecond {
			t.Errorf("fresh %v after being asked", took)
		}
	})
}

// TestHang is a core that takes connections and is silent: late after three
// intervals, down within a minute, and never more than a handful of
// connections.
func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		core.with(func() { core.mode = "hang" })
		if took := b.state("a", store.Late, 10*time.Second); took > 6*time.Second {
			t.Errorf("late after %v only", took)
		}
		b.state("a", store.Down, time.Minute)
		if h := b.health("a"); h.Cause == "" {
			t.Error("no cause")
		}
		time.Sleep(10 * time.Minute)
		core.with(func() {
			if core.most > 4 {
				t.Errorf("%d connections at once", core.most)
			}
			core.mode = ""
		})
		b.state("a", store.Fresh, 2*time.Minute)
	})
}

// TestTroubleIsOnesOwn has one site hang in each way while another goes on
// without missing a second.
func TestTroubleIsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := newToy().mk(), newToy().mk()
		bad.mode = "hang"
		good.start--
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if strings.HasPrefix(addr, "bad") {
				return bad
			}
			return good
		})
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://bad:1"), spec("b", "tcp://good:1"), spec("c", "tcp://bad:2")})
		b.state("b", store.Fresh, time.Second)
		for range 120 {
			time.Sleep(time.Second)
			if h := b.health("b"); h.State != store.Fresh || time.Since(h.LastOK) > 2500*time.Millisecond {
				t.Fatalf("good site is %v, last confirmed %v ago", h.State, time.Since(h.LastOK))
			}
		}
	})
}

// TestFailover uses the second address while the first is away, and the first
// again at the next connection.
func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newToy(), newToy()
		second.start += 5
		first.mode = "refuse"
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if strings.HasPrefix(addr, "first") {
				return first
			}
			return second
		})
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://first:1", "tcp://second:1")})
		b.state("a", store.Fresh, 2*time.Second)
		if h := b.health("a"); h.ActiveAddress != "tcp://second:1" {
			t.Errorf("active address %q", h.ActiveAddress)
		}
		first.with(func() { first.mode = "" })
		second.refuse()
		time.Sleep(10 * time.Second)
		if h := b.health("a"); h.ActiveAddress != "tcp://first:1" || h.State != store.Fresh {
			t.Errorf("after the second went: %v at %q", h.State, h.ActiveAddress)
		}
	})
}

// TestDeltas changes single things behind the site's back and looks how soon
// they show, for a core with last_update and one without.
func TestDeltas(t *testing.T) {
	for _, kind := range []string{"naemon", "mk"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core := newToy()
				if kind == "mk" {
					core.mk()
				}
				b := newBench(t, one(core))
				defer b.stop()
				b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
				b.state("a", store.Fresh, 2*time.Second)
				for _, change := range []map[string]any{
					{"plugin_output": "checked", "last_check": time.Now().Unix(), "last_update": time.Now().Unix()},
					{"plugin_output": "acknowledged", "acknowledged": 1, "acknowledgement_type": 2, "last_update": time.Now().Unix()},
					{"plugin_output": "downtime", "scheduled_downtime_depth": 1, "last_update": time.Now().Unix()},
					{"plugin_output": "switched", "notifications_enabled": 1, "last_update": time.Now().Unix()},
				} {
					core.set("h1", "s2", change)
					began := time.Now()
					for b.output("a", "h1", "s2") != change["plugin_output"] && time.Since(began) < 10*time.Second {
						time.Sleep(10 * time.Millisecond)
					}
					limit := 1100 * time.Millisecond
					if kind == "naemon" {
						limit = 300 * time.Millisecond
					}
					if took := time.Since(began); took > limit {
						t.Errorf("%v showed after %v", change["plugin_output"], took)
					}
					time.Sleep(3 * time.Second)
				}
			})
		})
	}
}

// TestSlowCheck is a check that took long: the core gives the time it began,
// which is out of the window when the result comes.
func TestSlowCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		began := time.Now().Unix()
		core.set("h2", "s0", map[string]any{"is_executing": 1})
		time.Sleep(50 * time.Second)
		core.set("h0", "s0", map[string]any{"last_check": time.Now().Unix()})
		time.Sleep(3 * time.Second)
		core.set("h2", "s0", map[string]any{"is_executing": 0, "last_check": began, "plugin_output": "slow"})
		time.Sleep(1100 * time.Millisecond)
		if got := b.output("a", "h2", "s0"); got != "slow" {
			t.Errorf("output is %q", got)
		}
	})
}

// TestReload changes the run of the core: the same numbers are other comments
// now, and rows may have come and gone.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		comment := func(host, text string) []map[string]any {
			return []map[string]any{{"id": 7, "host_name": host, "service_description": "", "author": "me", "comment": text, "entry_time": 1}}
		}
		core.tables["comments"].rows = comment("h0", "before")
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		core.with(func() {
			core.start += 100
			core.tables["comments"].rows = comment("h1", "after")
			core.tables["services"].rows = core.tables["services"].rows[1:]
		})
		core.happened()
		time.Sleep(3 * time.Second)
		snap := b.snapshot("a")
		row, ok := snap.Find("comments", "7")
		if !ok || snap.Text("comments", "comment", row) != "after" || snap.Text("comments", "host_name", row) != "h1" {
			t.Errorf("comment 7 is not the one of the new run")
		}
		if n := snap.Rows("services"); n != 11 {
			t.Errorf("%d services, want 11", n)
		}
	})
}

// TestReloadUnchanged reloads a core with the configuration it had: nothing of
// the site counts as changed but its own status, and nothing of any other site.
func TestReloadUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, other := newToy(), newToy()
		other.start -= 9
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if addr == "other:6557" {
				return other
			}
			return core
		})
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557"), spec("b", "tcp://other:6557")})
		b.state("a", store.Fresh, 5*time.Second)
		b.state("b", store.Fresh, 5*time.Second)
		time.Sleep(5 * time.Second)
		tables := func(key string) (v []uint64) {
			for _, name := range []string{"hosts", "services", "comments", "downtimes", "contacts", "timeperiods"} {
				v = append(v, b.snapshot(key).Table(name).Version(), b.snapshot(key).Table(name).Shape())
			}
			return v
		}
		versions, others := tables("a"), tables("b")
		var mu sync.Mutex
		dirty := map[string]bool{}
		b.fleet.OnChange(func(c store.Change) {
			mu.Lock()
			defer mu.Unlock()
			for _, name := range c.Tables {
				dirty[c.Site+" "+name] = true
			}
		})
		core.with(func() { core.start += 100 })
		core.happened()
		time.Sleep(5 * time.Second)
		if n := b.snapshot("a").Int("status", "program_start", 0); n != core.start {
			t.Fatalf("the reload was not seen")
		}
		mu.Lock()
		defer mu.Unlock()
		if !dirty["a status"] || len(dirty) != 1 {
			t.Errorf("changed: %v", dirty)
		}
		if got := tables("a"); !slices.Equal(got, versions) {
			t.Errorf("versions of tables %v, before the reload %v", got, versions)
		}
		if got := tables("b"); !slices.Equal(got, others) {
			t.Errorf("versions of the other site's tables %v, before %v", got, others)
		}
	})
}

// TestResyncIsOfOneSite counts what reading one site anew allocates: as much
// among nine sites as alone.
func TestResyncIsOfOneSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		toys := map[string]*toy{}
		var specs []Spec
		for i := range 9 {
			core := newToy()
			core.start -= int64(i)
			for n := range 3000 {
				core.tables["services"].rows = append(core.tables["services"].rows, map[string]any{"host_name": "h1", "description": fmt.Sprint("more", n), "plugin_output": fmt.Sprint("output ", n)})
			}
			addr := fmt.Sprintf("core%d:6557", i)
			toys[addr] = core
			specs = append(specs, spec(fmt.Sprint("s", i), "tcp://"+addr))
		}
		b := newBench(t, func(_ context.Context, _, addr string) *toy { return toys[addr] })
		defer b.stop()
		reread := func() uint64 {
			var before, after runtime.MemStats
			core := toys["core0:6557"]
			core.with(func() { core.start += 100 })
			runtime.ReadMemStats(&before)
			core.happened()
			time.Sleep(time.Second)
			runtime.ReadMemStats(&after)
			if n := b.snapshot("s0").Int("status", "program_start", 0); n != core.start {
				t.Fatal("the reload was not seen")
			}
			return after.TotalAlloc - before.TotalAlloc
		}
		b.m.Apply(specs[:1])
		b.state("s0", store.Fresh, 5*time.Second)
		time.Sleep(30 * time.Second)
		alone := reread()
		b.m.Apply(specs)
		for _, s := range specs {
			b.state(s.Key, store.Fresh, 5*time.Second)
		}
		time.Sleep(30 * time.Second)
		if among := reread(); among > alone+alone/4 {
			t.Errorf("%d bytes among nine sites, %d alone", among, alone)
		} else {
			t.Logf("%d bytes among nine sites, %d alone", among, alone)
		}
	})
}

// TestComeAndGo adds and removes objects within one run of the core.
func TestComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		now := time.Now().Unix()
		core.with(func() {
			core.tables["hosts"].rows = append(core.tables["hosts"].rows, map[string]any{"name": "new", "last_check": now, "has_been_checked": 1})
			core.tables["services"].rows = append(core.tables["services"].rows[2:], map[string]any{"host_name": "new", "description": "s", "last_check": now, "has_been_checked": 1, "plugin_output": "new"})
		})
		time.Sleep(1500 * time.Millisecond)
		if got := b.output("a", "new", "s"); got != "new" {
			t.Errorf("new service: %q", got)
		}
		if snap := b.snapshot("a"); snap.Rows("hosts") != 4 || snap.Rows("services") != 11 {
			t.Errorf("%d hosts, %d services", snap.Rows("hosts"), snap.Rows("services"))
		}
		whole := 0
		core.with(func() {
			for _, a := range core.asked {
				if strings.HasPrefix(a, "GET services") && strings.Contains(a, "plugin_output") && !strings.Contains(a, "Filter") {
					whole++
				}
			}
		})
		if whole != 1 { // the first reading
			t.Errorf("the whole table of services was read %d times", whole)
		}
	})
}

// TestNumbered follows comments and downtimes by their numbers.
func TestNumbered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		add := func(table string, id int) {
			core.tables[table].rows = append(core.tables[table].rows, map[string]any{"id": id, "host_name": "h1", "service_description": "s1", "is_service": 1, "author": "me", "comment": "text", "entry_time": 5})
		}
		core.with(func() { add("comments", 1); add("comments", 2); add("downtimes", 9) })
		time.Sleep(1200 * time.Millisecond)
		if s := b.snapshot("a"); s.Rows("comments") != 2 || s.Rows("downtimes") != 1 {
			t.Fatalf("%d comments, %d downtimes", s.Rows("comments"), s.Rows("downtimes"))
		}
		core.with(func() { core.tables["comments"].rows = core.tables["comments"].rows[1:]; add("comments", 3) })
		time.Sleep(1200 * time.Millisecond)
		if got := b.snapshot("a").AllKeys("comments"); !slices.Equal(got, []string{"2", "3"}) {
			t.Errorf("comments %v", got)
		}
	})
}

// TestSend reads at once after a command, until the effect shows.
func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10 * 365 * 24 * time.Hour) // to where seconds since 1970 have ten digits
		core := newToy().mk()
		b := newBench(t, one(core))
		defer b.stop()
		s := spec("a", "tcp://core:6557")
		s.Interval = 30 * time.Second
		b.m.Apply([]Spec{s})
		b.state("a", store.Fresh, 2*time.Second)
		time.Sleep(2 * time.Second)
		core.onSend = func(line string) {
			if strings.Contains(line, "ACKNOWLEDGE_SVC_PROBLEM;h1;s1;") {
				time.AfterFunc(300*time.Millisecond, func() {
					core.set("h1", "s1", map[string]any{"acknowledged": 1, "acknowledgement_type": 2, "plugin_output": "seen"})
				})
			}
		}
		err := b.m.Send(t.Context(), "a", lql.Command{Name: "ACKNOWLEDGE_SVC_PROBLEM", Args: []string{"h1", "s1", "2", "1", "1", "me", "ok"}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(800 * time.Millisecond)
		if got := b.output("a", "h1", "s1"); got != "seen" {
			t.Errorf("half a second after its effect the command does not show: %q", got)
		}
		before := core.count("GET status")
		time.Sleep(10 * time.Second)
		if n := core.count("GET status") - before; n > 2 {
			t.Errorf("%d polls after the effect showed", n)
		}
		var away *UnavailableError
		if err := b.m.Send(t.Context(), "nobody", lql.Command{Name: "X"}); !errors.As(err, &away) {
			t.Errorf("send to no site: %v", err)
		}
	})
}

// TestApply leaves alone what did not change.
func TestApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, other := newToy(), newToy()
		other.start -= 9
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if strings.HasPrefix(addr, "other") {
				return other
			}
			return core
		})
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		b.state("a", store.Fresh, 2*time.Second)
		dials := core.number(&core.dials)
		renamed := spec("a", "tcp://core:1")
		renamed.Name = "Renamed"
		b.m.Apply([]Spec{renamed, spec("b", "tcp://other:1")})
		b.state("b", store.Fresh, 2*time.Second)
		if n := core.number(&core.dials) - dials; n != 0 {
			t.Errorf("renaming connected %d times", n)
		}
		if n := b.m.Sites()[1].Spec.Name; n != "Renamed" {
			t.Errorf("name %q", n)
		}
		moved := renamed
		moved.Addresses = []string{"tcp://core:2"}
		b.m.Apply([]Spec{moved})
		if n := len(b.m.Sites()); n != 1 {
			t.Errorf("%d sites", n)
		}
		time.Sleep(time.Second)
		if h := b.health("a"); h.State != store.Fresh || h.ActiveAddress != "tcp://core:2" {
			t.Errorf("moved site: %v at %q", h.State, h.ActiveAddress)
		}
		moved.Paused = true
		b.m.Apply([]Spec{moved})
		synctest.Wait()
		if h := b.health("a"); h.State != store.Paused {
			t.Errorf("paused site: %v", h.State)
		}
		if s := b.snapshot("a"); s.Rows("services") != 12 {
			t.Errorf("a paused site keeps its data, %d services left", s.Rows("services"))
		}
	})
}

// TestDuplicate notes two sites that are one core.
func TestDuplicate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1"), spec("b", "tcp://alias:1")})
		b.state("a", store.Fresh, 2*time.Second)
		b.state("b", store.Fresh, 2*time.Second)
		if h := b.health("a"); len(h.Notes) != 1 || !strings.Contains(h.Notes[0], `"B"`) {
			t.Errorf("notes %q", h.Notes)
		}
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		synctest.Wait()
		if h := b.health("a"); len(h.Notes) != 0 {
			t.Errorf("notes %q after the other went", h.Notes)
		}
	})
}

// TestOneLane holds a core that can bear one connection to one, and keeps none.
func TestOneLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		core.version, core.program = "r2.13.6-1", "r2.13.6-1-icinga2"
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		b.state("a", store.Fresh, 2*time.Second)
		for range 200 {
			time.Sleep(37 * time.Millisecond)
			synctest.Wait()
			core.with(func() {
				if core.open > 0 {
					t.Errorf("%d connections rest at the core", core.open)
				}
			})
		}
		if most := core.number(&core.most); most > 1 {
			t.Errorf("%d connections at once", most)
		}
	})
}

// TestIncompatible is something that speaks the protocol but is no core.
func TestIncompatible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		delete(core.tables, "services")
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		b.state("a", store.Incompatible, 5*time.Second)
		if h := b.health("a"); !strings.Contains(h.Cause, "services") {
			t.Errorf("cause %q", h.Cause)
		}
	})
}

// TestImplausible is a core that sends far more hosts than it says it has.
func TestImplausible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		for i := range 5000 {
			core.tables["hosts"].rows = append(core.tables["hosts"].rows, map[string]any{"name": fmt.Sprint("x", i)})
		}
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		b.state("a", store.Down, 5*time.Second)
		if h := b.health("a"); h.Errors["toolarge"] == 0 || !strings.Contains(h.Cause, "1006 rows of table hosts") {
			t.Errorf("cause %q, errors %v", h.Cause, h.Errors)
		}
	})
}

// TestRowsThatNeverFit is a core whose services belong to hosts it does not
// have: it is not read whole again and again.
func TestRowsThatNeverFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().mk()
		core.tables["services"].rows = append(core.tables["services"].rows, map[string]any{"host_name": "nobody", "description": "s", "has_been_checked": 1})
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:1")})
		b.state("a", store.Fresh, 5*time.Second)
		before := core.count("GET timeperiods")
		time.Sleep(10 * time.Minute)
		if n := core.count("GET timeperiods") - before; n > 15 {
			t.Errorf("period table read %d times in ten minutes", n)
		}
		core.with(func() {
			core.tables["services"].rows = append(core.tables["services"].rows, map[string]any{"host_name": "h1", "description": "late", "plugin_output": "fits"})
		})
		time.Sleep(1500 * time.Millisecond)
		if got := b.output("a", "h1", "late"); got != "fits" {
			t.Errorf("a service that fits: %q", got)
		}
		if h := b.health("a"); h.State != store.Fresh {
			t.Errorf("%v: %s", h.State, h.Cause)
		}
	})
}

// TestClockNote says by how much and which way.
func TestClockNote(t *testing.T) {
	for _, tt := range []struct {
		skew  time.Duration
		exact bool
		want  string
	}{
		{0, true, ""},
		{2 * time.Second, true, ""},
		{-71 * time.Second, true, "1m11s behind"},
		{time.Hour, false, "at least 1h0m0s ahead"},
	} {
		got := clockNote(tt.skew, tt.exact, 0)
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("clockNote(%v) = %q, want %q in it", tt.skew, got, tt.want)
		}
	}
}
