package realcore

import (
	"errors"
	"fmt"
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
)

// SSHOptions say what an SSH server allows. The zero value allows what a fresh
// OpenSSH does.
type SSHOptions struct {
	NoForwarding bool   // AllowStreamLocalForwarding no
	Force        string // ForceCommand
	PATH         string // of commands; "": sshd's own
	User         string // who may log in; "": who runs the test
	Encrypt      string // passphrase of the client's key
	Restrict     string // options of the client's key in authorized_keys
}

// SSHD is a running OpenSSH server on loopback, with a key that it accepts.
type SSHD struct {
	Dir        string
	Host, Port string
	User       string
	Key        string // file of the client's private key
	Public     string // the server's host key as in known_hosts, without the host

	mu     sync.Mutex
	daemon *process
}

// SSHDForTest starts an SSH server that ends with t, like [ForTest].
func SSHDForTest(t testing.TB, o SSHOptions) *SSHD {
	t.Helper()
	var missing error
	if _, err := find("sshd"); err != nil {
		missing = errors.New("realcore: sshd is not installed: apt-get install --no-install-recommends openssh-server")
	}
	demand(t, missing)
	s, err := StartSSHD(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sshd:\n%s", s.daemon.output())
		}
		if err := s.Close(); err != nil {
			t.Errorf("ending sshd: %v", err)
		}
	})
	return s
}

// StartSSHD starts an SSH server and returns when it listens.
func StartSSHD(o SSHOptions) (*SSHD, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	if o.User == "" {
		me, err := user.Current()
		if err != nil {
			return nil, err
		}
		o.User = me.Username
	}
	dir, err := os.MkdirTemp("", "sshd")
	if err != nil {
		return nil, err
	}
	s := &SSHD{Dir: dir, Host: "127.0.0.1", Port: strconv.Itoa(port), User: o.User, Key: filepath.Join(dir, "client")}
	if err := s.prepare(o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Launch(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare makes keys and configuration.
func (s *SSHD) prepare(o SSHOptions) error {
	// Where others log in sshd reads the list of keys as they do.
	if err := os.Chmod(s.Dir, 0o755); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		// What the unit of the distribution makes when it starts.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	if err := keygen(s.Key, o.Encrypt); err != nil {
		return err
	}
	if err := s.NewHostKey(); err != nil {
		return err
	}
	public, err := os.ReadFile(s.Key + ".pub")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "authorized"), []byte(strings.TrimSpace(o.Restrict+" "+string(public))+"\n"), 0o644); err != nil {
		return err
	}
	forwarding := "yes"
	if o.NoForwarding {
		forwarding = "no"
	}
	conf := fmt.Sprintf(`ListenAddress 127.0.0.1:%s
HostKey %s
AuthorizedKeysFile %s
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers %s
AllowStreamLocalForwarding %s
LogLevel VERBOSE
`, s.Port, filepath.Join(s.Dir, "host"), filepath.Join(s.Dir, "authorized"), o.User, forwarding)
	// A bash that is not the first of its kind leaves the files alone that its
	// user starts with: they may take a minute, and are none of a test's.
	conf += "SetEnv SHLVL=9"
	if o.PATH != "" {
		conf += " PATH=" + o.PATH
	}
	conf += "\n"
	if o.Force != "" {
		conf += "ForceCommand " + o.Force + "\n"
	}
	return os.WriteFile(filepath.Join(s.Dir, "sshd_config"), []byte(conf), 0o644)
}

// NewHostKey gives the server another host key; it counts from the next
// Launch.
func (s *SSHD) NewHostKey() error {
	file := filepath.Join(s.Dir, "host")
	_ = os.Remove(file) // the first time there is none
	if err := keygen(file, ""); err != nil {
		return err
	}
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		return err
	}
	s.Public = strings.Join(strings.Fields(string(public))[:2], " ")
	return nil
}

func keygen(file, passphrase string) error {
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", file).CombinedOutput()
	if err != nil {
		return fmt.Errorf("realcore: ssh-keygen: %w: %s", err, out)
	}
	return nil
}

// Addr returns host:port.
func (s *SSHD) Addr() string { return net.JoinHostPort(s.Host, s.Port) }

// KnownHosts returns a known_hosts line for the server at host and port, as a
// client names them.
func (s *SSHD) KnownHosts(host, port string) string {
	return fmt.Sprintf("[%s]:%s %s\n", host, port, s.Public)
}

// Launch starts the server after [SSHD.Halt].
func (s *SSHD) Launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	bin, err := find("sshd")
	if err != nil {
		return err
	}
	p, err := spawn(&syscall.SysProcAttr{Setpgid: true}, s.Dir, bin, "-D", "-e", "-f", filepath.Join(s.Dir, "sshd_config"))
	if err != nil {
		return err
	}
	s.daemon = p
	return awaitPort(p, s.Addr())
}

// Halt ends the server and all its connections.
func (s *SSHD) Halt() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.daemon == nil {
		return nil
	}
	// Each connection is a process with a group of its own.
	below := descendants(s.daemon.cmd.Process.Pid)
	err := s.daemon.end(patience)
	for _, pid := range below {
		_ = syscall.Kill(pid, syscall.SIGKILL) // may be gone
	}
	s.daemon = nil
	return err
}

// Connections returns how many connections there are.
func (s *SSHD) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.daemon == nil {
		return 0
	}
	return len(children(s.daemon.cmd.Process.Pid))
}

// Close ends it and removes its folder.
func (s *SSHD) Close() error { return errors.Join(s.Halt(), os.RemoveAll(s.Dir)) }

// descendants returns the processes below pid.
func descendants(pid int) []int {
	var all []int
	for _, p := range children(pid) {
		all = append(append(all, p), descendants(p)...)
	}
	return all
}

func children(pid int) []int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var list []int
	for _, f := range strings.Fields(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	return list
}
