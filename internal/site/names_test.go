package site

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// TestStrangeNames: a name that cannot stand in a request, or in a key, must
// not keep the rest of the core from being read.
func TestStrangeNames(t *testing.T) {
	table, _ := schema.Lookup("services")
	r := request{table: "services", ask: []string{"host_name", "description"},
		keys: []field{{column: column{kind: schema.Text}, at: 0}, {column: column{kind: schema.Text}, at: 1}}}
	for row, want := range map[string]string{
		`"a","b"`:        "a\x00b",
		`"","b"`:         "",
		`"a\u0000b","c"`: "",
		`"a","b\u0000c"`: "",
		`"` + strings.Repeat("x", 5000) + `","c"`: "",
		`"a\nb","c"`: "a\nb\x00c",
	} {
		cellsOf(t, row, func(cells []livestatus.Cell) {
			key, ok := r.appendKey(nil, cells)
			if ok != (want != "") || ok && string(key) != want {
				t.Errorf("%s: key %q, %v; want %q", row, key, ok, want)
			}
		})
	}
	s := &session{site: &site{st: store.NewFleet(store.Options{}).Add(store.SiteInfo{Key: "k", Name: "k"})}}
	s.cursor.newest = map[string]int64{}
	s.cursor.executing = map[string][]string{"services": {"a\nb\x00c", "a\x00b", strings.Repeat("x", 2000) + "\x00b"}}
	p := &tablePlan{table: table, live: r, window: "last_check", executing: true}
	q := r.query()
	q.Filter = s.windowFilter(p)
	text := string(q.AppendText(nil))
	if strings.Count(text, "host_name = ") != 1 || len(text) > 500 {
		t.Errorf("request for what is being checked:\n%.500s", text)
	}
}

// TestPanicIsOfOneSite: a fault of ours that one core sets off does not end the
// program.
func TestPanicIsOfOneSite(t *testing.T) {
	m := &Manager{client: func(livestatus.Options) client { panic("a fault") }}
	st := store.NewFleet(store.Options{}).Add(store.SiteInfo{Key: "k", Name: "k"})
	s := &site{m: m, st: st, spec: Spec{Key: "k", Name: "k", Addresses: []string{"tcp://127.0.0.1:6557"}}, log: slog.New(slog.DiscardHandler), now: time.Now}
	s.health = newTracker(st, time.Now, s.log)
	if err := s.connect(t.Context()); !errors.Is(err, errPanic) {
		t.Errorf("connect: %v", err)
	}
}

// A faulty client sets off a fault of ours with what it is asked.
type faulty struct {
	client
	broken *atomic.Bool
	at     string
	faults *atomic.Int64
}

func (f faulty) fault(at string) {
	if f.at == at && f.broken.Load() {
		f.faults.Add(1)
		panic("a fault")
	}
}

func (f faulty) Clock(ctx context.Context, core livestatus.Core) (time.Duration, bool, error) {
	f.fault("clock")
	return f.client.Clock(ctx, core)
}

func (f faulty) Fetch(ctx context.Context, q *lql.Query, s livestatus.Sink) (livestatus.Stats, error) {
	switch {
	case q.Wait != nil:
		f.fault("wait")
	case q.Table == "comments":
		f.fault("poll")
	}
	return f.client.Fetch(ctx, q, s)
}

// TestPanicInTheBackground: a fault in any goroutine of a site takes that site
// down with a cause (late while what it read before is young), is not repeated at once, and leaves no goroutine.
func TestPanicInTheBackground(t *testing.T) {
	for _, at := range []string{"clock", "wait", "poll"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, one(newToy()))
				defer b.stop()
				var broken atomic.Bool
				var faults atomic.Int64
				real := b.m.client
				b.m.client = func(o livestatus.Options) client { return faulty{real(o), &broken, at, &faults} }
				b.m.Apply([]Spec{spec("a", "tcp://10.0.0.1:6557")})
				b.state("a", store.Fresh, 10*time.Second)
				broken.Store(true)
				time.Sleep(5 * time.Minute)
				if at != "clock" {
					// Each try reads everything first and is fresh for a moment.
					for range 60 {
						if b.health("a").State != store.Fresh {
							break
						}
						time.Sleep(time.Second)
					}
				}
				if h := b.health("a"); h.State == store.Fresh && at != "clock" || !strings.Contains(h.Cause, "fault of Belvedere") {
					t.Errorf("during the fault: %v, %q", h.State, h.Cause)
				}
				if n := faults.Load(); n < 2 || n > 20 {
					t.Errorf("%d faults in five minutes", n)
				}
				broken.Store(false)
				b.state("a", store.Fresh, 3*time.Minute)
			})
		})
	}
}
