package testkit

import (
	"fmt"
	"slices"
	"strings"
)

// obey carries out a command whose parameters are good.
func (w *world) obey(d *order) error {
	if f, ok := w.orders()[d.name]; ok {
		return f(d)
	}
	switch {
	case strings.Contains(d.name, "_CONTACT_DOWNTIME"):
		return nil // Shinken's alone, and nothing shows it
	case strings.Contains(d.name, "_DOWNTIME") && strings.HasPrefix(d.name, "SCHEDULE_"):
		return w.orderDowntime(d)
	case strings.HasPrefix(d.name, "SCHEDULE_"):
		return w.orderCheck(d)
	case strings.HasPrefix(d.name, "CHANGE_"):
		return w.orderChange(d)
	}
	w.orderSwitch(d)
	return nil
}

// orders are the commands that are neither a switch, a setting, a check nor a
// downtime.
func (w *world) orders() map[string]func(*order) error {
	deleteComment := func(d *order) error {
		if w.forget(func(r *remark) bool { return r.id == d.number("comment_id") }) == 0 {
			return fmt.Errorf("No comment with id %s", d.args["comment_id"])
		}
		return nil
	}
	deleteDowntime := func(d *order) error {
		for _, x := range w.downs {
			if x.id == d.number("downtime_id") {
				w.cancel(x)
				return nil
			}
		}
		return fmt.Errorf("No downtime with id %s", d.args["downtime_id"])
	}
	deleteAll := func(d *order) error {
		w.forget(func(r *remark) bool { return r.o == d.o })
		return nil
	}
	unack := func(d *order) error {
		w.dropAck(d.o)
		w.touch(d.o)
		w.events.fire(tState)
		return nil
	}
	comment := func(d *order) error {
		w.remark(&remark{o: d.o, author: d.args["author"], text: d.args["comment"], at: d.at, kind: 1, persistent: d.yes("persistent"), external: true})
		w.touch(d.o)
		return nil
	}
	ack := func(d *order) error { return w.orderAck(d) }
	result := func(d *order) error { return w.orderResult(d) }
	custom := func(d *order) error {
		if d.number("options")&4 != 0 {
			d.o.notified++
		}
		if w.notifiable(d.o) || d.number("options")&2 != 0 {
			d.o.lastNotification = w.now
			w.notify(d.o, "CUSTOM", d.args["author"], d.args["comment"], w.now)
		}
		return nil
	}
	delay := func(d *order) error { d.o.nextNotification = d.time("notification_time"); return nil }
	number := func(d *order) error { d.o.notified = int16(d.number("notification_number")); return nil }
	restart := func(*order) error { w.reload(w.p.newPID); return nil }
	return map[string]func(*order) error{
		"ACKNOWLEDGE_HOST_PROBLEM": ack, "ACKNOWLEDGE_SVC_PROBLEM": ack, "ACKNOWLEDGE_HOST_PROBLEM_EXPIRE": ack, "ACKNOWLEDGE_SVC_PROBLEM_EXPIRE": ack,
		"REMOVE_HOST_ACKNOWLEDGEMENT": unack, "REMOVE_SVC_ACKNOWLEDGEMENT": unack,
		"ADD_HOST_COMMENT": comment, "ADD_SVC_COMMENT": comment,
		"DEL_HOST_COMMENT": deleteComment, "DEL_SVC_COMMENT": deleteComment, "DEL_ALL_HOST_COMMENTS": deleteAll, "DEL_ALL_SVC_COMMENTS": deleteAll,
		"DEL_HOST_DOWNTIME": deleteDowntime, "DEL_SVC_DOWNTIME": deleteDowntime,
		"DEL_DOWNTIME_BY_HOST_NAME": w.orderCancel, "DEL_DOWNTIME_BY_HOSTGROUP_NAME": w.orderCancel, "DEL_DOWNTIME_BY_START_TIME_COMMENT": w.orderCancel,
		"DEL_ALL_HOST_DOWNTIMES": w.orderCancel, "DEL_ALL_SVC_DOWNTIMES": w.orderCancel,
		"PROCESS_HOST_CHECK_RESULT": result, "PROCESS_SERVICE_CHECK_RESULT": result,
		"SEND_CUSTOM_HOST_NOTIFICATION": custom, "SEND_CUSTOM_SVC_NOTIFICATION": custom,
		"DELAY_HOST_NOTIFICATION": delay, "DELAY_SVC_NOTIFICATION": delay,
		"SET_HOST_NOTIFICATION_NUMBER": number, "SET_SVC_NOTIFICATION_NUMBER": number,
		"RESTART_PROCESS": restart, "RESTART_PROGRAM": restart, "RELOAD_CONFIG": restart,
		"LOG": func(d *order) error { w.logText(classInfo, d.args["text"], w.now); return nil },
	}
}

// orderAck acknowledges a problem. What is not a problem is left alone, with
// an error on Icinga 2 only.
func (w *world) orderAck(d *order) error {
	if d.o.state == 0 || !d.o.checked || w.p.name == Icinga2 && d.o.ack != 0 {
		if w.p.name != Icinga2 {
			return nil
		}
		if d.o.ack != 0 {
			return fmt.Errorf("The %s '%s' is already acknowledged", d.o.noun(), d.o.name)
		}
		return fmt.Errorf("The %s '%s' is OK", d.o.noun(), d.o.name)
	}
	sticky := d.number("sticky") == 2
	if w.p.name == Naemon {
		sticky = d.number("sticky") != 0
	}
	w.forget(func(r *remark) bool { return d.o.ack != 0 && r.o == d.o && r.kind == 4 && !r.persistent })
	w.acknowledge(d.o, ackOrder{sticky: sticky, notify: d.yes("notify"), persistent: d.yes("persistent"),
		author: d.args["author"], text: d.args["comment"], at: d.at, expires: d.time("end_time")})
	return nil
}

// An ackOrder says how a problem is to be acknowledged.
type ackOrder struct {
	sticky, notify, persistent bool
	author, text               string
	at, expires                sec
}

func (w *world) acknowledge(o *object, a ackOrder) {
	o.ack, o.ackExpires = 1+int8(bit(a.sticky)), a.expires
	w.remark(&remark{o: o, author: a.author, text: a.text, at: a.at, kind: 4, persistent: a.persistent, expires: a.expires})
	w.touch(o)
	if a.notify && w.notifiable(o) {
		w.notify(o, "ACKNOWLEDGEMENT", a.author, a.text, a.at)
	}
	w.events.fire(tState)
}

// orderResult takes a passive check result.
func (w *world) orderResult(d *order) error {
	accept := w.global.passiveSvc
	if d.o.host == nil {
		accept = w.global.passiveHost
	}
	state := d.number("status_code")
	if !accept || !d.o.has(fPassive) {
		return nil
	}
	if state < 0 || state > 3 {
		return fmt.Errorf("Invalid status code %d", state)
	}
	text := strings.ReplaceAll(d.args["plugin_output"], `\n`, "\n")
	kind := "PASSIVE SERVICE CHECK"
	if d.o.host == nil {
		kind = "PASSIVE HOST CHECK"
	}
	if w.p.name != Icinga2 {
		first, _, _ := strings.Cut(text, "\n")
		w.addLog(logLine{at: w.now, class: classPassive, kind: kind, state: int8(state), host: d.o.hostOf().name, service: d.o.service(),
			output: oneField(first), options: fmt.Sprintf("%s;%d;%s", d.o.label(), state, first)})
	}
	if text == "" {
		text = " "
	}
	at := w.now
	if d.at < at {
		at = max(d.at, d.o.lastCheck)
	}
	w.result(d.o, at, int8(state), text, true)
	return nil
}

// orderCheck schedules checks; a forced one that is due runs at once.
func (w *world) orderCheck(d *order) error {
	at := d.time("check_time")
	list := []*object{d.o}
	if strings.Contains(d.name, "HOST_SVC_CHECKS") {
		list = d.o.x.services
	}
	for _, o := range list {
		switch {
		case strings.Contains(d.name, "FORCED") && at <= w.now && !w.stalled():
			w.check(o, w.now)
		case strings.Contains(d.name, "FORCED") || o.has(fActive):
			o.nextCheck = max(at, 1)
			w.touch(o)
		}
	}
	return nil
}

// orderDowntime schedules downtimes for a host, a service, what hangs below a
// host, or a group.
func (w *world) orderDowntime(d *order) error {
	start, end := d.time("start_time"), d.time("end_time")
	if end <= start && w.p.name != Icinga2 {
		return fmt.Errorf("Invalid downtime: end time is not after start time")
	}
	list := w.downtimeTargets(d)
	trigger := d.number("trigger_id")
	for i, o := range list {
		x := &downtime{o: o, author: d.args["author"], text: d.args["comment"], at: d.at, start: start, end: end,
			fixed: d.yes("fixed"), duration: d.number("duration"), trigger: trigger}
		if x.fixed && w.p.name != Icinga2 {
			x.duration = int64(end) - int64(start)
		}
		w.schedule(x)
		if i == 0 && strings.Contains(d.name, "_TRIGGERED_") {
			trigger = x.id
		}
	}
	w.downtimes()
	return nil
}

func (w *world) downtimeTargets(d *order) []*object {
	var hosts []*object
	switch {
	case strings.Contains(d.name, "HOSTGROUP_"):
		hosts = findGroup(w.hgroups, d.args["hostgroup_name"]).members
	case strings.Contains(d.name, "SERVICEGROUP_"):
		members := findGroup(w.sgroups, d.args["servicegroup_name"]).members
		if strings.Contains(d.name, "_SVC_") {
			return slices.Clone(members)
		}
		for _, s := range members {
			if !slices.Contains(hosts, s.host) {
				hosts = append(hosts, s.host)
			}
		}
		return hosts
	case strings.Contains(d.name, "PROPAGATE"):
		return below(d.o, nil)
	case strings.Contains(d.name, "HOST_SVC_"):
		if w.p.name == Icinga2 {
			return append([]*object{d.o}, d.o.x.services...)
		}
		return slices.Clone(d.o.x.services)
	default:
		return []*object{d.o}
	}
	if !strings.Contains(d.name, "_SVC_") {
		return slices.Clone(hosts)
	}
	var out []*object
	for _, h := range hosts {
		out = append(out, h.x.services...)
	}
	return out
}

// below appends a host and all hosts behind it, each once.
func below(h *object, l []*object) []*object {
	if slices.Contains(l, h) {
		return l
	}
	l = append(l, h)
	for _, c := range h.x.children {
		l = below(c, l)
	}
	return l
}

func (w *world) cancel(d *downtime) {
	w.endDowntime(d, "CANCELLED", " Scheduled downtime for "+d.o.noun()+" has been cancelled.")
}

// orderCancel deletes the downtimes that fit all parameters that are given.
func (w *world) orderCancel(d *order) error {
	var doomed []*downtime
	for _, x := range w.downs {
		g := findGroup(w.hgroups, d.args["hostgroup_name"])
		switch {
		case w.p.name == Icinga2 && d.args["service_description"] != "":
			// It compares with the full name of the service, and looks at nothing
			// for downtimes of the host.
			if x.o.host == nil && x.o.name == d.args["host_name"] {
				doomed = append(doomed, x)
			}
		case g != nil && !slices.Contains(g.members, x.o.hostOf()):
		case d.args["host_name"] != "" && x.o.hostOf().name != d.args["host_name"]:
		case d.args["service_description"] != "" && x.o.service() != d.args["service_description"]:
		case d.args["downtime_start_time"] != "" && x.start != d.time("downtime_start_time"):
		case d.args["comment"] != "" && x.text != d.args["comment"]:
		case d.name == "DEL_ALL_HOST_DOWNTIMES" && x.o.host != nil:
		default:
			doomed = append(doomed, x)
		}
	}
	for _, x := range doomed {
		w.cancel(x)
	}
	return nil
}

// orderChange changes a setting of one object.
func (w *world) orderChange(d *order) error {
	if d.o == nil {
		w.orderContact(d)
		return nil
	}
	s := *d.o.params
	bitNo := -1
	switch rest := strings.NewReplacer("_HOST", "", "_SVC", "").Replace(d.name); {
	case strings.HasPrefix(rest, "CHANGE_MAX"):
		s.attempts, bitNo = int8(min(max(d.number("check_attempts"), 1), 100)), 12
	case strings.HasPrefix(rest, "CHANGE_NORMAL"):
		s.interval, bitNo = float64(d.number("check_interval")), 10
	case strings.HasPrefix(rest, "CHANGE_RETRY"):
		s.retry, bitNo = float64(d.number("check_interval")), 11
	case rest == "CHANGE_CHECK_COMMAND":
		s.command, bitNo = d.args["check_command"], 9
	case rest == "CHANGE_EVENT_HANDLER":
		s.handler, bitNo = d.args["event_handler_command"], 8
	case rest == "CHANGE_CHECK_TIMEPERIOD":
		s.period, bitNo = w.period(d.args["check_timeperiod"]), 14
	case rest == "CHANGE_NOTIFICATION_TIMEPERIOD":
		s.notifyPeriod, bitNo = w.period(d.args["notification_timeperiod"]), 16
	case rest == "CHANGE_MODATTR":
		d.o.modified = uint32(d.number("value"))
	case rest == "CHANGE_CUSTOM_VAR":
		name := strings.ToUpper(d.args["varname"])
		at := slices.IndexFunc(s.vars, func(v variable) bool { return v.name == name })
		s.vars = slices.Clone(s.vars)
		switch {
		case at >= 0:
			s.vars[at].value, bitNo = d.args["varvalue"], 15
		case w.p.name == Icinga2:
			s.vars = append(s.vars, variable{name: name, value: d.args["varvalue"]})
		}
		if w.p.name == Icinga2 {
			bitNo = -1
		}
	}
	if bitNo >= 0 {
		d.o.modified |= 1 << bitNo
	}
	d.o.params = &s
	w.touch(d.o)
	return nil
}

// orderContact changes a setting of a contact.
func (w *world) orderContact(d *order) {
	c := w.contact(d.args["contact_name"])
	if c == nil {
		return // global event handlers: nothing shows them
	}
	switch d.name {
	case "CHANGE_CONTACT_HOST_NOTIFICATION_TIMEPERIOD":
		c.period = w.period(d.args["notification_timeperiod"])
	case "CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD":
		c.svcPeriod = w.period(d.args["notification_timeperiod"])
	case "CHANGE_CUSTOM_CONTACT_VAR":
		if strings.EqualFold(d.args["varname"], "phone") { // the only one they have
			c.phone = d.args["varvalue"]
			c.modified |= 1 << 15
		}
	case "CHANGE_CONTACT_MODATTR":
		c.modified = uint32(d.number("value"))
	}
}
