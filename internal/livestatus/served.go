package livestatus

import (
	"strings"

	"belvedere/internal/schema"
)

// StatusUnavailable is the status of an answer of a program of ours that
// stands before a core and cannot read it now; its text is a sentence for
// people.
const StatusUnavailable = 503

// servedPrefix begins the livestatus_version of cores without Livestatus that
// this program serves.
const servedPrefix = "belvedere-"

// servedNames are the implementations that are served.
var servedNames = map[schema.Cores]string{
	schema.MK11: "nagios3", schema.MK15: "nagios4", schema.Naemon: "naemon", schema.Icinga2: "icinga2", schema.Shinken: "shinken",
}

// ServedVersion returns the livestatus_version of a core of that
// implementation that this program serves, from files or an API: clients of
// ours know by it what the core is, and what they may ask of us.
func ServedVersion(impl schema.Cores) string { return servedPrefix + servedNames[impl] }

// servedImpl returns the implementation that a version names, 0: it is not
// served by this program.
func servedImpl(version string) schema.Cores {
	name, ok := strings.CutPrefix(version, servedPrefix)
	if !ok {
		return 0
	}
	for impl, n := range servedNames {
		if n == name {
			return impl
		}
	}
	return 0
}

// servedName names the core behind this program.
func servedName(impl schema.Cores, version string) string {
	switch impl {
	case schema.Naemon:
		return "Naemon"
	case schema.Icinga2:
		return "Icinga 2"
	case schema.Shinken:
		return "Shinken"
	}
	return nagiosName(version)
}

// servedProfile is how this program is asked.
var servedProfile = Profile{KeepAlive: true, MaxConns: 8, Wait: true, Sort: true, Offset: true, Timelimit: true,
	CommandFixed16: true, ColumnsTable: true, AuthUser: true, Staleness: true, Counters: true}
