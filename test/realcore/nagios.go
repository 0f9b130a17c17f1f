package realcore

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// NagiosOptions say what a Nagios has.
type NagiosOptions struct {
	// Objects are object definitions; there are a period "always" and one
	// "none", the commands "check", "other", "noop" and "handler", a contact
	// "admin", and templates "base" of host, service and contact.
	Objects string
	// Settings are lines at the end of the main configuration.
	Settings string
}

// Nagios is a running Nagios 4, as Debian packages it: without Livestatus, so
// it is told by its command pipe and read from its files. Its methods are safe
// for concurrent use.
type Nagios struct {
	Dir     string // holds everything
	Main    string // main configuration
	Pipe    string
	Status  string // status.dat, written each second
	Objects string // objects.cache
	Log     string

	mu     sync.Mutex
	daemon *process
	cred   *syscall.SysProcAttr
}

// NagiosMissing says what of the software is not installed; nil when all is
// there.
func NagiosMissing() error {
	if _, err := find("nagios4"); err != nil {
		return errors.New("realcore: nagios4 is not installed: apt-get install --no-install-recommends nagios4-core")
	}
	return nil
}

// NagiosForTest is [ForTest] with a Nagios.
func NagiosForTest(t testing.TB, o NagiosOptions) *Nagios {
	t.Helper()
	demand(t, NagiosMissing())
	c, err := StartNagios(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the core's log:\n%s", c.LogTail(4000))
		}
		if err := c.Close(); err != nil {
			t.Errorf("ending the core: %v", err)
		}
	})
	return c
}

// StartNagios starts a Nagios and returns when its pipe and its files are
// there.
func StartNagios(o NagiosOptions) (*Nagios, error) {
	dir, err := os.MkdirTemp("", "nagios")
	if err != nil {
		return nil, fmt.Errorf("realcore: %w", err)
	}
	c := &Nagios{Dir: dir, Main: filepath.Join(dir, "nagios.cfg"), Pipe: filepath.Join(dir, "rw/nagios.cmd"), Status: filepath.Join(dir, "var/status.dat"),
		Objects: filepath.Join(dir, "var/objects.cache"), Log: filepath.Join(dir, "var/nagios.log")}
	if err := c.start(o); err != nil {
		log := c.LogTail(4000)
		_ = c.Close()
		return nil, fmt.Errorf("realcore: %w\n%s", err, log)
	}
	return c, nil
}

func (c *Nagios) start(o NagiosOptions) error {
	cred, uid, gid, err := unprivileged()
	if err != nil {
		return err
	}
	c.cred = cred
	if err := ownFolders(c.Dir, uid, gid, "rw", "var", "var/archives", "var/results", "tmp"); err != nil {
		return err
	}
	main, err := nagiosConfig(c.Dir, uid, gid)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Main, []byte(main+o.Settings), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "objects.cfg"), []byte(nagiosObjects+o.Objects), 0o644); err != nil {
		return err
	}
	return c.Launch()
}

// Launch starts the daemon after [Nagios.Halt] and returns when it is up.
func (c *Nagios) Launch() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon != nil {
		return errors.New("realcore: the core runs already")
	}
	bin, err := find("nagios4")
	if err != nil {
		return err
	}
	p, err := spawn(c.cred, filepath.Join(c.Dir, "var"), bin, c.Main)
	if err != nil {
		return err
	}
	c.daemon = p
	for end := time.Now().Add(patience); time.Now().Before(end); {
		select {
		case <-p.done:
			return fmt.Errorf("the daemon ended: %s", p.output())
		case <-time.After(20 * time.Millisecond):
		}
		if c.up() {
			return nil
		}
	}
	return fmt.Errorf("the daemon did not come up within %v", patience)
}

// up reports whether somebody reads the pipe and the files are written.
func (c *Nagios) up() bool {
	for _, p := range []string{c.Status, c.Objects} {
		if _, err := os.Stat(p); err != nil {
			return false
		}
	}
	f, err := os.OpenFile(c.Pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// Command writes an external command such as "ADD_HOST_COMMENT;h1;1;me;text"
// into the command pipe.
func (c *Nagios) Command(line string) error { return writePipe(c.Pipe, line) }

// Ended reports whether the daemon has ended by itself.
func (c *Nagios) Ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.daemon.ended()
}

// Halt stops the daemon and waits until it is gone.
func (c *Nagios) Halt() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon == nil {
		return nil
	}
	err := c.daemon.end(patience)
	c.daemon = nil
	return err
}

// Close ends all processes and removes the folder.
func (c *Nagios) Close() error { return errors.Join(c.Halt(), os.RemoveAll(c.Dir)) }

// LogTail returns up to n bytes of the end of the log.
func (c *Nagios) LogTail(n int) string {
	b, err := os.ReadFile(c.Log)
	if err != nil || len(b) == 0 {
		b, _ = os.ReadFile(filepath.Join(c.Dir, "var/output.log"))
	}
	return string(b[max(0, len(b)-n):])
}

// nagiosConfig is the main configuration.
func nagiosConfig(dir string, uid, gid int) (string, error) {
	who, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return "", err
	}
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("DIR", dir, "USER", who.Username, "GROUP", group.Name).Replace(`log_file=DIR/var/nagios.log
cfg_file=DIR/objects.cfg
object_cache_file=DIR/var/objects.cache
precached_object_file=DIR/var/objects.precache
status_file=DIR/var/status.dat
status_update_interval=1
nagios_user=USER
nagios_group=GROUP
check_external_commands=1
command_file=DIR/rw/nagios.cmd
query_socket=DIR/rw/nagios.qh
lock_file=DIR/var/nagios.pid
temp_file=DIR/tmp/nagios.tmp
temp_path=DIR/tmp
event_broker_options=0
log_rotation_method=n
log_archive_path=DIR/var/archives
use_syslog=0
log_notifications=1
log_service_retries=1
log_host_retries=1
log_event_handlers=1
log_external_commands=1
log_passive_checks=1
check_result_path=DIR/var/results
check_result_reaper_frequency=1
retain_state_information=1
state_retention_file=DIR/var/retention.dat
retention_update_interval=60
use_retained_program_state=1
interval_length=60
check_for_updates=0
execute_service_checks=1
accept_passive_service_checks=1
execute_host_checks=1
accept_passive_host_checks=1
enable_notifications=1
enable_event_handlers=1
process_performance_data=0
obsess_over_services=0
obsess_over_hosts=0
check_service_freshness=1
check_host_freshness=1
enable_flap_detection=1
illegal_object_name_chars=` + "`" + `~!$%^&*|'"<>?,()=
illegal_macro_output_chars=` + "`" + `~$&|'"<>
check_workers=2
`), nil
}

// nagiosObjects is what every Nagios has. Nothing is checked by itself.
const nagiosObjects = `define timeperiod {
	timeperiod_name always
	alias           Always
	sunday          00:00-24:00
	monday          00:00-24:00
	tuesday         00:00-24:00
	wednesday       00:00-24:00
	thursday        00:00-24:00
	friday          00:00-24:00
	saturday        00:00-24:00
}
define timeperiod {
	timeperiod_name none
	alias           Never
}
define command {
	command_name check
	command_line /bin/echo fine
}
define command {
	command_name other
	command_line /bin/echo other
}
define command {
	command_name noop
	command_line /bin/true
}
define command {
	command_name handler
	command_line /bin/true
}
define contact {
	name                          base
	register                      0
	host_notifications_enabled    1
	service_notifications_enabled 1
	host_notification_period      always
	service_notification_period   always
	host_notification_options     d,u,r,f,s
	service_notification_options  w,u,c,r,f,s
	host_notification_commands    noop
	service_notification_commands noop
	can_submit_commands           1
}
define contact {
	use base
	contact_name admin
}
define host {
	name                  base
	register              0
	check_command         check
	check_period          always
	check_interval        0
	retry_interval        1
	max_check_attempts    1
	notification_period   always
	notification_interval 0
	event_handler         noop
	address               127.0.0.1
}
define service {
	name                  base
	register              0
	check_command         check
	check_period          always
	check_interval        0
	retry_interval        1
	max_check_attempts    1
	notification_period   always
	notification_interval 0
	event_handler         noop
}
`
