package livestatus

import (
	"context"
	"log/slog"
	"net"
	"time"

	"belvedere/internal/lql"
)

// ServerOptions configure a [Server]. Limits that are 0 have the defaults
// written beside them.
type ServerOptions struct {
	Querier      lql.Querier   // required
	Waiter       lql.Waiter    // nil: Wait headers are ignored
	Sender       lql.Sender    // nil: COMMAND is refused
	MaxConns     int           // connections at once, 100
	MaxRequest   int           // bytes of one request, 1 MiB
	IdleTimeout  time.Duration // between requests, 5 min
	WriteTimeout time.Duration // for each piece of an answer, 30 s
	QueryTimeout time.Duration // for answering one request, 1 min
	Log          *slog.Logger  // nil: silent
}

// A Server answers Livestatus requests.
type Server struct{ o ServerOptions }

// NewServer returns a server that does not listen yet.
func NewServer(o ServerOptions) *Server { return &Server{o: o} }

// Serve answers on l until ctx ends, then closes l and all connections and
// waits for them. It returns nil when ctx ended, else why accepting failed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error { return nil }

// Listen opens a listener for network "unix" or "tcp". A unix socket gets
// mode 0660, and a stale one of the same name is replaced.
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return nil, nil
}
