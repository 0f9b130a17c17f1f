package command

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// beginsNow is how far from now the start of a downtime may be that ends when
// its object is well.
const beginsNow = 2 * time.Minute

// endsWhenWell says why an order cannot end when its object is well.
func (o *Order) endsWhenWell(def *schema.Command, now time.Time) error {
	start := time.Unix(parseUnix(o.Args["start_time"]), 0)
	switch {
	case def.Name != "SCHEDULE_HOST_DOWNTIME" && def.Name != "SCHEDULE_SVC_DOWNTIME":
		return &Problem{Msg: "Only the downtime of a host or service can end when it is well again."}
	case o.Args["fixed"] != "1" || start.Before(now.Add(-beginsNow)) || start.After(now.Add(beginsNow)):
		return &Problem{Param: "start_time", Msg: "Only a fixed downtime that begins now can end when its object is well again.", Hint: "Choose an end, or let it begin now."}
	}
	for _, t := range o.Targets {
		if t.Trigger != nil {
			return &Problem{Msg: "A downtime that another one begins cannot end when its object is well again.", Hint: "Choose an end."}
		}
	}
	return nil
}

// promiseUntilOK notes that we take a downtime back. It is noted before
// anything is sent: a downtime that was not set after all is not found.
func (d *Desk) promiseUntilOK(ctx context.Context, j *job) error {
	if j.promise != 0 {
		return nil
	}
	args := j.order.Args
	entry, err := json.Marshal(Entry{Author: j.order.Who, Text: args["comment"], Start: parseUnix(args["start_time"]), End: parseUnix(args["end_time"])})
	if err != nil {
		return fmt.Errorf("command: promise: %w", err)
	}
	j.promise, err = d.o.Store.AddPromise(ctx, db.Promise{Due: j.item.Sent, Site: j.item.Site, Host: j.target.Host, Service: j.target.Service, Who: j.order.Who, Entry: entry, UntilOK: true})
	return err
}

// keepUntilOK takes a downtime back when its object is well, and forgets the
// promise when there is no such downtime any more. Until then it is tried again
// and again: the site may be down for long.
func (d *Desk) keepUntilOK(p db.Promise, given map[int64]int64) error {
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	if id, ok := given[p.ID]; ok {
		items, err := d.o.Store.OrderItems(ctx, id, 0, 1)
		if err != nil || len(items) == 1 && !State(items[0].State).Final() {
			return err
		}
		delete(given, p.ID)
	}
	if !d.reachable(p.Site) {
		return nil // later
	}
	own, services, err := d.downtimesOf(ctx, p)
	if err != nil {
		return err
	}
	if len(own)+len(services) == 0 {
		if d.o.Now().Before(p.Due.Add(d.o.SeenWithin + time.Minute)) {
			return nil // it may not show yet
		}
		return d.o.Store.RemovePromise(ctx, p.ID)
	}
	if well, err := d.well(ctx, p); err != nil || !well {
		return err
	}
	a := Actor{Name: p.Who, Via: "expiry", house: true}
	a.Viewer.All = true
	for _, o := range []Order{{Command: "DEL_SVC_DOWNTIME", Targets: services}, {Command: "DEL_HOST_DOWNTIME", Targets: own}} {
		if len(o.Targets) == 0 {
			continue
		}
		o.Note = "the downtime was set until the problem is over"
		if given[p.ID], err = d.Give(ctx, a, o); err != nil {
			delete(given, p.ID)
			return err
		}
	}
	return nil
}

// downtimesOf finds the downtimes of a promise: those of its host and of the
// host's services, or of its service.
func (d *Desk) downtimesOf(ctx context.Context, p db.Promise) (host, services []Target, err error) {
	var e Entry
	if err := json.Unmarshal(p.Entry, &e); err != nil {
		return nil, nil, fmt.Errorf("command: promise %d: %w", p.ID, err)
	}
	fs := []lql.Filter{lql.Eq("host_name", p.Host), lql.Eq("author", e.Author), lql.Eq("comment", e.Text), lql.EqInt("start_time", e.Start), lql.EqInt("end_time", e.End)}
	if p.Service != "" {
		fs = append(fs, lql.Eq("service_description", p.Service))
	}
	res, err := d.one(p.Site).Query(ctx, lql.Get("downtimes", "service_description", "entry_time").Where(fs...))
	if err != nil {
		return nil, nil, fmt.Errorf("command: promise %d: %w", p.ID, err)
	}
	for i := range res.Rows {
		t := Target{Site: p.Site, Host: p.Host, Service: res.Text(i, "service_description"), Entry: &Entry{Author: e.Author, Text: e.Text, At: res.Int(i, "entry_time"), Start: e.Start, End: e.End}}
		if t.Service == "" {
			host = append(host, t)
		} else {
			services = append(services, t)
		}
	}
	return host, services, nil
}

// well reports whether the object of a promise has no problem; an object that
// is gone has none.
func (d *Desk) well(ctx context.Context, p db.Promise) (bool, error) {
	table, object := objectOf(Target{Site: p.Site, Host: p.Host, Service: p.Service})
	res, err := d.one(p.Site).Query(ctx, lql.Get(table, "state", "has_been_checked").Where(object))
	if err != nil {
		return false, fmt.Errorf("command: promise %d: %w", p.ID, err)
	}
	return res.Rows == 0 || res.Int(0, "state") == 0 && res.Int(0, "has_been_checked") == 1, nil
}
