package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"belvedere/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"belvedere": main})
}

// TestScripts runs the binary as a person at a terminal does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TMPDIR", env.WorkDir)
			env.Setenv("TWOLINES", "one\ntwo")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"peer":     peer,
			"freeport": freeport,
			"await":    await,
			"fill":     fill,
			"hash":     hash,
		},
	})
}

// freeport NAME sets NAME to a port of loopback nobody listens on.
func freeport(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], port)
}

// hash NAME sets NAME to the hash of a password, for a configuration file.
func hash(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U")
}

// fill FILE puts the values of the script's variables in place of their $NAMES.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(path), ts.Getenv)), 0o600))
}

// peer KIND NAME starts something to connect to and sets NAME to its address:
// core, skewed, silent, http, ssh, tls, hangup, xinetd, busy (a port in use),
// socket (a core on a unix socket NAME.sock), naemon and nagios (8 hosts with 3
// services each, all well, nothing changes by itself).
func peer(ts *testscript.TestScript, _ bool, args []string) {
	kind, name := args[0], args[1]
	switch kind {
	case "naemon", "nagios":
		c := testkit.NewCore(testkit.Options{Profile: map[string]testkit.Profile{"naemon": testkit.Naemon, "nagios": testkit.Nagios4}[kind], Hosts: 8, ServicesPerHost: 3, Churn: -1, Quiet: true})
		ts.Defer(func() { _ = c.Close() })
		ctx, cancel := context.WithCancel(context.Background())
		ts.Defer(cancel)
		c.Start(ctx)
		addr, err := c.ListenTCP("127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, addr.String())
	case "core", "skewed", "silent", "http", "ssh", "hangup", "xinetd", "socket":
		c := testkit.NewCore(testkit.Options{Hosts: 5, ServicesPerHost: 3, Churn: 0.5})
		ts.Defer(func() { _ = c.Close() })
		ctx, cancel := context.WithCancel(context.Background())
		ts.Defer(cancel)
		c.Start(ctx)
		if kind == "socket" {
			path := ts.MkAbs(name + ".sock")
			ts.Check(c.ListenUnix(path))
			ts.Setenv(name, "unix://"+path)
			return
		}
		addr, err := c.ListenTCP("127.0.0.1:0")
		ts.Check(err)
		if kind == "skewed" {
			c.SetClockSkew(71 * time.Second)
			c.Step(time.Now().Add(time.Second)) // its checks show the clock
		}
		if f, ok := map[string]testkit.FaultKind{"silent": testkit.Hang, "http": testkit.HTTP, "ssh": testkit.SSH, "hangup": testkit.CloseNow, "xinetd": testkit.XinetdNoSocket}[kind]; ok {
			c.SetFault(testkit.Fault{Kind: f})
		}
		ts.Setenv(name, addr.String())
	case "tls":
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		s.StartTLS()
		ts.Defer(s.Close)
		ts.Setenv(name, s.Listener.Addr().String())
	case "busy":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Defer(func() { _ = l.Close() })
		ts.Setenv(name, l.Addr().String())
	default:
		ts.Fatalf("no such peer: %s", kind)
	}
}

// await ADDRESS [SITES] waits until a Livestatus server there has fresh data of
// that many sites, of one without a number, and none that is still pending.
func await(ts *testscript.TestScript, _ bool, args []string) {
	sites := 1
	if len(args) > 1 {
		var err error
		sites, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var out, errs strings.Builder
		code := run([]string{"query", "--at", args[0], "--format", "json", "GET sites\nColumns: state hosts"}, &world{ctx: context.Background(), in: strings.NewReader(""), out: &out, err: &errs})
		if code == exitOK && strings.Count(out.String(), `"fresh"`) == sites && !strings.Contains(out.String(), `"pending"`) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			ts.Fatalf("no fresh sites at %s: %s%s", args[0], out.String(), errs.String())
		}
	}
}
