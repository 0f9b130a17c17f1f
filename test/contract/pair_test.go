package contract_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// TestFailoverPair has the two masters of a real HA zone of Icinga 2 as one
// site. One dies as in a crash: the other is read and takes commands, and
// nothing that was known of states, acknowledgements, comments and downtimes
// is lost on the way, not for a moment. The first comes back, is told by the
// second what it missed, and is read again. (Nothing is removed meanwhile: what
// was comes back with a master that was away, which Icinga 2 does by itself.)
func TestFailoverPair(t *testing.T) {
	t.Parallel()
	masters := realcore.PairForTest(t, realcore.Options{Hosts: 3, ServicesPerHost: 6, CheckInterval: 5 * time.Second})
	var addresses []string
	for _, c := range masters {
		addresses = append(addresses, "icinga2://"+realcore.APIUser+"@"+c.API+"?server_name="+c.Node+"&ca="+c.CA)
	}
	m, fleet := follow(t, opened{
		spec:    site.Spec{Addresses: addresses, TLS: livestatus.TLSOptions{Password: realcore.APIPassword}},
		options: site.Options{HomeAfter: 4 * time.Second},
	})
	p := &zone{t, masters, fleet}
	at(t, fleet, "icinga2://"+masters[0].API)
	p.connected(masters[0])
	until(t, "checks of both masters are seen", func() bool {
		by := p.checkedBy()
		return by["master1"] > 0 && by["master2"] > 0
	})

	host, service := realcore.HostName(2), realcore.ServiceName(1) // a passive one
	of := func(rest ...string) []string { return append([]string{host, service}, rest...) }
	send := func(name string, args ...string) {
		t.Helper()
		if err := m.Send(t.Context(), siteKey, lql.Command{Name: name, Args: args}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	now := time.Now().Unix()
	send("PROCESS_SERVICE_CHECK_RESULT", of("2", "before")...)
	send("PROCESS_SERVICE_CHECK_RESULT", of("2", "before")...)
	send("ACKNOWLEDGE_SVC_PROBLEM", of("2", "1", "1", "eva", "seen")...)
	send("ADD_SVC_COMMENT", of("1", "eva", "one")...)
	send("SCHEDULE_SVC_DOWNTIME", of(fmt.Sprint(now-10), fmt.Sprint(now+9000), "1", "0", "0", "eva", "works")...)
	before := facts{"2", "before", "1", "1", "one,seen", "works"}
	for _, c := range masters {
		p.knows(c, host, service, before)
	}
	p.shows(host, service, before)
	numbers := p.numbers()

	if err := masters[0].Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "the second is read", func() bool {
		if got := p.shown(host, service); got != before {
			t.Fatalf("while it changes over: %+v, want %+v", got, before)
		}
		h := fleet.View().Sites[0].Health
		_, takes := m.Implementation(siteKey)
		return takes && h.State == store.Fresh && strings.HasPrefix(h.ActiveAddress, "icinga2://"+masters[1].API)
	})
	p.shows(host, service, before)
	if got := p.numbers(); !maps.Equal(got, numbers) {
		t.Errorf("numbers of comments and downtimes at the second: %v, at the first %v", got, numbers)
	}
	send("ADD_SVC_COMMENT", of("1", "eva", "two")...)
	send("REMOVE_SVC_ACKNOWLEDGEMENT", of()...)
	send("PROCESS_SERVICE_CHECK_RESULT", of("1", "after")...)
	after := facts{"1", "after", "0", "1", "one,seen,two", "works"}
	p.knows(masters[1], host, service, after)
	p.shows(host, service, after)

	if err := masters[0].Launch(); err != nil {
		t.Fatal(err)
	}
	at(t, fleet, "icinga2://"+masters[0].API)
	p.connected(masters[0])
	for _, c := range masters {
		p.knows(c, host, service, after)
	}
	p.shows(host, service, after)
	until(t, "it takes commands again", func() bool { _, takes := m.Implementation(siteKey); return takes })
	send("ADD_SVC_COMMENT", of("1", "eva", "three")...)
	for _, c := range masters {
		p.knows(c, host, service, facts{"1", "after", "0", "1", "one,seen,three,two", "works"})
	}
}

// A zone is an HA pair and the site that it is.
type zone struct {
	*testing.T
	masters [2]*realcore.Icinga
	fleet   *store.Fleet
}

// facts are what people would miss of a service: its state, output, whether it
// is acknowledged, the depth of its downtimes, its comments but for those that
// downtimes make, and its downtimes.
type facts struct{ state, output, acknowledged, depth, comments, downtimes string }

// ask is what a core itself says, line by line.
func (z *zone) ask(c *realcore.Icinga, request string) (lines []string) {
	z.Helper()
	b, err := c.Query(request)
	if err != nil {
		z.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		lines = append(lines, strings.TrimSpace(string(line)))
	}
	slices.Sort(lines)
	return lines
}

// connected waits until a master has the other.
func (z *zone) connected(c *realcore.Icinga) {
	z.Helper()
	until(z.T, c.Node+" has the other", func() bool {
		return slices.Equal(z.ask(c, "GET endpoints\nColumns: is_connected\n\n"), []string{"1", "1"})
	})
}

// knows waits until a core itself says the facts.
func (z *zone) knows(c *realcore.Icinga, host, service string, want facts) {
	z.Helper()
	of := "Filter: host_name = " + host + "\nFilter: service_description = " + service + "\n\n"
	var got facts
	defer func() {
		if got != want {
			z.Errorf("%s knows %+v, want %+v", c.Node, got, want)
		}
	}()
	until(z.T, c.Node+" knows what happened", func() bool {
		row := z.ask(c, "GET services\nColumns: state plugin_output acknowledged scheduled_downtime_depth\nFilter: host_name = "+host+"\nFilter: description = "+service+"\n\n")
		if cells := strings.Split(strings.Join(row, ""), ";"); len(cells) == 4 {
			got = facts{cells[0], cells[1], cells[2], cells[3], "", ""}
		}
		got.comments = strings.Join(z.ask(c, "GET comments\nColumns: comment\n"+of), ",")
		got.downtimes = strings.Join(z.ask(c, "GET downtimes\nColumns: comment\n"+of), ",")
		return got == want
	})
}

// shown is what the site shows.
func (z *zone) shown(host, service string) facts {
	snap := z.fleet.View().Sites[0].Snapshot
	s := sitetest.Rows(snap, "services")[host+"\x00"+service]
	text := func(column string) string { return fmt.Sprint(s[column]) }
	about := func(table string) string {
		var out []string
		for _, r := range sitetest.Rows(snap, table) {
			if r["host_name"] == host && r["service_description"] == service {
				out = append(out, fmt.Sprint(r["comment"]))
			}
		}
		slices.Sort(out)
		return strings.Join(out, ",")
	}
	return facts{text("state"), text("plugin_output"), text("acknowledged"), text("scheduled_downtime_depth"), about("comments"), about("downtimes")}
}

func (z *zone) shows(host, service string, want facts) {
	z.Helper()
	until(z.T, fmt.Sprintf("the site shows %+v", want), func() bool { return z.shown(host, service) == want })
}

// numbers are those of all comments and downtimes.
func (z *zone) numbers() map[string]any {
	out := map[string]any{}
	for _, table := range []string{"comments", "downtimes"} {
		for _, r := range sitetest.Rows(z.fleet.View().Sites[0].Snapshot, table) {
			out[table+" "+fmt.Sprint(r["comment"])] = r["id"]
		}
	}
	return out
}

// checkedBy counts the services by the master that last checked them.
func (z *zone) checkedBy() map[string]int {
	out := map[string]int{}
	for _, r := range sitetest.Rows(z.fleet.View().Sites[0].Snapshot, "services") {
		out[fmt.Sprint(r["check_source"])]++
	}
	return out
}
