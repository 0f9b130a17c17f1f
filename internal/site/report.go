package site

import (
	"fmt"
	"time"

	"belvedere/internal/store"
)

// A report is what the other end of a way says about one site behind it.
type report struct {
	by    string // name of the way, "" where it has only this site
	far   far
	at    time.Time // our clock
	since time.Time // when the state began
}

// reported takes what the other end says. What is shown is the worse of that
// and of what we find ourselves.
func (t *tracker) reported(by string, f far) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	r := &report{by: by, far: f, at: now, since: now}
	if old := t.far; old != nil && old.far.state == f.state {
		r.since = old.since
	} else if f.state != store.Fresh || old != nil {
		t.tell(f.state, r.cause())
	}
	t.far = r
	t.publish()
}

// unreported forgets what the other end said about the site's health, as it is
// out of reach itself.
func (t *tracker) unreported() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.far == nil {
		return
	}
	r := *t.far
	r.far.state, r.far.cause, r.far.age = store.Fresh, "", -1
	t.far = &r
	t.publish()
}

// told is the health to show: what we find, and what the other end says. mu is
// held.
func (t *tracker) told() store.Health {
	h, r := t.h, t.far
	if r == nil {
		return h
	}
	h.Path = r.far.path
	if r.far.core != "" {
		h.Implementation, h.Version = r.far.core, r.far.version
	}
	if at := r.at.Add(-r.far.age); r.far.age >= 0 && at.Before(h.LastOK) {
		h.LastOK = at
	}
	if h.State != store.Paused && (r.far.state > store.Late || r.far.state == store.Pending || r.far.state == store.Late && h.State == store.Fresh) {
		h.State, h.Since, h.Cause = r.far.state, r.since, r.cause()
	}
	return h
}

// cause says what the other end says.
func (r *report) cause() string {
	by, what := r.by, r.far.cause
	if by == "" {
		by = "The other end"
	}
	if what == "" {
		return fmt.Sprintf("%s says that the site is %s.", by, r.far.state)
	}
	who := fmt.Sprintf("%s tells why.", by)
	return who + " " + what
}
