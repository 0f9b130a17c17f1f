package testkit

import (
	"math/bits"
	"strings"

	"belvedere/internal/schema"
)

// A view is a world as one request sees it.
type view struct {
	w   *world
	now sec
	me  *contact // AuthUser where the core heeds it; nil: everything
	// unknown is true when AuthUser names nobody.
	unknown bool
	remarks map[*object][]*remark // made when first asked for
	counts  struct {              // the last tally, for rows ask for many of its counts
		of any
		t  tally
	}
	downs map[*object][]*downtime
}

// commentsOf returns the comments on an object, oldest first.
func (v *view) commentsOf(o *object) []*remark {
	if v.remarks == nil {
		v.remarks = map[*object][]*remark{}
		for _, r := range v.w.comments {
			v.remarks[r.o] = append(v.remarks[r.o], r)
		}
	}
	return v.remarks[o]
}

// downtimesOf returns the downtimes of an object, oldest first.
func (v *view) downtimesOf(o *object) []*downtime {
	if v.downs == nil {
		v.downs = map[*object][]*downtime{}
		for _, d := range v.w.downs {
			v.downs[d.o] = append(v.downs[d.o], d)
		}
	}
	return v.downs[o]
}

// A row is one row of any table: what it is about. For services and service
// remarks h is the host too.
type row struct {
	h, s *object
	g    *group // of the table, or the second half of a ...bygroup row
	c    *remark
	d    *downtime
	l    *logLine
	p    *contact
	t    *period
	cmd  *command
	meta *columnInfo
	hist *span
}

type objectColumn func(v *view, o *object) value

// attributes are the names of the bits of modified_attributes.
var attributes = [...]string{"notifications_enabled", "active_checks_enabled", "passive_checks_enabled", "event_handler_enabled",
	"flap_detection_enabled", "failure_prediction_enabled", "performance_data_enabled", "obsessive_handler_enabled",
	"event_handler_command", "check_command", "normal_check_interval", "retry_check_interval", "max_check_attempts",
	"freshness_checks_enabled", "check_timeperiod", "custom_variable", "notification_timeperiod"}

func attributeNames(mask uint32) []string {
	out := make([]string, 0, bits.OnesCount32(mask))
	for i, n := range attributes {
		if mask&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return out
}

func flag(f flags) objectColumn {
	return func(_ *view, o *object) value { return vb(o.has(f)) }
}

func num(f func(o *object) int64) objectColumn {
	return func(_ *view, o *object) value { return vi(f(o)) }
}

func txt(f func(o *object) string) objectColumn {
	return func(_ *view, o *object) value { return vt(f(o)) }
}

func float(f func(o *object) float64) objectColumn {
	return func(_ *view, o *object) value { return vf(f(o)) }
}

// expand replaces the macros notes and URLs may hold.
func (o *object) expand(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return strings.NewReplacer("$HOSTNAME$", o.hostOf().name, "$SERVICEDESC$", o.service(), "$HOSTADDRESS$", o.hostOf().x.address).Replace(s)
}

// hardState is the state, or the last hard one while a problem is soft.
func (o *object) hardState() int64 {
	if o.state == 0 || o.hard {
		return int64(o.state)
	}
	return int64(o.lastHard)
}

// commonColumns are the columns hosts and services share.
func commonColumns() map[string]objectColumn {
	m := map[string]objectColumn{
		"accept_passive_checks":       flag(fPassive),
		"acknowledged":                num(func(o *object) int64 { return int64(min(o.ack, 1)) }),
		"acknowledgement_type":        num(func(o *object) int64 { return int64(o.ack) }),
		"action_url":                  txt(func(o *object) string { return o.params.action }),
		"action_url_expanded":         txt(func(o *object) string { return o.expand(o.params.action) }),
		"active_checks_enabled":       flag(fActive),
		"check_command":               txt(func(o *object) string { return o.params.command }),
		"check_command_expanded":      txt(func(o *object) string { return o.render(o.params.expanded, o.state) }),
		"check_freshness":             flag(fFresh),
		"check_interval":              float(func(o *object) float64 { return o.params.interval }),
		"check_period":                txt(func(o *object) string { return o.params.period.name }),
		"check_timeout":               num(func(o *object) int64 { return 60 }),
		"check_type":                  func(_ *view, o *object) value { return vb(o.passive) },
		"checks_enabled":              flag(fActive),
		"current_attempt":             num(func(o *object) int64 { return int64(max(o.attempt, 1)) }),
		"current_notification_number": num(func(o *object) int64 { return int64(o.notified) }),
		"event_handler":               txt(func(o *object) string { return o.params.handler }),
		"event_handler_enabled":       flag(fHandler),
		"execution_time":              float(func(o *object) float64 { return float64(o.took) }),
		"flap_detection_enabled":      flag(fFlap),
		"hard_state":                  num((*object).hardState),
		"has_been_checked":            func(_ *view, o *object) value { return vb(o.checked) },
		"hourly_value":                num(func(o *object) int64 { return 1 }),
		"icon_image":                  txt(func(o *object) string { return o.params.icon }),
		"icon_image_alt":              txt(func(o *object) string { return o.params.iconAlt }),
		"icon_image_expanded":         txt(func(o *object) string { return o.params.icon }),
		"in_check_period":             func(v *view, o *object) value { return vb(o.params.period.contains(v.now)) },
		"in_notification_period":      func(v *view, o *object) value { return vb(o.params.notifyPeriod.contains(v.now)) },
		"in_service_period":           num(func(o *object) int64 { return 1 }),
		"is_flapping":                 func(_ *view, o *object) value { return vb(o.flapping) },
		"is_reachable":                func(_ *view, o *object) value { return vb(o.hostOf().state != 2) },
		"last_check":                  num(func(o *object) int64 { return int64(o.lastCheck) }),
		"last_hard_state":             num(func(o *object) int64 { return int64(o.lastHard) }),
		"last_hard_state_change":      num(func(o *object) int64 { return int64(o.lastHardChange) }),
		"last_notification":           num(func(o *object) int64 { return int64(o.lastNotification) }),
		"last_state":                  num(func(o *object) int64 { return int64(o.lastState) }),
		"last_state_change":           num(func(o *object) int64 { return int64(o.lastChange) }),
		"last_update":                 num(func(o *object) int64 { return o.updated / 1e6 }),
		"latency":                     float(func(o *object) float64 { return float64(o.latency) }),
		"long_plugin_output":          txt(func(o *object) string { return o.long }),
		"max_check_attempts":          num(func(o *object) int64 { return int64(o.params.attempts) }),
	}
	for name, f := range moreCommonColumns() {
		m[name] = f
	}
	listColumns(m)
	derivedColumns(m)
	return m
}

// derivedColumns are columns no core has, but readers of cores compute.
func derivedColumns(m map[string]objectColumn) {
	m["has_long_plugin_output"] = func(_ *view, o *object) value { return vb(o.long != "") }
	m["last_state_change_order"] = func(v *view, o *object) value {
		if o.lastChange == 0 {
			return vi(int64(v.w.start))
		}
		return vi(int64(o.lastChange))
	}
	m["state_order"] = num(func(o *object) int64 {
		if o.state == 2 {
			return 4
		}
		return int64(o.state)
	})
	m["owner_with_info"] = func(v *view, o *object) value { return vx(v.ownerOf(o)) }
	m["owner"] = func(v *view, o *object) value {
		if found := v.ownerOf(o); len(found) > 0 {
			return vt(found[0][0].(string))
		}
		return vt("")
	}
	for _, name := range []string{"name", "alias", "address", "display_name", "description"} {
		m[name+"_lc"] = func(v *view, o *object) value {
			if o.host == nil {
				return vt(strings.ToLower(map[string]string{"name": o.name, "alias": o.x.alias, "address": o.x.address, "display_name": o.x.display}[name]))
			}
			return vt(strings.ToLower(o.name))
		}
	}
}

// ownerOf says who has the problem of an object, as one tuple or none.
func (v *view) ownerOf(o *object) [][]any {
	newest := func(kind int8) (found []any) {
		at := sec(0)
		for _, r := range v.commentsOf(o) {
			if r.kind == kind && r.at >= at {
				at = r.at
				found = []any{r.author, "comment", r.text, int64(r.at), int64(r.expires)}
			}
		}
		return found
	}
	if o.ack != 0 {
		found := newest(4)
		if found == nil {
			found = []any{"", "", "", int64(0), int64(0)}
		}
		found[1] = "acknowledgement"
		return [][]any{found}
	}
	if o.depth > 0 || o.hostOf().depth > 0 {
		found, last := []any{"", "downtime", "", int64(0), int64(0)}, v.now
		for _, d := range v.downtimesOf(o) {
			if d.start <= v.now && d.end > last {
				last = d.end
				found = []any{d.author, "downtime", d.text, int64(d.start), int64(d.end)}
			}
		}
		return [][]any{found}
	}
	if found := newest(1); found != nil {
		return [][]any{found}
	}
	if o.state > 0 && o.notified > 0 && o.lastNotification > 0 {
		who := ""
		if len(o.params.contacts) > 0 {
			who = o.params.contacts[0].name
		}
		return [][]any{{who, "notified", "", int64(o.lastNotification), int64(0)}}
	}
	return [][]any{}
}

// moreCommonColumns are the second half of commonColumns.
func moreCommonColumns() map[string]objectColumn {
	return map[string]objectColumn{
		"modified_attributes":      num(func(o *object) int64 { return int64(o.modified) }),
		"modified_attributes_list": func(_ *view, o *object) value { return vl(attributeNames(o.modified)) },
		"next_check":               num(func(o *object) int64 { return int64(o.nextCheck) }),
		"next_notification":        num(func(o *object) int64 { return int64(o.nextNotification) }),
		"no_more_notifications":    func(*view, *object) value { return vi(0) },
		"notes":                    txt(func(o *object) string { return o.params.notes }),
		"notes_expanded":           txt(func(o *object) string { return o.expand(o.params.notes) }),
		"notes_url":                txt(func(o *object) string { return o.params.notesURL }),
		"notes_url_expanded":       txt(func(o *object) string { return o.expand(o.params.notesURL) }),
		"notification_interval":    float(func(o *object) float64 { return o.params.renote }),
		"notification_period":      txt(func(o *object) string { return o.params.notifyPeriod.name }),
		"notifications_enabled":    flag(fNotify),
		"obsess":                   flag(fObsess),
		"pending_flex_downtime":    num(func(o *object) int64 { return int64(o.pendingFlex) }),
		"percent_state_change":     float((*object).percent),
		"perf_data":                txt(func(o *object) string { return o.perf }),
		"plugin_output":            txt(func(o *object) string { return o.output }),
		"pnpgraph_present":         num(func(o *object) int64 { return -1 }),
		"process_performance_data": flag(fPerf),
		"retry_interval":           float(func(o *object) float64 { return o.params.retry }),
		"scheduled_downtime_depth": num(func(o *object) int64 { return int64(o.depth) }),
		"should_be_scheduled":      func(_ *view, o *object) value { return vb(o.has(fActive) && o.params.interval > 0) },
		"staleness":                func(v *view, o *object) value { return vf(o.staleness(v.now)) },
		"state":                    num(func(o *object) int64 { return int64(o.state) }),
		"state_type":               func(_ *view, o *object) value { return vb(o.hard) },
		"check_source":             func(v *view, o *object) value { return vt(v.w.p.checkSource(v.w, o)) },
		"id":                       func(v *view, o *object) value { return vi(v.w.position(o)) },
		"business_impact":          num(func(o *object) int64 { return 2 }),
		"criticity":                num(func(o *object) int64 { return 2 }),
	}
}

func (o *object) staleness(now sec) float64 {
	every := o.params.interval
	if every <= 0 {
		every = 1
	}
	return (float64(now) - float64(o.lastCheck)) / (every * 60)
}

func listColumns(m map[string]objectColumn) {
	m["comments"] = func(v *view, o *object) value {
		ids := []int64{}
		for _, r := range v.commentsOf(o) {
			ids = append(ids, r.id)
		}
		return vn(ids)
	}
	m["comments_with_info"] = func(v *view, o *object) value { return vx(commentInfo(v, o, 7)) }
	m["comments_with_extra_info"] = func(v *view, o *object) value {
		out := [][]any{}
		for _, r := range v.commentsOf(o) {
			out = append(out, []any{r.id, r.author, r.text, int64(r.kind), int64(r.at)})
		}
		return vx(out)
	}
	m["downtimes"] = func(v *view, o *object) value {
		ids := []int64{}
		for _, d := range v.downtimesOf(o) {
			ids = append(ids, d.id)
		}
		return vn(ids)
	}
	m["downtimes_with_info"] = func(v *view, o *object) value { return vx(downtimeInfo(v, o, 9)) }
	m["contacts"] = func(_ *view, o *object) value {
		out := make([]string, 0, len(o.params.contacts))
		for _, c := range o.params.contacts {
			out = append(out, c.name)
		}
		return vl(out)
	}
	m["contact_groups"] = func(_ *view, o *object) value { return vl(groupNames(o.params.contactGroups)) }
	m["groups"] = func(_ *view, o *object) value { return vl(groupNames(o.groups)) }
	m["custom_variable_names"] = func(_ *view, o *object) value {
		out := make([]string, 0, len(o.params.vars))
		for _, x := range o.params.vars {
			out = append(out, x.name)
		}
		return vl(out)
	}
	m["custom_variable_values"] = func(_ *view, o *object) value {
		out := make([]string, 0, len(o.params.vars))
		for _, x := range o.params.vars {
			out = append(out, x.value)
		}
		return vl(out)
	}
	m["custom_variables"] = func(_ *view, o *object) value { return vd(pairs(o.params.vars)) }
}

func pairs(vars []variable) []schema.Pair {
	out := make([]schema.Pair, 0, len(vars))
	for _, x := range vars {
		out = append(out, schema.Pair{Name: x.name, Value: x.value})
	}
	return out
}

func groupNames(l []*group) []string {
	out := make([]string, 0, len(l))
	for _, g := range l {
		out = append(out, g.name)
	}
	return out
}

func commentInfo(v *view, o *object, items int) [][]any {
	out := [][]any{}
	for _, r := range v.commentsOf(o) {
		t := []any{r.id, r.author, r.text, int64(r.at), int64(r.kind), bit(r.expires != 0), int64(r.expires)}
		out = append(out, t[:items])
	}
	return out
}

func downtimeInfo(v *view, o *object, items int) [][]any {
	out := [][]any{}
	for _, d := range v.downtimesOf(o) {
		t := []any{d.id, d.author, d.text, int64(d.at), int64(d.start), int64(d.end), bit(d.fixed), d.duration, d.trigger}
		out = append(out, t[:items])
	}
	return out
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// hostColumns are the columns only hosts have.
func hostColumns() map[string]objectColumn {
	m := commonColumns()
	m["name"] = txt(func(o *object) string { return o.name })
	m["host_name"] = m["name"]
	m["alias"] = txt(func(o *object) string { return o.x.alias })
	m["display_name"] = txt(func(o *object) string { return o.x.display })
	m["address"] = txt(func(o *object) string { return o.x.address })
	m["address6"] = txt(func(o *object) string { return o.x.address6 })
	m["obsess_over_host"] = flag(fObsess)
	m["check_timeout"] = num(func(o *object) int64 { return 30 })
	m["last_time_up"] = num(func(o *object) int64 { return int64(o.lastTime[0]) })
	m["last_time_down"] = num(func(o *object) int64 { return int64(o.lastTime[1]) })
	m["last_time_unreachable"] = num(func(o *object) int64 { return int64(o.lastTime[2]) })
	m["parents"] = func(v *view, o *object) value { return vl(v.names(o.x.parents)) }
	m["childs"] = func(v *view, o *object) value { return vl(v.names(o.x.children)) }
	m["services"] = func(v *view, o *object) value { return vl(v.names(v.w.p.order(o.x.services))) }
	m["services_with_state"] = func(v *view, o *object) value {
		return vx(v.tuples(v.w.p.order(o.x.services), func(s *object) []any { return []any{s.name, int64(s.state), bit(s.checked)} }))
	}
	m["services_with_info"] = func(v *view, o *object) value {
		return vx(v.tuples(v.w.p.order(o.x.services), func(s *object) []any {
			return []any{s.name, int64(s.state), bit(s.checked), s.output}
		}))
	}
	m["services_with_fullstate"] = func(v *view, o *object) value {
		return vx(v.tuples(v.w.p.order(o.x.services), func(s *object) []any {
			return []any{s.name, int64(s.state), bit(s.checked), s.output, s.hardState(), int64(max(s.attempt, 1)), int64(s.params.attempts),
				int64(s.depth), bit(s.ack != 0), int64(1)}
		}))
	}
	for name, f := range tallyColumns() {
		m[name] = func(v *view, o *object) value { return vi(f(v.tally(o, o.x.services))) }
	}
	return m
}

func serviceColumns() map[string]objectColumn {
	m := commonColumns()
	m["description"] = txt(func(o *object) string { return o.name })
	m["service_description"] = m["description"]
	m["display_name"] = m["description"]
	m["obsess_over_service"] = flag(fObsess)
	m["last_time_ok"] = num(func(o *object) int64 { return int64(o.lastTime[0]) })
	m["last_time_warning"] = num(func(o *object) int64 { return int64(o.lastTime[1]) })
	m["last_time_critical"] = num(func(o *object) int64 { return int64(o.lastTime[2]) })
	m["last_time_unknown"] = num(func(o *object) int64 { return int64(o.lastTime[3]) })
	m["parents"] = func(*view, *object) value { return vl([]string{}) }
	return m
}

// A tally counts services.
type tally struct {
	n, pending, worst, worstHard int64
	handled, unhandled           int64    // problems
	state, hard, open            [4]int64 // open: unhandled ones
}

// worse orders service states: ok, warning, unknown, critical.
var worse = [4]int64{0, 1, 3, 2}

// tally counts the services of owner that the viewer sees.
func (v *view) tally(owner any, services []*object) tally {
	if v.counts.of == owner {
		return v.counts.t
	}
	var t tally
	for _, s := range services {
		if !v.sees(s) {
			continue
		}
		t.n++
		if !s.checked {
			t.pending++
		} else {
			t.state[s.state&3]++
		}
		t.hard[s.lastHard&3] += bit(s.checked)
		if s.checked && s.state != 0 {
			t.problem(int64(s.state), s.ack != 0 || s.depth > 0 || s.host.depth > 0 || s.host.state != 0)
		}
		if worse[s.state&3] > worse[t.worst] {
			t.worst = int64(s.state)
		}
		if worse[s.lastHard&3] > worse[t.worstHard] {
			t.worstHard = int64(s.lastHard)
		}
	}
	v.counts.of, v.counts.t = owner, t
	return t
}

// problem counts a problem; handled ones are acknowledged, in downtime, or
// explained by the host.
func (t *tally) problem(state int64, handled bool) {
	t.handled += bit(handled)
	t.unhandled += bit(!handled)
	t.open[state&3] += bit(!handled)
}

func tallyColumns() map[string]func(tally) int64 {
	return map[string]func(tally) int64{
		"num_services":                    func(t tally) int64 { return t.n },
		"total_services":                  func(t tally) int64 { return t.n },
		"num_services_ok":                 func(t tally) int64 { return t.state[0] },
		"num_services_warn":               func(t tally) int64 { return t.state[1] },
		"num_services_crit":               func(t tally) int64 { return t.state[2] },
		"num_services_unknown":            func(t tally) int64 { return t.state[3] },
		"num_services_pending":            func(t tally) int64 { return t.pending },
		"num_services_hard_ok":            func(t tally) int64 { return t.hard[0] },
		"num_services_hard_warn":          func(t tally) int64 { return t.hard[1] },
		"num_services_hard_crit":          func(t tally) int64 { return t.hard[2] },
		"num_services_hard_unknown":       func(t tally) int64 { return t.hard[3] },
		"num_services_handled_problems":   func(t tally) int64 { return t.handled },
		"num_services_unhandled_problems": func(t tally) int64 { return t.unhandled },
		"num_services_unhandled_warn":     func(t tally) int64 { return t.open[1] },
		"num_services_unhandled_crit":     func(t tally) int64 { return t.open[2] },
		"num_services_unhandled_unknown":  func(t tally) int64 { return t.open[3] },
		"worst_service_state":             func(t tally) int64 { return t.worst },
		"worst_service_hard_state":        func(t tally) int64 { return t.worstHard },
	}
}

func (v *view) names(l []*object) []string {
	out := make([]string, 0, len(l))
	for _, o := range l {
		if v.sees(o) {
			out = append(out, o.name)
		}
	}
	return out
}

func (v *view) tuples(l []*object, f func(*object) []any) [][]any {
	out := make([][]any, 0, len(l))
	for _, o := range l {
		if v.sees(o) {
			out = append(out, f(o))
		}
	}
	return out
}

// position is the number of an object in its table.
func (w *world) position(o *object) int64 {
	l := w.services
	if o.host == nil {
		l = w.hosts
	}
	lo, hi := 0, len(l)
	for lo < hi {
		m := (lo + hi) / 2
		if before(l[m], o) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return int64(lo)
}

// before orders objects by host name, then name.
func before(a, b *object) bool {
	if x, y := a.hostOf().name, b.hostOf().name; x != y {
		return x < y
	}
	return a.name < b.name
}
