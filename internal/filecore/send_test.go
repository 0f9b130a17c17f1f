package filecore_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/filecore"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// TestQueryHandler: a Naemon is given commands over its query handler, whose
// refusal is the reason that people read; where it takes none, they go into the
// pipe, and after an answer that does not come nobody sends them again.
func TestQueryHandler(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "naemon.cfg")
	if err := os.WriteFile(config, []byte(configText+"query_socket=naemon.qh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	core, err := filecore.New(filecore.Options{Main: config})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	pipe := filepath.Join(dir, "nagios.cmd")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	send := func(text string) *livestatus.Error {
		t.Helper()
		err := core.Send(t.Context(), lql.Command{Time: 1795000000, Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "eva", text}})
		if err == nil {
			return nil
		}
		e, ok := errors.AsType[*livestatus.Error](err)
		if !ok {
			t.Fatalf("%v", err)
		}
		return e
	}
	piped := func(what, text string) {
		t.Helper()
		want := "[1795000000] ADD_HOST_COMMENT;a;1;eva;" + text + "\n"
		got := make([]byte, len(want))
		if n, err := reader.Read(got); err != nil || string(got[:n]) != want {
			t.Errorf("%s: the pipe has %q, %v", what, got[:n], err)
		}
	}
	if e := send("no handler"); e != nil {
		t.Errorf("%+v", e)
	}
	piped("no handler", "no handler")

	l, err := net.Listen("unix", filepath.Join(dir, "naemon.qh"))
	if err != nil {
		t.Fatal(err)
	}
	answer, asked := "", make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 1000)
			n, _ := c.Read(b)
			asked <- string(b[:n])
			_, _ = c.Write([]byte(answer))
			c.Close()
		}
	}()
	defer func() { l.Close(); <-done }()

	answer = "200: OK\x00"
	if e := send("taken"); e != nil {
		t.Errorf("%+v", e)
	}
	if got := <-asked; got != "@command run [1795000000] ADD_HOST_COMMENT;a;1;eva;taken\x00" {
		t.Errorf("the core was asked %q", got)
	}
	answer = "400: Failed validation of host_name as type host (argument 0)\x00"
	if e := send("refused"); e == nil || e.Kind != livestatus.KindStatus || e.Uncertain || e.Cause != "The core refused the command: Failed validation of host_name as type host (argument 0)." {
		t.Errorf("%+v", e)
	}
	<-asked
	answer = ""
	if e := send("lost"); e == nil || !e.Uncertain || !strings.Contains(e.Cause, "may or may not") {
		t.Errorf("%+v", e)
	}
	<-asked
	answer = "404: command: No such handler\x00"
	if e := send("an older one"); e != nil {
		t.Errorf("%+v", e)
	}
	<-asked
	piped("an older one", "an older one") // and nothing of what was sent before
}

// TestQueryHandlerBeside: of a core whose configuration does not say where its
// query handler is, the one beside its command pipe is listened to, and looked
// at whether it tells anything.
func TestQueryHandlerBeside(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "nagios.cfg")
	if err := os.WriteFile(config, []byte(configText), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "nagios.qh")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.(*net.UnixListener).SetDeadline(time.Now().Add(time.Minute))
	asked := make(chan string, 100)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for answer := "hostchecks"; ; answer = "404: nerd: No such handler" {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 100)
			n, _ := c.Read(b)
			asked <- string(b[:n])
			_, _ = c.Write([]byte(answer))
			c.Close()
		}
	}()
	defer func() { l.Close(); <-served }()
	for _, want := range []string{"query handler " + socket, "query handler " + socket + " does not tell results"} {
		if !slices.ContainsFunc(filecore.Check(config), func(s filecore.Step) bool { return strings.HasPrefix(s.Text, want) && s.OK == (s.Text == want) }) {
			t.Errorf("there is no step %q", want)
		}
		if got := <-asked; got != "@nerd list\x00" {
			t.Errorf("it was asked %q", got)
		}
	}
	core, err := filecore.New(filecore.Options{Main: config})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); core.Run(ctx) }()
	defer func() { cancel(); <-done }()
	if got := <-asked; !strings.HasPrefix(got, "@nerd subscribe ") {
		t.Errorf("it was told %q", got)
	}
}
