package command

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/schema"
)

// mayTouch says whether somebody may take back or repeat an order: who gave
// it, and admins.
func mayTouch(a Actor, o db.Order) error {
	if a.Role == access.RoleAdmin || a.ID == o.Person && a.Name == o.Who {
		return nil
	}
	return &Problem{Msg: fmt.Sprintf("%s gave this order.", o.Who), Hint: "Who gave it can take it back or repeat it, or an admin."}
}

// Cancel takes back what of an order has not been sent yet, and returns how
// many items that are. What is being sent at this moment may still go out. The
// error is a [*Problem] when the order is not a's to take back.
func (d *Desk) Cancel(ctx context.Context, a Actor, id int64) (int, error) {
	kept, err := d.o.Store.Order(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("command: cancel: %w", err)
	}
	if err := mayTouch(a, kept); err != nil {
		return 0, err
	}
	gone := d.pull(id)
	if len(gone) == 0 {
		return 0, nil
	}
	for _, j := range gone {
		d.end(j, Cancelled, "")
	}
	if err := d.saver.save(gone); err != nil {
		for _, j := range gone {
			j.order.cancelled.Store(false)
			j.item.State, j.item.Ended = string(Accepted), j.item.Sent // which is never
			d.enqueue(j)
		}
		return 0, fmt.Errorf("command: cancel: %w", err)
	}
	d.changed()
	audit := db.Audit{Person: a.ID, Who: a.Name, IP: a.IP, Action: "order.cancel", Object: fmt.Sprintf("order %d", id),
		Result: "ok", Detail: fmt.Sprintf("%s, %d objects not sent", kept.Command, len(gone))}
	return len(gone), d.o.Store.AddAudit(ctx, audit)
}

// pull takes the jobs of an order that are not sent out of all queues, and
// marks the order, so that those which a worker brings back end, too.
func (d *Desk) pull(id int64) (gone []*job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range d.queues {
		mine := q.remove(func(j *job) bool { return j.order.ID == id })
		for _, j := range mine {
			q.close(j)
		}
		for _, j := range append(mine, q.flying...) {
			if j.order.ID == id {
				j.order.cancelled.Store(true)
			}
		}
		gone = append(gone, mine...)
		q.poke()
	}
	return gone
}

// Retry gives a new order for exactly those items of an order that were not
// seen or that failed, in the name of a. Before that, it is looked whether the
// effect shows by now: such an item, and one of which nobody knew, becomes
// seen and is not repeated. The error is a [*Problem] when nothing is left.
func (d *Desk) Retry(ctx context.Context, a Actor, id int64) (int64, error) {
	kept, err := d.o.Store.Order(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("command: retry: %w", err)
	}
	if err := mayTouch(a, kept); err != nil {
		return 0, err
	}
	again := Order{Command: kept.Command, Args: maps.Clone(kept.Args), Note: kept.Note, Hold: kept.Until.Sub(kept.At), again: true}
	delete(again.Args, "check_time") // is now
	var seen []db.OrderItem
	for from := 0; ; {
		items, err := d.o.Store.OrderItems(ctx, id, from, 1000)
		if err != nil {
			return 0, fmt.Errorf("command: retry: %w", err)
		}
		for _, it := range items {
			from = it.N + 1
			state := State(it.State)
			j, err := newJob(&order{Order: kept}, it)
			switch {
			case err != nil || state != Unseen && state != Failed && state != Unknown:
			case state != Failed && d.showsNow(ctx, j):
				d.end(j, Seen, "")
				seen = append(seen, j.item)
			case state != Unknown:
				j.target.CheckAt = 0
				again.Targets = append(again.Targets, j.target)
			}
		}
		if len(items) < 1000 {
			break
		}
	}
	if len(seen) > 0 {
		if err := d.o.Store.SetOrderItems(ctx, seen); err != nil {
			return 0, fmt.Errorf("command: retry: %w", err)
		}
		d.changed()
	}
	if len(again.Targets) == 0 {
		return 0, &Problem{Msg: "There is nothing to repeat: all of it was seen, or was refused here."}
	}
	return d.Give(ctx, a, again)
}

// showsNow reports whether the effect of an ended job shows.
func (d *Desk) showsNow(ctx context.Context, j *job) bool {
	if d.recall(ctx, j) != nil || !j.effect.visible() || d.readAt(ctx, j.item.Site).Before(j.item.Sent) {
		return false
	}
	shows, err := j.effect.shows(ctx, d.one(j.item.Site))
	return err == nil && shows
}

// EditDowntime changes downtimes: the targets name them by their entries, and
// the order's values are those that they shall have. The new ones are set; each
// old one is cancelled once its new one was seen, by a second order. When a new
// one is not seen the old one stays. It returns both orders; cancel is 0 when
// nothing of the first could be sent. The error is a [*Problem] when the values
// make no sense; nothing is kept then, unless set is not 0.
func (d *Desk) EditDowntime(ctx context.Context, a Actor, o Order) (set, cancel int64, err error) {
	def, ok := schema.LookupCommand(o.Command)
	drop := strings.Replace(o.Command, "SCHEDULE_", "DEL_", 1)
	if _, twin := schema.LookupCommand(drop); !ok || !twin || !takesTicket(def) || o.Whole {
		return 0, 0, &Problem{Msg: fmt.Sprintf("%s does not change a downtime.", clip(o.Command)), Hint: "It is SCHEDULE_HOST_DOWNTIME or SCHEDULE_SVC_DOWNTIME."}
	}
	old := Order{Command: drop, Targets: make([]Target, len(o.Targets)), Hold: o.Hold, Note: o.Note, again: true}
	fresh := o
	fresh.Targets = make([]Target, len(o.Targets))
	for i, t := range o.Targets {
		if t.Entry == nil {
			return 0, 0, &Problem{Msg: "It is not said which downtime is to be changed."}
		}
		old.Targets[i] = Target{Site: t.Site, Host: t.Host, Service: t.Service, Entry: t.Entry}
		fresh.Targets[i] = Target{Site: t.Site, Host: t.Host, Service: t.Service, Trigger: t.Trigger}
	}
	if set, err = d.Give(ctx, a, fresh); err != nil {
		return 0, 0, err
	}
	for i := range old.Targets {
		old.Targets[i].After = &After{Order: set, N: i}
	}
	cancel, err = d.Give(ctx, a, old)
	return set, cancel, err
}

// follow lets those jobs go that wait for another item to be seen, and ends
// those of which that was not.
func (d *Desk) follow(q *queue) {
	var bound []*job
	d.mu.Lock()
	for _, l := range q.lines {
		for _, j := range l.jobs {
			if j.target.After != nil {
				bound = append(bound, j)
			}
		}
	}
	d.mu.Unlock()
	free, over := map[*job]bool{}, map[*job]bool{}
	for _, j := range bound {
		items, err := d.o.Store.OrderItems(d.ctx, j.target.After.Order, j.target.After.N, 1)
		switch {
		case err != nil:
		case len(items) == 0 || State(items[0].State).Final() && State(items[0].State) != Seen:
			over[j] = true
		case State(items[0].State) == Seen:
			free[j] = true
		}
	}
	if len(free)+len(over) == 0 {
		return
	}
	d.mu.Lock()
	for j := range free {
		j.target.After = nil
	}
	ended := q.remove(func(j *job) bool { return over[j] })
	d.mu.Unlock()
	for _, j := range ended {
		d.end(j, Refused, "The new downtime was not seen, so the old one stays.")
	}
	q.unsaved = append(q.unsaved, ended...)
}
