package filecore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"belvedere/internal/corefiles"
	"belvedere/internal/replica"
	"belvedere/internal/schema"
)

// Options say which core is meant.
type Options struct {
	Main string       // main configuration; "": looked for
	Log  *slog.Logger // nil: silent
	// Commands has conversations in Livestatus take commands. Without it only
	// [Core.Send] does, for a caller that has its own list of what is allowed.
	Commands bool
	// Room, if not nil, is asked now and then while rows come in whether more
	// fits into memory.
	Room func() error
	Now  func() time.Time // nil: time.Now
}

// A Core is one core that is read from its files. Make it with [New]; it is
// read while [Core.Run] runs. Its methods are safe for concurrent use.
type Core struct {
	o       Options
	main    string
	impl    schema.Cores
	replica *replica.Replica

	reading      chan struct{} // answers from the logs under way
	historyBytes int64         // for each

	mu     sync.Mutex // config
	config corefiles.Config

	// Of the goroutine of Run:
	objects, status stamp
	changes         corefiles.Changes
	periods         map[string]*corefiles.Period
	minute          int64 // that the periods were looked at
	tail            *corefiles.Tail
	overlay         map[string]*overlaid // by table and key
	created         int64                // when the status file was written
	failing         string               // what is wrong now
	tried           attempt              // to read files, the last
	half            time.Time            // since when the files do not fit each other
	results         chan result          // of checks, from the query handler
	listening       string               // socket of the query handler that is listened to
	hush            context.CancelFunc   // ends the listeners
	group           sync.WaitGroup
}

// New reads the main configuration. Errors are [*Error]: a core that does not
// run, or whose files cannot be read yet, is none.
func New(o Options) (*Core, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	main, err := Choose(o.Main)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(main)
	if err != nil {
		return nil, err
	}
	if config.Status == noStatus {
		return nil, errNoStatus
	}
	c := &Core{o: o, main: main, config: config, overlay: map[string]*overlaid{}, results: make(chan result, resultsHeld), periods: map[string]*corefiles.Period{},
		reading: make(chan struct{}, histories), historyBytes: historyBytes}
	c.impl = implementation(main, config.Status)
	r := replica.Options{Impl: c.impl, With: known, Without: unknown, Passed: c.history, Room: o.Room, Log: o.Log, Now: o.Now}
	if o.Commands {
		r.Sender = c
	}
	c.replica = replica.New(r)
	return c, nil
}

// known are columns that files tell, and the Livestatus of some cores does not.
var known = map[string][]string{
	"hosts": {"obsess", "hourly_value"}, "services": {"obsess", "hourly_value", "parents"},
	"contacts":    {"groups", "host_notification_commands", "service_notification_commands"},
	"timeperiods": {"days", "exclusions"},
}

// unknown are columns that no file tells.
var unknown = map[string][]string{
	"hosts":    {"check_command_expanded", "filename", "in_service_period", "service_period", "is_executing", "pending_flex_downtime", "pnpgraph_present", "check_flapping_recovery_notification"},
	"services": {"check_command_expanded", "in_service_period", "service_period", "is_executing", "pnpgraph_present", "cached_at", "cache_interval"},
	"status": {"cached_log_messages", "connections", "connections_rate", "external_commands", "external_commands_rate", "forks", "forks_rate", "host_checks_rate", "livecheck_overflows",
		"livecheck_overflows_rate", "livechecks", "livechecks_rate", "livestatus_active_connections", "livestatus_queued_connections", "livestatus_threads", "log_messages_rate",
		"neb_callbacks", "neb_callbacks_rate", "requests", "requests_rate", "service_checks_rate"},
}

// implementation tells the core by the head of its status file, or while there
// is none by the name of its configuration.
func implementation(main, status string) schema.Cores {
	head := make([]byte, 2000)
	if f, err := corefiles.Open(status); err == nil {
		n, _ := f.Read(head) // what was read counts
		head = head[:n]
		_ = f.Close() // nothing was written
	} else {
		head = nil
	}
	text := string(head)
	switch {
	case strings.Contains(text, "NAEMON STATUS FILE"):
		return schema.Naemon
	case strings.Contains(text, "ICINGA STATUS FILE"), strings.Contains(text, "\tversion=3."):
		return schema.MK11
	case strings.Contains(text, "\tversion="):
		return schema.MK15
	case strings.Contains(main, "naemon"):
		return schema.Naemon
	case strings.Contains(main, "icinga"), strings.Contains(main, "nagios3"):
		return schema.MK11
	}
	return schema.MK15
}

// look is how often it is looked whether a file has changed.
const look = 100 * time.Millisecond

// Run reads the core until ctx ends.
func (c *Core) Run(ctx context.Context) {
	defer c.group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.release()
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		c.listen(ctx)
		c.step()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// release closes the log.
func (c *Core) release() {
	if c.tail != nil {
		_ = c.tail.Close() // it was only read
		c.tail = nil
	}
}

// step reads what has changed.
func (c *Core) step() {
	if err := c.readFiles(); err != nil {
		c.fail(err)
		return
	}
	if c.failing != "" || c.status == (stamp{}) {
		return
	}
	c.readEvents()
	c.readMinute()
}

// fail has clients told what is wrong.
func (c *Core) fail(err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Cause: err.Error()}
	}
	if c.failing == e.Cause {
		return
	}
	c.failing = e.Cause
	c.o.Log.Warn("the core cannot be read", "reason", e.Cause, "hint", e.Fix)
	c.replica.Fail(e.Cause, e.Fix)
}

// well ends what fail said.
func (c *Core) well() {
	if c.failing != "" {
		c.o.Log.Info("the core can be read", "status", c.config.Status)
	}
	c.failing = ""
}

// Serve answers Livestatus on l until ctx ends, then closes it.
func (c *Core) Serve(ctx context.Context, l net.Listener) error { return c.replica.Serve(ctx, l) }

// Converse serves one conversation in Livestatus until either end closes it or
// ctx ends. ready is called before the first byte is written to conn.
func (c *Core) Converse(ctx context.Context, conn net.Conn, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	return c.replica.ServeConn(ctx, conn)
}

// Close ends all connections. Run must have ended.
func (c *Core) Close() { c.replica.Close() }

// Describe says in one line what is read.
func (c *Core) Describe() string {
	config := c.configuration()
	return fmt.Sprintf("the files that %s names: %s, %s", c.main, config.Status, config.Objects)
}

// configuration returns the configuration as it was read last.
func (c *Core) configuration() corefiles.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.config
}

// A stamp tells whether a file is another one. The zero stamp is no file.
type stamp struct {
	mtime time.Time
	size  int64
	inode uint64
}

func stampOf(info os.FileInfo) stamp {
	s := stamp{mtime: info.ModTime(), size: info.Size()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = st.Ino
	}
	return s
}
