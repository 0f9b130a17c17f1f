package contract_test

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"belvedere/internal/agent/agenttest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// A shaped line passes connections on to a server, with so many bytes a second
// each way and a delay, and can be cut.
type shaped struct {
	rate  int // bytes a second each way, 0: as many as come
	delay time.Duration
	to    string

	mu    sync.Mutex
	conns map[net.Conn]bool
	bytes [2]int64 // to the server, and back
}

func newShaped(t *testing.T, to string, rate int, delay time.Duration) (*shaped, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaped{rate: rate, delay: delay, to: to, conns: map[net.Conn]bool{}}
	agenttest.Background(t, func(ctx context.Context) error {
		var group sync.WaitGroup
		defer group.Wait()
		defer s.cut()
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			c, err := l.Accept()
			if err != nil {
				return nil
			}
			group.Go(func() { s.pass(c) })
		}
	})
	return s, l.Addr().String()
}

// cut ends all connections.
func (s *shaped) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
	clear(s.conns)
}

// passed are the bytes that went to the server, and back.
func (s *shaped) passed() [2]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func (s *shaped) pass(c net.Conn) {
	defer c.Close()
	up, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	defer up.Close()
	s.mu.Lock()
	s.conns[c], s.conns[up] = true, true
	s.mu.Unlock()
	var group sync.WaitGroup
	group.Go(func() { s.pump(up, c, 0) })
	s.pump(c, up, 1)
	group.Wait()
}

// pump moves bytes in one direction: each piece takes its time on the line, and
// arrives later by the delay.
func (s *shaped) pump(to, from net.Conn, way int) {
	defer to.Close()
	defer from.Close()
	type piece struct {
		b  []byte
		at time.Time
	}
	under := make(chan piece, 64)
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for p := range under {
			<-time.After(time.Until(p.at))
			if _, err := to.Write(p.b); err != nil {
				from.Close()
			}
		}
	})
	defer close(under)
	for free := time.Now(); ; {
		b := make([]byte, 1400)
		n, err := from.Read(b)
		if n > 0 {
			now := time.Now()
			if free.Before(now) {
				free = now
			}
			if s.rate > 0 {
				free = free.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
				<-time.After(time.Until(free))
			}
			s.mu.Lock()
			s.bytes[way] += int64(n)
			s.mu.Unlock()
			under <- piece{b[:n], free.Add(s.delay)}
		}
		if err != nil {
			return
		}
	}
}

// TestAgentOverSlowLine: a core of 10,000 services behind 1 Mbit/s and 200 ms is
// read, and followed at 35 checks a second. How long it takes is logged, and
// recorded in docs/performance.md.
func TestAgentOverSlowLine(t *testing.T) {
	hosts := 1000
	if testing.Short() {
		hosts = 100
	}
	c := testkit.NewCore(testkit.Options{Profile: testkit.Naemon, Hosts: hosts, ServicesPerHost: 10, Seed: 5, Quiet: true, Churn: -1})
	t.Cleanup(func() { c.Close() })
	path := filepath.Join(t.TempDir(), "live")
	if err := c.ListenUnix(path); err != nil {
		t.Fatal(err)
	}
	c.Step(time.Now())
	var line *shaped
	o := behindAgent(t, true, behindSocket(t, path), func(to string) string {
		var address string
		line, address = newShaped(t, to, 1_000_000/8, 100*time.Millisecond)
		return address
	})
	began := time.Now()
	_, fleet := follow(t, o)
	took := time.Since(began)
	first := line.passed()
	t.Logf("%d services: first reading in %.1f s, %d kB to the agent, %d kB back", hosts*10, took.Seconds(), first[1]/1000, first[0]/1000)
	services := c.Rows("services")
	behind := func(n int, output string) time.Duration {
		began := time.Now()
		for i := range 35 {
			r := services[(n*35+i)%len(services)]
			if err := c.Command("PROCESS_SERVICE_CHECK_RESULT;" + r["host_name"].(string) + ";" + r["description"].(string) + ";1;" + output); err != nil {
				t.Fatal(err)
			}
		}
		c.Step(time.Now())
		want := services[(n*35+34)%len(services)]
		key := want["host_name"].(string) + "\x00" + want["description"].(string)
		until(t, "the change is seen", func() bool {
			snap := fleet.View().Sites[0].Snapshot
			row, ok := snap.Find("services", key)
			return ok && snap.Text("services", "plugin_output", row) == output
		})
		return time.Since(began)
	}
	var worst time.Duration
	for n, second := 0, time.NewTicker(time.Second); n < 10; n++ {
		<-second.C
		worst = max(worst, behind(n, "slow line "+time.Now().Format(time.RFC3339Nano)))
	}
	after := line.passed()
	t.Logf("followed: worst %.2f s behind, %d kB to the agent, %d kB back in %.0f s", worst.Seconds(), (after[1]-first[1])/1000, (after[0]-first[0])/1000, time.Since(began).Seconds()-took.Seconds())
}

// TestAgentOverTornLine: after a line that is cut again and again the site has
// what the core says.
func TestAgentOverTornLine(t *testing.T) {
	t.Parallel()
	c, there := bySocket(t)
	s := c.(*simulated)
	var line *shaped
	o := behindAgent(t, true, there, func(to string) string {
		var address string
		line, address = newShaped(t, to, 0, 5*time.Millisecond)
		return address
	})
	m, fleet := follow(t, o)
	p := &partner{T: t, core: s, fleet: fleet, refresh: func() { m.Refresh(siteKey) }}
	host, service := s.object()
	for range 5 {
		line.cut()
		if err := s.result(host, service, 2, "torn "+time.Now().String()); err != nil {
			t.Fatal(err)
		}
		until(t, "the site is read again", func() bool { return state(fleet) == store.Fresh })
		p.equal("after the line was cut")
	}
}
