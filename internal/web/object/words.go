package object

import (
	"strconv"
	"strings"

	"belvedere/internal/web/status"
)

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func bell(o Object) string {
	if o.Silent {
		return "silent"
	}
	return "bell"
}

func percent(p float64) string { return strconv.FormatFloat(p, 'f', 1, 64) + " %" }

// interval says how often the object is checked: "1 m, retry 30 s, period 24x7".
func (o Object) interval() string {
	var parts []string
	if s := minutes(o.Float("check_interval")); s != "" {
		parts = append(parts, s)
	}
	if s := minutes(o.Float("retry_interval")); s != "" {
		parts = append(parts, "retry "+s)
	}
	if s := o.period("check_period", "in_check_period"); s != "" {
		parts = append(parts, "period "+s)
	}
	return strings.Join(parts, ", ")
}

// period names a time period, and says when it is not now.
func (o Object) period(column, in string) string {
	p := o.Text(column)
	if p != "" && o.Cells.Has(in) && !o.Bool(in) {
		p += " (not now)"
	}
	return p
}

// kind says where results come from.
func (o Object) kind() string {
	var parts []string
	if o.Bool("active_checks_enabled") {
		parts = append(parts, "active")
	}
	if o.Bool("accept_passive_checks") {
		parts = append(parts, "passive accepted")
	}
	if len(parts) == 0 {
		return "no checks at all"
	}
	if o.Bool("has_been_checked") && o.Int("check_type") == 1 {
		parts = append(parts, "last result passive")
	}
	return strings.Join(parts, ", ")
}

// handler names the event handler.
func (o Object) handler() string {
	h := o.command("event_handler")
	if h != "" && !o.Bool("event_handler_enabled") {
		h += " (off)"
	}
	return h
}

// repeated says how often a notification is repeated.
func (o Object) repeated() string {
	every := minutes(o.Float("notification_interval"))
	if every == "" {
		every = "once only"
	} else {
		every = "every " + every
	}
	if d := minutes(o.Float("first_notification_delay")); d != "" {
		every += ", first after " + d
	}
	return every
}

func (o Object) displayName() string {
	d := o.Text("display_name")
	if d == o.Host || d == o.Service || d == o.Alias {
		return ""
	}
	return d
}

func (o Object) notes() string {
	if n := o.Text("notes_expanded"); n != "" {
		return n
	}
	return o.Text("notes")
}

type lastTime struct {
	Label string
	unix  int64
}

// lastTimes are when the object was last found in each of its states.
func (o Object) lastTimes() []lastTime {
	states := []string{"up", "down", "unreachable"}
	if o.Table == "services" {
		states = []string{"ok", "warning", "critical", "unknown"}
	}
	var out []lastTime
	for _, s := range states {
		if n := o.Int("last_time_" + s); n > 0 {
			out = append(out, lastTime{"Last " + strings.ToUpper(s), n})
		}
	}
	return out
}

func commentIcon(c status.Comment) string {
	switch c.Type {
	case 2:
		return "downtime"
	case 3:
		return "flap"
	case 4:
		return "ack"
	}
	return "comment"
}

func commentKind(c status.Comment) string {
	switch c.Type {
	case 2:
		return ", about a downtime"
	case 3:
		return ", about flapping"
	case 4:
		return ", acknowledgement"
	}
	return ""
}

func downtimeKind(d status.Downtime) string {
	if d.Fixed {
		return "(fixed)"
	}
	return "(" + span(d.Duration) + " within that span)"
}

// longOutput returns all of the output, line ends as cores write them.
func (o Object) longOutput() string {
	long := o.Text("long_plugin_output")
	if long == "" {
		return o.Text("plugin_output")
	}
	return o.Text("plugin_output") + "\n" + long
}
