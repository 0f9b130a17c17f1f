package contract_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

// rows are those of a table by key, each its values by column in normal form.
type rows = map[string]map[string]any

// A core is what ways lead to. What happens at it is told past everything of
// ours.
type core interface {
	// truth is what the core itself says of a table.
	truth(table string) rows
	// host and service are the object that things happen to.
	object() (host, service string)
	tell(line string) error
	result(host, service string, state int, output string) error
	// change takes away a service and a host and adds others by configuration,
	// and has the core read it.
	change() error
	restart() error
	// halt ends the core, launch starts it again.
	halt() error
	launch() error
}

// simulated is a core of package testkit.
type simulated struct {
	c       *testkit.Core
	options testkit.Options // of another one like it
	unix    string
	tcp     string

	mu    sync.Mutex
	heard []string // the command lines that reached it
}

func newSimulated(t *testing.T, p testkit.Profile) *simulated {
	t.Helper()
	s := &simulated{unix: filepath.Join(t.TempDir(), "live"), options: testkit.Options{Profile: p, Hosts: 6, ServicesPerHost: 4, Seed: 11, Quiet: true, Churn: -1}}
	o := s.options
	o.Heard = s.hear
	c := testkit.NewCore(o)
	s.c = c
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.ListenUnix(s.unix); err != nil {
		t.Fatal(err)
	}
	a, err := c.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.tcp = a.String()
	c.Step(time.Now())
	return s
}

func (s *simulated) hear(name string, args []string, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, strings.Join(append([]string{name}, args...), ";"))
}

// hears waits until more than so many command lines have reached the core, and
// returns the next one.
func (s *simulated) hears(t *testing.T, before int) string {
	t.Helper()
	var line string
	until(t, "the core hears it", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.heard) > before {
			line = s.heard[before]
		}
		return line != ""
	})
	return line
}

func (s *simulated) truth(table string) rows { return sitetest.Truth(s.c, table) }

func (s *simulated) object() (host, service string) {
	r := s.c.Rows("services")[3]
	return r["host_name"].(string), r["description"].(string)
}

func (s *simulated) tell(line string) error {
	defer s.c.Step(time.Now())
	return s.c.Command(line)
}

func (s *simulated) result(host, service string, state int, output string) error {
	s.c.SetState(host, service, state, output)
	return nil
}

func (s *simulated) change() error {
	host, service := s.object()
	hosts := s.c.Rows("hosts")
	s.c.Remove(host, service)
	s.c.Remove(hosts[len(hosts)-1]["name"].(string), "")
	s.c.AddService("ünï-hôst", "a new service")
	s.c.Reload()
	return nil
}

func (s *simulated) restart() error { s.c.Restart(); return nil }
func (s *simulated) halt() error    { s.c.SetFault(testkit.Fault{Kind: testkit.Refuse}); return nil }
func (s *simulated) launch() error  { s.c.SetFault(testkit.Fault{}); return nil }

// icinga is a real Icinga 2. What it says is read over its own Livestatus
// socket, which internal/site holds to the core's raw answers.
type icinga struct {
	c   *realcore.Icinga
	own *store.Fleet
}

const icingaExtra = `object Host "ünï-hôst" { import "base"; enable_active_checks = false; vars.list = [ "a", "b" ]; vars.deep = { x = 1 } }
object Service %q { import "base"; host_name = "ünï-hôst"; enable_active_checks = false }
object Host "old host" { import "base"; enable_active_checks = false }
object Service "of it" { import "base"; host_name = "old host"; enable_active_checks = false }
`

func newIcinga(t *testing.T) *icinga {
	t.Helper()
	c := realcore.ForTest(t, realcore.Options{Hosts: 4, ServicesPerHost: 3, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true, Extra: fmt.Sprintf(icingaExtra, "old service")})
	_, own := follow(t, opened{spec: site.Spec{Addresses: []string{"unix://" + c.Unix}}})
	return &icinga{c, own}
}

func (i *icinga) truth(table string) rows {
	return sitetest.Rows(i.own.View().Sites[0].Snapshot, table)
}

func (i *icinga) object() (host, service string) { return "ünï-hôst", "old service" }
func (i *icinga) tell(line string) error         { return i.c.Command(line) }

func (i *icinga) result(host, service string, state int, output string) error {
	return i.c.Result(host, service, state, output)
}

func (i *icinga) change() error {
	name := filepath.Join(i.c.Dir, "icinga2.conf")
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, bytes.ReplaceAll(b, []byte(`"old `), []byte(`"new `)), 0o644); err != nil { //nolint:gosec // the core reads it as another user
		return err
	}
	return i.c.Reload()
}

func (i *icinga) restart() error { return i.c.Restart() }
func (i *icinga) halt() error    { return i.c.Halt() }
func (i *icinga) launch() error  { return i.c.Launch() }
