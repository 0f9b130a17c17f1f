// Package action draws what leads to acting on hosts and services: the buttons
// of a row and of an object's page, the boxes that select rows, and the bar for
// what is selected. It knows names and addresses of actions; what they do is
// the business of the room behind these addresses.
//
// Everything is a link or a form that works without scripts. Nothing is drawn
// where the page offers no actions, see [ui.Acts].
package action

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A Kind is one thing to do, by the last part of its address.
type Kind string

// The kinds that rows and pages offer.
const (
	Acknowledge   Kind = "acknowledge"
	Unacknowledge Kind = "unacknowledge"
	Downtime      Kind = "downtime"
	Recheck       Kind = "recheck"
	Comment       Kind = "comment"
	More          Kind = "more"
	// Silence switches notifications off: the command of the core for services,
	// given to hosts by its twin.
	Silence Kind = "DISABLE_SVC_NOTIFICATIONS"

	DeleteComment  Kind = "delete-comment"
	CancelDowntime Kind = "cancel-downtime"
	EditDowntime   Kind = "edit-downtime"
)

// Path returns the address, without prefix, of the form that does this to the
// objects with these keys, see [status.RowID].
func (k Kind) Path(keys ...string) string {
	if len(keys) == 0 {
		return "/act/" + string(k)
	}
	return "/act/" + string(k) + "?" + url.Values{"on": keys}.Encode()
}

// Label says what is done.
func (k Kind) Label(ctx context.Context) string {
	switch k {
	case Acknowledge:
		return ui.T(ctx, "Acknowledge")
	case Unacknowledge:
		return ui.T(ctx, "Remove acknowledgement")
	case Downtime:
		return ui.T(ctx, "Downtime")
	case Recheck:
		return ui.T(ctx, "Recheck")
	case Comment:
		return ui.T(ctx, "Comment")
	case Silence:
		return ui.T(ctx, "Silence")
	case DeleteComment:
		return ui.T(ctx, "Delete comment")
	case CancelDowntime:
		return ui.T(ctx, "Cancel downtime")
	case EditDowntime:
		return ui.T(ctx, "Change downtime")
	}
	return ui.T(ctx, "More actions")
}

// Icon returns the name of its icon.
func (k Kind) Icon() string {
	switch k {
	case Acknowledge, Unacknowledge:
		return "ack"
	case Silence:
		return "silent"
	case More:
		return "more"
	case DeleteComment, CancelDowntime:
		return "trash"
	case EditDowntime:
		return "settings"
	}
	return string(k)
}

// key returns the letter that does it, "" none.
func (k Kind) key() string {
	switch k {
	case Acknowledge, Unacknowledge:
		return "a"
	case Downtime:
		return "d"
	case Recheck:
		return "r"
	case Comment:
		return "c"
	case Silence:
		return "n"
	case More:
		return "."
	}
	return ""
}

// Kinds are what a row offers, in their order.
func Kinds(r status.Row) []Kind {
	switch {
	case r.Acked:
		return []Kind{Unacknowledge, Downtime, Recheck, Comment, More}
	case r.State.Problem():
		return []Kind{Acknowledge, Downtime, Recheck, Comment, More}
	}
	return []Kind{Downtime, Recheck, Comment, More}
}

// offered names the kinds of a row that the script makes buttons of, with a space
// between them.
func offered(r status.Row) string {
	var out []string
	for _, k := range Kinds(r) {
		out = append(out, string(k))
	}
	return strings.Join(out, " ")
}

// title is what a button without a word says about itself.
func (k Kind) title(ctx context.Context) string {
	if key := k.key(); key != "" {
		return k.Label(ctx) + " (" + key + ")"
	}
	return k.Label(ctx)
}

// key returns what names the object of a row in addresses.
func key(r status.Row) string { return status.RowID(r.Site, r.Host, r.Service) }

// Heads returns the heads of a table whose rows can be selected and acted on:
// those given, between the ones of [Pick] and [Pin]. peek says that there is a
// [Pin] in any case.
func Heads(ctx context.Context, peek bool, heads ...ui.Head) []ui.Head {
	if ui.Acts(ctx) {
		heads = append([]ui.Head{{Label: ui.T(ctx, "Select all shown"), Class: "c-pick w1", Pick: true}}, heads...)
	}
	if peek || ui.Acts(ctx) {
		heads = append(heads, ui.Head{Class: "w0", Blank: true})
	}
	return heads
}

// Span is the number of columns of a table with [Heads].
func Span(ctx context.Context, peek bool, columns int) string {
	return strconv.Itoa(len(Heads(ctx, peek, make([]ui.Head, columns)...)))
}

// A Source is a list whose every row can be acted on, not just those that are
// shown. The zero Source is none.
type Source struct {
	List  string // "problems", "hosts", "services", "comments", "downtimes"
	Total int    // rows in it
	Words string // "412 services"
}

// fields are the query parameters that say what the list holds.
func fields(ctx context.Context) [][2]string {
	var out [][2]string
	for name, values := range ui.Env(ctx).Query {
		if name == "beside" || strings.HasPrefix(name, "on") {
			continue
		}
		for _, v := range values {
			out = append(out, [2]string{name, v})
		}
	}
	return out
}

// namedKeys are the keys of what has a name at some sites, and of cores.
func namedKeys(about string, sites []string, name string) []string {
	out := make([]string, len(sites))
	for i, s := range sites {
		if about == "core" {
			out[i] = url.PathEscape(s)
		} else {
			out[i] = status.RowID(s, name, "")
		}
	}
	return out
}

// membersPath leads to a downtime for every row of a list.
func membersPath(list string, where search.Expr) string {
	return Downtime.Path() + "?" + url.Values{"list": {list}, "every": {"1"}, "q": {where.String()}}.Encode()
}

// allPath returns the address of all that can be done to what keys name.
func allPath(about string, keys []string) string {
	return More.Path() + "?" + url.Values{"about": {about}, "on": keys}.Encode()
}

// GroupRow returns what the row of a group of hosts or services (about is
// "hostgroup" or "servicegroup") tells the keys: where a downtime for all in it
// is planned, and what names it at its sites.
func GroupRow(ctx context.Context, about string, where search.Expr, sites []string, name string) templ.Attributes {
	if !ui.Acts(ctx) {
		return nil
	}
	return templ.Attributes{
		"data-members": string(ui.Href(ctx, membersPath(strings.TrimSuffix(about, "group")+"s", where))),
		"data-about":   about,
		"data-on":      strings.Join(namedKeys(about, sites, name), "\n"),
	}
}
