package livestatus

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"belvedere/internal/lql"
)

// A waiter tells when a wait has begun and ended.
type waiter struct {
	table
	begun, ended chan struct{}
	let          chan struct{} // closed: the wait is over
}

func newWaiter() *waiter {
	return &waiter{begun: make(chan struct{}, 10), ended: make(chan struct{}, 10), let: make(chan struct{})}
}

func (w *waiter) Wait(ctx context.Context, _ *lql.Query) error {
	w.begun <- struct{}{}
	defer func() { w.ended <- struct{}{} }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.let:
		return nil
	}
}

// patience is how long anything may take, on a machine that others use too.
const patience = time.Minute

// happens waits for something, but not for ever.
func happens(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(what)
	}
}

// TestClientGoesAway: the wait of a client that goes away ends at once, and its
// place is free.
func TestClientGoesAway(t *testing.T) {
	const kept = "GET hosts\nWaitTrigger: all\nWaitTimeout: 240000\nKeepAlive: on\n\n"
	unixFile := func(t *testing.T, w *waiter) net.Conn {
		a := startServer(t, ServerOptions{Open: Always(Session{Querier: w, Waiter: w})})
		return dialUnix(t, a)
	}
	tcp := func(secure bool) func(*testing.T, *waiter) net.Conn {
		return func(t *testing.T, w *waiter) net.Conn {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			at := l.Addr().String()
			if secure {
				pair, _, _ := newAuthority(t, "gone").issue(nil)
				l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}})
			}
			startOn(t, l, ServerOptions{Open: Always(Session{Querier: w, Waiter: w})})
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			if secure {
				return tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			return c
		}
	}
	reset := func(c net.Conn) {
		_ = c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
	for _, tt := range []struct {
		name, text string
		dial       func(*testing.T, *waiter) net.Conn
		leave      func(net.Conn)
	}{
		{"socket file", kept, unixFile, func(c net.Conn) { c.Close() }},
		{"socket file, one request", "GET hosts\nWaitTrigger: all\n\n", unixFile, func(c net.Conn) { c.Close() }},
		{"socket file, half closed before", "GET hosts\nWaitTrigger: all\n\n", unixFile, func(c net.Conn) { _ = c.(*net.UnixConn).CloseWrite(); c.Close() }},
		{"TCP", kept, tcp(false), func(c net.Conn) { c.Close() }},
		{"TCP, reset", "GET hosts\nWaitTrigger: all\n\n", tcp(false), reset},
		{"TLS", kept, tcp(true), func(c net.Conn) { c.Close() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWaiter()
			c := tt.dial(t, w)
			if _, err := io.WriteString(c, tt.text); err != nil {
				t.Fatal(err)
			}
			happens(t, "the wait does not begin", w.begun)
			tt.leave(c)
			happens(t, "the wait goes on without a client", w.ended)
		})
	}
}

// TestClientStays: who says that nothing more is asked, or asks more meanwhile,
// gets the answer when the wait is over.
func TestClientStays(t *testing.T) {
	for _, tt := range []struct {
		name, network, text, want string
		half                      bool
	}{
		{"socket file, half closed", "unix", "GET hosts\nColumns: name\nLimit: 1\nWaitTrigger: all\nKeepAlive: on\n\n", "host0\nhost1\nhost2\n", true},
		{"TCP, half closed", "tcp", "GET hosts\nColumns: name\nWaitTrigger: all\n\n", "host0\nhost1\nhost2\n", true},
		{"TCP, more asked", "tcp", "GET hosts\nColumns: name\nWaitTrigger: all\nKeepAlive: on\n\nGET hosts\nColumns: name\n\n", "host0\nhost1\nhost2\nhost0\nhost1\nhost2\n", true},
		{"TCP, open", "tcp", "GET hosts\nColumns: name\nWaitTrigger: all\n\n", "host0\nhost1\nhost2\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWaiter()
			l, err := Listen(t.Context(), tt.network, map[string]string{"unix": t.TempDir() + "/live", "tcp": "127.0.0.1:0"}[tt.network])
			if err != nil {
				t.Fatal(err)
			}
			startOn(t, l, ServerOptions{Open: Always(Session{Querier: w, Waiter: w})})
			c, err := net.Dial(tt.network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, tt.text); err != nil {
				t.Fatal(err)
			}
			if tt.half {
				if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			happens(t, "the wait does not begin", w.begun)
			close(w.let)
			_ = c.SetReadDeadline(time.Now().Add(patience))
			if b, err := io.ReadAll(c); string(b) != tt.want || err != nil {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

// startOn serves on a listener until the test ends.
func startOn(t *testing.T, l net.Listener, o ServerOptions) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- NewServer(o).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
