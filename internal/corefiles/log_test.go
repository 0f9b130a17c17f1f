package corefiles_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/internal/corefiles"
)

// TestTail follows a log while it grows, is moved away, and is cut short.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nagios.log")
	n := 0
	write := func(how int, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|how, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	line := func() string {
		n++
		return fmt.Sprintf("[%d] SERVICE ALERT: a;b;OK;HARD;1;line %d\n", 1795300000+n, n)
	}
	write(os.O_TRUNC, line())
	tail, err := corefiles.OpenTail(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tail.Close(); err != nil {
			t.Error(err)
		}
	}()
	next := func(want ...string) {
		t.Helper()
		var got []string
		if err := tail.Read(func(r *corefiles.Row) error {
			got = append(got, strings.TrimPrefix(r.Text("plugin_output"), "line "))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("read %q, want %q", got, want)
		}
	}
	next()
	write(os.O_APPEND, line()+line())
	next("2", "3")
	whole := line()
	write(os.O_APPEND, whole[:20])
	next()
	write(os.O_APPEND, whole[20:])
	next("4")
	write(os.O_APPEND, line())
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	next("5") // the rest of the one that was moved away
	write(os.O_TRUNC, line())
	next("6")
	write(os.O_TRUNC, "")
	next()
	write(os.O_APPEND, "no line\n"+line()+strings.Repeat("x", 200<<10)+"\n"+line())
	next("7", "8")
}
