package db

import (
	"encoding/json"
	"errors"
	"time"

	"belvedere/internal/access"
)

var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrExists: another row has this name or key already.
	ErrExists = errors.New("exists already")
	// ErrNewer: the database was written by a newer version of this program.
	ErrNewer = errors.New("database from a newer version")
	// ErrLocked: another process uses the data folder.
	ErrLocked = errors.New("data folder in use")
	// ErrCorrupt: the file is not a sound database of this program.
	ErrCorrupt = errors.New("database damaged")
)

// An Error says for people what is wrong with the store and what to do.
type Error struct {
	Msg  string // what is wrong: no capital, no full stop
	Hint string // what to do about it; may be empty
	Err  error  // the kind or cause; may be nil
}

// Error returns the message with its cause.
func (e *Error) Error() string {
	return "db: " + e.Msg
}

// Unwrap returns the kind or cause.
func (e *Error) Unwrap() error { return e.Err }

// HintText returns what to do about it, for the command line and the pages.
func (e *Error) HintText() string { return e.Hint }

// A Person is somebody who may sign in, as stored.
type Person struct {
	ID           int64
	Username     string // unique whatever its case
	DisplayName  string
	PasswordHash string // PHC text; "" lets nobody in
	Role         access.Role
	SeeAll       bool              // sees everything without being a contact of it
	Contact      string            // contact name on every site without an entry in SiteContacts
	SiteContacts map[string]string // site key to contact name
	CommandLines bool              // may see expanded check commands
	Provisioned  bool              // comes from the configuration file
	Disabled     bool              // may not sign in

	Created         time.Time
	Changed         time.Time
	PasswordChanged time.Time // zero: never had one
	LastSignIn      time.Time // zero: never; read only
}

// A Session is one signed-in browser or client. Only a hash of its token is
// stored.
type Session struct {
	ID       int64
	Person   int64
	Hash     [32]byte // SHA-256 of the token
	Kind     string   // "web"
	Created  time.Time
	LastSeen time.Time
	IP       string // of the last use
	UA       string // at sign-in
}

// A SignIn is one line of the sign-in log.
type SignIn struct {
	ID       int64
	At       time.Time
	Person   int64  // 0: no such person
	Username string // as entered, shortened
	OK       bool
	Reason   string // why not, in one word; "" when OK
	IP, UA   string
}

// A Site is a core added in the web or by command, as stored.
type Site struct {
	Key       string // stays the same for ever; never shown
	Name      string // unique whatever its case
	Section   string // path with "/" between parts; "" is the top
	Addresses []string
	TLS       SiteTLS
	Interval  time.Duration // 0: the default
	Paused    bool
	Position  int
	Created   time.Time
	Changed   time.Time
}

// SiteTLS is how a site's certificate is checked and what we show it. All
// fields may be empty.
type SiteTLS struct {
	CA          string `json:"ca,omitempty"`   // file
	Cert        string `json:"cert,omitempty"` // file
	Key         string `json:"key,omitempty"`  // file
	ServerName  string `json:"server_name,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256, hexadecimal
	TokenFile   string `json:"token_file,omitempty"`  // what another Belvedere asks for
	// Whom we sign in as, with a password or the file of one.
	User         string `json:"user,omitempty"`
	Password     string `json:"password,omitempty"`
	PasswordFile string `json:"password_file,omitempty"`
}

// An Audit entry says who did what, and how it went.
type Audit struct {
	ID     int64
	At     time.Time // zero: now
	Person int64     // 0: nobody signed in, or the command line
	Who    string    // user name, or "command line", "setup", "configuration"
	Action string    // "sign-in", "site.add", ...
	Object string    // what it was done to
	Result string    // "ok" or why not
	Detail string    // what changed, without secrets
	IP     string
}

// AuditQuery narrows AuditLog. The zero value gives the newest 100.
type AuditQuery struct {
	Before int64  // only entries with a smaller ID; 0: all
	Who    string // user name; "": everybody
	Action string // "": every action; "site." with a dot at the end: all that begin so
	Limit  int    // 0: 100, at most 1000
}

// Preferences are one person's, key to JSON.
type Preferences map[string]json.RawMessage
