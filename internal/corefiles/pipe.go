package corefiles

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// PipeMost is how long a line for a command pipe may be, in bytes with its line
// end: so much the system writes at once, whoever else writes.
const PipeMost = 4096

// sendMost is how long it is waited for room in the pipe if the context says
// nothing else.
const sendMost = 5 * time.Second

// Why a command did not go into the pipe. After each of them nothing has been
// written.
var (
	ErrNoReader = errors.New("nobody reads the command pipe: the core does not run, or external commands are switched off")
	ErrNoPipe   = errors.New("it is not a command pipe")
	ErrFull     = errors.New("the command pipe is full: the core does not read it")
	ErrUnsafe   = errors.New("the command cannot be written as one line that means just that")
)

// A Pipe is the command pipe of a core, by its path. Its methods are safe for
// concurrent use, also by other programs that write into the same pipe.
type Pipe string

// Send writes a command into the pipe, whole or not at all. It waits for room
// until ctx ends, 5 s at most. A core answers nothing: that it was written does
// not say that it is carried out. The error wraps [ErrNoReader], [ErrNoPipe],
// [ErrFull], [ErrUnsafe] or one of the system, such as [fs.ErrNotExist] and
// [fs.ErrPermission].
func (p Pipe) Send(ctx context.Context, c lql.Command) error {
	line, err := pipeLine(&c)
	if err != nil {
		return err
	}
	return p.write(ctx, line)
}

func (p Pipe) write(ctx context.Context, line []byte) error {
	// Without O_CREATE: a file in the pipe's place would swallow commands.
	f, err := os.OpenFile(string(p), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("corefiles: %s: %w", p, ErrNoReader)
	case err != nil:
		return fmt.Errorf("corefiles: command pipe: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Mode()&fs.ModeNamedPipe == 0 {
		return fmt.Errorf("corefiles: %s: %w", p, ErrNoPipe)
	}
	ctx, cancel := context.WithTimeout(ctx, sendMost)
	defer cancel()
	end, _ := ctx.Deadline()
	if err := f.SetWriteDeadline(end); err != nil {
		return fmt.Errorf("corefiles: command pipe: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })()
	// Up to PipeMost bytes the system takes all of a write or nothing.
	_, err = f.Write(line)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("corefiles: %s: %w", p, ErrFull)
	case errors.Is(err, syscall.EPIPE):
		return fmt.Errorf("corefiles: %s: %w", p, ErrNoReader)
	case err != nil:
		return fmt.Errorf("corefiles: command pipe: %w", err)
	}
	return nil
}

// pipeLine spells a command as the line for a pipe, if a core reads from that
// line just what the command says.
func pipeLine(c *lql.Command) ([]byte, error) {
	unsafe := func(format string, a ...any) ([]byte, error) {
		return nil, fmt.Errorf("corefiles: %w: %s", ErrUnsafe, fmt.Sprintf(format, a...))
	}
	if c.Name == "" || strings.Trim(c.Name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return unsafe("%.40q is no name of a command", c.Name)
	}
	if c.Time <= 0 || c.Time > 9999999999 {
		return unsafe("the time %d is out of range", c.Time)
	}
	if def, ok := schema.LookupCommand(c.Name); ok && len(c.Args) > len(def.Params) {
		return unsafe("%s takes %d values, not %d", c.Name, len(def.Params), len(c.Args))
	}
	for i, a := range c.Args {
		switch {
		case !utf8.ValidString(a):
			return unsafe("value %d is not UTF-8", i+1)
		case strings.ContainsFunc(a, ends):
			return unsafe("value %d has a line end or another control character", i+1)
		case i < len(c.Args)-1 && strings.Contains(a, ";"):
			return unsafe("value %d has a semicolon, which would shift those behind it", i+1)
		case i == len(c.Args)-1 && strings.TrimRight(a, " ") != a:
			return unsafe("the last value ends with a blank, which cores cut off")
		}
	}
	line := append(c.AppendLine(nil), '\n')
	if len(line) > PipeMost {
		return unsafe("it is %d bytes long, more than %d", len(line), PipeMost)
	}
	return line, nil
}

// ends reports what a core or a reader of its log may take for the end of a
// line.
func ends(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
