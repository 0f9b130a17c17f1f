package memory

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRoom(t *testing.T) {
	var used int64 = 600 << 20
	b := New(800<<20, func() int64 { return used })
	b.collect = func() {}
	if err := b.Room(100 << 20); err != nil {
		t.Errorf("exactly seven eighths: %v", err)
	}
	err := b.Room(101 << 20)
	full, ok := errors.AsType[*FullError](err)
	if !ok || !errors.Is(err, ErrFull) || *full != (FullError{Need: 101 << 20, Used: used, Limit: 800 << 20}) {
		t.Fatalf("one more: %v", err)
	}
	if want := "about 101 MiB needed, 600 MiB of 800 MiB in use"; !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want %q", err, want)
	}
	for _, none := range []*Budget{nil, {}, New(0, nil)} {
		none.OnPressure(func() { t.Error("a cache shrank without a limit") })
		if err := none.Room(1 << 60); err != nil || none.Limit() != 0 {
			t.Errorf("without a limit: %v", err)
		}
	}
}

// TestPressure has caches shrink before anything is refused, and while nobody
// asks, but not all the time.
func TestPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used, cached, collected, shrunk atomic.Int64
		used.Store(100 << 20)
		cached.Store(600 << 20)
		b := New(800<<20, func() int64 { return used.Load() + cached.Load() })
		b.collect = func() { collected.Add(1) }
		b.OnPressure(func() { shrunk.Add(1); cached.Store(cached.Load() / 2) })
		b.OnPressure(func() { shrunk.Add(1) })
		if err := b.Room(200 << 20); err != nil || shrunk.Load() != 2 || collected.Load() != 1 {
			t.Fatalf("%v, %d caches shrank, %d collections", err, shrunk.Load(), collected.Load())
		}
		if err := b.Room(400 << 20); err == nil || shrunk.Load() != 2 {
			t.Errorf("asked again at once: %v, %d caches shrank", err, shrunk.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() { b.Watch(ctx); close(done) }()
		time.Sleep(time.Minute)
		if shrunk.Load() != 2 {
			t.Errorf("shrank without need")
		}
		used.Store(1 << 30)
		time.Sleep(time.Minute + time.Second)
		if rounds := shrunk.Load()/2 - 1; rounds < 8 || rounds > 13 {
			t.Errorf("caches shrank %d times in a minute of pressure", rounds)
		}
		cancel()
		<-done
	})
}

func TestInUse(t *testing.T) {
	before := inUse()
	block := make([]byte, 64<<20)
	if grown := inUse() - before; grown < 60<<20 {
		t.Errorf("64 MiB more count as %d", grown)
	}
	block[0] = 1
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 MiB", 512 << 20: "512 MiB", 3 << 29: "1.5 GiB", 700_000: "1 MiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}
