package testkit

import (
	"context"
	"net"
	"sync"
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
	Profile         Profile          // "" is Naemon; another than the four panics in NewCore
	Hosts           int              // 0: 20
	ServicesPerHost int              // 0: 8; negative: none
	Seed            uint64           // equal seeds and clocks make equal worlds
	Churn           float64          // share of services checked per second while time passes, 0 to 1; 0: 0.01; negative: none
	Now             func() time.Time // nil: time.Now
	Quiet           bool             // no problems, outages, comments or downtimes of its own: all is OK
	// Heard is told of every command line that reaches the core, with its
	// arguments as the core understands them, and why it does not do it. It is
	// called in the middle of that and must not call the Core; nil: nobody is.
	Heard func(name string, args []string, err error)
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "Wien"
	}
	if o.Profile == "" {
		o.Profile = Naemon
	}
	if o.Hosts <= 0 {
		o.Hosts = 20
	}
	if o.ServicesPerHost == 0 {
		o.ServicesPerHost = 8
	}
	o.ServicesPerHost = max(o.ServicesPerHost, 0)
	if o.Churn == 0 {
		o.Churn = 0.01
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// A Core is one simulated monitoring core. Its methods are safe for concurrent
// use. Make it with [NewCore] and end it with [Core.Close].
type Core struct {
	w     *world
	slots chan struct{} // client threads; nil: any number
	done  chan struct{}
	wg    sync.WaitGroup

	mu     sync.Mutex // protects the fields below
	closed bool
	doors  []*door
	conns  map[net.Conn]struct{}
	fault  Fault
	heal   chan struct{} // closed when the fault changes
}

// A door is an address the core listens on; l is nil while it is shut.
type door struct {
	network, addr string
	l             net.Listener
}

// NewCore returns a core with its world made, listening nowhere and at rest.
// It panics on a profile that does not exist, which is a mistake in the caller.
func NewCore(o Options) *Core {
	o = o.withDefaults()
	p, err := newProfile(o.Profile)
	if err != nil {
		panic(err)
	}
	c := &Core{w: newWorld(p, o), done: make(chan struct{}), conns: map[net.Conn]struct{}{}, heal: make(chan struct{})}
	if n := max(p.threads, p.pool); n > 0 {
		c.slots = make(chan struct{}, n)
	}
	if p.pool > 0 {
		c.w.stalled = func() bool { return len(c.slots) == cap(c.slots) }
	}
	return c
}

// Name returns the name of the core's site.
func (c *Core) Name() string { return c.w.o.Name }

// Profile returns which implementation the core imitates.
func (c *Core) Profile() Profile { return c.w.p.name }

// Close ends every listener, connection and goroutine of the core, and waits
// for them. It may be called twice.
func (c *Core) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.done)
		for _, d := range c.doors {
			if d.l != nil {
				_ = d.l.Close()
			}
		}
		for conn := range c.conns {
			_ = conn.Close()
		}
	}
	c.mu.Unlock()
	c.wg.Wait()
	return nil
}

// tick is how often a started world moves.
const tick = 200 * time.Millisecond

// Start moves the world in real time until ctx ends or the core is closed. It
// does not block.
func (c *Core) Start(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.wg.Go(func() {
		t := time.NewTicker(tick)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				c.Step(c.w.o.Now())
			case <-ctx.Done():
				return
			case <-c.done:
				return
			}
		}
	})
}

// Step moves the world to now, by the clock of Options.Now: checks that are
// due by then are run once each, problems and downtimes come and go.
func (c *Core) Step(now time.Time) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.step(sec(now.Add(c.w.skew).Unix()))
}

// SetClockSkew sets how far the core's clock is ahead of Options.Now.
func (c *Core) SetClockSkew(d time.Duration) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	c.w.skew = d
}

// Rows returns the truth about a table in normal form, one map from column
// name to value per row, see package schema for the Go types of the kinds. It
// has every own column the schema declares for the table, derived ones too; a
// column that this implementation lacks has the schema's default.
func (c *Core) Rows(table string) []map[string]any { return c.w.truth(table) }
