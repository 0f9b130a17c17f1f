package livestatus

import (
	"regexp"
	"strings"
	"time"

	"belvedere/internal/schema"
)

// A Core is what a core says about itself.
type Core struct {
	Impl              schema.Cores `json:"-"`    // one bit; 0: not known, treated most carefully
	Name              string       `json:"name"` // "Naemon", "Nagios", "Icinga 2", "Icinga 1", "Shinken", "Checkmk", "LMD", "Belvedere", "Livestatus" (not known)
	Version           string       `json:"version"`
	LivestatusVersion string       `json:"livestatus_version"` // as sent
	ProgramVersion    string       `json:"program_version"`    // as sent
	ProgramStart      int64        `json:"program_start"`      // unix seconds, core's clock
	Localtime         int64        `json:"localtime"`          // core's clock when it answered, unix seconds; 0: it does not tell (only LMD does), see [Client.Clock]
	PID               int64        `json:"pid"`
	Commands          bool         `json:"commands"` // external commands are enabled
	IntervalLength    int64        `json:"-"`        // seconds in a unit of check intervals, 60 if the core does not say
	StatusColumns     []string     `json:"-"`        // columns of table status
	Profile           Profile      `json:"-"`
	Served            bool         `json:"-"` // a program of ours stands before the core, see [ServedVersion]
}

// A Profile holds the rules by which an implementation is treated.
type Profile struct {
	OneLane            bool // one connection at a time, none kept
	KeepAlive          bool // several requests per connection
	Chain              bool // and several may be sent before the first is answered
	MaxConns           int  // most connections at once, from 1
	Wait               bool // Wait headers work and are worth using
	WaitNeedsCondition bool // without WaitCondition a wait returns at once
	Sort, Offset       bool // headers are understood
	Timelimit          bool // header is understood
	Backends           bool // header is understood
	DoubleBackslash    bool // backslashes in commands are doubled
	CommandFixed16     bool // ResponseHeader is honoured on COMMAND
	ColumnsTable       bool // there is a table columns
	AuthUser           bool // header is honoured; queries with it are refused elsewhere
	Staleness          bool // column staleness says how long ago a check was
	Counters           bool // table status counts each check, command and log line as it comes
	// Least is the shortest time between two polls through something that has to
	// be spared, 0: there is nothing.
	Least time.Duration
}

// relayedLeast is how often a core is asked through a program that starts
// anew for each request and sends an answer when it has all of it.
const relayedLeast = 5 * time.Second

// relayed are the rules for a core that is reached through such a program: it
// is not held by a wait, and each request has a connection of its own.
func (p Profile) relayed() Profile {
	p.KeepAlive, p.Chain, p.Wait, p.WaitNeedsCondition = false, false, false, false
	p.MaxConns, p.Least = 4, relayedLeast
	return p
}

// Interval returns the shortest time between two polls of a core whose last
// round of answers took took, 0: no limit of the core's own. One lane cores
// answer in the threads that run their checks, so they are asked at most once
// a second and kept busy at most a twentieth of the time; so is what has to be
// spared, not more often than that bears.
func (p Profile) Interval(took time.Duration) time.Duration {
	switch {
	case p.Least > 0:
		return max(p.Least, 20*took)
	case p.OneLane:
		return max(time.Second, 20*took)
	}
	return 0
}

// profileOf returns the rules for an implementation; for an unknown one those
// that hurt nobody.
func profileOf(impl schema.Cores) Profile {
	switch impl {
	case schema.Naemon:
		return Profile{KeepAlive: true, Chain: true, MaxConns: 8, Wait: true, Sort: true, Offset: true, Timelimit: true,
			DoubleBackslash: true, ColumnsTable: true, AuthUser: true, Staleness: true, Counters: true}
	case schema.MK11, schema.MK12:
		return Profile{KeepAlive: true, Chain: true, MaxConns: 2, WaitNeedsCondition: true,
			ColumnsTable: true, AuthUser: true, Counters: true}
	case schema.MK15:
		return Profile{KeepAlive: true, Chain: true, MaxConns: 2, WaitNeedsCondition: true, Timelimit: true,
			ColumnsTable: true, AuthUser: true, Staleness: true, Counters: true}
	case schema.Checkmk:
		return Profile{KeepAlive: true, Chain: true, MaxConns: 2, WaitNeedsCondition: true, Timelimit: true,
			ColumnsTable: true, AuthUser: true, Staleness: true}
	case schema.Icinga2:
		return Profile{OneLane: true, MaxConns: 1, CommandFixed16: true}
	case schema.Shinken:
		return Profile{KeepAlive: true, MaxConns: 2, ColumnsTable: true}
	case schema.LMD:
		return Profile{KeepAlive: true, MaxConns: 8, Sort: true, Offset: true, Backends: true,
			ColumnsTable: true, AuthUser: true}
	}
	return Profile{OneLane: true, MaxConns: 1}
}

// coreBuild takes what Identify reads from table status.
type coreBuild struct {
	core      Core
	belvedere string // version
	columns   map[string]bool
}

// Begin takes the names of the columns.
func (b *coreBuild) Begin(columns []string) error {
	b.core.StatusColumns = columns
	b.columns = map[string]bool{}
	for _, c := range columns {
		b.columns[c] = true
	}
	return nil
}

// Row takes the first row; an LMD has one per site.
func (b *coreBuild) Row(cells []Cell) error {
	if b.core.LivestatusVersion != "" || b.core.ProgramStart != 0 {
		return nil
	}
	for i, c := range cells {
		switch b.core.StatusColumns[i] {
		case "livestatus_version":
			b.core.LivestatusVersion = c.Text()
		case "program_version":
			b.core.ProgramVersion = c.Text()
		case "program_start":
			b.core.ProgramStart = c.Int()
		case "nagios_pid":
			b.core.PID = c.Int()
		case "localtime":
			b.core.Localtime = c.Int()
		case "interval_length":
			b.core.IntervalLength = c.Int()
		case "belvedere_version":
			b.belvedere = c.Text()
		case "check_external_commands":
			b.core.Commands = c.Int() != 0
		}
	}
	return nil
}

// The forms of versions by which implementations are told apart.
var (
	icinga2Version = regexp.MustCompile(`-icinga2$|^[rv][0-9][0-9.-]*$`)
	checkmkVersion = regexp.MustCompile(`^(2\.[0-9]|20[0-9]{2}\.)`)
	plainVersion   = regexp.MustCompile(`^[rv]?([0-9]+(?:\.[0-9]+)*(?:-?(?:RC|rc|beta|p|b|i)[0-9]+)?)`)
)

// finish tells the implementation from what was read.
func (b *coreBuild) finish() Core {
	c := b.core
	lv, pv := c.LivestatusVersion, c.ProgramVersion
	version := pv
	served := servedImpl(lv)
	switch {
	case served != 0:
		c.Impl, c.Name, c.Served = served, servedName(served, pv), true
	case b.columns["belvedere_version"]:
		c.Impl, c.Name, version = schema.LMD, "Belvedere", b.belvedere
	case b.columns["lmd_last_cache_update"] || b.columns["peer_key"]:
		c.Impl, c.Name, version = schema.LMD, "LMD", lv
	case strings.HasSuffix(lv, "-naemon"):
		c.Impl, c.Name = schema.Naemon, "Naemon"
	case strings.HasSuffix(lv, "-shinken"):
		c.Impl, c.Name = schema.Shinken, "Shinken"
	case icinga2Version.MatchString(pv) || strings.Contains(lv, "icinga2"):
		c.Impl, c.Name = schema.Icinga2, "Icinga 2"
	case checkmkVersion.MatchString(lv) || b.columns["edition"] || b.columns["core_pid"]:
		c.Impl, c.Name, version = schema.Checkmk, "Checkmk", lv
	case strings.HasPrefix(lv, "1.1."):
		c.Impl, c.Name = schema.MK11, nagiosName(pv)
	case strings.HasPrefix(lv, "1.2."):
		c.Impl, c.Name = schema.MK12, nagiosName(pv)
	case strings.HasPrefix(lv, "1."):
		c.Impl, c.Name = schema.MK15, nagiosName(pv)
	default:
		c.Name = "Livestatus"
	}
	c.Version = version
	if m := plainVersion.FindStringSubmatch(version); m != nil {
		c.Version = m[1]
	}
	if c.IntervalLength <= 0 {
		c.IntervalLength = 60
	}
	c.Profile = profileOf(c.Impl)
	if c.Served {
		c.Profile = servedProfile
	}
	if b.columns["belvedere_version"] {
		c.Profile.CommandFixed16 = true
	}
	return c
}

// nagiosName names the core of an MK Livestatus: Icinga 1 counts from 1,
// Nagios from 3.
func nagiosName(version string) string {
	if strings.HasPrefix(version, "1.") {
		return "Icinga 1"
	}
	return "Nagios"
}
