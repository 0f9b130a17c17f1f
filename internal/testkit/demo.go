package testkit

import "fmt"

// A DemoSite is one site of a demonstration. Its core listens nowhere and is at
// rest.
type DemoSite struct {
	Name, Section string // Section: its parts separated by slashes
	Core          *Core
}

// demoProfiles are the implementations of the sites of a demonstration, in
// turn.
var demoProfiles = [...]Profile{Naemon, Naemon, Nagios4, Icinga2, Shinken, Naemon, Icinga2, Nagios4}

// Demo returns n believable sites of mixed implementations with hosts hosts
// each and services services on each host, of which the share churn is checked
// per second; 0: none. Equal seeds make equal sites, but for the time.
func Demo(n, hosts, services int, churn float64, seed uint64) []DemoSite {
	if churn <= 0 {
		churn = -1
	}
	if services == 0 {
		services = -1
	}
	out := make([]DemoSite, 0, n)
	for i := range n {
		p := places[i%len(places)]
		name := p.name
		if round := i / len(places); round > 0 {
			name = fmt.Sprintf("%s %d", p.name, round+1)
		}
		out = append(out, DemoSite{Name: name, Section: p.section, Core: NewCore(Options{
			Name: name, Profile: demoProfiles[i%len(demoProfiles)], Hosts: hosts, ServicesPerHost: services, Churn: churn, Seed: seed + uint64(i)*1000003,
		})})
	}
	return out
}
