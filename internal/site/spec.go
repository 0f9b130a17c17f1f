package site

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/memory"
	"belvedere/internal/store"
)

// A Spec says how one site is reached and shown. The zero Spec is of no use: a
// site needs a Key, a Name and an address.
type Spec struct {
	Key       string   // identifies the site for ever, also when it is renamed
	Name      string   // for people, unique
	Section   string   // path in the tree of sections, parts joined by "/"
	Addresses []string // of any kinds, tried in order; the first that answers is used
	TLS       livestatus.TLSOptions
	SSH       livestatus.SSHOptions // for addresses that name none themselves
	// Interval between two readings; 0 means one second, or longer where an
	// implementation cannot bear that.
	Interval time.Duration
	Paused   bool // known, shown, but not read
	Demo     bool // simulated by this program; always Provisioned too
	// Provisioned sites come from the configuration file and cannot be
	// changed elsewhere.
	Provisioned bool
	Position    int // order among sites; ties by Name
	// Via is the key of the site that is the way to this one, which is one of
	// those behind an LMD or another Belvedere, and Backend its key there; both
	// "" for a core of its own. Sites with them are made by the Manager.
	Via, Backend string
	// Accept is the fingerprint of an SSH host key that a test may accept for
	// good; it is no part of a site.
	Accept string
	// ClockTolerance is how far the core's clock may be off before the site
	// says so; 0 means two seconds.
	ClockTolerance time.Duration
}

// info is what of s the store shows.
func (s Spec) info() store.SiteInfo {
	addr := ""
	if len(s.Addresses) > 0 {
		addr = displayAddress(s.Addresses[0])
	}
	return store.SiteInfo{Key: s.Key, Name: s.Name, Section: s.Section, Address: addr, Position: s.Position}
}

// sameCore reports whether a site that runs with s need not be restarted to
// run with t: only what is shown differs.
func (s Spec) sameCore(t Spec) bool {
	return slices.Equal(s.Addresses, t.Addresses) && s.TLS == t.TLS && s.SSH == t.SSH && s.Interval == t.Interval &&
		s.Paused == t.Paused && s.ClockTolerance == t.ClockTolerance && s.Via == t.Via && s.Backend == t.Backend
}

// KnownHosts is the usual name of the file of accepted SSH host keys, in the
// folder of the store.
const KnownHosts = "known_hosts"

// Options are what a Manager needs from its surroundings.
type Options struct {
	Fleet *store.Fleet     // required
	Log   *slog.Logger     // nil: nothing is logged
	Now   func() time.Time // nil: time.Now
	// Agents reaches sites through agents; nil: those sites stay down.
	Agents livestatus.Agents
	// Instance tells this program from others like it, "" for nothing: sites
	// that come back to it from elsewhere are left out.
	Instance string
	// Notes keep what is behind ways over restarts; nil: that is forgotten.
	Notes Notes
	// Dial replaces the network in tests; nil: real sockets.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// KnownHosts is the file of SSH host keys that people have accepted; "":
	// none.
	KnownHosts string
	// MaxRows bounds the rows of one table of one site; 0: two million.
	MaxRows int
	// MaxBytes bounds one answer of a core; 0: four gigabytes.
	MaxBytes int
	// HomeAfter is how long an address must answer before it is used again in
	// place of one after it; 0: a minute.
	HomeAfter time.Duration
	// Memory is asked before a site is read whole; nil: there is always room.
	Memory *memory.Budget
}

// A Status is a site with its health at one moment. Of one that is a way to
// others, Way is true: it has no data, and the fleet does not show it.
type Status struct {
	Spec   Spec
	Health store.Health
	Way    bool
}
