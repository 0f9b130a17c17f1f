package site

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/store"
)

// TestHome: a site goes back to the first of its addresses when that has
// answered for a while, keeps what it holds meanwhile, and goes back less and
// less often where that does not last.
func TestHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newToy(), newToy()
		second.pid, second.start = 88, first.start+100
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if strings.HasPrefix(addr, "first:") {
				return first
			}
			return second
		})
		defer b.stop()
		first.refuse()
		b.m.Apply([]Spec{spec("a", "tcp://first:6557", "tcp://second:6557")})
		at := func(want string, within time.Duration) time.Duration {
			t.Helper()
			began := time.Now()
			for {
				h := b.health("a")
				if h.State == store.Fresh && h.ActiveAddress == "tcp://"+want+":6557" {
					return time.Since(began)
				}
				if h.State == store.Down || h.State != store.Pending && b.snapshot("a").Rows("services") != 12 {
					t.Fatalf("health %+v, %d services", h, b.snapshot("a").Rows("services"))
				}
				if time.Since(began) > within {
					t.Fatalf("at %q (%v) after %v, want %s", h.ActiveAddress, h.State, within, want)
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		at("second", 3*time.Second)
		time.Sleep(5 * time.Minute)
		at("second", 0)
		first.with(func() { first.mode = "" })
		if took := at("first", 2*time.Minute); took < 30*time.Second {
			t.Errorf("back after %v already", took)
		}
		if h := b.health("a"); len(h.Notes) > 0 || h.Errors["internal"] > 0 {
			t.Errorf("notes %q, errors %v", h.Notes, h.Errors)
		}
		for _, least := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			first.refuse()
			at("second", 10*time.Second)
			first.with(func() { first.mode = "" })
			if took := at("first", time.Hour); took < least || took > 3*least {
				t.Errorf("back after %v, want about %v", took, least)
			}
		}
	})
}

// TestNotHome: an address that answers now and then is not gone back to.
func TestNotHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newToy(), newToy()
		b := newBench(t, func(_ context.Context, _, addr string) *toy {
			if strings.HasPrefix(addr, "first:") {
				return first
			}
			return second
		})
		defer b.stop()
		first.refuse()
		b.m.Apply([]Spec{spec("a", "tcp://first:6557", "tcp://second:6557")})
		b.state("a", store.Fresh, 3*time.Second)
		for range 20 {
			first.with(func() { first.mode = "" })
			time.Sleep(29 * time.Second)
			first.refuse()
			time.Sleep(31 * time.Second)
			if h := b.health("a"); h.State != store.Fresh || h.ActiveAddress != "tcp://second:6557" {
				t.Fatalf("health %+v", h)
			}
		}
	})
}
