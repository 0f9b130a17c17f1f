package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A shaped is a site whose services come and go, and what it should have.
type shaped struct {
	t      *testing.T
	random *rand.Rand
	site   *Site
	step   int
	want   map[string]shapedRow
}

type shapedRow struct {
	state, check    int64
	latency         float64
	command, output string
}

var shapedColumns = []string{"host_name", "description", "state", "last_check", "latency", "check_command", "plugin_output"}

func shapedKey(n int) string { return Key(fmt.Sprintf("h%02d", n/500), fmt.Sprintf("s%03d", n%500)) }

// update gives services new values, or has them come.
func (s *shaped) update(b *Batch, numbers ...int) {
	r := b.Update("services")
	if err := r.Columns(shapedColumns...); err != nil {
		s.t.Fatal(err)
	}
	for _, n := range numbers {
		x := shapedRow{state: int64(s.random.IntN(4) * s.random.IntN(2)), check: 1_790_000_000 + s.random.Int64N(1000), latency: float64(s.random.IntN(1000)) / 100,
			command: fmt.Sprintf("check_%d", s.random.IntN(5)), output: fmt.Sprintf("output %d of step %d", n, s.step)}
		if s.random.IntN(10) == 0 {
			x.latency, x.output, x.command = s.random.Float64(), "", fmt.Sprintf("check %d", n)
		}
		s.want[shapedKey(n)] = x
		for i, v := range splitKey(nil, []byte(shapedKey(n))) {
			r.Text(i, v)
		}
		r.Int(2, x.state)
		r.Int(3, x.check)
		r.Float(4, x.latency)
		r.Text(5, []byte(x.command))
		r.Text(6, []byte(x.output))
		if err := r.EndRow(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shaped) commit(b *Batch) {
	if _, err := b.Commit(time.Unix(1, 0)); err != nil {
		s.t.Fatal(err)
	}
}

// check compares all values.
func (s *shaped) check() {
	snap := s.site.Snapshot()
	if snap.Rows("services") != len(s.want) {
		s.t.Fatalf("step %d: %d rows, want %d", s.step, snap.Rows("services"), len(s.want))
	}
	for i := range snap.Rows("services") {
		k := snap.Key("services", i)
		got := shapedRow{snap.Int("services", "state", i), snap.Int("services", "last_check", i), snap.Float("services", "latency", i), snap.Text("services", "check_command", i), snap.Text("services", "plugin_output", i)}
		if got != s.want[k] {
			s.t.Fatalf("step %d, %q: %v, want %v", s.step, k, got, s.want[k])
		}
		for _, guess := range []int{-1, i - 1, i, i + 1, 1 << 30} {
			if at, ok := snap.FindAt("services", []byte(k), guess); !ok || at != i {
				s.t.Fatalf("step %d, %q: row %d found at %d from %d", s.step, k, i, at, guess)
			}
		}
		if at, ok := snap.FindAt("services", []byte(k+"\x00"), i); ok {
			s.t.Fatalf("a key with a part too many is row %d", at)
		}
	}
}

// TestReshape: rows that come and go anywhere in a table of several chunks
// leave all others with their values, and chunks before them as they are.
func TestReshape(t *testing.T) {
	s := &shaped{t: t, random: rand.New(rand.NewPCG(1, 2)), site: NewFleet(Options{}).Add(SiteInfo{Key: "s"}), want: map[string]shapedRow{}}
	b := s.site.Begin()
	hosts := b.Replace("hosts")
	if err := hosts.Columns("name"); err != nil {
		t.Fatal(err)
	}
	for h := range 10 {
		hosts.Text(0, fmt.Appendf(nil, "h%02d", h))
		if err := hosts.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	for n := 0; n < 5000; n += 2 {
		s.update(b, n)
	}
	s.commit(b)
	s.check()
	for s.step = range 60 {
		b = s.site.Begin()
		for range s.random.IntN(4) {
			k := shapedKey(s.random.IntN(5000))
			b.Delete("services", k)
			delete(s.want, k)
		}
		for range s.random.IntN(20) {
			s.update(b, s.random.IntN(5000))
		}
		s.commit(b)
		s.check()
	}
	before := s.site.Snapshot().Table("services")
	b = s.site.Begin()
	b.Delete("services", shapedKey(4998))
	delete(s.want, shapedKey(4998))
	s.update(b, 4999)
	s.commit(b)
	s.check()
	after := s.site.Snapshot().Table("services")
	for _, name := range shapedColumns[2:] {
		x, y := before.ColumnNamed(name), after.ColumnNamed(name)
		for k := range len(x.chunks) - 1 {
			if x.chunks[k] != y.chunks[k] {
				t.Errorf("column %s: chunk %d was copied for rows at the end", name, k)
			}
		}
	}
}
