package livestatus

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestTurns: who begins goes before who used much, and none waits for ever.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := &turns{free: 1}
		turns.take(0)
		var mu sync.Mutex
		var order []string
		var group sync.WaitGroup
		wait := func(name string, used time.Duration) {
			group.Go(func() {
				turns.take(used)
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
				turns.give()
			})
			synctest.Wait()
		}
		wait("greedy", time.Hour)
		wait("long", time.Second)
		wait("first", 0)
		wait("second", 0)
		time.Sleep(1500 * time.Millisecond)
		wait("third", 0)
		time.Sleep(time.Second)
		wait("late", 0)
		turns.give()
		group.Wait()
		if want := []string{"first", "second", "long", "third", "greedy", "late"}; !slices.Equal(order, want) {
			t.Errorf("turns came as %v, want %v", order, want)
		}
		if turns.free != 1 || len(turns.queue) != 0 {
			t.Errorf("%d turns are free, %d wait", turns.free, len(turns.queue))
		}
	})
}
