package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
)

// TestContract does to a core what happens to cores, and looks each time that
// the site that reads it over each way has what the core says.
func TestContract(t *testing.T) {
	for _, w := range ways() {
		t.Run(strings.ReplaceAll(w.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c, o := w.open(t)
			m, fleet := follow(t, o)
			p := &partner{T: t, way: w, core: c, fleet: fleet, refresh: func() {
				if o.nearer != nil {
					o.nearer()
				}
				m.Refresh(siteKey)
			}}
			p.equal("after the first reading")
			for _, s := range steps(c) {
				if err := s.do(); err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				p.refresh()
				p.shows(s)
				p.equal("after " + s.name)
			}
			p.outage()
		})
	}
}

// A partner is a site beside the core it reads.
type partner struct {
	*testing.T
	way     way
	core    core
	fleet   *store.Fleet
	refresh func()
	tables  []string // besides those that every core has
}

// A step is something that happens at a core, and how its truth shows it.
type step struct {
	name  string
	do    func() error
	shown func(truth func(table string) rows) bool
}

// long is an output with everything that a plugin may write.
var long = "Größe 漢字 ✓ <b>&amp; 'quoted' \"double\" | 'disk ü'=81.5%;80;90;0;100 load=1.5" + strings.Repeat(`\nline of long output, čtvrtá řádka`, 40)

func steps(c core) []step {
	host, service := c.object()
	of := func(rest string) string { return host + ";" + service + rest }
	row := func(truth func(string) rows) map[string]any { return truth("services")[host+"\x00"+service] }
	count := func(table, text string) func(func(string) rows) bool {
		return func(truth func(string) rows) bool {
			for _, r := range truth(table) {
				if r["comment"] == text {
					return true
				}
			}
			return false
		}
	}
	now := time.Now().Unix()
	return []step{
		{"a result with a long output in many alphabets", func() error { return c.result(host, service, 2, long) },
			func(truth func(string) rows) bool { return row(truth)["state"] == int64(2) }},
		{"an acknowledgement", func() error { return c.tell("ACKNOWLEDGE_SVC_PROBLEM;" + of(";2;0;1;änn;schon gesehen")) },
			func(truth func(string) rows) bool { return row(truth)["acknowledged"] == int64(1) }},
		{"a comment", func() error { return c.tell("ADD_SVC_COMMENT;" + of(";1;änn;ein Kommentar: ✓")) }, count("comments", "ein Kommentar: ✓")},
		{"a downtime of the host", func() error {
			return c.tell(fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;%s;%d;%d;1;0;3600;änn;Wartung", host, now-5, now+3600))
		}, count("downtimes", "Wartung")},
		{"a switch", func() error { return c.tell("DISABLE_SVC_NOTIFICATIONS;" + of("")) },
			func(truth func(string) rows) bool { return row(truth)["notifications_enabled"] == int64(0) }},
		{"the end of an acknowledgement", func() error { return c.tell("REMOVE_SVC_ACKNOWLEDGEMENT;" + of("")) },
			func(truth func(string) rows) bool { return row(truth)["acknowledged"] == int64(0) }},
		{"a host that is down", func() error { return c.result(host, "", 1, "no answer") },
			func(truth func(string) rows) bool { return truth("hosts")[host]["state"] == int64(1) }},
		{"a restart", c.restart, func(truth func(string) rows) bool { return row(truth) != nil }},
		{"a reload with a service and a host that came, and such that went", c.change, func(truth func(string) rows) bool { return row(truth) == nil }},
	}
}

// shows waits until the core itself says that the step happened.
func (p *partner) shows(s step) {
	p.Helper()
	until(p.T, "the core itself shows "+s.name, func() bool { return s.shown(p.core.truth) })
}

// equal waits until the store equals what the core says.
func (p *partner) equal(when string) {
	p.Helper()
	var diffs []string
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if diffs = p.differences(); len(diffs) == 0 {
			return
		}
		if time.Now().After(end) {
			p.Logf("%s: health %+v", when, p.fleet.View().Sites[0].Health)
			sitetest.Report(p.T, diffs)
			p.FailNow()
		}
	}
}

func (p *partner) differences() []string {
	var out []string
	snap := p.fleet.View().Sites[0].Snapshot
	for _, table := range slices.Concat(sitetest.Tables, p.tables) {
		skip := slices.Clone(sitetest.OwnPace)
		for name := range p.way.except {
			of, column, ok := strings.Cut(name, ".")
			switch {
			case !ok:
				skip = append(skip, name)
			case of == table:
				skip = append(skip, column)
			}
		}
		want, got := p.core.truth(table), sitetest.Rows(snap, table)
		if p.way.even != nil {
			want, got = p.way.even(table, want), p.way.even(table, got)
		}
		out = append(out, sitetest.Diff(table, want, got, skip...)...)
	}
	return out
}

// outage ends the core: the data stays and is said to be old; when the core is
// back, all is as it says.
func (p *partner) outage() {
	p.Helper()
	held := len(p.fleet.View().Sites[0].Snapshot.AllKeys("services"))
	if err := p.core.halt(); err != nil {
		p.Fatal(err)
	}
	p.refresh()
	until(p.T, "the outage is noticed", func() bool { return state(p.fleet) == store.Down })
	if n := len(p.fleet.View().Sites[0].Snapshot.AllKeys("services")); n != held {
		p.Errorf("%d services are left of %d", n, held)
	}
	if err := p.core.launch(); err != nil {
		p.Fatal(err)
	}
	p.refresh()
	until(p.T, "the core is back", func() bool { return state(p.fleet) == store.Fresh })
	p.equal("after the outage")
}
