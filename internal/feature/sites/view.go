package sites

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/web/ui"
)

// A row is one site of the list. For people who are not admins Address, Cause
// and everything below stay empty.
type row struct {
	Key, Name, Section string
	Look               look
	Core               string // "Naemon 1.4.2"
	Transport          string // "tls"
	Hosts, Services    int
	Last               int64 // unix seconds of the newest data; 0 never
	Stale              bool
	Address            string
	Latency            time.Duration
	Spark              spark // of the latencies
	Cause              string
	Skew               time.Duration // how far the clock of the core is ahead
	Paused             bool
	Provisioned        bool
	Demo               bool
	Via                string // name of the site that leads to this one
	Way                bool   // it leads to others and has no data itself
	Behind             int    // how many those are
}

// fixed reports whether the site cannot be changed here.
func (r row) fixed() bool { return r.Provisioned || r.Via != "" }

// latencyISO writes the latency as a duration of HTML. Lists do not flash when
// only a time in them changes.
func (r row) latencyISO() string { return fmt.Sprintf("PT%.4fS", r.Latency.Seconds()) }

// A look is how the state of a site is drawn.
type look struct {
	Class string
	State string // "fresh", "late", …
	Glyph string // of the sprite, or
	Icon  string // an icon
}

// lookOf returns how a state of the sites table is drawn.
func lookOf(state string) look {
	switch state {
	case "fresh":
		return look{Class: "ok", State: state, Glyph: "s-ok"}
	case "late":
		return look{Class: "warn", State: state, Icon: "clock"}
	case "down":
		return look{Class: "warn", State: state, Icon: "nolink"}
	case "incompatible":
		return look{Class: "crit", State: state, Icon: "alert"}
	case "paused":
		return look{Class: "pend", State: state, Icon: "pause"}
	}
	return look{Class: "pend", State: state, Icon: "clock"}
}

// word says how the site is.
func (l look) word(ctx context.Context) string {
	switch l.State {
	case "fresh":
		return ui.T(ctx, "live")
	case "late":
		return ui.T(ctx, "late")
	case "down":
		return ui.T(ctx, "not answering")
	case "incompatible":
		return ui.T(ctx, "not usable")
	case "paused":
		return ui.T(ctx, "paused")
	}
	return ui.T(ctx, "loading")
}

// state makes a look a state that has a glyph.
func (l look) state(ctx context.Context) ui.State {
	return ui.State{Class: l.Class, Glyph: l.Glyph, Word: l.word(ctx)}
}

// rowsOf returns the sites that a viewer may know of, without what is for
// admins.
func rowsOf(res *lql.Result) []row {
	out := make([]row, res.Rows)
	for i := range out {
		state := res.Text(i, "state")
		out[i] = row{
			Key: res.Text(i, "key"), Name: res.Text(i, "name"), Section: res.Text(i, "section"),
			Look: lookOf(state), Stale: state != "fresh" && state != "pending" && state != "paused",
			Core:  strings.TrimSpace(res.Text(i, "implementation") + " " + res.Text(i, "version")),
			Hosts: int(res.Int(i, "hosts")), Services: int(res.Int(i, "services")), Last: res.Int(i, "last_update"),
		}
	}
	return out
}

// withHealth returns the sites as an admin sees them: all there are, with what
// the sites table counts of them.
func withHealth(all []site.Status, counted []row, now time.Time) []row {
	at := map[string]row{}
	for _, r := range counted {
		at[r.Key] = r
	}
	out := make([]row, len(all))
	for i, s := range all {
		h := s.Health
		state := h.State.String()
		r := at[s.Spec.Key]
		r.Key, r.Name, r.Section = s.Spec.Key, s.Spec.Name, s.Spec.Section
		r.Look = lookOf(state)
		r.Stale = h.State == store.Late || h.State == store.Down || h.State == store.Incompatible
		r.Core = strings.TrimSpace(h.Implementation + " " + h.Version)
		r.Transport, r.Latency, r.Cause, r.Skew = h.Transport, h.Latency, h.Cause, h.ClockSkew
		r.Spark = sparkOf(h.Trace.Minutes(now))
		r.Address = display(s)
		if !h.LastOK.IsZero() {
			r.Last = h.LastOK.Unix()
		}
		r.Paused, r.Provisioned, r.Demo = s.Spec.Paused, s.Spec.Provisioned, s.Spec.Demo
		r.Way = s.Way
		out[i] = r
	}
	return grouped(all, out)
}

// grouped puts the sites that are reached over another behind it.
func grouped(all []site.Status, rows []row) []row {
	behind := map[string][]row{}
	names := map[string]string{}
	for _, s := range all {
		names[s.Spec.Key] = s.Spec.Name
	}
	for i, s := range all {
		if s.Spec.Via != "" {
			rows[i].Via = names[s.Spec.Via]
			behind[s.Spec.Via] = append(behind[s.Spec.Via], rows[i])
		}
	}
	out := make([]row, 0, len(rows))
	for _, r := range rows {
		if r.Via != "" {
			continue
		}
		r.Behind = len(behind[r.Key])
		out = append(out, r)
		out = append(out, behind[r.Key]...)
	}
	return out
}

// display returns the address in use, else the first one, without options.
func display(s site.Status) string {
	text := s.Health.ActiveAddress
	if text == "" && len(s.Spec.Addresses) > 0 {
		text = s.Spec.Addresses[0]
	}
	if a, err := livestatus.ParseAddress(text); err == nil {
		return a.String()
	}
	return text
}

// transport says how a site is reached.
func transport(ctx context.Context, t string) string {
	switch t {
	case "tcp":
		return ui.T(ctx, "Livestatus over TCP")
	case "tls":
		return ui.T(ctx, "Livestatus over TLS")
	case "ssh":
		return ui.T(ctx, "Livestatus over SSH")
	case "unix":
		return ui.T(ctx, "Livestatus, Unix socket")
	case "agent":
		return ui.T(ctx, "Agent")
	case "icinga2":
		return ui.T(ctx, "Icinga 2 API")
	case "https", "http":
		return ui.T(ctx, "Thruk")
	}
	return ""
}

// A listView is the page of all sites.
type listView struct {
	Admin  bool
	Rows   []row
	Tested []tested // how a test of all ended
}

// sections reports whether sites have sections.
func (v listView) sections() bool {
	return slices.ContainsFunc(v.Rows, func(r row) bool { return r.Section != "" })
}

// note says how many sites there are, and how.
func (v listView) note(ctx context.Context) string {
	var sites, live, paused int
	for _, r := range v.Rows {
		if r.Way {
			continue
		}
		sites++
		switch r.Look.State {
		case "fresh":
			live++
		case "paused":
			paused++
		}
	}
	s := ui.N(ctx, sites, "%s site", "%s sites", ui.Number(sites)) + ", " + ui.T(ctx, "%d live", live)
	if paused > 0 {
		s += ", " + ui.T(ctx, "%d paused", paused)
	}
	return s
}

// path returns the address of something about a site.
func path(key, what string) string { return "/sites/" + url.PathEscape(key) + "/" + what }

// hostsPath returns the address of the list of a site's hosts.
func hostsPath(key string) string { return search.Path("/hosts", search.Eq("site", key)) }

// servicesPath returns the address of the list of a site's services.
func servicesPath(key string) string { return search.Path("/services", search.Eq("site", key)) }

// An editView is the wizard, or the page of one site.
type editView struct {
	Key         string // "" for a new site
	Form        form
	old         site.Spec // as it is kept
	Error, Hint string    // about the form as a whole
	Row         row       // of an existing site
	Health      store.Health
	Provisioned bool
	Via         string // name of the site that leads to this one
	Demo        bool   // simulated: can only be ended, with all the others
	Steps       []livestatus.Step
	Verdict     *verdict
	begin       beginning // of a new site
}

// stage returns how far adding a site is: 0 what runs there, 1 how to reach it,
// 2 tested.
func (v editView) stage() int {
	switch {
	case v.Verdict != nil:
		return 2
	case v.begin.chosen() || v.Form.Errors != nil:
		return 1
	}
	return 0
}

// fixed reports whether the site cannot be changed here.
func (v editView) fixed() bool { return v.Provisioned || v.Via != "" }

// keepPassword completes what was entered with the password that is kept, which
// no page shows: for the same user at addresses that had it before.
func (v editView) keepPassword(spec *site.Spec) {
	if spec.TLS.Password != "" || spec.TLS.User != v.old.TLS.User {
		return
	}
	for _, a := range spec.Addresses {
		if !slices.Contains(v.old.Addresses, a) {
			return
		}
	}
	spec.TLS.Password, spec.TLS.PasswordFile = v.old.TLS.Password, v.old.TLS.PasswordFile
}

// passwordHint says what an empty password means.
func (v editView) passwordHint(ctx context.Context) string {
	if v.old.TLS.Password+v.old.TLS.PasswordFile != "" {
		return ui.T(ctx, "Empty: the one that is kept, while user and addresses stay.")
	}
	return ui.T(ctx, "It is kept in the store and never shown.")
}

// title names the page.
func (v editView) title(ctx context.Context) string {
	if v.Key == "" {
		return ui.T(ctx, "Add site")
	}
	return v.Row.Name
}

// action returns where the form goes.
func (v editView) action() string {
	if v.Key == "" {
		return "/sites/new"
	}
	return path(v.Key, "edit")
}

// errorKinds are the kinds of errors since the start, most frequent first.
func (v editView) errorKinds(ctx context.Context) string {
	kinds := slices.SortedFunc(maps.Keys(v.Health.Errors), func(a, b string) int {
		if d := v.Health.Errors[b] - v.Health.Errors[a]; d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
	words := make([]string, 0, len(kinds))
	for _, k := range kinds {
		words = append(words, ui.Number(int(v.Health.Errors[k]))+" "+errorKind(ctx, k))
	}
	return strings.Join(words, ", ")
}

// errorKind returns the word for a kind of error of a connection; for a rare
// one what the engine calls it.
func errorKind(ctx context.Context, kind string) string {
	switch livestatus.ErrKind(kind) {
	case livestatus.KindDNS:
		return ui.T(ctx, "name not known")
	case livestatus.KindRefused:
		return ui.T(ctx, "refused")
	case livestatus.KindUnreachable:
		return ui.T(ctx, "no route")
	case livestatus.KindTimeout:
		return ui.T(ctx, "no connection in time")
	case livestatus.KindNoSocket:
		return ui.T(ctx, "no socket")
	case livestatus.KindPermission:
		return ui.T(ctx, "no right to the socket")
	case livestatus.KindSilent:
		return ui.T(ctx, "no answer")
	case livestatus.KindSlow:
		return ui.T(ctx, "stalled")
	case livestatus.KindHangup, livestatus.KindClosed:
		return ui.T(ctx, "closed")
	case livestatus.KindLogin:
		return ui.T(ctx, "sign-in refused")
	}
	return strings.ReplaceAll(kind, "_", " ")
}

// skew says how far the core's clock is off, "" when it hardly is.
func skew(ctx context.Context, s time.Duration) string {
	switch {
	case s > time.Second:
		return ui.T(ctx, "%s ahead of this server", ui.Duration(ctx, s))
	case s < -time.Second:
		return ui.T(ctx, "%s behind this server", ui.Duration(ctx, -s))
	}
	return ""
}

// wrongClock is how far the clock of a core is off when ages from there mislead.
const wrongClock = 10 * time.Second

// trouble says what is wrong with a site, "" when nothing is.
func (r row) trouble(ctx context.Context) string {
	if r.Cause == "" && r.Skew.Abs() >= wrongClock {
		return ui.T(ctx, "Clock") + ": " + skew(ctx, r.Skew)
	}
	return ui.Said(ctx, r.Cause)
}

// A verdict is the outcome of a test.
type verdict struct {
	Class       string
	Step        int // where it stopped, from 1; 0 unknown
	Cause, Fix  string
	Fingerprint string // of a certificate that could be trusted
	HostKey     string // fingerprint of an SSH host key that could be accepted
	Trusted     string // fingerprint of a certificate that was trusted for this test
	Accepted    string // fingerprint of an SSH host key that was accepted for good
	Notes       []string
	Duplicate   string
	Advice      string // a better way to the core
}

// verdictOf says what a report means.
func verdictOf(r livestatus.Report, trusted string) *verdict {
	v := &verdict{Cause: r.Cause, Fix: r.Fix, Notes: r.Warnings, Duplicate: r.Duplicate, Advice: r.Advice}
	switch {
	case !livestatus.IsHostKey(trusted):
		v.Trusted = trusted
	case trusted == r.Fingerprint && r.Kind != livestatus.KindHostKey:
		v.Accepted = trusted
	}
	switch {
	case !r.OK:
		v.Class = "crit"
		for i, s := range r.Steps {
			if s.State == livestatus.StepFail {
				v.Step = i + 1
				break
			}
		}
		if r.Kind == livestatus.KindCertificate {
			v.Fingerprint = r.Fingerprint
		}
		if r.Kind == livestatus.KindHostKey {
			v.HostKey = r.Fingerprint
		}
	case len(r.Warnings) > 0:
		v.Class = "warn"
	default:
		v.Class = "ok"
	}
	return v
}

// title says in a few words how the test ended.
func (v *verdict) title(ctx context.Context) string {
	switch {
	case v.Class == "crit" && v.Step > 0:
		return ui.T(ctx, "stopped at step %d", v.Step)
	case v.Class == "crit":
		return ui.T(ctx, "failed")
	case v.Class == "warn":
		return ui.N(ctx, len(v.Notes), "ready, %d warning", "ready, %d warnings", len(v.Notes))
	}
	return ui.T(ctx, "ready")
}

// stepState is how a step of the test is drawn.
func stepState(ctx context.Context, s livestatus.Step) ui.State {
	switch s.State {
	case livestatus.StepOK:
		return ui.State{Class: "ok", Glyph: "s-ok", Word: "OK"}
	case livestatus.StepWarn:
		return ui.State{Class: "warn", Glyph: "s-warn", Word: ui.T(ctx, "warning")}
	case livestatus.StepFail:
		return ui.State{Class: "crit", Glyph: "s-fail", Word: ui.T(ctx, "failed")}
	case livestatus.StepSkip:
		return ui.State{Class: "pend", Glyph: "s-pend", Word: ui.T(ctx, "not done")}
	}
	return ui.State{Class: "pend", Glyph: "s-pend", Word: ui.T(ctx, "running")}
}

// stepNote is what stands at the end of a step's line.
func stepNote(ctx context.Context, s livestatus.Step) string {
	var words []string
	if s.Detail != "" {
		words = append(words, ui.Said(ctx, s.Detail))
	}
	if s.Took > 0 && (s.State == livestatus.StepOK || s.State == livestatus.StepWarn || s.State == livestatus.StepFail) {
		words = append(words, ui.Duration(ctx, s.Took))
	}
	if len(words) == 0 && s.State == livestatus.StepRun {
		return "…"
	}
	return strings.Join(words, " · ")
}

// merge puts a step in the place of the one with its name, else at the end.
func merge(steps []livestatus.Step, s livestatus.Step) []livestatus.Step {
	for i := range steps {
		if steps[i].Name == s.Name {
			steps[i] = s
			return steps
		}
	}
	return append(steps, s)
}
