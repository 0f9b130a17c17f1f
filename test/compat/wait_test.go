package compat

import (
	"bufio"
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

// A waiting is a listener over one site whose host web01 changes at will, and a
// client that waits for that.
type waiting struct {
	site *store.Site
	conn net.Conn
	in   *bufio.Reader
}

func newWaiting(tb testing.TB) *waiting {
	fleet := store.NewFleet(store.Options{})
	w := &waiting{site: fleet.Add(store.SiteInfo{Key: "a", Name: "A"})}
	w.set(tb, 0)
	q := query.New(query.Options{Fleet: fleet}).For(sees)
	ctx, cancel := context.WithCancel(context.Background())
	path := filepath.Join(tb.TempDir(), "live")
	l, err := livestatus.Listen(ctx, "unix", path)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- livestatus.NewServer(livestatus.ServerOptions{Open: livestatus.Always(livestatus.Session{Querier: q, Waiter: q.(lql.Waiter)})}).Serve(ctx, l)
	}()
	if w.conn, err = net.Dial("unix", path); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		w.conn.Close()
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	w.in = bufio.NewReader(w.conn)
	return w
}

// set has the host be in a state.
func (w *waiting) set(tb testing.TB, state int64) {
	b := w.site.Begin()
	rows := b.Replace("hosts")
	if err := rows.Columns("name", "state", "has_been_checked"); err != nil {
		tb.Fatal(err)
	}
	rows.Text(0, []byte("web01"))
	rows.Int(1, state)
	rows.Int(2, 1)
	if err := rows.EndRow(); err != nil {
		tb.Fatal(err)
	}
	if _, err := b.Commit(time.Now()); err != nil {
		tb.Fatal(err)
	}
}

// ask sends a request on the connection, which is kept.
func (w *waiting) ask(tb testing.TB, request string) {
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		tb.Fatal(err)
	}
	if _, err := w.conn.Write([]byte(request + "KeepAlive: on\n\n")); err != nil {
		tb.Fatal(err)
	}
}

func (w *waiting) line(tb testing.TB) string {
	line, err := w.in.ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return line
}

// TestOurOwnChangeEndsAWait: a waiting client is answered by the change itself,
// with the new state, long before its time is over.
func TestOurOwnChangeEndsAWait(t *testing.T) {
	w := newWaiting(t)
	for _, tt := range []struct{ wait, states string }{
		{"WaitObject: web01\nWaitCondition: state = 2\n", "2"},
		{"WaitObject: web01\nWaitCondition: state = 1\nWaitTrigger: check\n", "1"},
		{"WaitTrigger: state\n", "01"},
		{"WaitTrigger: all\n", "01"},
	} {
		w.ask(t, "GET hosts\nColumns: state\n"+tt.wait+"WaitTimeout: 600000\n")
		answer := make(chan string, 1)
		go func() { answer <- w.line(t) }()
		got := ""
		for state := int64(0); got == ""; state = 1 - state {
			w.set(t, state) // again and again, as the server may not have read the request at first
			if len(tt.states) == 1 {
				w.set(t, int64(tt.states[0]-'0'))
				got = <-answer
				continue
			}
			select {
			case got = <-answer:
			default:
			}
		}
		if !strings.Contains(tt.states, strings.TrimSpace(got)) {
			t.Errorf("%q ended with state %q, want one of %s", tt.wait, got, tt.states)
		}
	}
}

// BenchmarkWait is the time from a change in the store until a client that
// waited for it has its answer.
func BenchmarkWait(b *testing.B) {
	w := newWaiting(b)
	var took []time.Duration
	state := int64(0)
	for b.Loop() {
		state = 3 - max(state, 1)
		w.ask(b, "GET hosts\nColumns: state\nWaitObject: web01\nWaitCondition: state = "+string(rune('0'+state))+"\nWaitTimeout: 20000\n")
		time.Sleep(15 * time.Millisecond) // it waits by now
		began := time.Now()
		w.set(b, state)
		w.line(b)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}
