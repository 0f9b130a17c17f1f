package lql

import "strings"

var opNames = [...]string{
	Equal: "=", NotEqual: "!=", Match: "~", NotMatch: "!~",
	EqualFold: "=~", NotEqualFold: "!=~", MatchFold: "~~", NotMatchFold: "!~~",
	Less: "<", Greater: ">", LessOrEqual: "<=", GreaterOrEqual: ">=",
	NotLess: "!<", NotGreater: "!>", NotLessOrEqual: "!<=", NotGreaterOrEqual: "!>=",
}

// String returns the operator as Livestatus spells it.
func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return "?"
}

// Negated reports whether op is written with an exclamation mark.
func (op Op) Negated() bool { return strings.HasPrefix(op.String(), "!") }

// Base returns op without its exclamation mark: NotLess becomes Less.
func (op Op) Base() Op {
	base, _ := ParseOp(strings.TrimPrefix(op.String(), "!"))
	return base
}

// ParseOp returns the operator of that spelling.
func ParseOp(s string) (Op, bool) {
	for i, name := range opNames {
		if name == s {
			return Op(i), true
		}
	}
	return 0, false
}

var aggNames = [...]string{
	Count: "count", Sum: "sum", Min: "min", Max: "max",
	Avg: "avg", Std: "std", SumInv: "suminv", AvgInv: "avginv",
}

// String returns the name of the aggregation as Livestatus spells it.
func (a Agg) String() string {
	if int(a) < len(aggNames) {
		return aggNames[a]
	}
	return "?"
}

// parseAgg returns the aggregation of that name; counting has none on the wire.
func parseAgg(s string) (Agg, bool) {
	for i, name := range aggNames {
		if name == s && Agg(i) != Count {
			return Agg(i), true
		}
	}
	return 0, false
}

var formatNames = [...]string{
	CSV: "csv", JSON: "json", WrappedJSON: "wrapped_json",
	Python: "python", Python3: "python3", QuotedCSV: "CSV",
}

// String returns the name of the format as OutputFormat spells it.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return "?"
}

// ParseFormat returns the format of that name. Case matters: csv and CSV
// differ.
func ParseFormat(s string) (Format, bool) {
	for i, name := range formatNames {
		if name == s {
			return Format(i), true
		}
	}
	return 0, false
}

// triggers are the words that WaitTrigger takes.
var triggers = []string{"all", "check", "state", "log", "downtime", "comment", "command", "program"}

// nearest returns the candidate that s is most likely a misspelling of, "" if
// none is near.
func nearest(s string, candidates []string) string {
	best, bestAt := "", 2+len(s)/4
	for _, c := range candidates {
		if strings.EqualFold(s, c) {
			return c
		}
		if d := distance(s, c); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or exchange to make b of a.
// Only the first 32 bytes count: no header is longer.
func distance(a, b string) int {
	a, b = a[:min(len(a), 32)], b[:min(len(b), 32)]
	var row [33]int
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above+1, row[j]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}
