package livestatus

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"
)

// Turns share the processors among answers of many pieces, so that however many
// clients ask for everything, others are answered meanwhile: only so many pieces
// are encoded at a time, and the next is one of the answer that waits longest,
// the time it has used already taken off. An answer that begins goes before one
// that was worked on for long, and none waits for ever. Safe for concurrent use.
type turns struct {
	mu    sync.Mutex
	free  int
	queue turnQueue
	last  uint64
}

// usedMost bounds how far behind newcomers an answer is put for what it used.
const usedMost = 2 * time.Second

// take waits for a turn of an answer that has used so much time. Whoever has it
// calls give soon.
func (t *turns) take(used time.Duration) {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return
	}
	t.last++
	turn := &turn{at: time.Now().Add(min(used, usedMost)), number: t.last, come: make(chan struct{})}
	heap.Push(&t.queue, turn)
	t.mu.Unlock()
	<-turn.come
}

// give ends a turn.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		t.free++
		return
	}
	close(heap.Pop(&t.queue).(*turn).come)
}

// spend has work done in a turn of an answer, and adds the time to what the
// answer has used.
func (t *turns) spend(used *atomic.Int64, work func()) {
	t.take(time.Duration(used.Load()))
	defer t.give()
	began := time.Now()
	work()
	used.Add(int64(time.Since(began)))
}

// A turn is somebody who waits.
type turn struct {
	at     time.Time // the earliest goes first
	number uint64    // among equals the one that came first
	come   chan struct{}
}

// A turnQueue is a [heap.Interface].
type turnQueue []*turn

func (q turnQueue) Len() int { return len(q) }
func (q turnQueue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].number < q[j].number
}
func (q turnQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push and Pop are for package heap.
func (q *turnQueue) Push(x any) { *q = append(*q, x.(*turn)) }

// Pop removes the last.
func (q *turnQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return x
}
