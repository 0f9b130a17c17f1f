// Package config is the configuration file: one struct, one format, exact
// errors. It imports no other package of this program.
//
// [Load] reads one YAML file, the files of conf.d beside it, and the
// BELVEDERE_ variables of the environment. It checks everything that can be
// checked without opening a socket, and reports all that is wrong at once,
// each with its place and a hint. docs/belvedere.example.yaml shows every
// option; a test keeps it in step with [Config].
package config

import (
	"fmt"
	"net/netip"
	"time"
)

// A Config is a checked configuration. The zero value is not valid; [Default]
// and [Load] make one. It is plain data.
type Config struct {
	// Listen are the web addresses: "host:port", or the path of a unix socket.
	Listen []string `yaml:"listen"`
	// Data is the folder of the embedded store, relative to where the server
	// is started.
	Data string `yaml:"data"`
	// TLS serves HTTPS without a proxy.
	TLS TLS `yaml:"tls"`
	// PublicURL is what browsers see when a proxy is in front, without a slash
	// at the end; "" for none.
	PublicURL string `yaml:"public_url"`
	// TrustedProxies are the networks whose X-Forwarded-* headers count.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// EmbedParents are the addresses of those whose pages may show pages of
	// Belvedere: "https://intranet.example.org", "https://*.example.org"; none:
	// nobody.
	EmbedParents []string `yaml:"embed_parents"`
	// LinkSchemes are schemes of links in notes, actions and runbooks that are
	// offered besides http, https and mailto, in lower case: "ssh", "rdp".
	LinkSchemes []string `yaml:"link_schemes"`
	// Database is "": SQLite in Data. There is nothing else yet.
	Database string `yaml:"database"`
	// MemoryLimit is a soft limit in bytes, 0 for none.
	MemoryLimit int64 `yaml:"memory_limit"`
	// MetricsToken lets whoever sends it read /metrics from elsewhere than
	// loopback, and from anywhere with PublicURL or TrustedProxies; "" lets
	// nobody.
	MetricsToken string `yaml:"metrics_token"`
	// Tokens let other programs read the problems as JSON.
	Tokens []Token `yaml:"tokens"`
	// Log says what is logged and how.
	Log Log `yaml:"log"`
	// Sessions says how long people stay signed in.
	Sessions Sessions `yaml:"sessions"`
	// Commands says who may act and how orders are carried out.
	Commands Commands `yaml:"commands"`
	// Agents says where agents beside cores come to.
	Agents Agents `yaml:"agents"`
	// AuditKeep is how long orders and changes stay in the audit.
	AuditKeep time.Duration `yaml:"audit_keep"`
	// Sites, Users and Livestatus are collected over all files.
	Sites      []Site       `yaml:"sites"`
	Users      []User       `yaml:"users"`
	Livestatus []Livestatus `yaml:"livestatus"`

	// Files are those that were read, the main one first.
	Files []string `yaml:"-"`

	notes  []string // for Warnings, found while loading
	places places   // of the files
}

// At is an error about the value at path, such as "livestatus.0.as", for what
// cannot be seen in the files alone.
func (c Config) At(path, msg, hint string) *Error { return c.places.at(path, msg, hint) }

// TLS names the certificate of the web address and its key, PEM files; both or
// none.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// A Token lets a program that sends it read problems as JSON, and nothing else.
type Token struct {
	Token string `yaml:"token"` // a secret of at least 32 characters
	As    string `yaml:"as"`    // user name of the person whose rights count
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Sessions says how long people stay signed in.
type Sessions struct {
	Idle time.Duration `yaml:"idle"` // without use
	Max  time.Duration `yaml:"max"`  // in any case
}

// Commands says who may act and how orders are carried out.
type Commands struct {
	// Ordinary, Configuring and Dangerous are the roles that may give commands
	// of that class; dangerous ones (they run programs, touch files or stop the
	// core) are off while nobody is named.
	Ordinary    []string `yaml:"ordinary"`
	Configuring []string `yaml:"configuring"`
	Dangerous   []string `yaml:"dangerous"`
	// Rate is how many commands a second go to one site at most.
	Rate int `yaml:"rate"`
	// Hold is how long an order waits for a site that is down.
	Hold time.Duration `yaml:"hold"`
	// SeenWithin is how long the effect of a command may take to show.
	SeenWithin time.Duration `yaml:"seen_within"`
	// Ticket is a regular expression that the comments of acknowledgements and
	// downtimes must contain; "": none.
	Ticket string `yaml:"ticket"`
	// Reasons: whoever switches something on or off must say why.
	Reasons bool `yaml:"reasons"`
	// WarnAbove is the number of objects above which pages ask twice.
	WarnAbove int `yaml:"warn_above"`
}

// Agents says where agents beside cores come to.
type Agents struct {
	// Listen is host:port, or :port for all addresses of this machine; "":
	// agents cannot come here, but be reached from here.
	Listen string `yaml:"listen"`
	// Address is where agents reach that, host:port; "": the host of PublicURL,
	// or the one under which a browser reaches this server, with the port of
	// Listen.
	Address string `yaml:"address"`
}

// A Site is one core.
type Site struct {
	Name      string   `yaml:"name"`                    // unique over all files, whatever its case
	Section   string   `yaml:"section"`                 // "" or "Europe/Germany"
	Addresses []string `yaml:"addresses" one:"address"` // at least one; the later ones are for failover
	// User signs in where an address asks for one, icinga2://, with Password or
	// what PasswordFile holds; User may also stand in the address. Of a Thruk
	// these hold the API key.
	User         string        `yaml:"user"`
	Password     string        `yaml:"password"`
	PasswordFile string        `yaml:"password_file"`
	TLS          SiteTLS       `yaml:"tls"`
	Interval     time.Duration `yaml:"interval"` // 0: what suits the core
	Paused       bool          `yaml:"paused"`
}

// SiteTLS is how a site's certificate is checked and what we show it. All
// fields may be empty.
type SiteTLS struct {
	CA          string `yaml:"ca"`          // PEM file
	Cert        string `yaml:"cert"`        // PEM file
	Key         string `yaml:"key"`         // PEM file
	ServerName  string `yaml:"server_name"` // instead of the address' host
	Fingerprint string `yaml:"fingerprint"` // SHA-256 of the certificate, 64 hexadecimal digits
	TokenFile   string `yaml:"token_file"`  // holds what another Belvedere asks for
}

// A User is somebody who may sign in.
type User struct {
	Name         string            `yaml:"name"` // unique over all files, whatever its case
	DisplayName  string            `yaml:"display_name"`
	Role         string            `yaml:"role"`          // admin, operator, viewer
	PasswordHash string            `yaml:"password_hash"` // argon2id, PHC form
	SeeAll       bool              `yaml:"see_all"`
	Contact      string            `yaml:"contact"`
	Contacts     map[string]string `yaml:"contacts"` // site name to contact name
	CommandLines bool              `yaml:"command_lines"`
}

// A Livestatus is an address that answers Livestatus requests.
type Livestatus struct {
	Listen string `yaml:"listen"` // as written
	// As is the user name of the person whose rights count there, for queries
	// and commands; "": everything is seen, and commands are refused.
	As string `yaml:"as"`
	// Commands takes external commands, given by As.
	Commands bool `yaml:"commands"`
	// CommandErrors answers commands that are refused with a line, as Naemon
	// does, also where the client asked for no answer.
	CommandErrors bool `yaml:"command_errors"`
	// TLS is the certificate of a tls:// address; empty: that of the web.
	TLS TLS `yaml:"tls"`
	// ClientCA is a PEM file. Clients of a tls:// address then need a
	// certificate signed by one of its authorities; without As they are the
	// person whose user name is the common name of its subject.
	ClientCA string `yaml:"client_ca"`
	// Tokens let in whoever sends one of them, on a tls:// address without
	// ClientCA; clients without are told so.
	Tokens []LivestatusToken `yaml:"tokens"`
	// Allow are the networks clients may come from, besides loopback; a unix
	// socket has none.
	Allow []netip.Prefix `yaml:"allow"`
	// CommandsWithoutCertificate takes commands beyond loopback from whoever
	// comes from Allow.
	CommandsWithoutCertificate bool `yaml:"commands_without_certificate"`
	// Sites are the names of the sites that are answered for; none: all.
	Sites []string `yaml:"sites"`
	// Group owns the socket file; "": the group of the server.
	Group string `yaml:"group"`
	// RequireAuthUser refuses queries without the header AuthUser.
	RequireAuthUser bool `yaml:"require_authuser"`
	// UnknownColumns says how columns are answered that a table does not have:
	// "" or "error", "empty", "null".
	UnknownColumns string `yaml:"unknown_columns"`
	// Connections at once; 0: 100.
	Connections int `yaml:"connections"`
	// Network and Address are Listen for [net.Listen], Secure whether it begins
	// with tls://.
	Network string `yaml:"-"`
	Address string `yaml:"-"`
	Secure  bool   `yaml:"-"`
}

// A LivestatusToken lets another Belvedere in that sends it.
type LivestatusToken struct {
	Name string `yaml:"name"` // for people, who has it
	Hash string `yaml:"hash"` // SHA-256 of the token, 64 hexadecimal digits
	// As is the user name of the person whose rights count; "": the listener's.
	As string `yaml:"as"`
}

// Default returns the configuration without any file.
func Default() Config {
	return Config{
		Listen:    []string{"127.0.0.1:8080"},
		Data:      "./belvedere-data",
		Log:       Log{Level: "info", Format: "text"},
		Sessions:  Sessions{Idle: 30 * 24 * time.Hour, Max: 90 * 24 * time.Hour},
		AuditKeep: 365 * 24 * time.Hour,
		Commands: Commands{
			Ordinary: []string{"operator", "admin"}, Configuring: []string{"admin"},
			Rate: 50, Hold: 10 * time.Minute, SeenWithin: 15 * time.Second,
			WarnAbove: 50,
		},
	}
}

// An Error is one thing wrong in a configuration.
type Error struct {
	File         string // or the name of the environment variable
	Line, Column int    // counted from 1; 0: the whole
	Msg          string // what is wrong: no full stop
	Hint         string // what would be right; may be empty
}

// Error returns one line: "file:line:col: what: hint".
func (e *Error) Error() string {
	s := e.File + ": "
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
	}
	s += e.Msg
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Errors are all things wrong in a configuration, at least one, in the order
// of files and lines.
type Errors []*Error

// Error returns one line for each.
func (e Errors) Error() string {
	s := ""
	for i, one := range e {
		if i > 0 {
			s += "\n"
		}
		s += one.Error()
	}
	return s
}
