package lql

import (
	"context"
	"time"
)

// Op is a filter operator. Negated forms are separate values so that a Filter
// prints as it was written.
type Op uint8

// The operators in their Livestatus spelling.
const (
	Equal             Op = iota // =
	NotEqual                    // !=
	Match                       // ~   regular expression
	NotMatch                    // !~
	EqualFold                   // =~  equal ignoring case
	NotEqualFold                // !=~
	MatchFold                   // ~~  regular expression ignoring case
	NotMatchFold                // !~~
	Less                        // <
	Greater                     // >
	LessOrEqual                 // <=
	GreaterOrEqual              // >=  on lists: contains
	NotLess                     // !<
	NotGreater                  // !>
	NotLessOrEqual              // !<=
	NotGreaterOrEqual           // !>=
)

// A Filter is one node of a filter tree: a leaf (Kind Leaf), a combination of
// Kids, or a negation of its only kid. The zero Filter is a leaf on column "".
type Filter struct {
	Kind   FilterKind
	Column string // Leaf
	Op     Op     // Leaf
	Value  string // Leaf
	Kids   []Filter
}

// FilterKind tells what a Filter node is.
type FilterKind uint8

const (
	Leaf FilterKind = iota
	And             // no kids: true
	Or              // no kids: false
	Not             // exactly one kid
)

// Agg is what a Stat computes.
type Agg uint8

const (
	Count Agg = iota // rows that match Filter
	Sum
	Min
	Max
	Avg
	Std
	SumInv
	AvgInv
)

// A Stat is one Stats column: a count over Filter, or an aggregation of Column.
type Stat struct {
	Agg    Agg
	Filter Filter // Count only
	Column string // all others
}

// A Sort is one sort key. Arg names the custom variable when Column is a
// dictionary (LMD's three word form). Prefix, when above 0, is by how many bytes
// at most texts and lists are compared: no header says it, it is for orders whose
// places must not be long.
type Sort struct {
	Column string
	Arg    string
	Desc   bool
	Prefix int
}

// Format is an output format.
type Format uint8

const (
	CSV         Format = iota // csv, the default
	JSON                      // json
	WrappedJSON               // wrapped_json
	Python                    // python
	Python3                   // python3
	QuotedCSV                 // CSV
)

// Separators are the four bytes used by CSV. The zero value stands for the
// default 10 59 44 124.
type Separators struct{ Row, Field, List, Pair byte }

// Toggle is a three state switch: absent, off, on.
type Toggle uint8

const (
	Unset Toggle = iota
	Off
	On
)

// A Wait asks the server to answer only when something happened.
type Wait struct {
	Trigger   string // all check state log downtime comment command program, "" none
	Object    string
	Condition Filter // And of all WaitCondition lines; And without kids: none
	Timeout   time.Duration
}

// Unknown says what becomes of columns that a table does not have.
type Unknown uint8

const (
	UnknownError Unknown = iota // the query is refused
	UnknownEmpty                // they hold an empty text
	UnknownNull                 // they hold an empty text for filters, and no value in the answer
)

// NoLimit is the Limit of a query that has none.
const NoLimit = -1

// A Query is one GET request. Make it with [Get], which sets Limit to NoLimit.
type Query struct {
	Table         string
	Columns       []string // empty: all
	Filter        Filter   // And of all Filter lines; And without kids: none
	Stats         []Stat
	GroupBy       []string // StatsGroupBy; same meaning as Columns with Stats
	Sort          []Sort
	Limit         int // rows; NoLimit
	Offset        int
	Backends      []string // peer keys; nil: all
	AuthUser      string
	Localtime     int64         // client's clock, unix seconds, that times are answered in; 0 absent
	Timelimit     time.Duration // whole seconds; 0 none
	Format        Format
	FormatSet     bool // OutputFormat was given
	ColumnHeaders Toggle
	Separators    Separators
	Fixed16       bool
	KeepAlive     bool
	Wait          *Wait // nil: none
	// Unknown is for old clients that ask for columns of other cores. It counts
	// for Columns and for filters on rows; no header says it.
	Unknown Unknown
	// Only, when not nil, are the keys of the rows to look at, by the key of their
	// site; parts of a key are joined by NUL. It is for tables that cores have. No
	// header says it: it is for pages that know which rows they show.
	Only map[string][]string
	// Tally has the rows counted that also match each of these filters, before
	// Offset and Limit: Result.Tally. It is for queries without Stats. No header
	// says it: it is for pages that show rows and the numbers of them, and saves
	// looking for the rows twice.
	Tally []Filter
	// After, First and Until, when not nil, are places in the order of Sort: only
	// rows behind After are left, those that do not stand before First, and those
	// that do not stand behind Until. They are for queries with Sort and without
	// Stats; Total counts what is left. No header says them: they are for pages
	// that go on where another one ended.
	After, First, Until Place
}

// A Command is one COMMAND request.
type Command struct {
	Time      int64    // entry time, unix seconds
	Name      string   // upper case
	Args      []string // as separated by semicolons; which of them may contain one is for schema to say
	Backends  []string
	Format    Format // of the answer, if there is one
	FormatSet bool
	Fixed16   bool
	KeepAlive bool
}

// Get returns a query for columns of a table, without filters or limit, in
// JSON.
func Get(table string, columns ...string) *Query {
	return &Query{Table: table, Columns: columns, Filter: Filter{Kind: And}, Limit: NoLimit, Format: JSON, FormatSet: true}
}

// ValueKind tells which field of a Vector holds the values.
type ValueKind uint8

const (
	Ints    ValueKind = iota // Vector.Ints
	Times                    // Vector.Ints, unix seconds
	Floats                   // Vector.Floats
	Texts                    // Vector.Texts
	Objects                  // Vector.Objects
)

// A Vector is one column of a Result: all values of one kind, one per row.
//
// Objects holds []string (names), []int64 (numbers), [][2]string (pairs: dict
// entries as name and value, members as host and service), [][]any (tuples of
// int64, float64, string), or nil (no value). Dict tells pairs of a dictionary
// from members of a group.
type Vector struct {
	Name    string
	Kind    ValueKind
	Dict    bool
	Ints    []int64
	Floats  []float64
	Texts   []string
	Objects []any
}

// A Part says what one site contributed to a Result.
type Part struct {
	Key, Name string
	Taken     time.Time // when the site last confirmed its data; zero: never
	Err       string    // why the site's data is missing or old, "" when it is fresh; safe to show
	Missing   bool      // nothing of this site is in the Result
}

// A Result is the answer to a Query. It is never changed after it was returned
// and may be shared by any number of readers.
type Result struct {
	Vectors []Vector
	Rows    int
	Total   int   // rows that matched before Offset and Limit
	Tally   []int // as many as Query.Tally; nil where the Querier does not count
	Scanned int
	Parts   []Part // one per site asked, in the fleet's order
}

// A Querier answers queries: the engine bound to a viewer, a remote core, or a
// fake. Errors are [*SyntaxError], [*QueryError], or of the transport.
type Querier interface {
	Query(ctx context.Context, q *Query) (*Result, error)
}

// A Sender takes external commands.
type Sender interface {
	Send(ctx context.Context, c Command) error
}

// A Waiter blocks until the wait of q is over: its condition holds, its
// trigger happened, its timeout passed, or ctx ended.
type Waiter interface {
	Wait(ctx context.Context, q *Query) error
}

// A QueryError is a request that is well written but cannot be answered. Code
// is the Livestatus status: 400, 404 (no such table), 413 (too large or too
// slow), 502 (no site).
type QueryError struct {
	Code int
	Msg  string // no capital, no full stop
	Hint string // what would be right; may be empty
}

func (e *QueryError) Error() string { return e.Msg }
