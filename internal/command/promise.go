package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"belvedere/internal/db"
)

// promiseEvery is how often it is looked for acknowledgements that are due.
const promiseEvery = 5 * time.Second

// promise notes, for a core that does not know acknowledgements that expire,
// that we take this one back ourselves. It is noted before anything is sent: an
// acknowledgement that was not given after all is not found when it is due.
func (d *Desk) promise(ctx context.Context, j *job) error {
	if j.target.UntilOK {
		return d.promiseUntilOK(ctx, j)
	}
	due := parseUnix(j.order.Args["end_time"])
	if plain, ok := plainOf(j.def.Name); !ok || j.promise != 0 || j.name != plain || due == 0 {
		return nil
	}
	entry, err := json.Marshal(Entry{Author: j.order.Who, Text: j.order.Args["comment"], At: j.item.Sent.Add(d.skew(ctx, j.item.Site)).Unix()})
	if err != nil {
		return fmt.Errorf("command: promise: %w", err)
	}
	j.promise, err = d.o.Store.AddPromise(ctx, db.Promise{Due: time.Unix(due, 0), Site: j.item.Site, Host: j.target.Host, Service: j.target.Service, Who: j.order.Who, Entry: entry})
	return err
}

// supersede forgets the promises about acknowledgements that j, which was seen,
// has replaced or taken back: they are not in force any more, even if the next
// one reads the same.
func (d *Desk) supersede(ctx context.Context, j *job) error {
	if !strings.HasPrefix(j.name, "ACKNOWLEDGE_") && !strings.HasPrefix(j.name, "REMOVE_") {
		return nil
	}
	list, err := d.o.Store.Promises(ctx)
	if err != nil {
		return err
	}
	sent := j.item.Sent.Add(d.skew(ctx, j.item.Site)).Unix()
	for _, p := range list {
		var e Entry
		if p.UntilOK || p.Site != j.item.Site || p.Host != j.target.Host || p.Service != j.target.Service || json.Unmarshal(p.Entry, &e) != nil {
			continue
		}
		_, expires := plainOf(j.def.Name)
		if j.promise != 0 && p.ID < j.promise || !expires && e.At < sent {
			err = errors.Join(err, d.o.Store.RemovePromise(ctx, p.ID))
		}
	}
	return err
}

// parseUnix reads a time in seconds; 0 when it is none.
func parseUnix(s string) (n int64) {
	for _, c := range s {
		if c < '0' || c > '9' || n > 1e11 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// keepPromises takes acknowledgements back when they are due, and downtimes when
// their object is well, until the desk stops.
func (d *Desk) keepPromises() {
	t := time.NewTicker(d.o.PromiseEvery)
	defer t.Stop()
	given := map[int64]int64{} // promise to the order that keeps it
	for {
		list, err := d.o.Store.Promises(d.ctx)
		if err != nil && d.ctx.Err() == nil {
			d.o.Log.Warn("command: promises", "err", err)
		}
		for _, p := range list {
			if p.Due.After(d.o.Now()) {
				break
			}
			keep := d.keep
			if p.UntilOK {
				keep = d.keepUntilOK
			}
			if err := keep(p, given); err != nil && d.ctx.Err() == nil {
				d.o.Log.Warn("command: an acknowledgement or downtime that is over could not be taken back yet", "site", p.Site, "host", p.Host, "service", p.Service, "err", err)
			}
		}
		select {
		case <-d.ctx.Done():
			return
		case <-t.C:
		}
	}
}

// keep gives the order that takes one acknowledgement back, and forgets the
// promise once that was done or there is nothing to take back any more. Until
// then it is tried again and again: the site may be down for long.
func (d *Desk) keep(p db.Promise, given map[int64]int64) error {
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	if id, ok := given[p.ID]; ok {
		items, err := d.o.Store.OrderItems(ctx, id, 0, 1)
		if err != nil || len(items) == 1 && !State(items[0].State).Final() {
			return err
		}
		delete(given, p.ID)
		if len(items) == 1 && (State(items[0].State) == Seen || State(items[0].State) == Refused) {
			return d.o.Store.RemovePromise(ctx, p.ID)
		}
	}
	if !d.reachable(p.Site) {
		return nil // later
	}
	t := Target{Site: p.Site, Host: p.Host, Service: p.Service, Entry: new(Entry)}
	if err := json.Unmarshal(p.Entry, t.Entry); err != nil {
		return fmt.Errorf("command: promise %d: %w", p.ID, err)
	}
	// Nothing is given for what is gone: it would only fill the audit.
	if err := d.sameAck(ctx, &t); err != nil {
		if _, gone := errors.AsType[*Problem](err); gone {
			return d.o.Store.RemovePromise(ctx, p.ID)
		}
		return err
	}
	name := "REMOVE_HOST_ACKNOWLEDGEMENT"
	if p.Service != "" {
		name = "REMOVE_SVC_ACKNOWLEDGEMENT"
	}
	a := Actor{Name: p.Who, Via: "expiry", house: true}
	a.Viewer.All = true
	id, err := d.Give(ctx, a, Order{Command: name, Targets: []Target{t}, Note: "the acknowledgement was given until now"})
	if err == nil {
		given[p.ID] = id
	}
	return err
}
