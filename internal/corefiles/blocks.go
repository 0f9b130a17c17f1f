package corefiles

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// lineMost bounds a line in bytes; the members of a host group are one.
	lineMost = 16 << 20
	// keysMost bounds the keys of a block, blockMost its bytes.
	keysMost  = 4096
	blockMost = 2 * lineMost
)

// ErrTooMany is the error of a file that holds more than any core has, and more
// than may be held of it.
var ErrTooMany = errors.New("it holds more than any core has")

// A Block is one section of status.dat, objects.cache or a file like these. The
// names of sections of objects.cache are those behind "define".
type Block struct {
	Name   string
	Keys   []string
	Values []string // by key
}

// Get returns the last value of a key, "" if the block has none.
func (b *Block) Get(key string) string {
	for i, k := range slices.Backward(b.Keys) {
		if k == key {
			return b.Values[i]
		}
	}
	return ""
}

// A Report says how well a file could be read.
type Report struct {
	Blocks int
	Bad    int  // lines that make no sense, or are too long
	Cut    bool // the file ends in the middle of a block: it is being written
}

// ReadBlocks hands every whole block of r to each, which must not keep it. An
// error of each ends the reading and is returned as it is; other errors are
// those of r.
func ReadBlocks(r io.Reader, each func(*Block) error) (Report, error) {
	s := blockReader{in: bufio.NewReaderSize(r, 64<<10)}
	err := s.each(each)
	return s.report, err
}

type blockReader struct {
	in     *bufio.Reader
	long   []byte
	block  Block
	more   []byte // what follows the last value in further lines
	size   int    // bytes of the block
	open   bool   // within a block
	define bool   // of objects.cache: keys end with a blank, not with =
	tabs   bool   // lines of the block begin with a tab
	report Report
}

// each hands on every whole block.
func (s *blockReader) each(each func(*Block) error) error {
	for {
		line, err := s.line()
		if errors.Is(err, io.EOF) {
			s.report.Cut = s.open
			return nil
		}
		if err != nil {
			return fmt.Errorf("corefiles: %w", err)
		}
		if !s.take(line) {
			continue
		}
		s.report.Blocks++
		if err := each(&s.block); err != nil {
			return err
		}
	}
}

// line returns the next line without its end; those that are too long are left
// out.
func (s *blockReader) line() (string, error) {
	for {
		b, err := s.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			b, err = s.rest(b)
		}
		switch {
		case errors.Is(err, io.EOF) && len(b) > 0:
			s.open = true // without its end the line is not whole
			return "", io.EOF
		case err != nil:
			return "", err
		case len(b) <= lineMost:
			return string(b[:len(b)-1]), nil
		}
		s.report.Bad++
	}
}

// rest reads a line that is longer than the buffer, of which b is the
// beginning.
func (s *blockReader) rest(b []byte) ([]byte, error) {
	if cap(s.long) > 1<<20 {
		s.long = nil
	}
	s.long = append(s.long[:0], b...)
	err := bufio.ErrBufferFull
	for errors.Is(err, bufio.ErrBufferFull) {
		if b, err = s.in.ReadSlice('\n'); len(s.long) <= lineMost {
			s.long = append(s.long, b...)
		}
	}
	return s.long, err
}

// take reads one line; true when it ends a block.
func (s *blockReader) take(line string) bool {
	text := strings.TrimLeft(line, "\t ")
	if !s.open {
		name, ok := strings.CutSuffix(strings.TrimRight(text, " \t\r"), "{")
		switch {
		case ok:
			s.begin(strings.TrimSpace(name))
		case text != "" && text[0] != '#':
			s.report.Bad++
		}
		return false
	}
	tab := strings.HasPrefix(line, "\t")
	if len(s.block.Keys) == 0 {
		s.tabs = tab
	}
	s.size += len(line)
	switch {
	case s.tabs && !tab && len(s.block.Keys) > 0 && !s.define:
		// A line end within a value, as Naemon writes it out of a comment.
		if len(s.more) < lineMost {
			s.more = append(append(s.more, '\n'), line...)
		}
	case strings.TrimRight(text, " \t\r") == "}":
		s.whole()
		s.open = false
		return true
	case s.size > blockMost:
		s.report.Bad++
	case !s.pair(text) && text != "":
		s.report.Bad++
	}
	return false
}

func (s *blockReader) begin(name string) {
	name, s.define = strings.CutPrefix(name, "define ")
	s.block.Name, s.block.Keys, s.block.Values = strings.TrimSpace(name), s.block.Keys[:0], s.block.Values[:0]
	s.open, s.size, s.more = true, 0, s.more[:0]
}

// whole puts together the last value, when it is known where it ends.
func (s *blockReader) whole() {
	if len(s.more) > 0 {
		s.block.Values[len(s.block.Values)-1] += string(s.more)
		s.more = s.more[:0]
	}
}

// pair reads a key with its value.
func (s *blockReader) pair(text string) bool {
	at := strings.IndexByte(text, '=')
	if s.define {
		at = strings.IndexAny(text, "\t ")
	}
	if at <= 0 || len(s.block.Keys) >= keysMost {
		return false
	}
	s.whole()
	value := text[at+1:]
	if s.define {
		value = strings.Trim(value, "\t ")
	}
	s.block.Keys = append(s.block.Keys, text[:at])
	s.block.Values = append(s.block.Values, value)
	return true
}
