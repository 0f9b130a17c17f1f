package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// BenchmarkIcinga2Latency tells by how much the check latency of a real Icinga 2
// with 10,000 services rises while its API is read: of all checks of a time with
// us connected and of one without, in turn, after the first reading. A time is
// long enough for whatever is done once a minute.
// docs/performance.md has the figures.
//
//	go test ./test/contract -run xxx -bench Icinga2Latency -benchtime 4x -timeout 30m
func BenchmarkIcinga2Latency(b *testing.B) {
	const hosts, each, phase = 1000, 10, 75 * time.Second
	c := realcore.ForTest(b, realcore.Options{Hosts: hosts, ServicesPerHost: each, CheckInterval: time.Minute, NoXinetd: true, API: true})
	time.Sleep(phase) // every check has run, and is spread over the minute
	var without, with []float64
	for b.Loop() {
		l := latencies(b, c, phase)
		b.Log("alone    ", l)
		without = append(without, l.mean)
		m, fleet := begun(apiOf(c))
		for end := time.Now().Add(time.Minute); state(fleet) != store.Fresh; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				b.Fatal("not read within a minute")
			}
		}
		before := processorTime()
		l = latencies(b, c, phase)
		b.Logf("connected %v, we took %.1f %% of a core", l, 100*(processorTime()-before).Seconds()/phase.Seconds())
		with = append(with, l.mean)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		m.Stop(ctx)
		cancel()
	}
	b.ReportMetric(median(without)*1000, "ms-alone")
	b.ReportMetric(median(with)*1000, "ms-connected")
	b.ReportMetric(100*(median(with)/median(without)-1), "%-more")
}

// begun runs a site of its own.
func begun(spec site.Spec) (*site.Manager, *store.Fleet) {
	fleet := store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: fleet})
	spec.Key, spec.Name = siteKey, "A"
	m.Apply([]site.Spec{spec})
	return m, fleet
}

// A spread is how latencies are, in seconds.
type spread struct {
	checks                 int
	mean, median, p99, cib float64
}

func (s spread) String() string {
	return fmt.Sprintf("%d checks: mean %.3f ms, median %.3f, p99 %.2f; CIB %.3f ms", s.checks, s.mean*1000, s.median*1000, s.p99*1000, s.cib*1000)
}

// latencies waits so long and returns those of all checks of services that were
// due in that time.
func latencies(b *testing.B, c *realcore.Icinga, wait time.Duration) spread {
	b.Helper()
	began := float64(time.Now().UnixNano()) / 1e9
	time.Sleep(wait)
	out, err := c.Query("GET services\nColumns: last_check latency\nFilter: active_checks_enabled = 1\nOutputFormat: json\n\n")
	if err != nil {
		b.Fatal(err)
	}
	var rows [][2]float64
	if err := json.Unmarshal(out, &rows); err != nil {
		b.Fatal(err)
	}
	var all []float64
	var s spread
	for _, r := range rows {
		s.cib += r[1] / float64(len(rows))
		if r[0] > began {
			all = append(all, r[1])
		}
	}
	if s.checks = len(all); s.checks == 0 {
		b.Fatal("nothing was checked")
	}
	for _, l := range all {
		s.mean += l / float64(len(all))
	}
	slices.Sort(all)
	s.median, s.p99 = all[len(all)/2], all[int(math.Ceil(0.99*float64(len(all))))-1]
	return s
}

func median(l []float64) float64 {
	l = slices.Clone(l)
	slices.Sort(l)
	return (l[(len(l)-1)/2] + l[len(l)/2]) / 2
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
