package tunnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"belvedere/test/realcore"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("TUNNEL_TEST_UNIXCAT"); path != "" {
		os.Exit(unixcat(path))
	}
	goleak.VerifyTestMain(m)
}

// unixcat is the program of that name.
func unixcat(path string) int {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		fmt.Fprintln(os.Stderr, "Couldn't connect to UNIX-socket")
		return 1
	}
	go func() {
		_, _ = io.Copy(c, os.Stdin)
		c.CloseWrite()
	}()
	_, _ = io.Copy(os.Stdout, c)
	return 0
}

// echo listens on a socket and sends every line back, until it hears "bye".
func echo(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
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
			go func() {
				defer c.Close()
				for in := bufio.NewScanner(c); in.Scan() && in.Text() != "bye"; {
					fmt.Fprintln(c, in.Text())
				}
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l
}

// wayTo is the way to a socket over a server, whose host key is in the file
// returned.
func wayTo(t *testing.T, s *realcore.SSHD, path string) (Way, string) {
	t.Helper()
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, []byte(s.KnownHosts(s.Host, s.Port)), 0o600); err != nil {
		t.Fatal(err)
	}
	return Way{User: s.User, Host: s.Host, Port: s.Port, Path: path, Key: s.Key}, known
}

func newPool(t *testing.T, known string) *Pool {
	p := NewPool(Options{KnownHosts: known})
	t.Cleanup(p.Close)
	return p
}

// patience is how long anything may take, on a machine that others use too.
const patience = time.Minute

// say sends a line and wants it back.
func say(t *testing.T, c net.Conn, line string) {
	t.Helper()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(line)+1)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != line+"\n" {
		t.Fatalf("%q came back, %v", got, err)
	}
}

func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// TestOpen opens a socket through a real server in each way there is, several
// times over one connection.
func TestOpen(t *testing.T) {
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "unixcat"), []byte("#!/bin/sh\necho used >>"+bin+"/log\nTUNNEL_TEST_UNIXCAT=$1 exec "+self+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	hostile := `li v'e"$(touch pwned);` + "`touch pwned`" + `\0041!&|*,é%n`
	for name, tt := range map[string]struct {
		options   realcore.SSHOptions
		socket    string
		commanded bool
	}{
		"forwarding":                  {socket: "live"},
		"forwarding hostile path":     {socket: hostile},
		"forwarding and nothing else": {options: realcore.SSHOptions{Restrict: `restrict,port-forwarding,command="/bin/false"`}, socket: "live"},
		"command":                     {options: realcore.SSHOptions{NoForwarding: true}, socket: "live", commanded: true},
		"command hostile path":        {options: realcore.SSHOptions{NoForwarding: true, PATH: bin + ":/usr/bin:/bin"}, socket: hostile, commanded: true},
		"forced command":              {options: realcore.SSHOptions{NoForwarding: true, Force: "socat - UNIX-CONNECT:FOLDER/live"}, socket: "live", commanded: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "way")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			path := filepath.Join(dir, tt.socket)
			echo(t, path)
			tt.options.Force = strings.ReplaceAll(tt.options.Force, "FOLDER", dir)
			s := realcore.SSHDForTest(t, tt.options)
			w, known := wayTo(t, s, path)
			opens(t, s, w, known, tt.commanded)
			if pwned, err := filepath.Glob(filepath.Join(dir, "pwned*")); err != nil || len(pwned) > 0 {
				t.Error("the path was run as a command")
			}
		})
	}
	if b, err := os.ReadFile(filepath.Join(bin, "log")); err != nil || !strings.Contains(string(b), "used") {
		t.Errorf("unixcat was not the first choice: %q %v", b, err)
	}
}

// opens opens a socket five times over one connection, and talks through each.
func opens(t *testing.T, s *realcore.SSHD, w Way, known string, commanded bool) {
	t.Helper()
	p := newPool(t, known)
	var open []net.Conn
	for i := range 5 {
		c, err := p.Dial(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, fmt.Sprint("hello ", i))
		open = append(open, c)
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if got := p.lines[w].line.Commanded(); got != commanded {
		t.Errorf("commanded: %v", got)
	}
	for i, c := range open {
		say(t, c, fmt.Sprint("again ", i))
		if !c.(interface{ Quiet() bool }).Quiet() {
			t.Error("not quiet")
		}
	}
	if _, err := io.WriteString(open[0], "bye\n"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(open[0]); err != nil || len(b) != 0 {
		t.Errorf("%q %v", b, err)
	}
	for _, c := range open {
		c.Close()
	}
}

// TestScript runs the command itself, where it finds what other machines have:
// it takes no unixcat that only listens, no nc that knows no sockets, and says
// what is missing.
func TestScript(t *testing.T) {
	dir, live, program, run := otherMachine(t)
	chmod := func(mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(live, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(0)
	if got := run(live); got != "belvedere: denied" {
		t.Errorf("a socket that may not be used: %q", got)
	}
	chmod(0o777)
	if got := run(live); got != "belvedere: nohelper" {
		t.Errorf("no program: %q", got)
	}
	program("unixcat", "exec unixclient \"$1\" sh -c 'exec cat <&6'")
	program("nc", "echo 'usage: nc [-options] [-u UDP mode]' >&2")
	if got := run(live); got != "belvedere: nohelper" {
		t.Errorf("programs that will not do: %q", got)
	}
	program("nc", `if [ "$1" = -h ]; then echo "usage: nc [-46CDdFhklNnrStUuvZz]" >&2; else echo used nc "$@"; fi`)
	if got := run(live); got != "used nc -N -U "+live {
		t.Errorf("an nc with sockets: %q", got)
	}
	program("ncat", `echo used ncat "$@"`)
	program("socat", `echo used socat "$@"`)
	if got := run(live); got != "used socat - UNIX-CONNECT:"+live {
		t.Errorf("socat: %q", got)
	}
	odd := filepath.Join(dir, "a,b'$(touch pwned)")
	echo(t, odd)
	if err := os.Chmod(odd, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := run(odd); got != "used ncat -U "+odd {
		t.Errorf("a path that socat would read as options: %q", got)
	}
	program("unixcat", `echo used unixcat "$@"`)
	if got := run(live); got != "used unixcat "+live {
		t.Errorf("unixcat: %q", got)
	}
	if err := os.Mkdir(filepath.Join(dir, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"):             "belvedere: nosocket",
		"/none/of/them":                        "belvedere: nosocket",
		"none/here":                            "belvedere: nosocket",
		"none":                                 "belvedere: nosocket",
		filepath.Join(dir, "closed/live"):      "belvedere: denied",
		filepath.Join(dir, "closed/none/live"): "belvedere: denied",
	} {
		if got := run(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// otherMachine is a folder with a socket and a PATH of its own: program puts a
// program there, run runs the command for a socket and returns what it says.
func otherMachine(t *testing.T) (dir, live string, program func(name, text string), run func(path string) string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "script")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	live = filepath.Join(dir, "live")
	echo(t, live)
	program = func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	grep, err := exec.LookPath("grep")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "bin"), 0o755), os.Symlink(grep, filepath.Join(dir, "bin/grep"))); err != nil {
		t.Fatal(err)
	}
	run = func(path string) string {
		text := strings.Replace(script(path, ""), "PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/nagios/bin", "PATH="+dir+"/bin", 1)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", text)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, _ := cmd.CombinedOutput() // how it ended stands in its output
		return strings.TrimSpace(string(out))
	}
	return dir, live, program, run
}

// FuzzScript: whatever the path, a shell sees exactly it, and nothing of it is
// run.
func FuzzScript(f *testing.F) {
	for _, s := range []string{"/var/cache/naemon/live", "/a b'c\"d`e$(f)\\0101%s\n!x", "/é", "/-n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.ContainsAny(path, "\x00\n") || len(path) > 107 || path == "" {
			return
		}
		text, plain := spell(path)
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+@-\\") != "" {
			t.Fatalf("%q is spelled %q", path, text)
		}
		if plain && text != path {
			t.Fatalf("%q is called plain and spelled %q", path, text)
		}
		out, err := exec.Command("/bin/sh", "-c", `exec sh -c 's=$(printf %b "`+text+`"); printf %s "$s"'`).Output()
		if err != nil || string(out) != path {
			t.Fatalf("%q arrives as %q, %v", path, out, err)
		}
	})
}

// TestAgent logs in with the key of a real ssh-agent.
func TestAgent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	echo(t, path)
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	}()
	t.Setenv("SSH_AUTH_SOCK", socket)
	t.Setenv("HOME", dir)
	add := func() ([]byte, error) { return exec.Command("ssh-add", s.Key).CombinedOutput() }
	out, err := add()
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); out, err = add() {
		<-time.After(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w, known := wayTo(t, s, path)
	w.Key = ""
	c, err := newPool(t, known).Dial(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, "hello")
	c.Close()
}

// TestLarge sends much both ways at once, and more than anybody's window.
func TestLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const size = 20 << 20
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer c.Close()
		n, err := io.Copy(io.Discard, c)
		if err == nil && n != size {
			err = fmt.Errorf("%d bytes came in", n)
		}
		if err == nil {
			_, err = c.Write(make([]byte, size))
		}
		done <- err
	}()
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	w, known := wayTo(t, s, path)
	c, err := newPool(t, known).Dial(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	c.(interface{ CloseWrite() error }).CloseWrite()
	if n, err := io.Copy(io.Discard, c); err != nil || n != size {
		t.Errorf("%d bytes came back, %v", n, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestOtherKind: a server that has lost the kind of key that is known is one
// whose key changed.
func TestOtherKind(t *testing.T) {
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	w, known := wayTo(t, s, "/x")
	ecdsa := "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
	if err := os.WriteFile(known, fmt.Appendf(nil, "[%s]:%s %s\n", s.Host, s.Port, ecdsa), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newPool(t, known).Dial(t.Context(), w)
	if reasonOf(err) != ReasonChanged {
		t.Errorf("%v", err)
	}
}

// TestLogin: keys from files, with and without a passphrase, and those that
// will not do.
func TestLogin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	echo(t, path)
	const phrase = "open sesame"
	s := realcore.SSHDForTest(t, realcore.SSHOptions{Encrypt: phrase})
	other := realcore.SSHDForTest(t, realcore.SSHOptions{})
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	open := write("open", "x", 0o644)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("HOME", dir)
	for name, tt := range map[string]struct {
		key, phrase string
		want        Reason
		locked      bool
	}{
		"with its passphrase": {s.Key, write("right", phrase+"\n", 0o600), "", false},
		"a wrong passphrase":  {s.Key, write("wrong", "x", 0o600), ReasonKeyFile, false},
		"no passphrase":       {s.Key, "", ReasonKeyFile, true},
		"no passphrase file":  {s.Key, filepath.Join(dir, "none"), ReasonKeyFile, false},
		"a key of another":    {other.Key, "", ReasonLogin, false},
		"no file":             {filepath.Join(dir, "none"), "", ReasonKeyFile, false},
		"not a key":           {write("text", "hello", 0o600), "", ReasonKeyFile, false},
		"everybody may read":  {open, "", ReasonKeyFile, false},
		"a folder":            {dir, "", ReasonKeyFile, false},
		"none, and no agent":  {"", "", ReasonNoKey, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, known := wayTo(t, s, path)
			w.Key, w.PassphraseFile = tt.key, tt.phrase
			c, err := newPool(t, known).Dial(t.Context(), w)
			if err == nil {
				defer c.Close()
				say(t, c, "hello")
			}
			if got := reasonOf(err); got != tt.want || Locked(err) != tt.locked || err != nil && got == "" {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), phrase) {
				t.Error("the passphrase is in the error")
			}
		})
	}
}

// TestRefusals: what the other machine has against opening the socket.
func TestRefusals(t *testing.T) {
	dir, err := os.MkdirTemp("", "way")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file, stale := filepath.Join(dir, "file"), filepath.Join(dir, "stale")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	yes := realcore.SSHDForTest(t, realcore.SSHOptions{})
	no := realcore.SSHDForTest(t, realcore.SSHOptions{NoForwarding: true})
	silent := realcore.SSHDForTest(t, realcore.SSHOptions{NoForwarding: true, Force: "/bin/false"})
	for name, tt := range map[string]struct {
		server *realcore.SSHD
		path   string
		want   Reason
	}{
		"forwarding, no socket":      {yes, filepath.Join(dir, "none"), ReasonNoSocket},
		"forwarding, no folder":      {yes, filepath.Join(dir, "none", "x"), ReasonNoSocket},
		"forwarding, a file":         {yes, file, ReasonNoSocket},
		"forwarding, nobody listens": {yes, stale, ReasonAway},
		"command, no socket":         {no, filepath.Join(dir, "none"), ReasonNoSocket},
		"command, nobody listens":    {no, stale, ReasonAway},
		"neither allowed":            {silent, file, ReasonNoCommand},
	} {
		t.Run(name, func(t *testing.T) {
			w, known := wayTo(t, tt.server, tt.path)
			c, err := newPool(t, known).Dial(t.Context(), w)
			if err == nil { // a command that found out later
				c.SetDeadline(time.Now().Add(patience))
				_, err = c.Read(make([]byte, 1))
				c.Close()
			}
			if reasonOf(err) != tt.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestLost: when the server goes, readers hear of it at once, and the next
// Dial makes a new connection.
func TestLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	echo(t, path)
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	w, known := wayTo(t, s, path)
	p := newPool(t, known)
	c, err := p.Dial(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say(t, c, "hello")
	if err := s.Halt(); err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	if _, err := p.Dial(t.Context(), w); err == nil {
		t.Error("connected to nothing")
	}
	if err := s.Launch(); err != nil {
		t.Fatal(err)
	}
	again, err := p.Dial(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	say(t, again, "back")
	again.Close()
}

// TestDeadlines: a connection on which nothing comes keeps its deadlines.
func TestDeadlines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live")
	echo(t, path)
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	w, known := wayTo(t, s, path)
	p := newPool(t, known)
	c, err := p.Dial(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	say(t, c, "still there")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Dial(ctx, w); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestNotSSH: what is no SSH server, or says nothing, is told from one that
// refuses us.
func TestNotSSH(t *testing.T) {
	s := realcore.SSHDForTest(t, realcore.SSHOptions{})
	for name, tt := range map[string]struct {
		talk func(net.Conn)
		wait time.Duration
	}{
		"web server": {func(c net.Conn) { io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") }, patience},
		"hang-up":    {func(net.Conn) {}, patience},
		"silent":     {func(c net.Conn) { io.Copy(io.Discard, c) }, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					tt.talk(c)
					c.Close()
				}
			}()
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			ctx, cancel := context.WithTimeout(t.Context(), tt.wait)
			defer cancel()
			raw, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, err = Login(ctx, raw, "", Way{User: "x", Host: "127.0.0.1", Port: port, Path: "/x", Key: s.Key})
			if name == "silent" {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			} else if reasonOf(err) != ReasonNotSSH {
				t.Errorf("%v", err)
			}
		})
	}
}
