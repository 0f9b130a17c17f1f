package testkit

import (
	"context"
	"net"
	"time"
)

// Profile names an implementation of a monitoring core.
type Profile string

// The implementations that can be simulated.
const (
	Naemon  Profile = "naemon"  // Naemon 1.5.2 with naemon-livestatus 1.5.1
	Nagios4 Profile = "nagios4" // Nagios 4.4.6 with mk-livestatus 1.5.0
	Icinga2 Profile = "icinga2" // Icinga 2 r2.13.6-1
	Shinken Profile = "shinken" // Shinken 2.4 with mod-livestatus
)

// Options describe a simulated core. The zero value is a small Naemon whose
// clock is time.Now.
type Options struct {
	Name            string           // shown in names and custom variables; "" is "Wien"
	Profile         Profile          // "" is Naemon
	Hosts           int              // 0: 20
	ServicesPerHost int              // 0: 8; negative: none
	Seed            uint64           // equal seeds and clocks make equal worlds
	Churn           float64          // share of services checked per second while started, 0 to 1; 0: 0.01; negative: none
	Now             func() time.Time // nil: time.Now
	Quiet           bool             // no problems, outages, comments or downtimes of its own: all is OK
}

// A Core is one simulated monitoring core. Its methods are safe for concurrent
// use. Make it with [NewCore] and end it with [Core.Close].
type Core struct {
	o Options
}

// NewCore returns a core with its world made, listening nowhere and at rest.
func NewCore(o Options) *Core { return &Core{o: o} }

// ListenTCP serves Livestatus on a loopback address such as "127.0.0.1:0" and
// returns the address bound. Other than loopback addresses are refused.
func (c *Core) ListenTCP(addr string) (net.Addr, error) { return nil, nil }

// ListenUnix serves Livestatus on a unix socket.
func (c *Core) ListenUnix(path string) error { return nil }

// Close ends every listener, connection and goroutine of the core, and waits
// for them.
func (c *Core) Close() error { return nil }

// Start moves the world in real time until ctx ends or the core is closed. It
// does not block.
func (c *Core) Start(ctx context.Context) {}

// Step moves the world to now by hand.
func (c *Core) Step(now time.Time) {}

// SetFault makes the core misbehave on the wire, or well again.
func (c *Core) SetFault(f Fault) {}

// Reload reads the configuration again: comments and downtimes are renumbered
// on cores that do that, program_start changes, connections die.
func (c *Core) Reload() {}

// Restart is a Reload with a new process id.
func (c *Core) Restart() {}

// SetClockSkew sets how far the core's clock is ahead of Options.Now.
func (c *Core) SetClockSkew(d time.Duration) {}

// Command executes an external command, "[123] NAME;args" or "NAME;args". The
// error is what the core would log or answer.
func (c *Core) Command(line string) error { return nil }

// SetState submits a check result. An empty svc means the host itself.
func (c *Core) SetState(host, svc string, state int, output string) {}

// Rows returns the truth about a table in normal form, one map from column
// name to value per row, see [schema.Kind] for the Go types.
func (c *Core) Rows(table string) []map[string]any { return nil }

// FaultKind is a way to misbehave on the wire.
type FaultKind uint8

// The faults.
const (
	Healthy         FaultKind = iota
	Hang                      // accepts, reads, never answers
	Drip                      // answers with one byte a second
	CloseNow                  // accepts and closes
	HalfRow                   // sends half an answer, then nothing
	Garbage                   // answers with random bytes
	HTTP                      // answers as a web server
	SSH                       // greets as an SSH server
	XinetdNoSocket            // answers as xinetd with unixcat when the core is down
	Huge                      // streams ten million rows
	Slow                      // answers after Fault.Latency
	Refuse                    // the listener is closed
)

// A Fault is a way to misbehave. The zero Fault is none.
type Fault struct {
	Kind    FaultKind
	Latency time.Duration // Slow
}

// Rule is how far being a contact reaches.
type Rule uint8

const (
	Strict Rule = iota
	Loose
)

// Rights are the rules Evaluate applies. The zero Rights see everything unless
// the request has an AuthUser.
type Rights struct {
	User             string // contact; "" is everything
	Services, Groups Rule
}

// A World is the truth about several tables: table name to rows, as
// [Core.Rows] gives them.
type World map[string][]map[string]any

// Evaluate answers a Livestatus GET request over the rows of w in the most
// naive way. total is the number of rows before Offset and Limit. Values are in
// normal form.
func Evaluate(w World, request string, r Rights) (columns []string, rows [][]any, total int, err error) {
	return nil, nil, 0, nil
}

// A DemoSite is one site of a demonstration.
type DemoSite struct {
	Name, Section string
	Core          *Core
}

// Demo returns n believable sites of mixed implementations with hosts hosts and
// services services in each, of which the share churn is checked per second.
func Demo(n, hosts, services int, churn float64, seed uint64) []DemoSite { return nil }
