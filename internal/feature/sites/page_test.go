package sites

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// manager records what it is told.
type manager struct {
	sites  []site.Status
	calls  []string
	spec   site.Spec
	report livestatus.Report
	err    error

	pairing Pairing
}

func (m *manager) note(format string, a ...any) error {
	m.calls = append(m.calls, fmt.Sprintf(format, a...))
	return m.err
}

func (m *manager) List(context.Context) ([]site.Status, error) { return m.sites, nil }

func (m *manager) Test(_ context.Context, s site.Spec, step func(livestatus.Step)) livestatus.Report {
	if step == nil { // one of many
		return m.report
	}
	m.spec = s
	for _, x := range m.report.Steps {
		step(livestatus.Step{Name: x.Name, Title: x.Title, State: livestatus.StepRun})
		step(x)
	}
	return m.report
}

func (m *manager) Add(_ context.Context, by auth.Actor, s site.Spec) (string, error) {
	m.spec = s
	return "new", m.note("add %s by %s paused %v", s.Name, by.Name, s.Paused)
}

func (m *manager) Update(_ context.Context, by auth.Actor, s site.Spec) error {
	m.spec = s
	return m.note("update %s %s", s.Key, s.Name)
}

func (m *manager) Pause(_ context.Context, by auth.Actor, key string, paused bool) error {
	return m.note("pause %s %v", key, paused)
}

func (m *manager) Remove(_ context.Context, by auth.Actor, key string) error {
	return m.note("remove %s", key)
}

func (m *manager) Pair(_ context.Context, by auth.Actor, s site.Spec, seen string) (Pairing, error) {
	m.spec = s
	return m.pairing, m.note("pair %s by %s seen as %s", s.Name, by.Name, seen)
}

func (m *manager) Pairing(_ context.Context, _ auth.Actor, id string) (Pairing, error) {
	if id != m.pairing.ID {
		return Pairing{}, db.ErrNotFound
	}
	return m.pairing, nil
}

func (m *manager) Withdraw(_ context.Context, _ auth.Actor, id string) error {
	return m.note("withdraw %s", id)
}

func (m *manager) Invited(_ context.Context, by auth.Actor, s site.Spec, code string) (string, error) {
	m.spec = s
	return "w", m.note("invited %s by %s with %s", s.Name, by.Name, code)
}

func (m *manager) Refresh(key string) { _ = m.note("refresh %s", key) }

func start(t *testing.T) (*webtest.Site, *manager) {
	now := time.Now()
	m := &manager{sites: []site.Status{
		{Spec: site.Spec{Key: "w", Name: "Wien", Addresses: []string{"tls://mon-wien:6557?fingerprint=00"}},
			Health: store.Health{State: store.Fresh, LastOK: now, Implementation: "Naemon", Version: "1.4.2", Transport: "tls", Latency: 11 * time.Millisecond}},
		{Spec: site.Spec{Key: "f", Name: "Frankfurt", Addresses: []string{"tcp://mon-fra"}},
			Health: store.Health{State: store.Down, Cause: "mon-fra does not answer", LastOK: now.Add(-4 * time.Minute), Since: now.Add(-4 * time.Minute), Errors: map[string]int64{"timeout": 24}}},
		{Spec: site.Spec{Key: "k", Name: "Kraków", Addresses: []string{"unix:///run/live"}, Provisioned: true, Paused: true}, Health: store.Health{State: store.Paused}},
	}}
	w := &webtest.World{
		Parts: []lql.Part{webtest.Fresh("w"), webtest.Stale("f")},
		Tables: map[string][]webtest.Row{"sites": {
			{"key": "w", "name": "Wien", "state": "fresh", "hosts": 812, "services": 9644, "implementation": "Naemon", "version": "1.4.2", "last_update": float64(now.Unix())},
			{"key": "f", "name": "Frankfurt", "state": "down", "cause": "mon-fra does not answer", "hosts": 604, "services": 7120, "addr": "tcp://mon-fra"},
		}},
	}
	return webtest.New(t, w, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature(Options{Manager: m})} }), m
}

func TestList(t *testing.T) {
	s, m := start(t)
	for i := range 5 {
		m.sites[0].Health.Trace.Note(time.Now().Add(time.Duration(i-5)*time.Minute), time.Duration(i+1)*time.Millisecond)
	}
	m.sites[1].Spec.Section = "Europe/Germany"
	a := s.Get("root", "/sites")
	if got := a.Texts("svg.spark"); !slices.Equal(got, []string{"1 ms to 5 ms in the last hour"}) {
		t.Errorf("lines of latency %q", got)
	}
	if got := webtest.Text(a.One("[id=site|f]")); !strings.Contains(got, "Europe/Germany") {
		t.Errorf("Frankfurt has no section: %q", got)
	}
	if got := a.Texts("tbody .c-state"); !slices.Equal(got, []string{"live", "not answering", "paused"}) {
		t.Errorf("states %q", got)
	}
	if got := webtest.Text(a.One("[id=site|w]")); !strings.Contains(got, "Naemon 1.4.2") || !strings.Contains(got, "tls://mon-wien:6557") ||
		!strings.Contains(got, "9 644") || !strings.Contains(got, "11 ms") || strings.Contains(got, "fingerprint") {
		t.Errorf("Wien: %q", got)
	}
	if got := webtest.Text(a.One("[id=site|f]")); !strings.Contains(got, "mon-fra does not answer") {
		t.Errorf("Frankfurt: %q", got)
	}
	if len(a.All("[id=site|k] .tag")) != 1 || strings.Contains(a.Body, "/sites/k/resume") {
		t.Error("a provisioned site is not marked, or can be changed")
	}
}

// TestFiles: a file holds the sites that the page shows to who asks; addresses
// and troubles are for admins there too.
func TestFiles(t *testing.T) {
	s, _ := start(t)
	file := s.Get("root", "/sites/export?format=json").Body
	for _, want := range []string{
		`{"state":"live","name":"Wien","section":"","core":"Naemon 1.4.2","hosts":812,"services":9644,"last_update":"20`, `"transport":"Livestatus over TLS","address":"tls://mon-wien:6557","via":"","latency":0.011,"trouble":""}`,
		`"name":"Kraków"`, `"latency":null,"trouble":"mon-fra does not answer"}`,
	} {
		if !strings.Contains(file, want) || strings.Contains(file, "fingerprint") {
			t.Errorf("the file does not say %s: %s", want, file)
		}
	}
	a := s.Get("all", "/sites/export?format=json")
	if !strings.Contains(a.Body, `"name":"Frankfurt"`) || strings.Contains(a.Body, "mon-") || strings.Contains(a.Body, "Kraków") || strings.Contains(a.Body, "latency") {
		t.Errorf("the file of a viewer: %d %s", a.Status, a.Body)
	}
	if a := s.Get("nobody", "/sites/copy?as=text", "Accept", "text/plain"); strings.Contains(a.Body, "Wien") {
		t.Errorf("who sees nothing copies %s", a.Body)
	}
	for user, want := range map[string]int{"root": 6, "all": 6, "nobody": 0} {
		if n := len(s.Get(user, "/sites").All(".ph .end .pop a")); n != want {
			t.Errorf("%s is offered %d forms, want %d", user, n, want)
		}
	}
}

func TestOthersSeeNoAddresses(t *testing.T) {
	s, m := start(t)
	a := s.Get("all", "/sites")
	if got := a.Texts("tbody th"); !slices.Equal(got, []string{"Wien", "Frankfurt"}) {
		t.Errorf("sites %q", got)
	}
	for _, not := range []string{"mon-wien", "mon-fra", "/sites/new", "refresh", "Kraków"} {
		if strings.Contains(webtest.Text(a.One("main")), not) {
			t.Errorf("a viewer finds %q", not)
		}
	}
	if a := s.Get("nobody", "/sites"); webtest.Text(a.One(".empty h2")) != "You see no sites" {
		t.Errorf("who sees nothing is told %q", webtest.Text(a.One(".empty h2")))
	}
	for _, path := range []string{"/sites/new", "/sites/test", "/sites/w/edit", "/sites/w/pause", "/sites/w/resume", "/sites/w/refresh", "/sites/w/remove"} {
		if a := s.Post("all", path, "name", "x", "addresses", "tcp://127.0.0.1:1"); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			t.Errorf("a viewer may POST %s: %d", path, a.Status)
		}
	}
	if len(m.calls) != 0 || m.spec.Addresses != nil {
		t.Errorf("a viewer did %q", m.calls)
	}
}

func TestAdd(t *testing.T) {
	s, m := start(t)
	a := s.Post("root", "/sites/new", "name", " Łódź ", "section", "/Europe/Poland/", "addresses", "tls://mon-lodz:6557\r\n\r\n tcp://backup:6557 ", "interval", "2.5", "ca", "/etc/ca.pem", "trust", strings.Repeat("ab", 32))
	if a.Status != http.StatusSeeOther || !slices.Equal(m.calls, []string{"add Łódź by root paused false"}) {
		t.Fatalf("status %d, calls %q", a.Status, m.calls)
	}
	want := site.Spec{Name: "Łódź", Section: "Europe/Poland", Addresses: []string{"tls://mon-lodz:6557", "tcp://backup:6557"}, Interval: 2500 * time.Millisecond,
		TLS: livestatus.TLSOptions{CA: "/etc/ca.pem", Fingerprint: strings.Repeat("ab", 32)}}
	if fmt.Sprint(m.spec) != fmt.Sprint(want) {
		t.Errorf("spec %+v\nwant %+v", m.spec, want)
	}
	s.Post("root", "/sites/new", "name", "Later", "addresses", "tcp://x", "paused", "1")
	if m.calls[1] != "add Later by root paused true" {
		t.Errorf("calls %q", m.calls)
	}
}

func TestBadForms(t *testing.T) {
	s, m := start(t)
	for want, fields := range map[string][]string{
		"Give the site the name people know it by.":            {"addresses", "tcp://x"},
		"Where does it listen?":                                {"name", "x"},
		"there is more than one colon":                         {"name", "x", "addresses", "a:b:c"},
		"interval must be a number of seconds from 0 to 3600.": {"name", "x", "addresses", "tcp://x", "interval", "3601"},
		"fingerprint must be 64 hexadecimal digits":            {"name", "x", "addresses", "tcp://x", "fingerprint", "xyz"},
		"name must be at most 100 bytes":                       {"name", strings.Repeat("x", 101), "addresses", "tcp://x"},
		"addresses must be at most 10.":                        {"name", "x", "addresses", strings.Repeat("tcp://x\n", 11)},
		"section must be at most 200 bytes":                    {"name", "x", "addresses", "tcp://x", "section", strings.Repeat("x", 201)},
		"the user on the other machine is missing":             {"name", "x", "addresses", "ssh://x/y"},
	} {
		a := s.Post("root", "/sites/new", fields...)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) {
			t.Errorf("%q: status %d, want 422 and %q", fields, a.Status, want)
		}
	}
	if len(m.calls) != 0 {
		t.Errorf("a bad form did %q", m.calls)
	}
	m.err = fmt.Errorf("store: %w", db.ErrExists)
	if a := s.Post("root", "/sites/new", "name", "Wien", "addresses", "tcp://x"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "There is a site with this name already.") {
		t.Errorf("a name that is taken: %d", a.Status)
	}
	m.err = web.Conflict("There is a site called Wien already", "Choose another name.")
	if a := s.Post("root", "/sites/new", "name", "Wien", "addresses", "tcp://x"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "There is a site called Wien already") {
		t.Errorf("a refusal for people: %d", a.Status)
	}
}

func TestChanges(t *testing.T) {
	s, m := start(t)
	for _, path := range []string{"/sites/w/pause", "/sites/w/resume", "/sites/w/refresh", "/sites/w/remove"} {
		if a := s.Post("root", path); a.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	s.Post("root", "/sites/w/edit", "name", "Vienna", "addresses", "tcp://x")
	want := []string{"pause w true", "pause w false", "refresh w", "remove w", "update w Vienna"}
	if !slices.Equal(m.calls, want) {
		t.Errorf("calls %q, want %q", m.calls, want)
	}
	if a := s.Get("root", "/sites/f/edit"); !strings.Contains(webtest.Text(a.One("main")), "24 no connection in time") {
		t.Error("the page of a site does not count its errors")
	}
	if a := s.Get("root", "/sites/k/edit"); len(a.All("#site-form button.pri")) != 0 || len(a.All("[id=remove-site]")) != 0 {
		t.Error("a provisioned site can be changed")
	}
	if a := s.Get("root", "/sites/nosuch/edit"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown site: %d", a.Status)
	}
	m.err = db.ErrNotFound
	if a := s.Post("root", "/sites/gone/pause"); a.Status != http.StatusNotFound {
		t.Errorf("pausing an unknown site: %d", a.Status)
	}
}

// failed is a test that stopped at the certificate.
func failed() livestatus.Report {
	return livestatus.Report{
		Kind: livestatus.KindCertificate, Cause: "The certificate is signed by an unknown authority.", Fix: "Give its CA file.", Fingerprint: strings.Repeat("cd", 32),
		Steps: []livestatus.Step{
			{Name: "connect", Title: "Connect to port 6557", State: livestatus.StepOK, Took: 11 * time.Millisecond},
			{Name: "tls", Title: "TLS handshake", State: livestatus.StepFail, Cause: "The certificate is signed by an unknown authority."},
			{Name: "hosts", Title: "Read hosts", State: livestatus.StepSkip},
		},
	}
}

func TestStepsStream(t *testing.T) {
	s, m := start(t)
	m.report = failed()
	a := s.PostWith("root", "/sites/test", []string{"Accept", "application/x-ndjson"}, "addresses", "tls://mon-lodz:6557")
	if a.Status != http.StatusOK || m.spec.Addresses[0] != "tls://mon-lodz:6557" {
		t.Fatalf("status %d, spec %+v: a test needs no name", a.Status, m.spec)
	}
	var ids []string
	var last string
	for _, line := range strings.Split(strings.TrimSpace(a.Body), "\n") {
		var part struct{ List, ID, HTML string }
		if err := json.Unmarshal([]byte(line), &part); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		ids = append(ids, part.ID)
		last = part.HTML
	}
	want := []string{"steps", "verdict", "step-connect", "step-connect", "step-tls", "step-tls", "step-hosts", "step-hosts", "verdict"}
	if !slices.Equal(ids, want) {
		t.Errorf("parts %q, want %q", ids, want)
	}
	for _, want := range []string{"stopped at step 2", "signed by an unknown authority", "Give its CA file.", strings.Repeat("cd", 32), "Trust this certificate"} {
		if !strings.Contains(last, want) {
			t.Errorf("the verdict does not say %q", want)
		}
	}
	a = s.PostWith("root", "/sites/test", []string{"Accept", "application/x-ndjson"}, "addresses", "nonsense://x")
	if !strings.Contains(a.Body, "nonsense") || strings.Contains(a.Body, "step-") {
		t.Errorf("a bad address gives %s", a.Body)
	}
}

// TestAllSites: every site that is reached from here is tested, and each line
// says how; without a script the page shows them all.
func TestAllSites(t *testing.T) {
	s, m := start(t)
	m.report = failed()
	a := s.PostWith("root", "/sites/test-all", []string{"Accept", "application/x-ndjson"})
	last := map[string]string{}
	var first []string
	for _, line := range strings.Split(strings.TrimSpace(a.Body), "\n") {
		var part struct{ List, ID, HTML string }
		if err := json.Unmarshal([]byte(line), &part); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if last[part.ID] == "" {
			first = append(first, part.ID)
		}
		last[part.ID] = part.HTML
	}
	if want := []string{"tested", "tested-w", "tested-f", "tested-k"}; !slices.Equal(first, want) {
		t.Errorf("parts %q, want %q", first, want)
	}
	for _, want := range []string{"Frankfurt", "stopped at step 2", "TLS handshake", "signed by an unknown authority. Give its CA file."} {
		if !strings.Contains(last["tested-f"], want) {
			t.Errorf("the line of Frankfurt does not say %q: %s", want, last["tested-f"])
		}
	}
	m.report = livestatus.Report{OK: true, Core: livestatus.Core{Name: "Naemon", Version: "1.4.2"}}
	page := s.Post("root", "/sites/test-all")
	if got := page.Texts("#tested li"); page.Status != http.StatusOK || !slices.Equal(got, []string{"Wien OK ready · Naemon 1.4.2", "Frankfurt OK ready · Naemon 1.4.2", "Kraków OK ready · Naemon 1.4.2"}) {
		t.Errorf("without a script: %d %q", page.Status, got)
	}
	if len(page.All("[id=site|w]")) != 1 || len(m.calls) != 0 {
		t.Errorf("the list is gone, or the test changed %q", m.calls)
	}
	if a := s.Post("all", "/sites/test-all"); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
		t.Errorf("a viewer may test all: %d", a.Status)
	}
}

// TestTestsEnd: a test of all ends when its time is over, whatever sites do, and
// tells of each.
func TestTestsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var sites []site.Status
	for i := range 3 * testsAtOnce {
		sites = append(sites, site.Status{Spec: site.Spec{Key: fmt.Sprint(i)}})
	}
	m := &hanging{manager: &manager{}, begun: make(chan struct{}, len(sites))}
	go func() {
		for range testsAtOnce {
			<-m.begun
		}
		cancel()
	}()
	n := 0
	handler{Options{Manager: m}}.testEach(ctx, sites, func(tested) { n++ })
	if n != len(sites) {
		t.Errorf("told of %d of %d sites", n, len(sites))
	}
}

// hanging is a manager whose tests take as long as they may.
type hanging struct {
	*manager
	begun chan struct{}
}

func (h *hanging) Test(ctx context.Context, _ site.Spec, _ func(livestatus.Step)) livestatus.Report {
	h.begun <- struct{}{}
	<-ctx.Done()
	return livestatus.Report{Cause: "no time"}
}

// TestSpark: the line of an hour breaks where nothing answered and ends at the
// last answer; the worst is at the top.
func TestSpark(t *testing.T) {
	var minutes [store.TraceMinutes]time.Duration
	if got := sparkOf(minutes); got != (spark{}) {
		t.Errorf("no answers: %+v", got)
	}
	minutes[0], minutes[1], minutes[58] = 10*time.Millisecond, 40*time.Millisecond, 20*time.Millisecond
	got := sparkOf(minutes)
	if got.Path != "M2.0,14.0 3.4,2.0 M80.6,10.0" || got.X != "80.6" || got.Y != "10.0" || got.words(t.Context()) != "10 ms to 40 ms in the last hour" {
		t.Errorf("the line is %+v, %q", got, got.words(t.Context()))
	}
}

// TestHostKey: an SSH host key that is not known is shown and accepted by its
// fingerprint, one that changed is not offered.
func TestHostKey(t *testing.T) {
	s, m := start(t)
	print := "SHA256:" + strings.Repeat("k", 43)
	m.report = livestatus.Report{Kind: livestatus.KindHostKey, Cause: "The host key of mon:22 is not known yet (ssh-ed25519, x).", Fix: "Compare it.", Fingerprint: print}
	a := s.Post("root", "/sites/test", "name", "W", "addresses", "ssh://n@mon/run/live")
	if got := webtest.Attr(a.One("button[name=trust]"), "value"); got != print || m.spec.Accept != "" {
		t.Errorf("offered %q, accepted %q", got, m.spec.Accept)
	}
	m.report = livestatus.Report{OK: true, Fingerprint: print, Advice: "There is a better way."}
	a = s.Post("root", "/sites/test", "name", "W", "addresses", "ssh://n@mon/run/live", "trust", print)
	page := webtest.Text(a.One("main"))
	if m.spec.Accept != print || m.spec.TLS.Fingerprint != "" || !strings.Contains(page, "is accepted from now on") || !strings.Contains(page, "There is a better way.") {
		t.Errorf("tested %+v", m.spec)
	}
	if len(a.All("input[name=trust]")) != 0 || webtest.Attr(a.One("[name=fingerprint]"), "value") != "" {
		t.Error("the host key is kept as that of a certificate")
	}
	m.report = livestatus.Report{Kind: livestatus.KindHostKey, Cause: "mon:22 shows another host key than the known one."}
	a = s.Post("root", "/sites/test", "name", "W", "addresses", "ssh://n@mon/run/live")
	if len(a.All("button[name=trust]")) != 0 {
		t.Error("a host key that changed can be accepted")
	}
	s.Post("root", "/sites/new", "name", "W", "addresses", "ssh://n@mon/run/live", "trust", print)
	if m.spec.TLS.Fingerprint != "" {
		t.Errorf("added with the host key as a certificate: %+v", m.spec)
	}
}

func TestStepsWithoutScripts(t *testing.T) {
	s, m := start(t)
	m.report = failed()
	a := s.Post("root", "/sites/test", "name", "Łódź", "addresses", "tls://mon-lodz:6557")
	if got := len(a.All("ol.steps li")); got != 3 {
		t.Errorf("%d steps, want 3", got)
	}
	if got := webtest.Attr(a.One("[id=f-name]"), "value"); got != "Łódź" {
		t.Errorf("the form has forgotten the name: %q", got)
	}
	m.report = livestatus.Report{OK: true, Warnings: []string{"clock"}, Duplicate: "Wien", Steps: []livestatus.Step{
		{Name: "clock", Title: "Clock", State: livestatus.StepWarn, Detail: "3 s behind", Cause: "The clock is 3 s behind.", Fix: "Start chrony."}}}
	a = s.Post("root", "/sites/test", "site", "w", "addresses", "tcp://x", "name", "Wien", "trust", strings.Repeat("cd", 32))
	page := webtest.Text(a.One("main"))
	for _, want := range []string{"ready, 1 warning", "Start chrony.", "same core as Wien", "will be trusted"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if m.spec.TLS.Fingerprint != strings.Repeat("cd", 32) || m.spec.Key != "w" {
		t.Errorf("tested %+v", m.spec)
	}
}

func TestNoSites(t *testing.T) {
	m := &manager{}
	s := webtest.New(t, &webtest.World{}, func(*auth.Service, *db.DB) []web.Feature { return []web.Feature{Feature(Options{Manager: m})} })
	a := s.Get("root", "/sites")
	if webtest.Text(a.One(".empty h2")) != "No site yet" || webtest.Attr(a.One(".empty a"), "href") != "/sites/new" {
		t.Error("an empty list does not lead to the wizard")
	}
}

// TestBadAddressesInGerman: what is wrong with an address is German on a
// German page.
func TestBadAddressesInGerman(t *testing.T) {
	s, _ := start(t)
	for want, address := range map[string]string{
		"es gibt mehr als einen Doppelpunkt":   "a:b:c",
		"der Benutzer auf dem anderen Rechner": "ssh://x/y",
		"keine Zahl von 1 bis 65535":           "a:0",
		"der Pfad eines Sockets beginnt mit /": "unix:x",
		"Parameter gibt es nur bei tls://":     "tcp://a?insecure=1",
	} {
		a := s.PostWith("root", "/sites/new", []string{"Accept-Language", "de"}, "name", "x", "addresses", address)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, want) {
			t.Errorf("%s: status %d, want 422 and %q", address, a.Status, want)
		}
	}
}

// TestWays: the sites behind another stand below it, say so, and cannot be
// changed; it counts as none itself.
func TestWays(t *testing.T) {
	s, m := start(t)
	m.sites = append(m.sites,
		site.Status{Spec: site.Spec{Key: "eu.wien", Name: "Wien EU", Via: "eu", Backend: "wien", Addresses: []string{"tls://eu"}}, Health: store.Health{State: store.Down, Cause: "Europe says: gone"}},
		site.Status{Spec: site.Spec{Key: "eu", Name: "Europe", Addresses: []string{"tls://eu"}}, Health: store.Health{State: store.Fresh, Implementation: "Belvedere"}, Way: true},
	)
	a := s.Get("root", "/sites")
	if got := a.Texts("tbody th"); !slices.Equal(got, []string{"Wien", "Frankfurt", "Kraków file", "Europe", "Wien EU"}) {
		t.Errorf("sites are %q", got)
	}
	if way, kid := webtest.Text(a.One("[id=site|eu]")), webtest.Text(a.One("[id=site|eu.wien]")); !strings.Contains(way, "1 site") || !strings.Contains(kid, "via Europe") {
		t.Errorf("%q leads to %q", way, kid)
	}
	if got := a.Texts("[data-block=note] .dim"); !slices.Equal(got, []string{"4 sites, 1 live, 1 paused"}) {
		t.Errorf("the note is %q", got)
	}
	if n := len(a.Texts(`tr.kid form[action$="/pause"]`)); n != 0 {
		t.Error("a site behind another can be paused")
	}
	page := s.Get("root", "/sites/eu.wien/edit")
	if form := strings.Join(page.Texts("#site-form"), ""); page.Status != http.StatusOK || !strings.Contains(form, "This site is behind Europe") || len(page.Texts("#site-form button.pri")) != 0 {
		t.Errorf("the page of a site behind another: %d %q", page.Status, form)
	}
}

// TestTokenFileIsKept: a token file is sent to the addresses that had it, and to
// no other that somebody enters.
func TestTokenFileIsKept(t *testing.T) {
	old := site.Spec{Addresses: []string{"tls://far:6557"}, TLS: livestatus.TLSOptions{TokenFile: "/etc/token"}}
	for _, tt := range []struct {
		addresses []string
		file      string
		want      bool
	}{
		{[]string{"tls://far:6557"}, "/etc/token", false},
		{[]string{"tls://far:6557"}, "", false},
		{[]string{"tls://evil:6557"}, "", false},
		{[]string{"tls://evil:6557"}, "/etc/token", true},
		{[]string{"tls://far:6557", "tls://evil:6557"}, "/etc/token", true},
		{[]string{"tls://far:6557"}, "/etc/machine-id", true},
		{[]string{"tls://evil:6557?token_file=/etc/token"}, "", true},
	} {
		s := site.Spec{Addresses: tt.addresses, TLS: livestatus.TLSOptions{TokenFile: tt.file}}
		if got := namesToken(s, old); got != tt.want {
			t.Errorf("%q %q: %v", tt.addresses, tt.file, got)
		}
	}
}

// TestTrouble: a clock that is far off is told in the list, unless there is
// worse.
func TestTrouble(t *testing.T) {
	for want, r := range map[string]row{
		"":                                {Skew: 3 * time.Second},
		"Clock: 2 h ahead of this server": {Skew: 2 * time.Hour},
		"Clock: 2 h behind this server":   {Skew: -2 * time.Hour},
		"no route":                        {Skew: 2 * time.Hour, Cause: "no route"},
	} {
		if got := strings.ReplaceAll(r.trouble(t.Context()), "\u00a0", " "); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}
