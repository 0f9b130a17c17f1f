package livestatus

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/internal/lql"
	"belvedere/internal/tunnel"
	"belvedere/test/realcore"
)

func TestSSHAddress(t *testing.T) {
	for text, want := range map[string]string{
		"ssh://nagios@mon/var/lib/live":           "ssh://nagios@mon/var/lib/live",
		"ssh://nagios@mon:22/var/lib/live":        "ssh://nagios@mon/var/lib/live",
		"SSH://nagios@[2001:db8::1]:2222/x y'z":   "ssh://nagios@[2001:db8::1]:2222/x y'z",
		"ssh://n.a-b@[::1]/a//b/../c":             "ssh://n.a-b@[::1]/a/c",
		"ssh://n@h/live?key=/k&known_hosts=/h":    "ssh://n@h/live",
		"ssh://mon/x":                             "!the user on the other machine is missing",
		"ssh://@mon/x":                            "!the user on the other machine is missing",
		"ssh://n:secret@mon/x":                    "!an address holds no password",
		"ssh://n@mon":                             "!the path of the socket on the other machine is missing",
		"ssh://n@/x":                              "!the host is missing",
		"ssh://n@mon:0/x":                         "!host and port are not well formed",
		"ssh://n@a@b/x":                           "!host and port are not well formed",
		"ssh://-oProxyCommand=x@mon/x":            "!this is not the name of a user",
		"ssh://n@mon/x?key=id":                    `!parameter "key" is not the absolute path of a file`,
		"ssh://n@mon/x?color=/red":                `!parameter "color" is unknown`,
		"ssh://n@mon/" + strings.Repeat("x", 200): "!the path is longer than the 107 bytes a socket may have",
		"ssh://n@mon/x\n/y":                       "!it contains a control character",
	} {
		a, err := ParseAddress(text)
		if msg, bad := strings.CutPrefix(want, "!"); bad {
			if e, ok := err.(*AddressError); !ok || e.Msg != msg || e.Hint == "" {
				t.Errorf("%q: %v, want %q", text, err, msg)
			}
			continue
		}
		if err != nil || a.String() != want {
			t.Errorf("%q: %q %v, want %q", text, a, err, want)
			continue
		}
		b, err := ParseAddress(a.String())
		a.SSH = SSHOptions{}
		if err != nil || b != a {
			t.Errorf("%q: read back as %+v, %v", text, b, err)
		}
	}
	a, err := ParseAddress("ssh://n@h/live?key=/k&passphrase_file=/p&known_hosts=/h")
	if err != nil || a.SSH != (SSHOptions{Key: "/k", PassphraseFile: "/p", KnownHosts: "/h"}) {
		t.Errorf("%+v %v", a, err)
	}
}

// sshCore is a core behind a real SSH server: its address, and a pool that
// knows nobody.
func sshCore(t *testing.T, o realcore.SSHOptions) (*realcore.SSHD, Address, *tunnel.Pool) {
	t.Helper()
	dir, err := os.MkdirTemp("", "core")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "live"))
	if err != nil {
		t.Fatal(err)
	}
	serveFake(t, l, goodCore(t, "naemon-1.5", 0))
	s := realcore.SSHDForTest(t, o)
	pool := tunnel.NewPool(tunnel.Options{KnownHosts: filepath.Join(t.TempDir(), "known_hosts")})
	t.Cleanup(pool.Close)
	return s, Address{Scheme: "ssh", User: s.User, Host: s.Host, Port: s.Port, Path: l.Addr().String(), SSH: SSHOptions{Key: s.Key}}, pool
}

// TestSSH goes the whole way of a person: a test that shows the host key, one
// that accepts it, and then a client that sends and asks over one connection.
func TestSSH(t *testing.T) {
	for name, o := range map[string]realcore.SSHOptions{"forwarding": {}, "command": {NoForwarding: true}} {
		t.Run(name, func(t *testing.T) {
			s, a, pool := sshCore(t, o)
			r := Diagnose(t.Context(), Options{Address: a, SSH: pool}, nil)
			if r.OK || r.Kind != KindHostKey || !IsHostKey(r.Fingerprint) || stepOf(r, "login").State != StepFail || !strings.Contains(r.Cause, r.Fingerprint) {
				t.Fatalf("%+v", r)
			}
			c := NewClient(Options{Address: a, SSH: pool})
			defer c.Close()
			if _, err := c.Identify(t.Context()); KindOf(err) != KindHostKey {
				t.Errorf("a client took a host key that is not known: %v", err)
			}
			r = Diagnose(t.Context(), Options{Address: a, SSH: pool, Accept: r.Fingerprint}, nil)
			how := map[string]string{"forwarding": "opened by the SSH server", "command": "through a command there"}[name]
			if !r.OK || stepOf(r, "socket").Detail != how || !strings.Contains(stepOf(r, "login").Detail, "OpenSSH") {
				t.Fatalf("%+v", r)
			}
			core, err := c.Identify(t.Context())
			if err != nil || core.Name != "Naemon" {
				t.Fatalf("%+v %v", core, err)
			}
			for range 3 {
				if again, err := c.Identify(t.Context()); err != nil || again.PID != core.PID {
					t.Fatalf("%+v %v", again, err)
				}
			}
			if err := c.Send(t.Context(), lql.Command{Name: "START_EXECUTING_HOST_CHECKS"}); err != nil {
				t.Error(err)
			}
			if n := s.Connections(); n != 1 {
				t.Errorf("%d SSH connections", n)
			}
		})
	}
}

// TestSSHDiagnosis: what goes wrong on the way has its step, cause and fix.
func TestSSHDiagnosis(t *testing.T) {
	s, good, pool := sshCore(t, realcore.SSHOptions{})
	if err := os.WriteFile(pool.KnownHosts(), []byte(s.KnownHosts(s.Host, s.Port)), 0o600); err != nil {
		t.Fatal(err)
	}
	other := realcore.SSHDForTest(t, realcore.SSHOptions{})
	web := newFake(t, func(string) (string, bool) { return "", false })
	_, closed, err := net.SplitHostPort(web.l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	web.close()
	for name, tt := range map[string]struct {
		change func(*Address)
		step   string
		kind   ErrKind
		fix    string
	}{
		"nothing listens": {func(a *Address) { a.Port = closed }, "connect", KindRefused, "sshd"},
		"a wrong key":     {func(a *Address) { a.SSH.Key = other.Key }, "login", KindLogin, "authorized_keys"},
		"no key file":     {func(a *Address) { a.SSH.Key = "/none" }, "login", KindLogin, "0600"},
		"no socket":       {func(a *Address) { a.Path = "/none/live" }, "socket", KindNoSocket, "broker_module"},
		"a wrong host":    {func(a *Address) { a.Port = other.Port }, "login", KindHostKey, "accept"},
	} {
		t.Run(name, func(t *testing.T) {
			a := good
			tt.change(&a)
			r := Diagnose(t.Context(), Options{Address: a, SSH: pool}, nil)
			if r.OK || r.Kind != tt.kind || stepOf(r, tt.step).State != StepFail || !strings.Contains(r.Fix, tt.fix) {
				t.Errorf("%s %q %q %+v", r.Kind, r.Cause, r.Fix, r.Steps)
			}
		})
	}
}
