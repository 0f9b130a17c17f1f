package site_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// coresVariable, set to number of cores, profile and hosts of each, makes the
// test program serve simulated cores, so that what they cost is not counted.
const coresVariable = "BELVEDERE_TEST_CORES"

// serveCores prints the address of each core and serves until its input ends.
// Nothing ever happens in them.
func serveCores(text string) error {
	var n, hosts int
	var profile string
	if _, err := fmt.Sscan(text, &n, &profile, &hosts); err != nil {
		return fmt.Errorf("%s: %q: %w", coresVariable, text, err)
	}
	for i := range n {
		c := testkit.NewCore(testkit.Options{Name: fmt.Sprintf("site%04d", i), Profile: testkit.Profile(profile),
			Hosts: hosts, ServicesPerHost: 10, Seed: uint64(i), Churn: -1, Quiet: true})
		defer func() { _ = c.Close() }() // the process ends
		a, err := c.ListenTCP("127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(a)
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// otherCores starts n simulated cores in another process and returns sites for
// them.
func otherCores(b *testing.B, n int, profile testkit.Profile, hosts int) []site.Spec {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %d", coresVariable, n, profile, hosts))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close() // what it ends by
		_ = cmd.Wait()    // it may have been killed with the context
	})
	var specs []site.Spec
	for lines := bufio.NewScanner(stdout); len(specs) < n && lines.Scan(); {
		key := fmt.Sprintf("site%04d", len(specs))
		specs = append(specs, site.Spec{Key: key, Name: key, Addresses: []string{"tcp://" + strings.TrimSpace(lines.Text())}})
	}
	if len(specs) < n {
		b.Fatalf("%d of %d cores started", len(specs), n)
	}
	return specs
}

// cpuTime is what this process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// liveHeap is the heap in use after a collection, in bytes.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// BenchmarkQuietFleet measures what 1,000 sites cost in which nothing happens,
// each with 10 hosts of 10 services: share of one processor over a minute, and
// memory. Run it with -benchtime 1x.
func BenchmarkQuietFleet(b *testing.B) {
	for _, profile := range []testkit.Profile{testkit.Naemon, testkit.Nagios4} {
		b.Run(string(profile), func(b *testing.B) { quietFleet(b, profile) })
	}
}

func quietFleet(b *testing.B, profile testkit.Profile) {
	const n = 1000
	specs := otherCores(b, n, profile, 10)
	before := liveHeap()
	fleet := store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: fleet})
	defer m.Stop(context.Background())
	m.Apply(specs)
	settled := func() bool {
		for _, s := range fleet.View().Sites {
			if s.Health.State != store.Fresh || s.Health.Waiting != (profile == testkit.Naemon) {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(3 * time.Minute); !settled(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			b.Fatal("the sites did not come up")
		}
	}
	time.Sleep(20 * time.Second) // for those that came last to rest as well
	queries := totalQueries(fleet)
	for b.Loop() {
		began, used := time.Now(), cpuTime(b)
		time.Sleep(time.Minute)
		share := float64(cpuTime(b)-used) / float64(time.Since(began))
		b.ReportMetric(100*share, "%cpu")
	}
	b.ReportMetric(float64(totalQueries(fleet)-queries)/60/float64(b.N), "queries/s")
	b.ReportMetric(float64(runtime.NumGoroutine())/n, "goroutines/site")
	b.ReportMetric(float64(liveHeap()-before)/n, "B/site")
}

func totalQueries(fleet *store.Fleet) (n int64) {
	for _, s := range fleet.View().Sites {
		n += s.Health.Queries
	}
	return n
}

// BenchmarkWaiting measures from a result at a Naemon of 400 services, where 2 %
// of them are checked each second, until it is in the store.
func BenchmarkWaiting(b *testing.B) {
	core := testkit.NewCore(testkit.Options{Profile: testkit.Naemon, Hosts: 50, ServicesPerHost: 8, Seed: 5, Churn: 0.02})
	defer func() { _ = core.Close() }() // the process ends
	a, err := core.ListenTCP("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	core.Start(b.Context())
	fleet := store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: fleet})
	defer m.Stop(context.Background())
	m.Apply([]site.Spec{{Key: "a", Name: "A", Addresses: []string{"tcp://" + a.String()}}})
	for !view(fleet, "a").Health.Waiting {
		time.Sleep(10 * time.Millisecond)
	}
	services := core.Rows("services")
	var took []time.Duration
	queries, used, start := totalQueries(fleet), cpuTime(b), time.Now()
	for i := 0; b.Loop(); i++ {
		s := services[i*7%len(services)]
		host, svc, text := s["host_name"].(string), s["description"].(string), fmt.Sprintf("waited %d", i)
		time.Sleep(time.Duration(i*37%400) * time.Millisecond) // at any phase
		began := time.Now()
		core.SetState(host, svc, 1, text)
		for {
			changed := fleet.Changed()
			snap := view(fleet, "a").Snapshot
			if row, ok := snap.Find("services", store.Key(host, svc)); ok && snap.Text("services", "plugin_output", row) == text {
				break
			}
			<-changed
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	span := time.Since(start)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-worst")
	b.ReportMetric(float64(totalQueries(fleet)-queries)/span.Seconds(), "queries/s")
	b.ReportMetric(100*float64(cpuTime(b)-used)/float64(span), "%cpu")
}
