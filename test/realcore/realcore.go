// Package realcore starts real monitoring cores for tests: an Icinga 2 in a
// temporary folder, with its Livestatus on a unix socket and on TCP, and the
// socket once more behind xinetd and socat, as people have it; a Nagios 4 with
// its command pipe and its files; and an OpenSSH server.
//
// Nothing of the machine is touched: ports are picked free on loopback, every
// file lies in the folder, every process ends with Close. The package
// knows nothing of this program's own packages and can serve any test.
package realcore

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take, on a machine that others use too.
const patience = time.Minute

// Options say how large the core is. The zero value has 50 hosts with 8
// services each.
type Options struct {
	Hosts           int           // 0: 50
	ServicesPerHost int           // 0: 8
	CheckInterval   time.Duration // of the active checks; 0: a minute
	// NoXinetd leaves out xinetd and socat.
	NoXinetd bool
	// API switches the REST API on, with the users of [Icinga.APIUsers].
	API bool
	// Extra is put at the end of the configuration.
	Extra string
}

// Icinga is a running Icinga 2. Its methods are safe for concurrent use.
type Icinga struct {
	Dir    string // holds icinga2.conf and everything the core writes
	TCP    string // host:port of Livestatus
	Unix   string // path of the Livestatus socket
	Xinetd string // host:port of the same socket behind xinetd, "" without
	API    string // host:port of the REST API, "" without
	CA     string // PEM file of the authority that signed the API's certificate
	Pipe   string // path of the command pipe
	Node   string // the name of its endpoint, and in its certificate
	Hosts  int
	// Services is how many services there are over all hosts.
	Services int

	pair   [2]*Icinga // the masters of its zone; none: it is the only one
	mu     sync.Mutex
	daemon *process
	xinetd *process
	cred   *syscall.SysProcAttr
}

// Missing says what of the software is not installed; nil when all is there.
func Missing(o Options) error {
	need := []string{"icinga2"}
	if !o.NoXinetd {
		need = append(need, "xinetd", "socat")
	}
	for _, name := range need {
		if _, err := find(name); err != nil {
			return fmt.Errorf("realcore: %s is not installed: apt-get install --no-install-recommends icinga2-bin xinetd socat", name)
		}
	}
	return nil
}

// find looks for a program also where daemons live.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		p := filepath.Join(dir, name)
		if st, err := os.Stat(p); err == nil && st.Mode()&0o111 != 0 {
			return p, nil
		}
	}
	return "", exec.ErrNotFound
}

// ForTest starts an Icinga 2 that ends with t. Where the software is missing
// the test is skipped with the reason; with CI=true in the environment that is
// a failure.
func ForTest(t testing.TB, o Options) *Icinga {
	t.Helper()
	demand(t, Missing(o))
	c, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the core's log:\n%s", c.LogTail(4000))
		}
		if err := c.Close(); err != nil {
			t.Errorf("ending the core: %v", err)
		}
	})
	return c
}

// demand ends a test whose software is missing.
func demand(t testing.TB, missing error) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(missing)
	default:
		t.Skipf("NOT TESTED AGAINST A REAL CORE: %v", missing)
	}
}

// Start starts an Icinga 2 and returns when it answers.
func Start(o Options) (*Icinga, error) {
	c, err := prepare("realcore", o)
	if err != nil {
		return nil, err
	}
	if o.API {
		err = c.prepareAPI()
	}
	if err == nil {
		err = c.start(o)
	}
	if err != nil {
		log := c.LogTail(4000)
		_ = c.Close()
		return nil, fmt.Errorf("realcore: %w\n%s", err, log)
	}
	return c, nil
}

// prepare makes the folder of an Icinga 2 and picks its ports.
func prepare(node string, o Options) (*Icinga, error) {
	dir, err := os.MkdirTemp("", "icinga")
	if err != nil {
		return nil, fmt.Errorf("realcore: %w", err)
	}
	o = o.withDefaults()
	c := &Icinga{Dir: dir, Node: node, Hosts: o.Hosts, Services: o.Hosts * o.ServicesPerHost,
		Unix: filepath.Join(dir, "run/cmd/livestatus"), Pipe: filepath.Join(dir, "run/cmd/icinga2.cmd")}
	err = c.folders()
	if err == nil {
		c.TCP, err = freeAddress()
	}
	if err == nil && o.API {
		c.CA = filepath.Join(dir, "lib/certs/ca.crt")
		c.API, err = freeAddress()
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("realcore: %w", err)
	}
	return c, nil
}

// withDefaults fills in what is not said.
func (o Options) withDefaults() Options {
	o.Hosts, o.ServicesPerHost = cmp.Or(o.Hosts, 50), cmp.Or(o.ServicesPerHost, 8)
	o.CheckInterval = cmp.Or(o.CheckInterval, time.Minute)
	return o
}

// start writes the configuration and launches.
func (c *Icinga) start(o Options) error {
	conf := filepath.Join(c.Dir, "icinga2.conf")
	if err := os.WriteFile(conf, config(c, o.withDefaults()), 0o644); err != nil {
		return err
	}
	if err := c.Launch(); err != nil {
		return err
	}
	if o.NoXinetd {
		return nil
	}
	return c.startXinetd()
}

// folders makes what the daemon writes into, owned by the user it runs as.
func (c *Icinga) folders() error {
	cred, uid, gid, err := unprivileged()
	if err != nil {
		return err
	}
	c.cred = cred
	return ownFolders(c.Dir, uid, gid, "run", "run/cmd", "lib", "log", "log/compat", "log/compat/archives", "cache", "lib/certs")
}

// unprivileged says as whom daemons run: as nagios where we are root, else as
// ourselves.
func unprivileged() (attr *syscall.SysProcAttr, uid, gid int, err error) {
	uid, gid = os.Getuid(), os.Getgid()
	attr = &syscall.SysProcAttr{Setpgid: true}
	if uid != 0 {
		return attr, uid, gid, nil
	}
	u, err := user.Lookup("nagios")
	if err != nil {
		return nil, 0, 0, err
	}
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, uid, gid, nil
}

// ownFolders makes folders below dir that belong to a user.
func ownFolders(dir string, uid, gid int, names ...string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, d := range names {
		p := filepath.Join(dir, d)
		if err := os.MkdirAll(p, 0o755); err != nil {
			return err
		}
		if err := os.Chown(p, uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// Launch starts the daemon after [Icinga.Halt] and returns when it answers.
func (c *Icinga) Launch() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon != nil {
		return errors.New("realcore: the core runs already")
	}
	bin, err := find("icinga2")
	if err != nil {
		return err
	}
	args := append([]string{"daemon"}, c.defines()...)
	if me, err := user.Current(); err == nil && me.Uid != "0" {
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return err
		}
		args = append(args, "-D", "Configuration.RunAsUser="+me.Username, "-D", "Configuration.RunAsGroup="+group.Name)
	}
	args = append(args, "-c", filepath.Join(c.Dir, "icinga2.conf"))
	p, err := spawn(c.cred, c.Dir, bin, args...)
	if err != nil {
		return err
	}
	c.daemon = p
	return c.awaitAnswer(p)
}

// defines are the arguments that keep icinga2 within the folder.
func (c *Icinga) defines() (args []string) {
	for _, kv := range [][2]string{
		{"DataDir", "lib"}, {"LogDir", "log"}, {"CacheDir", "cache"}, {"InitRunDir", "run"},
		{"PidPath", "run/icinga2.pid"}, {"StatePath", "lib/icinga2.state"},
		{"ModAttrPath", "lib/modified-attributes.conf"}, {"ObjectsPath", "cache/icinga2.debug"}, {"VarsPath", "cache/icinga2.vars"},
	} {
		args = append(args, "-D", "Configuration."+kv[0]+"="+filepath.Join(c.Dir, kv[1]))
	}
	return args
}

// awaitAnswer polls until the core answers and its pipe is there.
func (c *Icinga) awaitAnswer(p *process) error {
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		select {
		case <-p.done:
			return fmt.Errorf("the daemon ended: %s", p.output())
		case <-time.After(20 * time.Millisecond):
		}
		out, err := c.Query("GET status\nColumns: program_start\n\n")
		if last = err; err != nil || len(bytes.TrimSpace(out)) == 0 {
			continue
		}
		if _, err := os.Stat(c.Pipe); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no answer within %v: %v", patience, last)
}

// Query sends a raw request to the unix socket on a fresh connection and
// returns everything that comes back, within a minute.
func (c *Icinga) Query(request string) ([]byte, error) {
	conn, err := net.DialTimeout("unix", c.Unix, patience)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(conn)
}

// Command writes an external command such as "ADD_HOST_COMMENT;h1;1;me;text"
// into the command pipe.
func (c *Icinga) Command(line string) error { return writePipe(c.Pipe, line) }

func writePipe(path, line string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("realcore: command pipe: %w", err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "[%d] %s\n", time.Now().Unix(), line); err != nil {
		return fmt.Errorf("realcore: command pipe: %w", err)
	}
	return nil
}

// Ended reports whether the daemon has ended by itself.
func (c *Icinga) Ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.daemon.ended()
}

// Result submits a passive check result; an empty service means the host.
func (c *Icinga) Result(host, service string, state int, output string) error {
	if service == "" {
		return c.Command(fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;%d;%s", host, state, output))
	}
	return c.Command(fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;%s;%d;%s", host, service, state, output))
}

// Reload has the core read its configuration again, as systemd would.
func (c *Icinga) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon == nil {
		return errors.New("realcore: the core is halted")
	}
	pid, err := c.pid()
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGHUP)
}

// pid reads the number of the umbrella process.
func (c *Icinga) pid() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.Dir, "run/icinga2.pid"))
	if err != nil {
		return 0, fmt.Errorf("realcore: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// Halt stops the daemon and waits until it is gone; xinetd stays.
func (c *Icinga) Halt() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon == nil {
		return nil
	}
	err := c.daemon.end(patience)
	c.daemon = nil
	return err
}

// Kill ends the daemon as a crash does: it has no time to save anything.
func (c *Icinga) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.daemon == nil {
		return nil
	}
	err := c.daemon.end(0)
	c.daemon = nil
	return err
}

// Restart halts and launches.
func (c *Icinga) Restart() error {
	if err := c.Halt(); err != nil {
		return err
	}
	return c.Launch()
}

// Close ends all processes and removes the folder.
func (c *Icinga) Close() error {
	err := c.Halt()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.xinetd != nil {
		err = errors.Join(err, c.xinetd.end(patience))
		c.xinetd = nil
	}
	return errors.Join(err, os.RemoveAll(c.Dir))
}

// LogTail returns up to n bytes of the end of what the daemon printed.
func (c *Icinga) LogTail(n int) string {
	b, err := os.ReadFile(filepath.Join(c.Dir, "output.log"))
	if err != nil {
		return ""
	}
	return string(b[max(0, len(b)-n):])
}

// startXinetd puts the socket behind xinetd and socat on a free port.
func (c *Icinga) startXinetd() error {
	port, err := FreePort()
	if err != nil {
		return err
	}
	socat, err := find("socat")
	if err != nil {
		return err
	}
	bin, err := find("xinetd")
	if err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	conf := fmt.Sprintf(`service livestatus
{
	type = UNLISTED
	socket_type = stream
	protocol = tcp
	port = %d
	bind = 127.0.0.1
	wait = no
	user = %s
	server = %s
	server_args = - UNIX-CONNECT:%s
	instances = 100
	cps = 1000 1
	disable = no
}
`, port, me.Username, socat, c.Unix)
	file := filepath.Join(c.Dir, "xinetd.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return err
	}
	p, err := spawn(&syscall.SysProcAttr{Setpgid: true}, filepath.Join(c.Dir, "cache"), bin, "-dontfork", "-f", file, "-pidfile", filepath.Join(c.Dir, "xinetd.pid"), "-filelog", filepath.Join(c.Dir, "xinetd.log"))
	if err != nil {
		return err
	}
	c.xinetd = p
	c.Xinetd = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return awaitPort(p, c.Xinetd)
}

func awaitPort(p *process, addr string) error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return fmt.Errorf("xinetd ended: %s", p.output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("nothing listens on %s after %v", addr, patience)
}

// freeAddress is host:port on loopback that nobody has at the moment.
func freeAddress() (string, error) {
	port, err := FreePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}

// FreePort returns a TCP port on loopback that nobody has at the moment. It is
// none of those that the system gives to whoever asks for any, of which another
// test may get it before it is used.
func FreePort() (int, error) {
	for range 100 {
		port := 10_000 + rand.IntN(22_000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("realcore: no port is free")
}

// A process is a daemon with its whole process group.
type process struct {
	cmd  *exec.Cmd
	out  *os.File
	done chan struct{}
}

func spawn(attr *syscall.SysProcAttr, dir, bin string, args ...string) (*process, error) {
	out, err := os.OpenFile(filepath.Join(dir, "output.log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, out, out, attr
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	p := &process{cmd: cmd, out: out, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // a daemon ended by a signal is no error here
	}()
	return p, nil
}

// output returns the last lines the process printed.
func (p *process) output() string {
	b, err := os.ReadFile(p.out.Name())
	if err != nil {
		return err.Error()
	}
	var lines []string
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end terminates the group, gently first if there is grace, and waits.
func (p *process) end(grace time.Duration) error {
	group := -p.cmd.Process.Pid
	if grace > 0 {
		_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGTERM)
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
	return p.out.Close()
}
