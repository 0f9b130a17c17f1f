package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/memory"
	"belvedere/internal/store"
)

// When a site counts as late and as down. A reload keeps a core away for one
// to three seconds and shall not show as down.
const (
	lateIntervals = 3
	lateAtLeast   = 3 * time.Second
	downFailures  = 3
	downAfter     = 10 * time.Second
	// downAnyway is for cores where every failure takes long.
	downAnyway = 30 * time.Second
)

// A tracker keeps a site's health: what happened, and what that means now. It
// turns late by itself, without anybody asking. Safe for concurrent use.
type tracker struct {
	st  *store.Site
	now func() time.Time
	log *slog.Logger

	mu       sync.Mutex
	h        store.Health
	notes    map[string]string // by what they are about
	failures int               // in a row
	busy     time.Duration     // how long the last round took
	far      *report           // what the other end says about a site behind it
	ever     bool              // data was complete once
	timer    *time.Timer
	stopped  bool
}

func newTracker(st *store.Site, now func() time.Time, log *slog.Logger) *tracker {
	t := &tracker{st: st, now: now, log: log, notes: map[string]string{}}
	t.h = st.Health()
	t.h.Errors = maps.Clone(t.h.Errors)
	if t.h.Errors == nil {
		t.h.Errors = map[string]int64{}
	}
	t.h.Notes, t.h.Waiting, t.h.ActiveAddress = nil, false, ""
	t.ever = !t.h.LastOK.IsZero()
	return t
}

// start begins with pending, or with late if there is data from before.
func (t *tracker) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ever {
		t.set(store.Late, "Reconnecting.")
	} else {
		t.set(store.Pending, "Reading the core for the first time.")
	}
	t.publish()
}

// pause says that the site is switched off.
func (t *tracker) pause() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set(store.Paused, "Paused by a person.")
	t.publish()
}

// stop ends the timer; the health stays as it is.
func (t *tracker) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

// set changes the state; the caller publishes.
func (t *tracker) set(s store.HealthState, cause string) {
	if t.h.State != s || t.h.Since.IsZero() {
		t.tell(s, cause)
		t.h.State, t.h.Since = s, t.now()
	}
	t.h.Cause = cause
}

// tell logs a change of state that an operator wants to find in the log.
func (t *tracker) tell(s store.HealthState, cause string) {
	name := t.st.Info().Name
	switch s {
	case store.Down, store.Incompatible:
		t.log.Warn("site: "+s.String(), "site", name, "cause", cause)
	case store.Fresh:
		t.log.Info("site: fresh", "site", name, "was", t.h.State.String())
	}
}

func (t *tracker) publish() {
	if t.stopped {
		return
	}
	h := t.told()
	h.Errors = maps.Clone(t.h.Errors)
	for _, k := range slices.Sorted(maps.Keys(t.notes)) {
		h.Notes = append(h.Notes, t.notes[k])
	}
	t.st.SetHealth(h)
}

// tried notes that the core is being asked.
func (t *tracker) tried() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.h.LastTry = t.now()
}

// connected notes what the core is and where it answered; note says why it is
// not the first address, "" if it is.
func (t *tracker) connected(c livestatus.Core, a livestatus.Address, note string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.notes, "address")
	if note != "" {
		t.notes["address"] = note
	}
	t.h.Implementation, t.h.Version = c.Name, c.Version
	t.h.LivestatusVersion, t.h.ProgramVersion = c.LivestatusVersion, c.ProgramVersion
	t.h.Transport, t.h.ActiveAddress = a.Scheme, a.String()
	t.publish()
}

// count adds what a request cost.
func (t *tracker) count(s livestatus.Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.h.Queries++
	t.h.BytesIn += s.BytesIn
	t.h.BytesOut += s.BytesOut
	if s.Dropped > 0 {
		t.h.Errors["dropped_rows"] += int64(s.Dropped)
	}
	if s.Truncated > 0 {
		t.h.Errors["truncated_values"] += int64(s.Truncated)
	}
}

// synced notes that all tables were read, which took as long.
func (t *tracker) synced(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ever = true
	t.h.SyncSeconds = took.Seconds()
}

// fresh notes that the core confirmed the data as of at. latency is what the
// shortest question took, round the whole reading.
func (t *tracker) fresh(at time.Time, latency, round time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures, t.busy = 0, round
	t.h.LastOK, t.h.Latency = at, latency
	t.h.Trace.Note(t.now(), latency)
	if t.ever {
		t.set(store.Fresh, "")
	}
	t.arm()
	t.publish()
}

// failed notes that the core could not be read.
func (t *tracker) failed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures++
	t.h.Errors[kindOf(err)]++
	t.h.Waiting = false
	age := t.now().Sub(t.h.LastOK)
	switch {
	case isIncompatible(err):
		t.set(store.Incompatible, causeOf(err))
	case !t.ever, t.h.State == store.Down,
		t.h.State == store.Late && (age >= downAnyway || t.failures >= downFailures && age >= downAfter):
		t.set(store.Down, causeOf(err))
	case age >= lateAtLeast: // we know, so there is no need to wait for three intervals
		t.set(store.Late, causeOf(err))
	default:
		t.h.Cause = causeOf(err)
	}
	t.publish()
}

// doing says why the data may get late although the core answers.
func (t *tracker) doing(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.h.Cause = what
	t.publish()
}

// lateAfter is the age at which data counts as late.
func (t *tracker) lateAfter() time.Duration {
	return max(lateAtLeast, lateIntervals*max(t.h.Interval, t.busy))
}

// arm sets the timer that makes the site late when nothing is confirmed.
func (t *tracker) arm() {
	if t.stopped {
		return
	}
	if t.timer != nil {
		t.timer.Stop()
	}
	t.timer = time.AfterFunc(t.lateAfter(), t.expire)
}

// expire turns fresh into late.
func (t *tracker) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped || t.h.State != store.Fresh {
		return
	}
	if left := t.lateAfter() - t.now().Sub(t.h.LastOK); left > 0 {
		t.timer = time.AfterFunc(left, t.expire)
		return
	}
	cause := t.h.Cause
	if cause == "" {
		cause = "The core has not answered since."
	}
	t.set(store.Late, cause)
	t.publish()
}

// pace notes how often the core is read, and whether a wait rests there.
func (t *tracker) pace(interval time.Duration, waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.h.Interval == interval && t.h.Waiting == waiting {
		return
	}
	t.h.Interval, t.h.Waiting = interval, waiting
	t.publish()
}

// clock notes how far the core's clock is ahead, and the hint about that.
func (t *tracker) clock(skew time.Duration, hint string) {
	t.mu.Lock()
	t.h.ClockSkew = skew
	t.mu.Unlock()
	t.note("clock", hint)
}

// note sets the hint about a thing; "" takes it away.
func (t *tracker) note(about, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.notes[about] == text {
		return
	}
	if text == "" {
		delete(t.notes, about)
	} else {
		t.notes[about] = text
	}
	t.publish()
}

// outage is how long the core has been out of reach, and how often it was
// tried in that time.
func (t *tracker) outage() (since time.Duration, failures int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := t.h.LastOK
	if from.IsZero() {
		from = t.h.Since
	}
	return t.now().Sub(from), t.failures
}

// An incompatibleError says that a core answers but cannot be shown.
type incompatibleError struct{ msg string }

func (e *incompatibleError) Error() string { return "site: " + e.msg }

func isIncompatible(err error) bool {
	_, ok := errors.AsType[*incompatibleError](err)
	return ok
}

// kindOf is the name under which an error is counted.
func kindOf(err error) string {
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		return string(e.Kind)
	}
	if _, ok := errors.AsType[*UnavailableError](err); ok {
		return "way"
	}
	switch {
	case isIncompatible(err):
		return "incompatible"
	case errors.Is(err, context.DeadlineExceeded):
		return string(livestatus.KindSilent)
	case errors.Is(err, errPanic):
		return "fault"
	case errors.Is(err, errSites):
		return "sites"
	case errors.Is(err, memory.ErrFull):
		return "memory"
	}
	return "internal"
}

// causeOf is what people read about an error: the cause and what to do.
func causeOf(err error) string {
	if e, ok := errors.AsType[*livestatus.Error](err); ok {
		if e.Fix == "" {
			return e.Cause
		}
		return e.Cause + " " + e.Fix
	}
	if e, ok := errors.AsType[*livestatus.AddressError](err); ok {
		return fmt.Sprintf("The address %q cannot be used: %s. %s", e.Text, e.Msg, e.Hint)
	}
	if e, ok := errors.AsType[*incompatibleError](err); ok {
		return e.msg
	}
	if e, ok := errors.AsType[*memory.FullError](err); ok {
		return noRoom(e)
	}
	if e, ok := errors.AsType[*UnavailableError](err); ok {
		return fmt.Sprintf("%s, which leads to it, cannot be asked: %s", e.Site, e.Cause)
	}
	switch {
	case errors.Is(err, errSites):
		return "There are several sites behind it now."
	case errors.Is(err, context.DeadlineExceeded):
		return "The core did not answer in time. It may be busy, or rotating its logs."
	case errors.Is(err, errPanic):
		return "A fault of Belvedere ended the reading of this core. It is tried again; the server's log has the details."
	}
	return "The core's data could not be stored. The server's log has the details."
}
