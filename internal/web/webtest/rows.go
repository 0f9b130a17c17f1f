package webtest

import (
	"maps"
	"time"

	"belvedere/internal/lql"
)

// Hostile is a text that no page may take for markup, and that turns the
// direction of writing.
const Hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egnp.exe\nsecond\x07 &amp;"

// Host returns a row of table hosts: a host that is up, checked a minute ago.
// more replaces columns.
func Host(site, name string, more Row) Row {
	now := time.Now()
	r := Row{
		"peer_key": site, "peer_name": "Site " + site, "name": name, "alias": "", "address": "192.0.2.1",
		"state": 0, "has_been_checked": 1, "state_type": 1, "notifications_enabled": 1, "active_checks_enabled": 1,
		"accept_passive_checks": 1, "current_attempt": 1, "max_check_attempts": 3,
		"last_state_change": now.Add(-time.Hour), "last_check": now.Add(-time.Minute), "next_check": now.Add(time.Minute),
		"plugin_output": "PING OK", "check_interval": 5.0, "retry_interval": 1.0,
	}
	maps.Copy(r, more)
	return r
}

// Service returns a row of table services: a service that is OK on a host that
// is up. more replaces columns.
func Service(site, host, description string, more Row) Row {
	r := Host(site, "", nil)
	delete(r, "name")
	delete(r, "alias")
	delete(r, "address")
	maps.Copy(r, Row{
		"host_name": host, "description": description, "host_alias": "", "host_address": "192.0.2.1",
		"host_state": 0, "host_has_been_checked": 1, "plugin_output": "OK - fine",
	})
	maps.Copy(r, more)
	state, _ := r["state"].(int)
	if _, given := r["state_order"]; !given {
		r["state_order"] = []int{0, 1, 4, 3}[state]
	}
	return r
}

// Fresh returns the part of a site whose data is fresh.
func Fresh(site string) lql.Part {
	return lql.Part{Key: site, Name: "Site " + site, Taken: time.Now()}
}

// Stale returns the part of a site that does not answer, with old data.
func Stale(site string) lql.Part {
	return lql.Part{Key: site, Name: "Site " + site, Taken: time.Now().Add(-4 * time.Minute), Err: "does not answer"}
}
