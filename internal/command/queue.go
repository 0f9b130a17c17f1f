package command

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A job is one item on its way. It belongs to the worker of its site once it
// is taken from the queue.
type job struct {
	order  *order
	item   db.OrderItem
	target Target
	def    *schema.Command // what the order says
	name   string          // as sent, which cores differ in
	args   []string        // as sent; nil: not spelled yet
	effect effect
	// asked: it may or may not have left; it is only looked for.
	asked bool
	// from is when the effect began to be looked for, if not when it was sent.
	from time.Time
	// read is when the site was first read again, of an effect nobody knew of.
	read    time.Time
	promise int64 // that we take it back ourselves; 0: none
	closed  bool  // how it ended is on disk
}

// newJob makes the job of a stored item; it is usable for its item alone when
// there is an error.
func newJob(o *order, it db.OrderItem) (*job, error) {
	j := &job{order: o, item: it}
	if err := json.Unmarshal(it.Target, &j.target); err != nil {
		return j, fmt.Errorf("command: target: %w", err)
	}
	if j.def = j.target.commandOf(o.Command); j.def == nil {
		return j, fmt.Errorf("command: %s is not known", o.Command)
	}
	return j, nil
}

// end brings a job to its final state. The caller saves it.
func (d *Desk) end(j *job, s State, reason string) {
	j.item.State, j.item.Reason, j.item.Ended = string(s), reason, d.o.Now()
}

// An object is what two jobs may have in common. The zero object is a site as
// a whole.
type object struct{ host, service, other string }

func (t *Target) object() object {
	o := object{t.Host, t.Service, t.Group}
	if o.other == "" {
		o.other = t.Contact
	}
	return o
}

// meets reports whether the order in which two jobs are done may matter: they
// are about the same object, or one is about many.
func meets(a, b *job) bool {
	x, y := a.target.object(), b.target.object()
	return x == y || x.host == "" || y.host == "" || x.host == y.host && (x.service == "" || y.service == "")
}

// A line is what one order has for a site, first come first.
type line struct {
	order *order
	jobs  []*job
}

// A queue is the work of one site, done by one worker.
type queue struct {
	site string
	wake chan struct{}
	news atomic.Bool // the site's data changed

	// The desk's lock is for these.
	lines []*line // not sent, the older orders first
	come  []*job  // sent by an earlier run
	open  map[object]int
	// flying are those that the worker is about to send, for their orders.
	flying []*job

	// The rest is the worker's own.
	turn     int       // the line whose turn it is
	sent     []*job    // sent, or perhaps sent: the effect is awaited
	late     []*job    // ended as unknown, while the core could not be read
	unsaved  []*job    // ended, which is not on disk yet
	away     time.Time // since when nothing could be sent; zero: it can
	failed   bool      // something of the last batch did not leave
	nextSend time.Time
	looked   time.Time // when effects were looked for
	taken    time.Time // of the data they were looked for in
}

const (
	batchMost = 10 // items whose sending is written down at once
	sendMost  = 45 * time.Second
	lookEvery = 500 * time.Millisecond
	lookGap   = 50 * time.Millisecond
	lookMost  = 500 // effects looked for at a time
	awayEvery = time.Second
)

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// enqueue hands a job to the worker of its site, and starts one if there is
// none.
func (d *Desk) enqueue(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queues[j.item.Site]
	if q == nil {
		q = &queue{site: j.item.Site, wake: make(chan struct{}, 1), open: map[object]int{}}
		d.queues[q.site] = q
		if !d.stopped {
			d.done.Go(func() { d.work(q) })
		}
	}
	q.open[j.target.object()]++
	if State(j.item.State) == Accepted {
		q.put(j, false)
	} else {
		q.come = append(q.come, j)
	}
	q.poke()
}

// put adds a job that is not sent to the line of its order, at its end or in
// front. The desk's lock is held.
func (q *queue) put(j *job, front bool) {
	i, ok := slices.BinarySearchFunc(q.lines, j.item.Order, func(l *line, id int64) int { return int(l.order.ID - id) })
	if !ok {
		q.lines = slices.Insert(q.lines, i, &line{order: j.order})
	}
	l := q.lines[i]
	if front {
		l.jobs = slices.Insert(l.jobs, 0, j)
	} else {
		l.jobs = append(l.jobs, j)
	}
}

// pick takes up to n jobs, one of each order in turn, so that a small order
// does not wait for a large one. Of two about the same object the older one
// always goes first. The desk's lock is held.
func (q *queue) pick(n int) (out []*job) {
	for idle := 0; len(out) < n && idle < len(q.lines); {
		q.turn %= len(q.lines)
		l := q.lines[q.turn]
		j := l.jobs[0]
		if j.target.After != nil || q.blocked(j) {
			idle++
			q.turn++
			continue
		}
		idle = 0
		out = append(out, j)
		if l.jobs = l.jobs[1:]; len(l.jobs) == 0 {
			q.lines = slices.Delete(q.lines, q.turn, q.turn+1)
		} else {
			q.turn++
		}
	}
	return out
}

// blocked reports whether an older order has something to do first.
func (q *queue) blocked(j *job) bool {
	for _, l := range q.lines {
		if l.order.ID >= j.item.Order {
			return false
		}
		if slices.ContainsFunc(l.jobs, func(k *job) bool { return meets(j, k) }) {
			return true
		}
	}
	return false
}

// remove takes the jobs that are not sent and that which chooses out of the
// queue. The desk's lock is held.
func (q *queue) remove(which func(*job) bool) (gone []*job) {
	for _, l := range q.lines {
		l.jobs = slices.DeleteFunc(l.jobs, func(j *job) bool {
			if which(j) {
				gone = append(gone, j)
				return true
			}
			return false
		})
	}
	q.lines = slices.DeleteFunc(q.lines, func(l *line) bool { return len(l.jobs) == 0 })
	return gone
}

// pending returns how many items about the same object are on their way.
func (d *Desk) pending(t Target) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q := d.queues[t.Site]; q != nil {
		return q.open[t.object()]
	}
	return 0
}

// work does what is in a queue until it is empty or the desk stops.
func (d *Desk) work(q *queue) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		wait, more := d.step(q)
		if !more {
			return
		}
		pause.Reset(wait)
		select {
		case <-d.ctx.Done():
			return
		case <-pause.C:
		case <-q.wake:
		}
	}
}

// step sends some, looks for effects, and returns how long to wait at most;
// more is false when there is nothing left to do.
func (d *Desk) step(q *queue) (wait time.Duration, more bool) {
	if err := d.settle(q, nil); err != nil {
		d.o.Log.Error("command: how orders ended cannot be kept", "site", q.site, "err", err)
		return awayEvery, true
	}
	d.follow(q)
	batch, todo, more := d.take(q)
	if !more {
		return 0, false
	}
	if len(batch) > 0 {
		d.send(q, batch)
	}
	d.look(q)
	now := time.Now()
	wait = lookEvery
	switch {
	case !q.away.IsZero():
		wait = awayEvery
	case todo:
		wait = min(wait, max(q.nextSend.Sub(now), time.Millisecond))
	}
	if q.news.Load() {
		wait = min(wait, max(lookGap-now.Sub(q.looked), time.Millisecond))
	}
	return wait, true
}

// take takes what may be sent now. todo: there is more to send.
func (d *Desk) take(q *queue) (batch []*job, todo, more bool) {
	up := d.reachable(q.site)
	now := d.o.Now()
	var over []*job
	d.mu.Lock()
	q.sent = append(q.sent, q.come...)
	q.come = nil
	if len(q.lines)+len(q.sent)+len(q.late)+len(q.unsaved) == 0 {
		delete(d.queues, q.site)
		d.mu.Unlock()
		return nil, false, false
	}
	switch {
	case up && !time.Now().Before(q.nextSend):
		batch = q.pick(min(batchMost, max(1, d.o.Rate/4)))
	case !up && q.away.IsZero():
		q.away = now
	}
	if !q.away.IsZero() {
		over = q.remove(func(j *job) bool { return now.After(j.order.Until) && now.Sub(q.away) > j.order.hold() })
	}
	todo, q.flying = len(q.lines) > 0, batch
	d.mu.Unlock()
	if len(over) > 0 {
		cause := d.causeOf(q.site)
		for _, j := range over {
			d.end(j, Failed, "The site could not be reached in time. "+cause)
		}
		if err := d.settle(q, over); err != nil {
			d.o.Log.Error("command: how orders ended cannot be kept", "site", q.site, "err", err)
		}
	}
	return batch, todo, true
}

// reachable reports whether commands can be sent to a site now: it is connected,
// and its objects are known. After a start they are not, for a while.
func (d *Desk) reachable(site string) bool {
	if _, up := d.o.Sites.Implementation(site); !up {
		return false
	}
	res, err := d.one(site).Query(d.ctx, lql.Get("sites", "state"))
	if err != nil || res.Rows == 0 {
		return false
	}
	state := res.Text(0, "state")
	return state == "fresh" || state == "late"
}

// settle writes down how jobs ended, with those that could not be written
// before.
func (d *Desk) settle(q *queue, ended []*job) error {
	q.unsaved = append(q.unsaved, ended...)
	if len(q.unsaved) == 0 {
		return nil
	}
	if err := d.saver.save(q.unsaved); err != nil {
		return err
	}
	d.release(q, q.unsaved)
	q.unsaved = nil
	d.changed()
	return nil
}

// release notes that jobs are not on their way any more.
func (d *Desk) release(q *queue, jobs []*job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range jobs {
		if !j.closed {
			q.close(j)
			j.closed = true
		}
	}
}

// close counts a job off. The desk's lock is held.
func (q *queue) close(j *job) {
	o := j.target.object()
	if q.open[o]--; q.open[o] <= 0 {
		delete(q.open, o)
	}
}
