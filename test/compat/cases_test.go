package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A compatCase is one conversation: all that a client sends, all it gets.
type compatCase struct {
	where  string // file and line
	name   string
	source string
	on     string // listener; "" is the one that shows all
	open   bool   // the client does not close its side: the server must
	in     string
	want   string
}

// readCases reads all cases of testdata. A case is a name in brackets, the
// lines "source:" and perhaps "on:" and "stays open", then what is sent behind
// ">" and what comes back behind "<". Each such line ends with a line feed,
// unless ⌁ stands at its end; ␍ is a carriage return, and ‹ff› a byte. Lines
// with # are for readers.
func readCases(t *testing.T) []compatCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []compatCase
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			line = strings.TrimSuffix(line, "\n")
			if name, ok := strings.CutPrefix(line, "["); ok && strings.HasSuffix(name, "]") {
				all = append(all, compatCase{where: fmt.Sprintf("%s:%d", file, n), name: strings.TrimSuffix(name, "]")})
				continue
			}
			if line == "" || line[0] == '#' {
				continue
			}
			if len(all) == 0 || !all[len(all)-1].take(line) {
				t.Fatalf("%s:%d: %q is no line of a case", file, n, line)
			}
		}
	}
	return all
}

// take adds a line to a case and reports whether it means something.
func (c *compatCase) take(line string) bool {
	switch {
	case line == "stays open":
		c.open = true
	case strings.HasPrefix(line, "source: "):
		c.source = line[len("source: "):]
	case strings.HasPrefix(line, "on: "):
		c.on = line[len("on: "):]
	case line[0] == '>':
		return add(&c.in, line[1:])
	case line[0] == '<':
		return add(&c.want, line[1:])
	default:
		return false
	}
	return true
}

func add(to *string, text string) bool {
	text = strings.TrimPrefix(text, " ")
	text, open := strings.CutSuffix(text, "⌁")
	text = strings.ReplaceAll(text, "␍", "\r")
	for {
		before, rest, ok := strings.Cut(text, "‹")
		*to += before
		if !ok {
			break
		}
		hex, after, ok := strings.Cut(rest, "›")
		n, err := strconv.ParseUint(hex, 16, 8)
		if !ok || err != nil {
			return false
		}
		*to += string([]byte{byte(n)})
		text = after
	}
	if !open {
		*to += "\n"
	}
	return true
}

// recorded reads the names of the requests whose answers were recorded from
// real cores.
func recorded(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../../internal/testkit/testdata/naemon/dialogue.txt")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "] (EOF")
			names = append(names, strings.TrimSuffix(strings.TrimSpace(name), "]"))
		}
	}
	return names
}

// TestSources: there are enough cases, each has a name of its own and says
// where it comes from, and every recorded request is among them.
func TestSources(t *testing.T) {
	cases := readCases(t)
	if len(cases) < 300 {
		t.Errorf("%d cases, want at least 300", len(cases))
	}
	seen, cited := map[string]string{}, map[string]bool{}
	for _, c := range cases {
		if at, ok := seen[c.name]; ok {
			t.Errorf("%s: %q is also at %s", c.where, c.name, at)
		}
		seen[c.name] = c.where
		if c.source == "" || c.in == "" {
			t.Errorf("%s: %q has no source or no request", c.where, c.name)
		}
		for s := range strings.SplitSeq(c.source, "; ") {
			switch {
			case strings.HasPrefix(s, "dialogue, "):
				cited[strings.TrimPrefix(s, "dialogue, ")] = true
			case !strings.HasPrefix(s, "notes "):
				t.Errorf("%s: %q: source %q is neither a section of the notes nor a recorded dialogue", c.where, c.name, s)
			}
		}
	}
	names := recorded(t)
	if len(names) < 79 {
		t.Errorf("only %d recorded requests", len(names))
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
		if !cited[name] {
			t.Errorf("no case for the recorded request %q", name)
		}
	}
	for name := range cited {
		if !known[name] {
			t.Errorf("%q was never recorded", name)
		}
	}
}
