package store

import (
	"errors"
	"time"
)

// Options configure a Fleet. The zero value has no memory limit.
type Options struct {
	// MemoryLimit, in bytes, is the soft limit above which no new site is
	// taken in; 0: none.
	MemoryLimit int64
}

// SiteInfo names a site for people. Address holds no secrets.
type SiteInfo struct {
	Key, Name, Section, Address string
	Position                    int
	Hidden                      bool
}

// HealthState says how a site is.
type HealthState uint8

// The states of a site.
const (
	Pending      HealthState = iota // the first synchronisation is not done
	Fresh                           // data is as new as it should be
	Late                            // data is older than it should be
	Down                            // out of reach; the last data is kept
	Incompatible                    // answers, but not in a way we can use
	Paused                          // switched off by a person
)

// String returns the state's name as the sites table shows it.
func (s HealthState) String() string {
	switch s {
	case Fresh:
		return "fresh"
	case Late:
		return "late"
	case Down:
		return "down"
	case Incompatible:
		return "incompatible"
	case Paused:
		return "paused"
	}
	return "pending"
}

// Health is what the pages, the sites table and the metrics show of a site.
type Health struct {
	State HealthState
	Cause string    // one sentence for people, safe text
	Since time.Time // when State began
	// LastOK is when the core last confirmed data, LastTry when it was last
	// asked.
	LastOK, LastTry                                            time.Time
	Implementation, Version, LivestatusVersion, ProgramVersion string
	Transport                                                  string // "tcp", "unix", "tls"
	ActiveAddress                                              string
	Latency                                                    time.Duration // last answer time
	ClockSkew                                                  time.Duration // core minus us
	Errors                                                     map[string]int64
	BytesIn, BytesOut, Queries                                 int64
	SyncSeconds                                                float64
	Interval                                                   time.Duration
	Waiting                                                    bool // WaitTrigger in use
	Notes                                                      []string
}

// Change says what a commit changed.
type Change struct {
	Site    string
	Version uint64
	Tables  []string
	Keys    map[string][]string // table -> changed keys; nil: all or too many
	Health  bool
}

// Errors a caller can tell apart.
var (
	ErrNoTable  = errors.New("no such table")
	ErrNoColumn = errors.New("no such column")
	ErrMemory   = errors.New("memory limit reached")
)
