package filecore

import (
	"slices"
	"strings"

	"belvedere/internal/corefiles"
	"belvedere/internal/replica"
	"belvedere/internal/store"
)

// overlaid is what has happened to a host or service since the status file was
// written.
type overlaid struct {
	at  int64 // of the last of it, unix seconds by the core's clock
	row replica.Row
}

// overlayMost bounds how many objects are overlaid; what happens to more is
// seen with the next status file.
const overlayMost = 100_000

// overlaid reports whether something has happened to an object since the last
// status file.
func (c *Core) overlaid(host, service string) bool {
	return len(c.overlay) > 0 && c.overlay[overlayKey(host, service)] != nil
}

func overlayKey(host, service string) string {
	if service == "" {
		return store.Key("hosts", host)
	}
	return store.Key("services", host, service)
}

// keepNewer feeds what has happened after the status file was written once
// more, and forgets the rest.
func (c *Core) keepNewer(b *replica.Batch, created int64) {
	for key, o := range c.overlay {
		if o.at < created || !b.Update(o.row) {
			delete(c.overlay, key)
		}
	}
}

// An event is a change of one host or service, on its way.
type event struct {
	c             *Core
	at            int64
	host, service string
	row           replica.Row
}

// on begins an event about an object; nil if there is none.
func (c *Core) on(at int64, host, service string) *event {
	e := &event{c: c, at: at, host: host, service: service}
	e.row.Table = e.table()
	if _, ok := c.replica.Snapshot().Find(e.row.Table, e.key()); !ok {
		return nil
	}
	if service == "" {
		e.set("name", host)
	} else {
		e.set("host_name", host)
		e.set("description", service)
	}
	return e
}

func (e *event) table() string {
	if e.service == "" {
		return "hosts"
	}
	return "services"
}

func (e *event) key() string {
	if e.service == "" {
		return e.host
	}
	return store.Key(e.host, e.service)
}

// set notes a column's value; the last one counts.
func (e *event) set(column string, v any) { setIn(&e.row, column, v) }

func setIn(r *replica.Row, column string, v any) {
	if i := slices.Index(r.Columns, column); i >= 0 {
		r.Values[i] = v
		return
	}
	r.Columns, r.Values = append(r.Columns, column), append(r.Values, v)
}

// get returns the number in a column as it is known now.
func (e *event) get(column string) int64 {
	if o := e.c.overlay[overlayKey(e.host, e.service)]; o != nil {
		if i := slices.Index(o.row.Columns, column); i >= 0 {
			n, _ := o.row.Values[i].(int64)
			return n
		}
	}
	snap := e.c.replica.Snapshot()
	row, _ := snap.Find(e.table(), e.key())
	return snap.Int(e.table(), column, row)
}

// feed hands the event on.
func (e *event) feed(b *replica.Batch) {
	key := overlayKey(e.host, e.service)
	o := e.c.overlay[key]
	if o == nil {
		if len(e.c.overlay) >= overlayMost {
			return
		}
		o = &overlaid{row: replica.Row{Table: e.row.Table}}
		e.c.overlay[key] = o
	}
	o.at = max(o.at, e.at)
	for i, column := range e.row.Columns {
		setIn(&o.row, column, e.row.Values[i])
	}
	b.Update(e.row)
}

// timeOf names the columns of the last time in each state.
var timeOf = map[string][]string{
	"hosts":    {"last_time_up", "last_time_down", "last_time_unreachable"},
	"services": {"last_time_ok", "last_time_warning", "last_time_critical", "last_time_unknown"},
}

// check notes the result of a check; hard is -1 where it is not known.
func (e *event) check(state, hard int64, output string) {
	before := e.get("state")
	e.set("state", state)
	e.set("has_been_checked", int64(1))
	e.set("last_check", max(e.at, e.get("last_check")))
	e.set("plugin_output", output)
	e.set("last_state", before)
	if columns := timeOf[e.table()]; state >= 0 && int(state) < len(columns) {
		e.set(columns[state], e.at)
	}
	if before != state {
		e.set("last_state_change", e.at)
		if state == 0 || e.get("acknowledgement_type") == 1 {
			e.set("acknowledged", int64(0))
			e.set("acknowledgement_type", int64(0))
		}
	}
	if hard < 0 {
		return
	}
	e.set("state_type", hard)
	if hard == 1 {
		if e.get("last_hard_state") != state {
			e.set("last_hard_state_change", e.at)
		}
		e.set("last_hard_state", state)
	}
}

// readEvents takes what the log and the query handler told since the last time.
func (c *Core) readEvents() {
	b := c.replica.Begin()
	events := 0
	take := func(e *event) {
		if e != nil && len(e.row.Columns) > len(keys[e.row.Table]) {
			events++
			e.feed(b)
		}
	}
	c.followLog(func(r *corefiles.Row) error {
		take(c.logged(r))
		return nil
	})
	for more := true; more; {
		select {
		case r := <-c.results:
			take(c.told(r))
		default:
			more = false
		}
	}
	if events == 0 {
		return
	}
	if err := b.Commit(); err != nil {
		c.o.Log.Error("what the log says cannot be taken over", "err", err)
	}
}

// followLog reads the new lines of the log.
func (c *Core) followLog(each func(*corefiles.Row) error) {
	if c.tail == nil {
		t, err := corefiles.OpenTail(c.config.Log, false)
		if err != nil {
			return // Check says so; the status file says the same, later
		}
		c.tail = t
	}
	if err := c.tail.Read(each); err != nil {
		c.o.Log.Warn("the core's log cannot be followed", "reason", err)
		_ = c.tail.Close() // it was only read
		c.tail = nil
	}
}

// switches are the commands that turn something on or off, without ENABLE_ or
// DISABLE_, with the columns that say so.
var switches = map[string][]string{
	"SVC_NOTIFICATIONS": {"notifications_enabled"}, "HOST_NOTIFICATIONS": {"notifications_enabled"},
	"SVC_CHECK": {"active_checks_enabled", "checks_enabled"}, "HOST_CHECK": {"active_checks_enabled", "checks_enabled"},
	"PASSIVE_SVC_CHECKS": {"accept_passive_checks"}, "PASSIVE_HOST_CHECKS": {"accept_passive_checks"},
	"SVC_EVENT_HANDLER": {"event_handler_enabled"}, "HOST_EVENT_HANDLER": {"event_handler_enabled"},
	"SVC_FLAP_DETECTION": {"flap_detection_enabled"}, "HOST_FLAP_DETECTION": {"flap_detection_enabled"},
}

// logged makes an event of a line of the log, nil if it is none.
func (c *Core) logged(r *corefiles.Row) *event {
	e := c.on(r.Int("time"), r.Text("host_name"), r.Text("service_description"))
	if e == nil || e.at < c.created {
		return nil
	}
	word := r.Text("state_type")
	switch r.Text("type") {
	case "HOST ALERT", "SERVICE ALERT":
		hard := int64(0)
		if word == "HARD" {
			hard = 1
		}
		e.check(r.Int("state"), hard, r.Text("plugin_output"))
		e.set("current_attempt", r.Int("attempt"))
	case "HOST DOWNTIME ALERT", "SERVICE DOWNTIME ALERT":
		step := int64(-1)
		if word == "STARTED" {
			step = 1
		}
		e.set("scheduled_downtime_depth", max(e.get("scheduled_downtime_depth")+step, 0))
	case "HOST FLAPPING ALERT", "SERVICE FLAPPING ALERT":
		on := int64(0)
		if word == "STARTED" {
			on = 1
		}
		e.set("is_flapping", on)
	case "EXTERNAL COMMAND":
		e.command(strings.Split(r.Text("options"), ";"))
	}
	return e
}

// command notes what a command to the core means, as far as that is plain.
func (e *event) command(f []string) {
	name, on := strings.CutPrefix(f[0], "ENABLE_")
	off := false
	if !on {
		name, off = strings.CutPrefix(f[0], "DISABLE_")
	}
	switch {
	case on || off:
		v := int64(0)
		if on {
			v = 1
		}
		for _, column := range switches[name] {
			e.set(column, v)
		}
	case name == "ACKNOWLEDGE_HOST_PROBLEM" && len(f) > 2, name == "ACKNOWLEDGE_SVC_PROBLEM" && len(f) > 3:
		if e.get("state") == 0 {
			return // the core refuses it
		}
		kind := int64(1)
		if sticky := f[2:]; name == "ACKNOWLEDGE_SVC_PROBLEM" && sticky[1] == "2" || name == "ACKNOWLEDGE_HOST_PROBLEM" && sticky[0] == "2" {
			kind = 2
		}
		e.set("acknowledged", int64(1))
		e.set("acknowledgement_type", kind)
	case name == "REMOVE_HOST_ACKNOWLEDGEMENT", name == "REMOVE_SVC_ACKNOWLEDGEMENT":
		e.set("acknowledged", int64(0))
		e.set("acknowledgement_type", int64(0))
	}
}
