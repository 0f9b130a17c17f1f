package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A job is one item on its way. It belongs to the worker of its site once it
// is enqueued.
type job struct {
	order  *db.Order
	item   db.OrderItem
	target Target
	def    *schema.Command // what the order says
	args   []string        // as sent
	effect effect
	// asked: an earlier run may have sent it; it is only looked for.
	asked bool
	// from is when the effect began to be looked for, if not when it was sent.
	from     time.Time
	promised bool
}

// A queue is the work of one site, done by one worker.
type queue struct {
	site string
	todo []*job // not sent
	sent []*job // sent, or perhaps sent: the effect is awaited
	wake chan struct{}
}

const (
	batchMost = 10 // items whose sending is written down at once
	sendMost  = 45 * time.Second
	lookEvery = 500 * time.Millisecond
	lookMost  = 300 // effects looked for at a time
	awayEvery = time.Second
)

// job makes the job of a stored item.
func (d *Desk) job(o *db.Order, it db.OrderItem) (*job, error) {
	def, ok := schema.LookupCommand(o.Command)
	if !ok {
		return nil, fmt.Errorf("command: %s is not known", o.Command)
	}
	j := &job{order: o, item: it, def: def}
	if err := json.Unmarshal(it.Target, &j.target); err != nil {
		return nil, fmt.Errorf("command: target: %w", err)
	}
	return j, nil
}

// enqueue hands a job to the worker of its site, and starts one if there is
// none.
func (d *Desk) enqueue(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queues[j.item.Site]
	if q == nil {
		q = &queue{site: j.item.Site, wake: make(chan struct{}, 1)}
		d.queues[q.site] = q
		if !d.stopped {
			d.done.Go(func() { d.work(q) })
		}
	}
	if State(j.item.State) == Accepted {
		q.todo = append(q.todo, j)
	} else {
		q.sent = append(q.sent, j)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// cancel takes the jobs of an order that have not been sent out of the queue.
// The desk's lock is held.
func (q *queue) cancel(order int64) (gone []*job) {
	var kept []*job
	for _, j := range q.todo {
		if j.item.Order == order {
			gone = append(gone, j)
		} else {
			kept = append(kept, j)
		}
	}
	q.todo = kept
	return gone
}

// work does what is in a queue until it is empty or the desk stops.
func (d *Desk) work(q *queue) {
	_, sub := d.o.Hub.Subscribe()
	defer sub.Close()
	pause := time.NewTimer(0)
	defer pause.Stop()
	var looked time.Time
	for {
		wait := d.step(q, &looked)
		if wait < 0 {
			return
		}
		pause.Reset(wait)
		select {
		case <-d.ctx.Done():
			return
		case <-pause.C:
		case <-q.wake:
		case <-sub.C():
			sub.Take()
		}
	}
}

// step sends some, looks for effects, and returns how long to wait at most;
// below zero when there is nothing left to do.
func (d *Desk) step(q *queue, looked *time.Time) time.Duration {
	d.mu.Lock()
	if len(q.todo)+len(q.sent) == 0 {
		delete(d.queues, q.site)
		d.mu.Unlock()
		return -1
	}
	n := min(len(q.todo), batchMost)
	batch := append([]*job(nil), q.todo[:n]...)
	q.todo = q.todo[n:]
	d.mu.Unlock()

	wait := lookEvery
	if len(batch) > 0 {
		back := d.send(batch)
		d.mu.Lock()
		q.todo = append(back, q.todo...)
		more := len(q.todo) > 0
		for _, j := range batch {
			if State(j.item.State) == Sent || State(j.item.State) == Sending {
				q.sent = append(q.sent, j)
			}
		}
		d.mu.Unlock()
		switch {
		case len(back) > 0:
			wait = awayEvery
		case more:
			wait = time.Duration(len(batch)) * time.Second / time.Duration(d.o.Rate)
		}
	}
	if d.o.Now().Sub(*looked) >= lookEvery/2 || len(batch) == 0 {
		*looked = d.o.Now()
		d.look(q)
	}
	return wait
}

// send writes down that a batch is being sent, sends it, and writes down how
// that went. It returns those that did not leave and may be tried again.
func (d *Desk) send(batch []*job) (back []*job) {
	ctx, cancel := context.WithTimeout(d.ctx, time.Duration(len(batch))*sendMost)
	defer cancel()
	var going []*job
	for _, j := range batch {
		if err := d.ready(ctx, j); err != nil {
			d.end(j, Failed, reasonOf(err))
			continue
		}
		j.item.State, j.item.Sent = string(Sending), d.o.Now()
		going = append(going, j)
	}
	if err := d.save(batch); err != nil {
		// Not on disk, so not sent: it is tried again.
		d.o.Log.Error("command: orders cannot be kept, nothing is sent", "err", err)
		for _, j := range going {
			j.item.State, j.item.Sent = string(Accepted), time.Time{}
		}
		return going
	}
	for _, j := range going {
		if d.ctx.Err() != nil || d.promise(ctx, j) != nil || !d.sendOne(ctx, j) {
			j.item.State, j.item.Sent = string(Accepted), time.Time{}
			back = append(back, j)
		}
	}
	if err := d.save(batch); err != nil {
		d.o.Log.Error("command: what was sent could not be kept", "err", err)
	}
	d.changed()
	return back
}

// sendOne sends one command; false when it did not leave.
func (d *Desk) sendOne(ctx context.Context, j *job) bool {
	sctx, cancel := context.WithTimeout(ctx, sendMost)
	defer cancel()
	cmd := lql.Command{Name: j.sentName(d), Args: j.args, Time: j.item.Sent.Unix()}
	err := d.o.Sites.Send(sctx, j.item.Site, cmd)
	e, ours := errors.AsType[*livestatus.Error](err)
	switch {
	case err == nil && !j.effect.visible():
		d.end(j, Done, "")
	case err == nil:
		j.item.State, j.item.Reason = string(Sent), ""
	case ours && e.Uncertain:
		j.item.State, j.item.Reason = string(Sent), e.Cause
		j.asked = true
	case ours && (e.Kind == livestatus.KindStatus || e.Kind == livestatus.KindRequest):
		d.end(j, Failed, e.Cause)
	case d.o.Now().After(j.order.Until):
		d.end(j, Failed, "The site could not be reached in time. "+reasonOf(err))
	default:
		j.item.Reason = reasonOf(err)
		return false
	}
	return true
}

// ready spells the command; the comment or downtime to delete is found again.
func (d *Desk) ready(ctx context.Context, j *job) error {
	var id int64
	if j.target.Entry != nil {
		table := entryTable(j.def)
		res, err := d.one(j.item.Site).Query(ctx, lql.Get(table, "id").Where(j.target.entry(table[:len(table)-1])))
		switch {
		case err != nil:
			return fmt.Errorf("command: find it again: %w", err)
		case res.Rows == 0:
			return &Problem{Msg: "It is not there any more."}
		}
		// More than one: the same person wrote the same in the same second, and
		// any of them will do.
		id = res.Int(0, "id")
	}
	o := &Order{Command: j.def.Name, Args: j.order.Args}
	def := j.def
	if name := j.sentName(d); name != def.Name {
		def, _ = schema.LookupCommand(name)
	}
	args, err := spell(def, o, j.target, j.order.Who, id)
	if err != nil {
		return err
	}
	j.args, j.effect = args, effectOf(def, args, j.target, d.o.Now())
	return nil
}

// sentName is the command as this core knows it.
func (j *job) sentName(d *Desk) string {
	plain, ok := plainOf(j.def.Name)
	if !ok {
		return j.def.Name
	}
	if impl, known := d.o.Sites.Implementation(j.item.Site); known && impl != 0 && j.def.Cores&impl == 0 {
		return plain
	}
	return j.def.Name
}

// look ends the jobs whose effect shows, or did not in time.
func (d *Desk) look(q *queue) {
	d.mu.Lock()
	jobs := append([]*job(nil), q.sent[:min(len(q.sent), lookMost)]...)
	rest := q.sent[len(jobs):]
	d.mu.Unlock()
	if len(jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	var ended, kept []*job
	for _, j := range jobs {
		if d.lookOne(ctx, j) {
			ended = append(ended, j)
		} else {
			kept = append(kept, j)
		}
	}
	if err := d.save(ended); err != nil {
		d.o.Log.Error("command: effects could not be kept", "err", err)
		kept, ended = jobs, nil
	}
	d.mu.Lock()
	q.sent = append(append([]*job(nil), rest...), kept...)
	d.mu.Unlock()
	if len(ended) > 0 {
		d.changed()
	}
}

// lookOne looks for one effect; true when the job has ended.
func (d *Desk) lookOne(ctx context.Context, j *job) bool {
	if j.args == nil { // of an earlier run
		if err := d.recall(j); err != nil {
			d.end(j, Unknown, reasonOf(err))
			return true
		}
	}
	now := d.o.Now()
	if j.effect.visible() {
		shows, read, err := j.effect.shows(ctx, d.o.Engine, j.item.Site, j.item.Sent)
		if err != nil {
			d.o.Log.Warn("command: cannot look for an effect", "site", j.item.Site, "err", err)
		}
		if shows {
			d.end(j, Seen, "")
			return true
		}
		if !read && now.Before(j.order.Until) {
			return false // the site may come back
		}
	}
	if now.Sub(j.item.Sent) < d.o.SeenWithin || now.Sub(j.from) < d.o.SeenWithin {
		return false
	}
	if j.asked {
		// Whether it left is not known: a silent core proves nothing, but one
		// that was read since and does not show it is as near as we come.
		d.end(j, Unknown, "It may or may not have been sent before it was interrupted, and its effect does not show.")
		return true
	}
	d.end(j, Unseen, d.whyUnseen(ctx, j))
	return true
}

// recall spells what an earlier run sent, to look for its effect. The number
// of an entry is not needed for that.
func (d *Desk) recall(j *job) error {
	id := int64(0)
	if j.target.Entry != nil {
		id = 1
	}
	args, err := spell(j.def, &Order{Command: j.def.Name, Args: j.order.Args}, j.target, j.order.Who, id)
	if err != nil {
		return err
	}
	j.args, j.effect = args, effectOf(j.def, args, j.target, j.item.Sent)
	return nil
}

// whyUnseen says why an effect did not show, if that can be known.
func (d *Desk) whyUnseen(ctx context.Context, j *job) string {
	res, err := d.one(j.item.Site).Query(ctx, lql.Get("status", "check_external_commands"))
	if err == nil && res.Rows > 0 && res.Int(0, "check_external_commands") == 0 {
		return "External commands are switched off in this core."
	}
	if err == nil && len(res.Parts) > 0 && (res.Parts[0].Missing || res.Parts[0].Taken.Before(j.item.Sent)) {
		return "The site has not been read since it was sent, so nobody knows."
	}
	return fmt.Sprintf("Its effect did not show within %s.", d.o.SeenWithin)
}

// end brings a job to its final state. The caller saves it.
func (d *Desk) end(j *job, s State, reason string) {
	j.item.State, j.item.Reason, j.item.Ended = string(s), reason, d.o.Now()
}

func (d *Desk) save(jobs []*job) error {
	if len(jobs) == 0 {
		return nil
	}
	items := make([]db.OrderItem, len(jobs))
	for i, j := range jobs {
		items[i] = j.item
	}
	// What has been sent must be kept even while the desk stops.
	return d.o.Store.SetOrderItems(context.WithoutCancel(d.ctx), items)
}

// reasonOf returns a sentence for people.
func reasonOf(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Msg
	}
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		return e.Cause
	}
	return "The site cannot be reached now."
}
