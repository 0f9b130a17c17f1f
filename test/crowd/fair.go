package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// fair has clients ask as fast as they are answered: first all of them for
// little, then a tenth of them for all there is, again and again. It says how
// even the others are served.
func fair(ctx context.Context, o options, s *server, t *tally) error {
	for _, greedy := range []int{0, o.clients / 10, o.clients * 9 / 10} {
		small, large := crowd(ctx, o, s, t, greedy)
		if ctx.Err() != nil {
			return nil
		}
		fmt.Printf("%3d ask for little: %v\n", len(small), served(small))
		if greedy > 0 {
			fmt.Printf("%3d ask for everything: %v\n", greedy, served(large))
		}
		for i, c := range small { // the others may need longer than this for a single answer
			if len(c) == 0 {
				return fmt.Errorf("client %d of %d that ask for little was not answered once", i, len(small))
			}
		}
	}
	return nil
}

// crowd lets everybody ask for a while, greedy ones for everything, and returns
// how long each answer took, by client.
func crowd(ctx context.Context, o options, s *server, t *tally, greedy int) (small, large [][]time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, o.round)
	defer cancel()
	took := make([][]time.Duration, o.clients)
	var group sync.WaitGroup
	for i := range took {
		c := &client{ctx: ctx, o: o, s: s, t: t, deaf: true, rand: rand.New(rand.NewPCG(o.seed, uint64(i)))}
		request := "GET services\nColumns: host_name description state plugin_output\n" + strings.Replace(c.host(), "name", "host_name", 1) + "\nLimit: 50\nOutputFormat: json\n"
		if i < greedy {
			request = "GET services\nOutputFormat: json\n"
		}
		group.Go(func() {
			defer c.hangUp()
			for ctx.Err() == nil {
				began := time.Now()
				if _, err := c.kept(request); err != nil {
					if ctx.Err() == nil {
						t.failed(request, err)
					}
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	group.Wait()
	return took[greedy:], took[:greedy]
}

// served says how many answers clients got, and how long these took.
func served(took [][]time.Duration) string {
	var counts []int
	var all []time.Duration
	for _, t := range took {
		counts = append(counts, len(t))
		all = append(all, t...)
	}
	if len(all) == 0 {
		return "nobody was answered"
	}
	slices.Sort(counts)
	slices.Sort(all)
	at := func(q float64) time.Duration {
		return all[min(int(q*float64(len(all))), len(all)-1)].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d answers, %d to %d each (median %d), median %v, p99 %v, slowest %v",
		len(all), counts[0], counts[len(counts)-1], counts[len(counts)/2], at(0.5), at(0.99), at(1))
}
