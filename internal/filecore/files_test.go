package filecore_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// TestTrouble: whatever is wrong with the files is said, what was known is kept,
// and all is well again when the files are.
func TestTrouble(t *testing.T) {
	whole := func(f *files) string { return statusText(f.now, "a=1", "b=0", "a;s=2") }
	for name, tt := range map[string]struct {
		break_ func(f *files)
		cause  string
	}{
		"no status file":        {func(f *files) { f.remove("status.dat") }, "The core does not run"},
		"no objects":            {func(f *files) { f.remove("objects.cache"); f.write("status.dat", whole(f)) }, "objects.cache is not there"},
		"a status file cut off": {func(f *files) { s := whole(f); f.write("status.dat", s[:len(s)-30]); f.later() }, "cut off in the middle"},
		"an empty status file":  {func(f *files) { f.write("status.dat", "") }, "is not a status file"},
		"half a status file":    {func(f *files) { s := whole(f); f.write("status.dat", s[strings.Index(s, "hoststatus"):]) }, "is not a status file"},
		"another kind of file":  {func(f *files) { f.write("status.dat", "\x7fELF\x00\x00\n") }, "is not a status file"},
		"a line without an end": {func(f *files) { f.write("status.dat", "info {\n"+strings.Repeat("x", 20<<20)); f.later() }, "cut off in the middle"},
		"objects cut off": {func(f *files) {
			f.write("objects.cache", objectsText[:200])
			f.write("status.dat", whole(f))
			f.later()
		}, "cut off in the middle"},
		"objects without a host": {func(f *files) { f.write("objects.cache", "define host {\n\t}\n"); f.write("status.dat", whole(f)) }, "is not an object cache"},
		"a folder":               {func(f *files) { f.remove("status.dat"); f.folder("status.dat") }, "The agent cannot use the file"},
		"an old status file":     {func(f *files) { f.now = f.now.Add(31 * time.Second) }, "has not written its status file since"},
		"too many comments": {func(f *files) {
			f.write("status.dat", whole(f)+strings.Repeat("hostcomment {\n\thost_name=a\n\tcomment_id=1\n\t}\n", 200_001))
		}, "more than 200000 comments"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFiles(t)
			f.run()
			f.expect("before", states, "a;0;1\nb;0;0\n")
			f.now = f.now.Add(5 * time.Second)
			tt.break_(f)
			f.core.Step()
			if got := f.ask(states); !strings.Contains(got, tt.cause) || strings.Contains(got, ";") && !strings.Contains(got, " ") {
				t.Errorf("while it is broken: %q, want %q", got, tt.cause)
			}
			f.remove("status.dat")
			f.write("objects.cache", objectsText)
			f.status("a=2", "b=0", "a;s=1")
			f.expect("afterwards", states, "a;2;0\nb;0;0\n")
		})
	}
}

// later lets the time pass that files may be half written.
func (f *files) later() {
	for range 3 {
		f.core.Step()
		f.now = f.now.Add(20 * time.Second)
	}
}

func (f *files) remove(name string) {
	f.Helper()
	if err := os.RemoveAll(f.path(name)); err != nil {
		f.Fatal(err)
	}
}

func (f *files) folder(name string) {
	f.Helper()
	if err := os.Mkdir(f.path(name), 0o700); err != nil {
		f.Fatal(err)
	}
}

// TestHalf: while a file is being written all stays as it was.
func TestHalf(t *testing.T) {
	f := newFiles(t)
	f.run()
	whole := statusText(f.now.Add(time.Second), "a=1", "b=1", "a;s=2")
	for n := 0; n < len(whole)-4; n += 7 {
		f.now = f.now.Add(50 * time.Millisecond)
		f.write("status.dat", whole[:n])
		f.core.Step()
		if f.core.Failing() == "" {
			f.expect(fmt.Sprintf("%d bytes", n), states, "a;0;1\nb;0;0\n")
		}
	}
	f.write("status.dat", whole)
	f.core.Step()
	f.expect("whole", states, "a;1;0\nb;1;0\n")
}

// TestStrangers: rows of objects that are not configured, and those that do not
// say what they are about, do not come to be.
func TestStrangers(t *testing.T) {
	f := newFiles(t)
	f.write("objects.cache", objectsText+"define service {\n\thost_name\tnobody\n\tservice_description\ts\n\t}\ndefine service {\n\thost_name\ta\n\t}\ndefine hostgroup {\n\talias\tx\n\t}\n")
	f.now = f.now.Add(time.Second)
	f.write("status.dat", statusText(f.now, "a=1", "b=0", "nobody=1", "a;gone=2", "a;s=2", "=1")+
		"hostcomment {\n\thost_name=nobody\n\tcomment_id=4\n\tcomment_data=x\n\t}\nhostcomment {\n\thost_name=a\n\tcomment_data=y\n\t}\nhostcomment {\n\tcomment_id=5\n\t}\n"+
		"servicecomment {\n\thost_name=a\n\tservice_description=s\n\tcomment_id=6\n\tcomment_data=z\n\t}\nhostdowntime {\n\thost_name=a\n\t}\n")
	f.core.Step()
	f.expect("hosts", states, "a;1;0\nb;0;0\n")
	f.expect("services", services, "a;s;2\n")
	f.expect("comments", "GET comments\nColumns: id comment service_description", "6;z;s\n")
	f.expect("downtimes", "GET downtimes\nColumns: id", "")
	f.expect("groups", "GET hostgroups\nColumns: name", "")
}

// TestReload: what the configuration adds and takes away.
func TestReload(t *testing.T) {
	f := newFiles(t)
	f.run()
	f.now = f.now.Add(time.Second)
	f.write("objects.cache", strings.ReplaceAll(objectsText, "\ts\n", "\tt\n")+"define host {\n\thost_name\tc\n\t}\n")
	f.core.Step() // the status file is of the run before
	f.expect("while the core starts", services, "a;s;0\n")
	f.status("a=0", "b=0", "a;t=1", "c=1")
	f.expect("services", services, "a;t;1\n")
	f.expect("hosts", states, "a;0;0\nb;0;0\nc;1;0\n")
}

// TestEvents: what the log and the query handler say counts until the next
// status file that is newer.
func TestEvents(t *testing.T) {
	f := newFiles(t)
	f.run()
	f.core.Step()
	f.now = f.now.Add(2 * time.Second)
	f.logs("SERVICE ALERT: a;s;CRITICAL;HARD;3;by the log", "HOST ALERT: b;DOWN;SOFT;1;gone", "SERVICE ALERT: a;nothing;CRITICAL;HARD;3;x",
		"HOST DOWNTIME ALERT: a;STARTED; Host has entered a period of scheduled downtime", "HOST FLAPPING ALERT: a;STARTED; x",
		"EXTERNAL COMMAND: ACKNOWLEDGE_SVC_PROBLEM;a;s;2;0;1;eva;seen", "EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;a;s", "EXTERNAL COMMAND: ACKNOWLEDGE_HOST_PROBLEM;a;2;0;1;eva;not a problem")
	f.core.Step()
	const all = "GET services\nColumns: state state_type current_attempt plugin_output acknowledged acknowledgement_type notifications_enabled last_state_change last_hard_state"
	at := f.now.Unix()
	f.expect("by the log", all, fmt.Sprintf("2;1;3;by the log;1;2;0;%d;2\n", at))
	f.expect("hosts", "GET hosts\nColumns: name state scheduled_downtime_depth is_flapping acknowledged", "a;0;1;1;0\nb;1;0;0;0\n")

	f.write("status.dat", statusText(f.now.Add(-time.Second), "a=0", "b=0", "a;s=0")) // it was begun before
	f.core.Step()
	f.expect("an older status file", services, "a;s;2\n")
	f.status("a=0", "b=0", "a;s=1")
	f.expect("a newer status file", services, "a;s;1\n")
	f.expect("a newer status file", states, "a;0;0\nb;0;0\n")

	f.now = f.now.Add(time.Second)
	for _, line := range []string{"a;s from 1 -> 2: out from 0 -> 1: x", "b from 0 -> 1: no answer\x00", "a;s from 2 -> 9: y", "nobody from 0 -> 1: z", "", "a from ", "\xff;s from 0 -> 1: x"} {
		f.core.Tell(f.now.Unix(), line)
	}
	f.core.Step()
	f.expect("told", "GET services\nColumns: state plugin_output last_state acknowledged", "2;out from 0 -> 1: x;1;0\n")
	f.expect("told", states, "a;0;0\nb;1;0\n")
	f.status("a=0", "b=0", "a;s=1") // the same as before, but newer
	f.expect("the file says as before", services, "a;s;1\n")
}

// TestPeriod: it is looked each minute whether it is within a period.
func TestPeriod(t *testing.T) {
	f := newFiles(t)
	year, month, day := f.now.Date()
	f.now = time.Date(year, month, day, 8, 59, 30, 0, time.Local)
	f.write("objects.cache", strings.ReplaceAll(objectsText, "00:00-24:00", "09:00-17:00"))
	f.status("a=0", "b=0", "a;s=0")
	f.expect("before", "GET hosts\nColumns: name in_check_period", "a;0\nb;1\n")
	f.now = f.now.Add(29 * time.Second)
	f.status("a=0", "b=0", "a;s=0")
	f.now = f.now.Add(time.Second)
	f.core.Step()
	f.expect("after", "GET hosts\nColumns: name in_check_period", "a;1\nb;1\n")
}

// TestCommands: what cannot be written is said, and how to mend it.
func TestCommands(t *testing.T) {
	f := newFiles(t)
	cmd := lql.Command{Time: 1, Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "eva", "x"}}
	refused := func(what string, cmd lql.Command, cause string) {
		t.Helper()
		e, ok := errors.AsType[*livestatus.Error](f.core.Send(t.Context(), cmd))
		if !ok || !strings.Contains(e.Cause, cause) || e.Fix == "" || e.Uncertain {
			t.Errorf("%s: %+v", what, e)
		}
	}
	refused("no pipe", cmd, "Nobody reads the command pipe")
	f.write("nagios.cmd", "")
	refused("a file", cmd, "not a command pipe")
	bad := cmd
	bad.Args = []string{"a", "1", "eva", "x\ny"}
	refused("a line end", bad, "cannot be written as one line")
}

// TestNoCommands: a conversation takes no command, so that none gets past the
// list of an agent, unless that was said.
func TestNoCommands(t *testing.T) {
	f := newFiles(t)
	f.run()
	f.write("nagios.cmd", "")
	// A conversation goes on after a command; it ends after a query.
	if got := f.ask("COMMAND [1795000000] ADD_HOST_COMMENT;a;1;eva;x\n\nGET hosts\nColumns: name"); !strings.HasPrefix(got, "403: ") || !strings.HasSuffix(got, "a\nb\n") {
		t.Errorf("%q", got)
	}
	if b, err := os.ReadFile(f.path("nagios.cmd")); err != nil || len(b) > 0 {
		t.Errorf("%q was written, %v", b, err)
	}
}

// TestNew: configurations that are of no use.
func TestNew(t *testing.T) {
	for text, want := range map[string]string{
		"status_file=/dev/null\nobject_cache_file=/x\n": "writes no status file", "log_file=/x\n": "does not say where", strings.Repeat("x", 2<<20): "is not the main configuration",
	} {
		name := filepath.Join(t.TempDir(), "nagios.cfg")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := filecore.New(filecore.Options{Main: name})
		if e, ok := errors.AsType[*filecore.Error](err); !ok || !strings.Contains(e.Cause, want) || e.HintText() == "" {
			t.Errorf("%.30q: %v", text, err)
		}
	}
	if _, err := filecore.New(filecore.Options{Main: "/nowhere/nagios.cfg"}); err == nil || !strings.Contains(err.Error(), "The file /nowhere/nagios.cfg is not there") {
		t.Errorf("no file: %v", err)
	}
}

// TestCheck says what is there and what is not.
func TestCheck(t *testing.T) {
	f := newFiles(t)
	f.write("objects.cache", objectsText)
	var got []string
	for _, s := range filecore.Check(f.path("nagios.cfg")) {
		if !s.OK && s.Text == "" || s.OK && s.Hint != "" {
			t.Errorf("step %+v", s)
		}
		got = append(got, fmt.Sprintf("%v %v %.20s", s.OK, s.Needed, strings.ReplaceAll(s.Text, f.dir, "DIR")))
	}
	want := []string{"true true main configuration D", "true true object cache DIR/ob", "false true The core does not ru", "true false log DIR/nagios.log", "false false no query handler is ", "false false The file DIR/nagios."}
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// FuzzFiles: no file of a core makes anything fail that goes on, or a row of an
// object that is not configured.
func FuzzFiles(f *testing.F) {
	f.Add([]byte(objectsText), []byte(statusText(time.Unix(1_795_000_000, 0), "a=1", "b=2", "a;s=3")), []byte("[1795000001] SERVICE ALERT: a;s;CRITICAL;HARD;3;x\n"), "a;s from 0 -> 1: x")
	f.Add([]byte("define host {\n\thost_name\t\x00\n\t}\ndefine timeperiod {\n\ttimeperiod_name\tx\n\texclude\tx\n\tmonday 9\t1:0-9:99\n\t}\n"), []byte("info {\n\tcreated=9\n\t}\nprogram {\n\t}\nhost {\n\thost_name=\x00\n\t}\n"), []byte("[1795000001] EXTERNAL COMMAND: ENABLE_HOST_CHECK;a"), "\x00 from 1 -> 1: ")
	f.Fuzz(func(t *testing.T, objects, status, log []byte, told string) {
		c := newFiles(t)
		c.now = c.now.Add(time.Second)
		c.write("objects.cache", string(objects))
		c.write("status.dat", string(status))
		c.core.Step()
		c.write("nagios.log", string(log))
		c.core.Tell(c.now.Unix(), told)
		c.core.Step()
		for line := range strings.Lines(c.ask("GET hosts\nColumns: name\nSeparators: 10 1 2 3")) {
			name := []byte(strings.TrimSuffix(line, "\n"))
			if c.core.Failing() == "" && bytes.IndexByte(name, ' ') < 0 && !bytes.Contains(objects, name) && bytes.IndexFunc(name, func(r rune) bool { return r == '\uFFFD' || r < ' ' }) < 0 {
				t.Fatalf("a host %q", name)
			}
		}
	})
}
