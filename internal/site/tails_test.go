package site

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/store"
)

// TestTails changes a row by ways that tell it, and by one that does not: what
// was found by comparing is not taken for what a window knew.
func TestTails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 10*time.Second)
		key := store.Key("h1", "s2")
		for i := range 6 {
			text, acked := fmt.Sprint("checked ", i), int64(i%2)
			set, patience := map[string]any{"acknowledged": acked}, 5*time.Second
			if i%3 != 1 { // it tells, and is a check besides
				set["plugin_output"], set["last_check"], set["last_update"] = text, time.Now().Unix(), time.Now().Unix()
			} else {
				text, patience = b.output("a", "h1", "s2"), 2*time.Minute
			}
			core.set("h1", "s2", set)
			time.Sleep(patience)
			snap := b.snapshot("a")
			row, _ := snap.Find("services", key)
			if got := snap.Int("services", "acknowledged", row); got != acked || b.output("a", "h1", "s2") != text {
				t.Errorf("step %d: acknowledged %d, output %q", i, got, b.output("a", "h1", "s2"))
			}
			// Checks that change nothing else, but not behind our back.
			for n := 0; n < 3 && i%3 != 1; n++ {
				text := fmt.Sprint(text, " again ", n)
				for _, name := range []string{"s1", "s2", "s3"} {
					core.set("h1", name, map[string]any{"plugin_output": text, "last_check": time.Now().Unix(), "last_update": time.Now().Unix()})
				}
				time.Sleep(5 * time.Second)
				if got := b.output("a", "h1", "s2"); got != text {
					t.Errorf("step %d: output %q, want %q", i, got, text)
				}
			}
			// Another row moves the window on.
			core.set("h2", "s0", map[string]any{"plugin_output": fmt.Sprint("other ", i), "last_check": time.Now().Unix(), "last_update": time.Now().Unix()})
			time.Sleep(5 * time.Second)
		}
	})
}

// TestComparedBack has a row go back behind our back to what it was when it was
// last compared.
func TestComparedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := newToy()
		b := newBench(t, one(core))
		defer b.stop()
		b.m.Apply([]Spec{spec("a", "tcp://core:6557")})
		b.state("a", store.Fresh, 10*time.Second)
		first := time.Now().Unix() - 10
		time.Sleep(2 * time.Minute)
		checked := func(service string) {
			core.set("h1", service, map[string]any{"plugin_output": "new", "last_check": time.Now().Unix(), "last_update": time.Now().Unix()})
			time.Sleep(4 * time.Second)
		}
		for range 3 {
			checked("s2")
			checked("s1")
			core.set("h1", "s2", map[string]any{"plugin_output": "old", "last_check": first, "last_update": first})
			time.Sleep(quickAtMost/2 + time.Second)
			if got := b.output("a", "h1", "s2"); got != "old" {
				t.Errorf("output %q after it went back", got)
			}
		}
	})
}
