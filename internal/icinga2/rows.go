package icinga2

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/replica"
	"belvedere/internal/schema"
)

// A row is a row of one of the schema's tables that is being made.
type row replica.Row

func (r *row) set(column string, v any) {
	r.Columns, r.Values = append(r.Columns, column), append(r.Values, v)
}

func (r *row) truth(column string, v bool) {
	n := int64(0)
	if v {
		n = 1
	}
	r.set(column, n)
}

// time sets a time without its fraction; never is 0, and so is what no time can
// be.
func (r *row) time(column string, v float64) {
	if !(v > 0 && v < 1e12) {
		v = 0
	}
	r.set(column, int64(v))
}

func (r *row) text(column, v string) { r.set(column, clean(v)) }

func (r *row) list(column string, v []string) {
	if v == nil {
		v = []string{}
	}
	r.set(column, v)
}

// float sets a number that can be one.
func (r *row) float(column string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	r.set(column, v)
}

// A rower makes rows of hosts and services; it is made anew when what is
// around them changed.
type rower struct {
	m       *model
	inGroup map[string][]string // users by group of users
	host    *checkable          // of the services that follow
	vars    []variable          // of it
}

func (m *model) rower() *rower { return &rower{m: m, inGroup: m.userGroupMembers()} }

// row makes the row of a host or service; host is what is known of the
// service's host, nil if nothing is.
func (w *rower) row(c, host *checkable) row {
	vars := variables(c.Vars)
	hostVars := vars
	if c.service() != "" {
		hostVars = nil
		if host != nil {
			if w.host != host {
				w.host, w.vars = host, variables(host.Vars)
			}
			hostVars = w.vars
		}
	}
	r := w.live(c)
	if c.service() == "" {
		w.onlyHost(&r, c)
	} else {
		r.set("obsess_over_service", int64(0))
	}
	w.configured(&r, c)
	r.text("check_command", w.m.checkCommand(c, vars, hostVars))
	r.text("check_command_expanded", w.m.checkCommand(c, vars, hostVars))
	w.expanded(&r, c, host, vars, hostVars)
	pairs, nested := normal(vars)
	r.set("custom_variables", pairs)
	r.truth("cv_is_json", nested)
	modified(&r, c.Original)
	original := strings.TrimSpace(string(c.Original))
	if original == "" {
		original = "null"
	}
	r.text("original_attributes", reencode(original))
	return r
}

// live makes the part of a row that [objectType.live] tells, and what
// notifications and dependencies say.
func (w *rower) live(c *checkable) row {
	r := row{Table: "hosts", Columns: make([]string, 0, 96), Values: make([]any, 0, 96)}
	if c.service() == "" {
		r.text("name", c.Name)
		r.list("parents", w.m.parents[c.Name])
		r.list("childs", w.m.children[c.Name])
		r.time("last_time_up", c.LastStateUp)
		r.time("last_time_down", c.LastStateDown)
		r.time("last_time_unreachable", c.LastStateUnreachable)
	} else {
		r.Table = "services"
		r.text("host_name", c.HostName)
		r.text("description", c.Name)
		r.time("last_time_ok", c.LastStateOK)
		r.time("last_time_warning", c.LastStateWarning)
		r.time("last_time_critical", c.LastStateCritical)
		r.time("last_time_unknown", c.LastStateUnknown)
	}
	w.switches(&r, c)
	state(&r, c, w.m.reachable(fullName(c.host(), c.service())))
	result(&r, c)
	w.notified(&r, c)
	return r
}

// onlyHost sets what services do not have.
func (w *rower) onlyHost(r *row, c *checkable) {
	r.text("address", c.Address)
	r.text("address6", c.Address6)
	r.text("alias", c.DisplayName)
	r.set("obsess_over_host", int64(0))
	r.set("pending_flex_downtime", int64(0))
	r.set("check_flapping_recovery_notification", int64(0))
	for _, none := range []string{"filename", "statusmap_image"} {
		r.text(none, "")
	}
	for _, none := range []string{"x_3d", "y_3d", "z_3d"} {
		r.float(none, 0)
	}
}

// configured sets what changes with the configuration.
func (w *rower) configured(r *row, c *checkable) {
	r.text("display_name", c.DisplayName)
	r.text("action_url", c.ActionURL)
	r.text("notes", c.Notes)
	r.text("notes_url", c.NotesURL)
	r.text("icon_image", c.IconImage)
	r.text("icon_image_alt", c.IconImageAlt)
	r.text("check_period", c.CheckPeriod)
	r.float("check_interval", c.CheckInterval/60)
	r.float("retry_interval", c.RetryInterval/60)
	r.set("max_check_attempts", c.MaxCheckAttempts)
	r.float("low_flap_threshold", c.FlappingLow)
	r.float("high_flap_threshold", c.FlappingHigh)
	r.list("groups", c.Groups)
	handler := ""
	if c.EventCommand != "" {
		handler = "event_" + c.EventCommand
	}
	r.text("event_handler", handler)
	r.set("initial_state", int64(0))
	r.set("check_freshness", int64(1))
	r.set("check_options", int64(0))
	r.set("is_executing", int64(0))
	r.set("pnpgraph_present", int64(0))
}

func (w *rower) switches(r *row, c *checkable) {
	r.truth("accept_passive_checks", c.EnablePassiveChecks)
	r.truth("active_checks_enabled", c.EnableActiveChecks)
	r.truth("checks_enabled", c.EnableActiveChecks)
	r.truth("event_handler_enabled", c.EnableEventHandler)
	r.truth("flap_detection_enabled", c.EnableFlapping)
	r.truth("notifications_enabled", c.EnableNotifications)
	r.truth("process_performance_data", c.EnablePerfdata)
	r.truth("check_type", !c.EnableActiveChecks)
}

// state sets states and their times.
func state(r *row, c *checkable, reachable bool) {
	checked := c.Result != nil
	of := func(n int64) int64 {
		if !checked {
			return 0
		}
		return n
	}
	now := c.State
	if c.service() == "" && !reachable {
		now = 2
	}
	r.truth("has_been_checked", checked)
	r.set("state", of(now))
	r.set("last_state", of(c.LastState))
	r.set("last_hard_state", of(c.LastHardState))
	r.set("state_type", c.StateType)
	r.set("current_attempt", c.CheckAttempt)
	r.truth("acknowledged", c.Acknowledgement != 0)
	r.set("acknowledgement_type", c.Acknowledgement)
	r.set("scheduled_downtime_depth", c.DowntimeDepth)
	r.truth("is_flapping", c.Flapping)
	r.truth("is_reachable", reachable)
	r.float("percent_state_change", c.FlappingCurrent)
	r.time("last_check", c.LastCheck)
	r.time("next_check", c.NextCheck)
	r.time("last_state_change", c.LastStateChange)
	r.time("last_hard_state_change", c.LastHardStateChange)
}

// result sets what the last check told.
func result(r *row, c *checkable) {
	cr := c.Result
	if cr == nil {
		cr = &checkResult{}
	}
	first, long, lined := strings.Cut(cr.Output, "\n")
	if first == "" || !lined {
		long = ""
	}
	r.text("plugin_output", first)
	r.text("long_plugin_output", strings.ReplaceAll(long, "\n", `\n`))
	r.text("perf_data", perfData(cr.Performance))
	r.text("check_source", cr.CheckSource)
	took := cr.ExecutionEnd - cr.ExecutionStart
	r.float("execution_time", took)
	r.float("latency", max(0, cr.ScheduleEnd-cr.ScheduleStart-took))
}

// notified sets what comes from notifications.
func (w *rower) notified(r *row, c *checkable) {
	full := fullName(c.host(), c.service())
	n := w.m.notifying(full)
	users, groups := w.m.contacts(full, w.inGroup)
	r.set("contacts", users)
	r.set("contact_groups", groups)
	r.time("last_notification", n.last)
	r.time("next_notification", n.next)
	r.set("current_notification_number", n.number)
	r.float("notification_interval", n.interval)
	r.text("notification_period", "")
	r.truth("in_notification_period", n.inPeriod)
	r.truth("no_more_notifications", n.interval == 0 && !c.Volatile)
	r.float("first_notification_delay", 0)
}

// expanded sets texts whose macros are replaced.
func (w *rower) expanded(r *row, c, host *checkable, vars, hostVars []variable) {
	look := func(name string) (string, bool) {
		kind, attr, dotted := strings.Cut(name, ".")
		if !dotted {
			kind, attr = "", name
		}
		if c.service() != "" && (kind == "" || kind == "service") {
			if v, ok := attribute(c, vars, attr, kind == ""); ok {
				return v, true
			}
		}
		h := c
		if c.service() != "" {
			h = host
		}
		if h != nil && (kind == "" || kind == "host") {
			return attribute(h, hostVars, attr, kind == "")
		}
		return "", false
	}
	r.text("action_url_expanded", expand(c.ActionURL, look))
	r.text("notes_expanded", expand(c.Notes, look))
	r.text("notes_url_expanded", expand(c.NotesURL, look))
	r.text("icon_image_expanded", expand(c.IconImage, look))
}

// attribute looks up a macro in one object. bare names may be variables.
func attribute(c *checkable, vars []variable, name string, bare bool) (string, bool) {
	v, isVar := strings.CutPrefix(name, "vars.")
	if isVar || bare {
		for _, have := range vars {
			if have.name == v {
				return have.plain(), true
			}
		}
	}
	switch name {
	case "name":
		return c.Name, true
	case "display_name":
		return c.DisplayName, true
	case "address":
		return c.Address, c.service() == ""
	case "address6":
		return c.Address6, c.service() == ""
	case "notes":
		return c.Notes, true
	case "notes_url":
		return c.NotesURL, true
	case "action_url":
		return c.ActionURL, true
	case "check_command":
		return c.CheckCommand, true
	}
	return "", false
}

// reencode writes JSON that another program wrote the way this one does.
func reencode(s string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return s
	}
	return jsonText(v)
}

// attributeBits are the settings that can be changed at run time, with the
// bits of modified_attributes.
var attributeBits = map[string]int{
	"enable_notifications": 0, "enable_active_checks": 1, "enable_passive_checks": 2, "enable_event_handler": 3, "enable_flapping": 4,
	"enable_perfdata": 6, "event_command": 8, "check_command": 9, "check_interval": 10, "retry_interval": 11, "max_check_attempts": 12,
	"check_period": 14, "period": 16,
}

// modified sets which settings were changed at run time.
func modified(r *row, original json.RawMessage) {
	var changed map[string]json.RawMessage
	bits := int64(0)
	if json.Unmarshal(original, &changed) == nil {
		for name := range changed {
			if bit, ok := attributeBits[name]; ok {
				bits |= 1 << bit
			} else if name == "vars" || strings.HasPrefix(name, "vars.") {
				bits |= 1 << 15
			}
		}
	}
	names := []string{}
	for i, name := range schema.ModifiedAttributes() {
		if bits>>i&1 != 0 {
			names = append(names, name)
		}
	}
	r.set("modified_attributes", bits)
	r.set("modified_attributes_list", names)
}

// perfData joins measured values; those of checks that are built in come as
// objects.
func perfData(values []json.RawMessage) string {
	parts := make([]string, 0, len(values))
	for _, raw := range values {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			parts = append(parts, text)
			continue
		}
		var v struct {
			Label                string
			Value                float64
			Counter              bool
			Unit                 string
			Warn, Crit, Min, Max any
		}
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		label := v.Label
		if strings.ContainsAny(label, " '\"\t") {
			label = "'" + label + "'"
		}
		unit := v.Unit
		switch {
		case v.Counter:
			unit = "c"
		case unit == "seconds":
			unit = "s"
		case unit == "percent":
			unit = "%"
		case unit == "bytes":
			unit = "B"
		}
		text = label + "=" + measured(v.Value) + unit
		bounds := []any{v.Warn, v.Crit, v.Min, v.Max}
		for len(bounds) > 0 && bounds[len(bounds)-1] == nil {
			bounds = bounds[:len(bounds)-1]
		}
		for _, b := range bounds {
			text += ";"
			if f, ok := b.(float64); ok {
				text += measured(f)
			}
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// measured writes a value with six digits after the point unless it is whole.
func measured(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// groupRow makes the row of a group of hosts or services.
func groupRow(table, name string, g *group, in []string) row {
	r := row{Table: table}
	r.text("name", name)
	r.text("alias", g.DisplayName)
	r.text("notes", g.Notes)
	r.text("notes_url", g.NotesURL)
	r.text("action_url", g.ActionURL)
	if table == "hostgroups" {
		r.list("members", in)
		return r
	}
	list := []schema.Member{}
	for _, full := range in {
		host, service := split(full)
		list = append(list, schema.Member{Host: host, Service: service})
	}
	r.set("members", list)
	return r
}

func contactRow(name string, u *user) row {
	r := row{Table: "contacts"}
	r.text("name", name)
	r.text("alias", u.DisplayName)
	r.text("email", u.Email)
	r.text("pager", u.Pager)
	r.set("can_submit_commands", int64(1))
	for _, of := range []string{"host", "service"} {
		r.text(of+"_notification_period", u.Period)
		r.truth(of+"_notifications_enabled", u.Notifications)
	}
	pairs, nested := normal(variables(u.Vars))
	r.set("custom_variables", pairs)
	r.truth("cv_is_json", nested)
	modified(&r, u.Original)
	return r
}

func commandRow(prefix, name string, c *commandObject) row {
	r := row{Table: "commands"}
	r.text("name", prefix+name)
	r.text("line", commandLine(c.Command))
	pairs, _ := normal(variables(c.Vars))
	r.set("custom_variables", pairs)
	return r
}

func (m *model) commentRow(name string, c *comment) row {
	r := row{Table: "comments"}
	r.set("id", m.comments.add(name))
	placed(&r, c.Host, c.Service, c.Author, c.Text, c.EntryTime)
	r.set("entry_type", c.EntryType)
	r.time("expire_time", c.ExpireTime)
	r.truth("expires", c.ExpireTime > 0)
	r.truth("persistent", c.Persistent)
	r.set("source", int64(1))
	r.truth("is_service", c.Service != "")
	kind := int64(1)
	if c.Service != "" {
		kind = 2
	}
	r.set("type", kind)
	return r
}

func (m *model) downtimeRow(name string, d *downtime) row {
	r := row{Table: "downtimes"}
	r.set("id", m.downs.add(name))
	placed(&r, d.Host, d.Service, d.Author, d.Comment, d.EntryTime)
	r.time("start_time", d.StartTime)
	r.time("end_time", d.EndTime)
	r.time("duration", d.Duration)
	r.truth("fixed", d.Fixed)
	by := int64(0)
	if d.TriggeredBy != "" {
		by = m.downs[d.TriggeredBy]
	}
	r.set("triggered_by", by)
	r.truth("is_service", d.Service != "")
	kind := int64(2)
	if d.Service != "" {
		kind = 1
	}
	r.set("type", kind)
	return r
}

// placed sets what comments and downtimes share.
func placed(r *row, host, service, author, text string, entry float64) {
	r.text("host_name", host)
	r.text("service_description", service)
	r.text("author", author)
	r.text("comment", text)
	r.time("entry_time", entry)
}

// sorted returns the names of a map in order.
func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// get returns the value of a column, nil if the row does not have it.
func (r *row) get(column string) any {
	if i := slices.Index(r.Columns, column); i >= 0 {
		return r.Values[i]
	}
	return nil
}
