package object

import (
	"context"
	"strings"

	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

func onOff(ctx context.Context, on bool) string {
	if on {
		return ui.T(ctx, "on")
	}
	return ui.T(ctx, "off")
}

func bell(o Object) string {
	if o.Silent {
		return "silent"
	}
	return "bell"
}

func percent(ctx context.Context, p float64) string { return ui.Decimal(ctx, p, 1) + " %" }

// times says how often something happened.
func times(ctx context.Context, n int) string {
	return ui.N(ctx, n, "%s time", "%s times", ui.Number(n))
}

// interval says how often the object is checked: "1 m, retry 30 s".
func (o Object) interval(ctx context.Context) string {
	var parts []string
	if s := minutes(o.Float("check_interval")); s != "" {
		parts = append(parts, s)
	}
	if s := minutes(o.Float("retry_interval")); s != "" {
		parts = append(parts, ui.T(ctx, "retry %s", s))
	}
	return strings.Join(parts, ", ")
}

// now reports whether a time period is now, as far as the core says.
func (o Object) now(in string) bool { return !o.Cells.Has(in) || o.Bool(in) }

// looks reports whether the viewer can look up a piece of the configuration:
// who does not see everything looks up themselves, and the time periods of what
// they see.
func (o Object) looks(kind, name string) bool {
	all := o.Viewer
	all.Sites = nil
	own, _, _ := all.Contact(o.Site)
	return name != "" && (all.All || kind == "timeperiods" || kind == "contacts" && name == own)
}

// commandName is the check command without its arguments.
func (o Object) commandName() string {
	name, _, _ := strings.Cut(o.Text("check_command"), "!")
	return name
}

// kind says where results come from.
func (o Object) kind(ctx context.Context) string {
	var parts []string
	if o.Bool("active_checks_enabled") {
		parts = append(parts, ui.T(ctx, "active"))
	}
	if o.Bool("accept_passive_checks") {
		parts = append(parts, ui.T(ctx, "passive accepted"))
	}
	if len(parts) == 0 {
		return ui.T(ctx, "no checks at all")
	}
	if o.Bool("has_been_checked") && o.Int("check_type") == 1 {
		parts = append(parts, ui.T(ctx, "last result passive"))
	}
	return strings.Join(parts, ", ")
}

// handler names the event handler.
func (o Object) handler(ctx context.Context) string {
	h := o.command("event_handler")
	if h != "" && !o.Bool("event_handler_enabled") {
		return ui.T(ctx, "%s (off)", h)
	}
	return h
}

// repeated says how often a notification is repeated.
func (o Object) repeated(ctx context.Context) string {
	every := minutes(o.Float("notification_interval"))
	if every == "" {
		every = ui.T(ctx, "once only")
	} else {
		every = ui.T(ctx, "every %s", every)
	}
	if d := minutes(o.Float("first_notification_delay")); d != "" {
		every += ", " + ui.T(ctx, "first after %s", d)
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
	n := o.Text("notes_expanded")
	if n == "" {
		n = o.Text("notes")
	}
	return expand(n, func(name string) (string, bool) {
		if v, ok := o.variableMacro(name); ok && v.Secret {
			return "", false
		}
		return o.macro(name)
	})
}

type lastTime struct {
	Label string
	unix  int64
}

// lastTimes are when the object was last found in each of its states.
func (o Object) lastTimes(ctx context.Context) []lastTime {
	states := []string{"up", "down", "unreachable"}
	if o.Table == "services" {
		states = []string{"ok", "warning", "critical", "unknown"}
	}
	var out []lastTime
	for _, s := range states {
		if n := o.Int("last_time_" + s); n > 0 {
			out = append(out, lastTime{ui.T(ctx, "Last %s", strings.ToUpper(s)), n})
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

// commentKind says what a comment is and when it ends, behind the time of it.
func commentKind(ctx context.Context, c status.Comment) string {
	kind := ""
	switch c.Type {
	case 2:
		kind = ", " + ui.T(ctx, "about a downtime")
	case 3:
		kind = ", " + ui.T(ctx, "about flapping")
	case 4:
		kind = ", " + ui.T(ctx, "acknowledgement")
	}
	if !c.Expires.IsZero() {
		kind += ", " + ui.T(ctx, "until %s", ui.Exact(ctx, c.Expires.Unix()))
	}
	return kind
}

func downtimeKind(ctx context.Context, d status.Downtime) string {
	if d.Fixed {
		return ui.T(ctx, "(fixed)")
	}
	return ui.T(ctx, "(%s within that span)", span(d.Duration))
}

// longOutput returns all of the output, line ends as cores write them.
func (o Object) longOutput() string {
	long := o.Text("long_plugin_output")
	if long == "" {
		return o.Text("plugin_output")
	}
	return o.Text("plugin_output") + "\n" + long
}
