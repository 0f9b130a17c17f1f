package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"time"

	"modernc.org/sqlite"
)

// A pragma is a setting of a connection and the value it must have after we
// set it: SQLite ignores what it does not like.
type pragma struct {
	name string
	set  string // "" only asks
	want string
}

// busy_timeout bounds the wait for another process, in milliseconds. cell_size_check
// and trusted_schema make a damaged or foreign file harmless.
const (
	busyMillis = "10000"
	cacheKiB   = "-4096"
)

func commonPragmas() []pragma {
	return []pragma{
		{"busy_timeout", busyMillis, busyMillis},
		{"cell_size_check", "1", "1"},
		{"trusted_schema", "0", "0"},
		{"foreign_keys", "1", "1"},
		{"cache_size", cacheKiB, cacheKiB},
	}
}

// writerPragmas are checked on every connection that may write: with
// synchronous=FULL a commit returns after the log has been flushed to disk.
func writerPragmas() []pragma {
	return append(commonPragmas(),
		pragma{"journal_mode", "WAL", "wal"},
		pragma{"synchronous", "FULL", "2"},
		pragma{"fullfsync", "1", "1"},
		pragma{"journal_size_limit", "8388608", "8388608"},
	)
}

func readerPragmas() []pragma {
	return append(commonPragmas(), pragma{"query_only", "1", "1"})
}

// A connector makes connections to one file with settings that are proven.
type connector struct {
	dsn     string
	pragmas []pragma
	drv     *sqlite.Driver
}

func newConnector(file string, pragmas []pragma, params url.Values) *connector {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: params.Encode()}
	return &connector{dsn: u.String(), pragmas: pragmas, drv: &sqlite.Driver{}}
}

// Driver returns SQLite.
func (c *connector) Driver() driver.Driver { return c.drv }

// Connect opens a connection, sets it up and asks each setting back.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.drv.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	for _, p := range c.pragmas {
		if err := p.apply(ctx, conn); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

func (p pragma) apply(ctx context.Context, conn driver.Conn) error {
	if p.set != "" {
		if _, err := askText(ctx, conn, "PRAGMA "+p.name+" = "+p.set); err != nil {
			return err
		}
	}
	got, err := askText(ctx, conn, "PRAGMA "+p.name)
	if err != nil {
		return err
	}
	if got != p.want {
		return fmt.Errorf("setting %s is %q instead of %q", p.name, got, p.want)
	}
	return nil
}

// askText returns the first value that a statement answers, as text, "" if
// there is none.
func askText(ctx context.Context, conn driver.Conn, query string) (string, error) {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return "", fmt.Errorf("%T cannot be asked", conn)
	}
	rows, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	cells := make([]driver.Value, len(rows.Columns()))
	if len(cells) == 0 {
		return "", nil
	}
	if err := rows.Next(cells); err == io.EOF {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return fmt.Sprint(cells[0]), nil
}

func openWriter(file string) *sql.DB {
	w := sql.OpenDB(newConnector(file, writerPragmas(), url.Values{"_txlock": {"immediate"}, "mode": {"rw"}}))
	w.SetMaxOpenConns(1)
	w.SetMaxIdleConns(1)
	return w
}

func openReader(file string) *sql.DB {
	r := sql.OpenDB(newConnector(file, readerPragmas(), url.Values{"mode": {"rw"}}))
	r.SetMaxOpenConns(maxReaders)
	r.SetMaxIdleConns(maxReaders)
	r.SetConnMaxIdleTime(5 * time.Minute)
	return r
}

// openPlain opens file for one look or copy, without settings that would
// change it. mode is that of SQLite: "ro", "rw" or "rwc".
func openPlain(file, mode string) *sql.DB {
	c := sql.OpenDB(newConnector(file, commonPragmas(), url.Values{"mode": {mode}}))
	c.SetMaxOpenConns(1)
	return c
}
