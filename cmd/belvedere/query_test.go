package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"belvedere/internal/lql"
	"belvedere/internal/testkit"
)

// answers is an output that hands on what is written to it.
type answers chan string

func (a answers) Write(p []byte) (int, error) {
	a <- string(p)
	return len(p), nil
}

// TestWatch: the answer is printed again when it has changed, of a core that can
// wait and of one that cannot, and not otherwise; an interrupt is a good end.
func TestWatch(t *testing.T) {
	for _, profile := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		t.Run(string(profile), func(t *testing.T) {
			c := testkit.NewCore(testkit.Options{Profile: profile, Hosts: 3, ServicesPerHost: 1, Churn: -1, Quiet: true})
			t.Cleanup(func() { _ = c.Close() })
			addr, err := c.ListenTCP("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			c.Start(t.Context())
			name := c.Rows("hosts")[0]["name"].(string)
			ctx, interrupt := context.WithCancel(t.Context())
			out, done := make(answers, 100), make(chan int, 1)
			args := []string{"query", "--at", addr.String(), "--watch", "--every", "100ms", "--format", "raw", "hosts", "name", "state", "plugin_output", "-f", "name = " + name}
			go func() { done <- run(args, &world{ctx: ctx, in: strings.NewReader(""), out: out, err: io.Discard}) }()
			if first := <-out; !strings.HasPrefix(first, name+";0;") {
				t.Fatalf("first %q", first)
			}
			c.SetState(name, "", 1, "gone for the test")
			if next := <-out; next != name+";1;gone for the test\n" {
				t.Errorf("after the change %q", next)
			}
			c.SetState(name, "", 0, "back again")
			if next := <-out; next != name+";0;back again\n" {
				t.Errorf("after the next change %q", next)
			}
			interrupt()
			if code := <-done; code != exitOK {
				t.Errorf("the interrupt ended with %d", code)
			}
			if len(out) > 0 {
				t.Errorf("without a change came %q", <-out)
			}
		})
	}
}

// TestQueryText: what is typed becomes a request.
func TestQueryText(t *testing.T) {
	for _, tt := range []struct {
		c    queryCmd
		want string
	}{
		{queryCmd{Query: []string{"hosts"}}, "GET hosts\n"},
		{queryCmd{Query: []string{"hosts", "name", "state"}, Limit: 5}, "GET hosts\nColumns: name state\nLimit: 5\n"},
		{queryCmd{Query: []string{`GET hosts\nColumns: name`}}, "GET hosts\nColumns: name\n"},
		{queryCmd{Query: []string{"GET hosts\nFilter: plugin_output ~ a\\nb\n\n"}}, "GET hosts\nFilter: plugin_output ~ a\\nb\n"},
		{queryCmd{Query: []string{"services", "host_name"}, Filter: []string{"state = 2", "acknowledged = 0"}, Stats: []string{"avg latency"}, Sort: []string{"host_name desc"}},
			"GET services\nColumns: host_name\nFilter: state = 2\nFilter: acknowledged = 0\nStats: avg latency\nSort: host_name desc\n"},
		{queryCmd{Query: []string{"hosts"}, Backend: []string{"a", "b"}, Header: []string{"AuthUser: anna"}}, "GET hosts\nAuthUser: anna\nBackends: a b\n"},
		{queryCmd{}, "GET status\nColumns: program_start\n"},
	} {
		if tt.c.Limit == 0 {
			tt.c.Limit = -1
		}
		got, err := tt.c.text(strings.NewReader("GET status\nColumns: program_start\n\n"))
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v, want %q", tt.c, got, err, tt.want)
		}
	}
	if _, err := (queryCmd{Query: []string{"hosts"}, Limit: -1, Filter: []string{"name = a\nLimit: 1"}}).text(nil); err == nil {
		t.Error("a filter with a line break is taken")
	}
}

// TestCell: a time that was added up is a number to read, not 1.79e+09.
func TestCell(t *testing.T) {
	v := lql.Vector{Kind: lql.Floats, Floats: []float64{1795698104, 1778863360.495, 0.0029990000185}}
	for i, want := range []string{"1795698104", "1778863360.495", "0.0029990000185"} {
		if got := cell(&v, i); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
