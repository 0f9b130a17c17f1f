package livestatus

import (
	"time"

	"belvedere/internal/schema"
)

// A Core is what a core says about itself.
type Core struct {
	Impl              schema.Cores // one bit; 0: not known, treated most carefully
	Name              string       // "Naemon", "Nagios", "Icinga 2", "Shinken", "Checkmk", "LMD", "Icinga", "Livestatus"
	Version           string       // of the core, for people: "1.5.2"
	LivestatusVersion string       // as sent
	ProgramVersion    string       // as sent
	ProgramStart      int64        // unix seconds, core's clock
	Localtime         int64        // core's clock when it answered, unix seconds; 0: it does not tell, see [Client.Clock]
	PID               int64
	Commands          bool     // external commands are enabled
	StatusColumns     []string // columns of table status
	Profile           Profile
}

// A Profile holds the rules by which an implementation is treated.
type Profile struct {
	OneLane            bool // one connection at a time, none kept
	KeepAlive          bool // several requests per connection
	MaxConns           int  // most connections at once, from 1
	Wait               bool // Wait headers work and are worth using
	WaitNeedsCondition bool // without WaitCondition a wait returns at once
	Sort, Offset       bool // headers are understood
	DoubleBackslash    bool // backslashes in commands are doubled
	CommandFixed16     bool // ResponseHeader is honoured on COMMAND
	CommandReply       bool // errors of commands come in band as "400: text"
	ColumnsTable       bool // there is a table columns
	ColumnsFilter      bool // table columns honours filters
	AuthUser           bool // AuthUser restricts what is seen
}

// Interval returns the shortest time between two polls of a core whose last
// round of answers took took, 0: no limit of the core's own. One lane cores
// answer in the threads that run their checks, so they are asked at most once
// a second and kept busy at most a twentieth of the time.
func (p Profile) Interval(took time.Duration) time.Duration {
	if !p.OneLane {
		return 0
	}
	return max(time.Second, 20*took)
}
