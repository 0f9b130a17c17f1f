package livestatus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/tunnel"
)

// StepState is how a step of a diagnosis went.
type StepState string

// The states of a step.
const (
	StepRun  StepState = "run" // begun, the result follows
	StepOK   StepState = "ok"
	StepWarn StepState = "warn"
	StepFail StepState = "fail"
	StepSkip StepState = "skip" // not reached, or not for this kind of address
)

// A Step is one step of a diagnosis. Cause and Fix are set on warn and fail.
type Step struct {
	Name   string        `json:"name"`  // parse dns connect tls (login socket for ssh) answers identify hosts services clock commands volume
	Title  string        `json:"title"` // for people
	State  StepState     `json:"state"`
	Detail string        `json:"detail,omitempty"`
	Cause  string        `json:"cause,omitempty"`
	Fix    string        `json:"fix,omitempty"`
	Took   time.Duration `json:"took_ns"`
}

// A Report is the outcome of a diagnosis.
type Report struct {
	Address     string   `json:"address"`
	OK          bool     `json:"ok"` // every step that must work does; warnings allowed
	Steps       []Step   `json:"steps"`
	Core        Core     `json:"core"`
	Hosts       int      `json:"hosts"`
	Services    int      `json:"services"`
	Warnings    []string `json:"warnings,omitempty"`
	Kind        ErrKind  `json:"kind,omitempty"`
	Cause       string   `json:"cause,omitempty"`
	Fix         string   `json:"fix,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"` // SHA-256 of the server's certificate or SSH host key, if one was seen
	Duplicate   string   `json:"duplicate,omitempty"`   // name of a site that looks like the same core; set by the caller
	Advice      string   `json:"advice,omitempty"`      // a better way to this core; set by the caller
}

// The times a diagnosis allows.
const (
	diagnoseTotal = 20 * time.Second
	diagnoseDial  = 5 * time.Second
	diagnoseReply = 6 * time.Second
	diagnoseProbe = 3 * time.Second
	diagnoseLane  = 3 * time.Second
)

// clockTolerance is how far a core's clock may be off without a warning.
const clockTolerance = 2 * time.Second

// A diagnosis is one run of Diagnose.
type diagnosis struct {
	o      Options
	tell   func(Step)
	report Report
	conn   net.Conn     // connected, not used yet
	line   *tunnel.Line // logged in, not used yet
	client *Client
	core   Core
	stats  Stats // of identifying
}

// A stage is one step and how it is done. The error of a failing stage ends
// the diagnosis.
type stage struct {
	name, title string
	run         func(*diagnosis, context.Context, *Step) error
}

func stages(a Address) []stage {
	connect := "Connect to port " + a.Port
	switch a.Scheme {
	case "unix":
		connect = "Open the socket"
	case "agent":
		connect = "Speak with the agent"
	}
	list := []stage{
		{"dns", "Resolve " + a.Host, (*diagnosis).resolve},
		{"connect", connect, (*diagnosis).connect},
	}
	if a.Scheme == "ssh" {
		list = append(list, stage{"login", "SSH login as " + a.User, (*diagnosis).login}, stage{"socket", "Open the socket there", (*diagnosis).socket})
	} else {
		list = append(list, stage{"tls", "TLS handshake", (*diagnosis).handshake})
	}
	return append(list, []stage{
		{"answers", "Livestatus answers", (*diagnosis).answers},
		{"identify", "Identify the core", (*diagnosis).identify},
		{"hosts", "Read hosts", (*diagnosis).hosts},
		{"services", "Read services", (*diagnosis).services},
		{"clock", "Clock", (*diagnosis).clock},
		{"commands", "Commands allowed", (*diagnosis).commands},
		{"volume", "Amount of data", (*diagnosis).volume},
	}...)
}

func (f stage) begin() Step { return Step{Name: f.name, Title: f.title} }

// DiagnoseText is [Diagnose] for an address as people write it; t completes
// the TLS options that the address has.
func DiagnoseText(ctx context.Context, text string, t TLSOptions, o Options, step func(Step)) Report {
	a, err := ParseAddress(text)
	if err != nil {
		return badAddress(text, err, step)
	}
	a.TLS = a.TLS.Or(t)
	o.Address = a
	return Diagnose(ctx, o, step)
}

// badAddress is the report on an address that cannot be read.
func badAddress(text string, err error, tell func(Step)) Report {
	r := Report{Address: text, Kind: KindAddress, Cause: "The address cannot be used: " + err.Error() + "."}
	if bad, ok := errors.AsType[*AddressError](err); ok {
		r.Cause, r.Fix = "The address cannot be used: "+bad.Msg+".", bad.Hint
	}
	steps := []Step{{Name: "parse", Title: "Read the address", State: StepFail, Cause: r.Cause, Fix: r.Fix}}
	for _, f := range stages(Address{Host: "the name", Port: DefaultPort}) {
		s := f.begin()
		s.State = StepSkip
		steps = append(steps, s)
	}
	r.Steps = steps
	for _, s := range steps {
		if tell != nil {
			tell(s)
		}
	}
	return r
}

// Diagnose goes through connecting to a core step by step and reports each,
// when it begins and when it ended, to step, which may be nil and is called
// from this goroutine. It sends no command. It ends within about twenty
// seconds whatever the other side does. With a Lane in o it waits for its turn
// there.
func Diagnose(ctx context.Context, o Options, step func(Step)) Report {
	if o.Scheme == "" {
		return badAddress("", &AddressError{Msg: "is empty", Hint: addressForms}, step)
	}
	ctx, cancel := context.WithTimeout(ctx, diagnoseTotal)
	defer cancel()
	lctx, lcancel := context.WithTimeout(ctx, diagnoseLane)
	defer lcancel()
	if o.Lane != nil {
		// Who holds it for long is probably stuck, which is what we look for.
		if leave, err := o.Lane.Enter(lctx, PersonPriority); err == nil {
			defer leave()
		}
	}
	o.Lane = nil
	atMost(&o.DialTimeout, diagnoseDial)
	atMost(&o.FirstByte, diagnoseReply)
	atMost(&o.ReadTimeout, diagnoseReply)
	atMost(&o.Grace, diagnoseReply)
	d := &diagnosis{o: o.withDefaults(), tell: step, report: Report{Address: o.Address.String()}}
	if d.tell == nil {
		d.tell = func(Step) {}
	}
	d.client = NewClient(d.o)
	defer d.client.Close()
	d.run(ctx, stages(d.o.Address))
	if d.line != nil {
		d.line.Close()
	}
	return d.report
}

// A Check is a step of a diagnosis that another package adds: what is behind a
// connection. Run fills in the step and what the report says of the core; its
// error ends the diagnosis.
type Check struct {
	Name, Title string
	Run         func(ctx context.Context, s *Step, r *Report) error
}

// DiagnoseConnection is [Diagnose] for what speaks something else than
// Livestatus: it connects, and then the checks go on.
func DiagnoseConnection(ctx context.Context, o Options, checks []Check, step func(Step)) Report {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTotal)
	defer cancel()
	atMost(&o.DialTimeout, diagnoseDial)
	d := &diagnosis{o: o.withDefaults(), tell: step, report: Report{Address: o.Address.String()}}
	if d.tell == nil {
		d.tell = func(Step) {}
	}
	d.client = NewClient(d.o)
	defer d.client.Close()
	all := stages(o.Address)[:3]
	for _, c := range checks {
		all = append(all, stage{c.Name, c.Title, func(d *diagnosis, ctx context.Context, s *Step) error {
			err := c.Run(ctx, s, &d.report)
			d.core = d.report.Core
			return err
		}})
	}
	d.run(ctx, all)
	return d.report
}

// atMost shortens a time that is longer, or not set.
func atMost(d *time.Duration, most time.Duration) {
	if *d <= 0 || *d > most {
		*d = most
	}
}

func (d *diagnosis) run(ctx context.Context, all []stage) {
	d.note(Step{Name: "parse", Title: "Read the address", State: StepOK, Detail: d.o.Address.String()})
	failed := false
	for _, f := range all {
		s := f.begin()
		if failed {
			s.State = StepSkip
			d.note(s)
			continue
		}
		s.State = StepRun
		d.tell(s)
		began := time.Now()
		s.State = StepOK
		err := f.run(d, ctx, &s)
		s.Took = time.Since(began)
		if err != nil {
			failed = true
			d.fail(&s, err)
		}
		if s.State == StepWarn {
			d.report.Warnings = append(d.report.Warnings, s.Cause)
		}
		d.note(s)
	}
	d.report.OK = !failed
	d.report.Core = d.core
}

// note records a step that is over.
func (d *diagnosis) note(s Step) {
	d.report.Steps = append(d.report.Steps, s)
	d.tell(s)
}

// fail fills in why a step failed.
func (d *diagnosis) fail(s *Step, err error) {
	s.State = StepFail
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Kind: KindProtocol, Cause: "This did not work: " + plain(err) + ".", Fix: "See the log of this program."}
	}
	s.Cause, s.Fix = e.Cause, e.Fix
	d.report.Kind, d.report.Cause, d.report.Fix = e.Kind, e.Cause, e.Fix
	if e.fingerprint != "" {
		d.report.Fingerprint = e.fingerprint
	}
}

func skip(s *Step, detail string) error {
	s.State, s.Detail = StepSkip, detail
	return nil
}

func (d *diagnosis) resolve(ctx context.Context, s *Step) error {
	switch {
	case d.o.Scheme == "unix":
		s.Title = "Resolve the name"
		return skip(s, "a socket on this machine")
	case d.o.Scheme == "agent":
		s.Title = "Find the agent"
		return skip(s, "known by its certificate")
	case net.ParseIP(zoneless(d.o.Host)) != nil:
		return skip(s, "an IP address")
	case d.o.Dial != nil:
		return skip(s, "left to the dialer")
	}
	dctx, cancel := context.WithTimeout(ctx, diagnoseDial)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupHost(dctx, d.o.Host)
	if err != nil {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		return hostError(d.o.Address, diagnoseDial, err)
	}
	s.Detail = strings.Join(addrs, ", ")
	return nil
}

func (d *diagnosis) connect(ctx context.Context, s *Step) error {
	open := d.o.dial
	if d.o.Scheme == "ssh" {
		open = d.o.dialRaw // login and socket are steps of their own
	}
	conn, err := open(ctx)
	if err != nil {
		return err
	}
	switch d.o.Scheme {
	case "tcp", "tls", "ssh", "icinga2", "https", "http":
		s.Detail = fmt.Sprintf("%s, our address is %s", conn.RemoteAddr(), localIP(conn))
	}
	if d.o.Secure() || d.o.Scheme == "ssh" {
		d.conn = conn
		return nil
	}
	d.client.ready = conn
	return nil
}

func (d *diagnosis) handshake(ctx context.Context, s *Step) error {
	if !d.o.Secure() {
		return skip(s, "not used")
	}
	conn, err := d.o.handshake(ctx, d.conn, d.o.DialTimeout)
	if err != nil {
		return d.perhapsPlain(ctx, err)
	}
	state := conn.ConnectionState()
	leaf := state.PeerCertificates[0]
	d.report.Fingerprint = Fingerprint(leaf)
	s.Detail = fmt.Sprintf("%s, certificate %s", tls.VersionName(state.Version), describe(leaf))
	if left := time.Until(leaf.NotAfter); left < 14*24*time.Hour && !d.o.TLS.InsecureSkipVerify && d.o.TLS.Fingerprint == "" {
		s.State = StepWarn
		s.Cause = fmt.Sprintf("The certificate expires on %s.", leaf.NotAfter.UTC().Format("2 Jan 2006"))
		s.Fix = "Renew it on the server in time."
	}
	if d.o.TLS.InsecureSkipVerify {
		s.State = StepWarn
		s.Cause = "The certificate is not checked: anybody on the way can read and change everything."
		s.Fix = "Give the file of the issuing authority as ca, or pin the fingerprint."
	}
	d.client.ready = conn
	return nil
}

// perhapsPlain finds out whether what refused TLS speaks something we know.
func (d *diagnosis) perhapsPlain(ctx context.Context, cause error) error {
	switch kind := KindOf(cause); {
	case d.o.Thruk():
		return cause
	case kind == KindTLS, kind == KindHangup, kind == KindSilent:
	default:
		return cause
	}
	o := d.o
	o.Scheme = "tcp"
	o.Lane = nil
	atMost(&o.FirstByte, diagnoseProbe)
	atMost(&o.ReadTimeout, diagnoseProbe)
	atMost(&o.Grace, diagnoseProbe)
	c := NewClient(o)
	defer c.Close()
	core, err := c.Identify(ctx)
	switch {
	case err == nil:
		return &Error{Kind: KindTLS, Err: cause,
			Cause: fmt.Sprintf("%s on %s speaks Livestatus without TLS.", core.Name, where(o.Address)),
			Fix:   fmt.Sprintf("Use %s, or put a TLS proxy such as stunnel before it.", o.Address)}
	case KindOf(err) == KindXinetd, KindOf(err) == KindHTTP, KindOf(err) == KindSSH, KindOf(err) == KindBanner:
		return err
	}
	return cause
}

// perhapsTLS finds out whether what did not answer in clear text speaks TLS.
func (d *diagnosis) perhapsTLS(ctx context.Context, cause error) error {
	switch KindOf(cause) {
	case KindHangup, KindSilent, KindProtocol, KindHTTP:
	default:
		return cause
	}
	if d.o.Scheme != "tcp" {
		return cause
	}
	conn, err := d.o.dial(ctx)
	if err != nil {
		return cause
	}
	defer conn.Close()
	hctx, cancel := context.WithTimeout(ctx, min(diagnoseProbe, d.o.DialTimeout))
	defer cancel()
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	err = c.HandshakeContext(hctx)
	if err != nil && !isAlert(err) {
		return cause
	}
	var web *Error
	if err == nil {
		web = d.speaksHTTP(ctx, c)
	}
	switch {
	case web != nil && web.icinga:
		return web
	case KindOf(cause) == KindHTTP || web != nil:
		return &Error{Kind: KindHTTP, Err: cause,
			Cause: fmt.Sprintf("A web server with TLS (HTTPS) answers on %s, not Livestatus.", where(d.o.Address)),
			Fix:   "Give the port of Livestatus (usually 6557, for Icinga 2 6558), not that of Thruk, the core's web pages or an API."}
	}
	o := d.o.Address
	o.Scheme = "tls"
	return &Error{Kind: KindTLS, Err: cause,
		Cause: fmt.Sprintf("%s speaks TLS, but the address says to talk without.", where(o)), Fix: fmt.Sprintf("Use %s.", o)}
}

// speaksHTTP is what a web server behind conn, which it uses up, is, nil if
// there is none.
func (d *diagnosis) speaksHTTP(ctx context.Context, conn net.Conn) *Error {
	o := d.o
	o.Lane = nil
	atMost(&o.FirstByte, diagnoseProbe)
	c := NewClient(o)
	defer c.Close()
	c.ready = conn
	_, err := c.Identify(ctx)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == KindHTTP {
		return e
	}
	return nil
}

func (d *diagnosis) answers(ctx context.Context, s *Step) error {
	core, st, err := d.client.identify(ctx)
	if err != nil {
		return d.perhapsTLS(ctx, err)
	}
	d.core, d.stats = core, st
	s.Detail = "in " + milliseconds(st.Took)
	return nil
}

func (d *diagnosis) identify(ctx context.Context, s *Step) error {
	c := d.core
	s.Detail = strings.TrimSpace(c.Name + " " + c.Version)
	if n := d.behind(ctx); n > 1 {
		s.Detail = fmt.Sprintf("%s, %d sites behind it, each of which becomes a site here", s.Detail, n)
	}
	if c.LivestatusVersion != "" && c.LivestatusVersion != c.Version {
		s.Detail = fmt.Sprintf("%s, Livestatus %s", s.Detail, clip(firstLine([]byte(c.LivestatusVersion))))
	}
	if c.ProgramStart > 0 {
		s.Detail = fmt.Sprintf("%s, running since %s", s.Detail, time.Unix(c.ProgramStart, 0).UTC().Format("2 Jan 2006 15:04 MST"))
	}
	if c.Impl == 0 {
		s.State = StepWarn
		s.Cause = fmt.Sprintf("This implementation is not known (it calls itself %q), so it is treated most carefully.", clip(firstLine([]byte(c.ProgramVersion+" "+c.LivestatusVersion))))
		s.Fix = "It may work; tell us its name and version."
	}
	return nil
}

// behind returns how many sites a proxy has, 0 for what is none.
func (d *diagnosis) behind(ctx context.Context) int {
	if d.core.Impl != schema.LMD {
		return 0
	}
	st, err := d.client.Fetch(ctx, lql.Get("sites", "key"), &namesSink{})
	if err != nil {
		return 0 // an old one without that table
	}
	return st.Rows
}

func (d *diagnosis) hosts(ctx context.Context, s *Step) (err error) {
	d.report.Hosts, err = d.count(ctx, s, "hosts")
	if err == nil && d.report.Hosts == 0 {
		s.State = StepWarn
		s.Cause = "The core has no hosts."
		s.Fix = "Check its configuration, or whether it is still starting."
	}
	return err
}

func (d *diagnosis) services(ctx context.Context, s *Step) (err error) {
	d.report.Services, err = d.count(ctx, s, "services")
	return err
}

// count counts the rows of a table in a way every implementation knows.
func (d *diagnosis) count(ctx context.Context, s *Step, table string) (int, error) {
	q := lql.Get(table)
	q.Count(lql.Cmp("state", lql.NotEqual, "9999"))
	row, st, err := d.client.numbers(ctx, q)
	if err != nil {
		return 0, err
	}
	n := int(row[0])
	s.Detail = fmt.Sprintf("%d in %s", n, milliseconds(st.Took))
	return n, nil
}

func (d *diagnosis) clock(ctx context.Context, s *Step) error {
	skew, exact, err := d.client.Clock(ctx, d.core)
	switch {
	case KindOf(err) == KindStatus:
		s.Detail = "cannot be told"
		return nil
	case err != nil:
		return err
	case !exact:
		s.Detail = "cannot be told: nothing was checked while we looked"
		return nil
	case skew.Abs() <= clockTolerance:
		s.Detail = "agrees with ours"
		return nil
	}
	word := "ahead of ours"
	if skew < 0 {
		word = "behind ours"
	}
	n := int(skew.Abs().Seconds())
	s.State = StepWarn
	s.Detail = fmt.Sprintf("%d s %s", n, word)
	s.Cause = fmt.Sprintf("The core's clock is about %d s %s: times and ages are off by as much.", n, word)
	s.Fix = "Run chrony or another time service on both machines."
	return nil
}

func (d *diagnosis) commands(_ context.Context, s *Step) error {
	if d.core.Commands {
		s.Detail = "external commands are enabled; none was sent"
		return nil
	}
	s.State = StepWarn
	s.Cause = "The core has external commands switched off: acknowledgements, downtimes and the like would be ignored."
	s.Fix = "Set check_external_commands=1 in the core's configuration if they are wanted."
	return nil
}

// liveColumns are what changes with a check and all implementations have.
var liveColumns = [...]string{"host_name", "description", "state", "state_type", "has_been_checked", "last_check", "next_check", "last_state_change",
	"last_hard_state_change", "current_attempt", "plugin_output", "long_plugin_output", "perf_data", "latency", "execution_time", "acknowledged",
	"scheduled_downtime_depth", "is_flapping", "notifications_enabled", "active_checks_enabled"}

// volume estimates what following the core will cost from a sample of its rows.
func (d *diagnosis) volume(ctx context.Context, s *Step) error {
	if d.report.Services == 0 {
		return skip(s, "no services")
	}
	q := lql.Get("services", liveColumns[:]...)
	q.Limit = 100
	st, err := d.client.Fetch(ctx, q, &namesSink{})
	switch {
	case KindOf(err) == KindStatus:
		return skip(s, "cannot be estimated")
	case err != nil:
		return err
	case st.Rows == 0:
		return skip(s, "cannot be estimated")
	}
	perRow := st.BytesIn / int64(st.Rows)
	all := perRow * int64(d.report.Services+d.report.Hosts)
	s.Detail = fmt.Sprintf("about %s for all states, then about %s a second if each is checked every 5 minutes", size(all), size(all/300))
	if every := d.core.Profile.Interval(d.stats.Took); every > 0 {
		s.Detail = fmt.Sprintf("%s; this core is asked at most every %s", s.Detail, short(every))
	}
	return nil
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
