package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"belvedere/internal/config"
)

// An Error is a start that failed, with what to do about it.
type Error struct {
	Msg, Hint string
	Err       error // may be nil
}

func (e *Error) Error() string { return e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HintText returns what to do about it.
func (e *Error) HintText() string { return e.Hint }

// listen binds all addresses before anything else happens, so that a port in
// use changes nothing.
func (a *App) listen() error {
	cfg := a.opt.Config
	if cfg.TLS.Cert != "" {
		cert, err := readCertificate(cfg.TLS)
		if err != nil {
			return err
		}
		a.tls = &certificate{}
		a.tls.present.Store(cert)
	}
	for _, addr := range cfg.Listen {
		network, address, bad := config.SplitListen(addr)
		if bad != nil {
			return bad
		}
		l, err := bind(network, address)
		if err != nil {
			return err
		}
		if a.tls != nil {
			l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.tls.get, NextProtos: []string{"h2", "http/1.1"}})
		}
		a.listeners = append(a.listeners, l)
		a.closer(l)
	}
	for _, conf := range cfg.Livestatus {
		l, err := listenLivestatus(conf, cfg.TLS)
		if err != nil {
			return err
		}
		a.ls = append(a.ls, l)
		a.closer(l)
	}
	if cfg.Agents.Listen != "" {
		l, err := bind("tcp", cfg.Agents.Listen)
		if err != nil {
			return err
		}
		a.agentDoor = l
		a.closer(l)
	}
	return nil
}

// bind listens, and says what to do when it cannot. A socket file nobody
// listens on any more is replaced; nothing else is.
func bind(network, addr string) (net.Listener, error) {
	if network == "unix" {
		if err := removeStale(addr); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen(network, addr)
	switch {
	case err == nil:
		if network == "unix" {
			if err := os.Chmod(addr, 0o660); err != nil {
				_ = l.Close()
				return nil, &Error{Msg: fmt.Sprintf("cannot set the mode of %s: %v", addr, err), Err: err}
			}
		}
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &Error{Msg: fmt.Sprintf("cannot listen on %s: the address is in use", addr), Hint: "another program, perhaps another Belvedere, listens there: stop it or choose another address with --listen", Err: err}
	case errors.Is(err, syscall.EACCES):
		return nil, &Error{Msg: fmt.Sprintf("cannot listen on %s: permission denied", addr), Hint: "ports below 1024 need a privilege, sockets a writable folder: choose another address, or put a proxy in front", Err: err}
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, &Error{Msg: fmt.Sprintf("cannot listen on %s: this machine has no such address", addr), Hint: "use 127.0.0.1:8080, or an address that `ip address` shows", Err: err}
	}
	return nil, &Error{Msg: fmt.Sprintf("cannot listen on %s: %v", addr, err), Hint: "use host:port or the path of a socket", Err: err}
}

func removeStale(path string) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return nil // not there; net.Listen says what else is wrong
	}
	if fi.Mode()&os.ModeSocket == 0 {
		return &Error{Msg: fmt.Sprintf("cannot listen on %s: there is a file that is no socket", path), Hint: "choose another path, or move the file away"}
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return &Error{Msg: fmt.Sprintf("cannot listen on %s: another program listens there", path), Hint: "stop it or choose another path"}
	}
	if err := os.Remove(path); err != nil {
		return &Error{Msg: fmt.Sprintf("cannot replace the stale socket %s: %v", path, err), Err: err}
	}
	return nil
}

// certificate is the web address's certificate; it can be read again while
// connections are served.
type certificate struct {
	present atomic.Pointer[tls.Certificate]
}

func readCertificate(files config.TLS) (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return nil, &Error{Msg: fmt.Sprintf("cannot use the certificate %s with the key %s: %v", files.Cert, files.Key, err), Hint: "both are PEM files, belong together and are readable by this user", Err: err}
	}
	return &cert, nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.present.Load(), nil
}

// URLs returns the addresses people can open.
func (a *App) URLs() []string {
	scheme := "http"
	if a.tls != nil {
		scheme = "https"
	}
	var out []string
	if p := a.opt.Config.PublicURL; p != "" {
		out = append(out, strings.TrimSuffix(p, "/"))
	}
	for _, l := range a.listeners {
		if l.Addr().Network() == "unix" {
			out = append(out, "unix://"+l.Addr().String())
			continue
		}
		out = append(out, scheme+"://"+l.Addr().String())
	}
	return out
}

func (a *App) serveWeb(group *sync.WaitGroup, failed chan<- error) []*http.Server {
	var servers []*http.Server
	for _, l := range a.listeners {
		s := &http.Server{
			Handler:           a.web.Handler(),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       2 * time.Minute,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug), // clients that break off
		}
		servers = append(servers, s)
		group.Go(func() {
			if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("app: web on %s: %w", l.Addr(), err)
			}
		})
	}
	return servers
}

// needsRestart reports whether something differs that is read at start only.
func needsRestart(a, b config.Config) bool {
	strip := func(c config.Config) config.Config {
		c.Sites, c.Users, c.TLS, c.AuditKeep = nil, nil, config.TLS{}, 0
		return c
	}
	return !reflect.DeepEqual(strip(a), strip(b)) || (a.TLS.Cert == "") != (b.TLS.Cert == "")
}
