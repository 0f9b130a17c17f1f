package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/memory"
	"belvedere/internal/store"
)

// TestWait rests one connection, re-arms it, and gives waiting up at a core
// that returns at once.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 2*time.Second)
		time.Sleep(5 * time.Minute)
		h := b.health("a")
		if !h.Waiting || len(h.Notes) > 0 {
			t.Errorf("waiting %v, notes %q", h.Waiting, h.Notes)
		}
		core.with(func() { core.spin = true })
		core.happened()
		time.Sleep(time.Minute)
		h = b.health("a")
		if h.Waiting || len(h.Notes) != 1 || !strings.Contains(h.Notes[0], "switched off") {
			t.Errorf("at a core that does not wait: waiting %v, notes %q", h.Waiting, h.Notes)
		}
		before := core.count("GET status")
		time.Sleep(time.Minute)
		if n := core.count("GET status") - before; n > 70 {
			t.Errorf("%d polls in a minute", n)
		}
	})
}

// TestBusy has something happen at a core all the time: each change is seen
// soon, and the core is left alone most of the time.
func TestBusy(t *testing.T) {
	for _, latency := range []time.Duration{0, 2 * time.Millisecond, 20 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core := newToy().counting()
				core.latency = latency
				b := newBench(t, one(core))
				defer b.stop()
				b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
				b.state("a", store.Fresh, 10*time.Second)
				polls := core.count("GET status")
				began := time.Now()
				var took []time.Duration
				for i := range 400 {
					text, start := fmt.Sprint("busy ", i), time.Now()
					core.with(func() { core.checks++ })
					core.set("h1", "s2", map[string]any{"plugin_output": text, "last_update": start.Unix(), "last_check": start.Unix()})
					for b.output("a", "h1", "s2") != text {
						time.Sleep(time.Millisecond)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				// A poll asks for status and two windows.
				most := wakeGap + (wakeFactor+2)*3*max(latency, time.Millisecond)
				if took[200] > most || took[380] > 3*most {
					t.Errorf("median %v, 95%% %v, want %v", took[200], took[380], most)
				}
				if n, span := core.count("GET status")-polls, time.Since(began); float64(n) > 2*span.Seconds()/wakeGap.Seconds()+20 {
					t.Errorf("%d questions in %v", n, span)
				}
			})
		})
	}
}

// TestAtRest asks a core that counts for no more than its counters while they
// stand still, and sees at once when they do not.
func TestAtRest(t *testing.T) {
	for name, core := range map[string]func() *toy{
		"waiting": func() *toy { return newToy().counting() },
		"polled":  func() *toy { return newToy().counting().mk() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core := core()
				b := newBench(t, one(core))
				defer b.stop()
				b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
				b.state("a", store.Fresh, 10*time.Second)
				time.Sleep(time.Minute)
				before := map[string]int{}
				for _, table := range []string{"status", "services", "comments"} {
					before[table] = core.count("GET " + table)
				}
				version := b.snapshot("a").Version()
				time.Sleep(10 * time.Minute)
				for table, most := range map[string]int{"status": 650, "services": 110, "comments": 60} {
					if n := core.count("GET "+table) - before[table]; n > most || n < 20 {
						t.Errorf("%s asked %d times in ten minutes, want at most %d", table, n, most)
					}
				}
				if v := b.snapshot("a").Version(); v > version+11 {
					t.Errorf("%d versions of nothing", v-version)
				}
				if core.number(&core.most) > 2 {
					t.Errorf("%d connections at once", core.most)
				}
				core.with(func() { core.checks++ })
				core.with(func() {
					core.tables["services"].rows[3]["plugin_output"] = "news"
					core.tables["services"].rows[3]["last_update"] = time.Now().Unix()
					core.tables["services"].rows[3]["last_check"] = time.Now().Unix()
				})
				time.Sleep(waitPoll + 100*time.Millisecond)
				if got := b.output("a", "h0", "s3"); got != "news" {
					t.Errorf("output %q", got)
				}
			})
		})
	}
}

// TestOrderAmongChecks has a command change what no window tells, right after a
// comparison and while checks go on: the next comparison does not wait for the
// minute, as it does for checks.
func TestOrderAmongChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy().counting()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 10*time.Second)
		check := func() {
			core.with(func() { core.checks++ })
			core.set("h1", "s2", map[string]any{"plugin_output": time.Now().String(), "last_update": time.Now().Unix(), "last_check": time.Now().Unix()})
			time.Sleep(time.Second)
		}
		for range 90 {
			check()
		}
		asked := core.count("GET services")
		for range 3 * 60 {
			check()
		}
		if n := core.count("GET services") - asked; n > 3*60+10 {
			t.Errorf("%d questions about services in three minutes of one check a second", n)
		}
		key := store.Key("h2", "s1")
		for round := range 3 {
			for want, patience := range []time.Duration{3 * time.Second, calmEvery + 3*time.Second} {
				core.with(func() { core.orders++ })
				core.set("h2", "s1", map[string]any{"acknowledged": 1 - want})
				for range int(patience / time.Second) {
					check()
				}
			}
			snap := b.snapshot("a")
			if row, _ := snap.Find("services", key); snap.Int("services", "acknowledged", row) != 0 {
				t.Errorf("round %d: still acknowledged", round)
			}
		}
	})
}

// TestMemory refuses a site that does not fit, and a site's new data when the
// old just does; both are read once there is room.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, late := newToy(), newToy()
		late.start -= 9
		late.numHosts = 40_000 // or so it says
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if addr == "late:6557" {
				return late
			}
			return core
		})
		defer b.stop()
		var used atomic.Int64
		used.Store(400 << 20)
		b.m.o.Memory = memory.New(512<<20, used.Load)
		b.m.Apply([]Spec{spec("a", "tcp://core:6557"), spec("b", "tcp://late:6557")})
		b.state("a", store.Fresh, 10*time.Second)
		b.state("b", store.Down, 10*time.Second)
		if h := b.health("b"); h.Cause != "Reading this core takes about 57 MiB of memory, and of 512 MiB (memory_limit) 400 MiB are in use. Raise memory_limit in the configuration, or pause or remove other sites." || h.Errors["memory"] == 0 {
			t.Errorf("cause %q, errors %v", h.Cause, h.Errors)
		}
		r := b.m.Test(t.Context(), spec("c", "tcp://late:6557"), nil)
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "memory_limit") }) {
			t.Errorf("a test that counts %d hosts warns of %q", r.Hosts, r.Warnings)
		}
		used.Store(100 << 20)
		b.state("b", store.Fresh, 3*time.Minute)

		synctest.Wait() // so that no poll is half done
		used.Store(500 << 20)
		core.with(func() {
			core.start += 5
			core.tables["services"].rows[0]["plugin_output"] = "after the reload"
		})
		b.state("a", store.Down, 2*time.Minute)
		if h, old := b.health("a"), b.output("a", "h0", "s0"); !strings.Contains(h.Cause, "memory_limit") || old != "OK" {
			t.Errorf("cause %q, old output %q", h.Cause, old)
		}
		if h := b.health("b"); h.State != store.Fresh {
			t.Errorf("the other site is %v: %s", h.State, h.Cause)
		}
		used.Store(100 << 20)
		b.state("a", store.Fresh, 3*time.Minute)
		if out := b.output("a", "h0", "s0"); out != "after the reload" {
			t.Errorf("output %q", out)
		}
	})
}
