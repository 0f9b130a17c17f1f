package site

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
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
	s := &site{m: m, st: st, spec: Spec{Key: "k", Name: "k", Addresses: []string{"tcp://127.0.0.1:6557"}}, log: slog.New(slog.DiscardHandler)}
	s.health = newTracker(st, time.Now, s.log)
	if err := s.connect(t.Context()); !errors.Is(err, errPanic) {
		t.Errorf("connect: %v", err)
	}
}
