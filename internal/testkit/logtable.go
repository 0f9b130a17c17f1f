package testkit

import "slices"

func logColumns() map[string]getter {
	text := func(f func(*logLine) string) getter { return func(_ *view, r row) value { return vt(f(r.l)) } }
	number := func(f func(*logLine) int64) getter { return func(_ *view, r row) value { return vi(f(r.l)) } }
	return map[string]getter{
		"time":                number(func(l *logLine) int64 { return int64(l.at) }),
		"lineno":              number(func(l *logLine) int64 { return int64(l.line) }),
		"class":               number(func(l *logLine) int64 { return int64(l.class) }),
		"state":               number(func(l *logLine) int64 { return int64(l.state) }),
		"attempt":             number(func(l *logLine) int64 { return int64(l.attempt) }),
		"type":                text(func(l *logLine) string { return l.kind }),
		"state_type":          text(func(l *logLine) string { return l.stateType }),
		"host_name":           text(func(l *logLine) string { return l.host }),
		"service_description": text(func(l *logLine) string { return l.service }),
		"plugin_output":       text(func(l *logLine) string { return l.output }),
		"comment":             text(func(l *logLine) string { return l.comment }),
		"contact_name":        text(func(l *logLine) string { return l.contact }),
		"command_name":        text(func(l *logLine) string { return l.cmd }),
		"options":             text(func(l *logLine) string { return l.options }),
		"message":             text(func(l *logLine) string { return l.message() }),
	}
}

// logRows returns the log, newest first unless the core has it the other way
// round, with what its lines are about.
func logRows(v *view) []row {
	w := v.w
	if w.p.noLog {
		return nil
	}
	out := make([]row, 0, len(w.log))
	for i := range w.log {
		l := &w.log[len(w.log)-1-i]
		if w.p.oldestFirst {
			l = &w.log[i]
		}
		r := row{l: l}
		if l.host != "" {
			r.h = w.byName[l.host]
			if l.service != "" {
				r.s = w.svcName[svcKey{l.host, l.service}]
			}
		}
		if !v.seesLine(l, r) {
			continue
		}
		if l.contact != "" {
			if k := slices.IndexFunc(w.contacts, func(c *contact) bool { return c.name == l.contact }); k >= 0 {
				r.p = w.contacts[k]
			}
		}
		if l.cmd != "" {
			if k := slices.IndexFunc(w.commands, func(c *command) bool { return c.name == l.cmd }); k >= 0 {
				r.cmd = w.commands[k]
			}
		}
		out = append(out, r)
	}
	return out
}

// seesLine hides lines about what the viewer may not see, and alerts about
// what is no more.
func (v *view) seesLine(l *logLine, r row) bool {
	if v.me == nil && !v.unknown {
		return true
	}
	switch {
	case r.s != nil:
		return v.sees(r.s)
	case r.h != nil:
		return v.sees(r.h)
	}
	return l.class != classAlert && l.class != classNotification && l.class != classPassive && l.class != classState
}

// A span is an interval of an object's state, for the table statehist.
type span struct {
	from, until sec
	state       int64
	output      string
	part        float64
}

func histColumns() map[string]getter {
	number := func(f func(*span) int64) getter { return func(_ *view, r row) value { return vi(f(r.hist)) } }
	return map[string]getter{
		"time":                number(func(s *span) int64 { return int64(s.from) }),
		"from":                number(func(s *span) int64 { return int64(s.from) }),
		"until":               number(func(s *span) int64 { return int64(s.until) }),
		"duration":            number(func(s *span) int64 { return int64(s.until - s.from) }),
		"duration_part":       func(_ *view, r row) value { return vf(r.hist.part) },
		"state":               number(func(s *span) int64 { return s.state }),
		"host_name":           func(_ *view, r row) value { return vt(r.h.name) },
		"service_description": func(_ *view, r row) value { return vt(serviceName(r)) },
		"log_output":          func(_ *view, r row) value { return vt(r.hist.output) },
	}
}

func serviceName(r row) string {
	if r.s == nil {
		return ""
	}
	return r.s.name
}

// histRows builds the intervals between the alerts of the log.
func histRows(v *view) []row {
	type open struct {
		r row
		s *span
	}
	var out []row
	now := map[*object]*open{}
	first := v.now
	if len(v.w.log) > 0 {
		first = v.w.log[0].at
	}
	total := float64(max(v.now-first, 1))
	finish := func(o *open, at sec) {
		o.s.until = at
		o.s.part = float64(at-o.s.from) / total
		o.r.hist = o.s
		out = append(out, o.r)
	}
	for i := range v.w.log {
		l := &v.w.log[i]
		o := v.w.find(l.host, l.service)
		if o == nil || l.kind != o.upper()+" ALERT" || !v.sees(o) {
			continue
		}
		if p := now[o]; p != nil {
			finish(p, l.at)
		} else {
			finish(&open{objectRow(o), &span{from: first}}, l.at)
		}
		now[o] = &open{objectRow(o), &span{from: l.at, state: int64(l.state), output: l.output}}
	}
	for _, list := range [][]*object{v.w.hosts, v.w.services} {
		for _, o := range list {
			switch p := now[o]; {
			case p != nil:
				finish(p, v.now)
			case v.sees(o):
				finish(&open{objectRow(o), &span{from: first, state: int64(o.state)}}, v.now)
			}
		}
	}
	return out
}

func statusColumns() map[string]getter {
	number := func(f func(w *world) int64) getter { return func(v *view, _ row) value { return vi(f(v.w)) } }
	yes := func(f func(g *global) bool) getter {
		return func(v *view, _ row) value { return vb(f(&v.w.global)) }
	}
	rate := func(f func(w *world) int64) getter {
		return func(v *view, _ row) value { return vf(float64(f(v.w)) / float64(max(v.now-v.w.start, 1))) }
	}
	return map[string]getter{
		"program_version":               func(v *view, _ row) value { return vt(v.w.p.program) },
		"livestatus_version":            func(v *view, _ row) value { return vt(v.w.p.livestatus) },
		"program_start":                 number(func(w *world) int64 { return int64(w.start) }),
		"nagios_pid":                    number(func(w *world) int64 { return int64(w.pid) }),
		"localtime":                     func(v *view, _ row) value { return vi(int64(v.now)) },
		"interval_length":               number(func(*world) int64 { return 60 }),
		"num_hosts":                     number(func(w *world) int64 { return int64(len(w.hosts)) }),
		"num_services":                  number(func(w *world) int64 { return int64(len(w.services)) }),
		"host_checks":                   number(func(w *world) int64 { return w.checks[0] }),
		"service_checks":                number(func(w *world) int64 { return w.checks[1] }),
		"host_checks_rate":              rate(func(w *world) int64 { return w.checks[0] }),
		"service_checks_rate":           rate(func(w *world) int64 { return w.checks[1] }),
		"cached_log_messages":           number(func(w *world) int64 { return int64(len(w.log)) }),
		"log_messages":                  number(func(w *world) int64 { return int64(w.lastLine()) }),
		"check_external_commands":       number(func(w *world) int64 { return bit(!w.deaf) }),
		"livestatus_threads":            number(func(w *world) int64 { return int64(w.p.threads) }),
		"execute_host_checks":           yes(func(g *global) bool { return g.hostChecks }),
		"execute_service_checks":        yes(func(g *global) bool { return g.svcChecks }),
		"accept_passive_host_checks":    yes(func(g *global) bool { return g.passiveHost }),
		"accept_passive_service_checks": yes(func(g *global) bool { return g.passiveSvc }),
		"enable_notifications":          yes(func(g *global) bool { return g.notifications }),
		"enable_event_handlers":         yes(func(g *global) bool { return g.handlers }),
		"enable_flap_detection":         yes(func(g *global) bool { return g.flapping }),
		"process_performance_data":      yes(func(g *global) bool { return g.perf }),
		"obsess_over_hosts":             yes(func(g *global) bool { return g.obsessHosts }),
		"obsess_over_services":          yes(func(g *global) bool { return g.obsessSvcs }),
		"check_host_freshness":          yes(func(g *global) bool { return g.freshHosts }),
		"check_service_freshness":       yes(func(g *global) bool { return g.freshSvcs }),
		"requests":                      number(func(w *world) int64 { return w.asked.Load() }),
		"connections":                   number(func(w *world) int64 { return w.asked.Load() }),
		"last_command_check":            number(func(*world) int64 { return 0 }),
	}
}
