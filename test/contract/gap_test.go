package contract_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"belvedere/internal/agent/agenttest"
	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// A sieve is between a client and the API of a real Icinga 2, and can keep back
// what its event streams tell.
type sieve struct {
	address, fingerprint string
	to                   string
	pool                 *x509.CertPool

	mu      sync.Mutex
	deaf    bool
	lost    int // events that were kept back
	streams []net.Conn
}

func newSieve(t *testing.T, c *realcore.Icinga) *sieve {
	t.Helper()
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	s := &sieve{to: c.API, pool: x509.NewCertPool()}
	s.pool.AppendCertsFromPEM(pem)
	server := httptest.NewTLSServer(nil) // for its certificate
	sum := sha256.Sum256(server.Certificate().Raw)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12})
	server.Close()
	if err != nil {
		t.Fatal(err)
	}
	s.address, s.fingerprint = l.Addr().String(), hex.EncodeToString(sum[:])
	agenttest.Background(t, func(ctx context.Context) error {
		var group sync.WaitGroup
		defer group.Wait()
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			conn, err := l.Accept()
			if err != nil {
				return nil
			}
			group.Go(func() {
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				defer stop()
				s.pass(conn)
			})
		}
	})
	return s
}

// pass passes a connection on, and strains what comes back once it was asked
// for events.
func (s *sieve) pass(c net.Conn) {
	defer c.Close()
	up, err := tls.Dial("tcp", s.to, &tls.Config{RootCAs: s.pool, ServerName: "realcore", MinVersion: tls.VersionTLS12})
	if err != nil {
		return
	}
	defer up.Close()
	var events atomic.Bool
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		defer up.Close()
		for b := make([]byte, 64<<10); ; {
			n, err := c.Read(b)
			if bytes.HasPrefix(b[:n], []byte("POST /v1/events ")) {
				events.Store(true)
				s.mu.Lock()
				s.streams = append(s.streams, c)
				s.mu.Unlock()
			}
			if _, werr := up.Write(b[:n]); err != nil || werr != nil {
				return
			}
		}
	})
	defer c.Close()
	for in := bufio.NewReader(up); ; {
		if _, err := in.Peek(1); err != nil {
			return
		}
		if events.Load() {
			s.strain(c, in)
			return
		}
		b, _ := in.Peek(in.Buffered()) // they are there
		if _, err := c.Write(b); err != nil {
			return
		}
		_, _ = in.Discard(len(b))
	}
}

// strain passes on the head of an answer, and those of its lines, which are
// events, that are not to be kept back.
func (s *sieve) strain(to io.Writer, in *bufio.Reader) {
	for head := true; ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		if !head && s.keeps() {
			continue
		}
		head = head && len(bytes.TrimSpace(line)) > 0
		if _, err := to.Write(line); err != nil {
			return
		}
	}
}

// keeps reports whether an event is to be kept back, and counts it.
func (s *sieve) keeps() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		s.lost++
	}
	return s.deaf
}

// set has events kept back or passed on.
func (s *sieve) set(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
}

// cut ends the event streams.
func (s *sieve) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.streams {
		c.Close()
	}
}

func (s *sieve) counts() (lost, streams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost, len(s.streams)
}

func (s *sieve) spec() site.Spec {
	return site.Spec{Addresses: []string{"icinga2://" + realcore.APIUser + "@" + s.address},
		TLS: livestatus.TLSOptions{Fingerprint: s.fingerprint, Password: realcore.APIPassword}}
}

// TestIcinga2Gap has a hole in the event stream of a real Icinga 2: it is
// noticed by the checks of which no event came, the stream is opened anew, and
// nothing of what happened in the hole is lost.
func TestIcinga2Gap(t *testing.T) {
	t.Parallel()
	const extra = `for (i in range(60)) { object Host "busy" + i { check_command = "dummy"; check_interval = 40s; retry_interval = 40s } }
`
	c := realcore.ForTest(t, realcore.Options{Hosts: 4, ServicesPerHost: 3, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true, Extra: fmt.Sprintf(icingaExtra, "old service") + extra})
	_, own := follow(t, opened{spec: site.Spec{Addresses: []string{"unix://" + c.Unix}}})
	i := &icinga{c, own}
	s := newSieve(t, c)
	m, fleet := follow(t, opened{spec: s.spec()})
	host, service := i.object()
	output := func() string {
		snap := fleet.View().Sites[0].Snapshot
		row, _ := snap.Find("services", host+"\x00"+service)
		return snap.Text("services", "plugin_output", row)
	}
	s.set(true)
	if err := i.result(host, service, 2, "in the hole"); err != nil {
		t.Fatal(err)
	}
	if err := i.tell("ADD_SVC_COMMENT;" + host + ";" + service + ";1;eva;in the hole"); err != nil {
		t.Fatal(err)
	}
	until(t, "events are lost", func() bool { lost, _ := s.counts(); return lost > 80 }) // more than each of them once
	if got := output(); got == "in the hole" {
		t.Fatal("there is no hole")
	}
	m.Refresh(siteKey)
	until(t, "the stream is opened anew", func() bool { _, streams := s.counts(); return streams == 2 })
	until(t, "what happened in the hole is here", func() bool {
		return output() == "in the hole" && fleet.View().Sites[0].Snapshot.Rows("comments") == own.View().Sites[0].Snapshot.Rows("comments")
	})
	if h := fleet.View().Sites[0].Health; h.Errors["silent"] != 1 {
		t.Errorf("errors %v", h.Errors)
	}
	// A stream that is cut is opened anew, too.
	if err := i.result(host, service, 1, "before the cut"); err != nil {
		t.Fatal(err)
	}
	until(t, "the core has the result", func() bool { return i.truth("services")[host+"\x00"+service]["plugin_output"] == "before the cut" })
	s.cut()
	until(t, "the stream is opened again", func() bool { _, streams := s.counts(); return streams == 3 })
	s.set(false)
	until(t, "what happened before the cut is here", func() bool { return output() == "before the cut" && state(fleet) == store.Fresh })
	if said := strings.Join(fleet.View().Sites[0].Health.Notes, " "); said != "" {
		t.Errorf("notes %q", said)
	}
}
