package livestatus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"belvedere/internal/tunnel"
)

// IsHostKey reports whether a fingerprint is that of an SSH host key, as
// ssh-keygen writes it, and not that of a certificate.
func IsHostKey(fingerprint string) bool {
	return len(fingerprint) == 50 && strings.HasPrefix(fingerprint, "SHA256:") && !strings.ContainsAny(fingerprint[7:], ":= ")
}

// way is the address as package tunnel knows it.
func (a Address) way() tunnel.Way {
	return tunnel.Way{User: a.User, Host: a.Host, Port: a.Port, Path: a.Path,
		Key: a.SSH.Key, PassphraseFile: a.SSH.PassphraseFile, KnownHosts: a.SSH.KnownHosts}
}

// dialSSH opens the socket on the other machine.
func (o *Options) dialSSH(ctx context.Context) (net.Conn, error) {
	dctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	open := o.open
	if open == nil {
		open = func(ctx context.Context) (net.Conn, error) { return o.SSH.Dial(ctx, o.way()) }
	}
	c, err := open(dctx)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return nil, canceled(ctx)
	}
	return nil, o.whyNot(err)
}

// whyNot explains what package tunnel met.
func (o *Options) whyNot(err error) error {
	e, ok := errors.AsType[*tunnel.Error](err)
	switch {
	case !ok:
		return &Error{Kind: KindTimeout, Err: err,
			Cause: fmt.Sprintf("%s was not reached over SSH within %s.", where(o.Address), short(o.DialTimeout)),
			Fix:   "The SSH server or the network in between is overloaded; sshd looks up names of clients where UseDNS is on."}
	case e.Reason == tunnel.ReasonConnect:
		return hostError(o.Address, o.DialTimeout, e.Err)
	}
	return sshError(o.Address, e)
}

// sshError says for people what package tunnel met on the way to a.
func sshError(a Address, e *tunnel.Error) *Error {
	host := net.JoinHostPort(a.Host, a.Port)
	x := &Error{Kind: KindSSH, Err: e, fingerprint: e.Fingerprint}
	switch e.Reason {
	case tunnel.ReasonUnknown, tunnel.ReasonChanged, tunnel.ReasonRevoked, tunnel.ReasonKnown:
		return hostKeyError(a, e, x)
	case tunnel.ReasonKeyFile, tunnel.ReasonNoKey, tunnel.ReasonLogin:
		return loginError(a, e, x)
	case tunnel.ReasonNoSocket:
		x.Kind = KindNoSocket
		x.Cause = fmt.Sprintf("There is no socket %s on %s.", a.Path, a.Host)
		x.Fix = "Either the core is not running, or it has not loaded the Livestatus broker module: look for broker_module=…livestatus… in its configuration (Icinga 2: icinga2 feature enable livestatus)."
	case tunnel.ReasonDenied:
		x.Kind = KindPermission
		x.Cause = fmt.Sprintf("The user %s on %s may not use %s.", a.User, a.Host, a.Path)
		x.Fix = fmt.Sprintf("Add %s there to the group of the core, usually naemon or nagios (nagcmd, icinga); it must be allowed to write to the socket and to enter every folder of the path.", a.User)
	case tunnel.ReasonAway:
		x.Kind = KindRefused
		x.Cause = fmt.Sprintf("The socket %s on %s is there, but nobody listens: it is left over from a core that has stopped.", a.Path, a.Host)
		x.Fix = "Start the core; it makes the socket anew."
	case tunnel.ReasonNoHelper:
		x.Cause = fmt.Sprintf("The SSH server on %s does not forward sockets, and there is none of unixcat, socat, ncat and nc.", a.Host)
		x.Fix = fmt.Sprintf("Set AllowStreamLocalForwarding yes in sshd_config there (also in a Match block for %s), or install socat.", a.User)
	case tunnel.ReasonNoCommand:
		x.Cause = fmt.Sprintf("The SSH server on %s neither opens %s for us nor lets %s run commands.", a.Host, a.Path, a.User)
		if e.Text != "" {
			x.Cause += fmt.Sprintf(" It says %q.", clip(e.Text))
		}
		x.Fix = fmt.Sprintf("Check that the core runs and %s may use its socket. If so, set AllowStreamLocalForwarding yes in sshd_config there, or give %s a login shell.", a.User, a.User)
	case tunnel.ReasonLost:
		x.Kind = KindHangup
		x.Cause = fmt.Sprintf("The SSH connection to %s ended.", host)
		x.Fix = "It is made anew. If it goes on, see the log of sshd there."
	default:
		x.Cause = fmt.Sprintf("Nothing on %s speaks SSH as it should: %s.", host, clip(firstLine([]byte(plain(e)))))
		x.Fix = "Give the port of sshd, usually 22. If it is, it may have too many connections (MaxStartups), or ban this machine (fail2ban)."
	}
	return x
}

// hostKeyError is about knowing the server.
func hostKeyError(a Address, e *tunnel.Error, x *Error) *Error {
	host := net.JoinHostPort(a.Host, a.Port)
	x.Kind = KindHostKey
	place := fmt.Sprintf("%s, line %d", e.File, e.Line)
	switch e.Reason {
	case tunnel.ReasonUnknown:
		x.Cause = fmt.Sprintf("The host key of %s is not known yet (%s, %s).", host, e.KeyType, e.Fingerprint)
		x.Fix = "Compare it on the server (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, or the file of its kind) and accept it: on the page of the site, or with belvedere site test --fingerprint."
	case tunnel.ReasonChanged:
		x.Cause = fmt.Sprintf("%s shows another host key than the known one (%s, %s): somebody may be listening in between, or the server was installed anew.", host, e.KeyType, e.Fingerprint)
		if e.Fingerprint == "" {
			x.Cause = fmt.Sprintf("%s has no host key of the kind that is known: somebody may be listening in between, or the server was installed anew.", host)
			place = e.File
		}
		x.Fix = fmt.Sprintf("If it is right, remove the old one (%s) and test again.", place)
	case tunnel.ReasonRevoked:
		x.Cause = fmt.Sprintf("%s shows a host key that is marked as revoked (%s).", host, e.Fingerprint)
		x.Fix = fmt.Sprintf("See %s. Give the server a new key.", place)
	default:
		x.Cause = fmt.Sprintf("The file of host keys %s cannot be used: %s.", e.File, plain(e))
		x.Fix = "Check path, permissions and the line named."
	}
	if e.Reason != tunnel.ReasonUnknown {
		x.fingerprint = "" // not to be accepted
	}
	return x
}

// loginError is about the server knowing us.
func loginError(a Address, e *tunnel.Error, x *Error) *Error {
	x.Kind, x.fingerprint = KindLogin, ""
	switch {
	case e.Reason == tunnel.ReasonNoKey:
		x.Cause = "There is no key to log in with: no ssh-agent answers, and the user of this program has no key in ~/.ssh."
		x.Fix = fmt.Sprintf("Make one (ssh-keygen -t ed25519 -f FILE) and name it: %s?key=FILE.", a)
	case e.Reason == tunnel.ReasonKeyFile && tunnel.Locked(e):
		x.Cause = fmt.Sprintf("The key %s needs its passphrase.", e.File)
		x.Fix = "Name a file that holds it (&passphrase_file=FILE), or use an ssh-agent."
	case e.Reason == tunnel.ReasonKeyFile:
		x.Cause = fmt.Sprintf("The file %s cannot be used: %s.", e.File, plain(e))
		x.Fix = "It must hold a private key, or the passphrase of one, and belong to the user of this program, with mode 0600."
	default:
		x.Cause = fmt.Sprintf("The SSH server on %s does not let %s in with %s.", a.Host, a.User, e.Tried)
		x.Fix = fmt.Sprintf("Add the public half to ~%s/.ssh/authorized_keys there; the folder and the file may be writable for that user only. journalctl -u ssh says why it refused.", a.User)
	}
	return x
}

// login makes an SSH connection of the diagnosis' own, whatever others there
// are.
func (d *diagnosis) login(ctx context.Context, s *Step) error {
	lctx, cancel := context.WithTimeout(ctx, d.o.DialTimeout)
	defer cancel()
	w := d.o.way()
	w.Accept = d.o.Accept
	known := ""
	if d.o.SSH != nil {
		known = d.o.SSH.KnownHosts()
	}
	line, err := tunnel.Login(lctx, d.conn, known, w)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return canceled(ctx)
	default:
		return d.o.whyNot(err)
	}
	d.line, d.report.Fingerprint = line, line.Fingerprint()
	s.Detail = fmt.Sprintf("%s, host key %s", clip(line.Server()), line.Fingerprint())
	return nil
}

// socket opens the socket over it.
func (d *diagnosis) socket(ctx context.Context, s *Step) error {
	d.client.o.open = d.line.Open
	c, err := d.client.o.dialSSH(ctx)
	if err != nil {
		return err
	}
	s.Detail = "opened by the SSH server"
	if d.line.Commanded() {
		s.Detail = "through a command there"
	}
	d.client.ready = c
	return nil
}
