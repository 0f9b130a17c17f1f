package livestatus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Connect opens a connection to the core of o, TLS included, in DialTimeout at
// most. Errors are [*Error].
func Connect(ctx context.Context, o Options) (net.Conn, error) {
	o = o.withDefaults()
	return o.connect(ctx)
}

// connect opens a connection for the address, TLS included. The time for all
// of it is DialTimeout.
func (o *Options) connect(ctx context.Context) (net.Conn, error) {
	start := time.Now()
	raw, err := o.dial(ctx)
	if err != nil {
		return nil, err
	}
	if !o.Secure() {
		return raw, nil
	}
	left := o.DialTimeout - time.Since(start)
	return o.handshake(ctx, raw, max(left, time.Second))
}

// dial opens the connection below TLS.
func (o *Options) dial(ctx context.Context) (net.Conn, error) {
	switch o.Scheme {
	case "agent":
		return o.converse(ctx)
	case "ssh":
		return o.dialSSH(ctx)
	}
	return o.dialRaw(ctx)
}

// dialRaw opens the socket or the TCP connection.
func (o *Options) dialRaw(ctx context.Context) (net.Conn, error) {
	network, address := o.target()
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	dctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	c, err := dial(dctx, network, address)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return nil, canceled(ctx)
	case o.Scheme == "unix":
		return nil, unixError(o.Path, err)
	}
	return nil, hostError(o.Address, o.DialTimeout, err)
}

// target returns network and address for net.Dial.
func (o *Options) target() (network, address string) {
	if o.Scheme == "unix" {
		return "unix", o.Path
	}
	return "tcp", net.JoinHostPort(o.Host, o.Port)
}

// DialError explains an error of a net.Dialer that did not reach a, for people.
func DialError(a Address, limit time.Duration, err error) *Error { return hostError(a, limit, err) }

// hostError explains why a host and port could not be connected.
func hostError(a Address, limit time.Duration, err error) *Error {
	where := net.JoinHostPort(a.Host, a.Port)
	e := &Error{Err: err}
	var dns *net.DNSError
	var ne net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Kind = KindDNS
		e.Cause = fmt.Sprintf("The name %s is not known to the name server this machine asks.", a.Host)
		e.Fix = "Check the spelling, or use the IP address."
	case errors.As(err, &dns):
		e.Kind = KindDNS
		e.Cause = fmt.Sprintf("The name server did not answer for %s.", a.Host)
		e.Fix = "Check name resolution on this machine (getent hosts NAME), or use the IP address."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind = KindRefused
		e.Cause = fmt.Sprintf("%s answers that nothing listens on port %s.", a.Host, a.Port)
		e.Fix = fmt.Sprintf("Check on %s that Livestatus (or xinetd in front of it) runs and which port it uses: ss -ltnp. Usual are 6557, for Icinga 2 6558. A core without Livestatus, such as Debian's nagios4, is read with an agent beside it.", a.Host)
		switch a.Scheme {
		case "agent":
			e.Fix = fmt.Sprintf("Check on %s that the agent runs and which port it uses: systemctl status belvedere-agent, ss -ltnp. Usual is %s.", a.Host, AgentPort)
		case "ssh":
			e.Fix = fmt.Sprintf("Check on %s that sshd runs and which port it uses: ss -ltnp. Usual is 22.", a.Host)
		}
		switch {
		case a.Thruk():
			e.Fix = fmt.Sprintf("Check on %s that its web server runs and which port it uses: ss -ltnp.", a.Host)
		case a.Scheme == "icinga2":
			e.Fix = fmt.Sprintf("Check on %s that Icinga 2 runs with its API: icinga2 api setup switches it on, ss -ltnp shows the port, usually %s.", a.Host, IcingaPort)
		}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Kind = KindUnreachable
		e.Cause = fmt.Sprintf("There is no route from this machine to %s, or the host is off.", where)
		e.Fix = "Check routing, VPN and firewall between this machine and the core."
	case errors.As(err, &ne) && ne.Timeout(), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		e.Kind = KindTimeout
		e.Cause = fmt.Sprintf("No answer to the attempt to connect to %s within %s: the packets are dropped on the way.", where, short(limit))
		e.Fix = fmt.Sprintf("A firewall usually does that. Open TCP port %s from this machine to %s, and check that the host is up.", a.Port, a.Host)
	default:
		e.Kind = KindUnreachable
		e.Cause = fmt.Sprintf("Connecting to %s failed: %s.", where, plain(err))
		e.Fix = "Check address, port and network from this machine."
	}
	return e
}

// unixError explains why a socket file could not be connected.
func unixError(path string, err error) *Error {
	e := &Error{Err: err}
	info, serr := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(serr, fs.ErrPermission):
		e.Kind = KindPermission
		e.Cause = fmt.Sprintf("This program, running as uid %d, may not use %s.", os.Geteuid(), path)
		e.Fix = socketGroup(path, info)
	case errors.Is(serr, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(serr, syscall.ENOTDIR):
		e.Kind = KindNoSocket
		e.Cause = fmt.Sprintf("There is no socket %s.", path)
		if _, derr := os.Stat(filepath.Dir(path)); derr != nil {
			e.Cause = fmt.Sprintf("There is no socket %s: the folder does not exist either.", path)
		}
		e.Fix = "Either the core is not running, or it has not loaded the Livestatus broker module: look for broker_module=…livestatus… in its configuration (Icinga 2: icinga2 feature enable livestatus)."
	case serr == nil && info.IsDir():
		e.Kind = KindNoSocket
		e.Cause = fmt.Sprintf("%s is a folder, not a socket.", path)
		e.Fix = "Give the path of the socket in it, for example " + filepath.Join(path, "live") + "."
	case serr == nil && info.Mode()&fs.ModeSocket == 0:
		e.Kind = KindNoSocket
		e.Cause = fmt.Sprintf("%s is a file of another kind, not a socket.", path)
		e.Fix = "Give the path of the Livestatus socket; ls -l shows it with an s in front: srw-rw----."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind = KindRefused
		e.Cause = fmt.Sprintf("The socket %s is there, but nobody listens: it is left over from a core that has stopped.", path)
		e.Fix = "Start the core; it makes the socket anew."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.EAGAIN):
		e.Kind = KindTimeout
		e.Cause = fmt.Sprintf("The core does not accept connections on %s: its queue is full.", path)
		e.Fix = "The core is busy or hangs, or other programs hold all its Livestatus connections."
	default:
		e.Kind = KindUnreachable
		e.Cause = fmt.Sprintf("Connecting to the socket %s failed: %s.", path, plain(err))
		e.Fix = "Check the path and that the core runs."
	}
	return e
}

// socketGroup says which group may use the socket.
func socketGroup(path string, info fs.FileInfo) string {
	const usual = "the group of the core, usually naemon or nagios (nagcmd, icinga)"
	if info != nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			return fmt.Sprintf("Add the user of this program to %s, here %s, with write permission on the socket, and start it again. ls -l %s shows owner and group.", usual, groupName(st.Gid), path)
		}
	}
	return fmt.Sprintf("Add the user of this program to %s, and start it again; it must be allowed to enter every folder of the path.", usual)
}

// groupName is the name of a group, or its number if it has none.
func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}

// plain returns the innermost text of an error of package net or os.
func plain(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.TrimSuffix(err.Error(), ".")
		}
		err = inner
	}
}

// short writes a duration for people.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// handshake puts TLS over raw and sends the token there may be, or closes raw.
func (o *Options) handshake(ctx context.Context, raw net.Conn, limit time.Duration) (*tls.Conn, error) {
	config, terr := tlsConfig(o.Address)
	if terr != nil {
		raw.Close()
		return nil, terr
	}
	hctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(hctx); err != nil {
		raw.Close()
		if ctx.Err() != nil {
			return nil, canceled(ctx)
		}
		return nil, tlsError(o.Address, raw, limit, err)
	}
	if err := o.sendToken(c, limit); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}
