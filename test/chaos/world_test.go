package chaos

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/testkit"
)

// A world is a core with an agent beside it, a server, and the line between.
type world struct {
	*testing.T
	dir, binary string
	core        *testkit.Core
	line        *line
	server      *process
	agent       *process
	done        *counter
}

// patience is how long anything may take when nothing is broken any more.
const patience = time.Minute

const serverConfig = `listen: 127.0.0.1:0
data: %[1]s/data
log: {level: warn}
agents: {listen: %[2]q, address: %[3]q}
commands: {rate: 500, hold: 5s, seen_within: 3s, ordinary: [operator]}
livestatus: [{listen: "unix://%[1]s/live", as: eva, commands: true}]
`

func newWorld(t *testing.T) *world {
	w := &world{T: t, dir: t.TempDir(), done: newCounter()}
	w.binary = filepath.Join(w.dir, "belvedere")
	w.must(exec.Command("go", "build", "-o", w.binary, "../../cmd/belvedere"), "")
	w.core = testkit.NewCore(testkit.Options{Profile: testkit.Naemon, Hosts: 20, ServicesPerHost: 5, Seed: 5, Quiet: true, Churn: -1, Heard: func(name string, args []string, err error) {
		if name == "ADD_SVC_COMMENT" && err == nil {
			w.done.add(args[0] + "\x00" + args[1] + "\x00" + args[4])
		}
	}})
	t.Cleanup(func() { _ = w.core.Close() })
	if err := w.core.ListenUnix(filepath.Join(w.dir, "core")); err != nil {
		t.Fatal(err)
	}
	w.core.Step(time.Now())
	at := freeAddress(t)
	var err error
	if w.line, err = newLine(at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.line.close)
	w.write("belvedere.yaml", fmt.Sprintf(serverConfig, w.dir, at, w.line.l.Addr()))
	w.write("agent.yaml", fmt.Sprintf("data: %[1]s/agent\nlivestatus: unix://%[1]s/core\ncommands: [ordinary]\nlog: {level: warn}\n", w.dir))
	w.must(w.verb("user", "add", "eva", "--role", "operator", "--see-all"), "a very long password\n")
	w.server = &process{world: w, args: []string{"serve", "--config", w.path("belvedere.yaml")}}
	w.agent = &process{world: w, args: []string{"agent", "--config", w.path("agent.yaml")}}
	w.server.start()
	t.Cleanup(func() { w.server.end(syscall.SIGKILL); w.agent.end(syscall.SIGKILL) })
	w.join()
	w.agent.start()
	return w
}

// join pairs the agent with the server.
func (w *world) join() {
	w.Helper()
	for _, word := range strings.Fields(w.must(w.verb("site", "add", "Core", "--agent"), "")) {
		if len(word) < 40 {
			continue
		}
		cmd := exec.Command(w.binary, "agent", "join", word, "--config", w.path("agent.yaml"))
		for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			out, err := cmd.CombinedOutput()
			if err == nil {
				return
			}
			if time.Now().After(end) {
				w.Fatalf("join: %v: %s", err, out)
			}
			cmd = exec.Command(cmd.Path, cmd.Args[1:]...) // the server may only be starting
		}
	}
	w.Fatal("there is no code")
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) verb(args ...string) *exec.Cmd {
	return exec.Command(w.binary, append(args, "--config", w.path("belvedere.yaml"))...)
}

// must runs a command to its end and returns what it prints.
func (w *world) must(cmd *exec.Cmd, input string) string {
	w.Helper()
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(input), &said
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("%v: %v: %s%s", cmd.Args, err, out, said.String())
	}
	return string(out)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A process is one that is killed and started again.
type process struct {
	world *world
	args  []string

	mu  sync.Mutex
	cmd *exec.Cmd
}

func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = exec.Command(p.world.binary, p.args...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		p.world.Error(err)
		p.cmd = nil
	}
}

// end sends a signal and waits for the process to be gone.
func (p *process) end(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	_ = p.cmd.Wait()
	p.cmd = nil
}

// ask sends one request to a Livestatus socket and returns the answer.
func ask(ctx context.Context, socket, request string) (string, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return "", err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if _, err := fmt.Fprint(c, request); err != nil {
		return "", err
	}
	if half, ok := c.(*net.UnixConn); ok { // there is no more to come
		if err := half.CloseWrite(); err != nil {
			return "", err
		}
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(c)
	return b.String(), err
}

// A counter counts by key. Safe for concurrent use.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func newCounter() *counter { return &counter{n: map[string]int{}} }

func (c *counter) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[key]++
}

// all returns the counts; nothing counts any more.
func (c *counter) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}
