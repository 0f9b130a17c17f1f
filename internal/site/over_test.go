package site

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// pair is a site with two addresses, at each of which there is a toy.
func pair(t *testing.T) (b *bench, first, second *toy) {
	first, second = newToy(), newToy()
	return newBench(t, func(_ context.Context, _, addr string) *toy {
		if strings.HasPrefix(addr, "first:") {
			return first
		}
		return second
	}), first, second
}

// TestSwallowed: an address at which packets vanish holds up the next one for a
// moment only, and is waited for where no other answers.
func TestSwallowed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		swallows time.Duration
		other    string // mode of the second address
		within   time.Duration
		at       string
	}{
		{name: "for good", swallows: time.Hour, within: 4 * time.Second, at: "second"},
		{name: "slow and the only one", swallows: 8 * time.Second, other: "refuse", within: 12 * time.Second, at: "first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, first, second := pair(t)
				defer b.stop()
				first.mode, first.swallows, second.mode = "swallow", tt.swallows, tt.other
				b.m.Apply([]Spec{spec("a", "tcp://first:6557", "tcp://second:6557")})
				b.state("a", store.Fresh, tt.within)
				if h := b.health("a"); h.ActiveAddress != "tcp://"+tt.at+":6557" {
					t.Errorf("at %s", h.ActiveAddress)
				}
			})
		})
	}
}

// TestSendInTheSwitch: who sends a command or asks something in the moment in
// which a site changes to another address waits for that.
func TestSendInTheSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(10 * 365 * 24 * time.Hour) // to where seconds since 1970 have ten digits
		b, first, second := pair(t)
		defer b.stop()
		var heard [2]int
		for i, core := range []*toy{first, second} {
			core.onSend = func(string) { heard[i]++ }
		}
		b.m.Apply([]Spec{spec("a", "tcp://first:6557", "tcp://second:6557")})
		b.state("a", store.Fresh, 3*time.Second)
		send := func(when string) {
			t.Helper()
			if impl, ok := b.m.Implementation("a"); !ok || impl != schema.Naemon {
				t.Errorf("%s: the core is %v, %v", when, impl, ok)
			}
			if err := b.m.Send(t.Context(), "a", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"h1", "1", "eva", when}}); err != nil {
				t.Errorf("%s: %v", when, err)
			}
			if _, err := b.m.Ask(t.Context(), "a", lql.Get("hosts", "name")); err != nil {
				t.Errorf("%s: %v", when, err)
			}
		}
		send("at the first address")
		second.with(func() { second.mode, second.swallows = "swallow", time.Second })
		first.refuse()
		send("before it is noticed")
		if h := b.health("a"); h.ActiveAddress != "tcp://second:6557" {
			t.Errorf("at %s", h.ActiveAddress)
		}
		// Noticed, and the other is on its way.
		first.with(func() { first.mode, first.swallows = "swallow", time.Second })
		second.refuse()
		time.Sleep(500 * time.Millisecond)
		send("in between")
		if heard != [2]int{2, 1} {
			t.Errorf("the cores heard %v", heard)
		}
		// Where none answers that is said, and not waited for.
		first.refuse()
		b.state("a", store.Down, time.Minute)
		began := time.Now()
		err := b.m.Send(t.Context(), "a", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"h1", "1", "eva", "x"}})
		if _, ok := err.(*UnavailableError); !ok || time.Since(began) > time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
