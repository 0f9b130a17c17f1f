package testkit

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// sec is an instant in seconds since 1970 UTC, 0: never.
type sec = uint32

// An object is a host, or a service of one.
type object struct {
	name    string
	host    *object // nil for a host
	x       *hostFacts
	kind    *checkKind
	groups  []*group
	seed    uint32 // varies outputs
	params  *settings
	cause   *incident // what makes it fail now
	passive bool      // the last result was submitted

	state, lastState, lastHard int8
	attempt                    int8
	hard, checked, flapping    bool
	ack                        int8 // 0 none, 1 normal, 2 sticky
	depth, pendingFlex         int16
	notified                   int16
	nonce                      uint32 // counts checks
	modified                   uint32 // changed attributes, as bits
	flags                      flags
	history                    uint32 // one bit per check: did the state change

	lastCheck, nextCheck, lastChange, lastHardChange sec
	lastNotification, nextNotification, ackExpires   sec
	lastTime                                         [4]sec // by state
	updated                                          int64  // microseconds since 1970
	latency, took                                    float32
	output, long, perf                               string // of the last result
}

// flags are the switches of an object.
type flags uint16

const (
	fActive flags = 1 << iota
	fPassive
	fNotify
	fHandler
	fFlap
	fPerf
	fObsess
	fFresh
	fAll = fActive | fPassive | fNotify | fHandler | fFlap | fPerf | fObsess
)

// settings are what many objects share: their configuration.
type settings struct {
	command                 string
	expanded                string
	period, notifyPeriod    *period
	interval, retry, renote float64 // minutes
	attempts                int8
	contacts                []*contact
	contactGroups           []*group
	notes, notesURL, action string
	icon, iconAlt           string
	handler                 string
	vars                    []variable
}

// A variable is a custom variable. Upper case in the Nagios family, as it is
// in Icinga 2, where raw, if not empty, is its value as JSON.
type variable struct{ name, value, raw string }

// hostFacts are what only hosts have.
type hostFacts struct {
	alias, address, address6, display string
	parents, children                 []*object
	services                          []*object // by name
	role                              *role
}

// A group is a host group, service group or contact group.
type group struct {
	name, alias, notes, notesURL, action string
	members                              []*object
	people                               []*contact
	id                                   int
}

type contact struct {
	name, alias, email, pager string
	groups                    []*group
	period, svcPeriod         *period
	hostOn, svcOn, submit     bool
	phone                     string
	id                        int
	modified                  uint32
}

type period struct {
	name, alias string
	days        [7][][2]int // seconds of the day, Sunday first
	id          int
}

type command struct {
	name, line string
	id         int
}

// A remark is a comment.
type remark struct {
	id         int64
	o          *object
	author     string
	text       string
	at         sec
	kind       int8 // 1 user, 2 downtime, 3 flapping, 4 acknowledgement
	persistent bool
	expires    sec
	external   bool
	downtime   *downtime
}

type downtime struct {
	id, trigger    int64
	o              *object
	author, text   string
	at, start, end sec
	fixed          bool
	duration       int64
	active         bool
	until          sec
}

// An incident is a cause that makes objects fail for a while.
type incident struct {
	roots      []*object
	state      int8
	start, end sec
	text       string // output of the roots
	down       bool   // roots are hosts
	toggles    bool   // comes and goes with every check
	handled    bool
}

// global are the switches of the whole program.
type global struct {
	notifications, hostChecks, svcChecks, passiveHost, passiveSvc bool
	handlers, flapping, perf, obsessHosts, obsessSvcs             bool
	freshHosts, freshSvcs                                         bool
}

// A world is everything one core monitors. All of it is protected by mu.
type world struct {
	mu       sync.RWMutex
	p        *profile
	o        Options
	rng      *rand.Rand
	loc      *time.Location
	now      sec
	start    sec // program_start
	pid      int
	skew     time.Duration
	global   global
	hosts    []*object // sorted by name
	services []*object // sorted by host name and name
	byName   map[string]*object
	svcName  map[svcKey]*object
	hgroups  []*group
	sgroups  []*group
	cgroups  []*group
	contacts []*contact
	periods  []*period
	commands []*command
	comments []*remark // by id
	downs    []*downtime
	nextCom  int64
	nextDown int64
	log      []logLine // oldest first
	incident []*incident
	nextTrou sec // when the next incident begins
	checks   [2]int64
	asked    atomic.Int64
	events   hub
	stalled  func() bool // no check finishes while it is true
	deaf     bool        // external commands are switched off
}

type svcKey struct{ host, name string }

// find returns a host, or a service when svc is not empty; nil if there is
// none.
func (w *world) find(host, svc string) *object {
	if svc == "" {
		return w.byName[host]
	}
	return w.svcName[svcKey{host, svc}]
}

// clock is the core's idea of the present.
func (w *world) clock() time.Time { return w.o.Now().Add(w.skew) }

// hostOf returns the host an object belongs to: itself for a host.
func (o *object) hostOf() *object {
	if o.host != nil {
		return o.host
	}
	return o
}

// service returns the description, "" for a host.
func (o *object) service() string {
	if o.host == nil {
		return ""
	}
	return o.name
}

func (o *object) has(f flags) bool { return o.flags&f != 0 }

// problem reports whether the object's state is not OK or UP.
func (o *object) problem() bool { return o.state != 0 }

// seesAny reports whether contact c is one of the object's contacts.
func (o *object) seesAny(c *contact) bool {
	for _, x := range o.params.contacts {
		if x == c {
			return true
		}
	}
	return false
}

// a hub wakes those who wait for events.
type hub struct {
	mu   sync.Mutex
	gen  [triggers]uint64
	wake chan struct{}
}

// trigger is a kind of event.
type trigger uint8

const (
	tCheck trigger = iota
	tState
	tLog
	tDowntime
	tComment
	tCommand
	tProgram
	triggers
	tAll = triggers
)

var triggerNames = [...]string{"check", "state", "log", "downtime", "comment", "command", "program", "all"}

// fire reports an event.
func (h *hub) fire(t trigger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gen[t]++
	if h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
}

// watch returns how many events of a kind there were and a channel that is
// closed by the next event of any kind.
func (h *hub) watch(t trigger) (gen uint64, wake <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wake == nil {
		h.wake = make(chan struct{})
	}
	if t < triggers {
		return h.gen[t], h.wake
	}
	for _, g := range h.gen {
		gen += g
	}
	return gen, h.wake
}
