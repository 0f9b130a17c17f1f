package livestatus

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errGone ends a wait whose client does not wait any more.
var errGone = errors.New("livestatus: the client has gone away")

// whileThere runs wait, and ends it with errGone when the client goes away.
// Nothing is read from c. Many clients say that they ask no more and wait for
// the answer all the same, as unixcat does: on a socket file that is told from
// going away. Over a network it is not; there a client that wanted the
// connection kept, and of which nothing is still to be read, has gone away
// (kept). Connections that are no sockets are not watched.
func whileThere(ctx context.Context, c net.Conn, kept bool, wait func(context.Context) error) error {
	raw, plain := socketOf(c)
	if raw == nil {
		return wait(ctx)
	}
	wctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	_ = c.SetReadDeadline(time.Time{}) // the wait has a bound of its own
	done := make(chan struct{})
	go func() {
		defer close(done)
		// The error is that of the deadline which ends the watching.
		_ = raw.Read(func(fd uintptr) bool {
			gone := hasGone(int(fd), kept, plain)
			if gone {
				cancel(errGone)
			}
			return gone
		})
	}()
	err := wait(wctx)
	_ = c.SetReadDeadline(time.Unix(1, 0)) // ends the watching
	<-done
	_ = c.SetReadDeadline(time.Time{}) // whoever reads next sets it
	if errors.Is(context.Cause(wctx), errGone) {
		return errGone
	}
	return err
}

// socketOf returns the socket below a connection, nil if there is none; plain
// says that what clients send is on it as it is.
func socketOf(c net.Conn) (raw syscall.RawConn, plain bool) {
	plain = true
	if t, ok := c.(*tls.Conn); ok {
		c, plain = t.NetConn(), false
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil, false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, false
	}
	return raw, plain
}

// hasGone reports whether the other end of a socket has gone away.
func hasGone(fd int, kept, plain bool) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // a descriptor
	if n, err := unix.Poll(p, 0); n <= 0 || err != nil {
		return false // it is looked again with the next event
	}
	got := p[0].Revents
	if got&(unix.POLLHUP|unix.POLLERR) != 0 {
		return true
	}
	if got&unix.POLLRDHUP == 0 || !kept || domain(fd) == unix.AF_UNIX {
		return false
	}
	unread, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	return err == nil && (unread == 0 || !plain)
}

// domain returns the family of a socket, -1 if that cannot be told.
func domain(fd int) int {
	d, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return -1
	}
	return d
}
