package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/live"
	"belvedere/internal/lql"
)

// An Engine makes Queriers bound to a viewer. *query.Engine is one.
type Engine interface {
	For(v access.Viewer) lql.Querier
}

// Options are what a Server needs.
type Options struct {
	Auth     *auth.Service
	Engine   Engine
	Hub      *live.Hub
	Prefs    PrefStore // may be nil: nothing is kept
	Features []Feature

	PublicURL      string         // "https://monitoring.example.org/belvedere"; "" when reached directly
	TrustedProxies []netip.Prefix // networks whose X-Forwarded-* headers count
	Log            *slog.Logger
	Version        string

	Setup   SetupHooks
	Metrics http.Handler // nil: no /metrics
	// MetricsToken lets whoever sends it as a Bearer token read /metrics; ""
	// means loopback only.
	MetricsToken string
	// Ready says why the server cannot answer yet; nil: it can.
	Ready func(ctx context.Context) error
}

// SetupHooks are what the first-run page offers after the account.
type SetupHooks struct {
	AddSite   string                          // path of the wizard that adds a site, "" none
	StartDemo func(ctx context.Context) error // starts invented sites; nil: not offered
}

// A Server answers HTTP. Make it with [New].
type Server struct {
	opt Options
}

// New returns a server for o. It listens on nothing: see [Server.Handler].
func New(o Options) (*Server, error) {
	return &Server{opt: o}, nil
}

// Handler returns the whole server as one handler.
func (s *Server) Handler() http.Handler { return http.NotFoundHandler() }

// Close ends all streams, so that a graceful stop need not wait for them.
func (s *Server) Close() {}

func (s *Server) render(w http.ResponseWriter, r *http.Request, p Page) error { return nil }

func blocksOf(r *http.Request) []string { return nil }

func setSay(w http.ResponseWriter, r *http.Request, say string) {}
