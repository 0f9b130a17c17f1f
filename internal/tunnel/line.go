package tunnel

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// Times of an SSH connection.
const (
	aliveEvery  = 15 * time.Second // between two questions whether the server is there
	aliveAnswer = 15 * time.Second // for its answer
	writeTime   = 15 * time.Second // for one packet to leave
)

// A Way says how to reach a socket. Ways that differ only in Accept share a
// connection.
type Way struct {
	User, Host, Port string
	Path             string // of the socket there, absolute
	Key              string // file of our private key; "": the ssh-agent and the usual files
	PassphraseFile   string // file with the passphrase of Key
	KnownHosts       string // a known_hosts file besides that of the pool
	// Accept is the fingerprint (SHA256:…) of a host key that is added to the
	// pool's known_hosts if the server shows it and nothing is known of it.
	Accept string
}

// A Line is one SSH connection. It is safe for concurrent use and must be
// closed.
type Line struct {
	client *ssh.Client
	path   string
	print  string
	server string
	mode   atomic.Int32 // a mode
	gone   chan struct{}
}

// deadlined is a connection whose every write ends.
type deadlined struct{ net.Conn }

func (d deadlined) Write(p []byte) (int, error) {
	d.SetWriteDeadline(time.Now().Add(writeTime))
	return d.Conn.Write(p)
}

// Login makes an SSH connection of raw, which it closes on errors. known is the
// file of host keys. The errors are [*Error] and those of ctx.
func Login(ctx context.Context, raw net.Conn, known string, w Way) (*Line, error) {
	l, err := login(ctx, raw, known, w)
	if err != nil {
		raw.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return l, err
}

func login(ctx context.Context, raw net.Conn, known string, w Way) (*Line, error) {
	check, err := newHostCheck(known, w)
	if err != nil {
		return nil, err
	}
	k, err := findKeys(ctx, w)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	wake := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) })
	defer wake()
	c, channels, requests, err := ssh.NewClientConn(deadlined{raw}, net.JoinHostPort(w.Host, w.Port), &ssh.ClientConfig{
		User:              w.User,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(k.signers...)},
		HostKeyCallback:   check.callback,
		HostKeyAlgorithms: check.algorithms(),
		ClientVersion:     "SSH-2.0-Belvedere",
	})
	if err != nil {
		return nil, loginError(err, check, k)
	}
	if !wake() {
		c.Close()
		return nil, ctx.Err()
	}
	raw.SetDeadline(time.Time{})
	l := &Line{client: ssh.NewClient(c, channels, requests), path: w.Path, print: check.shown, server: strings.TrimPrefix(string(c.ServerVersion()), "SSH-2.0-"), gone: make(chan struct{})}
	go func() {
		defer close(l.gone)
		_ = l.client.Wait() // why does not matter: whoever uses it hears of it
	}()
	go l.watch()
	return l, nil
}

// loginError explains a handshake that failed.
func loginError(err error, check *hostCheck, k *keys) error {
	var e *Error
	var none *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &none) && len(check.algorithms()) > 0:
		return &Error{Reason: ReasonChanged, File: check.files[0], Text: "the server has no key of the kind that is known", Err: err}
	case check.shown != "" && !isTimeout(err):
		return &Error{Reason: ReasonLogin, Fingerprint: check.shown, Tried: strings.Join(k.tried, ", "), Err: err}
	}
	return &Error{Reason: ReasonNotSSH, Err: err}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

// watch asks the server now and then whether it is there, and ends the line
// when it is not.
func (l *Line) watch() {
	t := time.NewTicker(aliveEvery)
	defer t.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-t.C:
		}
		late := time.AfterFunc(aliveAnswer, l.Close)
		_, _, err := l.client.SendRequest("keepalive@openssh.com", true, nil)
		late.Stop()
		if err != nil {
			l.Close()
		}
	}
}

// Close ends the line and all that runs over it. It may be called more than
// once.
func (l *Line) Close() { l.client.Close() }

// Gone is closed when the line has ended.
func (l *Line) Gone() <-chan struct{} { return l.gone }

// Fingerprint returns the SHA256:… of the server's host key.
func (l *Line) Fingerprint() string { return l.print }

// Server returns what the server calls itself, for example OpenSSH_9.2p1.
func (l *Line) Server() string { return l.server }

// Commanded reports whether the last channel was opened by a command there and
// not by the SSH server itself.
func (l *Line) Commanded() bool { return mode(l.mode.Load()) == byCommand }
