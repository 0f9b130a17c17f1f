package realcore

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// PairForTest starts two Icinga 2 as the masters of one zone, high availability
// as the manual of Icinga describes it: certificates of one authority made with
// "icinga2 pki", each connects to the other, checks are split between them.
// They have one configuration but for one thing: the first keeps no replay log,
// so a test may crash it and have it told by the second what it missed. (With
// one, Icinga 2.13 says log::SetLogPosition for what it noted itself, and when
// the second hears that before it reads its own log, it sends nothing of it.)
// See [ForTest].
func PairForTest(t testing.TB, o Options) [2]*Icinga {
	t.Helper()
	o.API, o.NoXinetd = true, true
	demand(t, Missing(o))
	var pair [2]*Icinga
	for i, node := range []string{"master1", "master2"} {
		c, err := prepare(node, o)
		if err != nil {
			t.Fatal(err)
		}
		pair[i] = c
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("end of the log of %s:\n%s", node, c.LogTail(4000))
			}
			if err := c.Close(); err != nil {
				t.Errorf("ending %s: %v", node, err)
			}
		})
	}
	if err := pair[0].pki(); err != nil {
		t.Fatal(err)
	}
	for _, c := range pair {
		c.pair = pair
		if err := errors.Join(c.signedBy(pair[0]), c.start(o)); err != nil {
			t.Fatal(err)
		}
	}
	return pair
}

// paired reports whether it is one of two masters.
func (c *Icinga) paired() bool { return c.pair[0] != nil }

// pki makes the authority that signs for both.
func (c *Icinga) pki() error { return c.tool("pki", "new-ca") }

// signedBy gives c a key and a certificate that the authority of another signed.
func (c *Icinga) signedBy(authority *Icinga) error {
	certs := filepath.Join(c.Dir, "lib/certs", c.Node)
	request := filepath.Join(authority.Dir, "lib/certs", c.Node+".csr")
	err := c.tool("pki", "new-cert", "--cn", c.Node, "--key", certs+".key", "--csr", certs+".csr")
	if err == nil {
		err = copyFile(request, certs+".csr")
	}
	if err == nil {
		err = authority.tool("pki", "sign-csr", "--csr", request, "--cert", strings.TrimSuffix(request, "csr")+"signed")
	}
	if err == nil {
		err = copyFile(certs+".crt", strings.TrimSuffix(request, "csr")+"signed")
	}
	if err == nil {
		err = copyFile(c.CA, filepath.Join(authority.Dir, "lib/ca/ca.crt"))
	}
	return err
}

// tool runs a command of icinga2 other than the daemon.
func (c *Icinga) tool(args ...string) error {
	bin, err := find("icinga2")
	if err != nil {
		return err
	}
	cmd := exec.Command(bin, append(args, c.defines()...)...)
	cmd.Dir, cmd.SysProcAttr = c.Dir, c.cred
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("realcore: icinga2 %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// copyFile copies into a file that everybody may read.
func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

// zoneConfig is the zone and who is in it.
func zoneConfig(c *Icinga) string {
	masters := c.pair[:]
	if !c.paired() {
		masters = []*Icinga{c}
	}
	var b strings.Builder
	var names []string
	for _, m := range masters {
		host, port, _ := net.SplitHostPort(m.API)
		fmt.Fprintf(&b, "object Endpoint %q { host = %q; port = %q", m.Node, host, port)
		if c.paired() && c == masters[0] {
			b.WriteString("; log_duration = 0")
		}
		b.WriteString(" }\n")
		names = append(names, fmt.Sprintf("%q", m.Node))
	}
	fmt.Fprintf(&b, "object Zone ZoneName { endpoints = [ %s ] }\n", strings.Join(names, ", "))
	return b.String()
}
