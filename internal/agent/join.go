package agent

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/db"
)

// A wish is what an agent says to get a certificate: with a code when it
// joins, without one when it renews.
type wish struct {
	Code    []byte `json:"code,omitempty"` // which
	Secret  []byte `json:"secret,omitempty"`
	Request string `json:"request,omitempty"` // PEM
	// Authority is what a server says that was invited.
	Authority string `json:"authority,omitempty"`
}

// A grant is the answer to a wish.
type grant struct {
	ID          string   `json:"id,omitempty"`
	Site        string   `json:"site,omitempty"` // its name
	Certificate string   `json:"certificate,omitempty"`
	Authority   string   `json:"authority,omitempty"`
	Why         *trouble `json:"why,omitempty"` // it was not granted
}

// An exchange reads and writes single lines on a connection.
type exchange struct {
	net.Conn
	in *bufio.Reader
}

func newExchange(c net.Conn) *exchange {
	return &exchange{c, bufio.NewReader(io.LimitReader(c, messageMost))}
}

func (x *exchange) say(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("agent: say: %w", err)
	}
	_, err = x.Write(append(b, '\n'))
	return err
}

func (x *exchange) hear(v any) error {
	b, err := x.in.ReadBytes('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("agent: hear: %w", err)
	}
	return nil
}

// pairTimeout bounds one attempt to pair.
const pairTimeout = 20 * time.Second

// JoinServer uses a code of kind [Join]: it makes a key, verifies the server by the
// code's fingerprint, and stores in dir what it gets. It returns the name of
// the site. Errors are [*Error].
func JoinServer(ctx context.Context, code Code, dir string) (site string, err error) {
	if code.Kind != Join {
		return "", &Error{Msg: "this code was made by an agent", Hint: "enter it on the page Sites of the server"}
	}
	if err := prepare(dir); err != nil {
		return "", err
	}
	key, request, err := newKey()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	x, err := call(ctx, code, protoJoin)
	if err != nil {
		return "", err
	}
	defer x.Close()
	var got grant
	err = x.say(wish{Code: code.ID[:], Secret: code.Secret[:], Request: string(request)})
	if err == nil {
		err = x.hear(&got)
	}
	if err != nil {
		return "", &Error{Msg: fmt.Sprintf("%s did not answer: %v", code.Address, cause(err)), Hint: "look on the page Sites of the server whether the site is there: then remove it, and get a new code", Err: err}
	}
	if got.Why != nil {
		return "", &Error{Msg: clip(got.Why.Cause), Hint: clip(got.Why.Fix)}
	}
	if ca, err := parseCertificate([]byte(got.Authority)); err != nil || sha256.Sum256(ca.Raw) != code.Fingerprint {
		return "", &Error{Msg: "the server sent another authority than the code names", Hint: "get a new code; if this happens again, run the same version on both sides"}
	}
	s, err := newState(got.ID, code.Address, key, got.Certificate, got.Authority)
	if err == nil {
		err = s.write(dir)
	}
	if err != nil {
		return "", &Error{Msg: fmt.Sprintf("what the server gave could not be stored: %v", cause(err)), Hint: "remove the site on the server, mend this, and get a new code", Err: err}
	}
	return got.Site, nil
}

// call connects to who waits for a code and verifies them by its fingerprint.
func call(ctx context.Context, code Code, proto string) (*exchange, error) {
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", code.Address)
	if err != nil {
		return nil, &Error{Msg: fmt.Sprintf("%s cannot be reached: %v.", code.Address, err), Hint: "Check that it waits there, that the address is right seen from here, and that no firewall is in between; else pair the other way round.", Err: err}
	}
	c := tls.Client(raw, &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{proto},
		InsecureSkipVerify: true, // replaced by:
		VerifyConnection:   pinned(code.Fingerprint, time.Now),
	})
	err = c.HandshakeContext(ctx)
	if err == nil && c.ConnectionState().NegotiatedProtocol != proto {
		err = errors.New("what answers there is of another kind or version")
	}
	if err != nil {
		hint := "What listens at that address is not who made the code, or something in between breaks the encryption: check the address."
		return nil, &Error{Msg: fmt.Sprintf("%s is not trusted: %v.", code.Address, err), Hint: hint, Err: errors.Join(err, raw.Close())}
	}
	_ = c.SetDeadline(time.Now().Add(pairTimeout)) // never fails
	return newExchange(c), nil
}

// An Invitation is an agent that waits for a server which was given its code.
type Invitation struct {
	Code Code
	l    net.Listener
	cert *tls.Certificate
	dir  string
}

// NewInvitation listens for the server and makes a code with the address under
// which the server reaches that. Errors are [*Error].
func NewInvitation(ctx context.Context, listen, address, dir string) (*Invitation, error) {
	if !usable(address) {
		return nil, &Error{Msg: fmt.Sprintf("%q is not an address that a server can dial", address), Hint: "write host:port, as the server sees this machine"}
	}
	if err := prepare(dir); err != nil {
		return nil, err
	}
	cert, err := selfSigned(time.Now())
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, &Error{Msg: fmt.Sprintf("cannot listen on %s: %v", listen, err), Hint: "another program, perhaps another agent, listens there", Err: err}
	}
	return &Invitation{Code: NewCode(Invite, sha256.Sum256(cert.Certificate[0]), address), l: l, cert: cert, dir: dir}, nil
}

// Close ends the invitation.
func (v *Invitation) Close() error { return v.l.Close() }

// Wait waits until the server has come, and stores what it brings. refused is
// told who was not let in, of many only some, from one goroutine at a time.
// Errors are [*Error]; after [db.JoinTries] wrong secrets the code is void. A
// try counts only if it names this code, which nobody does who never saw it.
func (v *Invitation) Wait(ctx context.Context, refused func(peer string, why error)) error {
	ctx, cancel := context.WithTimeout(ctx, CodeValid)
	defer cancel()
	w := &waiting{v: v, in: newEntrance(), refused: refused}
	defer w.group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { v.l.Close() })
	defer stop()
	for {
		raw, err := v.l.Accept()
		if w.over.Load() {
			cancel()
			w.group.Wait()
			return w.outcome()
		}
		switch {
		case ctx.Err() != nil:
			return &Error{Msg: "nobody has used the code in time", Hint: "make a new one: belvedere agent invite"}
		case err != nil && passing(ctx, err):
			continue
		case err != nil:
			return &Error{Msg: fmt.Sprintf("cannot wait for the server: %v", err), Err: err}
		}
		who := w.in.come(raw)
		w.group.Go(func() { w.serve(ctx, who) })
	}
}

var (
	errSecret = errors.New("it did not know the secret of the code")
	errNumber = errors.New("its code is another one")
)

// A waiting invitation serves those who come at the same time, so that nobody
// keeps the server out by saying nothing.
type waiting struct {
	v       *Invitation
	in      *entrance
	refused func(peer string, why error)
	group   sync.WaitGroup
	over    atomic.Bool // paired, or void

	pairing sync.Mutex // with one at a time
	tries   int        // with a wrong secret; under pairing
	paired  bool       // under pairing

	telling sync.Mutex
	quiet   limiter // under telling
}

// outcome is how it went; nobody is served any more.
func (w *waiting) outcome() error {
	if w.paired {
		return nil
	}
	return &Error{Msg: "the code was tried too often with a wrong secret and is void", Hint: "somebody may be guessing; make a new one: belvedere agent invite"}
}

// serve pairs with one who came, or says who it was.
func (w *waiting) serve(ctx context.Context, who *stranger) {
	defer who.conn.Close()
	err := who.gone(w.receive(ctx, who))
	if err == nil || ctx.Err() != nil && !errors.Is(err, errSecret) {
		return
	}
	w.telling.Lock()
	defer w.telling.Unlock()
	if w.quiet.count() <= toldAMinute {
		w.refused(who.conn.RemoteAddr().String(), err)
	}
}

// receive pairs with one who came.
func (w *waiting) receive(ctx context.Context, who *stranger) error {
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	conf := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protoInvite}, Certificates: []tls.Certificate{*w.v.cert}, SessionTicketsDisabled: true}
	c, err := w.in.shake(ctx, who, conf, nil)
	if err != nil {
		return err
	}
	if c.ConnectionState().NegotiatedProtocol != protoInvite {
		return errors.New("it is no server of Belvedere")
	}
	if err := who.step(&w.in.asking); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	x := newExchange(c)
	var asked wish
	if err := x.hear(&asked); err != nil {
		return err
	}
	if bytes.Equal(asked.Code, w.v.Code.ID[:]) {
		err = w.try(x, asked)
	} else {
		err = errNumber
	}
	if errors.Is(err, errNumber) || errors.Is(err, errSecret) {
		_ = x.say(grant{Why: &trouble{Cause: "The agent does not know this code.", Fix: "Enter the newest code that belvedere agent invite has printed."}}) // it may be gone
	}
	return err
}

// try pairs with one who named the code, if they know its secret.
func (w *waiting) try(x *exchange, asked wish) error {
	w.pairing.Lock()
	defer w.pairing.Unlock()
	if w.over.Load() {
		return errNumber // it is used, or void
	}
	if subtle.ConstantTimeCompare(asked.Secret, w.v.Code.Secret[:]) != 1 {
		if w.tries++; w.tries >= db.JoinTries {
			w.stop()
		}
		return errSecret
	}
	if err := w.v.pair(x, asked.Authority); err != nil {
		return err
	}
	w.paired = true
	w.stop()
	return nil
}

// stop ends the waiting.
func (w *waiting) stop() {
	w.over.Store(true)
	w.v.l.Close() // ends Accept
}

// pair gets a certificate from a server that knows the code.
func (v *Invitation) pair(x *exchange, authority string) error {
	key, request, err := newKey()
	if err != nil {
		return err
	}
	if err := x.say(wish{Request: string(request)}); err != nil {
		return err
	}
	var got grant
	if err := x.hear(&got); err != nil {
		return err
	}
	if got.Why != nil {
		return errors.New(clip(got.Why.Cause))
	}
	s, err := newState(got.ID, "", key, got.Certificate, authority)
	if err == nil {
		err = s.write(v.dir)
	}
	if err != nil {
		_ = x.say(grant{Why: &trouble{Cause: "The agent could not store its certificate.", Fix: "See what it says there."}}) // it may be gone
		return err
	}
	return x.say(grant{ID: got.ID})
}
