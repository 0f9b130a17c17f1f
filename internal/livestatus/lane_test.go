package livestatus

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestLanePriorities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLane()
		leave, err := l.Enter(t.Context(), SyncPriority)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []string
		queue := func(name string, p Priority) {
			go func() {
				leave, err := l.Enter(context.Background(), p)
				if err != nil {
					return
				}
				defer leave()
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		queue("sync 1", SyncPriority)
		queue("log", PersonPriority)
		queue("sync 2", SyncPriority)
		queue("command 1", CommandPriority)
		queue("command 2", CommandPriority)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { _, err := l.Enter(ctx, CommandPriority); gone <- err }()
		synctest.Wait()
		cancel()
		if err := <-gone; err != context.Canceled {
			t.Errorf("error %v", err)
		}
		leave()
		leave() // again is nothing
		synctest.Wait()
		if diff := cmp.Diff([]string{"command 1", "command 2", "log", "sync 1", "sync 2"}, order); diff != "" {
			t.Error(diff)
		}
		if l.open != 0 || len(l.queue) != 0 {
			t.Errorf("open %d queue %d", l.open, len(l.queue))
		}
	})
}

func TestLaneBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLane()
		entered := make(chan func(), 10)
		for range 5 {
			go func() {
				leave, _ := l.Enter(t.Context(), PersonPriority)
				entered <- leave
			}()
		}
		synctest.Wait()
		if len(entered) != 1 {
			t.Errorf("%d entered, want 1", len(entered))
		}
		l.setMax(3)
		synctest.Wait()
		if len(entered) != 3 {
			t.Errorf("%d entered, want 3", len(entered))
		}
		for range 5 {
			(<-entered)()
			synctest.Wait()
		}
	})
}

// TestLaneSync lets one follow the core at a time, beside a wait that rests
// and people who ask.
func TestLaneSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLane()
		l.setMax(4)
		entered := make(chan Priority, 10)
		end := make(chan bool)
		for _, p := range []Priority{SyncPriority, SyncPriority, SyncPriority, RestPriority, PersonPriority} {
			go func() {
				leave, _ := l.Enter(t.Context(), p)
				entered <- p
				<-end
				leave()
			}()
		}
		synctest.Wait()
		count := map[Priority]int{}
		for len(entered) > 0 {
			count[<-entered]++
		}
		if diff := cmp.Diff(map[Priority]int{SyncPriority: 1, RestPriority: 1, PersonPriority: 1}, count); diff != "" {
			t.Error(diff)
		}
		close(end)
		synctest.Wait()
		if len(entered) != 2 || l.open != 0 || l.syncing != 0 {
			t.Errorf("%d more entered, open %d, syncing %v", len(entered), l.open, l.syncing)
		}
	})
}
