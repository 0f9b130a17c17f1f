package testkit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/schema"
)

// An order is an external command with its parameters by name.
type order struct {
	name string
	def  *schema.Command
	args map[string]string
	o    *object
	at   sec
	bare string // the line without its time
}

func (d *order) number(name string) int64 { return atoi(d.args[name]) }
func (d *order) yes(name string) bool     { return atoi(d.args[name]) != 0 }
func (d *order) time(name string) sec     { return sec(max(atoi(d.args[name]), 0)) }

// Command executes an external command, "[123] NAME;args" or "NAME;args", as if
// it came through the command pipe. The error is what the core would log or
// answer.
func (c *Core) Command(line string) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.now = max(c.w.now, sec(c.w.clock().Unix()))
	return c.w.execute(line)
}

// SetCommands switches external commands on or off, as check_external_commands
// in the configuration of a core does: without them all are lost silently.
func (c *Core) SetCommands(on bool) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.deaf = !on
}

// execute runs a command line. The caller holds mu.
func (w *world) execute(line string) error {
	if w.deaf {
		return nil
	}
	d := &order{at: w.now}
	args, err := w.read(d, line)
	if err == nil {
		err = w.accept(d, args)
	}
	if w.o.Heard != nil {
		w.o.Heard(d.name, args, err)
	}
	if err != nil {
		return err
	}
	if w.p.name == Naemon {
		w.logCommand(d.bare, w.now)
	}
	w.events.fire(tCommand)
	if d.def == nil || d.def.Ignored&w.p.core != 0 {
		return nil // a custom command, or one that is switched off
	}
	return w.obey(d)
}

// read takes a command line apart by the core's own grammar: into the time, the
// name, and as many arguments as the command has, the last of which takes what
// is left.
func (w *world) read(d *order, line string) ([]string, error) {
	d.bare = strings.TrimRight(line, " \t\r\n")
	if rest, ok := strings.CutPrefix(d.bare, "["); ok {
		stamp, cmd, ok := strings.Cut(rest, "] ")
		if !ok || w.p.name == Nagios4 && len(stamp) != 10 {
			return nil, errors.New("malformed command line")
		}
		d.bare = cmd
		if n := atoi(stamp); n > 0 {
			d.at = sec(n)
		}
	}
	name, rest, hasArgs := strings.Cut(d.bare, ";")
	d.name = name
	def, ok := schema.LookupCommand(name)
	// Nagios knows these from 4.5 on.
	young := w.p.name == Nagios4 && strings.HasSuffix(name, "_EVENT_HANDLER_TIMEPERIOD")
	if ok && (def.Cores|def.Ignored)&w.p.core != 0 && !young {
		d.def = def
	}
	switch {
	case !hasArgs:
		return nil, nil
	case d.def == nil || len(d.def.Params) == 0:
		return strings.Split(rest, ";"), nil
	case w.p.name == Shinken: // to it an escaped semicolon is none
		const escaped = "\x00"
		args := strings.SplitN(strings.ReplaceAll(rest, `\;`, escaped), ";", len(d.def.Params))
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], escaped, ";")
		}
		return args, nil
	}
	args := strings.SplitN(rest, ";", len(d.def.Params))
	last := &args[len(args)-1]
	switch {
	case w.p.name == Icinga2: // joins what is left, but not to nothing
		*last = strings.TrimLeft(*last, ";")
	case w.p.name == Nagios4 && (strings.Contains(name, "_DOWNTIME") || strings.HasPrefix(name, "SEND_CUSTOM_")):
		*last, _, _ = strings.Cut(*last, ";")
	}
	return args, nil
}

// accept says why the core does not do a command.
func (w *world) accept(d *order, args []string) error {
	if d.def == nil {
		if strings.HasPrefix(d.name, "_") {
			return nil
		}
		if w.p.name == Nagios4 {
			w.logText(classInfo, "Warning: Unrecognized external command -> "+d.bare, w.now)
		}
		return fmt.Errorf("Unknown command '%s'", d.name)
	}
	if w.p.name != Naemon {
		w.logCommand(d.bare, w.now)
	}
	err := w.bind(d, args)
	if err != nil {
		w.logText(classInfo, "Error: External command failed -> "+d.bare+" ("+err.Error()+")", w.now)
	}
	return err
}

// bind gives the parameters their names and checks what they refer to.
func (w *world) bind(d *order, parts []string) error {
	d.args = map[string]string{}
	for i, p := range d.def.Params {
		if i >= len(parts) {
			if p.Optional {
				continue
			}
			return fmt.Errorf("Missing argument: expected %d arguments, found %d", len(d.def.Params), len(parts))
		}
		d.args[p.Name] = parts[i]
		if p.Optional && parts[i] == "" {
			continue
		}
		if err := w.validate(d, p, i, parts[i]); err != nil {
			return err
		}
	}
	if d.args["host_name"] != "" {
		d.o = w.find(d.args["host_name"], d.args["service_description"])
	}
	return nil
}

var typeNames = map[schema.ParamType]string{schema.PHost: "host", schema.PService: "service", schema.PHostGroup: "hostgroup", schema.PServiceGroup: "servicegroup",
	schema.PContact: "contact", schema.PContactGroup: "contactgroup", schema.PTimeperiod: "timeperiod", schema.PInt: "int", schema.PULong: "ulong",
	schema.PBool: "bool", schema.PTimestamp: "timestamp", schema.PAuthor: "str", schema.PText: "str"}

func (w *world) validate(d *order, p schema.Param, i int, val string) error {
	ok := true
	switch p.Type {
	case schema.PHost:
		ok = w.byName[val] != nil
	case schema.PService:
		ok = d.args["host_name"] == "" || w.find(d.args["host_name"], val) != nil
	case schema.PHostGroup:
		ok = findGroup(w.hgroups, val) != nil
	case schema.PServiceGroup:
		ok = findGroup(w.sgroups, val) != nil
	case schema.PContactGroup:
		ok = findGroup(w.cgroups, val) != nil
	case schema.PContact:
		ok = w.contact(val) != nil
	case schema.PTimeperiod:
		ok = w.period(val) != nil
	case schema.PInt, schema.PULong, schema.PTimestamp, schema.PBool:
		_, err := strconv.ParseFloat(val, 64)
		ok = err == nil
	case schema.PText:
		if val == "" && p.Name == "comment" && w.p.name != Icinga2 {
			return errors.New("No value for argument " + p.Name + " provided")
		}
	}
	if !ok {
		return fmt.Errorf("Failed validation of %s as type %s (argument %d)", p.Name, typeNames[p.Type], i)
	}
	return nil
}

func findGroup(l []*group, name string) *group {
	if i := slices.IndexFunc(l, func(g *group) bool { return g.name == name }); i >= 0 {
		return l[i]
	}
	return nil
}

func (w *world) period(name string) *period {
	if i := slices.IndexFunc(w.periods, func(p *period) bool { return p.name == name }); i >= 0 {
		return w.periods[i]
	}
	return nil
}

// command takes a COMMAND request from the queue, runs it and says about it
// what the implementation says.
func (s *session) command() bool {
	if s.p.name == Icinga2 {
		return s.icingaCommand()
	}
	for len(s.queue) > 0 {
		line := strings.TrimLeft(strings.TrimPrefix(s.queue[0], "COMMAND"), " \t")
		s.queue = s.queue[1:]
		if s.p.name == Naemon {
			line = unescape(line)
		}
		err := s.c.Command(line)
		if err != nil && s.p.name == Naemon && s.write([]byte("400: "+err.Error()+"\n")) != nil {
			return false
		}
		if s.p.name != Shinken || len(s.queue) == 0 || !strings.HasPrefix(s.queue[0], "COMMAND") {
			break
		}
	}
	if s.p.name == Shinken {
		if len(s.queue) > 0 && strings.HasPrefix(s.queue[0], "GET") {
			return s.next()
		}
		s.queue = nil
	}
	return true
}

// icingaCommand runs the first line of the block and confirms it if asked.
func (s *session) icingaCommand() bool {
	line := strings.TrimPrefix(strings.TrimPrefix(s.queue[0], "COMMAND"), " ")
	fixed := false
	for _, h := range s.queue[1:] {
		name, val, _ := strings.Cut(h, ":")
		fixed = fixed || name == "ResponseHeader" && strings.TrimSpace(val) == "fixed16"
	}
	s.queue = nil
	err := s.c.Command(line)
	if !fixed {
		return true
	}
	if err == nil {
		return s.write([]byte("200           0\n")) == nil
	}
	text := "Error: " + err.Error() + "." + stackTrace
	return s.write(fmt.Appendf(nil, "452 %11d\n%s", len(text), text)) == nil
}

// unescape is what naemon-livestatus does to the text of a command.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		if s[i] == 'n' {
			b.WriteByte('\n')
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// logCommand writes an external command into the log. A newline in it makes
// more lines, whatever they claim to be.
func (w *world) logCommand(line string, at sec) {
	first, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), "\n")
	l := logLine{at: at, class: classCommand, kind: "EXTERNAL COMMAND", options: first}
	if w.p.name == Naemon {
		f := strings.Split(first, ";")
		if strings.Contains(f[0], "_HOST") && !strings.Contains(f[0], "_HOSTGROUP") && len(f) > 1 {
			l.host = f[1]
		} else if strings.Contains(f[0], "_SVC") && len(f) > 2 {
			l.host, l.service = f[1], f[2]
		}
	}
	w.addLog(l)
	for rest != "" {
		first, rest, _ = strings.Cut(rest, "\n")
		if l, ok := parseLogLine(first); ok {
			w.addLog(l)
		}
	}
}

// parseLogLine reads a line of a log file.
func parseLogLine(s string) (logLine, bool) {
	if len(s) < 14 || s[0] != '[' || s[11] != ']' {
		return logLine{}, false
	}
	l := logLine{at: sec(atoi(s[1:11])), kind: s[13:]}
	kind, options, ok := strings.Cut(s[13:], ": ")
	f := strings.SplitN(options, ";", 6)
	switch {
	case ok && (kind == "HOST ALERT" || kind == "SERVICE ALERT"):
		words := hostWords[:]
		l.class, l.kind, l.options, l.host = classAlert, kind, options, f[0]
		if kind == "SERVICE ALERT" && len(f) > 1 {
			l.service, f, words = f[1], f[1:], svcWords[:]
		}
		for len(f) < 5 {
			f = append(f, "")
		}
		l.state, l.stateType, l.attempt, l.output = int8(max(slices.Index(words, f[1]), 0)), f[2], int8(atoi(f[3])), oneField(f[4])
	case ok && kind == "EXTERNAL COMMAND":
		l.class, l.kind, l.options = classCommand, kind, options
	}
	return l, true
}

// SetState makes a host, or a service if svc is not empty, have a state from
// now on: the result is hard at once, and later active checks repeat it until
// SetState is called again. Output may be "output|perf data\nlong output"; ""
// is what the plugin would say. An unknown object is ignored. What hangs below
// a host follows when it is checked next.
func (c *Core) SetState(host, svc string, state int, output string) {
	w := c.w
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(host, svc)
	if o == nil {
		return
	}
	w.now = max(w.now, sec(w.clock().Unix()))
	inc := &incident{roots: []*object{o}, state: int8(state), text: output, start: w.now, end: 1<<32 - 1, down: o.host == nil, handled: true}
	o.cause = inc
	o.attempt = o.params.attempts
	o.hard = o.hard || o.state != 0
	w.check(o, w.now)
	if !o.hard {
		o.attempt = o.params.attempts - 1
		w.check(o, w.now)
	}
	if o.host == nil {
		w.hurry(o, 1)
		o.nextCheck = w.now + o.delay()
	}
}

// Reload reads the configuration again: program_start changes, comments and
// downtimes are renumbered where the implementation does that, connections
// die.
func (c *Core) Reload() { c.again(c.w.p.newPID) }

// Restart is a Reload with a new process id.
func (c *Core) Restart() { c.again(true) }

func (c *Core) again(newPID bool) {
	c.w.mu.Lock()
	c.w.reload(newPID)
	c.w.mu.Unlock()
	c.mu.Lock()
	c.hangUp()
	c.mu.Unlock()
}

func (w *world) reload(newPID bool) {
	w.now = max(w.now, sec(w.clock().Unix()))
	w.start = max(w.now, w.start+1)
	w.logText(classProgram, "Caught SIGHUP, restarting...", w.now)
	if newPID {
		w.pid += 17
	}
	w.logText(classProgram, fmt.Sprintf("%s starting... (PID=%d)", w.p.banner, w.pid), w.now)
	w.checks = [2]int64{}
	switch w.p.name {
	case Icinga2:
		w.renumberAll()
	case Nagios4:
		for _, r := range w.comments {
			if r.kind == 2 {
				r.id = w.nextCom
				w.nextCom++
			}
		}
		slices.SortFunc(w.comments, func(a, b *remark) int { return int(a.id - b.id) })
	}
	w.events.fire(tProgram)
}

// renumberAll gives comments and downtimes new numbers from 1, in hash order.
func (w *world) renumberAll() {
	turn := uint64(w.start)
	slices.SortFunc(w.comments, func(a, b *remark) int { return int(mix(turn, uint64(a.id))>>33) - int(mix(turn, uint64(b.id))>>33) })
	w.nextCom, w.nextDown = 1, 1
	for _, r := range w.comments {
		r.id = w.nextCom
		w.nextCom++
	}
	slices.SortFunc(w.downs, func(a, b *downtime) int { return int(mix(turn, uint64(a.id))>>33) - int(mix(turn, uint64(b.id))>>33) })
	was := map[int64]int64{}
	for _, d := range w.downs {
		was[d.id] = w.nextDown
		d.id = w.nextDown
		w.nextDown++
	}
	for _, d := range w.downs {
		d.trigger = was[d.trigger]
	}
}

// AddService puts a service on a host, in the state pending, as a change of
// configuration does; an unknown host is made, without parents. Call Reload
// afterwards to have clients notice. An empty svc adds only the host.
func (c *Core) AddService(host, svc string) {
	w := c.w
	w.mu.Lock()
	defer w.mu.Unlock()
	like := w.hosts[0]
	h := w.byName[host]
	if h == nil {
		h = &object{name: host, kind: hostCheck, seed: uint32(mixText(w.o.Seed, host)), flags: fAll, params: like.params, nextCheck: w.now + 60,
			hard: true, attempt: 1, updated: time.Now().UnixMicro(), x: &hostFacts{alias: host, display: host, address: "10.99.0.1", address6: "fd00::63:1", role: like.x.role}}
		w.byName[host] = h
		w.hosts = sortObjects(append(w.hosts, h))
	}
	if svc == "" || w.find(host, svc) != nil {
		return
	}
	k := kind(svc, "check_dummy!0", "check_dummy 0 fine", "os", "OK - fine", "WARNING - not fine", "CRITICAL - bad", "UNKNOWN", "")
	s := &object{name: svc, host: h, kind: k, seed: uint32(mixText(uint64(h.seed), svc)), flags: fAll, nextCheck: w.now + 60, hard: true, attempt: 1, updated: h.updated,
		params: &settings{command: k.command, expanded: k.expanded, period: w.periods[0], notifyPeriod: w.periods[0], interval: 5, retry: 1, renote: 60, attempts: 3,
			contacts: h.params.contacts, contactGroups: h.params.contactGroups}}
	w.svcName[svcKey{host, svc}] = s
	h.x.services = sortObjects(append(h.x.services, s))
	w.services = sortObjects(append(w.services, s))
}

// Remove takes away a service, or a host with all its services when svc is
// empty, as a change of configuration does. Call Reload afterwards to have
// clients notice.
func (c *Core) Remove(host, svc string) {
	w := c.w
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.find(host, svc)
	if o == nil || len(w.hosts) == 1 && svc == "" {
		return
	}
	gone := func(x *object) bool { return x == o || x.host == o }
	w.forget(func(r *remark) bool { return gone(r.o) })
	w.downs = slices.DeleteFunc(w.downs, func(d *downtime) bool { return gone(d.o) })
	for _, l := range [][]*group{w.hgroups, w.sgroups} {
		for _, g := range l {
			g.members = slices.DeleteFunc(g.members, gone)
		}
	}
	for _, h := range w.hosts {
		h.x.parents = slices.DeleteFunc(h.x.parents, gone)
		h.x.children = slices.DeleteFunc(h.x.children, gone)
		h.x.services = slices.DeleteFunc(h.x.services, gone)
	}
	for _, s := range w.services {
		if gone(s) {
			delete(w.svcName, svcKey{s.host.name, s.name})
		}
	}
	if svc == "" {
		delete(w.byName, host)
	}
	w.hosts = slices.DeleteFunc(w.hosts, gone)
	w.services = slices.DeleteFunc(w.services, gone)
	for _, inc := range w.incident {
		inc.roots = slices.DeleteFunc(inc.roots, gone)
	}
}
