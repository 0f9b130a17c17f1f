package filecore_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/internal/filecore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files are those of a core that does not run, with its clock.
type files struct {
	testing.TB
	dir  string
	core *filecore.Core
	now  time.Time
}

const configText = `log_file=nagios.log
log_archive_path=archives
object_cache_file=objects.cache
status_file=status.dat
status_update_interval=10
command_file=nagios.cmd
`

const objectsText = `define timeperiod {
	timeperiod_name	always
	sunday	00:00-24:00
	monday	00:00-24:00
	tuesday	00:00-24:00
	wednesday	00:00-24:00
	thursday	00:00-24:00
	friday	00:00-24:00
	saturday	00:00-24:00
	}

define host {
	host_name	a
	check_period	always
	}

define host {
	host_name	b
	}

define service {
	host_name	a
	service_description	s
	}

`

// statusText is a status file: states of hosts and services as "a" or "a;s".
func statusText(created time.Time, states ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# NAGIOS STATUS FILE\ninfo {\n\tcreated=%d\n\tversion=4.4.6\n\t}\n\nprogramstatus {\n\tnagios_pid=7\n\tprogram_start=1000\n\t}\n\n", created.Unix())
	for _, s := range states {
		name, state, _ := strings.Cut(s, "=")
		host, service, ok := strings.Cut(name, ";")
		if ok {
			fmt.Fprintf(&b, "servicestatus {\n\thost_name=%s\n\tservice_description=%s\n", host, service)
		} else {
			fmt.Fprintf(&b, "hoststatus {\n\thost_name=%s\n", host)
		}
		fmt.Fprintf(&b, "\thas_been_checked=1\n\tcurrent_state=%s\n\tplugin_output=by the file\n\tproblem_has_been_acknowledged=0\n\tscheduled_downtime_depth=0\n\tlast_update=%d\n\t}\n\n", state, created.Unix())
	}
	return b.String()
}

func newFiles(t testing.TB) *files {
	t.Helper()
	f := &files{TB: t, dir: t.TempDir(), now: time.Unix(1_795_000_000, 0)}
	f.write("nagios.cfg", configText)
	f.write("nagios.log", "")
	c, err := filecore.New(filecore.Options{Main: filepath.Join(f.dir, "nagios.cfg"), Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatal(err)
	}
	f.core = c
	t.Cleanup(func() {
		c.Release()
		c.Close()
	})
	return f
}

func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

// write replaces a file as a core does.
func (f *files) write(name, text string) {
	f.Helper()
	next := f.path(name + ".new")
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	if err := os.Chtimes(next, f.now, f.now); err != nil {
		f.Fatal(err)
	}
	if err := os.Rename(next, f.path(name)); err != nil {
		f.Fatal(err)
	}
}

// logs appends lines to the log.
func (f *files) logs(lines ...string) {
	f.Helper()
	w, err := os.OpenFile(f.path("nagios.log"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		f.Fatal(err)
	}
	for _, l := range lines {
		fmt.Fprintf(w, "[%d] %s\n", f.now.Unix(), l)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
}

// run writes the files of a core that runs, and has them read.
func (f *files) run() {
	f.Helper()
	f.write("objects.cache", objectsText)
	f.status("a=0", "b=0", "a;s=0")
}

// status writes a status file a second later and has it read.
func (f *files) status(states ...string) {
	f.Helper()
	f.now = f.now.Add(time.Second)
	f.write("status.dat", statusText(f.now, states...))
	f.core.Step()
}

// ask sends one request.
func (f *files) ask(request string) string {
	f.Helper()
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- f.core.Converse(f.Context(), theirs, func() error { return nil }) }()
	if _, err := ours.Write([]byte(request + "\n\n")); err != nil {
		f.Fatal(err)
	}
	out, err := io.ReadAll(ours)
	if err != nil {
		f.Fatal(err)
	}
	if err := <-done; err != nil {
		f.Fatal(err)
	}
	return string(out)
}

func (f *files) expect(what, request, want string) {
	f.Helper()
	if got := f.ask(request); got != want {
		f.Errorf("%s:\n got %q\nwant %q (%s)", what, got, want, f.core.Failing())
	}
}

const (
	states   = "GET hosts\nColumns: name state num_services_ok"
	services = "GET services\nColumns: host_name description state"
)
