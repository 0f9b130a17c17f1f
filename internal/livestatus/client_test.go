package livestatus

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

func TestIdentifyRecorded(t *testing.T) {
	for _, tt := range []struct {
		name    string
		impl    schema.Cores
		is      string // name and version
		hosts   int    // columns of table hosts, at least
		pid     int64
		oneLane bool
	}{
		{"naemon-1.5", schema.Naemon, "Naemon 1.5.2", 118, 13766, false},
		{"nagios4-mk1.5", schema.MK15, "Nagios 4.4.6", 116, 13827, false},
		{"icinga2-2.13", schema.Icinga2, "Icinga 2 2.13.6", 100, 13928, true},
		{"shinken-2.4", schema.Shinken, "Shinken 3.0.0-RC1", 90, 14150, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, recorded(t, tt.name))
			c := f.client(Options{})
			core, err := c.Identify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if is := core.Name + " " + core.Version; is != tt.is || core.Impl != tt.impl || core.PID != tt.pid || core.ProgramStart < 1795327000 || !core.Commands {
				t.Errorf("%s, want %s: %+v", is, tt.is, core)
			}
			if core.Profile.OneLane != tt.oneLane {
				t.Errorf("profile %+v", core.Profile)
			}
			for _, r := range f.seen() {
				if strings.Contains(r, "Columns:") || strings.Contains(r, "Filter:") {
					t.Errorf("request names columns: %q", r)
				}
			}
			columns, err := c.Columns(t.Context(), core)
			if err != nil {
				t.Fatal(err)
			}
			if len(columns["hosts"]) < tt.hosts || !slices.Contains(columns["services"], "host_name") || !slices.Contains(columns["status"], "program_start") {
				t.Errorf("columns: %d of hosts, services %v", len(columns["hosts"]), columns["services"])
			}
			if len(columns["comments"]) == 0 {
				t.Errorf("no columns of comments")
			}
		})
	}
}

func TestIdentifyVersions(t *testing.T) {
	for _, tt := range []struct {
		lv, pv string
		extra  string // a further column
		impl   schema.Cores
		is     string
	}{
		{"1.1.12p6", "3.2.3", "", schema.MK11, "Nagios 3.2.3"},
		{"1.2.0p3", "3.5.1", "", schema.MK12, "Nagios 3.5.1"},
		{"1.2.8p25", "1.14.2", "", schema.MK12, "Icinga 1 1.14.2"},
		{"1.5.0p23", "4.4.3", "", schema.MK15, "Nagios 4.4.3"},
		{"2.2.0p5", "4.4.6", "", schema.Checkmk, "Checkmk 2.2.0p5"},
		{"2.3.0p12.cme", "Check_MK 2.3.0p12", "edition", schema.Checkmk, "Checkmk 2.3.0p12"},
		{"1.0.6-naemon", "1.0.6-pkg", "", schema.Naemon, "Naemon 1.0.6"},
		{"r2.4.10-1", "r2.4.10-1", "", schema.Icinga2, "Icinga 2 2.4.10"},
		{"v2.11.3", "v2.11.3", "", schema.Icinga2, "Icinga 2 2.11.3"},
		{"2.14.0", "2.14.0-icinga2", "", schema.Icinga2, "Icinga 2 2.14.0"},
		{"2.8.3", "4.4.6", "lmd_last_cache_update", schema.LMD, "LMD 2.8.3"},
		{"", "", "", 0, "Livestatus "},
		{"something new", "5.0", "", 0, "Livestatus 5.0"},
	} {
		t.Run(tt.lv+" "+tt.pv, func(t *testing.T) {
			head := `"livestatus_version","program_version","program_start"`
			row := `"` + tt.lv + `","` + tt.pv + `",1795327335`
			if tt.extra != "" {
				head, row = head+`,"`+tt.extra+`"`, row+`,1`
			}
			f := newFake(t, func(string) (string, bool) { return framed(200, "[["+head+"],\n["+row+"]]\n"), false })
			core, err := f.client(Options{}).Identify(t.Context())
			if is := core.Name + " " + core.Version; err != nil || core.Impl != tt.impl || is != tt.is {
				t.Errorf("%s impl %d, want %s impl %d; %v", is, core.Impl, tt.is, tt.impl, err)
			}
		})
	}
}

func TestQueryRecorded(t *testing.T) {
	f := newFake(t, recorded(t, "naemon-1.5"))
	r, err := f.client(Options{}).Query(t.Context(), lql.Get("hosts"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Rows == 0 || r.Text(0, "name") != "backup01" || r.Column("contacts").Kind != lql.Objects || !r.Column("custom_variables").Dict {
		t.Errorf("rows %d name %q contacts %v", r.Rows, r.Text(0, "name"), r.Strings(0, "contacts"))
	}
	for _, v := range r.Vectors {
		if n := len(v.Ints) + len(v.Floats) + len(v.Texts) + len(v.Objects); n != r.Rows {
			t.Errorf("column %s has %d values for %d rows", v.Name, n, r.Rows)
		}
	}
}

func TestQueryLMD(t *testing.T) {
	f := newFake(t, func(string) (string, bool) {
		return framed(200, "{\"data\":\n[[\"a\"]]\n,\"failed\": {\"z\":\"down\",\"b\":\"refused\\nsecret\"}\n,\"columns\":[\"name\"]\n,\"rows_scanned\":3\n,\"total_count\":7}\n"), false
	})
	q := lql.Get("hosts", "name")
	q.Format = lql.WrappedJSON
	r, err := f.client(Options{}).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want := []lql.Part{{Key: "b", Err: "refused", Missing: true}, {Key: "z", Err: "down", Missing: true}}
	if diff := cmp.Diff(want, r.Parts); diff != "" || r.Total != 7 || r.Text(0, "name") != "a" {
		t.Errorf("total %d %s", r.Total, diff)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFake(t, func(string) (string, bool) { cancel(); return "200   ", true })
	_, err := f.client(Options{}).Query(ctx, lql.Get("hosts", "name"))
	if KindOf(err) != KindCanceled {
		t.Errorf("error %v", err)
	}
}

func TestKeptConnections(t *testing.T) {
	f := newFake(t, recorded(t, "naemon-1.5"))
	c := f.client(Options{})
	if _, err := c.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func() {
		t.Helper()
		if _, err := c.Query(t.Context(), lql.Get("contacts")); err != nil {
			t.Fatal(err)
		}
	}
	before := f.connections()
	for range 3 {
		ask()
	}
	if n := f.connections() - before; n != 1 {
		t.Errorf("%d connections for three requests", n)
	}
	before = f.connections()
	f.hangUp() // as in a reload of the core
	ask()
	if n := f.connections() - before; n != 1 {
		t.Errorf("%d connections after a reload", n)
	}
}

// TestRetriesOnce: a kept connection that dies while the request is under way
// costs one retry, a fresh one none.
func TestRetriesOnce(t *testing.T) {
	answer := recorded(t, "naemon-1.5")
	asked, dying := 0, 0
	f := newFake(t, func(r string) (string, bool) {
		if asked++; dying > 0 {
			dying--
			return "", false
		}
		return answer(r)
	})
	c := f.client(Options{})
	if _, err := c.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	contacts := func() error { _, err := c.Query(t.Context(), lql.Get("contacts")); return err }
	if err := contacts(); err != nil {
		t.Fatal(err)
	}
	asked, dying = 0, 1
	if err := contacts(); err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	asked, dying = 0, 2
	if err := contacts(); KindOf(err) != KindHangup || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	asked, dying = 0, 1
	if err := contacts(); KindOf(err) != KindHangup || asked != 1 {
		t.Errorf("without a kept connection: asked %d times, %v", asked, err)
	}
}

// TestOneLane: an Icinga 2 never sees two connections or a kept one.
func TestOneLane(t *testing.T) {
	answer := recorded(t, "icinga2-2.13")
	var asking, most atomic.Int32
	f := newFake(t, func(r string) (string, bool) {
		if n := asking.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer asking.Add(-1)
		return answer(r)
	})
	lane := NewLane()
	one, two := f.client(Options{Lane: lane}), f.client(Options{Lane: lane})
	done := make(chan error)
	for i := range 20 {
		c := one
		if i%2 == 1 {
			c = two
		}
		go func() {
			_, err := c.Identify(t.Context())
			if err == nil {
				_, err = c.Query(t.Context(), lql.Get("contacts"))
			}
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := most.Load(); n > 1 {
		t.Errorf("%d requests at once", n)
	}
	for _, r := range f.seen() {
		if strings.Contains(r, "KeepAlive") {
			t.Errorf("request %q", r)
		}
	}
	if len(one.idle)+len(two.idle) > 0 {
		t.Error("connections are kept")
	}
}

func TestSend(t *testing.T) {
	for _, tt := range []struct {
		name, core, reply string
		kind              ErrKind
		code              int
		cause             string
	}{
		{name: "naemon takes it", core: "naemon-1.5"},
		{name: "naemon refuses", core: "naemon-1.5", reply: "400: Unknown command 'NO_SUCH_COMMAND'\n", kind: KindStatus, code: 400, cause: "The core refused the request with status 400: Unknown command 'NO_SUCH_COMMAND'."},
		{name: "mk is silent", core: "nagios4-mk1.5"},
		{name: "icinga takes it", core: "icinga2-2.13", reply: framed(200, "")},
		{name: "icinga refuses", core: "icinga2-2.13", reply: framed(452, "Error: Invalid host: 'x'\n\nStacktrace:\n 0# __cxa_throw in /usr/lib\n"), kind: KindStatus, code: 452, cause: "The core refused the request with status 452: Invalid host: 'x'."},
		{name: "icinga hangs up", core: "icinga2-2.13", kind: KindHangup, cause: "may or may not"},
		{name: "xinetd", core: "naemon-1.5", reply: "No UNIX socket /var/cache/naemon/live existing\n", kind: KindXinetd, cause: "/var/cache/naemon/live"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := recorded(t, tt.core)
			f := newFake(t, func(r string) (string, bool) {
				if strings.HasPrefix(r, "COMMAND ") {
					return tt.reply, false
				}
				return answer(r)
			})
			c := f.client(Options{})
			err := c.Send(t.Context(), lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"a", "1", "me", "text"}})
			commands := 0
			for _, r := range f.seen() {
				if strings.HasPrefix(r, "COMMAND ") {
					commands++
				}
			}
			if commands != 1 {
				t.Errorf("sent %d times", commands)
			}
			if tt.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := err.(*Error)
			if !ok || e.Kind != tt.kind || e.Code != tt.code || !strings.Contains(e.Cause, tt.cause) || e.Fix == "" {
				t.Errorf("error %+v", err)
			}
		})
	}
}

func TestCloseRefuses(t *testing.T) {
	f := newFake(t, recorded(t, "naemon-1.5"))
	c := f.client(Options{})
	c.Identify(t.Context())
	c.Query(t.Context(), lql.Get("contacts"))
	c.Close()
	if _, err := c.Query(t.Context(), lql.Get("contacts")); KindOf(err) != KindClosed {
		t.Errorf("error %v", err)
	}
}

func TestClock(t *testing.T) {
	for _, tt := range []struct {
		name  string
		check func() int64 // the newest
		skew  time.Duration
		exact bool
	}{
		{"right", func() int64 { return time.Now().Unix() }, 0, true},
		{"ahead", func() int64 { return time.Now().Unix() + 71 }, 71 * time.Second, true},
		{"behind and checking", func() int64 { return time.Now().Unix() - 71 }, -71 * time.Second, true},
		{"idle", func() int64 { return 900000000 }, 0, false},
		{"never checked", func() int64 { return 0 }, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				address, _ := ParseAddress("mon")
				c := NewClient(Options{Address: address, Dial: piped(func(c net.Conn) {
					io.WriteString(c, framed(200, fmt.Sprintf("[[%d]]\n", tt.check())))
				})})
				defer c.Close()
				skew, exact, err := c.Clock(t.Context(), Core{})
				if (skew-tt.skew).Abs() > time.Second || exact != tt.exact || err != nil {
					t.Errorf("%s %v %v, want %s %v", skew, exact, err, tt.skew, tt.exact)
				}
			})
		})
	}
}
