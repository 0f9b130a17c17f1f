package testkit

import (
	"strings"
	"time"
)

// wait rests until what a request waits for has happened, as the
// implementation understands it.
func (c *Core) wait(s *session, q *request) {
	if q.wait.trigger == "" && !q.wait.hasCond && q.wait.object == "" {
		return
	}
	switch c.w.p.name {
	case Icinga2:
		return
	case Shinken:
		c.pollWait(q)
		return
	}
	trig, _ := triggerByName(q.wait.trigger)
	o, ok := c.w.waitObject(q)
	if q.wait.object != "" && !ok {
		if c.w.p.name == Nagios4 && q.wait.timeout > 0 {
			c.rest(q.wait.timeout, nil)
		}
		q.fail(400, "WaitObject: object '"+q.wait.object+"' not found or not supported by this table")
		return
	}
	if !q.wait.hasCond && (c.w.p.name == Nagios4 || q.wait.trigger == "") {
		return
	}
	c.waitFor(q, trig, o)
}

func (c *Core) waitFor(q *request, trig trigger, o row) {
	var deadline <-chan time.Time
	if q.wait.timeout > 0 {
		t := time.NewTimer(q.wait.timeout)
		defer t.Stop()
		deadline = t.C
	}
	first, _ := c.w.events.watch(trig)
	for {
		gen, wake := c.w.events.watch(trig)
		if q.wait.hasCond && c.w.holds(q, o) || !q.wait.hasCond && gen != first {
			return
		}
		select {
		case <-wake:
		case <-deadline:
			return
		case <-c.done:
			return
		}
	}
}

// pollWait looks once a second, and is never early.
func (c *Core) pollWait(q *request) {
	o, _ := c.w.waitObject(q)
	limit := q.wait.timeout
	if limit == 0 {
		limit = 20 * time.Second
	}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if !c.rest(time.Second, nil) || q.wait.hasCond && c.w.holds(q, o) {
			return
		}
	}
}

// rest sleeps and reports whether the core is still open and stop has not been
// closed.
func (c *Core) rest(d time.Duration, stop <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-stop:
	case <-c.done:
	}
	return false
}

// holds evaluates the condition of a wait.
func (w *world) holds(q *request, r row) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	v := &view{w: w, now: sec(w.clock().Unix())}
	return q.wait.cond.holds(func(n *node) value {
		if r.h == nil && r.g == nil && r.p == nil && q.table != "status" {
			return emptyOf(n.col.typ)
		}
		return w.p.filtered(&n.col, v, r)
	})
}

// waitObject finds the row a wait is about.
func (w *world) waitObject(q *request) (row, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	name := q.wait.object
	switch q.table {
	case "hosts":
		if h := w.byName[name]; h != nil {
			return objectRow(h), true
		}
	case "services":
		for _, sep := range []string{";", " "} {
			for i := 0; ; {
				j := strings.Index(name[i:], sep)
				if j < 0 {
					break
				}
				if s := w.find(name[:i+j], name[i+j+1:]); s != nil && s.host != nil {
					return objectRow(s), true
				}
				i += j + 1
			}
		}
	case "hostgroups", "servicegroups", "contactgroups":
		lists := map[string][]*group{"hostgroups": w.hgroups, "servicegroups": w.sgroups, "contactgroups": w.cgroups}
		for _, g := range lists[q.table] {
			if g.name == name {
				return row{g: g}, true
			}
		}
	case "contacts":
		if c := w.contact(name); c != nil {
			return row{p: c}, true
		}
	}
	return row{}, false
}
