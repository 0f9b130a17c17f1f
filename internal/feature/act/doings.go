package act

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/command"
	"belvedere/internal/schema"
	"belvedere/internal/web/action"
	"belvedere/internal/web/ui"
)

// A doing is one kind of action with its form.
type doing struct {
	kind action.Kind
	icon string
	verb string // of the button: "Acknowledge"
	// title heads the form: "Acknowledge 2 problems".
	title func(ctx context.Context, d *draft) string
	// fields draws what is entered.
	fields func(d *draft) templ.Component
	// make returns the orders; what is wrong with a field is noted there.
	make func(ctx context.Context, d *draft) []command.Order
	// load reads what the form knows besides its objects; nil: nothing.
	load func(r *http.Request, d *draft) error
	// table holds what is acted on instead of hosts and services: comments or
	// downtimes.
	table string
	// edit: the orders are for Desk.EditDowntime.
	edit bool
	// command is that of the schema which is given as it is; nil: it depends.
	command *schema.Command
	// silences marks what keeps people from being told of problems.
	silences bool
}

// doings are all kinds.
func doings(ctx context.Context) map[action.Kind]doing {
	out := map[action.Kind]doing{}
	for _, x := range []doing{
		{kind: action.Acknowledge, verb: ui.T(ctx, "Acknowledge"), fields: ackFields, make: ackOrders, title: func(ctx context.Context, d *draft) string {
			return d.of(ctx, ui.N(ctx, d.n(), "Acknowledge %s problem", "Acknowledge %s problems", ui.Number(d.n())), ui.T(ctx, "Acknowledge"))
		}},
		{kind: action.Unacknowledge, verb: ui.T(ctx, "Remove acknowledgement"), fields: noFields, make: unackOrders, title: func(ctx context.Context, d *draft) string {
			return d.of(ctx, ui.N(ctx, d.n(), "Remove %s acknowledgement", "Remove %s acknowledgements", ui.Number(d.n())), ui.T(ctx, "Remove acknowledgement of"))
		}},
		{kind: action.Downtime, verb: ui.T(ctx, "Schedule downtime"), fields: downtimeFields, make: downtimeOrders, load: loadAround, title: func(ctx context.Context, d *draft) string {
			return d.of(ctx, ui.T(ctx, "Schedule downtime for %s", d.objects(ctx)), ui.T(ctx, "Schedule downtime for"))
		}},
		{kind: action.Recheck, verb: ui.T(ctx, "Recheck"), fields: recheckFields, make: recheckOrders, load: loadServices, title: func(ctx context.Context, d *draft) string {
			return d.of(ctx, ui.T(ctx, "Recheck %s", d.objects(ctx)), ui.T(ctx, "Recheck"))
		}},
		{kind: action.Comment, verb: ui.T(ctx, "Add comment"), fields: commentFields, make: commentOrders, title: func(ctx context.Context, d *draft) string {
			return d.of(ctx, ui.T(ctx, "Add a comment to %s", d.objects(ctx)), ui.T(ctx, "Add a comment to"))
		}},
		{kind: action.DeleteComment, verb: ui.T(ctx, "Delete"), fields: entryFields, make: entryOrders("DEL_HOST_COMMENT", "DEL_SVC_COMMENT"), table: "comments", title: func(ctx context.Context, d *draft) string {
			return ui.N(ctx, len(d.entries), "Delete %s comment", "Delete %s comments", ui.Number(len(d.entries)))
		}},
		{kind: action.CancelDowntime, verb: ui.T(ctx, "Cancel downtime"), fields: entryFields, make: entryOrders("DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME"), table: "downtimes", title: func(ctx context.Context, d *draft) string {
			return ui.N(ctx, len(d.entries), "Cancel %s downtime", "Cancel %s downtimes", ui.Number(len(d.entries)))
		}},
		{kind: action.EditDowntime, verb: ui.T(ctx, "Change downtime"), fields: editFields, make: editOrders, table: "downtimes", edit: true, title: func(ctx context.Context, d *draft) string {
			return ui.N(ctx, len(d.entries), "Change %s downtime", "Change %s downtimes", ui.Number(len(d.entries)))
		}},
	} {
		x.icon = x.kind.Icon()
		out[x.kind] = x
	}
	return out
}

// n is the number of objects an action is about.
func (d *draft) n() int { return len(d.subjects.list) }

// objects counts what an action is about: "3 hosts and 12 services".
func (d *draft) objects(ctx context.Context) string {
	n := d.n()
	switch d.about() {
	case "hostgroup", "servicegroup":
		return ui.N(ctx, n, "%s group", "%s groups", ui.Number(n))
	case "contact":
		return ui.N(ctx, n, "%s contact", "%s contacts", ui.Number(n))
	case "contactgroup":
		return ui.N(ctx, n, "%s contact group", "%s contact groups", ui.Number(n))
	case "core":
		return ui.N(ctx, n, "%s core", "%s cores", ui.Number(n))
	}
	return objectWords(ctx, len(d.subjects.hosts()), len(d.subjects.services()))
}

// about says what the objects are: one of abouts, or "" for hosts and services.
func (d *draft) about() string {
	if len(d.subjects.list) > 0 {
		return d.subjects.list[0].about
	}
	return ""
}

// of heads a form: many when it is about several objects, else what and the
// name of the one.
func (d *draft) of(_ context.Context, many, what string) string {
	if d.n() == 1 {
		return what + " " + ui.Visible(d.subjects.list[0].name())
	}
	return many
}

func noFields(*draft) templ.Component { return templ.NopComponent }

// ackOrders acknowledges, until a time or for good.
func ackOrders(ctx context.Context, d *draft) []command.Order {
	args := map[string]string{"sticky": "0", "notify": bit(d.yes("notify", true)), "persistent": bit(d.yes("persistent", false)), "comment": d.comment(ctx)}
	if d.yes("sticky", true) {
		args["sticky"] = "2"
	}
	if end := d.choice("expires", ackUsual); end == never || end == other && isUntilOK(d.text("expires_other")) {
		return d.orders("ACKNOWLEDGE_HOST_PROBLEM", "ACKNOWLEDGE_SVC_PROBLEM", args, d.subjects.list)
	}
	args["end_time"] = unix(d.end(ctx, "expires", ackUsual, d.now))
	return d.orders("ACKNOWLEDGE_HOST_PROBLEM_EXPIRE", "ACKNOWLEDGE_SVC_PROBLEM_EXPIRE", args, d.subjects.list)
}

// ackUsual is how long an acknowledgement holds unless something else is
// chosen: those without an end are forgotten.
const ackUsual = "4h"

func unackOrders(_ context.Context, d *draft) []command.Order {
	return d.orders("REMOVE_HOST_ACKNOWLEDGEMENT", "REMOVE_SVC_ACKNOWLEDGEMENT", nil, d.subjects.list)
}

func bit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
