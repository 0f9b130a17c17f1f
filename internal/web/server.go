package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/words"
)

const (
	// CookieName is the name of the cookie that holds a session's token.
	CookieName = "belvedere_session"

	defaultBody    = 1 << 20          // bytes of a request body
	requestTimeout = 30 * time.Second // for everything but streams
)

// Engine makes Queriers bound to a viewer. *query.Engine is one.
type Engine interface {
	For(v access.Viewer) lql.Querier
	// Pin returns a function that makes contexts under which all queries see the
	// fleet as it was when Pin was called.
	Pin() func(context.Context) context.Context
}

// Auth says who asks. *auth.Service is one.
type Auth interface {
	SignIn(ctx context.Context, username, password string, m auth.Meta) (token string, p auth.Person, err error)
	Tries(username string, m auth.Meta) (failed, free int)
	Session(ctx context.Context, token string, m auth.Meta) (auth.Person, error)
	SignOut(ctx context.Context, token string, m auth.Meta) error
	Basic(ctx context.Context, username, password string, m auth.Meta) (auth.Person, error)
	NeedsSetup(ctx context.Context) bool
	Screen(ctx context.Context, secret string) (db.Screen, auth.Person, error)
	CompleteSetup(ctx context.Context, code, username, password string, m auth.Meta) (token string, p auth.Person, err error)
}

// Options are what a Server needs.
type Options struct {
	Auth     Auth
	Engine   Engine
	Hub      *live.Hub
	Prefs    PrefStore // may be nil: nothing is kept
	Views    ViewStore // may be nil: no saved views
	Features []Feature

	// Readers, when not nil, is told how many event streams are open whenever that
	// changes. It must not block.
	Readers func(open int)

	PublicURL      string         // "https://monitoring.example.org/belvedere"; "" when reached directly
	EmbedParents   []string       // sources of CSP that may show pages inside theirs; none: nobody
	LinkSchemes    []string       // schemes of links of cores that are offered besides http, https and mailto
	TrustedProxies []netip.Prefix // networks whose X-Forwarded-* headers count
	Log            *slog.Logger   // nil: silent
	Version        string
	Start          string // path of the first page; "": /problems

	Setup   SetupHooks
	Metrics http.Handler // nil: no /metrics
	// MetricsToken lets whoever sends it as a Bearer token read /metrics; ""
	// means loopback only, and nobody where PublicURL or TrustedProxies is set.
	MetricsToken string
	// Token returns the person in whose name a program may read, by the secret that
	// it sends; the error is [auth.ErrNoSession] when it is not known. nil: nobody
	// has one.
	Token func(ctx context.Context, token string) (auth.Person, error)
	// MayAct says why people of a role who see what a viewer sees may not act at
	// a site, "" when they may. nil: pages offer no actions.
	MayAct func(ctx context.Context, role access.Role, v access.Viewer, site string) string
	// Ready says why the server cannot answer yet; nil: it can.
	Ready func(ctx context.Context) error
}

// SetupHooks are what the first-run page offers after the account.
type SetupHooks struct {
	AddSite   string                          // path of the wizard that adds a site, "" none
	StartDemo func(ctx context.Context) error // starts invented sites; nil: not offered
}

// A Server answers HTTP. Make it with [New]. Safe for concurrent use.
type Server struct {
	opt      Options
	log      *slog.Logger
	public   publicURL
	assets   *assets
	words    *words.Catalogue
	menu     []MenuItem
	palette  []PaletteItem
	counts   map[string]ViewCount
	counters *counters
	streams  *streams
	pulse    *pulse
	drawings *drawings
	shelf    *ui.Shelf
	secret   string         // for names of drawings
	screens  *http.ServeMux // pages that screens can show
	zip      func(http.Handler) http.HandlerFunc
	handler  http.Handler
	started  time.Time
}

// New returns a server for o. It listens on nothing: see [Server.Handler].
// Errors: a public URL that is none, a route or menu entry given twice.
func New(o Options) (*Server, error) {
	if o.Auth == nil || o.Engine == nil || o.Hub == nil {
		return nil, errors.New("web: new: Auth, Engine and Hub are needed")
	}
	s := &Server{opt: o, log: o.Log, started: time.Now()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.opt.Start == "" {
		s.opt.Start = "/problems"
	}
	var err error
	if s.public, err = parsePublic(o.PublicURL); err != nil {
		return nil, err
	}
	if s.words, err = words.Load(); err != nil {
		return nil, err
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	s.menu = menuOf(o.Features)
	s.palette = paletteOf(o.Features, s.menu)
	s.counts = countsOf(o.Features)
	s.counters = newCounters(s.opt.Engine, s.menu, s.log)
	s.streams = newStreams()
	s.pulse = newPulse(s)
	s.shelf, s.secret = ui.NewShelf(), newSecret()
	if s.drawings, err = newDrawings(); err != nil {
		return nil, err
	}
	if s.handler, err = s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler returns the whole server as one handler.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends all streams, so that a graceful stop need not wait for them. The
// handler answers other requests as before.
func (s *Server) Close() { s.streams.close() }

// build makes the handler of everything: mux and middleware.
func (s *Server) build() (h http.Handler, err error) {
	defer func() {
		if p := recover(); p != nil { // ServeMux panics on a pattern given twice
			err = fmt.Errorf("web: routes: %v", p)
		}
	}()
	if s.zip, err = gzhttp.NewWrapper(gzhttp.MinSize(600), gzhttp.EnableZstd(true)); err != nil {
		return nil, fmt.Errorf("web: compression: %w", err)
	}
	s.screens = s.screenRoutes()
	mux := http.NewServeMux()
	for _, rt := range s.ownRoutes() {
		mux.Handle(rt.Pattern, s.route(rt))
	}
	for _, f := range s.opt.Features {
		for _, rt := range f.Routes {
			mux.Handle(rt.Pattern, s.route(rt))
		}
	}
	mux.Handle("/", s.route(Route{Right: SignedIn, Handler: s.nowhere}))
	guard := http.NewCrossOriginProtection()
	if s.public.origin != "" {
		if err := guard.AddTrustedOrigin(s.public.origin); err != nil {
			return nil, fmt.Errorf("web: public_url: %w", err)
		}
	}
	return s.outer(s.guarded(guard, mux)), nil
}

// nowhere serves the addresses of no room.
func (s *Server) nowhere(w http.ResponseWriter, r *http.Request) error {
	for _, f := range s.opt.Features {
		if f.Elsewhere == nil || r.Method != http.MethodGet {
			continue
		}
		if to := f.Elsewhere(r.URL.Path); to != "" {
			return Redirect(w, r, (&url.URL{Path: to, RawQuery: r.URL.RawQuery}).String(), "")
		}
	}
	if to := strings.TrimRight(r.URL.EscapedPath(), "/"); to != r.URL.EscapedPath() && safePath(to) && r.Method == http.MethodGet {
		return Redirect(w, r, (&url.URL{RawPath: to, Path: strings.TrimRight(r.URL.Path, "/"), RawQuery: r.URL.RawQuery}).String(), "")
	}
	return NotFound("There is no such page", "Use the menu or search")
}

// ownRoutes are the pages and addresses of the shell itself.
func (s *Server) ownRoutes() []Route {
	return []Route{
		{Pattern: "GET /{$}", Right: SignedIn, Handler: s.start},
		{Pattern: "GET /login", Right: Public, Handler: s.loginPage},
		{Pattern: "POST /login", Right: Public, Handler: s.login, MaxBody: 16 << 10},
		{Pattern: "POST /logout", Right: Public, Handler: s.logout},
		{Pattern: "GET /setup", Right: Public, Handler: s.setupPage},
		{Pattern: "POST /setup", Right: Public, Handler: s.setup, MaxBody: 16 << 10},
		{Pattern: "POST /setup/demo", Right: Admin, Handler: s.setupDemo},
		{Pattern: "GET /live", Right: SignedIn, Handler: s.live, Stream: true},
		{Pattern: "GET /screen", Right: SignedIn, Handler: s.screenOwn, through: true},
		{Pattern: "GET /screen/{secret}", Right: SignedIn, Handler: s.screenPage, through: true},
		{Pattern: "GET /screen/{secret}/live", Right: SignedIn, Handler: s.live, Stream: true},
		{Pattern: "GET /shell", Right: SignedIn, Handler: s.shellBlock},
		{Pattern: "GET /shell/pinned", Right: SignedIn, Handler: s.pinnedBlock},
		{Pattern: "POST /chooser", Right: SignedIn, Handler: s.choose, MaxBody: 256 << 10},
		{Pattern: "POST /preferences", Right: Public, Handler: s.setPreference, MaxBody: 64 << 10},
		{Pattern: "GET /assets/{hash}/{name}", Right: Public, Handler: s.assets.serve},
		{Pattern: "GET /sw.js", Right: Public, Handler: s.serviceWorker},
		{Pattern: "GET /offline", Right: Public, Handler: s.offline},
		{Pattern: "GET /favicon.ico", Right: Public, Handler: s.favicon},
		{Pattern: "GET /healthz", Right: Public, Handler: s.healthz},
		{Pattern: "GET /readyz", Right: Public, Handler: s.readyz},
		{Pattern: "GET /metrics", Right: Public, Handler: s.metrics},
	}
}

// start sends the person to their first page.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	return Redirect(w, r, s.startOf(r), "")
}
