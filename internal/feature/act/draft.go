package act

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// A draft is an action while its form is filled in.
type draft struct {
	what     doing
	subjects subjects
	others   []subject  // of the same name on other sites
	in       url.Values // what was entered
	reasons  bool       // whoever switches something says why
	fresh    bool       // nothing was entered yet
	trial    bool       // looked at while it is filled in: nothing is called wrong yet
	unclear  bool       // what it reaches cannot be said, because of what was entered
	errors   map[string]string
	now      time.Time // in the person's zone
	back     string    // where Cancel leads, without prefix
	recent   []string  // reasons given lately
	hold     time.Duration
	preview  preview
	entries  []entry // comments or downtimes, where it is about these
	many     int     // from this number of objects on it is typed to confirm
	extra    any     // what the kind itself has read
}

// A preview is what an action would be carried out on.
type preview struct {
	hits []command.Item // what it reaches
	left []leftOut      // what not, by reason
}

// leftOut is what an action is not carried out on, for one reason.
type leftOut struct {
	reason string
	items  []command.Item
}

// text returns what was entered in a field.
func (d *draft) text(name string) string { return strings.TrimSpace(d.in.Get(name)) }

// yes reports whether a box is ticked; def in a form that is fresh.
func (d *draft) yes(name string, def bool) bool {
	if d.fresh && !d.in.Has(name) {
		return def
	}
	return slices.Contains(d.in[name], "1") // an empty one says that the box was there
}

// choice returns what was chosen, def when nothing was.
func (d *draft) choice(name, def string) string {
	return cmp.Or(d.text(name), def)
}

// fail notes what is wrong with a field.
func (d *draft) fail(name, msg string) {
	if !d.fresh && !d.trial && d.errors[name] == "" {
		d.errors[name] = msg
	}
}

// comment returns the text that the person wrote.
func (d *draft) comment(ctx context.Context) string {
	s := d.text("comment")
	if s == "" && d.fresh && d.what.edit {
		s = d.entries[0].text
		d.in.Set("comment", s)
	}
	if s == "" {
		d.fail("comment", ui.T(ctx, "Write something first. Nothing was sent."))
		return "-"
	}
	return s
}

// end returns the time that a choice with a field for others means; the field
// has the choice's name and "_other".
func (d *draft) end(ctx context.Context, name, def string, from time.Time) time.Time {
	text, field := d.choice(name, def), name
	if text == other {
		text, field = d.text(name+"_other"), name+"_other"
	}
	t, err := when.Parse(text, from)
	switch {
	case err != nil:
		d.fail(field, ui.T(ctx, "This names no time. Write 90m, 18:00, fri 18:00 or 2026-12-24 18:00."))
	case !t.After(d.now):
		d.fail(field, ui.T(ctx, "This time is over."))
	default:
		return t
	}
	return from.Add(time.Hour)
}

// other is the choice to type something else; never is that without an end;
// untilOK is when the problem is over.
const (
	other   = "other"
	never   = "never"
	untilOK = "ok"
)

// orders returns one order for the hosts and one for the services among list,
// as far as there are any.
func (d *draft) orders(host, service string, args map[string]string, list []subject) []command.Order {
	var out []command.Order
	s := subjects{list: list}
	for _, x := range []struct {
		name string
		list []subject
	}{{host, s.hosts()}, {service, s.services()}} {
		if len(x.list) > 0 && x.name != "" {
			out = append(out, command.Order{Command: x.name, Args: args, Targets: targets(x.list), Hold: d.hold, Note: d.text("note")})
		}
	}
	return out
}

// look finds out what the orders would reach. What is wrong with a value is
// noted at its field.
func (h handler) look(ctx context.Context, a command.Actor, d *draft, orders []command.Order) error {
	left := map[string]*leftOut{}
	for _, o := range orders {
		if d.what.edit {
			o.Targets = withoutEntries(o.Targets)
		}
		items, err := h.Desk.Preview(ctx, a, o)
		if err != nil && !d.problem(ctx, err) {
			return err
		}
		d.unclear = d.unclear || items == nil
		for _, it := range items {
			if it.State != command.Refused {
				d.preview.hits = append(d.preview.hits, it)
				continue
			}
			if left[it.Reason] == nil {
				left[it.Reason] = &leftOut{reason: it.Reason}
			}
			left[it.Reason].items = append(left[it.Reason].items, it)
		}
	}
	for _, l := range left {
		d.preview.left = append(d.preview.left, *l)
	}
	slices.SortFunc(d.preview.left, func(a, b leftOut) int {
		return cmp.Or(cmp.Compare(len(b.items), len(a.items)), cmp.Compare(a.reason, b.reason))
	})
	return nil
}

// withoutEntries returns targets as those of new downtimes.
func withoutEntries(list []command.Target) []command.Target {
	out := slices.Clone(list)
	for i := range out {
		out[i].Entry = nil
	}
	return out
}

// problem notes an error of the desk that the person can mend; it reports
// whether it was one.
func (d *draft) problem(ctx context.Context, err error) bool {
	p, ok := errors.AsType[*command.Problem](err)
	if !ok {
		return false
	}
	if d.fresh || d.trial {
		return true // it is said when the order is given
	}
	field := p.Param
	if _, known := d.in["v_"+field]; known {
		field = "v_" + field
	} else if _, known := d.in[field]; !known {
		field = ""
	}
	if d.errors[field] == "" {
		d.errors[field] = strings.TrimSpace(ui.Said(ctx, p.Msg) + " " + ui.Said(ctx, p.Hint))
	}
	return true
}

// confirm looks whether the number was typed where that is asked for.
func (d *draft) confirm(ctx context.Context) {
	if n := d.number(); d.asksNumber() && d.text("confirm") != strconv.Itoa(n) {
		d.fail("confirm", ui.T(ctx, "Type %s, the number of objects this is about.", strconv.Itoa(n)))
	}
}

// asksNumber reports whether the number of objects is typed before the order is
// given.
func (d *draft) asksNumber() bool {
	n := d.number()
	dangerous := d.what.command != nil && d.what.command.Class == schema.Dangerous
	return n > d.many || d.what.silences && n > 1 || dangerous && n > 0
}

// start reads what a request wants to do, and about what.
func (h handler) start(r *http.Request) (*draft, error) {
	ctx := r.Context()
	what, ok := doings(ctx)[action.Kind(r.PathValue("action"))]
	if def, found := schema.LookupCommand(r.PathValue("action")); !ok && found && about(def) != "entry" {
		what, ok = generic(ctx, def), true
	}
	if !ok {
		return nil, web.NotFound("There is no such action", "Go back and choose another.")
	}
	keys, err := keysOf(r)
	if err != nil {
		return nil, err
	}
	d := &draft{what: what, in: r.Form, errors: map[string]string{}, now: ui.Now(ctx).In(ui.Zone(ctx)), many: h.Desk.Rules().WarnAbove, reasons: h.Desk.Rules().Reasons, hold: h.Hold, back: backOf(r)}
	d.fresh = d.text("go") == ""
	if what.table != "" {
		d.entries, d.subjects.lost, err = loadEntries(ctx, web.AllData(r), what.table, keys)
	} else {
		d.subjects, err = h.find(r, r.FormValue("about"), keys)
		if err == nil {
			d.others, err = d.subjects.elsewhere(ctx, web.AllData(r))
		}
	}
	if err != nil {
		return nil, err
	}
	if d.text("quick") != "" {
		d.quick(ctx)
	}
	if len(d.subjects.list)+len(d.entries) == 0 {
		return nil, web.NotFound("There is nothing to act on", "What was selected is not there any more, or you do not see it.")
	}
	if s := d.text("hold"); s != "" {
		if d.hold, err = when.Span(s); err != nil || d.hold > maxHold {
			d.fail("hold", ui.T(ctx, "This is no length of time up to a day."))
			d.hold = h.Hold
		}
	}
	d.recent = recentOf(r).Reasons
	if what.load != nil {
		return d, what.load(r, d)
	}
	return d, nil
}

// quick fills in what one tap means: the usual choices, without asking.
func (d *draft) quick(ctx context.Context) {
	d.in.Set("comment", ui.T(ctx, "Looking into it"))
	d.in.Set("sticky", "1")
	d.in.Set("notify", "1")
	d.in.Set("force", "1")
}

// maxHold is how long an order waits for a site that is down at most.
const maxHold = 24 * time.Hour

// keys returns the keys of all that is acted on, as a form carries them.
func (d *draft) keys() string {
	var b strings.Builder
	for _, s := range d.subjects.list {
		b.WriteString(s.key() + "\n")
	}
	for _, e := range d.entries {
		b.WriteString(e.key() + "\n")
	}
	return b.String()
}

// backOf returns where the form came from.
func backOf(r *http.Request) string {
	if b := r.FormValue("back"); strings.HasPrefix(b, "/") && !strings.HasPrefix(b, "//") {
		return b
	}
	prefix := ui.Env(r.Context()).Prefix
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host && strings.HasPrefix(u.Path, prefix+"/") {
		if to := strings.TrimPrefix(u.RequestURI(), prefix); !strings.HasPrefix(to, "/act/") {
			return to
		}
	}
	return ""
}

// recent is what a person chose lately.
type recent struct {
	Reasons []string `json:"reasons,omitempty"`
}

// recentKey is the preference that keeps it; mostReasons how many.
const (
	recentKey   = "acting"
	mostReasons = 12
)

func recentOf(r *http.Request) (out recent) {
	_ = web.Prefs(r).Get(recentKey, &out) // of another form: nothing is offered
	return out
}

// keepReason remembers what was written.
func keepReason(r *http.Request, text string) error {
	if text == "" || len(text) > 200 {
		return nil
	}
	old := recentOf(r)
	list := slices.DeleteFunc(old.Reasons, func(s string) bool { return s == text })
	list = append([]string{text}, list...)
	return web.Prefs(r).Set(recentKey, recent{Reasons: list[:min(len(list), mostReasons)]})
}
