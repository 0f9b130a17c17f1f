package main

import (
	"context"
	"fmt"
	"net"
	"time"
)

// idle has clients connect, ask once and then keep still; it says what that
// costs the server in memory.
func idle(ctx context.Context, o options, s *server, t *tally) error {
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	before, err := s.settled(ctx)
	if err != nil {
		return err
	}
	for range o.clients {
		conn, err := dial("tcp", s.tcp)
		if err != nil {
			return err
		}
		conns = append(conns, conn)
	}
	connected, err := s.settled(ctx)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		c := &client{ctx: ctx, o: o, s: s, t: t, conn: conn, in: newReader(conn)}
		if _, err := c.kept("GET status\nColumns: program_start\nOutputFormat: json\n"); err != nil {
			t.failed(c.request, err)
		}
	}
	asked, err := s.settled(ctx)
	if err != nil {
		return err
	}
	for what, now := range map[string]sample{"connected": connected, "asked once": asked} {
		fmt.Printf("%d clients, %s: %+.1f MB resident, %+d goroutines\n", o.clients, what, float64(now.rssKB-before.rssKB)/1024, now.goroutines-before.goroutines)
	}
	if grown := asked.rssKB - before.rssKB; grown > 20<<10 && o.clients <= 1000 {
		return fmt.Errorf("%d idle clients cost %d KB", o.clients, grown)
	}
	return nil
}

// settled looks at the server some times, and returns the leanest look: what is
// resident jumps as garbage comes and goes.
func (s *server) settled(ctx context.Context) (sample, error) {
	var least sample
	for i := range 10 {
		if err := sleep(ctx, time.Second); err != nil {
			return least, err
		}
		now, err := s.sample(ctx)
		if err != nil {
			return least, err
		}
		if i == 0 || now.rssKB < least.rssKB {
			least.rssKB = now.rssKB
		}
		least.goroutines, least.cpu, least.peakKB = now.goroutines, now.cpu, now.peakKB
	}
	return least, nil
}
