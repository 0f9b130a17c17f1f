package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// graceMost is how long a command under way may go on when the desk stops.
const graceMost = 3 * time.Second

// send writes down that a batch is being sent, sends it, and writes down how
// that went. What did not leave goes back into the queue.
func (d *Desk) send(q *queue, batch []*job) {
	ctx, cancel := context.WithTimeout(context.Background(), sendMost+time.Duration(len(batch))*time.Second)
	defer cancel()
	defer context.AfterFunc(d.ctx, func() { time.AfterFunc(graceMost, cancel) })()
	began := time.Now()
	q.failed = false
	going, ended := d.readyAll(ctx, q, batch)
	for _, j := range going {
		j.item.State, j.item.Sent, j.item.Reason = string(Sending), d.o.Now(), ""
	}
	if err := d.saver.save(going); err != nil {
		// Not on disk, so not sent: it is tried again.
		d.o.Log.Error("command: orders cannot be kept, nothing is sent", "site", q.site, "err", err)
		d.back(q, going)
		going = nil
	}
	var left []*job
	for i, j := range going {
		if d.ctx.Err() != nil || d.promise(ctx, j) != nil || !d.sendOne(ctx, j) {
			d.back(q, going[i:])
			// That they were not sent after all should be known to a restart.
			left = append(left, going[i:]...)
			break
		}
		q.away = time.Time{}
		if State(j.item.State).Final() {
			ended = append(ended, j)
			continue
		}
		left = append(left, j)
		q.sent = append(q.sent, j)
		if j.asked {
			// The core hangs: the others wait until it is known how it is.
			d.back(q, going[i+1:])
			left = append(left, going[i+1:]...)
			break
		}
	}
	// Those that were taken back meanwhile have ended, and are written with these.
	left = slices.DeleteFunc(left, func(j *job) bool { return State(j.item.State).Final() })
	if err := d.saver.save(left); err != nil {
		d.o.Log.Error("command: what was sent could not be kept", "site", q.site, "err", err)
	}
	if err := d.settle(q, ended); err != nil {
		d.o.Log.Error("command: how orders ended cannot be kept", "site", q.site, "err", err)
	}
	if !q.failed {
		q.away = time.Time{}
		q.nextSend = began.Add(time.Duration(len(batch)) * time.Second / time.Duration(d.o.Rate))
	}
	d.changed()
}

// readyAll makes a batch ready. Those that are not to be sent after all have
// ended; those that cannot be judged now go back.
func (d *Desk) readyAll(ctx context.Context, q *queue, batch []*job) (going, ended []*job) {
	judges := map[*order]*judge{}
	for i, j := range batch {
		err := d.ready(ctx, judges, j)
		p, ours := errors.AsType[*Problem](err)
		switch {
		case err == nil:
			going = append(going, j)
		case ours:
			d.end(j, Refused, p.Msg)
			ended = append(ended, j)
		default:
			d.o.Log.Warn("command: an order waits", "site", q.site, "err", err)
			d.back(q, batch[i:])
			return going, ended
		}
	}
	return going, ended
}

// back puts jobs that did not leave into the queue again, in front, and waits a
// while before the next attempt.
func (d *Desk) back(q *queue, jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	if q.away.IsZero() {
		q.away = d.o.Now()
	}
	q.failed, q.nextSend = true, time.Now().Add(awayEvery)
	var gone []*job
	d.mu.Lock()
	for i := len(jobs) - 1; i >= 0; i-- { // so that the first is in front
		j := jobs[i]
		j.item.State, j.item.Sent = string(Accepted), time.Time{}
		if j.order.cancelled.Load() {
			gone = append(gone, j)
		} else {
			q.put(j, true)
		}
	}
	d.mu.Unlock()
	for _, j := range gone {
		d.end(j, Cancelled, "")
	}
	q.unsaved = append(q.unsaved, gone...)
}

// sendOne sends one command; false when it did not leave.
func (d *Desk) sendOne(ctx context.Context, j *job) bool {
	cmd := lql.Command{Name: j.name, Args: j.args, Time: j.item.Sent.Unix()}
	err := d.o.Sites.Send(ctx, j.item.Site, cmd)
	e, ours := errors.AsType[*livestatus.Error](err)
	switch {
	case err == nil && !j.effect.visible():
		d.end(j, Done, "")
	case err == nil:
		j.item.State, j.item.Reason = string(Sent), ""
	case ours && e.Uncertain:
		j.item.Reason, j.asked, j.from = e.Cause, true, d.o.Now()
	case ours && (e.Kind == livestatus.KindStatus || e.Kind == livestatus.KindRequest):
		d.end(j, Failed, e.Cause)
	default:
		return false
	}
	return true
}

// ready makes a job ready to be sent now: whoever gave it must still have the
// right, the object must still be there and in a state in which the command
// does something, and the comment or downtime to delete is found again in the
// core itself. A [*Problem] says why it is not sent; any other error, that this
// cannot be known now.
func (d *Desk) ready(ctx context.Context, judges map[*order]*judge, j *job) error {
	who := judges[j.order]
	if who == nil {
		a, err := d.actor(ctx, j.order)
		if err != nil {
			return err
		}
		who = newJudge(d, a)
		judges[j.order] = who
	}
	reason, err := who.target(ctx, j.def, j.target, d.pending(j.target) > 1)
	if err != nil {
		return err
	}
	if reason != "" {
		return &Problem{Msg: reason}
	}
	id, trigger, err := d.numbers(ctx, j)
	if err != nil {
		return err
	}
	args := j.order.Args
	if trigger != "" {
		args = with(args, "trigger_id", trigger)
	}
	impl, _ := d.o.Sites.Implementation(j.item.Site)
	def := asKnown(j.def, impl)
	j.name = def.Name
	if j.args, err = spell(def, args, j.target, j.order.Who, id); err != nil {
		return err
	}
	if err := faithful(impl, def, j.args); err != nil {
		return err
	}
	j.effect = d.effect(def, j.args, j.target, d.o.Now().Add(d.skew(ctx, j.item.Site)))
	return nil
}

// actor returns who gave an order as they are now.
func (d *Desk) actor(ctx context.Context, o *order) (Actor, error) {
	a := Actor{ID: o.Person, Name: o.Who, Via: o.Via, IP: o.IP, house: true}
	a.Viewer.All = true
	if o.Person == 0 || d.o.Who == nil {
		return a, nil // given by a listener, or by the desk itself
	}
	s, err := d.o.Who(ctx, o.Person)
	switch {
	case err != nil:
		return a, fmt.Errorf("command: who gave order %d: %w", o.ID, err)
	case s.Gone:
		return a, &Problem{Msg: fmt.Sprintf("%s may not sign in here any more.", o.Who)}
	}
	a.Role, a.Viewer, a.house = s.Role, s.Viewer, false
	return a, nil
}

// asKnown returns the command as a core knows it: where it does not know
// acknowledgements that expire, we take them back ourselves.
func asKnown(def *schema.Command, impl schema.Cores) *schema.Command {
	plain, ok := plainOf(def.Name)
	// What is behind an LMD is not known, and may lose the command silently.
	if !ok || impl == 0 || impl != schema.LMD && def.Cores&impl != 0 {
		return def
	}
	def, _ = schema.LookupCommand(plain)
	return def
}

// skew returns how much the clock of a site's core is ahead of ours.
func (d *Desk) skew(ctx context.Context, site string) time.Duration {
	res, err := d.one(site).Query(ctx, lql.Get("sites", "clock_skew"))
	if err != nil || res.Rows == 0 {
		return 0
	}
	return time.Duration(res.Float(0, "clock_skew") * float64(time.Second))
}

// causeOf says why a site cannot be reached, "" if that is not known.
func (d *Desk) causeOf(site string) string {
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	res, err := d.one(site).Query(ctx, lql.Get("status", "program_start"))
	if err != nil || len(res.Parts) == 0 {
		return ""
	}
	return res.Parts[0].Err
}

// with returns args with one value changed.
func with(args map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range args {
		if k != name {
			out[k] = v
		}
	}
	return out
}
