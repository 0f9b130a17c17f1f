package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/testkit"
)

// crowd opens connections that say nothing; those for which proto is not empty
// shake hands before that.
func crowd(t *testing.T, address, proto string, n int) {
	t.Helper()
	for range n {
		raw, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { raw.Close() })
		if proto == "" {
			continue
		}
		_ = raw.SetDeadline(time.Now().Add(patience))
		c := tls.Client(raw, &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{proto}, InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCrowdAtTheServer: whoever holds connections open keeps no agent out.
func TestCrowdAtTheServer(t *testing.T) {
	p := newPlace(t)
	crowd(t, p.address, "", 150)
	crowd(t, p.address, protoJoin, 80)
	crowd(t, p.address, "", 80)
	began := time.Now()
	dir := p.join(t, "Berlin")
	_, socket := naemon(t, testkit.Options{})
	start(t, Options{Dir: dir, Core: socket})
	<-p.up
	if took := time.Since(began); took > handshakeTimeout/2 {
		t.Errorf("it took %s", took)
	}
	p.notes.wait(t, "refused an agent", "others waited for its place", "says nothing")
}

// TestCrowdAtTheAgent: the same where the server comes to the agent.
func TestCrowdAtTheAgent(t *testing.T) {
	p := newPlace(t)
	_, socket := naemon(t, testkit.Options{})
	dir, listen := p.pair(t, "Wien")
	r := start(t, Options{Dir: dir, Core: socket, Listen: listen})
	r.notes.wait(t, "waiting for the server")
	crowd(t, listen, "", 100)
	began := time.Now()
	if _, err := p.client(t, listen).Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > handshakeTimeout/2 {
		t.Errorf("it took %s", took)
	}
}

// invitation waits for a server; done is how that went.
func invitation(t *testing.T) (v *Invitation, told <-chan error, done <-chan error) {
	t.Helper()
	listen := freePort(t)
	v, err := NewInvitation(t.Context(), listen, listen, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	waited, refused := make(chan error, 1), make(chan error, 1000)
	go func() { waited <- v.Wait(context.Background(), func(_ string, why error) { refused <- why }) }()
	return v, refused, waited
}

// TestCrowdAtAnInvitation: the same while an agent waits to be paired.
func TestCrowdAtAnInvitation(t *testing.T) {
	p := newPlace(t)
	v, _, done := invitation(t)
	crowd(t, v.Code.Address, "", 100)
	crowd(t, v.Code.Address, protoInvite, 40)
	began := time.Now()
	if _, err := p.hub.Invited(t.Context(), v.Code, db.Site{Name: "Wien"}, db.Audit{}); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > handshakeTimeout/2 {
		t.Errorf("it took %s", took)
	}
}

// TestTriesOfStrangers: who does not know which code there is cannot make it
// void.
func TestTriesOfStrangers(t *testing.T) {
	p := newPlace(t)
	v, told, done := invitation(t)
	for i := range 2 * db.JoinTries {
		guess := NewCode(Invite, v.Code.Fingerprint, v.Code.Address)
		if _, err := p.hub.Invited(t.Context(), guess, db.Site{Name: fmt.Sprint("guess", i)}, db.Audit{}); err == nil {
			t.Fatal("a guess was taken")
		}
		if why := <-told; !errors.Is(why, errNumber) {
			t.Errorf("the agent says: %v", why)
		}
	}
	if _, err := p.hub.Invited(t.Context(), v.Code, db.Site{Name: "Wien"}, db.Audit{}); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	right := p.code(t, "Berlin")
	for range 2 * db.JoinTries {
		if msg := refusal(t, NewCode(Join, right.Fingerprint, right.Address)); msg != "The server does not know this code." {
			t.Fatal(msg)
		}
	}
	if _, err := JoinServer(t.Context(), right, filepath.Join(t.TempDir(), "agent")); err != nil {
		t.Error(err)
	}
}

// from is a connection that comes from an address.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) RemoteAddr() net.Addr { return addr(f.address) }
func (f *from) Close() error         { f.closed = true; return nil }

type addr string

func (addr) Network() string  { return "tcp" }
func (a addr) String() string { return string(a) }

func TestDoor(t *testing.T) {
	d := &door{places: 6, share: 3}
	var in []*from
	enter := func(address string) *guest {
		in = append(in, &from{address: address})
		return d.enter(in[len(in)-1])
	}
	for i := range 5 {
		enter(fmt.Sprintf("10.0.0.1:%d", 1000+i))
	}
	enter("10.0.0.2:1")
	enter("[2001:db8::1]:1")
	last := enter("[2001:db8::2%eth0]:2")
	gone := func() string {
		var b strings.Builder
		for _, f := range in {
			if f.closed {
				b.WriteString(f.address + " ")
			}
		}
		return b.String()
	}
	if got := gone(); got != "10.0.0.1:1000 10.0.0.1:1001 " {
		t.Errorf("a network beyond its share: %s", got)
	}
	enter("10.0.0.3:1")
	if got := gone(); got != "10.0.0.1:1000 10.0.0.1:1001 10.0.0.1:1002 " {
		t.Errorf("all places taken: %s", got)
	}
	if d.leave(last) || !d.leave(&guest{sent: true}) || len(d.in) != 5 {
		t.Error("leaving")
	}
}
