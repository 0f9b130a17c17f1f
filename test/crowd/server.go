package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"belvedere/internal/testkit"
)

// connections is how many each listener takes at once.
const connections = 2000

// A server is the process that is driven, over cores of our own.
type server struct {
	tcp    string // shows all
	unix   string // speaks for a person, and takes commands
	web    string
	dir    string
	cmd    *exec.Cmd
	ended  chan struct{}
	faults atomic.Int64 // lines about errors and panics in its log
	cores  []*testkit.Core
}

// startServer starts the cores and the server.
func startServer(ctx context.Context, o options) (s *server, err error) {
	dir, err := os.MkdirTemp("", "belvedere-crowd-")
	if err != nil {
		return nil, err
	}
	s = &server{dir: dir, ended: make(chan struct{}), unix: filepath.Join(dir, "live")}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	config := strings.Builder{}
	config.WriteString("log: {level: warn}\nsites:\n")
	for i := range o.sites {
		c := testkit.NewCore(testkit.Options{Name: fmt.Sprintf("site%02d", i), Hosts: o.hosts, ServicesPerHost: o.services, Seed: uint64(i) + 1})
		s.cores = append(s.cores, c)
		addr, err := c.ListenTCP("127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		c.Start(ctx)
		fmt.Fprintf(&config, "- {name: site%02d, address: 'tcp://%s'}\n", i, addr)
	}
	hash := exec.CommandContext(ctx, o.binary, "user", "hash")
	hash.Stdin = strings.NewReader("correct horse battery\n")
	out, err := hash.Output()
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	fmt.Fprintf(&config, "users: [{name: anna, role: operator, see_all: true, password_hash: '%s'}]\n", strings.TrimSpace(string(out)))
	if s.web, err = freePort(); err != nil {
		return nil, err
	}
	if s.tcp, err = freePort(); err != nil {
		return nil, err
	}
	fmt.Fprintf(&config, "livestatus:\n- {listen: 'tcp://%s', connections: %d}\n- {listen: 'unix://%s', connections: %d, as: anna, commands: true, command_errors: true}\n",
		s.tcp, connections, s.unix, connections)
	file := filepath.Join(dir, "belvedere.yaml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		return nil, err
	}
	return s, s.launch(ctx, o, file)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// launch starts the process and reads what it says.
func (s *server) launch(ctx context.Context, o options, config string) error {
	s.cmd = exec.CommandContext(ctx, o.binary, "serve", "--config", config, "--data", filepath.Join(s.dir, "data"), "--listen", s.web)
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(os.Interrupt) }
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		lines := bufio.NewScanner(log)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if line := lines.Text(); strings.Contains(line, "ERROR") || strings.Contains(line, "panic") || strings.Contains(line, "goroutine ") {
				s.faults.Add(1)
				fmt.Fprintln(os.Stderr, line)
			}
		}
		_, _ = io.Copy(io.Discard, log)
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	return nil
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(os.Interrupt)
		<-s.ended
	}
	for _, c := range s.cores {
		_ = c.Close()
	}
	_ = os.RemoveAll(s.dir)
}

// ready waits until the server has read all cores.
func (s *server) ready(ctx context.Context, o options) error {
	want := strconv.Itoa(o.sites*o.hosts*o.services) + "\n"
	for range 300 {
		if got, err := ask("tcp", s.tcp, "GET services\nStats: state != 9\n\n"); err == nil && string(got) == want {
			return sleep(ctx, 5*time.Second)
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return errors.New("the services did not come")
}

// A sample is what the server is like at one moment.
type sample struct {
	rssKB, peakKB, goroutines int
	cpu                       time.Duration // used since its start
}

func (s sample) String() string {
	return fmt.Sprintf("VmRSS %.1f MB (most %.1f)  goroutines %d  CPU %.1f s", float64(s.rssKB)/1024, float64(s.peakKB)/1024, s.goroutines, s.cpu.Seconds())
}

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)`)

// sample looks at the server.
func (s *server) sample(ctx context.Context) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.web+"/metrics", nil)
	if err != nil {
		return sample{}, err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return sample{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return sample{}, err
	}
	m := goroutines.FindSubmatch(b)
	if m == nil {
		return sample{}, fmt.Errorf("no number of goroutines: %s", res.Status)
	}
	var out sample
	out.goroutines, err = strconv.Atoi(string(m[1]))
	if err != nil {
		return sample{}, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return sample{}, err
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		switch {
		case len(f) < 2:
		case f[0] == "VmRSS:":
			out.rssKB, err = strconv.Atoi(f[1])
		case f[0] == "VmHWM:":
			out.peakKB, err = strconv.Atoi(f[1])
		}
		if err != nil {
			return sample{}, err
		}
	}
	out.cpu, err = s.cpu()
	return out, err
}

// cpu returns the time of all processors that the server has used.
func (s *server) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 13 {
		return 0, errors.New("no times in /proc")
	}
	const tick = 10 * time.Millisecond
	user, err := strconv.Atoi(f[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(f[12])
	return time.Duration(user+system) * tick, err
}

// patience is how long an answer may take before it counts as hanging.
const patience = 30 * time.Second

// dial connects, which the end of ctx does not cut short: that would look like a
// server that hangs.
func dial(network, address string) (net.Conn, error) {
	return net.DialTimeout(network, address, patience)
}

// ask sends a request on a connection of its own and reads to the end.
func ask(network, address, request string) ([]byte, error) {
	c, err := dial(network, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, request); err != nil {
		return nil, err
	}
	return io.ReadAll(c)
}
