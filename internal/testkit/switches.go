package testkit

import "strings"

// flagBits are the bits of modified_attributes for the switches of an object.
var flagBits = map[flags]uint32{fNotify: 1 << 0, fActive: 1 << 1, fPassive: 1 << 2, fHandler: 1 << 3, fFlap: 1 << 4, fPerf: 1 << 6, fObsess: 1 << 7}

// orderSwitch turns something on or off: ENABLE_, DISABLE_, START_, STOP_.
func (w *world) orderSwitch(d *order) {
	name := d.name
	switch name {
	case "ENTER_ACTIVE_MODE":
		name = "ENABLE_NOTIFICATIONS"
	case "ENTER_STANDBY_MODE":
		name = "DISABLE_NOTIFICATIONS"
	}
	verb, what, _ := strings.Cut(name, "_")
	on := verb == "ENABLE" || verb == "START"
	if !on && verb != "DISABLE" && verb != "STOP" {
		return
	}
	if p := w.globalSwitch(what); p != nil {
		*p = on
		if what == "FLAP_DETECTION" && !on {
			for _, l := range [][]*object{w.hosts, w.services} {
				for _, o := range l {
					w.unflap(o, "DISABLED", "flap detection is switched off", w.now)
				}
			}
		}
		w.events.fire(tProgram)
		return
	}
	if w.contactSwitch(d, what, on) {
		return
	}
	f := flagOf(what)
	if f == 0 {
		return
	}
	for _, o := range w.switchTargets(d, what) {
		if o.has(f) == on {
			continue
		}
		o.flags ^= f
		o.modified |= flagBits[f]
		if f == fFlap && !on {
			w.unflap(o, "DISABLED", "flap detection is switched off", w.now)
		}
		w.touch(o)
	}
	w.events.fire(tState)
}

func (w *world) globalSwitch(what string) *bool {
	g := &w.global
	return map[string]*bool{
		"NOTIFICATIONS": &g.notifications, "EVENT_HANDLERS": &g.handlers, "FLAP_DETECTION": &g.flapping, "PERFORMANCE_DATA": &g.perf,
		"HOST_FRESHNESS_CHECKS": &g.freshHosts, "SERVICE_FRESHNESS_CHECKS": &g.freshSvcs,
		"EXECUTING_HOST_CHECKS": &g.hostChecks, "EXECUTING_SVC_CHECKS": &g.svcChecks,
		"ACCEPTING_PASSIVE_HOST_CHECKS": &g.passiveHost, "ACCEPTING_PASSIVE_SVC_CHECKS": &g.passiveSvc,
		"OBSESSING_OVER_HOST_CHECKS": &g.obsessHosts, "OBSESSING_OVER_SVC_CHECKS": &g.obsessSvcs,
	}[what]
}

// contactSwitch turns notifications to people on or off.
func (w *world) contactSwitch(d *order, what string, on bool) bool {
	if !strings.HasPrefix(what, "CONTACT") {
		return false
	}
	var people []*contact
	if c := w.contact(d.args["contact_name"]); c != nil {
		people = append(people, c)
	}
	if g := findGroup(w.cgroups, d.args["contactgroup_name"]); g != nil {
		people = append(people, g.people...)
	}
	for _, c := range people {
		if strings.HasSuffix(what, "_HOST_NOTIFICATIONS") {
			c.hostOn = on
		} else {
			c.svcOn = on
		}
		c.modified |= 1
	}
	return true
}

// flagOf tells which switch of an object a command is about.
func flagOf(what string) flags {
	switch {
	case strings.Contains(what, "NOTIFICATIONS"):
		return fNotify
	case strings.Contains(what, "PASSIVE"):
		return fPassive
	case strings.Contains(what, "EVENT_HANDLER"):
		return fHandler
	case strings.Contains(what, "FLAP_DETECTION"):
		return fFlap
	case strings.HasPrefix(what, "OBSESSING_OVER_"):
		return fObsess
	case strings.HasSuffix(what, "CHECK"), strings.HasSuffix(what, "CHECKS"):
		return fActive
	}
	return 0
}

// switchTargets returns the objects a command is about.
func (w *world) switchTargets(d *order, what string) []*object {
	var hosts []*object
	services := strings.Contains(what, "_SVC_")
	switch {
	case strings.HasPrefix(what, "HOSTGROUP_"):
		hosts = findGroup(w.hgroups, d.args["hostgroup_name"]).members
	case strings.HasPrefix(what, "SERVICEGROUP_"):
		members := findGroup(w.sgroups, d.args["servicegroup_name"]).members
		if services {
			return members
		}
		for _, s := range members {
			hosts = append(hosts, s.host)
		}
		return hosts
	case d.o == nil:
		return nil
	case strings.HasPrefix(what, "HOST_SVC_"):
		return d.o.x.services
	case what == "HOST_AND_CHILD_NOTIFICATIONS":
		return below(d.o, nil)
	case what == "ALL_NOTIFICATIONS_BEYOND_HOST":
		var out []*object
		for _, h := range below(d.o, nil)[1:] {
			out = append(append(out, h), h.x.services...)
		}
		return out
	default:
		return []*object{d.o}
	}
	if !services {
		return hosts
	}
	var out []*object
	for _, h := range hosts {
		out = append(out, h.x.services...)
	}
	return out
}
