package corefiles

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"belvedere/internal/logline"
)

// logLineMost bounds a line of a log in bytes; the rest of a longer one is cut
// off.
const logLineMost = 64 << 10

// ReadLog hands the lines of a log to each as rows of table log, oldest first;
// each must not keep them. Lines that are no entries, and what follows the last
// line end, are left out. Errors are those of r and of each.
func ReadLog(r io.Reader, each func(*Row) error) error {
	l := logReader{in: bufio.NewReaderSize(r, logLineMost)}
	return l.read(each)
}

type logReader struct {
	in   *bufio.Reader
	line int64 // lines read
	used int64 // bytes of whole lines
	row  Row
}

// read reads whole lines until there are no more.
func (l *logReader) read(each func(*Row) error) error {
	for {
		b, err := l.in.ReadSlice('\n')
		text, n := string(b), int64(len(b))
		for errors.Is(err, bufio.ErrBufferFull) {
			b, err = l.in.ReadSlice('\n')
			n += int64(len(b))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("corefiles: log: %w", err)
		}
		l.line++
		l.used += n
		e, ok := logline.Parse(strings.TrimRight(text, "\r\n"))
		if !ok {
			continue
		}
		l.row.entry(&e, l.line)
		if err := each(&l.row); err != nil {
			return err
		}
	}
}

func (r *Row) entry(e *logline.Entry, line int64) {
	r.begin("log")
	r.set("time", e.Time)
	r.set("lineno", line)
	r.set("class", int64(e.Class))
	r.set("type", e.Type)
	r.set("message", e.Message)
	r.set("options", e.Options)
	r.set("host_name", e.Host)
	r.set("service_description", e.Service)
	r.set("state", int64(e.State))
	r.set("state_type", e.StateType)
	r.set("attempt", int64(e.Attempt))
	r.set("plugin_output", e.Output)
	r.set("comment", e.Comment)
	r.set("contact_name", e.Contact)
	r.set("command_name", e.Command)
}

// A Tail follows the log of a running core over its rotations. The zero Tail
// follows nothing; make one with [OpenTail]. It is for one goroutine.
type Tail struct {
	path string
	f    *os.File
	at   int64 // bytes of whole lines that were read
	line int64
}

// OpenTail follows a log from its end on, or from its beginning.
func OpenTail(path string, fromStart bool) (*Tail, error) {
	f, err := Open(path)
	if err != nil {
		return nil, fmt.Errorf("corefiles: log: %w", err)
	}
	t := &Tail{path: path, f: f}
	if !fromStart {
		if t.at, err = f.Seek(0, io.SeekEnd); err != nil {
			return nil, errors.Join(fmt.Errorf("corefiles: log: %w", err), f.Close())
		}
	}
	return t, nil
}

// Read hands over the lines that were written since the last time, see
// [ReadLog]. A log that was moved away is read to its end before the one that
// took its place; one that was cut short is read from its beginning.
func (t *Tail) Read(each func(*Row) error) error {
	if st, err := t.f.Stat(); err == nil && st.Size() < t.at {
		t.at, t.line = 0, 0
	}
	if err := t.rest(each); err != nil {
		return err
	}
	now, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is being rotated
	} else if err != nil {
		return fmt.Errorf("corefiles: log: %w", err)
	}
	if st, err := t.f.Stat(); err == nil && os.SameFile(st, now) {
		return nil
	}
	// What came between the two looks is still there.
	if err := t.rest(each); err != nil {
		return err
	}
	f, err := Open(t.path)
	if err != nil {
		return fmt.Errorf("corefiles: log: %w", err)
	}
	_ = t.f.Close() // it was only read
	t.f, t.at, t.line = f, 0, 0
	return t.rest(each)
}

// rest reads the file that is open from where the last reading ended.
func (t *Tail) rest(each func(*Row) error) error {
	if _, err := t.f.Seek(t.at, io.SeekStart); err != nil {
		return fmt.Errorf("corefiles: log: %w", err)
	}
	l := logReader{in: bufio.NewReaderSize(t.f, logLineMost), line: t.line}
	err := l.read(each)
	t.at, t.line = t.at+l.used, l.line
	return err
}

// Close ends the following.
func (t *Tail) Close() error { return t.f.Close() }
