// Command harness gives the browser tests monitoring cores to play with: a
// real Icinga 2, and simulated ones. It prints one line of JSON with the
// address of its control server on loopback, and ends, with everything it
// started, when its standard input does.
//
//	POST /icinga2                      start it; answers its addresses
//	POST /icinga2/{halt,launch,reload,restart}
//	POST /icinga2/result?host=&service=&state=&output=
//	POST /nagios4                      start it, read from its files; answers its address
//	POST /nagios4/result?host=&service=&state=&output=
//	POST /core?name=&profile=&hosts=&services=&churn=&quiet=    a simulated core; answers its address
//	POST /core/{name}/fault?kind=hang  (healthy hang drip close half garbage http ssh xinetd refuse)
//	POST /core/{name}/result?host=&service=&state=&output=
//	POST /core/{name}/{reload,restart}
//	POST /core/{name}/command?line=
//	POST /core/{name}/ears?on=         0: commands are taken and not carried out
//	POST /core/{name}/rows?table=      the truth, in normal form
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

type harness struct {
	mu     sync.Mutex
	icinga *realcore.Icinga
	nagios *realcore.Nagios
	beside sync.WaitGroup // of what answers for nagios
	cores  map[string]*testkit.Core
	at     map[string]string // where they listen
	thruks []*http.Server
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &harness{cores: map[string]*testkit.Core{}, at: map[string]string{}}
	defer h.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h.routes(ctx), ReadHeaderTimeout: 5 * time.Second}
	defer server.Close()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	go func() { _ = server.Serve(l) }()
	fmt.Printf("{\"control\": \"http://%s\"}\n", l.Addr())
	<-ctx.Done()
	return nil
}

func (h *harness) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.beside.Wait()
	if h.icinga != nil {
		_ = h.icinga.Close()
	}
	for _, s := range h.thruks {
		_ = s.Close()
	}
	if h.nagios != nil {
		_ = h.nagios.Close()
	}
	for _, c := range h.cores {
		_ = c.Close()
	}
}

// action answers a request with a value or an error.
type action func(r *http.Request) (any, error)

func (a action) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, err := a(r)
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		v = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (h *harness) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /icinga2", action(h.startIcinga))
	mux.Handle("POST /icinga2/{what}", action(h.icingaDo))
	mux.Handle("POST /nagios4", action(func(*http.Request) (any, error) { return h.startNagios(ctx) }))
	mux.Handle("POST /nagios4/{what}", action(h.nagiosDo))
	mux.Handle("POST /core", action(func(r *http.Request) (any, error) { return h.startCore(ctx, r) }))
	mux.Handle("POST /core/{name}/{what}", action(h.coreDo))
	mux.Handle("POST /thruk", action(h.startThruk))
	return mux
}

func (h *harness) startIcinga(*http.Request) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.icinga == nil {
		c, err := realcore.Start(realcore.Options{})
		if err != nil {
			return nil, err
		}
		h.icinga = c
	}
	c := h.icinga
	return map[string]string{"unix": c.Unix, "tcp": c.TCP, "xinetd": c.Xinetd}, nil
}

func (h *harness) icingaDo(r *http.Request) (any, error) {
	h.mu.Lock()
	c := h.icinga
	h.mu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("icinga2 is not started")
	}
	switch r.PathValue("what") {
	case "halt":
		return "ok", c.Halt()
	case "launch":
		return "ok", c.Launch()
	case "reload":
		return "ok", c.Reload()
	case "restart":
		return "ok", c.Restart()
	case "command":
		return "ok", c.Command(r.FormValue("line"))
	case "result":
		host, service, state, output, err := result(r)
		if err != nil {
			return nil, err
		}
		return "ok", c.Result(host, service, state, output)
	}
	return nil, fmt.Errorf("unknown action")
}

func result(r *http.Request) (host, service string, state int, output string, err error) {
	state, err = strconv.Atoi(r.FormValue("state"))
	return r.FormValue("host"), r.FormValue("service"), state, r.FormValue("output"), err
}

func (h *harness) startCore(ctx context.Context, r *http.Request) (any, error) {
	// Absent numbers are 0, the default.
	hosts, _ := strconv.Atoi(r.FormValue("hosts"))
	services, _ := strconv.Atoi(r.FormValue("services"))
	churn, _ := strconv.ParseFloat(r.FormValue("churn"), 64)
	c := testkit.NewCore(testkit.Options{
		Name: r.FormValue("name"), Profile: testkit.Profile(r.FormValue("profile")), Hosts: hosts, ServicesPerHost: services,
		Quiet: r.FormValue("quiet") != "", Churn: churn, Seed: 7,
	})
	addr, err := c.ListenTCP("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c.Start(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cores[r.FormValue("name")], h.at[r.FormValue("name")] = c, addr.String()
	return map[string]string{"address": "tcp://" + addr.String()}, nil
}

// startThruk starts a Thruk that has some of the cores as its backends.
func (h *harness) startThruk(r *http.Request) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var sites []testkit.ThrukSite
	for i, name := range strings.Split(r.FormValue("cores"), ",") {
		if h.at[name] == "" {
			return nil, fmt.Errorf("no core %q", name)
		}
		sites = append(sites, testkit.ThrukSite{Key: fmt.Sprintf("4086%d", i), Name: name, Network: "tcp", Address: h.at[name]})
	}
	k := &testkit.Thruk{}
	k.Set(sites, map[string]testkit.ThrukKey{r.FormValue("key"): {User: "belvedere", Roles: []string{"authorized_for_admin"}}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: k, ReadHeaderTimeout: 5 * time.Second}
	h.thruks = append(h.thruks, s)
	go func() { _ = s.Serve(l) }()
	return map[string]string{"address": "http://" + l.Addr().String() + "/thruk"}, nil
}

// faults by the name the tests use.
func fault(name string) (testkit.FaultKind, bool) {
	k, ok := map[string]testkit.FaultKind{
		"healthy": testkit.Healthy, "hang": testkit.Hang, "drip": testkit.Drip, "close": testkit.CloseNow,
		"half": testkit.HalfRow, "garbage": testkit.Garbage, "http": testkit.HTTP, "ssh": testkit.SSH,
		"xinetd": testkit.XinetdNoSocket, "refuse": testkit.Refuse,
	}[name]
	return k, ok
}

func (h *harness) coreDo(r *http.Request) (any, error) {
	h.mu.Lock()
	c := h.cores[r.PathValue("name")]
	h.mu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("no such core")
	}
	switch r.PathValue("what") {
	case "fault":
		k, ok := fault(r.FormValue("kind"))
		if !ok {
			return nil, fmt.Errorf("no such fault")
		}
		c.SetFault(testkit.Fault{Kind: k})
		return "ok", nil
	case "reload":
		c.Reload()
		return "ok", nil
	case "restart":
		c.Restart()
		return "ok", nil
	case "command":
		return "ok", c.Command(r.FormValue("line"))
	case "ears": // whether it carries out what it is told
		c.SetCommands(r.FormValue("on") == "1")
		return "ok", nil
	case "rows":
		return c.Rows(r.FormValue("table")), nil
	case "result":
		host, service, state, output, err := result(r)
		if err != nil {
			return nil, err
		}
		c.SetState(host, service, state, output)
		return "ok", nil
	}
	return nil, fmt.Errorf("unknown action")
}
