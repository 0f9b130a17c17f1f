package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mixed has clients of all kinds at the server, each with its habits.
func mixed(ctx context.Context, o options, s *server, t *tally) error {
	kinds := []func(*client) error{
		(*client).short, (*client).poller, (*client).short, (*client).waiter, (*client).short,
		(*client).tables, (*client).poller, (*client).rude, (*client).giver, (*client).short,
	}
	var group sync.WaitGroup
	for i := range o.clients {
		c := &client{ctx: ctx, o: o, s: s, t: t, rand: rand.New(rand.NewPCG(o.seed, uint64(i)))}
		group.Go(func() {
			for c.think() == nil {
				err := kinds[i%len(kinds)](c)
				if err != nil && ctx.Err() == nil {
					t.failed(c.request, err)
				}
			}
			c.hangUp()
		})
	}
	group.Wait()
	return nil
}

// A client is one of the crowd.
type client struct {
	ctx     context.Context
	o       options
	s       *server
	t       *tally
	rand    *rand.Rand
	request string // the present one
	deaf    bool   // it throws answers away

	conn net.Conn // kept between requests, nil: none
	in   *bufio.Reader
}

// think pauses as people and programs do.
func (c *client) think() error {
	return sleep(c.ctx, time.Duration(c.rand.ExpFloat64()*float64(c.o.think)))
}

func (c *client) host() string {
	return fmt.Sprintf("Filter: name ~ 0%d", 1+c.rand.IntN(9))
}

// once asks on a connection of its own, as most programs do.
func (c *client) once(request string) ([]byte, error) {
	c.request = request
	c.t.asked(request)
	b, err := ask("tcp", c.s.tcp, request)
	if err == nil {
		c.t.answered(len(b))
	}
	return b, err
}

// kept asks on the connection that is kept, in a frame.
func (c *client) kept(request string) ([]byte, error) {
	c.request = request
	c.t.asked(request)
	if c.conn == nil {
		conn, err := dial("tcp", c.s.tcp)
		if err != nil {
			return nil, err
		}
		c.conn, c.in = conn, newReader(conn)
	}
	b, err := c.framed(request)
	if err != nil {
		c.hangUp()
		return nil, err
	}
	c.t.answered(len(b))
	return b, nil
}

// newReader is for one of many clients: its buffer is small.
func newReader(conn net.Conn) *bufio.Reader { return bufio.NewReaderSize(conn, 4096) }

func (c *client) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn, c.in = nil, nil
	}
}

// framed sends a request and reads its answer with its header.
func (c *client) framed(request string) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c.conn, request+"KeepAlive: on\nResponseHeader: fixed16\n\n"); err != nil {
		return nil, err
	}
	head := make([]byte, 16)
	if _, err := io.ReadFull(c.in, head); err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(head[4:15])))
	if err != nil {
		return nil, err
	}
	if c.deaf {
		_, err := io.CopyN(io.Discard, c.in, int64(n))
		return head, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(c.in, b); err != nil {
		return nil, err
	}
	if string(head[:3]) != "200" {
		return nil, fmt.Errorf("%s: %s", head, b)
	}
	return b, nil
}

// short is a map or a plugin: some states, one connection each time.
func (c *client) short() error {
	b, err := c.once("GET hosts\nColumns: name state services_with_state\n" + c.host() + "\nOutputFormat: json\n\n")
	if err != nil {
		return err
	}
	var rows [][]any
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) == 0 {
		return fmt.Errorf("%d rows, %v", len(rows), err)
	}
	return nil
}

// poller is a dashboard: counts and the newest problems, connection kept.
func (c *client) poller() error {
	b, err := c.kept("GET services\nColumns: peer_name\nStats: state = 0\nStats: state = 1\nStats: state = 2\nStats: state = 3\nOutputFormat: json\n")
	if err != nil {
		return err
	}
	var rows [][]any
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) != c.o.sites {
		return fmt.Errorf("%d rows, %v", len(rows), err)
	}
	_, err = c.kept("GET services\nColumns: host_name description state plugin_output\nFilter: state > 0\nSort: last_state_change desc\nLimit: 50\nOutputFormat: wrapped_json\n")
	return err
}

// waiter waits for changes.
func (c *client) waiter() error {
	_, err := c.kept("GET status\nColumns: program_start\nWaitTrigger: check\nWaitTimeout: 15000\nOutputFormat: json\n")
	return err
}

// tables reads whole tables until the server closes, as Nagstamon does, but
// not so often.
func (c *client) tables() error {
	if c.rand.IntN(3) > 0 {
		return nil
	}
	table := []string{"hosts", "services"}[c.rand.IntN(2)]
	b, err := c.once("GET " + table + "\nOutputFormat: json\nColumnHeaders: on\nFilter: state != 0\n\n")
	if err != nil {
		return err
	}
	var rows [][]any
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) == 0 {
		return fmt.Errorf("%d rows, %v", len(rows), err)
	}
	return nil
}

// rude begins a request, or asks for much and does not read it, and leaves.
func (c *client) rude() error {
	c.t.left.Add(1)
	conn, err := dial("tcp", c.s.tcp)
	if err != nil {
		return err
	}
	defer conn.Close()
	requests := []string{"GET hos", "GET services\nColumns: description\nFilter", "GET services\nOutputFormat: json\n\n", "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "",
		"GET services\nWaitTrigger: state\nWaitObject: nosuch;thing\n\n"}
	_, _ = io.WriteString(conn, requests[c.rand.IntN(len(requests))])
	return sleep(c.ctx, time.Duration(c.rand.IntN(5000))*time.Millisecond)
}

// giver has a service checked now and then, else it looks at comments.
func (c *client) giver() error {
	if c.rand.IntN(4) > 0 {
		_, err := c.kept("GET comments\nColumns: id host_name author comment\nLimit: 20\nOutputFormat: json\n")
		return err
	}
	b, err := c.once("GET services\nColumns: host_name description\n" + strings.Replace(c.host(), "name", "host_name", 1) + "\nLimit: 1\nSeparators: 10 59 44 124\n\n")
	line, _, ok := strings.Cut(string(b), "\n")
	if err != nil || !ok {
		return err
	}
	c.request = fmt.Sprintf("COMMAND [%d] SCHEDULE_FORCED_SVC_CHECK;%s;%d\n\n", time.Now().Unix(), line, time.Now().Unix())
	c.t.asked(c.request)
	conn, err := dial("unix", c.s.unix)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, c.request); err != nil {
		return err
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return err
	}
	if b, err = io.ReadAll(conn); err == nil && len(b) > 0 {
		err = fmt.Errorf("the command was answered with %q", b)
	}
	c.t.answered(len(b))
	return err
}
