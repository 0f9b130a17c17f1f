package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// most is how many fuzzed connections are open at once.
const most = 16

// fuzz sends mutated conversations until ctx ends.
func fuzz(ctx context.Context, o options, s *server, t *tally) error {
	corpus, err := readCorpus(o.corpus)
	if err != nil {
		return err
	}
	m := &mutator{rand: rand.New(rand.NewPCG(o.seed, 0)), corpus: corpus}
	var group sync.WaitGroup
	defer group.Wait()
	slots := make(chan struct{}, most)
	for i := 0; sleep(ctx, o.pause) == nil; i++ {
		request, manner := m.request(), m.rand.IntN(100)
		t.asked(string(request))
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			throw(ctx, s, t, request, manner)
		})
		if i%500 != 0 {
			continue
		}
		// An honest client must get its answer all the while.
		const honest = "GET hosts\nStats: state != 9\n\n"
		b, err := ask("tcp", s.tcp, honest)
		if err == nil && string(b) != fmt.Sprintln(o.sites*o.hosts) {
			err = fmt.Errorf("answered with %q", b)
		}
		if err != nil && ctx.Err() == nil {
			t.failed(honest, err)
		}
	}
	return nil
}

// throw sends one fuzzed text, and reads what comes. manner, 0 to 99, says how
// rude it is about that.
func throw(ctx context.Context, s *server, t *tally, request []byte, manner int) {
	network, address := "tcp", s.tcp
	if manner%3 == 0 {
		network, address = "unix", s.unix
	}
	conn, err := dial(network, address)
	if err != nil {
		if ctx.Err() == nil {
			t.failed(string(request), err)
		}
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if manner < 10 { // in two pieces
		cut := len(request) * manner / 10
		_, _ = conn.Write(request[:cut])
		_ = sleep(ctx, 50*time.Millisecond)
		request = request[cut:]
	}
	_, err = conn.Write(request)
	if manner >= 95 { // leaves at once
		t.left.Add(1)
		return
	}
	waits := bytes.Contains(request, []byte("Wait"))
	if half, ok := conn.(interface{ CloseWrite() error }); ok && manner < 80 && err == nil {
		_ = half.CloseWrite()
	} else {
		waits = true // it may take us for alive, and wait for more
	}
	if waits {
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	}
	n, err := io.Copy(io.Discard, conn)
	t.answered(int(n))
	if ne, ok := err.(net.Error); ok && ne.Timeout() && ctx.Err() == nil {
		if waits {
			t.left.Add(1)
			return
		}
		t.failed(string(request), err)
	}
}

// readCorpus returns what clients send in the conversations of a folder: the
// lines behind ">".
func readCorpus(dir string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	var corpus [][]byte
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var present []byte
		for line := range strings.Lines(string(b)) {
			switch {
			case strings.HasPrefix(line, ">"):
				present = append(present, strings.TrimPrefix(line[1:], " ")...)
			case len(present) > 0:
				corpus, present = append(corpus, present), nil
			}
		}
	}
	if len(corpus) == 0 {
		return nil, fmt.Errorf("no conversations in %s", dir)
	}
	return corpus, nil
}

// A mutator makes texts that look like requests, more or less.
type mutator struct {
	rand   *rand.Rand
	corpus [][]byte
}

// words are what parsers stumble over.
var words = []string{
	"GET ", "COMMAND ", "LOCALTIME ", "hosts", "services", "log", "statehist", "columns", "Filter: ", "Stats: ", "And: ", "Or: ", "Negate:\n", "StatsAnd: ", "StatsNegate:\n",
	"Columns: ", "Sort: ", "Limit: ", "Offset: ", "Backends: ", "AuthUser: ", "Separators: ", "OutputFormat: ", "python3", "wrapped_json", "CSV", "KeepAlive: on\n",
	"ResponseHeader: fixed16\n", "WaitTrigger: all\n", "WaitObject: ", "WaitCondition: ", "WaitTimeout: 20\n", "Localtime: ", "Timelimit: ", "~~", "!=~", ">=", "sum ", "std ", "suminv ",
	"-1", "0", "4294967296", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e308", "nan", "((((((((a*)*)*)*", "[^", "\\", "(?i)", "{1,1000}", "\x00", "\r\n", "\n\n", "\xff\xfe", "ü", "\u202e",
	";", "|", " ", "\t", "'", "host_name", "name", "state", "last_check", "members", "custom_variables", "perf_data", "services_with_info", "plugin_output",
}

// request returns the next text.
func (m *mutator) request() []byte {
	b := bytes.Clone(m.corpus[m.rand.IntN(len(m.corpus))])
	for range 1 + m.rand.IntN(6) {
		b = m.mutate(b)
	}
	if m.rand.IntN(3) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		b = append(b, "\n\n"...)
	}
	return b
}

// mutate changes one thing.
func (m *mutator) mutate(b []byte) []byte {
	from := m.rand.IntN(len(b) + 1)
	to := min(from+m.rand.IntN(20), len(b))
	word := words[m.rand.IntN(len(words))]
	put := func(from, to int, with []byte) []byte {
		return append(append(bytes.Clone(b[:from]), with...), b[to:]...)
	}
	switch m.rand.IntN(12) {
	case 0:
		return put(from, to, nil)
	case 1, 2:
		return put(from, from, []byte(word))
	case 3:
		return put(from, to, []byte(word))
	case 4:
		return put(from, from, b[from:to])
	case 5:
		other := m.corpus[m.rand.IntN(len(m.corpus))]
		return put(from, len(b), other[m.rand.IntN(len(other)):])
	case 6:
		if to > from {
			b[from] ^= byte(1 << m.rand.IntN(8))
		}
		return b
	case 7, 8, 9:
		return m.lines(b)
	case 10:
		noise := make([]byte, m.rand.IntN(30))
		for i := range noise {
			noise[i] = byte(m.rand.Uint32())
		}
		return put(from, to, noise)
	}
	if m.rand.IntN(20) > 0 {
		return b
	}
	return put(from, from, bytes.Repeat([]byte(word), 1+m.rand.IntN(200_000)/len(word))) // huge
}

// lines swaps, doubles, or repeats whole lines.
func (m *mutator) lines(b []byte) []byte {
	lines := bytes.SplitAfter(b, []byte("\n"))
	i, j := m.rand.IntN(len(lines)), m.rand.IntN(len(lines))
	switch m.rand.IntN(3) {
	case 0:
		lines[i], lines[j] = lines[j], lines[i]
	case 1:
		lines[i] = append(bytes.Clone(lines[i]), lines[j]...)
	default:
		if m.rand.IntN(10) == 0 {
			lines[i] = bytes.Repeat(lines[i], 1+m.rand.IntN(2000))
		}
	}
	return bytes.Join(lines, nil)
}
