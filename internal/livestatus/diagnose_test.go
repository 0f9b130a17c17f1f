package livestatus

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testContext() context.Context { return context.Background() }

var stepNames = []string{"parse", "dns", "connect", "tls", "answers", "identify", "hosts", "services", "clock", "commands", "volume"}

// goodCore answers counts and the newest check like a core whose clock is
// ahead by skew.
func goodCore(t testing.TB, name string, skew time.Duration) func(string) (string, bool) {
	answer := recorded(t, name)
	return func(r string) (string, bool) {
		switch {
		case strings.Contains(r, "Columns: last_check check_interval staleness"):
			then := time.Now().Add(skew - 90*time.Second).Unix()
			return framed(200, fmt.Sprintf("[[%d,5.0,0.9],\n[%d,5.0,3.0000000000e-01],\n[%d,5.0,0]]\n", then-180, then, then+1000)), false
		case strings.Contains(r, "Stats: max last_check"):
			return framed(200, fmt.Sprintf("[[%d]]\n", time.Now().Add(skew).Unix())), false
		case strings.Contains(r, "Stats: state != 9999") && strings.HasPrefix(r, "GET hosts"):
			return framed(200, "[[51]]\n"), false
		case strings.Contains(r, "Stats: "):
			return framed(200, "[[400]]\n"), false
		case strings.HasPrefix(r, "GET services\nColumns: "):
			row := strings.Repeat(`"x",`, len(liveColumns)-1) + `"x"`
			return framed(200, "[["+row+"],\n["+row+"]]\n"), false
		}
		return answer(r)
	}
}

func TestDiagnoseGood(t *testing.T) {
	for _, tt := range []struct {
		core, is string
		skew     time.Duration
		warn     string
	}{
		{"naemon-1.5", "Naemon 1.5.2, Livestatus 1.5.1.source-naemon", 0, ""},
		{"icinga2-2.13", "Icinga 2 2.13.6", 0, ""},
		{"shinken-2.4", "Shinken", 0, ""},
		{"nagios4-mk1.5", "Nagios 4.4.6, Livestatus 1.5.0", 71 * time.Second, "s ahead of ours"},
		{"naemon-1.5", "Naemon", -71 * time.Second, "s behind ours"},
		{"nagios4-mk1.5", "Nagios 4.4.6", 4 * time.Second, "s ahead of ours"},
	} {
		t.Run(tt.core+tt.skew.String(), func(t *testing.T) {
			f := newFake(t, goodCore(t, tt.core, tt.skew))
			var told []Step
			r := Diagnose(t.Context(), Options{Address: f.address(), Lane: NewLane()}, func(s Step) { told = append(told, s) })
			if !r.OK || r.Hosts != 51 || r.Services != 400 || r.Cause != "" {
				t.Fatalf("report %+v", r)
			}
			var names []string
			for _, s := range r.Steps {
				names = append(names, s.Name)
			}
			if diff := cmp.Diff(stepNames, names); diff != "" {
				t.Error(diff)
			}
			if i := stepOf(r, "identify"); !strings.Contains(i.Detail, tt.is) {
				t.Errorf("identified %q", i.Detail)
			}
			clock := stepOf(r, "clock")
			if tt.warn == "" && (clock.State != StepOK || len(r.Warnings) > 0) || tt.warn != "" && (clock.State != StepWarn || !strings.Contains(clock.Cause, tt.warn) || len(r.Warnings) != 1) {
				t.Errorf("clock %+v warnings %q", clock, r.Warnings)
			}
			if n := slices.IndexFunc(told, func(s Step) bool { return s.Name == "answers" && s.State == StepRun }); n < 0 || told[n+1].State != StepOK {
				t.Errorf("told %+v", told)
			}
			for _, request := range f.seen() {
				if strings.HasPrefix(request, "COMMAND") {
					t.Error("a command was sent")
				}
			}
		})
	}
}

func stepOf(r Report, name string) Step {
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == name })
	return r.Steps[i]
}

// listen serves each connection with f on loopback.
func listen(t testing.TB, f func(net.Conn)) Address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	a, err := ParseAddress(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDiagnoseFailures(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	at := func(s string) Address {
		a, err := ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := at(free.Addr().String())
	free.Close()
	filtered := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	// Only what is given up anyway is given up soon: the others may take their time.
	const quick = 300 * time.Millisecond
	for _, tt := range []struct {
		name    string
		address Address
		options Options
		step    string
		kind    ErrKind
		cause   string
		fix     string
	}{
		{"unknown name", at("tcp://nosuch.invalid:6557"), Options{}, "dns", KindDNS, "nosuch.invalid", "IP address"},
		{"closed port", closed, Options{}, "connect", KindRefused, "nothing listens", "6557"},
		{"filtered port", at("10.0.0.1"), Options{Dial: filtered, DialTimeout: quick}, "connect", KindTimeout, "within 300ms", "firewall"},
		{"silent port", listen(t, func(c net.Conn) { io.Copy(io.Discard, c) }), Options{FirstByte: quick}, "answers", KindSilent, "no answer to a Livestatus query", "only_from"},
		{"dripping port", listen(t, func(c net.Conn) { drip(c) }), Options{Grace: quick}, "answers", KindSlow, "stalled", "overloaded"},
		{"hang-up", listen(t, func(c net.Conn) {}), Options{}, "answers", KindHangup, "our address 127.0.0.1", "only_from"},
		{"web server", at(web.Listener.Addr().String()), Options{}, "answers", KindHTTP, "A web server answers", "6557"},
		{"secure web server", at(secure.Listener.Addr().String()), Options{}, "answers", KindHTTP, "HTTPS", "6557"},
		{"ssh", listen(t, func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n"); io.Copy(io.Discard, c) }), Options{}, "answers", KindSSH, "An SSH server", "22"},
		{"xinetd", newFake(t, func(string) (string, bool) { return "No UNIX socket /run/live existing\n", false }).address(), Options{}, "answers", KindXinetd, "/run/live", "xinetd.d"},
		{"no socket", at(filepath.Join(t.TempDir(), "live")), Options{}, "connect", KindNoSocket, "There is no socket", "broker_module"},
		{"folder", at(t.TempDir()), Options{}, "connect", KindNoSocket, "is a folder", "live"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Address = tt.address
			r := Diagnose(t.Context(), tt.options, nil)
			if r.OK || r.Kind != tt.kind || !strings.Contains(r.Cause, tt.cause) || !strings.Contains(r.Fix, tt.fix) {
				t.Fatalf("%s %q %q", r.Kind, r.Cause, r.Fix)
			}
			for i, s := range r.Steps {
				at, failed := slices.Index(stepNames, s.Name), slices.Index(stepNames, tt.step)
				if at != i || (at == failed) != (s.State == StepFail) || at > failed && s.State != StepSkip {
					t.Errorf("step %+v", s)
				}
			}
			b, err := json.Marshal(r)
			if err != nil || !strings.Contains(string(b), `"cause":`) || !strings.Contains(string(b), `"state":"fail"`) {
				t.Errorf("%s %v", b, err)
			}
		})
	}
}

// drip sends what looks like a good answer, far too slowly.
func drip(c net.Conn) {
	io.WriteString(c, "200     1000000\n[[\"")
	gone := make(chan struct{})
	go func() { io.Copy(io.Discard, c); close(gone) }()
	for {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-gone:
			return
		}
		if _, err := io.WriteString(c, "x"); err != nil {
			<-gone
			return
		}
	}
}

func TestDiagnoseText(t *testing.T) {
	var told []Step
	r := DiagnoseText(t.Context(), "ssh://x/y", TLSOptions{}, Options{}, func(s Step) { told = append(told, s) })
	if r.OK || r.Kind != KindAddress || !strings.Contains(r.Cause, "the user on the other machine is missing") || r.Fix == "" || len(told) != len(stepNames) || told[0].State != StepFail {
		t.Errorf("%+v", r)
	}
	if r = DiagnoseText(t.Context(), "", TLSOptions{}, Options{}, nil); r.Cause != "The address cannot be used: it is empty." {
		t.Errorf("%q", r.Cause)
	}
}

func TestDiagnoseUnixAndTLS(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "live"))
	if err != nil {
		t.Fatal(err)
	}
	serveFake(t, l, goodCore(t, "naemon-1.5", 0))
	r := Diagnose(t.Context(), Options{Address: Address{Scheme: "unix", Path: l.Addr().String()}}, nil)
	if !r.OK || stepOf(r, "dns").State != StepSkip || stepOf(r, "connect").Title != "Open the socket" {
		t.Errorf("%+v", r)
	}
	ca := newAuthority(t, "Test CA")
	pair, _, _ := ca.issue(nil)
	f := newTLSFake(t, &tls.Config{Certificates: []tls.Certificate{pair}}, goodCore(t, "naemon-1.5", 0))
	a := f.address()
	a.Scheme, a.TLS.CA = "tls", ca.File
	r = Diagnose(t.Context(), Options{Address: a}, nil)
	if s := stepOf(r, "tls"); !r.OK || s.State != StepOK || !strings.Contains(s.Detail, "TLS 1.3") || r.Fingerprint != Fingerprint(pair.Leaf) {
		t.Errorf("%+v", r)
	}
	a.TLS.CA = ""
	r = Diagnose(t.Context(), Options{Address: a}, nil)
	if r.OK || r.Kind != KindCertificate || r.Fingerprint != Fingerprint(pair.Leaf) || stepOf(r, "tls").State != StepFail {
		t.Errorf("%+v", r)
	}
}

// TestDiagnoseEnds: a caller that leaves gets the report at once.
func TestDiagnoseEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := listen(t, func(c net.Conn) { cancel(); io.Copy(io.Discard, c) })
	r := Diagnose(ctx, Options{Address: a}, nil)
	if r.OK || r.Kind != KindCanceled {
		t.Errorf("%+v", r)
	}
}

// TestDiagnoseTimes: whatever the other side does, the end comes in twenty
// seconds.
func TestDiagnoseTimes(t *testing.T) {
	blocked := func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	silent := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { io.Copy(io.Discard, theirs); theirs.Close() }()
		return ours, nil
	}
	late := func(ctx context.Context, network, address string) (net.Conn, error) {
		time.Sleep(4900 * time.Millisecond)
		return silent(ctx, network, address)
	}
	lazy := piped(func(c net.Conn) {
		time.Sleep(5900 * time.Millisecond)
		io.WriteString(c, framed(200, "[[\"program_start\"],[0]]"))
	})
	drips := piped(func(c net.Conn) {
		io.WriteString(c, "200     1000000\n[[\"")
		for {
			time.Sleep(time.Second)
			if _, err := io.WriteString(c, "x"); err != nil {
				return
			}
		}
	})
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"blocked": blocked, "silent": silent, "late and silent": late, "lazy": lazy, "drips": drips,
	} {
		for _, scheme := range []string{"tcp", "tls"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					lane := NewLane()
					leave, err := lane.Enter(t.Context(), SyncPriority) // by one who hangs
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					r := Diagnose(t.Context(), Options{Address: Address{Scheme: scheme, Host: "mon", Port: "6557"}, Dial: dial, Lane: lane}, nil)
					if took := time.Since(began); took > diagnoseTotal || r.OK || r.Cause == "" {
						t.Errorf("after %s: %+v", took, r)
					}
					leave()
					time.Sleep(time.Minute) // the other end notices
				})
			})
		}
	}
}

// TestNotTheAPI: what answers an icinga2:// address and is no API of Icinga 2
// is not said to be no Livestatus.
func TestNotTheAPI(t *testing.T) {
	const port = "Give the port of its API, usually 5665; its Livestatus has addresses of its own, tcp:// or tls://."
	for name, tt := range map[string]struct {
		serve      func(net.Conn)
		kind       ErrKind
		cause, fix string
		wait       time.Duration // 0: it is not waited for
	}{
		"web":  {func(c net.Conn) { c.Read(make([]byte, 9)); io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, KindHTTP, "A web server answers on %s, not the API of Icinga 2.", port, 0},
		"ssh":  {func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n"); io.Copy(io.Discard, c) }, KindSSH, "An SSH server answers on %s, not the API of Icinga 2.", port, 0},
		"mail": {func(c net.Conn) { io.WriteString(c, "220 mail ESMTP\r\n"); io.Copy(io.Discard, c) }, KindTLS, "%s does not speak TLS, so it is not the API of Icinga 2.", port, 0},
		"no word": {func(c net.Conn) { io.Copy(io.Discard, c) }, KindSilent, "%s accepted the connection but did not answer the TLS greeting within 1s.",
			"Icinga 2 hangs, or another service listens there: its API usually has port 5665.", time.Second},
	} {
		a := listen(t, tt.serve)
		where := net.JoinHostPort(a.Host, a.Port)
		a.Scheme = "icinga2"
		_, err := Connect(t.Context(), Options{Address: a, DialTimeout: tt.wait})
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != tt.kind || e.Cause != fmt.Sprintf(tt.cause, where) || e.Fix != tt.fix {
			t.Errorf("%s: %#v", name, err)
		}
	}
}
