package testkit

// A DemoSite is one site of a demonstration.
type DemoSite struct {
	Name, Section string
	Core          *Core
}

// Demo returns n believable sites of mixed implementations with hosts hosts and
// services services in each, of which the share churn is checked per second.
func Demo(n, hosts, services int, churn float64, seed uint64) []DemoSite { return nil }
