package command

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// promiseEvery is how often it is looked for acknowledgements that are due.
const promiseEvery = 5 * time.Second

// promise notes, for a core that does not know acknowledgements that expire,
// that we take this one back ourselves. It is noted before anything is sent: an
// acknowledgement that was not given after all is not found when it is due.
func (d *Desk) promise(ctx context.Context, j *job) error {
	due := parseUnix(j.order.Args["end_time"])
	if plain, ok := plainOf(j.def.Name); !ok || j.promised || j.sentName(d) != plain || due == 0 {
		return nil
	}
	entry, err := json.Marshal(Entry{Author: j.order.Who, Text: j.order.Args["comment"], At: j.item.Sent.Unix()})
	if err != nil {
		return fmt.Errorf("command: promise: %w", err)
	}
	_, err = d.o.Store.AddPromise(ctx, db.Promise{Due: time.Unix(due, 0), Site: j.item.Site, Host: j.target.Host, Service: j.target.Service, Who: j.order.Who, Entry: entry})
	j.promised = err == nil
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

// keepPromises takes acknowledgements back when they are due, until the desk
// stops.
func (d *Desk) keepPromises() {
	t := time.NewTicker(promiseEvery)
	defer t.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-t.C:
		}
		list, err := d.o.Store.Promises(d.ctx)
		if err != nil {
			d.o.Log.Warn("command: promises", "err", err)
			continue
		}
		for _, p := range list {
			if p.Due.After(d.o.Now()) {
				break
			}
			d.keep(p)
		}
	}
}

// keep takes one acknowledgement back if it is still that same one.
func (d *Desk) keep(p db.Promise) {
	ctx, cancel := context.WithTimeout(d.ctx, sendMost)
	defer cancel()
	var e Entry
	if err := json.Unmarshal(p.Entry, &e); err != nil {
		d.o.Log.Error("command: a promise cannot be read", "err", err)
		return
	}
	t := Target{Site: p.Site, Host: p.Host, Service: p.Service}
	// The acknowledgement's own comment, entered when we sent it.
	res, err := d.one(p.Site).Query(ctx, lql.Get("comments", "id").Where(remarkOn(t), lql.EqInt("entry_type", 4),
		lql.Eq("author", e.Author), lql.Eq("comment", e.Text), since("entry_time", time.Unix(e.At, 0))))
	if err != nil || len(res.Parts) == 0 || res.Parts[0].Missing || res.Parts[0].Err != "" {
		return // later: the site cannot be read now
	}
	if res.Rows > 0 {
		name := "REMOVE_HOST_ACKNOWLEDGEMENT"
		if p.Service != "" {
			name = "REMOVE_SVC_ACKNOWLEDGEMENT"
		}
		a := Actor{Name: p.Who, Via: "expiry", Role: "admin"}
		a.Viewer.All = true
		if _, err := d.Give(ctx, a, Order{Command: name, Targets: []Target{t}, Note: "the acknowledgement was given until now"}); err != nil {
			d.o.Log.Error("command: an acknowledgement could not be taken back", "err", err)
			return
		}
	}
	if err := d.o.Store.RemovePromise(ctx, p.ID); err != nil {
		d.o.Log.Error("command: promise", "err", err)
	}
}
