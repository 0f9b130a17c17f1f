package act

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/schema"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// namesMost is how many names a folded list holds.
const namesMost = 500

// nameOf says what an order is about.
func nameOf(t command.Target) string {
	switch {
	case t.Host != "":
		return status.Row{Host: t.Host, Service: t.Service}.Name()
	case t.Group != "":
		return t.Group
	case t.Contact != "":
		return t.Contact
	}
	return t.Site
}

// siteName returns the name of a site by its key.
func (d *draft) siteName(key string) string {
	for _, s := range d.subjects.list {
		if s.site == key {
			return s.siteName
		}
	}
	for _, e := range d.entries {
		if e.site == key {
			return e.siteName
		}
	}
	return key
}

// hitWords counts what is reached: "3 hosts and 12 services". A command for
// all services of a host counts as these.
func (d *draft) hitWords(ctx context.Context) string {
	if d.about() == "" {
		hosts, services := d.reached()
		return objectWords(ctx, hosts, services)
	}
	if hosts, services := d.members(); hosts+services > 0 {
		return ui.T(ctx, "%[1]s with %[2]s", d.objects(ctx), objectWords(ctx, hosts, services))
	}
	return d.objects(ctx)
}

// members counts the hosts and services that commands for groups reach.
func (d *draft) members() (hosts, services int) {
	for _, it := range d.preview.hits {
		name := it.Target.Command
		if name == "" && d.what.command != nil {
			name = d.what.command.Name
		}
		for _, s := range d.subjects.list {
			if s.target() != (command.Target{Site: it.Target.Site, Group: it.Target.Group}) {
				continue
			}
			if strings.Contains(name, "_SVC_") {
				services += s.services
			} else {
				hosts += s.hosts
			}
		}
	}
	return hosts, services
}

// reached counts the hosts and services that are reached: those behind a host,
// and all services of one, as far as these were chosen.
func (d *draft) reached() (hosts, services int) {
	whole := false
	a, triggered := d.around(), d.text("behind") == behindTriggered
	for _, it := range d.preview.hits {
		whole = whole || strings.Contains(it.Target.Command, "_SVC_")
	}
	for _, it := range d.named() {
		if it.Target.Service != "" {
			services++
		} else {
			hosts++
		}
	}
	if triggered && hosts > 0 {
		hosts += len(a.behind)
		whole = whole || d.yes("services", true)
	}
	if whole {
		services += a.services
		if d.text("behind") == behindSame {
			services += a.below
		}
	}
	return hosts, services
}

// named returns what is reached by name: each once, also where two commands are
// for it.
func (d *draft) named() []command.Item {
	if len(d.entries) > 0 {
		return d.preview.hits // several of one object are several
	}
	var out []command.Item
	seen := map[command.Target]bool{}
	for _, it := range d.preview.hits {
		key := it.Target
		key.Command, key.CheckAt, key.After, key.Entry, key.Trigger = "", 0, nil, nil, nil
		if !seen[key] {
			seen[key] = true
			out = append(out, it)
		}
	}
	return out
}

// number counts what is reached.
func (d *draft) number() int {
	if d.about() != "" {
		hosts, services := d.members()
		return max(hosts+services, len(d.preview.hits))
	}
	hosts, services := d.reached()
	return hosts + services
}

// objectWords counts objects in words.
func objectWords(ctx context.Context, hosts, services int) string {
	var out []string
	if hosts > 0 {
		out = append(out, ui.N(ctx, hosts, "%s host", "%s hosts", ui.Number(hosts)))
	}
	if services > 0 {
		out = append(out, ui.N(ctx, services, "%s service", "%s services", ui.Number(services)))
	}
	return strings.Join(out, " "+ui.T(ctx, "and")+" ")
}

// behindWords counts what is behind hosts.
func behindWords(ctx context.Context, a around) string {
	return ui.N(ctx, len(a.behind), "%s host", "%s hosts", ui.Number(len(a.behind))) + ", " + ui.N(ctx, a.below, "%s service", "%s services", ui.Number(a.below))
}

// spreads are the usual times to spread checks over.
func spreads(ctx context.Context) [][2]string {
	return [][2]string{{"now", ui.T(ctx, "Now")}, {"1m", ui.T(ctx, "Spread over %s", "1 min")}, {"5m", ui.T(ctx, "Spread over %s", "5 min")}, {"15m", ui.T(ctx, "Spread over %s", "15 min")}}
}

// siteWords says on which sites that is.
func (d *draft) siteWords(ctx context.Context) string {
	var list []string
	seen := map[string]bool{}
	for _, it := range d.preview.hits {
		if name := d.siteName(it.Target.Site); !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	if len(list) == 1 {
		return ui.T(ctx, "on site %s", list[0])
	}
	return ui.T(ctx, "on %[1]s sites: %[2]s", ui.Number(len(list)), names(ctx, list))
}

// ackChoices are the usual ends of an acknowledgement.
func (d *draft) ackChoices(ctx context.Context) [][2]string {
	return [][2]string{{"1h", "1 h"}, {ackUsual, "4 h"}, d.evening(ctx), {"tomorrow 09:00", ui.T(ctx, "Tomorrow %s", d.clock(ctx, 9))}, {never, ui.T(ctx, "Never")}}
}

// evening is the end of the present working day, or of the next one.
func (d *draft) evening(ctx context.Context) [2]string {
	if d.now.Hour() >= 17 {
		return [2]string{"tomorrow 18:00", ui.T(ctx, "Tomorrow %s", d.clock(ctx, 18))}
	}
	return [2]string{"18:00", ui.T(ctx, "Today %s", d.clock(ctx, 18))}
}

// clock writes a full hour of the day.
func (d *draft) clock(ctx context.Context, hour int) string {
	y, m, day := d.now.Date()
	return ui.HourMinute(ctx, time.Date(y, m, day, hour, 0, 0, 0, d.now.Location()))
}

// endWords says what a choice means.
func (d *draft) endWords(ctx context.Context, name, def string) string {
	text := d.choice(name, def)
	if text == never {
		return untilOKWords(ctx, "expires")
	}
	if name == "length" && d.untilOK() {
		return untilOKWords(ctx, name)
	}
	if text == other {
		text = d.text(name + "_other")
	}
	t, err := when.Parse(text, d.now)
	if err != nil {
		return ""
	}
	return untilWords(ctx, t, d.now)
}

// untilOKWords says when an acknowledgement or downtime ends that lasts until
// the problem is over.
func untilOKWords(ctx context.Context, name string) string {
	if name == "expires" {
		return ui.T(ctx, "Until the problem is solved.")
	}
	return ui.T(ctx, "Until it is OK again, 7 days at most.")
}

// failures returns how many items can be tried again.
func (v orderView) failures() (n int) {
	for _, it := range v.items {
		if failed(it.State) {
			n++
		}
	}
	return n
}

func (v orderView) siteName(key string) string { return cmp.Or(v.names[key], key) }

// words says how far a site got.
func (s siteProgress) words(ctx context.Context) string {
	var out []string
	for _, x := range []struct {
		n    int
		word string
	}{{s.good, ui.T(ctx, "%s confirmed", ui.Number(s.good))}, {s.open, ui.T(ctx, "%s under way", ui.Number(s.open))},
		{s.bad, ui.T(ctx, "%s failed", ui.Number(s.bad))}, {s.refused, ui.T(ctx, "%s left out", ui.Number(s.refused))}} {
		if x.n > 0 {
			out = append(out, x.word)
		}
	}
	text := strings.Join(out, ", ")
	if why := cmp.Or(s.waits, s.why); why != "" {
		text += ": " + ui.Said(ctx, why)
	}
	return text
}

// idle reports whether nothing would happen if the order was given.
func (d *draft) idle() bool { return len(d.preview.hits) == 0 && !d.unclear }

// argsOf are the values of an order as people read them.
func argsOf(ctx context.Context, o command.Report) [][2]string {
	var out [][2]string
	def, ok := schema.LookupCommand(o.Command)
	if !ok {
		return nil
	}
	for _, p := range def.Params {
		v, given := o.Args[p.Name]
		if !given {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		number := err == nil
		switch {
		case p.Name == "trigger_id" && v == "0", p.Name == "duration" && o.Args["fixed"] == "1":
			continue // says nothing
		case p.Type == schema.PTimestamp && number && n > 0:
			v = ui.Exact(ctx, n)
		case p.Name == "duration" && number:
			v = ui.Duration(ctx, time.Duration(n)*time.Second)
		case p.Name == "status_code" && number && n >= 0 && int(n) < len(stateNames(def)):
			v = stateNames(def)[n]
		case p.Name == "sticky":
			v = yesNo(ctx, v == "2") // a 1 is normal, too
		case p.Type == schema.PBool:
			v = yesNo(ctx, v == "1")
		}
		out = append(out, [2]string{argLabel(ctx, p.Name), v})
	}
	return out
}

func yesNo(ctx context.Context, yes bool) string {
	if yes {
		return ui.T(ctx, "yes")
	}
	return ui.T(ctx, "no")
}

// argLabel is [paramLabel] where a value was given: a word, not a question.
func argLabel(ctx context.Context, name string) string {
	switch name {
	case "sticky":
		return ui.T(ctx, "Sticky")
	case "notify":
		return ui.T(ctx, "Contacts told")
	case "persistent":
		return ui.T(ctx, "Persistent")
	case "fixed":
		return ui.T(ctx, "Fixed")
	case "duration":
		return ui.T(ctx, "Lasts")
	case "trigger_id":
		return ui.T(ctx, "Begun by downtime")
	}
	return paramLabel(ctx, name)
}

// label writes the name of a parameter for people: "end_time" is "End time".
func label(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
