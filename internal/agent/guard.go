package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// A bucket lets through so many at once, and one more after each while. The
// zero bucket lets nothing through. Safe for concurrent use.
type bucket struct {
	most  int
	every time.Duration

	mu   sync.Mutex
	used float64
	at   time.Time
}

// take reports whether one more goes through now.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.at); passed > 0 {
		b.used = max(0, b.used-passed.Seconds()/b.every.Seconds())
		b.at = now
	}
	if b.used+1 > float64(b.most) {
		return false
	}
	b.used++
	return true
}

// What the other side of a line may do: each sign of life that it asks for and
// each conversation that it begins costs something here.
const (
	pingsAtOnce = 10
	pingEvery   = 2 * time.Second // a fifth of keepAlive
	talksAtOnce = 8               // an agent begins one an hour
	talkEvery   = 10 * time.Second
)

// errFlood is why a line was cut whose other side does not behave.
var errFlood = errors.New("it sent more signs of life, or began more conversations, than an agent does")

// A guard counts what the other side of a line begins, and ends reading when it
// is too much. It follows the frames of yamux: twelve bytes, of which the second
// says the kind, the third and fourth flags, the last four the length. For one
// reader.
type guard struct {
	net.Conn
	pings bucket
	talks *bucket // nil: any number

	head [12]byte
	have int    // of head
	body uint32 // still to come
}

// Kinds and flags of frames.
const (
	frameData = 0
	framePing = 2
	flagBegin = 1
)

// Read reads from the connection.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if !g.follow(p[:n]) {
		return 0, errFlood
	}
	return n, err
}

// follow goes through frames, and reports whether it may go on.
func (g *guard) follow(p []byte) bool {
	for len(p) > 0 {
		if skip := min(uint64(g.body), uint64(len(p))); skip > 0 {
			p, g.body = p[skip:], g.body-uint32(skip)
			continue
		}
		n := copy(g.head[g.have:], p)
		p, g.have = p[n:], g.have+n
		if g.have < len(g.head) {
			return true
		}
		g.have = 0
		kind, begins := g.head[1], binary.BigEndian.Uint16(g.head[2:])&flagBegin != 0
		if kind == frameData {
			g.body = binary.BigEndian.Uint32(g.head[8:])
		}
		switch {
		case !begins:
		case kind == framePing:
			if !g.pings.take(time.Now()) {
				return false
			}
		case g.talks != nil && !g.talks.take(time.Now()):
			return false
		}
	}
	return true
}

// A limiter keeps what others can cause from filling the log: so many lines a
// minute are told. The zero limiter can be used. Safe for concurrent use.
type limiter struct {
	mu    sync.Mutex
	since time.Time
	n     int
}

const toldAMinute = 30

// count counts a line and returns how many there were in this minute.
func (l *limiter) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.since) > time.Minute {
		l.since, l.n = now, 0
	}
	l.n++
	return l.n
}

// warn tells something that should be looked at.
func (l *limiter) warn(log *slog.Logger, msg string, args ...any) {
	l.log(log, slog.LevelWarn, msg, args...)
}

// log tells something, unless too much was told.
func (l *limiter) log(log *slog.Logger, level slog.Level, msg string, args ...any) {
	n := l.count()
	if n > toldAMinute {
		return
	}
	log.Log(context.Background(), level, msg, args...)
	if n == toldAMinute {
		log.Warn("more of this kind within this minute is not logged")
	}
}
