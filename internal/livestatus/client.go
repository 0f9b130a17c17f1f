package livestatus

import (
	"context"
	"log/slog"
	"net"
	"time"

	"belvedere/internal/lql"
)

// Options configure a [Client]. Durations and sizes that are 0 have the
// defaults written beside them.
type Options struct {
	Address
	DialTimeout  time.Duration // connecting and TLS together, 10 s
	FirstByte    time.Duration // from the request to the first byte of its answer, 30 s
	ReadTimeout  time.Duration // between two bytes of an answer, 15 s
	WriteTimeout time.Duration // for the whole request, 10 s
	MinRate      int           // bytes a second below which an answer is given up after Grace, 4 KiB
	Grace        time.Duration // how long an answer may be slower than MinRate, 30 s
	MaxBytes     int           // of one answer, 4 GiB
	MaxRows      int           // of one answer, 5 million
	MaxRow       int           // bytes of one row, 64 MiB
	MaxValue     int           // bytes of one text as written in JSON, 1 MiB; longer ones are cut and counted
	Lane         *Lane         // shared by all clients of one core; nil: a lane of its own
	Log          *slog.Logger  // nil: silent
	Now          func() time.Time
	// Dial connects instead of a net.Dialer; for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Client asks one core. It keeps nothing about the core but its [Profile]
// and idle connections, and is safe for any number of goroutines. Close it
// when done.
type Client struct {
	o Options
}

// Stats says what one request cost.
type Stats struct {
	Rows      int // given to the sink
	Dropped   int // rows of the wrong width
	Truncated int // texts cut to MaxValue
	Total     int // total_count of wrapped_json; -1: not given
	BytesIn   int64
	BytesOut  int64
	Wait      time.Duration     // until the connection was ours
	FirstByte time.Duration     // from sending to the first byte
	Took      time.Duration     // from sending to the end
	Failed    map[string]string // failed sites of an LMD by key
}

// A Sink takes the rows of an answer as they come in. Begin is called once
// before the first row, also if there are none; columns is nil if the core did
// not name them. cells are valid during the call only. An error ends the
// request and is returned by Fetch.
type Sink interface {
	Begin(columns []string) error
	Row(cells []Cell) error
}

// NewClient returns a client. It does not connect.
func NewClient(o Options) *Client { return &Client{o: o} }

// Fetch sends q and gives the answer to s row by row.
func (c *Client) Fetch(ctx context.Context, q *lql.Query, s Sink) (Stats, error) {
	return Stats{}, nil
}

// Query returns the whole answer to q.
func (c *Client) Query(ctx context.Context, q *lql.Query) (*lql.Result, error) {
	return nil, nil
}

// Send sends an external command on a connection of its own, and reports what
// the core says against it. Most cores say nothing in any case.
func (c *Client) Send(ctx context.Context, cmd lql.Command) error { return nil }

// Identify asks the core what it is; from then on c follows its profile.
func (c *Client) Identify(ctx context.Context) (Core, error) { return Core{}, nil }

// Columns returns the columns of each table the core has.
func (c *Client) Columns(ctx context.Context, core Core) (map[string][]string, error) {
	return nil, nil
}

// Clock estimates how far the core's clock is ahead of ours. exact: within a
// second or two; else skew is 0 or a lower bound.
func (c *Client) Clock(ctx context.Context, core Core) (skew time.Duration, exact bool, err error) {
	return 0, false, nil
}

// Close ends idle connections and refuses further requests.
func (c *Client) Close() error { return nil }
