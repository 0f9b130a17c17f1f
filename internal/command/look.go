package command

import (
	"context"
	"fmt"
	"time"

	"belvedere/internal/lql"
)

// lateMost is how long it is looked for an effect of which nobody knows,
// because the core could not be read: until it is back, if that is soon.
// Once it is back, lateLeast is the least time for the effect to show.
const (
	lateMost  = time.Hour
	lateLeast = 15 * time.Second
)

// look ends the jobs whose effect shows, or did not in time. It does nothing
// when it looked lately and no news came.
func (d *Desk) look(q *queue) {
	now := time.Now()
	since := now.Sub(q.looked)
	if len(q.sent)+len(q.late) == 0 || since < lookGap || since < lookEvery && !q.news.Load() {
		return
	}
	news := q.news.Swap(false)
	q.looked = now
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	taken := d.readAt(ctx, q.site)
	fresh := news || !taken.Equal(q.taken)
	q.taken = taken
	n := min(len(q.sent), lookMost)
	jobs, kept := q.sent[:n], append([]*job(nil), q.sent[n:]...)
	var ended []*job
	for _, j := range jobs {
		switch {
		case !d.lookOne(ctx, j, taken, fresh || n < len(q.sent)):
			kept = append(kept, j)
			continue
		case State(j.item.State) == Unknown && taken.Before(j.item.Sent):
			j.from = d.o.Now()
			q.late = append(q.late, j)
		}
		ended = append(ended, j)
	}
	q.sent = kept
	ended = append(ended, d.lookLate(ctx, q, taken, fresh)...)
	if err := d.settle(q, ended); err != nil {
		d.o.Log.Error("command: effects could not be kept", "site", q.site, "err", err)
	}
}

// lookLate looks for the effects of which nobody knew, in the data of a time,
// and returns the jobs that are seen after all.
func (d *Desk) lookLate(ctx context.Context, q *queue, taken time.Time, fresh bool) (seen []*job) {
	kept := q.late[:0]
	for _, j := range q.late {
		read := !taken.Before(j.item.Sent)
		if read && fresh && j.effect.visible() {
			if shows, err := j.effect.shows(ctx, d.one(q.site)); err == nil && shows {
				d.end(j, Seen, "")
				seen = append(seen, j)
				continue
			}
		}
		now := d.o.Now()
		if read && j.read.IsZero() {
			j.read = now // what the first poll after an outage leaves out, the next ones read
		}
		if read && now.Sub(j.read) > max(d.o.SeenWithin, lateLeast) || now.Sub(j.from) > lateMost {
			continue
		}
		kept = append(kept, j)
	}
	q.late = kept
	return seen
}

// readAt returns as of when the site's data is, zero when there is none.
func (d *Desk) readAt(ctx context.Context, site string) time.Time {
	res, err := d.one(site).Query(ctx, lql.Get("status").Count(lql.AndOf()))
	if err != nil || len(res.Parts) == 0 || res.Parts[0].Missing {
		return time.Time{}
	}
	return res.Parts[0].Taken
}

// lookOne looks for one effect in the data of a time; true when the job has
// ended.
func (d *Desk) lookOne(ctx context.Context, j *job, taken time.Time, fresh bool) bool {
	if j.args == nil { // of an earlier run
		if err := d.recall(ctx, j); err != nil {
			d.end(j, Unknown, reasonOf(err))
			return true
		}
		fresh = true
	}
	read := !taken.Before(j.item.Sent)
	if read && fresh && j.effect.visible() {
		shows, err := j.effect.shows(ctx, d.one(j.item.Site))
		if err != nil && d.ctx.Err() == nil {
			d.o.Log.Warn("command: cannot look for an effect", "site", j.item.Site, "err", err)
		}
		if shows {
			d.end(j, Seen, "")
			if err := d.supersede(ctx, j); err != nil {
				d.o.Log.Warn("command: a promise could not be forgotten", "site", j.item.Site, "err", err)
			}
			return true
		}
	}
	now := d.o.Now()
	switch {
	case now.Sub(j.item.Sent) < d.o.SeenWithin || now.Sub(j.from) < d.o.SeenWithin:
		return false
	case !read && now.Before(j.order.Until):
		return false // the site may come back
	case !read:
		d.end(j, Unknown, "The site has not been read since it was sent, so nobody knows whether it was carried out.")
	case j.asked:
		// A core that was read since and does not show it is as near as we come.
		d.end(j, Unknown, "It may or may not have been sent before it was interrupted, and its effect does not show.")
	default:
		d.end(j, Unseen, d.whyUnseen(ctx, j))
	}
	return true
}

// recall spells what an earlier run sent, to look for its effect. The number
// of an entry is not needed for that.
func (d *Desk) recall(ctx context.Context, j *job) error {
	impl, _ := d.o.Sites.Implementation(j.item.Site)
	def := asKnown(j.def, impl)
	args, err := spell(def, j.order.Args, j.target, j.order.Who, idOf(j.target))
	if err != nil {
		return err
	}
	j.name, j.args, j.effect = def.Name, args, d.effect(def, args, j.target, j.item.Sent.Add(d.skew(ctx, j.item.Site)))
	return nil
}

// whyUnseen says why an effect did not show, if that can be known.
func (d *Desk) whyUnseen(ctx context.Context, j *job) string {
	q := d.one(j.item.Site)
	res, err := q.Query(ctx, lql.Get("status", "check_external_commands"))
	if err == nil && res.Rows > 0 && res.Int(0, "check_external_commands") == 0 {
		return "External commands are switched off in this core."
	}
	// What is said before it is sent may have become true since.
	house := Actor{house: true}
	house.Viewer.All = true
	reason, err := newJudge(d, house).target(ctx, j.def, j.target, false)
	if err == nil && reason != "" {
		return reason
	}
	if table, object := objectOf(j.target); j.effect.table == "comments" && takesTicket(j.def) {
		res, err := q.Query(ctx, lql.Get(table, "acknowledged").Where(object))
		if err == nil && res.Rows > 0 && res.Int(0, "acknowledged") != 0 {
			return "It is acknowledged, but not with this comment."
		}
	}
	return fmt.Sprintf("Its effect did not show within %.0f s.", d.o.SeenWithin.Seconds())
}
