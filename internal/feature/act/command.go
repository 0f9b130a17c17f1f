package act

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/action"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// What an action can be about besides hosts and services: the tables that name
// it. A core as a whole is in the table of sites.
var abouts = map[string]string{"hostgroup": "hostgroups", "servicegroup": "servicegroups", "contact": "contacts", "contactgroup": "contactgroups", "core": "sites"}

// named finds what is neither a host nor a service: keys are site|name, for a
// core the site alone.
func named(ctx context.Context, q lql.Querier, about string, keys []string) (subjects, error) {
	var out subjects
	for _, k := range keys {
		parts, ok := splitKey(k)
		if about == "core" {
			parts, ok = splitKey(k + "|")
		}
		if !ok || len(parts) != 2 {
			return out, web.BadRequest(ui.T(ctx, "%q names nothing to act on", ui.Visible(k)), "Go back and select again.")
		}
		query := lql.Get(abouts[about], "name", "peer_key", "peer_name")
		if about == "core" {
			query = lql.Get("sites", "name", "key").Where(lql.Eq("key", parts[0]))
		} else {
			query.Columns = append(query.Columns, memberColumns[about]...)
			query.Where(lql.Eq("name", parts[1]))
			query.Backends = []string{parts[0]}
		}
		res, err := q.Query(ctx, query)
		if err != nil {
			return out, err
		}
		for i := range res.Rows {
			s := subject{about: about, named: res.Text(i, "name")}
			if about == "core" {
				s.site, s.siteName = res.Text(i, "key"), res.Text(i, "name")
			} else {
				s.site, s.siteName = res.Text(i, "peer_key"), res.Text(i, "peer_name")
			}
			s.count(res, i)
			if s.site == parts[0] {
				out.list = append(out.list, s)
			}
		}
	}
	out.lost = len(keys) - len(out.list)
	out.sort()
	return out, nil
}

// memberColumns say how many objects a group has.
var memberColumns = map[string][]string{"hostgroup": {"num_hosts", "num_services"}, "servicegroup": {"members"}}

// count reads how many objects a group has.
func (s *subject) count(res *lql.Result, row int) {
	switch s.about {
	case "hostgroup":
		s.hosts, s.services = int(res.Int(row, "num_hosts")), int(res.Int(row, "num_services"))
	case "servicegroup":
		hosts := map[string]bool{}
		for _, m := range res.Column("members").Pairs(row) {
			hosts[m[0]] = true
			s.services++
		}
		s.hosts = len(hosts)
	}
}

// about says what a command is about: "host", "service", one of abouts, or
// "entry" for those that take the number of a comment or downtime.
func about(def *schema.Command) string {
	kind := "core"
	for _, p := range def.Params {
		switch {
		case p.Name == "comment_id" || p.Name == "downtime_id":
			return "entry"
		case p.Type == schema.PService && !p.Optional:
			return "service"
		case kind != "core" || p.Optional:
		case p.Type == schema.PHost:
			kind = "host"
		case p.Type == schema.PHostGroup:
			kind = "hostgroup"
		case p.Type == schema.PServiceGroup:
			kind = "servicegroup"
		case p.Type == schema.PContact:
			kind = "contact"
		case p.Type == schema.PContactGroup:
			kind = "contactgroup"
		}
	}
	return kind
}

// twin returns the command that does the same to services as def does to
// hosts, or the other way round; nil: there is none.
func twin(def *schema.Command) *schema.Command {
	from, to := "HOST", []string{"SVC", "SERVICE"}
	if about(def) == "service" {
		from, to = "SVC", []string{"HOST"}
		if !strings.Contains(def.Name, from) {
			from = "SERVICE"
		}
	}
	for _, x := range to {
		other, ok := schema.LookupCommand(strings.Replace(def.Name, from, x, 1))
		if ok && other.Name != def.Name && (about(other) == "service") != (about(def) == "service") && slices.Equal(valueNames(other), valueNames(def)) {
			return other
		}
	}
	return nil
}

// valueNames are the names of the values of a command.
func valueNames(def *schema.Command) (out []string) {
	for _, p := range values(def) {
		out = append(out, p.Name)
	}
	return out
}

// values are the parameters of a command that a person gives: all but its
// object and its author.
func values(def *schema.Command) []schema.Param {
	var out []schema.Param
	object := about(def)
	for i, p := range def.Params {
		switch {
		case p.Type == schema.PAuthor, p.Type == schema.PService && object == "service", i == 0 && object != "core" && object != "entry":
		default:
			out = append(out, p)
		}
	}
	return out
}

// generic is the action of one command of the schema as it is.
func generic(ctx context.Context, def *schema.Command) doing {
	host, service := def, twin(def)
	if about(def) == "service" {
		host, service = service, def
	}
	return doing{
		kind: action.Kind(def.Name), icon: "play", verb: ui.T(ctx, "Give the command"), command: def,
		title:    func(ctx context.Context, d *draft) string { return d.says(ctx, def, host, service) },
		fields:   func(d *draft) templ.Component { return commandFields(d, def) },
		silences: silences(def.Name),
		make: func(ctx context.Context, d *draft) []command.Order {
			args := d.args(ctx, def)
			if k := about(def); k != "host" && k != "service" {
				return []command.Order{{Command: def.Name, Args: args, Targets: targets(d.subjects.list), Hold: d.hold, Note: d.text("note")}}
			}
			return d.orders(nameIf(host), nameIf(service), args, d.subjects.list)
		},
	}
}

// says tells what def does to what was chosen, or what its forms for hosts and
// for services do where both are among it.
func (d *draft) says(ctx context.Context, def, host, service *schema.Command) string {
	if hosts, services := len(d.subjects.hosts()), len(d.subjects.services()); host == nil || service == nil || hosts == 0 && services == 0 {
		return said(ctx, def)
	} else if services == 0 {
		return said(ctx, host)
	} else if hosts == 0 {
		return said(ctx, service)
	}
	return said(ctx, host) + "; " + said(ctx, service)
}

// said tells what a command does, without the numbers of a parameter that the
// form asks for in words.
func said(ctx context.Context, def *schema.Command) string {
	what := ui.Said(ctx, def.Doc)
	if slices.ContainsFunc(def.Params, func(p schema.Param) bool { return p.Name == "options" || p.Name == "sticky" }) {
		what, _, _ = strings.Cut(what, "; ")
	}
	return what
}

func nameIf(def *schema.Command) string {
	if def == nil {
		return ""
	}
	return def.Name
}

// silences reports whether a command keeps people from being told of problems.
func silences(name string) bool {
	off := strings.HasPrefix(name, "DISABLE_") || strings.HasPrefix(name, "STOP_")
	return off && (strings.Contains(name, "NOTIFICATION") || strings.Contains(name, "CHECK")) || strings.HasPrefix(name, "SHUTDOWN_") || strings.HasPrefix(name, "RESTART_")
}

// args reads the values of a command from the form.
func (d *draft) args(ctx context.Context, def *schema.Command) map[string]string {
	out := map[string]string{}
	for _, p := range values(def) {
		v := d.text("v_" + p.Name)
		switch {
		case v == "" && d.fresh:
			v = sample(p)
		case p.Type == schema.PBool:
			v = bit(v != "")
		case p.Name == "sticky":
			v = map[bool]string{true: "2", false: "0"}[v != ""]
		case p.Name == "options":
			sum := 0
			for _, s := range d.in["v_options"] {
				n, _ := strconv.Atoi(s) // what is none counts nothing
				sum |= n & 7
			}
			v = strconv.Itoa(sum)
		case v == "":
			if !p.Optional {
				d.fail("v_"+p.Name, ui.T(ctx, "This is needed."))
			}
			v = sample(p)
			if p.Optional {
				v = ""
			}
		case p.Type == schema.PTimestamp:
			t, err := when.Parse(v, d.now)
			if err != nil {
				d.fail("v_"+p.Name, ui.T(ctx, "This names no time. Write 90m, 18:00, fri 18:00 or 2026-12-24 18:00."))
				t = d.now
			}
			v = unix(t)
		case p.Name == "duration":
			t, err := when.Span(v)
			if err != nil {
				d.fail("v_"+p.Name, ui.T(ctx, "This is no length of time. Write 90m, 2h or 1d."))
			}
			v = strconv.Itoa(int(t.Seconds()))
		}
		if v != "" {
			out[p.Name] = v
		}
	}
	return out
}

// sample is a value of the kind of a parameter, to see what a command would
// reach before anything was entered.
func sample(p schema.Param) string {
	switch p.Type {
	case schema.PTimestamp:
		if p.Name == "end_time" || p.Name == "expire_time" {
			return "4102444801"
		}
		return "4102444800" // in the year 2100
	case schema.PBool:
		return "0"
	case schema.PInt, schema.PULong:
		return "1"
	}
	return "-"
}

// A choice is one command of the page of all actions.
type choice struct {
	name, label string
	why         string // why whoever looks may not give it
}

// A choiceGroup are commands of one sort.
type choiceGroup struct {
	title string
	list  []choice
}

// moreView is the page of all actions.
type moreView struct {
	about  string
	keys   string
	back   string
	title  string
	usual  []action.Kind
	groups []choiceGroup
}

// usualForm reports whether a command has a form of its own.
func usualForm(name string) bool {
	switch verbOf(name) {
	case "ack", "unack", "comment":
		return true
	}
	switch name {
	case "SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME", "SCHEDULE_HOST_CHECK", "SCHEDULE_SVC_CHECK", "SCHEDULE_FORCED_HOST_CHECK", "SCHEDULE_FORCED_SVC_CHECK":
		return true
	}
	return false
}

// more serves GET /act/more and POST /act/more/form: everything that can be
// done to what is named.
func (h handler) more(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	keys, err := keysOf(r)
	if err != nil {
		return err
	}
	kind := r.FormValue("about")
	s, err := h.find(r, kind, keys)
	if err != nil {
		return err
	}
	d := &draft{subjects: s}
	v := moreView{about: kind, keys: d.keys(), back: backOf(r), title: d.of(ctx, ui.T(ctx, "Actions for %s", d.objects(ctx)), ui.T(ctx, "Actions for"))}
	fits := map[string]bool{kind: true}
	if kind == "" {
		v.usual = []action.Kind{action.Acknowledge, action.Unacknowledge, action.Downtime, action.Recheck, action.Comment}
		fits = map[string]bool{"host": len(s.hosts()) > 0, "service": len(s.services()) > 0}
	}
	may := map[schema.CommandClass]string{}
	for _, class := range []schema.CommandClass{schema.Ordinary, schema.Configuring, schema.Dangerous} {
		why, err := h.Desk.May(ctx, actor(r), class, s.list[0].site)
		if err != nil {
			return err
		}
		may[class] = ui.Said(ctx, why)
	}
	groups := []choiceGroup{{title: ui.T(ctx, "Do")}, {title: ui.T(ctx, "Switch on")}, {title: ui.T(ctx, "Switch off")}, {title: ui.T(ctx, "Change until the next start")}, {title: ui.T(ctx, "Dangerous")}}
	all := schema.Commands()
	for i := range all {
		def := &all[i]
		if !fits[about(def)] || usualForm(def.Name) {
			continue
		}
		if about(def) == "service" && fits["host"] && twin(def) != nil {
			continue // the one for hosts stands for both
		}
		at := 0
		switch {
		case def.Class == schema.Dangerous:
			at = 4
		case strings.HasPrefix(def.Name, "ENABLE_"), strings.HasPrefix(def.Name, "START_"):
			at = 1
		case strings.HasPrefix(def.Name, "DISABLE_"), strings.HasPrefix(def.Name, "STOP_"):
			at = 2
		case def.Class == schema.Configuring:
			at = 3
		}
		groups[at].list = append(groups[at].list, choice{def.Name, said(ctx, def), may[def.Class]})
	}
	for _, g := range groups {
		if len(g.list) > 0 {
			v.groups = append(v.groups, g)
		}
	}
	return web.Render(w, r, web.Page{Title: v.title, Body: morePage(v), Blocks: map[string]templ.Component{"form": more(v)}})
}

// find returns what a request is about.
func (h handler) find(r *http.Request, kind string, keys []string) (s subjects, err error) {
	ctx := r.Context()
	switch {
	case kind == "":
		s, err = subjectsOf(ctx, web.AllData(r), keys)
	case abouts[kind] == "":
		return s, web.BadRequest("Nothing of this kind can be acted on", "Go back and choose another.")
	default:
		s, err = named(ctx, web.AllData(r), kind, keys)
	}
	if err == nil && len(s.list) == 0 {
		return s, web.NotFound("There is nothing to act on", "What was selected is not there any more, or you do not see it.")
	}
	return s, err
}

// stateNames are the states that a result can have, by their number.
func stateNames(def *schema.Command) []string {
	if about(def) == "host" {
		return []string{"UP", "DOWN", "UNREACHABLE"}
	}
	return []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}
}

func digits(n int) string { return strconv.Itoa(n) }

// has reports whether a field has a value among others.
func (d *draft) has(name, value string) bool { return slices.Contains(d.in[name], value) }

// paramLabel says what a value of a command is.
func paramLabel(ctx context.Context, name string) string {
	switch name {
	case "comment":
		return ui.T(ctx, "Comment")
	case "start_time", "downtime_start_time":
		return ui.T(ctx, "Begins")
	case "end_time":
		return ui.T(ctx, "Ends")
	case "persistent":
		return ui.T(ctx, "Keep it after a restart of the core")
	case "sticky":
		return ui.T(ctx, "Stay acknowledged when it changes between warning and critical")
	case "notify":
		return ui.T(ctx, "Tell the contacts that I have it")
	case "fixed":
		return ui.T(ctx, "Fixed, not flexible")
	case "duration":
		return ui.T(ctx, "Duration of the flexible downtime")
	case "trigger_id":
		return ui.T(ctx, "Number of the downtime that begins it, 0: none")
	case "plugin_output":
		return ui.T(ctx, "Output")
	case "status_code":
		return ui.T(ctx, "State")
	case "options":
		return ui.T(ctx, "How")
	case "notification_time":
		return ui.T(ctx, "Not before")
	case "check_time", "schedule_time":
		return ui.T(ctx, "When")
	case "notification_number":
		return ui.T(ctx, "Number of notifications")
	case "check_interval":
		return ui.T(ctx, "Interval in minutes")
	case "check_attempts":
		return ui.T(ctx, "Attempts")
	case "check_command", "event_handler_command", "command":
		return ui.T(ctx, "Command")
	case "check_timeperiod", "notification_timeperiod", "timeperiod":
		return ui.T(ctx, "Time period")
	case "value":
		return ui.T(ctx, "Value")
	case "varname", "var":
		return ui.T(ctx, "Name of the variable")
	case "varvalue":
		return ui.T(ctx, "Value of the variable")
	case "expire_time":
		return ui.T(ctx, "Expires")
	}
	return label(name)
}
