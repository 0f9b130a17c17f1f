package testkit

import "strings"

// begin makes an incident's objects fail from now on, and has them and what
// depends on them checked soon.
func (w *world) begin(inc *incident) {
	for _, o := range inc.roots {
		o.cause = inc
		w.hurry(o, 1)
	}
	w.incident = append(w.incident, inc)
}

// hurry brings the next checks of an object and its dependants forward, as
// failing checks and their retries do.
func (w *world) hurry(o *object, after sec) {
	soon := func(x *object, t sec) {
		if x.nextCheck > t && x.checked {
			x.nextCheck = t
		}
	}
	soon(o, w.now+after)
	if o.host != nil {
		return
	}
	for i, s := range o.x.services {
		soon(s, w.now+after+3+sec(i)*2)
	}
	for _, c := range o.x.children {
		w.hurry(c, after+4)
	}
}

// end lets an incident's objects recover.
func (w *world) end(inc *incident) {
	for _, o := range inc.roots {
		if o.cause == inc {
			o.cause = nil
			w.hurry(o, 1)
		}
	}
}

// troubles ends incidents that are over, has people act on open ones, and now
// and then begins a new one.
func (w *world) troubles() {
	n := 0
	for _, inc := range w.incident {
		if inc.end <= w.now {
			w.end(inc)
			continue
		}
		w.incident[n] = inc
		n++
		if !inc.handled && !inc.toggles && inc.start+100 < w.now && mix(uint64(inc.start), uint64(w.now/30))%24 == 0 {
			inc.handled = true
			w.someoneActs(inc, w.now)
		}
	}
	w.incident = w.incident[:n]
	if w.o.Quiet || w.now < w.nextTrou || w.o.Churn < 0 {
		return
	}
	w.nextTrou = w.now + 60 + sec(w.rng.IntN(150))
	if n < 40+len(w.services)/50 {
		if inc := w.newIncident(); inc != nil {
			w.begin(inc)
		} else {
			w.nextTrou = w.now + 5
		}
	}
}

// newIncident thinks of a new incident.
func (w *world) newIncident() *incident {
	lasts := 90 + sec(w.rng.IntN(900))
	inc := &incident{start: w.now, end: w.now + lasts, state: 1, down: true}
	switch k := w.rng.IntN(20); {
	case k == 0:
		if h := w.parent(); h != nil {
			inc.roots = []*object{h}
			return inc
		}
		fallthrough
	case k <= 4:
		if h := w.leaf(w.rng.IntN(1000)); h != nil {
			inc.roots = []*object{h}
			return inc
		}
	case k <= 6:
		if x := w.sameCheck(); x != nil {
			x.start, x.end = inc.start, inc.end
			return x
		}
	}
	if len(w.services) == 0 {
		return nil
	}
	s := w.services[w.rng.IntN(len(w.services))]
	if s.cause != nil || !s.has(fActive) || s.host.failing() || !s.checked {
		return nil
	}
	inc.down, inc.roots, inc.state, inc.toggles = false, []*object{s}, int8(1+w.rng.IntN(3)), w.rng.IntN(9) == 0
	return inc
}

// replay begins an incident that started in the past: the checks since then
// have happened.
func (w *world) replay(inc *incident) {
	w.begin(inc)
	now := w.now
	for _, o := range inc.roots {
		w.replayObject(o, inc.start)
		if inc.down {
			w.replayBelow(o, inc.start+20)
		}
	}
	if inc.handled {
		w.someoneActs(inc, min(inc.start+600, now-5))
	}
	w.now = now
}

func (w *world) replayObject(o *object, at sec) {
	if !o.checked {
		return
	}
	rounds := int(o.params.attempts)
	if o.cause != nil && o.cause.toggles {
		rounds = 18
	}
	step := max((w.now-at)/sec(rounds+3), 1)
	step = min(step, 45)
	for i := range rounds {
		t := at + sec(i)*step
		if t > w.now {
			return
		}
		w.check(o, t)
	}
	if rest := sec(o.params.interval * 60); w.now > o.lastCheck+rest {
		o.lastCheck = w.now - sec(mix(uint64(o.seed), 3)%uint64(max(rest, 1)))
		o.lastTime[o.state&3] = o.lastCheck
		o.nextCheck = o.lastCheck + o.delay()
	}
}

// replayBelow does the same for what depends on a host that is down.
func (w *world) replayBelow(h *object, at sec) {
	for _, s := range h.x.services {
		w.replayObject(s, at)
	}
	for _, c := range h.x.children {
		if c.failing() && c.state == 0 {
			w.replayObject(c, at)
			w.replayBelow(c, at+20)
		}
	}
}

var deeds = [...]struct{ who, text string }{
	{"p.wiśniewski", "On my way to hall 2, the electrician tripped breaker F14. Back in about 20 min."},
	{"m.huber", "Wird bearbeitet – Größe prüfen ✓"},
	{"e.lindström", "ticket #4711; vendor called, see <b>RMA</b>"},
	{"t.rossi", "rolling back 2026.11.3, until 11:00"},
	{"c.araújo", `disk ordered; path C:\new\temp "quoted"`},
	{"shop-oncall", "looking into it"},
}

// someoneActs acknowledges an incident's problems.
func (w *world) someoneActs(inc *incident, at sec) {
	d := deeds[mix(w.o.Seed, uint64(inc.start))%uint64(len(deeds))]
	for _, o := range inc.roots {
		if o.state != 0 && o.ack == 0 {
			w.acknowledge(o, ackOrder{sticky: true, notify: true, persistent: inc.start%2 == 0, author: d.who, text: d.text, at: at})
		}
	}
}

// plans makes the downtimes and remarks that are there at the start.
func (w *world) plans(pl place) {
	w.eachNth(37, 5, func(o *object) {
		w.remark(&remark{o: o, author: "e.lindström", kind: 1, at: w.now - 86400*3, persistent: true, external: true,
			text: "Moved to the new rack; <script>alert('comment')</script> & \"friends\" in " + pl.name})
	})
	w.eachNth(53, 11, func(o *object) {
		w.schedule(&downtime{o: o, author: "facility", text: "battery swap (Facility)", at: w.now - 7200, start: w.now - 3600, end: w.now + 5400, fixed: true, duration: 9000})
	})
	w.eachNth(71, 23, func(o *object) {
		w.schedule(&downtime{o: o, author: "j.novák", text: "Firmware 17.9.5", at: w.now - 3600, start: w.now + 14400, end: w.now + 19800, fixed: true, duration: 5400})
	})
	w.eachNth(83, 31, func(o *object) {
		w.schedule(&downtime{o: o, author: "bob", text: "flexible: reboot when the batch is through", at: w.now - 600, start: w.now - 300, end: w.now + 43200, duration: 1800})
	})
	w.downtimes()
	w.eachNth(101, 7, func(o *object) {
		o.flags &^= fNotify
		o.modified |= 1
	})
	w.eachNth(113, 13, func(o *object) {
		o.flags &^= fActive
		o.modified |= 2
	})
	for i, line := range []string{"DISABLE_SVC_FLAP_DETECTION", "SCHEDULE_FORCED_SVC_CHECK"} {
		if o := w.any(); o.host != nil {
			w.logCommand(line+";"+o.label()+strings.Repeat(";1", i), w.now-sec(600-100*i))
		}
	}
}

// eachNth calls f for every n-th service, and at least one.
func (w *world) eachNth(n, first int, f func(*object)) {
	if len(w.services) == 0 {
		return
	}
	for i := first % len(w.services); i < len(w.services); i += n {
		f(w.services[i])
	}
}
