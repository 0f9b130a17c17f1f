package testkit

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// maxLog bounds the history a core keeps, in lines.
const maxLog = 50000

// A logLine is one line of the monitoring log, taken apart.
type logLine struct {
	at                            sec
	line                          int
	class                         int8
	kind                          string
	state, attempt                int8
	stateType                     string
	host, service                 string
	output, comment, contact, cmd string
	options                       string
}

func (l *logLine) message() string {
	if l.options == "" {
		return fmt.Sprintf("[%d] %s", l.at, l.kind)
	}
	return fmt.Sprintf("[%d] %s: %s", l.at, l.kind, l.options)
}

// The classes of log lines.
const (
	classInfo, classAlert, classProgram, classNotification, classPassive, classCommand, classState = 0, 1, 2, 3, 4, 5, 6
)

func (w *world) addLog(l logLine) {
	if len(w.log) >= maxLog {
		w.log = append(w.log[:0], w.log[maxLog/10:]...)
	}
	if n := len(w.log); n > 0 {
		l.line = w.log[n-1].line + 1
	}
	w.log = append(w.log, l)
	w.events.fire(tLog)
}

var (
	hostWords = [...]string{"UP", "DOWN", "UNREACHABLE", "UNREACHABLE"}
	svcWords  = [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}
)

func (o *object) word(state int8) string {
	if o.host == nil {
		return hostWords[state&3]
	}
	return svcWords[state&3]
}

func (o *object) stateType() string {
	if o.hard {
		return "HARD"
	}
	return "SOFT"
}

// upper returns HOST or SERVICE.
func (o *object) upper() string { return strings.ToUpper(o.noun()) }

// label is how log lines and commands name an object.
func (o *object) label() string {
	if o.host == nil {
		return o.name
	}
	return o.host.name + ";" + o.name
}

// oneField is what the log table shows of a text: up to the first semicolon.
func oneField(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return s
}

func (w *world) logAlert(o *object, at sec) {
	typ := o.stateType()
	if o.state == 0 && o.attempt > 1 {
		typ = "SOFT"
	}
	w.addLog(logLine{at: at, class: classAlert, kind: o.upper() + " ALERT", state: o.state, attempt: o.attempt, stateType: typ,
		host: o.hostOf().name, service: o.service(), output: oneField(o.output),
		options: fmt.Sprintf("%s;%s;%s;%d;%s", o.label(), o.word(o.state), typ, o.attempt, o.output)})
}

func (w *world) logFlapping(o *object, word, text string, at sec) {
	text = strings.ToUpper(o.noun()[:1]) + o.noun()[1:] + " " + text
	w.addLog(logLine{at: at, class: classAlert, kind: o.upper() + " FLAPPING ALERT", stateType: word,
		host: o.hostOf().name, service: o.service(), comment: " " + text, options: o.label() + ";" + word + "; " + text})
	w.events.fire(tState)
}

func (w *world) logDowntime(o *object, word, text string, at sec) {
	if word == "" {
		return
	}
	w.addLog(logLine{at: at, class: classAlert, kind: o.upper() + " DOWNTIME ALERT", stateType: word,
		host: o.hostOf().name, service: o.service(), comment: text, options: o.label() + ";" + word + ";" + text})
	if w.notifiable(o) {
		kind := map[string]string{"STARTED": "DOWNTIMESTART", "STOPPED": "DOWNTIMEEND", "CANCELLED": "DOWNTIMECANCELLED"}[word]
		w.notify(o, kind, "", "", at)
	}
}

// lastLine is how many lines were ever written.
func (w *world) lastLine() int {
	if len(w.log) == 0 {
		return 0
	}
	return w.log[len(w.log)-1].line
}

func (w *world) logText(class int8, text string, at sec) {
	w.addLog(logLine{at: at, class: class, kind: text})
}

// notifiable reports whether notifications about an object are sent at all.
func (w *world) notifiable(o *object) bool {
	return w.global.notifications && o.has(fNotify) && len(o.params.contacts) > 0
}

// notifyState sends the notification a check result asks for, if any.
func (w *world) notifyState(o *object, prev int8, wasHard bool, at sec) {
	switch {
	case o.state == 0:
		if prev != 0 && wasHard && o.notified > 0 && w.notifiable(o) && o.depth == 0 {
			w.notify(o, "", "", "", at)
		}
		o.notified = 0
		return
	case !o.hard || o.ack != 0 || o.depth > 0 || o.flapping || !w.notifiable(o):
		return
	case o.host != nil && (o.host.state != 0 || o.host.depth > 0), o.host == nil && o.state == 2:
		return
	case o.notified > 0 && (o.params.renote == 0 || at < o.lastNotification+sec(o.params.renote*60)):
		return
	}
	o.notified++
	o.lastNotification = at
	o.nextNotification = at + sec(o.params.renote*60)
	w.notify(o, "", "", "", at)
}

// notify writes one line per contact. kind is "" for problems and recoveries,
// or a word such as CUSTOM, for which author and comment are given.
func (w *world) notify(o *object, kind, author, comment string, at sec) {
	word, cmd := o.word(o.state), "notify-"+o.noun()
	state := word
	if kind != "" {
		state = kind + " (" + word + ")"
	}
	for _, c := range o.params.contacts {
		if o.host == nil && !c.hostOn || o.host != nil && !c.svcOn {
			continue
		}
		l := logLine{at: at, class: classNotification, kind: o.upper() + " NOTIFICATION", state: o.state, stateType: state,
			host: o.hostOf().name, service: o.service(), contact: c.name, cmd: cmd, output: oneField(o.output),
			options: fmt.Sprintf("%s;%s;%s;%s;%s", c.name, o.label(), state, cmd, o.output)}
		w.p.notification(w, o, &l, kind, author, comment)
		w.addLog(l)
	}
}

// past gives the world a history: outages of the last days in the log, and the
// problems, remarks and downtimes that are there at the start.
func (w *world) past(pl place) {
	w.oldOutages()
	w.openProblems()
	w.plans(pl)
	sort.SliceStable(w.log, func(i, j int) bool { return w.log[i].at < w.log[j].at })
	for i := range w.log {
		w.log[i].line = i + 1
	}
	for _, o := range w.hosts {
		o.nextCheck = max(o.nextCheck, w.now)
	}
}

// oldOutages writes outages of the last five days that are over.
func (w *world) oldOutages() {
	all := len(w.hosts) + len(w.services)
	for day := 5; day >= 0; day-- {
		begin := (w.now/86400 - sec(day)) * 86400
		if begin > w.now {
			continue
		}
		w.logText(classProgram, "LOG ROTATION: DAILY", begin)
		w.logText(classProgram, "LOG VERSION: 2.0", begin)
		for _, o := range w.hosts[:min(len(w.hosts), 2000)] {
			w.addLog(logLine{at: begin, class: classState, kind: "CURRENT HOST STATE", attempt: 1, stateType: "HARD", host: o.name, output: "PING OK",
				options: o.name + ";UP;HARD;1;PING OK"})
		}
		w.addLog(logLine{at: begin + 9*3600, class: classState, kind: "TIMEPERIOD TRANSITION", options: "workhours;0;1"})
		w.addLog(logLine{at: begin + 17*3600, class: classState, kind: "TIMEPERIOD TRANSITION", options: "workhours;1;0"})
		for range min(12+all/40, 400) {
			at := begin + sec(w.rng.IntN(86000))
			if at > w.now-7200 {
				continue
			}
			w.oldOutage(w.any(), at, sec(120+w.rng.IntN(5400)))
		}
	}
	w.logText(classProgram, fmt.Sprintf("%s starting... (PID=%d)", w.p.banner, w.pid), w.start)
	for _, c := range []string{"logging initial states"} {
		w.logText(classProgram, c, w.start)
	}
}

// any picks an object, mostly a service.
func (w *world) any() *object {
	if len(w.services) == 0 || w.rng.IntN(8) == 0 {
		return w.hosts[w.rng.IntN(len(w.hosts))]
	}
	return w.services[w.rng.IntN(len(w.services))]
}

// oldOutage writes the lines of one outage and leaves no other trace than the
// times of the last change.
func (w *world) oldOutage(o *object, at, lasts sec) {
	if !o.checked {
		return
	}
	state := int8(1 + w.rng.IntN(3))
	if o.host == nil {
		state = 1
	}
	saved := *o
	say := func(st int8, hard bool, attempt int8, at sec) {
		o.state, o.hard, o.attempt = st, hard, attempt
		w.say(o, st, "")
		w.logAlert(o, at)
	}
	for i := int8(1); i <= o.params.attempts; i++ {
		say(state, i == o.params.attempts, i, at+sec(i-1)*30)
	}
	w.notify(o, "", "", "", at+60)
	say(0, true, 1, at+60+lasts)
	w.notify(o, "", "", "", at+60+lasts)
	saved.lastTime[state&3] = at + 60
	*o = saved
	if end := at + 60 + lasts; end > o.lastChange {
		o.lastChange, o.lastHardChange, o.lastNotification = end, end, end
	}
}

// openProblems begins the incidents that are there at the start.
func (w *world) openProblems() {
	n := max(len(w.services)/60, 4)
	for i := range min(n, 400) {
		if len(w.services) == 0 {
			break
		}
		s := w.services[w.rng.IntN(len(w.services))]
		if s.cause != nil || !s.checked || s.host.failing() {
			continue
		}
		ago := sec(math.Pow(float64(w.rng.IntN(1000))/1000, 3)*4*86400) + 90
		inc := &incident{roots: []*object{s}, state: [...]int8{1, 2, 2, 1, 3}[i%5], start: w.now - ago, end: w.now + 600 + sec(w.rng.IntN(86400))}
		switch i % 8 {
		case 1, 4:
			inc.handled = true
		case 3:
			inc.toggles, inc.start = true, min(inc.start, w.now-1200)
		}
		w.replay(inc)
	}
	for _, s := range w.services {
		if s.kind.missing {
			w.replayObject(s, w.now-86400)
		}
	}
	if inc := w.sameCheck(); inc != nil {
		inc.start, inc.end = w.now-33*60, w.now+7200
		w.replay(inc)
	}
	if h := w.leaf(1); h != nil {
		w.replay(&incident{roots: []*object{h}, state: 1, down: true, start: w.now - 27*3600, end: w.now + 86400, handled: true})
	}
	if h := w.leaf(0); h != nil {
		w.replay(&incident{roots: []*object{h}, state: 1, down: true, start: w.now - 180, end: w.now + 1800})
	}
	if len(w.hosts) >= 30 && mixText(w.o.Seed, w.o.Name)%3 == 0 {
		if h := w.parent(); h != nil {
			w.replay(&incident{roots: []*object{h}, state: 1, down: true, start: w.now - 12*60, end: w.now + 2400})
		}
	}
}

// leaf picks a host that is up and has no children; the k-th try.
func (w *world) leaf(k int) *object {
	for i := range w.hosts {
		h := w.hosts[(int(mix(w.o.Seed, uint64(k))%uint64(len(w.hosts)))+i*7)%len(w.hosts)]
		if len(h.x.children) == 0 && !h.failing() && h.cause == nil {
			return h
		}
	}
	return nil
}

// parent picks a distribution switch that is up.
func (w *world) parent() *object {
	var l []*object
	for _, h := range w.hosts {
		if len(h.x.children) > 1 && len(h.x.parents) > 0 && !h.failing() && h.cause == nil && strings.Contains(h.name, "dist") {
			l = append(l, h)
		}
	}
	if len(l) == 0 {
		return nil
	}
	return l[w.rng.IntN(len(l))]
}

// sameCheck makes an incident of one check on several hosts.
func (w *world) sameCheck() *incident {
	inc := &incident{state: 1}
	for _, s := range w.services {
		if s.name == "NTP offset" && s.cause == nil && !s.host.failing() && len(inc.roots) < 6 {
			inc.roots = append(inc.roots, s)
		}
	}
	if len(inc.roots) < 2 {
		return nil
	}
	return inc
}
