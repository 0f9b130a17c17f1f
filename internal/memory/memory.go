// Package memory keeps the program within a soft limit.
//
// A [Budget] knows the limit and what is in use. Rooms that keep something they
// can do without register it with [Budget.OnPressure]; who is about to take
// much asks [Budget.Room] first and is told no rather than that the process is
// killed. The package knows nothing of what the memory is for.
package memory

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"
)

// ErrFull is wrapped by every [*FullError].
var ErrFull = errors.New("memory limit reached")

// A FullError says that something has no room. Sizes are in bytes.
type FullError struct {
	Need, Used, Limit int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("memory: about %s needed, %s of %s in use: %v", Size(e.Need), Size(e.Used), Size(e.Limit), ErrFull)
}

// Unwrap returns [ErrFull].
func (e *FullError) Unwrap() error { return ErrFull }

// Size is a number of bytes for people, in whole MiB or GiB with a decimal, as
// the configuration writes them.
func Size(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", (n+1<<19)>>20)
}

const (
	// spare is the part of the limit, one in so many, that is kept free for
	// what nobody asks for: answers under way, and the collector's own room.
	spare = 8
	// collectEvery is the least time between two collections made to find out
	// what is really in use.
	collectEvery = 5 * time.Second
	watchEvery   = 5 * time.Second
)

// A Budget is a soft limit of memory. The zero and the nil Budget have none.
// Safe for concurrent use.
type Budget struct {
	limit   int64
	used    func() int64
	collect func() // replaced in tests

	mu        sync.Mutex
	caches    []func()
	collected time.Time
}

// New returns a budget of so many bytes, 0 for no limit. used tells what is in
// use; nil: what this program has on its heap and in stacks.
func New(limit int64, used func() int64) *Budget {
	if used == nil {
		used = inUse
	}
	return &Budget{limit: limit, used: used, collect: runtime.GC}
}

// Limit is the limit in bytes, 0 for none.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit
}

// OnPressure registers a cache: shrink is called when memory gets short, at
// most every five seconds, and frees what can be had again. It must not block,
// nor call the budget.
func (b *Budget) OnPressure(shrink func()) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.caches = append(b.caches, shrink)
}

// Room reports whether need more bytes fit, with an eighth of the limit left.
// If they do not, caches shrink first. The error is a [*FullError].
func (b *Budget) Room(need int64) error {
	if b == nil || b.limit <= 0 {
		return nil
	}
	used := b.used()
	if used+need <= b.most() {
		return nil
	}
	if b.relieve() {
		used = b.used()
	}
	if used+need <= b.most() {
		return nil
	}
	return &FullError{Need: need, Used: used, Limit: b.limit}
}

// most is what may be in use.
func (b *Budget) most() int64 { return b.limit - b.limit/spare }

// relieve has caches shrink and collects, unless that was just done.
func (b *Budget) relieve() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.collected.IsZero() && now.Sub(b.collected) < collectEvery {
		return false
	}
	for _, shrink := range b.caches {
		shrink()
	}
	b.collect()
	b.collected = now
	return true
}

// Watch has caches shrink whenever memory is short, until ctx ends.
func (b *Budget) Watch(ctx context.Context) {
	if b.Limit() <= 0 {
		return
	}
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = b.Room(0) // asking is what relieves
		}
	}
}

// inUse is what the program holds on the heap and in stacks, in bytes. What is
// not collected yet counts.
func inUse() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	var n int64
	for _, s := range samples {
		n += int64(s.Value.Uint64())
	}
	return n
}
