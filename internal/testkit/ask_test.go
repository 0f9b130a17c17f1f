package testkit

import (
	"io"
	"net"
	"testing"
	"time"
)

// newTestCore returns a core that is closed with the test.
func newTestCore(t *testing.T, o Options) *Core {
	t.Helper()
	c := NewCore(o)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// dial connects to the core over TCP.
func dial(t *testing.T, c *Core) *net.TCPConn {
	t.Helper()
	c.mu.Lock()
	n := len(c.doors)
	c.mu.Unlock()
	if n == 0 {
		if _, err := c.ListenTCP("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := net.Dial("tcp", c.doors[0].addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return conn.(*net.TCPConn)
}

// ask sends a request, half-closes and returns all that comes back.
func ask(t *testing.T, c *Core, request string) string {
	t.Helper()
	conn := dial(t, c)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseWrite()
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	_ = conn.Close()
	return string(b)
}
