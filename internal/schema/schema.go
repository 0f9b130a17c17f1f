// Package schema declares every table, column and external command this
// program knows, once, as data. Storage, synchronisation, filters, the columns
// table, documentation and demo data all derive from it.
//
// A column's values are kept and compared in one normal form (Naemon's way of
// writing them); every source converts into it, and nothing above a source
// knows another. See docs/ref/normal-form.md, which is generated from here.
//
// All values of this package are read-only and safe for any number of
// goroutines.
package schema

// Kind is the type of a column's values in normal form.
type Kind uint8

// The kinds, with the Go type of a value as packages store, query and lql
// carry it.
const (
	Bool     Kind = iota // 0 or 1, int64
	Int                  // int64
	Float                // float64; never NaN or infinite
	Time                 // int64, seconds since 1970 UTC; 0: never
	Text                 // string, valid UTF-8
	TextList             // []string, order as the core gives it
	IntList              // []int64: numbers of comments and downtimes
	Members              // []Member: host, or host and service
	Dict                 // []Pair sorted by name: custom variables
	Tuples               // [][]any of int64, float64 and string: ..._with_info
)

// A Member names a host, or a service of a host when Service is not empty.
type Member struct{ Host, Service string }

// A Pair is one entry of a Dict.
type Pair struct{ Name, Value string }

// Class says when a column's value can change.
type Class uint8

// The classes.
const (
	Key      Class = iota // identifies the row; static
	Static                // only with a configuration reload; in comments, downtimes and log never
	Settable              // configuration that external commands can change
	Live                  // at any time
	Derived               // computed by the engine from other columns (counts, joined lists, peer_*, *_lc)
)

// Cores is a set of implementations.
type Cores uint16

// The implementations, and two sets of them.
const (
	MK11     Cores = 1 << iota // mk-livestatus 1.1.x (Nagios 3, Icinga 1)
	MK12                       // mk-livestatus 1.2.x
	MK15                       // mk-livestatus 1.5 (Nagios 4)
	Naemon                     // naemon-livestatus 1.5
	Icinga2                    // Icinga 2 livestatus feature
	Shinken                    // mod-livestatus 1.4
	LMD                        // LMD 2.8
	Checkmk                    // Checkmk 2.x
	AllCores Cores = 1<<iota - 1
	MK             = MK11 | MK12 | MK15
)

// A Column is one column of a table.
type Column struct {
	Name    string
	Kind    Kind
	Class   Class
	Unit    string // "s", "%", "min" (interval_length units), "1/s", "byte", "bit" (a bit sum), or ""
	Cores   Cores  // which implementations have it, 0: ours alone; the real column list of a core decides, this is for documentation, demo data and cores that cannot be asked
	Default string // what to answer where a core lacks it, as text in normal form; "" is 0, "" or the empty list by kind
	Refers  string // table whose rows the value names, "" none; of a command only the part before the first "!" is a name
	Normal  string // normal form where the kind does not say it all: meaning of numbers, items of a tuple
	Doc     string // one line, no full stop
}

// A Join makes the columns of another table visible with a prefix: host_name
// and so on in table services.
type Join struct {
	Prefix string // "host_"
	Table  string // "hosts"
}

// A Table is one Livestatus table.
type Table struct {
	Name    string
	Own     string   // own prefix that may be given or omitted: "host_" in hosts
	Keys    []string // columns that identify a row within a site
	Columns []Column // own columns, sorted by name
	Joins   []Join   // in the order they are tried
	Source  Source
	Base    string // Expanded: table whose rows are repeated, once per group
	Group   string // Expanded: table of the groups
	Doc     string
}

// Source says where a table's rows come from.
type Source uint8

// The sources.
const (
	FromCore Source = iota // fetched from every core and kept in the store
	Expanded               // hostsbygroup and its sisters: computed from other tables
	Virtual                // sites, backends, columns, tables: known here
	Passed                 // log, statehist: too large to keep, asked for when needed
)

// Column returns the column with exactly that name, own columns only.
func (t *Table) Column(name string) (*Column, bool) {
	lo, hi := 0, len(t.Columns)
	for lo < hi {
		m := (lo + hi) / 2
		if t.Columns[m].Name < name {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(t.Columns) && t.Columns[lo].Name == name {
		return &t.Columns[lo], true
	}
	return nil, false
}

// Lookup returns the table with that name.
func Lookup(name string) (*Table, bool) {
	for _, t := range tables {
		if t.Name == name {
			return t, true
		}
	}
	return nil, false
}

// Tables returns all tables in the order they are documented. The slice must
// not be changed.
func Tables() []*Table { return tables }

// CommandClass sorts external commands by what they can do.
type CommandClass uint8

// The classes of commands.
const (
	Ordinary    CommandClass = iota // acts on what is monitored
	Configuring                     // changes how the core is configured at run time
	Dangerous                       // runs programs, touches files, changes what is executed, stops the core
)

// A Param is one parameter of an external command.
type Param struct {
	Name     string
	Type     ParamType
	Optional bool
}

// ParamType is the type of a command's parameter.
type ParamType uint8

// The types of parameters.
const (
	PText ParamType = iota // rest of line if last
	PInt
	PULong
	PBool
	PTimestamp
	PHost
	PService
	PHostGroup
	PServiceGroup
	PContact
	PContactGroup
	PTimeperiod
	PAuthor
)

// A Command is one external command.
type Command struct {
	Name   string
	Class  CommandClass
	Params []Param
	Cores  Cores
	// Ignored are the implementations that take the command and do nothing: it
	// is switched off in their source.
	Ignored Cores
	Min     int // fewest parameters Icinga 2 accepts; 0: all that are not optional
	CGI     int // number in cmd.cgi, 0: none
	Doc     string
}

// Commands returns all external commands sorted by name.
func Commands() []Command { return commands }

// LookupCommand returns the command with that name, upper case.
func LookupCommand(name string) (*Command, bool) {
	lo, hi := 0, len(commands)
	for lo < hi {
		m := (lo + hi) / 2
		if commands[m].Name < name {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(commands) && commands[lo].Name == name {
		return &commands[lo], true
	}
	return nil, false
}
