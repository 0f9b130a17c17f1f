package query_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A synth makes sites whose values look like those of real ones and are a
// function of a seed: the same distinct values, lengths and share of problems.
type synth struct {
	hosts, services int
	seed            uint64
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

var serviceTypes = []string{"http www", "disk /", "load", "memory", "ping", "ssh", "ntp time", "procs total", "swap", "users logged in"}

const benchTime = 1_790_000_000

func (g *synth) host(site, h int) string { return fmt.Sprintf("srv%04d-b%03d.example.net", h, site) }

// state rolls the dice for an object: 3 % problems.
func (g *synth) state(id uint64) int64 {
	if id%1000 >= 30 {
		return 0
	}
	return int64([]int{1, 1, 1, 1, 2, 2, 2, 2, 2, 3}[id/1000%10])
}

// object sets what hosts and services have in common.
func (g *synth) object(row map[string]any, id, check uint64, h int) {
	state := g.state(id)
	last := int64(benchTime - id%100 + check)
	rnd := mix(id + check)
	var contacts []string
	for c := h % 10; c < 50; c += 10 {
		contacts = append(contacts, fmt.Sprintf("user%02d", c))
	}
	for _, n := range []string{"accept_passive_checks", "active_checks_enabled", "checks_enabled", "event_handler_enabled", "flap_detection_enabled",
		"in_check_period", "in_notification_period", "notifications_enabled", "process_performance_data", "obsess", "has_been_checked", "state_type", "pnpgraph_present"} {
		row[n] = int64(1)
	}
	for n, v := range map[string]any{
		"acknowledged": int64(b2i(state > 0 && id%10 < 3)), "acknowledgement_type": int64(b2i(state > 0 && id%10 < 3)),
		"check_interval": 5.0, "retry_interval": 1.0, "current_attempt": 1 + 2*int64(b2i(state > 0)), "max_check_attempts": int64(3),
		"current_notification_number": int64(b2i(state > 0)), "execution_time": float64(rnd%2000000) / 1e6, "latency": float64(mix(rnd)%300000) / 1e6,
		"percent_state_change": float64(id % 7), "last_check": last, "next_check": last + 100, "last_update": last,
		"last_hard_state": state, "last_hard_state_change": benchTime - int64(id%100000), "last_state_change": benchTime - int64(id%100000),
		"last_state": state, "state": state, "last_notification": int64(b2i(state > 0)) * last, "next_notification": int64(b2i(state > 0)) * (last + 3600),
		"contacts": append(contacts, "admin"), "contact_groups": []string{"admins", fmt.Sprintf("team%02d", h%10)},
		"check_period": "24x7", "notification_period": "24x7", "notification_interval": 60.0, "check_source": "Core Worker 4711", "id": int64(id % 1e6),
		"custom_variables":         []schema.Pair{{Name: "CRITICALITY", Value: fmt.Sprint(id % 5)}, {Name: "ENV", Value: []string{"prod", "prod", "prod", "stage", "test"}[h%5]}, {Name: "TEAM", Value: []string{"web", "db", "net", "base", "apps"}[id%5]}},
		"custom_variable_names":    []string{"CRITICALITY", "ENV", "TEAM"},
		"custom_variable_values":   []string{fmt.Sprint(id % 5), []string{"prod", "prod", "prod", "stage", "test"}[h%5], []string{"web", "db", "net", "base", "apps"}[id%5]},
		"scheduled_downtime_depth": int64(b2i(id%500 == 7)), "action_url": "/pnp/graph?host=$HOSTNAME$", "last_time_ok": last,
	} {
		row[n] = v
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *synth) hostRow(site, h int) map[string]any {
	id := mix(g.seed ^ uint64(site)<<40 ^ uint64(h)<<20)
	row := map[string]any{}
	g.object(row, id, 0, h)
	row["name"], row["display_name"] = g.host(site, h), g.host(site, h)
	row["alias"] = fmt.Sprintf("linux server %04d in berlin", h)
	row["address"] = fmt.Sprintf("10.%d.%d.%d", site%250, h/250%250, h%250)
	row["check_command"] = "check-host-alive!3000.0,80%!5000.0,100%"
	row["plugin_output"] = fmt.Sprintf("PING OK - Packet loss = 0%%, RTA = %d.%02d ms, gateway answers from own segment", id%20, id%100)
	row["perf_data"] = fmt.Sprintf("rta=%d.%06dms;3000.000000;5000.000000;0.000000 pl=0%%;80;100;0", id%20, id%1000000)
	row["groups"] = []string{"all-linux", fmt.Sprintf("rack%02d", h%20)}
	row["state"] = min(row["state"].(int64), 1)
	return row
}

func (g *synth) serviceRow(site, h, s int, check uint64) map[string]any {
	id := mix(g.seed ^ uint64(site)<<40 ^ uint64(h)<<20 ^ uint64(s+1))
	rnd := mix(id + check)
	row := map[string]any{}
	g.object(row, id, check, h)
	typ := serviceTypes[s%len(serviceTypes)]
	row["host_name"], row["description"], row["display_name"] = g.host(site, h), typ, typ
	row["check_command"] = "check_" + strings.Fields(typ)[0] + "!10!20"
	row["plugin_output"] = fmt.Sprintf("%s OK: HTTP/1.1 200 OK - %d bytes in 0.%03d second response time, certificate valid for %d days", strings.ToUpper(typ), rnd%90000, rnd%1000, id%300)
	row["perf_data"] = fmt.Sprintf("time=0.%06ds;2.000000;5.000000;0.000000;10.000000 size=%dB;;;0", rnd%1000000, rnd%90000)
	if id%3 == 0 {
		row["long_plugin_output"] = strings.Repeat(fmt.Sprintf("[device %d] usage %d.%02d%% of the configured limit, last error none\\n", id%10, rnd%100, rnd%99), int(2+id%8))
	}
	groups := []string{"sg-" + strings.Fields(typ)[0]}
	if s%2 == 0 {
		groups = append(groups, "sg-even")
	}
	row["groups"] = groups
	return row
}

// feed writes a whole site.
func (g *synth) feed(tb testing.TB, site *store.Site, nr int) {
	b := site.Begin()
	write := func(table string, row map[string]any, r **store.Rows, names *[]string) {
		if *r == nil {
			*r = b.Replace(table)
			st, _ := schema.Lookup(table)
			for _, c := range st.Columns {
				if _, ok := row[c.Name]; ok || c.Name == "long_plugin_output" {
					*names = append(*names, c.Name)
				}
			}
			if err := (*r).Columns(*names...); err != nil {
				tb.Fatal(err)
			}
		}
		feedRow(*r, *names, row)
	}
	var hosts, services, hg, sg *store.Rows
	var hn, sn, hgn, sgn []string
	racks := make([][]string, 20)
	groups := map[string][]schema.Member{}
	for h := range g.hosts {
		write("hosts", g.hostRow(nr, h), &hosts, &hn)
		racks[h%20] = append(racks[h%20], g.host(nr, h))
		for s := range g.services {
			row := g.serviceRow(nr, h, s, 0)
			write("services", row, &services, &sn)
			for _, n := range row["groups"].([]string) {
				groups[n] = append(groups[n], schema.Member{Host: g.host(nr, h), Service: row["description"].(string)})
			}
		}
	}
	for i, m := range racks {
		write("hostgroups", map[string]any{"name": fmt.Sprintf("rack%02d", i), "alias": "Rack", "members": m}, &hg, &hgn)
	}
	for n, m := range groups {
		write("servicegroups", map[string]any{"name": n, "alias": "Group", "members": m}, &sg, &sgn)
	}
	if _, err := b.Commit(time.Unix(benchTime, 0)); err != nil {
		tb.Fatal(err)
	}
	site.SetHealth(store.Health{State: store.Fresh})
}

// A size is one of the fleets that are measured.
type size struct {
	name                   string
	sites, hosts, services int
}

var sizes = []size{{"20k", 5, 400, 10}, {"200k", 50, 400, 10}, {"1M", 100, 1000, 10}, {"1M-one-site", 1, 100_000, 10}, {"200k-one-site", 1, 20_000, 10}}

// fleets that were made; the large ones take seconds.
var benchFleet struct {
	size  size
	fleet *store.Fleet
}

func fleetOf(tb testing.TB, s size) *store.Fleet {
	if benchFleet.fleet != nil && benchFleet.size == s {
		return benchFleet.fleet
	}
	benchFleet.fleet = nil
	runtime.GC()
	f := store.NewFleet(store.Options{})
	for i := range s.sites {
		g := &synth{hosts: s.hosts, services: s.services, seed: 1}
		g.feed(tb, f.Add(store.SiteInfo{Key: fmt.Sprintf("b%03d", i), Name: fmt.Sprintf("site %d", i), Position: i}), i)
	}
	runtime.GC()
	benchFleet.size, benchFleet.fleet = s, f
	return f
}

// queries reads the queries of a folder of testdata, by name.
func queries(tb testing.TB, folder string) map[string]*lql.Query {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.lql"))
	if err != nil || len(files) == 0 {
		tb.Fatal("no queries", err)
	}
	out := map[string]*lql.Query{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		q, err := lql.Parse(string(text))
		if err != nil {
			tb.Fatal(f, err)
		}
		if !q.FormatSet {
			q.Format, q.FormatSet = lql.JSON, true
		}
		out[strings.TrimSuffix(filepath.Base(f), ".lql")] = q
	}
	return out
}

// cpuTime is what the process has used of all processors so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkQueries runs the set of queries to the last byte of their answer.
func BenchmarkQueries(b *testing.B) { runQueries(b, "queries") }

// BenchmarkMore runs a second set: every operator and kind of column, sorting,
// paging, groups and rights.
func BenchmarkMore(b *testing.B) { runQueries(b, "more") }

func runQueries(b *testing.B, folder string) {
	for _, s := range sizes {
		b.Run(s.name, func(b *testing.B) {
			e := query.New(query.Options{Fleet: fleetOf(b, s)}).For(all).(lql.Streamer)
			qs := queries(b, folder)
			for _, name := range slices.Sorted(maps.Keys(qs)) {
				b.Run(name, func(b *testing.B) { runQuery(b, e, qs[name]) })
			}
		})
	}
}

// answer appends an answer, encoded by as many goroutines as there are
// processors, as the Livestatus server does.
func answer(tb testing.TB, e lql.Streamer, q *lql.Query, bufs [][]byte) [][]byte {
	p, err := e.Stream(context.Background(), q, lql.EncoderFor(q))
	if err != nil {
		tb.Fatal(err)
	}
	for len(bufs) < p.N {
		bufs = append(bufs, nil)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	work := func() {
		for i := int(next.Add(1)) - 1; i < p.N; i = int(next.Add(1)) - 1 {
			bufs[i] = p.Append(bufs[i][:0], i)
		}
	}
	for range min(p.N, runtime.GOMAXPROCS(0)) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	return bufs[:p.N]
}

func runQuery(b *testing.B, e lql.Streamer, q *lql.Query) {
	var bufs [][]byte
	var times []time.Duration
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		start := time.Now()
		bufs = answer(b, e, q, bufs)
		times = append(times, time.Since(start))
	}
	size := 0
	for _, buf := range bufs {
		size += len(buf)
	}
	slices.Sort(times)
	b.ReportMetric(float64(size), "bytes")
	b.ReportMetric(times[0].Seconds()*1000, "ms-fastest")
	b.ReportMetric(times[len(times)/2].Seconds()*1000, "ms-median")
	b.ReportMetric(times[len(times)*95/100].Seconds()*1000, "ms-p95")
	b.ReportMetric((cpuTime()-cpu).Seconds()*1000/float64(b.N), "cpu-ms")
}

// BenchmarkMemory reports the live memory of a fleet per service.
func BenchmarkMemory(b *testing.B) {
	for _, s := range sizes {
		b.Run(s.name, func(b *testing.B) {
			benchFleet.fleet = nil
			for b.Loop() {
				runtime.GC()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				f := fleetOf(b, s)
				runtime.GC()
				runtime.ReadMemStats(&after)
				n := float64(s.sites * s.hosts * s.services)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/service")
				size := 0
				for _, v := range f.View().Sites {
					size += v.Snapshot.Size()
				}
				b.ReportMetric(float64(size)/n, "counted/service")
				b.ReportMetric(float64(after.HeapObjects-before.HeapObjects)/n, "objects/service")
				benchFleet.fleet = nil
			}
		})
	}
}

// liveColumns are what a check changes, after the key.
var liveColumns = []string{"host_name", "description", "last_check", "next_check", "last_update", "last_time_ok", "latency", "execution_time", "plugin_output", "perf_data", "long_plugin_output", "state"}

// BenchmarkDelta reports the bytes allocated and the time for each changed row
// when 1 % of the services of a site, evenly scattered, have new results.
func BenchmarkDelta(b *testing.B) {
	for _, s := range []size{sizes[1], sizes[3]} {
		b.Run(s.name, func(b *testing.B) {
			f := fleetOf(b, s)
			sites := f.View().Sites
			g := &synth{hosts: s.hosts, services: s.services, seed: 1}
			var rows, bytes, commits int
			var spent time.Duration
			fl := f.Add(sites[0].Info)
			b.ResetTimer()
			for b.Loop() {
				var ms runtime.MemStats
				commits++
				var data []map[string]any
				for i := commits % 100; i < s.hosts*s.services; i += 100 {
					data = append(data, g.serviceRow(0, i/s.services, i%s.services, uint64(commits)))
				}
				runtime.ReadMemStats(&ms)
				before := ms.TotalAlloc
				start := time.Now()
				batch := fl.Begin()
				r := batch.Update("services")
				if err := r.Columns(liveColumns...); err != nil {
					b.Fatal(err)
				}
				for _, d := range data {
					feedRow(r, liveColumns, d)
				}
				if _, err := batch.Commit(time.Unix(benchTime, 0)); err != nil {
					b.Fatal(err)
				}
				spent += time.Since(start)
				runtime.ReadMemStats(&ms)
				bytes += int(ms.TotalAlloc - before)
				rows += len(data)
			}
			b.ReportMetric(float64(bytes)/float64(rows), "bytes/changed-row")
			b.ReportMetric(float64(spent.Nanoseconds())/float64(rows), "ns/changed-row")
		})
	}
}

// BenchmarkInsert reports the time and the bytes allocated when one service
// comes to a site, in the middle of its table, and goes again.
func BenchmarkInsert(b *testing.B) {
	for _, s := range []size{sizes[1], sizes[4], sizes[3]} {
		b.Run(s.name, func(b *testing.B) {
			f := fleetOf(b, s)
			site := f.Add(f.View().Sites[0].Info)
			row := (&synth{hosts: s.hosts, services: s.services, seed: 1}).serviceRow(0, s.hosts/2, 0, 1)
			row["description"] = "a new one"
			var names []string
			t, _ := schema.Lookup("services")
			for _, c := range t.Columns {
				if _, ok := row[c.Name]; ok {
					names = append(names, c.Name)
				}
			}
			commit := func(batch *store.Batch) {
				if c, err := batch.Commit(time.Unix(benchTime, 0)); err != nil || len(c.Keys["services"]) != 1 {
					b.Fatal(c, err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				batch := site.Begin()
				r := batch.Update("services")
				if err := r.Columns(names...); err != nil {
					b.Fatal(err)
				}
				feedRow(r, names, row)
				commit(batch)
				batch = site.Begin()
				batch.Delete("services", store.Key(row["host_name"].(string), "a new one"))
				commit(batch)
			}
		})
	}
}
