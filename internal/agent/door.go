package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// A door lets in connections that have yet to show who they are. Whoever comes
// gets in. Where there is no place the oldest must go: of the same network, if
// that has its share, else of the one that has the most. So nobody who opens
// connections and says nothing keeps others out. Safe for concurrent use.
type door struct {
	places, share int

	mu sync.Mutex
	in []*guest // the oldest first
}

// A guest is a connection that went through a door.
type guest struct {
	conn net.Conn
	from netip.Prefix
	sent bool // away, for another
}

// enter takes a place.
func (d *door) enter(c net.Conn) *guest {
	g := &guest{conn: c, from: networkOf(c)}
	d.mu.Lock()
	defer d.mu.Unlock()
	count := map[netip.Prefix]int{}
	for _, o := range d.in {
		count[o.from]++
	}
	crowd := g.from
	if count[g.from] < d.share {
		for from, n := range count {
			if n > count[crowd] {
				crowd = from
			}
		}
	}
	if count[g.from] >= d.share || len(d.in) >= d.places {
		i := slices.IndexFunc(d.in, func(o *guest) bool { return o.from == crowd })
		d.in[i].sent = true
		_ = d.in[i].conn.Close() // whoever serves it sees that
		d.in = slices.Delete(d.in, i, i+1)
	}
	d.in = append(d.in, g)
	return g
}

// leave frees the place; sent says that another had taken it.
func (d *door) leave(g *guest) (sent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.in, g); i >= 0 {
		d.in = slices.Delete(d.in, i, i+1)
	}
	return g.sent
}

// networkOf returns the address that a connection comes from, of IPv6 the
// network.
func networkOf(c net.Conn) netip.Prefix {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // the lengths are right
	return p
}

// An entrance is the doors through which strangers come, one after the other.
// Each has places of its own, so that those who stay at one do not stand in the
// way at another.
type entrance struct {
	silent  door // nothing came yet
	shaking door // a greeting came, and the handshake goes on
	asking  door // they may say what they want
}

func newEntrance() *entrance {
	return &entrance{silent: door{places: 64, share: 16}, shaking: door{places: 64, share: 16}, asking: door{places: 32, share: 8}}
}

// errCrowded is why a connection ended that did not get on.
var errCrowded = errors.New("it said nothing, and others waited for its place")

// A stranger is a connection on its way through an entrance. For one goroutine.
type stranger struct {
	conn net.Conn
	at   *door
	g    *guest
}

// come begins the way of a connection.
func (e *entrance) come(c net.Conn) *stranger {
	return &stranger{conn: c, at: &e.silent, g: e.silent.enter(c)}
}

// step goes on to the next door.
func (s *stranger) step(d *door) error {
	if s.at.leave(s.g) {
		return errCrowded
	}
	s.at, s.g = d, d.enter(s.conn)
	return nil
}

// gone ends the way; err is how it went.
func (s *stranger) gone(err error) error {
	if s.at.leave(s.g) && err != nil {
		return errCrowded
	}
	return err
}

// shake finishes the handshake of somebody who came. configure may be nil; else
// it answers the greeting in place of conf.
func (e *entrance) shake(ctx context.Context, s *stranger, conf *tls.Config, configure func(*tls.ClientHelloInfo) (*tls.Config, error)) (*tls.Conn, error) {
	conf.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if err := s.step(&e.shaking); err != nil || configure == nil {
			return nil, err
		}
		return configure(hello)
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	c := tls.Server(s.conn, conf)
	return c, c.HandshakeContext(ctx)
}
