package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/db"
	"belvedere/internal/livestatus"
)

// imposter answers in the place of another and returns its address. What is
// said to it after a handshake is heard.
func imposter(t *testing.T, conf *tls.Config, heard io.Writer) string {
	t.Helper()
	return serve(t, func(ctx context.Context, l net.Listener) error {
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			raw, err := l.Accept()
			if err != nil {
				return nil
			}
			_ = raw.SetDeadline(time.Now().Add(patience))
			c := tls.Server(raw, conf)
			if c.HandshakeContext(ctx) == nil {
				_, _ = c.Write([]byte{greeting})
				_, _ = io.Copy(heard, c)
			}
			raw.Close()
		}
	})
}

// imposters are those who have no right to be taken for another; mine is a
// certificate of an agent of the same authority, foreign one of the right kind
// by another authority.
func imposters(t *testing.T, mine, foreign tls.Certificate) map[string]*tls.Config {
	t.Helper()
	self, err := selfSigned(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conf := func(c tls.Certificate) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{c}, NextProtos: []string{protoLine}, MinVersion: tls.VersionTLS12}
	}
	old := conf(mine)
	old.MaxVersion = tls.VersionTLS12
	return map[string]*tls.Config{"of the wrong kind": conf(mine), "of another authority": conf(foreign), "self-signed": conf(*self), "TLS 1.2": old}
}

// TestImpostersOfTheServer: an agent tells nothing to who answers in the place
// of its server.
func TestImpostersOfTheServer(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	mine, err := readState(p.join(t, "Wien"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.authority.certificate()
	if err != nil {
		t.Fatal(err)
	}
	for name, conf := range imposters(t, mine.cert, *foreign) {
		t.Run(name, func(t *testing.T) {
			heard := newNotebook()
			s := mine.state
			s.Server = imposter(t, conf, heard)
			dir := t.TempDir()
			if err := s.write(dir); err != nil {
				t.Fatal(err)
			}
			r := start(t, Options{Dir: dir, Core: &recorder{}})
			r.notes.wait(t, "no line to the server", s.Server)
			r.stop()
			if strings.Contains(r.notes.String(), "connected") || heard.String() != "" {
				t.Errorf("it spoke with it: %q\n%s", heard, r.notes)
			}
		})
	}
}

// TestImpostersOfAnAgent: a server asks nothing of who answers in the place of
// an agent.
func TestImpostersOfAnAgent(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	agent, err := readState(p.join(t, "Graz"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := readState(other.join(t, "Wien"))
	if err != nil {
		t.Fatal(err)
	}
	for name, conf := range imposters(t, agent.cert, foreign.cert) {
		t.Run(name, func(t *testing.T) {
			heard := newNotebook()
			address := imposter(t, conf, heard)
			a, s, err := p.store.AddAgent(t.Context(), db.Site{Name: name}, address, time.Now(), db.Audit{Who: "test"})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.hub.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err = p.client(t, address).Identify(t.Context())
			if e, ok := errors.AsType[*livestatus.Error](err); !ok || e.Kind != livestatus.KindCertificate && e.Kind != livestatus.KindTLS || e.Fix == "" {
				t.Errorf("%s was asked: %v", a.ID, err)
			}
			if err := p.store.RemoveSite(t.Context(), s.Key, db.Audit{Who: "test"}); err != nil {
				t.Fatal(err)
			}
			if heard.String() != "" {
				t.Errorf("it was told %q", heard)
			}
		})
	}
}

// TestCodeOfMany: of those who use one code at the same moment one joins, also
// over a restart of the server.
func TestCodeOfMany(t *testing.T) {
	p := newPlace(t)
	code := p.code(t, "Berlin")
	var group sync.WaitGroup
	said := make(chan string, 8)
	for range cap(said) {
		dir := filepath.Join(t.TempDir(), "agent")
		group.Go(func() {
			site, err := JoinServer(t.Context(), code, dir)
			if e, ok := errors.AsType[*Error](err); ok {
				site = e.Msg
			}
			said <- site
		})
	}
	group.Wait()
	close(said)
	count := map[string]int{}
	for s := range said {
		count[s]++
	}
	if count["Berlin"] != 1 || count["The code was used already."] != cap(said)-1 {
		t.Errorf("they were told %v", count)
	}
	again := NewHub(HubOptions{Store: p.store, Dir: p.dir, Log: p.notes.log()})
	t.Cleanup(again.Close)
	code.Address = serve(t, again.Serve)
	if msg := refusal(t, code); msg != "The code was used already." {
		t.Errorf("after a restart: %s", msg)
	}
}

// TestKeyOfAnotherKind: who asks for a certificate with a key that no agent has
// is refused before the key is used: one of a megabit would take minutes.
func TestKeyOfAnotherKind(t *testing.T) {
	p := newPlace(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	der[len(der)-1] ^= 1 // its signature is wrong
	request := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	if _, err := p.authority.issue(request, "x"); err == nil || !strings.Contains(err.Error(), "of another kind") {
		t.Errorf("the authority says: %v", err)
	}
	code := p.code(t, "Berlin")
	x, err := call(t.Context(), code, protoJoin)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.say(wish{Code: code.ID[:], Secret: code.Secret[:], Request: string(request)}); err != nil {
		t.Fatal(err)
	}
	if err := x.hear(&grant{}); err == nil {
		t.Error("the server answered")
	}
	p.notes.wait(t, "refused an agent", "of another kind")
	kept, err := p.store.JoinCode(t.Context(), hex.EncodeToString(code.ID[:]))
	if sum := sha256.Sum256(code.Secret[:]); err != nil || kept.Site != "" || kept.Tries != 0 || !bytes.Equal(kept.Secret, sum[:]) {
		t.Errorf("the code afterwards: %+v, %v", kept, err)
	}
}

// TestWordsOfAnAgent: what an agent says is one line that does nothing to a
// terminal.
func TestWordsOfAnAgent(t *testing.T) {
	p := newPlace(t)
	core := &mute{why: &livestatus.Error{Kind: livestatus.KindStatus, Cause: "no\x1b]0;title\a \x1b[2J\u009bm\u202eevil\r\nsecond", Fix: "\x1b[31mred"}}
	start(t, Options{Dir: p.join(t, "Berlin"), Core: core})
	<-p.up
	_, err := p.client(t, p.agentOf(t, "Berlin").ID).Identify(t.Context())
	e, ok := errors.AsType[*livestatus.Error](err)
	if !ok || e.Cause != "At the agent: no ]0;title [2J m evil second" || e.Fix != "[31mred" {
		t.Errorf("%v: %q %q", err, e.Cause, e.Fix)
	}
}

// A mute core cannot be asked.
type mute struct {
	recorder
	why error
}

func (m *mute) Converse(context.Context, net.Conn, func() error) error { return m.why }
