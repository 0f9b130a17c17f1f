package command

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/db"
)

// An order is one that has items on their way. Its items share it.
type order struct {
	db.Order
	open      atomic.Int64 // items that have not ended, as far as is on disk
	cancelled atomic.Bool
}

// hold is how long the order waits for a site that is down.
func (o *order) hold() time.Duration { return o.Until.Sub(o.At) }

// A saver stores items, those of all sites that come at once in one
// transaction: what costs is the disk, once each time. Safe for concurrent use.
type saver struct {
	store   Store
	commit  sync.Mutex
	mu      sync.Mutex
	waiting []*saving
}

type saving struct {
	items  []db.OrderItem
	orders []*order // of the items; nil for one that had ended before
	done   chan error
}

// save returns when the items of the jobs are on disk as they are now.
func (s *saver) save(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	mine := &saving{done: make(chan error, 1)}
	for _, j := range jobs {
		o := j.order
		if j.closed {
			o = nil
		}
		mine.items, mine.orders = append(mine.items, j.item), append(mine.orders, o)
	}
	s.mu.Lock()
	s.waiting = append(s.waiting, mine)
	s.mu.Unlock()
	s.commit.Lock()
	defer s.commit.Unlock()
	select {
	case err := <-mine.done: // with those of whoever had the turn before
		return err
	default:
	}
	s.mu.Lock()
	all := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	err := s.write(all)
	for _, w := range all {
		w.done <- err
	}
	return <-mine.done
}

// write stores what waits, and counts what ended. The caller holds commit.
func (s *saver) write(all []*saving) error {
	var items []db.OrderItem
	ended := map[*order]int64{}
	for _, w := range all {
		items = append(items, w.items...)
		for i, it := range w.items {
			if o := w.orders[i]; o != nil && State(it.State).Final() {
				ended[o]++
			}
		}
	}
	var last []int64
	for o, n := range ended {
		if o.open.Load() == n {
			last = append(last, o.ID)
		}
	}
	slices.Sort(last)
	// What has been sent must be kept even while the desk stops.
	if err := s.store.SetOrderItems(context.Background(), items, last...); err != nil {
		return err
	}
	for o, n := range ended {
		o.open.Add(-n)
	}
	return nil
}
