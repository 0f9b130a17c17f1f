package testkit

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// step moves the world to an instant: checks that are due, downtimes that
// begin and end, incidents that come and go. The caller holds mu.
func (w *world) step(now sec) {
	if now <= w.now {
		now = w.now
	}
	w.now = now
	w.troubles()
	w.downtimes()
	w.expire()
	if w.o.Churn < 0 || w.stalled() {
		return
	}
	for _, h := range w.hosts {
		if h.nextCheck <= now && h.nextCheck != 0 && h.has(fActive) && w.global.hostChecks {
			w.check(h, now)
		}
	}
	for _, s := range w.services {
		if s.nextCheck <= now && s.nextCheck != 0 && s.has(fActive) && w.global.svcChecks {
			w.check(s, now)
		}
	}
}

// failing reports whether a host does not answer: it is down itself, or every
// way to it is.
func (h *object) failing() bool {
	if h.cause != nil && h.cause.down {
		return h.cause.state != 0
	}
	for _, p := range h.x.parents {
		if !p.failing() {
			return false
		}
	}
	return len(h.x.parents) > 0
}

// check runs the active check of an object.
func (w *world) check(o *object, at sec) {
	state, text := int8(0), ""
	switch {
	case o.kind.missing && o.cause == nil && !w.o.Quiet:
		state, text = w.p.noPlugin(o.params.command)
	case o.cause != nil:
		state, text = o.cause.state, o.cause.text
		if o.cause.toggles && o.nonce%2 == 0 {
			state = 0
		}
	case o.host == nil && o.failing():
		state = 1
	case o.host != nil && o.host.failing():
		state = 2
		if o.kind.group != "network-checks" && o.seed%3 != 0 {
			state = 3
		} else if o.kind.group != "network-checks" {
			text = "CRITICAL - Socket timeout after 10 seconds"
		}
	}
	w.result(o, at, state, text, false)
}

// say sets the output of an object for a state; an empty text means what its
// plugin would say. Text may be "output|perf\nlong output|more perf".
func (w *world) say(o *object, state int8, text string) {
	o.nonce++
	r := mix(uint64(o.seed), uint64(o.nonce))
	o.took, o.latency = float32(r%40000)/1e6+0.0005, float32(r>>20%3000)/1e6
	if text == "" {
		o.output = o.render(o.kind.out[state&3], state)
		o.perf = o.render(o.kind.perf, state)
		o.long = o.render(o.kind.long, state)
		if state != 0 && o.host == nil || state == 3 {
			o.perf, o.long = "", ""
		}
		return
	}
	first, rest, _ := strings.Cut(text, "\n")
	out, perf, _ := strings.Cut(first, "|")
	long, more, _ := strings.Cut(rest, "|")
	o.output, o.perf = out, strings.TrimSpace(perf+" "+more)
	o.long = strings.ReplaceAll(strings.TrimRight(long, "\n"), "\n", `\n`)
}

// result takes the result of a check into account, as cores do: soft and hard
// states, acknowledgements, flapping, log and notifications.
func (w *world) result(o *object, at sec, state int8, text string, passive bool) {
	prev, wasHard, wasChecked := o.state, o.hard, o.checked
	if o.host == nil && state != 0 {
		state = 1
		if o.blocked() {
			state = 2
		}
	}
	w.say(o, state, text)
	o.lastState, o.passive = prev, passive
	o.state, o.checked, o.lastCheck = state, true, at
	o.lastTime[state&3] = at
	for i := range o.lastTime { // what is played back happened before it looked fine for long
		o.lastTime[i] = min(o.lastTime[i], at)
	}
	o.updated = int64(at)*1e6 + int64(mix(uint64(o.seed), uint64(at))%1e6)
	w.count(o, 1)
	changed := state != prev || !wasChecked
	if changed {
		o.lastChange = at
		w.unacknowledge(o, state == 0)
	}
	w.attempt(o, prev, wasHard)
	turnedHard := o.hard && (!wasHard || state != prev)
	if turnedHard && state != o.lastHard || !wasChecked {
		o.lastHard, o.lastHardChange = state, at
	}
	if state != prev || turnedHard || !o.hard {
		w.logAlert(o, at)
		w.events.fire(tState)
	}
	w.flap(o, state != prev, at)
	w.notifyState(o, prev, wasHard, at)
	o.nextCheck = at + o.delay()
	w.events.fire(tCheck)
}

// count counts n checks that were made of an object.
func (w *world) count(o *object, n int64) {
	if o.host == nil {
		w.checks[0] += n
	} else {
		w.checks[1] += n
	}
}

// blocked reports whether every parent of a host is down.
func (h *object) blocked() bool {
	for _, p := range h.x.parents {
		if p.state == 0 && !p.failing() {
			return false
		}
	}
	return len(h.x.parents) > 0
}

// attempt counts the checks of a problem up to its hard state.
func (w *world) attempt(o *object, prev int8, wasHard bool) {
	hostDown := o.host != nil && o.host.state != 0
	switch {
	case o.state == 0:
		if prev != 0 && !wasHard {
			o.attempt++ // a soft recovery keeps counting, as the log shows
		} else {
			o.attempt = 1
		}
		o.hard = prev == 0 || wasHard
	case prev == 0:
		o.attempt, o.hard = 1, o.params.attempts <= 1 || hostDown
	case wasHard:
		o.attempt, o.hard = max(o.attempt, 1), true
	default:
		o.attempt = min(o.attempt+1, o.params.attempts)
		o.hard = o.attempt >= o.params.attempts || hostDown
	}
	if o.state == 0 && prev == 0 {
		o.attempt, o.hard = 1, true
	}
}

// delay is the time to the next check in seconds.
func (o *object) delay() sec {
	d := o.params.interval * 60
	if !o.hard && o.state != 0 {
		d = min(o.params.retry*60, 10)
	}
	return max(sec(d), 1)
}

// percent is the state change of the last 21 checks.
func (o *object) percent() float64 {
	return float64(bits.OnesCount32(o.history&(1<<20-1))) * 100 / 20
}

const flapLow, flapHigh = 20.0, 30.0

func (w *world) flap(o *object, changed bool, at sec) {
	o.history <<= 1
	if changed {
		o.history |= 1
	}
	if !o.has(fFlap) || !w.global.flapping {
		return
	}
	pct := o.percent()
	switch {
	case !o.flapping && pct >= flapHigh:
		o.flapping = true
		w.logFlapping(o, "STARTED", fmt.Sprintf("appears to have started flapping (%.1f%% change >= %.1f%% threshold)", pct, flapHigh), at)
		w.remark(&remark{o: o, author: "(Nagios Process)", kind: 3, at: at,
			text: fmt.Sprintf("Notifications for this %s are being suppressed because it was detected as having been flapping between different states (%.1f%% change).  When it stabilises, notifications will be re-enabled.", o.noun(), pct)})
	case o.flapping && pct < flapLow:
		w.unflap(o, "STOPPED", fmt.Sprintf("appears to have stopped flapping (%.1f%% change < %.1f%% threshold)", pct, flapLow), at)
	}
}

// unflap ends flapping; word is STOPPED or DISABLED.
func (w *world) unflap(o *object, word, text string, at sec) {
	if !o.flapping {
		return
	}
	o.flapping = false
	w.forget(func(r *remark) bool { return r.o == o && r.kind == 3 })
	w.logFlapping(o, word, text, at)
}

func (o *object) noun() string {
	if o.host == nil {
		return "host"
	}
	return "service"
}

// unacknowledge removes an acknowledgement when a problem changes, or, if
// sticky, when it is over.
func (w *world) unacknowledge(o *object, over bool) {
	if o.ack == 0 || o.ack == 2 && !over {
		return
	}
	w.dropAck(o)
}

func (w *world) dropAck(o *object) {
	o.ack, o.ackExpires = 0, 0
	w.forget(func(r *remark) bool { return r.o == o && r.kind == 4 && !r.persistent })
}

// expire removes acknowledgements and comments whose time is over.
func (w *world) expire() {
	for _, c := range w.comments {
		if c.expires != 0 && c.expires <= w.now && c.kind == 4 && c.o.ackExpires != 0 && c.o.ackExpires <= w.now {
			c.o.ack, c.o.ackExpires = 0, 0
		}
	}
	w.forget(func(r *remark) bool { return r.expires != 0 && r.expires <= w.now })
}

// remark adds a comment and returns it. Cores that write no comments for
// flapping and downtimes drop those.
func (w *world) remark(r *remark) *remark {
	if w.p.noOwnComments && (r.kind == 2 || r.kind == 3) {
		return r
	}
	r.id = w.nextCom
	w.nextCom++
	w.comments = append(w.comments, r)
	w.events.fire(tComment)
	return r
}

// forget removes the comments that match and returns how many.
func (w *world) forget(match func(*remark) bool) int {
	n := 0
	for _, r := range w.comments {
		if !match(r) {
			w.comments[n] = r
			n++
		}
	}
	gone := len(w.comments) - n
	clear(w.comments[n:])
	w.comments = w.comments[:n]
	if gone > 0 {
		w.events.fire(tComment)
	}
	return gone
}

// schedule adds a downtime.
func (w *world) schedule(d *downtime) *downtime {
	d.id = w.nextDown
	w.nextDown++
	w.downs = append(w.downs, d)
	text := fmt.Sprintf("This %s has been scheduled for fixed downtime from %s to %s.  Notifications for the %s will not be sent out during that time period.",
		d.o.noun(), w.stamp(d.start), w.stamp(d.end), d.o.noun())
	if !d.fixed {
		text = fmt.Sprintf("This %s has been scheduled for flexible downtime starting between %s and %s and lasting for a period of %d hours and %d minutes.  Notifications for the %s will not be sent out during that time period.",
			d.o.noun(), w.stamp(d.start), w.stamp(d.end), d.duration/3600, d.duration/60%60, d.o.noun())
		d.o.pendingFlex++
	}
	w.remark(&remark{o: d.o, author: "(Nagios Process)", kind: 2, at: d.at, text: text, downtime: d})
	w.events.fire(tDowntime)
	return d
}

func (w *world) stamp(t sec) string {
	return time.Unix(int64(t), 0).In(w.loc).Format("2006-01-02 15:04:05")
}

// downtimes begins and ends downtimes.
func (w *world) downtimes() {
	for i := 0; i < len(w.downs); i++ {
		d := w.downs[i]
		switch {
		case d.active && d.until <= w.now:
			w.endDowntime(d, "STOPPED", " "+strings.ToUpper(d.o.noun()[:1])+d.o.noun()[1:]+" has exited from a period of scheduled downtime")
			i--
		case !d.active && d.end <= w.now:
			w.endDowntime(d, "", "")
			i--
		case !d.active && d.start <= w.now && (d.fixed && d.trigger == 0 || !d.fixed && d.trigger == 0 && d.o.problem() || w.triggered(d)):
			w.beginDowntime(d)
		}
	}
}

// triggered reports whether the downtime that starts d is in effect.
func (w *world) triggered(d *downtime) bool {
	for _, x := range w.downs {
		if d.trigger != 0 && x.id == d.trigger {
			return x.active
		}
	}
	return false
}

func (w *world) beginDowntime(d *downtime) {
	d.active, d.until = true, d.end
	if !d.fixed {
		d.until = w.now + sec(d.duration)
		d.o.pendingFlex--
	}
	d.o.depth++
	w.logDowntime(d.o, "STARTED", " "+strings.ToUpper(d.o.noun()[:1])+d.o.noun()[1:]+" has entered a period of scheduled downtime", w.now)
	w.touch(d.o)
	w.events.fire(tDowntime)
}

// endDowntime removes a downtime; word is what the log says, if anything.
func (w *world) endDowntime(d *downtime, word, text string) {
	for i, x := range w.downs {
		if x == d {
			w.downs = append(w.downs[:i], w.downs[i+1:]...)
			break
		}
	}
	if d.active {
		d.o.depth--
		w.logDowntime(d.o, word, text, w.now)
	} else if !d.fixed {
		d.o.pendingFlex--
	}
	w.forget(func(r *remark) bool { return r.downtime == d })
	w.touch(d.o)
	w.events.fire(tDowntime)
}

// touch marks an object as changed without a check.
func (w *world) touch(o *object) {
	o.updated = w.clock().UnixMicro()
}
