package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// As web/src/live.ts has them.
const (
	soon      = 30 * time.Millisecond
	paceLeast = 400 * time.Millisecond
	paceMost  = 5 * time.Second
	askAgain  = 20 * time.Second
)

// A client is one browser with one page.
type client struct {
	server *server
	path   string
	cookie string
	random *rand.Rand
	blocks map[string]block  // by name
	tags   map[string]string // by path and names asked for
	rev    string            // of the newest event
	drawn  map[string]string // marks that the newest event told, by name
	called map[string]called // by path and names asked for
	pace   time.Duration
	landed time.Time

	mu sync.Mutex
	tally
}

// called is the name and mark of an answer, and when it came.
type called struct {
	name, mark string
	at         time.Time
}

// A tally is what a client saw.
type tally struct {
	events, fetches, unchanged, errors int
	spared                             int // not asked, as an event said that it is the same
	bytes                              int64
	delays                             []time.Duration
}

// take returns the tally and begins a new one.
func (c *client) take() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally
	c.tally = tally{}
	return t
}

func (c *client) fault() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errors++
}

// A block is a part of the page that follows the world.
type block struct {
	tables []string
	path   string // it is asked for by itself; "": with the others of the page
}

var blockTag = regexp.MustCompile(`data-block="([^"]+)" data-tables="([^"]*)"(?: data-src="([^"]*)")?`)

// An event is what the stream carries.
type event struct {
	Boot  int64  `json:"boot"`
	Rev   uint64 `json:"rev"`
	Dirty struct {
		Tables []string `json:"tables"`
	} `json:"dirty"`
	Since  int64             `json:"since"`  // unix ms of the oldest change in it
	Spread int64             `json:"spread"` // ms over which readers spread what they ask
	Drawn  map[string]string `json:"drawn"`
}

// load reads the page and finds its blocks.
func (c *client) load(ctx context.Context) bool {
	page, err := c.server.text(ctx, c.path, c.cookie)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		c.fault()
		return false
	}
	c.blocks, c.tags, c.called = map[string]block{}, map[string]string{}, map[string]called{}
	for _, m := range blockTag.FindAllStringSubmatch(page, -1) {
		c.blocks[m[1]] = block{tables: strings.Fields(m[2]), path: html.UnescapeString(m[3])}
	}
	c.pace = paceLeast
	return true
}

// live opens the stream and follows it until ctx ends.
func (c *client) live(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.url+"/live", nil)
	if err != nil {
		c.fault()
		return
	}
	req.Header.Set("Cookie", c.cookie)
	req.Header.Set("Accept", "text/event-stream")
	stream := &http.Client{Transport: c.server.client.Transport}
	res, err := stream.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		c.fault()
		return
	}
	defer res.Body.Close()
	events := make(chan event, 64)
	go func() {
		defer close(events)
		read(res.Body, events)
	}()
	c.follow(ctx, events)
}

// read parses the stream.
func read(body io.Reader, out chan<- event) {
	in := bufio.NewScanner(body)
	change := false
	for in.Scan() {
		if name, ok := strings.CutPrefix(in.Text(), "event: "); ok {
			change = name == "change"
		}
		data, ok := strings.CutPrefix(in.Text(), "data: ")
		if !ok || !change {
			continue
		}
		var e event
		if json.Unmarshal([]byte(data), &e) == nil {
			out <- e
		}
	}
}

// follow fetches what events make dirty, one request at a time.
func (c *client) follow(ctx context.Context, events <-chan event) {
	dirty := map[string]bool{}
	var since int64
	var due <-chan time.Time
	for {
		select {
		case e, ok := <-events:
			if !ok {
				if ctx.Err() == nil {
					c.fault()
				}
				return
			}
			c.mu.Lock()
			c.events++
			c.mu.Unlock()
			c.rev = fmt.Sprintf("%d-%d", e.Boot, e.Rev)
			if len(e.Dirty.Tables) > 0 {
				c.drawn = e.Drawn
			}
			if !c.mark(dirty, e) {
				continue
			}
			if since == 0 || e.Since < since {
				since = e.Since
			}
			if due == nil {
				wait := soon
				if e.Spread > 0 {
					wait += time.Duration(c.random.Int64N(e.Spread)) * time.Millisecond
				}
				due = time.After(max(time.Until(c.landed.Add(c.pace)), wait))
			}
		case <-due:
			due = nil
			c.fetch(ctx, dirty, since)
			since = 0
		case <-ctx.Done():
			return
		}
	}
}

// mark notes the blocks that an event touches and reports whether there are
// any.
func (c *client) mark(dirty map[string]bool, e event) bool {
	for name, b := range c.blocks {
		for _, t := range e.Dirty.Tables {
			if slices.Contains(b.tables, t) && name != "-banner" {
				dirty[name] = true
			}
		}
	}
	return len(dirty) > 0
}

// fetch asks for the dirty blocks and forgets that they are: those with an
// address of their own one by one, then the others together.
func (c *client) fetch(ctx context.Context, dirty map[string]bool, since int64) {
	names := slices.Sorted(maps.Keys(dirty))
	clear(dirty)
	began := time.Now()
	var page []string
	before := c.asked()
	ok := true
	for _, name := range names {
		if path := c.blocks[name].path; path != "" {
			ok = c.ask(ctx, path, name) && ok
		} else {
			page = append(page, name)
		}
	}
	if len(page) > 0 {
		ok = c.ask(ctx, c.path, strings.Join(page, ",")) && ok
	}
	c.landed = time.Now()
	if c.asked() == before {
		since = 0 // nothing that it shows has changed
	}
	c.pace = min(max(2*c.landed.Sub(began), paceLeast), paceMost)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case !ok:
		c.errors++
	case since > 0:
		c.delays = append(c.delays, c.landed.Sub(time.UnixMilli(since)))
	}
}

// asked returns how often something was asked for.
func (c *client) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fetches
}

// ask asks for blocks at a path, unless an event said that they are the same.
func (c *client) ask(ctx context.Context, path, names string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.url+path, nil)
	if err != nil {
		return false
	}
	for k, v := range map[string]string{"Cookie": c.cookie, "X-Belvedere-Rev": c.rev, "X-Belvedere-Block": names, "Accept": "text/html", "Accept-Encoding": "gzip, deflate, br, zstd"} {
		req.Header.Set(k, v)
	}
	key := path + " " + names
	if tag := c.tags[key]; tag != "" {
		if was := c.called[key]; time.Since(was.at) < askAgain && was.mark != "" && c.drawn[was.name] == was.mark {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.spared++
			return true
		}
		req.Header.Set("If-None-Match", tag)
	}
	res, err := c.server.client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotModified {
		return false
	}
	c.tags[key] = res.Header.Get("ETag")
	name, mark, _ := strings.Cut(res.Header.Get("X-Belvedere-Drawn"), "-")
	c.called[key] = called{name, mark, time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetches++
	c.bytes += n
	if res.StatusCode == http.StatusNotModified {
		c.unchanged++
	}
	return true
}
