package corefiles_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"belvedere/internal/corefiles"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

func newPipe(t *testing.T) corefiles.Pipe {
	t.Helper()
	path := filepath.Join(t.TempDir(), "core.cmd")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return corefiles.Pipe(path)
}

// reader opens the pipe as a core does, for reading and writing.
func reader(t *testing.T, p corefiles.Pipe) *os.File {
	t.Helper()
	f, err := os.OpenFile(string(p), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func comment(text string) lql.Command {
	return lql.Command{Time: 1795300000, Name: "ADD_HOST_COMMENT", Args: []string{"web 01", "1", "eva", text}}
}

func TestPipe(t *testing.T) {
	p := newPipe(t)
	if err := p.Send(t.Context(), comment("x")); !errors.Is(err, corefiles.ErrNoReader) {
		t.Errorf("without a reader: %v", err)
	}
	f := reader(t, p)
	if err := p.Send(t.Context(), comment(`a; b \n Größe`)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(f).ReadString('\n')
	if want := "[1795300000] ADD_HOST_COMMENT;web 01;1;eva;a; b \\n Größe\n"; line != want || err != nil {
		t.Errorf("%q %v, want %q", line, err, want)
	}
}

// TestPipeIsNone: a file in the pipe's place is left as it is, and none is made.
func TestPipeIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := corefiles.Pipe(file).Send(t.Context(), comment("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := corefiles.Pipe(file).Send(t.Context(), comment("x")); !errors.Is(err, corefiles.ErrNoPipe) {
		t.Errorf("a plain file: %v", err)
	}
	if b, err := os.ReadFile(file); len(b) > 0 || err != nil {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

// TestPipeFull: a core that does not read blocks nobody, and gets no part of a
// line.
func TestPipeFull(t *testing.T) {
	p := newPipe(t)
	f := reader(t, p)
	text := strings.Repeat("x", 4000)
	sent := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := p.Send(ctx, comment(text))
		cancel()
		if errors.Is(err, corefiles.ErrFull) {
			break
		}
		if err != nil || sent > 100 {
			t.Fatalf("after %d: %v", sent, err)
		}
		sent++
	}
	in := bufio.NewReader(f)
	for range sent {
		line, err := in.ReadString('\n')
		if err != nil || !strings.HasSuffix(line, ";"+text+"\n") {
			t.Fatalf("%d bytes, %v", len(line), err)
		}
	}
	if err := p.Send(t.Context(), comment("there is room again")); err != nil {
		t.Error(err)
	}
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "room again") {
		t.Errorf("%q %v: a part of the line that did not fit was written", line, err)
	}
}

// TestPipeShared: lines of many writers stay whole.
func TestPipeShared(t *testing.T) {
	p := newPipe(t)
	f := reader(t, p)
	var writers sync.WaitGroup
	for _, letter := range "abcdefgh" {
		writers.Go(func() {
			for range 50 {
				if err := p.Send(t.Context(), comment(strings.Repeat(string(letter), 3000))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	in := bufio.NewReaderSize(f, 1<<16)
	for range 8 * 50 {
		line, err := in.ReadString('\n')
		text := strings.TrimSpace(line[strings.LastIndex(line, ";")+1:])
		if err != nil || len(text) != 3000 || strings.Trim(text, text[:1]) != "" {
			t.Fatalf("a mixed line: %.100q %v", line, err)
		}
	}
	writers.Wait()
}

// TestPipeRefuses: whatever is in the values, either one line arrives that is
// read as these values, or nothing is written.
func TestPipeRefuses(t *testing.T) {
	p := newPipe(t)
	f := reader(t, p)
	in := bufio.NewReaderSize(f, 1<<16)
	nasty := rapid.SampledFrom([]string{";", "\n", "\r", `\n`, "\x00", "\u0085", "\u2028", "\xff", "a", " ", "ä", "\n[1795300000] SHUTDOWN_PROCESS"})
	text := rapid.Map(rapid.SliceOfN(rapid.OneOf(nasty, rapid.StringN(0, 4, 16)), 0, 6), func(s []string) string { return strings.Join(s, "") })
	rapid.Check(t, func(t *rapid.T) {
		def := rapid.SampledFrom(schema.Commands()).Draw(t, "command")
		c := lql.Command{Time: 1795300000, Name: def.Name}
		for range rapid.IntRange(0, len(def.Params)+1).Draw(t, "values") {
			c.Args = append(c.Args, text.Draw(t, "value"))
		}
		if err := p.Send(context.Background(), c); err != nil {
			if !errors.Is(err, corefiles.ErrUnsafe) {
				t.Fatal(err)
			}
			return
		}
		line, err := in.ReadString('\n')
		if err != nil || in.Buffered() > 0 {
			t.Fatalf("%q: more than one line, %v", line, err)
		}
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ";", len(c.Args)+1)
		if parts[0] != "[1795300000] "+c.Name || strings.Join(parts[1:], "\x00") != strings.Join(c.Args, "\x00") {
			t.Fatalf("%q is not %s %q", line, c.Name, c.Args)
		}
	})
	for _, c := range []lql.Command{
		{Time: 1795300000, Name: "add_host_comment"}, {Time: 1795300000}, {Name: "RESTART_PROCESS"}, {Time: 99999999999, Name: "RESTART_PROCESS"},
		comment(strings.Repeat("x", corefiles.PipeMost)), {Time: 1795300000, Name: "DISABLE_HOST_CHECK", Args: []string{"a", "b"}},
	} {
		if err := p.Send(t.Context(), c); !errors.Is(err, corefiles.ErrUnsafe) {
			t.Errorf("%s %.20q: %v", c.Name, c.Args, err)
		}
	}
}
