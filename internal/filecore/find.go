package filecore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"belvedere/internal/corefiles"
)

// places are where packages put the main configuration; patterns of package
// filepath.
var places = []string{
	"/etc/naemon/naemon.cfg", "/etc/nagios4/nagios.cfg", "/etc/nagios/nagios.cfg", "/etc/nagios3/nagios.cfg", "/etc/icinga/icinga.cfg",
	"/usr/local/nagios/etc/nagios.cfg", "/usr/local/icinga/etc/icinga.cfg",
	"/omd/sites/*/tmp/nagios/nagios.cfg", "/omd/sites/*/tmp/naemon/naemon.cfg", "/omd/sites/*/tmp/icinga/icinga.cfg",
}

// An Error says what is missing, in words for people.
type Error struct {
	Cause string // a sentence
	Fix   string // a sentence: what would mend it; may be empty
	Err   error
}

func (e *Error) Error() string { return e.Cause }

// HintText returns the fix.
func (e *Error) HintText() string { return e.Fix }

// Unwrap returns the error below, which may be nil.
func (e *Error) Unwrap() error { return e.Err }

// Find returns the main configurations that are where packages put them.
func Find() []string {
	var found []string
	for _, pattern := range places {
		names, _ := filepath.Glob(pattern) // the patterns are well formed
		found = append(found, names...)
	}
	return found
}

// Choose returns the main configuration that is meant: main, or, if that is
// empty, the one that is found. Errors are [*Error].
func Choose(main string) (string, error) {
	if main != "" {
		return main, nil
	}
	switch found := Find(); len(found) {
	case 0:
		return "", &Error{Cause: "No configuration of a core was found in the usual places.", Fix: "Say where its main configuration is, such as /etc/nagios4/nagios.cfg."}
	case 1:
		return found[0], nil
	default:
		return "", &Error{Cause: fmt.Sprintf("There are several cores: %s.", strings.Join(found, ", ")), Fix: "Say which main configuration is meant; each core has an agent of its own."}
	}
}

// readConfig reads a main configuration. Errors are [*Error].
func readConfig(main string) (corefiles.Config, error) {
	f, err := corefiles.Open(main)
	if err != nil {
		return corefiles.Config{}, cannot(main, err)
	}
	defer f.Close()
	c, err := corefiles.ReadConfig(f, filepath.Dir(main))
	if err != nil {
		return c, &Error{Cause: fmt.Sprintf("%s is not the main configuration of a core.", main), Fix: "It is the file the core is started with, such as /etc/nagios4/nagios.cfg.", Err: err}
	}
	if c.Objects == "" || c.Status == "" {
		return c, &Error{Cause: fmt.Sprintf("%s does not say where object_cache_file and status_file are.", main), Fix: "Add both lines and restart the core."}
	}
	if c.Query == "" && c.Pipe != "" {
		c.Query = handlerBeside(c.Pipe)
	}
	return c, nil
}

// handlerBeside is the query handler that a core has without a word about it in
// its configuration, "" if there is none now: Nagios 4 and Naemon make it where
// their packages have the command pipe.
func handlerBeside(pipe string) string {
	for _, name := range []string{"nagios.qh", "naemon.qh"} {
		path := filepath.Join(filepath.Dir(pipe), name)
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
			return path
		}
	}
	return ""
}

// cannot explains why a file cannot be used.
func cannot(path string, err error) *Error {
	e := &Error{Cause: fmt.Sprintf("The agent cannot use the file %s: %s.", path, reason(err)), Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Cause = fmt.Sprintf("The agent may not use the file %s: it runs as the user %s.", path, whoami())
		e.Fix = fmt.Sprintf("Run it as the core's user, or add its user to the group %s and restart it.", groupOf(path))
	case errors.Is(err, fs.ErrNotExist):
		e.Cause = fmt.Sprintf("The file %s is not there.", path)
	}
	return e
}

// reason is the innermost text of an error of package os.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Geteuid())
}

// groupOf names the group of a file, or of the first folder above it that can
// be looked at.
func groupOf(path string) string {
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil && path != filepath.Dir(path) {
			continue
		}
		if err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				id := strconv.Itoa(int(st.Gid))
				if g, err := user.LookupGroupId(id); err == nil {
					return g.Name
				}
				return id
			}
		}
		return "of the core"
	}
}

// A Step is one thing that was looked at.
type Step struct {
	OK     bool
	Needed bool   // without it nothing can be shown
	Text   string // one line
	Hint   string // what to do if it is not OK
}

// Check looks at everything that would be used of the core with that main
// configuration, without changing anything.
func Check(main string) []Step {
	c, err := readConfig(main)
	if err != nil {
		return []Step{failed(err, true)}
	}
	steps := []Step{{OK: true, Needed: true, Text: "main configuration " + main},
		readable("object cache", c.Objects, true), statusStep(&c), readable("log", c.Log, false)}
	if c.Query != "" {
		steps = append(steps, socketStep(c.Query))
	} else {
		steps = append(steps, Step{Text: "no query handler is there: results between two status files come from the log alone", Hint: "a Nagios 4 or Naemon makes it when it starts; query_socket says where, if not beside the command pipe"})
	}
	return append(steps, pipeStep(&c))
}

func failed(err error, needed bool) Step {
	s := Step{Needed: needed, Text: err.Error()}
	if e, ok := errors.AsType[*Error](err); ok {
		s.Hint = e.Fix
	}
	return s
}

func readable(what, path string, needed bool) Step {
	if path == "" {
		return Step{Needed: needed, Text: "no " + what + " is configured"}
	}
	f, err := corefiles.Open(path)
	if err != nil {
		return failed(cannot(path, err), needed)
	}
	_ = f.Close() // nothing was written
	return Step{OK: true, Needed: needed, Text: what + " " + path}
}

// noStatus is where cores send what is not to be written.
const noStatus = "/dev/null"

func statusStep(c *corefiles.Config) Step {
	if c.Status == noStatus {
		return failed(errNoStatus, true)
	}
	if _, err := os.Stat(c.Status); err != nil {
		return failed(notThere(c.Status, err), true)
	}
	s := readable("status file", c.Status, true)
	if s.OK {
		s.Text += fmt.Sprintf(", written every %v", c.Every)
	}
	return s
}

var errNoStatus = &Error{Cause: "The core writes no status file: status_file is /dev/null.", Fix: "Set status_file to a path and restart the core, or use its Livestatus."}

func socketStep(path string) Step {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return failed(cannot(path, err), false)
	case info.Mode()&fs.ModeSocket == 0:
		return Step{Text: "query handler " + path + " is not a socket"}
	}
	if silent(path) {
		return Step{Text: "query handler " + path + " does not tell results: between two status files they come from the log alone",
			Hint: "this core was built without it; changes of state are in its log all the same"}
	}
	return Step{OK: true, Text: "query handler " + path}
}

// silent reports whether a query handler says that it tells no results of
// checks, as that of Debian's nagios4.
func silent(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second)) // never fails
	if _, err := c.Write([]byte("@nerd list\x00")); err != nil {
		return false
	}
	answer := make([]byte, 3)
	_, err = io.ReadFull(c, answer)
	return err == nil && string(answer) == "404"
}

func pipeStep(c *corefiles.Config) Step {
	switch {
	case !c.Commands:
		return Step{Text: "the core takes no external commands", Hint: "set check_external_commands=1 and restart the core"}
	case c.Pipe == "":
		return Step{Text: "no command pipe is configured", Hint: "set command_file and restart the core"}
	}
	f, err := os.OpenFile(c.Pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return Step{Text: "nobody reads the command pipe " + c.Pipe, Hint: "start the core"}
	}
	if err != nil {
		return failed(cannot(c.Pipe, err), false)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return Step{Text: c.Pipe + " is not a command pipe", Hint: "the core makes it when it starts: remove the file and restart the core"}
	}
	return Step{OK: true, Text: "command pipe " + c.Pipe}
}
