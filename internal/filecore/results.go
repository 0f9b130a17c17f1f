package filecore

import (
	"bufio"
	"context"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// resultsHeld bounds the results of checks that wait to be taken; more are
// dropped, as the status file tells them, too.
const resultsHeld = 10_000

// A result is what the query handler tells of a check.
type result struct {
	at   int64
	line string
}

// channels are what is subscribed to. The core hangs up on a connection that
// subscribes twice.
var channels = []string{"hostchecks", "servicechecks"}

const (
	// subscribePause is the time between two attempts to reach the query
	// handler.
	subscribePause   = 5 * time.Second
	subscribeTimeout = 5 * time.Second
	resultMost       = 64 << 10 // bytes of a line
)

// listen has the query handler tell the results of checks, as long as the
// configuration names the same one.
func (c *Core) listen(ctx context.Context) {
	if c.listening == c.config.Query {
		return
	}
	c.listening = c.config.Query
	if c.hush != nil {
		c.hush()
		c.hush = nil
	}
	if c.listening == "" {
		return
	}
	ctx, c.hush = context.WithCancel(ctx)
	for _, channel := range channels {
		path := c.listening
		c.group.Go(func() { c.subscribe(ctx, path, channel) })
	}
}

// subscribe listens to a channel until ctx ends.
func (c *Core) subscribe(ctx context.Context, path, channel string) {
	last := ""
	for ctx.Err() == nil {
		err := c.hear(ctx, path, channel)
		if text := err.Error(); ctx.Err() == nil && text != last {
			c.o.Log.Info("the query handler does not tell results of checks", "socket", path, "reason", reason(err))
			last = text
		}
		select {
		case <-ctx.Done():
		case <-time.After(subscribePause):
		}
	}
}

// hear listens to a channel until the core hangs up.
func (c *Core) hear(ctx context.Context, path, channel string) error {
	dctx, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(dctx, "unix", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetWriteDeadline(time.Now().Add(subscribeTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("@nerd subscribe " + channel + "\x00")); err != nil {
		return err
	}
	in := bufio.NewScanner(conn)
	in.Buffer(nil, resultMost)
	for in.Scan() {
		select {
		case c.results <- result{c.o.Now().Unix(), in.Text()}:
		default: // the status file tells
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return errors.New("it hung up")
}

// checked is the middle of what the query handler says of a check.
var checked = regexp.MustCompile(` from (-?\d{1,3}) -> (\d{1,3}): `)

// told makes an event of the result of a check, nil if it is none. Names may
// hold what looks like the middle of the line: the first that is known counts.
func (c *Core) told(r result) *event {
	line := strings.ToValidUTF8(strings.Trim(r.line, "\x00\r"), "\uFFFD")
	for from := 0; ; {
		m := checked.FindStringSubmatchIndex(line[from:])
		if m == nil {
			return nil
		}
		host, service, _ := strings.Cut(line[:from+m[0]], ";")
		if e := c.on(r.at, host, service); e != nil {
			state, err := strconv.ParseInt(line[from+m[4]:from+m[5]], 10, 64)
			if err != nil || int(state) >= len(timeOf[e.table()]) {
				return nil
			}
			e.check(state, -1, line[from+m[1]:])
			return e
		}
		from += m[0] + 1
	}
}
