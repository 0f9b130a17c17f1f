package command

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// An effect is how a command shows in the state of its core: rows of a table
// that must be there, or must not be there any more.
type effect struct {
	table string
	rows  lql.Filter
	gone  bool // no row may match, instead of at least one
}

// visible reports whether anything shows.
func (e effect) visible() bool { return e.table != "" }

// An asker makes Queriers; [query.Engine] is one.
type asker interface {
	For(v access.Viewer) lql.Querier
}

// shows looks for the effect in what q sees, which is one site.
func (e effect) shows(ctx context.Context, q lql.Querier) (bool, error) {
	res, err := q.Query(ctx, lql.Get(e.table).Count(e.rows))
	if err != nil {
		return false, fmt.Errorf("command: look for the effect: %w", err)
	}
	if len(res.Parts) == 0 || res.Parts[0].Missing || res.Rows == 0 {
		return false, nil
	}
	return res.Vectors[0].Int(0) == 0 == e.gone, nil
}

// effect is effectOf as this desk looks for it.
func (d *Desk) effect(def *schema.Command, args []string, t Target, sent time.Time) effect {
	if d.o.OtherAuthor {
		args = slices.Clone(args)
		for i := range args {
			if def.Params[i].Type == schema.PAuthor {
				args[i] = ""
			}
		}
	}
	return effectOf(def, args, t, sent)
}

// by holds for what an author wrote; "" is any author.
func by(author string) lql.Filter {
	if author == "" {
		return lql.AndOf()
	}
	return lql.Eq("author", author)
}

// effectOf returns how a command with these arguments shows, sent at a time
// of the core's clock. The zero effect for commands that nothing shows.
func effectOf(def *schema.Command, args []string, t Target, sent time.Time) effect {
	arg := func(name string) string {
		for i, p := range def.Params {
			if p.Name == name && i < len(args) {
				return args[i]
			}
		}
		return ""
	}
	table, object := objectOf(t)
	switch name := def.Name; {
	case strings.HasPrefix(name, "ACKNOWLEDGE_"):
		// Somebody else may have acknowledged it, so ours is found by its comment.
		acked := "host_acknowledged"
		if t.Service != "" {
			acked = "service_acknowledged"
		}
		return effect{table: "comments", rows: lql.AndOf(remarkOn(t), lql.EqInt("entry_type", ackEntry), by(arg("author")),
			says(arg("comment")), since("entry_time", sent), lql.EqInt(acked, 1))}
	case strings.HasPrefix(name, "REMOVE_") && strings.HasSuffix(name, "_ACKNOWLEDGEMENT"):
		return effect{table: table, rows: lql.AndOf(object, lql.EqInt("acknowledged", 1)), gone: true}
	case name == "ADD_HOST_COMMENT" || name == "ADD_SVC_COMMENT":
		return effect{table: "comments", rows: lql.AndOf(remarkOn(t), lql.EqInt("entry_type", 1), by(arg("author")),
			says(arg("comment")), since("entry_time", sent))}
	case entryTable(def) != "" && t.Entry == nil:
		return effect{}
	case name == "DEL_HOST_COMMENT" || name == "DEL_SVC_COMMENT":
		return effect{table: "comments", rows: t.entry("comment"), gone: true}
	case name == "DEL_ALL_HOST_COMMENTS" || name == "DEL_ALL_SVC_COMMENTS":
		return effect{table: "comments", rows: remarkOn(t), gone: true}
	case name == "DEL_ALL_HOST_DOWNTIMES" || name == "DEL_ALL_SVC_DOWNTIMES":
		return effect{table: "downtimes", rows: remarkOn(t), gone: true}
	case strings.HasPrefix(name, "DEL_DOWNTIME_BY_"):
		return cancelEffect(arg, t)
	case name == "DEL_HOST_DOWNTIME" || name == "DEL_SVC_DOWNTIME":
		return effect{table: "downtimes", rows: t.entry("downtime"), gone: true}
	case strings.HasPrefix(name, "SCHEDULE_") && strings.HasSuffix(name, "_DOWNTIME") && name != "SCHEDULE_CONTACT_DOWNTIME":
		return downtimeEffect(name, arg, t)
	case strings.HasPrefix(name, "SCHEDULE_") && strings.Contains(name, "_CHECK"):
		return checkEffect(arg, name, t, sent)
	case name == "PROCESS_HOST_CHECK_RESULT" || name == "PROCESS_SERVICE_CHECK_RESULT":
		return effect{table: table, rows: lql.AndOf(object, since("last_check", sent.Add(clockSlack)), lql.EqInt("has_been_checked", 1))}
	case name == "DELAY_HOST_NOTIFICATION" || name == "DELAY_SVC_NOTIFICATION":
		return effect{table: table, rows: lql.AndOf(object, lql.Eq("next_notification", arg("notification_time")))}
	case strings.HasPrefix(name, "RESTART_") || name == "RELOAD_CONFIG":
		return effect{table: "status", rows: since("program_start", sent)}
	}
	if e := changeEffect(def, arg, t); e.visible() {
		return e
	}
	return switchEffect(def.Name, t)
}

// since holds for times of the core's clock at or after sent, with patience
// for clocks that differ a little and for whole seconds.
func since(column string, sent time.Time) lql.Filter {
	return lql.Cmp(column, lql.GreaterOrEqual, strconv.FormatInt(sent.Add(-clockSlack).Unix(), 10))
}

const clockSlack = 2 * time.Second

// says holds for comments with a text. Naemon's JSON garbles what lies beyond
// the first 65,536 characters, so there the text up to the first such counts.
func says(text string) lql.Filter {
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 0xffff }); i >= 0 {
		return lql.Cmp("comment", lql.Match, "^"+regexp.QuoteMeta(text[:i]))
	}
	return lql.Eq("comment", text)
}

// objectOf returns the table of a host or service and the filter for it.
func objectOf(t Target) (string, lql.Filter) {
	if t.Service != "" {
		return "services", lql.AndOf(lql.Eq("host_name", t.Host), lql.Eq("description", t.Service))
	}
	return "hosts", lql.Eq("name", t.Host)
}

// remarkOn holds for the comments or downtimes of the target itself.
func remarkOn(t Target) lql.Filter {
	return lql.AndOf(lql.Eq("host_name", t.Host), lql.Eq("service_description", t.Service))
}

// entry holds for the comment or downtime that the target names.
func (t Target) entry(kind string) lql.Filter {
	if t.Entry == nil {
		return lql.OrOf()
	}
	fs := []lql.Filter{remarkOn(t), lql.Eq("author", t.Entry.Author), lql.Eq("comment", t.Entry.Text), lql.EqInt("entry_time", t.Entry.At)}
	if kind == "downtime" {
		fs = append(fs, lql.EqInt("start_time", t.Entry.Start))
		if t.Entry.End != 0 {
			fs = append(fs, lql.EqInt("end_time", t.Entry.End))
		}
	}
	return lql.AndOf(fs...)
}

// downtimeEffect: the downtime is there, for the host, the services or the
// members of the group. For many objects the first one is enough to say that
// the core took the order.
func downtimeEffect(name string, arg func(string) string, t Target) effect {
	fs := []lql.Filter{by(arg("author")), says(arg("comment")),
		lql.Eq("start_time", arg("start_time")), lql.Eq("end_time", arg("end_time"))}
	switch {
	case t.Service != "":
		fs = append(fs, remarkOn(t))
	case name == "SCHEDULE_HOST_SVC_DOWNTIME":
		fs = append(fs, lql.Eq("host_name", t.Host), lql.Cmp("service_description", lql.NotEqual, ""))
	case t.Host != "":
		fs = append(fs, remarkOn(t))
	case strings.Contains(name, "HOSTGROUP"):
		fs = append(fs, lql.Has("host_groups", t.Group))
	case strings.HasSuffix(name, "SERVICEGROUP_SVC_DOWNTIME"):
		fs = append(fs, lql.Has("service_groups", t.Group))
	}
	return effect{table: "downtimes", rows: lql.AndOf(fs...)}
}

// cancelEffect: none of the downtimes is left that fit all that was given.
func cancelEffect(arg func(string) string, t Target) effect {
	var fs []lql.Filter
	add := func(column, value string) {
		if value != "" {
			fs = append(fs, lql.Eq(column, value))
		}
	}
	add("host_name", arg("host_name"))
	add("service_description", arg("service_description"))
	add("start_time", arg("downtime_start_time"))
	add("comment", arg("comment"))
	if t.Group != "" {
		fs = append(fs, lql.Has("host_groups", t.Group))
	}
	return effect{table: "downtimes", rows: lql.AndOf(fs...), gone: true}
}

// checkEffect: the check was run, or is due at the time that was asked for.
func checkEffect(arg func(string) string, name string, t Target, sent time.Time) effect {
	// No patience here: a check shortly before would look like ours.
	ran := lql.OrOf(since("last_check", sent.Add(clockSlack)), lql.Eq("next_check", arg("check_time")))
	if strings.HasSuffix(name, "_HOST_SVC_CHECKS") {
		return effect{table: "services", rows: lql.AndOf(lql.Eq("host_name", t.Host), ran)}
	}
	table, object := objectOf(t)
	return effect{table: table, rows: lql.AndOf(object, ran)}
}

// changed are the commands that set one column to one argument.
var changed = map[string][2]string{
	"CHANGE_MAX_X_CHECK_ATTEMPTS":      {"max_check_attempts", "check_attempts"},
	"CHANGE_NORMAL_X_CHECK_INTERVAL":   {"check_interval", "check_interval"},
	"CHANGE_RETRY_X_CHECK_INTERVAL":    {"retry_interval", "check_interval"},
	"CHANGE_X_CHECK_TIMEPERIOD":        {"check_period", "check_timeperiod"},
	"CHANGE_X_NOTIFICATION_TIMEPERIOD": {"notification_period", "notification_timeperiod"},
	"CHANGE_X_CHECK_COMMAND":           {"check_command", "check_command"},
	"CHANGE_X_EVENT_HANDLER":           {"event_handler", "event_handler_command"},
	"CHANGE_X_MODATTR":                 {"modified_attributes", "value"},
	"SET_X_NOTIFICATION_NUMBER":        {"current_notification_number", "notification_number"},
}

// contactChanged are those about contacts.
var contactChanged = map[string][2]string{
	"CHANGE_CONTACT_HOST_NOTIFICATION_TIMEPERIOD": {"host_notification_period", "notification_timeperiod"},
	"CHANGE_CONTACT_SVC_NOTIFICATION_TIMEPERIOD":  {"service_notification_period", "notification_timeperiod"},
	"CHANGE_CONTACT_MODATTR":                      {"modified_attributes", "value"},
}

func changeEffect(def *schema.Command, arg func(string) string, t Target) effect {
	table, object := objectOf(t)
	name := strings.Replace(strings.Replace(def.Name, "_HOST_", "_X_", 1), "_SVC_", "_X_", 1)
	c, ok := changed[name]
	if t.Contact != "" {
		table, object = "contacts", lql.Eq("name", t.Contact)
		c, ok = contactChanged[def.Name]
	}
	switch {
	case t.Host == "" && t.Contact == "":
		return effect{}
	case def.Name == "CHANGE_CUSTOM_HOST_VAR", def.Name == "CHANGE_CUSTOM_SVC_VAR", def.Name == "CHANGE_CUSTOM_CONTACT_VAR":
		return effect{table: table, rows: lql.AndOf(object, lql.Eq("custom_variables", strings.ToUpper(arg("varname"))+" "+arg("varvalue")))}
	case !ok:
		return effect{}
	}
	value := arg(c[1])
	shows := lql.Eq(c[0], value)
	switch c[0] { // Icinga 2 writes the kind before the name, and arguments behind it
	case "check_command":
		shows = lql.OrOf(shows, lql.Cmp(c[0], lql.Match, "^check_"+regexp.QuoteMeta(value)+"!"))
	case "event_handler":
		shows = lql.OrOf(shows, lql.Eq(c[0], "event_"+value))
	}
	return effect{table: table, rows: lql.AndOf(object, shows)}
}
