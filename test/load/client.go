package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
)

// A client is one browser with one page.
type client struct {
	server *server
	path   string
	cookie string
	random *rand.Rand
	blocks map[string][]string // name to tables
	tag    string
	rev    string // of the newest event
	pace   time.Duration
	landed time.Time

	mu sync.Mutex
	tally
}

// A tally is what a client saw.
type tally struct {
	events, fetches, unchanged, errors int
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

var blockTag = regexp.MustCompile(`data-block="([^"]+)" data-tables="([^"]*)"`)

// An event is what the stream carries.
type event struct {
	Boot  int64  `json:"boot"`
	Rev   uint64 `json:"rev"`
	Dirty struct {
		Tables []string `json:"tables"`
	} `json:"dirty"`
	Since  int64 `json:"since"`  // unix ms of the oldest change in it
	Spread int64 `json:"spread"` // ms over which readers spread what they ask
}

// load reads the page and finds its blocks.
func (c *client) load(ctx context.Context) bool {
	page, err := c.server.text(ctx, c.path, c.cookie)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		c.fault()
		return false
	}
	c.blocks = map[string][]string{}
	for _, m := range blockTag.FindAllStringSubmatch(page, -1) {
		c.blocks[m[1]] = strings.Fields(m[2])
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
	for name, tables := range c.blocks {
		for _, t := range e.Dirty.Tables {
			if slices.Contains(tables, t) && name != "-banner" {
				dirty[name] = true
			}
		}
	}
	return len(dirty) > 0
}

// fetch asks for the dirty blocks and forgets that they are.
func (c *client) fetch(ctx context.Context, dirty map[string]bool, since int64) {
	names := make([]string, 0, len(dirty))
	for name := range dirty {
		names = append(names, name)
	}
	clear(dirty)
	slices.Sort(names)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server.url+c.path, nil)
	if err != nil {
		c.fault()
		return
	}
	for k, v := range map[string]string{"Cookie": c.cookie, "X-Belvedere-Rev": c.rev, "X-Belvedere-Block": strings.Join(names, ","), "Accept": "text/html", "Accept-Encoding": "gzip, deflate, br, zstd"} {
		req.Header.Set(k, v)
	}
	if c.tag != "" {
		req.Header.Set("If-None-Match", c.tag)
	}
	began := time.Now()
	res, err := c.server.client.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			c.fault()
		}
		return
	}
	n, err := io.Copy(io.Discard, res.Body)
	res.Body.Close()
	c.landed = time.Now()
	c.pace = min(max(2*c.landed.Sub(began), paceLeast), paceMost)
	if err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotModified {
		c.fault()
		return
	}
	c.tag = res.Header.Get("ETag")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetches++
	c.bytes += n
	if res.StatusCode == http.StatusNotModified {
		c.unchanged++
	}
	if since > 0 {
		c.delays = append(c.delays, c.landed.Sub(time.UnixMilli(since)))
	}
}
