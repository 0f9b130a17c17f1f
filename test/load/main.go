// Command load measures live pages under many readers: it starts the server
// over cores that run already, opens streams as browsers do, fetches the blocks
// of its pages when they may have changed, and tells what the server used and
// how old a change was when the block with it had come.
//
//	go build -o bin/belvedere ./cmd/belvedere && go run ./test/load -cores 50 -port 21000 -services 200000
//
// The cores are simulated ones on loopback, at consecutive ports; -contacts
// are names of contacts they know. It prints JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"
)

// options are what is measured.
type options struct {
	binary                 string
	cores, port, services  int
	contacts               int
	clients, views, rights int
	warm, run              time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/belvedere", "the server")
	flag.IntVar(&o.cores, "cores", 50, "simulated cores on loopback")
	flag.IntVar(&o.port, "port", 21000, "port of the first of them")
	flag.IntVar(&o.services, "services", 200_000, "services to wait for")
	flag.IntVar(&o.contacts, "contacts", 50, "contacts user00, user01 … that the cores know")
	flag.IntVar(&o.clients, "clients", 1000, "browsers, each with one page")
	flag.IntVar(&o.views, "views", 50, "different addresses")
	flag.IntVar(&o.rights, "rights", 20, "different sets of rights; the first sees all")
	flag.DurationVar(&o.warm, "warm", 10*time.Second, "time before it is measured")
	flag.DurationVar(&o.run, "for", 30*time.Second, "time that is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// A result is what came out.
type result struct {
	Clients, Views, Rights, Pairs int
	CPUWithout                    float64 // percent of a core, no client
	CPU                           float64 // percent of a core
	ResidentMB                    float64
	Events, Fetches, Unchanged    int     // a second
	Spared                        int     // a second, fetches that were not needed
	MBps                          float64 // of blocks, as sent
	DelayP50, DelayP99, DelayMax  int     // ms from the oldest change in an event to its block
	Errors                        int
}

// measure runs everything and prints the result.
func measure(ctx context.Context, o options) error {
	s, err := startServer(ctx, o)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.ready(ctx, o.services); err != nil {
		return err
	}
	sessions, err := s.signInAll(ctx, o)
	if err != nil {
		return err
	}
	r := result{Clients: o.clients, Views: o.views, Rights: o.rights}
	if r.CPUWithout, err = s.cpuDuring(ctx, min(o.run, 10*time.Second)); err != nil {
		return err
	}
	objects := make([][]string, o.rights)
	for i := range objects {
		if objects[i], err = s.objects(ctx, sessions[i]); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	clients := make([]*client, o.clients)
	var loaded sync.WaitGroup
	turns := make(chan struct{}, 8)
	pairs := map[[2]int]bool{}
	for i := range clients {
		at, who := i%o.views, i%o.rights
		pairs[[2]int{at, who}] = true
		c := &client{server: s, path: view(at, objects[who]), cookie: sessions[who+o.rights*(i/o.rights%perRights)], random: rand.New(rand.NewPCG(1, uint64(i)))}
		clients[i] = c
		loaded.Add(1)
		group.Go(func() {
			turns <- struct{}{}
			ok := c.load(ctx)
			<-turns
			loaded.Done()
			if ok {
				c.live(ctx)
			}
		})
	}
	r.Pairs = len(pairs)
	loaded.Wait()
	fmt.Fprintln(os.Stderr, "all pages are open")
	if err := sleep(ctx, o.warm); err != nil {
		return err
	}
	for _, c := range clients {
		c.take()
	}
	if r.CPU, err = s.cpuDuring(ctx, o.run); err != nil {
		return err
	}
	r.sum(clients, o.run)
	r.ResidentMB = s.resident()
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// sum adds up what the clients saw.
func (r *result) sum(clients []*client, over time.Duration) {
	var delays []time.Duration
	var t tally
	for _, c := range clients {
		x := c.take()
		t.events += x.events
		t.fetches += x.fetches
		t.unchanged += x.unchanged
		t.bytes += x.bytes
		t.errors += x.errors
		t.spared += x.spared
		delays = append(delays, x.delays...)
	}
	secs := over.Seconds()
	r.Events, r.Fetches, r.Unchanged = int(float64(t.events)/secs), int(float64(t.fetches)/secs), int(float64(t.unchanged)/secs)
	r.Spared = int(float64(t.spared) / secs)
	r.MBps, r.Errors = float64(t.bytes)/secs/1e6, t.errors
	if len(delays) > 0 {
		slices.Sort(delays)
		at := func(q float64) int {
			return int(delays[min(int(q*float64(len(delays))), len(delays)-1)].Milliseconds())
		}
		r.DelayP50, r.DelayP99, r.DelayMax = at(0.5), at(0.99), at(1)
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}
