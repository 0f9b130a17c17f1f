package contract_test

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// icinga2Differences are columns in which an Icinga 2 tells something else over
// its API than over Livestatus, with the reason. docs/cores/icinga2.md shows
// them.
var icinga2Differences = map[string]string{
	"contacts.alias":                          "Livestatus repeats the name, the API tells the display name",
	"contactgroups.alias":                     "Livestatus repeats the name, the API tells the display name",
	"contacts.in_host_notification_period":    "Livestatus says no where there is no period, though the contact is told at any time",
	"contacts.in_service_notification_period": "Livestatus says no where there is no period, though the contact is told at any time",
	"last_update":                             "Livestatus has none",
	"modified_attributes":                     "Livestatus always says 0, the API tells what was changed",
	"modified_attributes_list":                "Livestatus always says 0, the API tells what was changed",
	"comments.persistent":                     "Livestatus always says 1",
	"status.livestatus_version":               "there is no Livestatus",
	"status.connections":                      "counts those of Livestatus",
	"status.connections_rate":                 "counts those of Livestatus",
	"status.host_checks":                      "Livestatus counts the last quarter of an hour; here, what was seen since Belvedere reads the core",
	"status.service_checks":                   "Livestatus counts the last quarter of an hour; here, what was seen since Belvedere reads the core",
	"status.log_messages":                     "Livestatus has none; here, other changes that were seen",
	"status.host_checks_rate":                 "Livestatus means the time since the start, the API the last minute",
	"status.service_checks_rate":              "Livestatus means the time since the start, the API the last minute",
}

// apiOf is the way to the API of a real Icinga 2.
func apiOf(c *realcore.Icinga) site.Spec {
	return site.Spec{Addresses: []string{"icinga2://" + realcore.APIUser + "@" + c.API + "?server_name=realcore"},
		TLS: livestatus.TLSOptions{CA: c.CA, Password: realcore.APIPassword}}
}

// TestIcinga2Columns holds the API of a real Icinga 2 with something of
// everything to what its Livestatus tells, in every column.
func TestIcinga2Columns(t *testing.T) {
	t.Parallel()
	c := realcore.ForTest(t, realcore.Options{Hosts: 14, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true})
	_, own := follow(t, opened{spec: site.Spec{Addresses: []string{"unix://" + c.Unix}}})
	_, api := follow(t, opened{spec: apiOf(c)})
	p := &partner{T: t, way: way{except: icinga2Differences, even: evenIcinga2}, core: &icinga{c, own}, fleet: api,
		tables: []string{"zones", "endpoints", "status"}}
	p.equal("of everything")
}

// TestIcinga2Differences: what may differ stands in the page of the core.
func TestIcinga2Differences(t *testing.T) {
	b, err := os.ReadFile("../../docs/cores/icinga2.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, _ := strings.Cut(string(b), "## What is different from Livestatus")
	page, _, _ = strings.Cut(page, "\n## ")
	for name, why := range icinga2Differences {
		_, column, ok := strings.Cut(name, ".")
		if !ok {
			column = name
		}
		if why == "" || !strings.Contains(page, "`"+column+"`") {
			t.Errorf("%s differs (%s), and docs/cores/icinga2.md does not name it", name, why)
		}
	}
}

// unchecked leaves out when a check is next that is switched off: Icinga 2 moves
// that on again and again and tells nobody.
func unchecked(_ string, all rows) rows {
	for _, r := range all {
		if r["active_checks_enabled"] == int64(0) {
			delete(r, "next_check")
		}
	}
	return all
}

// evenIcinga2 is unchecked, sorts the members of lists, which come by chance
// from Livestatus, and knows comments and downtimes by what they say: Livestatus
// numbers them anew with every reload, the API gives names, of which our numbers
// are made.
func evenIcinga2(table string, all rows) rows {
	out := rows{}
	for key, r := range unchecked(table, all) {
		for _, v := range r {
			switch l := v.(type) {
			case []string:
				slices.Sort(l)
			case []schema.Member:
				slices.SortFunc(l, func(a, b schema.Member) int {
					return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Service, b.Service))
				})
			}
		}
		if table == "comments" || table == "downtimes" {
			key = fmt.Sprint(r["host_name"], ";", r["service_description"], ";", r["author"], ";", r["comment"])
			if by, ok := r["triggered_by"].(int64); ok && by != 0 {
				r["triggered_by"] = int64(1)
			}
			delete(r, "id")
		}
		out[key] = r
	}
	return out
}

// TestIcinga2Objects: hosts and services that come and go at run time, through
// the API of the core, come and go here.
func TestIcinga2Objects(t *testing.T) {
	t.Parallel()
	c := realcore.ForTest(t, realcore.Options{Hosts: 2, ServicesPerHost: 1, CheckInterval: 24 * time.Hour, NoXinetd: true, API: true})
	m, fleet := follow(t, opened{spec: apiOf(c)})
	has := func(table, key string) bool {
		_, ok := fleet.View().Sites[0].Snapshot.Find(table, key)
		return ok
	}
	const host = "neu ü 1"
	change := func(method, path, body string) {
		t.Helper()
		if err := c.CallAPI(method, path, body); err != nil {
			t.Fatal(err)
		}
		m.Refresh(siteKey)
	}
	change("PUT", "/v1/objects/hosts/"+url.PathEscape(host), `{"attrs":{"check_command":"dummy","groups":["web"],"vars.sla":"gold"}}`)
	change("PUT", "/v1/objects/services/"+url.PathEscape(host+"!svc ✓"), `{"attrs":{"check_command":"dummy","enable_active_checks":false}}`)
	until(t, "the new host and its service are here", func() bool { return has("hosts", host) && has("services", host+"\x00svc ✓") })
	in := func() bool {
		snap := fleet.View().Sites[0].Snapshot
		row, _ := snap.Find("hostgroups", "web")
		return slices.Contains(store.DecodeTexts(snap.Bytes("hostgroups", "members", row)), host)
	}
	until(t, "it is in its group", in)
	change("DELETE", "/v1/objects/hosts/"+url.PathEscape(host)+"?cascade=1", `{}`)
	until(t, "both are gone", func() bool { return !has("hosts", host) && !has("services", host+"\x00svc ✓") && !in() })
}
