package query_test

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

var updateCounts = flag.Bool("counts", false, "record the counts anew")

const countsFile = "testdata/counts.txt"

// TestCounts: allocations of every query, bytes per service and bytes copied
// per change are no more than 10 % above the recorded ones. They are counts and
// do not depend on how fast or busy the machine is.
func TestCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("counts of the whole fleet are for the long run; the race detector changes them")
	}
	got := map[string]float64{}
	countQueries(t, got)
	countChanges(t, got)
	if *updateCounts {
		record(t, got)
		return
	}
	recorded := readCounts(t)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		was, ok := recorded[name]
		switch {
		case !ok:
			t.Errorf("%s is %.1f and was never recorded (run with -counts)", name, got[name])
		case got[name] > was*1.1+3:
			t.Errorf("%s: %.1f, recorded are %.1f", name, got[name], was)
		}
	}
}

// countQueries counts what one worker allocates for each query of both sets.
func countQueries(t *testing.T, got map[string]float64) {
	f := fleetOf(t, sizes[0])
	n, size := sizes[0].sites*sizes[0].hosts*sizes[0].services, 0
	for _, v := range f.View().Sites {
		size += v.Snapshot.Size()
	}
	got["bytes/service"] = float64(size) / float64(n)
	e := query.New(query.Options{Fleet: f, Workers: 1, Now: func() time.Time { return time.Unix(benchTime, 0) }}).For(all).(lql.Streamer)
	for _, folder := range []string{"queries", "more"} {
		for name, q := range queries(t, folder) {
			var buf []byte
			got["allocations/"+folder+"/"+name] = testing.AllocsPerRun(3, func() {
				p, err := e.Stream(t.Context(), q, lql.EncoderFor(q))
				if err != nil {
					t.Fatal(name, err)
				}
				for i := range p.N {
					buf = p.Append(buf[:0], i)
				}
			})
		}
	}
}

// countChanges counts the bytes allocated for each changed row when one in a
// hundred services of a site has a new result.
func countChanges(t *testing.T, got map[string]float64) {
	g := &synth{hosts: 2000, services: 10, seed: 1}
	f := store.NewFleet(store.Options{})
	site := f.Add(store.SiteInfo{Key: "b000"})
	g.feed(t, site, 0)
	var fed, copied, rows uint64
	const rounds = 20
	for round := 1; round <= rounds; round++ {
		var data []map[string]any
		for i := round % 100; i < g.hosts*g.services; i += 100 {
			data = append(data, g.serviceRow(0, i/g.services, i%g.services, uint64(round)))
		}
		var ms [3]runtime.MemStats
		runtime.ReadMemStats(&ms[0])
		b := site.Begin()
		r := b.Update("services")
		if err := r.Columns(liveColumns...); err != nil {
			t.Fatal(err)
		}
		for _, d := range data {
			feedRow(r, liveColumns, d)
		}
		runtime.ReadMemStats(&ms[1])
		if _, err := b.Commit(time.Unix(benchTime, 0)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&ms[2])
		fed += ms[1].TotalAlloc - ms[0].TotalAlloc
		copied += ms[2].TotalAlloc - ms[1].TotalAlloc
		rows += uint64(len(data))
	}
	got["bytes fed/changed row"] = float64(fed) / float64(rows)
	got["bytes copied/changed row"] = float64(copied) / float64(rows)
}

func readCounts(t *testing.T) map[string]float64 {
	file, err := os.Open(countsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := map[string]float64{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "\t")
		if out[name], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func record(t *testing.T, got map[string]float64) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(got)) {
		fmt.Fprintf(&b, "%s\t%.1f\n", name, got[name])
	}
	if err := os.WriteFile(countsFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
