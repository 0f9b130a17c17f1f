package contract_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

// opened is a way that is ready: what a site that takes it is made of.
type opened struct {
	spec    site.Spec
	options site.Options
	nearer  func() // has what is between read the core at once; nil: nothing reads
}

// A way is one of the ways to a core.
type way struct {
	name string
	// open makes a core and the way to it.
	open func(t *testing.T) (core, opened)
	// except says why a column, "column" or "table.column", may differ: only
	// where the source cannot know the fact.
	except map[string]string
	// author is in whose name commands are given there, where that is not who
	// gives them.
	author string
	// ignored is why it refuses commands that the core takes without doing
	// anything; "": it takes them, too.
	ignored string
	// even makes what is by chance or by the way the same on both sides; nil:
	// there is nothing.
	even func(table string, r rows) rows
}

// ways are all that are held to the contract.
func ways() []way {
	return []way{
		{name: "naemon over its socket", open: simulatedAt(testkit.Naemon, func(_ *testing.T, s *simulated) site.Spec {
			return site.Spec{Addresses: []string{"unix://" + s.unix}}
		})},
		{name: "naemon over tcp", open: simulatedAt(testkit.Naemon, func(_ *testing.T, s *simulated) site.Spec {
			return site.Spec{Addresses: []string{"tcp://" + s.tcp}}
		})},
		{name: "naemon over tls", open: simulatedAt(testkit.Naemon, func(t *testing.T, s *simulated) site.Spec {
			address, fingerprint := tlsBefore(t, s.unix)
			return site.Spec{Addresses: []string{"tls://" + address}, TLS: livestatus.TLSOptions{Fingerprint: fingerprint}}
		})},
		{name: "naemon over ssh", open: overSSH(realcore.SSHOptions{})},
		{name: "naemon over ssh without forwarding", open: overSSH(realcore.SSHOptions{NoForwarding: true})},
		{name: "naemon behind a thruk", open: behindThruk},
		{name: "naemon behind another belvedere", open: behindBelvedere, author: "root", ignored: "does nothing"},
		{name: "naemon over an agent that comes here", open: throughAgent(true, bySocket)},
		{name: "naemon over an agent that is reached", open: throughAgent(false, bySocket)},
		{name: "naemon over an agent behind a long line", open: func(t *testing.T) (core, opened) {
			c, there := bySocket(t)
			return c, behindAgent(t, true, there, func(to string) string {
				_, address := newShaped(t, to, 0, 40*time.Millisecond)
				return address
			})
		}},
		{name: "a real nagios 4 by its files over an agent", open: throughAgent(true, nagiosFiles)},
		{name: "nagios 4 with livestatus over tcp", open: simulatedAt(testkit.Nagios4, func(_ *testing.T, s *simulated) site.Spec {
			return site.Spec{Addresses: []string{"tcp://" + s.tcp}}
		})},
		{name: "shinken over tcp", open: simulatedAt(testkit.Shinken, func(_ *testing.T, s *simulated) site.Spec {
			return site.Spec{Addresses: []string{"tcp://" + s.tcp}}
		})},
		{name: "a real icinga 2 over livestatus", open: func(t *testing.T) (core, opened) {
			c := newIcinga(t)
			return c, opened{spec: site.Spec{Addresses: []string{"tcp://" + c.c.TCP}}}
		}, even: unchecked},
		{name: "a real nagios 4 by its files", open: func(t *testing.T) (core, opened) {
			n := newNagios(t, "")
			return n, opened{spec: site.Spec{Addresses: []string{n.byFiles()}}}
		}},
		{name: "a real icinga 2 over its api", open: func(t *testing.T) (core, opened) {
			c := newIcinga(t)
			return c, opened{spec: apiOf(c.c)}
		}, except: icinga2Differences, even: evenIcinga2},
	}
}

// simulatedAt is a way to a simulated core that takes only an address.
func simulatedAt(p testkit.Profile, spec func(t *testing.T, s *simulated) site.Spec) func(t *testing.T) (core, opened) {
	return func(t *testing.T) (core, opened) {
		s := newSimulated(t, p)
		return s, opened{spec: spec(t, s)}
	}
}

// overSSH is a way to a simulated Naemon through a real SSH server.
func overSSH(o realcore.SSHOptions) func(t *testing.T) (core, opened) {
	return func(t *testing.T) (core, opened) {
		s, d := newSimulated(t, testkit.Naemon), realcore.SSHDForTest(t, o)
		known := filepath.Join(t.TempDir(), "known_hosts")
		if err := os.WriteFile(known, []byte(d.KnownHosts(d.Host, d.Port)), 0o600); err != nil {
			t.Fatal(err)
		}
		address := fmt.Sprintf("ssh://%s@%s%s?key=%s", d.User, d.Addr(), s.unix, d.Key)
		return s, opened{spec: site.Spec{Addresses: []string{address}}, options: site.Options{KnownHosts: known}}
	}
}

// tlsBefore puts TLS before a unix socket, as stunnel does, and returns its
// address and the fingerprint of its certificate.
func tlsBefore(t *testing.T, socket string) (address, fingerprint string) {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate
	config := &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}
	sum := sha256.Sum256(s.Certificate().Raw)
	s.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relay(c, socket) })
		}
	})
	return l.Addr().String(), hex.EncodeToString(sum[:])
}

// relay passes bytes between a connection and a socket until one of them ends.
func relay(c net.Conn, socket string) {
	defer c.Close()
	up, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer up.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, c)
		_ = up.Close()
	}()
	_, _ = io.Copy(c, up)
	_ = c.Close()
	<-done
}
