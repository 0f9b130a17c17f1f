// Command crowd drives a Livestatus listener as many clients do at once, and
// says what that costs the server:
//
//	go build -o bin/belvedere ./cmd/belvedere
//	go run ./test/crowd mixed   200 clients of seven kinds, for an hour
//	go run ./test/crowd fuzz    random and mutated requests, for an hour
//	go run ./test/crowd -clients 1000 idle   what clients cost that only are there
//	go run ./test/crowd fair    200 clients that ask as fast as they can
//
// It starts simulated cores of its own, the server over them, and prints
// memory and goroutines of the server every 30 s. It fails when the server
// ends, a request hangs, an answer is wrong, a fault is logged, or when its
// goroutines do not go back to what they were before the clients came.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// options are what is driven.
type options struct {
	binary                 string
	sites, hosts, services int
	clients                int
	think                  time.Duration
	pause                  time.Duration
	run, every, settle     time.Duration
	round                  time.Duration
	seed                   uint64
	corpus                 string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/belvedere", "the server")
	flag.IntVar(&o.sites, "sites", 4, "simulated cores")
	flag.IntVar(&o.hosts, "hosts", 50, "hosts of each")
	flag.IntVar(&o.services, "services", 8, "services of each host")
	flag.IntVar(&o.clients, "clients", 200, "mixed, idle, fair: clients at once")
	flag.DurationVar(&o.think, "think", 10*time.Second, "mixed: mean time between two requests of a client")
	flag.DurationVar(&o.pause, "pause", 30*time.Millisecond, "fuzz: time between two requests")
	flag.DurationVar(&o.run, "for", time.Hour, "how long")
	flag.DurationVar(&o.every, "every", 30*time.Second, "time between two lines about the server")
	flag.DurationVar(&o.settle, "settle", 6*time.Minute, "time for the server to give up what clients left behind")
	flag.DurationVar(&o.round, "round", 15*time.Second, "fair: how long each crowd asks")
	flag.Uint64Var(&o.seed, "seed", 1, "of what is random")
	flag.StringVar(&o.corpus, "corpus", "test/compat/testdata", "fuzz: folder of the conversations that are mutated")
	flag.Parse()
	drivers := map[string]driver{"mixed": mixed, "fuzz": fuzz, "idle": idle, "fair": fair}
	drive, ok := drivers[flag.Arg(0)]
	if !ok {
		fmt.Fprintln(os.Stderr, "crowd: say what: mixed, fuzz, idle or fair")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, drive); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

// A driver is a crowd of clients; it ends with ctx, and returns what it saw
// go wrong.
type driver func(ctx context.Context, o options, s *server, t *tally) error

// run starts everything, lets drive at the server, and judges.
func run(ctx context.Context, o options, drive driver) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := startServer(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.ready(ctx, o); err != nil {
		return err
	}
	before, err := s.sample(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("before: %v\n", before)
	t := &tally{}
	dctx, end := context.WithTimeout(ctx, o.run)
	defer end()
	failed := make(chan error, 1)
	go func() {
		failed <- drive(dctx, o, s, t)
		end()
	}()
	samples, err := watch(dctx, o, s, t)
	end()
	if derr := <-failed; err == nil {
		err = derr
	}
	if err != nil {
		return err
	}
	return judge(ctx, o, s, t, before, samples)
}

// watch prints a line about the server now and then until ctx ends.
func watch(ctx context.Context, o options, s *server, t *tally) ([]sample, error) {
	var samples []sample
	began, tick := time.Now(), time.NewTicker(o.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return samples, nil
		case <-s.ended:
			return samples, fmt.Errorf("the server ended after %v; the last requests:\n%s", time.Since(began), t.lastRequests())
		case <-tick.C:
		}
		now, err := s.sample(ctx)
		if ctx.Err() != nil {
			return samples, nil
		}
		if err != nil {
			return samples, err
		}
		samples = append(samples, now)
		fmt.Printf("%5.0f s  %v  %v\n", time.Since(began).Seconds(), now, t)
	}
}

// judge says what came out.
func judge(ctx context.Context, o options, s *server, t *tally, before sample, samples []sample) error {
	after := before
	for end := time.Now().Add(o.settle); ; {
		var err error
		if after, err = s.sample(ctx); err != nil {
			return err
		}
		if after.goroutines <= before.goroutines+5 || time.Now().After(end) {
			break
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	fmt.Printf("after:  %v\n%v\n", after, t)
	if n := len(samples); n >= 6 {
		first, last := samples[n/6:n/3], samples[n-n/6:]
		mem := func(s sample) int { return s.rssKB }
		routines := func(s sample) int { return s.goroutines }
		fmt.Printf("resident: second sixth %.1f MB, last sixth %.1f MB, most %.1f MB\n", mean(first, mem)/1024, mean(last, mem)/1024, float64(after.peakKB)/1024)
		fmt.Printf("goroutines: second sixth %.0f, last sixth %.0f\n", mean(first, routines), mean(last, routines))
	}
	switch {
	case after.goroutines > before.goroutines+5:
		return fmt.Errorf("%d goroutines before, %d after", before.goroutines, after.goroutines)
	case s.faults.Load() > 0:
		return fmt.Errorf("%d faults in the log of the server", s.faults.Load())
	case t.wrong.Load() > 0:
		return fmt.Errorf("%d requests were answered wrongly", t.wrong.Load())
	case t.hung.Load() > 0:
		return fmt.Errorf("%d requests hung", t.hung.Load())
	}
	fmt.Println("passed")
	return nil
}

func mean(of []sample, what func(sample) int) float64 {
	sum := 0
	for s := range slices.Values(of) {
		sum += what(s)
	}
	return float64(sum) / float64(len(of))
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
