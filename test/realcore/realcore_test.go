package realcore_test

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"io"

	"belvedere/test/realcore"
)

// TestIcinga proves the harness itself: every way in answers, passive results
// arrive, and a restart comes back.
func TestIcinga(t *testing.T) {
	c := realcore.ForTest(t, realcore.Options{})
	const q = "GET services\nStats: state >= 0\n\n"
	for name, addr := range map[string][2]string{"tcp": {"tcp", c.TCP}, "unix": {"unix", c.Unix}, "xinetd": {"tcp", c.Xinetd}} {
		if got := ask(t, addr[0], addr[1], q); got != "400" {
			t.Errorf("%s: %q services, want 400", name, got)
		}
	}
	if err := c.Result("h01", "svc 1", 1, "WARNING - by hand"); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		return strings.Contains(ask(t, "unix", c.Unix, "GET services\nColumns: plugin_output\nFilter: host_name = h01\nFilter: description = svc 1\n\n"), "by hand")
	})
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, "unix", c.Unix, q); got != "400" {
		t.Errorf("after a restart: %q services, want 400", got)
	}
}

func ask(t *testing.T, network, addr, q string) string {
	t.Helper()
	conn, err := net.DialTimeout(network, addr, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, q); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(b))
}

// await polls cond for ten seconds.
func await(t *testing.T, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		if cond() {
			return
		}
		if time.Now().After(end) {
			t.Fatal("did not happen within ten seconds")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
