package corefiles

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
)

// Changes reads one status.dat again and again and leaves out what did not
// change since: most of it, as a core writes the whole file each time. It holds
// eight bytes for each section. The zero value knows nothing. It is for one
// goroutine.
type Changes struct {
	seed  maphash.Seed
	known map[uint64]struct{} // sums of sections
	seen  map[uint64]struct{} // by the last Read
}

// sectionsMost bounds the sections of a status.dat.
const sectionsMost = 4_000_000

// Read is [ReadStatus] without the hosts, services and contacts that were the
// same at the last [Changes.Keep]; of more sections than any core has it is
// [ErrTooMany]. Those for which again is true are never left
// out; service is "" for hosts. again may be nil.
func (c *Changes) Read(r io.Reader, again func(host, service string) bool, each func(*Row) error) (Info, error) {
	if c.known == nil {
		c.seed, c.known = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	c.seen = make(map[uint64]struct{}, len(c.known))
	raw := rawReader{in: bufio.NewReaderSize(r, 64<<10)}
	s := statusReader{each: each}
	var text bytes.Reader
	blocks := blockReader{in: bufio.NewReaderSize(&text, 64<<10)}
	for {
		b, err := raw.next()
		if errors.Is(err, io.EOF) {
			s.info.Report = raw.report
			s.info.Bad += blocks.report.Bad
			return s.info, nil
		}
		if err != nil {
			return s.info, fmt.Errorf("corefiles: %w", err)
		}
		if raw.report.Blocks++; raw.report.Blocks > sectionsMost {
			return s.info, ErrTooMany
		}
		name := sectionOf(b)
		s.info.count(name)
		if c.same(name, b, again) {
			continue
		}
		text.Reset(b)
		blocks.in.Reset(&text)
		if err := blocks.each(s.block); err != nil {
			return s.info, err
		}
	}
}

// Keep has the sections of the last [Changes.Read] count as known, and no
// others.
func (c *Changes) Keep() { c.known, c.seen = c.seen, nil }

// Forget has the next Read leave out nothing.
func (c *Changes) Forget() { clear(c.known) }

var (
	keyHost    = []byte("\thost_name=")
	keyService = []byte("\tservice_description=")
	keyUpdate  = []byte("\tlast_update=")
)

// sectionOf returns the name of a section.
func sectionOf(b []byte) string {
	head, _, _ := bytes.Cut(b, []byte{'\n'})
	return string(bytes.TrimSpace(bytes.TrimSuffix(head, []byte{'{'})))
}

// same reports whether a section is known, and notes it.
func (c *Changes) same(name string, b []byte, again func(host, service string) bool) bool {
	head, rest, _ := bytes.Cut(b, []byte{'\n'})
	switch name {
	case "hoststatus", "servicestatus", "contactstatus":
	default:
		return false
	}
	// Nagios writes the time of the file as the last update of each object.
	sum := b
	before, after := rest, []byte(nil)
	if i := bytes.LastIndex(rest, keyUpdate); i >= 0 && (i == 0 || rest[i-1] == '\n') {
		line, behind, _ := bytes.Cut(rest[i:], []byte{'\n'})
		if !bytes.ContainsRune(line, '.') {
			before, after, sum = rest[:i], behind, nil
		}
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	if sum != nil {
		_, _ = h.Write(sum) // never fails
	} else {
		_, _ = h.Write(head)
		_, _ = h.Write(before)
		_, _ = h.Write(after)
	}
	n := h.Sum64()
	c.seen[n] = struct{}{}
	if _, known := c.known[n]; !known {
		return false
	}
	return again == nil || !again(valueOf(rest, keyHost), valueOf(rest, keyService))
}

// valueOf returns the value of a key of a section, as a row has it.
func valueOf(b, key []byte) string {
	i := bytes.Index(b, key)
	if i < 0 || i > 0 && b[i-1] != '\n' {
		return ""
	}
	line, _, _ := bytes.Cut(b[i+len(key):], []byte{'\n'})
	return clean(string(line))
}

// A rawReader parts a file into its sections without reading them.
type rawReader struct {
	in     *bufio.Reader
	block  []byte
	report Report
}

// next returns the next section, from its name to its closing brace. What ends
// in the middle is none.
func (r *rawReader) next() ([]byte, error) {
	r.block = r.block[:0]
	open, tabs, first, whole := false, false, false, true
	for {
		from := len(r.block)
		kept, err := r.line()
		if errors.Is(err, io.EOF) {
			r.report.Cut = open || len(r.block) > from
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		line := r.block[from:]
		text := bytes.TrimSpace(line)
		switch {
		case !open:
			r.block = r.block[:0]
			if open = bytes.HasSuffix(text, []byte{'{'}); open {
				r.block = append(append(r.block, text...), '\n')
				first = true
			} else if len(text) > 0 && text[0] != '#' {
				r.report.Bad++
			}
			continue
		case first:
			tabs, first = line[0] == '\t', false
		}
		if len(text) == 1 && text[0] == '}' && (!tabs || line[0] == '\t') {
			if whole {
				return r.block, nil
			}
			r.block, open, whole = r.block[:0], false, true
			continue
		}
		if !kept || len(r.block) > blockMost {
			r.report.Bad++
			if len(r.block) > blockMost {
				whole = false
			}
			r.block = r.block[:from] // as if the line were not there
		}
	}
}

// line appends the next line to the block; false: not all of it, as it is too
// long.
func (r *rawReader) line() (bool, error) {
	from, kept := len(r.block), true
	for {
		b, err := r.in.ReadSlice('\n')
		if len(r.block)-from+len(b) <= lineMost {
			r.block = append(r.block, b...)
		} else {
			kept = false
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return kept, err
		}
	}
}
