package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/config"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
)

// LivestatusAddresses returns where Livestatus is answered, as addresses that
// a site or a query accepts.
func (a *App) LivestatusAddresses() []string {
	var out []string
	for i, l := range a.ls {
		out = append(out, addressOn(a.config.Load().Livestatus[i], l))
	}
	return out
}

func addressOn(c config.Livestatus, l net.Listener) string {
	scheme := l.Addr().Network()
	if c.Secure {
		scheme = "tls"
	}
	return scheme + "://" + l.Addr().String()
}

// listenLivestatus binds one listener.
func listenLivestatus(c config.Livestatus, web config.TLS) (net.Listener, error) {
	l, err := bind(c.Network, c.Address)
	if err != nil {
		return nil, err
	}
	if l, err = guard(l, c, web); err != nil {
		_ = l.Close()
		return nil, err
	}
	return l, nil
}

// guard adds to a listener what keeps others out. It returns l itself with an
// error.
func guard(l net.Listener, c config.Livestatus, web config.TLS) (net.Listener, error) {
	if c.Group != "" {
		if err := giveToGroup(c.Address, c.Group); err != nil {
			return l, err
		}
	}
	out := l
	if len(c.Allow) > 0 {
		out = allowed{l, c.Allow}
	}
	if !c.Secure {
		return out, nil
	}
	files := c.TLS
	if files.Cert == "" {
		files = web
	}
	cert, err := readCertificate(files)
	if err != nil {
		return l, err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*cert}}
	if c.ClientCA != "" {
		pem, err := os.ReadFile(c.ClientCA)
		conf.ClientCAs, conf.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if err != nil || !conf.ClientCAs.AppendCertsFromPEM(pem) {
			return l, &Error{Msg: fmt.Sprintf("cannot use the authorities in %s", c.ClientCA), Hint: "client_ca is a PEM file with certificates, readable by this user", Err: err}
		}
	}
	return tls.NewListener(out, conf), nil
}

// giveToGroup has a socket file belong to a group.
func giveToGroup(path, name string) error {
	g, err := user.LookupGroup(name)
	if err != nil {
		return &Error{Msg: fmt.Sprintf("there is no group %q for %s", name, path), Hint: "create it, or name another in group:", Err: err}
	}
	id, err := strconv.Atoi(g.Gid)
	if err == nil {
		err = os.Chown(path, -1, id)
	}
	if err != nil {
		return &Error{Msg: fmt.Sprintf("cannot give %s to the group %s: %v", path, name, err), Hint: "the user that runs belvedere must be a member of it", Err: err}
	}
	return nil
}

// allowed is a listener that ends connections from other networks at once.
// Loopback is always let in.
type allowed struct {
	net.Listener
	networks []netip.Prefix
}

// Accept returns the next connection from an allowed network.
func (a allowed) Accept() (net.Conn, error) {
	for {
		c, err := a.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if a.lets(c.RemoteAddr()) {
			return c, nil
		}
		_ = c.Close()
	}
}

func (a allowed) lets(peer net.Addr) bool {
	from, err := netip.ParseAddrPort(peer.String())
	if err != nil {
		return false
	}
	ip := from.Addr().Unmap().WithZone("")
	return ip.IsLoopback() || slices.ContainsFunc(a.networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// serveLivestatus answers requests over all sites. Whoever reaches a listener
// sees all and may give no command, or is the person that it names or that
// their certificate names.
func (a *App) serveLivestatus(ctx context.Context, group *sync.WaitGroup, failed chan<- error) {
	cfg := a.config.Load()
	for i, l := range a.ls {
		c := cfg.Livestatus[i]
		a.lookAtSpeaker(ctx, c)
		server := livestatus.NewServer(livestatus.ServerOptions{
			Open: a.opener(c), AuthUser: c.RequireAuthUser, Unknown: unknownColumns[c.UnknownColumns], CommandErrors: c.CommandErrors, MaxConns: c.Connections,
			HoldBytes: int(cfg.MemoryLimit / 10 / int64(len(a.ls))), Log: a.log,
		})
		a.log.Info("answering Livestatus", "address", addressOn(c, l), "as", c.As, "commands", c.Commands)
		group.Go(func() {
			if err := server.Serve(ctx, l); err != nil && ctx.Err() == nil {
				failed <- fmt.Errorf("app: livestatus on %s: %w", l.Addr(), err)
			}
		})
	}
}

var unknownColumns = map[string]lql.Unknown{"empty": lql.UnknownEmpty, "null": lql.UnknownNull}

// lookAtSpeaker warns of what a listener names and there is not.
func (a *App) lookAtSpeaker(ctx context.Context, c config.Livestatus) {
	names := []string{c.As}
	for _, t := range c.Tokens {
		names = append(names, t.As)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := (&speaker{app: a, name: name}).person(ctx); err != nil {
			a.log.Warn("a Livestatus listener speaks for somebody who may not sign in: it answers nothing until they may", "listen", c.Listen, "as", name)
		}
	}
	if have := len(a.siteKeys(c.Sites)); have < len(c.Sites) {
		a.log.Warn("a Livestatus listener names sites that are not there", "listen", c.Listen, "named", len(c.Sites), "there", have)
	}
}

// opener returns what says what the clients of a listener may do.
func (a *App) opener(c config.Livestatus) func(context.Context, net.Conn) (livestatus.Session, error) {
	return func(ctx context.Context, conn net.Conn) (livestatus.Session, error) {
		p := &speaker{app: a, name: c.As, sites: c.Sites}
		if len(c.Tokens) > 0 {
			known := func(hash string) bool {
				i := slices.IndexFunc(c.Tokens, func(t config.LivestatusToken) bool { return t.Hash == hash })
				if i >= 0 {
					p.name = cmp.Or(c.Tokens[i].As, c.As)
				}
				return i >= 0
			}
			if err := livestatus.Token(ctx, conn, known); err != nil {
				return livestatus.Session{}, err
			}
		}
		if c.As == "" && c.ClientCA != "" {
			name, err := subjectOf(conn)
			if err != nil {
				return livestatus.Session{}, err
			}
			p.name = name
			if _, err := p.person(ctx); err != nil {
				return livestatus.Session{}, err
			}
		}
		if p.name == "" && len(p.sites) == 0 {
			all := a.engine.For(access.Viewer{All: true, CommandLines: true, Services: access.Loose})
			return livestatus.Session{Querier: all, Waiter: all.(lql.Waiter)}, nil
		}
		s := livestatus.Session{Querier: p, Waiter: p}
		if c.Commands && p.name != "" {
			s.Sender = givenBy{p, addressOf(conn.RemoteAddr())}
		}
		return s, nil
	}
}

// subjectOf returns the common name of a client's certificate.
func subjectOf(c net.Conn) (string, error) {
	t, ok := c.(*tls.Conn)
	if !ok {
		return "", errors.New("the connection is not encrypted")
	}
	certs := t.ConnectionState().PeerCertificates
	if len(certs) == 0 || certs[0].Subject.CommonName == "" {
		return "", errors.New("the client's certificate names nobody")
	}
	return certs[0].Subject.CommonName, nil
}

// siteKeys returns the keys of the sites with these names that there are, and of
// those behind them. What another server calls its sites counts for nothing.
func (a *App) siteKeys(names []string) []string {
	keys := make([]string, 0, len(names)) // never nil, which would be all sites
	for _, s := range a.fleet.View().Sites {
		name := cmp.Or(a.sites.manager.Via(s.Info.Key), s.Info.Name)
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			keys = append(keys, s.Info.Key)
		}
	}
	return keys
}

// A speaker answers in the name of a person. Their rights are read at every
// request, so that a change counts at once.
type speaker struct {
	app   *App
	name  string   // user name, "": sees everything
	sites []string // names of those that are shown, none: all
}

// person returns who it is; the error is a [*lql.QueryError] when they may not
// sign in.
func (p *speaker) person(ctx context.Context) (auth.Person, error) {
	who, err := p.app.auth.PersonByName(ctx, p.name)
	if errors.Is(err, auth.ErrNotFound) || err == nil && who.Disabled {
		return who, &lql.QueryError{Code: 403, Msg: "this connection speaks for " + p.name + ", who may not sign in"}
	}
	return who, err
}

// viewer returns what the speaker sees now.
func (p *speaker) viewer(ctx context.Context) (access.Viewer, auth.Person, error) {
	v, who := access.Viewer{All: true, CommandLines: true, Services: access.Loose}, auth.Person{}
	if p.name != "" {
		var err error
		if who, err = p.person(ctx); err != nil {
			return access.Viewer{}, who, err
		}
		v = who.Viewer()
	}
	if len(p.sites) > 0 {
		v.Sites = p.app.siteKeys(p.sites)
	}
	return v, who, nil
}

func (p *speaker) querier(ctx context.Context) (lql.Querier, error) {
	v, _, err := p.viewer(ctx)
	if err != nil {
		return nil, err
	}
	return p.app.engine.For(v), nil
}

// Query implements [lql.Querier].
func (p *speaker) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	to, err := p.querier(ctx)
	if err != nil {
		return nil, err
	}
	return to.Query(ctx, q)
}

// Stream implements [lql.Streamer].
func (p *speaker) Stream(ctx context.Context, q *lql.Query, e lql.Encoder) (*lql.Pieces, error) {
	to, err := p.querier(ctx)
	if err != nil {
		return nil, err
	}
	return to.(lql.Streamer).Stream(ctx, q, e)
}

// Wait implements [lql.Waiter].
func (p *speaker) Wait(ctx context.Context, q *lql.Query) error {
	to, err := p.querier(ctx)
	if err != nil {
		return err
	}
	return to.(lql.Waiter).Wait(ctx, q)
}

// givenBy hands the commands of one client to the desk.
type givenBy struct {
	speaker *speaker
	from    string
}

// Send implements [lql.Sender]. What the desk refuses is a [*lql.QueryError].
func (g givenBy) Send(ctx context.Context, c lql.Command) error {
	viewer, who, err := g.speaker.viewer(ctx)
	if err != nil {
		return err
	}
	err = g.speaker.app.desk.For(command.Actor{
		ID: who.ID, Name: who.Username, Role: who.Role, Viewer: viewer, IP: g.from, Via: "livestatus",
	}).Send(ctx, c)
	if p, ok := errors.AsType[*command.Problem](err); ok {
		return &lql.QueryError{Code: 400, Msg: p.Msg, Hint: p.Hint}
	}
	return err
}

// addressOf says for the audit where a client is: its address without the port,
// "socket" for a unix socket.
func addressOf(peer net.Addr) string {
	if host, _, err := net.SplitHostPort(peer.String()); err == nil {
		return host
	}
	return "socket"
}
