// Package config is the configuration file: one struct, one format, exact
// errors. It imports no other package of this program.
package config

import (
	"net/netip"
	"time"
)

// A Config is a checked configuration.
type Config struct {
	File           string         `yaml:"-"` // "" when there was none
	Listen         []string       `yaml:"listen"`
	Data           string         `yaml:"data"`
	TLS            TLS            `yaml:"tls"`
	PublicURL      string         `yaml:"public_url"`
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	Database       string         `yaml:"database"`
	MemoryLimit    int64          `yaml:"memory_limit"` // bytes, 0: none
	Log            Log            `yaml:"log"`
	Sessions       Sessions       `yaml:"sessions"`
	Sites          []Site         `yaml:"sites"`
	Users          []User         `yaml:"users"`
	Livestatus     []Livestatus   `yaml:"livestatus"`
}

// TLS is the certificate of the web address, both files or none.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Log is how and what is logged.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Sessions says how long people stay signed in.
type Sessions struct {
	Idle time.Duration `yaml:"idle"`
	Max  time.Duration `yaml:"max"`
}

// A Site is one core.
type Site struct {
	Name      string        `yaml:"name"`
	Section   string        `yaml:"section"`
	Addresses []string      `yaml:"addresses"` // "address" too; at least one
	TLS       SiteTLS       `yaml:"tls"`
	Interval  time.Duration `yaml:"interval"` // 0: the default
	Paused    bool          `yaml:"paused"`
}

// SiteTLS is how a site's certificate is checked and what we show it.
type SiteTLS struct {
	CA          string `yaml:"ca"`
	Cert        string `yaml:"cert"`
	Key         string `yaml:"key"`
	ServerName  string `yaml:"server_name"`
	Fingerprint string `yaml:"fingerprint"`
}

// A User is somebody who may sign in.
type User struct {
	Name         string            `yaml:"name"`
	DisplayName  string            `yaml:"display_name"`
	Role         string            `yaml:"role"` // admin, operator, viewer
	PasswordHash string            `yaml:"password_hash"`
	SeeAll       bool              `yaml:"see_all"`
	Contact      string            `yaml:"contact"`
	Contacts     map[string]string `yaml:"contacts"` // site name to contact name
	CommandLines bool              `yaml:"command_lines"`
}

// A Livestatus is a listener that answers Livestatus queries.
type Livestatus struct {
	Listen string `yaml:"listen"` // as written
	// Network and Address are Listen for net.Listen.
	Network string `yaml:"-"`
	Address string `yaml:"-"`
}

// An Error is one thing wrong in a configuration file.
type Error struct {
	File         string
	Line, Column int // from 1; 0: unknown
	Msg          string
	Hint         string
}

// Error returns "file:line:col: what: hint".
func (e *Error) Error() string { return e.Msg }

// Default returns the configuration without any file.
func Default() Config { return Config{} }

// Load reads the file at path, conf.d beside it, and the BELVEDERE_ variables
// of env ("KEY=value", as os.Environ gives). With path "" there is no file.
// The error joins all [Error]s found.
func Load(path string, env []string) (Config, error) { return Config{}, nil }

// ListenLivestatus parses one address of a Livestatus listener.
func ListenLivestatus(listen string) (Livestatus, error) { return Livestatus{}, nil }

// Warnings returns what is allowed but unwise, one sentence each.
func (c Config) Warnings() []string { return nil }
