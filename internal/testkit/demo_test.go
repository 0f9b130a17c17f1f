package testkit

import (
	"fmt"
	"testing"
	"time"
)

// TestDemo: a demonstration has sites of every implementation, each with
// problems of every kind from the start, and new ones within a minute.
func TestDemo(t *testing.T) {
	sites := Demo(5, 40, 8, 0.01, 1)
	kinds := map[Profile]bool{}
	names := map[string]bool{}
	for _, s := range sites {
		t.Cleanup(func() { _ = s.Core.Close() })
		kinds[s.Core.Profile()] = true
		names[s.Name] = true
		if n := len(s.Core.Rows("hosts")); n != 40 {
			t.Errorf("%s has %d hosts", s.Name, n)
		}
		have := map[string]int{}
		for _, r := range s.Core.Rows("services") {
			if r["state"] != int64(0) {
				have[fmt.Sprint("state ", r["state"])]++
			}
			have["acknowledged"] += int(r["acknowledged"].(int64))
			have["in downtime"] += int(r["scheduled_downtime_depth"].(int64))
			have["flapping"] += int(r["is_flapping"].(int64))
			have["pending"] += 1 - int(r["has_been_checked"].(int64))
			have["silenced"] += 1 - int(r["notifications_enabled"].(int64))
		}
		for _, r := range s.Core.Rows("hosts") {
			if r["state"] == int64(1) {
				have["down"]++
				if up, down := r["last_time_up"].(int64), r["last_hard_state_change"].(int64); up > down {
					t.Errorf("%s: %s is down since %d and was up at %d", s.Name, r["name"], down, up)
				}
			}
		}
		for _, k := range []string{"state 1", "state 2", "state 3", "acknowledged", "in downtime", "flapping", "pending", "silenced", "down"} {
			if have[k] == 0 {
				t.Errorf("%s: nothing is %s: %v", s.Name, k, have)
			}
		}
		lines := len(s.Core.w.log)
		now := time.Now()
		for i := range 90 {
			s.Core.Step(now.Add(time.Duration(i) * time.Second))
		}
		if len(s.Core.w.log) == lines {
			t.Errorf("%s: nothing happened in a minute and a half", s.Name)
		}
	}
	if len(kinds) != 4 || len(names) != 5 {
		t.Errorf("profiles %v, names %v", kinds, names)
	}
}

// TestComeAndGo adds and removes objects.
func TestComeAndGo(t *testing.T) {
	c := newTestCore(t, Options{Hosts: 10, Seed: 5})
	hosts, services := len(c.Rows("hosts")), len(c.Rows("services"))
	c.AddService("neu-wien-01", "HTTP")
	s := service(c, "neu-wien-01", "HTTP")
	if s == nil || s["has_been_checked"] != int64(0) || len(c.Rows("hosts")) != hosts+1 {
		t.Fatalf("after adding: %v", s)
	}
	c.SetState("neu-wien-01", "HTTP", 1, "WARNING - new")
	if s := service(c, "neu-wien-01", "HTTP"); s["state"] != int64(1) {
		t.Errorf("state %v", s["state"])
	}
	c.Remove("neu-wien-01", "")
	c.Remove("gateway", "PING")
	if got := len(c.Rows("services")); got != services-1 || len(c.Rows("hosts")) != hosts {
		t.Errorf("after removing: %d services, %d hosts", got, len(c.Rows("hosts")))
	}
	if service(c, "gateway", "PING") != nil {
		t.Error("the service is still there")
	}
	c.Step(time.Now().Add(time.Hour))
}
