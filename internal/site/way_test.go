package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// A proxy is made after what LMD 2.8 does: several cores behind one address,
// chosen by the header Backends, with a table sites, a status row for each, and
// 502 for a core that is down.
type proxy struct {
	mu    sync.Mutex
	sites []proxied
	open  int // connections
	most  int
}

type proxied struct {
	key, name, section, addr string
	status                   int
	err                      string
}

// proxyOf starts a proxy and returns its address.
func proxyOf(t *testing.T, sites ...proxied) (*proxy, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{sites: sites}
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		l.Close()
		group.Wait()
	})
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { p.serve(ctx, c) })
		}
	})
	return p, "tcp://" + l.Addr().String()
}

// set changes the sites behind the proxy.
func (p *proxy) set(change func([]proxied) []proxied) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sites = change(slices.Clone(p.sites))
}

func (p *proxy) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += n
	p.most = max(p.most, p.open)
}

func (p *proxy) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	p.count(1)
	defer p.count(-1)
	r := lql.NewReader(c, lql.Limits{Line: 1 << 20, Request: 1 << 20})
	for {
		text, err := r.Next()
		if err != nil {
			return
		}
		req, err := lql.ParseRequest(text)
		if err != nil {
			fmt.Fprintf(c, "bad request: %v\n", err)
			return
		}
		var names []string
		if req.Query != nil {
			names = req.Query.Backends
		} else {
			names = req.Command.Backends
		}
		code, body := p.answer(ctx, text, req, p.chosen(names))
		if req.Query != nil {
			if _, err := c.Write(append(lql.AppendFixed16(nil, code, len(body)), body...)); err != nil || !req.Query.KeepAlive {
				return
			}
		}
	}
}

func (p *proxy) chosen(keys []string) []proxied {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []proxied
	for _, s := range p.sites {
		if len(keys) == 0 || slices.Contains(keys, s.key) {
			out = append(out, s)
		}
	}
	return out
}

// answer answers one request for the sites chosen.
func (p *proxy) answer(ctx context.Context, text string, req lql.Request, of []proxied) (int, []byte) {
	if q := req.Query; q != nil && q.Table == "sites" {
		columns := []string{"key", "name", "section", "status", "last_error", "last_update", "localtime"}
		var rows [][]any
		if len(q.Columns) == 0 {
			rows = append(rows, []any{"key", "name", "section", "status", "last_error", "last_update", "localtime"})
		} else {
			columns = q.Columns
		}
		now := float64(time.Now().UnixMilli()) / 1000
		for _, s := range of {
			all := map[string]any{"key": s.key, "name": s.name, "section": s.section, "status": s.status, "last_error": s.err, "last_update": now, "localtime": now}
			var row []any
			for _, name := range columns {
				row = append(row, all[name])
			}
			rows = append(rows, row)
		}
		return 200, encoded(rows)
	}
	up := slices.DeleteFunc(slices.Clone(of), func(s proxied) bool { return s.status == 2 })
	if len(up) == 0 && len(of) > 0 {
		return 502, []byte(of[0].err + "\n")
	}
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Backends:") {
			lines = append(lines, line)
		}
	}
	var rows [][]any
	for i, s := range up {
		body, err := forward(ctx, s.addr, strings.Join(lines, ""), req.Command != nil)
		if err != nil {
			return 502, []byte(err.Error() + "\n")
		}
		var more [][]any
		if err := json.Unmarshal(body, &more); err != nil {
			return 500, []byte(err.Error() + "\n")
		}
		if q := req.Query; q != nil && q.Table == "status" && len(q.Columns) == 0 {
			for j := range more {
				more[j] = append(more[j], map[bool]any{true: "peer_key", false: s.key}[j == 0])
			}
			if i > 0 {
				more = more[1:]
			}
		}
		if rows = append(rows, more...); req.Query != nil && req.Query.Table == "columns" {
			break
		}
	}
	return 200, encoded(rows)
}

func encoded(rows [][]any) []byte {
	if rows == nil {
		rows = [][]any{}
	}
	b, err := json.Marshal(rows)
	if err != nil {
		return []byte("[]\n")
	}
	return append(b, '\n')
}

// forward asks a core and returns the body of its answer, for a command none.
func forward(ctx context.Context, addr, text string, command bool) ([]byte, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(addr, "tcp://"))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	text = strings.Replace(text, "KeepAlive: on\n", "", 1)
	if _, err := io.WriteString(c, strings.TrimRight(text, "\n")+"\n\n"); err != nil {
		return nil, err
	}
	if command {
		return []byte("[]"), nil
	}
	b, err := io.ReadAll(c)
	if err != nil || len(b) < 16 {
		return nil, fmt.Errorf("short answer %q: %v", b, err)
	}
	return b[16:], nil
}

// TestProxy: each site behind an LMD is one here, with what LMD calls it; all
// share few connections; commands go to theirs; one that LMD says is down is
// down with its reason, keeps its data and comes back; sites that come and go
// there do so here.
func TestProxy(t *testing.T) {
	t.Parallel()
	cores := map[string]*testkit.Core{}
	var behind []proxied
	for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
		core, addr := kitCore(t, testkit.Options{Name: name, Hosts: 3 + i, ServicesPerHost: 2, Seed: uint64(i) + 50, Churn: -1})
		cores[name] = core
		behind = append(behind, proxied{key: name, name: "Site " + name, section: "x", addr: addr})
	}
	p, addr := proxyOf(t, behind[:5]...)
	m, fleet := fleetOf(t, site.Spec{Key: "lmd", Name: "LMD", Section: "far", Addresses: []string{addr}})
	for i, b := range behind[:5] {
		key := "lmd." + b.key
		until(t, soon, key+" fresh", inState(fleet, key, store.Fresh))
		v := view(fleet, key)
		if v.Info.Name != b.name || v.Info.Section != "far/x" || v.Snapshot.Rows("hosts") != 3+i {
			t.Errorf("%s: %+v with %d hosts", key, v.Info, v.Snapshot.Rows("hosts"))
		}
		sitetest.Report(t, kitDiff(cores[b.key], v.Snapshot))
	}
	if n := len(fleet.View().Sites); n != 5 {
		t.Errorf("%d sites are shown, not 5", n)
	}
	host := cores["b"].Rows("hosts")[0]["name"].(string)
	if err := m.Send(t.Context(), "lmd.b", lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{host, "1", "me", "through LMD"}}); err != nil {
		t.Fatal(err)
	}
	until(t, soon, "the comment", func() bool { return view(fleet, "lmd.b").Snapshot.Rows("comments") == len(cores["b"].Rows("comments")) })
	equalsTruth(t, cores["b"], fleet, "lmd.b")

	p.set(func(s []proxied) []proxied {
		s[0].status, s[0].err = 2, "dial tcp: no route"
		return append(s[:3:3], append(s[4:], behind[5])...)
	})
	until(t, soon, "down", func() bool { return view(fleet, "lmd.a").Health.Cause == "LMD tells why. dial tcp: no route" })
	if v := view(fleet, "lmd.a"); v.Health.State != store.Down || v.Snapshot.Rows("hosts") != 3 {
		t.Errorf("the site that is down: %v, %d hosts", v.Health.State, v.Snapshot.Rows("hosts"))
	}
	until(t, soon, "the new one", inState(fleet, "lmd.f", store.Fresh))
	until(t, soon, "the old one gone", func() bool { return view(fleet, "lmd.d").Info.Key == "" })
	p.set(func(s []proxied) []proxied { s[0].status, s[0].err = 0, ""; return s })
	until(t, soon, "up again", inState(fleet, "lmd.a", store.Fresh))

	p.mu.Lock()
	most := p.most
	p.mu.Unlock()
	if most > 8 {
		t.Errorf("%d connections to LMD at once", most)
	}
	m.Apply([]site.Spec{{Key: "lmd", Name: "LMD", Addresses: []string{addr}, Paused: true}})
	until(t, soon, "paused", inState(fleet, "lmd", store.Paused))
	if sites := fleet.View().Sites; len(sites) != 1 {
		t.Errorf("after pausing: %+v", sites)
	}
	m.Apply(nil)
	if sites := fleet.View().Sites; len(sites) != 0 {
		t.Errorf("after removing: %+v", sites)
	}
}

// TestProxyAllDown: where nothing behind it answers, the sites are known all
// the same.
func TestProxyAllDown(t *testing.T) {
	t.Parallel()
	_, addr := proxyOf(t, proxied{key: "a", name: "A", status: 2, err: "refused"}, proxied{key: "b/1", name: "A", status: 2, err: "no route"})
	_, fleet := fleetOf(t, site.Spec{Key: "lmd", Name: "LMD", Addresses: []string{addr}})
	until(t, soon, "both", func() bool {
		return view(fleet, "lmd.a").Health.Cause == "LMD tells why. refused" && len(fleet.View().Sites) == 2
	})
	for _, s := range fleet.View().Sites {
		if s.Health.State != store.Down || !strings.HasPrefix(s.Info.Name, "A (LMD) [") {
			t.Errorf("%+v: %v", s.Info, s.Health.State)
		}
	}
}

// TestDiagnoseProxy: the test of an address says what is behind it.
func TestDiagnoseProxy(t *testing.T) {
	t.Parallel()
	_, core := kitCore(t, testkit.Options{Hosts: 3, ServicesPerHost: 2, Churn: -1})
	_, addr := proxyOf(t, proxied{key: "a", name: "A", addr: core}, proxied{key: "b", name: "B", addr: core})
	m, _ := fleetOf(t)
	r := m.Test(t.Context(), site.Spec{Addresses: []string{addr}}, nil)
	for _, s := range r.Steps {
		if s.Name == "identify" && strings.Contains(s.Detail, "2 sites behind it") && s.State == livestatus.StepOK {
			return
		}
	}
	t.Errorf("%+v", r.Steps)
}
