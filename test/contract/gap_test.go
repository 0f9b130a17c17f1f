package contract_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// A sieve is between a client and the API of a real Icinga 2, and can keep back
// what its event streams tell.
type sieve struct {
	server *httptest.Server

	mu      sync.Mutex
	deaf    bool
	lost    int // events that were kept back
	streams int // that were opened
	cuts    []context.CancelFunc
}

func newSieve(t *testing.T, c *realcore.Icinga) *sieve {
	t.Helper()
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "realcore", MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true} // a request must not meet the end of a connection that rests
	s := &sieve{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "https", Host: c.API})
	proxy.Transport, proxy.FlushInterval = transport, -1
	proxy.ErrorLog, proxy.ModifyResponse = log.New(io.Discard, "", 0), func(r *http.Response) error {
		if r.Request.URL.Path == "/v1/events" {
			r.Body = s.strain(r.Body)
		}
		return nil
	}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		if r.URL.Path == "/v1/events" {
			s.mu.Lock()
			s.streams, s.cuts = s.streams+1, append(s.cuts, cancel)
			s.mu.Unlock()
		}
		defer func() { _ = recover() }() // the proxy's way to end an answer that was cut
		proxy.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
		transport.CloseIdleConnections()
	})
	return s
}

// strain passes lines on unless they are to be kept back.
func (s *sieve) strain(body io.ReadCloser) io.ReadCloser {
	out, in := io.Pipe()
	go func() {
		lines := bufio.NewReader(body)
		for {
			line, err := lines.ReadBytes('\n')
			s.mu.Lock()
			deaf := s.deaf
			if deaf && len(line) > 0 {
				s.lost++
			}
			s.mu.Unlock()
			if !deaf {
				if _, werr := in.Write(line); werr != nil {
					err = werr
				}
			}
			if err != nil {
				in.CloseWithError(err)
				return
			}
		}
	}()
	return struct {
		io.Reader
		io.Closer
	}{out, closers{body, out}}
}

type closers []io.Closer

func (c closers) Close() (err error) {
	for _, each := range c {
		err = each.Close()
	}
	return err
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
	for _, cancel := range s.cuts {
		cancel()
	}
	s.cuts = nil
}

func (s *sieve) counts() (lost, streams int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost, s.streams
}

func (s *sieve) spec() site.Spec {
	sum := sha256.Sum256(s.server.Certificate().Raw)
	return site.Spec{Addresses: []string{"icinga2://" + realcore.APIUser + "@" + s.server.Listener.Addr().String()},
		TLS: livestatus.TLSOptions{Fingerprint: hex.EncodeToString(sum[:]), Password: realcore.APIPassword}}
}

// TestIcinga2Gap has a hole in the event stream of a real Icinga 2: it is
// noticed by the checks of which no event came, the stream is opened anew, and
// nothing of what happened in the hole is lost.
func TestIcinga2Gap(t *testing.T) {
	t.Parallel()
	const extra = `for (i in range(60)) { object Host "busy" + i { check_command = "dummy"; check_interval = 20s; retry_interval = 20s } }
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
	until(t, "events are lost", func() bool { lost, _ := s.counts(); return lost > 80 })
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
